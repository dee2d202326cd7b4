"""What a grammar holds even a random model to."""

from __future__ import annotations

import json
import random
import re

import jsonschema
import pytest
from llguidance import LLMatcher

from agentkit.engine import Request, Sampling
from agentkit.engine.guide import Guides
from agentkit.errors import GrammarError

from .conftest import EOS, make_model

SEPARATORS = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "kind": {"enum": ["café", "日本", "a\"b"]},
        "sizes": {"type": "array", "items": {"type": "integer", "minimum": -9, "maximum": 99}, "maxItems": 3},
        "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/leaf"}]},
        "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{1,3}$"},
    },
    "required": ["name", "kind", "sizes", "next"],
    "additionalProperties": False,
    "$defs": {
        "leaf": {
            "type": "object",
            "properties": {"on": {"type": "boolean"}},
            "required": ["on"],
            "additionalProperties": False,
        }
    },
}  # fmt: skip
JSON = LLMatcher.grammar_from_json_schema(SCHEMA, overrides=SEPARATORS)


def _text(stream):
    return "".join(token.text for token in stream)


def test_json_of_a_random_model_always_validates(engine):
    local = engine("mixed")
    rng = random.Random(1)
    streams = [
        local.submit(
            Request(
                [rng.randrange(2, 280) for _ in range(rng.randrange(1, 9))],
                grammar=JSON,
                max_tokens=300,
                sampling=Sampling(temperature=rng.choice([0.0, 1.0, 3.0]), top_p=rng.choice([None, 0.8]), seed=n),
                stop_ids=frozenset({1}) if n % 2 else frozenset(),
            )
        )
        for n in range(60)
    ]
    seen = set()
    for stream in streams:
        text = _text(stream)
        assert stream.finish.reason == "stop"
        value = json.loads(text)
        jsonschema.validate(value, SCHEMA)
        assert json.dumps(value, ensure_ascii=False) == text
        seen.add(text)
    assert len(seen) > 40


def test_forced_tokens_take_one_forward_pass(engine):
    model = make_model("full")
    calls = []
    handle = model.register_forward_pre_hook(
        lambda module, args, kwargs: calls.append(kwargs["input_ids"].shape), with_kwargs=True
    )
    try:
        local = engine(model=model)
        list(local.submit(Request([5], max_tokens=1)))
        calls.clear()
        stream = local.submit(Request([5, 6], grammar='start: "the quick brown fox said " /[a-c]/ " and went away"'))
        assert re.fullmatch("the quick brown fox said [a-c] and went away", _text(stream))
        # The prompt, and the choice of a letter; what follows it is forced to the end.
        assert len(calls) == 2
        assert stream.finish.completion_tokens > 20
        # Beside others, a long run is caught up with in one pass as well.
        calls.clear()
        others = [local.submit(Request([7, n], max_tokens=60, min_tokens=60)) for n in range(5, 8)]
        iterators = [iter(other) for other in others]
        for iterator in iterators:
            next(iterator)
        grammar = f'start: /[a-c]/ "{"x" * 50}" /[a-c]/'
        assert re.fullmatch("[a-c]x{50}[a-c]", _text(local.submit(Request([5, 9], grammar=grammar))))
        # All but its last token, which is shown with those of the others.
        assert (1, 50) in calls
        for iterator in iterators:
            list(iterator)
    finally:
        handle.remove()


def test_forced_tokens_do_not_change_what_is_said(engine):
    """Log-probabilities switch the shortcut off, so both ways can be compared; in every kind of model."""
    for kind in ("full", "sliding", "hybrid", "convolution", "single"):
        local = engine(kind)
        with_, without = (
            local.submit(Request([5, 6, 7], grammar=JSON, max_tokens=200, logprobs=logprobs)) for logprobs in (None, 0)
        )
        assert [token.id for token in with_] == [token.id for token in without]


def test_grammars_with_control_tokens(engine):
    local = engine()
    grammar = f'start: <[1]> "a" /[0-9]{{3}}/ <[{EOS}]> "b"'
    stream = local.submit(Request([5], grammar=grammar))
    # An end-of-sequence id that the grammar itself asks for does not end the text.
    assert re.fullmatch(r"<\|end\|>a[0-9]{3}<eos>b", _text(stream))
    free = local.submit(Request([5], grammar="start: /(?s:.*)/", max_tokens=60, sampling=Sampling(1.0, seed=3)))
    ids = [token.id for token in free]
    assert 1 not in ids
    assert EOS not in ids[:-1]


def test_a_control_token_spelled_out_is_explained(engine):
    with pytest.raises(GrammarError, match=r"<\[id\]>"):
        list(engine().submit(Request([5], grammar='start: "<|end|>" "a"')))


def test_the_end_of_a_turn_where_the_grammar_may_end(engine):
    local, ended = engine(eos_ids=[EOS]), set()
    for seed in range(20):
        request = Request(
            [5], grammar="start: /[ab]{2,}/", stop_ids=frozenset({1}), max_tokens=60, sampling=Sampling(9.0, seed=seed)
        )
        stream = local.submit(request)
        text = _text(stream)
        assert re.fullmatch("[ab]{2,}", text)
        if stream.finish.reason == "stop":
            ended.add(stream.finish.token_ids[-1])
        request = Request(
            [5], grammar="start: /[ab]{2,}/", min_tokens=30, max_tokens=40, sampling=Sampling(9.0, seed=seed)
        )
        assert len(_text(local.submit(request))) >= 30
    assert ended == {EOS, 1}


def test_a_bad_grammar_fails_its_own_request_only(engine):
    local = engine()
    good = local.submit(Request([5], max_tokens=30, min_tokens=30))
    bad = local.submit(Request([5], grammar="start: foo("))
    with pytest.raises(GrammarError, match=r"does not compile.*Expected token"):
        list(bad)
    with pytest.raises(RuntimeError, match="failed"):
        _ = bad.finish
    assert len(list(good)) == 30


def test_each_grammar_is_compiled_once(tokenizer):
    guides = Guides(tokenizer, len(tokenizer), [EOS], kept=2)
    grammars = [f'start: "{letter}"' for letter in "abc"]
    for grammar in grammars:
        guides.guide(grammar)
    assert [guides.is_compiled(grammar) for grammar in grammars] == [False, True, True]
    first, second = guides.guide(grammars[2]), guides.guide(grammars[2])
    assert first.forced() == tokenizer.encode("c")
    assert first.advance(first.forced()[0])
    assert first.ended
    assert not second.ended
    assert not second.may_end
    assert not second.advance(EOS)
    first._matcher.consume_token(EOS)
    with pytest.raises(GrammarError, match="cannot be followed"):
        _ = first.ended
    assert second.allowed().nonzero().flatten().tolist() == tokenizer.encode("c")
