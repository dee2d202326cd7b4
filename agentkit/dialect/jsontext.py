"""Finds where a JSON value ends while it is still being written."""

from __future__ import annotations

import json
import re

from agentkit.dialect.source import Reading, Source

_IN_STRING = re.compile(r'[^"\\\x00-\x1f]*')
_OUTSIDE = re.compile(r'[^"{}\[\]]*')
_SCALAR_END = re.compile(r"[,}\]\s]")
_CLOSING = {"{": "}", "[": "]"}
_DEPTH = 512


class JsonText:
    """Follows one JSON value, piece by piece."""

    def __init__(self) -> None:
        self.done = False
        self.broken = False
        self._open: list[str] = []
        self._in_string = False
        self._escaped = False
        self._scalar = False
        self._expects_key = False

    def feed(self, text: str, at: int) -> tuple[int, str]:
        """Reads from `at` on: where the reading stands after it, and what was read as valid JSON text.

        Line breaks and other control characters inside strings, that models write and JSON forbids, come back escaped.
        """
        out: list[str] = []
        while at < len(text) and not self.done and not self.broken:
            char = text[at]
            if self._in_string:
                at = self._string(text, at, out)
                continue
            if self._scalar and _SCALAR_END.match(char):
                self.done = True
                break
            if not self._open and not self._scalar and char not in '{["':
                if char in "}],:":
                    self.broken = True
                    break
                self._scalar = True
            if self._scalar:
                end = _SCALAR_END.search(text, at)
                stop = end.start() if end else len(text)
                out.append(text[at:stop])
                at = stop
                continue
            if self._expects_key and char.isspace():
                out.append(char)
                at += 1
                continue
            if self._expects_key:
                self._expects_key = False
                self.broken = char not in '"}'
                if self.broken:
                    break
            if char == '"':
                self._in_string = True
            elif char in "{[":
                self._open.append(_CLOSING[char])
                self._expects_key = char == "{"
                self.broken = len(self._open) > _DEPTH
            elif char in "}]":
                if self._open[-1] != char:
                    self.broken = True
                    break
                self._open.pop()
                self.done = not self._open
            else:
                plain = _OUTSIDE.match(text, at)
                stop = plain.end() if plain else at + 1
                out.append(text[at:stop])
                at = stop
                continue
            out.append(char)
            at += 1
        return at, "".join(out)

    def _string(self, text: str, at: int, out: list[str]) -> int:
        char = text[at]
        if self._escaped:
            self._escaped = False
        elif char == "\\":
            self._escaped = True
        elif char == '"':
            self._in_string = False
            self.done = not self._open
        elif char < " ":
            out.append(json.dumps(char)[1:-1])
            return at + 1
        else:
            plain = _IN_STRING.match(text, at)
            stop = plain.end() if plain else at + 1
            out.append(text[at:stop])
            return stop
        out.append(char)
        return at + 1

    def finish(self) -> None:
        """No more text comes: a number or word that nothing followed is whole."""
        if self._scalar:
            self.done = True

    def poison(self) -> str:
        """What makes an unfinished value unreadable, so that no reader that completes JSON takes it for whole."""
        closing = self._open[-1] if self._open else "}"
        return ("\\" if self._escaped else "") + ('"' if self._in_string else "") + ("]" if closing == "}" else "}")


def read_string(source: Source) -> Reading[str | None]:
    """A JSON string at the place where the source stands, decoded; None where there is none or it never ends."""
    following, read = JsonText(), ""
    if (yield from source.peek()) != '"':
        return None
    while True:
        end, piece = following.feed(source.text, source.at)
        source.at = end
        read += piece
        if following.done:
            try:
                return str(json.loads(read))
            except ValueError:
                return None
        if source.closed:
            return None
        yield
