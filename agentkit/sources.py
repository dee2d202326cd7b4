"""Where a chat model's transformers model comes from, and what it was set to."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit import processors
from agentkit.dialect import Dialect
from agentkit.question import Question, Source
from agentkit.recall import Recall
from agentkit.settings import max_tokens, sampling, warn_of_unknown

if TYPE_CHECKING:
    from agentkit.engine import Engine
    from agentkit.engine.local import LocalEngine
    from agentkit.turn import Turn

EMBEDDED = Path(__file__).parent / "embedded"
EMBEDDED_NAME = "agentkit-embedded"

_engines: weakref.WeakValueDictionary[int, LocalEngine] = weakref.WeakValueDictionary()
_recalls: weakref.WeakKeyDictionary[Engine, Recall] = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class LocalSource:
    """A loaded model; see `agentkit.question.Source`."""

    engine: LocalEngine
    dialect: Dialect
    tokenizer: Any
    name: str
    stop_ids: frozenset[int]
    recall: Recall
    settings: Mapping[str, Any]
    processor: Any = None
    """What turns images, sounds and films into tensors, where the model takes any."""
    takes: frozenset[str] = frozenset()
    """The kinds of media that the model takes: "image", "audio", "video"."""
    identity: str = ""

    @property
    def model(self) -> Any:
        """The transformers model."""
        return self.engine.model

    @property
    def eos_ids(self) -> frozenset[int]:
        return self.engine.eos_ids

    @property
    def context_length(self) -> int | None:
        return self.engine.context_length

    def check(self, tools: Sequence[dict[str, Any]]) -> None:
        if tools:
            self.dialect.grammar(tools)

    def begin(self, question: Question) -> Turn:
        from agentkit import local

        return local.begin(self, question)

    def count(self, question: Question) -> int:
        from agentkit import local

        return local.count(self, question)

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def traced(self, settings: Mapping[str, Any]) -> tuple[float | None, int | None]:
        return sampling(settings).temperature, max_tokens(settings)

    def __deepcopy__(self, memo: dict[int, Any]) -> LocalSource:
        return self  # a copy of a chat model is over the same model

    def profile(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "name": self.name,
            "open_weights": True,
            "text_inputs": True,
            "text_outputs": True,
            "tool_calling": True,
            "tool_call_streaming": True,
            "tool_choice": True,
            "structured_output": True,
            "temperature": True,
            "reasoning_output": self.dialect.syntax.reasoning is not None,
            "pdf_inputs": False,
            "image_tool_message": "image" in self.takes,
            **{f"{kind}_inputs": kind in self.takes for kind in ("image", "audio", "video")},
        }
        if self.context_length is not None:
            known["max_input_tokens"] = self.context_length
        return known


def from_loaded(
    model: Any,
    tokenizer: Any,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    processor: Any = None,
    reloadable: bool = False,
) -> LocalSource:
    """A model and tokenizer that the person has loaded.

    The engine of a model is made once: two chat models over one model share its thread and its cache. It ends when the
    last of them is gone.

    Args:
        model: a transformers model.
        tokenizer: its tokenizer, or its processor where it takes more than text.
        name: its folder or hub id; None takes what the model says of itself.
        settings: generation settings.
        processor: where `tokenizer` is only the tokenizer of one.
        reloadable: whether `name` alone leads back to this very model.

    Raises:
        ValueError: where the tokenizer has no chat template.
    """
    from agentkit.engine.local import LocalEngine

    if getattr(tokenizer, "tokenizer", None) is not None:
        tokenizer, processor = tokenizer.tokenizer, tokenizer
    dialect = Dialect.from_tokenizer(tokenizer) if processor is None else processors.dialect(processor, tokenizer)
    engine = _engines.get(id(model))
    if engine is None or engine.model is not model:
        engine = _engines[id(model)] = LocalEngine(model, tokenizer)
    takes: frozenset[str] = frozenset()
    if processor is not None:
        from agentkit import multimodal

        takes = multimodal.takes(processor)
    return LocalSource(
        engine=engine,
        dialect=dialect,
        tokenizer=tokenizer,
        name=name or str(getattr(model, "name_or_path", "") or type(model).__name__),
        recall=_recalls.setdefault(engine, Recall()),
        stop_ids=_ends_of_turn(dialect, tokenizer),
        settings={**_generation_settings(model), **(settings or {})},
        processor=processor,
        takes=takes,
        identity="" if reloadable else f"{type(model).__name__} at {id(model):#x}",
    )


def of(llm: Any, tokenizer: Any = None) -> Source:
    """What an `llm` holds: the model and tokenizer of a `HuggingFacePipeline` as they are, with its pipeline arguments
    as settings.

    Args:
        llm: what LangChain's users have.
        tokenizer: in place of its own.

    Raises:
        TypeError: for anything else.
    """
    if callable(getattr(llm, "begin", None)):
        source: Source = llm
        return source
    if hasattr(llm, "pipeline"):
        pipeline, given = llm.pipeline, dict(llm.pipeline_kwargs or {})
        warn_of_unknown(given)
        own = getattr(pipeline, "processor", None)
        if tokenizer is not None:
            return from_loaded(pipeline.model, _named_tokenizer(tokenizer), llm.model_id, given)
        return from_loaded(pipeline.model, pipeline.tokenizer, llm.model_id, given, processor=own)
    raise TypeError(
        f"llm must be a HuggingFacePipeline or HuggingFaceEndpoint, not {type(llm).__name__}. For a model that is "
        "already loaded use ChatHuggingFace.from_model(model, tokenizer)."
    )


def from_model_id(
    model_id: str, settings: Mapping[str, Any] | None = None, *, tokenizer: Any = None, **load_arguments: Any
) -> LocalSource:
    """A model by folder or hub id.

    Args:
        model_id: the folder or hub id.
        settings: generation settings.
        tokenizer: a tokenizer or processor, or the folder or hub id of one, in place of the model's own.
        load_arguments: see `agentkit.engine.loading.load`.

    Raises:
        ModelLoadError: where it can't be loaded; the message says what was looked for, and where.
    """
    from agentkit.engine.loading import load

    if model_id == EMBEDDED_NAME and not load_arguments and tokenizer is None:
        return dataclasses.replace(embedded(), settings={**embedded().settings, **(settings or {})})
    warn_of_unknown(settings or {})
    token = os.environ.get("HUGGINGFACEHUB_API_TOKEN")  # transformers itself looks for HF_TOKEN only
    arguments = {**({"token": token} if token else {}), **load_arguments}
    model, own = load(str(EMBEDDED) if model_id == EMBEDDED_NAME else model_id, **arguments)
    if tokenizer is not None:
        return from_loaded(model, _named_tokenizer(tokenizer), model_id, settings)
    processor = processors.load(model_id, model, arguments)
    return from_loaded(model, own, model_id, settings, processor=processor, reloadable=True)


@functools.lru_cache(maxsize=4)
def named(model_id: str) -> LocalSource:
    """A model by folder or hub id, kept for the next time: for calls that name another model."""
    return from_model_id(model_id)


@functools.cache
def embedded() -> LocalSource:
    """The small model that ships inside."""
    from agentkit.engine.loading import load

    with _no_progress_bar():  # it is there in a blink
        model, tokenizer = load(str(EMBEDDED), dtype="float32")  # the same answers on every machine
    return from_loaded(model, tokenizer, EMBEDDED_NAME, reloadable=True)


def _named_tokenizer(tokenizer: Any) -> Any:
    if not isinstance(tokenizer, (str, Path)):
        return tokenizer
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tokenizer)


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
