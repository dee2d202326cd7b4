"""What is broken in langchain_huggingface 1.2's ChatHuggingFace and works here.

Each check runs on both classes: the original has to fail it, which tells when a check is no longer needed, and this
package's class has to pass it.
Those of servers are in endpoint/test_replaces_servers.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from agentkit.tools import calculator
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_huggingface import ChatHuggingFace as Original
from langchain_huggingface import HuggingFacePipeline

from agentkit import ChatHuggingFace, UnsupportedContentError
from agentkit.sources import EMBEDDED
from tests.endpoint.asked import CALL, Person, get_weather

pytestmark = pytest.mark.filterwarnings("ignore")  # the original's own

QUESTION = "What is 37593 * 67?"


def calls_tools(chat: Any, llm: Any) -> None:
    message = chat(llm=llm).bind_tools([calculator]).invoke(QUESTION)
    assert [call["args"] for call in message.tool_calls] == [{"expression": "37593 * 67"}]


def shows_tools_to_the_model(chat: Any, llm: Any) -> None:
    seen: list[str] = []
    hook = llm.pipeline.model.register_forward_pre_hook(
        lambda model, args, kwargs: seen.append(
            llm.pipeline.tokenizer.decode((kwargs.get("input_ids") if "input_ids" in kwargs else args[0]).flatten())
        ),
        with_kwargs=True,
    )
    try:
        chat(llm=llm).bind_tools([get_weather]).invoke("How is the weather where nobody asked before?")
    finally:
        hook.remove()
    assert any("The weather at a place." in text for text in seen)


def reads_a_tools_result(chat: Any, llm: Any) -> None:
    history = [
        HumanMessage("What is 2 + 3?"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("5", tool_call_id="abcdefghi"),
    ]
    assert "5" in chat(llm=llm).bind_tools([calculator]).invoke(history).text


def goes_on_after_its_own_message(chat: Any, llm: Any) -> None:
    assert isinstance(chat(llm=llm).invoke([HumanMessage("Hello!"), AIMessage("Hi.")]), AIMessage)


def keeps_calls_in_the_history(chat: Any, llm: Any) -> None:
    model = chat(llm=llm)
    history = [HumanMessage("What is 2 + 3?"), AIMessage("", tool_calls=[CALL]), HumanMessage("Well?")]
    if isinstance(model, Original):
        prompt = model._to_chat_prompt(history)
    else:
        from agentkit.messages import template_messages

        prompt = model._source.dialect.prompt(template_messages(history)).text
    assert '"expression"' in prompt


def answers_without_the_prompt(chat: Any, llm: Any) -> None:
    assert "<|im_start|>" not in chat(llm=llm).invoke("Hello!").text


def answers_on_an_event_loop(chat: Any, llm: Any) -> None:
    assert asyncio.run(chat(llm=llm).ainvoke("Hello!")).text


def streams_on_an_event_loop(chat: Any, llm: Any) -> None:
    async def chunks() -> list[Any]:
        return [chunk async for chunk in chat(llm=llm).astream("Hello!")]

    assert len(asyncio.run(chunks())) > 1


def streams_calls(chat: Any, llm: Any) -> None:
    whole: Any = None
    for chunk in chat(llm=llm).bind_tools([calculator]).stream(QUESTION):
        whole = chunk if whole is None else whole + chunk
    assert whole.tool_calls[0]["args"] == {"expression": "37593 * 67"}


def stops_at_a_text(chat: Any, llm: Any) -> None:
    assert not chat(llm=llm).invoke("Hello!", stop=["help"]).text.rstrip().endswith("you?")


def takes_its_own_limit(chat: Any, llm: Any) -> None:
    text = chat(llm=llm, max_tokens=2).invoke("Hello!").text
    assert len(llm.pipeline.tokenizer.encode(text)) <= 2


def tells_log_probabilities(chat: Any, llm: Any) -> None:
    assert chat(llm=llm, logprobs=True).invoke("Hello!").response_metadata["logprobs"]["content"]


def tells_its_usage(chat: Any, llm: Any) -> None:
    message = chat(llm=llm).invoke("Hello!")
    assert message.usage_metadata["output_tokens"] > 2
    assert message.response_metadata["model_name"] == str(EMBEDDED)
    assert message.response_metadata["finish_reason"] == "stop"


def takes_a_batch_through_the_model_together(chat: Any, llm: Any) -> None:
    sizes: list[int] = []

    def note(model: Any, args: Any, kwargs: Any) -> None:
        sizes.append(int((kwargs["input_ids"] if "input_ids" in kwargs else args[0]).shape[0]))

    hook = llm.pipeline.model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        chat(llm=llm).batch([f"Tell me about the number {n}." for n in range(6)])
    finally:
        hook.remove()
    assert max(sizes) > 1


def answers_as_a_pydantic_model(chat: Any, llm: Any) -> None:
    model = chat(llm=llm).with_structured_output(Person, method="function_calling")
    assert isinstance(model.invoke("Maria Keller is 34 years old."), Person)


def holds_an_answer_to_its_schema(chat: Any, llm: Any) -> None:
    schema = {**Person.model_json_schema(), "title": "Person"}
    answer = chat(llm=llm).with_structured_output(schema, method="json_schema").invoke("Maria Keller is 34 years old.")
    assert set(answer) == {"name", "age"}


def answers_as_a_dict_by_calling(chat: Any, llm: Any) -> None:
    model = chat(llm=llm).with_structured_output(Person.model_json_schema(), method="function_calling")
    assert set(model.invoke("Maria Keller is 34 years old.")) == {"name", "age"}


def refuses_an_image_by_name(chat: Any, llm: Any) -> None:
    image = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
    with pytest.raises(UnsupportedContentError, match="'image'"):
        chat(llm=llm).invoke([HumanMessage([{"type": "text", "text": "What is this?"}, image])])


def uses_the_pipelines_own_tokenizer(chat: Any, llm: Any) -> None:
    from transformers import AutoTokenizer

    changed = AutoTokenizer.from_pretrained(EMBEDDED)
    changed.chat_template = "{{ raise_exception('the template that was set') }}"
    kept, llm.pipeline.tokenizer = llm.pipeline.tokenizer, changed
    try:
        with pytest.raises(Exception, match="the template that was set"):
            chat(llm=llm).invoke("Hello!")
    finally:
        llm.pipeline.tokenizer = kept


LOCAL: list[Callable[[Any, Any], None]] = [
    calls_tools,
    shows_tools_to_the_model,
    reads_a_tools_result,
    goes_on_after_its_own_message,
    keeps_calls_in_the_history,
    answers_without_the_prompt,
    answers_on_an_event_loop,
    streams_on_an_event_loop,
    streams_calls,
    stops_at_a_text,
    takes_its_own_limit,
    tells_log_probabilities,
    tells_its_usage,
    takes_a_batch_through_the_model_together,
    answers_as_a_pydantic_model,
    holds_an_answer_to_its_schema,
    answers_as_a_dict_by_calling,
    refuses_an_image_by_name,
    uses_the_pipelines_own_tokenizer,
]


_FAILURES = (
    *(AssertionError, AttributeError, IndexError, KeyError, NotImplementedError, OutputParserException, TypeError),
    *(ValueError, pytest.fail.Exception),
)


@pytest.fixture(scope="module")
def llm() -> Any:
    return HuggingFacePipeline.from_model_id(
        str(EMBEDDED), task="text-generation", pipeline_kwargs={"max_new_tokens": 24, "do_sample": False}
    )


@pytest.mark.parametrize("check", LOCAL, ids=lambda check: check.__name__)
def test_a_pipeline(check: Callable[[Any, Any], None], llm: Any) -> None:
    check(ChatHuggingFace, llm)
    with pytest.raises(_FAILURES):
        check(Original, llm)
