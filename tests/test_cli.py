"""What the command line says when something is wrong, and what it prints for a person."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agentkit import cli, inspection
from agentkit.dialect import Dialect
from agentkit.sources import EMBEDDED
from tests.dialect.templates import NO_TOOLS, TEMPLATES


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["agentkit", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "no question"),
        (["ask", "  "], "no question"),
        (["ask", "Hi", "--model", "/no/such/folder"], "/no/such/folder"),
        (["ask", "Hi", "--tool", "math"], "module:function"),
        (["ask", "Hi", "--tool", "no_such_module:f"], "no_such_module"),
        (["ask", "Hi", "--tool", "math:no_such_function"], "no_such_function"),
        (["ask", "Hi", "--tool", "math:pi"], "neither a function nor"),
    ],
)
def test_what_a_person_can_mend_is_one_line_and_status_2(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_a_tool_of_ones_own_is_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mytools.py").write_text(
        'def calculator(expression: str) -> str:\n    """Compute the value of an arithmetic expression."""\n'
        "    return 'seven'\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert run(monkeypatch, "ask", "What is 3 + 4?", "--tool", "mytools:calculator") == 0
    printed = capsys.readouterr().out
    assert 'calculator(expression="3 + 4")' in printed
    assert "seven" in printed


def test_help_lists_the_options(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "ask", "--help") == 0
    printed = capsys.readouterr().out
    assert all(option in printed for option in ("--model", "--tool", "--json"))


def test_inspect_shows_what_was_learned(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "inspect", str(EMBEDDED)) == 0
    printed = capsys.readouterr().out
    assert '{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}' in printed
    assert "parallel calls  yes" in printed
    assert run(monkeypatch, "inspect", str(EMBEDDED), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["syntax"]["calls"]["kind"] == "json"
    assert "<|im_start|>" in found["control"]
    assert found["call"] in found["prompt"]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_inspect_cuts_a_call_into_its_parts(kind: str) -> None:
    dialect = Dialect.from_template(TEMPLATES[kind])
    parts = inspection.parts_of_call(dialect)
    assert "".join(text for _, text in parts) == inspection.inspect(dialect).call
    assert any("get_weather" in text for slot, text in parts if slot in {"name", "id"})
    assert any("Oslo" in text for slot, text in parts if slot == "arguments")


def test_inspect_takes_a_template(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "template.jinja").write_text(NO_TOOLS)
    assert run(monkeypatch, "inspect", str(tmp_path / "template.jinja")) == 0
    printed = capsys.readouterr().out
    assert "told in the system turn by agentkit" in printed
    assert run(monkeypatch, "inspect", str(tmp_path / "nothing.jinja")) == 2
    assert "nothing.jinja" in capsys.readouterr().err
    (tmp_path / "broken.jinja").write_text("{% if %}")
    assert run(monkeypatch, "inspect", str(tmp_path / "broken.jinja")) == 2
    assert "not valid Jinja" in capsys.readouterr().err
