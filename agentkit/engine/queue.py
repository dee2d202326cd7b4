"""Prompts that wait to be computed, and which of them is next."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.engine.generation import Generation
from agentkit.engine.prefix import PrefixCache

__all__ = ["WORTH_WAITING", "Queue", "common_length"]

WORTH_WAITING = 16
"""How many tokens must be saved for it to be worth a detour."""


class Queue:
    """Requests whose prompt is not computed yet, in part or at all.

    The one with the least left goes first, so that a short prompt does not wait for a long one; but every token that is
    computed meanwhile counts for those who wait, so that a long one is not put off for ever by ever new short ones. A
    prompt that shares its beginning with one that is being computed waits until the shared part can be taken over.
    """

    def __init__(self, prefixes: PrefixCache) -> None:
        self.waiting: list[Generation] = []
        self._prefixes = prefixes
        self._computed = 0
        self._arrivals: dict[Generation, int] = {}

    def add(self, generation: Generation) -> None:
        self.waiting.append(generation)
        self._arrivals[generation] = self._computed

    def remove(self, generation: Generation) -> None:
        self.waiting.remove(generation)
        del self._arrivals[generation]

    def count(self, tokens: int) -> None:
        """So many tokens were computed for one of them."""
        self._computed += tokens

    @property
    def begun(self) -> list[Generation]:
        """Those that hold keys and values."""
        return [generation for generation in self.waiting if generation.kv is not None]

    def next(self, may_begin: bool) -> Generation | None:
        """The one to go on with.

        Args:
            may_begin: whether there is room for one more that has not begun.
        """
        return min(self._ready(may_begin), key=self._urgency, default=None)

    def beside(self, first: Generation, rows: int, tokens: int) -> list[Generation]:
        """Others that can be computed in one pass with `first`, each to its end, with little padding: of about the same
        length, and with nothing in common that is yet to be computed.

        Args:
            first: the one to go on with.
            rows: the most of them.
            tokens: the most tokens of all together, `first` and the padding included.
        """
        group, left = [first], self._left(first)
        if rows < 1 or 2 * left > tokens:
            return []
        longest = total = left
        for other in sorted(self._ready(may_begin=True), key=self._left):
            if other is first or len(group) > rows:
                continue
            left = self._left(other)
            padded = (len(group) + 1) * max(longest, left)
            if padded > min(tokens, 2 * (total + left)) or other.reserved or other.alone or self._shares(other, group):
                continue
            group.append(other)
            longest, total = max(longest, left), total + left
        return group[1:]

    def _ready(self, may_begin: bool) -> list[Generation]:
        """Those that have something to compute, and nothing to wait for."""
        ready = [generation for generation in self.begun if generation.pending > generation.reserved]
        if may_begin:
            ready += [
                generation
                for generation in self.waiting
                if generation.kv is None and generation.pending > generation.reserved and not self._can_wait(generation)
            ]
        return ready

    def _left(self, generation: Generation) -> int:
        """How many tokens are to be computed."""
        known = self._prefixes.known(generation.ids) if generation.kv is None else 0
        return generation.pending - known

    def _shares(self, generation: Generation, others: Sequence[Generation]) -> bool:
        """Whether it begins like one of the others for longer than is known."""
        known = len(generation.ids) - self._left(generation) + WORTH_WAITING
        return any(common_length(generation.ids, other.ids) > known for other in others)

    def _urgency(self, generation: Generation) -> int:
        return self._left(generation) - (self._computed - self._arrivals[generation])

    def _can_wait(self, generation: Generation) -> bool:
        """Whether what it needs is just being computed for another."""
        wanted = len(generation.ids) - 1
        known = self._prefixes.known(generation.ids) + WORTH_WAITING
        for other in self.begun:
            shared = min(common_length(generation.ids, other.ids), wanted)
            if shared > max(known, len(other.ids) - other.pending) and other.pending > other.reserved:
                return True
        return False


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many ids two sequences begin with in common."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
