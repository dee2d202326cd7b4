"""Token ids to text, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["Detokenizer", "StopStrings", "token_text"]

_CONTEXT = 6
_INCOMPLETE = "�"
_LONGEST_WAIT = 64


def token_text(tokenizer: Any, ids: Sequence[int]) -> str:
    """`ids` as text, special tokens visible, spaces untouched."""
    text: str = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text


class Detokenizer:
    """Decodes a growing sequence such that the pieces, joined, are what decoding it at once gives.

    What a token adds depends on its neighbours: a character may be spread over tokens, and tokenizers in the manner of
    SentencePiece drop a space at the beginning of what they decode. So each token is decoded together with those
    before it, back to a place where the text was complete, and only the difference counts.

    Args:
        tokenizer: a transformers tokenizer, or anything with its `decode`.
        prompt: the ids before the first one pushed.
    """

    def __init__(self, tokenizer: Any, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._ids = list(prompt[-_CONTEXT:])
        self._sent = token_text(tokenizer, self._ids)
        while self._sent.startswith(_INCOMPLETE):
            # A context that begins inside a character would spoil the characters after it.
            self._ids = self._ids[1:]
            self._sent = token_text(tokenizer, self._ids)
        self._known = len(self._ids)

    def push(self, token_id: int) -> str:
        """The text that is certain now and was not before."""
        self._ids.append(token_id)
        text = token_text(self._tokenizer, self._ids)
        certain = text.rstrip(_INCOMPLETE)
        waited = len(self._ids) - self._known
        if waited > 8 and len(text) - len(certain) > 8:
            # No character is spread over so many tokens: this is no text at all, and need not be waited for.
            certain = text[:-4]
        new = certain[len(self._sent) :]
        if new:
            self._sent = certain
        if (certain == text and new) or waited > _LONGEST_WAIT:
            new = text[len(certain) - len(new) :]
            self._rebase(waited)
        return new

    def flush(self) -> str:
        """What is left at the end, an incomplete character as U+FFFD."""
        text = token_text(self._tokenizer, self._ids)
        rest = text[len(self._sent) :]
        self._sent = text
        return rest

    def _rebase(self, waited: int) -> None:
        self._ids = self._ids[-waited:]
        self._known = len(self._ids)
        self._sent = token_text(self._tokenizer, self._ids)


class StopStrings:
    """Lets text through up to the first stop string, and holds back what could still become one.

    Args:
        stop: the texts to look for; without any, all text passes.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._held = ""

    def push(self, text: str) -> tuple[str, bool]:
        """What may be shown, and whether a stop string is complete."""
        if not self._stop:
            return text, False
        held = self._held + text
        found = [at for at in (held.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self._held = ""
            return held[: min(found)], True
        keep = max(self._overlap(held, stop) for stop in self._stop)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep], False

    def flush(self) -> str:
        """What was held back in vain."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        return next(
            (size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])),
            0,
        )
