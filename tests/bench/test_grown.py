"""The grown model says what the small one says."""

from __future__ import annotations

import pytest
import torch
from langchain_core.tools import tool

from agentkit import ChatHuggingFace
from agentkit.engine.loading import load
from agentkit.sources import EMBEDDED
from tests.bench.grown import VOCABULARY, grow, grow_tokenizer

TEXT = (
    "<|im_start|>user\nWhat is 37593 * 67?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n"
    '{"name": "calculator", "arguments": {"expression": "37593 * 67"}}\n</tool_call><|im_end|>\nhow café naïve, 日本'
)


@pytest.fixture(scope="module")
def both():
    small, tokenizer = load(EMBEDDED, device="cpu", dtype="float32")
    return small, tokenizer, grow(small), grow_tokenizer(tokenizer)


def test_the_same_logits(both):
    small, tokenizer, large, _ = both
    assert sum(parameter.numel() for parameter in large.parameters()) > 100e6
    ids = torch.tensor([tokenizer.encode(TEXT)])
    with torch.no_grad():
        expected, found = small(ids).logits, large(ids).logits
    assert found.shape[-1] == VOCABULARY
    torch.testing.assert_close(found[..., : expected.shape[-1]], expected, atol=1e-3, rtol=0)
    # What is new never wins, and has no part in the probabilities either.
    assert found[..., expected.shape[-1] :].max() < expected.min() - 100


def test_nothing_in_it_is_cheaper_than_it_looks(both):
    *_, large, _ = both
    for name, parameter in large.named_parameters():
        values = parameter.detach().abs()
        # Numbers too small for a float's exponent are many times slower, and sparse tensors faster.
        assert not ((values > 0) & (values < torch.finfo(torch.float32).tiny)).any(), name
        assert parameter.layout == torch.strided
        assert parameter.is_contiguous()


def test_the_same_tokens(both):
    _, small, _, large = both
    assert len(large) == VOCABULARY
    assert large.encode(TEXT) == small.encode(TEXT)
    assert large.decode(large.encode(TEXT)) == small.decode(small.encode(TEXT))
    assert len(set(large.get_vocab().values())) == VOCABULARY


def test_the_same_call(both):
    @tool
    def calculator(expression: str) -> str:
        """Calculate the value of an expression."""
        return expression

    small, tokenizer, large, large_tokenizer = both
    calls = []
    for chat in (ChatHuggingFace.from_model(small, tokenizer), ChatHuggingFace.from_model(large, large_tokenizer)):
        message = chat.bind_tools([calculator]).invoke("What is 37593 * 67?")
        calls.append([(call["name"], call["args"]) for call in message.tool_calls])
    assert calls[0] == calls[1] == [("calculator", {"expression": "37593 * 67"})]
