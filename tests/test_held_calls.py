"""Calls are held to the whole schema: what the grammar leaves out is checked when they are whole."""

from __future__ import annotations

import json
import warnings
from typing import Annotated, Any

import pytest
from agentkit.graphs import Limits, create_agent
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import StructuredTool, tool
from pydantic import Field

from agentkit import ChatHuggingFace
from agentkit.dialect import Dialect
from agentkit.errors import SchemaError
from agentkit.messages import call_errors, media_messages
from agentkit.relaxed import RelaxedSchemaWarning, tell
from tests.dialect.templates import TEMPLATES
from tests.dialect.test_prompt import make_tokenizer
from tests.models import Restless, random_llama

pytestmark = pytest.mark.filterwarnings("ignore::agentkit.relaxed.RelaxedSchemaWarning")

PARAMETERS = {
    "type": "object",
    "properties": {
        "flags": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2, "uniqueItems": True}
    },
    "required": ["flags"],
}
TOOL = {"type": "function", "function": {"name": "raise_flags", "description": "Up.", "parameters": PARAMETERS}}


@pytest.fixture(scope="module")
def chat() -> ChatHuggingFace:
    tokenizer = make_tokenizer(TEMPLATES["json in tags"])
    return Restless.from_model(random_llama(tokenizer), tokenizer, temperature=1.0, max_tokens=200)


def _asked(chat: ChatHuggingFace, **given: Any) -> list[tuple[AIMessage, AIMessageChunk]]:
    """Whole calls of a random model, and the same streamed."""
    model = chat.bind_tools([TOOL], tool_choice="any", parallel_tool_calls=False, **given)
    found = []
    for seed in range(24):
        said = model.invoke("Go.", seed=seed)
        if said.response_metadata["finish_reason"] == "length":
            continue
        whole: Any = None
        for chunk in model.stream("Go.", seed=seed):
            whole = chunk if whole is None else whole + chunk
        found.append((said, whole))
    return found


def test_a_call_that_the_grammar_let_through_is_checked_whole_and_streamed(chat: ChatHuggingFace) -> None:
    right = wrong = 0
    for said, streamed in _asked(chat):
        calls = [*said.tool_calls, *said.invalid_tool_calls]
        assert len(calls) == len([*streamed.tool_calls, *streamed.invalid_tool_calls]) == 1
        if said.tool_calls:
            flags = said.tool_calls[0]["args"]["flags"]
            assert sorted(flags) == [False, True]
            assert streamed.tool_calls[0]["args"] == {"flags": flags}
            right += 1
        else:
            (call,) = said.invalid_tool_calls
            assert "non-unique" in str(call["error"])
            flags = json.loads(str(call["args"]))["flags"]
            assert len(set(flags)) < len(flags)
            assert streamed.tool_calls == []
            wrong += 1
    assert right
    assert wrong


def _first_failing(chat: ChatHuggingFace) -> int:
    model = chat.bind_tools([TOOL], tool_choice="any", parallel_tool_calls=False)
    return next(seed for seed in range(30) if model.invoke("Go.", seed=seed).invalid_tool_calls)


def test_the_validators_words_outlive_streaming(chat: ChatHuggingFace) -> None:
    seed = _first_failing(chat)
    model = chat.bind_tools([TOOL], tool_choice="any", parallel_tool_calls=False)
    structured = chat.with_structured_output(TOOL, method="function_calling", include_raw=True)
    whole: Any = None
    for chunk in model.stream("Go.", seed=seed):
        whole = chunk if whole is None else whole + chunk
    assert "non-unique" in call_errors(whole)[0]
    # The next turn shows the call as it was.
    (turn, *_), _ = media_messages([whole], frozenset(), "")
    assert turn["tool_calls"][0]["function"]["arguments"] == json.loads(whole.invalid_tool_calls[0]["args"][:-1])
    (*_, answer) = structured.stream("Go.", seed=seed)
    assert "non-unique" in str(answer["parsing_error"])


