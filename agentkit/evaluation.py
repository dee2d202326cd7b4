"""How well a model calls tools: it writes the turns of cases (see `agentkit.cases`), and each is judged."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages

from agentkit.cases import Case, Turn, shown, turns
from agentkit.errors import AgentkitError
from agentkit.schemas import unfitting

TOGETHER = 32
"""Questions asked at a time: the engine batches them."""


@dataclass(frozen=True)
class Verdict:
    """How a turn was written: `right`, the calls made and those of them with valid arguments, tokens, whether it was
    cut off for its length, and any error in the place of an answer."""

    turn: Turn
    right: bool
    calls: int = 0
    valid: int = 0
    tokens: int = 0
    written: str = ""
    cut: bool = False
    error: str = ""

    @property
    def calls_expected(self) -> bool:
        return bool(self.turn.expected.get("tool_calls"))


@dataclass
class Row:
    """A row of the table: counts, and the shares made of them (None where nothing was counted)."""

    kind: str
    cases: int = 0
    cases_right: int = 0
    call_turns: int = 0
    call_turns_right: int = 0
    answers: int = 0
    answers_right: int = 0
    calls: int = 0
    calls_valid: int = 0
    cut: int = 0
    errors: int = 0

    @property
    def turns_right(self) -> float:
        """The share of turns, of calls and answers together."""
        return (self.call_turns_right + self.answers_right) / (self.call_turns + self.answers)

    def shares(self) -> dict[str, float | None]:
        """Calls right, arguments valid, answers right and whole cases right, each of 0 to 1."""

        def share(part: int, whole: int) -> float | None:
            return part / whole if whole else None

        return {
            "calls right": share(self.call_turns_right, self.call_turns),
            "arguments valid": share(self.calls_valid, self.calls),
            "answers right": share(self.answers_right, self.answers),
            "cases right": share(self.cases_right, self.cases),
        }


@dataclass
class Report:
    """The verdicts on all turns, and how long the model took."""

    verdicts: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens written in a second of wall time, by all questions together."""
        return sum(verdict.tokens for verdict in self.verdicts) / self.seconds if self.seconds else 0.0

    def table(self) -> dict[str, Any]:
        """The rows as plain values, with the tokens per second."""
        rows = {
            row.kind: {
                "cases": row.cases,
                "turns right": row.turns_right,
                **row.shares(),
                "cut off": row.cut,
                "errors": row.errors,
            }
            for row in self.rows()
        }
        return {"rows": rows, "tokens per second": self.tokens_per_second}

    def mistakes(self, count: int) -> list[dict[str, str]]:
        """The first `count` turns of each kind that are wrong, as plain values: kind, asked, wanted, got."""
        found: list[dict[str, str]] = []
        seen: Counter[str] = Counter()
        unnamed = self._unnamed()
        for verdict in self.verdicts:
            kind = verdict.turn.case.kind or unnamed
            if not verdict.right and seen[kind] < count:
                seen[kind] += 1
                asked = str(verdict.turn.before[-1]["content"]) if verdict.turn.before else ""
                got = verdict.error or verdict.written
                found.append({"kind": kind, "asked": asked, "wanted": verdict.turn.text, "got": got})
        return found

    def _unnamed(self) -> str:
        """What the row of cases without a kind is called."""
        return "other" if any(verdict.turn.case.kind for verdict in self.verdicts) else "all"

    def rows(self) -> list[Row]:
        """A row for each kind in the order of the cases, and one for all where there are several."""
        rows: dict[str, Row] = {}
        total = Row("all")
        right: dict[int, bool] = {}
        unnamed = self._unnamed()
        for verdict in self.verdicts:
            case = verdict.turn.case
            right[id(case)] = right.get(id(case), True) and verdict.right
            kind = case.kind or unnamed
            for row in (rows.setdefault(kind, Row(kind)), total):
                if verdict.calls_expected:
                    row.call_turns += 1
                    row.call_turns_right += verdict.right
                else:
                    row.answers += 1
                    row.answers_right += verdict.right
                row.calls += verdict.calls
                row.calls_valid += verdict.valid
                row.cut += verdict.cut
                row.errors += bool(verdict.error)
        for case in {id(verdict.turn.case): verdict.turn.case for verdict in self.verdicts}.values():
            for row in (rows[case.kind or unnamed], total):
                row.cases += 1
                row.cases_right += right[id(case)]
        return [*rows.values(), total] if len(rows) > 1 else list(rows.values())


