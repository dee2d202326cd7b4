"""Finds the marks around what a model thinks.

Several places tell of them: a thought in the history as the template renders it; the end of the prompt, where
templates open a thought or write an empty one; a header that ends in such marks; and what the template cuts out of
earlier answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from agentkit.dialect import marks
from agentkit.dialect.examples import TEXT, THOUGHT, example
from agentkit.dialect.syntax import Reasoning
from agentkit.dialect.template import Message, TemplateRefusalError

Tail = Callable[..., str]
"""What the template writes after the user's message; see `Probe.tail`."""

SWITCHES: tuple[dict[str, bool], ...] = (
    {},
    {"enable_thinking": True},
    {"thinking": True},
    {"enable_thinking": False},
    {"thinking": False},
)
"""The variables by which templates are told whether to think."""

_FIELDS = dict.fromkeys(("reasoning_content", "reasoning", "thinking", "thought", "tool_plan"), THOUGHT)
_PARTS = [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": TEXT}]
_LITERAL = re.compile(r"</?[^<>{}%\s'\"]+>|\[/?[A-Z_]+(?: [A-Z_]+)*\]|◁/?\w+▷")


def find(tail: Tail, prompt: str, lead: str, source: str) -> Reasoning | None:
    """The marks, or None where the template knows no thoughts.

    Args:
        tail: renders a turn after the user's message.
        prompt: what opens the assistant's turn.
        lead: what stands before the text of a plain assistant turn.
        source: the template itself.
    """
    return (
        _rendered(tail, prompt, lead)
        or _prompted(tail, lead, source)
        or _before_call(tail)
        or _ending(prompt, source)
        or _ending(lead, source)
        or _dropped(tail, source)
    )


def _tries(tail: Tail, *turns: Message, prompt: bool = False) -> Iterator[str]:
    for switch in SWITCHES:
        try:
            yield tail(*turns, prompt=prompt, **switch)
        except TemplateRefusalError:
            continue


def _rendered(tail: Tail, prompt: str, lead: str) -> Reasoning | None:
    """Marks that stand around a thought in the history of plain turns."""
    shapes: list[Any] = [TEXT, _PARTS]
    for content in shapes:
        for written in _tries(tail, {"role": "assistant", "content": content, **(_FIELDS if content == TEXT else {})}):
            before, thought, rest = written.partition(THOUGHT)
            after, text, _ = rest.partition(TEXT)
            if not (thought and text) or "type" in after:  # a template that prints the list of parts itself
                continue
            if before.startswith(prompt) and before[len(prompt) :].strip():
                opened = before[len(prompt) :]
            else:
                opened = marks.without_common_prefix(before, lead)
            opened = opened.strip() or _from_last_mark(before)
            closed = after.removesuffix(marks.common_suffix(lead, after)).strip() or _first_mark(after)
            if opened and closed:
                return Reasoning(opened, closed)
    return None


def _before_call(tail: Tail) -> Reasoning | None:
    """Marks around a thought that the template renders only where calls follow it."""
    calling = {"role": "assistant", **_FIELDS, "tool_calls": [example(0).message("object")]}
    for content in (TEXT, ""):
        for written in _tries(tail, {**calling, "content": content}):
            before, thought, after = written.partition(THOUGHT)
            opened, closed = _from_last_mark(before), _first_mark(after)
            if thought and opened and closed and after.lstrip().startswith(closed):
                return Reasoning(opened, closed)
    return None


def _prompted(tail: Tail, lead: str, source: str) -> Reasoning | None:
    """Marks with which a prompt opens a thought, or writes an empty one."""
    singles = []
    for written in _tries(tail, prompt=True):
        extra = marks.without_common_prefix(written, lead).strip()
        found = [piece for piece in marks.pieces(extra) if marks.is_mark(piece)]
        words = "".join(piece for piece in marks.pieces(extra) if not marks.is_mark(piece)).split()
        if len(found) > 1 and len(words) < 3:
            return Reasoning(extra[: extra.rindex(found[-1])].strip(), found[-1])
        if len(found) == 1:
            singles += found
    if len(set(singles)) > 1:
        opened = next((mark for mark in singles if not _closes(mark)), singles[0])
        return Reasoning(opened, next(mark for mark in singles if mark != opened))
    return next((Reasoning(mark, _closing(mark)) for mark in singles if _closing(mark) in source), None)


def _ending(header: str, source: str) -> Reasoning | None:
    """An opening mark, or an empty pair of them, at the end of a header that every turn has."""
    found = [piece for piece in marks.pieces(header) if marks.is_mark(piece)]
    if not found or not header.rstrip().endswith(found[-1]):
        return None
    if len(found) > 1 and found[-1] == _closing(found[-2]):
        return Reasoning(found[-2], found[-1])
    if not _closes(found[-1]) and _closing(found[-1]) in source:
        return Reasoning(found[-1], _closing(found[-1]))
    return None


def _dropped(tail: Tail, source: str) -> Reasoning | None:
    """A mark with which everything before it is cut out of an earlier answer."""
    further = {"role": "user", "content": "And then?"}
    for turns in ((), (further,)):
        for closed in dict.fromkeys(_LITERAL.findall(source)):
            opened = closed.replace("</", "<").replace("[/", "[").replace("◁/", "◁")
            try:
                kept = tail({"role": "assistant", "content": f"{THOUGHT}{closed}{TEXT}"}, *turns)
                plain = tail({"role": "assistant", "content": TEXT}, *turns)
            except TemplateRefusalError:
                continue
            if TEXT in kept and THOUGHT not in kept and kept.split() == plain.split() and opened != closed:
                return Reasoning(opened, closed)
    return None


def _closing(mark: str) -> str:
    return mark[0] + "/" + mark[1:]


def _closes(mark: str) -> bool:
    return mark[1:2] == "/"


def _from_last_mark(text: str) -> str:
    last = next((piece for piece in reversed(marks.pieces(text)) if marks.is_mark(piece)), "")
    return text[text.rindex(last) :].strip() if last else ""


def _first_mark(text: str) -> str:
    return next((piece for piece in marks.pieces(text) if marks.is_mark(piece)), "")
