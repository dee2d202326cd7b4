"""Reads what a model writes, as it writes it: reasoning, content and tool calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import regex
from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall

from agentkit.dialect import marks, plain, values
from agentkit.dialect.anyform import AnyForm
from agentkit.dialect.events import Check, Events
from agentkit.dialect.forms import Form, JsonForm, NamedForm
from agentkit.dialect.headed import Headed, header_end
from agentkit.dialect.leads import begun, ending, loose
from agentkit.dialect.pythonforms import PythonForm
from agentkit.dialect.source import Choice, Reading, Source
from agentkit.dialect.syntax import Calls, Syntax, fill
from agentkit.dialect.tagforms import TagForm

_NOTHING = r"(?!)"


def form(calls: Calls, tools: Sequence[dict[str, Any]] | None) -> Form:
    """What reads calls of this syntax."""
    if calls.kind == "json":
        return JsonForm(calls)
    if calls.kind == "named":
        return NamedForm(calls, tools)
    return PythonForm(calls, tools) if calls.kind == "python" else TagForm(calls, tools)


def frames(syntax: Syntax) -> list[str]:
    """Regular expressions for what stands around messages and is no part of them."""
    whole = [syntax.content_close, syntax.end_of_turn]
    single = [piece for piece in marks.pieces(syntax.end_of_turn) if marks.is_mark(piece)]
    header = syntax.header if syntax.content_open else ""  # a turn of several messages
    if syntax.reasoning:
        header = header.replace(syntax.reasoning.open, "").replace(syntax.reasoning.close, "").strip()
        single = [piece for piece in single if piece not in syntax.reasoning.open + syntax.reasoning.close]
    if any(marks.is_mark(piece) for piece in marks.pieces(header)):
        whole.append(header)
    return [loose(text) for text in [*whole, *single, *syntax.next_turn] if text]


class Reader:
    """Reads one turn. Takes any text in any pieces, never raises on it and loses none of it.

    Args:
        syntax: how the model writes.
        tools: the tools offered, as OpenAI function specifications; they type what the syntax leaves untyped.
        prompt: the prompt, or its end: it may have opened a thought already.
        calling: whether there may be calls; where not, what looks like one is content.
        check: says what is wrong with the arguments of a whole call; one that it complains of is an invalid call.
    """

    def __init__(
        self,
        syntax: Syntax,
        tools: Sequence[dict[str, Any]] | None = None,
        prompt: str = "",
        *,
        calling: bool = True,
        check: Check | None = None,
    ) -> None:
        self._source = Source()
        self._events = Events(check)
        self._form: Form = form(syntax.calls, tools) if syntax.calls else AnyForm(tools)
        self._anchor = self._form.anchor if calling else _NOTHING
        self._bare = self._bare_form(syntax, tools) if calling else None
        self._thought_end = regex.compile(regex.escape(syntax.reasoning.close)) if syntax.reasoning else None
        call = f"(?<![^\\n])(?:{self._anchor})"
        self._thought_or_call = Choice({"end": self._thought_end.pattern if self._thought_end else "", "call": call})
        self._marks = self._all_marks(syntax)
        self._after = self._after_call(syntax, self._form)
        self._again = regex.compile(self._form.again)
        self._bare_start = regex.compile(self._bare.bare if self._bare else _NOTHING)
        thinking = bool(syntax.reasoning and prompt.rstrip().endswith(syntax.reasoning.open))
        headed = Headed(syntax, tools) if header_end(syntax) else None
        self._routine = headed.turn(self._source, self._events) if headed else self._turn(thinking)
        self._over = False
        if syntax.calls and not headed:
            self._source.add(begun(prompt, syntax.calls))

    def feed(self, piece: str) -> list[AIMessageChunk]:
        """What has become certain with this piece of text."""
        self._source.add(piece)
        self._advance()
        return self._events.drain()

    def close(self, *, cut_off: bool = False) -> list[AIMessageChunk]:
        """What remains: the text is over. `cut_off`: it was not the model that ended it."""
        self._source.closed = True
        self._source.cut_off = cut_off
        self._advance()
        self._events.end()
        return self._events.drain()

    def message(self) -> AIMessage:
        """All that was read, as one message; whole after `close`."""
        return self._events.message()

    def calls(self) -> list[ToolCall | InvalidToolCall]:
        """The calls that were read, as they were written one after the other."""
        return [call.finished() for call in self._events.calls]

    def _advance(self) -> None:
        if not self._over:
            self._over = next(self._routine, "over") == "over"

    def _all_marks(self, syntax: Syntax) -> Choice:
        return Choice(
            {
                "thought": regex.escape(syntax.reasoning.open) if syntax.reasoning else "",
                "unopened": regex.escape(syntax.reasoning.close) if syntax.reasoning else "",
                "said": loose(syntax.content_open),
                "call": self._anchor,
                "frame": "|".join(frames(syntax)),
            }
        )

    @staticmethod
    def _after_call(syntax: Syntax, read: Form) -> Choice:
        """The marks that may stand after a call, each of which a model may leave out."""
        calls = syntax.calls or plain.CALLS
        tail = f"{fill(read.tail)} {calls.close} {calls.separator}"
        found = dict.fromkeys(piece for piece in marks.pieces(tail) if not piece.isspace())
        pieces = [regex.escape(piece) for piece in sorted(found, key=len, reverse=True)]
        known = [ending(read.tail), *pieces, r"<\|[\w▁]+\|>", r"\]", f"[;,](?=\\s*(?:{read.again}))"]
        return Choice({f"mark{i}": pattern for i, pattern in enumerate(known)})

    @staticmethod
    def _bare_form(syntax: Syntax, tools: Sequence[dict[str, Any]] | None) -> JsonForm | None:
        """Calls without their marks, that some models write where a turn begins: held to the names that are offered."""
        if syntax.calls is None or syntax.calls.kind != "json" or not tools:
            return None
        return JsonForm(syntax.calls, only=values.parameters(tools))

    def _unmarked(self) -> Reading[None]:
        """Calls without marks at the start of a turn."""
        source = self._source
        if self._bare is None:
            return
        place = source.keep()
        yield from source.space()
        start = source.at
        begins = yield from source.match(self._bare_start)
        source.at = start if begins else place
        if begins and not (yield from self._bare.read(source, self._events)):
            self._events.content(source.text[place : source.at])
        elif begins and (yield from self._another()):
            yield from self._calls(self._events.content)
        source.release()

    def _turn(self, thinking: bool) -> Reading[str]:
        if thinking:
            yield from self._thought(opened_by_prompt=True)
        yield from self._unmarked()
        while True:
            found = yield from self._source.until(self._marks, self._events.content)
            if found is None:
                return "over"
            if found.lastgroup == "call":
                self._source.at = found.start()
                yield from self._calls(self._events.content)
            elif found.lastgroup == "thought":
                yield from self._thought()
            else:
                self._events.boundary()

    def _thought(self, opened_by_prompt: bool = False) -> Reading[None]:
        """A thought up to its end.

        One that the prompt opened also ends where a call begins on a line of its own: models forget to close it.
        """
        self._events.boundary()
        while self._thought_end:
            end = self._thought_or_call if opened_by_prompt else self._thought_end
            found = yield from self._source.until(end, self._events.reasoning)
            if found is None or found.lastgroup != "call":
                break
            self._source.at = found.start()
            if (yield from self._calls(self._events.reasoning)):
                break
        self._events.boundary()

    def _calls(self, say: Callable[[str], None]) -> Reading[bool]:
        """A section of calls; the source stands at the anchor of the first. What turns out to be none is said."""
        source, form = self._source, self._form
        any_read = False
        while True:
            place, closed = source.keep(), source.closed
            read = yield from form.read(source, self._events)
            if not read and source.cut_off and not closed:
                self._events.cut_call(source.text[place:])
                source.at = len(source.text)
                source.release()
                return True
            if not read:
                source.at = max(source.at, place + 1)
                say(source.text[place : source.at])
                source.release()
                break
            any_read = True
            if not (yield from self._another()):
                break
        return any_read

    def _another(self) -> Reading[bool]:
        """Reads the marks after a call; whether one more follows."""
        while True:
            space = yield from self._source.space()
            place = self._source.at
            if (yield from self._source.match(self._again)):
                self._source.at = place
                return True
            if not (yield from self._source.match(self._after)):
                self._events.layout(space)
                return False
