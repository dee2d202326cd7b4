"""LangChain's standard suite over HTTP, against `transformers serve` with the embedded model.

That server ignores `tool_choice` and `response_format`, and reads no calls of this model: they are read here, from the
text that it leaves. Not claimed, and so skipped: forced calls, structured output, JSON mode, and what the suite of the
embedded model skips.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from agentkit.sources import EMBEDDED
from tests.serving import transformers_serve
from tests.standard.suite import Claims

_address = ""


@pytest.fixture(scope="module", autouse=True)
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    global _address
    with transformers_serve(tmp_path_factory.mktemp("serve")) as _address:
        yield


class TestIntegration(Claims, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def _no_network(self) -> None:
        """Nothing is fetched here, and the server is real."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"base_url": _address, "model_id": str(EMBEDDED), "temperature": 0, "max_tokens": 100}

    @property
    def has_tool_choice(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False

    @property
    def supports_json_mode(self) -> bool:
        return False

    @property
    def supported_usage_metadata_details(self) -> dict[Literal["invoke", "stream"], list[Any]]:
        return {"invoke": [], "stream": []}
