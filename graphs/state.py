"""What an agent keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_type_hints

from langgraph.graph import MessagesState
from langgraph.managed import RemainingSteps
from typing_extensions import NotRequired, TypedDict, is_typeddict


class AgentRun(TypedDict):
    """What the run of an agent has taken so far: from one input to its answer, pauses in between included."""

    steps: int
    """Turns of the model."""
    tool_calls: int
    """Calls that were let run, also those that then came to nothing."""
    tokens: int
    """Tokens of all turns, prompts and answers together."""
    seconds: float
    """Time at work."""
    repeats: int
    """Steps that brought no more than calls and results that were there before."""


class Shortened(TypedDict):
    """What the model is not shown any more of a conversation that outgrew its context. `messages` still holds it."""

    clipped: dict[str, int]
    """Ids of the messages of which only the beginning and the end are shown, and how many tokens of each."""
    dropped: list[str]
    """Ids of the messages that are not shown at all."""


class AgentState(MessagesState):
    """What an agent keeps and returns."""

    structured_response: NotRequired[Any]
    """The answer as an object, where a `response_format` was asked for; None where the model wrote none that fits."""
    stopped: NotRequired[str | None]
    """The limit that ended the run: a field of `Limits`, or "response_format" where no answer fitted it. None where
    the model ended it itself."""
    agent_run: NotRequired[AgentRun]
    shortened: NotRequired[Shortened]


class Memory(TypedDict):
    """What the loop needs to know from turn to turn."""

    seen: list[str]
    """Digests of the calls of this run with their results."""
    stale: int
    """How many steps in a row brought nothing new."""
    allowed: int | None
    """How many of the calls of the last turn may run; None for all."""


def run_of(state: Mapping[str, Any]) -> AgentRun:
    """The counts of a state; fresh ones where the run did not begin at the beginning."""
    run: AgentRun | None = state.get("agent_run")
    return run or AgentRun(steps=0, tool_calls=0, tokens=0, seconds=0.0, repeats=0)


def memory_of(state: Mapping[str, Any]) -> Memory:
    """The loop's memory of a state, as `run_of`."""
    memory: Memory | None = state.get("agent_memory")
    return memory or Memory(seen=[], stale=0, allowed=None)


def shortened_of(state: Mapping[str, Any]) -> Shortened:
    """What the model is not shown, as `run_of`."""
    shortened: Shortened | None = state.get("shortened")
    return shortened or Shortened(clipped={}, dropped=[])


class Inside(TypedDict):
    """What an agent keeps for itself."""

    agent_memory: Memory
    remaining_steps: RemainingSteps


KEPT_INSIDE = frozenset(Inside.__annotations__)
_OF_THE_RUN = frozenset({"structured_response", "stopped", "agent_run"})


def schemas(state_schema: type | None, response_format: Any = None) -> tuple[type, type, type]:
    """The state inside, the input and the output of an agent with these fields beside its own.

    The input leaves out what belongs to a run, so that the state of another agent, or the last one of this, is a
    fine input.
    """
    if state_schema is not None and not is_typeddict(state_schema):
        raise TypeError(f"state_schema={state_schema!r} is no TypedDict. Derive it from AgentState.")
    output = get_type_hints(AgentState, include_extras=True)
    output |= get_type_hints(state_schema, include_extras=True) if state_schema else {}
    if isinstance(response_format, type):
        # LangGraph restores from checkpoints the types that its schemas name.
        output["structured_response"] = response_format | None
    inside = output | get_type_hints(Inside, include_extras=True)
    taken = {name: hint for name, hint in output.items() if name not in _OF_THE_RUN}
    made = [
        TypedDict(name, fields, total=False)  # type: ignore[operator]
        for name, fields in (("InsideState", inside), ("AgentInput", taken), ("AgentState", output))
    ]
    return made[0], made[1], made[2]
