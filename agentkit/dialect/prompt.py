"""Messages and tools to prompt text and token ids, with nothing that a person or a tool wrote becoming a control token.

Where a control token's text stands in a message, a barrier is put inside it before the template is rendered; the
rendered text is cut at the barriers and each part is tokenized by itself, so that the token can't form.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2

from agentkit.dialect import plain
from agentkit.dialect.syntax import Syntax
from agentkit.dialect.template import Message
from agentkit.errors import PromptError

Render = Callable[[list[Message], list[dict[str, Any]] | None], str]

_BARRIERS = [chr(code) for code in range(0xE000, 0xF8FF)]  # private use: no meaning, and hardly ever in a text


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation as the model reads it."""

    text: str
    ids: tuple[int, ...] | None = None
    """Token ids, where the dialect has a tokenizer."""
    barred: str = ""
    """The text with "\\0" wherever a control token was kept from forming: two prompts alike in this have alike ids."""


def rendered(syntax: Syntax, render: Render, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> str:
    """The conversation by the template, adapted where it refuses a role or an order of roles.

    Raises:
        PromptError: with the template's own complaint, where it refuses whatever the adaptation.
    """
    turns = list(messages)
    offered: list[dict[str, Any]] | None = list(tools) or None
    calls = syntax.calls or plain.CALLS
    if syntax.tools == "plain":
        turns, offered = plain.with_tools(turns, tools, calls), None
    if not syntax.renders_calls:
        turns = plain.with_written_calls(turns, calls)
    if not syntax.renders_results:
        turns = plain.with_told_results(turns)
    turns = [_with_arguments(turn, syntax) for turn in turns]
    complaint: Exception | None = None
    for adapted in _adaptations(turns):
        try:
            return render(adapted, offered)
        except (jinja2.TemplateError, TypeError) as error:
            complaint = complaint or error
    roles = ", ".join(turn["role"] for turn in turns)
    raise PromptError(f"The chat template refuses this conversation ({roles}): {complaint}") from complaint


def _with_arguments(turn: Message, syntax: Syntax) -> Message:
    """The turn with its calls' arguments in the form that the template reads."""
    if syntax.template_arguments == "object" or not turn.get("tool_calls"):
        return turn
    return {
        **turn,
        "tool_calls": [
            {**call, "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"])}}
            for call in turn["tool_calls"]
        ],
    }


def _adaptations(turns: list[Message]) -> list[list[Message]]:
    """The conversation as it is, then with what templates refuse most said in another way of the same meaning."""
    folded = _system_in_user_turn(turns)
    return [turns, folded, _joined(turns), _joined(folded)]


def _system_in_user_turn(turns: list[Message]) -> list[Message]:
    """The system text at the head of the first user turn, for templates without a system role."""
    if not turns or turns[0]["role"] != "system":
        return turns
    system, rest = turns[0], turns[1:]
    if rest and rest[0]["role"] == "user":
        return [{**rest[0], "content": _together(system["content"], rest[0]["content"])}, *rest[1:]]
    return [{**system, "role": "user"}, *rest]


def _joined(turns: list[Message]) -> list[Message]:
    """Neighbouring turns of one person as one turn, for templates in which roles must alternate."""
    joined: list[Message] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last and last["role"] == turn["role"] and turn["role"] in {"user", "assistant"} and "tool_calls" not in last:
            joined[-1] = {**last, **turn, "content": _together(last["content"], turn["content"])}
        else:
            joined.append(turn)
    return joined


def _together(one: Any, other: Any) -> Any:
    """Two contents as one; parts with media stay parts."""
    if isinstance(one, list) or isinstance(other, list):
        return [part for content in (one, other) for part in _parts(content)]
    return f"{one}\n\n{other}"


def _parts(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [{"type": "text", "text": str(content)}]


class Barrier:
    """Keeps the texts of control tokens in a conversation from becoming control tokens."""

    def __init__(self, control: Sequence[str]) -> None:
        texts = [text for text in control if text.strip() and len(text) > 1]
        alternatives = "|".join(re.escape(text[1:]) for text in sorted(texts, key=len, reverse=True))
        firsts = "".join(re.escape(text[0]) for text in texts)
        self._inside = re.compile(f"(?<=[{firsts}])(?={alternatives})") if texts else None
        self._starts = {text[:end] for text in texts for end in range(1, len(text))}
        self._longest = max(map(len, self._starts), default=0)

    def mark(self, conversation: Any) -> str:
        """A character that stands nowhere in the conversation."""
        written = json.dumps(conversation, ensure_ascii=False, default=str)
        return next(mark for mark in _BARRIERS if mark not in written)

    def put(self, value: Any, mark: str) -> Any:
        """The value with the mark inside all that could become a control token, in keys too."""
        if isinstance(value, str):
            return self._text(value, mark)
        if isinstance(value, Mapping):
            return {
                self._text(key, mark): inner if key == "role" else self.put(inner, mark) for key, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.put(inner, mark) for inner in value]
        return value

    def _text(self, text: str, mark: str) -> str:
        if self._inside is None or not text:
            return text
        text = self._inside.sub(mark, text)
        tail = next((n for n in range(min(self._longest, len(text)), 0, -1) if text[-n:] in self._starts), 0)
        return text + mark if tail else text


Known = Callable[[str], tuple[str, tuple[int, ...]]]
"""For a barred text, a beginning of it whose ids are known, and those ids."""


def tokenized(
    text: str, mark: str, encode: Callable[[str], list[int]], starts: Sequence[str] = (), known: Known | None = None
) -> Prompt:
    """The text, tokenized part by part between the marks.

    Args:
        text: a rendered conversation with marks in it.
        mark: what bars control tokens.
        encode: text to ids, without special tokens added.
        starts: texts of control tokens; only before one of them may known ids end, for only there is the rest tokenized
            as it would be in the whole.
        known: looks up ids that need not be computed.
    """
    barred = text.replace(mark, "\0")
    beginning, ids = known(barred) if known else ("", ())
    if beginning and not barred[len(beginning) :].startswith(tuple(starts)):
        beginning, ids = "", ()
    rest = [part for part in barred[len(beginning) :].split("\0") if part]
    return Prompt(text.replace(mark, ""), (*ids, *(token for part in rest for token in encode(part))), barred)
