"""What a person asks of the next turn: which tools it may or must call, and what form its answer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel
from typing_extensions import is_typeddict


class SelfChecked(dict[str, Any]):
    """The specification of a tool that looks at its arguments itself when it is run, and whose own words on them an
    agent hands to the model: LangChain's tools, what they are made of, and pydantic models."""


def specifications(tools: Sequence[Any], strict: bool | None = None) -> list[dict[str, Any]]:
    """OpenAI's specifications of tools in any form that LangChain knows."""
    return [_specification(tool, strict) for tool in tools]


def _specification(tool: Any, strict: bool | None) -> dict[str, Any]:
    if isinstance(tool, dict) and "function" in tool and strict is None:
        return tool
    made = convert_to_openai_tool(tool, strict=strict)
    data = isinstance(tool, dict) or is_typeddict(tool) or (isinstance(tool, type) and not issubclass(tool, BaseModel))
    return made if data else SelfChecked(made)


def see_functions(tools: Sequence[Mapping[str, Any]]) -> None:
    """See that all tools are functions.

    Raises:
        ValueError: where one isn't.
    """
    for tool in tools:
        if not (tool.get("function") or {}).get("name"):
            raise ValueError(f"A tool that is no function can't be run here: {tool}")


def see_names(names: Sequence[str]) -> None:
    """See that each tool has a name of its own.

    Raises:
        ValueError: where two have one.
    """
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Several tools have the name {' or '.join(map(repr, sorted(twice)))}.")


def tool_choice(choice: Any, tools: Sequence[Mapping[str, Any]]) -> str:
    """A tool choice in any form that LangChain and OpenAI know: "auto", "any", "none" or a tool's name.

    Raises:
        ValueError: where it names a tool that isn't bound, or is of no known form.
    """
    names = [tool["function"]["name"] for tool in tools]
    if isinstance(choice, Mapping):
        inner = choice.get("function") or choice
        named = inner.get("name") if isinstance(inner, Mapping) else None
        if named in names:
            return str(named)
        choice = named or choice.get("type")
    if choice is None or choice is False or choice == "auto":
        return "auto"
    if choice == "none":
        return "none"
    if choice is True or choice in ("any", "required"):
        if not names:
            raise ValueError(f"tool_choice={choice!r} asks for a tool call, but no tools are bound.")
        return "any"
    if choice in names:
        return str(choice)
    bound = ", ".join(names) or "none"
    raise ValueError(f'tool_choice={choice!r} is neither "auto", "any", "none" nor the name of a bound tool: {bound}.')


def answer_schema(response_format: Any) -> dict[str, Any] | None:
    """The JSON Schema that an answer is held to, from OpenAI's `response_format` in its forms; None for free text.

    Raises:
        ValueError: where it is of no known form.
    """
    if response_format is None or response_format == {"type": "text"}:
        return None
    if isinstance(response_format, Mapping):
        kind = response_format.get("type")
        if kind == "json_object":
            return dict(response_format.get("schema") or {"type": "object"})
        if kind == "json_schema" and isinstance(response_format.get("json_schema"), Mapping):
            return dict(response_format["json_schema"].get("schema") or {"type": "object"})
    raise ValueError(
        f"response_format={response_format!r} is of no known form. Give "
        '{"type": "json_schema", "json_schema": {"name": …, "schema": …}} or {"type": "json_object"}.'
    )
