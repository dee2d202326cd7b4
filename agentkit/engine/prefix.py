"""Keys and values kept after a request, found again by the longest common beginning of the token ids.

A radix tree: a node holds a run of token ids with their keys and values, so that a beginning that many conversations
share (system prompt, tools) is kept once. Where a model has layers that cannot be cut, a node can also hold what those
layers remember at its end; a sequence can be resumed only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from agentkit.engine.kv import Piece, State, cut_piece, state_bytes

__all__ = ["Match", "PrefixCache"]

# A place in a tuple and an int object. They count, for a model may keep nothing else for a token.
_BYTES_PER_ID = 40


@dataclass(slots=True)
class Match:
    """What the cache knows of a sequence."""

    length: int = 0
    """How many tokens can be resumed from."""
    common: int = 0
    """How many tokens are known; more than `length` where the place cannot be resumed from."""
    pieces: list[tuple[int, Piece]] = field(default_factory=list)
    """The first `length` tokens, as views on what the cache holds, each with its number of tokens."""
    state: State | None = None


class _Node:
    __slots__ = ("children", "ids", "parent", "piece", "state", "used")

    def __init__(self, ids: tuple[int, ...], piece: Piece, parent: _Node | None) -> None:
        self.ids = ids
        self.piece = piece
        self.parent = parent
        self.children: dict[int, _Node] = {}
        self.state: State | None = None
        self.used = 0


class PrefixCache:
    """A bounded store of keys and values. Used by one thread.

    Args:
        budget: the most bytes it holds. What was used longest ago goes first.
        windows: how many tokens each attention layer sees, as `KeyValues.windows` has it; None for all. A sequence is
            resumed only where what such a layer would see is there.
        needs_state: whether sequences are resumed only where a state was stored.

    Attributes:
        bytes: what it holds.
    """

    def __init__(self, budget: int, windows: Sequence[int | None] = (), needs_state: bool = False) -> None:
        self._budget = budget
        self._windows = [(index, window - 1) for index, window in enumerate(windows) if window is not None]
        self._needs_state = needs_state
        self._root = _Node((), [], None)
        self._clock = 0
        self.bytes = self._aside = 0

    def set_aside(self, size: int) -> None:
        """So many bytes of the budget are used elsewhere."""
        self._aside = size
        self._shrink()

    def find(self, ids: Sequence[int]) -> Match:
        """The longest beginning of `ids` that is known, and what to resume from."""
        self._clock += 1
        path = list(self._walk(ids))
        for node, _ in path:
            node.used = self._clock
        used = self._resumable(path)
        return Match(
            length=sum(count for _, count in path[:used]),
            common=sum(count for _, count in path),
            pieces=[(count, cut_piece(node.piece, len(node.ids), 0, count)) for node, count in path[:used]],
            state=path[used - 1][0].state if used and self._needs_state else None,
        )

    def known(self, ids: Sequence[int]) -> int:
        """How many tokens `find` could resume from; without counting as a use."""
        path = list(self._walk(ids))
        return sum(count for _, count in path[: self._resumable(path)])

    def store(self, ids: Sequence[int], read: Callable[[int, int], Piece], state: State | None = None) -> None:
        """Keep a sequence, as far as it is not known.

        Args:
            ids: the token ids.
            read: gives keys and values of a run of them, given its begin and end; what it gives is copied.
            state: what layers that cannot be cut remember after the last of them.
        """
        self._clock += 1
        path = [self._split(node, count) for node, count in list(self._walk(ids))]
        for node in path:
            node.used = self._clock
        known = sum(len(node.ids) for node in path)
        node = path[-1] if path else self._root
        if known < len(ids):
            node = self._grow(node, tuple(ids[known:]), read(known, len(ids)))
        elif self._windows:
            self._refresh(path, read)
        if node is not self._root and state is not None:
            self.bytes += state_bytes(state) - state_bytes(node.state)
            node.state = state
        self._shrink()

    def clear(self) -> None:
        """Forget everything."""
        self._root.children.clear()
        self.bytes = 0

    def _walk(self, ids: Sequence[int]) -> Iterator[tuple[_Node, int]]:
        """The nodes along `ids`, each with how many of its ids agree; all but the last agree in full."""
        node, at = self._root, 0
        while at < len(ids) and (child := node.children.get(ids[at])) is not None:
            count = _common(child.ids, ids, at)
            yield child, count
            if count < len(child.ids):
                return
            node, at = child, at + count

    def _resumable(self, path: Sequence[tuple[_Node, int]]) -> int:
        """How many of the nodes on a path, each with how many of its tokens, lead to where one can go on."""
        for used in range(len(path), 0, -1):
            node, count = path[used - 1]
            has_state = not self._needs_state or (count == len(node.ids) and node.state is not None)
            if has_state and self._is_covered(path[:used]):
                return used
        return 0

    def _is_covered(self, path: Sequence[tuple[_Node, int]]) -> bool:
        """Whether the layers with a window have all that they would see after these tokens."""
        for index, seen in self._windows:
            for node, count in reversed(path):
                pair = node.piece[index]
                missing = 0 if pair is None else len(node.ids) - pair[0].shape[1]
                seen -= max(count - missing, 0)
                if seen <= 0:
                    break
                if missing:
                    return False
        return True

    def _grow(self, parent: _Node, ids: tuple[int, ...], piece: Piece) -> _Node:
        size, room = _bytes(ids, piece), self._budget - self._aside
        if size > room:
            # What could never stay is not worth a copy; but of a sequence that can be cut, the beginning can.
            fits = 0 if self._needs_state or self._windows else max(0, len(ids) * room // size)
            if not fits:
                return self._root
            ids, piece = ids[:fits], cut_piece(piece, len(ids), 0, fits)
            size = _bytes(ids, piece)
        node = _Node(ids, _copy(piece), parent)
        node.used = self._clock
        parent.children[ids[0]] = node
        self.bytes += size
        return node

    def _split(self, node: _Node, count: int) -> _Node:
        """The first `count` tokens of a node as a node. Both parts are copied, so that each can be freed alone."""
        length = len(node.ids)
        if count == length:
            return node
        assert node.parent is not None
        first = _Node(node.ids[:count], _copy(cut_piece(node.piece, length, 0, count)), node.parent)
        first.used = node.used
        node.parent.children[node.ids[0]] = first
        node.piece = _copy(cut_piece(node.piece, length, count, length))
        node.ids = node.ids[count:]
        node.parent = first
        first.children[node.ids[0]] = node
        return first

    def _refresh(self, path: Sequence[_Node], read: Callable[[int, int], Piece]) -> None:
        """Give nodes back what their layers with a window had let go of, where a sequence has computed it anew."""
        end = sum(len(node.ids) for node in path)
        left = max(seen for _, seen in self._windows)
        for node in reversed(path):
            begin = end - len(node.ids)
            fresh = read(begin, end)
            size, had = _bytes(node.ids, fresh), _bytes(node.ids, node.piece)
            if size > had:
                node.piece = _copy(fresh)
                self.bytes += size - had
            left -= len(node.ids)
            end = begin
            if left <= 0:
                return

    def _shrink(self) -> None:
        while self.bytes and self.bytes > self._budget - self._aside:
            # Leaves, and states on the way to one: the only things that nothing else rests on.
            node = min(
                (node for node in self._nodes() if not node.children or node.state is not None),
                key=lambda node: node.used,
            )
            self.bytes -= state_bytes(node.state)
            node.state = None
            if not node.children:
                assert node.parent is not None
                self.bytes -= _bytes(node.ids, node.piece)
                del node.parent.children[node.ids[0]]

    def _nodes(self) -> Iterator[_Node]:
        stack = list(self._root.children.values())
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children.values())


def _common(run: tuple[int, ...], ids: Sequence[int], at: int) -> int:
    length = min(len(run), len(ids) - at)
    if run[:length] == tuple(ids[at : at + length]):
        return length
    return next(index for index in range(length) if run[index] != ids[at + index])


def _copy(piece: Piece) -> Piece:
    return [pair and (pair[0].clone(), pair[1].clone()) for pair in piece]


def _bytes(ids: tuple[int, ...], piece: Piece) -> int:
    tensors = sum(tensor.numel() * tensor.element_size() for pair in piece if pair for tensor in pair)
    return tensors + _BYTES_PER_ID * len(ids)
