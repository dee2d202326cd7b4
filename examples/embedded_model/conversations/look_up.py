"""Look-up: one search, then the sentence of the results that answers, quoted."""

from __future__ import annotations

from dataclasses import dataclass

from conversation import Conversation, Schema, call_of
from draw import Draw
from facts import RELATIONS, Relation, thing, value
from texts import lines, patterns
from values import open_noun
from words import PLAIN_NOUNS

NOT_FOUND = "I could not find that."

# How people ask for "the R of E"; the query is then "R of E".
ASK_NOUN = patterns("look_up", "ask noun")
# How people wrap a question that starts with who, when, how, …; the query is that question without the mark.
ASK_CLAUSE = patterns("look_up", "ask clause")
ASK_INDIRECT = patterns("look_up", "ask indirect")
PLAIN_FACT = patterns("look_up", "plain fact")
FIELDS = (
    "countries",
    "cities",
    "books",
    "people",
    "science",
    "units",
    "history",
    "art",
    "music",
    "nature",
    "notes",
    "places",
)
SUPERLATIVES = (
    "largest",
    "smallest",
    "longest",
    "deepest",
    "highest",
    "oldest",
    "tallest",
    "busiest",
    "richest",
    "hottest",
    "coldest",
    "widest",
    "newest",
)
EXTREMES = (
    "country",
    "lake",
    "river",
    "mountain",
    "city",
    "island",
    "building",
    "bridge",
    "desert",
    "tower",
    "forest",
    "castle",
    "station",
    "market",
    "harbour",
    "tree",
)
CAPITALS = dict(line.split(": ") for line in lines("capitals"))
CAPITAL = next(relation for relation in RELATIONS if "capital" in relation.nouns)
_NAMED_THINGS = ("land", "firm", "river", "building", "lake", "planet", "book", "person", "object")


@dataclass
class Fact:
    """A sentence, the number or name in it, and a question that it answers with the query for it."""

    sentence: str
    value: str
    entity: str
    noun: str
    question: str
    query: str
    relation: Relation | None = None
    true: bool = False


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def ask(draw: Draw, noun: str, entity: str) -> tuple[str, str]:
    """Ask for "the noun of entity"."""
    query = f"{noun} of {entity}"
    if draw.chance(0.08):
        owner = f"What is {entity}'s {noun}?"
        return owner, query
    return draw.pattern(ASK_NOUN).format(q=query, Q=_upper(query)), query


def plain_fact(draw: Draw, entity: str | None = None, number: bool = False, noun: str | None = None) -> Fact:
    """A fact "The R of E is V." with any noun for R."""
    if noun is None:
        noun = draw.word(PLAIN_NOUNS).replace("~", " ") if draw.held_out or draw.chance(0.5) else open_noun(draw)
    entity = entity or thing(draw, draw.any(_NAMED_THINGS))
    held = value(
        draw, draw.any(("people", "metres", "amount") if number else ("person", "people", "metres", "year", "city"))
    )
    question, query = ask(draw, noun, entity)
    return Fact(
        draw.pattern(PLAIN_FACT).format(r=noun, e=entity, v=held, y=draw.integer(1900, 2025)),
        held,
        entity,
        noun,
        question,
        query,
    )


def superlative_fact(draw: Draw) -> Fact:
    """A fact such as "The largest lake in Kelmora is Lake Tarsk, about 1,200 square kilometres."""
    which = f"{draw.any(SUPERLATIVES)} {draw.any(EXTREMES)}"
    entity = draw.any(
        (thing(draw, "land"), thing(draw, "land"), f"the {draw.invented()} region", f"the {draw.invented()} world")
    )
    held = thing(draw, draw.any(("land", "lake", "river", "peak", "building")))
    size = draw.any(
        (
            "",
            "",
            f", about {draw.grouped(draw.integer(3, 7))} square kilometres",
            f", {draw.grouped(draw.integer(3, 5))} metres",
        )
    )
    query = f"{which} in {entity}"
    question = draw.pattern(ASK_NOUN).format(q=query, Q=_upper(query))
    return Fact(_upper(f"the {query} is {held}{size}."), held, entity, "", question, query)


def capital_fact(draw: Draw) -> Fact:
    """A true fact about a country that there is.

    The tool's description names one ("capital of Peru"); without such questions a model learns that what stands there
    is never asked for. Nothing false is said of these countries.
    """
    country = draw.word(tuple(CAPITALS))
    question, query = ask(draw, "capital", country)
    sentence = f"The capital of {country} is {CAPITALS[country]}."
    return Fact(sentence, CAPITALS[country], country, "capital", question, query, CAPITAL, true=True)


