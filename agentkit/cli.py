"""The command line: `agentkit ask`, `agentkit inspect`, `agentkit eval`."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from agentkit.evaluation import Report
    from agentkit.inspection import Inspection

_CHATTY = ("torchao", "torch.utils._pytree")
"""Libraries that transformers loads where they are installed, and that warn of parts which nobody asked for."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


class UsageError(Exception):
    """Something the person can mend; the text is one line that says what and how."""


@app.callback()
def agentkit() -> None:
    """Agents on open-weight Hugging Face models."""


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask.", show_default=False)] = "",
    model: Annotated[
        str, typer.Option(help="Folder or hub id of a chat model; without it the small model inside is used.")
    ] = "",
    tool: Annotated[
        list[str] | None,
        typer.Option(
            help="A tool of your own as module:function; without it calculator and search.", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON lines: each call, each result, the answer.")
    ] = False,
) -> None:
    """Ask one question and watch the agent work on it."""
    if not question.strip():
        raise UsageError('There is no question. Ask one: agentkit ask "What is 37593 * 67?"')
    tools = [_tool(name) for name in tool] if tool else None
    show = _print_json if as_json else _Show()
    for message in _messages(question, model, tools):
        show(message)


@app.command("inspect")
def inspect_(
    source: Annotated[
        str, typer.Argument(metavar="PATH_OR_TEMPLATE", help="A model's folder or hub id, or a template.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how a model writes calls, as its chat template tells, and what can be done with the template."""
    import dataclasses

    from agentkit import inspection

    try:
        dialect = inspection.load(source)
    except ValueError as error:
        raise UsageError(str(error)) from error
    found = inspection.inspect(dialect)
    if as_json:
        print(json.dumps(dataclasses.asdict(found), ensure_ascii=False))  # noqa: T201
        return
    _show_inspection(found, inspection.parts_of_call(dialect))


@app.command("eval")
def eval_(
    cases: Annotated[
        Path, typer.Option(help="A file of cases, JSON lines: conversations with the turns that are right.")
    ],
    model: Annotated[
        str, typer.Option(help="Folder or hub id of a chat model; without it the small model inside is used.")
    ] = "",
    guided: Annotated[
        bool | None,
        typer.Option("--guided/--unguided", help="With or without grammars; without this both, a table each."),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="The longest turn, in tokens; a longer one is cut off.")
    ] = 1024,
    show: Annotated[int, typer.Option(min=0, help="Mistakes to print of each kind.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try a model on cases: calls right, arguments valid, answers right, tokens per second."""
    from agentkit import ChatHuggingFace, evaluation
    from agentkit.cases import load

    try:
        given = load(cases)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--cases {cases}: {error}") from error
    if not given:
        raise UsageError(f"--cases {cases}: there is no case in it.")
    try:
        chat = ChatHuggingFace.from_model_id(model) if model else ChatHuggingFace.embedded()
    except ValueError as error:
        raise UsageError(f"--model {model}: {error}") from error
    found = {}
    for way in (True, False) if guided is None else (guided,):
        with _bar("guided" if way else "unguided") as progress:
            report = evaluation.evaluate(chat, given, guided=way, max_tokens=max_tokens, progress=progress)
        found["guided" if way else "unguided"] = report
    if as_json:
        written = {
            name: report.table() | ({"mistakes": report.mistakes(show)} if show else {})
            for name, report in found.items()
        }
        print(json.dumps(written, ensure_ascii=False))  # noqa: T201
        return
    for name, report in found.items():
        show_report(name, report, show)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], object]]:
    """A progress bar on standard error, as a function of turns done and all."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name)
        yield lambda done, count: bar.update(task, completed=done, total=count)


def show_report(name: str, report: Report, show: int) -> None:
    """Print a report's table, what was cut off or failed, and some mistakes of each kind."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    rows = report.rows()
    if not rows:
        return
    table = Table("kind", "cases", *rows[0].shares(), title=f"{name}, {report.tokens_per_second:.0f} tokens/s")
    for row in rows:
        shares = ("" if share is None else f"{share:.1%}" for share in row.shares().values())
        table.add_row(Text(row.kind), str(row.cases), *shares)
    console.print(table)
    if cut := rows[-1].cut:
        console.print(f"{cut} turns were cut off for their length (--max-tokens).")
    if errors := [verdict.error for verdict in report.verdicts if verdict.error]:
        console.print(f"{len(errors)} turns failed and count as wrong, the first with {errors[0]}", markup=False)
    for wrong in report.mistakes(show):
        lines = f"[{wrong['kind']}] {wrong['asked']}\n  wanted {wrong['wanted']}\n  got    {wrong['got']}"
        console.print(lines, markup=False)


def _show_inspection(found: Inspection, call: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    console.rule("syntax", align="left")
    console.print_json(json.dumps(found.syntax, ensure_ascii=False))
    console.rule("a call", align="left")
    styles = {"": "magenta", "name": "bold cyan", "id": "yellow", "index": "yellow", "arguments": "green"}
    console.print(Text.assemble(*((text, styles[slot]) for slot, text in call)))
    console.rule("what can be done", align="left")
    table = Table(show_header=False, box=None)
    for what, how in found.can.items():
        table.add_row(Text(what, "bold"), Text(how))
    console.print(table)
    console.rule("a conversation as the model reads it", align="left")
    prompt = Text(found.prompt)
    prompt.highlight_words(found.control, "reverse")
    console.print(prompt)


def main() -> None:
    """The program's entry: an error that the person can mend is one line and exit status 2."""
    from agentkit.errors import AgentkitError

    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        app()
    except (UsageError, AgentkitError) as error:
        print(f"agentkit: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


def _messages(question: str, model_id: str, tools: list[Any] | None) -> Iterator[BaseMessage]:
    """The agent's messages after the question, as they come."""
    from agentkit import ChatHuggingFace
    from agentkit.graphs import create_agent
    from agentkit.tools import calculator, search

    model = ChatHuggingFace.from_model_id(model_id) if model_id else ChatHuggingFace.embedded()
    agent = create_agent(model, tools if tools is not None else [calculator, search])
    for update in agent.stream({"messages": [("human", question)]}, stream_mode="updates"):
        for change in update.values():
            yield from change["messages"]


def _tool(name: str) -> Any:
    """The tool that `module:function` names, looked for in the current folder too.

    Raises:
        UsageError: where there is none.
    """
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise UsageError(f"--tool {name}: write it as module:function, for example mytools:get_weather.")
    sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise UsageError(f"--tool {name}: there is no module {error.name!r} here or installed.") from error
    except AttributeError as error:
        raise UsageError(f"--tool {name}: the module {module!r} has no {attribute!r}.") from error
    if not callable(found) and not hasattr(found, "invoke"):
        raise UsageError(f"--tool {name}: {attribute!r} is neither a function nor a LangChain tool.")
    return found


def _print_json(message: BaseMessage) -> None:
    for line in _lines(message):
        print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201


def _lines(message: BaseMessage) -> Iterator[dict[str, Any]]:
    """A message as plain values: its calls, a result or the answer."""
    from langchain_core.messages import AIMessage, ToolMessage

    if isinstance(message, ToolMessage):
        yield {
            "type": "tool_result",
            "name": message.name,
            "id": message.tool_call_id,
            "status": message.status,
            "content": message.text,
        }
    elif isinstance(message, AIMessage):
        for call in message.tool_calls:
            yield {"type": "tool_call", "name": call["name"], "args": call["args"], "id": call["id"]}
        for broken in message.invalid_tool_calls:
            yield {
                "type": "invalid_tool_call",
                "name": broken["name"],
                "args": broken["args"],
                "error": broken["error"],
            }
        if not (message.tool_calls or message.invalid_tool_calls):
            yield {"type": "answer", "content": message.text}


class _Show:
    """Prints messages for a person."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, message: BaseMessage) -> None:
        from rich.text import Text

        for line in _lines(message):
            if line["type"] == "answer":
                text = Text(line["content"], style="bold")
            elif line["type"] == "tool_result":
                text = Text(f"  {line['content']}", style="red" if line["status"] == "error" else "green")
            elif line["type"] == "tool_call":
                values = ", ".join(
                    f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in line["args"].items()
                )
                text = Text.assemble(("→ ", "dim"), (line["name"], "cyan"), f"({values})")
            else:
                text = Text(f"→ {line['name']}: a call that could not be read: {line['error']}", style="red")
            self._console.print(text)


if __name__ == "__main__":
    main()
