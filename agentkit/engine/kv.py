"""What a model remembers of several sequences, in a form that sequences can join, leave and be copied out of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache, cache_utils
from transformers.cache_utils import (
    DynamicLayer,
    DynamicSlidingWindowLayer,
    LinearAttentionAndFullAttentionLayer,
    LinearAttentionLayer,
)

from agentkit.engine.columns import Columns
from agentkit.engine.layers import AttentionLayer, HybridLayer

__all__ = ["KeyValues", "Piece", "State", "cut_piece", "is_supported", "state_bytes"]

Piece = list["tuple[torch.Tensor, torch.Tensor] | None"]
"""Keys and values of a run of tokens of one sequence, by attention layer: each [heads, tokens, head size]. A layer with
a window may have let go of the first ones. None for a layer that has none of its own but looks at another layer's."""

State = list[dict[str, Any]]
"""What layers without a token axis (recurrent, convolution) remember after one token of one sequence: by layer, the
attributes of transformers' `LinearAttentionLayer`, whose tensors have the sequence as their first axis."""

_NO_STATE = frozenset(vars(AttentionLayer()))
_EMPTY_LAYER = getattr(cache_utils, "DummyLayer", None)


class KeyValues:
    """What a model remembers of the sequences that it continues together.

    Attributes:
        cache: what the model's `forward` takes as its cache.
    """

    def __init__(self, config: Any, expected: int = 0) -> None:
        """One row with no tokens yet; `expected` tokens will fit without moving it."""
        self.config = config
        self.cache = DynamicCache(config=config)
        self._columns = Columns()
        self._attention: list[AttentionLayer] = []
        self._recurrent: list[Any] = []
        self._ids: list[int] = []
        for index, layer in enumerate(self.cache.layers):
            if isinstance(layer, DynamicLayer):
                hybrid = type(layer) is LinearAttentionAndFullAttentionLayer
                attention = HybridLayer() if hybrid else AttentionLayer(getattr(layer, "sliding_window", None))
                attention.expected = expected
                self.cache.layers[index] = attention
                self._attention.append(attention)
            if isinstance(layer, LinearAttentionLayer):
                self._recurrent.append(self.cache.layers[index])

    @property
    def lengths(self) -> list[int]:
        """Number of tokens of each row that are in it."""
        return self._columns.lengths

    @property
    def windows(self) -> list[int | None]:
        """How many tokens each attention layer sees, as `AttentionLayer` has it."""
        return [layer.window for layer in self._attention]

    @property
    def is_recurrent(self) -> bool:
        """Whether something in it has no token axis, so that it cannot be cut."""
        return bool(self._recurrent)

    @property
    def is_filled(self) -> bool:
        """Whether a model has put what it remembers in here."""
        attention = not self._attention or any(layer.length for layer in self._attention)
        return attention and all(any(True for _ in _tensors(_state(layer))) for layer in self._recurrent)

    @property
    def can_be_cut(self) -> bool:
        """Whether it is one sequence by itself, of which `cut` can leave any beginning."""
        alone = all(layer.buffers[0].shape[0] == 1 for layer in self._attention if layer.buffers)
        whole = not self._columns.has_holes and all(window is None for window in self.windows)
        return len(self.lengths) == 1 and alone and whole and self.is_filled and not self.is_recurrent

    @property
    def columns(self) -> int:
        """How many tokens fit into its buffers."""
        return min((layer.buffers[0].shape[2] for layer in self._attention if layer.buffers), default=0)

    @property
    def bytes(self) -> int:
        """How much memory its buffers take."""
        buffers = (buffer for layer in self._attention for buffer in layer.buffers)
        return sum(buffer.numel() * buffer.element_size() for buffer in buffers)

    def append(self, counts: Sequence[int]) -> None:
        """The model is about to append so many tokens to the rows; different numbers only where nothing has a window
        and nothing is recurrent."""
        self._make_room(max(counts))
        self._columns.append(counts)

    def remember(self, ids: Sequence[Sequence[int]]) -> list[list[int]]:
        """For models that keep nothing: all tokens of the one row so far, these included, before they are appended."""
        self._ids = self._ids[: self.lengths[0]] + list(ids[0])
        return [self._ids]

    def mask(self, device: torch.device) -> torch.Tensor | None:
        """The attention mask of all columns, new ones included: [rows, columns], or None where nothing is hidden."""
        mask = self._columns.mask() if self._attention else None
        return None if mask is None else mask.to(device).long()

    def added_mask(self, new: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor | None:
        """What to add to the attention scores of the `new` last columns: [rows, 1, new, columns]; None where the model
        knows what to hide without being told. Only where no layer has a window."""
        filled, width, rows = self._columns.mask(), self._columns.width, len(self.lengths)
        if filled is None and (new == 1 or new == width):
            return None
        # Not minus infinity, nor what comes to it with a score: where all is hidden, the softmax would be NaN.
        least = torch.finfo(dtype).min / 2
        mask = torch.zeros((1 if filled is None else rows, 1, new, width), dtype=dtype, device=device)
        later = torch.ones((new, new), dtype=torch.bool, device=device).triu_(1)
        mask[..., width - new :].masked_fill_(later, least)
        if filled is not None:
            mask.masked_fill_(~filled[:, None, None].to(device), least)
        return mask.expand(rows, -1, -1, -1)

    def positions(self, new: int, device: torch.device) -> torch.Tensor:
        """Position in its sequence of what is in each of the `new` new columns: [rows, new]."""
        ends = torch.tensor(self.lengths, device=device)[:, None]
        return (ends + torch.arange(-new, 0, device=device)[None]).clamp(min=0)

    def read(self, row: int, begin: int, end: int) -> Piece:
        """Tokens `begin` to `end` of a row, as views that the next step may overwrite."""
        length, places = self.lengths[row], self._columns.places(row, begin, end)
        if places is not None:
            return [layer.gather(row, places) if layer.buffers else None for layer in self._attention]
        return [layer.read(row, length, begin, end) if layer.buffers else None for layer in self._attention]

    def load(self, length: int, pieces: Sequence[tuple[int, Piece]], state: State | None) -> None:
        """Fill the one row up to `length` tokens: those of `pieces`, each with how many tokens it stands for. What the
        row has already are the first of the same tokens."""
        missing = list(_after(self.lengths[0], pieces))
        for index, layer in enumerate(self._attention):
            runs = []
            for count, piece in reversed(missing):
                if (states := piece[index]) is not None:
                    runs.append(states)
                    if states[0].shape[1] < count:
                        break
            layer.load(length if runs or layer.length else 0, runs[::-1])
        if state is not None:
            for layer, layer_state in zip(self._recurrent, state, strict=True):
                vars(layer).update(_map(layer_state, torch.clone))
        if length > self.lengths[0]:
            self._columns.append([length - self.lengths[0]])

    def state(self, row: int) -> State | None:
        """A copy of what the recurrent layers remember of a row; None without such layers."""
        if not self._recurrent:
            return None
        return [_map(_state(layer), lambda tensor: tensor[row : row + 1].clone()) for layer in self._recurrent]

    def add(self, other: KeyValues) -> None:
        """Let the sequences of `other` join as the last rows."""
        for row, length in enumerate(other.lengths):
            for mine, states in zip(self._attention, other.read(row, 0, length), strict=True):
                mine.add_row(length, states)
            self._columns.join(length)
        for mine, theirs in zip(self._recurrent, other._recurrent, strict=True):
            vars(mine).update(_map(_state(mine), lambda first, second: torch.cat([first, second]), _state(theirs)))

    def take(self, row: int) -> KeyValues:
        """A copy of one sequence, by itself."""
        single = KeyValues(self.config, self.lengths[row] + 256)
        single.load(self.lengths[row], [(self.lengths[row], self.read(row, 0, self.lengths[row]))], self.state(row))
        return single

    def take_back(self, counts: Sequence[int]) -> None:
        """Forget so many of the last tokens of the rows, which were appended just now. Not where something is
        recurrent."""
        useless = self._columns.take_back(counts)
        for layer in self._attention:
            if layer.buffers:
                layer.crop(useless)

    def cut(self, length: int) -> None:
        """Forget all but the first `length` tokens, where it `can_be_cut`."""
        self.take_back([self.lengths[0] - length])

    def drop(self, row: int) -> None:
        """Let a sequence leave; the last row takes its place. Not for the only one."""
        self._columns.leave(row)
        for layer in self._attention:
            layer.drop_row(row, self._columns.width)
        keep = list(range(len(self.lengths)))
        if row < len(keep):
            keep[row] = len(keep)
        for layer in self._recurrent:
            vars(layer).update(_map(_state(layer), lambda tensor: tensor[keep]))

    def _make_room(self, new: int) -> None:
        """Close the holes, rather than have the buffers grow, where that helps for some time."""
        wasted = self._columns.width - max(self.lengths)
        if wasted > self._columns.width // 16 and any(layer.is_full(new) for layer in self._attention):
            places = self._columns.close()
            for layer in self._attention:
                if layer.buffers:
                    layer.close(places)


def _after(begin: int, pieces: Sequence[tuple[int, Piece]]) -> Iterator[tuple[int, Piece]]:
    """The pieces from token `begin` on."""
    for count, piece in pieces:
        if begin < count:
            yield count - begin, cut_piece(piece, count, begin, count)
        begin = max(0, begin - count)


def cut_piece(piece: Piece, length: int, begin: int, end: int) -> Piece:
    """Tokens `begin` to `end` of a piece that stands for `length` tokens, of some layers only the last ones."""
    parts: Piece = []
    for pair in piece:
        missing = 0 if pair is None else length - pair[0].shape[1]
        part = slice(max(begin - missing, 0), max(end - missing, 0))
        parts.append(pair and (pair[0][:, part], pair[1][:, part]))
    return parts


def is_supported(config: Any) -> bool:
    """Whether every layer of a model of this configuration remembers in a way that is known here."""
    known = {
        DynamicLayer,
        DynamicSlidingWindowLayer,
        LinearAttentionLayer,
        LinearAttentionAndFullAttentionLayer,
        _EMPTY_LAYER,
    }
    layers = DynamicCache(config=config).layers
    return bool(layers) and all(type(layer) in known for layer in layers)


def _state(layer: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(layer).items() if name not in _NO_STATE}


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def state_bytes(state: State | None) -> int:
    """How much memory a state takes."""
    return sum(tensor.numel() * tensor.element_size() for layer in state or () for tensor in _tensors(layer))


def _map(value: Any, change: Callable[..., torch.Tensor], *others: Any) -> Any:
    """`value` with each tensor in it changed, given those at the same place of `others`; the rest as it is."""
    if isinstance(value, torch.Tensor):
        return change(value, *others)
    if isinstance(value, dict):
        return {key: _map(item, change, *(other[key] for other in others)) for key, item in value.items()}
    return value
