"""create_agent, at home in LangGraph: threads, time travel, forks, streams, and agents as nodes of other graphs."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from agentkit.graphs import AgentState, Limits, create_agent
from agentkit.tools import calculator
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command

from agentkit import ChatHuggingFace
from tests.graphs.scripted import answering, calls, scripted

CONFIG: Any = {"configurable": {"thread_id": "1"}}
QUESTION: Any = {"messages": [("human", "What is 12 * 12?")]}


def test_a_thread_is_kept_by_its_checkpointer(embedded: ChatHuggingFace) -> None:
    agent = create_agent(embedded, [calculator], checkpointer=InMemorySaver(), name="counter")
    agent.invoke(QUESTION, CONFIG)
    state = agent.invoke({"messages": [HumanMessage("What is 144 / 6?")]}, CONFIG)
    assert [m.type for m in state["messages"]] == ["human", "ai", "tool", "ai"] * 2
    assert state["messages"][-1].text == "144 / 6 = 24."
    assert {m.name for m in state["messages"] if m.type == "ai"} == {"counter"}


def test_time_travel_and_forks(embedded: ChatHuggingFace) -> None:
    agent = create_agent(embedded, [calculator], checkpointer=InMemorySaver())
    agent.invoke(QUESTION, CONFIG)
    history = list(agent.get_state_history(CONFIG))
    before_tools = next(snapshot for snapshot in history if snapshot.next == ("tools",))
    replayed = agent.invoke(None, before_tools.config)
    assert replayed["messages"][-1].text == "12 * 12 = 144."
    asked = before_tools.values["messages"][-1]
    changed = asked.model_copy(update={"tool_calls": [{**asked.tool_calls[0], "args": {"expression": "12 * 13"}}]})
    fork = agent.update_state(before_tools.config, {"messages": [changed]}, as_node="model")
    assert agent.get_state(fork).next == ("tools",)
    state = agent.invoke(None, fork)
    assert state["messages"][2].text == "156"
    assert len(state["messages"]) == 4


def test_more_calls_in_a_fork_all_run() -> None:
    model = scripted(calls(("calculator", {"expression": "1 + 1"})), "Done.", "Done.")
    agent = create_agent(model, [calculator], checkpointer=InMemorySaver(), limits=Limits(tool_calls=9))
    agent.invoke(QUESTION, CONFIG)
    before = next(s for s in agent.get_state_history(CONFIG) if s.next == ("tools",))
    two = calls(("calculator", {"expression": "2 + 2"}), ("calculator", {"expression": "3 + 3"}))
    two.id = before.values["messages"][-1].id
    state = agent.invoke(None, agent.update_state(before.config, {"messages": [two]}, as_node="model"))
    assert [m.text for m in state["messages"] if m.type == "tool"] == ["4", "6"]


async def test_streams(embedded: ChatHuggingFace) -> None:
    @tool
    def calculate(expression: str) -> str:
        """Calculate the result of an arithmetic expression."""
        for part in ("half", "whole"):
            get_stream_writer()({"done": part})
        return "144"

    agent = create_agent(embedded, [calculate], system_prompt="You are a helpful assistant.")
    modes: Any = ["values", "updates", "messages", "custom"]
    asynchronous = [part async for part in agent.astream(QUESTION, stream_mode=modes)]
    for parts in (asynchronous, list(agent.stream(QUESTION, stream_mode=modes))):
        of: dict[str, list[Any]] = {mode: [value for m, value in parts if m == mode] for mode in modes}
        assert [list(update) for update in of["updates"]] == [["model"], ["tools"], ["model"]]
        assert [len(value["messages"]) for value in of["values"]] == [1, 1, 2, 3, 4]
        assert of["custom"] == [{"done": "half"}, {"done": "whole"}]
        chunks = [message for message, _ in of["messages"] if isinstance(message, AIMessageChunk)]
        said = [c["args"] or "" for chunk in chunks for c in chunk.tool_call_chunks]
        assert len(said) > 2
        assert "12 * 12" in "".join(said)
        assert "".join(chunk.text for chunk in chunks).endswith("144.")
        assert [m.text for m, _ in of["messages"] if isinstance(m, ToolMessage)] == ["144"]
        assert {"steps", "seconds"} <= set(of["values"][-1]["agent_run"])


def test_agents_as_nodes_keep_what_is_theirs_apart() -> None:
    class Shared(AgentState):
        topic: str

    numbers = itertools.count()

    @tool
    def step(n: int) -> str:
        """Take a step."""
        return str(n)

    def restless() -> Any:
        return answering(lambda messages: calls(("step", {"n": next(numbers)})))

    def both(schema: Any, **channels: Any) -> Any:
        graph: Any = StateGraph(schema)
        graph.add_node("first", create_agent(restless(), [step], name="first", limits=Limits(steps=3)))
        graph.add_node("second", create_agent(scripted("The end."), [step], name="second"))
        graph.add_edge(START, "first")
        graph.add_edge("first", "second")
        graph.add_edge("second", END)
        return graph.compile().invoke({"messages": [("human", "Go.")], **channels})

    plain = both(MessagesState)
    assert list(plain) == ["messages"]
    shared = both(Shared, topic="x")
    assert (shared["stopped"], shared["agent_run"]["steps"], shared["topic"]) == (None, 1, "x")
    assert len(shared["messages"]) == len(plain["messages"]) == 1 + 6 + 1


def test_an_agent_pauses_inside_another_graph() -> None:
    inner = create_agent(scripted(calls(("calculator", {"expression": "2+3"})), "5."), [calculator], approve=True)
    outer: Any = StateGraph(MessagesState)
    outer.add_node("agent", inner)
    outer.add_edge(START, "agent")
    graph = outer.compile(checkpointer=InMemorySaver())
    assert graph.invoke(QUESTION, CONFIG)["__interrupt__"][0].value["name"] == "calculator"
    state = graph.invoke(Command(resume={"type": "accept"}), CONFIG)
    assert [m.text for m in state["messages"]][-2:] == ["5", "5."]


def test_an_agent_as_a_tool_of_another() -> None:
    inner = create_agent(scripted(calls(("calculator", {"expression": "2+3"})), "5."), [calculator], checkpointer=False)

    @tool
    def ask(question: str) -> str:
        """Ask a mathematician."""
        return str(inner.invoke({"messages": [("human", question)]})["messages"][-1].text)

    model = scripted(calls(("ask", {"question": "2+3?"})), "It is 5.")
    state = create_agent(model, [ask], checkpointer=InMemorySaver()).invoke(QUESTION, CONFIG)
    assert [m.text for m in state["messages"]][-2:] == ["5.", "It is 5."]


def test_a_pause_before_the_tools() -> None:
    model = scripted(calls(("calculator", {"expression": "2+3"})), "5.")
    agent = create_agent(model, [calculator], checkpointer=InMemorySaver(), interrupt_before=["tools"])
    agent.invoke(QUESTION, CONFIG)
    assert agent.get_state(CONFIG).next == ("tools",)
    assert agent.invoke(None, CONFIG)["messages"][-1].text == "5."


def test_the_picture() -> None:
    drawn = create_agent(scripted("Hi."), [calculator], response_format=None).get_graph().draw_mermaid()
    for edge in ("__start__ --> begin", "begin --> model", "model -.-> tools", "tools --> model", "model -.-> __end__"):
        assert edge in drawn


def test_answers_of_an_agent_without_tools() -> None:
    state = create_agent(scripted(AIMessage("Hi.")), system_prompt="Be brief.").invoke(QUESTION)
    assert [m.text for m in state["messages"]] == ["What is 12 * 12?", "Hi."]
    assert set(state) == {"messages", "agent_run", "shortened", "stopped"}


def test_a_state_of_ones_own(embedded: ChatHuggingFace) -> None:
    class Counted(AgentState):
        asked: int

    agent = create_agent(embedded, state_schema=Counted)
    assert agent.invoke({"messages": [("human", "Hello!")], "asked": 3})["asked"] == 3

    class Plain(MessagesState):
        asked: int

    state = create_agent(embedded, state_schema=Plain).invoke({"messages": [("human", "Hello!")], "asked": 3})
    assert (state["asked"], state["stopped"]) == (3, None)
    with pytest.raises(TypeError, match="TypedDict"):
        create_agent(embedded, state_schema=dict)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="calculator"):
        create_agent(scripted("Hi."), [calculator, calculator])


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_agent_with_threads_of_its_own_in_a_graph_without(asynchronous: bool) -> None:
    outer: Any = StateGraph(MessagesState)
    outer.add_node("agent", create_agent(scripted("Hi."), checkpointer=InMemorySaver()))
    outer.add_edge(START, "agent")
    graph = outer.compile()
    state = await graph.ainvoke(QUESTION) if asynchronous else graph.invoke(QUESTION)
    assert state["messages"][-1].text == "Hi."


def test_the_agent_of_a_tool_has_its_own_limits() -> None:
    numbers = itertools.count()
    inner_model = answering(lambda messages: calls(("calculator", {"expression": f"{next(numbers)} + 1"})))
    inner = create_agent(inner_model, [calculator], limits=Limits(steps=30))

    @tool
    def ask() -> str:
        """Ask another agent."""
        return str(inner.invoke(QUESTION)["agent_run"]["steps"])

    state = create_agent(scripted(calls(("ask", {})), "So many."), [ask], limits=Limits(steps=3)).invoke(QUESTION)
    assert state["messages"][2].text == "30"
