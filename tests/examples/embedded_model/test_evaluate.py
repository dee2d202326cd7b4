from __future__ import annotations

import generate
from evaluate import evaluate, prompts


def test_right_and_wrong_answers_are_told_apart() -> None:
    kinds = ("arithmetic", "follow_up")
    expected = {
        before: turn for kind in kinds for talk in generate.held_out("e", kind, 10) for before, turn in prompts(talk)
    }
    perfect = evaluate(lambda texts: [expected[text] for text in texts], 10, "e", kinds)
    assert all(row == {"cases": 10, "turns": 1.0, "conversations": 1.0} for row in perfect.values())

    def calls_only(texts: list[str]) -> list[str]:
        return [expected[text] if "<tool_call>" in expected[text] else "" for text in texts]

    half = evaluate(calls_only, 10, "e", kinds)
    assert half["arithmetic"]["turns"] == 0.5
    assert half["arithmetic"]["conversations"] == 0.0
