"""Generation settings and choices, under the names that people know them by."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit.choice import answer_schema, tool_choice
from agentkit.engine import Sampling
from agentkit.settings import DEFAULT_MAX_TOKENS, max_tokens, sampling

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Sampling()),
        ({"temperature": 0}, Sampling()),
        ({"temperature": 0.7}, Sampling(temperature=0.7)),
        ({"temperature": 0.7, "do_sample": False}, Sampling()),
        ({"do_sample": True}, Sampling(temperature=1.0)),
        ({"top_p": 0.9}, Sampling(temperature=1.0, top_p=0.9)),
        ({"do_sample": True, "top_k": 0, "seed": 3}, Sampling(temperature=1.0, seed=3)),
        ({"temperature": 0, "repetition_penalty": 1.1}, Sampling(repetition_penalty=1.1)),
    ],
)
def test_sampling(settings: dict[str, Any], expected: Sampling) -> None:
    assert sampling(settings) == expected


def test_max_tokens() -> None:
    assert max_tokens({}) == DEFAULT_MAX_TOKENS
    assert max_tokens({"max_new_tokens": 3}) == 3
    assert max_tokens({"max_new_tokens": 3, "max_tokens": 4}) == 4


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, "auto"),
        ("auto", "auto"),
        ("none", "none"),
        (False, "auto"),
        ("any", "any"),
        ("required", "any"),
        (True, "any"),
        ("g", "g"),
        ({"type": "function", "function": {"name": "g"}}, "g"),
        ({"name": "f"}, "f"),
        ({"type": "any"}, "any"),
    ],
)
def test_tool_choice(choice: Any, expected: str) -> None:
    assert tool_choice(choice, TOOLS) == expected


def test_wrong_choices_name_what_there_is() -> None:
    with pytest.raises(ValueError, match="f, g"):
        tool_choice("h", TOOLS)
    with pytest.raises(ValueError, match="no tools are bound"):
        tool_choice("any", [])


def test_answer_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert answer_schema(None) is None
    assert answer_schema({"type": "text"}) is None
    assert answer_schema({"type": "json_object"}) == {"type": "object"}
    assert answer_schema({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}) == schema
    with pytest.raises(ValueError, match="no known form"):
        answer_schema({"type": "yaml"})
