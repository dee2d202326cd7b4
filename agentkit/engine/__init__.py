"""Token ids in, tokens out: the seam between what a conversation says and the model that continues it.

Nothing here imports torch or transformers; `agentkit.engine.local` runs a transformers model behind this seam.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Engine", "Finish", "Request", "Sampling", "Stream", "Token"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn; the names and the order of application are those of transformers' `generate`."""

    temperature: float = 0.0
    """0 is greedy: the most likely token, always."""
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    """The same seed draws the same tokens, whatever else runs at the same time. None draws anew each time."""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt to continue."""

    prompt: Sequence[int]
    """Token ids, at least one."""
    max_tokens: int = 1024
    min_tokens: int = 0
    """Before so many tokens nothing ends the text: neither an end-of-turn id nor a stop string."""
    max_time: float | None = None
    """Seconds from its submission after which no more is said."""
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Texts that end the generation. They are held back from the stream and never part of the text."""
    stop_ids: frozenset[int] = frozenset()
    """Ids that end the turn, in addition to the model's own end-of-sequence ids. Never part of the text."""
    grammar: str | None = None
    """A grammar that the whole output is held to, as llguidance's `LLMatcher` takes it: Lark, or serialised JSON."""
    logprobs: int | None = None
    """None: no log-probabilities. n: those of the chosen token and of the n most likely ones."""


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token."""

    id: int
    text: str
    """What this token adds to the text, special tokens as they are written. Empty while a character is incomplete,
    while the text could still become a stop string, and for an id that ends the turn."""
    logprob: float | None = None
    """Natural logarithm of the probability that the model itself gave, before sampling settings and grammar."""
    top: tuple[tuple[int, str, float], ...] = ()
    """Id, text and log-probability of the most likely tokens, the best first."""


@dataclass(frozen=True, slots=True)
class Finish:
    """How a generation ended and what it took."""

    reason: Literal["stop", "length"]
    """stop: an end-of-turn id, a stop string, or nothing more that the grammar allows.
    length: `max_tokens` or `max_time` reached, or the model's context is full."""
    prompt_tokens: int
    cached_tokens: int
    """How many of the prompt's tokens were not computed again."""
    completion_tokens: int
    token_ids: tuple[int, ...]
    """All generated ids, the end-of-turn id included."""


class Stream(Protocol):
    """The tokens of one request, as they come. One consumer, sync or async; leaving the iteration early cancels."""

    def __iter__(self) -> Iterator[Token]: ...

    def __aiter__(self) -> AsyncIterator[Token]: ...

    def cancel(self) -> None:
        """Stop generating. From any thread, any number of times; the iteration then ends."""

    @property
    def finish(self) -> Finish:
        """How it ended.

        Raises:
            RuntimeError: the generation has not ended, was cancelled or failed.
        """


class Engine(Protocol):
    """Something that continues token ids."""

    @property
    def context_length(self) -> int | None:
        """The most tokens that prompt and completion may have together; None where there is no limit."""

    def submit(self, request: Request) -> Stream:
        """Begin a request; returns at once.

        Raises (here, or when the stream is iterated):
            ValueError: an empty prompt, limits below zero, and the like.
            ContextLengthError: the prompt does not fit the model's context.
            GrammarError: the grammar does not compile.
            EngineError: the engine is closed, or the model failed; `__cause__` tells how.
        """

    def close(self) -> None:
        """End all requests and free the model's thread. Any number of times."""
