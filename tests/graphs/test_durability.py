"""A process killed at any moment goes on from its thread: nothing is lost, and nothing that was saved runs again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentkit.graphs import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agentkit import ChatHuggingFace
from tests.graphs.conftest import Forks
from tests.graphs.killed import BATCHES, QUESTION, numbered, saver
from tests.graphs.scripted import calls, scripted

TOGETHER = 10
NUMBERS = [n for batch in BATCHES for n in batch]


@dataclass
class Killed:
    """One thread, whose process is killed."""

    forks: Forks
    place: str
    thread: str
    log: Path
    real: bool = False
    process: int = 0

    @property
    def config(self) -> Any:
        return {"configurable": {"thread_id": self.thread}}

    def begin(self) -> None:
        job = {"place": self.place, "thread": self.thread, "log": str(self.log), "real": self.real}
        self.process = self.forks.begin(json.dumps(job))

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        self.wait()

    def wait(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                os.kill(self.process, 0)
            except ProcessLookupError:
                return
            time.sleep(0.002)
        raise AssertionError(f"Process {self.process} did not end: {self.lines()}")

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def ran(self) -> Counter[str]:
        """How often each call was begun."""
        return Counter(line.removeprefix("begin ") for line in self.lines() if line.startswith("begin "))

    def saved(self) -> set[str]:
        """The calls whose results are saved: in the state, or beside it where others of their step were running."""
        with saver(self.place) as checkpointer:
            found = checkpointer.get_tuple(self.config)
        if found is None:
            return set()
        messages = list(found.checkpoint["channel_values"].get("messages", ()))
        for _, channel, value in found.pending_writes or ():
            messages += value if channel == "messages" else []
        return {m.text.removeprefix("result ") for m in messages if isinstance(m, ToolMessage)}


def kill_and_resume(runs: list[Killed], draw: random.Random, longest: float, kills: int = 2) -> int:
    """Kills each, those that are not done by then once more, and lets them finish; how many were killed at work."""
    killed: set[str] = set()
    left = runs
    for _ in range(kills):
        moments = [draw.uniform(0, longest) for _ in left]
        began = time.monotonic()
        for run in left:
            run.begin()
        before: dict[str, tuple[set[str], Counter[str]]] = {}
        for moment, run in sorted(zip(moments, left, strict=True), key=lambda pair: pair[0]):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            run.kill()
            before[run.thread] = run.saved(), run.ran()
        left = [run for run in left if "finished" not in run.lines()]
        killed |= {run.thread for run in left if "start" in run.lines()}
    for run in left:
        run.begin()
    for run in left:
        run.wait()
        assert run.lines()[-1] == "finished", run.lines()
        saved, ran = before[run.thread]
        again = {n for n, times in run.ran().items() if times > ran[n] > 0}
        assert not again & saved, (again, saved, run.lines())
    return len(killed)


def kill(wanted: int, forks: Forks, folder: Path, place: str | None, seed: int) -> None:
    """Kills so many at random moments of their work, and looks at what became of each."""
    draw, killed = random.Random(seed), 0
    whole = Killed(forks, place or str(folder / "whole.db"), "whole", folder / "whole.log")
    began = time.monotonic()
    whole.begin()
    whole.wait()
    longest = time.monotonic() - began
    check_states([whole])
    for round_ in range(3 * wanted // TOGETHER):
        names = [f"{round_}-{i}" for i in range(min(TOGETHER, wanted - killed + 2))]
        runs = [Killed(forks, place or str(folder / f"{name}.db"), name, folder / f"{name}.log") for name in names]
        killed += kill_and_resume(runs, draw, longest * 2)
        check_states(runs)
        if killed >= wanted:
            return
    raise AssertionError(f"Only {killed} were killed at work.")


def check_states(runs: list[Killed]) -> None:
    """Every thread ended as one that was never killed."""
    for run in runs:
        model, work = numbered(os.devnull)
        with saver(run.place) as checkpointer:
            state = create_agent(model, [work], checkpointer=checkpointer).get_state(run.config).values
        results = [m for m in state["messages"] if isinstance(m, ToolMessage)]
        assert [m.text for m in results] == [f"result {n}" for n in NUMBERS]
        assert [m.tool_call_id for m in results] == [f"c{n}" for n in NUMBERS]
        assert [m.type for m in state["messages"]].count("human") == 1
        assert len([m for m in state["messages"] if isinstance(m, AIMessage)]) == len(BATCHES) + 1
        assert state["messages"][-1].text == "Done."
        assert state["agent_run"]["tool_calls"] == len(NUMBERS)
        assert run.ran().keys() == set(map(str, NUMBERS))
        assert max(run.ran().values()) <= 3


def test_fifty_processes_killed_over_sqlite(forks: Forks, tmp_path: Path) -> None:
    kill(50, forks, tmp_path, None, 1)


def test_twenty_processes_killed_over_postgres(forks: Forks, postgres: str, tmp_path: Path) -> None:
    with saver(postgres) as checkpointer:
        checkpointer.setup()  # type: ignore[attr-defined]
    kill(20, forks, tmp_path, postgres, 2)


def test_processes_with_a_real_model_are_killed(real_forks: Forks, embedded: ChatHuggingFace, tmp_path: Path) -> None:
    runs = [Killed(real_forks, str(tmp_path / f"{i}.db"), f"t{i}", tmp_path / f"{i}.log", real=True) for i in range(2)]
    kill_and_resume(runs, random.Random(3), 2.0, kills=1)
    for run in runs:
        with saver(run.place) as checkpointer:
            state = create_agent(embedded, checkpointer=checkpointer).get_state(run.config).values
        assert [m.type for m in state["messages"]] == ["human", "ai", "tool", "ai"]
        assert state["messages"][-1].text == "12 * 12 = 144."


def test_a_step_is_saved_before_the_next_begins(tmp_path: Path) -> None:
    """What makes the rest hold, and what a newer LangGraph might change."""
    log = str(tmp_path / "log")
    with SqliteSaver.from_conn_string(str(tmp_path / "db")) as checkpointer:
        put = checkpointer.put

        def slow(*arguments: Any) -> Any:
            time.sleep(0.02)
            config = put(*arguments)
            with open(log, "a") as file:
                file.write(f"saved {len(arguments[1]['channel_values'].get('messages', ()))}\n")
            return config

        checkpointer.put = slow  # type: ignore[method-assign]
        model, work = numbered(log)
        create_agent(model, [work], checkpointer=checkpointer).invoke(QUESTION, {"configurable": {"thread_id": "1"}})
    lines = Path(log).read_text().splitlines()
    assert lines.index("saved 2") < lines.index("begin 1")
    assert lines.index("end 1") < lines.index("saved 3") < lines.index("saved 4") < lines.index("begin 2")


def test_whatever_a_tool_returns_can_be_saved(postgres: str) -> None:
    @tool
    def odd() -> str:
        """Return what databases do not like."""
        return "a\0b\ud800c\x1b\U0001f600"

    model = scripted(calls(("odd", {})), "Done.")
    config: Any = {"configurable": {"thread_id": "odd"}}
    with saver(postgres) as checkpointer:
        checkpointer.setup()  # type: ignore[attr-defined]
        agent = create_agent(model, [odd], checkpointer=checkpointer)
        agent.invoke(QUESTION, config)
        assert agent.get_state(config).values["messages"][2].text == "a\0b?c\x1b\U0001f600"


async def test_async_over_sqlite(tmp_path: Path) -> None:
    model, work = numbered(str(tmp_path / "log"))
    config: Any = {"configurable": {"thread_id": "1"}}
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "db")) as checkpointer:
        agent = create_agent(model, [work], checkpointer=checkpointer, interrupt_before=["tools"])
        await agent.ainvoke(QUESTION, config)
        for _ in BATCHES:
            state = await agent.ainvoke(None, config)
    assert [m.text for m in state["messages"] if m.type == "tool"] == [f"result {n}" for n in NUMBERS]
    assert state["agent_run"]["tool_calls"] == len(NUMBERS)
