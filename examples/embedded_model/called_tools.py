"""Functions of any name, asked for by that name."""

from __future__ import annotations

from typing import Any

import texts
import values
from asks import framed
from composed_tools import Tool, schema_of
from conversation import Schema
from draw import Draw
from tool_results import result
from words import WIDE_LABELS, WIDE_NOUNS, WIDE_VERBS

_NAMES = texts.phrasing("calls by name", "names")


_BY_NAME = texts.phrasing("calls by name", "by name")


_SUFFIXES = texts.phrasing("calls by name", "suffixes")


def called(draw: Draw, avoid: set[str]) -> Tool:
    """A function of any name, asked for by that name, as programmers try their tools; of the training half."""
    while True:
        noun = draw.any((draw.invented().lower(), draw.word(WIDE_VERBS), draw.word(WIDE_NOUNS), draw.word(WIDE_LABELS)))
        if noun not in avoid:
            avoid.add(noun)
            break
    name = noun + draw.any(_SUFFIXES)
    if draw.chance(0.1):
        name = name.replace("_", "-") if "_" in name else name.title()
    draw.used.add("tool: " + name)
    count = draw.any((0, 1, 1, 1, 2, 2, 3))
    keys = draw.random.sample(_NAMES, count)
    if draw.chance(0.3):
        keys = draw.words(WIDE_LABELS, count)
    kinds = [draw.any(("int", "small", "number", "invented", "noun", "small")) for _ in keys]
    if draw.chance(0.6):
        kinds = [kinds[0]] * count if kinds else []
    arguments: dict[str, Any] = {}
    properties: dict[str, Schema] = {}
    for key, kind in zip(keys, kinds, strict=True):
        arguments[key], properties[key] = values.draw_value(draw, kind)
    if properties and draw.chance(0.3):
        extra = draw.any(_NAMES)
        if extra not in properties:
            properties[extra] = {"default": draw.integer(0, 9), "type": "integer"}
    shown = [f'"{v}"' if isinstance(v, str) and draw.chance(0.5) else str(v) for v in arguments.values()]
    joined = (
        shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + draw.any((" and ", ", ")) + shown[-1] if shown else ""
    )
    text = (
        draw.any(_BY_NAME)
        if shown
        else draw.any(("Call {f}.", "Run {f}.", "Use {f}.", "{f}()", "Start {f}, please.", "What does {f} say?"))
    )
    mark = draw.any(("=", " = ", "="))
    named = ", ".join(f"{key}{mark}{value}" for key, value in zip(arguments, shown, strict=True))
    plain = name.replace("_", " ") if draw.chance(0.25) else name
    request = text.format(f=plain, v=", ".join(shown), w=joined, n=named)
    about = draw.any(
        (
            "Apply {n} to the input.",
            "The {n} of the input.",
            "{N}.",
            "Computes the {n}.",
            "",
            "Does {n}.",
            "Returns {n} of its arguments.",
        )
    )
    description = about.format(n=noun, N=noun.capitalize())
    return Tool(
        schema_of(name, description, properties, list(arguments)),
        framed(draw, request, 0.3),
        arguments,
        result(draw, noun),
        request,
    )
