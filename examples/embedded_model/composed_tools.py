"""Invented tools: a verb, a noun and parameters, and people's requests for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import texts
import values
from asks import command, framed
from conversation import Schema
from draw import Draw, is_held_out
from parameters import Parameter, parameters
from tool_results import plain, result
from words import WIDE_VERBS

REQUEST = texts.patterns("requests", "generic ask")


@dataclass
class Tool:
    """A tool, one request for it, the right call's arguments, what it returns, and the request without its frame.

    ``several`` is a request that needs more than one call of it, with the arguments of each.
    """

    schema: Schema
    request: str
    arguments: dict[str, Any]
    result: str
    body: str
    several: tuple[str, list[dict[str, Any]]] | None = None

    @property
    def name(self) -> str:
        return str(self.schema["name"])


def _verb_nouns() -> tuple[tuple[tuple[str, ...], str], ...]:
    pairs: list[tuple[tuple[str, ...], str]] = []
    for line in texts.lines("verbs"):
        verbs, nouns = line.split(":")
        pairs += [(tuple(verbs.split("/")), noun) for noun in nouns.split()]
    return tuple(pairs)


VERB_NOUNS = _verb_nouns()
# A tool is held out by the hash of its noun.
HALVES = {half: tuple(pair for pair in VERB_NOUNS if is_held_out(pair[1]) == half) for half in (False, True)}


def _article(noun: str) -> str:
    last = noun.split("_")[-1]
    if last.endswith("s") and not last.endswith("ss"):
        return ""
    return "an " if noun[0] in "aeiou" else "a "


def _tool_name(draw: Draw, verb: str, noun: str) -> str:
    shape = draw.random.random()
    if shape < 0.78:
        return f"{verb}_{noun}"
    if shape < 0.9:
        first, *rest = f"{verb}_{noun}".split("_")
        return first + "".join(word.capitalize() for word in rest)
    return f"{noun}_{verb}"


def _description(draw: Draw, verbs: tuple[str, ...], named: str, noun: str) -> str:
    verb = plain(verbs[0] if named != verbs[0] else draw.any(verbs))
    article, thing = _article(noun), plain(noun)
    either = f"{plain(verbs[0]).capitalize()}{' or ' + plain(verbs[-1]) if len(verbs) > 1 else ''}"
    if not draw.held_out and draw.chance(0.25):
        return draw.any(
            (
                f"{verb.capitalize()} {thing}",
                f"{verb}s {article}{thing}",
                f"{verb.capitalize()}s the given {thing}.",
                f"Tool to {verb} {article}{thing}.",
                f"Call this when somebody wants to {verb} {article}{thing}.",
                f"{verb.capitalize()} {article}{thing} and return the outcome.",
                f"{thing.capitalize()}: {verb}.",
                f"A function that {verb}s {article}{thing}.",
                "",
            )
        )
    return draw.any(
        (
            f"{verb.capitalize()} {article}{thing}.",
            f"{verb.capitalize()} {article or 'the '}{thing}.",
            f"{verb.capitalize()} {article}{thing} for the user.",
            f"Use this to {verb} {article}{thing}.",
            f"{either} {article}{thing}.",
        )
    )


def _described(draw: Draw, parameter: Parameter, always: bool | None) -> Schema:
    if not parameter.described and (always is False or (always is None and draw.chance(0.4))):
        return parameter.schema
    name = plain(parameter.name)
    return {"description": draw.any(parameter.descriptions).format(n=name, N=name.capitalize()), **parameter.schema}


def _optional(draw: Draw, schema: Schema) -> Schema:
    """The schema of an optional parameter with its default, keys in the order that LangChain gives them."""
    kind = str(schema["type"])
    if kind == "array":
        default: Any = [] if draw.chance(0.5) else None
    elif kind == "string" and "enum" in schema:
        default = draw.any(schema["enum"])
    elif draw.chance(0.4):
        rest = {key: value for key, value in schema.items() if key != "description"}
        nullable: Schema = {"anyOf": [rest, {"type": "null"}], "default": None}
        return {**nullable, "description": schema["description"]} if "description" in schema else nullable
    else:
        default = {"string": "", "integer": draw.integer(1, 10), "number": 1.0, "boolean": False}[kind]
    return dict(sorted({**schema, "default": default}.items()))


def schema_of(name: str, description: str, properties: dict[str, Schema], required: list[str]) -> Schema:
    """An OpenAI function dict as LangChain's ``convert_to_openai_tool`` gives it."""
    body: Schema = {"properties": properties}
    if required:
        body["required"] = required
    return {"name": name, "description": description, "parameters": {**body, "type": "object"}}


def _choose(draw: Draw, avoid: set[str]) -> tuple[tuple[str, ...], str]:
    while True:
        verbs, noun = draw.any(HALVES[draw.held_out])
        if not draw.held_out and draw.chance(0.5):
            noun = values.open_noun(draw).replace(" ", "_")
            if draw.chance(0.5):
                verbs = (draw.word(WIDE_VERBS),)
            elif draw.chance(0.1):
                verbs = (draw.invented().lower(),)
        if noun not in avoid and not avoid & set(verbs):
            avoid |= {noun, *verbs}
            return verbs, noun


def compose(draw: Draw, avoid: set[str]) -> Tool:
    """An invented tool with a request for it; its verbs and noun are not in ``avoid``, to which they are added."""
    verbs, noun = _choose(draw, avoid)
    named, said = draw.any(verbs), draw.any(verbs)
    if draw.chance(0.6):
        said = named
    name = _tool_name(draw, named, noun)
    draw.used.add("tool: " + name)
    description = _description(draw, verbs, named, noun)
    found = parameters(draw, draw.any((0, 1, 1, 1, 2, 2, 2, 3, 3, 4)))
    always = draw.any((True, False, None))
    optional_from = draw.integer(1, len(found)) if found and draw.chance(0.4) else len(found)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    arguments: dict[str, Any] = {}
    clauses: list[str] = []
    left_out = False
    for place, parameter in enumerate(found):
        schema = _described(draw, parameter, always)
        optional = place >= optional_from and bool(parameter.said)
        if optional and place + 1 < len(found) and not found[place + 1].said:
            optional = False  # the two halves of a pair stay together
        if optional:
            schema = _optional(draw, schema)
            left_out = draw.chance(0.5)
        else:
            required.append(parameter.name)
        properties[parameter.name] = schema
        if optional and left_out:
            continue
        arguments[parameter.name] = parameter.value
        if parameter.said:
            clauses.append(parameter.said)
    if draw.chance(0.3):
        clauses = draw.shuffled(clauses)
    clauses.sort(key=lambda clause: clause.startswith(("and ", "but ")))  # these end a sentence
    article = _article(noun)
    determiner = draw.any((article, article, "the ", "my ") if article else ("", "the ", "my "))
    request = " ".join([plain(said) + " " + determiner + plain(noun), *clauses])
    asked = draw.pattern(REQUEST).format(request=request, Request=request[:1].upper() + request[1:])
    if not draw.held_out and draw.chance(0.6):
        asked = command(draw).format(v=request)
    if not draw.held_out:
        asked = framed(draw, asked, 0.15)
    return Tool(schema_of(name, description, properties, required), asked, arguments, result(draw, noun), request)
