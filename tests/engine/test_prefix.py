"""The prefix cache against a list of everything ever stored."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.engine.prefix import PrefixCache

SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=25)


def _piece(ids, begin, end):
    """Keys and values that tell which tokens they belong to, and what was before them."""
    keys = torch.tensor([float(hash(tuple(ids[: at + 1])) % 10**6) for at in range(begin, end)])[None, :, None]
    return [(keys, keys + 0.5), None]


def _store(cache, ids, state=None):
    cache.store(ids, lambda begin, end: _piece(ids, begin, end), state)


def _check(match, ids):
    found = torch.cat([piece[0][0] for _, piece in match.pieces], 1) if match.pieces else torch.zeros(1, 0, 1)
    assert torch.equal(found, _piece(ids, 0, match.length)[0][0])
    assert all(piece[1] is None for _, piece in match.pieces)
    assert sum(count for count, _ in match.pieces) == match.length


def _common(first, second):
    return next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


@settings(max_examples=60, deadline=None)
@given(SEQUENCES)
def test_finds_the_longest_common_beginning(sequences):
    cache, stored = PrefixCache(10**6), []
    for ids in sequences:
        match = cache.find(ids)
        assert match.length == match.common == max((_common(ids, one) for one in stored), default=0)
        assert cache.known(ids) == match.length
        _check(match, ids)
        _store(cache, ids)
        stored.append(ids)
    # What is shared is kept once.
    beginnings = {tuple(ids[:n]) for ids in stored for n in range(1, len(ids) + 1)}
    assert cache.bytes == len(beginnings) * (2 * 4 + 40)


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, st.integers(0, 800), st.lists(st.integers(0, 400), min_size=1))
def test_stays_within_its_budget_and_right(sequences, budget, aside):
    cache = PrefixCache(budget)
    for number, ids in enumerate(sequences):
        cache.set_aside(size := aside[number % len(aside)])
        assert 0 <= cache.bytes <= max(0, budget - size)
        _check(cache.find(ids), ids)
        _store(cache, ids)
        assert 0 <= cache.bytes <= max(0, budget - size)
    cache.clear()
    assert cache.bytes == 0
    assert cache.find(sequences[0]).length == 0


@settings(max_examples=60, deadline=None)
@given(SEQUENCES, st.integers(0, 2000))
def test_without_cutting_only_stored_ends_are_resumed_from(sequences, budget):
    cache, ends = PrefixCache(budget, needs_state=True), set()
    for ids in sequences:
        match = cache.find(ids)
        _check(match, ids)
        assert match.length <= match.common
        if match.length:
            assert tuple(ids[: match.length]) in ends
            assert torch.equal(match.state[0]["states"][0], torch.tensor([float(match.length), float(ids[0])]))
        _store(cache, ids, [{"states": {0: torch.tensor([float(len(ids)), float(ids[0])])}, "flag": True}])
        ends.add(tuple(ids))
        assert 0 <= cache.bytes <= budget


def test_what_was_used_longest_ago_goes_first():
    first, second, third = [1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]
    cache = PrefixCache(2 * 4 * 48)
    _store(cache, first)
    _store(cache, second)
    cache.find(first)
    _store(cache, third)
    assert [cache.known(ids) for ids in (first, second, third)] == [4, 0, 4]


def test_of_what_does_not_fit_the_beginning_is_kept():
    cache = PrefixCache(5 * 48)
    _store(cache, [1] * 20)
    assert cache.known([1] * 20) == 5


@pytest.mark.parametrize("length", [1, 3])
def test_what_is_stored_is_a_copy(length):
    cache, keys = PrefixCache(10**6), torch.ones(1, length, 1)
    cache.store([7] * length, lambda begin, end: [(keys[:, begin:end], keys[:, begin:end])])
    keys.zero_()
    assert cache.find([7] * length).pieces[0][1][0][0].min() == 1
