"""Servers by their URL: what is sent, what comes back in each server's form, and what goes wrong."""

from __future__ import annotations

import asyncio
import functools
import operator
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_huggingface import HuggingFaceEndpoint

from agentkit import ChatHuggingFace, EndpointError
from agentkit.endpoint import retry
from agentkit.sources import EMBEDDED
from tests.endpoint import exchanges
from tests.endpoint.asked import Person, get_weather, now
from tests.endpoint.loopback import Answer, Loopback, loopback, piece, said


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as served:
        served.will(said())
        yield served


@pytest.fixture
def model(server: Loopback) -> ChatHuggingFace:
    return ChatHuggingFace(base_url=server.url, tokenizer=str(EMBEDDED), max_retries=0)


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


def test_every_setting_is_sent(server: Loopback) -> None:
    settings = {
        "temperature": 0.0,
        "max_tokens": 9,
        "top_p": 0.5,
        "top_k": 3,
        "min_p": 0.1,
        "seed": 7,
        "n": 1,
        "repetition_penalty": 1.2,
        "presence_penalty": 0.3,
        "frequency_penalty": 0.4,
        "logit_bias": {5: -1.0},
        "logprobs": True,
        "top_logprobs": 2,
        "stop": ["END"],
    }
    asked_of = ChatHuggingFace(base_url=server.url, model_id="served-model", model_kwargs={"mirostat": 2}, **settings)
    asked_of.invoke("Hello!")
    sent = server.asked[0]
    assert sent == {
        **settings,
        "logit_bias": {"5": -1.0},
        "mirostat": 2,
        "model": "served-model",
        "stream": False,
        "messages": [{"role": "user", "content": "Hello!"}],
    }
    assert asked_of._get_ls_params()["ls_temperature"] == 0.0
    plain = ChatHuggingFace(base_url=server.url, tokenizer=False)
    assert "ls_temperature" not in plain._get_ls_params()  # it is the server's own
    plain.invoke("Hello!", temperature=0, max_tokens=3, logprobs=True, top_logprobs=1, typical_p=0.9, stop=["x"])
    assert {name: server.asked[1][name] for name in ("temperature", "max_tokens", "logprobs", "top_logprobs")} == {
        "temperature": 0,
        "max_tokens": 3,
        "logprobs": True,
        "top_logprobs": 1,
    }
    assert server.asked[1]["typical_p"] == 0.9
    assert server.asked[1]["stop"] == ["x"]
    assert server.asked[1]["model"] == "served-model"  # the server told which model it has
    plain.bind(do_sample=False).invoke("Hello!", model="other")
    assert server.asked[2]["temperature"] == 0
    assert server.asked[2]["model"] == "other"


def test_tool_choice_goes_out_in_openais_form(server: Loopback, model: ChatHuggingFace) -> None:
    server.will(exchanges.VLLM)
    tools = [get_weather, now]
    named = {"type": "function", "function": {"name": "get_weather"}}
    for choice, sent in [("any", "required"), (True, "required"), ("get_weather", named), (named, named), (None, None)]:
        model.bind_tools(tools, tool_choice=choice, parallel_tool_calls=False).invoke("Hi")
        assert server.asked[-1].get("tool_choice") == sent
        assert server.asked[-1]["parallel_tool_calls"] is False
        assert [offered["function"]["name"] for offered in server.asked[-1]["tools"]] == ["get_weather", "now"]
    server.will(said())
    model.bind_tools(tools, tool_choice="none").invoke("Hi")
    assert "tools" not in server.asked[-1]


