"""Says, once a schema, which of its keywords decoding can't be held to."""

from __future__ import annotations

import functools
import warnings


class RelaxedSchemaWarning(UserWarning):
    """A keyword that decoding can't be held to; values are checked against it when they are whole."""


@functools.lru_cache(maxsize=256)
def tell(schema: str, places: tuple[str, ...]) -> None:
    """Warns of these places of a schema, given as JSON text; a second time does nothing."""
    warnings.warn(
        f"Decoding can't be held to {', '.join(places)} of this schema; values are checked against it afterwards.",
        RelaxedSchemaWarning,
        stacklevel=4,
    )
