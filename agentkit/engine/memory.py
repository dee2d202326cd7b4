"""What is remembered of requests that ended, and what a new one begins with."""

from __future__ import annotations

import logging

from agentkit.engine.failures import is_out_of_memory
from agentkit.engine.forward import Forward
from agentkit.engine.generation import Generation
from agentkit.engine.kv import KeyValues
from agentkit.engine.prefix import Match, PrefixCache
from agentkit.engine.queue import WORTH_WAITING
from agentkit.engine.spare import Spare

__all__ = ["Memory"]

logger = logging.getLogger(__name__)


class Memory:
    """Keys and values from one request to another. Used by one thread.

    Attributes:
        prefixes: what is kept of requests, found again by the beginning of their tokens.
        spare: the last of them as they were.

    Args:
        forward: the model.
        budget: the most bytes of both.
    """

    def __init__(self, forward: Forward, budget: int) -> None:
        self._forward = forward
        empty = forward.new()
        self.prefixes = PrefixCache(budget, empty.windows, needs_state=empty.is_recurrent)
        self.spare = Spare(budget)

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self.prefixes.bytes + self.spare.bytes

    def begin(self, generation: Generation) -> KeyValues:
        """Give a request what is known of its prompt."""
        ids, match = generation.ids, Match()
        if self._forward.continues == "any":
            match = self.prefixes.find(ids[:-1])
        # Room for what is said, and for some turns that may follow.
        room = len(ids) + min(generation.room, max(256, len(ids) // 4))
        kv = self.spare.take(ids[:-1], match.length, room) or self._forward.new(room)
        self.prefixes.set_aside(self.spare.bytes)
        if match.length > kv.lengths[0]:
            kv.load(match.length, match.pieces, match.state)
        generation.kv = kv
        if match.common >= match.length + WORTH_WAITING:
            # Two prompts part here, so a third may as well; next time it can be resumed from.
            generation.cuts.add(match.common)
        if generation.completion_tokens == 0:
            generation.cached = kv.lengths[0]
        return kv

    def store(self, generation: Generation, kv: KeyValues, row: int = 0) -> None:
        """Keep what was computed for a request, to be found by others; nothing of one that failed."""
        if self._forward.continues != "any" or generation.failed:
            return
        known = generation.ids[: kv.lengths[row]]
        try:
            self.prefixes.store(known, lambda begin, end: kv.read(row, begin, end), kv.state(row))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            logger.warning("no memory to keep %d tokens: %s", len(known), str(error))
            self.clear()

    def take_over(self, generation: Generation, kv: KeyValues) -> None:
        """Keys and values that a request needs no more, and that are its own."""
        if self._forward.continues == "any" and not generation.failed:
            self.spare.keep(generation.ids, kv)
            self.prefixes.set_aside(self.spare.bytes)

    def clear(self) -> None:
        """Forget all."""
        self.prefixes.clear()
        self.spare.clear()
        self.prefixes.set_aside(0)
