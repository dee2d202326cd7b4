"""Looks over the engine's shoulder while it works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from agentkit.engine import Request, Stream
from agentkit.engine.guide import Guide
from agentkit.engine.sampling import Sampler
from agentkit.engine.worker import Worker


class Watch:
    """Stands in for functions while it is entered.

    Attributes:
        places: objects and the names of their functions.
    """

    def __init__(self, *places: tuple[Any, str]) -> None:
        self.places = places
        self._before: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Watch:
        for owner, name in self.places:
            self._before.append((owner, name, vars(owner).get(name)))
            function = getattr(owner, name)
            setattr(owner, name, self.around(name, function))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for owner, name, before in self._before:
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """What to call instead."""
        raise NotImplementedError


class Requests(Watch):
    """Keeps what an engine is asked, and its streams."""

    def __init__(self, engine: Any) -> None:
        super().__init__((engine, "submit"))
        self.kept: list[tuple[Request, Stream]] = []

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def submit(request: Request) -> Stream:
            stream = function(request)
            self.kept.append((request, stream))
            return stream

        return submit

    @property
    def turns(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Prompts and what was generated after them, in the order of asking."""
        return [(tuple(request.prompt), stream.finish.token_ids) for request, stream in self.kept]

    @property
    def generated(self) -> int:
        """How many tokens were generated."""
        return sum(len(said) for _, said in self.turns)


class Seconds(Watch):
    """How long functions take, by name; what they call of each other counts once, for the outermost."""

    def __init__(self, *places: tuple[Any, str]) -> None:
        super().__init__(*places)
        self.spent = {name: 0.0 for _, name in places}
        self._inside = threading.local()

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "name", None):
                return function(*args, **kwargs)
            self._inside.name, began = name, time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[name] += time.perf_counter() - began
                self._inside.name = None

        return timed


class Steps:
    """How long the steps of an engine take, and how much of it is spent on grammars: finding out which tokens are
    allowed, holding the choice to them, and going on."""

    def __init__(self) -> None:
        # Properties are functions of their class too, but `ended` and `may_end` ask only what is known already.
        self._masks = Seconds(
            (Guide, "allowed"), (Guide, "advance"), (Guide, "forced"), (Guide, "fitting"), (Sampler, "pick")
        )
        self._steps = Seconds((Worker, "_generate"))

    def __enter__(self) -> Steps:
        self._masks.__enter__()
        self._steps.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._steps.__exit__(*error)
        self._masks.__exit__(*error)

    @property
    def mask_share(self) -> float:
        """The share of the masks."""
        return sum(self._masks.spent.values()) / sum(self._steps.spent.values())


class Peak:
    """The most memory the process has had while entered, in bytes."""

    def __enter__(self) -> Peak:
        self.before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        return self

    def __exit__(self, *error: Any) -> None:
        self.most = _memory("VmHWM")


def _memory(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024
