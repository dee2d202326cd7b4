"""Generation settings under the names that LangChain, OpenAI and transformers give them, as an engine's request."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from agentkit.engine import Sampling

DEFAULT_MAX_TOKENS = 1024
_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_new_tokens")
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "do_sample", "seed")
_NO_MATTER = {
    *("return_full_text", "return_text", "return_tensors", "skip_prompt", "streamer", "clean_up_tokenization_spaces"),
    *("batch_size", "num_workers", "pad_token_id", "bos_token_id", "use_cache", "num_return_sequences", "num_beams"),
    *("timeout", "continue_final_message", "prefix", "handle_long_generation", "truncation", "padding"),
}
"""What a text-generation pipeline takes that makes no difference to a chat model."""
_STOPS = ("stop", "stop_sequences", "stop_strings", "stop_sequence")


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


def check_local(settings: Mapping[str, Any]) -> None:
    """That nothing is asked of a model in this process which only servers know.

    Raises:
        ValueError: naming the setting, and what to use instead.
    """
    for name in ("presence_penalty", "frequency_penalty", "logit_bias"):
        if settings.get(name):
            raise ValueError(f"{name} is for servers; a model in this process knows repetition_penalty.")
    if (settings.get("n") or 1) != 1:
        raise ValueError(
            f"n={settings['n']} is for servers; ask a model in this process with `batch`, under several seeds."
        )


def stop_ids(settings: Mapping[str, Any]) -> frozenset[int]:
    """The token ids that end an answer, as transformers' `eos_token_id` gives them."""
    ids = settings.get("eos_token_id")
    return frozenset(() if ids is None else [ids] if isinstance(ids, int) else ids)


def stops(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that end an answer, under whichever name."""
    for name in _STOPS:
        if given := settings.get(name):
            return (given,) if isinstance(given, str) else tuple(given)
    return ()


def warn_of_unknown(pipeline_kwargs: Mapping[str, Any]) -> None:
    """Warn of pipeline arguments that are not honoured here."""
    known = {*_SAMPLING, *_MAX_TOKENS, *_STOPS, *_NO_MATTER, "eos_token_id", "max_time"}
    unknown = [name for name, value in pipeline_kwargs.items() if name not in known and value is not None]
    unknown += [name for name in ("num_beams", "num_return_sequences") if pipeline_kwargs.get(name) not in (None, 1)]
    if unknown:
        warnings.warn(
            f"These generation settings are not supported and have no effect: {', '.join(unknown)}.", stacklevel=3
        )
