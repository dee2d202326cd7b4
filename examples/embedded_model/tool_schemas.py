"""The schemas of the two tools that ship, as LangChain's ``convert_to_openai_tool`` gives them, and look-alikes."""

from __future__ import annotations

from conversation import Schema
from draw import Draw

CALCULATOR: Schema = {
    "name": "calculator",
    "description": "Compute the value of an arithmetic expression.",
    "parameters": {
        "properties": {
            "expression": {"description": "For example 37593 * 67, 12.5% of 840 or 2^(1/5).", "type": "string"}
        },
        "required": ["expression"],
        "type": "object",
    },
}
SEARCH: Schema = {
    "name": "search",
    "description": "Search for facts about people, places, dates and numbers.",
    "parameters": {
        "properties": {"query": {"description": "What to look for, for example capital of Peru.", "type": "string"}},
        "required": ["query"],
        "type": "object",
    },
}


def _one_string(name: str, description: str, argument: str, about: str) -> Schema:
    property_ = {"description": about, "type": "string"} if about else {"type": "string"}
    return {
        "name": name,
        "description": description,
        "parameters": {"properties": {argument: property_}, "required": [argument], "type": "object"},
    }


def calculator(draw: Draw) -> Schema:
    """The calculator that ships, or at times one under another name."""
    if draw.held_out or draw.chance(0.8):
        return CALCULATOR
    return _one_string(
        draw.any(("calculator", "calc", "calculate", "evaluate", "compute", "math")),
        draw.any(("Calculate an expression.", "Evaluate a formula.", "Do arithmetic.", "Compute a number.")),
        draw.any(("expression", "expr", "formula", "input", "text")),
        draw.any(("", "The expression.", "An arithmetic expression.", "What to compute.")),
    )


def search(draw: Draw) -> Schema:
    """The search that ships, or at times one under another name."""
    if draw.held_out or draw.chance(0.8):
        return SEARCH
    return _one_string(
        draw.any(("search", "web_search", "lookup", "find_facts", "wikipedia", "search_docs", "search_notes")),
        draw.any(("Search the web.", "Look up facts.", "Search a collection of texts.", "Find facts about a topic.")),
        draw.any(("query", "q", "question", "text", "topic")),
        draw.any(("", "The query.", "What to search for.", "The words to look for.")),
    )
