"""Invented facts for the search to find: entities, values, and the sentences and questions that join them."""

from __future__ import annotations

from dataclasses import dataclass

import texts
from draw import Draw
from words import ADJECTIVES, COLOURS, FIRST_NAMES, MONTHS, NOUNS, SURNAMES

_SHORT_TITLES = (
    "{n}",
    "The {a} {n}",
    "The {n}",
    "{a} {n}",
    "The {n} of {i}",
    "{i}",
    "{i}",
    "The {n} and the {o}",
    "{i} {n}",
    "{n} and {o}",
)
_LONG_TITLES = (
    "A {n} of {o}",
    "A {n} of Two {o}",
    "{i}, {n}",
    "{n}-{o}",
    "{n} with a {o} {a}",
    "The {a} {n} of the {o}",
    "In the {n}",
    "To the {n}",
    "{i}'s {n}",
    "One Hundred {n}s",
    "The {n} of the {o}",
    "On the {n} of {o}",
    "{i} in {o}",
    "The {n} and the {a} {o}",
    "{n} in the {o}",
    "Adventures of {i} {n}",
    "{a}, {n}",
    "The {i} {n}",
    "The Seventh {n}",
    "{i} and {o}",
    "Around the {n} in {y} {o}s",
    "{y}",
    "The Book of {n}",
)
# How entities of a kind are named; {0} is an invented word.
_NAMED: dict[str, tuple[str, ...]] = {
    "land": (*["{0}"] * 5, "New {0}", "North {0}", "South {0}", "the Republic of {0}", "the Kingdom of {0}"),
    "peak": ("Mount {0}", "Mount {0}", "{0}", "{0} Peak", "Monte {0}"),
    "river": ("the {0}", "the {0}", "the {0} River", "the River {0}"),
    "lake": ("Lake {0}", "the {0} Sea", "Lake {0}", "{0} Bay"),
    "building": ("the {0} Tower", "{0} Castle", "the {0} Bridge", "the {0} Building", "{0} Cathedral", "{0} Hall"),
    "firm": ("{0}", "{0} Motors", "{0} Books", "the {0} Company", "{0} Bank", "{0} University"),
    "event": (
        "the {0} War",
        "the Battle of {0}",
        "World War {0}",
        "the {0} Revolution",
        "the Siege of {0}",
        "the {0} Games",
        "the Treaty of {0}",
    ),
    "sea": ("{0} Sea", "Gulf of {0}", "{0} Ocean", "Bay of {0}"),
}
_CONTINENTS = ("Europe", "Asia", "Africa", "South America", "North America", "Oceania")


def person(draw: Draw) -> str:
    """A name, at times with initials or a hyphen."""
    if draw.chance(0.12):
        letters = " ".join(f"{draw.any('ABCDEFGHJKLMNPRSTW')}." for _ in range(draw.any((1, 2, 2, 3))))
        return f"{letters} {draw.word(SURNAMES) if draw.chance(0.3) else draw.invented()}"
    if draw.chance(0.06):
        return f"{draw.word(FIRST_NAMES)}-{draw.word(FIRST_NAMES)} {draw.invented()}"
    if draw.chance(0.05):
        return draw.invented()
    last = draw.word(SURNAMES) if draw.chance(0.4) else draw.invented()
    middle = draw.any(("", "", "", "", " van", " de", " da", " von"))
    return f"{draw.word(FIRST_NAMES) if draw.chance(0.7) else draw.invented()}{middle} {last}"


def title(draw: Draw) -> str:
    """A title such as "The Silent Harbour" or "Kelmora"."""
    adjective, noun, other = draw.word(ADJECTIVES), draw.word(NOUNS), draw.word(NOUNS)
    slots = {"a": adjective.title(), "n": noun.title(), "o": other.title()}
    if draw.chance(0.3):
        form = draw.any(_LONG_TITLES)
        return form.format(i=draw.invented(), y=draw.integer(2, 1999), **slots)
    form = draw.any(_SHORT_TITLES)
    return form.format(i=draw.invented(), **slots)


