"""The errors that agentkit raises, all of them `AgentkitError`."""

from __future__ import annotations

__all__ = [
    "AgentkitError",
    "ContextLengthError",
    "EndpointError",
    "EngineError",
    "GrammarError",
    "ModelLoadError",
    "OutOfMemoryError",
    "PromptError",
    "SchemaError",
    "UnsupportedContentError",
]


class AgentkitError(Exception):
    """Base of every error that agentkit raises on its own account."""


class EngineError(AgentkitError):
    """The engine could not carry out a request; `__cause__` is the error underneath."""


class OutOfMemoryError(EngineError):
    """The model, or a request's keys and values, did not fit the device; the message says what to lower."""


class ContextLengthError(AgentkitError, ValueError):
    """A prompt leaves no room in the model's context.

    Attributes:
        prompt_tokens: length of the prompt in tokens.
        context_length: the most tokens the model takes, prompt and completion together.
    """

    def __init__(self, prompt_tokens: int, context_length: int) -> None:
        super().__init__(
            f"The prompt has {prompt_tokens} tokens, but the model's context holds {context_length}, and at least one "
            "must be left for the answer. Shorten the conversation, or load a model with a longer context."
        )
        self.prompt_tokens = prompt_tokens
        self.context_length = context_length


class GrammarError(AgentkitError, ValueError):
    """A grammar does not compile, or cannot be followed; the message is the grammar engine's."""


class ModelLoadError(AgentkitError, OSError):
    """A model or tokenizer could not be loaded; the message says what was looked for, and where."""


class PromptError(AgentkitError, ValueError):
    """A chat template refuses a conversation; the message is the template's own complaint."""


class UnsupportedContentError(AgentkitError, ValueError):
    """A message holds a kind of content that the model can't take; the message names it."""


class SchemaError(AgentkitError, ValueError):
    """A JSON Schema is malformed, or no value can satisfy it; the message names the place."""


class EndpointError(AgentkitError):
    """A server could not be reached, refused a request, or answered with something else than was asked for.

    Attributes:
        status: the HTTP status, where it was one that told of the error.
        body: what the server said, where it said something.
    """

    def __init__(self, message: str, status: int | None = None, body: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = body
