"""Threads that end with the process, for work that may never end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

_MOST_IDLE = 32

_Job = tuple[Callable[[], Any], "Future[Any]"]
_idle: list[SimpleQueue[_Job]] = []
# A child process has none of its parent's threads.
os.register_at_fork(after_in_child=_idle.clear)


def submit(work: Callable[[], Any]) -> Future[Any]:
    """Runs this on a daemon thread of its own, which is used again when it is done.

    The executors of `concurrent.futures` and of asyncio are waited for when a process ends; these threads are not.
    """
    future: Future[Any] = Future()
    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = SimpleQueue()
        threading.Thread(target=_serve, args=(jobs,), name="tool", daemon=True).start()
    jobs.put((work, future))
    return future


def _serve(jobs: SimpleQueue[_Job]) -> None:
    while True:
        work, future = jobs.get()
        if not future.set_running_or_notify_cancel():
            result, error = None, None
        else:
            try:
                result, error = work(), None
            except BaseException as raised:
                result, error = None, raised
        # Idle before the result is there: whoever waits for it may have more to do at once.
        kept = len(_idle) < _MOST_IDLE
        if kept:
            _idle.append(jobs)
        if not future.cancelled():
            future.set_exception(error) if error is not None else future.set_result(result)
        del work, future, result, error  # an idle thread holds on to nothing
        if not kept:
            return
