"""Make the embedded model from nothing: generator -> tokenizer -> training -> evaluation -> export.

    python examples/embedded_model/train.py                 # two hours on two CPU cores, minutes on a GPU
    python examples/embedded_model/train.py --minutes 30    # a schedule that fits the time
    python examples/embedded_model/train.py --resume        # go on from the last checkpoint

Training alone is the ``Run`` below; everything it needs to go on is in ``<work>/checkpoint.pt``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import batches
import card
import generate
import network
import together
import tokens
import torch
from evaluate import both, lines, tables
from export import ROOT, export
from initial import initialise
from muon import Muon, all_parameters
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from together import Team
from transformers import LlamaForCausalLM

from agentkit.cases import read

WARM_UP, FLAT, FINAL = 20, 0.45, 0.02
COMPILED_FROM = 1000  # fewer steps than this do not repay the minute that compiling takes
MEASURED = 100  # steps over which the speed is measured


@dataclass
class Settings:
    """What a run depends on; kept in the checkpoint, so that a resumed run goes on with the same."""

    seed: int = 0
    steps: int = 5_000
    batch_tokens: int = 4096
    hidden: int = 256
    layers: int = 6
    heads: int = 4
    inner: int = 704
    width: int = 64
    lr: float = 0.01
    short_chunks: int = 30
    harder_from: int = 165
    begin: int = 0


@dataclass
class Progressed:
    """How far a run has come."""

    step: int = 0
    place: tuple[int, int] = (0, 0)
    tokens: int = 0
    seconds: float = 0.0
    loss: float = float("nan")
    held_out_loss: float = float("nan")
    hardware: str = ""
    history: list[tuple[int, float, float]] = field(default_factory=list)


def schedule(step: int, steps: int, begin: int = 0) -> float:
    """The factor on the learning rates from step ``begin`` to ``steps``: warm-up, flat, then linearly down."""
    step, steps = step - begin, steps - begin
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    done = step / steps
    return 1.0 if done < FLAT else max(FINAL, (1 - done) / (1 - FLAT))


def hardware(device: torch.device, processes: int = 1) -> str:
    if device.type == "cuda":
        return str(torch.cuda.get_device_name())
    model = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return f"{processes} process(es) of {torch.get_num_threads()} thread(s), {model or 'a CPU'}"


class Run:
    """One training run in a folder."""

    def __init__(
        self, work: Path, settings: Settings, device: torch.device, resume: bool = False, team: Team | None = None
    ) -> None:
        self.work, self.device, self.team = work, device, team or Team()
        self.checkpoint = work / "checkpoint.pt"
        self.progress = Progressed()
        saved: dict[str, Any] | None = None
        if resume and self.checkpoint.exists():
            saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            settings = Settings(**saved["settings"])
            self.progress = Progressed(**saved["progress"])
            self.progress.place = (self.progress.place[0], self.progress.place[1])
        self.settings = settings
        self.tokenizer = tokens.load_or_train(work, settings.seed)
        shape = network.config(
            self.tokenizer.get_vocab_size(),
            settings.hidden,
            settings.layers,
            settings.heads,
            settings.inner,
            settings.width,
        )
        self.dtype = network.precision(device)
        self.compiled = settings.steps > COMPILED_FROM and shutil.which("c++") is not None and device.type == "cpu"
        self.model = LlamaForCausalLM(shape)
        initialise(self.model, settings.seed)
        if saved:
            self.model.load_state_dict(saved["model"])
        torch.nn.Module.to(self.model, device)
        self.optimiser = Muon(self.model, settings.lr, 0.3 * settings.lr, dtype=self.dtype)
        if saved:
            self.optimiser.load_state_dict(saved["optimiser"])
        talks = [talk for kind in generate.KINDS for talk in generate.held_out("loss", kind, 6)]
        self.held_out = [batches.pad(batches.encode(talks[i::9], self.tokenizer)) for i in range(9)]

    def extend(self, steps: int, lr: float) -> None:
        """Add a second schedule of ``steps`` steps after those done, with another peak learning rate."""
        self.settings.begin = self.progress.step
        self.settings.steps = self.progress.step + steps
        self.settings.lr = lr
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.adam_lr = 0.3 * lr

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "settings": asdict(self.settings),
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self.checkpoint)

    def _loss(self, batch: batches.Batch) -> torch.Tensor:
        ids, targets = batch.ids.to(self.device), batch.targets.to(self.device)
        compiled = self.compiled and torch.is_grad_enabled()
        return network.loss(self.model, ids, targets, self.dtype, compiled)

    @torch.no_grad()
    def held_out_loss(self) -> float:
        return sum(float(self._loss(batch)) for batch in self.held_out) / len(self.held_out)

    def train(self, until: int | None = None, minutes: float | None = None, workers: int = 0) -> Iterator[Progressed]:
        """Train up to step ``until`` (the end if None), yielding after each step.

        With ``minutes``, the number of steps follows from the speed, measured anew every hundred steps: other work on
        the machine then costs steps and not time.
        """
        done, settings = self.progress, self.settings
        source = batches.stream(
            settings.seed,
            self.tokenizer,
            settings.batch_tokens,
            settings.short_chunks,
            settings.harder_from,
            done.place,
            workers,
            self.team.size,
        )
        done.hardware = hardware(self.device, self.team.size)
        last = time.perf_counter()
        measured, began = (done.step, done.seconds), done.step
        while shares := list(itertools.islice(source, self.team.size)):
            if done.step >= (settings.steps if until is None else min(until, settings.steps)):
                return
            self.optimiser.zero_grad()
            loss = self._loss(shares[self.team.rank][1])
            torch.autograd.backward(loss)
            self.team.average(all_parameters(self.optimiser))
            torch.nn.utils.clip_grad_norm_(all_parameters(self.optimiser), 1.0)
            self.optimiser.step(scale=schedule(done.step, settings.steps, settings.begin))
            if self.device.type == "cpu" or done.step % 10 == 0:
                now = float(loss.detach())
                done.loss = now if done.loss != done.loss else 0.98 * done.loss + 0.02 * now
            done.step += 1
            done.place = shares[-1][0]
            done.tokens += sum(batch.ids.numel() for _, batch in shares)
            done.seconds += time.perf_counter() - last
            last = time.perf_counter()
            if done.step % MEASURED == 0:
                pace = (done.seconds - measured[1]) / (done.step - measured[0])
                measured = done.step, done.seconds
                if minutes is not None and done.step - began > MEASURED:  # the first hundred hold the compilation
                    settings.steps = self.team.agreed(done.step + max(int((minutes * 60 - done.seconds) / pace), 0))
            yield done


def watch(run: Run, minutes: float | None, workers: int, every: int = 250) -> None:
    """Train to the end with a progress bar, checkpoints and a line every so often."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("training", total=run.settings.steps, completed=run.progress.step, loss=float("nan"))
        for done in run.train(minutes=minutes, workers=workers):
            bar.update(task, completed=done.step, total=run.settings.steps, loss=done.loss)
            if done.step % 50 == 0 or done.step == run.settings.steps:
                if done.step % every == 0 or done.step == run.settings.steps:
                    done.held_out_loss = run.held_out_loss()
                    done.history.append((done.step, done.loss, done.held_out_loss))
                    run.save()
                bar.console.print(
                    f"step {done.step}/{run.settings.steps} loss {done.loss:.3f} held-out {done.held_out_loss:.3f} "
                    f"tokens {done.tokens / 1e6:.2f}M seconds {done.seconds:.0f} ({done.tokens / done.seconds:.0f}/s)",
                    soft_wrap=True,
                    highlight=False,
                )


