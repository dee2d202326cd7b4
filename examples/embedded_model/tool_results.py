"""What invented tools return, and how it is told."""

from __future__ import annotations

import json

import texts
import values
from draw import Draw

RESULTS = texts.patterns("requests", "results")


_STATES = ("confirmed", "booked", "sent", "accepted", "number")


def plain(text: str) -> str:
    """A name as people say it."""
    return text.replace("_", " ")


def composed_result(draw: Draw) -> str:
    """A result of any words: a sentence, a few words, a list, numbers or JSON."""
    shape = draw.random.random()
    if shape < 0.45:
        text = " ".join(
            draw.any(
                (
                    draw.invented(),
                    draw.invented().lower(),
                    values.free_text(draw),
                    values.open_noun(draw),
                    str(values.number(draw)),
                    values.code(draw),
                    draw.any(("is", "was", "has", "the", "and", "of", "for", "at", "to", "in", "will be", "no")),
                )
            )
            for _ in range(draw.integer(1, 5))
        )
        return text[:1].upper() + text[1:] + draw.any((".", ".", ".", "", "!", ""))
    if shape < 0.6:
        return draw.any(
            (
                str(values.number(draw)),
                draw.digits(draw.integer(1, 7)),
                draw.decimal(3, 2),
                draw.grouped(5),
                "true",
                "false",
                "null",
                "[]",
            )
        )
    if shape < 0.7:
        return json.dumps([draw.invented() for _ in range(draw.integer(1, 4))], ensure_ascii=False)
    if shape < 0.9:
        keys = {values.open_noun(draw).replace(" ", "_") for _ in range(draw.integer(1, 3))}
        found = {
            key: draw.any(
                (draw.invented(), values.number(draw), values.free_text(draw), draw.chance(0.5), values.code(draw))
            )
            for key in sorted(keys)
        }
        return json.dumps(found, ensure_ascii=False)
    return ", ".join(draw.any((values.open_noun(draw), draw.invented())) for _ in range(draw.integer(2, 4)))


def result(draw: Draw, noun: str) -> str:
    """What a tool returns: a sentence, a bare value or JSON."""
    if not draw.held_out and draw.chance(0.4):
        return composed_result(draw)
    if not draw.held_out and draw.chance(0.5):
        return composed_result(draw)
    return draw.pattern(RESULTS).format(
        n=plain(noun),
        N=plain(noun).capitalize(),
        v=draw.any(_STATES),
        code=values.code(draw),
        number=values.number(draw),
        id=draw.integer(1, 9999),
        k=noun,
        o=values.open_noun(draw).replace(" ", "_"),
        o2=values.open_noun(draw),
        word=draw.invented(),
        word2=draw.invented().lower(),
    )


def answer(text: str) -> str:
    """How a tool's result is told: a sentence is quoted, anything else is named as the result."""
    return text if text[-1:] in ".!?" else f"The result is {text}."
