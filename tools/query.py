"""A question in a person's words -> an FTS5 query. Whatever the question holds, the query is well formed."""

from __future__ import annotations

import re

MAX_TERMS = 24

_STOP_WORDS = """
a about am an and any are as at be been but by can could date did do does fact facts find for from give had has have
he her his how i if in into is it its know let look many me much my of on or our out please search she should show so
some tell than that the their them there these they this those to us was we were what when where which who whom whose
why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

# People ask with one word and texts answer with another. Each stands for itself and for these.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "tall": ("height",),
    "high": ("height",),
    "elevation": ("height",),
    "tallest": ("highest",),
    "biggest": ("largest",),
    "big": ("area",),
    "large": ("area",),
    "size": ("area",),
    "long": ("length",),
    "far": ("distance",),
    "author": ("wrote",),
    "writer": ("wrote",),
    "written": ("wrote",),
    "painter": ("painted",),
    "sculptor": ("sculpted",),
    "composer": ("composed",),
    "inventor": ("invented",),
    "discoverer": ("discovered",),
    "people": ("population",),
    "inhabitants": ("population",),
    "money": ("currency",),
    "start": ("began",),
    "begin": ("began",),
    "end": ("ended", "flows into"),
    "fall": ("fell",),
    "sink": ("sank",),
    "fast": ("speed",),
    "old": ("age",),
    "heavy": ("mass",),
    "weight": ("mass",),
    "away": ("distance",),
    "hot": ("temperature",),
    "landing": ("walk",),
    "kilometers": ("kilometres",),
    "km": ("kilometres",),
    "meters": ("metres",),
    "centimeters": ("centimetres",),
    "cm": ("centimetres",),
    "liter": ("litre",),
    "liters": ("litres",),
    "kilos": ("kilograms",),
    "kilo": ("kilogram",),
    "kg": ("kilograms",),
    "lbs": ("pound",),
    "usa": ("united states",),
    "uk": ("united kingdom",),
    "uae": ("united arab emirates",),
    "wwi": ("world war i",),
    "wwii": ("world war ii",),
}
# Names of which a part alone would mislead ("I" is a stop word) -> a word that stands for the phrase.
_NAMES = (
    (re.compile(r"\b(?:world war (?:2|ii|two)|ww ?(?:2|ii)|(?:second|2nd) world war)\b"), "wwii"),
    (re.compile(r"\b(?:world war (?:1|i|one)|ww ?(?:1|i)|(?:first|1st) world war)\b"), "wwi"),
)
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")


def terms(question: str) -> list[str]:
    """The words of a question to look for, in lower case, each once; stop words only if there are no others."""
    question = question[:1000].lower()
    for pattern, name in _NAMES:
        question = pattern.sub(name, question)
    words = [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(question)]
    return list(dict.fromkeys([word for word in words if word not in STOP_WORDS] or words))[:MAX_TERMS]


def expression(words: list[str], operator: str) -> str:
    """The FTS5 expression for `words`, joined by "AND" or "OR". Each is in quotation marks, so none is syntax."""
    return f" {operator} ".join(_alternatives(word) for word in words)


def _alternatives(word: str) -> str:
    quoted = [f'"{each}"' for each in (word, *SYNONYMS.get(word, ()))]
    return f"({' OR '.join(quoted)})"
