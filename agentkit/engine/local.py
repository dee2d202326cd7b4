"""A transformers causal language model in this process, as an `Engine`."""

from __future__ import annotations

import operator
import os
import threading
import weakref
from collections.abc import Iterable
from typing import Any

from agentkit.engine import Request, Stream
from agentkit.engine.generation import Generation
from agentkit.engine.guide import Guides
from agentkit.engine.sampling import check_sampling
from agentkit.engine.scheduler import Scheduler
from agentkit.engine.stream import Channel, LocalStream
from agentkit.engine.worker import Worker
from agentkit.errors import ContextLengthError, EngineError

__all__ = ["LocalEngine"]


class LocalEngine:
    """Runs many requests on one model; see `agentkit.engine.Engine`.

    The model is used by one thread only, which starts with the first request and ends with the engine.

    Args:
        model: a transformers causal language model, where it shall run and in evaluation mode.
        tokenizer: its tokenizer. Grammars need a fast one.
        cache_bytes: the most memory to keep keys and values in after their request has ended.
        eos_ids: ids that end a turn; None takes those of the model's generation config, else of its config, and the
            tokenizer's.
        context_length: the most tokens of prompt and completion together; None takes the model's
            `max_position_embeddings`.
        max_batch: how many requests hold keys and values at the same time; more wait for their turn.
        prefill_chunk: how many tokens of a prompt are computed at once; a quarter while other requests generate. None
            is 512 on a CPU and 2048 elsewhere.
        drafts: how many tokens to guess ahead at most, from what was said before, while a single request generates.
            Right guesses save forward passes; wrong ones change nothing. 0 for none.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        cache_bytes: int = 2 * 1024**3,
        eos_ids: Iterable[int] | None = None,
        context_length: int | None = None,
        max_batch: int = 16,
        prefill_chunk: int | None = None,
        drafts: int = 8,
    ) -> None:
        model.eval()
        self.model = model
        self.tokenizer = tokenizer
        self.eos_ids = _eos_ids(model, tokenizer) if eos_ids is None else frozenset(eos_ids)
        text_config = model.config.get_text_config(decoder=True)
        self._context_length = context_length or getattr(text_config, "max_position_embeddings", None)
        chunk = prefill_chunk or (512 if model.device.type == "cpu" else 2048)
        worker = Worker(model, cache_bytes, chunk, max_batch)
        self._scheduler = Scheduler(worker)
        self._vocab_size = worker.forward.vocab_size
        self.guides = Guides(tokenizer, self._vocab_size, self.eos_ids)
        self._drafts = drafts
        self._process = os.getpid()
        weakref.finalize(self, self._scheduler.stop).atexit = False

    @property
    def context_length(self) -> int | None:
        return self._context_length

    def submit(self, request: Request) -> Stream:
        """Begin a request; see `agentkit.engine.Engine.submit`."""
        if os.getpid() != self._process:
            raise EngineError("This engine belongs to the process it was made in; a forked process needs its own.")
        self._check(request)
        channel = Channel()
        grammar = request.grammar
        generation = Generation(
            request,
            self.tokenizer,
            channel,
            self.eos_ids,
            self._context_length,
            awaits_guide=grammar is not None,
            drafts=self._drafts,
        )
        if grammar is not None and self.guides.is_compiled(grammar):
            generation.follow(self.guides.guide(grammar, request.stop_ids))
        elif grammar is not None:
            # Compiling takes up to seconds, which neither the caller's event loop nor the other requests should wait.
            arguments = (self.guides, self._scheduler, generation)
            threading.Thread(target=_compile, args=arguments, name="agentkit-grammar", daemon=True).start()
        self._scheduler.submit(generation)
        return LocalStream(channel, self)

    def close(self) -> None:
        self._scheduler.close()

    def _check(self, request: Request) -> None:
        if len(request.prompt) == 0:
            raise ValueError("The prompt is empty; it needs at least one token id.")
        size = self._vocab_size
        for token_id in request.prompt:
            if not (hasattr(token_id, "__index__") and 0 <= operator.index(token_id) < size):
                raise ValueError(f"The prompt has {token_id!r}, which is no token id of this model (0 to {size - 1}).")
        numbers = {name: getattr(request, name) for name in ("max_tokens", "min_tokens", "logprobs")}
        for name, number in numbers.items():
            if not (hasattr(number, "__index__") or (name == "logprobs" and number is None)):
                raise ValueError(f"{name} must be a whole number, not {number!r}.")
        if isinstance(request.stop, str):
            raise ValueError(f"stop must be several texts, such as ({request.stop!r},), not a single one.")
        if request.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, not {request.max_tokens}.")
        if request.min_tokens < 0 or (request.logprobs is not None and request.logprobs < 0):
            raise ValueError("min_tokens and logprobs must not be below 0.")
        if request.max_time is not None and not request.max_time >= 0:
            raise ValueError(f"max_time={request.max_time!r} is no number of seconds.")
        check_sampling(request.sampling)
        if self._context_length is not None and len(request.prompt) >= self._context_length:
            raise ContextLengthError(len(request.prompt), self._context_length)


def _compile(guides: Guides, scheduler: Scheduler, generation: Generation) -> None:
    request = generation.request
    assert request.grammar is not None
    try:
        generation.follow(guides.guide(request.grammar, request.stop_ids))
    except Exception as error:
        generation.channel.end(error=error)
        generation.channel.cancelled = True
    scheduler.wake()


def _eos_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    generation = getattr(model, "generation_config", None)
    ids = getattr(generation, "eos_token_id", None)
    if ids is None:
        ids = model.config.get_text_config(decoder=True).eos_token_id
    ids = [] if ids is None else [ids] if isinstance(ids, int) else list(ids)
    if tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
    return frozenset(ids)
