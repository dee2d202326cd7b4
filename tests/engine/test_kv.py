"""Sequences join, leave and are read back, and none of it shows in what the model computes."""

from __future__ import annotations

import random

import pytest
import torch

from agentkit.engine import layers
from agentkit.engine.forward import Forward

from .conftest import KINDS, make_model, make_tokenizer


@pytest.mark.parametrize(("kind", "retained"), [*((kind, 2048) for kind in KINDS), ("sliding", 0), ("mixed", 0)])
def test_any_history_gives_the_logits_of_one_plain_call(kind, retained, monkeypatch):
    """Rows are begun, stepped, copied out, put back and dropped at random; each must stay as if it were alone."""
    monkeypatch.setattr(layers, "RETAINED", retained)
    empty = torch.Tensor.new_empty
    # Memory that nobody has written to holds anything, the worst of which is NaN.
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda *given: empty(*given).fill_(torch.nan))
    model, rng = make_model(kind), random.Random(5)
    forward = Forward(model)
    forward.examine()
    if kind == "convolution" and forward.continues != "any":
        pytest.skip("this transformers cannot continue it")
    assert (forward.continues, forward.batches) == ("any", True)
    rows, batch, checked, several = [], None, 0, 0
    for _ in range(80):
        action = rng.choice(["join", "step", "step", "several", "several", "drop", "take"])
        if action == "join" and len(rows) < 5:
            kv = forward.new(rng.choice([0, 40]))
            ids = [rng.randrange(2, len(make_tokenizer())) for _ in range(rng.randrange(1, 40))]
            cut = rng.randrange(len(ids))
            for part in (ids[:cut], ids[cut:]):
                if part:
                    forward([part], kv)
            if batch is None:
                batch = kv
            else:
                batch.add(kv)
            rows.append(ids)
        elif action == "step" and rows:
            new = [rng.randrange(2, len(make_tokenizer())) for _ in rows]
            logits = forward([[token] for token in new], batch)
            for ids, token in zip(rows, new, strict=True):
                ids.append(token)
            row = rng.randrange(len(rows))
            with torch.no_grad():
                expected = model(torch.tensor([rows[row]])).logits[0, -1]
            assert torch.allclose(logits[row, 0], expected, atol=2e-3), (logits[row, 0] - expected).abs().max()
            checked += 1
        elif action == "several" and rows and forward.ragged:
            # Of what is shown some is taken back, as guesses are.
            new = [[rng.randrange(2, len(make_tokenizer())) for _ in range(rng.randrange(1, 6))] for _ in rows]
            wrong = [rng.randrange(len(ids)) for ids in new]
            logits = forward(new, batch, max(wrong) + 1)
            batch.take_back(wrong)
            for ids, more, count in zip(rows, new, wrong, strict=True):
                ids.extend(more[: len(more) - count])
            row = rng.randrange(len(rows))
            with torch.no_grad():
                expected = model(torch.tensor([rows[row]])).logits[0, -1]
            found = logits[row, max(wrong) - wrong[row]]
            assert torch.allclose(found, expected, atol=2e-3), (found - expected).abs().max()
            several += 1
        elif action == "drop" and len(rows) > 1:
            row = rng.randrange(len(rows))
            batch.drop(row)
            rows[row] = rows[-1]
            rows.pop()
        elif action == "take" and len(rows) > 1:
            row = rng.randrange(len(rows))
            single = batch.take(row)
            batch.drop(row)
            ids = rows[row]
            rows[row] = rows[-1]
            rows.pop()
            batch.add(single)
            rows.append(ids)
        if rows:
            assert batch.lengths == [len(ids) for ids in rows]
    assert checked > 15
    assert several > 10 or kind != "full"
    assert forward.ragged == (kind == "full")
