"""Hugging Face's Inference Providers, through huggingface_hub's own clients over a network that isn't there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import huggingface_hub
import pytest
from langchain_huggingface import HuggingFaceEndpoint

from agentkit import ChatHuggingFace, EndpointError
from agentkit.endpoint import retry
from tests.endpoint import exchanges
from tests.endpoint.asked import Person, get_weather, now
from tests.endpoint.loopback import said


class Providers:
    """Stands where the network would be.

    Attributes:
        asked: the requests.
        replies: what comes back, one after another; the last for ever.
    """

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.replies: list[httpx.Response] = [httpx.Response(200, json=said())]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return httpx.Response(reply.status_code, content=reply.content, headers=reply.headers)

    async def later(self, request: httpx.Request) -> httpx.Response:
        return self(request)

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.asked[-1].content))


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Providers]:
    there = Providers()
    monkeypatch.setenv("HUGGINGFACEHUB_API_TOKEN", "hf_secret")
    monkeypatch.setattr(retry, "_FIRST", 0.01)
    huggingface_hub.set_client_factory(lambda: httpx.Client(transport=httpx.MockTransport(there)))
    huggingface_hub.set_async_client_factory(lambda: httpx.AsyncClient(transport=httpx.MockTransport(there.later)))
    yield there
    from huggingface_hub.utils import _http

    huggingface_hub.set_client_factory(_http.default_client_factory)
    huggingface_hub.set_async_client_factory(_http.default_async_client_factory)


async def test_every_setting_reaches_the_provider(providers: Providers) -> None:
    settings = {"temperature": 0.0, "top_p": 0.5, "seed": 7, "top_k": 3, "presence_penalty": 0.3, "max_tokens": 9}
    model = ChatHuggingFace.from_model_id("some/model", backend="endpoint", logprobs=True, top_logprobs=2, **settings)
    for message in (model.invoke("Hello!"), await model.ainvoke("Hello!")):
        assert message.text == "Hi."
        assert message.response_metadata["model_name"] == "served-model"
        assert {name: providers.body[name] for name in settings} == settings
        assert (providers.body["logprobs"], providers.body["top_logprobs"]) == (True, 2)
        assert providers.body["model"] == "some/model"
        assert providers.asked[-1].headers["authorization"] == "Bearer hf_secret"
    model.bind(model="other/model").invoke("Hello!")
    assert providers.body["model"] == "other/model"


async def test_calls_come_back_whole_and_streamed(providers: Providers) -> None:
    llm = HuggingFaceEndpoint(repo_id="some/model", temperature=0.0, huggingfacehub_api_token="hf_own")
    model = ChatHuggingFace(llm=llm).bind_tools([get_weather, now], tool_choice="any")
    providers.replies = [httpx.Response(200, json=exchanges.VLLM)]
    for message in (model.invoke("Weather?"), await model.ainvoke("Weather?")):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == exchanges.EXPECTED
        assert message.usage_metadata is not None
        assert message.usage_metadata["input_token_details"] == {"cache_read": 8}
        assert message.additional_kwargs["reasoning_content"] == "hm"
    assert providers.body["tool_choice"] == "required"
    assert providers.body["temperature"] == 0.0
    assert providers.asked[-1].headers["authorization"] == "Bearer hf_own"
    events = [event if isinstance(event, str) else f"data: {json.dumps(event)}\n\n" for event in exchanges.VLLM_STREAM]
    providers.replies = [httpx.Response(200, text="".join(events), headers={"content-type": "text/event-stream"})]
    whole: Any = None
    for chunk in model.stream("Weather?"):
        whole = chunk if whole is None else whole + chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == exchanges.EXPECTED
    assert whole.usage_metadata["output_tokens"] == 7


def test_a_schema_goes_out_in_openais_form(providers: Providers) -> None:
    providers.replies = [httpx.Response(200, json=said('{"name": "Maria", "age": 34}'))]
    model = ChatHuggingFace.from_model_id("some/model", backend="endpoint")
    assert model.with_structured_output(Person).invoke("Maria is 34.") == Person(name="Maria", age=34)
    assert providers.body["response_format"]["json_schema"]["schema"] == Person.model_json_schema()


def test_failures_are_tried_again_and_told(providers: Providers) -> None:
    model = ChatHuggingFace.from_model_id("some/model", backend="endpoint", max_retries=1)
    providers.replies = [httpx.Response(503, json={"error": "loading"}), httpx.Response(200, json=said())]
    assert model.invoke("Hello!").text == "Hi."
    providers.replies = [httpx.Response(429, json={"error": "slow down"})]
    with pytest.raises(EndpointError, match=r"status 429.*slow down"):
        model.invoke("Hello!")
    assert len(providers.asked) == 4
    providers.replies = [httpx.Response(400, json={"error": "no such model"})]
    with pytest.raises(EndpointError, match="no such model"):
        model.invoke("Hello!")
    assert len(providers.asked) == 5
