"""create_agent: the loop, with a real model; and with a scripted one for what the small model can't be made to do."""

from __future__ import annotations

from typing import Any

from agentkit.graphs import AgentState, create_agent
from agentkit.tools import calculator
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from agentkit import ChatHuggingFace


class Scripted(GenericFakeChatModel):
    """Says what it is given, whatever tools are bound."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def scripted(*messages: AIMessage) -> Scripted:
    return Scripted(messages=iter(messages))


@tool
def fail(reason: str) -> str:
    """Fail."""
    raise RuntimeError(reason)


def call(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "c1"}])


class Total(BaseModel):
    """A total."""

    total: int


def test_a_thread_is_kept_by_its_checkpointer(embedded: ChatHuggingFace) -> None:
    agent = create_agent(embedded, [calculator], checkpointer=InMemorySaver(), name="counter")
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [HumanMessage("What is 12 * 12?")]}, config)
    state = agent.invoke({"messages": [HumanMessage("What is 144 / 6?")]}, config)
    assert [m.type for m in state["messages"]] == ["human", "ai", "tool", "ai"] * 2
    assert state["messages"][-1].text == "144 / 6 = 24."
    assert {m.name for m in state["messages"] if m.type == "ai"} == {"counter"}


async def test_async_streams_the_steps(embedded: ChatHuggingFace) -> None:
    agent = create_agent(embedded, [calculator], system_prompt="You are a helpful assistant.")
    question = {"messages": [("human", "What is 12 * 12?")]}
    steps = [list(update) async for update in agent.astream(question, stream_mode="updates")]
    assert steps == [["model"], ["tools"], ["model"]]
    tokens = [chunk async for chunk, _ in agent.astream(question, stream_mode="messages")]
    assert "".join(t.text for t in tokens if t.type == "AIMessageChunk") == "12 * 12 = 144."


def test_a_structured_answer(embedded: ChatHuggingFace) -> None:
    agent = create_agent(embedded, [calculator], response_format=Total)
    state = agent.invoke({"messages": [("human", "What is 12 * 12?")]})
    assert isinstance(state["structured_response"], Total)


def test_errors_reach_the_model() -> None:
    model = scripted(call("fail", reason="out of paper"), call("fial"), call("fail"), AIMessage("I give up."))
    messages = create_agent(model, [fail]).invoke({"messages": [("human", "Go.")]})["messages"]
    results = [m for m in messages if isinstance(m, ToolMessage)]
    assert [m.status for m in results] == ["error"] * 3
    assert results[0].content == "Error: out of paper"
    assert "fial" in results[1].text
    assert "reason" in results[2].text
    assert messages[-1].text == "I give up."


def test_a_call_that_could_not_be_read_is_answered() -> None:
    broken = invalid_tool_call(name="calculator", args="{", id="c2", error="The output ended before the call did.")
    both = AIMessage("", tool_calls=call("calculator", expression="2+3").tool_calls, invalid_tool_calls=[broken])
    only = AIMessage("", invalid_tool_calls=[broken])
    messages = create_agent(scripted(both, only, AIMessage("5.")), [calculator]).invoke({"messages": []})["messages"]
    results = {m.tool_call_id: m.text for m in messages[1:3]}
    assert results == {"c1": "5", "c2": "Error: The output ended before the call did."}
    assert [m.type for m in messages] == ["ai", "tool", "tool", "ai", "tool", "ai"]


def test_a_call_of_a_tool_that_the_caller_runs_ends_the_graph() -> None:
    outside = {"type": "function", "function": {"name": "outside", "description": "Mine.", "parameters": {}}}
    state = create_agent(scripted(call("outside")), [calculator, outside]).invoke({"messages": []})
    assert state["messages"][-1].tool_calls[0]["name"] == "outside"


def test_a_state_of_ones_own(embedded: ChatHuggingFace) -> None:
    class Counted(AgentState):
        asked: int

    agent = create_agent(embedded, state_schema=Counted)
    assert agent.invoke({"messages": [("human", "Hello!")], "asked": 3})["asked"] == 3
