"""Cases are read, turns judged and counted."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call

from agentkit import cli
from agentkit.cases import CaseError, load, read, turns
from agentkit.errors import ContextLengthError
from agentkit.evaluation import Report, evaluate, judge

ADD = {
    "name": "add",
    "description": "Add.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "note": {"type": "string"}},
        "required": ["a"],
    },
}


def case(*messages: dict[str, Any], **more: Any) -> str:
    return json.dumps({"messages": [{"role": "user", "content": "Go."}, *messages], **more})


def expecting(*calls: tuple[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}


def reply(*calls: tuple[str, dict[str, Any]], text: str = "") -> AIMessage:
    return AIMessage(text, tool_calls=[tool_call(name=n, args=a, id=str(i)) for i, (n, a) in enumerate(calls)])


def right(line: str, message: AIMessage) -> bool:
    (read_case,) = read([line])
    return judge(turns(read_case)[-1], message).right


@pytest.mark.parametrize(
    ("expected", "made", "is_right"),
    [
        ([("add", {"a": 1})], [("add", {"a": 1})], True),
        ([("add", '{"a": 1, "note": "x"}')], [("add", {"note": "x", "a": 1})], True),
        ([("add", {"a": 1})], [("add", {"a": 2})], False),
        ([("add", {"a": 1})], [("add", {"a": True})], False),
        ([("add", {"a": 1})], [("add", {"a": 1, "note": "x"})], False),
        ([("add", {"a": 1})], [("sum", {"a": 1})], False),
        ([("add", {"a": 1})], [("add", {"a": 1})] * 2, False),
        ([("add", {"a": 1}), ("add", {"a": 2})], [("add", {"a": 2}), ("add", {"a": 1})], False),
        ([("add", None)], [("add", {"a": 7})], True),
        ([("add", None)], [("sum", {"a": 7})], False),
        ([("add", {"a": [1, {"b": None}]})], [("add", {"a": [1, {"b": None}]})], True),
    ],
)
def test_calls_are_right_by_name_arguments_and_order(expected: list[Any], made: list[Any], is_right: bool) -> None:
    assert right(case(expecting(*expected), tools=[ADD]), reply(*made)) is is_right


@pytest.mark.parametrize(
    ("expected", "text", "is_right"),
    [
        ({"content": "It is 4."}, " It is\n4. ", True),
        ({"content": "It is 4."}, "It is 5.", False),
        ({"content": '{"a": 1, "b": [2]}'}, '{"b":[2],"a":1}', True),
        ({"content": '{"a": 1}'}, '{"a": 1, "b": 2}', False),
        ({"content": "4", "contains": ["4", "IT"]}, "Well, it is 4.", True),
        ({"content": "4", "contains": ["4", "five"]}, "Well, it is 4.", False),
        ({"contains": "it is"}, "Well, it is 4.", True),
        ({"contains": "ti si"}, "Well, it is 4.", False),
        ({"contains": 80}, "It is 80.", True),
        ({"contains": ["80"]}, "It is 480.", False),
        ({"contains": ["80"]}, "It is 80.5.", False),
        ({"contains": ["80"]}, "It is 1.80", False),
        ({"content": "30.0"}, "30", True),
        ({"content": {"a": 1}}, '{"a": 1}', True),
        ({"content": [{"type": "text", "text": "It is "}, "4."]}, "It is 4.", True),
    ],
)
def test_answers_are_right_by_text_json_or_parts(expected: dict[str, Any], text: str, is_right: bool) -> None:
    line = case({"role": "assistant", **expected}, tools=[ADD])
    assert right(line, reply(text=text)) is is_right
    assert not right(line, reply(("add", {"a": 1}), text=text))


def test_calls_that_do_not_fit_are_counted() -> None:
    (read_case,) = read([case(expecting(("add", {"a": 1})), tools=[ADD])])
    (turn,) = turns(read_case)
    message = reply(("add", {"a": "one"}), ("sum", {"a": 1}), ("add", {"a": 3}))
    message.invalid_tool_calls = [invalid_tool_call(name="add", args="{", id="9", error="cut")]
    verdict = judge(turn, message)
    assert (verdict.calls, verdict.valid, verdict.right) == (4, 1, False)
    assert 'add({"a": "one"})' in verdict.written
    assert turn.text == 'add({"a": 1})'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", '"messages"'),
        ('{"messages": [{"content": "x"}]}', '"role"'),
        ('{"messages": [{"role": "user", "content": "x"}]}', "assistant"),
        (case(expecting(("a", {})), tools=["a"]), '"tools"'),
        (case(expecting(("a", {})), tools=[{"function": {}}]), '"name"'),
        (case(expecting(("a", {})), schema=[]), "JSON Schema"),
        (case(expecting(("a", "{"))), "tool call"),
        (case({"role": "assistant", "tool_calls": [{}]}), "tool call"),
        (case({"role": "assistant", "tool_calls": {"name": "a"}}), "a list of tool calls"),
        (case({"role": "assistant", "tool_calls": ["a"]}), "a list of tool calls"),
        (case({"role": "assistant", "tool_call": [{"name": "a"}]}), 'Did you mean "tool_calls"'),
        (case({"role": "assistant", "content": "x"}, tool=[ADD]), 'Did you mean "tools"'),
        (case({"role": "assistant", "tool_calls": [{"name": "a", "argument": {}}]}), 'Did you mean "arguments"'),
        (case({"role": "asistant", "content": "x"}), "'asistant'"),
        (case({"role": "assistant", "content": "x"}, tools=[ADD, ADD]), "two of its tools are called 'add'"),
        (case({"role": "assistant", "content": "x"}, tools=[{"name": "a", "parameters": "x"}]), "no JSON Schema"),
        (case({"role": "assistant", "content": "x"}, schema={"type": "objekt"}), "'objekt'"),
        (case({"role": "assistant", "content": "x", "contains": [{}]}), '"contains"'),
        (case(expecting(("add", None)), {"role": "tool", "content": "1"}, tools=[ADD]), "not the last turn"),
        (case({"role": "assistant", "content": "\\ud83d"}).replace("\\\\", "\\"), "surrogates"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_line_that_is_no_case_is_told_by_its_number(line: str, said: str) -> None:
    with pytest.raises(CaseError, match="line 3 of the cases") as error:
        read([case(expecting(("a", {}))), "", line])
    assert said in str(error.value)


def test_each_turn_is_asked_after_the_true_conversation_and_counted() -> None:
    talk = case(
        expecting(("add", {"a": 1}), ("add", {"a": 2})),
        {"role": "tool", "content": "1"},
        {"role": "tool", "content": "2"},
        {"role": "assistant", "content": "1 and 2"},
        tools=[ADD],
        kind="sums",
    )
    cases = read([talk, talk, case({"role": "assistant", "content": "no"}, kind="talk")])
    asked: list[list[Any]] = []

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **_: Any) -> Any:
            assert tools == [{"type": "function", "function": ADD}]
            return self

        def _generate(self, messages: Any, *_: Any, **__: Any) -> Any:
            asked.append(messages)
            self.messages = iter(
                [reply(("add", {"a": 1}), ("add", {"a": 2})) if len(messages) == 1 else AIMessage("x")]
            )
            return super()._generate(messages)

    seen: list[tuple[int, int]] = []
    report = evaluate(Model(messages=iter([])), cases, progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (5, 5)
    later = next(messages for messages in asked if len(messages) > 1)
    assert [call["id"] for call in later[1].tool_calls] == [message.tool_call_id for message in later[2:]]
    rows = {row.kind: row.shares() for row in report.rows()}
    assert rows["sums"] == {"calls right": 1.0, "arguments valid": 1.0, "answers right": 0.0, "cases right": 0.0}
    assert rows["talk"]["calls right"] is None
    assert report.rows()[0].turns_right == 0.5
    assert report.rows()[-1].cases == 3


def test_a_report_of_nothing_has_no_rows() -> None:
    assert Report().rows() == []
    assert Report().tokens_per_second == 0


def test_the_command_prints_tables_of_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(
        case({"role": "assistant", "content": "", "contains": ["a"]})
        + "\n"
        + case(expecting(("add", None)), tools=[ADD])
    )
    monkeypatch.setattr(sys, "argv", ["agentkit", "eval", "--cases", str(path), "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["guided", "unguided"]
    assert found["guided"]["rows"]["all"]["cases"] == 2
    assert found["guided"]["tokens per second"] > 0


@pytest.mark.parametrize(("text", "said"), [("", "no case"), ("{", "line 1"), (None, "No such file")])
def test_a_file_that_cannot_be_read_is_told(
    text: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.jsonl"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(sys, "argv", ["agentkit", "eval", "--cases", str(path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_lines_end_with_line_feeds_alone(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    odd = json.dumps({"messages": [{"role": "assistant", "content": "a\u2028b\x85c"}]}, ensure_ascii=False)
    path.write_bytes(b"\xef\xbb\xbf" + f"{odd}\r\n\r\n{odd}\n".encode())
    assert [read_case.messages[0]["content"] for read_case in load(path)] == ["a\u2028b\x85c"] * 2


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": ADD},
        {"type": "function", **ADD},
        {"name": "add", "description": "Add.", "input_schema": ADD["parameters"]},
    ],
)
def test_tools_of_other_forms_are_openais(tool: dict[str, Any]) -> None:
    (read_case,) = read([case({"role": "assistant", "content": "x"}, tools=[tool])])
    assert read_case.tools == ({"type": "function", "function": ADD},)


def test_calls_may_be_langchains_and_results_any_json() -> None:
    call = {"name": "add", "args": {"a": 0}, "id": "1", "type": "tool_call"}
    talk = case({"role": "ai", "tool_calls": [call]}, {"role": "tool", "content": 0}, {"role": "ai", "content": "0"})
    (read_case,) = read([talk])
    assert [turn.text for turn in turns(read_case)] == ['add({"a": 0})', "0"]
    assert read_case.messages[2]["content"] == "0"


def test_rows_are_told_apart_and_what_failed_is_counted() -> None:
    class Model(GenericFakeChatModel):
        def _generate(self, messages: Any, *_: Any, **__: Any) -> Any:
            if messages[0].content == "Fail.":
                raise ContextLengthError(2, 1)
            self.messages = iter([AIMessage("yes", response_metadata={"finish_reason": "length"})])
            return super()._generate(messages)

    failing = json.dumps({"messages": [{"role": "user", "content": "Fail."}, {"role": "assistant", "content": "yes"}]})
    said = [case({"role": "assistant", "content": "yes"}, kind=kind) for kind in ("all", "[x]")]
    report = evaluate(Model(messages=iter([])), read([*said, failing]))
    assert [(row.kind, row.cases, row.cut, row.errors) for row in report.rows()] == [
        ("other", 2, 1, 1),
        ("[x]", 1, 1, 0),
        ("all", 3, 2, 1),
    ]
    assert [mistake["kind"] for mistake in report.mistakes(5)] == ["other"]
    assert "ContextLengthError: The prompt has 2 tokens" in report.mistakes(1)[0]["got"]
    assert report.table()["rows"]["all"]["errors"] == 1
    with pytest.raises(ContextLengthError):
        evaluate(Model(messages=iter([])), read([failing]))


def test_the_case_that_the_documentation_shows_is_one() -> None:
    text = (Path(__file__).parent.parent / "docs" / "eval.md").read_text(encoding="utf-8")
    (read_case,) = read(re.findall(r"```json\n(.*?)\n```", text, re.DOTALL))
    assert [turn.text for turn in turns(read_case)] == ['get_weather({"city": "Oslo"})', "3"]
