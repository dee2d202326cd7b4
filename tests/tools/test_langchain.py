"""The tools in an ordinary LangChain agent, and without anything of the runtime."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agentkit.tools import calculator, search, search_in
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage


class _Model(GenericFakeChatModel):
    """Says what it was given to say; knows of tools only that they may be bound."""

    bound: list[Any] = []  # noqa: RUF012

    def bind_tools(self, tools: Any, **kwargs: Any) -> "_Model":
        self.bound.extend(tools)
        return self


def _call(name: str, number: int, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_call", "name": name, "args": arguments, "id": str(number)}


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_in_a_langchain_agent(asynchronous: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERPAPI_API_KEY", raising=False)
    (tmp_path / "beans.md").write_text("Sow runner beans in May.")
    notes = search_in(tmp_path, name="notes", description="Search the notes.", cache_dir=tmp_path / ".cache")
    calls = [
        _call("calculator", 1, expression="37593 * 67"),
        _call("calculator", 2, expression="os.system('id')"),
        _call("search", 3, query="capital of Peru"),
        _call("notes", 4, query="runner beans"),
        _call("search", 5, question="capital of Peru"),
    ]
    model = _Model(messages=iter([AIMessage("", tool_calls=calls), AIMessage("Done.")]))
    agent = create_agent(model, [calculator, search, notes])
    question = {"messages": [("user", "Go on.")]}
    state = await agent.ainvoke(question) if asynchronous else agent.invoke(question)
    *_, first, second, third, fourth, fifth, last = state["messages"]
    assert last.text == "Done."
    assert (first.text, first.status) == ("2518731", "success")
    assert second.status == "error"
    assert second.text.startswith("Error: the character '.' is not allowed. Allowed: numbers, ")
    assert "1. The capital of Peru is Lima. [facts/countries, 2024]" in third.text
    assert third.artifact[0]["source"] == "facts/countries"
    assert "1. Sow runner beans in May. [beans.md, " in fourth.text
    assert isinstance(fifth, ToolMessage)
    assert (fifth.status, fifth.text) == ("error", "Error: wrong arguments. query: field required.")


def test_nothing_of_the_runtime_is_loaded() -> None:
    code = (
        "import sys; from agentkit.tools import calculator, search\n"
        "calculator.invoke({'expression': 'sqrt(2)'}); search.invoke({'query': 'capital of Peru'})\n"
        "runtime = ('agentkit.', 'torch', 'transformers', 'langgraph')\n"
        "print(*sorted(name for name in sys.modules if name.startswith(runtime)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PATH": "", "PYTHONPATH": ""}
    )
    loaded = done.stdout.split()
    assert "agentkit.tools.search" in loaded
    assert [name for name in loaded if not name.startswith(("agentkit.tools", "agentkit.errors"))] == []
