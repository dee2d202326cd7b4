"""The text a model has written so far, read by coroutines that wait for more.

A reading routine is a generator: it yields whenever it needs text that isn't there yet, and goes on where it stood when
more has come. So a format is read by plain sequential code, whatever pieces the text comes in, and each character is
looked at a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar, Union

import regex

T = TypeVar("T")
Reading = Generator[None, None, T]

_SPACE = regex.compile(r"\s*")
_COMPACT_AT = 4096
_LONGEST = 256
"""How many characters a match may still be waiting for more text."""


class Choice:
    """Regular expressions of which the first that can match counts, whatever pieces the text comes in.

    A single expression with alternatives would take a later, shorter one as soon as it is whole, though with more text
    an earlier one would match.

    Args:
        patterns: by name, which is the `lastgroup` of a match; empty ones never match.
    """

    def __init__(self, patterns: Mapping[str, str]) -> None:
        named = {name: pattern for name, pattern in patterns.items() if pattern}
        self._all = regex.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in named.items()) or r"(?!)")
        self._each = {name: regex.compile(pattern) for name, pattern in named.items()}

    def search(self, text: str, at: int, partial: bool) -> regex.Match[str] | None:
        """As a compiled expression's `search`; partial where one may still match earlier, or an earlier one there."""
        found = self._settled(self._all.search(text, at, partial=partial), text, partial)
        if found is None or not partial:
            return found
        for place in range(max(at, len(text) - _LONGEST), found.start()):
            earlier = self._all.fullmatch(text, place, partial=True)
            if earlier is not None and earlier.partial:
                return earlier
        return found

    def match(self, text: str, at: int, partial: bool) -> regex.Match[str] | None:
        """The same at one place."""
        return self._settled(self._all.match(text, at, partial=partial), text, partial)

    def _settled(self, found: regex.Match[str] | None, text: str, partial: bool) -> regex.Match[str] | None:
        if found is None or found.partial or not partial:
            return found
        for name, pattern in self._each.items():
            if name == found.lastgroup:
                break
            rival = pattern.match(text, found.start(), partial=True)
            if rival is not None and rival.partial:
                return rival
        return found


Pattern = Union["regex.Pattern[str]", Choice]


class Source:
    """A text that grows at its end and is read at its beginning."""

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.closed = False
        self.cut_off = False
        self._kept = False

    def add(self, piece: str) -> None:
        """More text."""
        if not self._kept and self.at >= _COMPACT_AT:
            self.text = self.text[self.at - 1 :]  # one character stays: patterns may look back at it
            self.at = 1
        self.text += piece

    def keep(self) -> int:
        """A place to come back to; text from here on stays until `release`."""
        self._kept = True
        return self.at

    def release(self) -> None:
        """No need to come back: what is read may go."""
        self._kept = False

    @property
    def ended(self) -> bool:
        """Whether all is read and nothing more will come."""
        return self.closed and self.at >= len(self.text)

    def take(self, length: int) -> str:
        """The next characters, now read."""
        taken = self.text[self.at : self.at + length]
        self.at += len(taken)
        return taken

    def peek(self) -> Reading[str]:
        """The next character, or "" at the end."""
        while self.at >= len(self.text):
            if self.closed:
                return ""
            yield
        return self.text[self.at]

    def space(self) -> Reading[str]:
        """Reads white space up to the next other character or the end."""
        read = ""
        while True:
            found = _SPACE.match(self.text, self.at)
            read += self.take(found.end() - self.at) if found else ""
            if self.at < len(self.text) or self.closed:
                return read
            yield

    def match(self, pattern: Pattern) -> Reading[regex.Match[str] | None]:
        """Reads what the pattern matches here; None, with nothing read, where it can't match whatever comes."""
        while True:
            found = pattern.match(self.text, self.at, partial=not self.closed)
            if found is None:
                return None
            if not found.partial:
                self.at = found.end()
                return found
            yield

    def until(
        self, pattern: Pattern, say: Callable[[str], Any], at_end: regex.Pattern[str] | None = None
    ) -> Reading[regex.Match[str] | None]:
        """Passes on all text before the next match, as soon as it can't be part of one; None at the end of the text.

        `at_end`: the pattern to look for once the text is over, where its end means something.
        """
        while True:
            if self.closed and at_end is not None:
                pattern = at_end
            found = pattern.search(self.text, self.at, partial=not self.closed)
            if found is None:
                say(self.take(len(self.text) - self.at))
            else:
                if found.start() > self.at:
                    say(self.take(found.start() - self.at))
                if not found.partial:
                    self.at = found.end()
                    return found
            if self.closed:
                return None
            yield
