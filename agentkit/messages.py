"""LangChain messages as the dicts that chat templates read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.utils.json import parse_partial_json

from agentkit.errors import UnsupportedContentError

_NOT_SAID = {"reasoning", "thinking", "tool_use", "tool_call", "tool_call_chunk", "invalid_tool_call", "non_standard"}
"""Content blocks that hold no text for the conversation: calls and thoughts travel in fields of their own."""


def template_messages(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """The conversation as templates read it: `role` and `content`, and `tool_calls`, `tool_call_id`, `name` or
    `reasoning_content` where there are any.

    Raises:
        UnsupportedContentError: where a message holds more than text.
        TypeError: where a message is of no known kind.
    """
    return [_turn(message) for message in messages]


def _turn(message: BaseMessage) -> dict[str, Any]:
    content = text_of(message)
    if isinstance(message, AIMessage):
        return _assistant(message, content)
    if isinstance(message, ToolMessage):
        turn = {"role": "tool", "content": content, "tool_call_id": message.tool_call_id}
    elif isinstance(message, FunctionMessage):
        turn = {"role": "tool", "content": content}
    elif isinstance(message, SystemMessage):
        turn = {"role": "system", "content": content}
    elif isinstance(message, HumanMessage):
        turn = {"role": "user", "content": content}
    elif isinstance(message, ChatMessage):
        turn = {"role": message.role, "content": content}
    else:
        raise TypeError(f"A message of type {type(message).__name__} has no place in a chat template.")
    return {**turn, "name": message.name} if message.name else turn


def _assistant(message: AIMessage, content: str) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": "assistant", "content": content}
    calls = [_call(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    calls += [_call(call["id"], call["name"] or "", _readable(call["args"])) for call in message.invalid_tool_calls]
    if calls:
        turn["tool_calls"] = calls
    if reasoning := message.additional_kwargs.get("reasoning_content"):
        turn["reasoning_content"] = reasoning
    return turn


def _call(call_id: str | None, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": call_id or "", "type": "function", "function": {"name": name, "arguments": arguments}}


def _readable(arguments: str | None) -> dict[str, Any]:
    """As much of an invalid call's arguments as can be read: a template can render nothing else."""
    try:
        value = parse_partial_json(arguments or "{}")
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def text_of(message: BaseMessage) -> str:
    """The text of a message, its blocks joined.

    Raises:
        UnsupportedContentError: where it holds an image or any other block that isn't text.
    """
    if isinstance(message.content, str):
        return message.content
    texts = []
    for block in message.content:
        if isinstance(block, str):
            texts.append(block)
        elif block.get("type") == "text":
            texts.append(str(block.get("text", "")))
        elif block.get("type") == "json":
            texts.append(json.dumps(block.get("json"), ensure_ascii=False))
        elif block.get("type") not in _NOT_SAID:
            raise UnsupportedContentError(
                f"This model takes text only, but a {message.type} message holds a block of type {block.get('type')!r}."
            )
    return "\n".join(texts)
