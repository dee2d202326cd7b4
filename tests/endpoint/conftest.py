from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentkit import ChatHuggingFace
from agentkit.sources import EMBEDDED
from tests.endpoint.loopback import Loopback, loopback, said


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as served:
        served.will(said())
        yield served


@pytest.fixture
def model(server: Loopback) -> ChatHuggingFace:
    return ChatHuggingFace(base_url=server.url, tokenizer=str(EMBEDDED), max_retries=0)
