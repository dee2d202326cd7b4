"""Choices that are not as they should be: nothing raises, nothing is lost, and pieces add up to the whole."""

from __future__ import annotations

import functools
import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk

from agentkit.endpoint.choice import Choice


def read(pieces: list[dict[str, Any]], key: str = "delta", finish: str = "stop") -> tuple[Any, Any]:
    """The message, and the sum of its chunks."""
    choice = Choice(lambda thought: None)
    chunks = [chunk for piece in pieces for chunk in choice.take({key: piece})]
    choice.finish_reason = finish
    chunks += choice.close()
    start = AIMessageChunk(content="")
    return choice.message(), functools.reduce(
        operator.add, [*chunks, AIMessageChunk(content="", chunk_position="last")], start
    )


def call(arguments: Any, **fields: Any) -> dict[str, Any]:
    return {"index": 0, "id": "a", "function": {"name": "f", "arguments": arguments}, **fields}


@pytest.mark.parametrize(
    "arguments", ['{"a": 1', '{"a": "x', '{"a": [1, {"b": "\\', "[1]", "nothing", '{"a": 1}}', "{'a': 1}"]
)
def test_arguments_that_are_none_are_told_of(arguments: str) -> None:
    for key in ("delta", "message"):
        message, total = read([{"tool_calls": [call(arguments)]}], key)
        for one in (message, total):
            assert one.tool_calls == []
            assert one.invalid_tool_calls[0]["name"] == "f"
        assert message.invalid_tool_calls[0]["args"] == arguments
        assert message.invalid_tool_calls[0]["error"]


@pytest.mark.parametrize("empty", ["", None, {}, "{}"])
def test_a_call_without_arguments(empty: Any) -> None:
    message, total = read([{"content": None, "tool_calls": [call(empty)]}])
    assert message.tool_calls[0]["args"] == total.tool_calls[0]["args"] == {}


def test_content_in_blocks() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    message, total = read([{"content": [thinking, {"type": "text", "text": "Hi."}, "!"]}])
    assert message.content == total.content == "Hi.!"
    assert message.additional_kwargs == total.additional_kwargs == {"reasoning_content": "hm"}


function = st.fixed_dictionaries(
    {}, optional={"name": st.sampled_from(["f", "g", "", None]), "arguments": st.text(max_size=6)}
)
fragment = st.fixed_dictionaries(
    {}, optional={"index": st.integers(-1, 2), "id": st.sampled_from(["a", "b", "", None]), "function": function}
)
delta = st.fixed_dictionaries(
    {},
    optional={
        "content": st.text(max_size=4) | st.none(),
        "reasoning": st.text(max_size=4) | st.none(),
        "tool_calls": st.lists(fragment, max_size=2) | fragment | st.none(),
    },
)


@given(st.lists(delta, max_size=6), st.sampled_from(["delta", "message"]))
def test_anything_is_read_and_pieces_add_up(pieces: list[dict[str, Any]], key: str) -> None:
    message, total = read(pieces, key)
    assert message.content == total.content == "".join(piece.get("content") or "" for piece in pieces)
    assert [c["name"] for c in message.tool_calls] == [c["name"] for c in total.tool_calls]
    assert [c["args"] for c in message.tool_calls] == [c["args"] for c in total.tool_calls]
    assert len(message.invalid_tool_calls) == len(total.invalid_tool_calls)
