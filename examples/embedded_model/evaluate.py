"""Try a model on held-out conversations, with grammars and without, as ``agentkit eval`` does on any file of cases.

    python examples/embedded_model/evaluate.py                      # the embedded model, 200 conversations a kind
    python examples/embedded_model/evaluate.py --write cases.jsonl  # the cases alone, for agentkit eval --cases

Each assistant turn is written after the true conversation before it; a conversation is right when all its turns are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import generate
from conversation import Conversation
from conversations.structured import INSTRUCTION
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agentkit import ChatHuggingFace
from agentkit.cases import Case, read
from agentkit.evaluation import Report, evaluate

Tables = dict[str, dict[str, Any]]


def line(talk: Conversation) -> str:
    """A conversation as a line of a file of cases; a schema in the system turn becomes the case's own."""
    case: dict[str, Any] = {"kind": talk.kind, "messages": list(talk.messages), "tools": talk.tools}
    first = talk.messages[0]
    if first["role"] == "system" and INSTRUCTION in first["content"]:
        before, schema = first["content"].split(INSTRUCTION)
        case["schema"] = json.loads(schema)
        del case["messages"][0]
        if before.strip():
            case["messages"].insert(0, {"role": "system", "content": before.removesuffix("\n\n")})
    return json.dumps(case, ensure_ascii=False)


def lines(seed: object, count: int, kinds: Sequence[str] = generate.KINDS) -> list[str]:
    """The held-out cases of a seed, ``count`` of each kind."""
    return [line(talk) for kind in kinds for talk in generate.held_out(seed, kind, count)]


def both(model: Path, cases: Sequence[Case]) -> dict[str, Report]:
    """What the model in a folder makes of the cases, "guided" and "unguided"."""
    found = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        for name in ("guided", "unguided"):
            chat = ChatHuggingFace.from_model_id(str(model))
            task = bar.add_task(name)

            def show(done: int, count: int, task: Any = task) -> None:
                bar.update(task, completed=done, total=count)

            found[name] = evaluate(chat, cases, guided=name == "guided", max_tokens=256, progress=show)
    return found


def tables(reports: dict[str, Report]) -> Tables:
    """The reports as plain values, for the card."""
    return {name: report.table() for name, report in reports.items()}


if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=root / "agentkit" / "embedded")
    parser.add_argument("--cases", type=int, default=200, help="conversations of each kind")
    parser.add_argument("--seed", default="final")
    parser.add_argument("--kind", action="append", choices=generate.KINDS)
    parser.add_argument("--write", type=Path, help="write the cases here and do no more")
    parser.add_argument("--json", type=Path, help="write the tables here")
    given = parser.parse_args()
    written = lines(given.seed, given.cases, given.kind or generate.KINDS)
    if given.write:
        given.write.write_text("\n".join(written) + "\n", encoding="utf-8")
    else:
        from agentkit.cli import show_report

        reports = both(given.model, read(written))
        for name, report in reports.items():
            show_report(name, report, 0)
        if given.json:
            given.json.write_text(json.dumps(tables(reports), indent=2), encoding="utf-8")
