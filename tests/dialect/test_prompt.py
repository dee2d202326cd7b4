"""Prompts: content is never control, and what a template refuses is adapted or told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AddedToken, PreTrainedTokenizerFast

from agentkit import PromptError
from agentkit.dialect import Dialect
from tests.dialect.conversations import TOOLS, USER, assistant
from tests.dialect.templates import HEADED, NO_TOOLS, TEMPLATES

SPECIAL = ["<|turn|>", "<|over|>", "<|end|>", "<s>", "[CALL]"]
MARKS = ["<call>", "</call>", "<think>"]
"""Added tokens that aren't special, as many tokenizers have them."""


def make_tokenizer(template: str) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    backend.train_from_iterator(["over turn call <|ov er|> <|tu"], trainer)
    backend.add_special_tokens([AddedToken(text, special=True) for text in SPECIAL])
    backend.add_tokens([AddedToken(text, special=False, normalized=False) for text in MARKS])
    return PreTrainedTokenizerFast(tokenizer_object=backend, chat_template=template, eos_token="<|over|>")


TOKENIZER = make_tokenizer(TEMPLATES["json in tags"] + "{# <think> #}")
DIALECT = Dialect.from_tokenizer(TOKENIZER)
CONTROL = set(TOKENIZER.get_added_vocab().values())

piece = st.sampled_from(
    [*SPECIAL, *MARKS, "<|", "|>", "<", ">", "<|o", "ver|>", "</", "call", "[CA", "LL]", " ", "é", "\n", "x"]
)
hostile = st.lists(piece, max_size=8).map("".join)


def conversation(a: str, b: str, c: str, d: str, e: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Five texts in every field that a person or a tool can write."""
    tool = {
        "name": f"f{d}",
        "description": e,
        "parameters": {"type": "object", "properties": {f"k{c}": {"description": b}}},
    }
    turns = [
        {"role": "system", "content": a},
        {"role": "user", "content": b, "name": a},
        assistant([(f"f{d}", {f"k{c}": e, "n": {f"m{a}": [b]}})], content=c),
        {"role": "tool", "content": d, "tool_call_id": e, "name": f"f{d}"},
        {"role": "user", "content": e},
    ]
    return turns, [{"type": "function", "function": tool}]


@settings(max_examples=300, deadline=None)
@given(st.tuples(hostile, hostile, hostile, hostile, hostile))
def test_content_is_not_control(texts: tuple[str, str, str, str, str]) -> None:
    turns, tools = conversation(*texts)
    prompt = DIALECT.prompt(turns, tools)
    harmless = DIALECT.prompt(*conversation("a", "b", "c", "d", "e"))
    assert prompt.ids is not None
    assert harmless.ids is not None
    assert sum(i in CONTROL for i in prompt.ids) == sum(i in CONTROL for i in harmless.ids)
    assert TOKENIZER.decode(prompt.ids) == prompt.text


def test_harmless_text_is_tokenized_as_transformers_does() -> None:
    turns, tools = conversation("Be brief.", "What is 2 < 3?", "one\ntwo", "d", "é")
    prompt = DIALECT.prompt(turns, tools)
    theirs = TOKENIZER.apply_chat_template(turns, tools=tools, add_generation_prompt=True, return_dict=False)
    assert list(prompt.ids or ()) == theirs


def test_a_template_without_tools_is_told_of_them_and_read_back() -> None:
    dialect = Dialect.from_template(NO_TOOLS)
    assert dialect.syntax.tools == "plain"
    turns = [
        {"role": "system", "content": "Be brief."},
        USER,
        assistant([("get_weather", {"city": "Oslo", "days": 1})]),
        {"role": "tool", "content": "sunny", "tool_call_id": "1"},
        {"role": "tool", "content": "warm", "tool_call_id": "2"},
    ]
    text = dialect.prompt(turns, TOOLS).text
    user, _, rest = text.partition("<turn>assistant\n")
    assert "Be brief." in user
    assert all(json.dumps(tool["function"]) in user for tool in TOOLS)
    written, _, results = rest.partition("</turn>")
    assert [(c["name"], c["args"]) for c in dialect.read(written).tool_calls] == [
        ("get_weather", {"city": "Oslo", "days": 1})
    ]
    assert results.count("<turn>user") == 1
    assert results.index("sunny") < results.index("warm")
    assert text.endswith("<turn>assistant\n")


def test_roles_that_must_alternate_are_joined() -> None:
    text = Dialect.from_template(NO_TOOLS).prompt([USER, {"role": "user", "content": "And you?"}]).text
    assert text == "<turn>user\nHello there.\n\nAnd you?</turn>\n<turn>assistant\n"


def test_what_cannot_be_adapted_is_told_with_the_templates_words() -> None:
    with pytest.raises(PromptError, match="one call at most"):
        Dialect.from_template(TEMPLATES["bare json"]).prompt([USER, assistant([("now", {}), ("now", {})])], TOOLS)


def test_arguments_go_in_as_the_template_reads_them() -> None:
    strings = TEMPLATES["json in tags"].replace("c.function.arguments | tojson", "c.function.arguments")
    dialect = Dialect.from_template(strings)
    assert dialect.syntax.template_arguments == "string"
    assert '"arguments": {"city": "Oslo"}' in dialect.prompt([USER, assistant([("f", {"city": "Oslo"})])]).text


def test_a_template_that_is_not_jinja_is_an_error() -> None:
    with pytest.raises(ValueError, match="not valid Jinja, line 2"):
        Dialect.from_template("a\n{% if %}")
    with pytest.raises(ValueError, match="no chat template"):
        Dialect.from_tokenizer(PreTrainedTokenizerFast(tokenizer_object=TOKENIZER.backend_tokenizer))


def test_syntax_serialises() -> None:
    from agentkit.dialect import Syntax

    for template in [*TEMPLATES.values(), HEADED, NO_TOOLS]:
        syntax = Dialect.from_template(template).syntax
        assert Syntax.from_json(syntax.to_json()) == syntax
    with pytest.raises(ValueError, match="colour"):
        Syntax.from_json('{"colour": 1}')


def test_contents_of_parts_are_joined_in_parts() -> None:
    """A template that knows no system turn and wants roles to alternate, asked with a picture."""
    template = (
        "{% for m in messages %}{% if m.role == 'system' or (loop.index0 % 2 == 0) != (m.role == 'user') %}"
        "{{ raise_exception('no') }}{% endif %}<|{{ m.role }}|>{% if m.content is string %}{{ m.content }}{% else %}"
        "{% for part in m.content %}{{ part.text or '<image>' }};{% endfor %}{% endif %}<|over|>{% endfor %}"
    )
    picture = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Look."}, picture]
    text = Dialect.from_template(template).prompt(turns, add_generation_prompt=False).text
    assert text == "<|user|>Be brief.\n\nLook.;<image>;What is it?;<|over|>"


def test_a_template_that_refuses_everything_says_so() -> None:
    with pytest.raises(PromptError, match="not today"):
        Dialect.from_template("{{ raise_exception('not today') }}")
