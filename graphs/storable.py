"""Values that every checkpointer can write and every tokenizer read."""

from __future__ import annotations

from typing import Any

_DEEPEST = 64


def storable(value: Any) -> Any:
    """The value without halves of surrogate pairs, which are no text: models escape them, and tools return them.

    Raises:
        ValueError: no checkpointer could write it; the message says why.
    """
    return _storable(value, _DEEPEST)


def storable_or(value: Any, otherwise: Any) -> Any:
    """The value, or another where no checkpointer could write it."""
    try:
        return storable(value)
    except ValueError:
        return storable(otherwise)


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError("a whole number has more than 64 bits.")
    if isinstance(value, (list, dict)) and depth == 0:
        raise ValueError("it is nested too deeply.")
    if isinstance(value, list):
        return [_storable(part, depth - 1) for part in value]
    if isinstance(value, dict):
        return {_storable(key, depth): _storable(part, depth - 1) for key, part in value.items()}
    return value
