"""Texts that go nowhere are noticed, and a grammar leads them on."""

from __future__ import annotations

import copy
import json

import torch
from hypothesis import given
from hypothesis import strategies as st

from agentkit.engine import Request
from agentkit.engine.loops import Loops

from .conftest import make_model, make_tokenizer

ANSWER = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "number": {"type": "integer"},
        "names": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["text", "number", "names"],
    "additionalProperties": False,
}
JSON = "start: %json " + json.dumps({**ANSWER, "x-guidance": {"whitespace_flexible": False}})


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=20), st.data())
def test_a_run_that_repeats_itself_is_noticed_however_it_comes(before, run, data):
    ids = [10, 11, *before, *run * (48 // len(run) + 5)]
    loops, at = Loops(patience=48), 2
    noticed = False
    while at < len(ids):
        at = min(len(ids), at + data.draw(st.integers(1, 9)))
        noticed = loops.watch(ids[:at], begin=2)
    assert noticed


@given(st.lists(st.integers(0, 10**9), unique=True, min_size=60, max_size=200))
def test_what_does_not_repeat_itself_is_let_be(ids):
    assert not Loops(patience=48).watch(ids, begin=0)


def test_digits_without_end_are_noticed():
    loops = Loops(patience=48)
    for text in ("in 2024: ", "12" * 20, "3" * 20, "4"):
        loops.read(text)
    assert not loops.is_long_number
    loops.read("5555")
    assert loops.is_long_number
    loops.read(",")
    assert not loops.is_long_number


def test_exponents_without_end_are_noticed_in_numbers():
    for text, noticed in (
        ('{"x": 1e9', False),
        ('{"x": 1e99', True),
        ("[3, -2.5E+30", True),
        ('{"id": "1e45', False),
        ('"sha1:1e45', True),  # the grammar tells it from a number
        ("in 1e", False),
    ):
        loops = Loops(patience=48)
        for char in text:
            loops.read(char)
        assert loops.is_large_number == noticed, text


def _stuck():
    """A model that says the same thing always, and least of all what ends a string."""
    model, tokenizer = copy.deepcopy(make_model("full")), make_tokenizer()
    with torch.no_grad():
        model.model.embed_tokens.weight.fill_(1.0)
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        for token_id in range(len(tokenizer)):
            if '"' in tokenizer.decode([token_id]):
                model.lm_head.weight[token_id] = -1.0
    return model


def test_strings_numbers_and_lists_end_though_the_model_never_ends_them(engine, monkeypatch):
    local = engine(model=_stuck())

    def answer(grammar=JSON):
        stream = local.submit(Request([5, 6, 7], grammar=grammar, max_tokens=700))
        return "".join(token.text for token in stream), stream.finish

    text, finish = answer()
    assert finish.reason == "stop"
    assert set(json.loads(text)) == {"text", "number", "names"}
    # Where the text may end, going nowhere is the model's own affair.
    assert answer("start: /(?s:.*)/")[1].reason == "length"
    monkeypatch.setattr(Loops, "watch", lambda *args, **kwargs: False)
    assert answer()[1].reason == "length"
