"""Generation settings under the names that LangChain, OpenAI and transformers give them, as an engine's request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.engine import Sampling

DEFAULT_MAX_TOKENS = 1024
_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_new_tokens")


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of several layers as one; what is set in a later layer counts, under whichever name."""
    settings: dict[str, Any] = {}
    for layer in layers:
        given = {name: value for name, value in layer.items() if value is not None}
        if "temperature" in given and "do_sample" not in given:
            settings.pop("do_sample", None)  # who sets a temperature here overrides a choice made further down
        if given.keys() & set(_MAX_TOKENS):
            for name in _MAX_TOKENS:
                settings.pop(name, None)
        settings |= given
    return settings


def sampling(settings: Mapping[str, Any]) -> Sampling:
    """How tokens are drawn.

    As in transformers, `do_sample=False` is greedy, and so is a temperature of 0; without either, a model draws only
    where a temperature, `top_p`, `top_k` or `do_sample` asks for it.
    """
    temperature = settings.get("temperature")
    drawn = settings.get("do_sample")
    if drawn is None:
        drawn = any(settings.get(name) is not None for name in ("temperature", "top_p", "top_k", "min_p"))
    if not drawn or temperature == 0:
        temperature = 0.0
    elif temperature is None:
        temperature = 1.0
    return Sampling(
        temperature=float(temperature),
        top_k=settings.get("top_k") or None,
        top_p=settings.get("top_p"),
        min_p=settings.get("min_p"),
        repetition_penalty=settings.get("repetition_penalty"),
        seed=settings.get("seed"),
    )


def max_tokens(settings: Mapping[str, Any]) -> int:
    """The most tokens to generate, under whichever name it was given."""
    for name in _MAX_TOKENS:
        if settings.get(name) is not None:
            return int(settings[name])
    return DEFAULT_MAX_TOKENS
