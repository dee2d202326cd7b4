"""A question as every kind of model takes it, and the answer as it comes: the seam between LangChain and a source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult


@dataclass(frozen=True)
class Question:
    """One conversation to go on with, and how."""

    messages: Sequence[BaseMessage]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Generation settings, merged; see `agentkit.settings`."""
    tools: Sequence[dict[str, Any]] = ()
    """OpenAI function specifications."""
    tool_choice: str = "auto"
    """"auto", "any", "none" or a tool's name."""
    parallel: bool | None = None
    """False: one call at most."""
    schema: dict[str, Any] | None = None
    """The JSON Schema of the answer."""
    response_format: Any = None
    """OpenAI's `response_format`, as it was given."""
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    """None: no log-probabilities. n: those of the chosen token and of the n most likely ones."""
    guided: bool = True
    template_variables: Mapping[str, Any] = field(default_factory=dict)
    media: frozenset[str] = frozenset()
    """Where media may be fetched from, beside the message itself: "url", "path"."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else was given with the call, under names that are not known here."""
    streamed: bool = False
    counted: bool = True
    """Whether a streamed answer tells its usage."""


class Arriving(Protocol):
    """What an answer is made of, as it arrives. One consumer, sync or async; leaving the iteration early cancels."""

    def __iter__(self) -> Iterator[Any]: ...

    def __aiter__(self) -> AsyncIterator[Any]: ...


class Answer(Protocol):
    """An answer on its way. The same for sync and async, streamed or not: only who waits differs."""

    @property
    def arriving(self) -> Arriving:
        """The parts that `take` reads, as they come."""

    def take(self, part: Any) -> Iterator[ChatGenerationChunk]:
        """What has become certain with this part."""

    def end(self) -> Iterator[ChatGenerationChunk]:
        """What remains after the last part, and last the usage and how it ended."""

    def result(self) -> ChatResult:
        """The whole answer as one message, after the last part."""


class Source(Protocol):
    """Something that answers questions."""

    @property
    def name(self) -> str:
        """The model's folder or id."""

    @property
    def identity(self) -> str:
        """Told apart by it where two sources have one name; "" where the name is enough."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The generation settings that came with the model."""

    @property
    def context_length(self) -> int | None:
        """The most tokens of prompt and completion together; None where that is not known."""

    def check(self, tools: Sequence[dict[str, Any]]) -> None:
        """See that these tools can be called.

        Raises:
            SchemaError: where one can't be.
        """

    def begin(self, question: Question) -> Answer:
        """Ask. Returns at once; may render a long conversation, so an event loop calls it on a thread."""

    def count(self, question: Question) -> int:
        """How many tokens the prompt has."""

    def encode(self, text: str) -> list[int]:
        """A text's token ids."""

    def traced(self, settings: Mapping[str, Any]) -> tuple[float | None, int | None]:
        """The temperature and the most tokens that these settings come to; None where that is the server's choice."""

    def profile(self) -> dict[str, Any]:
        """What the model can do, under the names of LangChain's `ModelProfile`."""
