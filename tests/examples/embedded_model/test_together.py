from __future__ import annotations

import functools
from pathlib import Path

import together
import torch
from together import Team


def _average(out: Path, team: Team) -> None:
    weights = [torch.zeros(2, 3, requires_grad=True), torch.zeros(4, requires_grad=True)]
    for weight in weights:
        weight.grad = torch.full_like(weight, float(team.rank + 1))
    team.average(weights)
    torch.save([weight.grad for weight in weights], out / f"{team.rank}-{team.agreed(team.rank + 7)}")


def test_processes_share_their_gradients(tmp_path: Path) -> None:
    together.run(2, tmp_path / "meeting", functools.partial(_average, tmp_path))
    for name in ("0-7", "1-7"):
        for gradient in torch.load(tmp_path / name):
            torch.testing.assert_close(gradient, torch.full_like(gradient, 1.5))


def test_one_process_is_alone(tmp_path: Path) -> None:
    together.run(1, tmp_path / "meeting", functools.partial(_average, tmp_path))
    assert all(bool((gradient == 1).all()) for gradient in torch.load(tmp_path / "0-7"))
