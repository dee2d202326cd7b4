"""A runtime for tool-calling agents on open-weight Hugging Face models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentkit.errors import (
    AgentkitError,
    ContextLengthError,
    EngineError,
    GrammarError,
    ModelLoadError,
    OutOfMemoryError,
    PromptError,
    SchemaError,
    UnsupportedContentError,
)

if TYPE_CHECKING:
    from agentkit.chat import ChatHuggingFace

__all__ = [
    "AgentkitError",
    "ChatHuggingFace",
    "ContextLengthError",
    "EngineError",
    "GrammarError",
    "ModelLoadError",
    "OutOfMemoryError",
    "PromptError",
    "SchemaError",
    "UnsupportedContentError",
]


def __getattr__(name: str) -> Any:  # loaded when asked for, so that `import agentkit` stays quick
    if name == "ChatHuggingFace":
        from agentkit.chat import ChatHuggingFace

        return ChatHuggingFace
    raise AttributeError(f"module 'agentkit' has no attribute {name!r}")
