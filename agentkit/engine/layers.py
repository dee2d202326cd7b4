"""Keys and values of one layer, for several sequences side by side.

transformers' own `DynamicCache` allocates anew with every token and can only be cut and joined as a whole. Here each
attention layer keeps one buffer of shape [rows, heads, columns, head size] that grows in steps. All rows end at the
same column, so that a step appends as many columns for all of them; shorter rows begin later, and the attention mask
hides what lies before, exactly as with a left-padded batch in `generate`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import DynamicLayer, LinearAttentionAndFullAttentionLayer, LinearAttentionLayer

__all__ = ["RETAINED", "AttentionLayer", "HybridLayer"]

RETAINED = 2048
"""How many tokens a layer with a window keeps at least, so that short sequences can be cut anywhere."""


class AttentionLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer: buffers of which columns up to `end` are in use.

    Attributes:
        length: number of columns from the first token of any row to the last, as `Columns` counts them.
        kept: how many of a row's columns are still here, by row; the last ones.

    Args:
        window: how many tokens a token sees, itself included; None for all. Some that are out of sight are kept all the
            same, so that a sequence can be cut a little before its end; they are not shown to the model.
    """

    def __init__(self, window: int | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.window = window
        self.is_sliding = window is not None
        self.length, self.end = 0, 0
        self.kept = [0]
        self.buffers: list[torch.Tensor] = []
        self.expected = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        states, new, rows = (key_states, value_states), key_states.shape[-2], len(self.kept)
        if not self.buffers:
            columns = max(new, min(self.expected, self._most()))
            self.buffers = [tensor.new_empty((rows, tensor.shape[1], columns, tensor.shape[3])) for tensor in states]
            self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True
        elif self.is_full(new):
            self.kept = [min(kept, self._most()) for kept in self.kept]
            end = max(self.kept)
            self._move(self.buffers[0].shape[0], end, end + new + max(64, end // 4))
        for buffer, tensor in zip(self.buffers, states, strict=True):
            buffer[:rows, :, self.end : self.end + new] = tensor
        first = self.end - self._visible()
        self.end += new
        self.length += new
        self.kept = [kept + new for kept in self.kept]
        self.keys, self.values = (buffer[:rows, :, first : self.end] for buffer in self.buffers)
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return self.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        visible = self._visible()
        return visible + query_length, self.length - visible

    def get_max_length(self) -> int:
        return -1 if self.window is None else self.window

    def load(self, length: int, runs: Sequence[Sequence[torch.Tensor]]) -> None:
        """Fill the one row.

        Args:
            length: how many tokens it then has.
            runs: keys and values of the last of them, or of those that it lacks, each [heads, tokens, head size].
        """
        for keys, values in runs:
            self.update(keys[None], values[None])
        self.length = length

    def read(self, row: int, length: int, begin: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Views of the keys and values of tokens `begin` to `end` of a row that has `length` tokens; of those, the ones
        that are still here."""
        first = self.end - length
        here = slice(first + min(max(begin, length - self.kept[row]), end), first + end)
        keys, values = (buffer[row, :, here] for buffer in self.buffers)
        return keys, values

    def gather(self, row: int, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Copies of the keys and values of a row in some of its `length` columns. Not where there is a window."""
        columns = places.to(self.device) + (self.end - self.length)
        keys, values = (buffer[row].index_select(1, columns) for buffer in self.buffers)
        return keys, values

    def close(self, places: Sequence[torch.Tensor]) -> None:
        """Let the rows have only what is in these of their `length` columns. Not where there is a window."""
        states = [self.gather(row, columns) for row, columns in enumerate(places)]
        self.kept = [len(columns) for columns in places]
        self.length = self.end = max(self.kept)
        for index, buffer in enumerate(self.buffers):
            for row, pair in enumerate(states):
                buffer[row, :, : self.end - self.kept[row]] = 0
                buffer[row, :, self.end - self.kept[row] : self.end] = pair[index]

    def crop(self, columns: int) -> None:
        """Forget the last columns."""
        self.length, self.end, self.kept = (
            self.length - columns,
            self.end - columns,
            [kept - columns for kept in self.kept],
        )

    def is_full(self, new: int) -> bool:
        """Whether `new` more columns need new buffers."""
        return bool(self.buffers) and self.end + new > self.buffers[0].shape[2]

    def add_row(self, length: int, states: Sequence[torch.Tensor] | None) -> None:
        """Let a sequence of `length` tokens join: keys and values of the last, each [heads, tokens, head size]; None
        where it has none yet."""
        kept, used = 0 if states is None else states[0].shape[1], len(self.kept)
        if self.buffers:
            rows = self.buffers[0].shape[0]
            if kept > self.end or used == rows:
                # Room on both sides: for longer rows to join, and for all to grow.
                end = max(kept, *self.kept)
                spare = max(64, end // 4)
                self._move(2 * used if used == rows else rows, end + spare, end + 2 * spare)
        elif states is not None:
            self.buffers = [tensor.new_empty((2 * used, tensor.shape[0], kept, tensor.shape[2])) for tensor in states]
            self.dtype, self.device, self.is_initialized = states[0].dtype, states[0].device, True
            self.end = kept
        # What is masked still takes part in the arithmetic, and 0 times NaN is NaN: so what a row lacks is 0.
        width = max(kept, *self.kept)
        for buffer, tensor in zip(self.buffers, states or (None, None), strict=False):
            buffer[:used, :, self.end - width : self.end - max(self.kept)] = 0
            buffer[used, :, self.end - width : self.end - kept] = 0
            if tensor is not None:
                buffer[used, :, self.end - kept : self.end] = tensor
        self.length = max(self.length, length)
        self.kept.append(kept)

    def drop_row(self, row: int, longest: int) -> None:
        """Let a sequence leave; the last row takes its place. `longest` is the length of the longest that stays."""
        self.length = longest
        last, kept = len(self.kept) - 1, self.kept.pop()
        if row != last:
            self.kept[row] = kept
            for buffer in self.buffers:
                buffer[row, :, self.end - max(self.kept) : self.end] = buffer[
                    last, :, self.end - max(self.kept) : self.end
                ]

    def _visible(self) -> int:
        return self.length if self.window is None else min(self.length, self.window - 1)

    def _most(self) -> int:
        """How many tokens of a row to keep when there is no more room."""
        return sys.maxsize if self.window is None else max(4 * self.window, RETAINED)

    def _move(self, rows: int, end: int, columns: int) -> None:
        """Into new buffers of that many rows and columns, so that what is in use ends at column `end`."""
        used, width = len(self.kept), max(self.kept)
        for index, old in enumerate(self.buffers):
            fresh = old.new_empty((rows, old.shape[1], columns, old.shape[3]))
            fresh[:used, :, end - width : end] = old[:used, :, self.end - width : self.end]
            self.buffers[index] = fresh
        self.end = end


class HybridLayer(AttentionLayer, LinearAttentionAndFullAttentionLayer):  # type: ignore[misc, override, no-untyped-call]
    """A layer that has both: keys and values, and a state without a token axis."""

    def __init__(self) -> None:
        LinearAttentionLayer.__init__(self)
        AttentionLayer.__init__(self)
