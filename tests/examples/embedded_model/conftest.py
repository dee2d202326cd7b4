"""The example's modules import one another by plain names, as a script's do; its folder goes on the path for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "examples" / "embedded_model"
sys.path.insert(0, str(FOLDER))

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for one another on matrices this small."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def template() -> Path:
    return ROOT / "agentkit" / "embedded" / "chat_template.jinja"


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """A tokenizer trained as the real one is, on less text."""
    import tokens

    return tokens.train(seed=1, count=400, vocabulary=900)
