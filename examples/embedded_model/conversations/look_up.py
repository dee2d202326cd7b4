"""Look-up: one search, then the sentence of the results that answers, quoted."""

from __future__ import annotations

from conversation import Conversation, Schema, call_of
from draw import Draw
from facts import Relation, relations, thing, value

from conversations.asked_facts import DONE_TO, Fact, capital_fact, fact, plain_fact, upper

NOT_FOUND = "I could not find that."

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


def _alike(one: Relation, other: Relation) -> bool:
    """Whether facts of two relations could answer the same question, so that they must not stand together."""
    if one is other or set(one.questions) & set(other.questions) or set(one.nouns) & set(other.nouns):
        return True
    if one.thing == other.thing == "event" or one.thing == other.thing == "unit":
        return True
    verbs = [
        {word for text in each.facts for word in text.split() if word.isalpha() and word.islower()}
        for each in (one, other)
    ]
    said = {word for word in verbs[0] & verbs[1] if word not in _SMALL}
    return bool(said)


_SMALL = {
    "the",
    "of",
    "is",
    "was",
    "in",
    "a",
    "about",
    "one",
    "square",
    "degrees",
    "from",
    "to",
    "by",
    "on",
    "and",
    "are",
}


def near(draw: Draw, entity: str) -> str:
    """Another thing by a name that shares a word with the first, as World War I and World War II."""
    found = entity.split(" ")
    places = [i for i, word in enumerate(found) if word[:1].isupper() or word.isdigit()]
    if not places:
        return draw.invented()
    place = draw.any(places)
    if len(found) == 1:
        return (
            f"{draw.any(('New', 'North', 'South', 'Old', 'Port', 'Little'))} {entity}"
            if draw.chance(0.5)
            else draw.invented()
        )
    found[place] = draw.invented()
    return " ".join(found)


def _same_for_another(draw: Draw, right: Fact) -> str:
    """The sentence of a fact about another thing, often one with nearly the same name."""
    relation = right.relation
    if relation:
        entity = near(draw, right.entity) if draw.chance(0.4) else None
        return fact(draw, relation, entity if entity != right.entity else None).sentence
    if right.entity not in right.sentence and upper(right.entity) not in right.sentence:
        return fact(draw).sentence
    return of_another(draw, right, near(draw, right.entity) if draw.chance(0.4) else thing(draw, draw.any(DONE_TO)))


def of_another(draw: Draw, right: Fact, entity: str) -> str:
    """The sentence of a fact with another thing and another value in it."""
    held = value(
        draw,
        "date"
        if right.value[-4:].isdigit() and " " in right.value
        else "year"
        if right.value.isdigit() and len(right.value) == 4
        else "people"
        if right.value[:1].isdigit()
        else "person",
    )
    old = right.entity if right.entity in right.sentence else upper(right.entity)
    return upper(right.sentence.replace(right.value, "\0").replace(old, entity).replace("\0", held))


def distractors(draw: Draw, right: Fact, count: int, near: bool = True) -> list[str]:
    """Other facts: if ``near``, also of the same thing, or of the same kind about another thing.

    None answers the question too: relations that could be taken for one another are kept apart.
    """
    sentences: list[str] = []
    relation = right.relation
    manner = draw.any(("mixed", "mixed", "same kind"))
    while len(sentences) < count:
        kind = (
            "other"
            if right.true or not near
            else "same kind"
            if manner == "same kind"
            else draw.any(("same thing", "same thing", "same kind", "same kind", "other"))
        )
        if kind == "same kind":
            sentence = _same_for_another(draw, right)
        elif kind == "same thing" and (relation or right.noun):
            if relation:
                same_thing = [r for r in relations(draw) if r.thing == relation.thing and not _alike(r, relation)]
                other = fact(draw, draw.any(same_thing), right.entity) if same_thing else plain_fact(draw, right.entity)
            else:
                other = plain_fact(draw, right.entity)
            if other.noun and (other.noun == right.noun or (relation and other.noun in relation.nouns)):
                continue
            sentence = other.sentence
        else:
            sentence = (capital_fact(draw) if right.true and draw.chance(0.5) else fact(draw)).sentence
            if right.entity in sentence:
                continue
        if sentence != right.sentence and sentence not in sentences:
            sentences.append(sentence)
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
        others = distractors(draw, right, draw.integer(1, 3), near=draw.chance(0.5))
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
