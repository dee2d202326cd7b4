"""Calls rendered by a template read back equal, whole or in pieces; nothing that a model writes raises or is lost."""

from __future__ import annotations

import functools
import itertools
import json
import operator
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from agentkit.dialect import Dialect
from tests.dialect.conversations import TOOLS, assistant, call, prompt, written
from tests.dialect.templates import HEADED, OPENED, TEMPLATES, THINKING

ALL = {**TEMPLATES, "thinking": THINKING, "opened": OPENED, "headed": HEADED}


def calls_of(message: Any) -> list[tuple[str, str]]:
    return [(c["name"], json.dumps(c["args"], sort_keys=True, ensure_ascii=False)) for c in message.tool_calls]


def summary(message: Any) -> tuple[Any, ...]:
    return message.content, message.additional_kwargs.get("reasoning_content", ""), calls_of(message)


def streamed(dialect: Dialect, text: str, cuts: list[int], tail: str) -> Any:
    """What the chunks of a stream add up to; the text is cut at these places."""
    reader = dialect.reader(tools=TOOLS, prompt=tail)
    places = [0, *sorted({min(cut, len(text)) for cut in cuts}), len(text)]
    chunks = [c for a, b in itertools.pairwise(places) for c in reader.feed(text[a:b])]
    chunks += reader.close()
    return functools.reduce(operator.add, chunks) if chunks else AIMessage("")


@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=40, deadline=None)
@given(calls=st.lists(call, min_size=1, max_size=3), data=st.data())
def test_rendered_calls_read_back_equal_in_any_pieces(kind: str, calls: list[Any], data: st.DataObject) -> None:
    dialect = Dialect.from_template(ALL[kind])
    assert dialect.syntax.calls is not None
    calls = calls if dialect.syntax.calls.parallel else calls[:1]
    lead = prompt(ALL[kind])
    text = written(ALL[kind], assistant(calls), dialect.syntax.end_of_turn)
    text = "".join(["</think>\n\n" if kind == "opened" else "", text])
    message = dialect.read(text, tools=TOOLS, prompt=lead)
    assert calls_of(message) == [(n, json.dumps(a, sort_keys=True, ensure_ascii=False)) for n, a in calls]
    assert message.content == ""
    assert message.invalid_tool_calls == []
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    assert summary(streamed(dialect, text, cuts, lead)) == summary(message)


@pytest.mark.parametrize("kind", ALL)
def test_text_thought_and_calls_are_told_apart(kind: str) -> None:
    dialect = Dialect.from_template(ALL[kind])
    calls = [("get_weather", {"city": "São Tomé", "days": 2})]
    text = written(ALL[kind], assistant(calls), dialect.syntax.end_of_turn)
    thought = ""
    if dialect.syntax.reasoning:
        thought = "Let me think\nabout it."
        opened = "" if kind == "opened" else dialect.syntax.reasoning.open
        between = dialect.syntax.header if kind == "headed" else "\n\n"
        text = f"{opened}{thought}{dialect.syntax.reasoning.close}{between}{text}"
    elif kind != "bare json":
        text = f"One moment.\n{text}"
    message = dialect.read(text, tools=TOOLS, prompt=prompt(ALL[kind]))
    assert calls_of(message) == [("get_weather", '{"city": "São Tomé", "days": 2}')]
    assert message.additional_kwargs.get("reasoning_content", "") == thought
    assert message.content == ("One moment." if not thought and kind != "bare json" else "")


@pytest.mark.parametrize("kind", ALL)
def test_plain_text_streams_at_once(kind: str) -> None:
    dialect = Dialect.from_template(ALL[kind])
    reader = dialect.reader(tools=TOOLS)
    reader.feed(dialect.syntax.content_open)
    text = "Paris is the capital of France, and has been for long. " * 3
    early = "".join(str(c.content) for i in range(0, len(text), 4) for c in reader.feed(text[i : i + 4]))
    assert len(early) >= len(text) - 2


def mutated(text: str, rng: random.Random) -> str:
    """The text with pieces dropped, doubled, swapped or replaced, and perhaps cut off."""
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.randint(0, len(text)) for _ in range(2))
        change = rng.randint(0, 4)
        if change == 0:
            text = text[:a] + text[min(b, a + 6) :]
        elif change == 1:
            text = text[:b] + text[a:b] + text[b:]
        elif change == 2:
            text = text[:a] + rng.choice(["<", "</", "{", "}", '"', "\\", "[", "\n", "<call>", "é", "\x00"]) + text[a:]
        elif change == 3:
            text = text[:a]
        else:
            text = text[b:] + text[a:b] + text[:a]
    return text


@pytest.mark.parametrize("kind", ALL)
def test_broken_output_never_raises_and_streams_as_it_reads(kind: str) -> None:
    dialect, lead, rng = Dialect.from_template(ALL[kind]), prompt(ALL[kind]), random.Random(kind)
    base = [("get_weather", {"city": "A b", "days": 3, "metric": True}), ("run-query", {"sql": "x\ny", "tags": ["a"]})]
    text = written(ALL[kind], assistant(base[: 2 if dialect.syntax.calls.parallel else 1]), "")  # type: ignore[union-attr]
    for _ in range(550):
        broken = mutated("Well: " + text + " so.", rng)
        message = dialect.read(broken, tools=TOOLS, prompt=lead)
        cuts = [rng.randint(0, len(broken)) for _ in range(rng.randint(0, 8))]
        assert summary(streamed(dialect, broken, cuts, lead)) == summary(message), broken
        shown = (
            str(message.content) + str(message.additional_kwargs) + str(message.tool_calls + message.invalid_tool_calls)
        )
        assert shown.strip() or not broken.strip()


@pytest.mark.parametrize("kind", ALL)
def test_a_call_cut_off_is_an_invalid_call(kind: str) -> None:
    dialect = Dialect.from_template(ALL[kind])
    text = written(ALL[kind], assistant([("get_weather", {"city": "Oslo and more", "days": 3})]), "")
    lead = prompt(ALL[kind])
    if kind == "opened":
        text = "</think>" + text
    reader = dialect.reader(tools=TOOLS, prompt=lead)
    chunks = [*reader.feed(text[: text.index("Oslo") + 7]), *reader.close(cut_off=True)]
    message, total = reader.message(), functools.reduce(operator.add, chunks)
    assert message.tool_calls == []
    assert total.tool_calls == []
    assert [c["name"] for c in message.invalid_tool_calls] == ["get_weather"]
    assert message.invalid_tool_calls[0]["error"] == "The output ended before the call did."
    assert [c["name"] for c in total.invalid_tool_calls] == ["get_weather"]
