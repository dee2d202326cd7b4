"""The blocks of a tool's result, as a model can read them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from langchain_core.language_models import BaseChatModel

_KINDS = {
    "image": "image",
    "image_url": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
    "file": "pdf",
}
"""The block types of media, by what a model's profile calls them."""
_NAMES = {"pdf": "file"}


def refused(model: BaseChatModel) -> frozenset[str]:
    """The media that the model's profile says it does not take."""
    profile: Any = model.profile or {}
    kinds = {kind for kind in _KINDS.values() if profile.get(f"{kind}_inputs") is False}
    return frozenset(kinds | ({"image"} if profile.get("image_tool_message") is False else set()))


def readable(content: str | list[Any], without: Collection[str]) -> str | list[Any]:
    """The content with text for every block that is neither text nor media which the model takes.

    Args:
        content: of a tool message.
        without: media that the model does not take, as `refused` gives them.
    """
    return content if isinstance(content, str) else [_readable(block, without) for block in content]


def _readable(block: Any, without: Collection[str]) -> Any:
    if isinstance(block, str) or block.get("type") == "text":
        return block
    kind = _KINDS.get(block.get("type"))
    if kind is None:
        return {"type": "text", "text": json.dumps(block, ensure_ascii=False, default=str)}
    if kind not in without:
        return block
    name = _NAMES.get(kind, kind)
    article = "An" if name[0] in "aeiou" else "A"
    return {"type": "text", "text": f"[{article} {name}, which this model does not take.]"}
