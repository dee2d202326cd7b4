"""JSON Schemas that answers and arguments are held to: what the grammar enforces, what is checked after, what can't be.

The grammar engine (llguidance) refuses schemas that nothing can satisfy and tells which keywords it does not know.
Those are left out of the grammar, named once to the person, and checked when the value is whole.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import jsonschema
import jsonschema.validators
import regex
from jsonschema.validators import validator_for
from llguidance import LLMatcher

from agentkit.choice import SelfChecked
from agentkit.dialect import bounds
from agentkit.dialect.events import Check
from agentkit.dialect.options import options
from agentkit.dialect.rules import closed
from agentkit.endless import endless
from agentkit.errors import SchemaError
from agentkit.relaxed import tell

_NESTED_IN_DICT = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_NESTED_IN_LIST = ("anyOf", "oneOf", "allOf", "prefixItems")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_TOO_LARGE = "Failed to generate regex"
"""What the grammar engine says of bounds beyond 64 bits."""
_NESTED = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LONGEST = 600
"""Characters of a complaint: it may quote the whole value."""
UNCHECKED = "(which nothing here knows, so that it is not checked either)"
"""What is added to the place of a keyword that is left out and not checked afterwards."""


def grammar_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the schema that a grammar can enforce; the person is warned once of what is left to be checked after.

    Raises:
        SchemaError: where the schema is malformed, or no value satisfies it; the message names the place.
    """
    text, relaxed = _prepared(json.dumps(schema))
    if relaxed:
        tell(text, relaxed)
    return dict(json.loads(text))


