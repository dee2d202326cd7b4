from __future__ import annotations

import asks
from draw import Draw


def test_thousands_of_patterns_and_none_of_those_held_out() -> None:
    draw = Draw("asks")
    made = [make(draw) for _ in range(3000) for make in (asks.command, asks.for_noun, asks.for_clause)]
    assert len(set(made)) > 4000
    assert not any(asks.withheld(pattern) for pattern in made)
    assert all(("{v}" in pattern) != ("{x}" in pattern) for pattern in made)


def test_held_out_patterns_are_known_in_any_case_and_marks() -> None:
    assert asks.withheld("let me know the {x}")
    assert asks.withheld("Let me know the {q}!")
    assert not asks.withheld("Tell me the {q}.")


def test_a_frame_keeps_the_text_and_is_for_training_only() -> None:
    train, test = Draw("frames"), Draw("frames", held_out=True)
    framed = [asks.framed(train, "What is 3 + 4?", 1.0) for _ in range(300)]
    assert all("What is 3 + 4?" in text and text != "What is 3 + 4?" for text in framed)
    assert len(set(framed)) > 50
    assert asks.framed(test, "What is 3 + 4?", 1.0) == "What is 3 + 4?"
