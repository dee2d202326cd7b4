"""The main job, end to end with the real model: question, call, result, answer."""

from __future__ import annotations

import json
import sys

import pytest
from agentkit.graphs import create_agent
from agentkit.tools import calculator, search
from langchain_core.messages import AIMessage, ToolMessage

from agentkit import ChatHuggingFace, cli

QUESTIONS = [
    ("What is 37593 * 67?", ["calculator"], "2518731"),
    ("Who wrote Dune?", ["search"], "Frank Herbert"),
    ("What is the capital of Peru?", ["search"], "Lima"),
    ("What is 12.5% of 840?", ["calculator"], "105"),
    ("What is the population of France divided by 2?", ["search", "calculator"], "34200000"),
    ("Hello!", [], "Hello"),
]


@pytest.mark.parametrize(("question", "tools", "answer"), QUESTIONS)
def test_the_embedded_model_answers_with_the_right_tools(
    embedded: ChatHuggingFace, question: str, tools: list[str], answer: str
) -> None:
    agent = create_agent(embedded, [calculator, search])
    messages = agent.invoke({"messages": [("human", question)]})["messages"]
    assert [call["name"] for m in messages if isinstance(m, AIMessage) for call in m.tool_calls] == tools
    assert [m.name for m in messages if isinstance(m, ToolMessage)] == tools
    assert all(m.status == "success" for m in messages if isinstance(m, ToolMessage))
    assert answer in messages[-1].text


@pytest.mark.parametrize(("question", "tools", "answer"), [QUESTIONS[0], QUESTIONS[4]])
def test_the_command_line_tells_each_step(
    question: str, tools: list[str], answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["agentkit", "ask", question, "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == [*["tool_call", "tool_result"] * len(tools), "answer"]
    assert [line["name"] for line in lines if line["type"] == "tool_call"] == tools
    assert answer in lines[-1]["content"]
