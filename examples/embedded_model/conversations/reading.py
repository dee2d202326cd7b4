"""Reading: a person tells some facts and asks about them, one after the other; each answer quotes the sentence.

The same choice as among the results of a search, with many answers in a short text: it is learned sooner that way.
"""

from __future__ import annotations

from conversation import Conversation
from draw import Draw
from texts import phrasing

from conversations import asked_facts, look_up, two_step

_INTRODUCED = phrasing("reading", "introduced")
_NEXT = phrasing("reading", "next")
_BETWEEN = phrasing("reading", "between")


def _confused(one: asked_facts.Fact, other: asked_facts.Fact) -> bool:
    """Whether a question for one fact could be meant for the other."""
    if one.entity != other.entity:
        return one.entity in other.sentence or other.entity in one.sentence
    plain, beside = (one, other) if one.relation is None else (other, one)
    if plain.relation is not None or not plain.noun:
        return True
    return plain.noun in (beside.relation.nouns if beside.relation else (beside.noun, ""))


def _told(draw: Draw) -> list[asked_facts.Fact]:
    """Facts that share their thing or their relation with others, no two of them both."""
    while True:
        first = asked_facts.fact(draw)
        if not first.true and (first.relation or first.noun) and "tool" not in first.question:
            break
    facts = [first]
    for _ in range(draw.integer(2, 5)):
        near = draw.any(facts)
        more = asked_facts.plain_fact(draw, near.entity) if draw.chance(0.35) else two_step.second_fact(draw, near)
        if "tool" not in more.question and not any(_confused(more, other) for other in facts):
            facts.append(more)
    return facts


def episode(draw: Draw, talk: Conversation) -> None:
    """Tell facts, and ask for two to five of them."""
    facts = _told(draw)
    text = draw.any(_BETWEEN).join(fact.sentence for fact in draw.shuffled(facts))
    for place, fact in enumerate(draw.shuffled(facts)[:5]):
        absent = two_step.second_fact(draw, fact)
        unknown = draw.chance(0.12) and not any(_confused(absent, other) for other in facts)
        question = absent.question if unknown else fact.question
        if place:
            talk.user(draw.any(_NEXT) + question)
        else:
            talk.user(draw.any(_INTRODUCED).format(t=text, q=question))
        talk.say(look_up.NOT_FOUND if unknown else fact.sentence)
