"""LangChain's standard suite on an image model whose language model is the embedded one.

Not claimed, and so skipped: PDF and sound inputs, PDFs in tool messages, recorded HTTP traffic.
"""

from __future__ import annotations

from typing import Any

from langchain_tests.integration_tests import ChatModelIntegrationTests

from agentkit import sources
from tests.standard.suite import Claims
from tests.vision import image_model


class TestIntegration(Claims, ChatModelIntegrationTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"llm": sources.from_loaded(*image_model()), "temperature": 0, "max_tokens": 200}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True
