"""The requests that are generating, one row each."""

from __future__ import annotations

import torch

from agentkit.engine.forward import Forward
from agentkit.engine.generation import Generation
from agentkit.engine.kv import KeyValues
from agentkit.engine.queue import common_length

__all__ = ["Batch"]


class Batch:
    """Rows that go forward together; requests join and leave between steps."""

    def __init__(self, forward: Forward) -> None:
        self.rows: list[Generation] = []
        self.kv: KeyValues | None = None
        self._forward = forward

    def join(self, generation: Generation) -> None:
        """Take over a generation and its keys and values."""
        assert generation.kv is not None
        if self.kv is None:
            self.kv = generation.kv
        else:
            self.kv.add(generation.kv)
        generation.kv = None
        self.rows.append(generation)

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

    def step(self, chunk: int) -> tuple[list[int], torch.Tensor, list[int]]:
        """Show the model the next token of each row; where there is one row only, as many as are pending.

        Args:
            chunk: the most tokens to show.

        Returns:
            The rows of which the model has now seen everything. What it says: logits, [rows, guessed + 1, vocabulary],
            after the last token of each row, and after each of those that were guessed to follow in a single row. The
            guessed tokens; they are in `kv` until `settle`.
        """
        assert self.kv is not None
        alone = len(self.rows) == 1
        size = chunk if alone and self._forward.continues != "single" else 1
        shown = [self.pending(row)[:size] for row in range(len(self.rows))]
        done = [row for row, generation in enumerate(self.rows) if len(self.pending(row)) == len(shown[row])]
        guessed = self.rows[0].guess() if alone and done and self._can_guess() else []
        shown[0] += guessed
        return done, self._forward(shown, self.kv, len(guessed) + 1), guessed

    def settle(self, guessed: list[int]) -> None:
        """Forget the guessed tokens that the one row did not say after all."""
        if guessed:
            assert self.kv is not None
            generation, known = self.rows[0], self.kv.lengths[0] - len(guessed)
            right = common_length(generation.ids[known:], guessed)
            self.kv.crop(known + right)
            generation.guessed(len(guessed), right)

    def _can_guess(self) -> bool:
        assert self.kv is not None
        return self._forward.continues == "any" and not self.kv.is_recurrent
