"""Servers that speak OpenAI's chat completions, and Hugging Face's Inference Providers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agentkit.endpoint.http import Http, base_of
from agentkit.endpoint.hub import Hub
from agentkit.endpoint.server import Server

if TYPE_CHECKING:
    from agentkit.fields import Fields

__all__ = ["Http", "Hub", "Server", "from_fields", "of"]


def from_fields(fields: Fields) -> Server:
    """The server that a chat model's fields name.

    Raises:
        ValueError: where the address is none, or neither address nor model is given.
    """
    extra = dict(fields.model_kwargs)
    model = extra.pop("model", None) or fields.model_id
    rest: dict[str, Any] = {"extra": extra, "tokenizer": fields.tokenizer}
    if fields.base_url is not None:
        return _at(fields.base_url, _key(fields), model, _carrying(fields), rest)
    if model is None:
        raise ValueError("Say which model the provider is asked for: model_id=…")
    return _hosted(model, fields.provider, _key(fields), _carrying(fields), rest)


def of(llm: Any, fields: Fields) -> Server:
    """The server of a `HuggingFaceEndpoint`, with the settings that were given to it.

    Its own defaults are for plain text generation, so of those only `max_new_tokens` and `timeout` count; what a person
    sets counts.

    Args:
        llm: the endpoint.
        fields: the chat model that it is for.
    """
    given: dict[str, Any] = {
        name: getattr(llm, name)
        for name in ("temperature", "top_p", "top_k", "typical_p", "repetition_penalty", "seed", "do_sample")
        if name in llm.model_fields_set and getattr(llm, name) is not None
    }
    given["max_tokens"] = llm.max_new_tokens
    if llm.stop_sequences:
        given["stop"] = list(llm.stop_sequences)
    carrying = _carrying(fields)
    if "timeout" not in fields.model_fields_set:
        carrying["timeout"] = llm.timeout
    server_settings = dict(llm.server_kwargs or {})
    carrying["headers"] = {**(server_settings.get("headers") or {}), **carrying["headers"]}
    extra = {**(llm.model_kwargs or {}), **fields.model_kwargs}
    named = extra.pop("model", None) or fields.model_id
    rest: dict[str, Any] = {"extra": extra, "tokenizer": fields.tokenizer, "settings": given}
    own = llm.huggingfacehub_api_token if "huggingfacehub_api_token" in llm.model_fields_set else None
    key = _key(fields) or own
    if str(llm.model).startswith(("http://", "https://")):
        return _at(llm.model, key, named, carrying, rest)
    return _hosted(named or llm.model, llm.provider, key, {**carrying, "bill_to": server_settings.get("bill_to")}, rest)


def _key(fields: Fields) -> str | None:
    return fields.api_key.get_secret_value() if fields.api_key else None


def _carrying(fields: Fields) -> dict[str, Any]:
    headers = dict(fields.default_headers)
    return {"timeout": fields.timeout, "retries": fields.max_retries, "headers": headers}


def _at(url: str, key: str | None, model: str | None, carrying: dict[str, Any], rest: dict[str, Any]) -> Server:
    base = base_of(url)
    key = key or (_token() if _is_hugging_face(base) else None)
    if key:
        carrying["headers"] = {"Authorization": f"Bearer {key}", **carrying["headers"]}
    return Server(Http(base, **carrying), model, where=base, **rest)


def _hosted(
    model: str, provider: str | None, key: str | None, carrying: dict[str, Any], rest: dict[str, Any]
) -> Server:
    rest = {**rest, "tokenizer": rest["tokenizer"] or False}  # the providers read the calls themselves
    hub = Hub(provider or "auto", key or _token(), **carrying)
    return Server(hub, model, where=f"the provider {provider or 'auto'!r}", **rest)


def _token() -> str | None:
    return os.environ.get("HUGGINGFACEHUB_API_TOKEN") or os.environ.get("HF_TOKEN") or None


def _is_hugging_face(url: str) -> bool:
    """Whether the environment's token may go there: only to Hugging Face's own hosts, and encrypted."""
    from huggingface_hub import constants

    own = [constants.ENDPOINT, constants.INFERENCE_ENDPOINTS_ENDPOINT]
    hosts = [str(urlsplit(address).hostname).removeprefix("api.") for address in own]
    parts = urlsplit(url)
    return parts.scheme == "https" and any(
        parts.hostname == host or str(parts.hostname).endswith(f".{host}") for host in hosts
    )
