"""Turns made of messages with headers: `<|channel|>analysis<|message|>…<|end|><|start|>assistant to=…<|message|>…`.

The header says whom a message is for: the model itself (a thought), the person, or a tool. Models write headers in
other orders than templates do, so a header is taken by the words in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import regex

from agentkit.dialect import marks
from agentkit.dialect.events import Events
from agentkit.dialect.forms import pass_arguments
from agentkit.dialect.leads import any_of, loose
from agentkit.dialect.source import Reading, Source
from agentkit.dialect.syntax import Syntax, parts
from agentkit.dialect.tagforms import TagForm

_WORD = r"[ \t]*(?:<[^<>\n]*>|[\w.=:\-]++)"
_LONGEST = 16
"""In words and marks: no header is longer."""


def header_end(syntax: Syntax) -> str:
    """The mark that ends every header, or "" where turns have no headers."""
    if not (syntax.reasoning and syntax.content_open and syntax.calls):
        return ""
    ends = [marks.pieces(text)[-1] for text in (syntax.reasoning.open, syntax.content_open)]
    lead, _, _ = syntax.calls.call.partition("‹arguments›")
    return ends[0] if ends[0] == ends[1] and marks.is_mark(ends[0]) and ends[0] in lead else ""


class Headed:
    """Reads turns of such messages.

    Args:
        syntax: a syntax for which `header_end` isn't "".
        tools: the tools offered.
    """

    def __init__(self, syntax: Syntax, tools: Sequence[dict[str, Any]] | None) -> None:
        assert syntax.reasoning is not None
        assert syntax.calls is not None
        end = header_end(syntax)
        self._thought = syntax.reasoning.open.removesuffix(end).strip()
        self._said = syntax.content_open.removesuffix(end).strip()
        lead, *rest = parts(syntax.calls.call)
        self._recipient = regex.compile(loose(lead) + r"(?P<name>[^\s<]+)")
        body = "".join(part if i % 2 else f"‹{part}›" for i, part in enumerate(rest)).partition(end)[2]
        body_calls = dataclasses.replace(syntax.calls, call=body, separator="")
        self._form = TagForm(body_calls, tools) if syntax.calls.arguments else None
        tail = syntax.calls.call.rpartition("›")[2]
        self._tail = regex.compile(any_of([regex.escape(piece) for piece in marks.pieces(tail) if piece.strip()]))
        last = tail if self._form is None else ""
        ends = [syntax.reasoning.close, syntax.content_close, syntax.end_of_turn, last, syntax.header]
        self._end = regex.compile(any_of([loose(mark) for mark in ends if mark.strip()]))
        self._header = regex.compile(f"(?P<header>(?:{_WORD}){{0,{_LONGEST}}}?){regex.escape(end)}")

    def turn(self, source: Source, events: Events) -> Reading[str]:
        """All messages of a turn."""
        while True:
            while (yield from source.match(self._end)):
                pass
            if source.ended:
                return "over"
            found = yield from source.match(self._header)
            yield from self._message(found["header"] if found else self._said, source, events)
            events.boundary()
            yield from source.peek()

    def _message(self, header: str, source: Source, events: Events) -> Reading[None]:
        recipient = self._recipient.search(header)
        exact = header.strip() in {self._thought, self._said}
        if recipient and not exact and (yield from self._call(recipient["name"], source, events)):
            return
        thinking = self._differing(self._thought, self._said) in header
        yield from source.until(self._end, events.reasoning if thinking else events.content)

    @staticmethod
    def _differing(one: str, other: str) -> str:
        """The word by which one header differs from the other."""
        others = marks.pieces(other)
        return next((piece for piece in marks.pieces(one) if piece.strip() and piece not in others), one)

    def _call(self, name: str, source: Source, events: Events) -> Reading[bool]:
        yield from source.space()
        if self._form is not None:
            read = yield from self._form.read(source, events)
            while read and (yield from self._after(source)):
                pass
            return read
        if (yield from source.peek()) != "{":
            return False
        events.begin_call(name)
        yield from pass_arguments(source, events)
        return True

    def _after(self, source: Source) -> Reading[bool]:
        yield from source.space()
        return (yield from source.match(self._tail)) is not None
