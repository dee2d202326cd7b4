"""What LangChain's users do with a chat model beside asking it."""

from __future__ import annotations

import asyncio
import copy
import time
from typing import Any

import pytest
from agentkit.tools import calculator, search
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import ConfigurableField
from transformers import AutoModelForCausalLM, AutoTokenizer

from agentkit import ChatHuggingFace, local
from agentkit.question import Question
from agentkit.sources import EMBEDDED

CALL = {"name": "calculator", "args": {"expression": "2 + 3"}, "id": "abcdefghi", "type": "tool_call"}
HISTORY = [
    SystemMessage("Be brief."),
    HumanMessage("What is 2 + 3?"),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("5", tool_call_id="abcdefghi"),
]


@pytest.mark.parametrize("tools", [[], [calculator, search]])
@pytest.mark.parametrize("messages", [HISTORY, HISTORY[1:2]])
def test_tokens_are_counted_exactly(embedded: ChatHuggingFace, messages: list[BaseMessage], tools: list[Any]) -> None:
    model: Any = embedded.bind_tools(tools) if tools else embedded
    usage = model.invoke(messages, max_tokens=1).usage_metadata
    assert embedded.get_num_tokens_from_messages(messages, tools) == usage["input_tokens"]
    assert embedded.context_length == 4096
    assert embedded.profile is not None
    assert embedded.profile["max_input_tokens"] == 4096
    assert len(embedded.get_token_ids("Hello!")) == embedded.get_num_tokens("Hello!") < 4


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_it_survives_serialisation_and_copying() -> None:
    model = ChatHuggingFace.embedded(temperature=0, stop=["END"], max_tokens=7)
    again = load(dumpd(model), allowed_objects=[ChatHuggingFace], valid_namespaces=["agentkit"])
    for same in (again, copy.deepcopy(model), model.model_copy()):
        assert same._identifying_params == model._identifying_params
        assert same.invoke("Hello!").text == model.invoke("Hello!").text
        assert same._source.engine is model._source.engine  # not loaded twice


def test_answers_are_cached_by_all_that_makes_a_difference() -> None:
    cache = InMemoryCache()
    model = ChatHuggingFace.embedded(cache=cache)
    first = model.invoke("Hello!")
    assert model.invoke("Hello!").id == first.id
    assert len(cache._cache) == 1
    ChatHuggingFace.embedded(cache=cache, max_tokens=2).invoke("Hello!")
    model.invoke("Hello!", temperature=1)
    other, tokenizer = AutoModelForCausalLM.from_pretrained(EMBEDDED), AutoTokenizer.from_pretrained(EMBEDDED)
    ChatHuggingFace.from_model(other, tokenizer, cache=cache).invoke("Hello!")
    third = AutoModelForCausalLM.from_pretrained(EMBEDDED)
    ChatHuggingFace.from_model(third, tokenizer, cache=cache).invoke("Hello!")
    assert len(cache._cache) == 5


async def test_callbacks_hear_every_token() -> None:
    class Ears(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[str] = []
            self.started: dict[str, Any] = {}
            self.ended = 0

        def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
            self.started = kwargs

        def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
            self.heard.append(token)

        def on_llm_end(self, response: Any, **kwargs: Any) -> None:
            self.ended += 1

    for streaming in (True, False):
        ears = Ears()
        model = ChatHuggingFace.embedded(temperature=0, **({"streaming": True} if streaming else {}))
        said = model.invoke("Hello!", {"callbacks": [ears], "tags": ["t"]})
        assert "".join(ears.heard) == (said.text if streaming else "")
        assert ears.ended == 1
        assert ears.started["metadata"]["ls_model_name"] == "agentkit-embedded"
        assert ears.started["metadata"]["ls_temperature"] == 0
        assert ears.started["invocation_params"]["temperature"] == 0
        heard = Ears()
        [_ async for _ in model.astream("Hello!", {"callbacks": [heard]})]
        assert "".join(heard.heard) == said.text


def test_every_setting_can_be_given_with_a_call(embedded: ChatHuggingFace) -> None:
    def tokens(message: Any) -> int:
        return int(message.usage_metadata["output_tokens"])

    assert tokens(embedded.bind(max_tokens=2).invoke("Hello!")) == 2
    assert tokens(embedded.invoke("Hello!", max_new_tokens=3)) == 3
    assert tokens(ChatHuggingFace.embedded(max_tokens=5).invoke("Hello!", max_tokens=4)) == 4
    drawn = {embedded.invoke("Hello!", temperature=4.0, seed=seed, max_tokens=9).text for seed in range(4)}
    assert len(drawn) > 1
    held = {embedded.invoke("Hello!", temperature=4.0, top_k=1, seed=seed).text for seed in range(4)}
    assert held == {embedded.invoke("Hello!").text}
    assert embedded.invoke("Hello!", logprobs=True, top_logprobs=3).response_metadata["logprobs"]["content"][0][
        "top_logprobs"
    ][2]
    assert "help" not in embedded.invoke("Hello!", stop=["help"]).text
    fields = embedded.configurable_fields(max_tokens=ConfigurableField(id="limit"))
    assert tokens(fields.with_config(configurable={"limit": 2}).invoke("Hello!")) == 2
    assert tokens(fields.invoke("Hello!")) > 2
    other = embedded.invoke("Hello!", model=str(EMBEDDED))
    assert other.response_metadata["model_name"] == str(EMBEDDED)


def test_failures_are_tried_again_and_fall_back(embedded: ChatHuggingFace) -> None:
    refuses = ChatHuggingFace.embedded(max_tokens=0)
    assert "Hello" in refuses.with_fallbacks([embedded]).invoke("Hello!").text
    tried = 0

    def counted(error: Any) -> None:
        nonlocal tried
        tried += 1

    ears = type("Ears", (BaseCallbackHandler,), {"on_llm_error": lambda self, error, **kwargs: counted(error)})()
    again = refuses.with_retry(
        retry_if_exception_type=(ValueError,), stop_after_attempt=3, wait_exponential_jitter=False
    )
    with pytest.raises(ValueError, match="max_tokens must be at least 1"):
        again.invoke("Hello!", {"callbacks": [ears]})
    assert tried == 3


async def test_leaving_stops_the_model_and_async_never_blocks(embedded: ChatHuggingFace) -> None:
    source: Any = embedded._source
    endless = {"temperature": 5.0, "max_tokens": 3500}
    passes = 0

    def count(*_: Any) -> None:
        nonlocal passes
        passes += 1

    async def stopped() -> bool:
        """Whether the model came to rest before it had said all that it was asked for."""
        for _ in range(100):
            before = passes
            await asyncio.sleep(0.1)
            if passes == before:
                return True
        return False

    hook = source.model.register_forward_pre_hook(count)
    gaps: list[float] = []

    async def ticking() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.001)
            gaps.append(time.monotonic() - before)

    try:
        for _ in embedded.stream("Hello!", **endless):
            break
        assert await stopped()
        stream = embedded.astream("Hello!", **endless)
        await anext(stream)
        await stream.aclose()
        assert await stopped()
        began = passes
        ticker = asyncio.create_task(ticking())
        task = asyncio.create_task(embedded.ainvoke("Hello!", **endless))
        while passes < began + 5 or len(gaps) <= 5:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ticker.cancel()
        assert await stopped()
    finally:
        hook.remove()
    assert passes < 3 * 3000
    assert len(gaps) > 5


