"""Columns against rows that are written out in full."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.engine.columns import Columns


class Plain:
    """Each row a list with an entry for every column: a token's number, or None for a hole."""

    def __init__(self):
        self.rows = [[]]

    def append(self, counts):
        new = max(counts)
        for row, count in zip(self.rows, counts, strict=True):
            known = sum(entry is not None for entry in row)
            row += [None] * (new - count) + list(range(known, known + count))

    def take_back(self, counts):
        for row, count in zip(self.rows, counts, strict=True):
            row[len(row) - count :] = [None] * count
        while all(row and row[-1] is None for row in self.rows):
            for row in self.rows:
                row.pop()

    @property
    def lengths(self):
        return [sum(entry is not None for entry in row) for row in self.rows]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_history(data):
    columns, plain = Columns(), Plain()
    begun = data.draw(st.integers(1, 5))
    columns.append([begun])
    plain.append([begun])
    for _ in range(data.draw(st.integers(1, 15))):
        rows = len(plain.rows)
        action = data.draw(st.sampled_from(["append", "append", "append", "join", "leave", "close"]))
        if action == "append":
            counts = [data.draw(st.integers(1, 4)) for _ in range(rows)]
            columns.append(counts)
            plain.append(counts)
            wrong = [data.draw(st.integers(0, count - 1)) for count in counts]
            if any(wrong):
                columns.take_back(wrong)
                plain.take_back(wrong)
        elif action == "join":
            length = data.draw(st.integers(1, 12))
            columns.join(length)
            plain.rows.append(list(range(length)))
        elif action == "leave" and rows > 1:
            row = data.draw(st.integers(0, rows - 1))
            columns.leave(row)
            plain.rows[row] = plain.rows[-1]
            plain.rows.pop()
        elif action == "close":
            width = columns.width
            for place, row in zip(columns.close(), plain.rows, strict=True):
                filled = [None] * (width - len(row)) + row
                assert [filled[at] for at in place] == [entry for entry in row if entry is not None]
            plain.rows = [[entry for entry in row if entry is not None] for row in plain.rows]
        width = max(map(len, plain.rows))
        filled = [[None] * (width - len(row)) + row for row in plain.rows]
        mask = columns.mask()
        assert columns.lengths == plain.lengths
        assert columns.width == width
        assert ([[True] * width] * len(filled) if mask is None else mask.tolist()) == [
            [entry is not None for entry in row] for row in filled
        ]
        for number, row in enumerate(filled):
            begin = data.draw(st.integers(0, plain.lengths[number]))
            places = columns.places(number, begin, plain.lengths[number])
            if places is None:
                assert None not in plain.rows[number]
            else:
                assert [row[at] for at in places] == list(range(begin, plain.lengths[number]))
