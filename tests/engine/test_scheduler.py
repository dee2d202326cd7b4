"""Who computes what when: together, in turns, and without taking the others down."""

from __future__ import annotations

import gc
import itertools
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import weakref

import pytest
import torch

from agentkit.engine import Request, Sampling
from agentkit.errors import EngineError, OutOfMemoryError

from .conftest import generate, make_model, make_tokenizer


@pytest.fixture
def watched():
    """A model with a hook that sees the ids of each forward call, shape [rows, new], before it is made."""
    model = make_model("full")
    handles = []

    def watch(look):
        def hook(module, args, kwargs):
            look(kwargs["input_ids"])

        handles.append(model.register_forward_pre_hook(hook, with_kwargs=True))
        return model

    yield watch
    for handle in handles:
        handle.remove()


def _ids(rng, length):
    return [rng.randrange(2, len(make_tokenizer())) for _ in range(length)]


def _wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def _threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("agentkit")]


def test_requests_go_forward_together(engine, watched):
    shapes = []
    local = engine(model=watched(lambda ids: shapes.append(tuple(ids.shape))))
    rng = random.Random(1)
    list(local.submit(Request([5], max_tokens=1)))
    shapes.clear()
    streams = [local.submit(Request(_ids(rng, 10 + n), max_tokens=40, min_tokens=40)) for n in range(8)]
    for stream in streams:
        assert len(list(stream)) == 40
    # 8 prompts, and some 40 steps for all; one after another it would be 320.
    assert len(shapes) < 70
    assert (8, 1) in shapes


def test_a_long_prompt_holds_the_others_up_by_one_chunk_at_a_time(engine, watched):
    shapes = []
    local = engine(model=watched(lambda ids: shapes.append(tuple(ids.shape))), prefill_chunk=32)
    rng = random.Random(2)
    talking = local.submit(Request(_ids(rng, 5), max_tokens=500, min_tokens=500))
    tokens = iter(talking)
    next(tokens)
    shapes.clear()
    long = local.submit(Request(_ids(rng, 200), max_tokens=1))
    list(long)
    talking.cancel()
    chunks = [index for index, (_, new) in enumerate(shapes) if new > 1]
    assert len(chunks) == 200 // 8
    assert all(shapes[index] == (1, 8) for index in chunks)
    assert all(later - earlier == 2 for earlier, later in itertools.pairwise(chunks))


def test_a_short_prompt_overtakes_a_long_one_but_not_for_ever(engine, watched):
    rng = random.Random(3)
    arrivals = []

    feeding = False

    def look(ids):
        # One more short prompt with each forward call: there is always one waiting.
        if len(arrivals) < 60 and feeding:
            arrivals.append(local.submit(Request(_ids(rng, 12), max_tokens=1)))

    local = engine(model=watched(look), prefill_chunk=16, cache_bytes=0)
    list(local.submit(Request([5], max_tokens=1)))
    feeding = True
    long = local.submit(Request(_ids(rng, 160), max_tokens=1))
    list(long)
    done = [stream for stream in arrivals if stream._channel.ended]
    # About as many tokens as the long one has go before it, and no more, though more are waiting.
    assert 8 < len(done) < 30
    for stream in arrivals:
        list(stream)


def test_what_is_being_computed_for_another_is_waited_for(engine, watched):
    rng = random.Random(8)
    long = _ids(rng, 400)
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
    prompts = [[token for token in _ids(rng, 20) if token != 77] for _ in range(6)]
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


def test_out_of_memory_makes_room_before_it_fails(engine, watched):
    largest = []

    def look(ids):
        largest.append(ids.shape[0])
        if ids.shape[0] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    rng = random.Random(5)
    prompts = [_ids(rng, 12) for _ in range(6)]
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


