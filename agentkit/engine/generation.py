"""One request on its way: what it has said so far, and what it says next."""

from __future__ import annotations

import operator
import time
from typing import Any, Literal

import torch

from agentkit.engine import Finish, Request, Token
from agentkit.engine.detokenize import Detokenizer, StopStrings, token_text
from agentkit.engine.drafts import Drafts
from agentkit.engine.guide import Guide
from agentkit.engine.kv import KeyValues
from agentkit.engine.loops import Loops
from agentkit.engine.sampling import Sampler, log_probabilities
from agentkit.engine.stream import Channel
from agentkit.errors import GrammarError

__all__ = ["Generation"]

_LEAST_PATIENCE, _MOST_PATIENCE = 48, 192
"""How many tokens of going round in a circle a grammar bears, by how many there may be in all."""
_FURTHEST = 8


class Generation:
    """Turns logits into tokens for one request, until one of its limits ends it.

    Attributes:
        ids: the prompt and what was generated.
        cached: how many tokens of the prompt came from the prefix cache.
        kv: keys and values of the request while it is by itself; None before it begins, and as a row among others.
        cuts: lengths at which the prefix cache wants its state.
        done: whether it has ended.
        failed: whether it ended by an error, so that nothing computed for it is to be trusted.
        retried: whether it was begun anew after memory ran out.
        alone: whether it is computed by itself until it says something: it was there when a common step failed.

    Args:
        request: what is asked.
        tokenizer: for the text.
        channel: where the tokens go.
        eos_ids: the ids that end any request's turn.
        context_length: the most tokens of prompt and completion.
        awaits_guide: whether the first token has to wait for `follow`.
        drafts: the most tokens to guess ahead.
    """

    def __init__(
        self,
        request: Request,
        tokenizer: Any,
        channel: Channel,
        eos_ids: frozenset[int],
        context_length: int | None,
        awaits_guide: bool = False,
        drafts: int = 0,
    ) -> None:
        self.request = request
        self.channel = channel
        self.ids = [operator.index(token_id) for token_id in request.prompt]
        self.cached = 0
        self.kv: KeyValues | None = None
        self.cuts: set[int] = set()
        self.done = False
        self.failed = False
        self.retried = False
        self.alone = False
        self._tokenizer = tokenizer
        self._vocabulary = len(tokenizer)
        self._end_ids = eos_ids | request.stop_ids
        self._limit = len(self.ids) + request.max_tokens
        if context_length is not None:
            self._limit = min(self._limit, context_length)
        self._deadline = None if request.max_time is None else time.monotonic() + request.max_time
        self._guide: Guide | None = None
        self._awaits_guide = awaits_guide
        self._drafts = Drafts(drafts) if drafts else None
        self._loops = Loops(min(max(_LEAST_PATIENCE, request.max_tokens // 8), _MOST_PATIENCE))
        self._loops_left = 0
        self._way_out: list[int] = []
        self._sampler = Sampler(request.sampling, self.ids)
        self._detokenizer = Detokenizer(tokenizer, self.ids)
        self._stop = StopStrings(request.stop)

    @property
    def prompt_tokens(self) -> int:
        return len(self.request.prompt)

    @property
    def completion_tokens(self) -> int:
        return len(self.ids) - len(self.request.prompt)

    @property
    def room(self) -> int:
        """How many tokens it may still say."""
        return self._limit - len(self.ids)

    @property
    def seconds_left(self) -> float | None:
        """How long it may still speak; None for any time."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    @property
    def is_late(self) -> bool:
        """Whether its time is up."""
        return self.seconds_left == 0.0

    @property
    def pending(self) -> int:
        """How many tokens the model has yet to see, while the request is by itself."""
        return len(self.ids) - (0 if self.kv is None else self.kv.lengths[0])

    @property
    def reserved(self) -> int:
        """How many of them it must not see yet: the last, for as long as the grammar is being compiled."""
        return int(self._awaits_guide)

    def follow(self, guide: Guide) -> None:
        """Hold what it says to a grammar. Once, before the first token, from any thread."""
        self._guide = guide
        self._awaits_guide = False

    def guess(self) -> list[int]:
        """Tokens that may come next, worth checking."""
        if self._drafts is None:
            return []
        guessed = self._drafts.guess(self.ids)[: max(0, self.room - 1)]
        return guessed if self._guide is None or not guessed else guessed[: self._guide.fitting(guessed)]

    def guessed(self, tokens: int, right: int) -> None:
        """How a guess turned out."""
        if self._drafts is not None:
            self._drafts.learn(len(self.ids), tokens, right)

    def step(self, logits: torch.Tensor, best: int) -> None:
        """Say the next token, and those that its grammar leaves no choice about.

        Args:
            logits: what the model expects after `ids`; shape [vocabulary].
            best: their argmax.
        """
        if self.room <= 0:
            self.give_up()
            return
        if self._guide is not None and self._guide.ended:
            self._finish("stop")
            return
        token_id, ends = self._choose(logits, best)
        self._say(token_id, ends, logits if self.request.logprobs is not None else None)
        # Without logits there is no telling how likely a forced token was, so then none is skipped over.
        if self._guide is not None and self.request.logprobs is None:
            while not self.done and (forced := self._guide.forced()):
                for token_id in forced:
                    if self.done or not self._guide.advance(token_id):
                        return
                    self._say(token_id, False, None)

    def give_up(self) -> None:
        """End it as it is."""
        self._finish("length")

    def _choose(self, logits: torch.Tensor, best: int) -> tuple[int, bool]:
        if self._guide is not None and not self._way_out:
            self._leave_loop(self._guide)
        if self._way_out and self._guide is not None and self._guide.advance(self._way_out[0]):
            return self._way_out[0], False
        if self._sampler.is_argmax and (ends := self._takes(best)) is not None:
            return best, ends
        allowed = self._allowed(logits)
        while True:
            token_id = self._sampler.pick(logits, None if allowed is None else allowed.to(logits.device))
            if self._guide is None:
                return token_id, token_id in self._end_ids
            if token_id in self._end_ids and self._guide.may_end:
                return token_id, True
            if self._guide.advance(token_id):
                return token_id, False
            # Normalising tokenizers can have tokens that the mask lets pass and the grammar then refuses.
            assert allowed is not None
            allowed[token_id] = False
            if not allowed.any():
                raise GrammarError(
                    "The grammar allows no token of this tokenizer at this place. A control token must be in it by its "
                    "id, as <[id]>; spelled out as text it cannot be matched."
                )

    def _takes(self, token_id: int) -> bool | None:
        """Whether a token that may be said ends the text; None where it may not be said, or there is more to ask.

        The mask of all tokens takes far longer to compute, and greedy search needs it only after this has failed.
        """
        if token_id in self._end_ids:
            if self.completion_tokens < self.request.min_tokens:
                return None
            if self._guide is None or self._guide.may_end:
                return True
        if self._guide is None:
            return False
        # Ids that the tokenizer does not know may mean something to the grammar engine.
        known = token_id < self._vocabulary and self._guide.advance(token_id)
        return False if known else None

    def _leave_loop(self, guide: Guide) -> None:
        """Take the text to the end of the part that goes nowhere; further each time it comes to that.

        Where the grammar lets the text end, going nowhere is the model's own affair.
        """
        circling = self._loops.watch(self.ids, self.prompt_tokens)
        too_long = self._loops.is_long_number and not guide.is_free()
        too_large = self._loops.is_large_number and guide.is_exponent()
        if (circling or too_long or too_large) and not guide.may_end:
            self._loops_left += 1
            self._way_out = guide.way_out(2 ** min(self._loops_left - 1, _FURTHEST))

    def _allowed(self, logits: torch.Tensor) -> torch.Tensor | None:
        allowed = None
        size = logits.shape[-1]
        if self._guide is not None:
            allowed = self._guide.allowed()
            if allowed.numel() != size:
                allowed = torch.cat([allowed, allowed.new_zeros(max(0, size - allowed.numel()))])[:size]
        if self.completion_tokens < self.request.min_tokens and self._end_ids:
            longer = torch.ones(size, dtype=torch.bool) if allowed is None else allowed.clone()
            longer[[token_id for token_id in self._end_ids if token_id < size]] = False
            if longer.any():
                return longer
        return allowed

    def _say(self, token_id: int, ends: bool, logits: torch.Tensor | None) -> None:
        logprob: float | None = None
        top: tuple[tuple[int, str, float], ...] = ()
        if logits is not None:
            logprob, best = log_probabilities(logits, token_id, self.request.logprobs or 0)
            top = tuple((other, token_text(self._tokenizer, [other]), value) for other, value in best)
        self.ids.append(token_id)
        self._way_out = self._way_out[1:] if self._way_out[:1] == [token_id] else []
        self._sampler.saw(token_id)
        reason: Literal["stop", "length"] | None = "stop" if ends else None
        added = "" if ends else self._detokenizer.push(token_id)
        self._loops.read(added)
        text, stopped = ("", False) if ends else self._show(added)
        if stopped or (self._guide is not None and self._guide.ended):
            reason = "stop"
        elif reason is None and (self.room <= 0 or self.is_late):
            reason = "length"
        if reason is not None and not stopped:
            rest, stopped = self._show(self._detokenizer.flush())
            text += rest if stopped else rest + self._stop.flush()
        self.channel.put(Token(token_id, text, logprob, top))
        if reason is not None:
            self._finish(reason)

    def _show(self, text: str) -> tuple[str, bool]:
        if self.completion_tokens < self.request.min_tokens:
            return text, False
        return self._stop.push(text)

    def _finish(self, reason: Literal["stop", "length"]) -> None:
        self.done = True
        prompt = len(self.request.prompt)
        self.channel.end(Finish(reason, prompt, self.cached, len(self.ids) - prompt, tuple(self.ids[prompt:])))
