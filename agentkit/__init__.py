"""A runtime for tool-calling agents on open-weight Hugging Face models."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from agentkit.errors import (
    AgentkitError,
    ContextLengthError,
    EndpointError,
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
    from agentkit.confidence import CallConfidence, call_confidence
    from agentkit.relaxed import RelaxedSchemaWarning

__all__ = [
    "AgentkitError",
    "CallConfidence",
    "ChatHuggingFace",
    "ContextLengthError",
    "EndpointError",
    "EngineError",
    "GrammarError",
    "ModelLoadError",
    "OutOfMemoryError",
    "PromptError",
    "RelaxedSchemaWarning",
    "SchemaError",
    "UnsupportedContentError",
    "call_confidence",
]


_HOMES = {
    "CallConfidence": "agentkit.confidence",
    "ChatHuggingFace": "agentkit.chat",
    "RelaxedSchemaWarning": "agentkit.relaxed",
    "call_confidence": "agentkit.confidence",
}


def __getattr__(name: str) -> Any:  # loaded when asked for, so that `import agentkit` stays quick
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'agentkit' has no attribute {name!r}")
