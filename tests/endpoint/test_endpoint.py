"""Servers by their URL: what comes back in each server's form, and what goes wrong."""

from __future__ import annotations

import asyncio
import functools
import operator
from typing import Any

import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage

from agentkit import ChatHuggingFace, EndpointError
from agentkit.endpoint import retry
from agentkit.sources import EMBEDDED
from tests.endpoint import exchanges
from tests.endpoint.asked import Person, get_weather, now
from tests.endpoint.loopback import Answer, Loopback, piece, said


def added(chunks: list[Any]) -> AIMessage:
    whole = functools.reduce(operator.add, chunks)
    assert isinstance(whole, AIMessage)
    return whole


async def ways(model: Any, question: Any, streamed: bool) -> list[AIMessage]:
    """The answer, asked for in each way."""
    if streamed:
        return [added(list(model.stream(question))), added([chunk async for chunk in model.astream(question)])]
    return [model.invoke(question), await model.ainvoke(question)]


@pytest.mark.parametrize(
    ("kind", "streamed"), [*((kind, False) for kind in exchanges.WHOLE), *((kind, True) for kind in exchanges.STREAMED)]
)
async def test_each_servers_form_is_read(server: Loopback, model: ChatHuggingFace, kind: str, streamed: bool) -> None:
    server.will((exchanges.STREAMED if streamed else exchanges.WHOLE)[kind])
    for message in await ways(model.bind_tools([get_weather, now]), "How is the weather in Oslo?", streamed):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == exchanges.EXPECTED
        assert len({call["id"] for call in message.tool_calls}) == 2
        assert message.content == ""
        assert message.invalid_tool_calls == []
        assert message.response_metadata["model_name"] == "served-model"
        assert message.response_metadata["finish_reason"] == "tool_calls"
        assert message.usage_metadata is not None
        assert message.usage_metadata["input_tokens"] == 12
        assert message.usage_metadata["output_tokens"] == 7
        if kind in {"vLLM", "SGLang", "llama.cpp"}:
            assert message.additional_kwargs["reasoning_content"] == "hm"
            assert message.usage_metadata["input_token_details"] == {"cache_read": 8}
        if kind == "SGLang":
            assert message.usage_metadata["output_token_details"] == {"reasoning": 2}
    assert server.asked[0]["stream"] is streamed
    assert ("stream_options" in server.asked[0]) is streamed


def test_what_a_server_ignored_is_noticed(server: Loopback, model: ChatHuggingFace) -> None:
    forced = model.bind_tools([get_weather, now], tool_choice="any")
    server.will(said("It is sunny."), exchanges.VLLM)
    twice = forced.invoke("Weather?")
    assert len(twice.tool_calls) == 2
    assert twice.usage_metadata is not None
    assert twice.usage_metadata["total_tokens"] == 2 * 19
    assert "must be a call" in server.asked[-1]["messages"][-1]["content"]
    server.will(said("It is sunny."))
    with pytest.raises(EndpointError, match=r"ignored what was asked for.*but it is text"):
        forced.invoke("Weather?")
    server.will([piece({"content": "Sunny."}), piece({}, "stop"), exchanges.DONE])
    with pytest.raises(EndpointError, match="ignored what was asked for"):
        list(forced.stream("Weather?"))
    server.will(said("She is 34."), said('{"name": "Maria", "age": 34}'))
    assert model.with_structured_output(Person).invoke("Maria is 34.") == Person(name="Maria", age=34)
    server.will(said('{"name": "Maria"}'))
    told = model.with_structured_output(Person, include_raw=True).invoke("Maria is 34.")
    assert "'age' is a required property" in str(told["parsing_error"])


