"""The chat model under the agents that people have: LangChain's, LangGraph's, and their streams of events."""

from __future__ import annotations

from typing import Any

import pytest
from agentkit.tools import calculator
from langchain.agents import create_agent
from langchain.agents.middleware import (
    ModelCallLimitMiddleware,
    SummarizationMiddleware,
    ToolCallLimitMiddleware,
    ToolRetryMiddleware,
    wrap_model_call,
)
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, create_react_agent, tools_condition
from pydantic import BaseModel

from agentkit import ChatHuggingFace

QUESTION = {"messages": [HumanMessage("What is 37593 * 67?")]}


class Answer(BaseModel):
    """The answer."""

    value: str


def answered(state: Any) -> None:
    kinds = [message.type for message in state["messages"]]
    assert kinds[:3] == ["human", "ai", "tool"]
    assert state["messages"][2].content == "2518731"
    assert "2518731" in state["messages"][3].text


async def test_langchains_agent_with_middleware(embedded: ChatHuggingFace) -> None:
    seen: list[int] = []

    @wrap_model_call
    async def counting(request: Any, handler: Any) -> Any:
        seen.append(len(request.messages))
        return await handler(request.override(model_settings={"max_tokens": 80}))

    agent = create_agent(
        embedded,
        [calculator],
        middleware=[
            counting,
            ModelCallLimitMiddleware(run_limit=5),
            ToolCallLimitMiddleware(run_limit=5),
            ToolRetryMiddleware(max_retries=1),
            SummarizationMiddleware(embedded, trigger=("fraction", 0.9)),  # asks the profile how much the model holds
        ],
    )
    answered(await agent.ainvoke(QUESTION))
    assert seen == [1, 3]


@pytest.mark.parametrize(
    ("strategy", "tools"),
    [(ProviderStrategy(Answer), [calculator]), (Answer, [calculator]), (ToolStrategy(Answer), [])],
    ids=["provider", "by profile", "tool"],
)
def test_langchains_agent_with_a_structured_answer(embedded: ChatHuggingFace, strategy: Any, tools: list[Any]) -> None:
    state = create_agent(embedded, tools, response_format=strategy).invoke(QUESTION, {"recursion_limit": 12})
    assert isinstance(state["structured_response"], Answer)


@pytest.mark.filterwarnings("ignore:create_react_agent")
def test_langgraphs_ready_made_agent(embedded: ChatHuggingFace) -> None:
    answered(create_react_agent(embedded, [calculator]).invoke(QUESTION))


def test_a_graph_of_ones_own_with_a_tool_node(embedded: ChatHuggingFace) -> None:
    model = embedded.bind_tools([calculator])
    graph: Any = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([calculator]))
    graph.set_entry_point("model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    agent = graph.compile()
    answered(agent.invoke(QUESTION))
    pieces = [chunk for chunk, _ in agent.stream(QUESTION, stream_mode="messages")]
    assert sum(bool(getattr(chunk, "tool_call_chunks", None)) for chunk in pieces) > 2
    assert any(isinstance(chunk, ToolMessage) for chunk in pieces)


async def test_events(embedded: ChatHuggingFace) -> None:
    agent = create_agent(embedded, [calculator])
    kinds: dict[str, int] = {}
    text = ""
    async for event in agent.astream_events(QUESTION, version="v2"):
        kinds[event["event"]] = kinds.get(event["event"], 0) + 1
        if event["event"] == "on_chat_model_stream":
            text += event["data"]["chunk"].text
    assert kinds["on_chat_model_start"] == kinds["on_chat_model_end"] == 2
    assert kinds["on_chat_model_stream"] > 8
    assert kinds["on_tool_end"] == 1
    assert "2518731" in text


def test_messages_of_standard_blocks_go_round(embedded: ChatHuggingFace) -> None:
    model = ChatHuggingFace.embedded(output_version="v1").bind_tools([calculator])
    asked = model.invoke(QUESTION["messages"])
    assert [block["type"] for block in asked.content] == ["tool_call"]
    result = ToolMessage("2518731", tool_call_id=asked.tool_calls[0]["id"])
    answer = model.invoke([SystemMessage("Be brief."), *QUESTION["messages"], asked, result])
    assert isinstance(answer, AIMessage)
    assert "2518731" in answer.text
    plain = embedded.bind_tools([calculator]).invoke(
        [SystemMessage("Be brief."), *QUESTION["messages"], AIMessage("", tool_calls=asked.tool_calls), result]
    )
    assert plain.text == answer.text
