"""Proof that what is tested on never occurs in training: the drawn items of the two halves, compared by hash."""

from __future__ import annotations

import hashlib

import generate
from draw import Draw
from rich.console import Console


def _hashes(items: set[str]) -> set[str]:
    return {hashlib.blake2b(item.lower().encode(), digest_size=16).hexdigest() for item in items}


def shared(count: int = 500, seed: object = 0) -> tuple[int, int, int]:
    """Draw ``count`` conversations of each half: how many items each half used, and how many both (to be 0)."""
    train, test = Draw(f"{seed}/train"), Draw(f"{seed}/test", held_out=True)
    harder = Draw(f"{seed}/harder", harder=True)
    for place in range(count):
        generate.converse(train)
        generate.converse(harder)
        generate.converse(test, generate.KINDS[place % len(generate.KINDS)])
    train.used |= harder.used
    return len(train.used), len(test.used), len(_hashes(train.used) & _hashes(test.used))


if __name__ == "__main__":
    train, test, both = shared(3000)
    Console().print(f"{train} training items, {test} held-out items, {both} in both")
