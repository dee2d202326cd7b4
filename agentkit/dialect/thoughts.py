"""Finds the marks around what a model thinks.

Three places tell of them, in this order: a thought in the history as the template renders it; the end of the prompt,
where templates open a thought or write an empty one; and what the template cuts out of earlier answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from agentkit.dialect import marks
from agentkit.dialect.examples import TEXT, THOUGHT
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

_LITERAL = re.compile(r"</?[^<>{}%\s'\"]+>|\[/?[A-Z_]+\]")


def find(tail: Tail, prompt: str, lead: str, source: str) -> Reasoning | None:
    """The marks, or None where the template knows no thoughts.

    Args:
        tail: renders a turn after the user's message.
        prompt: what opens the assistant's turn.
        lead: what stands before the text of a plain assistant turn.
        source: the template itself.
    """
    return _rendered(tail, prompt, lead) or _prompted(tail, lead, source) or _dropped(tail, source)


def _tries(tail: Tail, *turns: Message, prompt: bool = False) -> Iterable[str]:
    for switch in SWITCHES:
        try:
            yield tail(*turns, prompt=prompt, **switch)
        except TemplateRefusalError:
            continue


def _rendered(tail: Tail, prompt: str, lead: str) -> Reasoning | None:
    """Marks that stand around a thought in the history."""
    fields = dict.fromkeys(("reasoning_content", "reasoning", "thinking", "thought"), THOUGHT)
    for written in _tries(tail, {"role": "assistant", "content": TEXT, **fields}):
        before, thought, rest = written.partition(THOUGHT)
        after, text, _ = rest.partition(TEXT)
        if not (thought and text):
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


def _prompted(tail: Tail, lead: str, source: str) -> Reasoning | None:
    """Marks with which a prompt opens a thought, or writes an empty one."""
    singles = []
    for written in _tries(tail, prompt=True):
        extra = marks.without_common_prefix(written, lead).strip()
        found = [piece for piece in marks.pieces(extra) if marks.is_mark(piece)]
        if len(found) > 1:
            return Reasoning(extra[: extra.rindex(found[-1])].strip(), found[-1])
        singles += found
    if len(set(singles)) > 1:
        opened = next((mark for mark in singles if not mark.startswith("</")), singles[0])
        return Reasoning(opened, next(mark for mark in singles if mark != opened))
    return next((Reasoning(mark, _closing(mark)) for mark in singles if _closing(mark) in source), None)


def _dropped(tail: Tail, source: str) -> Reasoning | None:
    """A mark with which everything before it is cut out of an earlier answer."""
    try:
        plain = tail({"role": "assistant", "content": TEXT})
    except TemplateRefusalError:
        return None
    for closed in dict.fromkeys(_LITERAL.findall(source)):
        opened = closed.replace("</", "<").replace("[/", "[")
        if opened == closed:
            continue
        try:
            written = tail({"role": "assistant", "content": f"{THOUGHT}{closed}{TEXT}"})
        except TemplateRefusalError:
            continue
        if THOUGHT not in written and written.split() == plain.split():
            return Reasoning(opened, closed)
    return None


def _closing(mark: str) -> str:
    return mark[0] + "/" + mark[1:]


def _from_last_mark(text: str) -> str:
    last = next((piece for piece in reversed(marks.pieces(text)) if marks.is_mark(piece)), "")
    return text[text.rindex(last) :].strip() if last else ""


def _first_mark(text: str) -> str:
    return next((piece for piece in marks.pieces(text) if marks.is_mark(piece)), "")
