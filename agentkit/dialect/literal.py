"""Values in a syntax with quotes of its own and bare keys: `{city:<|"|>Oslo<|"|>,days:[1,2]}`."""

from __future__ import annotations

import re
from typing import Any

from agentkit.dialect.values import look

_DEPTH = 64


def parse(text: str, quote: tuple[str, str]) -> Any:
    """The value; what can't be read is its own text.

    Args:
        text: the value, whole.
        quote: the marks that open and close a string.
    """
    try:
        value, end = _Literal(text, quote).value(0, 0)
    except (_UnreadableError, RecursionError):
        return look(text)
    return value if not text[end:].strip() else look(text)


class _UnreadableError(Exception):
    pass


class _Literal:
    def __init__(self, text: str, quote: tuple[str, str]) -> None:
        self._text = text
        self._open, self._close = quote
        self._bare = re.compile(f"(?:(?!{re.escape(self._open)})[^,{{}}\\[\\]])*")
        self._key = re.compile(f"(?:(?!{re.escape(self._open)})[^,:{{}}\\[\\]])*")

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > _DEPTH:
            raise _UnreadableError
        at = self._space(at)
        if self._text.startswith(self._open, at):
            return self._string(at)
        if self._text.startswith("{", at):
            return self._members(at + 1, depth)
        if self._text.startswith("[", at):
            return self._items(at + 1, depth)
        found = self._bare.match(self._text, at)
        end = found.end() if found else at
        return look(self._text[at:end].strip()), end

    def _string(self, at: int) -> tuple[str, int]:
        start = at + len(self._open)
        end = self._text.find(self._close, start)
        if end < 0:
            raise _UnreadableError
        return self._text[start:end], end + len(self._close)

    def _members(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        while True:
            at = self._space(at)
            if self._text.startswith("}", at):
                return members, at + 1
            if self._text.startswith(self._open, at):
                key, at = self._string(at)
            else:
                found = self._key.match(self._text, at)
                end = found.end() if found else at
                key, at = self._text[at:end].strip().strip("\"'"), end
            at = self._space(at)
            if not self._text.startswith(":", at):
                raise _UnreadableError
            members[key], at = self.value(at + 1, depth + 1)
            at = self._after(at, "}")

    def _items(self, at: int, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while True:
            at = self._space(at)
            if self._text.startswith("]", at):
                return items, at + 1
            item, at = self.value(at, depth + 1)
            items.append(item)
            at = self._after(at, "]")

    def _after(self, at: int, closing: str) -> int:
        at = self._space(at)
        if self._text.startswith(",", at):
            return at + 1
        if not self._text.startswith(closing, at):
            raise _UnreadableError
        return at

    def _space(self, at: int) -> int:
        while at < len(self._text) and self._text[at].isspace():
            at += 1
        return at
