"""The collection of facts that ships: tab-separated tables, and the sentences that are made of their rows.

Figures are rounded, and hold as of `AS_OF`. Populations are estimates of national statistics offices or the United
Nations; where estimates or borders differ much, the cell is empty and no sentence is made.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources
from string import Formatter
from typing import NamedTuple

AS_OF = "2024"

SENTENCES: dict[str, tuple[str, ...]] = {
    "countries": (
        "The capital of {country} is {capital}.",
        "The population of {country} is about {population} (2024).",
        "The area of {country} is about {area} square kilometres.",
        "The currency of {country} is the {currency}.",
    ),
    "mountains": ("The height of {mountain} is {height} metres.", "{mountain} is in {country}."),
    "rivers": ("The length of {river} is about {length} kilometres.", "{river} flows into the {mouth}."),
    "books": ("{author} wrote the {kind} {title} ({year}).",),
    "arts": ("{artist} {verb} {title} ({year}).",),
    "discoveries": ("{person} {verb} {thing} ({year}).",),
    "elements": ("The chemical symbol of {element} is {symbol}.", "The atomic number of {element} is {number}."),
    "history": ("{fact}",),
    "science": ("{fact}",),
    "units": ("{fact}",),
    "world": ("{fact}",),
}
"""Each table (a file NAME.tsv beside this one) and what its rows say; a sentence is left out where a cell is empty."""

_SEPARATED = ("population", "area", "height", "length")


class Fact(NamedTuple):
    subject: str
    """What the sentence is about: a country, the title of a book; the sentence itself where that is not told apart."""
    text: str


_SUBJECTS = {"books": "title", "arts": "title", "discoveries": "thing"}


def table(name: str) -> list[dict[str, str]]:
    """The rows of one table as written, each a dict of column name to text.

    Raises:
        FileNotFoundError: There is no such table.
    """
    with resources.files(__name__).joinpath(f"{name}.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def facts(name: str) -> Iterator[Fact]:
    """The facts of one table, each as a sentence."""
    for row in table(name):
        subject = row[_SUBJECTS.get(name, next(iter(row)))]
        cells = {key: f"{int(cell):,}" if key in _SEPARATED and cell else cell for key, cell in row.items()}
        for sentence in SENTENCES[name]:
            if all(cells[key] for _, key, _, _ in Formatter().parse(sentence) if key):
                # "Washington, D.C." brings its own full stop.
                text = sentence.format_map(cells).replace("..", ".")
                yield Fact(subject, text[0].upper() + text[1:])