async def test_a_busy_server_is_asked_again(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_FIRST", 0.01)
    patient = ChatHuggingFace(base_url=server.url, tokenizer=False, max_retries=3)
    busy = Answer({"error": {"message": "overloaded"}}, 429, {"Retry-After": "0"})
    broken = Answer(said(), breaks_off=True)
    for ask in (patient.invoke, patient.ainvoke):
        server.will(busy, Answer("bad gateway", 502), broken, said("There."))
        answer: Any = ask("Hello!")
        message = await answer if asyncio.iscoroutine(answer) else answer
        assert message.text == "There."
    assert len(server.asked) == 8
    server.will(busy)
    with pytest.raises(EndpointError, match=r"status 429.*overloaded"):
        ChatHuggingFace(base_url=server.url, tokenizer=False, max_retries=1).invoke("Hello!")
    assert len(server.asked) == 10


def test_errors_carry_the_servers_words(server: Loopback, model: ChatHuggingFace) -> None:
    server.will(Answer({"object": "error", "message": "top_k must be above -2"}, 400))
    with pytest.raises(EndpointError, match=r"status 400.*top_k must be above") as caught:
        model.invoke("Hello!")
    assert caught.value.status == 400
    assert len(server.asked) == 1
    server.will(Answer("<html>busy</html>"))
    with pytest.raises(EndpointError, match=r"not JSON.*<html>busy"):
        model.invoke("Hello!")
    server.will({"choices": []})
    with pytest.raises(EndpointError, match="no `choices`"):
        model.invoke("Hello!")
    server.will([piece({"content": "Hi"}), {"error": {"message": "out of memory"}}])
    with pytest.raises(EndpointError, match="out of memory"):
        list(model.stream("Hello!"))
    server.will(Answer([piece({"content": "Hi"})], breaks_off=True))
    with pytest.raises(EndpointError, match=r"connection to .* failed"):
        list(model.stream("Hello!"))
    server.will([piece({"content": "Hi"})])
    with pytest.raises(EndpointError, match="broke off before its end"):
        list(model.stream("Hello!"))
    server.will(Answer(said(), pause=1.0))
    with pytest.raises(EndpointError, match="not answer in time"):
        ChatHuggingFace(base_url=server.url, tokenizer=False, max_retries=0, timeout=0.2).invoke("Hello!")
    with pytest.raises(EndpointError, match="connection to"):
        ChatHuggingFace(base_url="http://127.0.0.1:9/v1", tokenizer=False, max_retries=0).invoke("Hello!")
    with pytest.raises(ValueError, match="no address of a server"):
        ChatHuggingFace(base_url="localhost:8000")


async def test_async_never_blocks_the_loop_and_leaving_stops_the_server(server: Loopback) -> None:
    model = ChatHuggingFace(base_url=server.url, tokenizer=False)
    slow = Answer([*(piece({"content": f"{n} "}) for n in range(50)), piece({}, "stop")], pause=0.02)
    server.will(slow)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    async for chunk in model.astream("Count"):
        if chunk.text.startswith("5"):
            break
    assert ticks > 5
    server.gone.clear()
    task = asyncio.create_task(model.ainvoke("Count", stream=True))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ticking.cancel()
    assert await asyncio.to_thread(server.gone.wait, 5)
    stream = model.stream("Count")
    next(stream)
    server.gone.clear()
    stream.close()
    assert server.gone.wait(5)


def test_text_that_breaks_lines_elsewhere_stays_whole(server: Loopback, model: ChatHuggingFace) -> None:
    odd = "a\u2028b\x85c\x0bd"
    server.will([piece({"content": odd}), piece({}, "stop"), exchanges.DONE])
    assert added(list(model.stream("Hello!"))).text == odd


def test_log_probabilities_and_confidence(server: Loopback, model: ChatHuggingFace) -> None:
    reply = said(exchanges.TEXT, "stop")
    pieces = [exchanges.TEXT[at : at + 4] for at in range(0, len(exchanges.TEXT), 4)]
    reply["choices"][0]["logprobs"] = {
        "content": [{"token": text, "logprob": -0.5, "top_logprobs": []} for text in pieces]
    }
    server.will(reply)
    message = model.bind_tools([get_weather, now]).invoke("Weather?", logprobs=True)
    assert len(message.response_metadata["logprobs"]["content"]) == len(pieces)
    sure = message.response_metadata["call_confidence"]
    assert [one["name"] for one in sure] == ["get_weather", "now"]
    assert all(abs(one["mean"] - 0.6065) < 1e-3 for one in sure)


def test_a_thought_that_the_prompt_opens_is_read(server: Loopback) -> None:
    from transformers import AutoTokenizer

    thinks = AutoTokenizer.from_pretrained(EMBEDDED)
    opened = "{{- '<|im_start|>assistant\\n' }}"
    thinks.chat_template = thinks.chat_template.replace(opened, "{{- '<|im_start|>assistant\\n<think>\\n' }}").replace(
        "{{- message.content or '' }}",
        "{%- if message.reasoning_content %}{{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}"
        "{%- endif %}{{- message.content or '' }}",
    )
    model = ChatHuggingFace(base_url=server.url, tokenizer=thinks)
    server.will(said("It asks.\n</think>\n\nHello."))
    message = model.invoke("Hi")
    assert (message.text, message.additional_kwargs["reasoning_content"]) == ("Hello.", "It asks.")
    server.will(said("Hello.", reasoning_content="It asks."))
    message = model.invoke("Hi")
    assert (message.text, message.additional_kwargs["reasoning_content"]) == ("Hello.", "It asks.")


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_it_survives_serialisation(server: Loopback) -> None:
    model = ChatHuggingFace(base_url=server.url, model_id="served-model", temperature=0)
    again = load(dumpd(model), allowed_objects=[ChatHuggingFace], valid_namespaces=["agentkit"])
    assert again._identifying_params == model._identifying_params
    assert again.invoke("Hello!").text == "Hi."


def test_batches_are_asked_together(server: Loopback) -> None:
    server.will(Answer(said(), pause=0.5))
    model = ChatHuggingFace(base_url=server.url, model_id="served-model", tokenizer=False)
    assert len(model.batch(["Hello!"] * 16)) == 16
    assert server.most_at_once > 8


def test_counting_needs_a_tokenizer(server: Loopback, model: ChatHuggingFace, embedded: ChatHuggingFace) -> None:
    messages = [HumanMessage("Hello!")]
    server.models = [{"id": "served-model", "max_model_len": 4096}]
    assert model.get_num_tokens_from_messages(messages, [now]) == embedded.get_num_tokens_from_messages(messages, [now])
    assert model.get_num_tokens("Hello!") == embedded.get_num_tokens("Hello!")
    assert model.context_length == 4096
    with pytest.raises(ValueError, match="tokenizer="):
        ChatHuggingFace(base_url=server.url, tokenizer=False).get_num_tokens("Hello!")
