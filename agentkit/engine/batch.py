"""The requests that are generating, one row each."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from agentkit.engine.forward import Forward
from agentkit.engine.generation import Generation
from agentkit.engine.kv import KeyValues
from agentkit.engine.queue import common_length

__all__ = ["Batch"]

# Rows that are given fewer tokens than others are padded, so a step costs as much as if all had been given the most.
_SIDE_BY_SIDE = 8


class Batch:
    """Rows that go forward together; requests join and leave between steps."""

    def __init__(self, forward: Forward) -> None:
        self.rows: list[Generation] = []
        self.kv: KeyValues | None = None
        self._forward = forward

    def join(self, generation: Generation) -> None:
        """Take over a generation and its keys and values."""
        assert generation.kv is not None
        self._add([generation], generation.kv)
        generation.kv = None

    def merge(self, other: Batch) -> None:
        """Take over all rows of another batch."""
        if other.kv is not None:
            self._add(other.rows, other.kv)
            other.rows, other.kv = [], None

    def _add(self, rows: Sequence[Generation], kv: KeyValues) -> None:
        if self.kv is None:
            self.kv = kv
        else:
            self.kv.add(kv)
        self.rows += rows

    def leave(self, row: int) -> None:
        """Forget a row; the last one takes its place."""
        assert self.kv is not None
        if len(self.rows) == 1:
            self.kv = None
        else:
            self.kv.drop(row)
        last = self.rows.pop()
        if row < len(self.rows):
            self.rows[row] = last

    def split_off(self, row: int) -> Generation:
        """Let a row leave with its keys and values."""
        assert self.kv is not None
        generation = self.rows[row]
        kv = self.kv if len(self.rows) == 1 else self.kv.take(row)
        self.leave(row)
        generation.kv = kv
        return generation

    def pending(self, row: int) -> list[int]:
        """The tokens of a row that the model has not seen yet; never none."""
        assert self.kv is not None
        return self.rows[row].ids[self.kv.lengths[row] :]

    def catch_up(self) -> None:
        """Show the model all that is pending but the last token of each row. Rows may differ only where the model
        takes tokens of different number (`Forward.ragged`)."""
        assert self.kv is not None
        shown = [self.pending(row)[:-1] for row in range(len(self.rows))]
        if any(shown):
            self._forward(shown, self.kv, 0)

    def step(self, chunk: int) -> tuple[torch.Tensor, list[list[int]]]:
        """Show the model the next tokens of each row: one, or as many as are pending and as are guessed to follow.

        Args:
            chunk: the most tokens to show of a single row; of several rows it is fewer.

        Returns:
            What the model says: logits, [rows, n + 1, vocabulary], after the last token of each row and after each of
            the up to n tokens that were guessed; those of a row are the last. And what was guessed in each row; it is
            in `kv` until `settle`. Where something is still `pending` in a row, what it says has no use yet.
        """
        assert self.kv is not None
        if len(self.rows) > 1:
            chunk = _SIDE_BY_SIDE if self._forward.ragged else 1
        elif self._forward.continues == "single":
            chunk = 1
        shown = [self.pending(row)[:chunk] for row in range(len(self.rows))]
        guessed = [self._guess(row, chunk - len(ids)) for row, ids in enumerate(shown)]
        both = [ids + more for ids, more in zip(shown, guessed, strict=True)]
        return self._forward(both, self.kv, max(map(len, guessed)) + 1), guessed

    def settle(self, guessed: Sequence[Sequence[int]]) -> None:
        """Forget the guessed tokens that the rows did not say after all."""
        assert self.kv is not None
        wrong = []
        for generation, length, ids in zip(self.rows, self.kv.lengths, guessed, strict=True):
            right = common_length(generation.ids[length - len(ids) :], ids)
            wrong.append(len(ids) - right)
            if ids:
                generation.guessed(len(ids), right)
        if any(wrong):
            self.kv.take_back(wrong)

    def _guess(self, row: int, most: int) -> list[int]:
        """What may follow all that is pending, where that is less than `most` tokens."""
        assert self.kv is not None
        several = len(self.rows) > 1
        if most <= 0 or (several and not self._forward.ragged):
            return []
        if self._forward.continues != "any" or self.kv.is_recurrent:
            return []
        return self.rows[row].guess()[:most]
