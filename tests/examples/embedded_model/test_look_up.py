from __future__ import annotations

import re

import pytest
from conversations import asked_facts, follow_up, look_up
from draw import Draw


def _sentences(result: str) -> list[str]:
    return [re.sub(r"^\d\. (.*) \[[^\]]*\]$", r"\1", line) for line in result.split("\n")[1:]]


@pytest.mark.parametrize("held_out", [False, True])
def test_the_answer_is_one_line_whole_or_none(held_out: bool) -> None:
    draw = Draw("lines", held_out)
    found = 0
    for _ in range(400):
        fact = asked_facts.fact(draw)
        result, answer = look_up.reply(draw, fact)
        if answer == look_up.NOT_FOUND:
            assert fact.sentence not in result
        else:
            assert answer in _sentences(result)
            assert answer == fact.sentence
            found += 1
    assert found > 320


def test_no_other_line_answers_too() -> None:
    draw = Draw("other lines")
    same_relation = 0
    for _ in range(400):
        fact = asked_facts.fact(draw)
        if fact.relation is None or fact.true:
            continue
        others = look_up.distractors(draw, fact, 2)
        patterns = [re.escape(text).replace(r"\{e\}", re.escape(fact.entity)) for text in fact.relation.facts]
        told = [re.compile(re.sub(r"\\\{[vyu]\\\}", ".*", p), re.IGNORECASE) for p in patterns]
        assert not any(pattern.fullmatch(other) for pattern in told for other in others)
        anything = [
            re.compile(re.sub(r"\\\{[evyu]\\\}", ".*", re.escape(t)), re.IGNORECASE) for t in fact.relation.facts
        ]
        same_relation += any(pattern.fullmatch(other) for pattern in anything for other in others)
    assert same_relation > 100


def test_a_fact_of_another_thing_has_its_own_value() -> None:
    draw = Draw("another")
    for _ in range(200):
        fact = asked_facts.deed_fact(draw)
        other = follow_up._elsewhere(draw, fact)
        assert other.entity in other.query
        assert fact.entity not in other.query or other.entity.endswith(fact.entity)
        assert other.sentence != fact.sentence
