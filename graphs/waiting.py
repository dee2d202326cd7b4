"""Waiting for a tool no longer than is left."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context
from dataclasses import dataclass
from threading import TIMEOUT_MAX
from typing import Any

from agentkit.graphs.threads import submit
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, Tool


class ToolTimeoutError(TimeoutError):
    """A tool gave no result in time."""


class ToolFailure(Exception):  # noqa: N818  a tool's end that is no exception of its own: an exit, a cancellation
    """A tool ended with what must not end its caller: it called exit, or was cancelled."""


@dataclass(frozen=True, slots=True)
class RunTool:
    """What a tool returns.

    Whoever waits goes on after `seconds`. A thread can't be ended from outside: a tool that hangs on one keeps it, as a
    daemon that does not keep the process; a coroutine is cancelled.
    """

    tool: BaseTool
    call: dict[str, Any]
    config: RunnableConfig
    seconds: float | None

    def run(self) -> Any:
        if has_async(self.tool) and not has_sync(self.tool):
            future = _on_thread(lambda: asyncio.run(self.tool.ainvoke(self.call, self.config)))
        elif _most(self.seconds) is None:
            return _contained(lambda: self.tool.invoke(self.call, self.config))
        else:
            future = _on_thread(lambda: self.tool.invoke(self.call, self.config))
        try:
            return future.result(_most(self.seconds))
        except NotYet:
            if future.done():
                raise
            raise ToolTimeoutError from None

    async def arun(self) -> Any:
        if has_async(self.tool):
            waiting: asyncio.Future[Any] = asyncio.ensure_future(_staying(self.tool).ainvoke(self.call, self.config))
        else:
            waiting = asyncio.wrap_future(_on_thread(lambda: self.tool.invoke(self.call, self.config)))
        try:
            done, _ = await asyncio.wait({waiting}, timeout=_most(self.seconds))
        finally:
            if not waiting.done():
                waiting.add_done_callback(_forget)
                waiting.cancel()
        if not done:
            raise ToolTimeoutError
        if waiting.cancelled():
            raise ToolFailure("The tool was cancelled.")
        return _contained(waiting.result)


def _staying(tool: BaseTool) -> BaseTool:
    """The tool with its coroutine's exit as its failure: LangChain runs it as a task, and the exit of a task goes to
    whoever runs the event loop."""
    coroutine = getattr(tool, "coroutine", None)
    if coroutine is None:
        return tool

    @functools.wraps(coroutine)
    async def staying(*args: Any, **kwargs: Any) -> Any:
        try:
            return await coroutine(*args, **kwargs)
        except SystemExit as end:
            raise ToolFailure(f"SystemExit: {end}") from end

    return tool.model_copy(update={"coroutine": staying})


def _most(seconds: float | None) -> float | None:
    """The seconds, or None where they are more than can be waited for."""
    return None if seconds is None or seconds > TIMEOUT_MAX else seconds


def has_async(tool: BaseTool) -> bool:
    """Whether the tool has a coroutine of its own, and not only a thread to run its function on."""
    if isinstance(tool, (StructuredTool, Tool)):
        return tool.coroutine is not None
    return type(tool)._arun is not BaseTool._arun


def has_sync(tool: BaseTool) -> bool:
    """Whether the tool has a function."""
    return tool.func is not None if isinstance(tool, (StructuredTool, Tool)) else True


def _on_thread(work: Callable[[], Any]) -> Future[Any]:
    context = copy_context()
    return submit(lambda: context.run(_contained, work))


def _contained(work: Callable[[], Any]) -> Any:
    """The result of the work; what would end more than the tool, or could not be carried to another thread, is its
    failure."""
    try:
        return work()
    except (SystemExit, StopIteration, asyncio.CancelledError) as end:
        raise ToolFailure(f"{type(end).__name__}: {end}") from end


def _forget(future: asyncio.Future[Any]) -> None:
    """Nobody reads what comes too late; asyncio would say so."""
    if not future.cancelled():
        future.exception()
