"""Cases to try a model on: conversations whose assistant messages are the turns that are right.

A file of cases is JSON lines, each a conversation:

- `messages`: the conversation in OpenAI's form (`role`, `content`, `tool_calls`; a tool call's `arguments`, or `args`,
  are a string of JSON or an object). Each assistant message is a turn that the model is to write, given the true
  conversation before it, so that one wrong turn does not spoil the next.
- `tools`: the tools offered, as OpenAI tools, their `function` alone, or Anthropic's form. Optional.
- `schema`: a JSON Schema that answers are held to. Optional.
- `kind`: the row of the table that the case belongs to. Optional; "all" is that of all.

Other keys are left alone, but for those that look like one of these misspelt.

Calls are right where names and arguments equal those of the turn, in their order; a call without `arguments`, which
only the last turn may have, is right by its name alone. An answer is right where it is the turn's `content`, white
space aside, or JSON of the same value; where the turn has `contains`, a text or a list of them, an answer is right that
has them all, in any case of letters, and numbers as whole numbers.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from agentkit import schemas
from agentkit.errors import AgentkitError

_KEYS = ("messages", "tools", "schema", "kind")
_MESSAGE = ("role", "content", "tool_calls", "tool_call_id", "contains")
_CALL = ("name", "arguments", "args", "function", "id", "type")
_ROLES = ("system", "developer", "user", "human", "assistant", "ai", "tool")


class CaseError(AgentkitError, ValueError):
    """A line of a file of cases that is no case; the text says which, and what is wrong."""


@dataclass(frozen=True)
class Case:
    """A conversation whose assistant messages are the turns that are right."""

    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    kind: str = ""


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
        parts = " … ".join(self.expected.get("contains", ()))
        return shown(self.expected["content"] or parts, [(call["name"], call["arguments"]) for call in calls])


def shown(text: str, calls: Iterable[tuple[str, str]]) -> str:
    """A turn in one line: its text, and its calls as name(arguments)."""
    return " ".join([*([text] if text else []), *(f"{name}({arguments})" for name, arguments in calls)])


def load(path: Path) -> list[Case]:
    """The cases of a file.

    Raises:
        CaseError: where a line is not JSON, or not a case.
        OSError: where it can't be read; a UnicodeDecodeError where it is no UTF-8.
    """
    return read(path.read_text(encoding="utf-8-sig").split("\n"))


def read(lines: Iterable[str]) -> list[Case]:
    """The cases of a file's lines; blank ones are skipped.

    Raises:
        CaseError: where a line is not JSON, or not a case.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_case(line))
            except ValueError as error:
                raise CaseError(f"line {number} of the cases: {error}") from error
    return found


def _case(line: str) -> Case:
    try:
        found = json.loads(line)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise ValueError('it needs "messages", a list of objects with a "role".')
    _spelt(found, _KEYS, "the case")
    for message in messages:
        if message.get("role") not in _ROLES:
            raise ValueError(f'a message has the "role" {message.get("role")!r}, and not one of {", ".join(_ROLES)}.')
        _spelt(message, _MESSAGE, "a message")
    given = tuple(_with_ids(messages))
    if not any(message["role"] == "assistant" for message in given):
        raise ValueError('none of its "messages" is of the role "assistant": the turn that is right.')
    schema = found.get("schema")
    if schema is not None:
        if not isinstance(schema, dict):
            raise ValueError('"schema" is to be a JSON Schema.')
        schemas.grammar_schema(schema)
    return Case(
        given,
        tuple(_tools(found.get("tools") or [])),
        schema,
        "" if found.get("kind") in (None, "all") else str(found["kind"]),
    )


