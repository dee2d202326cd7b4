"""Values as people write them, by hand, for training: what is only ever invented is not learned to be copied."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import texts
import words
from draw import Draw, is_held_out


@cache
def _written(name: str) -> tuple[str, ...]:
    """Values written by hand, for training; none with a name that the test half has."""
    names = (words.FIRST_NAMES, words.SURNAMES, words.CITIES, words.COUNTRIES)
    tested = {word.lower() for pool in names for word in pool if is_held_out(word)}
    return tuple(
        text
        for text in texts.lines("natural", name)
        if not is_held_out(text) and not tested & set(text.lower().split())
    )


def by_hand(draw: Draw, name: str) -> str:
    """One of the values of a sort."""
    text = draw.any(_written(name))
    draw.used.add(text)
    return text


def natural(name: str, make: Callable[[Draw], str], share: float = 0.3) -> Callable[[Draw], str]:
    """A value as ``make`` draws it, or in training at times one of those written by hand."""

    def drawn(draw: Draw) -> str:
        if draw.harder and draw.chance(share):
            return by_hand(draw, name)
        return make(draw)

    return drawn
