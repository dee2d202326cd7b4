"""Calls whose arguments stand in marks of their own: XML-like tags, pairs, special quotes, Python keywords."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence, Set
from typing import Any

import regex

from agentkit.dialect import literal, marks, values
from agentkit.dialect.events import Events
from agentkit.dialect.jsontext import JsonText
from agentkit.dialect.leads import any_name, any_of, first_mark, loose, suffixes
from agentkit.dialect.source import Reading, Source
from agentkit.dialect.syntax import Arguments, Calls, parts

_NAME = r"(?P<name>[^\s<>\"'{}\[\]()=,/][^\s<>\"'{}\[\]()=,]{0,199})"
_NAME_ENDS = r"(?=[\s<>\"'{}\[\]()=,])"


class TagForm:
    """A call whose arguments each stand in marks of their own.

    Args:
        calls: the syntax.
        tools: the tools offered, which type the values.
    """

    def __init__(self, calls: Calls, tools: Sequence[dict[str, Any]] | None = None) -> None:
        assert calls.arguments is not None
        self._schemas = values.parameters(tools)
        lead, _, tail = calls.call.partition("‹arguments›")
        before, *after = parts(lead)
        name = _NAME
        if len(before.strip()) < 2 and not calls.open.strip():
            # `<‹name›>`: only the offered names tell it from any other tag
            name = f"(?P<name>{any_name(self._schemas)})"
        header = ""
        for i, part in enumerate(after):
            header += loose(part) if i % 2 else (name + _NAME_ENDS if "?P<name>" not in header else "(?P=name)")
            header += r"\s*"
        opening = suffixes(calls.open + before)
        self._header = regex.compile(f"(?:{any_of([loose(text) for text in opening])})\\s*{header}")
        self.anchor = self._anchor(calls, opening) if name == _NAME else f"{loose(before)}{name}{_NAME_ENDS}"
        self.again = self.anchor
        self._argument = _Argument(calls.arguments)
        closing = [*_heads(tail), *_heads(calls.close), *map(first_mark, opening)]
        separator = loose(calls.arguments.separator)
        parted = f"{separator}\\s*+" if separator else ""
        follows = [f"{parted}(?:{self._argument.start})", *(loose(mark) for mark in closing if mark)]
        ends = any_of(follows)
        self._separator = regex.compile(separator or r"(?!)")
        self.tail = tail
        self._argument.compile(ends)

    @staticmethod
    def _anchor(calls: Calls, opening: list[str]) -> str:
        marked = [loose(text) for text in opening if first_mark(text) or text[:1] in "<["]
        firsts = [loose(first_mark(text)) for text in (calls.open, calls.call) if first_mark(text)]
        return any_of(firsts + marked) if firsts or marked else any_of([loose(text) for text in opening])

    def read(self, source: Source, events: Events) -> Reading[bool]:
        """One call, from its first mark on."""
        found = yield from source.match(self._header)
        if found is None:
            return False
        name = found["name"]
        events.begin_call(name)
        source.release()
        yield from self.arguments(source, events, self._schemas.get(name))
        return True

    def arguments(self, source: Source, events: Events, schema: values.Schema | None) -> Reading[None]:
        """All arguments of the latest call, said as one JSON object."""
        events.arguments("{")
        first = True
        while True:
            yield from source.space()
            if (yield from source.match(self._separator)):
                yield from source.space()
            key = yield from self._argument.key(source)
            if key is None:
                break
            events.arguments(("" if first else ", ") + json.dumps(key, ensure_ascii=False) + ": ")
            first = False
            yield from self._argument.value(source, events, values.types(schema, key))
        if source.ended and source.cut_off:
            events.fail_call("]")
        else:
            events.arguments("}")


class _Argument:
    """How one argument is read: its marks, its key, its value."""

    def __init__(self, arguments: Arguments) -> None:
        text, other = parts(arguments.text), parts(arguments.other)
        self._typed = text != other
        self._quote = arguments.own_quotes
        self._guard = arguments.guard
        before, between, close = other[0], other[2], "".join(_slotted(other[4:]))
        self._close = close
        self.start = loose(before) if before.strip() else r"[\w.\-]+\s*" + (loose(between) or "=")
        key = (
            f"(?P<key>(?!/)[^<>\\n{regex.escape(between.strip()[:1] or '=')}]*?)"
            if between.strip()
            else r"(?P<key>[\w.\-]+)"
        )
        opened = f"{loose(before)}\\s*{key}\\s*{loose(between)}"
        around = arguments.around_type
        self._text_word = ""
        if around[0] and not self._quote:  # the marks tell the type in a word
            self._text_word = arguments.text[len(around[0]) : len(arguments.text) - len(around[1])]
            opened = self._told(f"{around[0]}\0{around[1]}".partition("‹value›")[0], key)
        elif self._typed and not self._quote:
            textual = f"{loose(text[0])}\\s*{key.replace('key', 'text_key')}\\s*{loose(text[2])}"
            opened = f"(?:{textual}|{opened})"
        self._open = regex.compile(opened)
        self._newline = between.endswith("\n")
        self._marked = len(before.strip()) > 1
        self._textual: bool | None = None
        self._key = ""

    @staticmethod
    def _told(opening: str, key: str) -> str:
        """What opens an argument, with the type as a word; "\0" stands in its place."""
        pieces = re.split("(‹key›|\0)", opening)
        slots = {"‹key›": key, "\0": r"(?P<type>\w+)"}
        return r"\s*".join(slots.get(piece) or loose(piece) for piece in pieces if piece.strip())

    def compile(self, ends: str) -> None:
        """`ends`: what may follow a value's closing mark."""
        self._ends = ends

    def _ending(self, close: str, closed: bool) -> regex.Pattern[str]:
        """Where a raw value ends: at a closing mark with an end behind it, else where an end stands on a new line."""
        follows = f"(?=\\s*+(?:{self._ends}{'|$' if closed else ''}))"
        mark = (r"\n?" if close.startswith("\n") else "") + loose(close)
        endings = [f"(?P<mark>{mark}){follows}"] if close.strip() else [f"(?=\\s*(?:{self._ends}))"]
        if close.strip() and not self._quote and self._marked:
            endings.append(f"\\n(?=[ \\t]*+(?:{self._ends}))")
        return regex.compile("|".join(endings))

    def key(self, source: Source) -> Reading[str | None]:
        """The next argument's key, read with the marks around it; None where no argument follows."""
        found = yield from source.match(self._open)
        if found is None:
            return None
        slots = found.groupdict()
        self._textual = None if not self._typed or self._quote else slots.get("text_key") is not None
        if "type" in slots:
            self._textual = slots["type"] == self._text_word
        self._key = (slots.get("text_key") or slots["key"]).strip()
        if self._newline and (yield from source.peek()) == "\n":
            source.take(1)
        return self._key

    def value(self, source: Source, events: Events, allowed: Set[str] | None) -> Reading[None]:
        """The argument's value, said as JSON."""
        if self._quote:
            yield from source.space()
            if (yield from source.match(regex.compile(regex.escape(self._quote[0])))):
                yield from self._raw(source, events, {"string"}, self._quote[1])
            else:
                yield from self._literal(source, events)
            return
        close = self._close.replace("‹key›", self._key)
        if self._guard[0] and (yield from source.match(regex.compile(regex.escape(self._guard[0])))):
            close = self._guard[1] + close
        if allowed is None or "string" not in allowed:
            written = yield from self._json(source, close)
            if written is not None:
                events.arguments(written)
                return
        yield from self._raw(source, events, allowed, close)

    def _json(self, source: Source, close: str) -> Reading[str | None]:
        """A JSON object or list up to its own end, for strings in it may look like marks; None where it is none."""
        if (yield from source.peek()) not in {"{", "["}:
            return None
        place, following, read = source.keep(), JsonText(), ""
        while not (following.done or following.broken or source.ended):
            source.at, piece = following.feed(source.text, source.at)
            read += piece
            if not (following.done or following.broken or source.closed):
                yield
        ended = following.done and (yield from source.match(regex.compile(r"\s*+" + loose(close)))) is not None
        if not ended or not _is_json(read):
            source.at = place
        source.release()
        return read if source.at > place else None

    def _raw(self, source: Source, events: Events, allowed: Set[str] | None, close: str) -> Reading[None]:
        """Text up to its closing mark: a string passes as it comes, any other value when it is whole."""
        streamed = allowed == {"string"} or (allowed is None and bool(self._textual))
        held: list[str] = []
        if streamed:
            events.arguments('"')
        say = (lambda text: events.arguments(json.dumps(text, ensure_ascii=False)[1:-1])) if streamed else held.append
        yield from source.until(self._ending(close, False), say, self._ending(close, True))
        if streamed:
            events.arguments('"')
        else:
            value = values.typed("".join(held), allowed, self._textual)
            events.arguments(json.dumps(value, ensure_ascii=False))

    def _literal(self, source: Source, events: Events) -> Reading[None]:
        """A value that isn't a string, in a syntax with quotes of its own."""
        assert self._quote is not None
        held: list[str] = []
        depth = 0
        stops = regex.compile("|".join([regex.escape(self._quote[0]), r"[{}\[\],]"]))
        closing = regex.compile(regex.escape(self._quote[1]))
        while True:
            found = yield from source.until(stops, held.append)
            if found is None:
                break
            if found[0] == self._quote[0]:
                held.append(found[0])
                end = yield from source.until(closing, held.append)
                held.append(end[0] if end else "")
                continue
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
            if depth < 0 or (depth == 0 and found[0] == ","):
                source.at = found.start()
                break
            held.append(found[0])
        events.arguments(json.dumps(literal.parse("".join(held), self._quote), ensure_ascii=False))


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _heads(text: str) -> list[str]:
    """What the text begins with, where that is no mark, and the marks in it."""
    found = [piece for piece in marks.pieces(text) if marks.is_mark(piece)]
    before = text.partition(found[0])[0].strip() if found else text.strip()
    return [head for head in (before, *found) if head]


def _slotted(split: list[str]) -> list[str]:
    """The parts of a pattern with its slots written again."""
    return [part if i % 2 == 0 else f"‹{part}›" for i, part in enumerate(split)]
