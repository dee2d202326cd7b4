"""Keys and values of sequences that have ended, kept as they are: to go on from without a copy, or to be written over.

What a prefix cache holds is copied when a request resumes from it, into memory that the system hands out page by page:
for a long conversation that takes as long as a good part of its next turn. The sequences that ended last have all of it
in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentkit.engine.kv import KeyValues
from agentkit.engine.queue import common_length

__all__ = ["Spare"]

_MOST = 4
_SHARE = 4
"""The part of the budget that they may take is one in so many."""


@dataclass(frozen=True)
class _Ended:
    ids: list[int]
    kv: KeyValues
    bytes: int


class Spare:
    """A few sequences that ended. Used by one thread.

    Args:
        budget: the most bytes of the prefix cache, of which a quarter may be these.
    """

    def __init__(self, budget: int) -> None:
        self._budget = max(0, budget) // _SHARE
        self._ended: list[_Ended] = []

    @property
    def bytes(self) -> int:
        """How much memory they take."""
        return sum(ended.bytes for ended in self._ended)

    def keep(self, ids: Sequence[int], kv: KeyValues) -> None:
        """A sequence of these tokens ended."""
        if not kv.can_be_cut:
            return
        ended = _Ended(list(ids[: kv.lengths[0]]), kv, kv.bytes)
        if ended.bytes <= self._budget:
            self._ended.append(ended)
        while len(self._ended) > _MOST or self.bytes > self._budget:
            del self._ended[0]

    def take(self, ids: Sequence[int], known: int, room: int) -> KeyValues | None:
        """Keys and values of some first tokens of `ids` to go on from, maybe of none; None where nothing is spare.

        Args:
            ids: the token ids.
            known: how many of them the prefix cache has. A sequence that has less than half of those is left to those
                who may go on from it.
            room: for how many tokens there is to be room. Where no more can be kept, the oldest sequence of about that
                size is written over.
        """
        common = [common_length(ended.ids, ids) for ended in self._ended]
        best = max(range(len(common)), key=common.__getitem__, default=None)
        if best is None or not common[best] or 2 * common[best] < known:
            full = len(self._ended) == _MOST
            fitting = (n for n, ended in enumerate(self._ended) if room <= ended.kv.columns <= 2 * room)
            best = next(fitting, None) if full else None
        if best is None:
            return None
        kv = self._ended.pop(best).kv
        kv.cut(common[best])
        return kv

    def clear(self) -> None:
        """Forget all."""
        self._ended.clear()
