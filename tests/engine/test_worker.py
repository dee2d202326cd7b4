"""Who computes what when: together, in turns, and without taking the others down."""

from __future__ import annotations

import itertools
import random
import threading
import weakref

import pytest
import torch

from agentkit.engine import Request, Sampling
from agentkit.errors import EngineError, OutOfMemoryError

from .conftest import KINDS, generate, make_model, random_ids


def test_requests_go_forward_together(engine, watched):
    shapes = []
    local = engine(model=watched(lambda ids: shapes.append(tuple(ids.shape))))
    rng = random.Random(1)
    list(local.submit(Request([5], max_tokens=1)))
    shapes.clear()
    streams = [local.submit(Request(random_ids(rng, 10 + n), max_tokens=40, min_tokens=40)) for n in range(8)]
    for stream in streams:
        assert len(list(stream)) == 40
    # 8 prompts, and some 40 steps for all; one after another it would be 320.
    assert len(shapes) < 70
    assert max(rows for rows, _ in shapes) == 8


def test_prompts_that_wait_together_are_computed_together(engine, watched):
    """Some of which a beginning is known, and some not; two with a beginning of their own in common, which is not to be
    computed twice."""
    rng = random.Random(7)
    shapes, begun, gate = [], threading.Event(), threading.Event()

    def look(ids):
        shapes.append(tuple(ids.shape))
        if ids[0, -1] == 9:
            begun.set()
            gate.wait(20)

    known, shared = random_ids(rng, 60), random_ids(rng, 30)
    prompts = [
        *([*known, *random_ids(rng, 20 + n)] for n in range(3)),
        *(random_ids(rng, 18 + n) for n in range(3)),
        *([*shared, *random_ids(rng, 5)] for _ in range(2)),
        random_ids(rng, 200),
        [7],
    ]
    expected = [generate(make_model("full"), prompt, 20) for prompt in prompts]
    local = engine(model=watched(look))
    list(local.submit(Request(known, max_tokens=1)))
    first = local.submit(Request([5, 6, 9], max_tokens=1))
    assert begun.wait(20)
    streams = [local.submit(Request(prompt, max_tokens=20)) for prompt in prompts]
    shapes.clear()
    gate.set()
    assert [[token.id for token in stream] for stream in streams] == expected
    list(first)
    # All but the long one, and one of the two that begin alike.
    assert shapes[0][0] == 8
    assert shapes[0][1] < 40
    assert sum(stream.finish.cached_tokens for stream in streams) == 3 * len(known) + len(shared)


def test_a_long_prompt_holds_the_others_up_by_one_chunk_at_a_time(engine, watched):
    shapes = []
    local = engine(model=watched(lambda ids: shapes.append(tuple(ids.shape))), prefill_chunk=32)
    rng = random.Random(2)
    talking = local.submit(Request(random_ids(rng, 5), max_tokens=500, min_tokens=500))
    tokens = iter(talking)
    next(tokens)
    shapes.clear()
    long = local.submit(Request(random_ids(rng, 195), max_tokens=1))
    list(long)
    talking.cancel()
    chunks = [index for index, (_, new) in enumerate(shapes) if new > 1]
    # The last two go together, for a short rest is not worth a pass of its own; the last token goes with the others'.
    assert [shapes[index] for index in chunks] == [(1, 8)] * 23 + [(1, 10)]
    assert all(later - earlier == 2 for earlier, later in itertools.pairwise(chunks))


def test_a_short_prompt_overtakes_a_long_one_but_not_for_ever(engine, watched):
    rng = random.Random(3)
    arrivals = []

    feeding = False

    def look(ids):
        # One more short prompt with each forward call: there is always one waiting.
        if len(arrivals) < 60 and feeding:
            arrivals.append(local.submit(Request(random_ids(rng, 12), max_tokens=1)))

    local = engine(model=watched(look), prefill_chunk=16, cache_bytes=0)
    list(local.submit(Request([5], max_tokens=1)))
    feeding = True
    long = local.submit(Request(random_ids(rng, 160), max_tokens=1))
    list(long)
    done = [stream for stream in arrivals if stream._channel.ended]
    # Some go before the long one, but not more tokens than it has, though more are waiting.
    assert 4 < len(done) < 30
    for stream in arrivals:
        list(stream)


