"""How requests reach the model's thread, leave it in the midst of things, and how it ends."""

from __future__ import annotations

import gc
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import weakref

import pytest

from agentkit.engine import Request
from agentkit.engine.generation import Generation
from agentkit.engine.local import LocalEngine
from agentkit.errors import EngineError

from .conftest import generate, make_model, make_tokenizer, random_ids, wait_for


def _threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("agentkit")]


def _memory() -> int:
    """What this process has in memory, in bytes."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _generations() -> int:
    gc.collect()
    return sum(type(one) is Generation for one in gc.get_objects())


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_two_thousand_requests_with_random_cancels_from_eight_threads(engine):
    rng = random.Random(7)
    prompts = [random_ids(rng, 4 + 5 * n) for n in range(8)]
    prompts += [prompts[-1][:cut] + random_ids(rng, 6) for cut in (8, 16, 30)]
    expected = [generate(make_model("sliding"), prompt, 12) for prompt in prompts]
    local = engine("sliding", prefill_chunk=16, max_batch=6, cache_bytes=200_000)
    wrong, cancelled, memory, before = [], [], [], _generations()

    def ask(seed):
        rng = random.Random(seed)
        for _ in range(250):
            which, tokens = rng.randrange(len(prompts)), rng.randrange(1, 13)
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
                cancelled.append(seed)
            memory.append(_memory())

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
        assert not thread.is_alive()
    assert not wrong
    assert 600 < len(cancelled) < 1000
    assert len(memory) == 2000
    # Flat in the second half; a single request that was not let go of would have some 100 KB.
    assert max(memory[1000:]) - max(memory[:1000]) < 4 * 1024**2
    worker = local._scheduler.worker
    wait_for(lambda: not worker.requests)
    assert worker.batch.kv is None
    assert not worker.queue._arrivals
    assert worker.memory.bytes <= 200_000
    assert _generations() <= before


def test_a_cancelled_request_stops_within_a_step(engine, watched):
    calls = []
    local = engine(model=watched(lambda ids: calls.append(ids.shape)))
    stream = local.submit(Request([5, 6], max_tokens=1000, min_tokens=1000))
    tokens = iter(stream)
    next(tokens)
    stream.cancel()
    stream.cancel()
    assert list(tokens) == []
    wait_for(lambda: not local._scheduler.worker.batch.rows)
    before = len(calls)
    time.sleep(0.05)
    assert len(calls) == before
    with pytest.raises(RuntimeError, match="cancelled"):
        _ = stream.finish


def test_a_hundred_cancels_at_once(engine):
    local = engine()
    streams = [local.submit(Request([5 + n], max_tokens=1000, min_tokens=1000)) for n in range(100)]
    next(iter(streams[0]))
    threads = [threading.Thread(target=stream.cancel) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: not local._scheduler.worker.requests)
    assert all(list(stream) == [] for stream in streams)
    said = [token.id for token in local.submit(Request([5, 6], max_tokens=9))]
    assert said == generate(make_model("full"), [5, 6], 9)


def test_a_tokenizer_that_fails_takes_down_its_own_request_only():
    class Broken:
        def __len__(self):
            return len(make_tokenizer())

        def __getattr__(self, name):
            return getattr(make_tokenizer(), name)

        def decode(self, ids, **kwargs):
            if 77 in ids:
                raise LookupError("no such token")
            return make_tokenizer().decode(ids, **kwargs)

    local = LocalEngine(make_model("full"), Broken())
    good = local.submit(Request([5, 6], max_tokens=30, min_tokens=30))
    with pytest.raises(EngineError, match="no such token"):
        list(local.submit(Request([5, 6], grammar="start: /[a-z]{7}/ <[77]> /[a-z]{3}/")))
    assert len(list(good)) == 30
    local.close()


def test_an_engine_nobody_holds_ends_its_thread(engine):
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
    wait_for(lambda: len(_threads()) < before)


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
