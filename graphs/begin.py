"""The first node of a run: what belongs to the run before is put away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentkit.graphs.faults import fault
from agentkit.graphs.state import memory_of, run_of, shortened_of
from langchain_core.messages import AIMessage, AnyMessage, RemoveMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph.message import REMOVE_ALL_MESSAGES

GIVEN_UP = "The run was given up, and with it this call."


def begin(state: dict[str, Any], config: RunnableConfig) -> dict[str, Any]:
    """A fresh count; and a result for each call of a run that never came to its end, so that every call has one."""
    update: dict[str, Any] = {
        "stopped": None,
        "agent_run": run_of({}),
        "agent_memory": memory_of({}),
        "shortened": shortened_of(state),
    }
    messages = state.get("messages") or []
    repaired = answered(messages)
    if len(repaired) > len(messages):
        update["messages"] = [RemoveMessage(REMOVE_ALL_MESSAGES), *repaired]
    return update


def answered(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The conversation, with a result after each call that has none."""
    whole: list[AnyMessage] = []
    missing: dict[str | None, AnyMessage] = {}
    for message in messages:
        if isinstance(message, ToolMessage):
            missing.pop(message.tool_call_id, None)
        else:
            whole += missing.values()
            missing = {}
        whole.append(message)
        if isinstance(message, AIMessage):
            calls = [*message.tool_calls, *message.invalid_tool_calls]
            missing = {call["id"]: fault(call, GIVEN_UP) for call in calls}
    return [*whole, *missing.values()]
