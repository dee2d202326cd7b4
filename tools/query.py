"""A question in a person's words -> an FTS5 query. Whatever the question holds, the query is well formed."""

from __future__ import annotations

import re

MAX_TERMS = 24

_STOP_WORDS = """
a about am an and any are as at be been but by can could did do does fact facts find for from give had has have he her
his how i if in into is it its know let look many me much my of on or our out please search she should show so some tell
than that the their them there these they this those to us was we were what when where which who whom whose why will
with would you your
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
    "end": ("ended",),
    "fall": ("fell",),
    "sink": ("sank",),
    "kilometers": ("kilometres",),
    "meters": ("metres",),
    "usa": ("united states",),
    "uk": ("united kingdom",),
    "uae": ("united arab emirates",),
    "wwi": ("world war i",),
    "ww1": ("world war i",),
    "wwii": ("world war ii",),
    "ww2": ("world war ii",),
}
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")


def terms(question: str) -> list[str]:
    """The words of a question to look for, in lower case, each once; stop words only if there are no others."""
    words = [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(question[:1000].lower())]
    return list(dict.fromkeys([word for word in words if word not in STOP_WORDS] or words))[:MAX_TERMS]


def expression(words: list[str], operator: str) -> str:
    """The FTS5 expression for `words`, joined by "AND" or "OR". Each is in quotation marks, so none is syntax."""
    return f" {operator} ".join(_alternatives(word) for word in words)


def _alternatives(word: str) -> str:
    quoted = [f'"{each}"' for each in (word, *SYNONYMS.get(word, ()))]
    return f"({' OR '.join(quoted)})"
