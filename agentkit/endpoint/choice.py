"""One choice of a reply: its text, thoughts and calls, in any of the forms that servers write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk

from agentkit.dialect.events import CallRead, new_id
from agentkit.dialect.jsontext import JsonText
from agentkit.dialect.reader import Reader

MakeReader = Callable[[bool], "Reader | None"]
"""Makes what reads the text, where it can be read; told whether the server itself took the thoughts out of it."""


class Choice:
    """Takes a choice whole (`message`) or in pieces (`delta`).

    Attributes:
        finish_reason: why it ended; None before the end.
        logprobs: in the form of OpenAI's `logprobs.content`.
    """

    def __init__(self, make_reader: MakeReader) -> None:
        self.finish_reason: str | None = None
        self.logprobs: list[dict[str, Any]] = []
        self._make_reader = make_reader
        self._reader: Reader | None = None
        self._content: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[CallRead] = []
        self._current: dict[int | None, int] = {}
        self._places: dict[tuple[str, Any], int] = {}
        self._closed = False

    def take(self, choice: Mapping[str, Any]) -> Iterator[AIMessageChunk]:
        """What the choice, or one more piece of it, adds."""
        said = choice.get("delta") or choice.get("message") or {}
        self.logprobs += ((choice.get("logprobs") or {}).get("content")) or ()
        text, thought = _texts(said.get("content"))
        thought = str(said.get("reasoning_content") or said.get("reasoning") or thought)
        if thought:
            self._thoughts.append(thought)
            yield AIMessageChunk(content="", additional_kwargs={"reasoning_content": thought})
        if text:
            yield from self._say(text)
        calls = said.get("tool_calls") or ()
        whole = "message" in choice
        for position, call in enumerate([calls] if isinstance(calls, Mapping) else calls):
            if isinstance(call, Mapping):
                yield from self._call(call, position if whole else None)
        self.finish_reason = choice.get("finish_reason") or self.finish_reason

    def close(self) -> list[AIMessageChunk]:
        """What was held back, once the choice is whole."""
        if self._closed:
            return []
        self._closed = True
        chunks = []
        if self._reader is not None:
            chunks = [self._placed(chunk) for chunk in self._reader.close(cut_off=self.finish_reason == "length")]
        unreadable = [n for n, call in enumerate(self._calls) if call.finished()["type"] == "invalid_tool_call"]
        return chunks + [self._call_chunk(n, args=_poison(self._calls[n].text)) for n in unreadable]

    def message(self) -> AIMessage:
        """All of it as one message."""
        read = self._reader.message() if self._reader is not None else AIMessage("".join(self._content))
        reasoning = "".join(self._thoughts) or read.additional_kwargs.get("reasoning_content")
        finished = [call.finished() for call in self._calls]
        return AIMessage(
            content=read.content,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            tool_calls=[*read.tool_calls, *(call for call in finished if call["type"] == "tool_call")],
            invalid_tool_calls=[
                *read.invalid_tool_calls,
                *(call for call in finished if call["type"] == "invalid_tool_call"),
            ],
        )

    def _say(self, text: str) -> Iterator[AIMessageChunk]:
        if not self._content:
            self._reader = self._make_reader(bool(self._thoughts))
        self._content.append(text)
        if self._reader is None:
            yield AIMessageChunk(content=text)
        else:
            yield from map(self._placed, self._reader.feed(text))

    def _call(self, call: Mapping[str, Any], number: int | None) -> Iterator[AIMessageChunk]:
        """A call or a piece of one.

        Some servers number no calls or every one 0, repeat the name with each piece, or give arguments as an object.
        """
        function = call.get("function") or call
        call_id, name = call.get("id") or None, function.get("name") or None
        number = call.get("index", number)
        current = self._current.get(number) if number is not None or not name else None
        if current is None or (call_id and name and call_id != self._calls[current].id):
            if not name:
                return  # nothing can be done with arguments of no tool
            current = len(self._calls)
            self._calls.append(CallRead(str(name), str(call_id or new_id())))
            yield self._call_chunk(current, name=str(name), call_id=self._calls[current].id)
        self._current |= {number: current, None: current}
        arguments = function.get("arguments")
        if isinstance(arguments, (Mapping, list)):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if arguments:
            self._calls[current].written.append(str(arguments))
            yield self._call_chunk(current, args=str(arguments))

    def _call_chunk(
        self, number: int, name: str | None = None, args: str = "", call_id: str | None = None
    ) -> AIMessageChunk:
        chunk = tool_call_chunk(name=name, args=args, id=call_id, index=self._place(("server", number)))
        return AIMessageChunk(content="", tool_call_chunks=[chunk])

    def _placed(self, chunk: AIMessageChunk) -> AIMessageChunk:
        """A reader's chunk with its calls counted among the server's."""
        for call in chunk.tool_call_chunks:
            call["index"] = self._place(("text", call["index"]))
        return chunk

    def _place(self, key: tuple[str, Any]) -> int:
        return self._places.setdefault(key, len(self._places))


def _texts(content: Any) -> tuple[str, str]:
    """The text and the thoughts in a message's content, which may be a list of blocks."""
    if not isinstance(content, list):
        return str(content or ""), ""
    texts, thoughts = [], []
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif block.get("type") == "thinking":
            inner = block.get("thinking")
            thoughts.append(_texts(inner)[0])
        else:
            texts.append(str(block.get("text") or ""))
    return "".join(texts), "".join(thoughts)


def _poison(written: str) -> str:
    """What keeps a reader of the chunks from completing arguments that are not whole."""
    following = JsonText()
    following.feed(written, 0)
    return following.poison()
