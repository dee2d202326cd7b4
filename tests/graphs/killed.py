"""Runs agents in processes that may be killed: `python -m tests.graphs.killed [--real]`.

Reads one job a line, as JSON, and forks a child for each, whose process id it prints; so a child begins at once, with
everything imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agentkit.graphs import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver

from tests.graphs.scripted import answering

BATCHES = ([1], [2, 3, 4], [5], [6, 7], [8])
"""The calls of each turn."""
QUESTION: Any = {"messages": [("human", "What is 12 * 12?")]}


@contextlib.contextmanager
def saver(place: str) -> Iterator[BaseCheckpointSaver[Any]]:
    """The checkpointer at a connection string or a path."""
    if place.startswith("host="):
        with PostgresSaver.from_conn_string(place) as postgres:
            yield postgres
    else:
        with SqliteSaver.from_conn_string(place) as sqlite:
            yield sqlite


def write(log: str, line: str) -> None:
    """Adds a line, whole or not at all."""
    with open(log, "ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


def numbered(log: str) -> tuple[Any, Any]:
    """A model that calls the tool with the numbers of each batch, and the tool, which writes down when it ran."""

    @tool
    def work(n: int) -> str:
        """Work a little."""
        write(log, f"begin {n}")
        time.sleep(0.004 * (1 + n % 3))
        write(log, f"end {n}")
        return f"result {n}"

    def say(messages: Sequence[BaseMessage]) -> AIMessage:
        time.sleep(0.004)
        turn = sum(isinstance(message, AIMessage) for message in messages)
        made = [{"name": "work", "args": {"n": n}, "id": f"c{n}"} for n in BATCHES[turn]] if turn < len(BATCHES) else []
        return AIMessage("" if made else "Done.", tool_calls=made)

    return answering(say), work


def real(log: str) -> tuple[Any, Any]:
    """The model that ships inside, and a tool that writes down when it ran."""
    from agentkit.tools import calculator

    from agentkit import ChatHuggingFace

    @tool
    def calculate(expression: str) -> str:
        """Calculate the result of an arithmetic expression."""
        write(log, f"begin {expression}")
        result = str(calculator.invoke({"expression": expression}))
        time.sleep(0.1)
        write(log, f"end {expression}")
        return result

    return ChatHuggingFace.embedded(), calculate


def run(job: dict[str, Any]) -> None:
    """Begins a thread, or goes on with it."""
    model, work = (real if job["real"] else numbered)(job["log"])
    with saver(job["place"]) as checkpointer:
        agent = create_agent(model, [work], checkpointer=checkpointer)
        config: Any = {"configurable": {"thread_id": job["thread"]}}
        write(job["log"], "start")
        agent.invoke(QUESTION if checkpointer.get_tuple(config) is None else None, config)
    write(job["log"], "finished")


def main() -> None:
    """Serves until its input ends."""
    if "--real" in sys.argv:
        import torch  # noqa: F401
        import transformers  # noqa: F401

        import agentkit.chat  # noqa: F401
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                run(json.loads(line))
            except BaseException as error:
                write(json.loads(line)["log"], f"failed {error!r}")
            finally:
                os._exit(0)
        print(child, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
