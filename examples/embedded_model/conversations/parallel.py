"""Two questions or requests in one message: parallel calls, then the answers one after the other."""

from __future__ import annotations

from composed_tools import Tool, answer
from conversation import Conversation, Schema, call_of
from draw import Draw
from texts import patterns

from conversations import arithmetic, look_up, two_step

JOIN = patterns("parallel", "join")
SHARED = patterns("parallel", "shared")
SUMS = patterns("parallel", "sums")
REQUESTS = patterns("parallel", "requests")


def _ended(text: str) -> str:
    return text if text[-1:] in ".?!" else text + "."


def _lower(text: str) -> str:
    first = text.split(" ")[0]
    plain = first in ("I", "Is", "Are") or (len(first) > 1 and first[1:].islower())
    return text[:1].lower() + text[1:] if plain and not first.startswith("I ") and first != "I" else text


def _clause(
    draw: Draw, calculator: Schema | None, search: Schema | None
) -> tuple[str, tuple[str, dict[str, str]], str, str]:
    """A question as a clause, its call, its result and its answer."""
    if calculator and (not search or draw.chance(0.5)):
        while True:
            text, expression = arithmetic.question(draw)
            if draw.chance(0.6):
                (expression,) = arithmetic.fill(draw, draw.weighted(arithmetic.SYMBOLS))
                clause = draw.any(("what is {}", "what is {}", "how much is {}")).format(expression)
            else:
                text, expression = arithmetic.fill(draw, *draw.any(arithmetic.PHRASES))
                clause = f"what is {text}"
            result = arithmetic.computed(expression)
            if not result.startswith("Error"):
                return clause, call_of(calculator, expression), result, arithmetic.answer(expression, result)
    assert search is not None
    fact = look_up.fact(draw)
    clause = f"what is the {fact.query}" if fact.noun and fact.query.startswith(fact.noun) else fact.query
    return clause, call_of(search, fact.query), look_up.found(draw, fact), fact.sentence


def _finish(
    talk: Conversation, calls: list[tuple[str, dict[str, str]]], results: list[str], answers: list[str]
) -> None:
    talk.call(*calls)
    for result in results:
        talk.result(result)
    talk.say(" ".join(answers))


def questions(draw: Draw, talk: Conversation, calculator: Schema | None, search: Schema | None) -> None:
    """Two (at times three) questions for the calculator or the search."""
    if search and draw.chance(0.3):
        first = two_step.number_fact(draw)
        facts = [first, *(two_step.second_fact(draw, first) for _ in range(2 if draw.chance(0.15) else 1))]
        for fact in facts:
            fact.query = f"{first.noun} of {fact.entity}"
        names = [fact.entity for fact in facts]
        text = draw.pattern(SHARED)
        facts = facts if "{list}" in text else facts[:2]
        listed = ", ".join(names[: len(facts) - 1]) + " and " + names[len(facts) - 1]
        talk.user(text.format(n=first.noun, ns=two_step.plural(first.noun), e=names[0], f=names[1], list=listed))
        calls = [call_of(search, fact.query) for fact in facts]
        _finish(talk, calls, [look_up.found(draw, fact) for fact in facts], [fact.sentence for fact in facts])
        return
    if calculator and draw.chance(0.25):
        expressions = [arithmetic.fill(draw, draw.weighted(arithmetic.SYMBOLS))[0] for _ in range(2)]
        results = [arithmetic.computed(e) for e in expressions]
        talk.user(draw.pattern(SUMS).format(e=expressions[0], f=expressions[1]))
        _finish(
            talk,
            [call_of(calculator, e) for e in expressions],
            results,
            [arithmetic.answer(e, r) for e, r in zip(expressions, results, strict=True)],
        )
        return
    one, other = (_clause(draw, calculator, search) for _ in range(2))
    a, b = one[0], other[0]
    text = draw.pattern(JOIN).format(a=a, b=b, A=a[:1].upper() + a[1:], B=b[:1].upper() + b[1:])
    talk.user(text)
    _finish(talk, [one[1], other[1]], [one[2], other[2]], [one[3], other[3]])


def same_tool(draw: Draw, talk: Conversation, tool: Tool, other: str) -> bool:
    """One tool for two values, as in "the weather in Oslo and Lima"; False if the tool does not lend itself to that."""
    if len(tool.arguments) != 1:
        return False
    ((key, value),) = tool.arguments.items()
    if not isinstance(value, str) or "enum" in tool.schema["parameters"]["properties"][key] or value == other:
        return False
    if tool.body.count(value) != 1 or f'"{value}"' in tool.body:
        return False
    talk.user(_ended(tool.body.replace(value, f"{value} and {other}")))
    results = [tool.result, tool.result + "!" if tool.result.endswith(".") else tool.result]
    _finish(talk, [(tool.name, {key: value}), (tool.name, {key: other})], results, [answer(r) for r in results])
    return True


def requests(draw: Draw, talk: Conversation, one: Tool, other: Tool) -> None:
    """Requests for two different tools."""
    first, second = _ended(one.body), _ended(other.body)
    first, second = first[:1].upper() + first[1:], second[:1].upper() + second[1:]
    talk.user(draw.pattern(REQUESTS).format(A=first, B=second, a=_lower(first), b=_lower(second)))
    _finish(
        talk,
        [(one.name, one.arguments), (other.name, other.arguments)],
        [one.result, other.result],
        [answer(one.result), answer(other.result)],
    )
