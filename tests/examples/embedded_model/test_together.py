from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
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


def _wait(out: Path, team: Team) -> None:
    (out / f"{team.rank}.pid").write_text(str(os.getpid()))
    if team.rank == 0:
        while not (out / "1.pid").exists():
            time.sleep(0.01)
        parent = multiprocessing.parent_process()
        assert parent is not None
        assert parent.pid is not None
        os.kill(parent.pid, signal.SIGKILL)
    time.sleep(600)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Looks for the processes in /proc.")
def test_processes_end_with_the_one_that_was_killed(tmp_path: Path) -> None:
    command = f"import functools, pathlib, together, test_together as t; p = pathlib.Path({str(tmp_path)!r}); "
    command += "together.run(2, p / 'meeting', functools.partial(t._wait, p))"
    paths = [str(Path(__file__).parent), str(Path(together.__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ended = subprocess.run([sys.executable, "-c", command], env=environment, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL
    for rank in range(2):
        number = int((tmp_path / f"{rank}.pid").read_text())
        deadline = time.monotonic() + 30
        while Path(f"/proc/{number}").exists() and "State:\tZ" not in Path(f"/proc/{number}/status").read_text():
            assert time.monotonic() < deadline, "A process outlived its parent."
            time.sleep(0.05)