def test_reasoning_tokens_are_counted() -> None:
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    opened = "{{- '<|im_start|>assistant\\n' }}"
    tokenizer.chat_template = tokenizer.chat_template.replace(
        opened, "{{- '<|im_start|>assistant\\n<think>\\n' }}"
    ).replace(
        "{{- message.content or '' }}",
        "{%- if message.reasoning_content %}{{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}"
        "{%- endif %}{{- message.content or '' }}",
    )
    model = ChatHuggingFace.from_model(AutoModelForCausalLM.from_pretrained(EMBEDDED), tokenizer)
    message = model.invoke("Hello!", max_tokens=12)  # it never learned to close a thought
    assert message.usage_metadata is not None
    assert message.additional_kwargs["reasoning_content"]
    thought = message.usage_metadata["output_token_details"]["reasoning"]
    assert 0 < thought <= message.usage_metadata["output_tokens"]
    assert message.content_blocks[0]["type"] == "reasoning"


# --- content is never control

SPECIAL = list(AutoTokenizer.from_pretrained(EMBEDDED).get_added_vocab())
piece = st.sampled_from([*SPECIAL, "<|im_", "end|>", "<", "|", ">", "</", "tool_call", "\n", "{{", "%}", "é", "x"])
hostile = st.lists(piece, max_size=6).map("".join)


def conversation(a: str, b: str, c: str, d: str, e: str) -> Question:
    """Five texts in every field that a person or a tool can write."""
    tool = {
        "name": f"f{d}",
        "description": e,
        "parameters": {
            "type": "object",
            "title": a,
            "properties": {f"k{c}": {"type": "string", "description": b, "enum": [a, f"{d}y"]}},
            "required": [f"k{c}"],
        },
    }
    call = {"name": f"f{d}", "args": {f"k{c}": e, "n": {f"m{a}": [b, {"x": c}]}}, "id": f"i{b}", "type": "tool_call"}
    messages = [
        SystemMessage([{"type": "text", "text": a}]),
        HumanMessage(b, name=f"n{a}"),
        AIMessage(c, tool_calls=[call], additional_kwargs={"reasoning_content": d}),
        ToolMessage(
            [{"type": "text", "text": d}, {"type": "json", "json": {f"j{e}": a}}], tool_call_id=f"i{b}", name=f"f{d}"
        ),
        HumanMessage(e),
    ]
    return Question(messages, tools=[{"type": "function", "function": tool}])


@settings(max_examples=150, deadline=None)
@given(hostile, hostile, hostile, hostile, hostile)
def test_nothing_that_is_written_becomes_control(
    embedded: ChatHuggingFace, a: str, b: str, c: str, d: str, e: str
) -> None:
    source: Any = embedded._source
    control = set(source.tokenizer.get_added_vocab().values())

    def count(question: Question) -> int:
        prompt, _ = local.prompt_of(source, question)
        assert source.tokenizer.decode(prompt.ids) == prompt.text
        return sum(token_id in control for token_id in prompt.ids or ())

    assert count(conversation(a, b, c, d, e)) == count(conversation("a", "b", "c", "d", "e"))
