from __future__ import annotations

import batches
import generate
import network
import pytest
import torch
from initial import COPYING_HEADS, initialise
from muon import orthogonalise
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> LlamaForCausalLM:
    shape = network.config(tokenizer.get_vocab_size())
    shape._attn_implementation = "eager"
    made = LlamaForCausalLM(shape)
    initialise(made, seed=3)
    return made.eval()


def test_loss_is_the_models_own(model: LlamaForCausalLM, tokenizer: Tokenizer) -> None:
    batch = batches.pad(batches.encode(generate.conversations("network", 6), tokenizer))
    with torch.no_grad():
        expected = model(input_ids=batch.ids, labels=batch.ids.masked_fill(~batch.targets, -100)).loss
        torch.testing.assert_close(network.loss(model, batch.ids, batch.targets), expected, rtol=1e-4, atol=1e-4)


def test_untrained_heads_look_at_the_token_before_and_after_its_last_occurrence(model: LlamaForCausalLM) -> None:
    generator = torch.Generator().manual_seed(0)
    once = torch.randperm(model.config.vocab_size, generator=generator)[None, :40]
    ids = torch.cat([once, once], 1)  # the second half can be foretold by copying
    with torch.no_grad():
        first, second = model(input_ids=ids, output_attentions=True).attentions[:2]
    place = torch.arange(1, 80)
    before = first[0, :COPYING_HEADS, place, place - 1]
    assert before.mean() > 0.5
    place = torch.arange(41, 80)
    after_last = second[0, :COPYING_HEADS, place, place - 39]
    assert after_last.mean() > 5 / 60, "an induction head looks there far more than by chance"


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((3, 64, 176), (3, 176, 64)):
        made = orthogonalise(torch.randn(shape, generator=generator))
        assert made.shape == shape
        values = torch.linalg.svdvals(made)
        assert values.max() < 1.3
        assert values.min() > 0.7
