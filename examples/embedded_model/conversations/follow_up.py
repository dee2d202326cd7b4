"""Follow-up questions that lean on what was said before."""

from __future__ import annotations

from conversation import Conversation, Schema, call_of
from draw import Draw
from texts import patterns

from conversations import arithmetic, look_up, two_step

ON_RESULT = patterns("follow_up", "on result")
OTHER_ENTITY = patterns("follow_up", "other entity")
OTHER_NOUN = patterns("follow_up", "other noun")


def on_result(draw: Draw, talk: Conversation, calculator: Schema, result: str) -> str:
    """A calculation with the result of the last one."""
    text, expression = draw.pattern(ON_RESULT).split(" | ")
    (other,) = arithmetic.fill(draw, draw.any(("{a} {o} {b}", "{a}{o}{b}")))
    slots = {
        "b": str(draw.integer(2, 99)) if draw.chance(0.6) else arithmetic.operand(draw),
        "p": str(draw.integer(1, 99)),
        "r": result,
        "x": other,
    }
    called = expression.format(**slots)
    talk.user(text.format(**slots))
    talk.call(call_of(calculator, called))
    value = arithmetic.computed(called)
    talk.result(value)
    talk.say(arithmetic.answer(called, value))
    return value


def on_fact(draw: Draw, talk: Conversation, search: Schema, first: look_up.Fact) -> look_up.Fact:
    """The same question about another thing, or another about the same thing."""
    if draw.chance(0.65) or first.noun == "" or first.true:
        right = two_step.second_fact(draw, first) if first.noun or first.relation else look_up.fact(draw)
        talk.user(draw.pattern(OTHER_ENTITY).format(e=right.entity))
    else:
        right = look_up.plain_fact(draw, first.entity)
        while right.noun == first.noun:
            right = look_up.plain_fact(draw, first.entity)
        right.query = f"{right.noun} of {first.entity}"
        talk.user(draw.pattern(OTHER_NOUN).format(n=right.noun))
    talk.call(call_of(search, right.query))
    result, answer = look_up.reply(draw, right)
    talk.result(result)
    talk.say(answer)
    return right
