"""What is broken in langchain_huggingface 1.2's ChatHuggingFace with servers and works here, as in test_replaces.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import huggingface_hub
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_huggingface import ChatHuggingFace as Original
from langchain_huggingface import HuggingFaceEndpoint

from agentkit import ChatHuggingFace
from agentkit.sources import EMBEDDED
from tests.endpoint import exchanges
from tests.endpoint.asked import CALL, Person, get_weather, now
from tests.endpoint.loopback import Loopback, loopback, said

pytestmark = pytest.mark.filterwarnings("ignore")  # the original's own


def endpoint(server: Loopback, **settings: Any) -> Any:
    return HuggingFaceEndpoint(endpoint_url=server.url, **settings)


def sends_a_temperature_of_zero(chat: Any, server: Loopback) -> None:
    chat(llm=endpoint(server), temperature=0.0).invoke("Hello!")
    assert server.asked[-1]["temperature"] == 0.0


def sends_every_setting(chat: Any, server: Loopback) -> None:
    settings = {
        "logprobs": True,
        "top_logprobs": 2,
        "top_p": 0.5,
        "seed": 7,
        "presence_penalty": 0.1,
        "logit_bias": {1: 2},
    }
    chat(llm=endpoint(server), **settings).invoke("Hello!")
    assert {name: server.asked[-1].get(name) for name in settings} == {**settings, "logit_bias": {"1": 2}}


def sends_stop(chat: Any, server: Loopback) -> None:
    chat(llm=endpoint(server), stop=["END"]).invoke("Hello!")
    assert server.asked[-1]["stop"] == ["END"]


def forces_one_of_many_tools(chat: Any, server: Loopback) -> None:
    server.will(exchanges.VLLM)
    chat(llm=endpoint(server)).bind_tools([get_weather, now], tool_choice="get_weather").invoke("Hello!")
    assert server.asked[-1]["tool_choice"]["function"]["name"] == "get_weather"


def forces_any_tool(chat: Any, server: Loopback) -> None:
    server.will(exchanges.VLLM)
    chat(llm=endpoint(server)).bind_tools([get_weather], tool_choice="any").invoke("Hello!")
    assert server.asked[-1]["tool_choice"] == "required"


def passes_on_thoughts(chat: Any, server: Loopback) -> None:
    server.will(said("Sunny.", reasoning_content="hm"))
    assert chat(llm=endpoint(server)).invoke("Hello!").additional_kwargs["reasoning_content"] == "hm"


def passes_on_usage_details(chat: Any, server: Loopback) -> None:
    server.will(exchanges.SGLANG)
    message = chat(llm=endpoint(server)).bind_tools([get_weather, now]).invoke("Hello!")
    assert message.usage_metadata["input_token_details"]["cache_read"] == 8


def names_the_model(chat: Any, server: Loopback) -> None:
    chat(llm=endpoint(server)).invoke("Hello!")
    assert server.asked[-1]["model"] == "served-model"


def sends_a_schema_in_openais_form(chat: Any, server: Loopback) -> None:
    server.will(said('{"name": "Maria", "age": 34}'))
    chat(llm=endpoint(server)).with_structured_output(Person.model_json_schema(), method="json_schema").invoke(
        "Maria is 34."
    )
    assert server.asked[-1]["response_format"]["json_schema"]["schema"] == Person.model_json_schema()


def sends_standard_blocks(chat: Any, server: Loopback) -> None:
    image = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
    chat(llm=endpoint(server)).invoke([HumanMessage([image])])
    assert server.asked[-1]["messages"][0]["content"][0]["type"] == "image_url"


def sends_a_results_name(chat: Any, server: Loopback) -> None:
    history = [
        HumanMessage("2 + 3"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("5", tool_call_id="abcdefghi", name="f"),
    ]
    chat(llm=endpoint(server)).invoke([SystemMessage("Be brief."), *history])
    assert server.asked[-1]["messages"][-1]["name"] == "f"


def reads_calls_that_were_left_in_the_text(chat: Any, server: Loopback) -> None:
    server.will({**exchanges.UNPARSED, "model": str(EMBEDDED)})
    message = chat(llm=endpoint(server)).bind_tools([get_weather, now]).invoke("Weather?")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == exchanges.EXPECTED


REMOTE: list[Callable[[Any, Loopback], None]] = [
    sends_a_temperature_of_zero,
    sends_every_setting,
    sends_stop,
    forces_one_of_many_tools,
    forces_any_tool,
    passes_on_thoughts,
    passes_on_usage_details,
    names_the_model,
    sends_a_schema_in_openais_form,
    sends_standard_blocks,
    sends_a_results_name,
    reads_calls_that_were_left_in_the_text,
]


@pytest.fixture
def server() -> Iterator[Loopback]:
    from huggingface_hub.utils import _http

    huggingface_hub.set_client_factory(httpx.Client)  # the hub's own client reaches nothing at all when it is offline
    with loopback() as served:
        served.will(said())
        yield served
    huggingface_hub.set_client_factory(_http.default_client_factory)


@pytest.mark.parametrize("check", REMOTE, ids=lambda check: check.__name__)
def test_a_server(check: Callable[[Any, Loopback], None], server: Loopback) -> None:
    check(ChatHuggingFace, server)
    server.will(said())
    asked = len(server.asked)
    with pytest.raises((AssertionError, KeyError, TypeError, ValueError)):
        check(Original, server)
    assert check is forces_one_of_many_tools or len(server.asked) > asked, "the original did not even ask"
