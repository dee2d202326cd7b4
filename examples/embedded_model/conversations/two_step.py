"""Two steps: search for a number, then compute with it as it stands in the result."""

from __future__ import annotations

from asks import command, for_noun, framed
from conversation import Conversation, Schema, call_of
from draw import Draw
from facts import RELATIONS
from texts import lines, patterns, phrasing

from conversations import arithmetic, asked_facts, look_up

ASK = patterns("two_step", "ask")
ASK_TWO = patterns("two_step", "ask two")
NUMERIC = tuple(
    r for r in RELATIONS if r.nouns and r.value in ("people", "km2", "metres", "kilometres", "speed", "years")
)


# What is computed from {x} as a noun, or as a verb with its object, and the expression.
NOUNS = tuple(tuple(line.split(" | ")) for line in lines("operations", "nouns"))
VERBS = tuple(tuple(line.split(" | ")) for line in lines("operations", "verbs"))
_FINDING = phrasing("two steps", "finding")
_THEN = phrasing("two steps", "then")
_PRONOUNS = phrasing("two steps", "pronouns")


def operation(draw: Draw, x: str) -> tuple[str, str]:
    """A request to compute something from ``x``, with ``{b}`` and ``{p}`` for numbers, and the expression of {v}."""
    if draw.chance(0.5):
        noun, expression = draw.any(NOUNS)
        return for_noun(draw).replace("{x}", noun.replace("{x}", x)), expression
    verb, expression = draw.any(VERBS)
    return command(draw).replace("{v}", verb.replace("{x}", x)), expression


def _varied(draw: Draw) -> tuple[str, str]:
    """A question about ``the {q}`` and an expression, by one of thousands of patterns; of the training half only."""
    if draw.chance(0.7):
        return operation(draw, "the {q}")
    verb, expression = draw.any(VERBS)
    steps = f"{draw.any(_FINDING)} the {{q}}{draw.any(_THEN)}{verb.replace('{x}', draw.any(_PRONOUNS))}"
    return command(draw).replace("{v}", steps), expression


def plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith(("s", "ch", "sh", "x")) else "s")


def number_fact(draw: Draw) -> asked_facts.Fact:
    """A fact whose value is a number."""
    while True:
        found = (
            asked_facts.fact(draw, draw.any(NUMERIC)) if draw.chance(0.7) else asked_facts.plain_fact(draw, number=True)
        )
        if found.noun:
            return found


def is_plain(entity: str) -> bool:
    """Whether a thing is named by common nouns, as "the old tower"."""
    return entity.startswith("the ") and entity.islower()


def second_fact(draw: Draw, first: asked_facts.Fact) -> asked_facts.Fact:
    """The same relation of another entity."""
    if first.relation:
        other = asked_facts.fact(draw, first.relation)
    else:
        number = first.value[:1].isdigit()
        while True:
            other = asked_facts.plain_fact(draw, number=number, noun=first.noun)
            if is_plain(other.entity) == is_plain(first.entity) and other.entity != first.entity:
                break
    other.query = first.query.replace(first.entity, other.entity)
    return other


def episode(draw: Draw, talk: Conversation, calculator: Schema, search: Schema) -> str:
    """Ask, search, compute, answer; returns the last result."""
    right = number_fact(draw)
    slots = {
        "b": str(draw.integer(2, 99)) if draw.chance(0.7) else arithmetic.operand(draw),
        "k": str(draw.integer(2, 5)),
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
        if not draw.held_out and draw.chance(0.6):
            text, expression = _varied(draw)
        slots |= {"q": right.query, "v": right.value}
        talk.user(framed(draw, text.format(**slots)))
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
