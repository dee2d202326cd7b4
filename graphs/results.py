"""From what a tool returned to the one result of its call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from agentkit.graphs.blocks import readable
from agentkit.graphs.clipping import clip_message
from agentkit.graphs.storable import storable
from langchain_core.messages import AnyMessage, BaseMessage, RemoveMessage, ToolMessage, convert_to_messages
from langgraph.types import Command

DONE = "Done."


def finished(
    result: Any,
    call: Mapping[str, Any],
    seconds: float | None,
    note: str,
    tokens: int,
    count: Callable[[str], int],
    without: Collection[str] = (),
    can_be_kept: Callable[[Any], bool] = lambda artifact: True,
) -> dict[str, Any] | list[dict[str, Any] | Command[Any]]:
    """The node's update: what the tool returned, with exactly one result of its call in it.

    Args:
        result: a ToolMessage, a Command, or a list of these.
        call: the call.
        seconds: how long the tool ran; None where it did not.
        note: what the model is told beside the result.
        tokens: the most that the result may have.
        count: counts the tokens of a text.
        without: media that the model does not take.
        can_be_kept: tells whether an artifact can be saved; one that can't is left out, and that is said.
    """
    answered = False

    def own(messages: list[Any]) -> list[Any]:
        nonlocal answered
        kept: list[Any] = []
        for message in messages:
            if isinstance(message, ToolMessage):
                if answered or message.tool_call_id != call["id"]:
                    continue
                answered = True
                message = complete(message)
            kept.append(message)
        return kept

    def complete(message: ToolMessage) -> ToolMessage:
        try:
            content = storable(readable(message.content, without))
        except (ValueError, RecursionError) as error:
            content = f"Error: the result cannot be kept: {error}"
        unread = message.content if isinstance(content, list) and content != message.content else None
        artifact = unread if message.artifact is None else message.artifact
        update: dict[str, Any] = {"content": content, "name": message.name or call["name"], "artifact": artifact}
        if not can_be_kept(artifact):
            left_out = f"a {type(artifact).__name__} that can't be saved"
            update |= {"artifact": None, "response_metadata": {**message.response_metadata, "left_out": left_out}}
        message = message.model_copy(update=update)
        message = with_note(clip_message(message, tokens, count), note)
        if seconds is not None:
            message.response_metadata = {**message.response_metadata, "seconds": round(seconds, 6)}
        return message

    if isinstance(result, ToolMessage):
        return {"messages": own([result.model_copy(update={"tool_call_id": call["id"]})])}
    updates: list[dict[str, Any] | Command[Any]] = []
    leaves = False
    for part in result if isinstance(result, list) else [result]:
        if isinstance(part, Command):
            leaves = leaves or part.graph is not None
            if isinstance(part.update, dict) and part.graph is None and "messages" in part.update:
                messages = part.update["messages"]
                messages = messages if isinstance(messages, list) else [messages]
                part = replace(part, update={**part.update, "messages": own(_messages(messages))})
            updates.append(part)
        elif isinstance(part, BaseMessage):
            updates.append({"messages": own([part])})
        else:
            text = ToolMessage(str(part), tool_call_id=call["id"])
            updates.append({"messages": own([text])})
    if not answered and not leaves:
        updates.append({"messages": own([ToolMessage(DONE, tool_call_id=call["id"])])})
    return updates


def with_note(message: ToolMessage, note: str) -> ToolMessage:
    """The result with a note below it."""
    if not note:
        return message
    content = message.content
    noted = content + note if isinstance(content, str) else [*content, {"type": "text", "text": note.strip()}]
    return message.model_copy(update={"content": noted})


def _messages(messages: list[Any]) -> list[AnyMessage | RemoveMessage]:
    return [m if isinstance(m, BaseMessage) else convert_to_messages([m])[0] for m in messages]  # type: ignore[misc]
