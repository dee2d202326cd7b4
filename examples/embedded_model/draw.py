"""Random choices for one half of the language: words and patterns seen in training, or those held out for testing."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
HELD_OUT_ONE_IN = 8

_ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "cl",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sh",
    "sk",
    "st",
    "t",
    "th",
    "tr",
    "v",
    "w",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ia", "io", "ou"]
_CODAS = ["", "", "", "l", "m", "n", "r", "s", "t", "nd", "rk", "th", "x", "rt", "ck"]
_ENDINGS = ["", "", "", "a", "ia", "o", "en", "or", "is", "um", "ville", "ton", "berg", "land", "ford", "stan", "y"]

_ACCENTED = {
    "a": "áàâäãåă",
    "e": "éèêëę",
    "i": "íîï",
    "o": "óôöõø",
    "u": "úûü",
    "s": "šşß",
    "c": "çčć",
    "n": "ñń",
    "l": "ł",
    "z": "žż",
}

_SCRIPTS = ((0x4E00, 0x7F00), (0x3041, 0x3090), (0x30A2, 0x30F0), (0x0430, 0x044F), (0x03B1, 0x03C9), (0xAC00, 0xC4FF))


@cache
def _pieces() -> tuple[str, ...]:
    path = Path(__file__).resolve().parent / "data" / "chunks.txt"
    return tuple(path.read_text(encoding="utf-8").split())


@cache
def _spelled(held_out: bool) -> tuple[str, ...]:
    """Every word of the lists, whose parts are what most tokens are."""
    texts = (
        (Path(__file__).resolve().parent / "data" / f"{name}.txt").read_text("utf-8") for name in ("words", "wide")
    )
    words = {word for text in texts for word in re.findall(r"[a-z]{4,}", text.lower())}
    return tuple(word for word in sorted(words) if is_held_out(word) == held_out)


def is_held_out(word: str) -> bool:
    """Whether a word belongs to the test half: decided by its BLAKE2 hash alone, so it is the same in every run."""
    return hashlib.blake2b(word.lower().encode(), digest_size=4).digest()[0] % HELD_OUT_ONE_IN == 0


@cache
def _half(words: tuple[str, ...], held_out: bool) -> tuple[str, ...]:
    half = tuple(word for word in words if is_held_out(word) == held_out)
    if not half:
        raise ValueError(f"No {'held-out' if held_out else 'training'} word among {words[:5]}…: make the list longer.")
    return half


@dataclass(frozen=True)
class Patterns:
    """Sentence patterns with ``{slots}``; those in ``held_out`` never occur in training."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


class Draw:
    """A seeded source of words, numbers and patterns of one half of the language.

    ``used`` collects every open-class word, invented name, number of four or more digits, pattern and tool name that
    was drawn, and every message of a person: the sets of the two halves must not meet. Closed classes (days, months,
    units) are shared by both.

    ``harder`` is for the second part of training: a third of the open-class words are invented ones, so that what
    stands in a place must be read and not known, and the orders of words are more.
    """

    def __init__(self, seed: object, held_out: bool = False, harder: bool = False) -> None:
        self.harder = harder
        self.random = random.Random(str(seed))
        self.held_out = held_out
        self.used: set[str] = set()

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def integer(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def any(self, items: Sequence[T]) -> T:
        """One of a closed class, shared by training and test."""
        return items[int(self.random.random() * len(items))]

    def weighted(self, items: dict[T, float]) -> T:
        return self.random.choices(list(items), list(items.values()))[0]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return self.random.sample(list(items), len(items))

    def word(self, words: tuple[str, ...], known: bool = False) -> str:
        """An open-class word of this half; one of those given, if it must be ``known``."""
        word = self.any(_half(words, self.held_out))
        if self.harder and not known and self.chance(0.35):
            return self._unheard(word)
        self.used.add(word)
        return word

    def _unheard(self, word: str) -> str:
        """An invented word in the place of another."""
        return self.invented() if word[:1].isupper() else self.invented().lower()

    def words(self, words: tuple[str, ...], count: int) -> list[str]:
        """Different words of this half, at most ``count``."""
        half = _half(words, self.held_out)
        chosen = self.random.sample(half, min(count, len(half)))
        if self.harder:
            chosen = [self._unheard(word) if self.chance(0.35) else word for word in chosen]
        self.used.update(chosen)
        return chosen

    def pattern(self, choice: Patterns) -> str:
        pattern = self.any(choice.held_out if self.held_out else choice.train)
        self.used.add("pattern: " + pattern)
        return pattern

    def own(self, text: str) -> bool:
        """Whether a text made up on the spot belongs to this half; draw another if not."""
        if is_held_out(text) != self.held_out:
            return False
        self.used.add(text)
        return True

    def _syllables(self) -> str:
        text = "".join(
            self.any(_ONSETS) + self.any(_VOWELS) + self.any(_CODAS) for _ in range(self.any((1, 1, 2, 2, 2, 3)))
        )
        return text + self.any(_ENDINGS)

    def foreign(self) -> str:
        """A word in other letters than English has, which a byte-level model must copy byte by byte."""
        while True:
            first, last = self.any(_SCRIPTS)
            text = "".join(chr(self.integer(first, last)) for _ in range(self.integer(2, 5)))
            if all(c.isalpha() for c in text) and self.own(text):
                return text

    def _part(self) -> str:
        word = self.any(_spelled(self.held_out))
        start = self.integer(0, len(word) - 3)
        return word[start : start + self.integer(2, 7)]

    def invented(self) -> str:
        """An invented word with a capital, such as "Kelmora"."""
        while True:
            sort = self.random.random()
            if sort < 0.6:
                text = self._syllables()
            elif sort < 0.77:  # parts of words, so that no token is one that is never copied
                text = "".join(self._part() for _ in range(self.any((1, 2, 2, 3))))
            elif sort < 0.96:  # pieces of English, and any pair of letters, so that no piece of a word is new
                text = "".join(self.any(_pieces()) for _ in range(self.any((1, 2, 2, 3))))
            elif sort < 0.992:
                text = "".join(self.any("etaoinshrdlucmfwypvbgkjqxz") for _ in range(self.integer(3, 9)))
            else:
                return self.foreign()
            text = text.capitalize()
            if self.chance(0.04):
                plain = self.any(list(_ACCENTED))
                text = text.replace(plain, self.any(_ACCENTED[plain]), 1)
            if self.chance(0.02):
                text = self.any((text.upper(), text[:3] + text[3:].capitalize(), text + str(self.integer(2, 99))))
            if 3 < len(text) < 13 and self.own(text):
                return text

    def digits(self, count: int) -> str:
        """A whole number of ``count`` digits without a leading zero."""
        while True:
            text = str(self.integer(1 if count == 1 else 10 ** (count - 1), 10**count - 1))
            if self.chance(0.15) and count > 2:
                text = text[: self.integer(1, count - 1)].ljust(count, "0")
            if count < 4 or self.own(text):
                return text

    def grouped(self, count: int) -> str:
        """A whole number with thousands separators."""
        return f"{int(self.digits(count)):,}"

    def decimal(self, count: int, places: int) -> str:
        return f"{self.digits(count)}.{self.integer(0, 10**places - 1):0{places}d}".rstrip("0").rstrip(".")
