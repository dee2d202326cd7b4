"""Pieces of text, joined, are the text; and stop strings never show."""

from __future__ import annotations

import itertools
import random

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from agentkit.engine import Request
from agentkit.engine.detokenize import Detokenizer, StopStrings, token_text

from .conftest import generate, make_model, make_tokenizer


def make_sentencepiece():
    """Like Llama 2's: spaces are part of the words, unknown characters fall back to bytes, and a leading space goes."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁the", "▁fox", "s", "é", "the"]
    pieces += [chr(code) for code in range(ord("a"), ord("s"))]
    backend = Tokenizer(
        models.BPE({piece: n for n, piece in enumerate(pieces)}, [], byte_fallback=True, unk_token="<unk>")
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    backend.add_special_tokens(["<s>", "</s>"])
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>", unk_token="<unk>")


SENTENCEPIECE = make_sentencepiece()


def _pieces(tokenizer, prompt, ids):
    detokenizer = Detokenizer(tokenizer, prompt)
    return [*(detokenizer.push(token_id) for token_id in ids), detokenizer.flush()]


@pytest.mark.parametrize("tokenizer", [make_tokenizer(), SENTENCEPIECE], ids=["bytes", "sentencepiece"])
@settings(max_examples=60, deadline=None)
@given(prompt=st.text(min_size=1, max_size=8), text=st.text(max_size=20))
def test_any_text_comes_back(tokenizer, prompt, text):
    before = tokenizer.encode(prompt, add_special_tokens=False)
    after = tokenizer.encode(prompt + text, add_special_tokens=False)
    if after[: len(before)] != before or not before:
        return
    whole, known = token_text(tokenizer, after), token_text(tokenizer, before)
    if known.endswith("\ufffd"):
        return
    assert known + "".join(_pieces(tokenizer, before, after[len(before) :])) == whole


def test_a_leading_space_is_kept():
    prompt = SENTENCEPIECE.encode("the", add_special_tokens=False)
    fox = SENTENCEPIECE.convert_tokens_to_ids(["▁fox", "▁the", "s"])
    assert _pieces(SENTENCEPIECE, prompt, fox) == [" fox", " the", "s", ""]


def test_characters_come_whole_and_as_soon_as_they_can():
    tokenizer = make_tokenizer()
    ids = tokenizer.encode("a€b🦊", add_special_tokens=False)
    assert len(ids) == 9
    assert _pieces(tokenizer, [5], ids) == ["a", "", "", "€", "b", "", "", "", "🦊", ""]
    assert _pieces(tokenizer, [5], ids[:-1]) == ["a", "", "", "€", "b", "", "", "", "\ufffd"]


def test_bytes_that_are_no_text_do_not_pile_up():
    tokenizer = make_tokenizer()
    rng = random.Random(1)
    broken = tokenizer.convert_tokens_to_ids(tokenizer.tokenize("\u0100"))[:1] * 300
    assert "".join(_pieces(tokenizer, [5], broken)) == "\ufffd" * 300
    assert max(len(piece) for piece in _pieces(tokenizer, [5], broken)) < 80
    for _ in range(30):
        ids = [rng.randrange(2, len(tokenizer)) for _ in range(60)]
        assert "".join(_pieces(tokenizer, [5], ids)) == tokenizer.decode(ids)


def test_special_tokens_are_visible():
    assert _pieces(make_tokenizer(), [5], [1]) == ["<|end|>", ""]


@settings(max_examples=200, deadline=None)
@given(
    text=st.text("abc", max_size=20),
    stop=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
    cuts=st.lists(st.integers(0, 20)),
)
def test_stop_strings_in_any_split(text, stop, cuts):
    """Same result however the text is cut: it ends before the stop string that is complete first."""
    borders = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    strings, shown, stopped = StopStrings(stop), "", False
    for begin, end in itertools.pairwise(borders):
        piece, stopped = strings.push(text[begin:end])
        shown += piece
        assert not any(one in shown for one in stop)
        if stopped:
            break
    ends = [text.find(one) + len(one) for one in stop if one in text]
    assert stopped == bool(ends)
    if not stopped:
        assert shown + strings.flush() == text
    else:
        starts = [text.find(one) for one in stop if one in text]
        assert min(starts) <= len(shown) <= max(starts)
        assert text.startswith(shown)
        assert any(text[len(shown) :].startswith(one) for one in stop)


def test_a_stop_string_across_tokens(engine):
    tokenizer, local = make_tokenizer(), engine()
    prompt = next(
        prompt
        for prompt in ([n, n + 1, n + 2] for n in range(5, 99))
        if len(generate(make_model("full"), prompt, 40)) == 40
    )
    ids = generate(make_model("full"), prompt, 40)
    whole = tokenizer.decode(ids)
    borders = {len(tokenizer.decode(ids[:n])) for n in range(len(ids))}
    at = next(
        n
        for n in range(8, len(whole) - 3)
        if n + 1 in borders and whole.find(whole[n : n + 3]) == n and "\ufffd" not in whole[n : n + 3]
    )
    stop = whole[at : at + 3]
    stream = local.submit(Request(prompt, max_tokens=40, stop=("not in it", stop)))
    assert "".join(token.text for token in stream) == whole[:at]
    assert stream.finish.reason == "stop"
    assert len(tokenizer.decode(list(stream.finish.token_ids))) >= at + 3
    # The end comes before the stop string is complete: what was held back is text after all.
    cut = len(stream.finish.token_ids) - 1
    stream = local.submit(Request(prompt, max_tokens=cut, stop=(stop,)))
    assert "".join(token.text for token in stream) == tokenizer.decode(ids[:cut])
    assert stream.finish.reason == "length"
    # Nothing ends the text before `min_tokens`.
    stream = local.submit(Request(prompt, max_tokens=40, min_tokens=40, stop=(stop,)))
    assert "".join(token.text for token in stream) == whole
