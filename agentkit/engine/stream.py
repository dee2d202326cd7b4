"""The way from the model's thread to whoever reads the tokens, on a thread or on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

from agentkit.engine import Finish, Token

__all__ = ["Channel", "LocalStream"]


class Channel:
    """What the model's thread writes to and a stream reads from.

    The two sides share nothing else, so a stream that nobody holds any more can be collected, which cancels it.
    """

    def __init__(self) -> None:
        # Reentrant: the garbage collector may run anywhere, and with it the end of some stream.
        self._lock = threading.Condition()
        self._tokens: deque[Token] = deque()
        self._sleepers: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self.cancelled = False
        self.ended = False
        self.error: BaseException | None = None
        self.finish: Finish | None = None

    def put(self, token: Token) -> None:
        with self._lock:
            # A step that was under way when the request was cancelled still says something.
            if not self.cancelled:
                self._tokens.append(token)
                self._wake()

    def end(self, finish: Finish | None = None, error: BaseException | None = None) -> None:
        """The last thing written: the way it ended, its error, or neither where it was cancelled."""
        with self._lock:
            if not self.ended:
                self.ended, self.finish, self.error = True, finish, error
                self._wake()

    def cancel(self) -> None:
        """Ask the model's thread to stop, which it does within a step; the reader ends at once."""
        with self._lock:
            if not self.ended:
                self.cancelled = True
                self._tokens.clear()
                self._wake()

    def get(self) -> Token | None:
        """The next token, waiting for it; None at the end."""
        with self._lock:
            while not (self._tokens or self.ended or self.cancelled):
                self._lock.wait()
            return self._take()

    async def get_async(self) -> Token | None:
        """`get` on an event loop."""
        while True:
            with self._lock:
                if self._tokens or self.ended or self.cancelled:
                    return self._take()
                loop = asyncio.get_running_loop()
                sleeper = loop.create_future()
                self._sleepers.append((loop, sleeper))
            await sleeper

    def _take(self) -> Token | None:
        if self._tokens:
            return self._tokens.popleft()
        if self.error is not None:
            raise self.error
        return None

    def _wake(self) -> None:
        self._lock.notify_all()
        for loop, sleeper in self._sleepers:
            # A loop that was closed in the meantime has nobody left to wake.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_resolve, sleeper)
        self._sleepers.clear()


def _resolve(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _abandon(channel: Channel) -> None:
    # Runs wherever the garbage collector does, so it takes no lock; there is no reader left to wake.
    channel.cancelled = not channel.ended


class LocalStream:
    """A request's tokens; see `agentkit.engine.Stream`.

    Args:
        channel: where the tokens come from.
        engine: kept alive for as long as somebody reads.
    """

    def __init__(self, channel: Channel, engine: Any) -> None:
        self._channel = channel
        self._engine = engine
        weakref.finalize(self, _abandon, channel).atexit = False

    def __iter__(self) -> Iterator[Token]:
        try:
            while (token := self._channel.get()) is not None:
                yield token
        finally:
            self.cancel()

    async def __aiter__(self) -> AsyncIterator[Token]:
        try:
            while (token := await self._channel.get_async()) is not None:
                yield token
        finally:
            self.cancel()

    def cancel(self) -> None:
        self._channel.cancel()

    @property
    def finish(self) -> Finish:
        if self._channel.finish is not None:
            return self._channel.finish
        if self._channel.error is not None:
            raise RuntimeError("The request failed, so it has no finish.") from self._channel.error
        if self._channel.cancelled:
            raise RuntimeError("The request was cancelled, so it has no finish.")
        raise RuntimeError("The request is still running; `finish` is there after its last token.")
