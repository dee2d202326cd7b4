"""The grammar that decoding is held to: a dialect's call patterns with the tools' names and schemas filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agentkit.dialect import literals, marks, values
from agentkit.dialect.headed import header_end
from agentkit.dialect.leads import begun, first_mark
from agentkit.dialect.literals import Literals
from agentkit.dialect.rules import Rules, closed, json_value
from agentkit.dialect.syntax import Arguments, Calls, Syntax, fill, parts

_ID = "/[a-zA-Z0-9]{9}/"
_INDEX = "/[0-9]{1,3}/"
_SPACE = "/[ \\n]{0,4}/"
_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}


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
    build = _Build(syntax, tokenizer, prompt)
    thought = build.thought(prompt)
    if syntax.calls is None or not functions or tool_choice == "none":
        return build.rules.grammar(f"{thought} {build.rules.free('text', build.starts)}")
    section = _Section(build, syntax.calls, functions, parallel and syntax.calls.parallel)
    if tool_choice == "auto":
        return build.rules.grammar(f"{thought} {section.amid_text()}")
    return build.rules.grammar(f"{thought} {section.alone()}")


def answer_grammar(
    syntax: Syntax,
    schema: Mapping[str, Any],
    tools: Sequence[Mapping[str, Any]] = (),
    *,
    prompt: str = "",
    tokenizer: AddedTokens | None = None,
) -> str:
    """A JSON answer, or calls of the tools: see `Dialect.answer_grammar`."""
    build = _Build(syntax, tokenizer, prompt)
    answer = build.rules.add("answer", json_value(schema))
    if tools and syntax.calls:
        functions = [dict(tool.get("function", tool)) for tool in tools]
        answer = f"({answer} | {_Section(build, syntax.calls, functions, parallel=True).alone()})"
    return build.rules.grammar(f"{build.thought(prompt)} {answer}")


class _Build:
    """What all parts of one grammar share."""

    def __init__(self, syntax: Syntax, tokenizer: AddedTokens | None, prompt: str) -> None:
        self.syntax = syntax
        self.begun = begun(prompt, syntax.calls) if syntax.calls and not header_end(syntax) else ""
        """What the prompt has already written of a call."""
        self.rules = Rules(tokenizer.get_added_vocab() if tokenizer else {})
        calls = syntax.calls
        found = [first_mark(calls.open), first_mark(parts(calls.call)[0])] if calls else []
        unfinished = (
            (calls.open + parts(calls.call)[0]).strip() if calls else ""
        )  # `<invoke name="`: the name ends the mark
        self.starts = [mark for mark in dict.fromkeys(found) if mark] or [unfinished] * (unfinished[:1] == "<")
        """The marks that free text may not hold, because calls begin with them."""

    def thought(self, prompt: str) -> str:
        """The thought that the prompt has opened, or that the model may open."""
        reasoning, before = self.syntax.reasoning, prompt.rstrip()
        if reasoning is None or before.endswith(reasoning.close):
            return ""
        rest = f"{self.rules.until('thought', reasoning.close)} {_SPACE}"
        if before.endswith(reasoning.open):
            return rest
        return f"({self.rules.literal(reasoning.open)} {rest})?"


class _Section:
    """The calls of a turn: the marks around them, and a rule for each function."""

    def __init__(self, build: _Build, calls: Calls, functions: Sequence[Mapping[str, Any]], parallel: bool) -> None:
        self._build, self._rules, self._calls, self._parallel = build, build.rules, calls, parallel
        whole = calls.open + calls.call
        self._space = whole[: len(whole) - len(whole.lstrip())]
        open_text = calls.open.lstrip()
        self._call = (calls.call if open_text else calls.call.lstrip()).rstrip()
        trailing = calls.call[len(calls.call.rstrip()) :]
        lead = parts(self._call)[0]
        self._lead = open_text + lead
        one = [self._function(number, function) for number, function in enumerate(functions)]
        body = self._rules.add("call", " | ".join(one))
        if parallel:
            between = self._rules.literal(trailing + calls.separator + ("" if open_text else self._space) + lead)
            body = f"{body} ({between} {body})*".replace("( ", "(")
        closing = self._rules.literal(trailing + calls.close.rstrip()) if calls.close.strip() else _SPACE
        self._rest = self._rules.add("calls", f"{body} {closing}")

    def alone(self) -> str:
        """Calls and nothing else."""
        syntax, begun_text = self._build.syntax, self._build.begun
        content_open = "" if header_end(syntax) else syntax.content_open.removeprefix(begun_text)
        space = _SPACE if self._space or content_open else ""
        lead = self._rules.literal(self._lead.removeprefix(begun_text))
        if content_open and begun_text:
            lead = f"({lead} | {self._rules.literal(content_open)} {_SPACE} {self._rules.literal(self._lead)})"
        elif content_open:
            lead = f"({_SPACE} {self._rules.literal(content_open)})? {space} {lead}"
        else:
            lead = f"{space} {lead}".strip()
        return f"{lead} {self._rest}".strip()

    def amid_text(self) -> str:
        """Text, with calls where their first mark is written."""
        mark = next(iter(self._build.starts), "")
        if not mark:
            return f"({self.alone()} | {self._rules.free('text', [])})"
        before, _, after = self._lead.partition(mark)
        text = self._rules.until("text_to_call", before + mark, self._build.starts)
        called = " ".join(filter(None, [text, self._rules.literal(after), self._rest]))
        ending = self._rules.free("text", self._build.starts)
        many = "*" if self._parallel else "?"
        return f"({called}){many} {ending}"

    def _function(self, number: int, function: Mapping[str, Any]) -> str:
        """A call of one function, from its name on."""
        schema = closed(function.get("parameters") or _NO_ARGUMENTS)
        name = (
            json.dumps(function["name"], ensure_ascii=False)[1:-1] if self._calls.kind == "json" else function["name"]
        )
        written: list[str] = []
        for i, part in enumerate(parts(self._call)[1:]):
            if i % 2:
                written.append(self._rules.literal(part))
            elif part == "arguments":
                written.append(self._arguments(number, schema))
            else:
                written.append({"name": self._rules.literal(name), "id": self._id(name), "index": _INDEX}[part])
        return self._rules.add(f"call_{number}", " ".join(filter(None, written)))

    def _id(self, name: str) -> str:
        """An id; where it carries the name, that name."""
        if not self._calls.id:
            return _ID
        carried = fill(self._calls.id, name=name, index="‹»›").split("‹»›")
        return f" {_INDEX} ".join(self._rules.literal(part) for part in carried)

    def _arguments(self, number: int, schema: Mapping[str, Any]) -> str:
        if self._calls.arguments:
            return _Marked(self._build, self._calls, self._calls.arguments, schema, f"f{number}").all()
        if self._calls.string_arguments:
            inner = Literals(self._rules, literals.JSON_IN_JSON, schema, f"f{number}").value(schema)
            return self._rules.add(f"arguments_{number}", f'"\\"" {inner} "\\""')
        return self._rules.add(f"arguments_{number}", json_value(schema, self._calls.separators))


class _Marked:
    """The arguments of one function, each in its marks, in the schema's order."""

    def __init__(self, build: _Build, calls: Calls, arguments: Arguments, schema: Mapping[str, Any], name: str) -> None:
        self._rules, self._calls, self._arguments = build.rules, calls, arguments
        self._schema, self._name = schema, name
        self._quote = arguments.own_quotes
        patterns = [arguments.text, arguments.other, parts(calls.call)[-1], calls.close, *build.starts]
        found = [piece for pattern in patterns for piece in marks.pieces(fill(pattern)) if marks.is_mark(piece)]
        self._never = list(dict.fromkeys(found))
        """Marks that would end a raw value."""

    def all(self) -> str:
        """All of them."""
        required = set(self._schema.get("required") or ())
        members = [
            (self._one(f"{self._name}_{number}", key, inner), key in required)
            for number, (key, inner) in enumerate((self._schema.get("properties") or {}).items())
        ]
        return self._rules.sequence(self._name, members, self._arguments.separator)

    def _one(self, name: str, key: str, schema: Any) -> str:
        allowed = values.types({**self._schema, "properties": {"it": schema}}, "it") or {"string"}
        notation = self._notation()
        textual = allowed == {"string"} if notation else "string" in allowed
        pattern = fill(self._arguments.pattern("string" if textual else min(allowed)), key=key, value="‹value›")
        before_value, _, after_value = pattern.partition("‹value›")
        if notation:
            value = Literals(self._rules, notation, self._schema, f"{name}_value").value(schema)
            if self._calls.kind == "python":
                loose = self._rules.literal(before_value.rstrip("\"'"))
                if textual or not after_value.strip():
                    return f"{loose} {value}"
                quoted = self._rules.add(f"{name}_quoted", json_value(self._standing_alone(schema)))
                before = self._rules.literal(before_value)
                return f"({loose} {value} | {before} {quoted} {self._rules.literal(after_value)})"
            before_value, _, after_value = fill(self._arguments.other, key=key, value="‹value›").partition("‹value›")
            return f"{self._rules.literal(before_value)} {value} {self._rules.literal(after_value)}".strip()
        options = schema.get("enum") if isinstance(schema, Mapping) else None
        if textual and options is None:
            text = self._rules.until(f"{name}_text", after_value, self._never)
            return f"{self._rules.literal(before_value)} {text}"
        if textual:
            written = [option if isinstance(option, str) else json.dumps(option) for option in options or ()]
            value = self._rules.add(f"{name}_value", " | ".join(map(self._rules.literal, written)))
        else:
            value = self._rules.add(f"{name}_value", json_value(self._standing_alone(schema)))
        return " ".join([self._rules.literal(before_value), value, self._rules.literal(after_value)])

    def _standing_alone(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema of one argument with the definitions that it may refer to."""
        definitions = {key: self._schema[key] for key in ("$defs", "definitions") if key in self._schema}
        return {**schema, **definitions}

    def _notation(self) -> literals.Notation | None:
        if self._calls.kind == "python":
            opening = parts(self._arguments.text)[2].strip()[-1:]
            return literals.python(opening if opening in {"'", '"'} else '"')
        if self._quote:
            pair = fill(self._arguments.other, key="‹key›", value="‹value›").split("‹key›")[-1].partition("‹value›")[0]
            return literals.own_quotes(self._quote, (self._arguments.separator, pair))
        return None
