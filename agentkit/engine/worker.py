"""What the model's thread does: which request computes what, and when."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

import torch

from agentkit.engine.batch import Batch
from agentkit.engine.failures import explain, is_out_of_memory
from agentkit.engine.forward import Forward
from agentkit.engine.generation import Generation
from agentkit.engine.memory import Memory
from agentkit.engine.prompts import Prompts
from agentkit.engine.queue import Queue
from agentkit.errors import EngineError

__all__ = ["Worker"]

logger = logging.getLogger(__name__)

# A run of forced tokens is worth a pass of its own if that saves its row more than this many steps per row beside it.
_LONG_RUN = 4


class Worker:
    """Computes requests. Used by one thread.

    Each `turn` takes the generating requests further, all together, and then computes some tokens of prompts; so a long
    prompt delays the others by one chunk at a time.

    Attributes:
        forward: the model.
        memory: what is kept of requests that ended.
        queue: requests whose prompt is not computed yet.
        batch: requests that generate.

    Args:
        model: the model.
        cache_bytes: budget of the memory.
        chunk: how many tokens of prompts to compute at once while nobody generates; a quarter while somebody does.
        max_batch: how many requests may hold keys and values at once.
    """

    def __init__(self, model: Any, cache_bytes: int, chunk: int, max_batch: int) -> None:
        self.forward = Forward(model)
        self.memory = Memory(self.forward, cache_bytes)
        self.queue = Queue(self.memory.prefixes)
        self._prompts = Prompts(self.forward, self.memory, self.queue)
        self.batch = Batch(self.forward)
        self._chunk = chunk
        self._max_batch = self._most_together = max_batch
        self._failures = 0

    @property
    def requests(self) -> list[Generation]:
        """All that have not ended."""
        return [*self.queue.waiting, *self.batch.rows]

    def clear(self) -> None:
        """Forget all."""
        self.queue.waiting.clear()
        self.batch = Batch(self.forward)
        self.memory.clear()

    @property
    def has_work(self) -> bool:
        """Whether a `turn` has something to do now."""
        return bool(self.batch.rows) or self._next() is not None

    @property
    def patience(self) -> float | None:
        """How long to wait for news: until the first of those that wait is late. None for any time."""
        left = (generation.seconds_left for generation in self.queue.waiting)
        return min((seconds for seconds in left if seconds is not None), default=None)

    def turn(self) -> None:
        """One step of those that generate, and one chunk of those that wait."""
        self.sweep()
        if self.batch.rows:
            self._generate()
        left = self._most()
        while left > 0 and (generation := self._next()) is not None:
            others = self._beside(generation, left)
            left -= (self._prefill_together([generation, *others]) if others else self._prefill(generation)) or left

    def _most(self) -> int:
        """How many tokens of prompts to compute at once."""
        return max(1, self._chunk // 4) if self.batch.rows else self._chunk

    def _next(self) -> Generation | None:
        limit = self._max_batch if self.forward.batches else 1
        return self.queue.next(may_begin=len(self.batch.rows) + len(self.queue.begun) < limit)

    def sweep(self) -> None:
        """Let go of what was cancelled, and of what comes too late to begin; what was computed for it is kept."""
        for generation in list(self.queue.waiting):
            too_late = generation.is_late and not generation.completion_tokens
            if not (generation.channel.cancelled or too_late):
                continue
            if generation.kv is not None:
                self.memory.store(generation, generation.kv)
                self.memory.take_over(generation, generation.kv)
            self.queue.remove(generation)
            if too_late:
                generation.give_up()
            else:
                generation.channel.end()
        for row in reversed(range(len(self.batch.rows))):
            if self.batch.rows[row].channel.cancelled:
                self.batch.rows[row].channel.end()
                self._leave(row)

    def _generate(self) -> None:
        self._split_off_long_runs()
        try:
            logits, guessed = self.batch.step(self._chunk)
            # Of each row, what is said after its last token and after those guessed; the rest has no meaning.
            rows = [row for row, ids in enumerate(guessed) for _ in range(len(ids) + 1)]
            places = [at for ids in guessed for at in range(-1 - len(ids), 0)]
            said = logits[rows, places]
            values, best = (both.tolist() for both in said.max(-1))
        except Exception as error:
            self._recover(error)
            return
        finished, begin = [], 0
        for row, generation in enumerate(self.batch.rows):
            own = slice(begin, begin := begin + len(guessed[row]) + 1)
            if not self.batch.pending(row):
                self._say_on(generation, said[own], best[own], values[own], guessed[row])
            if generation.done:
                finished.append(row)
        self.batch.settle(guessed)
        for row in reversed(finished):
            self._leave(row)

    def _say_on(
        self, generation: Generation, logits: Any, best: list[int], values: list[float], guessed: list[int]
    ) -> None:
        """Let a request choose its next token, and as long as it says what was guessed, the one after it too."""
        before, at = len(generation.ids), 0
        while not self._say(generation, logits[at], best[at], values[at]):
            said = generation.ids[before:]
            if said != guessed[: len(said)]:
                return
            at = len(said)

    def _split_off_long_runs(self) -> None:
        """Let rows whose grammar forced many tokens catch up alone, in one forward pass."""
        if self.forward.continues == "any":
            for row in reversed(range(len(self.batch.rows))):
                if len(self.batch.rows) > 1 and len(self.batch.pending(row)) > _LONG_RUN * len(self.batch.rows):
                    self.queue.add(self.batch.split_off(row))

    def _beside(self, generation: Generation, tokens: int) -> list[Generation]:
        """Prompts to compute in one pass with this one."""
        if not self.forward.ragged or generation.reserved or generation.alone:
            return []
        free = self._max_batch - len(self.batch.rows) - len(self.queue.begun) - (generation.kv is None)
        return self.queue.beside(generation, min(free, self._most_together - 1), tokens)

    def _prefill_together(self, group: list[Generation]) -> int:
        """Compute prompts in one pass, but for their last tokens, which are next to be shown with those of the others.

        Returns:
            How many tokens were computed.
        """
        together, size, ran_out = Batch(self.forward), 0, False
        try:
            together, size = self._prompts.together(group)
        except Exception as error:
            logger.warning("%d prompts at once failed (%s); they go on one by one", len(group), str(error))
            ran_out = is_out_of_memory(error)
        # Only here has what failed let go of its memory.
        if not together.rows:
            if ran_out:
                self._most_together = len(group) // 2
                self._make_room()
            for generation in group:
                generation.kv, generation.alone = None, True
            return 0
        for generation in group:
            self.queue.remove(generation)
        self.queue.count(size)
        self._join(group, lambda: self.batch.merge(together))
        return size

    def _join(self, joining: list[Generation], join: Callable[[], None]) -> None:
        """Let requests join those that generate."""
        try:
            join()
        except Exception as error:
            self.batch.rows = [*(row for row in self.batch.rows if row not in joining), *joining]
            self._recover(error)

    def _prefill(self, generation: Generation) -> int:
        """Compute a chunk of a prompt; after its last one, the request says its first token and joins the others.

        Where others generate already, the last token is left for the step that is made with them: the model's head,
        often a large part of it, is then read once for all.

        Returns:
            How many tokens were computed.
        """
        try:
            kv = generation.kv or self._prompts.begin(generation)
            size = self._prompts.chunk_size(generation, kv, self._most())
            if size == 0:
                # All that may be computed before its grammar is there was in the cache.
                return 0
            is_last = size == generation.pending
            shown = kv.lengths[0] + size > 1  # a row that was shown nothing yet has nothing to join with
            joins = is_last and shown and self._has_company(generation)
            ids = generation.ids[kv.lengths[0] :][: size - joins]
            says = is_last and not joins
            logits = self.forward([ids], kv, int(says)) if ids else torch.empty(1, 0)
            value, best = (both.item() for both in logits[0, 0].max(-1)) if says else (0.0, 0)
        except Exception as error:
            self.queue.remove(generation)
            self._retry_or_fail(generation, error)
            return 0
        self.queue.count(size)
        # What it says does not wait for what is kept of it.
        ended = says and self._say(generation, logits[0, 0], int(best), value)
        if is_last or kv.lengths[0] in generation.cuts:
            self.memory.store(generation, kv)
        if is_last:
            self.queue.remove(generation)
            if ended:
                self.memory.take_over(generation, kv)
            else:
                generation.alone = False
                self._join([generation], lambda: self._prompts.add(generation, self.batch))
        return size

    def _has_company(self, generation: Generation) -> bool:
        """Whether others generate, with whom it can go on."""
        return bool(self.batch.rows) and self.forward.continues == "any" and not generation.alone

    def _say(self, generation: Generation, logits: Any, best: int, value: float) -> bool:
        """Let a request choose its next token; whether it has ended."""
        try:
            if math.isnan(value):
                raise EngineError("The model's logits are NaN. Its weights may need another dtype, such as float32.")
            generation.step(logits, best)
        except Exception as error:
            self.fail(generation, error)
        return generation.done

    def _leave(self, row: int) -> None:
        """Keep what a row has computed, and forget the row."""
        assert self.batch.kv is not None
        self.memory.store(self.batch.rows[row], self.batch.kv, row)
        if len(self.batch.rows) == 1:
            self.memory.take_over(self.batch.rows[0], self.batch.kv)
        self.batch.leave(row)

    def _recover(self, error: Exception) -> None:
        """A step of several requests failed. Each goes on by itself, so that the one to blame fails alone."""
        rows, self.batch = self.batch.rows, Batch(self.forward)
        if len(rows) == 1:
            self._retry_or_fail(rows[0], error)
            return
        self._failures += 1
        if is_out_of_memory(error):
            self._make_room()
            self._max_batch = len(rows) - 1
        elif self._failures > 1:
            # Nobody failed alone since the last time, so it is being together that fails.
            self._max_batch = 1
        told = "a step of %d requests failed (%s); at most %d from now on"
        logger.warning(told, len(rows), str(error), self._max_batch)  # a log that kept the error would keep its tensors
        for generation in rows:
            generation.kv, generation.alone = None, True
            self.queue.add(generation)

    def _retry_or_fail(self, generation: Generation, error: Exception) -> None:
        self._failures = 0
        if is_out_of_memory(error) and not generation.retried:
            generation.retried = True
            generation.kv = None
            self._make_room()
            self.queue.add(generation)
        else:
            self.fail(generation, error)

    def _make_room(self) -> None:
        """Let go of all that nobody needs."""
        self.memory.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def fail(self, generation: Generation, error: BaseException) -> None:
        generation.done = generation.failed = True
        failure = explain(error, self.forward.model.device, len(generation.ids))
        generation.channel.end(error=failure)
