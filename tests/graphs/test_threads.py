"""Threads for tools: used again, never waited for, and left behind by a fork."""

from __future__ import annotations

import os
import threading

import pytest
from agentkit.graphs.threads import submit


def test_a_thread_is_used_again_and_carries_what_is_raised() -> None:
    threads = {submit(threading.get_ident).result(5) for _ in range(20)}
    assert len(threads) < 5
    with pytest.raises(ZeroDivisionError):
        submit(lambda: 1 / 0).result(5)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "tool")


def test_work_at_the_same_time_has_threads_of_its_own() -> None:
    together = threading.Barrier(40)
    futures = [submit(lambda: together.wait(10)) for _ in range(40)]
    assert sorted(future.result(10) for future in futures) == list(range(40))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_begins_with_none() -> None:
    submit(int).result(5)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(write, b"done" if submit(lambda: True).result(5) else b"")
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert os.read(read, 9) == b"done"
    os.close(read)