def enforceable(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """OpenAI function specifications with schemas that a grammar can enforce; see `grammar_schema`."""
    made = []
    for tool in tools:
        function = dict(tool["function"])
        if parameters := function.get("parameters"):
            if not isinstance(parameters, Mapping):
                raise SchemaError(f"The parameters of {function['name']!r} are no JSON Schema: {parameters!r}")
            kinds = parameters.get("type")
            if isinstance(kinds, list) and "object" in kinds:
                parameters = {**parameters, "type": "object"}
            function["parameters"] = grammar_schema(parameters)
            if not all(map(_can_be_object, options(parameters, parameters))):
                raise SchemaError(f"The arguments of {function['name']!r} would be no object: {parameters}")
        made.append({**tool, "function": function})
    return made


def _can_be_object(option: Mapping[str, Any]) -> bool:
    if "enum" in option:
        return all(isinstance(value, Mapping) for value in option["enum"])
    return bool(option.get("type", "object") == "object")


def validate(value: Any, schema: Mapping[str, Any]) -> None:
    """Check a value against the whole schema.

    Raises:
        jsonschema.ValidationError: with what is wrong, and where.
    """
    validator = _exact(validator_for(schema, default=jsonschema.Draft202012Validator))
    validator(schema, format_checker=validator.FORMAT_CHECKER).validate(value)


def unfitting(value: Any, schema: Mapping[str, Any]) -> str:
    """What is wrong with a value, and where; "" where nothing is, or the schema can't be applied to it."""
    try:
        validate(value, schema)
    except jsonschema.ValidationError as error:
        return told(error)
    except RecursionError:
        return "It is nested too deeply."
    except Exception:  # such as a reference to nowhere
        return ""
    return ""


def told(error: jsonschema.ValidationError) -> str:
    """What is wrong and where, of alternatives the one that comes nearest; in some hundred characters at most."""
    nearest = jsonschema.exceptions.best_match([error]) or error
    text = f"{nearest.json_path.removeprefix('$.')}: {nearest.message}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def checks(tools: Sequence[Mapping[str, Any]]) -> Check:
    """What says whether a call's arguments fit the whole schema of its tool, whatever the grammar left out of it; of
    tools that do not look at them themselves."""
    named = {tool["function"]["name"]: tool for tool in tools if not isinstance(tool, SelfChecked)}
    parameters = {name: tool["function"].get("parameters") or {} for name, tool in named.items()}

    def check(name: str, arguments: Mapping[str, Any]) -> str:
        wrong = unfitting(dict(arguments), parameters.get(name, {}))
        return f"The arguments do not fit the tool: {wrong}" if wrong else ""

    return check


@functools.cache
def _exact(validator: Any) -> Any:
    """The validator with `multipleOf` counted in decimals: as floats, 0.07 is no multiple of 0.01. Patterns are read
    also where Python's own `re` can't, and `dependencies` are known to every draft."""
    extend: Any = jsonschema.validators.extend
    dependencies = jsonschema.Draft7Validator.VALIDATORS["dependencies"]
    return extend(validator, {"multipleOf": _multiple_of, "pattern": _pattern, "dependencies": dependencies})


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    compiled = _readable_pattern(pattern)
    if compiled is not None and validator.is_type(value, "string") and not compiled.search(value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


@functools.lru_cache(maxsize=256)
def _readable_pattern(pattern: str) -> Any:
    """The pattern as Python or the module `regex` reads it; None where neither does, which leaves it to the grammar."""
    for module in (re, regex):
        with contextlib.suppress(re.error, regex.error):
            return module.compile(pattern)
    return None


def _multiple_of(validator: Any, factor: Any, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if not validator.is_type(value, "number") or not math.isfinite(value):
        return
    whole = isinstance(value, int) and isinstance(factor, int)
    if value % factor if whole else Fraction(str(value)) % Fraction(str(factor)):
        yield jsonschema.ValidationError(f"{value!r} is not a multiple of {factor}")


@functools.lru_cache(maxsize=256)
def _prepared(text: str) -> tuple[str, tuple[str, ...]]:
    """The schema for the grammar, as JSON text, and the places of the keywords that it leaves out."""
    schema = json.loads(text)
    try:
        # Not the patterns' form, which is JavaScript's and not Python's.
        checker = jsonschema.FormatChecker(formats=())
        draft: Any = validator_for(schema, default=jsonschema.Draft202012Validator)
        draft.check_schema(schema, format_checker=checker)
    except jsonschema.SchemaError as error:
        raise SchemaError(f"The JSON Schema is malformed at {error.json_path}: {error.message}") from error
    except (AttributeError, TypeError) as error:  # a `$schema` that is no text
        raise SchemaError(f"The JSON Schema is malformed: {error}") from error
    if place := endless(schema):
        raise SchemaError(f"Nothing can satisfy the JSON Schema at {place}: it requires itself, without end.")
    relaxed: list[str] = []
    kept = copy.deepcopy(schema)
    if isinstance(kept, dict) and str(kept.get("$schema")).rstrip("#") != draft.ID_OF(draft.META_SCHEMA).rstrip("#"):
        kept.pop("$schema", None)  # of a dialect that is not known
    for path, part in _parts(kept):
        relaxed += [f"{path}.{word}" for word in _relaxed(part, path, kept)]
    if _complaint(closed(kept)):
        inner_first = reversed([(path, _complaint(closed(_alone(part, kept)))) for path, part in _parts(kept)])
        place, problem = next((place, problem) for place, problem in inner_first if problem)
        raise SchemaError(f"Nothing can satisfy the JSON Schema at {place}: {problem}")
    return json.dumps(kept), (*relaxed, *_unknown(kept))


def _relaxed(part: dict[str, Any], path: str, root: dict[str, Any]) -> Iterator[str]:
    """Takes out of a schema what the grammar can't be held to; names it, and what is held in part."""
    for word in ("pattern", "patternProperties"):
        alone = {"type": "object" if word[-1] == "s" else "string", word: part.get(word)}
        if word in part and (_complaint(alone) or _complaint(closed(alone))):
            for pattern in part[word] if word[-1] == "s" else [part[word]]:
                if _readable_pattern(pattern) is None:
                    raise SchemaError(f"The JSON Schema is malformed at {path}.{word}: {pattern!r} can't be read.")
            del part[word]
            yield word
    if isinstance(part.get("pattern"), str) and bounds.is_loose(part["pattern"]):
        yield "pattern"
    for word in ("enum", "const"):
        if word in part and _is_rounded(part[word]):
            del part[word]
            yield word
    bound = {word: part[word] for word in _BOUNDS if word in part}
    kind = {"type": part["type"]} if "type" in part else {}
    if _is_rounded(bound) or _TOO_LARGE in _complaint({**kind, **bound}):
        for word in bound:
            del part[word]
            yield word
    for word in ("minProperties", "maxProperties"):
        if word in part and _complaint(closed(_alone(part, root))) and not _complaint(_alone(part, root)):
            del part[word]
            yield word


def _is_rounded(value: Any) -> bool:
    """Whether the grammar engine, which counts in floats, would take one of these numbers for another."""
    if isinstance(value, (list, tuple)):
        return any(map(_is_rounded, value))
    if isinstance(value, Mapping):
        return any(map(_is_rounded, value.values()))
    try:
        return isinstance(value, int) and float(value) != value
    except OverflowError:
        return True


def _parts(schema: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, itself first, with its JSON path."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for word in _NESTED:
        yield from _parts(schema.get(word), f"{path}.{word}")
    for word in _NESTED_IN_DICT:
        for key, inner in (schema.get(word) or {}).items():
            yield from _parts(inner, f"{path}.{word}.{key}")
    for word in _NESTED_IN_LIST:
        for index, inner in enumerate(schema.get(word) or ()):
            yield from _parts(inner, f"{path}.{word}[{index}]")


def _alone(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    return {**{word: root[word] for word in ("$defs", "definitions") if word in root}, **part}


def _complaint(schema: Mapping[str, Any]) -> str:
    """What the grammar engine has against the schema even when it may leave keywords out; "" where nothing."""
    failed, messages = _compiled(schema)
    return messages[0].partition("schema: ")[2].partition("\n   1 |")[0].strip() if failed else ""


def _unknown(schema: dict[str, Any]) -> list[str]:
    """The places of the keywords that the grammar engine leaves out."""
    _, messages = _compiled(schema)
    said = " ".join(messages)
    found = []
    for path, part in _parts(schema):
        if "format" in part and f"Unknown format: {part['format']}" in said:
            known = part["format"] in jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers
            found.append(f"{path}.format" if known else f"{path}.format {UNCHECKED}")
        found += [f"{path}.{word}" for word in part if f'"{word}"' in said or (word == "oneOf" and "oneOf not" in said)]
    return found or (["some keyword"] if messages else [])


def _compiled(schema: Mapping[str, Any]) -> tuple[bool, list[str]]:
    grammar = "start: %json " + json.dumps({**schema, "x-guidance": {"lenient": True}})
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar, None)
    return failed, list(messages)
