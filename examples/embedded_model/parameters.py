"""Parameters of invented tools: names, schemas, values, and the words with which people give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import texts
import words
from conversation import Schema
from draw import Draw, Patterns
from values import BOOLEAN, KINDS, STRING, open_noun, said


@dataclass(frozen=True)
class _Simple:
    group: str
    kind: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    said: Patterns


@dataclass(frozen=True)
class Parameter:
    """A parameter of a tool, the value given for it and the words that say so; ``described`` if its name says little.

    The second of a pair (from A to B) has no words of its own: those of the first say both.
    """

    name: str
    schema: Schema
    value: Any
    said: str
    descriptions: tuple[str, ...]
    described: bool = False


def _simple() -> tuple[_Simple, ...]:
    found = []
    for head, lines in texts.blocks("parameters"):
        group, kind = head.split(" | ")
        fields = dict(line.split(": ", 1) for line in lines)
        spoken = Patterns(texts.choices(fields["said"]), texts.choices(fields["held out"]))
        names = tuple(fields["names"].split())
        found.append(_Simple(group, kind, names, texts.choices(fields["descriptions"]), spoken))
    return tuple(found)


def _values(text: str) -> tuple[str, ...]:
    return {"@languages": words.LANGUAGES, "@colours": words.COLOURS}.get(text) or tuple(text.split())


SIMPLE = _simple()
ENUMS = tuple(
    (name, _values(values), texts.choices(spoken))
    for name, values, spoken in (line.split(" | ") for line in texts.lines("enums"))
)
BOOLEANS = tuple(
    (name, texts.choices(yes), texts.choices(no))
    for name, yes, no in (line.split(" | ") for line in texts.lines("booleans"))
)
# Two strings of the same kind, told apart by their prepositions.
PAIRS = tuple(
    (kind, tuple(both.split(",") for both in names.split()), texts.choices(spoken))
    for kind, names, spoken in (line.split(" | ") for line in texts.lines("pairs"))
)
# Groups whose words could be taken for one another: a tool has at most one of each row.
_CLASHES = tuple(
    tuple(row.split())
    for row in (
        "place colour enum:color enum:language enum:unit pair:0",
        "person people date pair:4",
        "count number degrees",
        "things people tags",
        "title text",
        "file pair:7 title",
        "time degrees pair:5",
        "date pair:6",
        "pair:0 pair:1 pair:2 pair:3 pair:4 pair:5 pair:6 pair:7 degrees",
        "id file",
        "enum:frequency enum:period",
        "enum:delivery bool:gift_wrap",
    )
)


def _plain(name: str) -> str:
    return name.replace("_", " ")


class _Chosen:
    """Parameters so far; refuses those whose words or names are taken."""

    def __init__(self) -> None:
        self.found: list[Parameter] = []
        self.groups: set[str] = set()
        self.names: set[str] = set()

    def free(self, group: str) -> bool:
        return group not in self.groups and not any(group in row and self.groups & set(row) for row in _CLASHES)

    def add(self, group: str, *new: Parameter) -> None:
        self.found += new
        self.groups.add(group)
        self.names.update(parameter.name for parameter in new)


# More ways of saying a value of a group, and ways that name the parameter, for training.
_MORE = {group: tuple(patterns) for group, patterns in texts.table("parameters", "more").items()}
_NAMING = texts.phrasing("parameters", "naming")


def _spoken(draw: Draw, group: str, opened: bool) -> str:
    """Words for a value: by any of the group's markers, by the parameter's name, or by a marker never seen before.

    The last are read by elimination: what no other parameter takes is this one's.
    """
    if opened or draw.chance(0.3):
        pattern = draw.any(_NAMING)
    elif draw.chance(0.12):
        pattern = draw.any((f"{draw.invented().lower()} {{v}}", f"{draw.word(words.WIDE_VERBS)}ing {{v}}"))
    else:
        pattern = draw.any(_MORE[group])
    draw.used.add("pattern: " + pattern)
    return pattern


def _add_simple(draw: Draw, chosen: _Chosen) -> None:
    kind = draw.any(SIMPLE)
    name = draw.any(kind.names)
    if not draw.held_out and draw.chance(0.25):
        name = open_noun(draw).replace(" ", "_") + ("s" if kind.group == "count" else "")
    if not chosen.free(kind.group) or name in chosen.names:
        return
    opened = name not in kind.names
    if not draw.held_out and draw.chance(0.3):
        name, opened = draw.word(words.WIDE_LABELS), True
        if name in chosen.names:
            return
    make, schema = KINDS[kind.kind]
    value = make(draw)
    spoken = draw.pattern(kind.said)
    if not draw.held_out and draw.chance(0.55):
        spoken = _spoken(draw, kind.group, opened)
    spoken = spoken.format(v=said(value), n=_plain(name))
    if schema["type"] == "integer" and draw.chance(0.1):
        schema = {"minimum": 1, "type": "integer"}
    chosen.add(kind.group, Parameter(name, dict(schema), value, spoken, kind.descriptions, described=opened))


def _add_enum(draw: Draw, chosen: _Chosen) -> None:
    name, values, spoken = draw.any(ENUMS)
    if not chosen.free(f"enum:{name}") or name in chosen.names:
        return
    count = len(values) if len(values) <= 4 else draw.integer(2, 5)
    listed = draw.random.sample(values, count) if len(values) > 4 else list(values)
    value = draw.any(listed)
    schema: Schema = {"enum": listed, "type": "string"}
    words_ = draw.any(spoken).format(v=value)
    chosen.add(f"enum:{name}", Parameter(name, schema, value, words_, ("The {n}.", "{N}.", "Which {n}.")))


def _add_boolean(draw: Draw, chosen: _Chosen) -> None:
    name, yes, no = draw.any(BOOLEANS)
    if not chosen.free(f"bool:{name}"):
        return
    value = draw.chance(0.6)
    words_ = draw.any(yes if value else no)
    chosen.add(f"bool:{name}", Parameter(name, dict(BOOLEAN), value, words_, ("Whether {n}.", "{N} or not.")))


def _add_pair(draw: Draw, chosen: _Chosen, count: int) -> None:
    index = draw.integer(0, len(PAIRS) - 1)
    if not chosen.free(f"pair:{index}") or len(chosen.found) + 2 > max(count, 2):
        return
    kind, names, spoken = PAIRS[index]
    first, second = draw.any(names)
    if {first, second} & chosen.names:
        return
    make, _ = KINDS[kind]
    one, other = make(draw), make(draw)
    if one == other:
        return
    words_ = draw.any(spoken).format(a=one, b=other)
    chosen.add(
        f"pair:{index}",
        Parameter(first, dict(STRING), one, words_, (f"The {_plain(first)}.", "Where it starts.")),
        Parameter(second, dict(STRING), other, "", (f"The {_plain(second)}.", "Where it ends.")),
    )


def parameters(draw: Draw, count: int) -> list[Parameter]:
    """About ``count`` parameters that can be told apart in one sentence."""
    chosen = _Chosen()
    tries = 0
    while len(chosen.found) < count and tries < 30:
        tries += 1
        shape = draw.random.random()
        if shape < 0.58:
            _add_simple(draw, chosen)
        elif shape < 0.76:
            _add_enum(draw, chosen)
        elif shape < 0.86:
            _add_boolean(draw, chosen)
        else:
            _add_pair(draw, chosen, count)
    return chosen.found
