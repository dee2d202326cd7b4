"""What a step of the loop costs outside the model and the tool, against `langchain.agents.create_agent`."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

from agentkit.graphs import Limits, create_agent
from langchain import agents
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool
from pydantic import PrivateAttr

STEPS = 30
ROUNDS = 25


class Fake(BaseChatModel):
    """Calls the tool with ever new arguments until the last step, and counts the time that is its own."""

    _turn: int = PrivateAttr(default=0)
    _seconds: float = PrivateAttr(default=0.0)

    @property
    def _llm_type(self) -> str:
        return "fake"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=["add"], **kwargs)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        began = time.perf_counter()
        self._turn += 1
        usage: Any = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
        calls = [{"name": "add", "args": {"a": self._turn, "b": 2}, "id": f"c{self._turn}"}]
        asked = AIMessage("", tool_calls=calls if self._turn % STEPS else [], usage_metadata=usage)
        self._seconds += time.perf_counter() - began
        return ChatResult(generations=[ChatGeneration(message=asked)])


def guarded(model: BaseChatModel, tools: list[BaseTool]) -> Any:
    """Our agent with every guard on."""
    return create_agent(
        model,
        tools,
        limits=Limits(steps=STEPS + 1, tool_calls=STEPS, tokens=10**9, seconds=600, repeats=3),
        approve=lambda call: call.name != "add",
        tool_timeout=60,
        tool_output_tokens=1000,
    )


class Timed:
    """An agent over a fake model and a tool, and how long a run takes outside them."""

    def __init__(self, create: Callable[..., Any]) -> None:
        self.model, self.tool_seconds = Fake(profile={"max_input_tokens": 100_000}), 0.0
        self.agent = create(self.model, [self._tool()])

    def _tool(self) -> BaseTool:
        @tool
        def add(a: int, b: int) -> str:
            """Add two numbers."""
            began = time.perf_counter()
            result = str(a + b)
            self.tool_seconds += time.perf_counter() - began
            return result

        return add

    def seconds_a_step(self) -> float:
        """Of one run."""
        self.tool_seconds = self.model._seconds = 0.0
        began = time.perf_counter()
        state = self.agent.invoke({"messages": [("human", "Add.")]})
        elapsed = time.perf_counter() - began
        assert len(state["messages"]) == 2 * STEPS, len(state["messages"])
        return (elapsed - self.tool_seconds - self.model._seconds) / STEPS


def figures(rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds a step of both, the ratio of the medians, and of the fastest runs."""
    ours, theirs = Timed(guarded), Timed(agents.create_agent)
    ours.seconds_a_step(), theirs.seconds_a_step()
    taken: dict[str, list[float]] = {"ours": [], "theirs": []}
    for i in range(rounds):
        pair = [("ours", ours), ("theirs", theirs)]
        for name, timed in itertools.islice(itertools.cycle(pair), i % 2, i % 2 + 2):
            taken[name].append(timed.seconds_a_step())
    median = {name: statistics.median(seconds) for name, seconds in taken.items()}
    return {
        "loop_step_ms": median["ours"] * 1000,
        "langchain_loop_step_ms": median["theirs"] * 1000,
        "loop_step_ratio": median["ours"] / median["theirs"],
        "loop_step_ratio_of_fastest": min(taken["ours"]) / min(taken["theirs"]),
    }