def _spelt(found: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Refuse a key that is one of the known misspelt: what is meant by it would be missed in silence."""
    for key in found:
        if key not in known and (meant := difflib.get_close_matches(key, known, 1, 0.8)):
            raise ValueError(f'{where} has the key "{key}". Did you mean "{meant[0]}"?')


def _tools(given: object) -> Iterator[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(tool, dict) for tool in given):
        raise ValueError('"tools" is to be a list of OpenAI tools.')
    names: set[str] = set()
    for tool in given:
        bare = {key: value for key, value in tool.items() if key != "type"} if "function" not in tool else tool
        function = bare.get("function", bare)
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            raise ValueError('each of its "tools" needs a "name".')
        if name in names:
            raise ValueError(f"two of its tools are called {name!r}.")
        names.add(name)
        made = tool if "function" in tool else {"type": "function", "function": bare}
        if "input_schema" in bare:
            made = convert_to_openai_tool(bare)
        schemas.enforceable([made])
        yield {"type": "function", **made}


def _with_ids(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The messages with calls in OpenAI's form, and ids for calls and results that lack them."""
    waiting: list[str] = []
    count = 0
    for place, message in enumerate(messages):
        found = dict(message)
        found["role"] = {"ai": "assistant", "human": "user"}.get(found["role"], found["role"])
        if given := found.get("tool_calls"):
            if not isinstance(given, list) or not all(isinstance(call, dict) for call in given):
                raise ValueError('"tool_calls" is to be a list of tool calls.')
            calls = []
            for call in given:
                count += 1
                calls.append(_call(call, f"call_{count}"))
                if "by_name" in calls[-1] and place + 1 < len(messages):
                    raise ValueError("a tool call without arguments is not the last turn; what follows it needs them.")
            found["tool_calls"] = calls
            waiting = [call["id"] for call in calls]
        elif found["role"] == "tool":
            own = waiting.pop(0) if waiting else f"call_{count}"
            found["tool_call_id"] = str(found.get("tool_call_id") or own)
        found["content"] = _content(found)
        if "contains" in found:
            found["contains"] = _parts(found["contains"])
        yield found


def _call(call: Mapping[str, Any], name_of_it: str) -> dict[str, Any]:
    """A call in OpenAI's form, marked where it is right by its name."""
    function = call.get("function", call)
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise ValueError('a tool call of its messages needs a "name".')
    _spelt(function, _CALL, "a tool call")
    given = function.get("arguments", function.get("args"))
    arguments = given if isinstance(given, str) else json.dumps(given or {}, ensure_ascii=False)
    try:
        is_object = isinstance(json.loads(arguments), dict)
    except ValueError as error:
        raise ValueError(f"the arguments of a tool call are not JSON: {error}") from error
    if not is_object:
        raise ValueError(f"the arguments of a tool call are no object: {arguments}")
    written = {"name": function["name"], "arguments": arguments}
    made: dict[str, Any] = {"id": str(call.get("id") or name_of_it), "type": "function", "function": written}
    return made | ({"by_name": True} if given is None else {})


def _content(message: Mapping[str, Any]) -> Any:
    """What a message says: a text, or for people and tools a list of blocks; other results and answers are JSON."""
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    is_blocks = isinstance(content, list) and all(isinstance(block, str | dict) for block in content)
    if message["role"] == "assistant" and is_blocks:
        texts = [block if isinstance(block, str) else block.get("text") for block in content]
        if all(isinstance(text, str) for text in texts):
            return "".join(texts)
    elif is_blocks:
        return content
    if message["role"] not in ("assistant", "tool"):
        raise ValueError(f'the "content" of a message of the role {message["role"]!r} is no text: {content!r}')
    return json.dumps(content, ensure_ascii=False)


def _parts(given: object) -> list[str]:
    parts = [given] if isinstance(given, str | int | float) else given
    if not isinstance(parts, list) or not all(isinstance(part, str | int | float) for part in parts):
        raise ValueError(f'"contains" is to be a text or a list of texts, not {given!r}.')
    return [str(part) for part in parts]


def turns(case: Case) -> list[Turn]:
    """The turns that a model is to write."""
    return [
        Turn(case, case.messages[:place], message)
        for place, message in enumerate(case.messages)
        if message["role"] == "assistant"
    ]
