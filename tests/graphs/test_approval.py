"""A person in between: accept, edit, reject, answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agentkit.graphs import ProposedCall, create_agent
from agentkit.tools import calculator
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import ValidationError

from agentkit import ChatHuggingFace
from tests.graphs.scripted import calls, scripted

QUESTION: Any = {"messages": [("human", "Go.")]}
CONFIG: Any = {"configurable": {"thread_id": "1"}}
RAN: list[str] = []


@tool
def delete(path: str) -> str:
    """Delete a file."""
    RAN.append(f"delete {path}")
    return f"deleted {path}"


@tool
def show(path: str) -> str:
    """Show a file."""
    RAN.append(f"show {path}")
    return f"{path}: empty"


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    RAN.clear()


def paused(*made: tuple[str, dict[str, Any]], approve: Any = ("delete",)) -> tuple[Any, list[Any]]:
    agent = create_agent(scripted(calls(*made), "Done."), [delete, show], approve=approve, checkpointer=InMemorySaver())
    state = agent.invoke(QUESTION, CONFIG)
    return agent, list(state.get("__interrupt__", ()))


@pytest.mark.parametrize(
    ("decision", "ran", "told"),
    [
        ({"type": "accept"}, ["delete a"], "deleted a"),
        ({"type": "approve"}, ["delete a"], "deleted a"),
        (
            {"type": "edit", "edited_action": {"args": {"path": "b"}}},
            ["delete b"],
            'deleted b\n\nNote: a person changed this call to delete({"path": "b"}).',
        ),
        (
            {"type": "edit", "edited_action": {"name": "show", "args": {"path": "a"}}},
            ["show a"],
            'a: empty\n\nNote: a person changed this call to show({"path": "a"}).',
        ),
        ({"type": "reject", "message": "It is needed."}, [], "Error: A person rejected this call: It is needed."),
        ({"type": "reject"}, [], "Error: A person rejected this call: no reason was given."),
        ({"type": "respond", "message": "I did it myself."}, [], "I did it myself."),
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_person_decides(decision: Any, ran: list[str], told: str, asynchronous: bool) -> None:
    agent, (waiting,) = paused(("delete", {"path": "a"}))
    assert RAN == []
    said = {key: waiting.value[key] for key in ("type", "tool_call_id", "name", "args", "description")}
    assert said == {
        "type": "tool_approval",
        "tool_call_id": "c1",
        "name": "delete",
        "args": {"path": "a"},
        "description": "Delete a file.",
    }
    resume: Any = Command(resume=decision)
    state = asyncio.run(agent.ainvoke(resume, CONFIG)) if asynchronous else agent.invoke(resume, CONFIG)
    assert ran == RAN
    assert [m.text for m in state["messages"]] == ["Go.", "", told, "Done."]


def test_what_is_no_decision_is_told_and_may_be_said_again() -> None:
    agent, _ = paused(("delete", {"path": "a"}))
    for wrong in ({"type": "perhaps"}, "yes", {"type": "edit"}, {}):
        with pytest.raises(ValidationError):
            agent.invoke(Command(resume=wrong), CONFIG)
    agent.invoke(Command(resume={"type": "accept"}), CONFIG)
    assert RAN == ["delete a"]


def test_several_wait_each_for_itself_and_others_run_meanwhile() -> None:
    agent, waiting = paused(("delete", {"path": "a"}), ("show", {"path": "b"}), ("delete", {"path": "c"}))
    assert RAN == ["show b"]
    decisions = {"a": {"type": "reject", "message": "No."}, "c": {"type": "accept"}}
    resume = {w.id: decisions[w.value["args"]["path"]] for w in waiting}
    state = agent.invoke(Command(resume=resume), CONFIG)
    assert RAN == ["show b", "delete c"]
    results = [m.text for m in state["messages"] if isinstance(m, ToolMessage)]
    assert results == ["Error: A person rejected this call: No.", "b: empty", "deleted c"]


def test_a_predicate_sees_the_call() -> None:
    def outside(call: ProposedCall) -> bool:
        assert call.tool is delete
        assert call.confidence is None
        return bool(call.args["path"].startswith("/"))

    _, waiting = paused(("delete", {"path": "/a"}), ("delete", {"path": "b"}), approve=outside)
    assert [w.value["args"]["path"] for w in waiting] == ["/a"]
    assert RAN == ["delete b"]
    _, waiting = paused(("delete", {"path": "a"}), ("show", {"path": "b"}), ("nothing", {}), approve=True)
    assert len(waiting) == 2


def test_a_model_says_how_sure_it_was(embedded: ChatHuggingFace) -> None:
    seen: list[ProposedCall] = []

    def doubtful(call: ProposedCall) -> bool:
        seen.append(call)
        return True

    agent = create_agent(embedded, [calculator], approve=doubtful, checkpointer=InMemorySaver())
    state = agent.invoke({"messages": [("human", "What is 12 * 12?")]}, CONFIG)
    said = state["__interrupt__"][0].value["confidence"]
    assert seen[0].confidence is not None
    assert 0 < said["least"] <= said["mean"] <= 1
    assert said["mean"] > 0.5
    assert "logprobs" not in state["messages"][-1].response_metadata
    edited = {"type": "edit", "edited_action": {"args": {"expression": "12 * 13"}}}
    state = agent.invoke(Command(resume=edited), CONFIG)
    assert state["messages"][2].text.startswith("156")


def test_a_question_in_between_gives_up_what_waits() -> None:
    agent, _ = paused(("delete", {"path": "a"}))
    state = agent.invoke({"messages": [("human", "Never mind.")]}, CONFIG)
    assert [m.type for m in state["messages"]] == ["human", "ai", "tool", "human", "ai"]
    assert state["messages"][2].text == "Error: The run was given up, and with it this call."
    assert RAN == []
    assert not agent.get_state(CONFIG).next


def test_a_name_that_would_guard_nothing_is_refused() -> None:
    for wrong in ({"approve": "delet"}, {"approve": ["show", "delet"]}, {"tool_timeout": {"delet": 3}}):
        with pytest.raises(ValueError, match="Did you mean 'delete'"):
            create_agent(scripted(), [delete, show], **wrong)
    _, waiting = paused(("delete", {"path": "a"}), approve="delete")
    assert len(waiting) == 1
