"""Where models come from: one engine a model, and none left when nobody needs it."""

from __future__ import annotations

import gc
import weakref

from transformers import AutoModelForCausalLM, AutoTokenizer

from agentkit import ChatHuggingFace
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
