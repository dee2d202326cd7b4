"""Notices that a text goes nowhere: round in a circle, or on and on in digits, as small models' texts do."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Loops"]

_LONGEST_PERIOD = 48
_TIMES = 4
_DIGITS = 64
"""No number that a tool or an answer needs has more."""


class Loops:
    """Watches generated ids for a run that repeats itself to the end.

    Args:
        patience: how many tokens of repetition are let pass.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._runs = [0] * (_LONGEST_PERIOD + 1)
        self._seen = 0
        self._digits = 0

    @property
    def is_long_number(self) -> bool:
        """Whether the text ends with more digits than a number has."""
        return self._digits > _DIGITS

    def read(self, text: str) -> None:
        """Take in what was added to the text."""
        before = len(text.rstrip("0123456789"))
        self._digits = len(text) - before + (0 if before else self._digits)

    def watch(self, ids: Sequence[int], begin: int) -> bool:
        """Whether the end of these ids repeats one run of at most 48 ids, at least four times.

        Args:
            ids: all of them, those of earlier calls included.
            begin: where the generated ones begin.
        """
        for at in range(max(begin, self._seen), len(ids)):
            last = ids[at]
            for period in range(1, min(_LONGEST_PERIOD, at - begin) + 1):
                self._runs[period] = self._runs[period] + 1 if ids[at - period] == last else 0
        self._seen = len(ids)
        return any(run + period >= max(self._patience, _TIMES * period) for period, run in enumerate(self._runs) if run)
