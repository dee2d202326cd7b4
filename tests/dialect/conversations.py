"""Tools, calls and turns to try dialects with."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from agentkit.dialect import template

USER = {"role": "user", "content": "Hello there."}
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "integer"},
                    "metric": {"type": "boolean"},
                    "unit": {"enum": ["C", "F"], "type": "string"},
                },
                "required": ["city", "days"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "run-query",
            "description": "Runs a query.",
            "parameters": {
                "type": "object",
                "properties": {
                    "limits": {
                        "type": "object",
                        "properties": {"ratio": {"type": "number"}, "rows": {"type": "integer"}},
                    },
                    "sql": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["sql"],
            },
        },
    },
    {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object"}}},
]

text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="<>[]|{}\"'\\"), max_size=20
)
"""Text without the characters that marks are made of: raw-text syntaxes can't hold their own marks in a value."""

weather = st.fixed_dictionaries(
    {"city": text, "days": st.integers(-99, 10**12)},
    optional={"metric": st.booleans(), "unit": st.sampled_from(["C", "F"])},
)
query = st.fixed_dictionaries(
    {"sql": text},
    optional={
        "limits": st.fixed_dictionaries({}, optional={"ratio": st.floats(0.1, 9.9), "rows": st.integers(0, 99)}),
        "tags": st.lists(text, max_size=3),
    },
)
call = st.one_of(
    st.tuples(st.just("get_weather"), weather),
    st.tuples(st.just("run-query"), query),
    st.tuples(st.just("now"), st.just({})),
)


def in_schema_order(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments in the order of the tool's schema, which is the order that guided calls have."""
    function = next((tool["function"] for tool in TOOLS if tool["function"]["name"] == name), TOOLS[0]["function"])
    return {key: arguments[key] for key in function["parameters"].get("properties", {}) if key in arguments}


def assistant(calls: list[tuple[str, dict[str, Any]]], content: str = "", **fields: Any) -> dict[str, Any]:
    """An assistant's turn as templates read it."""
    made = [
        {"id": f"abcdefgh{i}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": content, "tool_calls": made, **fields}


def _telling(call: dict[str, Any], number: int) -> dict[str, Any]:
    """The call with an id that carries its name."""
    return {**call, "id": f"functions.{call['function']['name']}:{number}"}


def prompt(chat_template: str) -> str:
    """What the model reads before its turn."""
    return template.render(chat_template, [USER], TOOLS, add_generation_prompt=True)


def written(chat_template: str, turn: dict[str, Any], end: str) -> str:
    """What the template writes for the turn, from where the prompt ends, without the mark that ends the turn."""
    if "c.function.name" not in chat_template:
        turn = {**turn, "tool_calls": [_telling(call, i) for i, call in enumerate(turn["tool_calls"])]}
    full = template.render(chat_template, [USER, turn], TOOLS)
    lead = prompt(chat_template)
    lead = lead if full.startswith(lead) else lead.removesuffix("<think>\n")
    return full.removeprefix(lead).rstrip("\n").removesuffix(end)
