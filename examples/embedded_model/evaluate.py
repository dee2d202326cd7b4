"""Greedy answers on held-out conversations, through plain transformers, compared with what was expected.

Each assistant turn is generated from the true conversation before it, so one wrong turn does not spoil the next; a
conversation is right when all its turns are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import generate
import torch
from conversation import Conversation, segments
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers import AutoModelForCausalLM, AutoTokenizer

Answer = Callable[[list[str]], list[str]]


def prompts(talk: Conversation) -> list[tuple[str, str]]:
    """The text before each assistant turn, and the turn."""
    before, pairs = "", []
    for text, wanted in segments(talk):
        if wanted:
            pairs.append((before, text.removesuffix("<|im_end|>")))
        before += text
    return pairs


def greedy(folder: Path, batch: int = 32, new_tokens: int = 200) -> Answer:
    """A function from prompts to the turns that the model in ``folder`` writes after them."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()

    @torch.no_grad()
    def answers(texts: list[str]) -> list[str]:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = [""] * len(texts)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            inputs = tokenizer([texts[i] for i in chosen], return_tensors="pt", padding=True, add_special_tokens=False)
            ids, mask = inputs["input_ids"].to(model.device), inputs["attention_mask"].to(model.device)
            output = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=new_tokens)
            for i, row in zip(chosen, output[:, ids.shape[1] :], strict=True):
                text = tokenizer.decode(row, skip_special_tokens=False)
                found[i] = text.split("<|im_end|>")[0].split("<|endoftext|>")[0]
        return found

    return answers


def evaluate(
    answer: Answer,
    cases: int,
    seed: object,
    kinds: Sequence[str] = generate.KINDS,
    show: int = 0,
    console: Console | None = None,
) -> dict[str, dict[str, Any]]:
    """Exact matches for each kind: number of cases, and the shares of turns and of conversations that are right.

    Prints the table, and ``show`` mistakes of each kind.
    """
    console = console or Console()
    table: dict[str, dict[str, Any]] = {}
    for kind in track(kinds, "evaluating", console=console):
        pairs = [prompts(talk) for talk in generate.held_out(seed, kind, cases)]
        said = iter(answer([before for turns in pairs for before, _ in turns]))
        right = [[(before, wanted, next(said)) for before, wanted in turns] for turns in pairs]
        wrong = [turn for turns in right for turn in turns if turn[1] != turn[2]]
        for before, wanted, got in wrong[:show]:
            asked = before.rsplit("<|im_start|>", 2)[1].removesuffix("<|im_end|>\n")
            console.print(f"[{kind}] {asked}\n   wanted: {wanted}\n   got:    {got}", markup=False, soft_wrap=True)
        table[kind] = {
            "cases": len(right),
            "turns": 1 - len(wrong) / sum(map(len, right)),
            "conversations": sum(all(wanted == got for _, wanted, got in turns) for turns in right) / len(right),
        }
    shown = Table("kind", "conversations", "turns right", "conversations right")
    for kind, row in table.items():
        shown.add_row(kind, str(row["cases"]), f"{row['turns']:.1%}", f"{row['conversations']:.1%}")
    console.print(shown)
    return table


if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=root / "agentkit" / "embedded")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", default="final")
    parser.add_argument("--kind", action="append", choices=generate.KINDS)
    parser.add_argument("--show", type=int, default=0, help="mistakes to print for each kind")
    parser.add_argument("--json", type=Path, help="write the table here")
    given = parser.parse_args()
    result = evaluate(greedy(given.model), given.cases, given.seed, given.kind or generate.KINDS, given.show)
    if given.json:
        given.json.write_text(json.dumps(result, indent=2), encoding="utf-8")
