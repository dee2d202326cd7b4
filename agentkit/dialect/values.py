"""Values that a syntax writes without saying their type: read by the tool's schema, else by how they look."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

from jsonschema import Draft202012Validator

from agentkit.dialect.events import number
from agentkit.dialect.options import options

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
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


class Types(frozenset[str]):
    """The JSON types that a value may have, and which values of them.

    Attributes:
        options: the schemas of which a value has to fit one; see `agentkit.dialect.options`.
    """

    options: Sequence[Schema] = ()

    def fits(self, value: Any) -> bool:
        """Whether a value fits one of the schemas, as far as they can be applied to it alone."""
        return any(_fits(value, option) for option in self.options)


def types(schema: Schema | None, key: str) -> Types | None:
    """The JSON types that a property may have; None where the schema doesn't say."""
    if schema is None:
        return None
    try:
        ways = list(options(schema, schema))
        declared = [inner for whole in ways for inner in _declared(key, whole)]
        others = [whole.get("additionalProperties", True) for whole in ways]
        found = [one for inner in declared or others for one in options(inner, schema)]
        kinds = [_kinds(one) for one in found]
    except Exception:  # a schema that is none says nothing
        return None
    if not kinds or not all(kinds):
        return None
    made = Types(kind for each in kinds for kind in each)
    made.options = found
    return made


def _declared(key: str, schema: Schema) -> list[Any]:
    """The schemas that an object's schema gives a property by its name."""
    properties, patterns = schema.get("properties") or {}, schema.get("patternProperties") or {}
    found = [properties[key]] if key in properties else []
    return found + [inner for pattern, inner in patterns.items() if re.search(pattern, key)]


def _kinds(option: Schema) -> list[str]:
    if "enum" in option:
        return [type_of(value) for value in option["enum"]]
    declared = option.get("type", [])
    return [declared] if isinstance(declared, str) else list(declared)


def _fits(value: Any, option: Schema) -> bool:
    kind = type_of(value)
    if "enum" in option:
        return any(type_of(each) == kind and each == value for each in option["enum"])
    if kind not in _kinds(option) and not (kind == "integer" and "number" in _kinds(option)):
        return False
    return "$ref" in str(option) or Draft202012Validator(option).is_valid(value)


def type_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", dict: "object", list: "array"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "string")


def typed(text: str, allowed: Set[str] | None, textual: bool | None = None) -> Any:
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
        if isinstance(allowed, Types) and "string" in allowed and not allowed.fits(value) and allowed.fits(text):
            return text
        return value
    if "string" in allowed:
        return text
    return value


def look(text: str) -> Any:
    """The value that the text looks like: JSON, a word such as `None`, a Python literal, else the text itself."""
    stripped = text.strip()
    try:
        return json.loads(stripped, strict=False, parse_constant=number)
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
