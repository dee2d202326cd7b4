"""A tokenizer's own `response_template` wins over what its chat template shows."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit.dialect import Dialect, author
from tests.dialect.conversations import TOOLS
from tests.dialect.templates import NO_TOOLS, TEMPLATES, turn
from tests.dialect.test_prompt import make_tokenizer

JSON = {"open": "<<CALL>>", "close": "<</CALL>>", "repeats": True, "content": "json"}
XML = {
    "open_pattern": r"\s*<CALL>\s*<f=(?P<name>[^>\n]+)>",
    "close_pattern": r"</f>\s*</CALL>",
    "content": "xml-inline",
    "content_args": {"tag_pattern": r"<p=(?P<key>[^>\n]+)>\s*(?P<value>.*?)\s*</p>"},
    "transform": {"type": "function", "function": {"name": "{name}", "arguments": "{content}"}},
}
QUOTED = {
    "open_pattern": r"<\|call>call:(?P<name>\w+)",
    "close": "<call|>",
    "content": "json",
    "content_args": {"unquoted_keys": True, "string_delims": [["<|'|>", "<|'|>"]]},
}
NAMED = {"open_pattern": r"<\|to\|>(?P<name>\w+)<\|with\|>", "close": "<|now|>", "content": "json"}


def spec(**fields: Any) -> dict[str, Any]:
    return {"start_anchor": "<turn>assistant\n", "fields": {"content": {"close": "</turn>"}, **fields}}


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        (JSON, '<<CALL>>{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}<</CALL>>'),
        (XML, "<CALL>\n<f=get_weather>\n<p=city>\nOslo\n</p>\n<p=days>\n2\n</p>\n</f>\n</CALL>"),
        (QUOTED, "<|call>call:get_weather{city:<|'|>Oslo<|'|>,days:2}<call|>"),
        (NAMED, '<|to|>get_weather<|with|>{"city": "Oslo", "days": 2}<|now|>'),
    ],
)
def test_calls_that_the_template_never_renders(calls: dict[str, Any], text: str) -> None:
    tokenizer = make_tokenizer(NO_TOOLS)
    tokenizer.response_template = spec(tool_calls=calls, reasoning_content={"open": "<hm>", "close": "</hm>"})
    message = Dialect.from_tokenizer(tokenizer).read(f"<hm>I see.</hm>Well.\n{text}", tools=TOOLS)
    assert [(c["name"], c["args"]) for c in message.tool_calls] == [("get_weather", {"city": "Oslo", "days": 2})]
    assert message.additional_kwargs["reasoning_content"] == "I see."
    assert message.content == "Well."


def test_what_the_template_shows_of_the_same_marks_stays() -> None:
    shown = Dialect.from_template(TEMPLATES["json in tags"]).syntax
    same = {"open": "<call>", "close": "</call>", "content": "json"}
    assert author.apply(shown, spec(tool_calls=same)) == shown


@pytest.mark.parametrize(
    "template", [None, {}, {"fields": 3}, spec(tool_calls={"open_pattern": "(a|b)+"}), spec(tool_calls=3)]
)
def test_what_cannot_be_used_changes_nothing(template: Any) -> None:
    shown = Dialect.from_template(turn("{{ m.content }}")).syntax
    assert author.apply(shown, template) == shown
