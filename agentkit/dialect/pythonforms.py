"""Calls in Python's syntax: `[get_weather(city="Oslo", days=3)]`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence, Set
from typing import Any, ClassVar

import regex

from agentkit.dialect import marks, values
from agentkit.dialect.events import Events
from agentkit.dialect.leads import AROUND, any_name, any_of, loose
from agentkit.dialect.source import Reading, Source
from agentkit.dialect.syntax import Calls

_NAME = r"[^\W\d][\w.\-]{0,127}"
_WORD = r"[^\W\d]\w{0,127}"
_ARGUMENT = rf"\s*(?:\)|{_WORD}\s*=\s*[^\s,)\]])"


class PythonForm:
    """A name, keyword arguments, Python literals; in brackets, in marks or on lines, as the template has it.

    Args:
        calls: the syntax.
        tools: the tools offered, which type the values.
        only: the names that count; None for any.
    """

    _key = regex.compile(rf"(?P<key>{_WORD})\s*=\s*")
    _next = rf"\s*+,\s*{_WORD}\s*="
    _quote = regex.compile(r"\"\"\"|'''|\"|'")
    _close = regex.compile(r"\s*\)")
    _stop = regex.compile(r"[\[\](){}\"']")
    _string_end: ClassVar = {quote: regex.compile(rf"(?<!(?<!\\)\\){quote}") for quote in "\"'"}
    _comma = regex.compile(",")

    def __init__(
        self, calls: Calls, tools: Sequence[dict[str, Any]] | None = None, only: Collection[str] | None = None
    ) -> None:
        self._schemas = values.parameters(tools)
        name = _NAME if only is None else f"(?:{any_name(only)})"
        before_name, _, rest = calls.call.partition("‹name›")
        opening = (calls.open + before_name).strip().rstrip("[").strip()
        each = f"(?:{loose(before_name)}\\s*)?" if before_name.strip() else ""
        bracketed = rf"\[\s*{name}\s*\({_ARGUMENT}"
        self.anchor = AROUND + bracketed
        if opening:
            self.anchor = rf"{loose(opening)}(?=\s*(?:\[\s*)?{name}\s*\()|{self.anchor}"
        self.again = rf"{each}{name}\s*\({_ARGUMENT}"
        opened = f"(?:{loose(opening)}\\s*)?" if opening else ""
        self._begin = regex.compile(rf"{opened}{AROUND}{each}(?:\[\s*)?(?P<name>{name})\s*\(\s*")
        self.tail = ")" + rest.rpartition(")")[2]
        closing = [piece for piece in marks.pieces(rest.rpartition(")")[2] + calls.close) if piece.strip()][:1]
        after = any_of([r"[,;\]\n]", *map(regex.escape, closing)])
        self._ends = rf"(?={self._next}|\s*+\)[ \t]*(?:{after}"
        """What follows a value: the next argument, or the end of the call and something that follows calls."""

    def read(self, source: Source, events: Events) -> Reading[bool]:
        """One call, from the bracket or its name on."""
        found = yield from source.match(self._begin)
        if found is None:
            return False
        events.begin_call(found["name"])
        source.release()
        schema = self._schemas.get(found["name"])
        events.arguments("{")
        written = 0
        while True:
            key = yield from source.match(self._key)
            if key is None:
                break
            events.arguments((", " if written else "") + json.dumps(key["key"], ensure_ascii=False) + ": ")
            written += 1
            yield from source.space()
            value = yield from self._value(source, values.types(schema, key["key"]))
            events.arguments(json.dumps(value, ensure_ascii=False))
            yield from source.space()
            if not (yield from source.match(self._comma)):
                break
            yield from source.space()
        ended = yield from source.match(self._close)
        if ended is None and source.ended:
            events.fail_call("]")
        else:
            events.arguments("}")
        return True

    def _value(self, source: Source, allowed: Set[str] | None) -> Reading[Any]:
        if (yield from source.peek()) in {"[", "{", "("}:
            text = yield from self._bracketed(source)
            return values.typed(text, allowed)
        quote = yield from source.match(self._quote)
        held: list[str] = []
        if quote is None:
            ending = r"(?<!\s)" + self._ends
            yield from source.until(regex.compile(ending + "))"), held.append, regex.compile(ending + "|$))"))
            return values.typed("".join(held), allowed)
        ending = rf"(?<!(?<!\\)\\){regex.escape(quote[0])}" + self._ends
        yield from source.until(regex.compile(ending + "))"), held.append, regex.compile(ending + "|$))"))
        text = values.unescaped("".join(held), quote[0])
        return text if allowed is None or "string" in allowed else values.typed(text, allowed)

    def _bracketed(self, source: Source) -> Reading[str]:
        """A list, dict or tuple: up to the bracket that closes it."""
        held: list[str] = []
        depth = 0
        while True:
            found = yield from source.until(self._stop, held.append)
            if found is None:
                break
            held.append(found[0])
            depth += {"[": 1, "{": 1, "(": 1, "]": -1, "}": -1, ")": -1}.get(found[0], 0)
            if depth <= 0:
                break
            if found[0] in {'"', "'"}:
                end = yield from source.until(self._string_end[found[0]], held.append)
                held.append(end[0] if end else "")
        return "".join(held)
