"""A conversation that outgrows the model's context is shortened, and stays a conversation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from agentkit.graphs import Counter, Shortened, create_agent, shorten
from agentkit.tools import calculator
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from agentkit import ChatHuggingFace
from tests.graphs.scripted import Scripted, calls, scripted

NOTHING = Shortened(clipped={}, dropped=[])


def conversation(seed: int) -> list[AnyMessage]:
    """A system prompt, and questions with turns of one or two calls, of random length."""
    draw = random.Random(seed)

    def words(most: int) -> str:
        return " ".join(str(draw.randrange(10**6)) for _ in range(draw.randrange(1, most)))

    messages: list[AnyMessage] = [SystemMessage(words(20), id="s")]
    for question in range(draw.randrange(1, 5)):
        messages.append(HumanMessage(words(20), id=f"q{question}"))
        for turn in range(draw.randrange(4)):
            made = calls(*[("look", {"at": words(5)})] * draw.randrange(1, 3))
            made.id = f"a{question}{turn}"
            messages.append(made)
            for call in made.tool_calls:
                id_ = f"r{question}{turn}{call['id']}"
                messages.append(ToolMessage(words(400), tool_call_id=call["id"], id=id_))
        if draw.random() < 0.7:
            messages.append(AIMessage(words(60), id=f"e{question}"))
    if draw.random() < 0.5:
        messages.append(HumanMessage("And now?", id="last"))
    return messages


@pytest.mark.parametrize("seed", range(60))
def test_what_is_left_is_a_conversation_that_fits(seed: int) -> None:
    messages = conversation(seed)
    counter = Counter(scripted())
    least = [m for m in messages if isinstance(m, SystemMessage) or m.id == "q0"]
    room = counter.messages(least) + 450
    shown, lacks = shorten(messages, NOTHING, counter, room)
    assert counter.messages(shown) <= room
    by_id = {m.id: m for m in shown}
    assert {m.id for m in messages} - by_id.keys() == set(lacks["dropped"])
    assert {m.id for m in messages if m.id in by_id and by_id[m.id].content != m.content} == set(lacks["clipped"])
    assert all(m.id in by_id for m in least)
    assert shown == [by_id[m.id] for m in messages if m.id in by_id]
    open_calls: list[str] = []
    for message in shown:
        if isinstance(message, ToolMessage):
            assert message.tool_call_id in open_calls
            open_calls.remove(message.tool_call_id)
        else:
            assert open_calls == []
            open_calls = [str(call["id"]) for call in message.tool_calls] if isinstance(message, AIMessage) else []
    assert open_calls == []
    again, same = shorten(messages, lacks, counter, room)
    assert (again, same) == (shown, lacks)
    if counter.messages(messages) <= room:
        assert lacks == NOTHING
    elif lacks["dropped"]:  # results are clipped before a turn is dropped
        results = [m for m in messages if isinstance(m, ToolMessage) and m.id in by_id]
        old = [m for m in results if m.id not in {r.id for r in messages[-3:]}]
        assert all(m.id in lacks["clipped"] or counter.text(m.text) <= 60 for m in old)


class Counting(Scripted):
    """A model with a small context that counts a token a character."""

    def get_num_tokens(self, text: str) -> int:
        return len(text)

    def get_num_tokens_from_messages(self, messages: Any, tools: Any = None) -> int:
        return sum(len(m.text) + 10 for m in messages)


def test_the_whole_stays_in_the_state_and_the_cut_holds_for_the_next_turns() -> None:
    @tool
    def read(page: int) -> str:
        """Read a page."""
        return f"{page} " * 150

    turns = [calls(("read", {"page": page})) for page in range(12)]
    model = Counting(answers=[*turns, AIMessage("Read."), AIMessage("Yes.")], profile={"max_input_tokens": 2000})
    agent = create_agent(model, [read], system_prompt="Read.", checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    state = agent.invoke({"messages": [("human", "Read all.")]}, config)
    assert all(model.get_num_tokens_from_messages(prompt) <= 1500 for prompt in model.prompts)
    assert len(state["messages"]) == 1 + 12 * 2 + 1
    assert all(len(m.text) >= 300 for m in state["messages"] if m.type == "tool")
    lacks = state["shortened"]
    assert lacks["dropped"]
    assert set(lacks["dropped"]) | lacks["clipped"].keys() <= {m.id for m in state["messages"]}
    assert all([m.text for m in prompt[:2]] == ["Read.", "Read all."] for prompt in model.prompts)
    extended = sum(a == b[: len(a)] for a, b in zip(model.prompts, model.prompts[1:], strict=False))
    assert extended >= 8  # most prompts extend the one before, whose keys and values are cached
    state = agent.invoke({"messages": [("human", "Is that all?")]}, config)
    assert set(lacks["dropped"]) <= set(state["shortened"]["dropped"])
    assert len(model.prompts[-1]) < 26


def test_one_result_that_is_too_long_is_clipped() -> None:
    @tool
    def read() -> str:
        """Read everything."""
        return "word " * 10_000

    model = Counting(
        answers=[calls(("read", {}), ("read", {})), AIMessage("Read.")], profile={"max_input_tokens": 1000}
    )
    state = create_agent(model, [read], tool_output_tokens=10**6).invoke({"messages": [("human", "Read.")]})
    assert model.get_num_tokens_from_messages(model.prompts[1]) <= 750
    assert all(len(m.text) == 50_000 for m in state["messages"] if m.type == "tool")
    assert len(state["shortened"]["clipped"]) == 2


def test_a_policy_of_ones_own() -> None:
    def last_question(
        messages: Sequence[AnyMessage], before: Shortened, counter: Counter, room: int
    ) -> tuple[list[AnyMessage], Shortened]:
        return [messages[-1]], Shortened(clipped={}, dropped=[str(m.id) for m in messages[:-1]])

    model = Counting(answers=[AIMessage("Yes.")], profile={"max_input_tokens": 100})
    agent = create_agent(model, context_policy=last_question)
    state = agent.invoke({"messages": [("human", "Long ago."), ("ai", "So?"), ("human", "Is it?")]})
    assert [m.text for m in model.prompts[0]] == ["Is it?"]
    assert len(state["shortened"]["dropped"]) == 2


def test_a_long_thread_of_a_real_model_stays_within_its_context(embedded: ChatHuggingFace) -> None:
    context = Counter(embedded, [calculator]).room
    assert context is not None
    small = 420
    model = embedded.model_copy()
    model.profile = {"max_input_tokens": small}
    agent = create_agent(model, [calculator], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    for n in range(12, 26):
        state = agent.invoke({"messages": [HumanMessage(f"What is {n} * {n}?")]}, config)
        assert str(n * n) in state["messages"][-1].text
        assert state["messages"][-1].usage_metadata["input_tokens"] <= small
    assert state["shortened"]["dropped"]
    assert len(state["messages"]) == 14 * 4
