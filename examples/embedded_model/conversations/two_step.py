"""Two steps: search for a number, then compute with it as it stands in the result."""

from __future__ import annotations

from conversation import Conversation, Schema, call_of
from draw import Draw
from facts import RELATIONS
from texts import patterns

from conversations import arithmetic, look_up

ASK = patterns("two_step", "ask")
ASK_TWO = patterns("two_step", "ask two")
NUMERIC = tuple(
    r for r in RELATIONS if r.nouns and r.value in ("people", "km2", "metres", "kilometres", "speed", "years")
)


def plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith(("s", "ch", "sh", "x")) else "s")


def number_fact(draw: Draw) -> look_up.Fact:
    """A fact whose value is a number."""
    while True:
        found = look_up.fact(draw, draw.any(NUMERIC)) if draw.chance(0.7) else look_up.plain_fact(draw, number=True)
        if found.noun:
            return found


def second_fact(draw: Draw, first: look_up.Fact) -> look_up.Fact:
    """The same relation of another entity."""
    if first.relation:
        other = look_up.fact(draw, first.relation)
    else:
        other = look_up.plain_fact(draw, number=True, noun=first.noun)
    other.query = first.query.replace(first.entity, other.entity)
    return other


def episode(draw: Draw, talk: Conversation, calculator: Schema, search: Schema) -> str:
    """Ask, search, compute, answer; returns the last result."""
    right = number_fact(draw)
    slots = {
        "b": str(draw.integer(2, 99)) if draw.chance(0.7) else arithmetic.operand(draw),
        "p": draw.any(("5", "10", "12.5", "25", "33", "60", "7")),
    }
    right.query = f"{right.noun} of {right.entity}"
    if draw.chance(0.12):
        other = second_fact(draw, right)
        other.query = f"{right.noun} of {other.entity}"
        text, expression = draw.pattern(ASK_TWO).split(" | ")
        slots |= {
            "n": right.noun,
            "ns": plural(right.noun),
            "e": right.entity,
            "f": other.entity,
            "v": right.value,
            "w": other.value,
        }
        talk.user(text.format(**slots))
        talk.call(call_of(search, right.query), call_of(search, other.query))
        talk.result(look_up.found(draw, right))
        talk.result(look_up.found(draw, other))
    else:
        text, expression = draw.pattern(ASK).split(" | ")
        slots |= {"q": right.query, "v": right.value}
        talk.user(text.format(**slots))
        talk.call(call_of(search, right.query))
        if draw.chance(0.05):
            talk.result(f'No results for "{right.query}". Try other words.')
            talk.say(look_up.NOT_FOUND)
            return ""
        talk.result(look_up.found(draw, right))
    called = expression.format(**slots)
    talk.call(call_of(calculator, called))
    result = arithmetic.computed(called)
    talk.result(result)
    talk.say(arithmetic.answer(called, result))
    return result
