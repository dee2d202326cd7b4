"""Runs one call, and always has one result for it."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.graphs import clock, faults
from agentkit.graphs.approval import Approve, ProposedCall, ask_person, needs_approval
from agentkit.graphs.clock import TimeLeft
from agentkit.graphs.counting import Counter
from agentkit.graphs.durability import can_be_saved, of_the_tool
from agentkit.graphs.injection import Injection
from agentkit.graphs.nodes import Steps
from agentkit.graphs.results import finished
from agentkit.graphs.waiting import RunTool, ToolTimeoutError
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp, is_invalid_resume
from pydantic import ValidationError
from pydantic.v1 import ValidationError as ValidationErrorV1
from typing_extensions import TypedDict

from agentkit.confidence import CallConfidence


class Task(TypedDict):
    """What the node of the tools is sent: one call."""

    call: dict[str, Any]
    refusal: str | None
    """Why it may not run, if so."""
    time_left: TimeLeft
    """How long the calls of its turn may take."""
    state: dict[str, Any] | None
    """The graph's state, for a tool that sees it."""
    confidence: dict[str, Any] | None
    """The fields of its `CallConfidence`."""


@dataclass(frozen=True)
class Calls:
    """The node of the tools.

    Args:
        tools: the tools.
        counter: counts the tokens of results.
        result_tokens: how many a result may have.
        handle_tool_errors: which exceptions become results.
        tool_timeout: seconds that a tool may take, or those of each tool by its name.
        approve: which calls wait for a person.
        without: media that the model does not take.
    """

    tools: Sequence[BaseTool]
    counter: Counter
    result_tokens: int
    handle_tool_errors: faults.HandleToolErrors = True
    tool_timeout: float | Mapping[str, float] | None = None
    approve: Approve = False
    without: frozenset[str] = frozenset()
    _tools: dict[str, tuple[BaseTool, Injection]] = field(init=False)

    def __post_init__(self) -> None:
        known = {tool.name: (tool, Injection(tool, self.tools)) for tool in self.tools}
        object.__setattr__(self, "_tools", known)
        approved = [self.approve] if isinstance(self.approve, str) else self.approve
        _known("approve", approved if isinstance(approved, Collection) else (), known)
        timeouts = self.tool_timeout if isinstance(self.tool_timeout, Mapping) else {"": self.tool_timeout}
        _known("tool_timeout", [name for name in timeouts if name], known)
        if wrong := [seconds for seconds in timeouts.values() if seconds is not None and not seconds > 0]:
            raise ValueError(f"tool_timeout={wrong[0]!r}: say a number of seconds above 0, or None for no timeout.")

    def sees_state(self, name: str) -> bool:
        """Whether the tool of this name sees the graph's state; a person may change the name."""
        if self.approve is not False:
            return any(injection.of_state for _, injection in self._tools.values())
        return name in self._tools and self._tools[name][1].of_state

    def returns_directly(self, name: str) -> bool:
        """Whether the result of the tool of this name is the answer."""
        return name in self._tools and self._tools[name][0].return_direct

    def __call__(self, task: Task, config: RunnableConfig) -> Steps:
        """The update with the result of a call."""
        call, note = task["call"], ""
        began = clock.began(task["time_left"])
        if task["refusal"] is not None:
            return self._finished(faults.fault(call, task["refusal"]), call, config)
        if self.approve is not False and call["name"] in self._tools:
            decision = self._decision(task, config)
            began = time.monotonic()  # a person's time does not count
            if decision["type"] == "reject":
                text = f"A person rejected this call: {decision.get('message') or 'no reason was given.'}"
                return self._finished(faults.fault(call, text), call, config)
            if decision["type"] == "respond":
                return self._finished(ToolMessage(decision["message"], tool_call_id=call["id"]), call, config)
            if decision["type"] == "edit":
                action = decision["edited_action"]
                call = {**call, "name": action.get("name", call["name"]), "args": action["args"]}
                changed = f"{call['name']}({json.dumps(call['args'], ensure_ascii=False, default=str)})"
                note = f"\n\nNote: a person changed this call to {changed}."
        if call["name"] not in self._tools:
            return self._finished(
                faults.fault(call, faults.unknown(call["name"], self._tools)), call, config, note=note
            )
        tool, injection = self._tools[call["name"]]
        if isinstance(tool.args_schema, dict) and (wrong := faults.unfitting(call["args"], tool.args_schema)):
            return self._finished(faults.fault(call, wrong), call, config, note=note)
        arguments = injection.arguments(call, task["state"], config)
        left = task["time_left"]["seconds"]
        if left is not None and (left := left - (time.monotonic() - began)) <= 0:
            return self._finished(faults.fault(call, faults.too_late()), call, config, note=note)
        seconds = self._seconds(tool.name, left)
        try:
            result = yield RunTool(tool, {**call, "args": arguments, "type": "tool_call"}, of_the_tool(config), seconds)
        except GraphBubbleUp:
            raise
        except ToolTimeoutError:
            result = faults.fault(call, faults.timed_out(seconds or 0))
        except (ValidationError, ValidationErrorV1) as error:
            if is_invalid_resume(error):
                raise
            told = faults.bad_arguments(error) if faults.of_arguments(error, tool) else None
            result = faults.fault(call, told or faults.failed(error, self.handle_tool_errors))
        except Exception as error:
            result = faults.fault(call, faults.failed(error, self.handle_tool_errors))
        return self._finished(result, call, config, time.monotonic() - began, note)

    def _decision(self, task: Task, config: RunnableConfig) -> Mapping[str, Any]:
        call, said = task["call"], task["confidence"]
        confidence = CallConfidence(**said) if said else None
        proposed = ProposedCall(call["id"], call["name"], call["args"], self._tools[call["name"]][0], confidence)
        return ask_person(proposed, config) if needs_approval(self.approve, proposed) else {"type": "accept"}

    def _seconds(self, name: str, left: float | None) -> float | None:
        own = self.tool_timeout.get(name) if isinstance(self.tool_timeout, Mapping) else self.tool_timeout
        return min((seconds for seconds in (own, left) if seconds is not None), default=None)

    def _finished(
        self, result: Any, call: Mapping[str, Any], config: RunnableConfig, seconds: float | None = None, note: str = ""
    ) -> Any:
        return finished(
            result,
            call,
            seconds,
            note,
            self.result_tokens,
            self.counter.text,
            self.without,
            lambda artifact: can_be_saved(artifact, config),
        )


def _known(argument: str, named: Collection[str], names: Collection[str]) -> None:
    """A name that is none would guard nothing."""
    for name in named:
        if name not in names:
            raise ValueError(f"{argument}: {faults.unknown(name, names)}")
