"""How fast the tools are: an index of 100,000 short documents, a query of it, and a calculation."""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from pathlib import Path

from agentkit.tools import calculator, search_in

DOCUMENTS = 100_000


def figures(documents: int = DOCUMENTS) -> dict[str, float]:
    """Seconds to index a folder of short text files, milliseconds to answer, microseconds to calculate (medians)."""
    random_ = random.Random(1)
    # Words as a language has them: a few very common, most of them rare.
    syllables = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "ar", "en") for c in "bdgklmnprst"]
    words = [first + second for first in syllables[:60] for second in syllables]
    random_.shuffle(words)
    weights = list(itertools.accumulate(1 / rank for rank in range(10, len(words) + 10)))
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "documents"
        for number in range(documents):
            path = folder / f"{number // 1000}" / f"{number}.txt"
            if number % 1000 == 0:
                path.parent.mkdir(parents=True)
            path.write_text(" ".join(random_.choices(words, cum_weights=weights, k=60)) + ".", encoding="utf-8")
        start = time.perf_counter()
        search = search_in(folder, cache_dir=Path(root) / "cache")
        build = time.perf_counter() - start
        start = time.perf_counter()
        search_in(folder, cache_dir=Path(root) / "cache")
        refresh = time.perf_counter() - start
        queries = [" ".join(random_.choices(words, cum_weights=weights, k=3)) for _ in range(50)]
        query = statistics.median(_seconds(search.invoke, {"query": each}) for each in queries)
    expressions = ["37593 * 67", "12.5% of 840", "37593^(1/5)", "68,400,000 / 2", "sqrt(2) + sin(pi / 6)^2"] * 20
    calculator.invoke({"expression": "sqrt(2)"})  # loads numexpr
    calculation = statistics.median(_seconds(calculator.invoke, {"expression": each}) for each in expressions)
    return {
        "search_build_100k_seconds": round(build, 1),
        "search_refresh_100k_seconds": round(refresh, 2),
        "search_query_ms": round(query * 1e3, 2),
        "calculator_us": round(calculation * 1e6, 1),
    }


def _seconds(call: object, arguments: dict[str, str]) -> float:
    assert callable(call)
    start = time.perf_counter()
    call(arguments)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(figures())  # noqa: T201
