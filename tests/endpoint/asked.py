"""What the tests of endpoints ask for: two tools, a call, and an answer."""

from __future__ import annotations

from langchain_core.tools import tool
from pydantic import BaseModel

CALL = {"name": "calculator", "args": {"expression": "2 + 3"}, "id": "abcdefghi", "type": "tool_call"}


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
