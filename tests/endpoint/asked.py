"""What the tests of endpoints ask for: two tools, and an answer."""

from __future__ import annotations

from langchain_core.tools import tool
from pydantic import BaseModel


@tool
def get_weather(city: str, days: int = 1) -> str:
    """The weather at a place."""
    return f"{city} {days}"


@tool
def now() -> str:
    """The time."""
    return "noon"


class Person(BaseModel):
    """A person."""

    name: str
    age: int
