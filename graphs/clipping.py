"""Long texts cut to a number of tokens: the beginning and the end stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import ToolMessage

_AT_THE_BEGINNING = 0.75
_LONGEST_TOKEN = 24
"""Characters; text is cut to so many a token before it is counted, so that no count takes long."""


def clipped(text: str, tokens: int, count: Callable[[str], int]) -> str:
    """The text, or its beginning and its end with a word on what is left out in between.

    Args:
        text: any text.
        tokens: the most tokens that the result may have, the word on what is left out aside.
        count: counts the tokens of a text.
    """
    if len(text) <= tokens and len(text.encode("utf-8", "replace")) <= tokens:
        return text
    length = len(text)
    if length <= tokens * _LONGEST_TOKEN:
        counted = count(text)
        if counted <= tokens:
            return text
        length = length * tokens // counted
    else:
        length = tokens * _LONGEST_TOKEN
    while length > 0:
        begin = int(length * _AT_THE_BEGINNING)
        head, tail = text[:begin], text[len(text) - (length - begin) :]
        counted = count(head) + count(tail)
        if counted <= tokens:
            return f"{head}\n[… {len(text) - length} characters left out …]\n{tail}"
        length = min(length - 1, length * tokens // counted)
    return f"[… {len(text)} characters left out …]"


def clip_message(message: ToolMessage, tokens: int, count: Callable[[str], int]) -> ToolMessage:
    """The result of a tool with its text clipped. Blocks that are no text stay as they are.

    What was clipped is kept whole as the artifact or, where the tool has an artifact of its own, as
    `response_metadata["whole"]`.
    """
    content = _clip_content(message.content, tokens, count)
    if content == message.content:
        return message
    kept: dict[str, Any] = (
        {"artifact": message.content}
        if message.artifact is None
        else {"response_metadata": {**message.response_metadata, "whole": message.content}}
    )
    return message.model_copy(update={"content": content, **kept})


def _clip_content(content: str | list[Any], tokens: int, count: Callable[[str], int]) -> str | list[Any]:
    if isinstance(content, str):
        return clipped(content, tokens, count)
    blocks, left = [], tokens
    for block in content:
        text = block if isinstance(block, str) else block.get("text") if block.get("type") == "text" else None
        if not isinstance(text, str):
            blocks.append(block)
            continue
        shorter = clipped(text, left, count)
        left = max(0, left - count(shorter))
        blocks.append(shorter if isinstance(block, str) else {**block, "text": shorter})
    return blocks
