"""Tools that take a name and a description of what bears it, and requests that introduce it."""

from __future__ import annotations

from typing import Any

import texts
import values
from asks import command, framed
from composed_tools import Tool, schema_of
from conversation import Schema
from draw import Draw
from tool_results import result
from words import ADJECTIVES, WIDE_NOUNS

_VERBS = texts.phrasing("introduced", "verbs")
_FORMS = texts.phrasing("introduced", "forms")
_NAME_KEYS = texts.phrasing("introduced", "name keys")
_TEXT_KEYS = texts.phrasing("introduced", "text keys")


def _name(draw: Draw) -> str:
    sort = draw.random.random()
    if sort < 0.4:
        return draw.foreign()
    if sort < 0.6:
        return f"{draw.invented()} {draw.invented()}"
    return draw.any((values.person(draw), draw.invented(), values.open_noun(draw)))


def _text(draw: Draw) -> str:
    adjective, noun = draw.word(ADJECTIVES), values.open_noun(draw)
    article = "an " if adjective[0] in "aeiou" else "a "
    return draw.any((f"{article}{adjective} {noun}", values.free_text(draw), f"{article}{draw.invented()} {noun}"))


def introduced(draw: Draw, avoid: set[str]) -> Tool:
    """A tool of the training half that makes something with a name; what the name means is no argument."""
    while True:
        verb, noun = draw.any(_VERBS), draw.word(WIDE_NOUNS)
        if noun not in avoid:
            avoid |= {noun, verb}
            break
    tool = draw.any((f"{verb}_{noun}", f"{verb}_{noun}", f"{draw.word(ADJECTIVES)}_{noun}", noun))
    draw.used.add("tool: " + tool)
    keys = draw.any(_NAME_KEYS).format(n=noun), draw.any(_TEXT_KEYS)
    arguments: dict[str, Any] = {keys[0]: _name(draw), keys[1]: _text(draw)}
    properties: dict[str, Schema] = {key: {"type": "string"} for key in keys}
    if draw.chance(0.4):
        abouts = (f"The name of the {noun}.", f"The {noun}'s {keys[0]}."), (f"What the {noun} is.", f"{keys[1]}")
        for key, about in zip(keys, abouts, strict=True):
            properties[key] = {"description": draw.any(about), "type": "string"}
    gloss = f" ({draw.any((values.open_noun(draw).title(), draw.invented(), _text(draw)))})" if draw.chance(0.5) else ""
    name = arguments[keys[0]]
    quoted = draw.any((f"'{name}'", f"'{name}'", f'"{name}"', name)) + gloss
    request = draw.any(_FORMS).format(v=verb, n=noun, x=quoted, d=arguments[keys[1]])
    asked = command(draw).format(v=request) if draw.chance(0.4) else request[:1].upper() + request[1:]
    about = draw.any((f"{verb.capitalize()} a {noun}.", f"Tool that can {verb} a {noun} with its name.", ""))
    schema = schema_of(tool, about, properties, list(keys))
    return Tool(schema, framed(draw, asked, 0.1), arguments, result(draw, noun), request)
