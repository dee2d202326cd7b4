"""One turn of the model: what it is shown, what it may do, and what its answer costs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.graphs import circles, faults
from agentkit.graphs.context import ContextPolicy
from agentkit.graphs.counting import Counter
from agentkit.graphs.limits import Limits
from agentkit.graphs.nodes import Invoke, Steps
from agentkit.graphs.results import with_note
from agentkit.graphs.state import AgentRun, Memory, Shortened, memory_of, run_of, shortened_of
from agentkit.graphs.storable import storable, storable_or
from langchain_core.messages import AIMessage, AnyMessage, InvalidToolCall, SystemMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.runnables import Runnable, RunnableConfig

from agentkit.confidence import as_metadata, call_confidence
from agentkit.messages import call_errors


@dataclass(frozen=True)
class Turn:
    """The node of the model.

    Args:
        with_tools: the model with its tools.
        without_tools: the same model, which may not call them.
        prompt: the system prompt, if there is one.
        limits: how much a run may do.
        policy: shortens the conversation.
        counter: counts tokens.
        name: the name that its messages bear.
        own_logprobs: whether the log-probabilities were asked for here, and not by the person.
        called_outside: names of tools that the caller runs.
        can_be_cut: whether the model takes `max_time`.
        max_time: the model's own.
    """

    with_tools: Runnable[Any, Any]
    without_tools: Runnable[Any, Any]
    prompt: Sequence[SystemMessage]
    limits: Limits
    policy: ContextPolicy
    counter: Counter
    name: str | None = None
    own_logprobs: bool = False
    called_outside: frozenset[str] = field(default_factory=frozenset)
    can_be_cut: bool = False
    max_time: float | None = None

    def __call__(self, state: dict[str, Any], config: RunnableConfig) -> Steps:
        """The update with the model's message."""
        began = time.monotonic()
        messages = state["messages"]
        run, memory, results = self._look_back(state)
        limit = self.limits.reached(run, memory["stale"], state["remaining_steps"])
        noted: list[AnyMessage] = []
        if results and (limit or memory["stale"]):
            note = f"Note: {self.limits.told(limit)} Answer now from what you have." if limit else circles.NOTE
            noted = [with_note(results[-1], f"\n\n{note}")]
            messages = [noted[0] if message.id == noted[0].id else message for message in messages]
        shown, shortened = self.shown(state, messages)
        kwargs = self.within(self.limits.seconds if limit else self.limits.seconds_left(run))
        message = yield Invoke(self.without_tools if limit else self.with_tools, shown, config, kwargs)
        message = self._message(message)
        run = {
            **run,
            "steps": run["steps"] + 1,
            "tokens": run["tokens"] + self._tokens(message),
            "seconds": run["seconds"] + time.monotonic() - began,
        }
        update: dict[str, Any] = {"messages": [*noted, message], "agent_run": run}
        if shortened is not state.get("shortened"):
            update["shortened"] = shortened
        if limit:
            calls = [*message.tool_calls, *message.invalid_tool_calls]
            update["messages"] += [faults.fault(call, self.limits.refusal(limit)) for call in calls]
            return {**update, "stopped": limit}
        was_cut = message.response_metadata.get("finish_reason") == "length"
        if was_cut and not (message.tool_calls or message.invalid_tool_calls) and (limit := self.limits.spent(run)):
            return {**update, "stopped": limit}
        made = sum(call["name"] not in self.called_outside for call in message.tool_calls)
        allowed = self.limits.calls_left(run)
        run["tool_calls"] += made if allowed is None else min(allowed, made)
        if allowed is not None and allowed >= made:
            allowed = None
        return {**update, "agent_memory": {**memory, "allowed": allowed}}

    def within(self, seconds: float | None) -> dict[str, float]:
        """What holds a turn to so many seconds, and to the model's own limit."""
        given = [each for each in (seconds, self.max_time) if each is not None]
        return {"max_time": min(given)} if self.can_be_cut and given else {}

    def shown(self, state: dict[str, Any], messages: Sequence[AnyMessage]) -> tuple[list[AnyMessage], Shortened]:
        """What the model is shown of the conversation, and what that lacks."""
        whole: list[AnyMessage] = [*self.prompt, *messages]
        before = shortened_of(state)
        room = self.counter.room
        if room is None:
            return whole, before
        extends = run_of(state)["steps"] and not (before["dropped"] or before["clipped"])
        if extends and self.counter.surely_fits(messages, room):
            return whole, before
        return self.policy(whole, before, self.counter, room)

    def _look_back(self, state: dict[str, Any]) -> tuple[AgentRun, Memory, list[ToolMessage]]:
        """The counts with the last turn's calls in them, and their results; none before the first turn of a run."""
        run, memory = run_of(state), memory_of(state)
        if not run["steps"]:
            return run, memory, []
        results = circles.last_results(state["messages"])
        waited = max((result.response_metadata.get("seconds", 0.0) for result in results), default=0.0)
        memory = circles.notice(memory, state["messages"])
        run = {**run, "seconds": run["seconds"] + waited, "repeats": run["repeats"] + bool(memory["stale"])}
        return run, memory, results

    def _message(self, message: AIMessage) -> AIMessage:
        """The model's message as it is kept: with an id of its own for every call."""
        message.content = storable_or(message.content, message.text)
        message.additional_kwargs = storable_or(message.additional_kwargs, {})
        errors = zip(message.invalid_tool_calls, call_errors(message), strict=True)
        readable, unread = [], [InvalidToolCall(**{**call, "error": error}) for call, error in errors]
        for call in message.tool_calls:
            try:
                readable.append(storable(call))
            except ValueError as error:
                told = f"The arguments cannot be read: {error}"
                unread.append(invalid_tool_call(name=call["name"], args=None, id=call["id"], error=told))
        message.tool_calls, message.invalid_tool_calls = readable, storable(unread)
        if self.name and not message.name:
            message.name = self.name
        used: set[str] = set()
        made: list[Any] = [*message.tool_calls, *message.invalid_tool_calls]
        for call in made:
            if not call["id"] or call["id"] in used:
                call["id"] = f"call_{uuid.uuid4().hex[:12]}"
            used.add(call["id"])
        if self.own_logprobs:
            message.response_metadata.setdefault("call_confidence", as_metadata(call_confidence(message)))
            message.response_metadata.pop("logprobs", None)
        return message

    def _tokens(self, message: AIMessage) -> int:
        if message.usage_metadata:
            return message.usage_metadata["total_tokens"]
        return self.counter.text(message.text + "".join(f"{call['name']}{call['args']}" for call in message.tool_calls))
