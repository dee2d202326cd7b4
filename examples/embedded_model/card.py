"""The model card, from what the run and the evaluation recorded."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

from evaluate import Tables
from export import ROOT, checkpoint
from texts import DATA

WAYS = "guided", "unguided"


def _row(kind: str, guided: dict[str, Any], unguided: dict[str, Any]) -> str:
    shares = (row[name] for row in (guided, unguided) for name in ("turns right", "cases right"))
    return f"| {kind.replace('_', ' ')} | {guided['cases']} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"


def commit() -> str:
    """The commit of the folder that this script lies in, or nothing where there is none."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def write(work: Path, out: Path, table: Tables, remark: str = "") -> None:
    """Write ``README.md`` beside the model in ``out``.

    ``table`` is what ``evaluate.tables`` returns; ``remark`` is a sentence about the run, to stand below its figures.
    """
    saved = checkpoint(work)
    settings, progress = saved["settings"], saved["progress"]
    rows = (
        "\n".join(_row(kind, *(table[way]["rows"][kind] for way in WAYS)) for kind in table["guided"]["rows"])
        if table
        else ""
    )
    if settings["begin"] and not remark:
        remark = f"The last {progress['step'] - settings['begin']:,} steps were a schedule of their own."
    text = (DATA / "card.md").read_text(encoding="utf-8")
    card = text.format(
        parameters=sum(p.numel() for name, p in saved["model"].items() if name != "lm_head.weight") / 1e6,
        megabytes=(out / "model.safetensors").stat().st_size / 1e6,
        vocabulary=saved["model"]["lm_head.weight"].shape[0],
        minutes=progress["seconds"] / 60,
        tokens=progress["tokens"] / 1e6,
        table=rows,
        commit=commit() or "unknown",
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
