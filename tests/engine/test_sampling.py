"""Draws are distributed as transformers' own logits processors say."""

from __future__ import annotations

import math

import pytest
import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from agentkit.engine import Request, Sampling
from agentkit.engine.sampling import Sampler, check_sampling, log_probabilities

PROMPT = [1, 4, 4, 9]


def _reference(logits, sampling):
    processors = LogitsProcessorList()
    if sampling.repetition_penalty:
        processors.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    processors.append(TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_k:
        processors.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p:
        processors.append(TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        processors.append(MinPLogitsWarper(sampling.min_p))
    return processors(torch.tensor([PROMPT]), logits[None].clone())[0].softmax(-1)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(1.0),
        Sampling(0.4),
        Sampling(1.5, top_k=5),
        Sampling(1.0, top_p=0.7),
        Sampling(1.0, min_p=0.2),
        Sampling(1.2, top_k=9, top_p=0.8, min_p=0.05),
        Sampling(0.9, repetition_penalty=1.8, top_k=7),
        Sampling(0.9, repetition_penalty=0.5),
        Sampling(1.0, top_k=1),
        Sampling(1.0, top_k=10_000, top_p=1.0, min_p=0.0),
    ],
)
def test_distribution(sampling):
    logits = torch.randn(30, generator=torch.Generator().manual_seed(3)) * 2
    expected = _reference(logits, sampling)
    sampler = Sampler(Sampling(**{**_fields(sampling), "seed": 5}), PROMPT)
    draws = 3000
    counts = torch.zeros(30)
    for _ in range(draws):
        counts[sampler.pick(logits)] += 1
    assert not counts[expected == 0].any()
    # Five standard deviations of a binomial count.
    assert ((counts - draws * expected).abs() <= 5 * (draws * expected * (1 - expected)).sqrt() + 1e-3).all()


def _fields(sampling):
    return {name: getattr(sampling, name) for name in sampling.__dataclass_fields__}


def test_greedy_with_penalty_and_mask():
    logits = torch.tensor([0.0, 5.0, 4.0, 3.0])
    allowed = torch.tensor([True, True, False, True])
    sampler = Sampler(Sampling(repetition_penalty=10.0), [1])
    assert not sampler.is_argmax
    assert sampler.pick(logits) == 2
    assert sampler.pick(logits, allowed) == 3
    sampler.saw(3)
    assert sampler.pick(logits, allowed) == 1
    assert logits.tolist() == [0.0, 5.0, 4.0, 3.0]


def test_only_what_is_allowed_is_drawn():
    logits = torch.tensor([9.0, 1.0, 8.0, 1.0])
    allowed = torch.tensor([False, True, False, True])
    sampler = Sampler(Sampling(1.0, top_k=2, top_p=0.9, seed=1), [])
    assert {sampler.pick(logits, allowed) for _ in range(50)} == {1, 3}


def test_seeds():
    logits = torch.zeros(1000)
    draws = [[Sampler(Sampling(1.0, seed=seed), []).pick(logits) for _ in range(3)] for seed in (1, 1, 2, -1, 2**64)]
    assert draws[0] == draws[1]
    assert len({tuple(draw) for draw in draws}) == 4
    unseeded = {Sampler(Sampling(1.0), []).pick(logits) for _ in range(5)}
    assert len(unseeded) > 1


@pytest.mark.parametrize(
    ("sampling", "name"),
    [
        (Sampling(-0.1), "temperature"),
        (Sampling(math.nan), "temperature"),
        (Sampling(top_k=-1), "top_k"),
        (Sampling(top_p=0.0), "top_p"),
        (Sampling(top_p=1.1), "top_p"),
        (Sampling(min_p=2.0), "min_p"),
        (Sampling(repetition_penalty=0.0), "repetition_penalty"),
    ],
)
def test_settings_out_of_range(sampling, name):
    with pytest.raises(ValueError, match=name):
        check_sampling(sampling)


def test_log_probabilities_are_the_models_own(engine, tokenizer):
    logprob, top = log_probabilities(torch.tensor([0.0, math.log(3.0)]), 0, 5)
    assert logprob == pytest.approx(math.log(0.25))
    assert top == [(1, pytest.approx(math.log(0.75))), (0, pytest.approx(math.log(0.25)))]
    local = engine()
    grammar = 'start: "quick" /[0-9]{2}/'
    stream = local.submit(Request([5, 6, 7], grammar=grammar, logprobs=3, sampling=Sampling(2.0, seed=1)))
    tokens = list(stream)
    assert "".join(token.text for token in tokens).startswith("quick")
    ids = [5, 6, 7, *stream.finish.token_ids]
    with torch.no_grad():
        expected = local.model(torch.tensor([ids])).logits[0, 2:-1].log_softmax(-1)
    for row, token in zip(expected, tokens, strict=True):
        assert token.logprob == pytest.approx(row[token.id].item(), abs=1e-4)
        values, best = row.topk(3)
        assert [entry[0] for entry in token.top] == best.tolist()
        assert [entry[2] for entry in token.top] == pytest.approx(values.tolist(), abs=1e-4)
        assert [entry[1] for entry in token.top] == [tokenizer.decode([one]) for one in best.tolist()]