def test_the_same_seed_says_the_same_whatever_else_runs(engine):
    local = engine("mixed")
    rng = random.Random(6)
    request = Request(_ids(rng, 20), max_tokens=40, sampling=Sampling(temperature=1.0, top_p=0.95, seed=11))
    alone = [token.id for token in local.submit(request)]
    others = [local.submit(Request(_ids(rng, 3 * n + 1), max_tokens=30, sampling=Sampling(1.0))) for n in range(6)]
    assert [token.id for token in local.submit(request)] == alone
    for other in others:
        list(other)
    again = Request(request.prompt, max_tokens=40, sampling=Sampling(temperature=1.0, top_p=0.95, seed=12))
    assert [token.id for token in local.submit(again)] != alone


def test_two_hundred_requests_with_random_cancels_from_eight_threads(engine):
    rng = random.Random(7)
    prompts = [_ids(rng, 4 + 5 * n) for n in range(8)]
    prompts += [prompts[-1][:cut] + _ids(rng, 6) for cut in (8, 16, 30)]
    expected = [generate(make_model("sliding"), prompt, 16) for prompt in prompts]
    local = engine("sliding", prefill_chunk=16, max_batch=6, cache_bytes=200_000)
    wrong, cancelled = [], []

    def ask(seed):
        rng = random.Random(seed)
        for _ in range(25):
            which, tokens = rng.randrange(len(prompts)), rng.randrange(1, 17)
            stream = local.submit(Request(prompts[which], max_tokens=tokens))
            stop = rng.randrange(tokens) if rng.random() < 0.4 else None
            said = []
            for token in stream:
                said.append(token.id)
                if len(said) - 1 == stop:
                    if rng.random() < 0.5:
                        stream.cancel()
                    break
            if said != expected[which][:tokens] and (stop is None or said != expected[which][: stop + 1]):
                wrong.append((which, tokens, stop, said))
            if stop is not None:
                cancelled.append(stream)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong
    assert cancelled
    scheduler = local._scheduler
    _wait_for(lambda: not scheduler._batch.rows and not scheduler._queue.waiting)
    assert scheduler._batch.kv is None
    assert not scheduler._queue._arrivals
    assert scheduler.prefixes.bytes <= 200_000


def test_a_cancelled_request_stops_within_a_step(engine, watched):
    calls = []
    local = engine(model=watched(lambda ids: calls.append(ids.shape)))
    stream = local.submit(Request([5, 6], max_tokens=1000, min_tokens=1000))
    tokens = iter(stream)
    next(tokens)
    stream.cancel()
    stream.cancel()
    assert list(tokens) == []
    _wait_for(lambda: not local._scheduler._batch.rows)
    before = len(calls)
    time.sleep(0.05)
    assert len(calls) == before
    with pytest.raises(RuntimeError, match="cancelled"):
        _ = stream.finish


def test_an_engine_nobody_holds_ends_its_thread(engine):
    from agentkit.engine.local import LocalEngine

    local = LocalEngine(make_model("full"), make_tokenizer())
    stream = local.submit(Request([5], max_tokens=5, min_tokens=5))
    seen = weakref.ref(local)
    del local
    gc.collect()
    assert seen() is not None  # somebody still reads
    assert len(list(stream)) == 5
    before = len(_threads())
    del stream
    gc.collect()
    assert seen() is None
    _wait_for(lambda: len(_threads()) < before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_that_forks_and_ends_in_the_midst_of_a_request_does_not_hang():
    script = """
import os, sys
from agentkit.engine import Request
from agentkit.engine.local import LocalEngine
from engine.conftest import make_model, make_tokenizer
local = LocalEngine(make_model("full"), make_tokenizer())
stream = local.submit(Request([5], max_tokens=1000, min_tokens=1000))
next(iter(stream))
stream = local.submit(Request([5], max_tokens=1000, min_tokens=1000))
child = os.fork()
if child == 0:
    try:
        local.submit(Request([5]))
    except Exception as error:
        os._exit(7 if "forked process" in str(error) else 8)
    os._exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("the end")
"""
    tests = pathlib.Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout) == (0, "the end\n"), done.stderr
