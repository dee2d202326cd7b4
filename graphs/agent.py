"""create_agent: a model, its tools, and the loop between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentkit.graphs.approval import Approve
from agentkit.graphs.begin import begin
from agentkit.graphs.blocks import refused
from agentkit.graphs.calls import Calls
from agentkit.graphs.context import ContextPolicy, shorten
from agentkit.graphs.counting import Counter
from agentkit.graphs.durability import DurableGraph
from agentkit.graphs.faults import HandleToolErrors
from agentkit.graphs.limits import Limits
from agentkit.graphs.nodes import Node
from agentkit.graphs.offer import Offer
from agentkit.graphs.respond import Respond
from agentkit.graphs.routes import Routes
from agentkit.graphs.state import AgentState, schemas
from agentkit.graphs.turn import Turn
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import SystemMessage
from langchain_core.tools import BaseTool
from langgraph.cache.base import BaseCache
from langgraph.constants import TAG_HIDDEN
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

_MOST_AT_ONCE = 256
"""Calls of one turn. LangGraph's own number without an event loop is that of the cores and four."""


def create_agent(
    model: str | BaseChatModel,
    tools: Sequence[BaseTool | Callable[..., Any] | dict[str, Any]] | None = None,
    *,
    system_prompt: str | SystemMessage | None = None,
    response_format: type | dict[str, Any] | None = None,
    limits: Limits | None = None,
    approve: Approve = False,
    handle_tool_errors: HandleToolErrors = True,
    tool_timeout: float | Mapping[str, float] | None = None,
    tool_output_tokens: int | None = None,
    context_policy: ContextPolicy = shorten,
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
    """An agent: the model calls tools and reads their results until it has an answer, or until a limit.

    Where they have the same name, the arguments are those of `langchain.agents.create_agent`.

    Args:
        model: a chat model, or the folder or hub id of one.
        tools: LangChain tools or functions. A dict is an OpenAI specification of a tool that the caller runs: the graph
            ends where it is called.
        system_prompt: what the model is told first.
        response_format: a pydantic model, TypedDict or JSON Schema; the answer then also comes as
            `state["structured_response"]`, validated.
        limits: how much one run may do; `state["stopped"]` says which limit ended it, `state["agent_run"]` what was
            done.
        approve: which calls wait for a person: True, names of tools, or a function of a `ProposedCall`. The graph is
            resumed with a `Decision`: `Command(resume={"type": "accept"})`.
        handle_tool_errors: which exceptions of tools the model is told, as in `langgraph.prebuilt.ToolNode`; all
            others pass through.
        tool_timeout: seconds after which a tool is not waited for any longer, or those of tools by their names.
        tool_output_tokens: how many tokens of a result the model is shown; the whole is kept as its artifact. By
            default a quarter of the model's context, or 4000 where that is not known.
        context_policy: chooses what the model is shown of a conversation that outgrows its context;
            `state["shortened"]` says what it is not shown.
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
        A compiled graph; its state is an `AgentState`.
    """
    if isinstance(model, str):
        from agentkit.chat import ChatHuggingFace

        model = ChatHuggingFace.from_model_id(model)
    limits, offer = limits or Limits(), Offer.of(tools)
    prompt = SystemMessage(system_prompt) if isinstance(system_prompt, str) else system_prompt
    counter = Counter(model, offer.tools)
    logprobs = {"logprobs": True} if callable(approve) and getattr(model, "logprobs", True) is None else {}
    turn = Turn(
        with_tools=offer.to(model, **logprobs),
        without_tools=offer.to(model, tool_choice="none"),
        prompt=[prompt] if prompt else [],
        limits=limits,
        policy=context_policy,
        counter=counter,
        name=name,
        own_logprobs=bool(logprobs),
        called_outside=offer.called_outside,
        can_be_cut=hasattr(model, "max_time"),
        max_time=getattr(model, "max_time", None),
    )
    output_tokens = tool_output_tokens or (counter.room or 16_000) // 4
    calls = Calls(offer.own, counter, output_tokens, handle_tool_errors, tool_timeout, approve, refused(model))
    routes = Routes(calls, limits, offer.called_outside, done=END if response_format is None else "respond")
    inside, taken, given = schemas(state_schema, response_format)
    graph: StateGraph[Any, Any, Any, Any]
    graph = StateGraph(inside, context_schema, input_schema=taken, output_schema=given)
    graph.add_node("begin", Node(begin, "begin"))
    graph.add_node("model", Node(turn, "model"))
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "model")
    if offer.tools:
        graph.add_node("tools", Node(calls, "tools"))
        graph.add_conditional_edges("model", routes.after_model, ["tools", *routes.ends])
        if routes.ends_of_tools:
            graph.add_conditional_edges("tools", routes.after_tools, ["model", *routes.ends_of_tools])
        else:
            graph.add_edge("tools", "model")
    else:
        graph.add_edge("model", routes.done)
    if response_format is not None:
        structured = model.with_structured_output(response_format, include_raw=True)
        graph.add_node("respond", Node(Respond(structured, turn), "respond"))
        graph.add_edge("respond", END)
    compiled = graph.compile(
        checkpointer=checkpointer,
        store=store,
        cache=cache,
        interrupt_before=interrupt_before,
        interrupt_after=interrupt_after,
        debug=debug,
        name=name,
    )
    compiled.nodes["begin"].tags = [TAG_HIDDEN]  # from streams of updates, as LangGraph's own first node is
    return DurableGraph.of(compiled).with_config(recursion_limit=limits.recursion_limit, max_concurrency=_MOST_AT_ONCE)
