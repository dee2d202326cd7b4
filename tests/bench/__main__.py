"""Runs the benchmarks, prints a table of each and writes all figures to build/bench.json.

python -m tests.bench [NAME …]   only the benchmarks of these names (`dialect` for bench_dialect.py)
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
RESULT = HERE.parent.parent / "build" / "bench.json"


def main() -> None:
    """Figures that were not measured anew keep their last value."""
    console = Console()
    wanted = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    figures: dict[str, float] = json.loads(RESULT.read_text()) if RESULT.exists() and sys.argv[1:] else {}
    for name in wanted:
        with console.status(f"measuring {name} …"):
            measured = importlib.import_module(f"tests.bench.bench_{name}").figures()
        table = Table("figure", "value", title=name, title_justify="left")
        for figure, value in measured.items():
            table.add_row(figure, f"{value:.4g}")
        console.print(table)
        figures |= measured
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"written to {RESULT}")


if __name__ == "__main__":
    main()
