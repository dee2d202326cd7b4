"""What tools get from the graph: the same as from LangGraph's ToolNode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from agentkit.graphs import AgentState, create_agent
from langchain_core.messages import HumanMessage, RemoveMessage, ToolMessage
from langchain_core.tools import BaseTool, InjectedToolArg, InjectedToolCallId, tool
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import InjectedState, InjectedStore, ToolNode, ToolRuntime
from langgraph.runtime import get_runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command
from pydantic import BaseModel, Field
from typing_extensions import NotRequired

from tests.graphs.scripted import calls, scripted


class Trip(AgentState):
    place: str
    mood: NotRequired[str]


@dataclass
class Person:
    name: str


@tool
def where(unit: str, place: Annotated[str, InjectedState("place")]) -> str:
    """Tell the place."""
    return f"{place} in {unit}"


@tool
def all_of_it(state: Annotated[dict[str, Any], InjectedState]) -> str:
    """Tell the state."""
    return f"{state['place']} {len(state['messages'])}"


@tool
def mood(mood: Annotated[str, InjectedState("mood")] = "unknown") -> str:
    """Tell a mood that may be missing."""
    return mood


@tool
def remember(fact: str, store: Annotated[BaseStore, InjectedStore()]) -> str:
    """Keep a fact."""
    store.put(("facts",), fact, {"fact": fact})
    return f"{len(store.search(('facts',)))} kept"


@tool
def runtime_of(what: str, runtime: ToolRuntime[Person, Trip]) -> str:
    """Tell of the runtime."""
    runtime.stream_writer({"progress": what})
    return f"{runtime.context.name} {runtime.state['place']} {runtime.tool_call_id} {runtime.store is not None}"


@tool
def call_id(id_: Annotated[str, InjectedToolCallId]) -> str:
    """Tell the id."""
    return id_


@tool
def around(what: str) -> str:
    """Ask LangGraph itself."""
    get_stream_writer()({"around": what})
    return str(get_runtime(Person).context.name)


class Given(BaseModel):
    """Arguments."""

    size: int = Field(ge=1)
    place: Annotated[str, InjectedState("place")]
    secret: Annotated[str, InjectedToolArg] = "safe"


@tool(args_schema=Given)
def schemed(size: int, place: str, secret: str = "safe") -> str:
    """Use a schema."""
    return f"{size} {place} {secret}"


@tool
async def coroutine(state: Annotated[Any, InjectedState()], runtime: ToolRuntime[Person, Any]) -> str:
    """Tell of both on an event loop."""
    return f"{state['place']} {runtime.state['place']}"


CALLS: list[tuple[BaseTool, dict[str, Any]]] = [
    (where, {"unit": "km"}),
    (where, {"unit": "km", "place": "forged"}),
    (all_of_it, {}),
    (all_of_it, {"state": {"place": "forged", "messages": []}}),
    (mood, {}),
    (remember, {"fact": "x"}),
    (runtime_of, {"what": "x"}),
    (runtime_of, {"what": "x", "runtime": {"forged": True}}),
    (call_id, {}),
    (around, {"what": "x"}),
    (schemed, {"size": 2}),
    (schemed, {"size": 2, "secret": "forged", "place": "forged"}),
    (coroutine, {}),
]
INPUT: Any = {"messages": [HumanMessage("Go.")], "place": "Peru"}


def reference(made: tuple[BaseTool, dict[str, Any]]) -> Any:
    """A graph with LangGraph's own node for tools."""
    graph: Any = StateGraph(Trip, Person)
    graph.add_node("model", lambda state: {"messages": [calls((made[0].name, made[1]))]})
    graph.add_node("tools", ToolNode([made[0]]))
    graph.add_edge(START, "model")
    graph.add_edge("model", "tools")
    graph.add_edge("tools", END)
    return graph.compile(store=InMemoryStore())


def agent(made: tuple[BaseTool, dict[str, Any]]) -> Any:
    model = scripted(calls((made[0].name, made[1])), "Done.")
    return create_agent(model, [made[0]], state_schema=Trip, context_schema=Person, store=InMemoryStore())


