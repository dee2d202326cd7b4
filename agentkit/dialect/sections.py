"""The calls of a turn in a grammar: the marks around them, and a rule for each function."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agentkit.dialect import literals, marks
from agentkit.dialect.headed import header_end
from agentkit.dialect.literals import Literals
from agentkit.dialect.marked import Marked
from agentkit.dialect.rules import Rules, closed, json_value, regex
from agentkit.dialect.syntax import Calls, Syntax, fill, parts
from agentkit.errors import SchemaError

_ID = "/[a-zA-Z0-9]{9}/"
_INDEX = "/[0-9]{1,3}/"
_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
MOST_CALLS = 64
"""In one turn: bounded, since small models repeat a call without end."""
_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}


class _Head(NamedTuple):
    """How the call of one function begins."""

    name: str
    after: str
    """What stands behind the name, up to the end of the header where it has one."""
    tail: str
    """The rule for the rest."""


class Section:
    """The calls that a turn may hold.

    Attributes:
        lead: what they begin with, up to the first name.
        rest: the rule for what follows the lead.
        space: the white space that the template writes before the lead.
        parallel: whether there may be more than one call.
        left: the places of keywords that the rules leave out.

    Args:
        rules: where the rules go.
        syntax: one with calls.
        functions: OpenAI function specifications.
        parallel: whether there may be more than one call.
        starts: the marks that calls begin with.
    """

    def __init__(
        self,
        rules: Rules,
        syntax: Syntax,
        functions: Sequence[Mapping[str, Any]],
        *,
        parallel: bool,
        starts: Sequence[str],
    ) -> None:
        assert syntax.calls is not None
        calls: Calls = syntax.calls
        self._rules, self._calls, self._starts, self._functions = rules, calls, starts, functions
        self._header_end = header_end(syntax)
        self.parallel = parallel
        self.left: list[str] = []
        self._heads: list[_Head] = []
        whole = calls.open + calls.call
        self.space = whole[: len(whole) - len(whole.lstrip())]
        open_text = calls.open.lstrip()
        self._call = (calls.call if open_text else calls.call.lstrip()).rstrip()
        trailing = calls.call[len(calls.call.rstrip()) :]
        lead = parts(self._call)[0]
        self.lead = open_text + lead
        body = rules.add("call", " | ".join(self._function(number, one) for number, one in enumerate(functions)))
        self._more = rules.literal(trailing + calls.close.rstrip())
        if not calls.close.strip():
            self._more = f"({self._more})?" if self._more else "/\\n?/"  # some templates end every turn so
        if parallel:
            between = rules.literal(trailing + calls.separator + ("" if open_text else self.space) + lead)
            self._more = f"({between} {body}){{0,{MOST_CALLS - 1}}} {self._more}".replace("( ", "(")
        self.rest = rules.add("calls", f"{body} {self._more}".strip())

    def headed(self) -> str:
        """Calls where a header says whom a message is for: as the template writes it, or the recipient last.

        Templates write `to=functions.look<|channel|>commentary json<|message|>` where models that were trained on other
        orders write `<|channel|>commentary to=functions.look json<|message|>`.
        """
        space = self._rules.literal(self.space)
        whole = f"{space} {self._rules.literal(self.lead)} {self.rest}"
        after_name = parts(self._call)[2].partition(self._header_end)[0]
        found = marks.pieces(after_name)
        if not found or not marks.is_mark(found[0]):
            return whole
        size = 2 if found[1:] and found[1].strip() else 1
        channel, about = "".join(found[:size]), "".join(found[size:])
        about_rule = f"({self._rules.literal(about)})?" if about.strip() else ""
        named = " | ".join(
            f"{self._rules.literal(head.name)} {about_rule} {self._rules.literal(self._header_end)} {head.tail}"
            for head in self._heads
        )
        return f"({whole} | {self._rules.literal(channel + ' ' + self.lead.strip())} ({named}))"

    def alone(self, begun: str) -> tuple[str, str]:
        """Calls that no mark begins: their rule, and a regular expression for what text may not begin with beside them.

        What text may not go on with has to be one lexeme of the call, or the lexer takes its beginning for text.
        """
        lead = self.lead.removeprefix(begun)
        if any(char.isalnum() for char in lead) or parts(self._call)[1] != "name":
            return f"{self._rules.literal(lead)} {self.rest}", _loose(lead.rstrip("\"'"))
        first = " | ".join(f"{self._rules.literal(lead + head.name + head.after)} {head.tail}" for head in self._heads)
        end = next((char for char in self._heads[0].after.lstrip(" ")), "")
        any_name = _NAME if self._calls.kind == "python" else "|".join(regex(head.name) for head in self._heads)
        unlike = rf"{_loose(lead)}\s*({any_name})[ ]*{regex(end)}" if end else ""
        return f"({first}) {self._more}", unlike

    def _function(self, number: int, function: Mapping[str, Any]) -> str:
        """A call of one function, from its name on."""
        schema = closed({"type": "object", **(function.get("parameters") or _NO_ARGUMENTS)})
        plain = str(function["name"])
        self._check_names(plain, schema.get("properties") or {})
        name = json.dumps(plain, ensure_ascii=False)[1:-1] if self._calls.kind == "json" else plain
        first, after, *slots = parts(self._call)[1:]
        header, end, body = after.partition(self._header_end) if self._header_end else (after, "", "")
        written = [self._rules.literal(body)]
        for i, part in enumerate(slots):
            written.append(self._rules.literal(part) if i % 2 else self._slot(part, number, name, schema))
        tail = self._rules.add(f"tail_{number}", " ".join(filter(None, written)))
        self._heads.append(_Head(name, header + end, tail))
        called = [self._slot(first, number, name, schema), self._rules.literal(header + end), tail]
        return self._rules.add(f"call_{number}", " ".join(filter(None, called)))

    def _check_names(self, name: str, properties: Mapping[str, Any]) -> None:
        """See that the syntax can write these names.

        Raises:
            SchemaError: naming the one that it can't.
        """
        python, marked = self._calls.kind == "python", self._calls.arguments is not None
        names = re.compile(r"[^\W\d][\w.\-]*" if python else r"[\w.\-]+" if self._header_end else r"[\w.\-:/]+")
        if not names.fullmatch(name):
            raise SchemaError(f"This model's syntax has no way to call a tool of the name {name!r}.")
        keys = r"[^\W\d]\w*" if python else r"[^<>\"'=:,{}\s][^<>\"=:,{}\n]*" if marked else r"[^\"\\]+"
        writable = re.compile(keys if python or marked or self._calls.string_arguments else r"(?s:.*)")
        for key in properties:
            if not writable.fullmatch(key):
                raise SchemaError(f"This model's syntax has no way to write the argument {key!r} of {name!r}.")

    def _slot(self, slot: str, number: int, name: str, schema: Mapping[str, Any]) -> str:
        if slot == "arguments":
            return self._arguments(number, schema)
        return {"name": self._rules.literal(name), "id": self._id(name), "index": _INDEX}[slot]

    def _id(self, name: str) -> str:
        """An id; where it carries the name, that name."""
        if not self._calls.id:
            return _ID
        carried = fill(self._calls.id, name=name, index="‹»›").split("‹»›")
        return f" {_INDEX} ".join(self._rules.literal(part) for part in carried)

    def _arguments(self, number: int, schema: Mapping[str, Any]) -> str:
        if self._calls.arguments:
            marked = Marked(self._rules, self._calls, schema, f"f{number}", self._starts)
            rule = marked.all()
            self.left += marked.left
            return rule
        if self._calls.string_arguments:
            inner = Literals(self._rules, literals.JSON_IN_JSON, schema, f"f{number}")
            rule = self._rules.add(f"arguments_{number}", f'"\\"" {inner.value(schema)} "\\""')
            self.left += inner.left
            return rule
        return self._rules.add(f"arguments_{number}", json_value(schema, self._calls.separators))


def _loose(text: str) -> str:
    """The text with any white space between its marks and words."""
    return r"\s*".join(regex(piece) for piece in marks.pieces(text) if piece.strip())
