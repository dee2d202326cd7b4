"""Schemas: supported, relaxed and said so, or refused and said so; none silently ignored."""

from __future__ import annotations

import json
import warnings
from typing import Any

import jsonschema
import pytest

from agentkit import SchemaError
from agentkit.engine import Request, Sampling
from agentkit.engine.local import LocalEngine
from agentkit.relaxed import RelaxedSchemaWarning
from agentkit.schemas import grammar_schema, validate
from tests.engine.conftest import make_model, make_tokenizer
from tests.schema_cases import CASES, PAGE, Case, admits, grammar_of, is_valid, table

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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.keyword)
def test_a_keyword_is_held_or_checked_afterwards_or_refused(case: Case) -> None:
    try:
        grammar, told = grammar_of(case.schema)
    except SchemaError:
        assert not case.valid
        return
    for value in case.valid:
        assert is_valid(value, case.schema)
        assert told or admits(grammar, value)
    for value in case.invalid:
        assert not admits(grammar, value) or (told and not is_valid(value, case.schema))


def test_the_page_tells_what_is_made_of_each() -> None:
    assert PAGE.read_text(encoding="utf-8") == table()


def test_what_a_random_model_answers_fits() -> None:
    local, asked = LocalEngine(make_model("full"), make_tokenizer()), []
    for case in CASES:
        if not case.valid:
            continue
        grammar, told = grammar_of(case.schema)
        for seed in range(2):
            request = Request([5 + seed, 7], grammar=grammar, max_tokens=400, sampling=Sampling(1.0, seed=seed))
            asked.append((case, told, local.submit(request)))
    ended = 0
    for case, told, stream in asked:
        text = "".join(token.text for token in stream)
        if stream.finish.reason == "stop":
            ended += 1
            assert told or is_valid(json.loads(text), case.schema), (case, text)
    local.close()
    assert ended > 0.9 * len(asked) > 180


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
