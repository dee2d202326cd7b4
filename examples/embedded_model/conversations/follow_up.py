"""Follow-up questions that lean on what was said before."""

from __future__ import annotations

from dataclasses import replace

from asks import framed, withheld
from conversation import Conversation, Schema, call_of
from draw import Draw
from texts import patterns, phrasing

from conversations import arithmetic, asked_facts, look_up, two_step

ON_RESULT = patterns("follow_up", "on result")
OTHER_ENTITY = patterns("follow_up", "other entity")
OTHER_NOUN = patterns("follow_up", "other noun")


_THAT = phrasing("follow-up", "that")
_LINK = phrasing("follow-up", "link")
_SHORT = (
    ("times {b}", "{r} * {b}"),
    ("divided by {b}", "{r} / {b}"),
    ("plus {b}", "{r} + {b}"),
    ("minus {b}", "{r} - {b}"),
    ("multiplied by {b}", "{r} * {b}"),
    ("over {b}", "{r} / {b}"),
    ("squared", "{r}^2"),
    ("with {b} more", "{r} + {b}"),
    ("{b} more", "{r} + {b}"),
    ("{b} less", "{r} - {b}"),
)
_BEFORE = phrasing("follow-up", "before")
_AFTER = phrasing("follow-up", "after")


def _about_result(draw: Draw) -> tuple[str, str]:
    """A remark on the last result and the expression with {r} for it, by one of thousands of patterns."""
    while True:
        if draw.chance(0.3):
            said, expression = draw.any(_SHORT)
            text = (
                draw.any(("and ", "", "now ", "then ", "OK, ", "and what is that ", "what is it ", "and if it is "))
                + said
            )
            text += draw.any(("?", "?", "", ".", ", please"))
        else:
            text, expression = two_step.operation(draw, draw.any(_THAT))
            expression = expression.replace("{v}", "{r}")
            text = draw.any(_LINK) + text[:1].lower() + text[1:]
        text = text[:1].upper() + text[1:] if draw.chance(0.75) else text
        if not withheld(text):
            draw.used.add("pattern: " + text)
            return text, expression


_ASKING = phrasing("follow-up", "asking")


def _about(draw: Draw, slot: str, before: tuple[str, ...] = _BEFORE) -> str:
    while True:
        text = f"{draw.any(before)} {slot}{draw.any(_AFTER)}"
        text = text[:1].upper() + text[1:] if draw.chance(0.75) else text
        if not withheld(text):
            draw.used.add("pattern: " + text)
            return text


def _elsewhere(draw: Draw, first: asked_facts.Fact) -> asked_facts.Fact:
    """The same fact of another thing, where neither a noun nor a relation tells what it is."""
    entity = look_up.near(draw, first.entity)
    sentence = look_up.of_another(draw, first, entity)
    query = first.query.replace(first.entity, entity)
    return replace(first, sentence=sentence, entity=entity, query=query)


def on_result(draw: Draw, talk: Conversation, calculator: Schema, result: str) -> str:
    """A calculation with the result of the last one."""
    text, expression = draw.pattern(ON_RESULT).split(" | ")
    if not draw.held_out and draw.chance(0.45):
        text, expression = _about_result(draw)
    (other,) = arithmetic.fill(draw, draw.any(("{a} {o} {b}", "{a}{o}{b}")))
    slots = {
        "b": str(draw.integer(2, 99)) if draw.chance(0.6) else arithmetic.operand(draw),
        "p": str(draw.integer(1, 99)),
        "k": str(draw.integer(2, 5)),
        "r": result,
        "x": other,
    }
    called = expression.format(**slots)
    talk.user(framed(draw, text.format(**slots), 0.1))
    talk.call(call_of(calculator, called))
    value = arithmetic.computed(called)
    talk.result(value)
    talk.say(arithmetic.answer(called, value))
    return value


def on_fact(draw: Draw, talk: Conversation, search: Schema, first: asked_facts.Fact) -> asked_facts.Fact:
    """The same question about another thing, or another about the same thing."""
    if draw.chance(0.65) or first.noun == "" or first.true:
        right = two_step.second_fact(draw, first) if first.noun or first.relation else _elsewhere(draw, first)
        text = draw.pattern(OTHER_ENTITY)
        if not draw.held_out and draw.chance(0.4):
            text = _about(draw, "{e}")
        talk.user(text.format(e=right.entity))
    else:
        right = asked_facts.plain_fact(draw, first.entity)
        while right.noun == first.noun:
            right = asked_facts.plain_fact(draw, first.entity)
        right.query = f"{right.noun} of {first.entity}"
        plain = two_step.is_plain(first.entity)  # "And the tower?" would mean another thing
        text = draw.pattern(OTHER_NOUN)
        if not draw.held_out and draw.chance(0.4):
            text = _about(draw, draw.any(("its {n}", "its {n}", "the {n}", "the {n} of it", "its {n}")), _ASKING)
        if plain:
            text = text.replace("the {n} of it", "its {n}").replace("the {n}", "its {n}")
        talk.user(text.format(n=right.noun))
    talk.call(call_of(search, right.query))
    result, answer = look_up.reply(draw, right)
    talk.result(result)
    talk.say(answer)
    return right
