"""Long texts keep their beginning and their end."""

from __future__ import annotations

import time

from agentkit.graphs.clipping import clipped
from hypothesis import given
from hypothesis import strategies as st

from agentkit import ChatHuggingFace


@given(st.text(min_size=1), st.integers(0, 40), st.integers(1, 3))
def test_what_is_left_has_no_more_tokens_than_asked(piece: str, tokens: int, repeated: int) -> None:
    text = piece * repeated * 10

    def count(part: str) -> int:  # a token a byte
        return len(part.encode())

    short = clipped(text, tokens, count)
    if count(text) <= tokens:
        assert short == text
        return
    head, left_out, tail = (short.rpartition("\n[…")[0], *short.rpartition("\n[…")[2].partition("]\n")[1:])
    assert count(head) + (count(tail) if left_out else 0) <= tokens
    assert text.startswith(head)
    assert not left_out or text.endswith(tail)


def test_a_huge_text_is_clipped_at_once_by_real_tokens(embedded: ChatHuggingFace) -> None:
    began = time.monotonic()
    short = clipped("the answer is 42, " * 1_000_000, 500, embedded.get_num_tokens)
    assert time.monotonic() - began < 5
    assert 300 <= embedded.get_num_tokens(short) <= 530
