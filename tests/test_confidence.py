"""How sure a model was of its calls, from the tokens that it wrote them in."""

from __future__ import annotations

import functools
import json
import math
import operator
from typing import Any

import pytest
from agentkit.tools import calculator
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from agentkit import CallConfidence, ChatHuggingFace, call_confidence


def message(pieces: list[tuple[str, float]], *calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """A message written in these tokens, each with its probability."""
    tokens = [{"token": text, "logprob": math.log(probability)} for text, probability in pieces]
    named = [{"name": name, "args": args, "id": f"id{n}"} for n, (name, args) in enumerate(calls)]
    return AIMessage("", tool_calls=named, response_metadata={"logprobs": {"content": tokens}})


def test_only_names_and_values_count() -> None:
    written = [
        *[('<tool_call>\n{"name": "', 0.1), ("calc", 0.9), ("ulator", 0.8), ('", "arguments": {"expression": "', 0.1)],
        *[("2", 0.5), (" + ", 1.0), ("3", 0.7), ('"}}\n</tool_call>', 0.1)],
    ]
    (sure,) = call_confidence(message(written, ("calculator", {"expression": "2 + 3"})))
    assert (sure.id, sure.name, sure.tokens) == ("id0", "calculator", 5)
    assert sure.mean == pytest.approx((0.9 + 0.8 + 0.5 + 1.0 + 0.7) / 5)
    assert sure.least == pytest.approx(0.5)


@pytest.mark.parametrize(
    "written",
    [
        '{"name": "f", "arguments": {"a": "x\\n\\u00e9", "b": [1, true], "c": {"d": null}}}',
        "<function=f><parameter=a>\nx\né\n</parameter><parameter=b>[1, true]</parameter><parameter=c>null</parameter>",
        "[f(a='x\\né', b=[1, True], c={'d': None})]",
    ],
)
def test_every_syntax(written: str) -> None:
    call = ("f", {"a": "x\né", "b": [1, True], "c": {"d": None}})
    (sure,) = call_confidence(message([(char, 0.5) for char in written], call))
    assert sure.tokens >= 1 + 3 + 1 + 4 + 4  # the name, and the values one character a token
    assert sure.mean == pytest.approx(0.5)


def test_two_calls_of_one_tool_are_told_apart() -> None:
    written = [("f", 0.9), ("(", 0.1), ("1", 0.8), (")", 0.1), ("f", 0.4), ("(", 0.1), ("1", 0.3), (")", 0.1)]
    first, second = call_confidence(message(written, ("f", {"": 1}), ("f", {"": 1})))
    assert (first.least, second.least) == (pytest.approx(0.8), pytest.approx(0.3))


def test_without_log_probabilities_there_is_none() -> None:
    assert call_confidence(AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "a"}])) == []
    assert call_confidence(message([("Hello", 0.5)], ("f", {"a": 1}))) == []


@given(st.dictionaries(st.text(max_size=4), st.recursive(st.integers() | st.text(max_size=4), st.lists, max_leaves=3)))
def test_it_never_raises_and_stays_a_probability(args: dict[str, Any]) -> None:
    text = json.dumps({"name": "f", "arguments": args})
    for sure in call_confidence(message([(char, 0.25) for char in text], ("f", args))):
        assert 0 < sure.least <= sure.mean <= 1


def test_the_embedded_model_tells_it(embedded: ChatHuggingFace) -> None:
    model = embedded.bind_tools([calculator])
    said = model.invoke("What is 37593 * 67?", logprobs=True)
    (sure,) = call_confidence(said)
    assert sure == CallConfidence(**said.response_metadata["call_confidence"][0])
    assert sure.id == said.tool_calls[0]["id"]
    assert 0 < sure.least <= sure.mean <= 1
    assert 2 <= sure.tokens < 20
    whole: Any = functools.reduce(operator.add, model.stream("What is 37593 * 67?", logprobs=True))
    assert [one.mean for one in call_confidence(whole)] == [pytest.approx(sure.mean)]
    assert "call_confidence" not in model.invoke("What is 37593 * 67?").response_metadata
