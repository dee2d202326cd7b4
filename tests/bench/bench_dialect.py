"""How long it takes to read one long argument that streams in small pieces; linear time makes the ratio about 4."""

from __future__ import annotations

import statistics
import time

from agentkit.dialect import Dialect
from tests.dialect.conversations import TOOLS, assistant, prompt, written
from tests.dialect.templates import TEMPLATES

KINDS = ("json in tags", "bare json", "function tags", "typed attributes", "own quotes", "python")
PIECE = 4


def seconds(kind: str, size: int, repeats: int) -> float:
    """The median time to read a call with one string argument of this many characters."""
    dialect, lead = Dialect.from_template(TEMPLATES[kind]), prompt(TEMPLATES[kind])
    line = "for each {item} in [list]: print it, then go on\n"
    argument = (line * (size // len(line) + 1))[:size]
    text = written(TEMPLATES[kind], assistant([("run-query", {"sql": argument})]), dialect.syntax.end_of_turn)
    times = []
    for _ in range(repeats):
        reader = dialect.reader(tools=TOOLS, prompt=lead)
        began = time.perf_counter()
        for at in range(0, len(text), PIECE):
            reader.feed(text[at : at + PIECE])
        reader.close()
        times.append(time.perf_counter() - began)
        assert reader.message().tool_calls[0]["args"]["sql"] == argument
    return statistics.median(times)


def figures() -> dict[str, float]:
    """The worst syntax's time for 32 KB, and the worst ratio to 8 KB."""
    small = {kind: seconds(kind, 8 * 1024, 7) for kind in KINDS}
    large = {kind: seconds(kind, 32 * 1024, 5) for kind in KINDS}
    found = {f"read_32k_{kind.replace(' ', '_')}_seconds": large[kind] for kind in KINDS}
    return {
        **found,
        "read_32k_seconds": max(large.values()),
        "read_32k_over_8k": max(large[kind] / small[kind] for kind in KINDS),
    }
