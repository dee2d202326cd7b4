"""Models that see and hear, built here: prompts with media end to end."""

from __future__ import annotations

import asyncio
import functools
import operator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from agentkit.tools import calculator
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage
from PIL import Image
from pydantic import BaseModel

from agentkit import ChatHuggingFace, ContextLengthError, UnsupportedContentError
from agentkit.engine.loading import load
from tests.hearing import audio_model
from tests.vision import IMAGE, film_model, image_model

RED = {"type": "image", "image": Image.new("RGB", (40, 30), "red")}
NOISE = {"type": "image", "image": np.random.default_rng(0).integers(0, 255, (30, 30, 3), dtype=np.uint8)}
SOUND = np.sin(np.arange(16000) / 20).astype(np.float32)


class Seen(BaseModel):
    """What is seen."""

    colour: Literal["red", "green"]
    bright: bool


@pytest.fixture(scope="module")
def sees() -> ChatHuggingFace:
    return ChatHuggingFace.from_model(*image_model(), max_tokens=24)


@pytest.fixture(scope="module")
def hears() -> ChatHuggingFace:
    return ChatHuggingFace.from_model(*audio_model(), max_tokens=8)


def says_what_transformers_generate_says(chat: ChatHuggingFace, blocks: list[Any], **arguments: Any) -> None:
    """That the prompt has the same ids as the processor makes of it, and the answer is that of `generate`."""
    source: Any = chat._source
    text = {"type": "text", "text": "What is this?"}
    kinds = [text, *({"type": block["type"]} for block in blocks)]
    prompt = source.processor.apply_chat_template([{"role": "user", "content": kinds}], add_generation_prompt=True)
    inputs = source.processor(text=[prompt], return_tensors="pt", add_special_tokens=False, **arguments)
    length = inputs["input_ids"].shape[1]
    ids = source.model.generate(**inputs, max_new_tokens=chat.max_tokens, do_sample=False)[0, length:]
    question = [HumanMessage([text, *blocks])]
    message = chat.invoke(question)
    assert message.text == source.tokenizer.decode(ids, skip_special_tokens=True).strip()
    assert message.usage_metadata is not None
    assert message.usage_metadata["input_tokens"] == length == chat.get_num_tokens_from_messages(question)
    assert message.usage_metadata["output_tokens"] == len(ids)


def test_images(sees: ChatHuggingFace) -> None:
    says_what_transformers_generate_says(sees, [RED], images=[RED["image"]])
    says_what_transformers_generate_says(sees, [RED, NOISE], images=[RED["image"], Image.fromarray(NOISE["image"])])


def test_sounds(hears: ChatHuggingFace) -> None:
    sound = {"type": "audio", "audio": SOUND}
    says_what_transformers_generate_says(hears, [sound], audio=[SOUND], sampling_rate=16000)


def test_films_among_images() -> None:
    pytest.importorskip("torchvision", reason="transformers' video processors need torchvision")
    chat = ChatHuggingFace.from_model(*film_model(), max_tokens=8)
    frames = np.random.default_rng(0).integers(0, 255, (4, 60, 60, 3), dtype=np.uint8)
    film = {"type": "video", "video": frames}
    pictures = [RED["image"], Image.fromarray(NOISE["image"])]
    shown = [[Image.fromarray(frame) for frame in frames]]
    says_what_transformers_generate_says(chat, [film], videos=shown)
    says_what_transformers_generate_says(chat, [RED, film, NOISE], images=pictures, videos=shown)


def test_it_looks_at_the_image(sees: ChatHuggingFace) -> None:
    def sure(image: Any) -> list[float]:
        message = sees.invoke([HumanMessage(["What is this?", image])], logprobs=True, max_tokens=3)
        return [token["logprob"] for token in message.response_metadata["logprobs"]["content"]]

    assert sure(RED) == sure(RED)
    assert sure(RED) != sure(NOISE)


async def test_every_way_to_ask(sees: ChatHuggingFace) -> None:
    question = [SystemMessage("Be brief."), HumanMessage(["What is this?", RED])]
    whole = sees.invoke(question).text
    assert functools.reduce(operator.add, sees.stream(question)).text == whole
    assert (await sees.ainvoke(question)).text == whole
    assert [message.text for message in await sees.abatch([question, question])] == [whole, whole]
    assert isinstance(sees.with_structured_output(Seen).invoke(question), Seen)
    forced = sees.bind_tools([calculator], tool_choice="any").invoke(question, max_tokens=60, logprobs=True)
    assert forced.tool_calls[0]["name"] == "calculator"
    assert forced.response_metadata["call_confidence"]
    stopped = sees.invoke(question, stop=[whole.split()[-1]])
    assert whole.split()[-1] not in stopped.text
    assert sees.invoke("Hello!").text == ChatHuggingFace.embedded(max_tokens=24).invoke("Hello!").text


async def test_leaving_stops_it(sees: ChatHuggingFace) -> None:
    question = [HumanMessage(["What is this?", RED])]
    stream = sees.stream(question, temperature=5.0, max_tokens=3000)
    next(stream)
    stream.close()
    task = asyncio.create_task(sees.ainvoke(question, temperature=5.0, max_tokens=3000))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(sees.ainvoke(question, max_tokens=1), 20)  # the model is free again


def test_it_survives_saving_and_loading(tmp_path: Path, sees: ChatHuggingFace) -> None:
    source: Any = sees._source
    source.model.save_pretrained(tmp_path)
    source.processor.save_pretrained(tmp_path)
    model, _ = load(tmp_path)
    assert type(model) is type(source.model)
    again = ChatHuggingFace.from_model_id(str(tmp_path), task="image-text-to-text", max_tokens=24, dtype="float32")
    question = [HumanMessage(["What is this?", RED])]
    assert again.invoke(question).text == sees.invoke(question).text


def test_what_a_model_does_not_take_is_refused_by_name(sees: ChatHuggingFace, embedded: ChatHuggingFace) -> None:
    sound = HumanMessage([{"type": "audio", "audio": SOUND}])
    with pytest.raises(
        UnsupportedContentError, match=r"LlavaForConditionalGeneration takes text and image only.*'audio'"
    ):
        sees.invoke([sound])
    with pytest.raises(UnsupportedContentError, match=r"agentkit-embedded takes text only.*'image'"):
        embedded.invoke([HumanMessage([RED])])
    with pytest.raises(ContextLengthError):
        sees.invoke([HumanMessage(["long " * 4096, RED])])


pieces = st.lists(
    st.sampled_from([IMAGE, "<|im_end|>", "<|endof", "text|>", "<tool_call>", "<", "x", "\n"]), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(pieces.map("".join))
def test_text_cannot_become_a_placeholder(sees: ChatHuggingFace, text: str) -> None:
    from agentkit import local
    from agentkit.question import Question

    source: Any = sees._source
    control = set(source.tokenizer.get_added_vocab().values())

    def count(said: str) -> int:
        prompt, media = local.prompt_of(source, Question([HumanMessage([said, RED, said])]))
        assert len(media) == 1
        return sum(token_id in control for token_id in prompt.ids or ())

    assert count(text or "a") == count("a")
