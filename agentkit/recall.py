"""The very token ids of turns that a model wrote, for when the conversation comes back.

A model may write a text in other tokens than its tokenizer would. Encoding the text anew then parts from what is in the
engine's prefix cache, and everything after it is computed again. So what was generated is remembered with its text.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

_KEPT = 256


class Recall:
    """Token ids by text, the longest-unused forgotten first. Safe from any thread."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def remember(self, text: str, ids: tuple[int, ...]) -> None:
        """A conversation up to the end of a turn that the model wrote, and its ids."""
        with self._lock:
            self._known[text] = ids
            self._known.move_to_end(text)
            if len(self._known) > self._kept:
                self._known.popitem(last=False)

    def longest(self, text: str) -> tuple[str, tuple[int, ...]]:
        """The longest known text that this one begins with, and its ids; "" and () where there is none."""
        with self._lock:
            found = max((known for known in self._known if text.startswith(known)), key=len, default="")
            if found:
                self._known.move_to_end(found)
            return found, self._known.get(found, ())
