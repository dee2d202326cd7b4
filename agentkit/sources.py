"""Where a chat model's transformers model comes from, and what it was set to."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit.dialect import Dialect
from agentkit.recall import Recall

if TYPE_CHECKING:
    from agentkit.engine import Engine
    from agentkit.engine.local import LocalEngine

EMBEDDED = Path(__file__).parent / "embedded"

_engines: weakref.WeakValueDictionary[int, LocalEngine] = weakref.WeakValueDictionary()
_recalls: weakref.WeakKeyDictionary[Engine, Recall] = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Source:
    """A loaded model: what continues its tokens, how it writes, and the generation settings that came with it."""

    engine: Engine
    dialect: Dialect
    tokenizer: Any
    name: str
    stop_ids: frozenset[int]
    recall: Recall
    settings: Mapping[str, Any]


def from_loaded(
    model: Any, tokenizer: Any, name: str | None = None, settings: Mapping[str, Any] | None = None
) -> Source:
    """A model and tokenizer that the person has loaded.

    The engine of a model is made once: two chat models over one model share its thread and its cache. It ends when the
    last of them is gone.

    Raises:
        ValueError: where the tokenizer has no chat template.
    """
    from agentkit.engine.local import LocalEngine

    dialect = Dialect.from_tokenizer(tokenizer)
    engine = _engines.get(id(model))
    if engine is None or engine.model is not model:
        engine = _engines[id(model)] = LocalEngine(model, tokenizer)
    recall = _recalls.setdefault(engine, Recall())
    return Source(
        engine=engine,
        dialect=dialect,
        tokenizer=tokenizer,
        name=name or str(getattr(model, "name_or_path", "") or type(model).__name__),
        recall=recall,
        stop_ids=_ends_of_turn(dialect, tokenizer),
        settings={**_generation_settings(model), **(settings or {})},
    )


def of(llm: Any) -> Source:
    """What a `HuggingFacePipeline` holds: its model and tokenizer as they are, its pipeline arguments as settings.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(llm, Source):
        return llm
    if not hasattr(llm, "pipeline"):
        raise TypeError(
            f"llm must be a HuggingFacePipeline, not {type(llm).__name__}. For a model that is already loaded use "
            "ChatHuggingFace.from_model(model, tokenizer)."
        )
    return from_loaded(llm.pipeline.model, llm.pipeline.tokenizer, llm.model_id, dict(llm.pipeline_kwargs or {}))


def from_model_id(model_id: str, settings: Mapping[str, Any] | None = None, **load_arguments: Any) -> Source:
    """A model by folder or hub id.

    Raises:
        ModelLoadError: where it can't be loaded; the message says what was looked for, and where.
    """
    from agentkit.engine.loading import load

    model, tokenizer = load(model_id, **load_arguments)
    return from_loaded(model, tokenizer, model_id, settings)


@functools.cache
def embedded() -> Source:
    """The small model that ships inside."""
    with _no_progress_bar():  # it is there in a blink
        source = from_model_id(str(EMBEDDED), dtype="float32")  # the same answers on every machine
    return dataclasses.replace(source, name="agentkit-embedded")


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    from transformers.utils import logging

    bars: Any = logging  # its functions carry no annotations
    enabled = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            bars.enable_progress_bar()


def _generation_settings(model: Any) -> dict[str, Any]:
    """The settings in the model's own generation config that differ from transformers' defaults."""
    config = getattr(model, "generation_config", None)
    return config.to_diff_dict() if config is not None else {}


def _ends_of_turn(dialect: Dialect, tokenizer: Any) -> frozenset[int]:
    """The token with which the template ends an assistant's turn, where nothing else begins with it."""
    added = tokenizer.get_added_vocab()
    mark = next((text for text in added if text and dialect.syntax.end_of_turn.startswith(text)), None)
    calls = dialect.syntax.calls
    if mark is None or (calls and mark in calls.open + calls.call + calls.separator):
        return frozenset()
    return frozenset({added[mark]})
