"""Two sides and their points: which name and which number is whose, only the order of the sentence tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import texts
import values
from asks import sentence_key
from conversation import Schema
from draw import Draw
from written_tools import TESTED

from conversations.records import Made, Record, schema_of

_WINS = texts.phrasing("sides", "wins")
_LOSES = texts.phrasing("sides", "loses")
_MEETS = texts.phrasing("sides", "meets")
_SCORES = texts.phrasing("sides", "scores")
_WHOLE = texts.phrasing("sides", "whole")
# Four keys each: the first side, the second, and the points of either.
_BY_PLACE = tuple(tuple(keys.split()) for keys in texts.phrasing("sides", "by place"))
_BY_RESULT = tuple(tuple(keys.split()) for keys in texts.phrasing("sides", "by result"))
_TITLES = texts.phrasing("sides", "titles")
_MORE: tuple[tuple[str, str, str], ...] = (
    ("date", "date", "on {v}"),
    ("place", "city", "in {v}"),
    ("spectators", "int", "before {v} people"),
    ("round", "goals", "in round {v}"),
    ("referee", "surname", "under referee {v}"),
    ("minutes", "small", "after {v} minutes"),
)


def _name(draw: Draw) -> Callable[[Draw], str]:
    """What bears the names of both sides."""
    return draw.any((values.city, values.city, values.person, Draw.invented, Draw.invented))


def sides(draw: Draw) -> Record:
    """A game of two sides, told from either."""
    name = _name(draw)
    one, other = name(draw), name(draw)
    while other.lower() in one.lower() or one.lower() in other.lower():
        other = name(draw)
    low, high = sorted((draw.integer(0, 9), draw.integer(0, draw.any((9, 9, 30, 120)))))
    outcome = draw.any(("wins", "loses", "meets", "whole"))
    points = (high, low) if outcome == "wins" else (low, high) if outcome == "loses" else draw.shuffled((low, high))
    if draw.chance(0.3):  # numbers that do not fit the words are to be read all the same
        points = draw.shuffled(points)
    score = draw.any(_SCORES)
    if outcome == "whole":
        text = draw.any(_WHOLE).format(a=one, b=other, p=points[0], q=points[1])
    else:
        verb = draw.any({"wins": _WINS, "loses": _LOSES, "meets": _MEETS}[outcome])
        pattern = f"{{one}} {verb} {{other}}{score}."
        if sentence_key(pattern) in TESTED:
            return sides(draw)
        text = f"{one} {verb} {other}{score.format(p=points[0], q=points[1])}"
        if draw.chance(0.12):
            text = f"{points[0]}{draw.any(('-', ':', ' to '))}{points[1]}: {one} {verb} {other}"
    by_result = outcome in ("wins", "loses") and draw.chance(0.3)
    keys = draw.any(_BY_RESULT if by_result else _BY_PLACE)
    pairs = [(one, points[0]), (other, points[1])]
    if by_result and outcome == "loses":
        pairs.reverse()
    made = Made()
    for key, value in zip(keys, (pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1]), strict=True):
        made.put(key, {"type": "string" if isinstance(value, str) else "integer"}, value)
    if draw.chance(0.25):
        key, kind, words = draw.any(_MORE)
        given, schema = values.draw_value(draw, kind)
        made.put(key, schema, given)
        text += " " + words.format(v=given)
    schema_, told = schema_of(draw, draw.any(_TITLES), made)
    return text[:1].upper() + text[1:] + draw.any((".", ".", "!", "")), _closed(draw, schema_), told


def _closed(draw: Draw, schema: Schema) -> dict[str, Any]:
    """The schema, at times with bounds on its numbers."""
    if draw.chance(0.1):
        for each in schema["properties"].values():
            if each.get("type") == "integer":
                each["minimum"] = 0
    return schema
