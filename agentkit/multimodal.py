"""Prompts with images, sounds or films: the processor's tensors beside the token ids, continued by transformers'
`generate`, which knows what each architecture needs; what is said is chosen as for any other request."""

from __future__ import annotations

import dataclasses
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig, LogitsProcessor, StoppingCriteria

from agentkit import decoding
from agentkit.engine import Request, Stream
from agentkit.engine.failures import explain
from agentkit.engine.generation import Generation
from agentkit.engine.stream import Channel, LocalStream
from agentkit.errors import ContextLengthError, UnsupportedContentError
from agentkit.media import Media

if TYPE_CHECKING:
    from agentkit.sources import LocalSource

_ARGUMENT = {"image": "images", "audio": "audio", "video": "videos"}
"""A processor's argument for each kind of media."""

_locks: weakref.WeakKeyDictionary[Any, threading.Lock] = weakref.WeakKeyDictionary()
"""One request with media at a time: some architectures keep its positions on the model between two steps."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What the model is given: token ids with each placeholder expanded, and the tensors that go with them."""

    ids: list[int]
    tensors: dict[str, Any]


def takes(processor: Any) -> frozenset[str]:
    """The kinds of media that a processor turns into tensors: "image", "audio", "video"."""
    parts = {
        "image": getattr(processor, "image_processor", None),
        "audio": getattr(processor, "feature_extractor", None),
        "video": getattr(processor, "video_processor", None),
    }
    return frozenset(kind for kind, part in parts.items() if part is not None and _token(processor, kind))


def prepared(source: LocalSource, ids: Sequence[int], media: Sequence[Media], allowed: frozenset[str]) -> Prepared:
    """The prompt for the model.

    Only the placeholders that the template itself wrote are expanded, and the text between them stays as it was
    tokenized, so that nothing in it can become a placeholder.

    Args:
        source: the model's source.
        ids: the prompt's token ids, with one placeholder for each of the media.
        media: in the order of their places.
        allowed: where media may be fetched from.

    Raises:
        UnsupportedContentError: where a file can't be read, or the template left out a placeholder.
    """
    processor = source.processor
    values = [decoding.decoded(item, processor, allowed) for item in media]
    marks = {kind: source.tokenizer.convert_tokens_to_ids(_token(processor, kind)) for kind in source.takes}
    places = [place for place, token_id in enumerate(ids) if token_id in marks.values()]
    if [ids[place] for place in places] != [marks[item.kind] for item in media]:
        raise UnsupportedContentError(
            f"The chat template of {source.name} wrote {len(places)} placeholders for {len(media)} media."
        )
    together = _processed(source, media, values)
    alone = (
        [together] if len(media) == 1 else [_processed(source, [m], [v]) for m, v in zip(media, values, strict=True)]
    )
    if [t for one in alone for t in one["input_ids"][0].tolist()] != together["input_ids"][0].tolist():
        raise UnsupportedContentError(f"The processor of {source.name} writes several media otherwise than each alone.")
    shape = together["input_ids"].shape
    fields = [name for name, tensor in together.items() if getattr(tensor, "shape", None) == shape]
    rows: dict[str, list[Any]] = {name: [] for name in fields}
    done = 0
    for place, one in zip([*places, len(ids)], [*alone, None], strict=True):
        text = list(ids[done:place])
        for name, row in rows.items():
            row += text if name == "input_ids" else [int(name == "attention_mask")] * len(text)
            row += one[name][0].tolist() if one is not None else []
        done = place + 1
    tensors = {name: torch.tensor([row], dtype=together[name].dtype) for name, row in rows.items()}
    return Prepared(rows["input_ids"], {**together, **tensors})


def submit(
    source: LocalSource, request: Request, media: Sequence[Media], allowed: frozenset[str]
) -> tuple[Request, Stream]:
    """Begin a request; returns at once. The request comes back with its prompt as the model reads it.

    Raises:
        ContextLengthError, UnsupportedContentError, ValueError: see `agentkit.engine.Engine.submit` and `prepared`.
    """
    if request.max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, not {request.max_tokens}.")
    given = prepared(source, request.prompt, media, allowed)
    limit = source.engine.context_length
    if limit is not None and len(given.ids) >= limit:
        raise ContextLengthError(len(given.ids), limit)
    request = dataclasses.replace(request, prompt=given.ids)
    channel = Channel()
    threading.Thread(
        target=_run, args=(source, request, given, channel), name="agentkit-multimodal", daemon=True
    ).start()
    return request, LocalStream(channel, source.engine)


def _run(source: LocalSource, request: Request, given: Prepared, channel: Channel) -> None:
    model = source.model
    try:
        with _locks.setdefault(model, threading.Lock()), torch.inference_mode():
            if channel.cancelled:
                return
            generation = Generation(request, source.tokenizer, channel, source.eos_ids, source.engine.context_length)
            if request.grammar is not None:
                generation.follow(source.engine.guides.guide(request.grammar, request.stop_ids))
            configuration: Any = GenerationConfig  # it carries no annotations
            config = configuration(
                max_new_tokens=generation.room,
                do_sample=False,
                num_beams=1,
                repetition_penalty=1.0,
                pad_token_id=source.tokenizer.pad_token_id or 0,
            )
            floats = {name: _placed(tensor, model) for name, tensor in given.tensors.items()}
            steered = _Steered(generation)
            model.generate(
                **floats, generation_config=config, logits_processor=[steered], stopping_criteria=[_Ended(generation)]
            )
            if not generation.done and not channel.cancelled:
                steered.finish()
    except Exception as error:
        channel.end(error=explain(error, model.device, len(request.prompt)))
    finally:
        channel.end()


def _processed(source: LocalSource, media: Sequence[Media], values: Sequence[Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for item, value in zip(media, values, strict=True):
        arguments.setdefault(_ARGUMENT[item.kind], []).append(value)
    text = "".join(str(_token(source.processor, item.kind)) for item in media)
    if "audio" in arguments:
        arguments["sampling_rate"] = source.processor.feature_extractor.sampling_rate
    return dict(source.processor(text=[text], return_tensors="pt", add_special_tokens=False, **arguments))


def _placed(tensor: Any, model: Any) -> Any:
    if not isinstance(tensor, torch.Tensor):
        return tensor
    return tensor.to(model.device, model.dtype if tensor.is_floating_point() else tensor.dtype)


def _token(processor: Any, kind: str) -> str | None:
    token = getattr(processor, f"{kind}_token", None)
    return str(token) if token is not None else None


class _Steered(LogitsProcessor):  # type: ignore[no-any-unimported,misc,unused-ignore]
    """Lets a `Generation` choose, and leaves `generate` only its choice."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        ids, length = self._generation.ids, input_ids.shape[1]
        if length == len(ids) and not self._generation.done:
            self._generation.step(scores[0], int(scores[0].argmax()))
        chosen = ids[length] if length < len(ids) else 0
        only = torch.full_like(scores, -torch.inf)
        only[0, chosen] = 0.0
        return only

    def finish(self) -> None:
        """`generate` came to its limit, and with it the generation."""
        self._generation.step(torch.zeros(1), 0)


class _Ended(StoppingCriteria):  # type: ignore[no-any-unimported,misc,unused-ignore]
    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        over = self._generation.channel.cancelled or (
            self._generation.done and input_ids.shape[1] >= len(self._generation.ids)
        )
        return torch.full((input_ids.shape[0],), over, dtype=torch.bool, device=input_ids.device)
