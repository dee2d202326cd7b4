"""Notices that a text goes nowhere: round in a circle, or on and on in digits, as small models' texts do."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Loops"]

_LONGEST_PERIOD = 48
_TIMES = 4
_DIGITS = 64
"""No number that a tool or an answer needs has more."""
_EXPONENT = re.compile(r"[:,\[(=]\s*-?[0-9][0-9.]*[eE][+-]?[0-9]{2,}$")
"""A number whose exponent is as long as it needs to be: 1e999 is no float."""
_TAIL = 80


class Loops:
    """Watches generated ids for a run that repeats itself to the end.

    Args:
        patience: how many tokens of repetition are let pass.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._runs = [0] * (_LONGEST_PERIOD + 1)
        self._seen = 0
        self._tail = ""

    @property
    def is_long_number(self) -> bool:
        """Whether the text ends with more digits than a number has."""
        return len(self._tail) - len(self._tail.rstrip("0123456789")) > _DIGITS

    @property
    def is_large_number(self) -> bool:
        """Whether the text ends with what is, if it is a number, close to the largest there is."""
        return _EXPONENT.search(self._tail) is not None

    def read(self, text: str) -> None:
        """Take in what was added to the text."""
        self._tail = (self._tail + text)[-_TAIL:]

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
