"""Ways of asking, put together from an opening, a verb and an end: thousands of training patterns out of a few lists.

None of the patterns that ``data/patterns`` holds out is made here: each is compared with them before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import texts
from draw import Draw

_ANDS = texts.phrasing("asks", "ands")
_MODAL = texts.phrasing("asks", "modal")
_END = texts.phrasing("asks", "end")
_STARTS = texts.phrasing("asks", "starts")
_ENDS = texts.phrasing("asks", "ends")
_NOUN_VERBS = texts.phrasing("asks", "noun verbs")
_CLAUSE_VERBS = texts.phrasing("asks", "clause verbs")
_WANT = texts.phrasing("asks", "want")
_NOUN_WANT = texts.phrasing("asks", "noun want")
_WHAT = texts.phrasing("asks", "what")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence_key(text: str) -> str:
    """What a pattern is but for case, marks and the names of its slots."""
    return re.sub(r"[^a-z{}]+", " ", re.sub(r"\{\w+(:[^}]*)?\}", "{}", text.lower())).strip()


@cache
def _withheld() -> frozenset[str]:
    names = ("arithmetic", "chat", "follow_up", "look_up", "parallel", "requests", "structured", "tools", "two_step")
    found: set[str] = set()
    for name in names:
        for lines in texts.sections(f"patterns/{name}").values():
            if "## held out" in lines:
                found.update(sentence_key(line.split(" | ")[0]) for line in lines[lines.index("## held out") + 1 :])
    return frozenset(found)


def withheld(pattern: str) -> bool:
    """Whether a pattern, or one that differs in case and marks alone, is held out for the test."""
    return sentence_key(pattern) in _withheld()


def made(draw: Draw, make: Callable[[], str]) -> str:
    """A pattern put together at random, and none that is held out."""
    while True:
        pattern = make()
        if not withheld(pattern):
            draw.used.add("pattern: " + pattern)
            return pattern


def _marked(draw: Draw, text: str, asking: bool) -> str:
    """A sentence with a capital and a mark, or without, as people type."""
    mark = draw.any("???.") if asking else draw.any("....!")
    if draw.chance(0.12):
        mark = ""
    return (_upper(text) if draw.chance(0.8) else text) + mark


def command(draw: Draw) -> str:
    """A pattern around ``{v}``, a verb with its object ("divide 4 by 2")."""

    def make() -> str:
        modal = draw.any(_MODAL)
        if draw.harder and draw.chance(0.1):  # an "and" that joins no two requests
            modal = f"{draw.any(_ANDS)} and {{v}}"
        text = modal + draw.any(_END)
        asking = modal.startswith(("can ", "could ", "would ", "will ", "is ", "may ", "do you", "are "))
        return _marked(draw, text, asking)

    return made(draw, make)


def for_noun(draw: Draw, verbs: tuple[str, ...] = _NOUN_VERBS) -> str:
    """A pattern around ``{x}``, "the capital of Peru" or "3 * 4"."""

    def make() -> str:
        shape = draw.random.random()
        if shape < 0.35:
            return _marked(draw, draw.any(_WHAT), True)
        if shape < 0.5:
            want = draw.any(_NOUN_WANT)
            return _marked(draw, f"{want} {{x}}" + draw.any(_END), want[:2] in ("do", "ca", "co", "ma", "wh", "ho"))
        if shape < 0.65:
            return _marked(
                draw, f"{draw.any(_WANT)} what {{x}} is" + draw.any(("", "", "", " exactly", ", please")), True
            )
        if shape < 0.8:
            return command(draw).replace("{v}", f"{draw.any(_CLAUSE_VERBS)} what {{x}} is")
        return command(draw).replace("{v}", f"{draw.any(verbs)} {{x}}")

    return made(draw, make)


def for_clause(draw: Draw) -> str:
    """A pattern around ``{x}``, an indirect question such as "how tall it is"."""

    def make() -> str:
        if draw.chance(0.5):
            return _marked(
                draw, f"{draw.any(_WANT)} {{x}}" + draw.any(("", "", ", please", " exactly")), draw.chance(0.5)
            )
        return command(draw).replace("{v}", f"{draw.any(_CLAUSE_VERBS)} {{x}}")

    return made(draw, make)


def framed(draw: Draw, text: str, probability: float = 0.2) -> str:
    """The text with a remark before or after it, at times; never in the test half."""
    if draw.held_out or not draw.chance(probability):
        return text
    start = draw.invented() + draw.any(("! ", ". ", ": ", ", ", " - ")) if draw.chance(0.1) else draw.any(_STARTS)
    end = draw.any(_ENDS)
    shape = draw.random.random()
    if text[-1:] not in ".?!" or shape < 0.4:
        return start + text
    return text + end if shape < 0.85 else start + text + end
