"""Several processes that train one model: each takes a batch of its own, and their gradients are averaged."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, distributed
from torch.nn.utils import parameters_to_vector, vector_to_parameters


class Team:
    """The processes of one run, of which this is number ``rank`` of ``size``; alone if nothing is said."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    def average(self, weights: Iterable[Tensor]) -> None:
        """Make the gradients the mean of those of all processes."""
        if self.size == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = parameters_to_vector(gradients)
        distributed.all_reduce(flat)
        vector_to_parameters(flat / self.size, gradients)

    def agreed(self, number: int) -> int:
        """The first process's number, in all of them."""
        if self.size == 1:
            return number
        shared = torch.tensor(number)
        distributed.broadcast(shared, 0)
        return int(shared)


def _end_with_parent() -> None:
    """A process whose parent was killed would train on, unseen, and write the same checkpoint as the next run."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _join(rank: int, size: int, meeting: Path, threads: int, work: Callable[[Team], None]) -> None:
    _end_with_parent()
    torch.set_num_threads(threads)
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    try:
        work(Team(rank, size))
    finally:
        distributed.destroy_process_group()


def run(size: int, meeting: Path, work: Callable[[Team], None]) -> None:
    """Call ``work``, which must be picklable, in ``size`` processes (in this one if 1); they meet at a file."""
    if size == 1:
        work(Team())
        return
    meeting.parent.mkdir(parents=True, exist_ok=True)
    meeting.unlink(missing_ok=True)
    threads = max(torch.get_num_threads() // size, 1)
    torch.multiprocessing.spawn(_join, (size, meeting.resolve(), threads, work), nprocs=size)
