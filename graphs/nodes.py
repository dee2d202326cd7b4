"""A node written once, as a generator, and run with an event loop or without."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.runnables import Runnable, RunnableConfig


class Effect(Protocol):
    """What a node waits for."""

    def run(self) -> Any:
        """Wait on this thread."""

    async def arun(self) -> Any:
        """Wait on this event loop."""


@dataclass(frozen=True, slots=True)
class Invoke:
    """The answer of a model, or of any other runnable."""

    runnable: Runnable[Any, Any]
    input: Any
    config: RunnableConfig
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> Any:
        return self.runnable.invoke(self.input, self.config, **self.kwargs)

    async def arun(self) -> Any:
        return await self.runnable.ainvoke(self.input, self.config, **self.kwargs)


Steps = Generator[Effect, Any, Any]


class Node(Runnable[Any, Any]):
    """A node of a graph, sync and async.

    Args:
        function: takes the node's input and its config. It yields the effects that it waits for, gets their results (or
            their exceptions) back, and returns the node's update; where it waits for nothing, it may be no generator.
        name: the node's name in traces.
    """

    def __init__(self, function: Callable[[Any, RunnableConfig], Steps | dict[str, Any]], name: str) -> None:
        self._function = function
        self.name = name

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        run = _Run(self._function(input, config or {}))
        while run.effect is not None:
            try:
                result = run.effect.run()
            except BaseException as error:
                run.throw(error)
            else:
                run.send(result)
        return run.update

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        run = _Run(self._function(input, config or {}))
        while run.effect is not None:
            try:
                result = await run.effect.arun()
            except BaseException as error:
                run.throw(error)
            else:
                run.send(result)
        return run.update


class _Run:
    """One run of a node, from effect to effect."""

    def __init__(self, steps: Steps | dict[str, Any]) -> None:
        self.effect: Effect | None = None
        self.update: Any = steps
        if isinstance(steps, Generator):
            self._steps = steps
            self.send(None)

    def send(self, result: Any) -> None:
        self._go_on(self._steps.send, result)

    def throw(self, error: BaseException) -> None:
        self._go_on(self._steps.throw, error)

    def _go_on(self, move: Callable[[Any], Effect], value: Any) -> None:
        try:
            self.effect = move(value)
        except StopIteration as end:
            self.effect, self.update = None, end.value
