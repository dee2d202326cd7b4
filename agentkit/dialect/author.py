"""The author's own word: a tokenizer's `response_template` (transformers 5.13 and later) as a syntax.

It names marks that a template may never render, and it wins over what the template shows. What it can't say (how
several calls stand together, separators, headers) stays as it was learned.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from agentkit.dialect.leads import first_mark
from agentkit.dialect.syntax import Arguments, Calls, Reasoning, Syntax, parts

_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()\\]|\\.|\[[^\]]*\])*\)")
_SPACE = re.compile(r"\\s[*+?]|\(\?:\\s[*+?]\)")
_ESCAPED = re.compile(r"\\([^\w\s]|n|t)")
_STILL_REGEX = re.compile(r"(?<!\\)[\[\](){}*+?|^$.]")


def apply(syntax: Syntax, template: Mapping[str, Any] | None) -> Syntax:
    """The syntax with what a `response_template` says; as it is where that says nothing that can be used."""
    fields = template.get("fields") if isinstance(template, Mapping) else None
    if not isinstance(fields, Mapping):
        return syntax
    return dataclasses.replace(
        syntax, reasoning=_reasoning(fields) or syntax.reasoning, calls=_calls(fields, syntax.calls) or syntax.calls
    )


def _reasoning(fields: Mapping[str, Any]) -> Reasoning | None:
    for name in ("reasoning_content", "reasoning", "thinking"):
        opened, closed = (_mark(fields.get(name), end) for end in ("open", "close"))
        if opened and closed:
            return Reasoning(opened.strip(), closed.strip())
    return None


def _calls(fields: Mapping[str, Any], learned: Calls | None) -> Calls | None:
    field = fields.get("tool_calls")
    opened, closed = _mark(field, "open"), _mark(field, "close") or ""
    if not isinstance(field, Mapping) or not opened:
        return None
    if learned and first_mark(opened) and first_mark(opened) in learned.open + learned.call:
        return learned  # the template shows the same, and more of it
    transform = field.get("transform") if isinstance(field.get("transform"), Mapping) else {}
    function = transform.get("function", transform) if isinstance(transform, Mapping) else {}
    arguments = field.get("content_args") or {}
    if field.get("content") == "xml-inline":
        return _tagged(opened, closed, _pattern(str(arguments.get("tag_pattern", ""))))
    if field.get("content") != "json":
        return None
    if quotes := arguments.get("string_delims"):
        opening, closing = quotes[0]
        one = Arguments(text=f"‹key›:{opening}‹value›{closing}", other="‹key›:‹value›", separator=",")
        return Calls("tags", f"{opened}{{‹arguments›}}{closed}", arguments=one)
    if "‹name›" in opened:
        return Calls("named", f"{opened}‹arguments›{closed}")
    keys = ("name", "arguments")
    if isinstance(function, Mapping):
        named = {str(value).strip("{}").removeprefix("content."): key for key, value in function.items()}
        found = {key: path for path, key in named.items() if key in keys}
        keys = (found.get("name", "name"), found.get("arguments", "arguments"))
    return Calls("json", f'{opened}{{"{keys[0]}": "‹name›", "{keys[1]}": ‹arguments›}}{closed}', separator="\n")


def _tagged(opened: str, closed: str, argument: str | None) -> Calls | None:
    if argument is None or not {"key", "value"} <= set(parts(argument)[1::2]) or "‹name›" not in opened:
        return None
    one = Arguments(text=argument, other=argument)
    return Calls("tags", f"{opened}‹arguments›{closed}", arguments=one, separator="\n")


def _mark(field: Any, end: str) -> str | None:
    """A field's opening or closing mark as a pattern; None where it has none that can be written as one."""
    if not isinstance(field, Mapping):
        return None
    literal = field.get(end)
    if isinstance(literal, list):
        literal = literal[0] if literal else None
    if isinstance(literal, str):
        return literal
    return _pattern(str(field[f"{end}_pattern"])) if f"{end}_pattern" in field else None


def _pattern(expression: str) -> str | None:
    """A simple regular expression as a pattern with slots; None where it says more than a pattern can."""
    text = _GROUP.sub(lambda group: f"‹{group[1]}›", expression)
    text = text.replace(r"\s*‹value›\s*", "\n‹value›\n")  # layout that isn't part of the value
    text = _SPACE.sub("", text)
    if _STILL_REGEX.search(text):
        return None
    return _ESCAPED.sub(lambda escape: {"n": "\n", "t": "\t"}.get(escape[1], escape[1]), text)
