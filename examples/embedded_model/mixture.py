"""How often each kind of conversation is drawn, and which tools could be taken for those that ship."""

from __future__ import annotations

KINDS = ("arithmetic", "look_up", "two_step", "parallel", "tools", "no_tool", "error", "structured", "follow_up")
# How often a conversation is led by each kind in training; further episodes are drawn from EXTRA. "reading" and
# "chains" are lessons of training alone.
WEIGHTS = {
    "arithmetic": 0.08,
    "look_up": 0.15,
    "two_step": 0.1,
    "parallel": 0.13,
    "tools": 0.22,
    "no_tool": 0.08,
    "error": 0.08,
    "structured": 0.2,
    "follow_up": 0.1,
    "reading": 0.06,
    "chains": 0.02,
}
EXTRA = {
    "arithmetic": 0.12,
    "look_up": 0.2,
    "two_step": 0.14,
    "parallel": 0.15,
    "tools": 0.24,
    "no_tool": 0.14,
    "error": 0.08,
    "follow_up": 0.14,
}
# In the second part of training: more of what is learned late.
HARDER_WEIGHTS = {
    "arithmetic": 0.05,
    "look_up": 0.08,
    "two_step": 0.05,
    "parallel": 0.12,
    "tools": 0.18,
    "no_tool": 0.2,
    "error": 0.18,
    "structured": 0.2,
    "follow_up": 0.06,
    "reading": 0.05,
    "chains": 0.05,
}
HARDER_EXTRA = {
    "arithmetic": 0.08,
    "look_up": 0.12,
    "two_step": 0.09,
    "parallel": 0.17,
    "tools": 0.26,
    "no_tool": 0.2,
    "error": 0.1,
    "follow_up": 0.1,
}
# Hand-written tools that do what the calculator or the search does.
LIKE_CALCULATOR = frozenset(
    {
        "multiply",
        "add",
        "subtract",
        "divide_numbers",
        "power",
        "square_root",
        "loan_payment",
        "split_bill",
        "body_mass_index",
        "age_in_days",
        "count_days",
        "percentage_of",
        "average_of",
        "raise_to_power",
        "remainder",
        "percent_change",
        "increase_by_percent",
        "take_off_percent",
        "what_percent",
        "is_divisible",
        "ratio_of",
        "price_with_tax",
    }
)
LIKE_SEARCH = frozenset(
    {
        "find_book",
        "find_films",
        "get_news",
        "get_population_data",
        "define_word",
        "get_holidays",
        "get_distance",
        "water_level",
        "population_of_city",
        "capital_of",
        "country_fact",
        "compare_countries",
        "look_up_person",
        "birthday_of",
        "birth_date",
        "animal_fact",
        "chemical_symbol",
        "author_of",
        "quote_of",
        "river_level",
    }
)
# Verbs of requests that a search could be thought to serve.
ASKING = frozenset(
    {
        "find",
        "search",
        "get",
        "check",
        "compare",
        "recommend",
        "estimate",
        "teach",
        "measure",
        "count",
        "track",
        "translate",
        "summarize",
    }
)
