"""What the standard suites of this package have in common."""

from __future__ import annotations

import functools
import io
from typing import Any, Literal

import httpx
import langchain_tests.unit_tests.chat_models as unit_tests
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.load import load
from langchain_core.messages import AIMessage

from agentkit import ChatHuggingFace
from agentkit.sources import EMBEDDED

HOME = ("agentkit", "chat", "ChatHuggingFace")


def png() -> bytes:
    """A picture."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, format="PNG")
    return file.getvalue()


class Claims:
    """The flags of LangChain's suites that are claimed by every model in this process."""

    @pytest.fixture(autouse=True)
    def _no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The suite fetches a picture to send, and revives none but LangChain's own packages."""

        def get(url: str, **kwargs: Any) -> httpx.Response:
            return httpx.Response(200, content=png(), request=httpx.Request("GET", url))

        monkeypatch.setattr(httpx, "get", get)
        monkeypatch.setattr(unit_tests, "load", functools.partial(load, additional_import_mappings={HOME: HOME}))

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatHuggingFace

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model_id": "agentkit-embedded", "temperature": 0}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"HUGGINGFACEHUB_API_TOKEN": "hf_secret"}, self.chat_model_params, {}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return str(EMBEDDED)

    @property
    def supported_usage_metadata_details(self) -> dict[Literal["invoke", "stream"], list[Any]]:
        return {"invoke": ["cache_read_input"], "stream": ["cache_read_input"]}

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        model = self.chat_model_class(**self.chat_model_params)
        model.invoke("Hello!")
        if not stream:
            return model.invoke("Hello!")
        whole: Any = functools.reduce(lambda one, other: one + other, model.stream("Hello!"))
        assert isinstance(whole, AIMessage)
        return whole
