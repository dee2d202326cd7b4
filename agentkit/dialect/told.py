"""Reads a call syntax from what a template tells the model, where the template lists tools but never renders a call.

Such templates describe the form in words and show an example with placeholders, or at least name the mark that begins a
call. Only what stands outside the listed tools counts.
"""

from __future__ import annotations

import json
import re

from agentkit.dialect import marks
from agentkit.dialect.syntax import Arguments, Calls

_PYTHON = re.compile(r"\[\s*\w+\(\s*\w+\s*=[^\[\]\n]*\)[^\[\]\n]*\]")
_KEY = re.compile(r'"(\w+)"\s*:')
_FUNCTION = re.compile(r"<function=[^<>\n]+>(\s*)<parameter=[^<>\n]+>(\s*)[^<>]*?(\s*)</parameter>")
_CALL_MARK = re.compile(r"<\|?(?:tool|function)[_▁]?calls?\|?>")
_ARGUMENTS = ("arguments", "parameters", "args", "input")


def find(prompt: str) -> Calls | None:
    """The syntax of the example in a prompt that lists tools; None where there is none.

    Args:
        prompt: the rendered prompt, tools and all.
    """
    text = _without_tools(prompt)
    return _tags(text) or _python(text) or _json(text) or _mark_alone(text)


def _without_tools(text: str) -> str:
    """The text without the JSON objects in it that are whole: those are the tools."""
    decoder = json.JSONDecoder()
    kept, at = "", 0
    while (start := text.find("{", at)) >= 0:
        kept += text[at:start]
        try:
            value, end = decoder.raw_decode(text, start)
        except ValueError:
            value, end = None, start + 1
        kept += "" if isinstance(value, dict) and "description" in json.dumps(value) else text[start:end]
        at = end
    return kept + text[at:]


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """The marks directly before and after an example, with the white space between."""
    before, after = text[:start], text[end:]
    opened = re.search(r"(<[^<>\s]+>|\[[A-Z_]+\])\s*\Z", before)
    closed = re.match(r"\s*(</[^<>\s]+>|\[/[A-Z_]+\]|<\|[^<>\s]+\|>)", after)
    paired = opened is not None and (closed is not None or "|" in opened[1])
    return (opened[0] if opened and paired else "", closed[0] if closed and opened and paired else "")


def _json(text: str) -> Calls | None:
    for start in (found.start() for found in re.finditer(r"\{", text)):
        end = _balanced(text, start)
        keys = _KEY.findall(text[start:end])
        arguments = next((key for key in _ARGUMENTS if key in keys), None)
        if arguments is None or "name" not in keys:
            continue
        opened, closed = _around(text, start, end)
        return Calls("json", f'{opened}{{"name": "‹name›", "{arguments}": ‹arguments›}}{closed}', separator="\n")
    return None


def _balanced(text: str, start: int) -> int:
    depth = 0
    for at in range(start, min(len(text), start + 600)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return start


def _python(text: str) -> Calls | None:
    found = _PYTHON.search(text)
    if found is None:
        return None
    opened, closed = _around(text, found.start(), found.end())
    one = Arguments(text='‹key›="‹value›"', other="‹key›=‹value›", separator=", ")
    return Calls("python", "‹name›(‹arguments›)", open=f"{opened}[", close=f"]{closed}", separator=", ", arguments=one)


def _tags(text: str) -> Calls | None:
    found = _FUNCTION.search(text)
    if found is None:
        return None
    after_name, before, after = found.groups()
    end = text.find("</function>", found.end())
    opened, closed = _around(text, found.start(), end + len("</function>") if end >= 0 else found.end())
    one = f"<parameter=‹key›>{before}‹value›{after}</parameter>{after_name}"
    return Calls(
        "tags",
        f"{opened}<function=‹name›>{after_name}‹arguments›</function>{closed}",
        separator="\n",
        arguments=Arguments(text=one, other=one),
    )


def _mark_alone(text: str) -> Calls | None:
    """A mark that begins calls, named in prose: what follows it is a JSON list."""
    found = _CALL_MARK.search(text)
    if found is None or not marks.is_mark(found[0]):
        return None
    return Calls("json", '{"name": "‹name›", "arguments": ‹arguments›}', open=f"{found[0]}[", close="]", separator=", ")
