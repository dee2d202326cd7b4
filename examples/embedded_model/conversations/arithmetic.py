"""Arithmetic: one calculator call, then ``<expression> = <result>.``"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from asks import command, for_noun, framed
from conversation import Conversation, Schema, call_of
from draw import Draw
from texts import lines, patterns, phrasing
from words import FIRST_NAMES, THINGS

ASK = patterns("arithmetic", "ask")
COMMAND = patterns("arithmetic", "command")
# The words of an expression and what is called; {a}, {b}, {c} are operands.
PHRASES = tuple(tuple(line.split(" | ")) for line in lines("phrases", "phrases"))
COMMANDS = tuple(tuple(line.split(" | ")) for line in lines("phrases", "commands"))
SYMBOLS = {
    "{a} {o} {b}": 10.0,
    "{a}{o}{b}": 3.0,
    "{a} {o} {b} {o2} {c}": 3.0,
    "{a}{o}{b}{o2}{c}": 0.6,
    "({a} {o} {b}) {o2} {c}": 1.5,
    "({a}{o}{b}){o2}{c}": 0.4,
    "{a} {o} ({b} {o2} {c})": 1.5,
    "({a} {o} {b}) {o2} ({c} {o} {d})": 0.6,
    "{p}% of {a}": 3.0,
    "{s}^{k}": 1.0,
    "{s} ^ {k}": 0.5,
    "{s}**{k}": 0.7,
    "{s} ** {k}": 0.4,
    "{a}^(1/{k})": 1.0,
    "{a}**(1/{k})": 0.4,
    "sqrt({a})": 0.7,
    "sqrt({a}) {o} {b}": 0.3,
    "-{a} {o} {b}": 0.4,
    "{a} {o} -{b}": 0.4,
}
STORIES = patterns("arithmetic", "stories")


_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


def operand(draw: Draw) -> str:
    """A number as people write it: one to eight digits, at times with decimals or thousands separators."""
    shape = draw.random.random()
    if shape < 0.76:
        return draw.digits(draw.any((1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6, 7, 8)))
    if shape < 0.9:
        return draw.decimal(draw.integer(1, 5), draw.integer(1, 3))
    return draw.grouped(draw.integer(4, 8))


def fill(draw: Draw, *texts: str, **more: str) -> tuple[str, ...]:
    """Fill the same operands into several texts, drawn again until the texts belong to this half."""
    needed = {slot for slot in ("p", "a", "b", "c", "d", "s", "k", "o2", "o") if any(f"{{{slot}}}" in t for t in texts)}
    while True:
        slots = dict(more)
        for slot in sorted(needed):
            if slot in "abcd":
                slots[slot] = operand(draw)
            elif slot == "p":
                slots[slot] = draw.any((str(draw.integer(1, 99)), draw.decimal(draw.integer(1, 2), 1), "12.5", "7.5"))
            elif slot == "s":
                slots[slot] = draw.digits(draw.integer(1, 4)) if draw.chance(0.8) else draw.decimal(1, 1)
            elif slot == "k":
                slots[slot] = str(draw.integer(2, 12))
            else:
                slots[slot] = draw.any("****++--//")
        filled = tuple(text.format(**slots) for text in texts)
        if draw.own(filled[-1]):
            return filled


def _value(expression: str) -> Fraction | float | None:
    """The value of an expression this module wrote; None when it has none (division by zero, too large)."""
    text = expression.replace(",", "").replace("^", "**")
    if "% of " in text:
        part, whole = text.split("% of ")
        return Fraction(part) * Fraction(whole) / 100
    names = {"sqrt": lambda x: float(x) ** 0.5, "F": Fraction, "__builtins__": {}}
    code = _NUMBER.sub(lambda match: f"F('{match[0]}')", text)
    try:
        if "**" in code and len(text) > 40:
            return None
        value = eval(code, names)
        return value if isinstance(value, (Fraction, float)) and abs(float(value)) < 1e60 else None
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


def result_text(value: Fraction | float) -> str:
    """A number as the calculator prints it: whole numbers exactly, others to twelve significant digits."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value.numerator)
    text = f"{float(value):.12g}"
    if "e-" in text:
        digits, _, power = text.partition("e-")
        return f"{digits}e-{int(power)}" if int(power) > 6 else format(Decimal(text), "f")
    return format(Decimal(text), "f")


_VERBS = phrasing("arithmetic", "verbs")


def _story(draw: Draw) -> tuple[str, str]:
    text, expression = draw.pattern(STORIES).split(" | ")
    asked, called = fill(draw, text, expression, things=draw.word(THINGS), name=draw.word(FIRST_NAMES))
    return asked, called


def _varied(draw: Draw) -> tuple[str, str]:
    """A question as :func:`question`, by one of thousands of patterns; of the training half only."""
    if draw.chance(0.2):
        return _story(draw)
    if draw.chance(0.45):
        (expression,) = fill(draw, draw.weighted(SYMBOLS))
        return framed(draw, for_noun(draw, _VERBS).format(x=expression)), expression
    if draw.chance(0.55):
        text, expression = fill(draw, *draw.any(PHRASES))
        return framed(draw, for_noun(draw, _VERBS).format(x=text)), expression
    text, expression = fill(draw, *draw.any(COMMANDS))
    return framed(draw, command(draw).format(v=text)), expression


def question(draw: Draw) -> tuple[str, str]:
    """A question and the expression that the calculator is to be called with."""
    if not draw.held_out and draw.chance(0.5):
        return _varied(draw)
    shape = draw.random.random()
    if shape < 0.55:
        (expression,) = fill(draw, draw.weighted(SYMBOLS))
        return draw.pattern(ASK).format(e=expression), expression
    if shape < 0.80:
        text, expression = fill(draw, *draw.any(PHRASES))
        asked = draw.pattern(ASK).format(e=text)
        return (asked[:1].upper() + asked[1:] if draw.chance(0.7) else asked), expression
    if shape < 0.94:
        text, expression = fill(draw, *draw.any(COMMANDS))
        return draw.pattern(COMMAND).format(e=text, E=text[:1].upper() + text[1:]), expression
    return _story(draw)


def computed(expression: str) -> str:
    """What the calculator returns for an expression: the number, or the text of its error."""
    value = _value(expression)
    if value is None or isinstance(value, complex):
        return "Error: division by zero." if "/" in expression else "Error: the result is too large."
    return result_text(value)


def answer(expression: str, result: str) -> str:
    """The sentence that tells a calculator's result."""
    if result.startswith("Error: "):
        return f"The tool failed: {result.removeprefix('Error: ').rstrip('.')}."
    return f"{expression} = {result}."


def episode(draw: Draw, talk: Conversation, calculator: Schema) -> str:
    """Ask, call, answer; returns the result for a follow-up."""
    text, expression = question(draw)
    talk.user(text)
    talk.call(call_of(calculator, expression))
    result = computed(expression)
    talk.result(result)
    talk.say(answer(expression, result))
    return result
