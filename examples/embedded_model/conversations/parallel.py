"""Two questions or requests in one message: parallel calls, then the answers one after the other."""

from __future__ import annotations

from asks import for_noun, framed, withheld
from composed_tools import Tool
from conversation import Conversation, Schema, call_of
from draw import Draw
from texts import patterns, phrasing
from tool_results import answer, composed_result

from conversations import arithmetic, asked_facts, look_up, two_step

JOIN = patterns("parallel", "join")
SHARED = patterns("parallel", "shared")
SUMS = patterns("parallel", "sums")
REQUESTS = patterns("parallel", "requests")


_BETWEEN = phrasing("parallel", "between")
_AHEAD = phrasing("parallel", "ahead")
_AFTERWARDS = phrasing("parallel", "afterwards")


def _joining(draw: Draw) -> str:
    """Two questions in one message, by one of hundreds of patterns around {a} and {b}."""
    while True:
        between, ahead = draw.any(_BETWEEN), draw.any(_AHEAD)
        text = (
            (f"{ahead}{{a}}" if ahead[-1:] == " " and ahead[-2:-1] not in ".:" else f"{ahead}{{A}}") if ahead else "{A}"
        )
        text += (
            between
            + ("{B}" if between in ("? ", "\n") else "{b}")
            + draw.any(("?", "?", "?", "", "!", ", please?", "? Thanks!"))
        )
        if not withheld(text):
            draw.used.add("pattern: " + text)
            return text


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]


def _ended(text: str) -> str:
    return text if text[-1:] in ".?!" else text + "."


def _lower(text: str) -> str:
    first = text.split(" ")[0]
    plain = first in ("I", "Is", "Are") or (len(first) > 1 and first[1:].islower())
    return text[:1].lower() + text[1:] if plain and not first.startswith("I ") and first != "I" else text


def _inside(text: str, tool: Tool) -> str:
    """A request within a sentence: in lower case, unless it begins with a value."""
    told = [str(each) for value in tool.arguments.values() for each in (value if isinstance(value, list) else [value])]
    return text if any(text.startswith(value) for value in told) else _lower(text)


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
    fact = asked_facts.fact(draw)
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
        if not draw.held_out and draw.chance(0.5):
            what = draw.any(
                (
                    "the {n} of {list}",
                    "the {ns} of {list}",
                    "the {ns} of {list}",
                    "the {n} of {e} and the {n} of {f}",
                    "the {n} of {e} and of {f}",
                    "the {n} of {e} and that of {f}",
                    "the {n} of both {e} and {f}",
                    "the {n} for {list}",
                )
            )
            text = for_noun(draw).replace("{x}", what)
        facts = facts if "{list}" in text else facts[:2]
        listed = ", ".join(names[: len(facts) - 1]) + " and " + names[len(facts) - 1]
        talk.user(text.format(n=first.noun, ns=two_step.plural(first.noun), e=names[0], f=names[1], list=listed))
        calls = [call_of(search, fact.query) for fact in facts]
        _finish(talk, calls, [look_up.found(draw, fact) for fact in facts], [fact.sentence for fact in facts])
        return
    if calculator and draw.chance(0.25):
        expressions = [arithmetic.fill(draw, draw.weighted(arithmetic.SYMBOLS))[0] for _ in range(2)]
        results = [arithmetic.computed(e) for e in expressions]
        text = draw.pattern(SUMS)
        if not draw.held_out and draw.chance(0.6):
            text = for_noun(draw, ("calculate", "compute", "evaluate", "give me", "find", "solve", "figure out"))
            text = text.replace(
                "{x}", draw.any(("{e} and {f}", "{e} and then {f}", "{e} and also {f}", "{e}, {f}", "both {e} and {f}"))
            )
            text = "Compute {e}, {f}" if withheld(text) else text
        talk.user(text.format(e=expressions[0], f=expressions[1]))
        _finish(
            talk,
            [call_of(calculator, e) for e in expressions],
            results,
            [arithmetic.answer(e, r) for e, r in zip(expressions, results, strict=True)],
        )
        return
    if not draw.held_out and draw.chance(0.12):
        three = [_clause(draw, calculator, search) for _ in range(3)]
        joint = draw.any((", ", "? ", "; ", "\n"))
        text = (
            three[0][0]
            + joint
            + three[1][0]
            + (draw.any((" and ", ", and ")) if joint == ", " else joint)
            + three[2][0]
        )
        talk.user(framed(draw, text[:1].upper() + text[1:] + "?", 0.2))
        _finish(talk, [c[1] for c in three], [c[2] for c in three], [c[3] for c in three])
        return
    one, other = (_clause(draw, calculator, search) for _ in range(2))
    a, b = one[0], other[0]
    pattern = draw.pattern(JOIN)
    if not draw.held_out and draw.chance(0.4):
        pattern = _joining(draw)
    talk.user(framed(draw, pattern.format(a=a, b=b, A=a[:1].upper() + a[1:], B=b[:1].upper() + b[1:]), 0.1))
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
    given = [value, other]
    if not draw.held_out and draw.chance(0.2):
        third = draw.invented()
        given += [third] if third not in given else []
    talk.user(_ended(tool.body.replace(value, _listed(given))))
    results = [tool.result, tool.result + "!" if tool.result.endswith(".") else tool.result]
    if not draw.held_out:
        results = [composed_result(draw) if draw.chance(0.6) else tool.result for _ in given]
    _finish(talk, [(tool.name, {key: v}) for v in given], results, [answer(r) for r in results])
    return True


