"""Compares renderings by whole marks, so that no boundary ever falls inside `<tool_call>` or a word."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MARK = "|".join(
    [
        r"[\[\]]<[\[\]]\w+[\[\]]>[\[\]]",  # brackets around brackets
        r"<+[^<>\n]*>+",
        r"[◁⟨«【][^◁▷⟨⟩«»【】\n]*[▷⟩»】]",
        r"\[[A-Z_/]+\]",
    ]
)
_PIECE = re.compile(rf"{_MARK}|‹\w+›|\w+|\s+|.", re.DOTALL)
_ONLY_MARKS = re.compile(rf"(?:\s|{_MARK})*\Z")


def pieces(text: str) -> list[str]:
    """The text cut into marks, words, runs of white space and single other characters."""
    return _PIECE.findall(text)


def _same(one: Iterable[str], other: Iterable[str], spaces: bool = True) -> list[str]:
    same = []
    for a, b in zip(one, other, strict=False):
        if a != b and (spaces or a.strip() or b.strip()):
            break
        same.append(a)
    return same


def common_prefix(one: str, other: str) -> str:
    """What both begin with, in whole marks."""
    return "".join(_same(pieces(one), pieces(other)))


def without_common_prefix(text: str, other: str) -> str:
    """What parts the text from the other, in whole marks; runs of white space count as the same."""
    found = pieces(text)
    return "".join(found[len(_same(found, pieces(other), spaces=False)) :])


def common_suffix(one: str, other: str) -> str:
    """What both end with, in whole marks."""
    return "".join(reversed(_same(reversed(pieces(one)), reversed(pieces(other)))))


def only_marks(text: str) -> bool:
    """Whether the text holds nothing but marks and white space."""
    return _ONLY_MARKS.match(text) is not None


def is_mark(piece: str) -> bool:
    """Whether this piece is a mark, such as `<tool_call>` or `[TOOL_CALLS]`."""
    return len(piece) > 2 and bool(piece.strip()) and only_marks(piece)