def work(given: argparse.Namespace, team: Team) -> None:
    """What each process of a run does."""
    settings = Settings(**{field.name: getattr(given, field.name) for field in fields(Settings)})
    run = Run(given.work, settings, _device(), given.resume, team)
    if given.more:
        run.extend(given.more, given.lr)
    if team.rank == 0:
        watch(run, given.minutes, given.workers)
    else:
        for _ in run.train(minutes=given.minutes, workers=given.workers):
            pass


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu = _device().type == "cuda"
    cores = os.cpu_count() or 1
    for name, value in asdict(Settings(steps=6000, batch_tokens=32768, harder_from=600) if gpu else Settings()).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    parser.add_argument(
        "--minutes", type=float, help="fix the number of steps from the speed, to train about this long"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "embedded_model", help="checkpoint and tokenizer")
    parser.add_argument("--out", type=Path, default=ROOT / "agentkit" / "embedded", help="where the model is exported")
    parser.add_argument(
        "--more", type=int, default=0, help="with --resume: a second schedule of so many steps, at --lr"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--cases", type=int, default=200, help="test conversations of each kind (0: no evaluation)")
    parser.add_argument(
        "--workers",
        type=int,
        default=min(8, cores) if gpu else 0,
        help="processes that generate data, for each that trains",
    )
    parser.add_argument(
        "--processes", type=int, default=1 if gpu else min(4, cores), help="processes that train, each with its batch"
    )
    parser.add_argument("--no-export", action="store_true")
    given = parser.parse_args()
    if given.more and not given.resume:
        parser.error("--more goes on from a checkpoint: give --resume too")
    changed = [name for name in asdict(Settings()) if getattr(given, name) != parser.get_default(name)]
    if given.resume and set(changed) - ({"lr"} if given.more else set()):
        parser.error(f"--resume goes on with the settings of the checkpoint, so leave these out: {', '.join(changed)}")
    if not given.resume:
        for old in ("tokenizer.json", "checkpoint.pt"):
            (given.work / old).unlink(missing_ok=True)
    tokens.load_or_train(given.work, given.seed)
    together.run(given.processes, given.work / "meeting", functools.partial(work, given))
    if given.no_export:
        return
    export(given.work, given.out)
    table = tables(both(given.out, read(lines("final", given.cases)))) if given.cases else {}
    (given.work / "evaluation.json").write_text(json.dumps(table, indent=2), encoding="utf-8")
    card.write(given.work, given.out, table)


if __name__ == "__main__":
    main()
