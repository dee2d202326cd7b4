"""No going in circles: a note, then no tools, then the end."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from agentkit.graphs import Limits, create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.tools import tool

from tests.graphs.scripted import answering, calls, scripted

QUESTION: Any = {"messages": [("human", "Go.")]}


@tool
def look(at: str) -> str:
    """Look at something."""
    return f"a {at}"


@pytest.mark.parametrize("cycle", [["door"], ["door", "wall"], ["door", "wall", "roof", "door", "lawn"]])
def test_a_cycle_of_any_length_is_noticed_noted_and_ended(cycle: list[str]) -> None:
    places = itertools.cycle(cycle)
    model = answering(lambda messages: calls(("look", {"at": next(places)})))
    state = create_agent(model, [look]).invoke(QUESTION)
    assert state["stopped"] == "repeats"
    first_round = cycle.index("door", 1) if "door" in cycle[1:] else len(cycle)
    assert state["agent_run"]["repeats"] == 3 + (first_round < len(cycle))
    assert state["agent_run"]["steps"] == len(cycle) + 3 + 1
    results = [m.text for m in state["messages"] if isinstance(m, ToolMessage)]
    assert not any("Note" in text for text in results[:first_round])
    assert "this call was made before" in results[first_round]
    assert "Answer now" in results[-2]
    assert model.choices == [None] * (len(cycle) + 3) + ["none"]


def test_what_is_new_is_no_circle() -> None:
    answers = iter(range(100))

    @tool
    def poll() -> str:
        """Ask whether it is done."""
        return f"{next(answers)} %"

    model = scripted(*[calls(("poll", {}))] * 10, "Done.")
    state = create_agent(model, [poll]).invoke(QUESTION)
    assert state["stopped"] is None
    assert state["agent_run"]["repeats"] == 0


def test_a_note_may_be_enough() -> None:
    def heeds(messages: Any) -> AIMessage:
        return AIMessage("A door.") if "Note" in messages[-1].text else calls(("look", {"at": "door"}))

    state = create_agent(answering(heeds), [look]).invoke(QUESTION)
    assert (state["stopped"], state["agent_run"]["steps"], state["agent_run"]["repeats"]) == (None, 3, 1)


def test_calls_that_cannot_be_read_go_in_circles_too() -> None:
    broken = AIMessage("", invalid_tool_calls=[invalid_tool_call(name="look", args="{", id="c1", error="cut off")])
    state = create_agent(scripted(*[broken] * 9), [look]).invoke(QUESTION)
    assert state["stopped"] == "repeats"


def test_repeats_may_be_allowed() -> None:
    model = answering(lambda messages: calls(("look", {"at": "door"})))
    state = create_agent(model, [look], limits=Limits(repeats=None, steps=9)).invoke(QUESTION)
    assert (state["stopped"], state["agent_run"]["repeats"]) == ("steps", 7)
