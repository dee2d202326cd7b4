"""Values that a syntax writes without saying their type: read by the tool's schema, else by how they look."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_DEPTH = 100
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_ANY_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NO_LITERAL = re.compile(
    r"""\d(?![eE][+-]?\d)[A-Za-z_]|\b(?!True\b|False\b|None\b)[A-Za-z_]|[\w'"\])}]\s*[(\[{]""",
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_ESCAPE = re.compile(r"""\\(?:([nrtbf\\"'/])|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))""")

Schema = Mapping[str, Any]


def parameters(tools: Sequence[Mapping[str, Any]] | None) -> dict[str, Schema]:
    """For each tool by name, the JSON Schema of its arguments."""
    functions = [tool.get("function", tool) for tool in tools or ()]
    return {function["name"]: function.get("parameters") or {} for function in functions if "name" in function}


def types(schema: Schema | None, key: str) -> set[str] | None:
    """The JSON types that a property may have; None where the schema doesn't say."""
    if schema is None:
        return None
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or key not in properties:
        return None
    return set(_types(properties[key], schema, 0)) or None


def _types(schema: Any, root: Schema, depth: int) -> Iterator[str]:
    if not isinstance(schema, Mapping) or depth > _DEPTH:
        return
    declared = schema.get("type")
    if isinstance(declared, str):
        yield declared
    elif isinstance(declared, Sequence):
        yield from (name for name in declared if isinstance(name, str))
    else:
        for value in [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]:
            yield type_of(value)
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            target: Any = root
            for step in reference[2:].split("/"):
                target = target.get(step) if isinstance(target, Mapping) else None
            yield from _types(target, root, depth + 1)
        for word in ("anyOf", "oneOf", "allOf"):
            for option in schema.get(word, ()):
                yield from _types(option, root, depth + 1)


def type_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", dict: "object", list: "array"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "string")


def typed(text: str, allowed: set[str] | None, textual: bool | None = None) -> Any:
    """The value that the text means.

    Args:
        text: the value as it stands between its marks.
        allowed: the JSON types that the tool's schema allows; None where it doesn't say. The schema has the last word.
        textual: whether the syntax itself says that this is a string; None where it doesn't.
    """
    if allowed == {"string"} or (allowed is None and textual):
        return text
    value = look(text)
    if allowed is None:
        return value
    if isinstance(value, float) and value.is_integer() and allowed & {"integer", "number"}:
        return int(value)
    if type_of(value) in allowed or (type_of(value) == "integer" and "number" in allowed):
        return value
    if "string" in allowed:
        return text
    return value


def look(text: str) -> Any:
    """The value that the text looks like: JSON, a word such as `None`, a Python literal, else the text itself."""
    stripped = text.strip()
    try:
        return json.loads(stripped, strict=False, parse_constant=_refuse)
    except (ValueError, RecursionError):
        pass
    if stripped.lower() in _WORDS:
        return _WORDS[stripped.lower()]
    if stripped[:1] in {"{", "[", "(", "'", '"'} and len(stripped) < 100_000:
        try:
            return json.loads(json.dumps(_python(stripped), allow_nan=False))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            pass
    return text


def _known_escape(escape: re.Match[str]) -> str:
    return escape[0] if escape[1] in "\\'\"abfnrtvxuUN01234567\n" else "\\\\" + escape[1]


def _python(text: str) -> Any:
    """A Python literal. What the compiler would warn of is mended or refused first: its warnings go to everybody."""
    text = _STRING.sub(lambda string: _ANY_ESCAPE.sub(_known_escape, string[0]), text)
    if _NO_LITERAL.search(_STRING.sub("''", text)):
        raise ValueError("a word, a call or an index")
    return ast.literal_eval(text)


def unescaped(text: str, quote: str) -> str:
    """What a Python string literal means; text that can't stand between these quotes is taken as it is.

    Some templates write strings between quotes without escaping them.
    """
    if len(quote) == 1 and ("\n" in text or re.search(f"(?<!(?<!\\\\)\\\\){quote}", text)):
        return text
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1]) or chr(int(found[2] or found[3], 16)), text)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