def thing(draw: Draw, kind: str) -> str:
    """An invented entity of a kind."""
    name = draw.invented()
    if kind in _NAMED:
        return draw.any(_NAMED[kind]).format(name)
    if kind == "book":
        return title(draw)
    if kind == "device":
        form = draw.any(("the {1}", "the {0} {1}", "{0}", "the {1} {2}"))
        return form.format(name, draw.word(NOUNS), draw.word(NOUNS))
    if kind == "person":
        return person(draw)
    if kind in ("element", "unit"):
        return name.lower()
    if kind == "object":
        adjective, noun, other = draw.word(ADJECTIVES), draw.word(NOUNS), draw.word(NOUNS)
        form = draw.any(("the {a} {n}", "the {n}", "the {n} {o}", "the {i} {n}", "{i}'s {n}"))
        return form.format(a=adjective, n=noun, o=other, i=name)
    if kind == "animal":
        return "the " + name.lower()
    return name


def _number(draw: Draw, kind: str) -> str | None:
    if kind == "people":
        return draw.grouped(draw.integer(5, 9))
    if kind == "km2":
        return draw.grouped(draw.integer(3, 8))
    if kind in ("metres", "kilometres"):
        return draw.grouped(draw.integer(2, 6)) if draw.chance(0.85) else draw.decimal(draw.integer(1, 3), 1)
    if kind == "year":
        return str(draw.integer(800, 2024))
    if kind in ("small", "years", "speed"):
        return str(draw.integer(1, 140))
    if kind == "degrees":
        return draw.any((str(draw.integer(-200, 4000)), draw.decimal(draw.integer(1, 4), 1)))
    if kind == "amount":
        return draw.any((draw.decimal(draw.integer(1, 3), draw.integer(1, 4)), draw.digits(draw.integer(1, 5))))
    if kind == "large":
        rounded = f"{draw.decimal(draw.integer(1, 3), 2)} {draw.any(('billion', 'million', 'trillion'))}"
        return draw.any((rounded, draw.grouped(draw.integer(6, 9))))
    if kind == "time":
        clock = f"{draw.integer(0, 23)}:{draw.integer(0, 59):02d}"
        return draw.any((clock, f"{draw.integer(1, 12)} am", f"{draw.integer(1, 12)} pm"))
    if kind == "date":
        return f"{draw.integer(1, 28)} {draw.any(MONTHS)} {draw.integer(1990, 2026)}"
    return None


def value(draw: Draw, kind: str) -> str:
    """An invented value of a kind."""
    number = _number(draw, kind)
    if number is not None:
        return number
    if kind == "person":
        return person(draw)
    if kind == "people2":
        return f"{person(draw)} and {person(draw)}"
    if kind == "land":
        return thing(draw, "land")
    if kind == "sea":
        return draw.any(_NAMED["sea"]).format(draw.invented())
    if kind == "formula":
        elements = ("H", "C", "O", "N", "Na", "Cl", "S", "Fe", "Ca")
        return "".join(draw.any(elements) + draw.any(("", "2", "3", "4")) for _ in range(draw.integer(2, 4)))
    if kind == "colour":
        return draw.any(COLOURS)
    if kind == "symbol":
        return draw.invented()[: draw.integer(1, 2)]
    if kind == "money":
        return draw.invented().lower()
    if kind == "continent":
        return draw.any((*_CONTINENTS, "western " + draw.invented()))
    if kind == "peak":
        return "Mount " + draw.invented()
    return draw.invented()


@dataclass(frozen=True)
class Relation:
    """Something that facts tell: how a fact is written, the noun for it, and questions that mean it.

    In facts and questions ``{e}`` is the thing, ``{v}`` its value, ``{y}`` a year and ``{u}`` a unit.
    """

    thing: str
    value: str
    facts: tuple[str, ...]
    nouns: tuple[str, ...]
    questions: tuple[str, ...]
    indirect: tuple[str, ...]


def _relations(table: str) -> tuple[Relation, ...]:
    found = []
    for head, lines in texts.blocks(table):
        kind, held = head.split(" | ")
        fields = {name: texts.choices(rest) for name, rest in (line.split(": ", 1) for line in lines)}
        nothing: tuple[str, ...] = ()
        found.append(
            Relation(
                kind,
                held,
                fields["facts"],
                fields.get("nouns", nothing),
                fields.get("questions", nothing),
                fields.get("indirect", nothing),
            )
        )
    return tuple(found)


RELATIONS = _relations("relations")
_TAUGHT = RELATIONS + _relations("more_relations")


def relations(draw: Draw) -> tuple[Relation, ...]:
    """All that there are in training; those of ``RELATIONS`` alone in the test, whose frames and words are its own."""
    return RELATIONS if draw.held_out else _TAUGHT
