"""LangChain messages as templates read them."""

from __future__ import annotations

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.tool import invalid_tool_call

from agentkit import UnsupportedContentError
from agentkit.messages import template_messages

CALL = {"name": "f", "args": {"x": [1]}, "id": "abc", "type": "tool_call"}
READ = {"id": "abc", "type": "function", "function": {"name": "f", "arguments": {"x": [1]}}}


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        (SystemMessage("s"), {"role": "system", "content": "s"}),
        (HumanMessage("h", name="Ann"), {"role": "user", "content": "h", "name": "Ann"}),
        (HumanMessage(["a", {"type": "text", "text": "b"}]), {"role": "user", "content": "a\nb"}),
        (ChatMessage("c", role="critic"), {"role": "critic", "content": "c"}),
        (AIMessage("a"), {"role": "assistant", "content": "a"}),
        (AIMessage("", tool_calls=[CALL]), {"role": "assistant", "content": "", "tool_calls": [READ]}),
        (
            AIMessage([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "a"}]),
            {"role": "assistant", "content": "a", "reasoning_content": "hm"},
        ),
        (
            AIMessage("a", additional_kwargs={"reasoning_content": "hm"}),
            {"role": "assistant", "content": "a", "reasoning_content": "hm"},
        ),
        (
            AIMessage("", invalid_tool_calls=[invalid_tool_call(name="f", args='{"x": [1]', id="abc", error="cut")]),
            {"role": "assistant", "content": "", "tool_calls": [READ]},
        ),
        (
            ToolMessage("r", tool_call_id="abc", name="f"),
            {"role": "tool", "content": "r", "tool_call_id": "abc", "name": "f"},
        ),
        (
            ToolMessage([{"type": "json", "json": {"é": 1}}], tool_call_id="abc"),
            {"role": "tool", "content": '{"é": 1}', "tool_call_id": "abc"},
        ),
        (FunctionMessage("r", name="f"), {"role": "tool", "content": "r", "name": "f"}),
    ],
)
def test_message(message: BaseMessage, turn: dict[str, object]) -> None:
    assert template_messages([message]) == [turn]


def test_what_is_no_text_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedContentError, match="human message holds a block of type 'audio'"):
        template_messages([HumanMessage([{"type": "audio", "base64": "AA==", "mime_type": "audio/wav"}])])
