"""Tools, people and servers that do what nobody expects of them: a run bears it."""

from __future__ import annotations

import asyncio
import datetime
import threading
import time
from typing import Any

import pytest
from agentkit.graphs import Limits, create_agent
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, TypeAdapter, ValidationError

from agentkit import ChatHuggingFace
from tests.endpoint.loopback import loopback
from tests.graphs.scripted import calls, scripted
from tests.models import random_llama

QUESTION: Any = {"messages": [("human", "Go.")]}
CONFIG: Any = {"configurable": {"thread_id": "1"}}


def results(state: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


def test_many_calls_at_once_take_no_longer_than_one() -> None:
    @tool
    def nap() -> str:
        """Sleep."""
        time.sleep(0.4)
        return "awake"

    many = calls(*[("nap", {})] * 40)
    for asynchronous in (False, True):
        agent = create_agent(scripted(many, "Done."), [nap])
        began = time.monotonic()
        state = asyncio.run(agent.ainvoke(QUESTION)) if asynchronous else agent.invoke(QUESTION)
        assert time.monotonic() - began < 4
        assert [result.text for result in results(state)] == ["awake"] * 40


def test_calls_that_wait_for_others_have_no_more_time_than_they() -> None:
    ran = []

    @tool
    def nap(n: int) -> str:
        """Sleep."""
        ran.append(n)
        time.sleep(0.5)
        return "awake"

    many = calls(*(("nap", {"n": n}) for n in range(12)))
    began = time.monotonic()
    state = create_agent(scripted(many, "Done."), [nap], limits=Limits(seconds=0.8)).invoke(
        QUESTION, {"max_concurrency": 1}
    )
    took = time.monotonic() - began
    assert took < 2.5
    assert len(ran) == 2
    assert [result.status for result in results(state)] == ["success"] + ["error"] * 11
    assert state["stopped"] == "seconds"
    assert abs(state["agent_run"]["seconds"] - took) < 0.3


def test_a_structured_answer_has_its_time_too() -> None:
    class Story(BaseModel):
        text: str

    tokenizer = ChatHuggingFace.embedded()._source.tokenizer  # type: ignore[attr-defined]
    model = random_llama(tokenizer)
    model.register_forward_pre_hook(lambda *_: time.sleep(0.05))
    slow = ChatHuggingFace.from_model(model, tokenizer, max_tokens=2000)
    began = time.monotonic()
    state = create_agent(slow, response_format=Story, limits=Limits(seconds=0.5)).invoke(QUESTION)
    assert time.monotonic() - began < 6
    assert state["stopped"] == "seconds"


async def test_an_exit_in_a_coroutine_is_its_own() -> None:
    @tool
    async def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    state = await create_agent(scripted(calls(("leave", {})), "Done."), [leave]).ainvoke(QUESTION)
    assert "SystemExit: 3" in results(state)[0].text


def test_an_agent_over_a_server_whose_tokenizer_is_not_at_hand() -> None:
    @tool
    def read() -> str:
        """Read."""
        return "word " * 40_000

    def reply(**message: Any) -> dict[str, Any]:
        said = {"role": "assistant", "content": None, **message}
        return {"model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": said}]}

    call = {"id": "a", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    with loopback() as server:
        server.will(reply(tool_calls=[call]), reply(content="Done."))
        chat = ChatHuggingFace(base_url=server.url, model_id="served-model", tokenizer=False)
        state = create_agent(chat, [read]).invoke(QUESTION)
    assert state["messages"][-1].text == "Done."
    assert "characters left out" in results(state)[0].text
    assert not any("max_time" in body for body in server.asked)


def test_blocks_that_the_model_does_not_take_are_told_in_words(embedded: ChatHuggingFace) -> None:
    image = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    data = {"type": "json", "json": {"rows": list(range(40_000))}}

    @tool
    def look() -> list[Any]:
        """Look."""
        return [{"type": "text", "text": "seen"}, image, data]

    class Asking(ChatHuggingFace):
        """Calls first, whatever it is told."""

        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(messages[-1], ToolMessage):
                return scripted(calls(("look", {})))._generate(messages)
            return super()._generate(messages, *args, **kwargs)

    model = Asking(tokenizer=embedded._source.tokenizer, llm=None, model_id=embedded.model_id)  # type: ignore[attr-defined]
    state = create_agent(model, [look], tool_output_tokens=200).invoke(QUESTION)
    (result,) = results(state)
    text = result.text
    assert text.startswith("seen")
    assert "[An image, which this model does not take.]" in text
    assert "characters left out" in text
    assert len(text) < 3000
    assert image in result.artifact
    assert isinstance(state["messages"][-1], AIMessage)


def test_an_artifact_that_cannot_be_saved_is_left_out_where_something_is_saved() -> None:
    @tool(response_format="content_and_artifact")
    def lock() -> tuple[str, Any]:
        """Lock."""
        return "locked", threading.Lock()

    for checkpointer in (None, InMemorySaver()):
        agent = create_agent(scripted(calls(("lock", {})), "Done."), [lock], checkpointer=checkpointer)
        (result,) = results(agent.invoke(QUESTION, CONFIG))
        assert result.text == "locked"
        assert (result.artifact is None) == (checkpointer is not None)
        assert ("left_out" in result.response_metadata) == (checkpointer is not None)


@tool(return_direct=True)
def order(n: int) -> str:
    """Order some."""
    return f"ordered {n}"


def test_what_went_wrong_is_no_answer_even_of_a_tool_that_answers() -> None:
    model = scripted(calls(("order", {"n": "two"})), calls(("order", {"n": 2})))
    state = create_agent(model, [order]).invoke(QUESTION)
    assert [result.status for result in results(state)] == ["error", "success"]
    assert state["messages"][-1].text == "ordered 2"


def test_an_edit_need_not_be_json() -> None:
    @tool
    def meet(day: datetime.date) -> str:
        """Meet."""
        return f"met on {day}"

    agent = create_agent(
        scripted(calls(("meet", {"day": "2026-01-01"})), "Done."), [meet], approve=True, checkpointer=InMemorySaver()
    )
    agent.invoke(QUESTION, CONFIG)
    edit = {"type": "edit", "edited_action": {"args": {"day": datetime.date(2026, 2, 3)}}}
    (result,) = results(agent.invoke(Command(resume=edit), CONFIG))
    assert result.text.startswith("met on 2026-02-03")


def test_a_validation_inside_a_tool_is_not_about_its_arguments() -> None:
    @tool
    def parse(text: str) -> str:
        """Parse."""
        return str(TypeAdapter(int).validate_python(text))

    message = calls(("parse", {"text": "x"}))
    state = create_agent(scripted(message, "Done."), [parse]).invoke(QUESTION)
    assert results(state)[0].text.startswith("Error: ValidationError")
    with pytest.raises(ValidationError):
        create_agent(scripted(message, "Done."), [parse], handle_tool_errors=False).invoke(QUESTION)


def test_a_function_for_errors_takes_those_of_its_annotation() -> None:
    def told(error: ValueError | LookupError) -> str:
        return f"told: {error!r}"

    @tool
    def fail(kind: str) -> str:
        """Fail."""
        raise {"value": ValueError, "key": KeyError, "type": TypeError}[kind]("x")

    for kind, passes in (("value", False), ("key", False), ("type", True)):
        agent = create_agent(scripted(calls(("fail", {"kind": kind})), "Done."), [fail], handle_tool_errors=told)
        if passes:
            with pytest.raises(TypeError):
                agent.invoke(QUESTION)
        else:
            assert "told: " in results(agent.invoke(QUESTION))[0].text


@pytest.mark.parametrize("node", ["begin", "model", "tools"])
def test_a_thread_may_begin_anywhere(node: str) -> None:
    agent = create_agent(scripted("Done.", "Done."), [order], checkpointer=InMemorySaver())
    agent.update_state(CONFIG, {"messages": [HumanMessage("hi")]}, as_node=node)
    state = agent.invoke(None if node != "model" else QUESTION, CONFIG)
    assert state["messages"][-1].text == "Done."


@pytest.mark.parametrize("update", [[AIMessage("By the way.")], []])
def test_a_command_may_add_any_message(update: list[AnyMessage]) -> None:
    @tool
    def note() -> Command[Any]:
        """Note."""
        return Command(update={"messages": update})

    state = create_agent(scripted(calls(("note", {})), "Done."), [note, order]).invoke(QUESTION)
    assert len(results(state)) == 1
    assert state["messages"][-1].text == "Done."


def test_sixty_results_leave_room_for_the_answer(embedded: ChatHuggingFace) -> None:
    @tool
    def page(n: int) -> str:
        """A page."""
        return f"Page {n}: " + "many words of it. " * 60

    opening = [SystemMessage("You read."), HumanMessage("Read it all.")]
    made = calls(*(("page", {"n": n}) for n in range(60)))
    answered = [ToolMessage(page.invoke({"n": n}), tool_call_id=f"c{n + 1}") for n in range(60)]
    agent = create_agent(embedded, [page])
    state = agent.invoke({"messages": [*opening, made, *answered]})
    assert isinstance(state["messages"][-1], AIMessage)


def test_times_that_are_none() -> None:
    tools: list[BaseTool] = [order]
    state = create_agent(scripted(calls(("order", {"n": 1}))), tools, limits=Limits(seconds=float("inf"))).invoke(
        QUESTION
    )
    assert state["messages"][-1].text == "ordered 1"
    for wrong in (0, -1.0, {"order": 0}):
        with pytest.raises(ValueError, match="tool_timeout"):
            create_agent(scripted(), tools, tool_timeout=wrong)
