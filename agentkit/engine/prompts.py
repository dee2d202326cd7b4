"""Prompts: what they begin with, how much of one to compute at once, and several in one pass."""

from __future__ import annotations

from agentkit.engine.batch import Batch
from agentkit.engine.forward import Forward
from agentkit.engine.generation import Generation
from agentkit.engine.kv import KeyValues
from agentkit.engine.memory import Memory
from agentkit.engine.queue import WORTH_WAITING, Queue, common_length

__all__ = ["Prompts"]


class Prompts:
    """What is done with the prompts of a queue. Used by one thread.

    Args:
        forward: the model.
        memory: what is kept of requests that ended.
        queue: requests whose prompt is not computed yet.
    """

    def __init__(self, forward: Forward, memory: Memory, queue: Queue) -> None:
        self._forward = forward
        self._memory = memory
        self._queue = queue

    def begin(self, generation: Generation) -> KeyValues:
        """Give it what is known of its prompt, also by those that are not through yet."""
        if self._forward.continues == "any":
            for other in self._queue.begun:
                if common_length(generation.ids, other.ids) > self._memory.prefixes.known(generation.ids):
                    assert other.kv is not None
                    self._memory.store(other, other.kv)
        return self._memory.begin(generation)

    def chunk_size(self, generation: Generation, kv: KeyValues, most: int) -> int:
        """How many tokens of it to compute next: about `most`, and none beyond a place where others part from it."""
        done = kv.lengths[0]
        left = generation.pending - generation.reserved
        if self._forward.continues != "any":
            return left if done == 0 or self._forward.continues == "nothing" else 1
        if kv.is_recurrent:
            waiting = (other for other in self._queue.waiting if other.kv is None)
            shared = (common_length(generation.ids, other.ids) for other in waiting)
            generation.cuts.update(cut for cut in shared if cut >= done + WORTH_WAITING)
        # A short rest goes with the last chunk, for a pass of its own would cost more.
        return min([left if left < 2 * most else most, *(cut - done for cut in generation.cuts if cut > done)])

    def together(self, group: list[Generation]) -> tuple[Batch, int]:
        """Compute prompts in one pass, but for their last tokens.

        Returns:
            Their batch, and how many tokens were computed.
        """
        batch = Batch(self._forward)
        for generation in group:
            if generation.kv is None:
                self.begin(generation)
            self.add(generation, batch)
        assert batch.kv is not None
        size = sum(len(generation.ids) for generation in group) - sum(batch.kv.lengths)
        batch.catch_up()
        for row, generation in enumerate(group):
            self._memory.store(generation, batch.kv, row)
        return batch, size

    def add(self, generation: Generation, batch: Batch) -> None:
        """Let a request join a batch, which copies what it remembers if others are there already."""
        kv = generation.kv
        batch.join(generation)
        if kv is not None and kv is not batch.kv:
            self._memory.take_over(generation, kv)
