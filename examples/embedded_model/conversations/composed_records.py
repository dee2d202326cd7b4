"""Records of several shapes: lists of records, records in records, forms."""

from __future__ import annotations

from typing import Any

import values
from conversation import Schema
from draw import Draw
from values import draw_value, said
from words import WIDE_LABELS

from conversations.records import Made, Record, one, pair, schema_of, single, sorts, subject_of
from conversations.sides import sides


def several(draw: Draw) -> Record:
    """A list of like records told one after the other."""
    name = draw.any(("person", "object", "event", "place", "work", "animal"))
    sort = sorts()[name]
    key = draw.any(sort.names)
    chosen = [f for f in draw.random.sample(sort.fields, 2) if not f.kind.startswith("bool:")][: draw.any((1, 1, 2))]
    if not chosen:
        return several(draw)
    names = [draw.any(field.keys) for field in chosen]
    if len({key, *names}) <= len(names):
        return several(draw)
    clauses = [draw.any(field.clauses) for field in chosen]
    rows: list[dict[str, Any]] = []
    sentences: list[str] = []
    properties: dict[str, Schema] = {}
    for _ in range(draw.any((1, 2, 2, 2, 3))):
        subject = subject_of(draw, name)
        row: dict[str, Any] = {key: subject.strip('"')}
        properties[key] = {"type": "string"}
        parts = []
        for field, label, clause in zip(chosen, names, clauses, strict=True):
            value, schema = draw_value(draw, field.kind)
            if "enum" in schema and label in properties:
                schema = properties[label]
            row[label], properties[label] = value, schema
            parts.append(clause.format(v=said(value)))
        rows.append(row)
        sentences.append(f"{subject} {' and '.join(parts)}")
    title = draw.any(sort.titles)
    item: Schema = {"properties": properties, "required": list(properties), "title": title, "type": "object"}
    label = draw.any((title.lower() + "s", "items", "entries", "rows", "list", "found"))
    text = draw.any((". ", "; ", ", ", ". ", " and ")).join(sentences) + "."
    whole: Schema
    if draw.chance(0.6):
        listed: Schema = {"items": {"$ref": f"#/$defs/{title}"}, "type": "array"}
        whole = {"$defs": {title: item}, "properties": {label: listed}}
    else:
        whole = {"properties": {label: {"items": item, "type": "array"}}}
    whole |= {"required": [label], "title": draw.any(("Answer", "List", "Result", title + "s")), "type": "object"}
    return text[:1].upper() + text[1:], whole, {label: rows}


def nested(draw: Draw) -> Record:
    """A record with another inside it."""
    sentence, outer, title = one(draw, draw.any(("object", "event", "work", "place")))
    inner_sentence, inner, inner_title = one(draw, draw.any(("person", "place", "animal")))
    label = draw.any((inner_title.lower(), "owner", "contact", "detail", "related", "other"))
    if label in outer.properties:
        return nested(draw)
    item: Schema = {
        "properties": inner.properties,
        "required": list(inner.properties),
        "title": inner_title,
        "type": "object",
    }
    if draw.chance(0.6):
        outer.put(label, {"$ref": f"#/$defs/{inner_title}"}, inner.values)
        defs: Schema = {"$defs": {inner_title: item}}
    else:
        outer.put(label, item, inner.values)
        defs = {}
    joint = draw.any((" ", " ", f" The {label}: ", " Then there is "))
    whole: Schema = {
        **defs,
        "properties": outer.properties,
        "required": list(outer.properties),
        "title": title,
        "type": "object",
    }
    return sentence + joint + inner_sentence, whole, outer.values


def listed(draw: Draw) -> Record:
    """Fields and values one after the other, as in a form or a line of a table."""
    made = Made()
    parts: list[str] = []
    mark = draw.any((": ", " = ", " is ", " - ", ": "))
    for _ in range(draw.integer(1, 5)):
        key = draw.word(WIDE_LABELS) if draw.chance(0.7) else values.open_noun(draw).replace(" ", "_")
        if key in made.properties:
            continue
        value, schema = draw_value(
            draw,
            draw.any(
                (
                    "city",
                    "person",
                    "code",
                    "small",
                    "number",
                    "int",
                    "date",
                    "item",
                    "free_text",
                    "invented",
                    "time",
                    "any_email",
                )
            ),
        )
        made.put(key, schema, value)
        parts.append(key.replace("_", " ") + mark + said(value))
    text = draw.any((", ", "; ", "\n", " | ", ", ")).join(draw.shuffled(parts))
    schema_, told = schema_of(draw, draw.invented(), made)
    return text[:1].upper() + text[1:], schema_, told


def composed(draw: Draw) -> Record:
    """A record of any of these shapes."""
    shape = draw.random.random()
    if shape < 0.28:
        return single(draw)
    if shape < 0.46:
        return pair(draw)
    if shape < 0.74:
        return sides(draw)
    if shape < 0.82:
        return several(draw)
    if shape < 0.9:
        return nested(draw)
    return listed(draw)
