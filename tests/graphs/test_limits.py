"""Always an end: a model that never stops calling is stopped by each limit, and the state says by which."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from agentkit.graphs import Limits, create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from agentkit import ChatHuggingFace
from tests.graphs.scripted import Scripted, answering, calls, scripted
from tests.models import random_llama

QUESTION: Any = {"messages": [("human", "Go.")]}


@tool
def step(n: int) -> str:
    """Take a step."""
    time.sleep(0.002)
    return f"step {n}"


def restless(**fields: Any) -> Scripted:
    """Calls the tool for ever, each time anew."""
    numbers = itertools.count()
    return answering(lambda messages: calls(("step", {"n": next(numbers)}), **fields))


@pytest.mark.parametrize(
    ("limits", "steps"),
    [
        (Limits(), 50),
        (Limits(steps=1), 1),
        (Limits(steps=7), 7),
        (Limits(tool_calls=4), 5),
        (Limits(tokens=250), 4),
        (Limits(seconds=0.05, steps=1000), None),
    ],
)
def test_each_limit_leaves_one_turn_without_tools(limits: Limits, steps: int | None) -> None:
    model = restless(usage_metadata={"input_tokens": 60, "output_tokens": 40, "total_tokens": 100})
    state = create_agent(model, [step], limits=limits).invoke(QUESTION)
    run = state["agent_run"]
    named = {(7, "steps"), (5, "tool_calls"), (4, "tokens"), (50, "steps"), (1, "steps"), (None, "seconds")}
    assert (steps, state["stopped"]) in named
    assert steps is None or run["steps"] == steps
    assert run["steps"] < 1000
    assert model.choices == [None] * (run["steps"] - 1) + ["none"]
    assert run["tokens"] == 100 * run["steps"]
    ran = [m for m in state["messages"] if isinstance(m, ToolMessage) and m.status == "success"]
    # Time may run out while a tool runs.
    assert run["tool_calls"] in {len(ran), len(ran) + (state["stopped"] == "seconds")}
    if run["steps"] > 1 and state["stopped"] != "tokens":
        assert "Answer now from what you have." in model.prompts[-1][-1].text


def test_a_turn_that_takes_too_long_is_cut_off() -> None:
    chat = ChatHuggingFace.embedded()
    model = random_llama(chat._source.tokenizer)
    model.register_forward_pre_hook(lambda *_: time.sleep(0.05))
    slow = ChatHuggingFace.from_model(model, chat._source.tokenizer, max_tokens=2000)
    for tools, turns in (([], 1), ([step], 2)):
        began = time.monotonic()
        state = create_agent(slow, tools, limits=Limits(seconds=0.6)).invoke(QUESTION)
        assert time.monotonic() - began < 4
        assert state["stopped"] == "seconds"
        assert 1 <= state["agent_run"]["steps"] <= turns
        assert state["messages"][-1].response_metadata["finish_reason"] == "length"


def test_an_answer_in_the_last_turn_is_the_answer() -> None:
    model = answering(
        lambda messages: AIMessage("From what I have.") if len(messages) > 2 else calls(("step", {"n": 1}))
    )
    state = create_agent(model, [step], limits=Limits(steps=2)).invoke(QUESTION)
    assert state["messages"][-1].text == "From what I have."
    assert state["stopped"] == "steps"
    assert create_agent(scripted("At once."), [step]).invoke(QUESTION)["stopped"] is None


def test_calls_beyond_the_limit_are_answered_and_not_run() -> None:
    four = calls(*[("step", {"n": n}) for n in range(4)])
    state = create_agent(scripted(four, "Done."), [step], limits=Limits(tool_calls=3)).invoke(QUESTION)
    results = [m for m in state["messages"] if isinstance(m, ToolMessage)]
    assert [r.tool_call_id for r in results] == ["c1", "c2", "c3", "c4"]
    assert [r.status for r in results] == ["success"] * 3 + ["error"]
    assert "limit of 3 tool calls" in results[3].text
    assert state["agent_run"]["tool_calls"] == 3


@pytest.mark.parametrize("recursion_limit", [1, 2, 3, 4, 5, 6, 7, 12, 25])
@pytest.mark.parametrize("response", [None, {"title": "answer", "type": "object", "properties": {}}])
def test_a_recursion_limit_of_somebody_else_is_one_of_ours(recursion_limit: int, response: Any) -> None:
    class Structured(Scripted):
        def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
            from langchain_core.runnables import RunnableLambda

            return RunnableLambda(lambda _: {"raw": AIMessage("{}"), "parsed": {}, "parsing_error": None})

    numbers = itertools.count()
    model = Structured(answers=lambda messages: calls(("step", {"n": next(numbers)})))
    agent = create_agent(model, [step], response_format=response)
    state = agent.invoke(QUESTION, {"recursion_limit": recursion_limit})
    assert state["stopped"] == "steps"
    outer = StateGraph(MessagesState)
    outer.add_node("agent", agent)
    outer.add_edge(START, "agent")
    outer.add_edge("agent", END)
    assert len(outer.compile().invoke(QUESTION, {"recursion_limit": recursion_limit + 1})["messages"]) >= 2


def test_the_limits_are_those_of_a_run_and_not_of_a_thread() -> None:
    agent = create_agent(restless(), [step], limits=Limits(steps=3), checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    for _ in range(3):
        state = agent.invoke(QUESTION, config)
        assert (state["agent_run"]["steps"], state["agent_run"]["tool_calls"]) == (3, 2)


def test_limits_that_are_none_are_refused() -> None:
    for wrong in ({"steps": 0}, {"steps": None}, {"tool_calls": 0}, {"seconds": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Limits(**wrong)  # type: ignore[arg-type]
