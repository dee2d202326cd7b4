"""Builds llguidance grammars rule by rule.

The notation is llguidance's Lark: `%json` takes a JSON Schema, `<[17]>` is the token 17, and a rule with `suffix` is
any text up to that suffix. A mark that is one token must be named as that token: its bytes alone don't match.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.dialect import bounds

ANY = "(?s:.*)"


class Rules:
    """The rules of one grammar.

    Args:
        tokens: the marks that are one token, with their ids.
    """

    def __init__(self, tokens: Mapping[str, int]) -> None:
        self._tokens = {text: token for text, token in tokens.items() if text}
        self._rules: dict[str, str] = {}

    def grammar(self, start: str) -> str:
        """The grammar, whole."""
        return (
            "\n".join([f"start: {start or EMPTY}", *(f"{name}: {rule}" for name, rule in self._rules.items())]) + "\n"
        )

    def add(self, name: str, body: str) -> str:
        """Adds a rule or, where the name is in capitals, a terminal; its name."""
        self._rules[name] = body or EMPTY
        return name

    def literal(self, text: str) -> str:
        """Text as it stands."""
        written = []
        while text:
            before, mark, text = self._split(text)
            if before:
                written.append(quoted(before))
            if mark:
                written.append(f"<[{self._tokens[mark]}]>")
        return " ".join(written)

    def free(
        self, name: str, without: Sequence[str], ending: str = "", held: Sequence[str] = (), unlike: str = ""
    ) -> str:
        """A terminal for a text in which none of these marks stands, and then this ending.

        Args:
            name: of the terminal.
            without: the marks that may not stand in it.
            ending: what it ends with.
            held: regular expressions that the text before the ending must match, all of them; none lets a mark pass.
            unlike: a regular expression that it may not begin with.
        """
        texts = " & ".join(delimited(f"(?:{one}){regex(ending)}") for one in held or [ANY])
        begins = delimited(rf"\s*(?:{unlike})(?s:.*)")
        return self.add(name.upper(), texts + _but_not(without) + (f" & ~{begins}" if unlike else ""))

    def until(self, name: str, mark: str, without: Sequence[str] = (), held: Sequence[str] = ()) -> str:
        """A rule for a text, without some marks and as `free` has it held, and then this mark."""
        before, token, after = self._split(mark)
        if token:
            text = self.free(f"{name}_text", [token, *without], ending=before, held=held)
            return self.add(name, f"{text} {self.literal(token)} {self.literal(after)}".strip())
        others = [other for other in without if other != mark]
        body = " & ".join(map(delimited, held or [ANY])) + _but_not(others)
        self._rules[f"{name}[suffix={quoted(mark)}]"] = body
        return name

    def sequence(self, name: str, members: Sequence[tuple[str, bool]], separator: str) -> str:
        """Rules in this order, separated, each with whether it must be there."""
        between, start, more = self.literal(separator), EMPTY, EMPTY
        for index, (member, required) in reversed(list(enumerate(members))):
            first = self.add(f"{name}_first_{index}", f"{member} {more}" if more != EMPTY else member)
            start = self.add(f"{name}_from_{index}", first if required else f"{first} | {start}")
            joined = f"{between} {first}".strip()
            more = self.add(f"{name}_more_{index}", joined if required else f"{joined} | {more}")
        return start

    def _split(self, text: str) -> tuple[str, str, str]:
        """The text before the first mark that is one token, that mark, and the rest."""
        found = [(text.find(mark), -len(mark), mark) for mark in self._tokens if mark in text]
        if not found:
            return text, "", ""
        at, _, mark = min(found)
        return text[:at], mark, text[at + len(mark) :]


EMPTY = '""'


SPACE = "/[ \\n]{0,4}/"
"""The white space that may stand between marks: bounded, since small models loop on it."""


def delimited(expression: str) -> str:
    """A regular expression as a grammar writes it."""
    return (
        "/" + re.sub(r"\\.|/|\n", lambda found: _DELIMITED.get(found[0], found[0]), expression, flags=re.DOTALL) + "/"
    )


_DELIMITED = {"/": "\\/", "\n": "\\n", "\\\n": "\\n"}


def _but_not(marks: Sequence[str]) -> str:
    """The rest of a terminal for text without these marks: one expression, since lexers bound their number."""
    wanted = [regex(mark) for mark in marks if mark]
    return f" & ~/(?s:.*)({'|'.join(wanted)})(?s:.*)/" if wanted else ""


def quoted(text: str) -> str:
    """A text as a grammar's string."""
    return json.dumps(text, ensure_ascii=False)


def regex(text: str) -> str:
    """A text as a regular expression that matches it."""
    special = "\\^$.|?*+()[]{}/-&~#\"'"
    return "".join({"\n": "\\n", "\t": "\\t"}.get(char, "\\" + char if char in special else char) for char in text)


def json_value(schema: Mapping[str, Any], separators: tuple[str, str] = (", ", ": ")) -> str:
    """JSON that fits the schema, with these separators and no other white space."""
    guidance: dict[str, Any] = {"lenient": True}
    if "\n" in "".join(separators):  # indented: how deep can't be said, but how much white space there may be can
        guidance |= {"whitespace_flexible": True, "whitespace_pattern": "[ \n]{0,40}"}
        guidance |= {"item_separator": ",", "key_separator": ":"}
    else:
        guidance |= {"whitespace_flexible": False, "item_separator": separators[0], "key_separator": separators[1]}
    return "%json " + json.dumps({**closed(schema), "x-guidance": guidance}, ensure_ascii=False)


def closed(schema: Any) -> Any:
    """The schema with every object that lists its properties closed to others, as callers of functions expect, and with
    patterns that mean the same to every engine.

    Where objects are put together from parts, each part has to let the others' properties pass: then none is closed.
    """
    return _closed(schema, close=not _combines(schema))


def _closed(schema: Any, close: bool) -> Any:
    if isinstance(schema, list):
        return [_closed(item, close) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: _closed_member(key, value, close) for key, value in schema.items()}
    if close and "properties" in made and "additionalProperties" not in made and "patternProperties" not in made:
        made["properties"] |= {key: {} for key in made.get("required") or () if key not in made["properties"]}
        made["additionalProperties"] = False
    if made.get("format") in _EXACT and "pattern" not in made:
        made["pattern"] = f"^(?:{bounds.FORMATS[made.pop('format')]})$"
    return made


_EXACT = {"date", "time", "date-time"}
"""Formats of which the grammar engine lets more pass than there are, such as the 29th of February 2023."""


def _closed_member(key: str, value: Any, close: bool) -> Any:
    if key in {"properties", "$defs", "definitions", "patternProperties"} and isinstance(value, Mapping):
        return {name: _closed(inner, close) for name, inner in value.items()}
    if key == "pattern" and isinstance(value, str):
        return bounds.ascii_classes(value)
    return value if key in {"enum", "const", "default", "examples"} else _closed(value, close)


def _combines(schema: Any) -> bool:
    """Whether an object anywhere in it is made of several parts."""
    if isinstance(schema, list):
        return any(map(_combines, schema))
    if not isinstance(schema, Mapping):
        return False
    parts = [word for word in ("properties", "$ref", "anyOf", "oneOf", "if", "dependentSchemas") if word in schema]
    several = len(parts) + len(schema.get("allOf") or ()) > 1
    return several or any(map(_combines, schema.values()))
