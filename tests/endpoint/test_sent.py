"""What is sent to a server."""

from __future__ import annotations

import pytest
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_huggingface import HuggingFaceEndpoint

from agentkit import ChatHuggingFace, EndpointError
from tests.endpoint import exchanges
from tests.endpoint.asked import Person, get_weather, now
from tests.endpoint.loopback import Answer, Loopback, said


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
