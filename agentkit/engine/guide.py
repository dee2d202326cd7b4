"""A grammar as a mask over the vocabulary, and the tokens that it forces. The grammar engine is llguidance."""

from __future__ import annotations

import copy
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer

from agentkit.engine.exits import Exits
from agentkit.errors import GrammarError

__all__ = ["Guide", "Guides"]

_END = "<|agentkit: end of grammar|>"


class Guides:
    """Compiles grammars for one tokenizer, each once, and hands out guides. Safe from any thread.

    Args:
        tokenizer: a fast transformers tokenizer.
        vocab_size: length of the logits, which may have more entries than the tokenizer.
        eos_ids: ids that a grammar allows wherever it may end.
        kept: how many compiled grammars to keep.
    """

    def __init__(self, tokenizer: Any, vocab_size: int, eos_ids: Iterable[int], kept: int = 64) -> None:
        self._tokenizer = tokenizer
        self._vocab_size = vocab_size
        self._eos_ids = frozenset(eos_ids)
        self._kept = kept
        self._lock = threading.Lock()
        self._compiling = threading.Lock()
        self._vocabulary: LLTokenizer | None = None
        self._end_id = -1
        self._compiled: OrderedDict[str, _Compiled] = OrderedDict()

    def is_compiled(self, grammar: str) -> bool:
        """Whether `guide` has nothing to compile. Never waits for another thread's compilation."""
        return grammar in self._compiled

    def guide(self, grammar: str, stop_ids: Iterable[int] = ()) -> Guide:
        """A guide at the beginning of `grammar`.

        Args:
            grammar: Lark, or JSON, as `LLMatcher` takes it.
            stop_ids: further ids that may end the text where the grammar may end.

        Raises:
            GrammarError: with the compiler's words.
        """
        prototype = self._compiled.get(grammar)
        if prototype is None:
            # Under a lock of its own, so that nobody waits here whose grammar is compiled already.
            with self._compiling:
                prototype = self._compiled.get(grammar)
                if prototype is None:
                    prototype = self._compile(grammar)
                    with self._lock:
                        self._compiled[grammar] = prototype
        with self._lock:
            self._compiled[grammar] = prototype
            self._compiled.move_to_end(grammar)
            if len(self._compiled) > self._kept:
                self._compiled.popitem(last=False)
            matcher = prototype.matcher.deep_copy()
        forget = functools.partial(self._compiled.pop, grammar, None)
        return Guide(matcher, self._vocab_size, self._end_id, self._eos_ids.union(stop_ids), prototype.exits, forget)

    def _compile(self, grammar: str) -> _Compiled:
        if self._vocabulary is None:
            self._vocabulary = self._read_vocabulary()
        matcher = LLMatcher(self._vocabulary, grammar, log_level=0)
        if matcher.is_error():
            raise GrammarError(f"The grammar does not compile: {matcher.get_error().strip()}")
        return _Compiled(matcher, functools.cache(functools.partial(Exits, grammar, self._vocabulary)))

    def _read_vocabulary(self) -> LLTokenizer:
        try:
            backend = copy.copy(self._tokenizer.backend_tokenizer)
            backend.no_padding()
            backend.no_truncation()
            # A grammar's end is a token of its own: llguidance does not let a grammar use its end-of-sequence ids as
            # ordinary tokens, and models have turn marks that end the text in one place and stand inside it in another.
            backend.add_special_tokens([_END])
            self._end_id = backend.token_to_id(_END)
            size = max(self._vocab_size, self._end_id + 1)
            return LLTokenizer(backend.to_str(), n_vocab=size, eos_token=[self._end_id])
        except Exception as error:
            raise GrammarError(
                f"A grammar needs a fast tokenizer (one with a tokenizer.json); {type(self._tokenizer).__name__} "
                f"cannot be read: {error}"
            ) from error


class _Compiled(NamedTuple):
    """A grammar's matcher at its beginning, and its ways out, which few requests ever ask for."""

    matcher: LLMatcher
    exits: Callable[[], Exits]


class Guide:
    """Where one request is in its grammar. Used by one thread at a time."""

    def __init__(
        self,
        matcher: LLMatcher,
        vocab_size: int,
        end_id: int,
        stop_ids: Iterable[int],
        exits: Callable[[], Exits],
        forget: Callable[[], object],
    ) -> None:
        self._matcher = matcher
        self._exits = exits
        self._forget = forget
        self._vocab_size = vocab_size
        self._end_id = end_id
        self._stop_ids = [token_id for token_id in stop_ids if 0 <= token_id < vocab_size]

    @property
    def may_end(self) -> bool:
        """Whether the text so far is complete, though it may go on."""
        return self.ended or self._matcher.is_accepting()

    @property
    def ended(self) -> bool:
        """Whether nothing can follow.

        Raises:
            GrammarError: the grammar became too complex to go on with, or the like.
        """
        if self._matcher.is_error():
            self._forget()  # copies of a matcher share what its lexer has come to
            raise GrammarError(f"The grammar cannot be followed any further: {self._matcher.get_error().strip()}")
        return self._matcher.is_stopped()

    def allowed(self) -> torch.Tensor:
        """Which tokens may come next: bool, shape [vocabulary]."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask = np.unpackbits(bits, count=self._vocab_size, bitorder="little").view(np.bool_)
        mask[self._end_id : self._end_id + 1] = False
        if self.may_end:
            mask[self._stop_ids] = True
        return torch.from_numpy(mask)

    def advance(self, token_id: int) -> bool:
        """Go on by one token; False, and no change, where the grammar does not take it."""
        return self._matcher.try_consume_tokens([token_id]) == 1

    def fitting(self, ids: list[int]) -> int:
        """How many of these tokens, one after another, the grammar would take."""
        return self._matcher.validate_tokens(ids)

    def forced(self) -> list[int]:
        """The tokens that must follow whatever the model says; often none. Each still has to be `advance`d over."""
        return [] if self.ended else self._matcher.compute_ff_tokens()

    def is_free(self) -> bool:
        """Whether any text may come next, as in a string."""
        return self._exits().is_free(self._matcher)

    def is_exponent(self) -> bool:
        """Whether what stands at the end is the exponent of a number, and no text that looks like one."""
        return self._exits().is_exponent(self._matcher)

    def way_out(self, limit: int) -> list[int]:
        """Tokens that lead towards where the text may end, about `limit` of them; none where there is no way to say."""
        return self._exits().way_out(self._matcher, limit)
