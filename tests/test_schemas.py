"""Schemas: supported, relaxed and said so, or refused and said so; none silently ignored."""

from __future__ import annotations

import warnings
from typing import Any

import jsonschema
import pytest

from agentkit import SchemaError
from agentkit.relaxed import RelaxedSchemaWarning
from agentkit.schemas import grammar_schema, validate

SUPPORTED: list[dict[str, Any]] = [
    {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["a"]},
    {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 4}, "minItems": 1, "maxItems": 3},
    {"anyOf": [{"type": "null"}, {"enum": ["x", 2]}]},
    {"type": "string", "pattern": "^[a-z]+$"},
    {"type": "string", "format": "date"},
    {"$ref": "#/$defs/N", "$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}}}},
]
RELAXED: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, "$.uniqueItems", [1, 1]),
    ({"type": "array", "contains": {"const": 1}}, "$.contains", [2]),
    ({"type": "object", "propertyNames": {"maxLength": 1}}, "$.propertyNames", {"ab": 1}),
    ({"type": "object", "dependentRequired": {"a": ["b"]}}, "$.dependentRequired", {"a": 1}),
    ({"type": "string", "not": {"const": "x"}}, "$.not", "x"),
    ({"type": "string", "pattern": "^(?!x)"}, "$.pattern", "x"),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "$.oneOf", 1),
    ({"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}}, "$.if", {"a": 1}),
    (
        {"type": "object", "properties": {"t": {"type": "array", "uniqueItems": True}}},
        "$.properties.t.uniqueItems",
        {"t": [1, 1]},
    ),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"type": "object", "properties": {"a": {"type": "strin"}}}, r"malformed at \$\.properties\.a\.type"),
    ({"type": "integer", "minimum": 5, "maximum": 3}, r"at \$: .*minimum \(5\) is greater than maximum \(3\)"),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "string", "minLength": 3, "maxLength": 2}},
            "required": ["a"],
        },
        r"at \$\.properties\.a: .*minLength \(3\)",
    ),
    ({"$ref": "#/$defs/missing"}, "does not exist"),
    ({"enum": []}, r"at \$"),
]


@pytest.mark.parametrize("schema", SUPPORTED)
def test_supported(schema: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert grammar_schema(schema) == schema


@pytest.mark.parametrize(("schema", "place", "wrong"), RELAXED)
def test_relaxed_is_said_once_and_checked_after(schema: dict[str, Any], place: str, wrong: Any) -> None:
    marked = {**schema, "title": f"only here: {place}"}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        grammar_schema(marked)
        grammar_schema(marked)
    assert [warning.category for warning in told] == [RelaxedSchemaWarning]
    assert place in str(told[0].message)
    with pytest.raises(jsonschema.ValidationError):
        validate(wrong, schema)


@pytest.mark.parametrize(("schema", "said"), REFUSED)
def test_refused_names_the_place(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        grammar_schema(schema)
