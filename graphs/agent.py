"""create_agent: a model, its tools, and the loop between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.cache.base import BaseCache
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer
from typing_extensions import NotRequired


class AgentState(MessagesState):
    """What an agent keeps: the conversation and, where a `response_format` was asked for, the answer in it."""

    structured_response: NotRequired[Any]


def create_agent(
    model: str | BaseChatModel,
    tools: Sequence[BaseTool | Callable[..., Any] | dict[str, Any]] | None = None,
    *,
    system_prompt: str | SystemMessage | None = None,
    response_format: type | dict[str, Any] | None = None,
    state_schema: type[AgentState] | None = None,
    context_schema: type[Any] | None = None,
    checkpointer: Checkpointer | None = None,
    store: BaseStore | None = None,
    interrupt_before: list[str] | None = None,
    interrupt_after: list[str] | None = None,
    debug: bool = False,
    name: str | None = None,
    cache: BaseCache[Any] | None = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """An agent: the model calls tools and reads their results until it has an answer.

    The arguments are those of `langchain.agents.create_agent`.

    Args:
        model: a chat model, or the folder or hub id of one.
        tools: LangChain tools or functions. A dict is an OpenAI specification of a tool that the caller runs: the graph
            ends where it is called.
        system_prompt: what the model is told first.
        response_format: a pydantic model, TypedDict or JSON Schema; the answer then also comes as
            `state["structured_response"]`, validated.
        state_schema: a state with more fields than `AgentState`.
        context_schema: the type of what is passed as `context=` at run time.
        checkpointer: where threads are kept.
        store: what tools may keep across threads.
        interrupt_before: nodes to pause before: "model", "tools" or "respond".
        interrupt_after: nodes to pause after.
        debug: whether LangGraph prints what happens.
        name: the graph's name, where it is a node of another.
        cache: LangGraph's cache of node results.

    Returns:
        A compiled graph; its state holds `messages`.
    """
    if isinstance(model, str):
        from agentkit.chat import ChatHuggingFace

        model = ChatHuggingFace.from_model_id(model)
    offered = list(tools or [])
    external = {convert_to_openai_tool(tool)["function"]["name"] for tool in offered if isinstance(tool, dict)}
    node = ToolNode([tool for tool in offered if not isinstance(tool, dict)], handle_tool_errors=_told)
    prompt = (
        [SystemMessage(system_prompt) if isinstance(system_prompt, str) else system_prompt] if system_prompt else []
    )
    ask: Runnable[Any, Any] = RunnableLambda(lambda state: [*prompt, *state["messages"]], name="conversation")
    caller = model.bind_tools(offered) if offered else model
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(state_schema or AgentState, context_schema=context_schema)
    graph.add_node("model", ask | caller | RunnableLambda(lambda message: _said(message, name), name="said"))
    graph.add_edge(START, "model")
    ways: list[str] = []
    if offered:
        graph.add_node("tools", node)
        graph.add_node("refuse", refuse)
        graph.add_edge("tools", "model")
        graph.add_edge("refuse", "model")
        ways += ["tools", "refuse"]
    if response_format is not None:
        question: Runnable[Any, Any] = RunnableLambda(lambda state: [*prompt, *state["messages"][:-1]], name="question")
        answer: Runnable[Any, Any] = RunnableLambda(
            lambda value: {"structured_response": value}, name="structured_response"
        )
        graph.add_node("respond", question | model.with_structured_output(response_format) | answer)
        graph.add_edge("respond", END)
    done = END if response_format is None else "respond"

    def after_model(state: AgentState) -> list[str]:
        last = state["messages"][-1]
        if not isinstance(last, AIMessage):
            return [done]
        known = [call for call in last.tool_calls if call["name"] not in external]
        if len(known) < len(last.tool_calls):
            return [END]
        return ["tools"] * bool(known) + ["refuse"] * bool(last.invalid_tool_calls and offered) or [done]

    graph.add_conditional_edges("model", after_model, [*ways, done, *([END] if external else [])])
    return graph.compile(
        checkpointer=checkpointer,
        store=store,
        cache=cache,
        interrupt_before=interrupt_before,
        interrupt_after=interrupt_after,
        debug=debug,
        name=name,
    )


def refuse(state: AgentState) -> dict[str, list[ToolMessage]]:
    """Tells the model what was wrong with each of its calls that could not be read."""
    last = state["messages"][-1]
    calls = last.invalid_tool_calls if isinstance(last, AIMessage) else []
    return {
        "messages": [
            ToolMessage(
                f"Error: {call['error'] or 'The call could not be read.'}", tool_call_id=call["id"], status="error"
            )
            for call in calls
        ]
    }


def _told(error: Exception) -> str:
    """A failed tool's result: what the model can act on."""
    return f"Error: {error}"


def _said(message: AIMessage, name: str | None) -> dict[str, list[AnyMessage]]:
    if name and not message.name:
        message.name = name
    return {"messages": [message]}
