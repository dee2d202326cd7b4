"""The engine says what `generate` says, however it came to be asked."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from agentkit.engine import Request, layers
from agentkit.engine.prefix import PrefixCache
from agentkit.errors import ContextLengthError, EngineError

from .conftest import EOS, KINDS, generate, make_model, make_tokenizer


def _prompts(seed: int, *lengths: int) -> list[list[int]]:
    rng = random.Random(seed)
    return [[rng.randrange(2, len(make_tokenizer())) for _ in range(length)] for length in lengths]


def _run(engine, prompt, tokens=12, **kwargs):
    stream = engine.submit(Request(prompt, max_tokens=tokens, **kwargs))
    text = "".join(token.text for token in stream)
    return list(stream.finish.token_ids), stream.finish, text


@pytest.mark.parametrize("kind", [*KINDS, "single", "foreign"])
def test_greedy_equals_generate_cold_warm_and_diverging(engine, kind):
    model, local = make_model(kind), engine(kind, prefill_chunk=16)
    reused = 0
    for prompt in _prompts(1, 1, 7, 45):
        middle = prompt[: len(prompt) // 2 + 1]
        for asked in (prompt, prompt, [*middle, 9, 8, 7], [*middle, 19, 8, 7], [*middle, 29, 8, 7]):
            said, finish, _ = _run(local, asked)
            assert said == generate(model, asked, 12)
            assert finish.reason == ("stop" if said[-1] == EOS else "length")
            assert finish.prompt_tokens == len(asked)
            reused += finish.cached_tokens
    assert (reused > 0) == (local._scheduler.worker.forward.continues == "any")
    assert kind in ("single", "foreign", "convolution") or reused > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_growing_conversation_computes_each_token_once(engine, kind):
    model, local = make_model(kind), engine(kind, prefill_chunk=16)
    (history, *results) = _prompts(2, 40, 9, 9, 9)
    for turn, result in enumerate(results):
        said, finish, _ = _run(local, history)
        assert said == generate(model, history, 12)
        if turn and local._scheduler.worker.forward.continues == "any":
            # All but the new result and the last token said, which nobody had asked to be continued.
            assert finish.cached_tokens == len(history) - 9 - 1
        history = history + said + result


@pytest.mark.parametrize("kind", KINDS)
def test_eight_at_once_with_a_shared_beginning(engine, kind):
    model, local = make_model(kind), engine(kind, prefill_chunk=16)
    shared, *tails = _prompts(3, 50, *range(1, 9))
    prompts = [shared + tail for tail in tails]
    streams = [local.submit(Request(prompt, max_tokens=6 + 3 * n)) for n, prompt in enumerate(prompts)]
    for n, (stream, prompt) in enumerate(zip(streams, prompts, strict=True)):
        tokens = list(stream)
        assert list(stream.finish.token_ids) == generate(model, prompt, 6 + 3 * n)
        assert [token.id for token in tokens] == list(stream.finish.token_ids)
    # The first one computes the beginning, and the others take it over while it is still running.
    if local._scheduler.worker.forward.continues == "any":
        assert sum(stream.finish.cached_tokens >= len(shared) for stream in streams) == 7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cache_bytes", [0, 30_000])
def test_evicted_in_between(engine, kind, cache_bytes, monkeypatch):
    model, local = make_model(kind), engine(kind, cache_bytes=cache_bytes, prefill_chunk=16)
    held, store = [], PrefixCache.store

    def watch(self, *args):
        store(self, *args)
        held.append(self.bytes)

    monkeypatch.setattr(PrefixCache, "store", watch)
    prompts = _prompts(4, 30, 41, 52) * 2
    for prompt in prompts:
        assert _run(local, prompt)[0] == generate(model, prompt, 12)
    assert len(held) >= len(prompts) - 1 or local._scheduler.worker.forward.continues != "any"
    assert max(held, default=0) <= cache_bytes


@pytest.mark.parametrize("kind", ["sliding", "mixed"])
def test_layers_with_a_window_let_go_of_what_is_out_of_sight(engine, kind, monkeypatch):
    monkeypatch.setattr(layers, "RETAINED", 0)
    model, local = make_model(kind), engine(kind, prefill_chunk=16)
    first, second, third, fourth = (_prompts(8, 200)[0], *_prompts(9, 90, 90, 90))
    buffers = {}

    def look(layer, *args):
        buffers[id(layer)] = (layer.window, layer.buffers[0].shape[2])

    update = layers.AttentionLayer.update
    monkeypatch.setattr(layers.AttentionLayer, "update", lambda *args: (update(*args), look(*args))[0])
    cached = []
    for prompt in (first, first, first[:40] + second, first[:40] + third, first[:40] + fourth):
        said, finish, _ = _run(local, prompt, 30)
        assert said == generate(model, prompt, 30)
        cached.append(finish.cached_tokens)
    # The first to part in the midst is computed from the beginning; from then on that place is known.
    assert cached == [0, 199, 0, 40, 40]
    assert all(columns < 140 for window, columns in buffers.values() if window)


def test_requests_from_many_threads(engine):
    model, local = make_model("mixed"), engine("mixed", prefill_chunk=8, max_batch=4)
    prompts = _prompts(5, *[random.Random(6).randrange(1, 60) for _ in range(24)])
    wrong = []

    def ask(mine):
        for prompt in mine:
            if _run(local, prompt)[0] != generate(model, prompt, 12):
                wrong.append(prompt)

    threads = [threading.Thread(target=ask, args=(prompts[n::6],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_the_context_is_a_limit(engine):
    local = engine("full", context_length=20)
    assert local.context_length == 20
    _, finish, _ = _run(local, [5] * 15, tokens=50, min_tokens=50)
    assert (finish.reason, finish.completion_tokens) == ("length", 5)
    with pytest.raises(ContextLengthError, match=r"31 tokens.*holds 20") as caught:
        local.submit(Request([5] * 31))
    assert (caught.value.prompt_tokens, caught.value.context_length) == (31, 20)


def test_time_is_a_limit(engine):
    model = make_model("full")
    handle = model.register_forward_pre_hook(lambda *_: time.sleep(0.02))
    try:
        local = engine(model=model, max_batch=1)
        _run(local, [5], tokens=1)  # what it does once, it has done
        stream = local.submit(Request([5, 6], max_tokens=900, min_tokens=900, max_time=0.5))
        late = local.submit(Request([7, 8], max_time=0.1))
        text = "".join(token.text for token in stream)
        assert stream.finish.reason == "length"
        assert 1 <= stream.finish.completion_tokens < 60
        assert text == make_tokenizer().decode(stream.finish.token_ids)
        # One that never came to be said.
        assert list(late) == []
        assert (late.finish.reason, late.finish.completion_tokens) == ("length", 0)
    finally:
        handle.remove()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request([]), "prompt is empty"),
        (Request([3, -1]), "-1, which is no token id"),
        (Request([3, 10**6]), "1000000, which is no token id"),
        (Request(["a"]), "'a', which is no token id"),
        (Request([3.0]), r"3\.0, which is no token id"),
        (Request([3], max_tokens=0), "max_tokens must be at least 1"),
        (Request([3], min_tokens=-1), "must not be below 0"),
        (Request([3], max_tokens=1.5), r"max_tokens must be a whole number, not 1\.5"),
        (Request([3], stop="end"), r"several texts, such as \('end',\)"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(engine, request_, words):
    with pytest.raises(ValueError, match=words):
        engine().submit(request_)


def test_prompts_of_other_integers(engine):
    prompt, local = _prompts(10, 12)[0], engine()
    expected = _run(local, prompt)[0]
    for other in (tuple(prompt), np.array(prompt), torch.tensor(prompt)):
        assert _run(local, other)[0] == expected


def test_the_seam_imports_no_model_library():
    script = "import sys, agentkit.engine; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_two_engines_on_one_model(engine):
    model, engines = make_model("full"), [engine(), engine()]
    prompts = _prompts(11, 5, 9, 14)
    streams = [local.submit(Request(prompt, max_tokens=30)) for local in engines for prompt in prompts]
    said = [[token.id for token in stream] for stream in streams]
    assert said == 2 * [generate(model, prompt, 30) for prompt in prompts]


def test_the_shortest_and_the_longest_there_can_be(engine):
    local = engine(context_length=64)
    assert len(_run(local, [5], tokens=1)[0]) == 1
    assert len(_run(local, [5], tokens=1, grammar='start: "abc"')[0]) == 1
    assert len(_run(local, [5] * 63, tokens=9, min_tokens=9)[0]) == 1


def test_end_of_turn_ids(engine):
    prompt = _prompts(7, 20)[0]
    said = generate(make_model("full"), prompt, 12)
    stop = said[5]
    ids, finish, text = _run(engine(), prompt, stop_ids=frozenset({stop}))
    first = said.index(stop)
    assert ids == said[: first + 1]
    assert finish.reason == "stop"
    assert text == make_tokenizer().decode(said[:first])
    ids, _, _ = _run(engine(), prompt, stop_ids=frozenset({stop}), min_tokens=12)
    assert len(ids) == 12
    assert stop not in ids
    assert EOS not in ids


def test_end_of_turn_ids_come_from_model_and_tokenizer(engine):
    assert engine().eos_ids == {EOS}
    assert engine(eos_ids=[1, 5]).eos_ids == {1, 5}


def test_a_closed_engine_says_so(engine):
    local = engine()
    stream = local.submit(Request([5], max_tokens=900, min_tokens=900))
    local.close()
    with pytest.raises(EngineError, match="closed"):
        list(stream)
    with pytest.raises(EngineError, match="closed"):
        local.submit(Request([5]))
    local.close()
