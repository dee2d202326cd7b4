"""JSON Schemas that answers and arguments are held to: what the grammar enforces, what is checked after, what can't be.

The grammar engine (llguidance) refuses schemas that nothing can satisfy and tells which keywords it does not know.
Those are left out of the grammar, named once to the person, and checked when the value is whole.
"""

from __future__ import annotations

import copy
import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import jsonschema
import jsonschema.validators
from jsonschema.validators import validator_for
from llguidance import LLMatcher

from agentkit.dialect import bounds
from agentkit.dialect.events import Check
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
            function["parameters"] = grammar_schema(parameters)
        made.append({**tool, "function": function})
    return made


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
        return f"{error.json_path.removeprefix('$.')}: {error.message}"
    except Exception:  # such as a reference to nowhere
        return ""
    return ""


def checks(tools: Sequence[Mapping[str, Any]]) -> Check:
    """What says whether a call's arguments fit the whole schema of its tool, whatever the grammar left out of it."""
    parameters = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}

    def check(name: str, arguments: Mapping[str, Any]) -> str:
        wrong = unfitting(dict(arguments), parameters.get(name, {}))
        return f"The arguments do not fit the tool: {wrong}" if wrong else ""

    return check


@functools.cache
def _exact(validator: Any) -> Any:
    """The validator with `multipleOf` counted in decimals: as floats, 0.07 is no multiple of 0.01."""
    extend: Any = jsonschema.validators.extend
    return extend(validator, {"multipleOf": _multiple_of})


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
        validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise SchemaError(f"The JSON Schema is malformed at {error.json_path}: {error.message}") from error
    if place := endless(schema):
        raise SchemaError(f"Nothing can satisfy the JSON Schema at {place}: it requires itself, without end.")
    relaxed: list[str] = []
    kept = copy.deepcopy(schema)
    for path, part in _parts(kept):
        for word in ("pattern", "patternProperties"):
            if word in part and _complaint({"type": "object", word: part[word]} if word[-1] == "s" else part):
                del part[word]
                relaxed.append(f"{path}.{word}")
        if isinstance(part.get("pattern"), str) and bounds.is_loose(part["pattern"]):
            relaxed.append(f"{path}.pattern")
        if _TOO_LARGE in _complaint({word: part[word] for word in ("type", *_BOUNDS) if word in part}):
            relaxed += [f"{path}.{word}" for word in _BOUNDS if part.pop(word, None) is not None]
        for word in ("minProperties", "maxProperties"):
            if word in part and _complaint(closed(_alone(part, kept))) and not _complaint(_alone(part, kept)):
                del part[word]
                relaxed.append(f"{path}.{word}")
    if _complaint(closed(kept)):
        inner_first = reversed([(path, _complaint(closed(_alone(part, kept)))) for path, part in _parts(kept)])
        place, problem = next((place, problem) for place, problem in inner_first if problem)
        raise SchemaError(f"Nothing can satisfy the JSON Schema at {place}: {problem}")
    return json.dumps(kept), (*relaxed, *_unknown(kept))


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
    told = " ".join(messages)
    found = []
    for path, part in _parts(schema):
        if "format" in part and f"Unknown format: {part['format']}" in told:
            found.append(f"{path}.format")
        found += [f"{path}.{word}" for word in part if f'"{word}"' in told or (word == "oneOf" and "oneOf not" in told)]
    return found or (["some keyword"] if messages else [])


def _compiled(schema: Mapping[str, Any]) -> tuple[bool, list[str]]:
    grammar = "start: %json " + json.dumps({**schema, "x-guidance": {"lenient": True}})
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar, None)
    return failed, list(messages)
