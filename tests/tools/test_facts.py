"""The facts that ship: well formed, distinct, and as many as promised."""

import re

from agentkit.tools import facts


def test_every_fact_is_one_clean_sentence() -> None:
    texts = [fact.text for name in facts.SENTENCES for fact in facts.facts(name)]
    assert 900 < len(texts) == len(set(texts))
    assert [text for text in texts if not re.fullmatch(r"[^\Wa-z].{10,180}[^.\s]\.|.*D\.C\.", text)] == []
    assert [text for text in texts if re.search(r"\bthe the\b|\{|\}|  | None|\(\)", text)] == []


def test_tables_are_whole() -> None:
    for name in facts.SENTENCES:
        rows = facts.table(name)
        assert rows
        assert all(None not in row and None not in row.values() for row in rows), name


def test_figures_agree_with_each_other() -> None:
    countries = {row["country"]: row for row in facts.table("countries")}
    # People per square kilometre: Singapore has the most, Mongolia the fewest; a slipped digit would show.
    density = {
        name: int(row["population"]) / int(row["area"])
        for name, row in countries.items()
        if row["population"] and row["area"]
    }
    assert max(density, key=density.__getitem__) == "Singapore"
    assert min(density, key=density.__getitem__) == "Mongolia"
    world = sum(int(row["population"]) for row in countries.values() if row["population"])
    assert 7.4e9 < world < 8.2e9
    numbers = [int(row["number"]) for row in facts.table("elements")]
    assert numbers == sorted(set(numbers))
