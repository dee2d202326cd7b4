"""One tool's result is used: by the calculator, or by a second tool; a lesson of training alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import texts
import values
import written_tools
from asks import framed
from composed_tools import schema_of
from conversation import Conversation, Schema, call_of
from draw import Draw
from tool_results import answer, composed_result
from written_tools import Written

from conversations import arithmetic, two_step

QUANTITIES = written_tools.taught_tools("quantities")
_ASK = texts.phrasing("chains", "ask")


@dataclass(frozen=True)
class _Chain:
    """Two tools, what the first returns, the second's parameter that takes it, and requests for both."""

    first: Written
    second: Written
    returned: str
    taken: str


def _chains() -> tuple[_Chain, ...]:
    lines = texts.lines("chains")
    found = []
    for one, other, requests in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        head, _, returned = one.rpartition("|")
        first = written_tools.row(head, requests)
        second = written_tools.row(other, requests)
        taken = next(names for names, kind, _ in second.slots if kind == "result")
        found.append(_Chain(first, second, returned.strip(), taken))
    return tuple(found)


CHAINS = _chains()


def _filled(draw: Draw, tool: Written, text: str, given: dict[str, Any]) -> tuple[Schema, dict[str, Any], str]:
    """The tool's schema, the arguments drawn for it, and the text with them; ``given`` are arguments by their slots."""
    properties: dict[str, Schema] = {}
    arguments: dict[str, Any] = {}
    required: list[str] = []
    for names, kind, optional in tool.slots:
        key = draw.any(names.split("|"))
        if names in given:
            arguments[key], properties[key] = given[names]
            required.append(key)
            continue
        value, properties[key] = values.draw_value(draw, kind)
        text, told = written_tools.fill(text, names.split("|")[0], value)
        if told:
            arguments[key] = value
        if not optional:
            required.append(key)
    return schema_of(tool.name, tool.description, properties, required), arguments, text


def _other_tools(draw: Draw, avoid: set[str]) -> list[Schema]:
    return [written_tools.any_tool(draw, avoid).schema for _ in range(draw.any((0, 1, 1, 2)))]


def quantity(draw: Draw, talk: Conversation, calculator: Schema) -> None:
    """A number that a tool returns, asked for alone or to compute with."""
    tool = draw.any(QUANTITIES)
    phrase = draw.any(tool.sentences)
    draw.used |= {"tool: " + tool.name, "pattern: " + phrase}
    schema, arguments, phrase = _filled(draw, tool, phrase, {})
    talk.tools = draw.shuffled([schema, calculator, *_other_tools(draw, {tool.name, "calculate"})])
    number = str(values.number(draw))
    expression = ""
    if draw.chance(0.3):
        asked = draw.any(_ASK).format(x=phrase)
    else:
        asked, expression = two_step.operation(draw, phrase)
        slots = {"b": str(draw.integer(2, 99)), "p": str(draw.integer(1, 99)), "k": str(draw.integer(2, 5))}
        slots |= {"v": number}
        asked, expression = asked.format(**slots), expression.format(**slots)
    talk.user(framed(draw, asked[:1].upper() + asked[1:], 0.1))
    talk.call((tool.name, arguments))
    talk.result(number)
    if not expression:
        talk.say(answer(number))
        return
    talk.call(call_of(calculator, expression))
    result = arithmetic.computed(expression)
    talk.result(result)
    talk.say(arithmetic.answer(expression, result))


def chain(draw: Draw, talk: Conversation) -> None:
    """What one tool returns is an argument of the next."""
    both = draw.any(CHAINS)
    request = draw.any(both.first.sentences)
    draw.used |= {"tool: " + both.first.name, "tool: " + both.second.name, "pattern: " + request}
    returned = values.draw_value(draw, both.returned)
    first, arguments, text = _filled(draw, both.first, request, {})
    second, more, text = _filled(draw, both.second, text, {both.taken: returned})
    talk.tools = draw.shuffled([first, second, *_other_tools(draw, {both.first.name, both.second.name})])
    talk.user(framed(draw, text, 0.1))
    talk.call((both.first.name, arguments))
    talk.result(values.said(returned[0]))
    talk.call((both.second.name, more))
    result = composed_result(draw)
    talk.result(result)
    talk.say(answer(result))


def episode(draw: Draw, talk: Conversation, calculator: Schema) -> None:
    """Either of the two."""
    if draw.chance(0.5):
        quantity(draw, talk, calculator)
    else:
        chain(draw, talk)
