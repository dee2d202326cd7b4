"""The answer as an object."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from agentkit.graphs.nodes import Invoke, Steps
from agentkit.graphs.state import run_of
from agentkit.graphs.turn import Turn
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig

ATTEMPTS = 2


@dataclass(frozen=True)
class Respond:
    """The node of the structured answer.

    Args:
        model: the model with structured output, raw answers included.
        turn: the node of the model.
    """

    model: Runnable[Any, Any]
    turn: Turn

    def __call__(self, state: dict[str, Any], config: RunnableConfig) -> Steps:
        """The update with the answer. A model that writes none that fits is told why, once."""
        began, run, messages = time.monotonic(), run_of(state), state["messages"]
        run = {**run}
        if isinstance(messages[-1], AIMessage) and not messages[-1].tool_calls:
            messages = messages[:-1]
        question, shortened = self.turn.shown(state, messages)
        for _ in range(ATTEMPTS):
            seconds = self.turn.limits.seconds
            left = None if seconds is None else max(0.0, seconds - (time.monotonic() - began))
            answer = yield Invoke(self.model, question, config, self.turn.within(left))
            raw = answer["raw"]
            if isinstance(raw, AIMessage) and raw.usage_metadata:
                run["tokens"] += raw.usage_metadata["total_tokens"]
            if answer["parsed"] is not None and answer["parsing_error"] is None:
                run["seconds"] += time.monotonic() - began
                return {"structured_response": answer["parsed"], "agent_run": run, "shortened": shortened}
            wrong = HumanMessage(f"This does not fit the schema: {answer['parsing_error']}\nAnswer again.")
            question = [*question, AIMessage(raw.text), wrong]
        run["seconds"] += time.monotonic() - began
        stopped = state.get("stopped") or "response_format"
        return {"structured_response": None, "agent_run": run, "shortened": shortened, "stopped": stopped}
