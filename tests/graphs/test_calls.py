"""Every call gets exactly one result, whatever its tool does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
import time
from typing import Any

import pytest
from agentkit.graphs import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call
from langchain_core.tools import BaseTool, StructuredTool, ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver

from tests.graphs.scripted import calls, scripted

QUESTION: Any = {"messages": [("human", "Go.")]}


@tool
def fail(reason: str) -> str:
    """Fail."""
    raise RuntimeError(reason)


@tool
def refuse() -> str:
    """Refuse."""
    raise ToolException("not today")


@tool
def leave(code: int) -> str:
    """Leave."""
    sys.exit(code)


@tool
def stop() -> str:
    """Stop an iteration."""
    raise StopIteration


@tool
async def cancel() -> str:
    """Cancel itself."""
    raise asyncio.CancelledError


@tool
def double(number: int) -> int:
    """Double a number."""
    return number * 2


@tool
def nothing() -> None:
    """Return nothing."""


@tool
def raw() -> bytes:
    """Return bytes."""
    return bytes(range(256))


@tool
def half() -> str:
    """Return half of a surrogate pair, a NUL and control marks."""
    return "a\ud800b\0<|im_end|>"


TOOLS: list[BaseTool] = [fail, refuse, leave, stop, cancel, double, nothing, raw, half]


async def results(message: AIMessage, tools: list[Any], asynchronous: bool, **options: Any) -> list[ToolMessage]:
    config: Any = {"configurable": {"thread_id": options.pop("thread", "")}}
    agent = create_agent(scripted(message, "Done."), tools, **options)
    state = await agent.ainvoke(QUESTION, config) if asynchronous else agent.invoke(QUESTION, config)
    assert state["messages"][-1].text == "Done."
    return [m for m in state["messages"] if isinstance(m, ToolMessage)]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_faults_are_results_that_the_model_can_act_on(asynchronous: bool) -> None:
    message = calls(
        ("fail", {"reason": "out of paper"}),
        ("refuse", {}),
        ("leave", {"code": 3}),
        ("stop", {}),
        ("cancel", {}),
        ("doble", {"number": 2}),
        ("zzz", {}),
        ("double", {"number": "two"}),
        ("double", {}),
        ("double", {"number": 21}),
        ("nothing", {}),
        ("raw", {}),
        ("half", {}),
    )
    message.invalid_tool_calls = [invalid_tool_call(name="double", args="{", id="c0", error="It was cut off.")]
    found = await results(message, TOOLS, asynchronous)
    assert [r.tool_call_id for r in found] == [f"c{i}" for i in range(1, 14)] + ["c0"]
    texts = [r.text for r in found]
    assert texts[:2] == ["Error: RuntimeError: out of paper", "Error: not today"]
    assert "SystemExit: 3" in texts[2]
    assert "StopIteration" in texts[3]
    assert "cancelled" in texts[4].lower()
    assert texts[5] == "Error: There is no tool 'doble'. Did you mean 'double'?"
    assert texts[6].startswith("Error: There is no tool 'zzz'. The tools are: fail, refuse,")
    assert "number: Input should be a valid integer" in texts[7]
    assert "number: Field required" in texts[8]
    assert texts[9:11] == ["42", "null"]
    assert texts[12] == "a?b\0<|im_end|>"
    assert texts[13] == "Error: It was cut off."
    assert [r.status for r in found] == ["error"] * 9 + ["success"] * 4 + ["error"]
    assert all(r.name for r in found)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_calls_run_at_once_and_results_keep_their_order(asynchronous: bool) -> None:
    together = threading.Barrier(3, timeout=10)

    @tool
    def wait(n: int) -> str:
        """Wait for the others."""
        together.wait()
        time.sleep(0.02 * (3 - n))
        return str(n)

    meeting: list[asyncio.Event] = []

    async def arrive(n: int) -> str:
        """Wait for the others without a thread."""
        event = asyncio.Event()
        meeting.append(event)
        if len(meeting) == 3:
            for other in meeting:
                other.set()
        await asyncio.wait_for(event.wait(), 10)
        return str(n)

    message = calls(*[("wait", {"n": n}) for n in range(3)])
    assert [r.text for r in await results(message, [wait], asynchronous)] == ["0", "1", "2"]
    if asynchronous:
        both = StructuredTool.from_function(coroutine=arrive)
        message = calls(*[("arrive", {"n": n}) for n in range(3)])
        assert [r.text for r in await results(message, [both], True)] == ["0", "1", "2"]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_tools_with_a_coroutine_only(asynchronous: bool) -> None:
    @tool
    async def later(n: int) -> str:
        """Wait a little."""
        await asyncio.sleep(0.001)
        return str(n)

    assert [r.text for r in await results(calls(("later", {"n": 5})), [later], asynchronous)] == ["5"]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_tool_that_hangs_is_not_waited_for(asynchronous: bool) -> None:
    released = threading.Event()

    @tool
    def hang() -> str:
        """Hang."""
        released.wait(20)
        return "late"

    @tool
    async def sleep() -> str:
        """Hang on the event loop."""
        await asyncio.sleep(20)
        return "late"

    message = calls(("hang", {}), ("sleep", {}), ("double", {"number": 1}))
    began = time.monotonic()
    found = await results(message, [hang, sleep, double], asynchronous, tool_timeout={"hang": 0.1, "sleep": 0.05})
    assert time.monotonic() - began < 5
    released.set()
    assert [r.text for r in found] == [
        "Error: The tool gave no result within 0.1 seconds.",
        "Error: The tool gave no result within 0.05 seconds.",
        "2",
    ]


def test_a_tool_that_hangs_does_not_keep_the_process() -> None:
    script = """
        import asyncio, time
        from agentkit.graphs import create_agent
        from langchain_core.tools import tool
        from tests.graphs.scripted import calls, scripted

        @tool
        def hang() -> str:
            "Hang."
            time.sleep(60)

        agent = create_agent(scripted(calls(("hang", {})), "Done."), [hang], tool_timeout=0.05)
        print(agent.invoke({"messages": []})["messages"][-1].text)
        agent = create_agent(scripted(calls(("hang", {})), "Done."), [hang], tool_timeout=0.05)
        print(asyncio.run(agent.ainvoke({"messages": []}))["messages"][-1].text)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=50, check=True
    )
    assert ended.stdout.split() == ["Done.", "Done."]


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        (True, "Error: RuntimeError: x"),
        ("Try again.", "Error: Try again."),
        (RuntimeError, "Error: RuntimeError: x"),
        ((KeyError, RuntimeError), "Error: RuntimeError: x"),
        (lambda error: f"<{error}>", "Error: <x>"),
        (False, None),
        (KeyError, None),
    ],
)
async def test_which_exceptions_pass_through_is_the_persons_choice(handle: Any, told: str | None) -> None:
    message = calls(("fail", {"reason": "x"}))
    if told is None:
        with pytest.raises(RuntimeError, match="x"):
            await results(message, [fail], False, handle_tool_errors=handle)
        with pytest.raises(RuntimeError, match="x"):
            await results(message, [fail], True, handle_tool_errors=handle)
    else:
        assert [r.text for r in await results(message, [fail], False, handle_tool_errors=handle)] == [told]


