"""Tools that any LangChain agent can use: a calculator and a search."""

from .calculator import calculator
from .search import search, search_in

__all__ = ["calculator", "search", "search_in"]
