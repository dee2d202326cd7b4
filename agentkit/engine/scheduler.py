"""The model's thread: which request computes what, and when."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import weakref
from collections import deque
from typing import Any

import torch

from agentkit.engine.batch import Batch
from agentkit.engine.failures import explain, is_out_of_memory
from agentkit.engine.forward import Forward
from agentkit.engine.generation import Generation
from agentkit.engine.kv import KeyValues
from agentkit.engine.prefix import Match, PrefixCache
from agentkit.engine.queue import WORTH_WAITING, Queue, common_length
from agentkit.errors import EngineError

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)

# A run of forced tokens is worth a pass of its own if that saves its row more than this many steps per row beside it.
_LONG_RUN = 4


class Scheduler:
    """Owns the model. Everything but `submit`, `wake`, `stop` and `close` happens on its one thread.

    Each turn of its loop takes the generating requests one token further, all together, and then computes one chunk
    of one prompt; so a long prompt delays the others by one chunk at a time.

    Args:
        model: the model.
        cache_bytes: budget of the prefix cache.
        chunk: how many tokens of a prompt to compute at once while nobody generates; a quarter while somebody does.
        max_batch: how many requests may hold keys and values at once.
    """

    def __init__(self, model: Any, cache_bytes: int, chunk: int, max_batch: int) -> None:
        self.forward = Forward(model)
        empty = self.forward.new()
        self.prefixes = PrefixCache(cache_bytes, empty.windows, needs_state=empty.is_recurrent)
        self._chunk = chunk
        self._max_batch = max_batch
        self._batch = Batch(self.forward)
        self._queue = Queue(self.prefixes)
        self._failures = 0
        self._inbox: deque[Generation] = deque()
        self._changed = threading.Condition()
        self._news = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def submit(self, generation: Generation) -> None:
        """Queue a request.

        Raises:
            EngineError: the engine is closed.
        """
        with self._changed:
            if self._closed:
                raise EngineError("The engine is closed.") from self._error
            self._inbox.append(generation)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="agentkit-engine", daemon=True)
                self._thread.start()
                _running.add(self)
        self.wake()

    def wake(self) -> None:
        """Look again: a request or its grammar has become ready."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def stop(self) -> None:
        """End after the present step, without waiting for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self, timeout: float = 10.0) -> None:
        """End after the present step, and wait for it."""
        self.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self.forward.examine()
            while self._await_work():
                self._turn()
        except BaseException as error:
            self._error = error
            raise
        finally:
            with self._changed:
                self._closed = True
                left = [*self._inbox, *self._queue.waiting, *self._batch.rows]
                self._inbox.clear()
            for generation in left:
                self._fail(generation, self._error or EngineError("The engine was closed."))
            self._queue.waiting.clear()
            self._batch.rows.clear()
            self._batch.kv = None
            self.prefixes.clear()

    def _await_work(self) -> bool:
        """Sleep until there is something to do; False when closed."""
        with self._changed:
            while not (self._closed or self._batch.rows or self._inbox or self._next() is not None):
                self._news = False
                while not (self._news or self._closed):
                    self._changed.wait()
                self._sweep()
            while self._inbox:
                self._queue.add(self._inbox.popleft())
            return not self._closed

    def _turn(self) -> None:
        self._sweep()
        if self._batch.rows:
            self._generate()
        if (generation := self._next()) is not None:
            self._prefill(generation)

    def _next(self) -> Generation | None:
        limit = self._max_batch if self.forward.batches else 1
        return self._queue.next(may_begin=len(self._batch.rows) + len(self._queue.begun) < limit)

    def _sweep(self) -> None:
        """Let go of what was cancelled; what was computed for it is kept."""
        for generation in [waiting for waiting in self._queue.waiting if waiting.channel.cancelled]:
            if generation.kv is not None:
                self._store(generation, generation.kv)
            self._queue.remove(generation)
            generation.channel.end()
        for row in reversed(range(len(self._batch.rows))):
            if self._batch.rows[row].channel.cancelled:
                self._batch.rows[row].channel.end()
                self._leave(row)

    def _generate(self) -> None:
        self._split_off_long_runs()
        try:
            rows, logits, guessed = self._batch.step(self._chunk)
            values, best = (both.tolist() for both in logits.max(-1))
        except Exception as error:
            self._recover(error)
            return
        finished = []
        for row in rows:
            generation, at = self._batch.rows[row], 0
            before = len(generation.ids)
            while not self._say(generation, logits[row, at], best[row][at], values[row][at]):
                # As long as it says what was guessed, it is known already what comes after.
                at = len(generation.ids) - before
                if generation.ids[before:] != guessed[:at]:
                    break
            if generation.done:
                finished.append(row)
        self._batch.settle(guessed)
        for row in reversed(finished):
            self._leave(row)

    def _split_off_long_runs(self) -> None:
        """Let rows whose grammar forced many tokens catch up alone, in one forward pass."""
        if self.forward.continues == "any":
            for row in reversed(range(len(self._batch.rows))):
                if len(self._batch.rows) > 1 and len(self._batch.pending(row)) > _LONG_RUN * len(self._batch.rows):
                    self._queue.add(self._batch.split_off(row))

    def _prefill(self, generation: Generation) -> None:
        """Compute a chunk of a prompt; after its last one, the request says its first token and joins the others."""
        try:
            if generation.kv is None:
                self._begin(generation)
            kv = generation.kv
            assert kv is not None
            size = self._chunk_size(generation, kv)
            if size == 0:
                # All that may be computed before its grammar is there was in the cache.
                return
            logits = self.forward([generation.ids[kv.lengths[0] :][:size]], kv)
            value, best = (both.item() for both in logits[0, 0].max(-1))
        except Exception as error:
            self._queue.remove(generation)
            self._retry_or_fail(generation, error)
            return
        self._queue.count(size)
        if kv.lengths[0] == generation.prompt_tokens or kv.lengths[0] in generation.cuts:
            self._store(generation, kv)
        if generation.pending == 0:
            self._queue.remove(generation)
            if not self._say(generation, logits[0, 0], int(best), value):
                self._batch.join(generation)

    def _begin(self, generation: Generation) -> None:
        """Give it what is known of its prompt."""
        match = Match()
        if self.forward.continues == "any":
            for other in self._queue.begun:
                if common_length(generation.ids, other.ids) > self.prefixes.known(generation.ids):
                    assert other.kv is not None
                    self._store(other, other.kv)
            match = self.prefixes.find(generation.ids[:-1])
        kv = self.forward.new(len(generation.ids) + min(generation.room, 256))
        kv.load(match.length, match.pieces, match.state)
        generation.kv = kv
        if match.common >= match.length + WORTH_WAITING:
            # Two prompts part here, so a third may as well; next time it can be resumed from.
            generation.cuts.add(match.common)
        if generation.completion_tokens == 0:
            generation.cached = match.length

    def _chunk_size(self, generation: Generation, kv: KeyValues) -> int:
        done = kv.lengths[0]
        left = generation.pending - generation.reserved
        if self.forward.continues != "any":
            return left if done == 0 or self.forward.continues == "nothing" else 1
        if kv.is_recurrent:
            waiting = (other for other in self._queue.waiting if other.kv is None)
            shared = (common_length(generation.ids, other.ids) for other in waiting)
            generation.cuts.update(cut for cut in shared if cut >= done + WORTH_WAITING)
        chunk = max(1, self._chunk // 4) if self._batch.rows else self._chunk
        return min([left, chunk, *(cut - done for cut in generation.cuts if cut > done)])

    def _say(self, generation: Generation, logits: Any, best: int, value: float) -> bool:
        """Let a request choose its next token; whether it has ended."""
        try:
            if math.isnan(value):
                raise EngineError("The model's logits are NaN. Its weights may need another dtype, such as float32.")
            generation.step(logits, best)
        except Exception as error:
            self._fail(generation, error)
        return generation.done

    def _leave(self, row: int) -> None:
        """Keep what a row has computed, and forget the row."""
        assert self._batch.kv is not None
        self._store(self._batch.rows[row], self._batch.kv, row)
        self._batch.leave(row)

    def _store(self, generation: Generation, kv: KeyValues, row: int = 0) -> None:
        if self.forward.continues == "any":
            known = generation.ids[: kv.lengths[row]]
            self.prefixes.store(known, lambda begin, end: kv.read(row, begin, end), kv.state(row))

    def _recover(self, error: Exception) -> None:
        """A step of several requests failed. Each goes on by itself, so that the one to blame fails alone."""
        rows, self._batch = self._batch.rows, Batch(self.forward)
        if len(rows) == 1:
            self._retry_or_fail(rows[0], error)
            return
        self._failures += 1
        if is_out_of_memory(error):
            self.prefixes.clear()
            self._max_batch = len(rows) - 1
        elif self._failures > 1:
            # Nobody failed alone since the last time, so it is being together that fails.
            self._max_batch = 1
        logger.warning("a step of %d requests failed (%s); at most %d from now on", len(rows), error, self._max_batch)
        for generation in rows:
            generation.kv = None
            self._queue.add(generation)

    def _retry_or_fail(self, generation: Generation, error: Exception) -> None:
        self._failures = 0
        if is_out_of_memory(error) and not generation.retried:
            generation.retried = True
            generation.kv = None
            self.prefixes.clear()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            self._queue.add(generation)
        else:
            self._fail(generation, error)

    def _fail(self, generation: Generation, error: BaseException) -> None:
        generation.done = True
        failure = explain(error, self.forward.model.device, len(generation.ids))
        generation.channel.end(error=failure)


_running: weakref.WeakSet[Scheduler] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # A thread inside the model while the interpreter goes away would take the process down with it.
    for scheduler in list(_running):
        scheduler.stop()
    for scheduler in list(_running):
        scheduler.close(5.0)
