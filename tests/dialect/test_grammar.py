"""Grammars: a template's own rendering is inside, wrong types are outside, and what a grammar admits reads back."""

from __future__ import annotations

import random
import re
from typing import Any

import jsonschema
import pytest
from llguidance import LLMatcher, LLTokenizer

from agentkit.dialect import Dialect, Syntax
from agentkit.dialect.syntax import fill
from agentkit.relaxed import RelaxedSchemaWarning, tell
from tests.dialect.conversations import TOOLS, assistant, in_schema_order, prompt, written
from tests.dialect.templates import HEADED, OPENED, TEMPLATES, THINKING

ALL = {**TEMPLATES, "thinking": THINKING, "opened": OPENED, "headed": HEADED}
BYTES = LLTokenizer("byte")
SCHEMAS = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}


def accepts(grammar: str, text: str) -> bool:
    matcher = LLMatcher(BYTES, grammar)
    assert not matcher.get_error()
    data = list(text.encode())
    return bool(matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting())


def turn(kind: str, *calls: tuple[str, dict[str, Any]]) -> str:
    text = written(ALL[kind], assistant([(n, in_schema_order(n, a)) for n, a in calls]), "<|over|>")
    return "Hm.</think>\n\n" + text if kind == "opened" else text


@pytest.mark.parametrize("kind", ALL)
def test_the_templates_own_rendering_is_inside_and_wrong_types_outside(kind: str) -> None:
    dialect, lead = Dialect.from_template(ALL[kind]), prompt(ALL[kind])
    assert dialect.syntax.calls is not None
    right = turn(kind, ("get_weather", {"city": "Paris", "days": 3, "unit": "C"}))
    wrong = turn(kind, ("get_weather", {"city": "Paris", "days": "three"}))
    unknown = turn(kind, ("get_wether", {"city": "Paris", "days": 3}))
    forced = dialect.grammar(TOOLS, "any", prompt=lead)
    assert accepts(forced, right)
    assert not accepts(forced, wrong)
    assert not accepts(forced, unknown)
    assert not accepts(forced, "Paris is sunny.")
    assert accepts(dialect.grammar(TOOLS, "get_weather", prompt=lead), right)
    assert not accepts(dialect.grammar(TOOLS, "now", prompt=lead), right)
    auto = dialect.grammar(TOOLS, "auto", prompt=lead)
    assert accepts(auto, right)
    assert not accepts(auto, wrong)
    assert not accepts(auto, unknown)
    said = {"opened": "Hm.</think>\n\n", "headed": "<|channel|>last<|message|>"}.get(kind, "") + "Paris is sunny."
    assert accepts(auto, said)
    assert accepts(dialect.grammar(TOOLS, "none", prompt=lead), said)
    assert not accepts(forced, said)
    if dialect.syntax.calls.parallel:
        two = turn(kind, ("get_weather", {"city": "Paris", "days": 3}), ("run-query", {"sql": "x", "tags": ["a"]}))
        assert accepts(forced, two)
        assert not accepts(dialect.grammar(TOOLS, "any", parallel=False, prompt=lead), two)
        assert not accepts(dialect.grammar(TOOLS, "auto", parallel=False, prompt=lead), two)


def test_headers_go_between_thoughts_and_what_follows_and_may_name_the_recipient_last() -> None:
    dialect = Dialect.from_template(HEADED)
    auto = dialect.grammar(TOOLS, "auto", prompt=prompt(HEADED))
    thought = "<|channel|>inner<|message|>Hm.<|end|><|start|>assistant"
    call = '<|message|>{"city": "Paris", "days": 3}<|call|>'
    for header in (" to=functions.get_weather<|channel|>outer json", "<|channel|>outer to=functions.get_weather json"):
        for lead in ("", thought, thought * 2):
            assert accepts(auto, lead + header + call)
            assert not accepts(auto, lead + header.replace("weather", "wether") + call)
            message = dialect.read(lead + header + call, tools=TOOLS, prompt=prompt(HEADED))
            assert [call["name"] for call in message.tool_calls] == ["get_weather"]
    assert accepts(auto, thought + "<|channel|>last<|message|>Paris is sunny.")
    assert not accepts(auto, "Paris is sunny.")
    answer = dialect.answer_grammar({"type": "integer"}, TOOLS, prompt=prompt(HEADED))
    assert accepts(answer, thought + "<|channel|>last<|message|>7")


