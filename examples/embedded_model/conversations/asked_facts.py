"""Invented facts with questions that they answer, and the query for each."""

from __future__ import annotations

from dataclasses import dataclass

from asks import for_clause, for_noun, framed
from draw import Draw
from facts import RELATIONS, Relation, person, relations, thing, value
from texts import lines, patterns
from values import open_noun
from words import PLAIN_NOUNS

# How people ask for "the R of E"; the query is then "R of E".
ASK_NOUN = patterns("look_up", "ask noun")


# How people wrap a question that starts with who, when, how, …; the query is that question without the mark.
ASK_CLAUSE = patterns("look_up", "ask clause")


ASK_INDIRECT = patterns("look_up", "ask indirect")


PLAIN_FACT = patterns("look_up", "plain fact")


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


TAILS = lines("wide", "tails")


WHO_DID = tuple(tuple(row.split()) for line in lines("deeds", "who") for row in line.split(" | "))


WHEN_DONE = tuple(word for line in lines("deeds", "when passive") for word in line.split(" | "))


WHEN_DID = tuple(tuple(row.split()) for line in lines("deeds", "when active") for row in line.split(" | "))


DONE_TO = ("event", "event", "building", "book", "book", "firm", "object", "object", "device", "person")


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


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def ask(draw: Draw, noun: str, entity: str) -> tuple[str, str]:
    """Ask for "the noun of entity"."""
    query = f"{noun} of {entity}"
    if draw.chance(0.08):
        owned = f"{entity}'s {noun}"
        if draw.held_out or draw.chance(0.3):
            return f"What is {owned}?", query
        return framed(draw, for_noun(draw).format(x=owned)), query
    if not draw.held_out and draw.chance(0.6):
        return framed(draw, for_noun(draw).format(x=f"the {query}")), query
    return draw.pattern(ASK_NOUN).format(q=query, Q=upper(query)), query


def _tail(draw: Draw) -> str:
    """Words at the end of a fact that are part of the sentence to quote and say nothing."""
    if draw.chance(0.6):
        return draw.any(TAILS)
    return draw.any(("in", "by", "since", "as of", "under", "for the")) + " " + open_noun(draw)


def deed_fact(draw: Draw) -> Fact:
    """A fact with any verb: who did something, or when something was done or happened."""
    sort, kind = draw.random.random(), draw.any(DONE_TO)
    entity = thing(draw, kind)
    year = value(draw, draw.any(("year", "year", "date")))
    when = f"on {year}" if " " in year else f"in {year}"
    if sort < 0.45:
        past, base = (part.replace("_", " ") for part in draw.any(WHO_DID))
        who = value(draw, draw.any(("person", "person", "person", "people2")))
        end = draw.any((f" ({year})", f" {when}", "", f" (about {year})"))
        apposition = draw.any(("", "", "", f"the {open_noun(draw)} ")) if kind == "book" else ""
        query = f"who {past} {apposition}{entity}"
        sentence = f"{who} {past} {apposition or draw.any(('', '', f'the {open_noun(draw)} '))}{entity}{end}."
        if draw.chance(0.25) and end:
            query = f"when did {who} {base} {apposition}{entity}"
        held = who
    elif sort < 0.75:
        verb = draw.any(WHEN_DONE).replace("_", " ")
        sentence = f"{upper(entity)} was {verb} {when}{draw.any(('', '', '', f' by {person(draw)}'))}."
        query = draw.any((f"when was {entity} {verb}", f"when was {entity} {verb}", f"what year was {entity} {verb}"))
        held = year
    else:
        base, past = (part.replace("_", " ") for part in draw.any(WHEN_DID))
        sentence = f"{upper(entity)} {past} {when}."
        query = draw.any(
            (f"when did {entity} {base}", f"when did {entity} {base}", f"in what year did {entity} {base}")
        )
        held = year
    return Fact(sentence, held, entity, "", _ask_clause(draw, query), query)


def _ask_clause(draw: Draw, query: str) -> str:
    if not draw.held_out and query.startswith("who ") and " did " not in query and draw.chance(0.25):
        return framed(draw, for_clause(draw).format(x=query))
    return framed(draw, draw.pattern(ASK_CLAUSE).format(q=query, Q=upper(query)), 0.35)


def plain_fact(draw: Draw, entity: str | None = None, number: bool = False, noun: str | None = None) -> Fact:
    """A fact "The R of E is V." with any noun for R."""
    if noun is None:
        noun = (
            draw.word(PLAIN_NOUNS, known=True).replace("~", " ")
            if draw.held_out or draw.chance(0.5)
            else open_noun(draw)
        )
    entity = entity or thing(draw, draw.any(_NAMED_THINGS))
    held = value(
        draw, draw.any(("people", "metres", "amount") if number else ("person", "people", "metres", "year", "city"))
    )
    question, query = ask(draw, noun, entity)
    sentence = draw.pattern(PLAIN_FACT).format(r=noun, e=entity, v=held, y=draw.integer(1900, 2025))
    if not draw.held_out and draw.chance(0.3):
        sentence = f"{sentence[:-1]} {_tail(draw)}."
    return Fact(
        sentence,
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
    question = draw.pattern(ASK_NOUN).format(q=query, Q=upper(query))
    if not draw.held_out and draw.chance(0.5):
        question = framed(draw, for_noun(draw).format(x=f"the {query}"))
    return Fact(upper(f"the {query} is {held}{size}."), held, entity, "", question, query)


def capital_fact(draw: Draw) -> Fact:
    """A true fact about a country that there is.

    The tool's description names one ("capital of Peru"); without such questions a model learns that what stands there
    is never asked for. Nothing false is said of these countries.
    """
    country = draw.word(tuple(CAPITALS), known=True)
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
    if relation is None and entity is None and not draw.held_out and draw.chance(0.22):
        return deed_fact(draw)
    if relation is None and draw.chance(0.35):
        return plain_fact(draw)
    relation = relation or draw.any(relations(draw))
    entity = entity or thing(draw, relation.thing)
    held = value(draw, relation.value)
    unit = draw.any(("metres", "feet", "grams", "kilometres", "litres", "seconds"))
    shown = f"{held} {unit}" if relation.thing == "unit" else held
    year = draw.integer(2015, 2025) if relation.value == "people" else draw.integer(900, 2024)
    sentence = upper(draw.any(relation.facts).format(e=entity, v=shown, y=year))
    noun = draw.any(relation.nouns) if relation.nouns else ""
    if noun and (draw.chance(0.6) or not relation.questions):
        question, query = ask(draw, noun, entity)
    elif relation.indirect and draw.chance(0.2):
        query = draw.any(relation.indirect).format(e=entity, u=unit)
        question = draw.pattern(ASK_INDIRECT).format(q=query)
        if not draw.held_out and draw.chance(0.5):
            question = framed(draw, for_clause(draw).format(x=query))
    else:
        query = draw.any(relation.questions).format(e=entity, u=unit)
        question = framed(draw, draw.pattern(ASK_CLAUSE).format(q=query, Q=upper(query)), 0.35)
    return Fact(sentence, held, entity, noun, question, query, relation)
