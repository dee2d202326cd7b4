"""What all tests share: the embedded model, loaded once, and a small model with random weights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if TYPE_CHECKING:
    from agentkit import ChatHuggingFace


@pytest.fixture(scope="session")
def embedded() -> ChatHuggingFace:
    """The model that ships inside."""
    from agentkit import ChatHuggingFace

    return ChatHuggingFace.embedded()
