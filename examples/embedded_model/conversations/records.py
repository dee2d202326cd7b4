"""Composed records for structured answers: a subject and clauses about it, out of parts, in thousands of sentences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import texts
import values
from conversation import Schema
from draw import Draw
from texts import phrasing
from values import draw_value, said
from words import WIDE_LABELS, WIDE_NOUNS

Record = tuple[str, Schema, dict[str, Any]]


@dataclass(frozen=True)
class _Field:
    keys: tuple[str, ...]
    kind: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class _Sort:
    name: str
    titles: tuple[str, ...]
    names: tuple[str, ...]
    fields: tuple[_Field, ...]


@cache
def sorts() -> dict[str, _Sort]:
    found = {}
    for head, lines in texts.blocks("composed_records"):
        name, titles, names = head.split(" | ")
        fields = []
        for line in lines:
            keys, kind, clauses = line.split(" | ")
            kind = kind if kind.startswith("bool:") or name == "pair" else kind.replace(" ", "|")
            fields.append(
                _Field(tuple(keys.split(" / ") if name == "pair" else keys.split()), kind, texts.choices(clauses))
            )
        found[name] = _Sort(name, tuple(titles.split()), tuple(names.split()), tuple(fields))
    return found


@cache
def _labels() -> tuple[str, ...]:
    """The names that any field has."""
    return tuple(key for sort in sorts().values() for field in sort.fields for key in " ".join(field.keys).split())


def subject_of(draw: Draw, sort: str) -> str:
    shape = draw.random.random()
    if sort in ("person", "animal"):
        return values.person(draw) if shape < 0.8 else draw.invented()
    if sort == "place":
        return values.city(draw) if shape < 0.5 else f"{draw.invented()} {draw.word(WIDE_NOUNS).title()}"
    if shape < 0.4:
        return draw.invented()
    if shape < 0.6:
        return f'"{values.free_text(draw)}"'
    name = draw.invented()
    return f"{name} {draw.any((draw.word(WIDE_NOUNS), str(draw.integer(2, 99)), draw.word(WIDE_NOUNS).title()))}"


class Made:
    """Properties, their values and the clauses that say them, so far."""

    def __init__(self) -> None:
        self.properties: dict[str, Schema] = {}
        self.values: dict[str, Any] = {}
        self.clauses: list[str] = []
        self.parts: list[tuple[str, str]] = []

    def put(self, key: str, schema: Schema, value: Any) -> None:
        self.properties[key], self.values[key] = schema, value


def _field(draw: Draw, made: Made, field: _Field) -> None:
    key = draw.any(field.keys)
    if key in made.properties:
        return
    if field.kind.startswith("bool:"):
        value = draw.chance(0.5)
        yes, no = field.kind.removeprefix("bool:").split("|")
        plain = key.replace("_", " ")
        named = draw.any((key, "is_" + key)) if key.isalpha() else key
        made.put(named, {"type": "boolean"}, value)
        made.clauses.append((yes if value else no).replace("{k}", plain))
        made.parts.append(("", ""))
        return
    given, schema = draw_value(draw, field.kind)
    while given in made.values.values():
        given, schema = draw_value(draw, field.kind)
    made.put(key, schema, given)
    made.clauses.append(draw.any(field.clauses).format(v=said(given)))
    made.parts.append((key.replace("_", " "), said(given)))


def _joined(draw: Draw, subject: str, clauses: list[str], pronoun: str) -> str:
    """A sentence or several that say the clauses of the subject."""
    first, *rest = clauses
    shape = draw.random.random()
    if not rest:
        return f"{subject} {first}."
    if shape < 0.3:
        return f"{subject} {', '.join(clauses[:-1])} and {clauses[-1]}."
    if shape < 0.45:
        return f"{subject} {' and '.join(clauses)}."
    if shape < 0.65:
        return f"{subject} {first}. " + " ".join(f"{pronoun} {clause}." for clause in rest)
    if shape < 0.75:
        return (
            f"{subject}, who {first}, {' and '.join(rest)}."
            if pronoun != "It"
            else f"{subject}, which {first}, {' and '.join(rest)}."
        )
    if shape < 0.85:
        return f"{subject} {first}; {pronoun.lower()} {' and '.join(rest)}."
    if shape < 0.93:
        return f"{subject} {first}, and {pronoun.lower()} {', '.join(rest)}."
    return f"{subject}: {', '.join(clauses)}."


_OPENINGS = phrasing("records", "openings")
_NAMINGS = phrasing("records", "naming")
_MORE = phrasing("records", "more")


def _reordered(draw: Draw, subject: str, made: Made, pronoun: str, title: str) -> str:
    """The same in other orders: the value first, fields by their names, the subject late or in an aside."""
    slots = {"s": subject, "t": title.lower(), "P": pronoun, "p": pronoun.lower()}
    sentences: list[str] = []
    for place, (clause, (key, value)) in enumerate(zip(made.clauses, made.parts, strict=True)):
        if key and draw.chance(0.5):
            pattern = draw.any(_NAMINGS if place == 0 else _MORE)
            text = pattern.format(k=key, v=value, **slots)
        elif place == 0:
            text = draw.any(_OPENINGS).format(c=clause, **slots)
        else:
            text = f"{draw.any((pronoun, subject))} {clause}."
        sentences.append(text[:1].upper() + text[1:] if text[0] != '"' else text)
    return " ".join(sentences)


def schema_of(draw: Draw, title: str, made: Made, optional: bool = True) -> tuple[Schema, dict[str, Any]]:
    """The schema as pydantic writes it, with the order of fields drawn, and the values in that order."""
    order = list(made.properties)
    if draw.chance(0.5):
        order = draw.shuffled(order)
    described = draw.chance(0.25)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for key in order:
        schema = made.properties[key]
        if draw.chance(0.12) and optional:
            schema = {"anyOf": [schema, {"type": "null"}], "default": None}
        else:
            required.append(key)
        if described:
            text = draw.any(("The {k}.", "{K}.", "{K} of it", "The {k} that is told"))
            plain = key.replace("_", " ")
            schema = dict(sorted({**schema, "description": text.format(k=plain, K=plain.capitalize())}.items()))
        properties[key] = schema
    told = {key: made.values[key] for key in order}
    if len(properties) > 1 and draw.chance(0.2):  # fewer fields than the sentence tells
        dropped = draw.any(list(properties))
        del properties[dropped], told[dropped]
        required = [key for key in required if key != dropped]
    if draw.chance(0.25) and optional:  # a field that the sentence does not tell
        absent = draw.any(_labels()) if draw.chance(0.6) else draw.word(WIDE_LABELS)
        if absent not in made.properties:
            kind = draw.any(("string", "integer", "number"))
            properties[absent] = {"anyOf": [{"type": kind}, {"type": "null"}], "default": None}
    whole: Schema = (
        {"description": draw.any((f"A {title.lower()}.", f"{title} data", f"One {title.lower()}."))}
        if draw.chance(0.4)
        else {}
    )
    whole["properties"] = properties
    if required:
        whole["required"] = required
    return {**whole, "title": title, "type": "object"}, told


_KINDS = phrasing("records", "kinds")
_KIND_KEYS = ("kind", "type", "sort", "category", "species", "class", "group", "variety", "breed", "role")


def _of_a_kind(draw: Draw, made: Made, subject: str) -> str:
    """The subject with its kind, one of an enumeration, which is a field too."""
    given, schema = draw_value(draw, "sort")
    made.put(draw.any(_KIND_KEYS), schema, given)
    return draw.any(_KINDS).format(s=subject, v=given)


def one(draw: Draw, name: str | None = None) -> tuple[str, Made, str]:
    """A sentence about one thing with its fields, and a title."""
    sort = sorts()[name or draw.any(("person", "object", "event", "place", "work", "animal"))]
    made = Made()
    subject = subject_of(draw, sort.name)
    made.put(draw.any(sort.names), {"type": "string"}, subject.strip('"'))
    if draw.chance(0.2):
        subject = _of_a_kind(draw, made, subject)
    for field in draw.random.sample(sort.fields, draw.any((1, 1, 2, 2, 3, 3, 4))):
        _field(draw, made, field)
    if not made.clauses:
        return one(draw, name)
    pronoun = draw.any(("He", "She")) if sort.name == "person" else "It"
    title = draw.any(sort.titles) if draw.harder else ""
    if draw.harder and draw.chance(0.5):
        return _reordered(draw, subject, made, pronoun, title), made, title
    return _joined(draw, subject, made.clauses, pronoun), made, title or draw.any(sort.titles)


def single(draw: Draw) -> Record:
    """One flat record."""
    sentence, made, title = one(draw)
    schema, told = schema_of(draw, title, made)
    return sentence, schema, told


def pair(draw: Draw) -> Record:
    """Two values of one kind that their places in the sentence tell apart, and at times one or two more fields."""
    sort = sorts()["pair"]
    made = Made()
    clauses: list[str] = []
    for field in draw.random.sample(sort.fields, draw.any((1, 1, 1, 2))):
        one_key, other_key = draw.any(field.keys).split()
        first, schema = draw_value(draw, field.kind)
        second, _ = draw_value(draw, field.kind)
        while second == first and field.kind != "goals":
            second, _ = draw_value(draw, field.kind)
        if isinstance(first, int) and isinstance(second, int) and field.kind == "small" and first > second:
            first, second = second, first
        if {one_key, other_key} & set(made.properties):
            continue
        made.put(one_key, dict(schema), first)
        made.put(other_key, dict(schema), second)
        clauses.append(draw.any(field.clauses).format(a=first, b=second))
    extra = draw.random.random()
    if extra < 0.4:
        key, kind, text = draw.any(
            (
                ("date", "date", "on {v}"),
                ("amount", "number", "for {v} euros"),
                ("item", "item", "it was about {v}"),
                ("reason", "topic", "because of {v}"),
                ("count", "several", "{v} times"),
                ("time", "time", "at {v}"),
                ("code", "code", "under {v}"),
            )
        )
        value, schema = draw_value(draw, kind)
        if key not in made.properties:
            made.put(key, dict(schema), value)
            clauses.append(text.format(v=said(value)))
    sentence = draw.any((", ", " ", "; ", " and ", ". ")).join(clauses)
    sentence = sentence[:1].upper() + sentence[1:] + draw.any((".", ".", ".", "!", ""))
    schema_, told = schema_of(draw, draw.any(sort.titles), made)
    return sentence, schema_, told
