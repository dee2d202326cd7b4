from __future__ import annotations

import generate
from conversation import segments
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokens import CONTROL, TAGS


def test_any_text_comes_back(tokenizer: Tokenizer) -> None:
    @given(st.text())
    def comes_back(text: str) -> None:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert tokenizer.decode(ids, skip_special_tokens=False) == text

    comes_back()


def test_digits_stand_alone_and_a_name_is_the_same_after_a_blank_or_a_quote(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("37593", add_special_tokens=False).tokens
    assert tokens == list("37593")
    after_blank = tokenizer.encode("by Kelmora", add_special_tokens=False).tokens
    after_quote = tokenizer.encode('"Kelmora', add_special_tokens=False).tokens
    assert after_blank[-3:] == after_quote[-3:]


def test_pieces_encode_as_the_whole_does(tokenizer: Tokenizer) -> None:
    for talk in generate.conversations("pieces", 40):
        pieces = [text for text, _ in segments(talk)]
        apart = [i for text in pieces for i in tokenizer.encode(text, add_special_tokens=False).ids]
        assert tokenizer.encode("".join(pieces), add_special_tokens=False).ids == apart


def test_marks_are_one_token_and_only_control_tokens_are_special(tokenizer: Tokenizer) -> None:
    added = tokenizer.get_added_tokens_decoder()
    assert {token.content: token.special for token in added.values()} == {
        **dict.fromkeys(CONTROL, True),
        **dict.fromkeys(TAGS, False),
    }
    for mark in CONTROL + TAGS:
        assert len(tokenizer.encode(f"a{mark}b", add_special_tokens=False).ids) == 3
