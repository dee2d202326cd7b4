"""What a reader says as it reads, and the messages that this adds up to."""

from __future__ import annotations

import dataclasses
import json
import math
import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk

CUT_OFF = "The output ended before the call did."
Check = Callable[[str, Mapping[str, Any]], str]
"""Says what is wrong with a tool's arguments; "" where nothing."""

_ALPHABET = string.ascii_letters + string.digits


def new_id() -> str:
    """An id for a call: nine letters and digits, the one form that every known template takes."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(9))


@dataclasses.dataclass
class CallRead:
    """One call as read so far."""

    name: str
    id: str
    written: list[str] = dataclasses.field(default_factory=list)
    error: str | None = None

    @property
    def text(self) -> str:
        """The arguments, as JSON text."""
        return "".join(self.written)

    def finished(self) -> ToolCall | InvalidToolCall:
        """The call, or why it is none."""
        error = self.error
        try:
            arguments: Any = json.loads(self.text or "{}", strict=False, parse_float=number, parse_constant=number)
        except (ValueError, RecursionError) as problem:
            error = error or f"The arguments are not valid JSON: {problem}"
        else:
            if error is None and isinstance(arguments, dict):
                return tool_call(name=self.name, args=arguments, id=self.id)
            error = error or f"The arguments are not a JSON object but {json.dumps(arguments)[:80]}"
        return invalid_tool_call(name=self.name, args=self.text, id=self.id, error=error)


def number(text: str) -> float:
    """A number with a fraction or an exponent, where it is one that can be counted with.

    Raises:
        ValueError: where it is too large for a float, or `NaN` and the like.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


class Events:
    """Collects chunks as they become certain, and the whole message.

    Args:
        check: what whole calls are held to.
    """

    def __init__(self, check: Check | None = None) -> None:
        self._check = check
        self.calls: list[CallRead] = []
        self._chunks: list[AIMessageChunk] = []
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._space = ""
        self._at_start = True
        self._after_call = False

    def drain(self) -> list[AIMessageChunk]:
        """The chunks since the last time."""
        chunks, self._chunks = self._chunks, []
        return chunks

    def message(self) -> AIMessage:
        """All that was read, as one message."""
        calls = [call.finished() for call in self.calls]
        reasoning = "".join(self._reasoning)
        return AIMessage(
            content="".join(self._content),
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            tool_calls=[call for call in calls if call["type"] == "tool_call"],
            invalid_tool_calls=[call for call in calls if call["type"] == "invalid_tool_call"],
        )

    def content(self, text: str) -> None:
        """Text for the person. White space waits: before a call, a thought or the end of a turn it isn't said."""
        text = self._spaced(text)
        if text:
            self._content.append(text)
            self._chunks.append(AIMessageChunk(content=text))

    def reasoning(self, text: str) -> None:
        """What the model thinks."""
        text = self._spaced(text)
        if text:
            self._reasoning.append(text)
            self._chunks.append(AIMessageChunk(content="", additional_kwargs={"reasoning_content": text}))

    def _spaced(self, text: str) -> str:
        text = self._space + text
        if self._at_start:
            text = text.lstrip()
        kept = text.rstrip()
        self._space = text[len(kept) :]
        self._at_start = self._at_start and not kept
        self._after_call = self._after_call and not kept
        return kept

    def boundary(self) -> None:
        """A thought begins or ends here, or another message: white space around it is layout."""
        self._space = ""
        self._at_start = True

    def layout(self, space: str) -> None:
        """White space after a call: it counts only where more is said."""
        self._space += space
        self._after_call = True

    def end(self) -> None:
        """The text is over: white space at the end of what was said is part of it, and calls are whole or never."""
        space, self._space = self._space, ""
        if space and not self._at_start and not self._after_call:
            self._content.append(space)
            self._chunks.append(AIMessageChunk(content=space))
        for place, call in enumerate(self.calls):
            if call.error is None and (wrong := self._wrong(call)):
                call.error = wrong
                self._call_chunk(place, args="]")

    def _wrong(self, call: CallRead) -> str:
        finished = call.finished()
        if finished["type"] == "invalid_tool_call":
            return str(finished["error"])
        return self._check(call.name, finished["args"]) if self._check else ""

    def begin_call(self, name: str, id: str | None = None) -> CallRead:  # noqa: A002 - the field's own name
        """A call whose name is certain."""
        call = CallRead(name, id or new_id())
        self.calls.append(call)
        self._call_chunk(len(self.calls) - 1, name=name, call_id=call.id)
        return call

    def arguments(self, text: str) -> None:
        """More of the latest call's arguments, as JSON text."""
        if text:
            self.calls[-1].written.append(text)
            self._call_chunk(len(self.calls) - 1, args=text)

    def fail_call(self, poison: str, error: str = CUT_OFF) -> None:
        """The latest call is not whole. `poison` keeps a reader of the chunks from completing it."""
        self.calls[-1].error = error
        self._call_chunk(len(self.calls) - 1, args=poison)

    def cut_call(self, text: str) -> None:
        """A call of which no more than this was written: not even the whole name."""
        self.begin_call("")
        self.fail_call("]")
        self.arguments(text)

    def _call_chunk(self, place: int, *, name: str | None = None, args: str = "", call_id: str | None = None) -> None:
        chunk = tool_call_chunk(name=name, args=args, id=call_id, index=place)
        self._chunks.append(AIMessageChunk(content="", tool_call_chunks=[chunk]))
