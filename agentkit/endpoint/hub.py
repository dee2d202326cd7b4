"""Hugging Face's Inference Providers, through huggingface_hub's clients."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import tenacity

from agentkit.endpoint.retry import UnavailableError, policy, refusal
from agentkit.errors import EndpointError

_WHERE = "Hugging Face's Inference Providers"
_NAMED = {
    *("model", "stream", "frequency_penalty", "logit_bias", "logprobs", "max_tokens", "n", "presence_penalty"),
    *("response_format", "seed", "stop", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs"),
    "top_p",
}
"""What `InferenceClient.chat_completion` takes by name; all else goes in `extra_body`."""


@dataclasses.dataclass(frozen=True)
class Hub:
    """Sends requests through `InferenceClient`, and yields the replies as `Http` does. The client itself never asks
    twice, so that is done here."""

    provider: str | None = None
    token: str | None = dataclasses.field(default=None, repr=False)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    timeout: float | None = 120.0
    retries: int = 3
    bill_to: str | None = None

    def send(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Ask, and go through the reply; see `Http.send`."""
        from huggingface_hub import InferenceClient

        with contextlib.ExitStack() as stack:
            client = stack.enter_context(InferenceClient(**self._settings()))

            def ask() -> Any:
                with _told():
                    return client.chat_completion(**_arguments(body))

            reply: Any = tenacity.Retrying(**policy(self.retries))(ask)
            with _told():
                yield from map(_plain, reply if body.get("stream") else [reply])

    async def send_async(self, body: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """`send` on an event loop."""
        from huggingface_hub import AsyncInferenceClient

        async with AsyncInferenceClient(**self._settings()) as client:

            async def ask() -> Any:
                with _told():
                    return await client.chat_completion(**_arguments(body))

            reply: Any = await tenacity.AsyncRetrying(**policy(self.retries))(ask)
            with _told():
                if not body.get("stream"):
                    yield _plain(reply)
                    return
                async for event in reply:
                    yield _plain(event)

    def models(self) -> list[dict[str, Any]]:
        return []

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"provider": self.provider, "token": self.token, "headers": dict(self.headers)}
        return {**settings, "timeout": self.timeout, "bill_to": self.bill_to}


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: value for name, value in body.items() if name in _NAMED}
    extra = {name: value for name, value in body.items() if name not in {*_NAMED, "messages"}}
    return {"messages": body["messages"], **named, **({"extra_body": extra} if extra else {})}


def _plain(value: Any) -> Any:
    """The client's objects as dicts. They are dicts themselves, but hold what their classes don't name (a thought, the
    cached tokens) as attributes only."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(inner) for name, inner in vars(value).items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@contextlib.contextmanager
def _told() -> Iterator[None]:
    from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, TextGenerationError

    try:
        yield
    except InferenceTimeoutError as error:
        raise UnavailableError(f"{_WHERE} did not answer in time; raise timeout=….") from error
    except HfHubHTTPError as error:
        reply = error.response
        words = error.server_message or _words(reply) or str(error)
        raise refusal(_WHERE, reply.status_code, words, reply.headers) from error
    except TextGenerationError as error:
        raise EndpointError(f"{_WHERE} broke off: {error}", body=str(error)) from error
    except (httpx.TransportError, TimeoutError) as error:
        raise UnavailableError(f"The connection to {_WHERE} failed: {error or type(error).__name__}") from error
    except ValueError as error:  # the client's own complaints: no token, an unknown provider
        raise EndpointError(f"{_WHERE} can't be asked: {error}") from error


def _words(reply: httpx.Response) -> str:
    try:
        return reply.text
    except httpx.ResponseNotRead:
        return ""
