"""JSON Schemas keyword by keyword, with values that fit and values that don't, and the table of what is made of them.

`python -m tests.schema_cases` writes `docs/schemas.md`.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from llguidance import LLMatcher, LLTokenizer

from agentkit import SchemaError
from agentkit.dialect import Dialect
from agentkit.relaxed import RelaxedSchemaWarning, tell
from agentkit.schemas import UNCHECKED, grammar_schema, validate

PAGE = Path(__file__).parents[1] / "docs" / "schemas.md"
_BYTES = LLTokenizer("byte")
_DIALECT = Dialect.from_template("{% for m in messages %}{{ m.content }}{% endfor %}")


class Case(NamedTuple):
    """A schema, and values that do and don't fit it; where nothing can fit it, or it is malformed, there are none."""

    keyword: str
    schema: Any
    valid: tuple[Any, ...] = ()
    invalid: tuple[Any, ...] = ()


def _obj(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), **more}


_INT, _STR, _BOOL = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
_NODE = _obj({"value": _INT, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "value", "next")
_DEEP = {"value": 1, "next": {"value": 2, "next": None}}

CASES = [
    Case("type: string", _STR, ("", "é\n"), (1, None)),
    Case("type: integer", _INT, (0, -12), (1.5, "1", True)),
    Case("type: number", {"type": "number"}, (1, -2.5, 1e30), ("1", None)),
    Case("type: boolean", _BOOL, (True, False), (0, "true")),
    Case("type: null", {"type": "null"}, (None,), (0, "")),
    Case("type: array", {"type": "array"}, ([], [1, "a", [None]]), ({}, "[]")),
    Case("type: object", {"type": "object"}, ({}, {"a": 1}), ([], "{}")),
    Case("type, several", {"type": ["string", "null"]}, ("a", None), (1, [])),
    Case("type, several", {"type": ["integer", "boolean"]}, (3, True), ("a", 1.5)),
    Case("enum", {"enum": ["red", "green"]}, ("red",), ("blue", 1)),
    Case("enum", {"enum": [1, 2.5, None, True, "x"]}, (1, 2.5, None, True, "x"), (2, False)),
    Case("enum", {"enum": [[1, 2], {"a": 1}]}, ([1, 2], {"a": 1}), ([1], {})),
    Case("enum", {"enum": ['a"b', "c\\d", "日本", "line\nbreak"]}, ('a"b', "c\\d", "日本", "line\nbreak"), ("a", "日")),
    Case("enum", {"type": "string", "enum": ["a", "b"]}, ("a",), ("c",)),
    Case("const", {"const": "fixed"}, ("fixed",), ("other", None)),
    Case("const", {"const": 7}, (7,), (8, "7")),
    Case("const", {"const": {"a": [1, None]}}, ({"a": [1, None]},), ({"a": [1]},)),
    Case("minimum", {"type": "integer", "minimum": 3}, (3, 400), (2, -3)),
    Case("maximum", {"type": "integer", "maximum": 30}, (30, -5), (31,)),
    Case("minimum, maximum", {"type": "integer", "minimum": -5, "maximum": 17}, (-5, 0, 17), (-6, 18)),
    Case("minimum, maximum", {"type": "number", "minimum": 0, "maximum": 1}, (0, 0.5, 1), (-0.1, 1.1)),
    Case("minimum, maximum", {"type": "integer", "minimum": 3.5, "maximum": 5.5}, (4, 5), (3, 6)),
    Case("exclusiveMinimum", {"type": "integer", "exclusiveMinimum": 3}, (4,), (3,)),
    Case("exclusiveMaximum", {"type": "integer", "exclusiveMaximum": 3}, (2,), (3,)),
    Case("exclusiveMinimum", {"type": "number", "exclusiveMinimum": 0, "maximum": 2}, (0.1, 2), (0, 2.1)),
    Case("minimum beyond 64 bits", {"type": "integer", "minimum": 10**19}, (10**19,), (5,)),
    Case("maximum beyond 64 bits", {"type": "integer", "maximum": -(10**19)}, (-(10**19),), (5,)),
    Case("minimum beyond 64 bits", {"type": "number", "minimum": 1e30}, (1e31,), (5,)),
    Case("multipleOf", {"type": "integer", "multipleOf": 5}, (0, 5, -10), (3,)),
    Case("multipleOf", {"type": "number", "multipleOf": 0.5}, (0.5, 1), (0.3,)),
    Case("multipleOf", {"type": "number", "multipleOf": 0.01}, (0.07, 4.35, 1.1), (0.005,)),
    Case("minLength", {"type": "string", "minLength": 2}, ("ab", "日本"), ("a", "")),
    Case("maxLength", {"type": "string", "maxLength": 3}, ("", "日本語"), ("abcd",)),
    Case("minLength, maxLength", {"type": "string", "minLength": 1, "maxLength": 2}, ("a", '"\n'), ("", "abc")),
    Case("maxLength", {"type": "string", "maxLength": 100000}, ("a" * 500,), (1,)),
    Case("pattern", {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"}, ("AB1",), ("A1", "AB1x")),
    Case("pattern", {"type": "string", "pattern": "b"}, ("abc", "b"), ("ac",)),
    Case("pattern", {"type": "string", "pattern": "^a|b$"}, ("ax", "xb"), ("xax",)),
    Case("pattern", {"type": "string", "pattern": "^\\d{3}-\\w+$"}, ("123-ab_c",), ("12-a", "١٢٣-a")),
    Case("pattern", {"type": "string", "pattern": "^(foo|bar){1,2}$"}, ("foobar",), ("baz", "foofoofoo")),
    Case("pattern", {"type": "string", "pattern": "^[^\\s]+$"}, ("abc",), ("a c",)),
    Case("pattern with a negated quote", {"type": "string", "pattern": '^[^"]+$'}, ("abc",), ('a"b',)),
    Case("pattern with a negated quote", {"type": "string", "pattern": "^[^\\\\]$"}, ("a",), ("\\\\",)),
    Case("pattern", {"type": "string", "pattern": "^\\S\\W$"}, ("a ", "1-"), ("\x1c-", "aé", "a_")),
    Case("pattern and length", {"type": "string", "pattern": "^a+$", "maxLength": 3}, ("aa",), ("aaaa", "ab")),
    Case("pattern that looks ahead", {"type": "string", "pattern": "^(?!x)"}, ("ab",), ("xb",)),
    Case("pattern that looks back", {"type": "string", "pattern": "(?<=a)b$"}, ("ab",), ("b",)),
    Case("pattern with a back-reference", {"type": "string", "pattern": "^(a|b)\\1$"}, ("aa",), ("ab",)),
    Case("format: date", {"type": "string", "format": "date"}, ("2024-02-29",), ("2024-13-01", "soon")),
    Case("format: date", {"type": "string", "format": "date"}, ("2023-12-31",), ("2023-02-29", "0000-01-01")),
    Case("enum of large numbers", {"enum": [1234567890123456789]}, (1234567890123456789,), (1234567890123456768,)),
    Case("const of a large number", {"const": 2**53 + 1}, (2**53 + 1,), (2**53,)),
    Case("pattern as JavaScript has it", {"type": "string", "pattern": r"^[\w-\.]+@x$"}, ("a.b@x",), ("@x",)),
    Case("pattern of Unicode classes", {"type": "string", "pattern": r"^\p{L}+$"}, ("Zürich",), ("1",)),
    Case("dependencies without $schema", {"dependencies": {"a": ["b"]}}, ({"b": 1},), ({"a": 1},)),
    Case("format: time", {"type": "string", "format": "time"}, ("10:20:30Z",), ("10h",)),
    Case("format: date-time", {"type": "string", "format": "date-time"}, ("2024-02-03T10:20:30Z",), ("2024-02-03",)),
    Case("format: duration", {"type": "string", "format": "duration"}, ("P1D", "PT5M"), ("1 day",)),
    Case("format: email", {"type": "string", "format": "email"}, ("a@b.org",), ("a.b.org",)),
    Case("format: ipv4", {"type": "string", "format": "ipv4"}, ("10.0.0.255",), ("10.0.0.256", "x")),
    Case("format: ipv6", {"type": "string", "format": "ipv6"}, ("2001:db8::1",), ("10.0.0.1",)),
    Case("format: uuid", {"type": "string", "format": "uuid"}, ("123e4567-e89b-12d3-a456-426614174000",), ("123",)),
    Case("format: uri", {"type": "string", "format": "uri"}, ("https://example.org/a",), ("no uri",)),
    Case("format: hostname", {"type": "string", "format": "hostname"}, ("example.org",), ("-a-.",)),
    Case("format: regex", {"type": "string", "format": "regex"}, ("a+",), ("a(",)),
    Case("format, unknown", {"type": "string", "format": "colour"}, ("red",), ()),
    Case("items", {"type": "array", "items": _INT}, ([], [1, 2]), (["a"], [1, None])),
    Case("items: false", {"type": "array", "items": False}, ([],), ([1],)),
    Case(
        "items, nested", {"type": "array", "items": {"type": "array", "items": _BOOL}}, ([[True], []],), ([True], [[1]])
    ),
    Case("minItems", {"type": "array", "items": _INT, "minItems": 2}, ([1, 2], [1, 2, 3]), ([1],)),
    Case("maxItems", {"type": "array", "items": _INT, "maxItems": 2}, ([], [1, 2]), ([1, 2, 3],)),
    Case("maxItems", {"type": "array", "maxItems": 0}, ([],), ([1],)),
    Case(
        "minItems, maxItems", {"type": "array", "items": _STR, "minItems": 1, "maxItems": 1}, (["a"],), ([], ["a", "b"])
    ),
    Case(
        "prefixItems",
        {"type": "array", "prefixItems": [_STR, _INT], "items": False, "minItems": 2},
        (["a", 1],),
        ([1, "a"], ["a", 1, 2]),
    ),
    Case(
        "prefixItems",
        {"type": "array", "prefixItems": [_STR], "items": _INT},
        (["a", 1, 2],),
        ([1], ["a", "b"]),
    ),
    Case("uniqueItems", {"type": "array", "items": _INT, "uniqueItems": True}, ([1, 2],), ([1, 1],)),
    Case("contains", {"type": "array", "contains": {"const": 1}}, ([2, 1],), ([2],)),
    Case(
        "minContains, maxContains",
        {"type": "array", "items": _INT, "contains": {"const": 1}, "minContains": 2, "maxContains": 3},
        ([1, 1],),
        ([1],),
    ),
    Case("unevaluatedItems", {"type": "array", "prefixItems": [_INT], "unevaluatedItems": False}, ([1],), ([1, 2],)),
    Case("properties", _obj({"a": _INT}), ({}, {"a": 1}), ({"a": "x"},)),
    Case("required", _obj({"a": _INT, "b": _STR}, "b"), ({"a": 1, "b": ""}, {"b": ""}), ({"a": 1}, {})),
    Case("required, not described", {"type": "object", "required": ["a"]}, ({"a": 1},), ({}, {"b": 1})),
    Case("required, not described", _obj({"a": _INT}, "a", "b"), ({"a": 1, "b": "x"},), ({"a": 1},)),
    Case("minProperties", _obj({"a": _INT, "b": _INT}, minProperties=2), ({"a": 1, "b": 2},), ({"a": 1},)),
    Case("properties: false", _obj({"a": False, "b": _INT}), ({"b": 1}, {}), ({"a": 1},)),
    Case("properties: true", _obj({"a": True}, "a"), ({"a": [1]},), ({},)),
    Case("properties, odd names", _obj({"größe": _INT, "a b": _INT, 'x"y': _INT}, "größe"), ({"größe": 1},), ({},)),
    Case("additionalProperties: false", _obj({"a": _INT}, additionalProperties=False), ({"a": 1},), ({"b": 1},)),
    Case("additionalProperties", {"type": "object", "additionalProperties": _INT}, ({}, {"x": 1}), ({"x": "a"},)),
    Case(
        "additionalProperties",
        _obj({"a": _STR}, "a", additionalProperties=_INT),
        ({"a": "x", "b": 1}, {"a": "x"}),
        ({"a": "x", "b": "y"},),
    ),
    Case(
        "patternProperties",
        {"type": "object", "patternProperties": {"^n_": _INT}, "additionalProperties": False},
        ({"n_a": 1}, {}),
        ({"n_a": "x"}, {"b": 1}),
    ),
    Case(
        "patternProperties that look ahead",
        {"type": "object", "patternProperties": {"^(?!a)": _INT}},
        ({"b": 1},),
        ({"b": "x"},),
    ),
    Case("propertyNames", {"type": "object", "propertyNames": {"maxLength": 1}}, ({"a": 1},), ({"ab": 1},)),
    Case("minProperties", {"type": "object", "minProperties": 1}, ({"a": 1},), ({},)),
    Case("maxProperties", {"type": "object", "maxProperties": 1}, ({"a": 1},), ({"a": 1, "b": 2},)),
    Case("dependentRequired", {"type": "object", "dependentRequired": {"a": ["b"]}}, ({"a": 1, "b": 1},), ({"a": 1},)),
    Case(
        "dependentSchemas",
        {"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}},
        ({"a": 1, "b": 1},),
        ({"a": 1},),
    ),
    Case("unevaluatedProperties", _obj({"a": _INT}, unevaluatedProperties=False), ({"a": 1},), ({"b": 1},)),
    Case("anyOf", {"anyOf": [_INT, _STR]}, (1, "a"), (None, 1.5)),
    Case("anyOf", {"anyOf": [_obj({"a": _INT}, "a"), _obj({"b": _INT}, "b")]}, ({"a": 1}, {"b": 1}), ({}, {"a": "x"})),
    Case(
        "anyOf, with null", _obj({"a": {"anyOf": [_INT, {"type": "null"}]}}, "a"), ({"a": None}, {"a": 1}), ({"a": ""},)
    ),
    Case("anyOf beside keywords", {"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 2}]}, (5, 2), (3, "a")),
    Case("oneOf, apart", {"oneOf": [_INT, _STR]}, (1, "a"), (None,)),
    Case("oneOf, apart", {"oneOf": [{"const": "a"}, {"const": "b"}]}, ("a", "b"), ("c",)),
    Case(
        "oneOf, told apart by a tag",
        {
            "oneOf": [
                _obj({"kind": {"const": "cat"}, "lives": _INT}, "kind", "lives"),
                _obj({"kind": {"const": "dog"}, "tricks": {"type": "array", "items": _STR}}, "kind"),
            ]
        },
        ({"kind": "cat", "lives": 9}, {"kind": "dog", "tricks": ["sit"]}),
        ({"kind": "cow"}, {"kind": "cat"}),
    ),
    Case("oneOf, overlapping", {"oneOf": [_INT, {"type": "number"}]}, (1.5,), (1,)),
    Case("allOf", {"allOf": [{"type": "integer", "minimum": 2}, {"maximum": 5}]}, (2, 5), (1, 6)),
    Case("allOf", {"allOf": [_obj({"a": _INT}, "a"), _obj({"b": _STR}, "b")]}, ({"a": 1, "b": "x"},), ({"a": 1},)),
    Case("allOf, one reference", {"allOf": [{"$ref": "#/$defs/n"}], "$defs": {"n": _INT}}, (1,), ("a",)),
    Case("not", {"type": "string", "not": {"const": "x"}}, ("y",), ("x",)),
    Case(
        "if, then, else",
        {**_obj({"a": _INT, "b": _INT}), "if": {"required": ["a"]}, "then": {"required": ["b"]}},
        ({"a": 1, "b": 1},),
        ({"a": 1},),
    ),
    Case(
        "$ref",
        _obj({"c": {"$ref": "#/$defs/c"}}, "c", **{"$defs": {"c": {"enum": ["r", "g"]}}}),
        ({"c": "r"},),
        ({"c": 1},),
    ),
    Case(
        "$ref beside keywords",
        {"$ref": "#/$defs/n", "maximum": 5, "$defs": {"n": {"type": "integer", "minimum": 1}}},
        (1, 5),
        (0, 6),
    ),
    Case(
        "$ref, recursive", {"$ref": "#/$defs/node", "$defs": {"node": _NODE}}, (_DEEP,), ({"value": 1}, {"next": None})
    ),
    Case(
        "$ref to the root",
        _obj({"kids": {"type": "array", "items": {"$ref": "#"}}}),
        ({"kids": [{"kids": []}]},),
        ({"kids": [1]},),
    ),
    Case("$ref, required of itself", _obj({"next": {"$ref": "#"}}, "next")),
    Case("$ref, required of itself", {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
    Case(
        "$ref, required of itself",
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}, "minItems": 1}}},
    ),
    Case(
        "$ref, required of itself",
        {
            "$ref": "#/$defs/a",
            "$defs": {
                "a": _obj({"b": {"$ref": "#/$defs/b"}}, "b"),
                "b": {"anyOf": [{"$ref": "#/$defs/a"}, _obj({"a": {"$ref": "#/$defs/a"}}, "a")]},
            },
        },
    ),
    Case(
        "$ref, required with an end",
        {
            "$ref": "#/$defs/a",
            "$defs": {"a": _obj({"b": {"$ref": "#/$defs/b"}}, "b"), "b": {"anyOf": [{"$ref": "#/$defs/a"}, _INT]}},
        },
        ({"b": 1}, {"b": {"b": 2}}),
        ({"b": "x"}, 1),
    ),
    Case("definitions", {"$ref": "#/definitions/n", "definitions": {"n": _INT}}, (1,), ("a",)),
    Case("$dynamicRef", {"$dynamicRef": "#n", "$defs": {"n": {"$dynamicAnchor": "n", **_INT}}}, (1,), ("a",)),
    Case("title, description, default", {"title": "T", "description": "d", "default": 3, **_INT}, (1,), ("a",)),
    Case(
        "examples, deprecated, readOnly", {"examples": [1], "deprecated": True, "readOnly": True, **_INT}, (1,), ("a",)
    ),
    Case("no keyword", {}, (1, "a", None, [1], {"a": 1}), ()),
    Case("no type", {"minLength": 2}, ("ab", 5), ("a",)),
    Case("no type", {"properties": {"a": _INT}}, ({"a": 1},), ({"a": "x"},)),
    Case(
        "nested",
        _obj({"a": _obj({"b": {"type": "array", "items": _obj({"c": _BOOL}, "c")}}, "b")}, "a"),
        ({"a": {"b": [{"c": True}]}},),
        ({"a": {"b": [{}]}},),
    ),
    Case("$ref to nothing", {"$ref": "#/$defs/missing"}),
    Case("$ref elsewhere", {"$ref": "https://example.org/schema.json"}),
    Case("a type that isn't one", _obj({"a": {"type": "strin"}})),
    Case("a pattern that isn't one", {"type": "string", "pattern": "("}),
    Case("a bound that isn't a number", {"type": "integer", "minimum": "3"}),
    Case("required that isn't a list", {"type": "object", "required": "a"}),
    Case("bounds that exclude each other", {"type": "integer", "minimum": 5, "maximum": 3}),
    Case("bounds that exclude each other", {"type": "string", "minLength": 3, "maxLength": 2}),
    Case("bounds that exclude each other", {"type": "array", "items": _INT, "minItems": 3, "maxItems": 2}),
    Case("an enum of nothing", {"enum": []}),
    Case("allOf of what excludes itself", {"allOf": [_INT, _STR]}),
    Case("required, but false", _obj({"a": False}, "a")),
]


def admits(grammar: str, value: Any) -> bool:
    """Whether the grammar takes the value, as JSON is written for models."""
    matcher = LLMatcher(_BYTES, grammar, log_level=0)
    assert not matcher.get_error(), matcher.get_error()
    data = list(json.dumps(value, ensure_ascii=False).encode())
    return bool(matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting())


def grammar_of(schema: Any) -> tuple[str, list[str]]:
    """The grammar of an answer of this schema, and what the person is told about it.

    Raises:
        SchemaError: where the schema is refused.
    """
    tell.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grammar = _DIALECT.answer_grammar(grammar_schema(schema))
    return grammar, [str(one.message) for one in caught if one.category is RelaxedSchemaWarning]


def outcome(case: Case) -> str:
    """What is made of a schema: held, relaxed or refused."""
    try:
        _, told = grammar_of(case.schema)
    except SchemaError as error:
        return f"refused: {error}"
    if any(UNCHECKED in one for one in told):
        return "not checked, and said so"
    return "checked afterwards" if told else "held"


def is_valid(value: Any, schema: Any) -> bool:
    """Whether the check after decoding lets the value pass."""
    try:
        validate(value, schema)
    except Exception:
        return False
    return True


def table() -> str:
    """The page."""
    lines = [
        "# What answers and arguments are held to",
        "",
        "Decoding follows a grammar made of the JSON Schema. *Held*: no other value can be written.",
        "*Checked afterwards*: the grammar holds what it can of the schema, a `RelaxedSchemaWarning` names the keyword",
        "once, and the whole value is validated. *Refused*: a `SchemaError` when the schema is bound, with the place.",
        "Nothing is ignored in silence.",
        "",
        "A structured answer that does not fit goes back to the model once with what is wrong; if the next one does",
        "not fit either, that is raised. A call of a tool that was bound as a JSON Schema is an `invalid_tool_call`",
        "that says what is wrong. LangChain's tools, functions and pydantic models look at their arguments themselves",
        "when they are run, and agents hand what they say back to the model.",
        "",
        "This table is computed from the cases that the tests run, and a test holds it to them.",
        "",
        "| keyword | for example | outcome |",
        "|---|---|---|",
    ]
    for case in CASES:
        schema = json.dumps(case.schema, ensure_ascii=False)
        shown = (schema if len(schema) < 90 else schema[:87] + "…").replace("|", "\\|")
        said = outcome(case).partition("\n")[0].replace("|", "\\|")
        lines.append(f"| {case.keyword} | `{shown}` | {said if len(said) < 160 else said[:157] + '…'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(table(), encoding="utf-8")
