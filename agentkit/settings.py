"""Generation settings under the names that LangChain, OpenAI and transformers give them, as an engine's request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.engine import Sampling

DEFAULT_MAX_TOKENS = 1024


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
    for name in ("max_tokens", "max_completion_tokens", "max_new_tokens"):
        if settings.get(name) is not None:
            return int(settings[name])
    return DEFAULT_MAX_TOKENS
