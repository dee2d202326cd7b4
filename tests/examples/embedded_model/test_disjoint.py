from __future__ import annotations

import disjoint
import generate
import written_tools
from asks import sentence_key, withheld
from conversations import chains, structured
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


def test_no_table_for_training_holds_a_sentence_of_the_test() -> None:
    tested = written_tools.TESTED
    assert len(tested) > 40
    taught = (*written_tools.MORE, *structured.HALVES[False], *chains.QUANTITIES)
    sentences = [sentence for row in taught for sentence in row.sentences if sentence.count(" ") > 4]
    assert len(sentences) > 4000
    assert not [sentence for sentence in sentences if sentence_key(sentence) in tested or withheld(sentence)]
