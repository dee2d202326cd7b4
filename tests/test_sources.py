"""Where models come from: one engine a model, and none left when nobody needs it."""

from __future__ import annotations

import gc
import weakref

import pytest
from langchain_core.load import dumpd
from langchain_core.messages import HumanMessage
from langchain_huggingface import HuggingFacePipeline
from transformers import AutoModelForCausalLM, AutoTokenizer

from agentkit import ChatHuggingFace, sources
from agentkit.sources import EMBEDDED


def test_chat_models_over_one_model_share_its_engine_and_it_goes_with_them() -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(EMBEDDED), AutoTokenizer.from_pretrained(EMBEDDED)
    one = ChatHuggingFace.from_model(model, tokenizer, max_tokens=3)
    two = ChatHuggingFace.from_model(model, tokenizer, temperature=1)
    assert one._source.engine is two._source.engine
    assert one.invoke("Hello!").text
    gone = weakref.ref(model)
    del one, model
    gc.collect()
    assert gone() is not None
    del two
    gc.collect()
    for _ in range(100):
        if gone() is None:
            break
        gc.collect()
    assert gone() is None


def test_pipeline_arguments_without_effect_are_told() -> None:
    with pytest.warns(UserWarning, match=r"have no effect: typical_p, num_beams\.$"):
        sources.from_model_id(str(EMBEDDED), {"typical_p": 0.9, "num_beams": 2, "max_new_tokens": 3, "pad_token_id": 0})


def test_what_only_servers_know_is_refused() -> None:
    for name, value in [("presence_penalty", 0.5), ("frequency_penalty", 0.5), ("logit_bias", {1: 2.0}), ("n", 2)]:
        with pytest.raises(ValueError, match=f"{name}.*is for servers"):
            ChatHuggingFace.embedded(**{name: value}).invoke("Hello!")


def test_how_it_was_loaded_is_serialised() -> None:
    model = ChatHuggingFace.from_model_id(str(EMBEDDED), device="cpu", dtype="float32", token="secret")
    told = str(dumpd(model))
    assert "'device': 'cpu'" in told
    assert "'dtype': 'float32'" in told
    assert "secret" not in told
    assert model._source.identity == ""


def test_ends_of_turn_that_a_pipeline_names_end_it() -> None:
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    how = tokenizer.encode(" How")
    llm = HuggingFacePipeline.from_model_id(
        str(EMBEDDED), task="text-generation", pipeline_kwargs={"eos_token_id": how, "stop_strings": ["zzz"]}
    )
    assert ChatHuggingFace(llm=llm).invoke("Hello!").text.strip() == "Hello!"


def test_a_tokenizer_of_ones_own() -> None:
    changed = AutoTokenizer.from_pretrained(EMBEDDED)
    changed.chat_template = changed.chat_template.replace("<|im_start|>assistant", "<|im_start|>assistant<tools>")
    plain = ChatHuggingFace(model_id=str(EMBEDDED), tokenizer=str(EMBEDDED))
    others = [ChatHuggingFace(model_id=str(EMBEDDED), tokenizer=changed)]
    others.append(ChatHuggingFace.from_model_id(str(EMBEDDED), tokenizer=changed))
    llm = HuggingFacePipeline.from_model_id(str(EMBEDDED), task="text-generation")
    others.append(ChatHuggingFace(llm=llm, tokenizer=changed))
    question = [HumanMessage("Hello!")]
    for other in others:
        assert other.get_num_tokens_from_messages(question) == plain.get_num_tokens_from_messages(question) + 1