async def test_long_results_are_clipped_and_kept_whole() -> None:
    whole = " ".join(map(str, range(20_000)))

    @tool
    def count() -> str:
        """Count."""
        return whole

    @tool(response_format="content_and_artifact")
    def both() -> tuple[str, dict[str, int]]:
        """Count, with an artifact."""
        return whole, {"to": 20_000}

    @tool
    def blocks() -> list[dict[str, Any]]:
        """Text and a picture."""
        return [{"type": "text", "text": whole}, {"type": "image", "url": "data:image/png;base64,AA=="}]

    message = calls(("count", {}), ("both", {}), ("blocks", {}))
    first, second, third = await results(message, [count, both, blocks], False, tool_output_tokens=100)
    assert first.text.startswith("0 1 2 3 4")
    assert first.text.endswith("19998 19999")
    assert "characters left out" in first.text
    assert len(first.text) < 500
    assert first.artifact == whole
    assert second.artifact == {"to": 20_000}
    assert second.response_metadata["whole"] == whole
    assert len(third.content[0]["text"]) < 500  # type: ignore[index]
    assert third.content[1] == {"type": "image", "url": "data:image/png;base64,AA=="}


async def test_calls_without_ids_or_with_the_same_get_their_own() -> None:
    message = AIMessage(
        "", tool_calls=[{"name": "double", "args": {"number": n}, "id": i} for n, i in [(1, "a"), (2, "a"), (3, None)]]
    )
    found = await results(message, [double], False)
    assert [r.text for r in found] == ["2", "4", "6"]
    assert len({r.tool_call_id for r in found}) == 3


