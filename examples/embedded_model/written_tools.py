"""Tools written out by hand, with the ways people ask for them; whole tools of ``data/tools.txt`` are held out.

Two lines make a tool: ``name | description | parameters``, then requests separated by slashes. A parameter is
``name:kind`` (see values.py), with ``?`` after the name if it may be left out; of several names, ``one|other:kind``,
requests use the first and the schema any. ``{name:one|other}`` in a request is a yes-or-no parameter said in one way or
the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import texts
from asks import framed, sentence_key
from called_tools import called
from composed_tools import Tool, compose, schema_of
from conversation import Schema
from draw import Draw, is_held_out
from introduced_tools import introduced
from tool_results import result
from values import draw_value, said


@dataclass(frozen=True)
class Written:
    """A table row: slots are (names, kind, whether optional)."""

    name: str
    description: str
    slots: tuple[tuple[str, str, bool], ...]
    sentences: tuple[str, ...]


def row(head: str, sentences: str) -> Written:
    """The two lines of a row."""
    name, description, slots = (part.strip() for part in head.split("|", 2))
    keys = [slot.split(":", 1) for slot in slots.split()]
    return Written(
        name,
        description,
        tuple((key.rstrip("?"), kind, key.endswith("?")) for key, kind in keys),
        texts.choices(sentences),
    )


def read(table: str) -> tuple[Written, ...]:
    """The rows of a table, two lines each."""
    lines = texts.lines(table)
    return tuple(row(head, sentences) for head, sentences in zip(lines[::2], lines[1::2], strict=True))


def fill(text: str, key: str, value: Any) -> tuple[str, bool]:
    """Say a value where the text has its slot; returns the text and whether it had."""
    if f"{{{key}}}" in text:
        return text.replace(f"{{{key}}}", said(value)), True
    if f"{{{key}:" in text:
        before, rest = text.split(f"{{{key}:", 1)
        choice, after = rest.split("}", 1)
        return before + choice.split("|")[0 if value else 1] + after, True
    return text, False


def _held_out(tool: Written) -> bool:
    """By the noun, as with composed tools, so that one name cannot be in both halves."""
    return is_held_out(tool.name.split("_", 1)[-1])


def _halves(table: str, held_out: Callable[[Written], bool]) -> dict[bool, tuple[Written, ...]]:
    rows = read(table)
    return {half: tuple(each for each in rows if held_out(each) == half) for half in (False, True)}


HALVES = _halves("tools", _held_out)
HELD_OUT_RECORDS = {"Contact", "Pet", "Flight", "Invoice", "Weather", "Match"}
# A table of the same form, of what structured answers are read from.
RECORDS = _halves("records", lambda record: record.name in HELD_OUT_RECORDS)
TESTED = {
    sentence_key(sentence) for rows in (HALVES[True], RECORDS[True]) for row in rows for sentence in row.sentences
}


def taught(*tables: str) -> tuple[Written, ...]:
    """The rows of tables for training alone, without sentences that the test has too, whatever their slots are."""
    kept = (
        replace(each, sentences=tuple(text for text in each.sentences if sentence_key(text) not in TESTED))
        for table in tables
        for each in read(table)
    )
    return tuple(each for each in kept if each.sentences)


def taught_tools(*tables: str) -> tuple[Written, ...]:
    """Those of the training half by their names."""
    return tuple(tool for tool in taught(*tables) if not _held_out(tool))


MORE = taught_tools("tools/first", "tools/home", "tools/work", "tools/travel", "tools/media")
_GREETINGS = ("Please: ", "Hi! ", "Hello, ", "One more thing: ")


def _optional(draw: Draw, schema: Schema) -> Schema:
    if draw.harder and "enum" not in schema and draw.chance(0.35):
        return {"anyOf": [schema, {"type": "null"}], "default": None}
    default = {"string": "", "integer": 1, "number": 100.0, "boolean": False, "array": []}[schema["type"]]
    return dict(sorted({**schema, "default": schema.get("enum", [default])[0]}.items()))


# Requests that need several calls of a tool: {list}, or {x} and {y} stand for the values of its one required parameter,
# {city_1} and {city_2} for two of the parameter "city".
SEVERAL = {
    name.strip(): texts.choices(requests)
    for name, _, requests in (line.partition("|") for line in texts.lines("several"))
}
_PLACES = ("x", "y", "z")
_ALL = HALVES[False] + MORE
_PLACE_OF = {tool.name: place for place, tool in enumerate(_ALL)}
PLURAL = tuple(tool for tool in _ALL if tool.name in SEVERAL)


def _several(draw: Draw, tool: Written, renamed: dict[str, str]) -> tuple[str, list[dict[str, Any]]] | None:
    """A request for several calls of the tool and their arguments; None if none is written for it."""
    needed = [(slot, kind) for slot, kind, optional in tool.slots if not optional]
    if draw.held_out or tool.name not in SEVERAL or any(kind == "sort" for _, kind in needed):
        return None
    text = draw.any(SEVERAL[tool.name])
    draw.used.add("pattern: " + text)
    if len(needed) == 1:
        ((slot, kind),) = needed
        count = draw.any((2, 2, 2, 3)) if "{list}" in text else sum(f"{{{place}}}" in text for place in _PLACES)
        drawn = _different(draw, kind, count)
        for place, value in zip(_PLACES, drawn, strict=False):
            text = text.replace(f"{{{place}}}", said(value))
        text = text.replace("{list}", said([said(value) for value in drawn]))
        return text, [{renamed[slot]: value} for value in drawn]
    calls: list[dict[str, Any]] = [{}, {}]
    for slot, kind in needed:
        key = slot.split("|")[0]
        if f"{{{key}}}" in text:
            shared, _ = draw_value(draw, kind)
            given = [shared, shared]
            text = text.replace(f"{{{key}}}", said(shared))
        else:
            given = _different(draw, kind, 2)
            for number, value in enumerate(given, 1):
                text = text.replace(f"{{{key}_{number}}}", said(value))
        for call, value in zip(calls, given, strict=True):
            call[renamed[slot]] = value
    return text, calls


def _different(draw: Draw, kind: str, count: int) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:
        value, _ = draw_value(draw, kind)
        if value not in found:
            found.append(value)
    return found


def _near(name: str) -> tuple[Written, ...]:
    """The tools beside one in its table, which are about the same things."""
    place = _PLACE_OF[name]
    return _ALL[max(place - 8, 0) : place + 9]


def _pool(draw: Draw, near: str) -> tuple[Written, ...]:
    if not draw.harder:
        return HALVES[draw.held_out]
    if near in _PLACE_OF and draw.chance(0.5):
        return _near(near)
    return PLURAL if draw.chance(0.25) else _ALL


def written(draw: Draw, avoid: Iterable[str], near: str = "") -> Tool:
    """A tool written by hand, with a request for it; none whose name is in ``avoid``.

    In training it is at times one that is about the same things as the tool ``near``: which of the two is wanted must
    then be read.
    """
    taken = set(avoid)
    tool = draw.any(
        [each for each in _pool(draw, near) if each.name not in taken]
        or [each for each in HALVES[draw.held_out] if each.name not in taken]
    )
    draw.used.add("tool: " + tool.name)
    text = draw.any(tool.sentences)
    draw.used.add("pattern: " + text)
    properties: dict[str, Schema] = {}
    arguments: dict[str, Any] = {}
    described = draw.chance(0.3)
    renamed = {slot: draw.any(slot.split("|")) for slot, _, _ in tool.slots}
    for slot, kind, optional in tool.slots:
        key = renamed[slot]
        value, schema = draw_value(draw, kind)
        while value in arguments.values() and kind != "bool" and "|" not in kind:
            value, schema = draw_value(draw, kind)
        if described:
            schema = {"description": f"The {key.replace('_', ' ')}.", **schema}
        properties[key] = _optional(draw, schema) if optional else schema
        text, given = fill(text, slot.split("|")[0], value)
        if given:
            arguments[key] = value
    body = text
    text = draw.any(_GREETINGS) + text if draw.chance(0.15) else framed(draw, text)
    required = [renamed[slot] for slot, _, optional in tool.slots if not optional]
    noun = tool.name.split("_")[-1]
    schema = schema_of(tool.name, tool.description, properties, required)
    return Tool(schema, text, arguments, result(draw, noun), body, _several(draw, tool, renamed))


def any_tool(draw: Draw, avoid: set[str], near: str = "") -> Tool:
    """A tool of either sort, by none of the names, verbs and nouns in ``avoid``, to which its own are added."""
    if draw.chance(0.45 if draw.held_out else 0.6):
        tool = written(draw, avoid, near)
        avoid.add(tool.name)
        return tool
    if draw.harder and draw.chance(0.15):
        return introduced(draw, avoid)
    return called(draw, avoid) if not draw.held_out and draw.chance(0.22) else compose(draw, avoid)
