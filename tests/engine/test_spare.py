"""Sequences that ended are gone on from, or written over, and nothing of them shows in what is said."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.engine import Request
from agentkit.engine.forward import Forward
from agentkit.engine.spare import Spare

from .conftest import KINDS, generate, make_model, make_tokenizer

SIZE = len(make_tokenizer())


def _ended(forward, ids):
    kv = forward.new(len(ids))
    forward([ids], kv, 0)
    return kv


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_branching_conversations_say_what_generate_says(engine, data):
    model, local = make_model("full"), engine("full")
    rng = random.Random(data.draw(st.integers(0, 3)))
    talks = [[rng.randrange(2, SIZE) for _ in range(rng.randrange(1, 60))]]
    for _ in range(6):
        talk = data.draw(st.sampled_from(talks))
        ids = talk[: data.draw(st.integers(1, len(talk)))] + data.draw(st.lists(st.integers(2, 5), max_size=3))
        stream = local.submit(Request(ids, max_tokens=6))
        assert len(list(stream)) == stream.finish.completion_tokens
        assert list(stream.finish.token_ids) == generate(model, ids, 6)
        talks.append(ids + list(stream.finish.token_ids))


def test_a_turn_goes_on_from_the_last_one_without_a_copy(engine, monkeypatch):
    local = engine("full")
    prompt, said = [5 + i % 40 for i in range(80)], []
    for turn in range(3):
        stream = local.submit(Request(prompt, max_tokens=5, min_tokens=5))
        said = [token.id for token in stream]
        assert stream.finish.cached_tokens == (0 if turn == 0 else len(prompt) - 4)
        prompt = [*prompt, *said, 9, 8, 7]
        # From here on what is remembered is taken over as it is.
        monkeypatch.setattr("agentkit.engine.kv.KeyValues.load", lambda *_: pytest.fail("It was copied."))


def test_what_is_left_is_chosen_by_what_it_has_in_common():
    forward = Forward(make_model("full"))
    spare = Spare(64 * 2**20)
    first, second = list(range(10, 40)), [*range(10, 20), *range(50, 70)]
    for ids in (first, second):
        spare.keep(ids, _ended(forward, ids))
    assert spare.take([*second, 7], known=len(second), room=40).lengths == [len(second)]
    assert spare.take([*range(10, 20), 3], known=10, room=20).lengths == [10]
    assert spare.take(first, known=0, room=40) is None
    for ids in (first, second):
        spare.keep(ids, _ended(forward, ids))
    # The second one has some of it, but most is to be copied in any case: it is left to those who may go on from it.
    assert spare.take([*range(10, 20), 50, 51, *range(80, 120)], known=40, room=60) is None
    for ids in ([2] * 8, [3] * 8):
        spare.keep(ids, _ended(forward, ids))
    # Where no more can be kept, the oldest one of about the size is written over.
    assert spare.take([7] * 20, known=0, room=25).lengths == [0]
    assert spare.take([*second, 7], known=len(second), room=40).lengths == [len(second)]


def test_memory_is_bounded():
    forward = Forward(make_model("full"))
    kv = _ended(forward, list(range(2, 66)))
    spare = Spare(4 * 2 * kv.bytes)
    for _ in range(5):
        spare.keep(list(range(2, 66)), _ended(forward, list(range(2, 66))))
        assert 0 < spare.bytes <= 2 * kv.bytes
    small = Spare(kv.bytes)
    small.keep(list(range(2, 66)), kv)
    assert small.bytes == 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "full"])
def test_what_cannot_be_cut_is_not_kept(kind):
    forward, spare = Forward(make_model(kind)), Spare(2**30)
    spare.keep([5, 6, 7], _ended(forward, [5, 6, 7]))
    assert spare.bytes == 0
