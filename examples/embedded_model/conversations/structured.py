"""Structured answers: a sentence in, JSON that fits a schema out."""

from __future__ import annotations

import json
from typing import Any

import written_tools
from asks import command, withheld
from conversation import Conversation, Schema
from draw import Draw
from texts import patterns, phrasing
from values import draw_value, open_noun, said
from words import ADJECTIVES

from conversations import composed_records

INSTRUCTION = "Answer with JSON that fits this schema:\n"
ASK = patterns("structured", "ask")
# Fields are said by slots in a sentence; a field that a sentence may leave out is optional.
HALVES = {
    False: written_tools.RECORDS[False] + written_tools.taught("records/people", "records/things"),
    True: written_tools.RECORDS[True],
}
# Records whose fields are told apart by what stands around them; more of these, for they are learned late.
_ROLES = written_tools.taught("records/roles")


def _untold(draw: Draw, properties: dict[str, Schema]) -> None:
    """Add an optional field, of another record, that the sentence does not tell."""
    slot, kind, _ = draw.any(draw.any(HALVES[False]).slots)
    key = draw.any(slot.split("|"))
    if key not in properties:
        properties[key] = {"anyOf": [draw_value(draw, kind)[1], {"type": "null"}], "default": None}


def record(draw: Draw) -> tuple[str, Schema, dict[str, Any]]:
    """A sentence, the schema of what it tells, and that as JSON."""
    chosen = draw.any(_ROLES if not draw.held_out and draw.chance(0.35) else HALVES[draw.held_out])
    draw.used.add("record: " + chosen.name)
    sentence = draw.any(chosen.sentences)
    draw.used.add("pattern: " + sentence)
    properties: dict[str, Schema] = {}
    values: dict[str, Any] = {}
    described = draw.chance(0.25)
    text = sentence
    keys: dict[str, str] = {}
    for slot, kind, optional in chosen.slots:
        key = keys[slot] = draw.any(slot.split("|"))
        value, schema = draw_value(draw, kind)
        while value in values.values() and kind not in ("bool", "goals"):
            value, schema = draw_value(draw, kind)
        if optional:
            schema = {"anyOf": [schema, {"type": "null"}], "default": None}
        if described:
            schema = dict(sorted({**schema, "description": f"The {key.replace('_', ' ')}."}.items()))
        properties[key] = schema
        text, given = written_tools.fill(text, slot.split("|")[0], value)
        if given:
            values[key] = value
    required = [keys[slot] for slot, _, optional in chosen.slots if not optional]
    if not draw.held_out and draw.chance(0.15):
        _untold(draw, properties)
    if draw.chance(0.25) and len(properties) > 1:  # fewer fields than the sentence tells
        dropped = draw.any(list(properties))
        if len(required) > 1 or dropped not in required:
            properties.pop(dropped)
            values.pop(dropped, None)
            required = [key for key in required if key != dropped]
    if draw.chance(0.3):
        order = draw.shuffled(list(properties))
        properties = {key: properties[key] for key in order}
        values = {key: values[key] for key in order if key in values}
        required = [key for key in order if key in required]
    whole: Schema = {"description": chosen.description} if draw.chance(0.5) else {}
    whole |= {"properties": properties, "required": required, "title": chosen.name, "type": "object"}
    return text if sentence.startswith("{") else text[:1].upper() + text[1:], whole, values


_SAID = (
    "The {k} is {v}",
    "the {k} is {v}",
    "its {k} is {v}",
    "{v} is the {k}",
    "with {v} as {k}",
    "{k}: {v}",
    "{k} = {v}",
)
_OPEN_KINDS = (
    "city",
    "person",
    "code",
    "small",
    "number",
    "int",
    "date",
    "time",
    "item",
    "free_text",
    "invented",
    "colour",
)


def open_record(draw: Draw) -> tuple[str, Schema, dict[str, Any]]:
    """Fields of any name, each said by its name: what belongs to what is to be read, not known."""
    clauses: list[str] = []
    properties: dict[str, Schema] = {}
    values: dict[str, Any] = {}
    for _ in range(draw.integer(1, 4)):
        name = open_noun(draw)
        key = name.replace(" ", "_")
        if key in properties:
            continue
        if draw.chance(0.2):
            value: Any = draw.chance(0.5)
            key = draw.word(ADJECTIVES)
            if key in properties:
                continue
            schema: Schema = {"type": "boolean"}
            clauses.append(f"it is {key}" if value else f"it is not {key}")
        else:
            value, schema = draw_value(draw, draw.any(_OPEN_KINDS))
            clauses.append(draw.any(_SAID).format(k=name, v=said(value)))
        properties[key], values[key] = schema, value
    required = list(properties)
    if draw.chance(0.3):
        absent = open_noun(draw).replace(" ", "_")
        if absent not in properties:
            properties[absent] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    sentence = draw.any((", ", " and ", "; ", ". ", ", ")).join(draw.shuffled(clauses)) + "."
    whole: Schema = {"properties": properties, "required": required, "title": draw.invented(), "type": "object"}
    if sentence.startswith(("the ", "its ", "it ", "with ")):
        sentence = sentence[:1].upper() + sentence[1:]
    return sentence, whole, values


def from_tool(draw: Draw) -> tuple[str, Schema, dict[str, Any]]:
    """The arguments of a tool as a form to fill in."""
    while True:
        tool = written_tools.any_tool(draw, set())
        if tool.arguments:
            break
    parameters = tool.schema["parameters"]
    whole: Schema = {"description": tool.schema["description"]} if draw.chance(0.5) else {}
    title = "".join(word.capitalize() for word in tool.name.split("_"))
    whole |= {"properties": parameters["properties"]}
    if "required" in parameters:
        whole |= {"required": parameters["required"]}
    whole |= {"title": title, "type": "object"}
    return tool.request, whole, tool.arguments


_EXTRACT = phrasing("structured", "extract")
_OBJECT = phrasing("structured", "object")
_PLACE = phrasing("structured", "place")


def _asked(draw: Draw) -> str:
    """A request to read a sentence, around {s}."""
    while True:
        heading = command(draw).replace("{v}", f"{draw.any(_EXTRACT)} {draw.any(_OBJECT)}").rstrip(".!?")
        text = draw.any(_PLACE).replace("{h}", heading).replace("{H}", heading[:1].upper() + heading[1:])
        if not withheld(text) and "tool" not in text:
            draw.used.add("pattern: " + text)
            return text


def start(draw: Draw, talk: Conversation, system: str) -> tuple[str, dict[str, Any]]:
    """Put the schema into the system turn; returns the sentence and the answer."""
    sort = 0.0 if draw.held_out else draw.random.random()
    if not draw.held_out and draw.chance(0.38):
        sentence, schema, values = composed_records.composed(draw)
    else:
        sentence, schema, values = (
            record(draw) if sort < 0.72 else open_record(draw) if sort < 0.87 else from_tool(draw)
        )
    written = INSTRUCTION + json.dumps(schema, ensure_ascii=False)
    talk.system(f"{system}\n\n{written}" if system else written)
    return sentence, values


def episode(draw: Draw, talk: Conversation, sentence: str, values: dict[str, Any]) -> None:
    text = draw.pattern(ASK)
    if not draw.held_out and draw.chance(0.5):
        text = _asked(draw)
    talk.user(text.format(s=sentence))
    talk.say(json.dumps(values, ensure_ascii=False))
