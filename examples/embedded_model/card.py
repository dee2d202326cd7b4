"""The model card, from what the run and the evaluation recorded."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from export import ROOT, checkpoint
from texts import DATA

Table = dict[str, dict[str, Any]]


def write(work: Path, out: Path, table: Table, remark: str = "") -> None:
    """Write ``README.md`` beside the model in ``out``.

    ``table`` is what evaluate.py returns; ``remark`` is a sentence about the run, to stand below its figures.
    """
    saved = checkpoint(work)
    settings, progress = saved["settings"], saved["progress"]
    rows = "\n".join(
        f"| {kind.replace('_', ' ')} | {row['cases']} | {row['turns']:.1%} | {row['conversations']:.1%} |"
        for kind, row in table.items()
    )
    if settings["begin"]:
        remark = f"The last {progress['step'] - settings['begin']:,} steps were a second schedule. {remark}"
    text = (DATA / "card.md").read_text(encoding="utf-8")
    card = text.format(
        parameters=sum(p.numel() for name, p in saved["model"].items() if name != "lm_head.weight") / 1e6,
        megabytes=(out / "model.safetensors").stat().st_size / 1e6,
        vocabulary=saved["model"]["lm_head.weight"].shape[0],
        minutes=progress["seconds"] / 60,
        tokens=progress["tokens"] / 1e6,
        table=rows,
        remark=f"\n{remark.strip()}\n" if remark else "",
        **{key: settings[key] for key in ("seed", "layers", "hidden", "batch_tokens")},
        **{key: progress[key] for key in ("hardware", "step", "loss", "held_out_loss")},
    )
    (out / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the card again, with the figures of the last evaluation.")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "embedded_model")
    parser.add_argument("--out", type=Path, default=ROOT / "agentkit" / "embedded")
    parser.add_argument("--remark", default="", help="a sentence about the run")
    given = parser.parse_args()
    figures = json.loads((given.work / "evaluation.json").read_text(encoding="utf-8"))
    write(given.work, given.out, figures, given.remark)
