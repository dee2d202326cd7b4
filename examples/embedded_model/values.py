"""Kinds of values that arguments and fields hold: how each is drawn, and its JSON schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import words
from conversation import Schema
from draw import Draw
from natural import by_hand, natural

_ROOMS = ("kitchen", "bedroom", "bathroom", "living room", "office", "hall", "garage", "cellar", "attic", "nursery")
_DOORS = ("front", "back", "garage", "garden", "cellar", "side")
_LISTS = ("shopping", "to-do", "packing", "wish", "reading")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FREE_TEXTS = (
    "the {n} is {a}",
    "{a} {n}",
    "I am at the {n}",
    "buy {t}",
    "see you at the {n}",
    "{t} and {t2}",
    "call {p}",
    "meet {p} at {h}",
    "the {a} {n}",
    "{N} plan",
    "do not forget the {t}",
    "I will be {m} minutes late",
    "{p} needs {t}",
    "my {n}",
    "{i} notes",
    "{n} {n2}",
    "the {n} and the {n2}",
    "where is the {n}?",
    "bring {t}",
    "happy birthday",
)


_NAME_FORMS = (
    "{} City",
    "{} Falls",
    "Upper {}",
    "Old {}",
    "{} on Sea",
    "Lake {}",
    "{} Beach",
    "{} Springs",
    "Mount {}",
    "{} Bay City",
    "Fort {}",
    "{} upon {}",
    "{} {}",
    "{} {} City",
    "{} {} Town",
    "{} {} {}",
    "Little {} {}",
    "{} of {}",
)


def _long_name(draw: Draw) -> str:
    """A name of two to four words, plain ones at times, that belong together."""
    form = draw.any(_NAME_FORMS)
    pools = (words.NOUNS, words.ADJECTIVES, words.WIDE_NOUNS, words.THINGS)
    parts = [
        draw.invented() if draw.chance(0.35) else draw.word(draw.any(pools), known=True).title()
        for _ in range(form.count("{}"))
    ]
    return form.format(*parts)


def city(draw: Draw) -> str:
    if draw.harder and draw.chance(0.18):
        return _long_name(draw)
    if draw.harder and draw.chance(0.2):
        return f"{draw.any(('New', 'San', 'Port', 'Saint', 'Santa', draw.invented()))} {draw.invented()}"
    if draw.harder and draw.chance(0.15):  # with what it lies in, which is no second city
        name = f"{draw.any(('New', 'San', 'Los'))} {draw.invented()}" if draw.chance(0.3) else draw.word(words.CITIES)
        letters = draw.any(_LETTERS) + draw.any(_LETTERS)
        return f"{name}, {draw.any((letters, letters, draw.word(words.COUNTRIES), draw.invented()))}"
    return draw.word(words.CITIES) if draw.chance(0.75) else draw.invented()


def person(draw: Draw) -> str:
    if draw.harder and draw.chance(0.15):
        return by_hand(draw, "people")
    first = draw.word(words.FIRST_NAMES) if draw.chance(0.8) else draw.invented()
    return first if draw.chance(0.7) else f"{first} {draw.word(words.SURNAMES)}"


def date(draw: Draw) -> str:
    shape = draw.integer(0, 3)
    if shape == 0:
        return draw.any(words.DAYS[:7])
    if shape == 1:
        return f"{draw.integer(1, 28)} {draw.any(words.MONTHS)}"
    if shape == 2:
        return f"{draw.any(words.MONTHS)} {draw.integer(1, 28)}"
    return f"{draw.integer(2020, 2032)}-{draw.integer(1, 12):02d}-{draw.integer(1, 28):02d}"


def time(draw: Draw) -> str:
    hour = draw.integer(1, 12)
    clock = f"{draw.integer(0, 23)}:{draw.integer(0, 59):02d}"
    return draw.any((clock, f"{hour} am", f"{hour} pm", f"{hour}:30 pm", "noon"))


def _composed_text(draw: Draw) -> str:
    """Any words in a row, some of them invented, as titles and messages may be."""
    pool = (words.WIDE_NOUNS, words.WIDE_NOUNS, words.WIDE_VERBS, words.ADJECTIVES, words.WIDE_LABELS, words.THINGS)
    small = ("the", "a", "to", "of", "with", "my", "your", "and", "for", "in", "at", "is", "not", "will", "we")
    found: list[str] = []
    for _ in range(draw.integer(1, 5)):
        if draw.chance(0.35):
            found.append(draw.any(small))
        if draw.chance(0.12):
            found.append(draw.any((draw.invented(), draw.invented().lower(), str(draw.integer(2, 999)))))
        else:
            found.append(draw.word(draw.any(pool)))
    text = " ".join(found)
    shape = draw.random.random()
    if shape < 0.15:
        return text.title()
    return text[:1].upper() + text[1:] if shape < 0.4 else text


def free_text(draw: Draw) -> str:
    """A few words, as in a title or a short message."""
    if draw.harder and draw.chance(0.35):
        return by_hand(draw, "texts")
    if not draw.held_out and draw.chance(0.4):
        return _composed_text(draw)
    adjective, noun, thing = draw.word(words.ADJECTIVES), draw.word(words.NOUNS), draw.word(words.THINGS)
    form = draw.any(_FREE_TEXTS)
    return form.format(
        a=adjective,
        n=noun,
        t=thing,
        t2=draw.word(words.THINGS),
        p=person(draw),
        h=time(draw),
        N=noun.capitalize(),
        m=draw.integer(2, 59),
        i=draw.invented(),
        n2=draw.word(words.NOUNS),
    )


def open_noun(draw: Draw) -> str:
    """Any noun, at times an invented one: where anything may stand, what stands there must be copied."""
    shape = draw.random.random()
    if shape < 0.2:
        return draw.word(words.NOUNS)
    if shape < 0.5:
        return draw.word(words.WIDE_NOUNS)
    if shape < 0.6:
        return draw.word(words.THINGS)
    if shape < 0.75:
        return f"{draw.word(words.ADJECTIVES)} {draw.word(words.WIDE_NOUNS)}"
    if shape < 0.8:
        return f"{draw.word(words.WIDE_NOUNS)} {draw.word(words.WIDE_LABELS)}"
    return draw.invented().lower()


def code(draw: Draw) -> str:
    """A reference such as "AB-1234"."""
    letters = "".join(draw.any("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(draw.integer(1, 3)))
    return draw.any(("{}{}", "{}-{}", "{}{}", "#{1}")).format(letters, draw.digits(draw.integer(2, 6)))


def number(draw: Draw) -> int | float:
    if draw.chance(0.4):
        return draw.integer(1, 900)
    text = draw.decimal(draw.integer(1, 3), draw.integer(1, 2))
    return float(text) if "." in text else int(text)


def _any_file(draw: Draw) -> str:
    noun = draw.word(words.NOUNS)
    invented = draw.invented().lower()
    stem = draw.any((noun, invented, f"{draw.word(words.ADJECTIVES)}_{draw.word(words.NOUNS)}"))
    return f"{stem}{draw.any(('', '', draw.integer(1, 30)))}.{draw.any(words.EXTENSIONS)}"


def _email(ends: tuple[str, ...]) -> Callable[[Draw], str]:
    return lambda d: f"{d.word(words.FIRST_NAMES).lower()}@{d.invented().lower()}.{d.any(ends)}"


def _some(pool: tuple[str, ...], counts: tuple[int, ...]) -> Callable[[Draw], list[str]]:
    return lambda d: d.words(pool, d.any(counts))


def _phone(draw: Draw) -> str:
    return draw.any(("0{} {}", "+{} {}", "{}-{}", "{}{}")).format(draw.digits(2), draw.digits(draw.integer(4, 7)))


_URLS = ("https://{}.com/{}", "https://www.{}.org", "{}.com/{}", "http://{}.net/{}.html")
STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
STRINGS: Schema = {"items": {"type": "string"}, "type": "array"}

KINDS: dict[str, tuple[Callable[[Draw], Any], Schema]] = {
    "any_email": (_email(("com", "org", "net", "de")), STRING),
    "any_file": (_any_file, STRING),
    "bool": (lambda d: d.chance(0.5), BOOLEAN),
    "city": (city, STRING),
    "code": (natural("refs", code), STRING),
    "company": (lambda d: f"{d.invented()}{d.any(('', ' Ltd', ' & Co', ' Group', ' Inc.'))}", STRING),
    "colour": (lambda d: d.any(words.COLOURS), STRING),
    "count": (lambda d: d.integer(1, 200), INTEGER),
    "country": (lambda d: d.word(words.COUNTRIES), STRING),
    "currency": (lambda d: d.any(words.CURRENCIES), STRING),
    "date": (date, STRING),
    "dish": (lambda d: d.word(words.DISHES), STRING),
    "door": (lambda d: d.any(_DOORS), STRING),
    "email": (_email(("com", "org", "net")), STRING),
    "file": (lambda d: f"{d.word(words.NOUNS)}{d.any(('', d.integer(1, 99)))}.{d.any(words.EXTENSIONS)}", STRING),
    "first_name": (lambda d: d.word(words.FIRST_NAMES) if d.chance(0.8) else d.invented(), STRING),
    "first_names": (_some(words.FIRST_NAMES, (1, 2, 2, 3, 3, 4)), STRINGS),
    "folder": (lambda d: d.any(("{}", "/{}", "{}/files", "my_{}")).format(d.word(words.NOUNS)), STRING),
    "free_text": (free_text, STRING),
    "goals": (lambda d: d.integer(0, 9), INTEGER),
    "handle": (lambda d: d.any(("@{}", "{}", "{}_{}")).format(d.invented().lower(), d.integer(1, 99)), STRING),
    "host": (
        lambda d: d.any(("{}.example.com", "{}-server", "{}{}")).format(d.word(words.NOUNS), d.integer(1, 20)),
        STRING,
    ),
    "int": (lambda d: int(d.digits(d.integer(1, 5))), INTEGER),
    "invented": (natural("places", natural("products", Draw.invented, 0.2), 0.2), STRING),
    "item": (natural("things", lambda d: d.word(words.THINGS), 0.25), STRING),
    "items": (_some(words.THINGS, (1, 2, 2, 3, 3, 4)), STRINGS),
    "job": (lambda d: d.word(words.JOBS), STRING),
    "language": (lambda d: d.any(words.LANGUAGES), STRING),
    "letter": (lambda d: d.any("abcdefghiklmnoprstuw"), STRING),
    "list": (lambda d: d.any(_LISTS), STRING),
    "names": (lambda d: d.words(words.FIRST_NAMES, d.integer(2, 4)), STRINGS),
    "noun": (natural("things", lambda d: d.word(words.NOUNS), 0.25), STRING),
    "number": (number, NUMBER),
    "person": (person, STRING),
    "phone": (_phone, STRING),
    "room": (lambda d: d.any(_ROOMS), STRING),
    "several": (lambda d: d.integer(2, 60), INTEGER),
    "small": (lambda d: d.integer(2, 90), INTEGER),
    "street": (
        lambda d: d.any(("{1} {0} Street", "{0} Street {1}", "{1} {0} Road", "{0} Lane {1}")).format(
            d.invented(), d.integer(1, 99)
        ),
        STRING,
    ),
    "surname": (lambda d: d.word(words.SURNAMES) if d.chance(0.6) else d.invented(), STRING),
    "symbol": (lambda d: "".join(d.any(_LETTERS) for _ in range(d.integer(3, 4))), STRING),
    "text": (free_text, STRING),
    "things": (_some(words.THINGS, (1, 2, 2, 3, 3, 4)), STRINGS),
    "time": (time, STRING),
    "title": (natural("works", lambda d: f"{d.word(words.ADJECTIVES)} {d.word(words.NOUNS)}".title()), STRING),
    "topic": (lambda d: d.word(words.TOPICS), STRING),
    "topics": (_some(words.TOPICS, (1, 2, 2, 3)), STRINGS),
    "unit": (lambda d: d.any(words.UNITS), STRING),
    "url": (lambda d: d.any(_URLS).format(d.invented().lower(), d.word(words.NOUNS)), STRING),
    "weekday": (lambda d: d.any(words.DAYS[:7]), STRING),
    "year": (lambda d: d.integer(1950, 2026), INTEGER),
    "tags": (_some(words.TOPICS, (1, 2, 2, 3, 3, 4)), STRINGS),
}


_SORTS = (words.WIDE_NOUNS, words.WIDE_NOUNS, words.NOUNS, words.THINGS, words.ADJECTIVES, words.JOBS, words.TOPICS)


def draw_value(draw: Draw, kind: str) -> tuple[Any, Schema]:
    """A value of a kind, and its schema; "a|b|c" is an enumeration, and "sort" one of any words."""
    if "|" in kind or kind == "sort":
        options = kind.split("|") if kind != "sort" else draw.words(draw.any(_SORTS), draw.integer(2, 6))
        return draw.any(options), {"enum": options, "type": "string"}
    make, schema = KINDS[kind]
    return make(draw), dict(schema)


def said(value: Any) -> str:
    """A value as it stands in a sentence."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else f"{', '.join(value[:-1])} and {value[-1]}"
    return str(value)
