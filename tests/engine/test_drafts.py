"""Guesses cost nothing when wrong, and save forward passes when right."""

from __future__ import annotations

import copy
import random

import pytest
import torch

from agentkit.engine import Request, Sampling
from agentkit.engine.drafts import Drafts

from .conftest import generate, make_model


def test_guesses_what_followed_last_time():
    drafts = Drafts(8)
    ids = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3]
    assert drafts.guess([1, 2]) == []
    assert drafts.guess(ids) == [4, 5, 6, 7]
    drafts.learn(len(ids), 4, 4)
    ids = [*ids, 4, 5, 6, 7]
    assert drafts.guess(ids) == [8, 9, 0, 1, 2, 3, 4, 5]
    # Twice as cautious after each failure, and at last silent for a while.
    for size in (4, 2, 1):
        drafts.learn(len(ids), 8, 0)
        assert len(drafts.guess(ids)) == size
    drafts.learn(len(ids), 1, 0)
    ids = ids * 2
    assert drafts.guess(ids[: len(ids) // 2 + 10]) == []
    assert drafts.guess(ids) != []


def _forgetful(kind):
    """A model that looks at its last token only, and so repeats itself before long."""
    model = copy.deepcopy(make_model(kind))
    for name, parameter in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            torch.nn.init.zeros_(parameter)
    return model


@pytest.mark.parametrize("kind", ["full", "mixed"])
@pytest.mark.parametrize("grammar", [None, "start: /(?s:.){150}/"])
def test_says_the_same_in_fewer_passes(engine, kind, grammar):
    calls, said = {}, {}
    model = _forgetful(kind)
    model.register_forward_pre_hook(lambda module, args, kwargs: passes.append(kwargs["input_ids"]), with_kwargs=True)
    for drafts in (0, 8):
        passes = []
        local = engine(model=model, drafts=drafts)
        list(local.submit(Request([5], max_tokens=1)))
        passes.clear()
        requests = [
            Request([n, n + 1], max_tokens=150, min_tokens=150, grammar=grammar, sampling=Sampling(0.0, seed=n))
            for n in range(5, 7)
        ]
        said[drafts] = [[token.id for token in local.submit(request)] for request in requests]
        calls[drafts] = len(passes)
    assert said[8] == said[0]
    assert calls[8] < 0.6 * calls[0]


def test_sampling_draws_the_same_with_guesses(engine):
    rng, said = random.Random(3), {}
    prompts = [[rng.randrange(2, 280) for _ in range(9)] * 3 for _ in range(6)]
    for drafts in (0, 8):
        local = engine("mixed", drafts=drafts)
        requests = [Request(prompt, max_tokens=60, sampling=Sampling(0.4, seed=1)) for prompt in prompts]
        said[drafts] = [[token.id for token in local.submit(request)] for request in requests]
    assert said[8] == said[0]


def test_greedy_equals_generate_where_the_model_repeats_itself(engine):
    model, local = make_model("mixed"), engine("mixed", drafts=8)
    for n in range(5, 11):
        prompt = [n, n + 1, n + 2] * 5
        assert [token.id for token in local.submit(Request(prompt, max_tokens=80))] == generate(model, prompt, 80)
