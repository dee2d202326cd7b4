"""Where the graph goes from a turn of the model, and from a tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentkit.graphs.calls import Calls, Task
from agentkit.graphs.clock import time_left
from agentkit.graphs.limits import Limits
from agentkit.graphs.state import KEPT_INSIDE, memory_of, run_of
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import END
from langgraph.types import Send

from agentkit.messages import call_errors


@dataclass(frozen=True)
class Routes:
    """The edges that depend on the state.

    Args:
        calls: the node of the tools.
        limits: how much a run may do.
        called_outside: names of tools that the caller runs.
        done: where the graph goes with an answer.
    """

    calls: Calls
    limits: Limits
    called_outside: frozenset[str]
    done: str

    @property
    def ends(self) -> list[str]:
        """Where a turn of the model may lead, beside the tools."""
        return list(dict.fromkeys([self.done, *([END] if self.called_outside else [])]))

    @property
    def ends_of_tools(self) -> list[str]:
        """Where a tool may lead, beside the model."""
        direct = any(tool.return_direct for tool in self.calls.tools)
        return list(dict.fromkeys([*([self.done] if direct else []), *([END] if self.called_outside else [])]))

    def after_model(self, state: dict[str, Any]) -> str | list[Send]:
        """To the tools, each call on its own, so that each result is saved when it is there; or to the end."""
        message = state["messages"][-1]
        if state.get("stopped") or not isinstance(message, AIMessage):
            return self.done
        calls = [call for call in message.tool_calls if call["name"] not in self.called_outside]
        if not calls and not message.invalid_tool_calls:
            return END if message.tool_calls else self.done
        run, allowed = run_of(state), memory_of(state)["allowed"]
        refusal = self.limits.refusal(self.limits.spent(run) or "tool_calls")
        left = time_left(self.limits.seconds_left(run))
        confidences = {said["id"]: said for said in message.response_metadata.get("call_confidence", ())}
        tasks = [
            Task(
                call=dict(call),
                refusal=None if allowed is None or i < allowed else refusal,
                time_left=left,
                state=_seen(state) if self.calls.sees_state(call["name"]) else None,
                confidence=confidences.get(call["id"]),
            )
            for i, call in enumerate(calls)
        ]
        for unread, told in zip(message.invalid_tool_calls, call_errors(message), strict=True):
            tasks.append(Task(call=dict(unread), refusal=told, time_left=left, state=None, confidence=None))
        return [Send("tools", task) for task in tasks]

    def after_tools(self, state: dict[str, Any]) -> str:
        """Back to the model, where not all calls of the turn were the caller's or the answer itself."""
        asked, results = _last_asked(state["messages"])
        if asked is None:
            return "model"
        if any(call["name"] in self.called_outside for call in asked.tool_calls):
            return END
        direct = all(self.calls.returns_directly(call["name"]) for call in asked.tool_calls)
        if direct and not asked.invalid_tool_calls and all(result.status == "success" for result in results):
            return self.done
        return "model"


def _last_asked(messages: list[AnyMessage]) -> tuple[AIMessage | None, list[ToolMessage]]:
    """The last message with calls, and their results."""
    results: list[ToolMessage] = []
    for message in reversed(messages):
        if isinstance(message, ToolMessage):
            results.append(message)
        elif isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls):
            calls = {call["id"] for call in [*message.tool_calls, *message.invalid_tool_calls]}
            return message, [result for result in results if result.tool_call_id in calls]
    return None, []


def _seen(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in KEPT_INSIDE}