def test_tools_that_look_at_their_arguments_themselves_are_left_to_do_so(chat: ChatHuggingFace) -> None:
    """LangChain's own agents hand what a tool says of its arguments to the model; an invalid call would end them."""

    @tool
    def raise_flags(flags: Annotated[set[bool], Field(min_length=2, max_length=2)]) -> str:
        """Up."""
        return f"up: {sorted(flags)}"

    model = chat.bind_tools([raise_flags], tool_choice="any", parallel_tool_calls=False)
    said = [model.invoke("Go.", seed=seed) for seed in range(12)]
    said = [each for each in said if each.response_metadata["finish_reason"] != "length"]
    assert any(len(set(each.tool_calls[0]["args"]["flags"])) < 2 for each in said)
    assert not any(each.invalid_tool_calls for each in said)


def test_what_can_be_no_call_is_refused_when_it_is_bound(chat: ChatHuggingFace) -> None:
    for parameters in ({"type": "string"}, {"enum": ["a"]}, {"anyOf": [{"type": "array"}]}, ["a"]):
        spec = {"type": "function", "function": {"name": "f", "description": "", "parameters": parameters}}
        with pytest.raises(SchemaError, match="'f'"):
            chat.bind_tools([spec])


def test_nothing_is_told_of_what_is_not_guided(chat: ChatHuggingFace) -> None:
    tell.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chat.bind_tools([TOOL], guided=False)
    with pytest.warns(RelaxedSchemaWarning, match="uniqueItems"):
        chat.bind_tools([TOOL])


def test_a_text_that_looks_like_a_number_is_the_models_own(chat: ChatHuggingFace) -> None:
    spec = {
        "type": "function",
        "function": {
            "name": "find",
            "description": "",
            "parameters": {
                "type": "object",
                "properties": {"digest": {"type": "string", "pattern": "^sha1:1e45[0-9a-f]{6}$"}},
                "required": ["digest"],
            },
        },
    }
    model = chat.bind_tools([spec], tool_choice="any", parallel_tool_calls=False)
    said = [model.invoke("Go.", seed=seed).tool_calls[0]["args"]["digest"] for seed in range(6)]
    assert len({text[len("sha1:1e45")] for text in said}) > 1


def test_unguided_calls_pass_as_they_are_written() -> None:
    text = '<call>\n{"name": "raise_flags", "arguments": {"flags": [true, true]}}\n</call>'
    message = Dialect.from_template(TEMPLATES["json in tags"]).read(text, tools=[TOOL])
    assert message.tool_calls[0]["args"] == {"flags": [True, True]}


@pytest.mark.parametrize("written", ["1e999", "-2.5e400", "NaN", "-Infinity"])
def test_what_is_no_number_is_no_call(written: str) -> None:
    dialect = Dialect.from_template(TEMPLATES["json in tags"])
    text = f'<call>\n{{"name": "count", "arguments": {{"x": {written}}}}}\n</call>'
    assert "no finite number" in str(dialect.read(text).invalid_tool_calls[0]["error"])
    reader = dialect.reader()
    whole = AIMessageChunk("")
    for char in text:
        for chunk in reader.feed(char):
            whole += chunk
    for chunk in reader.close():
        whole += chunk
    assert whole.tool_calls == []
    assert len(whole.invalid_tool_calls) == 1


def test_an_agent_tells_the_model_what_is_wrong(chat: ChatHuggingFace) -> None:
    flags = StructuredTool(
        name="raise_flags", description="Up.", args_schema=PARAMETERS, func=lambda flags: f"up: {sorted(flags)}"
    )
    agent = create_agent(chat, [flags], limits=Limits(steps=5, repeats=None))
    told = []
    for run in range(4):
        said = agent.invoke({"messages": [("human", f"Go {run}.")]})["messages"]
        told += [message for message in said if message.type == "tool"]
    assert any("non-unique" in message.text for message in told if message.status == "error")
    assert all(message.text.startswith("up: [False, True]") for message in told if message.status == "success")
