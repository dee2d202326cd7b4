"""Each example runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SHOWN = {
    "quickstart": ["2518731", "Frank Herbert wrote the novel Dune", "34200000"],
    "huggingface_pipeline": ["Hello", "'input_tokens'"],
    "your_own_tool": ["check_stock", "There are 12 pears in stock."],
    "structured_output": ["name='Maria'", "age=34"],
    "in_a_langgraph_app": ["Hello", "1234 * 5678", "7006652"],
}


def test_every_example_is_tried() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = EXAMPLES / f"{name}.py"
    assert len(path.read_text().splitlines()) < 60
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr().out
    for text in SHOWN[name]:
        assert text in printed
