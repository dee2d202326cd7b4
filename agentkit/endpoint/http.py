"""A server that speaks OpenAI's chat completions, by its URL."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import tenacity

from agentkit.endpoint.retry import UnavailableError, policy, refusal
from agentkit.endpoint.sse import Events, checked
from agentkit.errors import EndpointError

_CONNECT = 10.0


@dataclass(frozen=True)
class Http:
    """Posts requests and yields the JSON of the replies: one object, or one for each event of a stream.

    Each request has a connection of its own, so that nothing is shared between threads or event loops and nothing is
    left open.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float | None = 120.0
    retries: int = 3

    def send(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Post, and go through the reply.

        Raises:
            EndpointError: the server refused or broke off, with its words, or stayed out of reach after all retries.
        """
        with contextlib.ExitStack() as stack:
            reply: httpx.Response = tenacity.Retrying(**policy(self.retries))(self._opened, stack, body)
            events = Events()
            with _told(self.base_url):
                if not _is_stream(reply):
                    yield checked(reply.read())
                    return
                for data in reply.iter_bytes():
                    yield from events.feed(data)
                    if events.done:
                        return
                yield from events.close()

    async def send_async(self, body: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """`send` on an event loop."""
        async with contextlib.AsyncExitStack() as stack:
            reply: httpx.Response = await tenacity.AsyncRetrying(**policy(self.retries))(
                self._opened_async, stack, body
            )
            events = Events()
            with _told(self.base_url):
                if not _is_stream(reply):
                    yield checked(await reply.aread())
                    return
                async for data in reply.aiter_bytes():
                    for event in events.feed(data):
                        yield event
                    if events.done:
                        return
                for event in events.close():
                    yield event

    def models(self) -> list[dict[str, Any]]:
        """What the server says of its models; an empty list where it says nothing."""
        try:
            with self._client(httpx.Client) as client:
                reply = client.get(f"{self.base_url}/models")
                listed = checked(reply.content).get("data") if reply.status_code == 200 else None
        except (httpx.HTTPError, EndpointError):
            return []
        return [model for model in listed or () if isinstance(model, dict) and model.get("id")]

    def _client(self, kind: Any) -> Any:
        verify = _certificates() if self.base_url.startswith("https") else True
        timeout = httpx.Timeout(self.timeout, connect=min(self.timeout or _CONNECT, _CONNECT))
        return kind(headers=dict(self.headers), timeout=timeout, verify=verify, follow_redirects=True)

    def _opened(self, stack: contextlib.ExitStack, body: Mapping[str, Any]) -> httpx.Response:
        with contextlib.ExitStack() as attempt, _told(self.base_url):
            client = attempt.enter_context(self._client(httpx.Client))
            reply: httpx.Response = attempt.enter_context(
                client.stream("POST", f"{self.base_url}/chat/completions", json=dict(body))
            )
            if reply.is_error or not _is_stream(reply):
                reply.read()
            if reply.is_error:
                raise refusal(self.base_url, reply.status_code, reply.text, reply.headers)
            stack.push(attempt.pop_all())
        return reply

    async def _opened_async(self, stack: contextlib.AsyncExitStack, body: Mapping[str, Any]) -> httpx.Response:
        async with contextlib.AsyncExitStack() as attempt:
            with _told(self.base_url):
                client = await attempt.enter_async_context(self._client(httpx.AsyncClient))
                reply: httpx.Response = await attempt.enter_async_context(
                    client.stream("POST", f"{self.base_url}/chat/completions", json=dict(body))
                )
                if reply.is_error or not _is_stream(reply):
                    await reply.aread()
                if reply.is_error:
                    raise refusal(self.base_url, reply.status_code, reply.text, reply.headers)
                stack.push_async_exit(attempt.pop_all())
        return reply


def base_of(url: str) -> str:
    """The address up to `/v1`, from any form that people write it in.

    Raises:
        ValueError: where it is no http(s) URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f"base_url={url!r} is no address of a server; it looks like 'http://localhost:8000/v1'.")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/completions")
    if not path.rpartition("/")[2].startswith("v") or not path.rpartition("/")[2][1:].isdigit():
        path += "/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _is_stream(reply: httpx.Response) -> bool:
    return "text/event-stream" in reply.headers.get("content-type", "")


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise UnavailableError(f"{where} did not answer in time ({type(error).__name__}); raise timeout=….") from error
    except httpx.TransportError as error:
        raise UnavailableError(f"The connection to {where} failed: {error or type(error).__name__}") from error
    except httpx.HTTPError as error:
        raise EndpointError(f"The request to {where} failed: {error}") from error


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()
