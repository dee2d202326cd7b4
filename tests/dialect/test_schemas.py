"""Random tools, random arguments: what a template renders is read back equal, typed by the tool's schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from agentkit.dialect import Dialect, template
from tests.dialect.conversations import USER, assistant, text
from tests.dialect.templates import HEADED, TEMPLATES, THINKING

ALL = {**TEMPLATES, "thinking": THINKING, "headed": HEADED}

word = st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True).filter(
    lambda name: name not in {"true", "false", "none", "null"}
)
Pair = tuple[dict[str, Any], Any]
"""A schema, and a value that fits it."""

number = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda value: not value.is_integer() and "e" not in repr(value))
leaf: st.SearchStrategy[Pair] = st.one_of(
    text.map(lambda value: ({"type": "string"}, value)),
    st.integers(-(10**9), 10**9).map(lambda value: ({"type": "integer"}, value)),
    number.map(lambda value: ({"type": "number"}, value)),
    st.booleans().map(lambda value: ({"type": "boolean"}, value)),
    st.sampled_from([({"type": "string", "enum": ["a b", "c"]}, "a b"), ({"enum": [1, 2]}, 2)]),
)


def listed(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return inner.flatmap(
        lambda pair: st.integers(0, 3).map(lambda n: ({"type": "array", "items": pair[0]}, [pair[1]] * n))
    )


def named(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def made(members: dict[str, Pair]) -> Pair:
        properties = {key: schema for key, (schema, _) in members.items()}
        return {"type": "object", "properties": properties}, {key: value for key, (_, value) in members.items()}

    return st.dictionaries(word, inner, min_size=1, max_size=3).map(made)


nested = st.recursive(leaf, lambda inner: listed(inner) | named(inner), max_leaves=6)
function = st.tuples(word, st.dictionaries(word, nested, max_size=4))


def _read_back(kind: str, tools: list[dict[str, Any]], calls: list[tuple[str, dict[str, Any]]]) -> AIMessage:
    """These calls as the template writes them, read again."""
    dialect = Dialect.from_template(ALL[kind])
    turn = assistant(calls)
    if dialect.syntax.calls and dialect.syntax.calls.id:
        for number, made in enumerate(turn["tool_calls"]):
            made["id"] = f"functions.{made['function']['name']}:{number}"
    lead = template.render(ALL[kind], [USER], tools, add_generation_prompt=True)
    full = template.render(ALL[kind], [USER, turn], tools)
    assert full.startswith(lead)
    return dialect.read(full.removeprefix(lead), tools=tools, prompt=lead)


@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=60, deadline=None)
@given(functions=st.lists(function, min_size=1, max_size=3, unique_by=lambda one: one[0]))
def test_random_schemas_and_arguments_read_back_equal(kind: str, functions: list[tuple[str, dict[str, Pair]]]) -> None:
    dialect = Dialect.from_template(ALL[kind])
    assert dialect.syntax.calls is not None
    tools, calls = [], []
    for name, members in functions:
        properties = {key: schema for key, (schema, _) in members.items()}
        parameters = {"type": "object", "properties": properties, "required": list(properties)}
        tools.append({"type": "function", "function": {"name": name, "description": "D.", "parameters": parameters}})
        calls.append((name, {key: value for key, (_, value) in members.items()}))
    calls = calls if dialect.syntax.calls.parallel else calls[:1]
    message = _read_back(kind, tools, calls)
    assert [(c["name"], json.dumps(c["args"])) for c in message.tool_calls] == [(n, json.dumps(a)) for n, a in calls]
    assert message.content == ""


_ZIP = {"zip": {"type": "string"}}
_SAID = [
    {"$ref": "#/$defs/all", "$defs": {"all": {"type": "object", "properties": _ZIP}}},
    {"type": "object", "allOf": [{"properties": _ZIP}]},
    {"type": "object", "anyOf": [{"properties": _ZIP}, {"properties": {"code": {"type": "integer"}}}]},
    {
        "type": "object",
        "properties": {"zip": {"$ref": "#/$defs/a/anyOf/1"}},
        "$defs": {"a": {"anyOf": [{}, _ZIP["zip"]]}},
    },
    {"type": "object", "properties": {"zip": {"$ref": "#text"}}, "$defs": {"a": {"$anchor": "text", "type": "string"}}},
    {"type": "object", "patternProperties": {"^z": {"type": "string"}}},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"type": "object", "properties": {"zip": {"enum": ["12345", 7]}}},
    {
        "type": "object",
        "properties": {"zip": {"anyOf": [{"type": "string", "pattern": "^1"}, {"type": "integer", "maximum": 9}]}},
    },
]


@pytest.mark.parametrize("schema", _SAID)
@pytest.mark.parametrize("kind", ALL)
def test_a_text_that_looks_like_a_number_is_what_the_schema_says(kind: str, schema: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": "send", "description": "D.", "parameters": schema}}]
    message = _read_back(kind, tools, [("send", {"zip": "12345"})])
    assert [call["args"] for call in message.tool_calls] == [{"zip": "12345"}]
