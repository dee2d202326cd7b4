"""Which columns of the buffers that sequences share hold which of their tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["Columns"]


class Columns:
    """All rows end at the same column. A row with fewer tokens begins later; where it was given fewer new tokens than
    the others in a step, or some were taken back, it has holes as well.

    Attributes:
        lengths: number of tokens of each row.
    """

    def __init__(self) -> None:
        self.lengths = [0]
        self._spans = [0]
        self._shown: torch.Tensor | None = None

    @property
    def width(self) -> int:
        """From the first token of any row to the last column."""
        return max(self._spans)

    @property
    def has_holes(self) -> bool:
        return self._shown is not None

    def append(self, counts: Sequence[int]) -> None:
        """A step has as many columns as the most of these new tokens; each row's are at its end."""
        new = max(counts)
        if self._shown is not None or min(counts) < new:
            fresh = torch.arange(new) >= new - torch.tensor(counts)[:, None]
            self._shown = torch.cat([self._filled(), fresh], 1)
        self.lengths = [length + count for length, count in zip(self.lengths, counts, strict=True)]
        self._spans = [span + new for span in self._spans]

    def take_back(self, counts: Sequence[int]) -> int:
        """Forget so many of each row's last tokens, not more than `append` has just added.

        Returns:
            How many columns, the last ones, are of no use to any row any more; they are no longer counted.
        """
        useless = min(counts)
        self.lengths = [length - count for length, count in zip(self.lengths, counts, strict=True)]
        if max(counts) > useless:
            self._shown = self._filled()
            for row, count in enumerate(counts):
                self._shown[row, self.width - count :] = False
        if self._shown is not None:
            self._shown = self._shown[:, : self.width - useless]
        self._spans = [span - useless for span in self._spans]
        return useless

    def join(self, length: int) -> None:
        """One more row, which has so many tokens and no holes."""
        if self._shown is not None:
            shown, wider = self._filled(), max(0, length - self.width)
            fresh = torch.arange(self.width + wider)[None] >= self.width + wider - length
            self._shown = torch.cat([torch.nn.functional.pad(shown, (wider, 0)), fresh])
        self.lengths.append(length)
        self._spans.append(length)

    def leave(self, row: int) -> None:
        """A row goes; the last one takes its place."""
        width = self.width
        for numbers in (self.lengths, self._spans):
            last = numbers.pop()
            if row < len(numbers):
                numbers[row] = last
        if self._shown is not None:
            rows = list(range(len(self.lengths)))
            if row < len(rows):
                rows[row] = len(rows)
            shown = self._shown[rows, width - self.width :]
            self._shown = None if shown.sum(1).tolist() == self._spans else shown

    def close(self) -> list[torch.Tensor]:
        """Close all holes.

        Returns:
            For each row, in which of the `width` columns its tokens are; they are to be moved to the end.
        """
        places = [row.nonzero().flatten() for row in self._filled()]
        self._spans, self._shown = list(self.lengths), None
        return places

    def places(self, row: int, begin: int, end: int) -> torch.Tensor | None:
        """In which of the `width` columns tokens `begin` to `end` of a row are; None where there are no holes."""
        return None if self._shown is None else self._shown[row].nonzero().flatten()[begin:end]

    def mask(self) -> torch.Tensor | None:
        """Which columns a row has tokens in: bool, [rows, width]; None where every row has one in each."""
        return None if self._shown is None and min(self._spans) == self.width else self._filled()

    def _filled(self) -> torch.Tensor:
        if self._shown is not None:
            return self._shown
        return torch.arange(self.width) >= self.width - torch.tensor(self._spans)[:, None]
