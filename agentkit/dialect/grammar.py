"""The grammar that decoding is held to: a dialect's call patterns with the tools' names and schemas filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agentkit.dialect.headed import header_end
from agentkit.dialect.leads import begun, first_mark
from agentkit.dialect.rules import SPACE, Rules, json_value
from agentkit.dialect.sections import MOST_CALLS, Section
from agentkit.dialect.syntax import Syntax, parts
from agentkit.relaxed import tell


class AddedTokens(Protocol):
    """What a grammar asks of a tokenizer: the marks that are one token."""

    def get_added_vocab(self) -> Mapping[str, int]: ...


def tools_grammar(
    syntax: Syntax,
    tools: Sequence[Mapping[str, Any]],
    *,
    tool_choice: str = "auto",
    parallel: bool = True,
    prompt: str = "",
    tokenizer: AddedTokens | None = None,
) -> str:
    """What may follow the prompt: see `Dialect.grammar`."""
    functions = [dict(tool.get("function", tool)) for tool in tools]
    if tool_choice not in {"auto", "any", "none"}:
        offered = ", ".join(str(function["name"]) for function in functions) or "none"
        functions = [function for function in functions if function["name"] == tool_choice]
        if not functions:
            raise ValueError(f"tool_choice names {tool_choice!r}, which is not among the tools offered: {offered}")
    turn = _Turn(syntax, tokenizer, prompt)
    if syntax.calls is None or not functions or tool_choice == "none":
        return turn.grammar(turn.text())
    section = turn.section(functions, parallel and syntax.calls.parallel)
    return turn.grammar(turn.calls_amid_text(section) if tool_choice == "auto" else turn.calls(section))


def answer_grammar(
    syntax: Syntax,
    schema: Mapping[str, Any],
    tools: Sequence[Mapping[str, Any]] = (),
    *,
    prompt: str = "",
    tokenizer: AddedTokens | None = None,
) -> str:
    """A JSON answer, or calls of the tools: see `Dialect.answer_grammar`."""
    turn = _Turn(syntax, tokenizer, prompt)
    answer = turn.said(turn.rules.add("answer", json_value(schema)))
    if tools and syntax.calls:
        functions = [dict(tool.get("function", tool)) for tool in tools]
        answer = f"({answer} | {turn.calls(turn.section(functions, parallel=True))})"
    return turn.grammar(answer)


class _Turn:
    """What may stand in an assistant's turn after a prompt."""

    def __init__(self, syntax: Syntax, tokenizer: AddedTokens | None, prompt: str) -> None:
        self.rules = Rules(tokenizer.get_added_vocab() if tokenizer else {})
        self._syntax, self._prompt = syntax, prompt
        self._headed = bool(header_end(syntax))
        self._begun = begun(prompt, syntax.calls) if syntax.calls and not self._headed else ""
        calls = syntax.calls
        found = [first_mark(calls.open), first_mark(parts(calls.call)[0])] if calls else []
        # In `<invoke name="` it is the name that ends the mark.
        unfinished = (calls.open + parts(calls.call)[0]).strip() if calls else ""
        self._starts = [mark for mark in dict.fromkeys(found) if mark] or [unfinished] * (unfinished[:1] == "<")
        """The marks that free text may not hold, because calls begin with them."""
        self._relaxed: list[str] = []

    def grammar(self, body: str) -> str:
        """The grammar of a turn that says this after its thoughts."""
        if self._relaxed:
            tell(json.dumps(self._relaxed), tuple(dict.fromkeys(self._relaxed)))
        return self.rules.grammar(f"{self._thought()} {body}")

    def section(self, functions: Sequence[Mapping[str, Any]], parallel: bool) -> Section:
        """The calls of these functions."""
        assert self._syntax.calls is not None
        section = Section(self.rules, self._syntax, functions, parallel=parallel, starts=self._starts)
        self._relaxed += section.left
        return section

    def text(self, without: str = "") -> str:
        """Text in which no call begins, nor one that looks like this expression."""
        return self.said(self.rules.free("text", self._starts, unlike=without))

    def said(self, answer: str) -> str:
        """An answer to the person, with the header that it needs."""
        return f"{self.rules.literal(self._syntax.content_open)} {answer}" if self._headed else answer

    def calls(self, section: Section) -> str:
        """Calls and nothing else."""
        if self._headed:
            return section.headed()
        opening, begun_text = self._syntax.content_open.removeprefix(self._begun), self._begun
        space = SPACE if section.space or opening else ""
        lead = self.rules.literal(section.lead.removeprefix(begun_text))
        if opening and begun_text:
            whole = f"{self.rules.literal(opening)} {SPACE} {self.rules.literal(section.lead)}"
            lead = f"({lead} | {whole})"
        elif opening:
            lead = f"({SPACE} {self.rules.literal(opening)})? {space} {lead}"
        else:
            lead = f"{space} {lead}".strip()
        return f"{lead} {section.rest}".strip()

    def calls_amid_text(self, section: Section) -> str:
        """Text, with calls where their first mark is written; or calls alone, where no mark begins them."""
        mark = next(iter(self._starts), "")
        if self._headed:
            return f"({self.calls(section)} | {self.text()})"
        if not mark:
            calls, unlike = section.alone(self._begun)
            return f"({calls} | {self.text(unlike)})"
        before, _, after = section.lead.partition(mark)
        text = self.rules.until("text_to_call", before + mark, self._starts)
        called = " ".join(filter(None, [text, self.rules.literal(after), section.rest]))
        return f"({called}){f'{{0,{MOST_CALLS}}}' if section.parallel else '?'} {self.text()}"

    def _thought(self) -> str:
        """The thought that the prompt has opened, or that the model may open."""
        reasoning, before = self._syntax.reasoning, self._prompt.rstrip()
        if reasoning is None or before.endswith(reasoning.close):
            return ""
        rest = f"{self.rules.until('thought', reasoning.close)} {SPACE}"
        again = f"{self.rules.literal(self._syntax.header)} " if self._headed else ""
        if before.endswith(reasoning.open):
            return rest + again
        return f"({self.rules.literal(reasoning.open)} {rest}{again}){'*' if self._headed else '?'}"
