"""A tokenizer with as many tokens as real ones have, made on the spot."""

from __future__ import annotations

import functools
import random
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

_LONGEST = 12


@functools.cache
def large_tokenizer(size: int = 128_000, seed: int = 0) -> Any:
    """A byte-level BPE tokenizer of random merges, with `<eos>` and `<|end|>` as its last two tokens."""
    rng = random.Random(seed)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate(alphabet)}
    # Printable ASCII stands for itself in this alphabet; what is merged most is what texts are made of.
    tokens = [symbol for symbol in alphabet if symbol.isascii()] + ["Ġ", "Ċ"]
    merges = []
    while len(vocabulary) < size - 2:
        one, other = tokens[int(len(tokens) * rng.random() ** 3)], tokens[int(len(tokens) * rng.random() ** 3)]
        if len(one + other) <= _LONGEST and one + other not in vocabulary:
            merges.append((one, other))
            tokens.append(one + other)
            vocabulary[one + other] = len(vocabulary)
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<eos>",
        additional_special_tokens=["<|end|>"],
        clean_up_tokenization_spaces=False,
    )