def judge(turn: Turn, reply: AIMessage) -> Verdict:
    """Whether a reply is the turn that is expected."""
    expected = turn.expected
    parameters = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in turn.case.tools}
    made = [(call["name"], call["args"]) for call in reply.tool_calls]
    valid = sum(name in parameters and not unfitting(arguments, parameters[name]) for name, arguments in made)
    text = reply.text
    broken = len(reply.invalid_tool_calls)
    if wanted := expected.get("tool_calls"):
        right = not broken and len(made) == len(wanted) and all(map(_same_call, wanted, made))
    else:
        right = not broken and not made and _same_answer(expected, text)
    tokens = reply.usage_metadata["output_tokens"] if reply.usage_metadata else 0
    calls = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in made]
    calls += [(call["name"] or "?", call["args"] or "?") for call in reply.invalid_tool_calls]
    cut = reply.response_metadata.get("finish_reason") == "length"
    return Verdict(turn, right, len(calls), valid, tokens, shown(text, calls), cut)


def _same_call(wanted: Mapping[str, Any], made: tuple[str, Any]) -> bool:
    name, arguments = made
    if wanted["function"]["name"] != name:
        return False
    return bool(wanted.get("by_name")) or _same(json.loads(wanted["function"]["arguments"]), arguments)


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1, and the order of keys says nothing."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _same_answer(expected: Mapping[str, Any], text: str) -> bool:
    if contains := expected.get("contains"):
        return all(_occurs(part.lower(), text.lower()) for part in contains)
    if " ".join(expected["content"].split()) == " ".join(text.split()):
        return True
    try:
        wanted, got = json.loads(expected["content"]), json.loads(text)
    except ValueError:
        return False
    return isinstance(wanted, dict | list | int | float) and _same(wanted, got)


def _occurs(part: str, text: str) -> bool:
    """Whether a text has a part; a number at its edges is to be a whole one, for 80 is not in 480."""
    before = r"(?<!\d)(?<!\d[.,])" if part[:1].isdigit() else ""
    after = r"(?!\d)(?![.,]\d)" if part[-1:].isdigit() else ""
    return re.search(before + re.escape(part) + after, text) is not None


def evaluate(
    model: BaseChatModel,
    cases: Sequence[Case],
    *,
    guided: bool | None = None,
    max_tokens: int = 1024,
    progress: Callable[[int, int], object] | None = None,
) -> Report:
    """Let a chat model write every turn of the cases, many at a time, and judge what it writes.

    Args:
        model: the chat model.
        cases: what `read` returns.
        guided: `ChatHuggingFace`'s; None leaves it as the model has it.
        max_tokens: the longest turn, in tokens; a longer one is cut off.
        progress: called with the number of turns done and that of all, after each.

    Raises:
        AgentkitError: the first error, where not one turn could be written.
    """
    asked = [turn for case in cases for turn in turns(case)]
    options: dict[str, Any] = {"temperature": 0.0, "max_tokens": max_tokens}
    if guided is not None:
        options["guided"] = guided

    def write(turn: Turn) -> Verdict:
        bound: Any = model.bind(**options)
        if turn.case.tools:
            bound = model.bind_tools(list(turn.case.tools), **options)
        if turn.case.schema is not None:
            named = {"name": str(turn.case.schema.get("title") or "answer"), "schema": turn.case.schema}
            bound = bound.bind(response_format={"type": "json_schema", "json_schema": named})
        try:
            return judge(turn, bound.invoke(_messages(turn.before)))
        except AgentkitError as error:
            errors.append(error)
            return Verdict(turn, False, error=f"{type(error).__name__}: {error}")

    report = Report()
    errors: list[AgentkitError] = []
    for turn in asked[:1]:
        write(turn)  # what is loaded and compiled once is not counted
    errors.clear()
    start = time.perf_counter()
    with ThreadPoolExecutor(TOGETHER) as pool:
        for done, verdict in enumerate(pool.map(write, asked), 1):
            report.verdicts.append(verdict)
            if progress:
                progress(done, len(asked))
    report.seconds = time.perf_counter() - start
    if asked and len(errors) == len(asked):
        raise errors[0]
    return report


def _messages(messages: Sequence[dict[str, Any]]) -> list[BaseMessage]:
    """LangChain's messages, without what only this module reads."""
    known = [{key: value for key, value in message.items() if key != "contains"} for message in messages]
    return convert_to_messages(known)