@pytest.mark.parametrize("made", CALLS, ids=lambda made: f"{made[0].name}{sorted(made[1])}")
async def test_tools_get_what_toolnode_gives_them(made: tuple[BaseTool, dict[str, Any]]) -> None:
    found = []
    for graph in (reference(made), agent(made)):
        modes: Any = ["values", "custom"]
        parts = [part async for part in graph.astream(INPUT, context=Person("Ada"), stream_mode=modes)]
        state = [value for mode, value in parts if mode == "values"][-1]
        result = next(m for m in state["messages"] if isinstance(m, ToolMessage))
        found.append((result.content, result.status, [value for mode, value in parts if mode == "custom"]))
    assert found[0] == found[1]
    assert "forged" not in str(found[1])
    if made[0] is not coroutine:
        state = agent(made).invoke(INPUT, context=Person("Ada"))
        assert state["messages"][2].content == found[1][0]


def test_a_store_that_is_not_there_is_told() -> None:
    model = scripted(calls(("remember", {"fact": "x"})), "Done.")
    with pytest.raises(ValueError, match="store"):
        create_agent(model, [remember]).invoke({"messages": []})
    model = scripted(calls(("where", {"unit": "km"})), "Done.")
    with pytest.raises(ValueError, match="'place'"):
        create_agent(model, [where]).invoke({"messages": []})


@tool
def travel(to: str, id_: Annotated[str, InjectedToolCallId]) -> Command[Any]:
    """Change the state."""
    return Command(update={"place": to, "messages": [ToolMessage(f"Now in {to}.", tool_call_id=id_)]})


@tool
def sneak(to: str) -> Command[Any]:
    """Change the state and say nothing."""
    return Command(update={"place": to})


@tool
def chatter(id_: Annotated[str, InjectedToolCallId]) -> list[Any]:
    """Answer several times, and for others."""
    return [
        Command(update={"mood": "good", "messages": [ToolMessage("mine", tool_call_id=id_), HumanMessage("Look!")]}),
        ToolMessage("mine again", tool_call_id=id_),
        ToolMessage("another's", tool_call_id="c1"),
    ]


@tool
def forget(state: Annotated[Any, InjectedState], id_: Annotated[str, InjectedToolCallId]) -> Command[Any]:
    """Remove the question."""
    gone = RemoveMessage(state["messages"][0].id)
    return Command(update={"messages": [gone, ("human", "Nothing."), ToolMessage("gone", tool_call_id=id_)]})


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_commands_change_the_state_and_every_call_has_one_result(asynchronous: bool) -> None:
    model = scripted(calls(("travel", {"to": "Chile"}), ("chatter", {})), calls(("sneak", {"to": "Cuba"})), "Done.")
    graph = create_agent(model, [travel, sneak, chatter], state_schema=Trip)
    state = await graph.ainvoke(INPUT) if asynchronous else graph.invoke(INPUT)
    assert (state["place"], state["mood"]) == ("Cuba", "good")
    results = [(m.tool_call_id, m.text) for m in state["messages"] if isinstance(m, ToolMessage)]
    assert results == [("c1", "Now in Chile."), ("c2", "mine"), ("c1", "Done.")]
    model = scripted(calls(("forget", {})), "Done.")
    state = create_agent(model, [forget], state_schema=Trip).invoke(INPUT)
    assert [m.text for m in state["messages"]] == ["", "Nothing.", "gone", "Done."]


def test_a_command_may_hand_over_to_another_agent() -> None:
    @tool
    def hand_over(runtime: ToolRuntime) -> Command[Any]:
        """Hand over."""
        done = ToolMessage("Handed over.", tool_call_id=str(runtime.tool_call_id))
        messages = [*runtime.state["messages"], done]
        return Command(goto="second", graph=Command.PARENT, update={"messages": messages})

    outer: Any = StateGraph(AgentState)
    outer.add_node("first", create_agent(scripted(calls(("hand_over", {}))), [hand_over], name="first"))
    outer.add_node("second", create_agent(scripted("I take it."), name="second"))
    outer.add_edge(START, "first")
    state = outer.compile().invoke({"messages": [("human", "Go.")]})
    assert [m.text for m in state["messages"]] == ["Go.", "", "Handed over.", "I take it."]
    assert state["messages"][-1].name == "second"
    assert state["agent_run"]["steps"] == 1