async def test_a_run_that_was_given_up_leaves_no_call_without_a_result() -> None:
    history = [
        ("human", "Go."),
        calls(("double", {"number": 1}), ("double", {"number": 2})),
        ToolMessage("2", tool_call_id="c1"),
        ("human", "Something else."),
    ]
    state = await create_agent(scripted("Gladly."), [double]).ainvoke({"messages": history})
    kinds = [m.type for m in state["messages"]]
    assert kinds == ["human", "ai", "tool", "tool", "human", "ai"]
    assert state["messages"][3].text == "Error: The run was given up, and with it this call."


async def test_a_result_may_be_the_answer() -> None:
    @tool(return_direct=True)
    def answer() -> str:
        """Answer."""
        return "42"

    agent = create_agent(scripted(calls(("answer", {})), "More."), [answer, double])
    assert (await agent.ainvoke(QUESTION))["messages"][-1].text == "42"
    agent = create_agent(scripted(calls(("answer", {}), ("double", {"number": 1})), "More."), [answer, double])
    assert agent.invoke(QUESTION)["messages"][-1].text == "More."


async def test_a_call_of_a_tool_that_the_caller_runs_ends_the_graph() -> None:
    outside = {"type": "function", "function": {"name": "outside", "description": "Mine.", "parameters": {}}}
    agent = create_agent(scripted(calls(("outside", {}), ("double", {"number": 1})), "Done."), [double, outside])
    state = agent.invoke(QUESTION)
    assert [m.type for m in state["messages"]] == ["human", "ai", "tool"]
    assert state["messages"][-1].text == "2"
    state = agent.invoke({"messages": [*state["messages"], ToolMessage("fine", tool_call_id="c1")]})
    assert [m.type for m in state["messages"]] == ["human", "ai", "tool", "tool", "ai"]
    assert state["messages"][-1].text == "Done."
    only = create_agent(scripted(calls(("outside", {}))), [outside]).invoke(QUESTION)
    assert only["messages"][-1].tool_calls[0]["name"] == "outside"


async def test_arguments_that_could_not_be_saved_are_faults_and_not_failures() -> None:
    @tool
    def keep(value: Any) -> str:
        """Keep a value."""
        return repr(value)

    deep: Any = []
    for _ in range(100):
        deep = [deep]
    message = calls(("keep", {"value": 10**30}), ("keep", {"value": deep}), ("keep", {"value": "\ud800"}))
    message.additional_kwargs = {"raw": deep}
    found = await results(message, [keep], False, checkpointer=InMemorySaver(), thread="1")
    told = {r.tool_call_id: r.text for r in found}
    assert "more than 64 bits" in told["c1"]
    assert "nested too deeply" in told["c2"]
    assert told["c3"] == "'?'"
