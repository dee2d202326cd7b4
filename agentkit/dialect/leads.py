"""Regular expressions for the marks of a syntax, as loose as models are with them."""

from __future__ import annotations

from collections.abc import Collection

import regex

from agentkit.dialect import marks
from agentkit.dialect.syntax import Calls, parts

AROUND = r"(?:<\|[\w▁]+\|>\s*)?"
"""A mark that a model puts around calls and its template never writes; some know such marks from their training."""


def loose(text: str) -> str:
    """The text's marks in this order, with any white space around and between them."""
    found = [r"\s*" if piece.isspace() else regex.escape(piece) for piece in marks.pieces(text.strip())]
    joined = ""
    for i, piece in enumerate(found):
        between = i > 0 and r"\s*" not in (piece, found[i - 1]) and (_closed(found[i - 1]) or _opens(piece))
        joined += (r"\s*" if between else "") + piece
    return joined


def _closed(piece: str) -> bool:
    return piece.endswith((">", "]"))


def _opens(piece: str) -> bool:
    return piece.startswith(("<", r"\<", r"\["))


def first_mark(text: str) -> str:
    """The first mark in the text that is whole, or ""."""
    return next((piece for piece in marks.pieces(text) if marks.is_mark(piece)), "")


def suffixes(lead: str) -> list[str]:
    """The lead, and what is left of it when a model leaves out marks at its beginning; longest first."""
    found, text = [lead.strip()], lead.strip()
    pieces = marks.pieces(text)
    for i in range(1, len(pieces)):
        rest = "".join(pieces[i:])
        starts_mark = pieces[i][0] in "<[" and rest.strip() and not pieces[i].startswith("</")
        if starts_mark or (pieces[i - 1].isspace() and "\n" in pieces[i - 1]):
            found.append(rest.strip())
    return [text for text in dict.fromkeys(found) if text]


def words(text: str) -> str:
    """A regular expression for an opening in words, as `functools[` or `Action:`, before a list, object or fence."""
    opening = text.strip().rstrip("[{").rstrip()
    return f"{loose(opening)}(?=\\s*[\\[{{`])" if any(char.isalnum() for char in opening) else ""


def ending(pattern: str) -> str:
    """A regular expression for what ends a call, in which the name may stand again."""
    return "".join(r"[^\s<>]+" if i % 2 else loose(part) for i, part in enumerate(parts(pattern)))


def begun(prompt: str, calls: Calls) -> str:
    """What a prompt has already written of the opening of calls: `>>>` where calls begin `>>>get_weather`."""
    opening, prompt = (calls.open + parts(calls.call)[0]).strip(), prompt.rstrip()
    longest = min(len(opening), len(prompt))
    return next((opening[:size] for size in range(longest, 1, -1) if prompt.endswith(opening[:size])), "")


def any_name(names: Collection[str]) -> str:
    """A regular expression for any of these names, longest first."""
    return any_of([regex.escape(name) for name in sorted(names, key=len, reverse=True)])


def any_of(patterns: list[str]) -> str:
    """A regular expression for any of these."""
    return "|".join(dict.fromkeys(patterns)) or r"(?!)"