def test_the_conversation_goes_out_whole(server: Loopback, model: ChatHuggingFace) -> None:
    call = {"name": "get_weather", "args": {"city": "Oslo ☀"}, "id": "a1", "type": "tool_call"}
    bad = invalid_tool_call(name="now", args="{", id="a2", error="cut")
    pixel = "iVBORw0KGgo="
    model.invoke(
        [
            HumanMessage(
                [{"type": "text", "text": "Here"}, {"type": "image", "base64": pixel, "mime_type": "image/png"}]
            ),
            AIMessage(
                "So.", tool_calls=[call], invalid_tool_calls=[bad], additional_kwargs={"reasoning_content": "hm"}
            ),
            ToolMessage("sunny", tool_call_id="a1", name="get_weather"),
            ToolMessage("Error: cut", tool_call_id="a2", status="error"),
        ]
    )
    user, assistant, result, error = server.asked[0]["messages"]
    assert user["content"][1] == {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}}
    assert assistant["reasoning_content"] == "hm"
    assert assistant["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city": "Oslo ☀"}'}
    assert assistant["tool_calls"][1]["id"] == "a2"
    assert result == {"role": "tool", "content": "sunny", "tool_call_id": "a1", "name": "get_weather"}
    assert error["content"] == "Error: cut"


def test_a_schema_goes_out_in_the_form_that_the_server_knows(server: Loopback, model: ChatHuggingFace) -> None:
    answer = '{"name": "Maria", "age": 34}'
    server.will(said(answer))
    assert model.with_structured_output(Person).invoke("Maria is 34.") == Person(name="Maria", age=34)
    openai = server.asked[0]["response_format"]
    assert openai["type"] == "json_schema"
    assert openai["json_schema"]["name"] == "Person"
    assert openai["json_schema"]["schema"] == Person.model_json_schema()
    assert "Maria" not in server.asked[0]["messages"][0]["content"]
    assert '"age"' in server.asked[0]["messages"][0]["content"]  # the model is told the schema as well
    refused = Answer({"error": "response_format: unknown variant `json_schema`"}, 422)
    server.will(refused, said(answer))
    assert model.with_structured_output(Person).invoke("Maria is 34.") == Person(name="Maria", age=34)
    assert server.asked[-1]["response_format"] == {"type": "json_object", "value": Person.model_json_schema()}
    asked = len(server.asked)
    assert model.with_structured_output(Person).invoke("Maria is 34.") == Person(name="Maria", age=34)
    assert len(server.asked) == asked + 1  # it is known by now
    server.will(refused)
    with pytest.raises(EndpointError, match="unknown variant"):
        model.with_structured_output(Person).invoke("Maria is 34.")
    assert "response_format" not in server.asked[-1]


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


def test_tokens_go_to_hugging_face_only(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    from agentkit import endpoint

    monkeypatch.setenv("HUGGINGFACEHUB_API_TOKEN", "hf_secret")
    ChatHuggingFace(base_url=server.url, tokenizer=False).invoke("Hello!")
    assert "authorization" not in server.headers[-1]
    given = ChatHuggingFace(base_url=server.url, tokenizer=False, api_key="own", default_headers={"X-Team": "a"})
    given.invoke("Hello!")
    assert server.headers[-1]["authorization"] == "Bearer own"
    assert server.headers[-1]["x-team"] == "a"
    assert "own" not in str(dumpd(given))
    assert "own" not in repr(given)
    from huggingface_hub import constants

    own = constants.INFERENCE_ENDPOINTS_ENDPOINT.replace("api.", "abc.eu-west-1.aws.")
    assert endpoint._is_hugging_face(own)
    assert not endpoint._is_hugging_face(own.replace("https", "http"))
    assert not endpoint._is_hugging_face(constants.ENDPOINT.replace("https://", "https://not"))


def test_a_huggingface_endpoint_is_used_as_it_is(server: Loopback) -> None:
    llm = HuggingFaceEndpoint(
        endpoint_url=server.url, temperature=0.0, max_new_tokens=5, stop_sequences=["END"], seed=1
    )
    model = ChatHuggingFace(llm=llm, tokenizer=False)
    message = model.invoke("Hello!")
    assert message.response_metadata["model_name"] == "served-model"
    sent = server.asked[0]
    assert (sent["temperature"], sent["max_tokens"], sent["stop"], sent["seed"]) == (0.0, 5, ["END"], 1)
    assert sent["model"] == "served-model"
    ChatHuggingFace(llm=llm, tokenizer=False, temperature=1, max_tokens=6).invoke("Hello!")
    assert (server.asked[1]["temperature"], server.asked[1]["max_tokens"]) == (1, 6)


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
