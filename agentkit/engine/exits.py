"""Finds short ways through a grammar to where a text may end."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np
from llguidance import LLMatcher, LLTokenizer

__all__ = ["Exits"]

_STRING = re.compile(r'/(?:[^/\\]|\\.)*/|("(?:[^"\\]|\\.)*")')
"""A regular expression, or a string: where one begins inside the other is found by reading them in turn."""
_TOKEN = re.compile(r"<\[(\d+)\]>")
_CLOSERS = ["}", "]", ")", '\\"}', "\n", '"', "'", '\\"', ",", ", "]
_CONTENT = ["0", "1", "null", "true", "None", "True", '""', "{}", "[]", "a", ":"]
_WILD = "~q~"
"""A text that nothing but free text takes."""
_OF_TEXTS = "aefxEF.-_:/"
_FEW = 64


class Exits:
    """What ends the parts of texts in one grammar.

    Args:
        grammar: llguidance's Lark.
        vocabulary: of the tokenizer.
    """

    def __init__(self, grammar: str, vocabulary: LLTokenizer) -> None:
        rules = "\n".join(line.partition("%json")[0] for line in grammar.splitlines())
        texts = {json.loads(found) for found in _STRING.findall(rules) if found}
        tokenize = vocabulary.tokenize_str
        self._vocabulary = vocabulary
        marks = [tokenize(text) for text in sorted(texts, key=len) if text.strip()]
        self._marks = [[int(token)] for token in dict.fromkeys(_TOKEN.findall(rules))] + marks
        self._closers = [tokenize(text) for text in _CLOSERS]
        self._content = [tokenize(text) for text in _CONTENT]
        self._wild = tokenize(_WILD)
        self._digit = tokenize("0")
        self._of_texts = [tokenize(text) for text in _OF_TEXTS]

    def is_free(self, state: LLMatcher) -> bool:
        """Whether any text may come next."""
        return _takes(state, self._wild)

    def is_exponent(self, state: LLMatcher) -> bool:
        """Whether digits may come next, or an end, but nothing that texts go on with."""
        return _takes(state, self._digit) and not any(_takes(state, text) for text in self._of_texts)

    def way_out(self, matcher: LLMatcher, limit: int) -> list[int]:
        """Tokens that lead towards where the text may end, at most about this many; none where no way was found."""
        state, way = matcher.deep_copy(), list[int]()
        while len(way) < limit and not state.is_accepting():
            move = state.compute_ff_tokens() or self._move(state)
            if not move or not state.consume_tokens(move):
                break
            way += move
        return way

    def _move(self, state: LLMatcher) -> list[int]:
        if self.is_free(state):
            for move in [*self._closers, *self._marks]:
                if _takes(state, move):
                    after = state.deep_copy()
                    after.consume_tokens(move)
                    if not self.is_free(after):
                        return move
            return []
        for move in [*self._closers, *self._marks, *self._content]:
            if _takes(state, move):
                return move
        return self._shortest(state)

    def _shortest(self, state: LLMatcher) -> list[int]:
        """Of the first tokens that are allowed, the one of the shortest text."""
        bits = np.frombuffer(state.compute_bitmask(), dtype=np.uint8)
        allowed = np.unpackbits(bits, bitorder="little").nonzero()[0][:_FEW].tolist()
        return [min(allowed, key=lambda token: len(self._vocabulary.decode_bytes([token])))] if allowed else []


def _takes(state: LLMatcher, tokens: Sequence[int]) -> bool:
    return bool(tokens) and state.validate_tokens(list(tokens)) == len(tokens)
