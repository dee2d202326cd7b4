"""Reading the word lists, patterns and tables in ``data/``: plain text with ``# headings``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from draw import Patterns

DATA = Path(__file__).resolve().parent / "data"
_HELD_OUT = "## held out"


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """The lines under each heading of a file, by heading; blank lines are left out."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            heading = line[2:]
        elif line.strip():
            found.setdefault(heading, []).append(line)
    return {heading: tuple(lines) for heading, lines in found.items()}


def lines(name: str, heading: str = "") -> tuple[str, ...]:
    """The lines under one heading, or those of a file without headings."""
    return sections(name)[heading]


def words(name: str, heading: str) -> tuple[str, ...]:
    """Words separated by blanks; an underscore stands for a blank within one."""
    return tuple(word.replace("_", " ") for line in lines(name, heading) for word in line.split())


def patterns(name: str, heading: str) -> Patterns:
    r"""Sentence patterns one a line (``\n`` is a line break), those held out for testing after a line of their own."""
    found = tuple(line.replace("\\n", "\n") for line in lines(f"patterns/{name}", heading))
    border = found.index(_HELD_OUT)
    return Patterns(found[:border], found[border + 1 :])


@cache
def _phrasing() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((DATA / "phrasing.json").read_text(encoding="utf-8"))
    return found


def table(name: str, part: str) -> Any:
    """A part of ``phrasing.json``: pieces of sentences, where blanks at their ends and empty ones matter."""
    return _phrasing()[name][part]


def phrasing(name: str, part: str) -> tuple[str, ...]:
    """Pieces of sentences of one sort."""
    return tuple(table(name, part))


def choices(text: str) -> tuple[str, ...]:
    """Alternatives separated by a slash."""
    return tuple(part.strip() for part in text.split(" / "))


def blocks(name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each heading of a file with its lines, in order; the same heading may come again."""
    found: list[tuple[str, list[str]]] = []
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return [(heading, tuple(lines)) for heading, lines in found]
