"""Guesses at what comes next, which the model then checks several at a time.

Agents copy: names from a tool's result into a call, numbers from a call's result into the answer. Whatever followed the
last few tokens when they last occurred is a good guess there (prompt lookup decoding, Saxena 2023). A guess changes
nothing about what is said, only how many forward passes it takes.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Drafts"]

_PATTERN = 3
_REST = 16


class Drafts:
    """Guesses for one sequence; bolder after success, and for a while none after failure.

    Args:
        most: the longest guess, in tokens.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = min(4, most)
        self._rest = 0
        self._seen: dict[tuple[int, ...], int] = {}
        self._known = 0

    def guess(self, ids: Sequence[int]) -> list[int]:
        """What may follow `ids`; often nothing. The same sequence each time, only longer."""
        end = len(ids)
        for at in range(max(self._known, _PATTERN), end):
            self._seen[tuple(ids[at - _PATTERN : at])] = at
        self._known = end
        if end < self._rest:
            return []
        at = self._seen.get(tuple(ids[end - _PATTERN : end]), end)
        return list(ids[at : at + self._size])

    def learn(self, length: int, guessed: int, right: int) -> None:
        """Of `guessed` tokens, the first `right` were right; the sequence has `length` tokens now."""
        if not guessed:
            return
        if right == guessed:
            self._size = min(2 * self._size, self._most)
        elif right == 0:
            self._size //= 2
            if self._size == 0:
                self._size = min(2, self._most)
                self._rest = length + _REST
