"""Tools for templates that know none: they are told of in the system turn, and their results come in user turns.

The documented form, for a template that shows no call syntax of its own, is Hermes': each call is a JSON object with
`name` and `arguments` between `<tool_call>` and `</tool_call>`. Where a template can render calls but not list tools,
its own syntax is kept and shown to the model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from agentkit.dialect.syntax import Arguments, Calls, fill, parts
from agentkit.dialect.template import Message
from agentkit.dialect.values import type_of

CALLS = Calls(
    kind="json", call='<tool_call>\n{"name": "‹name›", "arguments": ‹arguments›}\n</tool_call>', separator="\n"
)

PYTHON = Calls(
    kind="python",
    call="‹name›(‹arguments›)",
    open="[",
    close="]",
    separator=", ",
    arguments=Arguments(text='‹key›="‹value›"', other="‹key›=‹value›", separator=", "),
)
"""The other form that models use most where neither template nor prompt says how to call."""


def written(calls: Calls, turn: Message) -> str:
    """The calls of an assistant turn as text, in the pattern of these calls."""
    texts = [
        "".join(text for _, text in written_parts(calls, call, number))
        for number, call in enumerate(turn["tool_calls"])
    ]
    return calls.open + calls.separator.join(texts) + calls.close


def written_parts(calls: Calls, call: dict[str, Any], number: int = 0) -> list[tuple[str, str]]:
    """One call in the pattern of these calls, cut at its slots: each part with its slot's name, or "" between slots."""
    function = call["function"]
    slots = {
        "name": function["name"],
        "id": fill(calls.id, name=function["name"], index=str(number)) or call.get("id") or "",
        "index": str(number),
        "arguments": _written_arguments(calls, function["arguments"]),
    }
    return [(part, slots[part]) if i % 2 else ("", part) for i, part in enumerate(parts(calls.call))]


def _written_arguments(calls: Calls, arguments: dict[str, Any]) -> str:
    one = calls.arguments
    if one is None:
        text = json.dumps(arguments, ensure_ascii=False, separators=calls.separators)
        return json.dumps(text, ensure_ascii=False) if calls.string_arguments else text
    return one.separator.join(
        fill(one.text, key=key, value=value)
        if isinstance(value, str)
        else fill(one.pattern(type_of(value)), key=key, value=json.dumps(value, ensure_ascii=False))
        for key, value in arguments.items()
    )


def instructions(tools: Sequence[dict[str, Any]], calls: Calls) -> str:
    """What the model is told: the tools, and how to call one."""
    example = {"function": {"name": "TOOL_NAME", "arguments": {"ARGUMENT": "VALUE"}}}
    listed = "\n".join(json.dumps(tool.get("function", tool), ensure_ascii=False) for tool in tools)
    return (
        "You can call these tools, each described by a JSON object:\n"
        f"<tools>\n{listed}\n</tools>\n"
        "To call a tool, write exactly this and then stop:\n"
        f"{written(calls, {'tool_calls': [example]}).strip()}\n"
        "The results come back in the next message. When no tool is needed, answer in plain text."
    )


def with_tools(messages: Sequence[Message], tools: Sequence[dict[str, Any]], calls: Calls) -> list[Message]:
    """The conversation with the tools told of in its system turn."""
    if not tools:
        return list(messages)
    told = instructions(tools, calls)
    if messages and messages[0]["role"] == "system":
        system = {**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}
        return [system, *messages[1:]]
    return [{"role": "system", "content": told}, *messages]


def with_written_calls(messages: Sequence[Message], calls: Calls) -> list[Message]:
    """The conversation with the assistant's calls as part of its text."""
    turns = []
    for message in messages:
        turn = dict(message)
        if turn.get("tool_calls"):
            said, text = turn.get("content") or "", written(calls, turn)
            turn["content"] = f"{said}\n{text}" if said else text
            del turn["tool_calls"]
        turns.append(turn)
    return turns


def with_told_results(messages: Sequence[Message]) -> list[Message]:
    """The conversation with tool messages as user turns; neighbouring ones become one."""
    turns: list[Message] = []
    told = False
    for message in messages:
        if message["role"] != "tool":
            turns.append(message)
            told = False
            continue
        result = f"<tool_response>\n{message['content']}\n</tool_response>"
        if told:
            turns[-1]["content"] += f"\n{result}"
        else:
            turns.append({"role": "user", "content": result})
        told = True
    return turns
