"""How long the calls of a turn may take, whenever each of them comes to run."""

from __future__ import annotations

import time
import uuid

from typing_extensions import TypedDict

_PROCESS = uuid.uuid4().hex


class TimeLeft(TypedDict):
    """Time that passes from the end of the model's turn on, also for calls that wait for others to end."""

    seconds: float | None
    """How much there was at the beginning; None for any."""
    since: float
    """When that was, by the clock of its process."""
    process: str


def time_left(seconds: float | None) -> TimeLeft:
    """So many seconds, from now on."""
    return TimeLeft(seconds=seconds, since=time.monotonic(), process=_PROCESS)


def began(left: TimeLeft) -> float:
    """When it began, by the clock of this process. In another one it begins anew: time without a process is no work."""
    return left["since"] if left["process"] == _PROCESS else time.monotonic()
