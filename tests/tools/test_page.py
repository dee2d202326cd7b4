"""The page about tools says what is so: its snippets run, and its list of functions is the calculator's."""

import re
from pathlib import Path

import pytest
from agentkit.tools.expression import FUNCTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("snippet", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_snippets_run(snippet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERPAPI_API_KEY", raising=False)
    exec(compile(snippet, "docs/tools.md", "exec"), {})


def test_functions_are_listed() -> None:
    listed = re.search(r"the functions `([^`]*)`", PAGE)
    assert listed
    assert listed[1].split() == sorted(FUNCTIONS)
