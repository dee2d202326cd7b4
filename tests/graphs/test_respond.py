"""The answer as an object, validated."""

from __future__ import annotations

from typing import Any

import pytest
from agentkit.graphs import Limits, create_agent
from agentkit.tools import calculator
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel, ValidationError

from agentkit import ChatHuggingFace
from tests.graphs.scripted import Scripted, calls

QUESTION: Any = {"messages": [("human", "What is 12 * 12?")]}


class Total(BaseModel):
    """A total."""

    total: int


class Structured(Scripted):
    """Answers with these texts where an object is asked for."""

    objects: list[str]
    asked: list[Any]

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[Any, Any]:
        assert kwargs == {"include_raw": True}

        def answer(prompt: Any) -> dict[str, Any]:
            self.asked.append(prompt)
            raw = AIMessage(self.objects[len(self.asked) - 1])
            try:
                return {"raw": raw, "parsed": schema.model_validate_json(raw.text), "parsing_error": None}
            except ValidationError as error:
                return {"raw": raw, "parsed": None, "parsing_error": error}

        return RunnableLambda(answer)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("schema", [Total, Total.model_json_schema()])
async def test_a_real_model_answers_with_an_object(embedded: ChatHuggingFace, schema: Any, asynchronous: bool) -> None:
    agent = create_agent(embedded, [calculator], response_format=schema)
    state = await agent.ainvoke(QUESTION) if asynchronous else agent.invoke(QUESTION)
    answer = state["structured_response"]
    assert isinstance(answer.total if schema is Total else answer["total"], int)
    assert [m.type for m in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert state["stopped"] is None
    assert state["agent_run"]["tokens"] > sum(
        m.usage_metadata["total_tokens"] for m in state["messages"] if m.type == "ai"
    )


def test_what_does_not_fit_is_told_and_said_again() -> None:
    model = Structured(answers=[AIMessage("144.")], objects=['{"total": "many"}', '{"total": 144}'], asked=[])
    state = create_agent(model, [calculator], response_format=Total).invoke(QUESTION)
    assert state["structured_response"] == Total(total=144)
    assert [m.type for m in model.asked[1]] == ["human", "ai", "human"]
    assert "valid integer" in model.asked[1][-1].text


def test_a_model_that_never_fits_ends_with_a_state_that_says_so() -> None:
    model = Structured(answers=[AIMessage("144.")], objects=["many"] * 2, asked=[])
    state = create_agent(model, [calculator], response_format=Total).invoke(QUESTION)
    assert (state["structured_response"], state["stopped"]) == (None, "response_format")
    assert state["messages"][-1].text == "144."


def test_a_limit_still_leaves_an_object() -> None:
    call = calls(("calculator", {"expression": "12 * 12"}))
    model = Structured(answers=[call] * 9, objects=['{"total": 144}'], asked=[])
    state = create_agent(model, [calculator], response_format=Total, limits=Limits(steps=2)).invoke(QUESTION)
    assert (state["structured_response"], state["stopped"]) == (Total(total=144), "steps")
