"""Cases to try a model on: conversations whose assistant messages are the turns that are right.

A file of cases is JSON lines, each a conversation:

- `messages`: the conversation in OpenAI's form (`role`, `content`, `tool_calls`; a tool call's `arguments` are a
  string of JSON or an object). Each assistant message is a turn that the model is to write, given the true
  conversation before it, so that one wrong turn does not spoil the next.
- `tools`: the tools offered, as OpenAI tools or their `function` alone. Optional.
- `schema`: a JSON Schema that answers are held to. Optional.
- `kind`: the row of the table that the case belongs to. Optional.

Calls are right where names and arguments equal those of the turn, in their order; a call without `arguments` is right
by its name alone. An answer is right where it is the turn's `content`, white space aside, or JSON of the same value;
where the turn has `contains`, a list of texts, an answer is right that has them all, in any case of letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.errors import AgentkitError


class CaseError(AgentkitError, ValueError):
    """A line of a file of cases that is no case; the text says which, and what is wrong."""


@dataclass(frozen=True)
class Case:
    """A conversation whose assistant messages are the turns that are right."""

    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    kind: str = "all"


@dataclass(frozen=True)
class Turn:
    """One turn to write: the conversation before it, and the assistant message that is right."""

    case: Case
    before: tuple[dict[str, Any], ...]
    expected: dict[str, Any]

    @property
    def text(self) -> str:
        """The expected turn in one line, for a person."""
        calls = [call["function"] for call in self.expected.get("tool_calls") or ()]
        return shown(self.expected["content"], [(call["name"], call["arguments"]) for call in calls])


def shown(text: str, calls: Iterable[tuple[str, str]]) -> str:
    """A turn in one line: its text, and its calls as name(arguments)."""
    return " ".join([*([text] if text else []), *(f"{name}({arguments})" for name, arguments in calls)])


def read(lines: Iterable[str]) -> list[Case]:
    """The cases of a file's lines; blank ones are skipped.

    Raises:
        CaseError: where a line is not JSON, or not a case.
    """
    return [_case(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _case(number: int, line: str) -> Case:
    def wrong(text: str) -> CaseError:
        return CaseError(f"line {number} of the cases: {text}")

    try:
        found = json.loads(line)
    except ValueError as error:
        raise wrong(f"not JSON: {error}") from error
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list) or not all(
        isinstance(m, dict) and isinstance(m.get("role"), str) for m in messages
    ):
        raise wrong('it needs "messages", a list of objects with a "role".')
    if not any(message["role"] == "assistant" for message in messages):
        raise wrong('none of its "messages" is of the role "assistant": the turn that is right.')
    tools = found.get("tools") or []
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise wrong('"tools" is to be a list of OpenAI tools.')
    tools = [tool if "function" in tool else {"type": "function", "function": tool} for tool in tools]
    if not all(isinstance(tool["function"], dict) and isinstance(tool["function"].get("name"), str) for tool in tools):
        raise wrong('each of its "tools" needs a "name".')
    schema = found.get("schema")
    if schema is not None and not isinstance(schema, dict):
        raise wrong('"schema" is to be a JSON Schema.')
    try:
        given = tuple(_with_ids(messages))
    except (KeyError, TypeError, ValueError) as error:
        raise wrong(f"a tool call of its messages cannot be read: {error!r}") from error
    return Case(given, tuple(tools), schema, str(found.get("kind") or "all"))


def _with_ids(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The messages with calls in OpenAI's form, and ids for calls and results that lack them."""
    waiting: list[str] = []
    count = 0
    for message in messages:
        found = dict(message)
        if found.get("tool_calls"):
            calls = []
            for call in found["tool_calls"]:
                function = call.get("function", call)
                given = function.get("arguments")
                arguments = given if isinstance(given, str) else json.dumps(given or {}, ensure_ascii=False)
                count += 1
                written: dict[str, Any] = {
                    "id": str(call.get("id") or f"call_{count}"),
                    "type": "function",
                    "function": {"name": str(function["name"]), "arguments": arguments},
                }
                if given is None:
                    written["by_name"] = True
                elif not isinstance(json.loads(arguments), dict):
                    raise ValueError("its arguments are no object")
                calls.append(written)
            found["tool_calls"] = calls
            waiting = [call["id"] for call in calls]
        elif found["role"] == "tool":
            own = waiting.pop(0) if waiting else f"call_{count}"
            found["tool_call_id"] = str(found.get("tool_call_id") or own)
        found["content"] = found.get("content") or ""
        yield found


def turns(case: Case) -> list[Turn]:
    """The turns that a model is to write."""
    return [
        Turn(case, case.messages[:place], message)
        for place, message in enumerate(case.messages)
        if message["role"] == "assistant"
    ]
