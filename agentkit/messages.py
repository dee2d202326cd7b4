"""LangChain messages as the dicts that chat templates read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
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

from agentkit import media
from agentkit.errors import UnsupportedContentError

_ERRORS = "invalid_tool_call_errors"
"""Where the metadata of a streamed answer says what is wrong with its calls, by id; a chunk has no other place."""
_NOT_SAID = {"tool_use", "tool_call", "tool_call_chunk", "invalid_tool_call", "non_standard"}
"""Content blocks that hold nothing for the conversation: calls travel in a field of their own."""
_THOUGHT = {"reasoning": "reasoning", "thinking": "thinking"}
"""Content blocks of what a model thought, and the field that holds it."""


def template_messages(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """The conversation as templates read it: `role` and `content`, and `tool_calls`, `tool_call_id`, `name` or
    `reasoning_content` where there are any.

    Raises:
        UnsupportedContentError: where a message holds more than text.
        TypeError: where a message is of no known kind.
    """
    return media_messages(messages)[0]


def media_messages(
    messages: Sequence[BaseMessage], takes: Collection[str] = (), model: str = "This model"
) -> tuple[list[dict[str, Any]], list[media.Media]]:
    """The conversation as templates read it, and its media in the order of their places.

    The `content` of a turn with media is a list of `{"type": "text", "text": …}` and of `{"type": "image"}`, `"audio"`
    or `"video"`; of any other it is a string. What a tool returned beside text follows in a user turn, because
    templates have no place for it among results.

    Args:
        messages: the conversation.
        takes: the kinds of media that the model takes.
        model: its name, for the message of an error.

    Raises:
        UnsupportedContentError: where a message holds what the model doesn't take.
        TypeError: where a message is of no known kind.
    """
    turns: list[dict[str, Any]] = []
    found: list[media.Media] = []
    returned: list[dict[str, Any]] = []
    for message in messages:
        blocks, held = _content(message, takes, model)
        content: Any = blocks
        if returned and not isinstance(message, ToolMessage):
            turns.append({"role": "user", "content": returned})
            returned = []
        if held and isinstance(message, ToolMessage):
            returned += blocks
            content = text_of(message, takes, model)
        elif not held:
            content = text_of(message, takes, model)
        turns.append(_turn(message, content))
        found += held
    if returned:
        turns.append({"role": "user", "content": returned})
    return turns, found


def _turn(message: BaseMessage, content: Any) -> dict[str, Any]:
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


def errors_metadata(message: AIMessage) -> dict[str, Any]:
    """What the metadata of a streamed answer says of its invalid calls; nothing where it has none."""
    errors = {call["id"]: call["error"] for call in message.invalid_tool_calls}
    return {_ERRORS: errors} if errors else {}


def call_errors(message: AIMessage) -> list[str]:
    """What is wrong with each of a message's invalid calls."""
    streamed = message.response_metadata.get(_ERRORS) or {}
    unknown = "The call could not be read."
    return [str(call["error"] or streamed.get(call["id"]) or unknown) for call in message.invalid_tool_calls]


def _assistant(message: AIMessage, content: Any) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": "assistant", "content": content}
    calls = [_call(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    calls += [_call(call["id"], call["name"] or "", _readable(call["args"])) for call in message.invalid_tool_calls]
    if calls:
        turn["tool_calls"] = calls
    if reasoning := message.additional_kwargs.get("reasoning_content") or _thoughts(message):
        turn["reasoning_content"] = reasoning
    return turn


def _thoughts(message: AIMessage) -> str:
    blocks = [block for block in message.content if isinstance(block, dict)]
    return "\n".join(str(block.get(_THOUGHT[block["type"]]) or "") for block in blocks if block.get("type") in _THOUGHT)


def _call(call_id: str | None, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": call_id or "", "type": "function", "function": {"name": name, "arguments": arguments}}


def _readable(arguments: str | None) -> dict[str, Any]:
    """As much of an invalid call's arguments as can be read: a template can render nothing else."""
    text = (arguments or "{}").lstrip()
    try:
        # Whole ones, after which a stream may say that they fail.
        value, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        try:
            value = parse_partial_json(text)
        except json.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}


def text_of(message: BaseMessage, takes: Collection[str] = (), model: str = "This model") -> str:
    """The text of a message, its blocks joined.

    Raises:
        UnsupportedContentError: where it holds a block that isn't text, and no media of the kinds in `takes`.
    """
    if isinstance(message.content, str):
        return message.content
    blocks, _ = _content(message, takes, model)
    return "\n".join(block["text"] for block in blocks if block["type"] == "text")


def _content(
    message: BaseMessage, takes: Collection[str], model: str
) -> tuple[list[dict[str, Any]], list[media.Media]]:
    """The blocks of a message in templates' form, and its media."""
    if isinstance(message.content, str):
        return [{"type": "text", "text": message.content}] if message.content else [], []
    blocks: list[dict[str, Any]] = []
    found: list[media.Media] = []
    for block in message.content:
        text = _said(block)
        if text is not None:
            blocks.append({"type": "text", "text": text})
        elif isinstance(block, Mapping) and media.KINDS.get(str(block.get("type"))) in takes:
            held = media.found_in(block)
            assert held is not None
            blocks.append({"type": held.kind})
            found.append(held)
        elif isinstance(block, Mapping) and block.get("type") not in {*_NOT_SAID, *_THOUGHT}:
            kinds = " and ".join(["text", *sorted(takes)])
            raise UnsupportedContentError(
                f"{model} takes {kinds} only, but a {message.type} message holds a block of type {block.get('type')!r}."
            )
    return blocks, found


def _said(block: Any) -> str | None:
    """The text in a content block; None where it holds none."""
    if isinstance(block, str):
        return block
    kind = block.get("type")
    if kind == "text" or (kind == "text-plain" and block.get("text") is not None):
        return str(block.get("text", ""))
    return json.dumps(block.get("json"), ensure_ascii=False) if kind == "json" else None
