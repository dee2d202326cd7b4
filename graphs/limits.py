"""How much an agent may do before it has to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentkit.graphs.state import AgentRun

Limit = Literal["steps", "tool_calls", "tokens", "seconds", "repeats"]

_BESIDE = 5
"""Steps of the graph beside those of the model and of its tools: the first, the structured answer, and LangGraph's."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run of an agent may do. At a limit the model gets one last turn, without tools.

    None is no limit. A turn of the model that has begun may go beyond `tokens`. At `seconds` the turn of a model in
    this process is cut off, and the last turn has as long again; another model's is finished, within its own timeout.
    """

    steps: int = 50
    """Turns of the model, the last of them without tools."""
    tool_calls: int | None = 100
    """Calls that are run; the model is told which of its calls were not."""
    tokens: int | None = 1_000_000
    """Tokens of all turns, prompts and answers together, as the model reports them."""
    seconds: float | None = 600.0
    """Time at work: waiting for a person, or for a process to come back, does not count. No tool runs longer either."""
    repeats: int | None = 3
    """Steps in a row that brought no more than calls and results that were there before."""

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or self.steps < 1:
            raise ValueError(f"steps={self.steps!r}: an agent needs a limit of at least 1 step.")
        for name in ("tool_calls", "tokens", "seconds", "repeats"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value!r} is no limit: say a number above 0, or None for no limit.")

    @property
    def recursion_limit(self) -> int:
        """LangGraph's limit, out of the way of these."""
        return 2 * self.steps + _BESIDE

    def reached(self, run: AgentRun, stale: int, graph_steps: int) -> Limit | None:
        """The limit that leaves no more than one turn, if there is one.

        Args:
            run: what was done so far.
            stale: how many steps in a row brought nothing new.
            graph_steps: how many steps LangGraph allows from now on, where somebody else set its limit.
        """
        if run["steps"] >= self.steps - 1 or graph_steps < _BESIDE:
            return "steps"
        if self.repeats is not None and stale >= self.repeats:
            return "repeats"
        if self.tool_calls is not None and run["tool_calls"] >= self.tool_calls:
            return "tool_calls"
        return self.spent(run)

    def spent(self, run: AgentRun) -> Limit | None:
        """The limit on tokens or time that was reached, if there is one."""
        if self.tokens is not None and run["tokens"] >= self.tokens:
            return "tokens"
        if self.seconds is not None and run["seconds"] >= self.seconds:
            return "seconds"
        return None

    def calls_left(self, run: AgentRun) -> int | None:
        """How many more calls may run; None for any number."""
        if self.spent(run):
            return 0
        return None if self.tool_calls is None else max(0, self.tool_calls - run["tool_calls"])

    def seconds_left(self, run: AgentRun) -> float | None:
        """How long a tool may still run; None for any time."""
        return None if self.seconds is None else max(0.0, self.seconds - run["seconds"])

    def told(self, limit: Limit) -> str:
        """A limit in words."""
        if limit == "repeats":
            return "The calls go in circles."
        value = getattr(self, limit)
        return f"The limit of {value if value % 1 else int(value):,} {limit.replace('_', ' ')} is reached."

    def refusal(self, limit: Limit) -> str:
        """What the model is told of a call beyond a limit."""
        return f"{self.told(limit)} This call was not run."