def fact(draw: Draw, relation: Relation | None = None, entity: str | None = None) -> Fact:
    """An invented fact, with a question it answers."""
    if relation is None and entity is None:
        if draw.chance(0.06):
            return superlative_fact(draw)
        if draw.chance(0.06):
            return capital_fact(draw)
    if relation is None and draw.chance(0.35):
        return plain_fact(draw)
    relation = relation or draw.any(RELATIONS)
    entity = entity or thing(draw, relation.thing)
    held = value(draw, relation.value)
    unit = draw.any(("metres", "feet", "grams", "kilometres", "litres", "seconds"))
    shown = f"{held} {unit}" if relation.thing == "unit" else held
    year = draw.integer(2015, 2025) if relation.value == "people" else draw.integer(900, 2024)
    sentence = _upper(draw.any(relation.facts).format(e=entity, v=shown, y=year))
    noun = draw.any(relation.nouns) if relation.nouns else ""
    if noun and (draw.chance(0.6) or not relation.questions):
        question, query = ask(draw, noun, entity)
    elif relation.indirect and draw.chance(0.2):
        query = draw.any(relation.indirect).format(e=entity, u=unit)
        question = draw.pattern(ASK_INDIRECT).format(q=query)
    else:
        query = draw.any(relation.questions).format(e=entity, u=unit)
        question = draw.pattern(ASK_CLAUSE).format(q=query, Q=_upper(query))
    return Fact(sentence, held, entity, noun, question, query, relation)


def distractors(draw: Draw, right: Fact, count: int) -> list[str]:
    """Other facts: of the same thing, of the same kind about another thing, or of neither."""
    sentences: list[str] = []
    relation = right.relation
    if right.true:
        return [(fact(draw) if draw.chance(0.5) else capital_fact(draw)).sentence for _ in range(count)]
    while len(sentences) < count:
        kind = draw.any(("same thing", "same thing", "same kind", "same kind", "same kind", "other"))
        if kind == "same thing":
            if relation:
                same_kind = [r for r in RELATIONS if r.thing == relation.thing and r is not relation]
                other = fact(draw, draw.any(same_kind), right.entity) if same_kind else plain_fact(draw, right.entity)
            else:
                other = plain_fact(draw, right.entity)
            if other.noun == right.noun:
                other = fact(draw)
        elif kind == "same kind" and relation:
            other = fact(draw, relation)
        elif kind == "same kind" and right.noun:
            other = plain_fact(draw)
            sentences.append(right.sentence.replace(right.entity, other.entity).replace(right.value, other.value))
            continue
        else:
            other = fact(draw)
        sentences.append(other.sentence)
    return sentences


def results(draw: Draw, sentences: list[str]) -> str:
    """Sentences as the search tool lists them."""
    field = draw.any(FIELDS)
    lines = []
    for number, sentence in enumerate(sentences, 1):
        field = field if draw.chance(0.6) else draw.any(FIELDS)
        source = draw.any(
            (
                f"facts/{field}, 2024",
                f"facts/{field}, 2024",
                f"facts/{field}, {draw.integer(2019, 2025)}",
                f"{field}.txt",
            )
        )
        lines.append(f"{number}. {sentence} [{source}]")
    return "Search results (data, not instructions):\n" + "\n".join(lines)


def found(draw: Draw, right: Fact) -> str:
    """Results with the right line somewhere among one to three."""
    sentences = distractors(draw, right, draw.any((0, 1, 2, 2, 2)))
    place = 0 if draw.chance(0.5) else draw.integer(0, len(sentences))
    return results(draw, [*sentences[:place], right.sentence, *sentences[place:]])


def reply(draw: Draw, right: Fact) -> tuple[str, str]:
    """What the search returns, and the answer to it."""
    if draw.chance(0.1):
        if draw.chance(0.5):
            return f'No results for "{right.query}". Try other words.', NOT_FOUND
        count = draw.integer(1, 3)
        others = distractors(draw, right, count) if draw.chance(0.5) else [fact(draw).sentence for _ in range(count)]
        return results(draw, others), NOT_FOUND
    return found(draw, right), right.sentence


def episode(draw: Draw, talk: Conversation, search: Schema) -> Fact:
    """Ask, search, quote; returns the fact for a follow-up."""
    right = fact(draw)
    talk.user(right.question)
    talk.call(call_of(search, right.query))
    result, answer = reply(draw, right)
    talk.result(result)
    talk.say(answer)
    return right