def test_what_is_being_computed_for_another_is_waited_for(engine, watched):
    rng = random.Random(8)
    long = random_ids(rng, 400)
    begun, gate = threading.Event(), threading.Event()

    def follow(stream, order):
        list(stream)
        order.append(stream.finish.prompt_tokens)

    def look(ids):
        if ids[0, 0] == long[16]:
            begun.set()
            gate.wait(20)

    local = engine(model=watched(look), prefill_chunk=16)
    first = local.submit(Request(long, max_tokens=1))
    assert begun.wait(20)
    # Shorter than what is left of the first, but most of it is the same, of which a little is there.
    second = local.submit(Request([*long[:100], 5, 6, 7], max_tokens=1))
    third = local.submit(Request([9, 8, 7], max_tokens=1))
    gate.set()
    order = []
    threads = [threading.Thread(target=follow, args=(stream, order)) for stream in (first, second, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [stream.finish.cached_tokens for stream in (first, second, third)] == [0, 100, 0]
    # As soon as that part is there, and not only when the first is through.
    assert order.index(103) < order.index(400)


def test_a_failing_request_fails_alone(engine, watched):
    def look(ids):
        if (ids == 77).any():
            raise ValueError("seventy-seven")

    rng = random.Random(4)
    prompts = [[token for token in random_ids(rng, 20) if token != 77] for _ in range(6)]
    expected = [generate(make_model("full"), prompt, 30) for prompt in prompts]
    local = engine(model=watched(look))
    streams = [local.submit(Request(prompt, max_tokens=30)) for prompt in prompts]
    # One that begins with it, and one that is made to say it in the midst of the others.
    bad = local.submit(Request([5, 77, 6]))
    forced = local.submit(Request([5, 6], grammar="start: /[a-z]{7}/ <[77]> /[a-z]{3}/"))
    for stream in (bad, forced):
        with pytest.raises(EngineError, match="seventy-seven") as caught:
            list(stream)
        assert isinstance(caught.value.__cause__, ValueError)
        with pytest.raises(RuntimeError, match="failed"):
            _ = stream.finish
    for stream, ids in zip(streams, expected, strict=True):
        if 77 in ids[:-1]:
            with pytest.raises(EngineError, match="seventy-seven"):
                list(stream)
        else:
            assert [token.id for token in stream] == ids
    assert sum(77 in ids[:-1] for ids in expected) < 3
    # Being together was not to blame.
    assert local._scheduler.worker._max_batch > 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_of_one_token_beside_others(engine, kind):
    local = engine(kind)
    others = [local.submit(Request([5, 6, 7 + n], max_tokens=60, min_tokens=60)) for n in range(2)]
    running = [iter(other) for other in others]
    for tokens in running:
        next(tokens)
    for prompt in ([9], [9], [8, 9]):
        expected = generate(make_model(kind), prompt, 8)
        assert [token.id for token in local.submit(Request(prompt, max_tokens=8))] == expected
    for tokens in running:
        list(tokens)


def test_out_of_memory_together_is_not_out_of_memory_alone(engine, watched):
    """What a failed pass held is let go of before the requests are tried one by one."""
    held, begun, gate = [], threading.Event(), threading.Event()

    def look(ids):
        if ids[0, -1] == 9:
            begun.set()
            gate.wait(20)
        elif ids.shape[0] > 1 and ids.shape[1] > 4:
            activations = torch.empty(4)
            held.append(weakref.ref(activations))
            raise torch.OutOfMemoryError("out of memory")
        elif any(reference() is not None for reference in held):
            raise torch.OutOfMemoryError("out of memory, for another pass holds it")

    rng = random.Random(9)
    prompts = [random_ids(rng, 20 + n) for n in range(6)]
    expected = [generate(make_model("full"), prompt, 10) for prompt in prompts]
    local = engine(model=watched(look))
    first = local.submit(Request([5, 9], max_tokens=1))
    assert begun.wait(20)
    streams = [local.submit(Request(prompt, max_tokens=10)) for prompt in prompts]
    gate.set()
    assert [[token.id for token in stream] for stream in streams] == expected
    assert held
    list(first)


def test_out_of_memory_makes_room_before_it_fails(engine, watched):
    largest = []

    def look(ids):
        largest.append(ids.shape[0])
        if ids.shape[0] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    rng = random.Random(5)
    prompts = [random_ids(rng, 12) for _ in range(6)]
    expected = [generate(make_model("full"), prompt, 15) for prompt in prompts]
    local = engine(model=watched(look))
    streams = [local.submit(Request(prompt, max_tokens=15)) for prompt in prompts]
    assert [[token.id for token in stream] for stream in streams] == expected
    assert max(largest) >= 3
    largest.clear()
    for stream in [local.submit(Request(prompt, max_tokens=15)) for prompt in prompts]:
        list(stream)
    assert max(largest) <= 2


def test_out_of_memory_for_good_says_what_to_lower(engine, watched):
    def look(ids):
        if ids.shape[1] > 64:
            raise torch.OutOfMemoryError("CUDA out of memory")

    local = engine(model=watched(look))
    with pytest.raises(OutOfMemoryError, match=r"request of 100 tokens\. Lower max_batch, cache_bytes, prefill_chunk"):
        list(local.submit(Request([9] * 100)))
    assert list(local.submit(Request([9] * 10, max_tokens=3)))


def test_logits_that_are_no_numbers_are_an_error(engine):
    model = make_model("full")
    handle = model.lm_head.register_forward_hook(lambda module, args, output: output * torch.nan)
    try:
        with pytest.raises(EngineError, match="NaN"):
            list(engine(model=model).submit(Request([5])))
    finally:
        handle.remove()


def test_of_a_request_that_failed_nothing_is_kept(engine):
    model, broken = make_model("full"), [True]
    handle = model.lm_head.register_forward_hook(lambda module, args, output: output * torch.nan if broken else None)
    local, prompt = engine(model=model), list(range(5, 60))
    try:
        with pytest.raises(EngineError, match="NaN"):
            list(local.submit(Request(prompt)))
        broken.clear()
        stream = local.submit(Request(prompt, max_tokens=5))
        assert [token.id for token in stream] == generate(model, prompt, 5)
        assert stream.finish.cached_tokens == 0
    finally:
        handle.remove()


def test_no_memory_to_keep_what_was_computed_is_no_failure(engine, monkeypatch):
    local, tried = engine("full"), []

    def store(*_):
        tried.append(1)
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(local._scheduler.worker.memory.prefixes, "store", store)
    for prompt in ([5] * 20, [6] * 20):
        assert [token.id for token in local.submit(Request(prompt, max_tokens=5))] == generate(
            make_model("full"), prompt, 5
        )
    assert tried


@pytest.mark.parametrize("kind", ["strict mask", "own window"])
def test_models_with_ways_of_their_own_say_what_generate_says(engine, kind):
    """Of the same length and of others, with a common beginning, one after the other and side by side."""
    model, local, rng = make_model(kind), engine(kind), random.Random(3)
    common = random_ids(rng, 24)
    prompts = [*([*common, *random_ids(rng, 12)] for _ in range(4)), *(random_ids(rng, 5 * n) for n in range(1, 4))]
    expected = [generate(model, prompt, 12) for prompt in prompts]
    for _ in range(2):
        streams = [local.submit(Request(prompt, max_tokens=12)) for prompt in prompts]
        assert [[token.id for token in stream] for stream in streams] == expected
    assert local._scheduler.worker.forward.ragged == (kind == "strict mask")
    assert local._scheduler.worker._failures == 0


def test_the_same_seed_says_the_same_whatever_else_runs(engine):
    local = engine("mixed")
    rng = random.Random(6)
    request = Request(random_ids(rng, 20), max_tokens=40, sampling=Sampling(temperature=1.0, top_p=0.95, seed=11))
    alone = [token.id for token in local.submit(request)]
    others = [
        local.submit(Request(random_ids(rng, 3 * n + 1), max_tokens=30, sampling=Sampling(1.0))) for n in range(6)
    ]
    assert [token.id for token in local.submit(request)] == alone
    for other in others:
        list(other)
    again = Request(request.prompt, max_tokens=40, sampling=Sampling(temperature=1.0, top_p=0.95, seed=12))
    assert [token.id for token in local.submit(again)] != alone