def closing_marks(syntax: Syntax) -> list[bytes]:
    """What values and calls end with in this syntax."""
    assert syntax.calls is not None
    patterns = [syntax.calls.call, syntax.calls.close]
    if syntax.calls.arguments:
        patterns += [syntax.calls.arguments.text, syntax.calls.arguments.other]
    keys = [key for schema in SCHEMAS.values() for key in schema.get("properties", {})]
    found = [
        fill(pattern.replace("‹arguments›", "›"), key=key, value="›").rpartition("›")[2].encode()
        for pattern in patterns
        for key in keys
    ]
    return [
        mark for mark in [*dict.fromkeys(found), syntax.reasoning.close.encode() if syntax.reasoning else b""] if mark
    ]


def wandering(grammar: str, rng: random.Random, marks: list[bytes], steps: int = 800) -> str | None:
    """A random text that the grammar admits, or None where none ended in time; what closes something is preferred."""
    matcher, out = LLMatcher(BYTES, grammar), bytearray()
    for _ in range(steps):
        for mark in marks if rng.random() < 0.2 else ():
            if matcher.validate_tokens(list(mark)) == len(mark):
                matcher.consume_tokens(list(mark))
                out += mark
        if matcher.is_accepting() and rng.random() < 0.5:
            return out.decode(errors="replace")
        mask = matcher.compute_bitmask()
        allowed = [i for i in range(256) if mask[i // 8] >> (i % 8) & 1]
        assert not matcher.get_error()
        if not allowed:
            return out.decode(errors="replace") if matcher.is_accepting() else None
        plain = [i for i in allowed if 32 <= i < 127]
        ending = [i for i in allowed if i in b'"}])<,' or chr(i) in "/>"]
        token = rng.choice(ending if ending and rng.random() < 0.4 else plain or allowed)
        assert matcher.consume_token(token), matcher.get_error()
        out.append(token)
    return None


@pytest.mark.parametrize("kind", ALL)
def test_random_walks_through_the_grammar_read_back_into_valid_calls(kind: str) -> None:
    dialect, lead, rng = Dialect.from_template(ALL[kind]), prompt(ALL[kind]), random.Random(kind)
    grammar = dialect.grammar(TOOLS, "any", prompt=lead)
    ended = 0
    for _ in range(25):
        text = wandering(grammar, rng, closing_marks(dialect.syntax))
        if text is None or re.search(r"[0-9][eE][+-]?[0-9]{3}", text):  # no float: the engine ends exponents before
            continue
        ended += 1
        message = dialect.read(text, tools=TOOLS, prompt=lead)
        assert message.invalid_tool_calls == [], text
        assert message.tool_calls, text
        for call in message.tool_calls:
            jsonschema.validate(call["args"], SCHEMAS[call["name"]])
    assert ended > 5


def test_marks_that_are_one_token_are_held_to_it() -> None:
    class Tokenizer:
        def get_added_vocab(self) -> dict[str, int]:
            return {"<call>": 501, "</call>": 502}

    grammar = Dialect.from_template(TEMPLATES["json in tags"]).grammar(TOOLS, "any", tokenizer=Tokenizer())
    assert "<[501]>" in grammar
    assert "<[502]>" in grammar


def test_an_answer_is_held_to_its_schema() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    dialect = Dialect.from_template(TEMPLATES["json in tags"])
    assert accepts(dialect.answer_grammar(schema), '{"n": 3}')
    assert not accepts(dialect.answer_grammar(schema), '{"n": "3"}')
    assert not accepts(dialect.answer_grammar(schema), '{"n": 3, "m": 4}')
    called = turn("json in tags", ("now", {}))
    assert not accepts(dialect.answer_grammar(schema), called)
    assert accepts(dialect.answer_grammar(schema, TOOLS), called)
    thinking = Dialect.from_template(OPENED)
    assert accepts(thinking.answer_grammar(schema, prompt=prompt(OPENED)), 'I count {"n": "x"}.</think>\n\n{"n": 3}')


def test_a_choice_that_is_not_offered_is_told() -> None:
    with pytest.raises(ValueError, match="get_weather, run-query, now"):
        Dialect.from_template(TEMPLATES["json in tags"]).grammar(TOOLS, "no_such_tool")


@pytest.mark.parametrize("kind", ["python", "arguments as a string", "function tags", "own quotes"])
def test_a_pattern_that_needs_what_a_notation_escapes_is_told_and_no_dead_end(kind: str) -> None:
    path = {"type": "string", "pattern": r'^[A-Z]:\\"<[a-z]$'}
    tool = {"name": "f", "parameters": {"type": "object", "properties": {"path": path}, "required": ["path"]}}
    tell.cache_clear()
    with pytest.warns(RelaxedSchemaWarning, match="path.pattern"):
        grammar = Dialect.from_template(ALL[kind]).grammar([{**tool, "description": kind}], "any")
    assert not LLMatcher(BYTES, grammar).get_error()
    assert any(
        wandering(grammar, random.Random(seed), closing_marks(Dialect.from_template(ALL[kind]).syntax))
        for seed in range(9)
    )
