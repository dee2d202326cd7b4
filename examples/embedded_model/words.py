"""Open-class word lists, split into a training and a test half by hash (see draw.py), and closed classes, shared."""

from __future__ import annotations

from texts import words

FIRST_NAMES = words("words", "first names")
SURNAMES = words("words", "surnames")
CITIES = words("words", "cities")
COUNTRIES = words("words", "countries")
NOUNS = words("words", "nouns")
ADJECTIVES = words("words", "adjectives")
THINGS = words("words", "things")
TOPICS = words("words", "topics")
JOBS = words("words", "jobs")
DISHES = words("words", "dishes")
PLAIN_NOUNS = words("words", "plain nouns")

COLOURS = words("words", "colours")
LANGUAGES = words("words", "languages")
CURRENCIES = words("words", "currencies")
UNITS = words("words", "units")
DAYS = words("words", "days")
MONTHS = words("words", "months")
EXTENSIONS = words("words", "extensions")

# Many more words, for places where any word may stand.
WIDE_NOUNS = words("wide", "nouns")
WIDE_VERBS = words("wide", "verbs")
WIDE_LABELS = words("wide", "labels")