def several(draw: Draw, talk: Conversation, tool: Tool) -> None:
    """One tool for several values, as it was written for this tool; of the training half only."""
    assert tool.several is not None
    text, arguments = tool.several
    talk.user(framed(draw, text[:1].upper() + text[1:], 0.1))
    results = [composed_result(draw) for _ in arguments]
    _finish(talk, [(tool.name, each) for each in arguments], results, [answer(each) for each in results])


def mixed(draw: Draw, talk: Conversation, tool: Tool, calculator: Schema | None, search: Schema | None) -> None:
    """A request for a tool, and a question for the calculator or the search; of the training half only."""
    clause, call, result, told = _clause(draw, calculator, search)
    asked = clause[:1].upper() + clause[1:] + "?"
    request = _ended(tool.body[:1].upper() + tool.body[1:])
    parts = [(asked, call, result, told), (request, (tool.name, tool.arguments), tool.result, answer(tool.result))]
    (one, *first), (other, *second) = draw.shuffled(parts)
    if draw.chance(0.45):
        pattern = draw.any((" and ", " and ", ", and ", " and also ", " and then ", ", ")).join(("{A}", "{b}"))
        one = one.rstrip(".?!")
    else:
        pattern = draw.pattern(REQUESTS)
    talk.user(pattern.format(A=one, B=other, a=_inside(one, tool), b=_inside(other, tool)))
    calls, results, answers = zip(first, second, strict=True)
    _finish(talk, list(calls), list(results), list(answers))


def requests(draw: Draw, talk: Conversation, one: Tool, other: Tool) -> None:
    """Requests for two different tools."""
    first, second = _ended(one.body), _ended(other.body)
    first, second = first[:1].upper() + first[1:], second[:1].upper() + second[1:]
    pattern = draw.pattern(REQUESTS)
    if not draw.held_out and draw.chance(0.4):
        pattern = draw.any(_AFTERWARDS)
        draw.used.add("pattern: " + pattern)
        first, second = first.rstrip("."), second.rstrip(".")
    talk.user(
        pattern.format(A=first, B=second, a=_inside(first, one), b=_inside(second, other))
        .replace("?.", "?")
        .replace("!.", "!")
    )
    _finish(
        talk,
        [(one.name, one.arguments), (other.name, other.arguments)],
        [one.result, other.result],
        [answer(one.result), answer(other.result)],
    )
