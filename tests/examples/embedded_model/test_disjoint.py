from __future__ import annotations

import disjoint
import generate
from draw import Draw


def test_nothing_tested_occurs_in_training() -> None:
    train, test, both = disjoint.shared(900, seed="test")
    assert train > 3000
    assert test > 2000
    assert both == 0


def test_the_proof_would_see_a_leak() -> None:
    one, other = Draw("one"), Draw("other")
    for _ in range(50):
        generate.converse(one)
        generate.converse(other)
    assert len(one.used & other.used) > 100
