"""One stream for threads and for event loops."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import time

import pytest

from agentkit.engine import Finish, Request, Token
from agentkit.engine.stream import Channel, LocalStream

from .conftest import generate, make_model, make_tokenizer

ENDLESS = Request([5, 6], max_tokens=1000, min_tokens=1000)


@pytest.fixture
def passes(engine):
    """An engine's model counts its forward passes."""
    counted = []
    model = make_model("full")
    handle = model.register_forward_pre_hook(lambda module, args: counted.append(1))
    yield counted
    handle.remove()


def _stops_early(channel, passes):
    end = time.monotonic() + 20
    while not channel.ended:
        assert time.monotonic() < end
        time.sleep(0.002)
    return len(passes) < 500


def _prompts():
    rng = random.Random(1)
    return [[rng.randrange(2, len(make_tokenizer())) for _ in range(5 + n)] for n in range(12)]


def test_sync_and_async_from_several_loops_at_once(engine):
    local, prompts = engine("mixed"), _prompts()
    expected = [generate(make_model("mixed"), prompt, 15) for prompt in prompts]
    said = {}

    async def ask(n):
        stream = local.submit(Request(prompts[n], max_tokens=15))
        said[n] = [token.id async for token in stream]
        assert list(stream.finish.token_ids) == said[n]

    async def ask_all(numbers):
        await asyncio.gather(*(ask(n) for n in numbers))

    def ask_sync(numbers):
        for n in numbers:
            said[n] = [token.id for token in local.submit(Request(prompts[n], max_tokens=15))]

    threads = [
        threading.Thread(target=lambda: asyncio.run(ask_all(range(4)))),
        threading.Thread(target=lambda: asyncio.run(ask_all(range(4, 8)))),
        threading.Thread(target=ask_sync, args=(range(8, 12),)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [said[n] for n in range(12)] == expected


def test_the_event_loop_is_not_held_up(engine):
    async def main():
        stream = engine().submit(Request([5], max_tokens=100, min_tokens=100))
        turns = 0

        async def count():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counting = asyncio.create_task(count())
        tokens = [token async for token in stream]
        counting.cancel()
        return len(tokens), turns

    tokens, turns = asyncio.run(main())
    assert tokens == 100
    assert turns > 100


def test_leaving_the_iteration_cancels(engine, passes):
    local = engine(drafts=0)
    stream = local.submit(ENDLESS)
    for _ in stream:
        break
    assert _stops_early(stream._channel, passes)

    async def leave():
        stream = local.submit(ENDLESS)
        async for _ in stream:
            break
        await asyncio.sleep(0)
        return stream

    assert _stops_early(asyncio.run(leave())._channel, passes)


def test_forgetting_a_stream_cancels(engine, passes):
    local = engine(drafts=0)
    stream = local.submit(ENDLESS)
    channel = stream._channel
    del stream
    gc.collect()
    assert _stops_early(channel, passes)


def test_cancelling_a_task_cancels(engine, passes):
    local = engine(drafts=0)
    seen = []
    stream = local.submit(ENDLESS)

    async def read():
        async for token in stream:
            seen.append(token)

    async def main():
        task = asyncio.create_task(read())
        while len(seen) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert _stops_early(stream._channel, passes)


def test_cancelling_from_elsewhere_ends_the_iteration(engine):
    local = engine(drafts=0)
    stream = local.submit(ENDLESS)
    tokens = iter(stream)
    next(tokens)
    threading.Timer(0.05, stream.cancel).start()
    assert len(list(tokens)) < 999


def test_cancelling_before_the_first_token(engine, passes):
    local = engine(drafts=0)
    stream = local.submit(ENDLESS)
    stream.cancel()
    assert list(stream) == []
    assert _stops_early(stream._channel, passes)


def test_a_loop_that_is_gone_does_not_disturb_the_model():
    channel = Channel()
    stream = LocalStream(channel, None)

    async def wait_a_moment():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(channel.get_async(), 0.01)

    asyncio.run(wait_a_moment())
    channel.put(Token(1, "a"))
    channel.end(Finish("stop", 1, 0, 1, (1,)))
    assert [token.text for token in stream] == ["a"]


def test_an_event_loop_that_is_closed_in_the_midst_of_a_stream(engine, passes):
    local = engine(drafts=0)
    loop, stream = asyncio.new_event_loop(), local.submit(ENDLESS)
    tokens = stream.__aiter__()
    loop.run_until_complete(tokens.__anext__())
    loop.close()
    channel = stream._channel
    del stream, tokens
    gc.collect()
    assert _stops_early(channel, passes)


def test_finish_is_there_after_the_end_only(engine):
    stream = engine().submit(Request([5], max_tokens=5, min_tokens=5))
    with pytest.raises(RuntimeError, match="still running"):
        _ = stream.finish
    list(stream)
    assert stream.finish.completion_tokens == 5
    assert list(stream) == []
