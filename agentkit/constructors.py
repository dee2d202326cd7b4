"""The ways to make a ChatHuggingFace beside its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import Self

from agentkit import sources
from agentkit.fields import Fields
from agentkit.question import Source

_LOADING = (
    *("device", "device_map", "dtype", "model_kwargs", "quantization_config", "revision", "trust_remote_code"),
    "token",
)


class Constructors(Fields):
    """The constructors of `ChatHuggingFace`."""

    @classmethod
    def from_model_id(
        cls,
        model_id: str,
        task: str | None = None,
        backend: Literal["pipeline", "endpoint", "text-gen"] = "pipeline",
        pipeline_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A model by folder or hub id.

        Args:
            model_id: a folder, or the id of a model on the Hugging Face hub.
            task: "text-generation", or "image-text-to-text" and the like; there for compatibility, for what a model
                takes is read off the model.
            backend: where the model runs; "pipeline" is this process, "endpoint" one of Hugging Face's Inference
                Providers or, with `base_url`, a server that speaks OpenAI's chat completions.
            pipeline_kwargs: generation settings under transformers' names, such as `max_new_tokens`.
            **kwargs: `device`, `device_map`, `dtype`, `model_kwargs`, `quantization_config`, `revision`, `token` and
                `trust_remote_code` for loading; all else are fields of this class.

        Raises:
            ModelLoadError: where the model can't be loaded.
            ValueError: for an unknown task or backend.
        """
        if task not in {None, "text-generation", "conversational", "image-text-to-text", "any-to-any"}:
            raise ValueError(f"task={task!r} is not supported; a chat model does 'text-generation'.")
        if backend == "endpoint":
            own = cls._checked({**dict(pipeline_kwargs or {}), **kwargs})
            where = {} if "base_url" in own else {"provider": "auto"}
            return cls(model_id=model_id, **{**where, **own})
        if backend != "pipeline":
            raise ValueError(
                f"backend={backend!r} is not supported; 'pipeline' runs the model in this process, 'endpoint' asks a "
                "server. A text-generation-inference server is one of the latter: give its address as base_url."
            )
        loading = {name: kwargs.pop(name) for name in _LOADING if name in kwargs}
        loading |= loading.pop("model_kwargs", None) or {}
        source = sources.from_model_id(model_id, pipeline_kwargs, tokenizer=kwargs.get("tokenizer"), **loading)
        told = {
            name: value for name, value in loading.items() if isinstance(value, (str, int, dict)) and name != "token"
        }
        return cls._over(source, **{"model_kwargs": told, **kwargs})  # so that it can be serialised and loaded again

    @classmethod
    def from_model(cls, model: Any, tokenizer: Any, **kwargs: Any) -> Self:
        """A transformers model that is already loaded, with its tokenizer or, where it takes more than text, its
        processor."""
        return cls._over(sources.from_loaded(model, tokenizer), **kwargs)

    @classmethod
    def embedded(cls, **kwargs: Any) -> Self:
        """The small model that ships with agentkit: it calls tools in short English exchanges, and no more."""
        return cls._over(sources.embedded(), **kwargs)

    @classmethod
    def _over(cls, source: Source, **kwargs: Any) -> Self:
        """A chat model over a source that is there already."""
        return cls(llm=source, model_id=source.name, **cls._checked(kwargs))

    @classmethod
    def _checked(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        known = {name for field, info in cls.__pydantic_fields__.items() for name in (field, info.alias) if name}
        if unknown := kwargs.keys() - known:
            raise TypeError(f"ChatHuggingFace has no {', '.join(sorted(unknown))}. It has: {', '.join(sorted(known))}.")
        return kwargs
