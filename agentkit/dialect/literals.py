"""Rules for values written neither raw nor as plain JSON: Python's, in a syntax's own quotes, JSON inside JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from agentkit.dialect import bounds
from agentkit.dialect.options import LEFT, options, target
from agentkit.dialect.rules import Rules, delimited, json_value, quoted, regex

_NOT_OF_OBJECTS = ("patternProperties", "minProperties", "maxProperties")


@dataclasses.dataclass(frozen=True, slots=True)
class Notation:
    """How values are written.

    Attributes:
        quote: what opens and closes a string.
        char: a regular expression for one character of a string, or None where any text up to the closing quote goes.
        plain: one for a character that is written as it stands.
        key: what opens and closes a key.
        words: how true, false and null are written.
        separators: between members, and between key and value.
    """

    quote: tuple[str, str]
    char: str | None
    plain: str
    key: tuple[str, str]
    words: tuple[str, str, str] = ("true", "false", "null")
    separators: tuple[str, str] = (", ", ": ")


_PLAIN = r'[^"\\\x00-\x1f]'
JSON_IN_JSON = Notation(('\\"', '\\"'), rf'{_PLAIN}|\\\\\\"|\\\\\\\\|\\\\n|\\\\t', _PLAIN, ('\\"', '\\"'))


def python(quote: str) -> Notation:
    """Python's literals, with strings and keys in these quotes."""
    plain = rf"[^{quote}\\\x00-\x1f]"
    return Notation((quote, quote), rf"{plain}|\\[{quote}\\nrt]", plain, (quote, quote), ("True", "False", "None"))


def own_quotes(quote: tuple[str, str], separators: tuple[str, str]) -> Notation:
    """A syntax with marks for quotes and bare keys."""
    plain = f"[^{''.join(dict.fromkeys(regex(mark.strip()[0]) for mark in quote))}]"
    return Notation(quote, None, plain, ("", ""), separators=separators)


class Literals:
    """Makes the rules of values in one notation.

    Attributes:
        left: the JSON paths of the keywords that the rules leave out.

    Args:
        rules: where the rules go.
        notation: how values are written.
        root: the schema that `$ref`s refer to.
        name: what the rules' names begin with.
    """

    def __init__(self, rules: Rules, notation: Notation, root: Mapping[str, Any], name: str) -> None:
        self._rules, self._notation, self._root, self._name = rules, notation, root, name
        self._known: dict[str, str] = {}
        self._count = 0
        self.left: list[str] = []

    def value(self, schema: Any, path: str = "$") -> str:
        """The rule for values of this schema, which stands at this JSON path."""
        found = options(schema, self._root, follow=False)
        written = dict.fromkeys(self._option(option, path) for option in found)
        return next(iter(written)) if len(written) == 1 else self._new(" | ".join(written))

    def _option(self, schema: Mapping[str, Any], path: str) -> str:
        """The rule for values of a schema that is no union."""
        self.left += [f"{path}.{word}" for word in schema.get(LEFT, ())]
        if "$ref" in schema:
            return self._referred(str(schema["$ref"]))
        if "enum" in schema:
            return self._new(" | ".join(self._rules.literal(self.written(option)) for option in schema["enum"]))
        declared = schema.get("type")
        if declared == "object":
            return self._object(schema, path)
        if declared == "array":
            return self._array(schema, path)
        if declared in {"integer", "number"}:
            return self._new(json_value(schema))
        if declared == "string":
            return self._string(schema, path)
        if declared in {"boolean", "null"}:
            words = self._notation.words
            return self._new(" | ".join(map(self._rules.literal, words[:2] if declared == "boolean" else words[2:])))
        return self._anything()

    def written(self, value: Any) -> str:
        """A value in this notation."""
        notation = self._notation
        if isinstance(value, str):
            inner = value if notation.char is None else json.dumps(value, ensure_ascii=False)[1:-1]
            if notation.quote[0] == "'":
                inner = inner.replace('\\"', '"').replace("'", "\\'")
            if len(notation.quote[0]) > 1 and notation.char is not None:  # inside a JSON string: escaped once more
                inner = json.dumps(inner, ensure_ascii=False)[1:-1]
            return f"{notation.quote[0]}{inner}{notation.quote[1]}"
        if value is None or isinstance(value, bool):
            return notation.words[2 if value is None else 0 if value else 1]
        if isinstance(value, list):
            return "[" + notation.separators[0].join(map(self.written, value)) + "]"
        if isinstance(value, Mapping):
            members = (self._key(str(key)) + self.written(inner) for key, inner in value.items())
            return "{" + notation.separators[0].join(members) + "}"
        return json.dumps(value)

    def _key(self, key: str) -> str:
        return f"{self._notation.key[0]}{key}{self._notation.key[1]}{self._notation.separators[1]}"

    def _new(self, body: str) -> str:
        self._count += 1
        return self._rules.add(f"{self._name}_{self._count}", body)

    def _referred(self, reference: str) -> str:
        if reference not in self._known:
            self._count += 1
            self._known[reference] = f"{self._name}_{self._count}"
            self._rules.add(self._known[reference], self.value(target(reference, self._root), reference))
        return self._known[reference]

    def _string(self, schema: Mapping[str, Any], path: str) -> str:
        (opened, close), char = self._notation.quote, self._notation.char
        held, left = bounds.expressions(schema, char or self._notation.plain, self._notation.plain)
        self.left += [f"{path}.{word}" for word in left]
        if char is not None:
            around = (regex(opened), regex(close))
            texts = held or [f"(?:{char})*"]
            terminal = " & ".join(delimited(f"{around[0]}(?:{text}){around[1]}") for text in texts)
            self._count += 1
            return self._rules.add(f"{self._name}_{self._count}".upper(), terminal)
        self._count += 1
        without = [opened] if opened != close and not held else []
        text = self._rules.until(f"{self._name}_{self._count}", close, without, held)
        return self._new(f"{self._rules.literal(opened)} {text}")

    def _object(self, schema: Mapping[str, Any], path: str) -> str:
        more = schema.get("additionalProperties", True)
        properties = dict(schema.get("properties") or {})
        required = list(schema.get("required") or ())
        properties |= {key: more for key in required if key not in properties}
        properties = {key: inner for key, inner in properties.items() if inner is not False}
        self.left += [f"{path}.{word}" for word in _NOT_OF_OBJECTS if word in schema]
        if not properties:
            return self._new(quoted("{}")) if more is False else self._any_object(more, f"{path}.additionalProperties")
        members = [
            (f"{self._rules.literal(self._key(key))} {self.value(inner, f'{path}.properties.{key}')}", key in required)
            for key, inner in properties.items()
        ]
        self._count += 1
        body = self._rules.sequence(f"{self._name}_{self._count}", members, self._notation.separators[0])
        return self._new(f'"{{" {body} "}}"')

    def _array(self, schema: Mapping[str, Any], path: str) -> str:
        least, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        separator = self._rules.literal(self._notation.separators[0])
        rest, begin = schema.get("items", True), schema.get("prefixItems", ())
        if isinstance(rest, list):  # as drafts before 2020 write tuples
            rest, begin = schema.get("additionalItems", True), rest
        first = [self.value(inner, f"{path}.prefixItems[{i}]") for i, inner in enumerate(begin)]
        first = first[: int(most)] if most is not None else first
        if most == len(first) or rest is False:
            return self._new(" ".join(['"["', f" {separator} ".join(first), '"]"']))
        item = self.value(rest, f"{path}.items")
        first += [item] * (least - len(first))
        room = None if most is None else int(most) - max(len(first), 1)
        more = "" if room == 0 else f"({separator} {item})" + ("*" if room is None else f"{{0,{room}}}")
        items = f"{f' {separator} '.join(first or [item])} {more}"
        return self._new('"["' + (f" {items} " if first else f" ({items})? ") + '"]"')

    def _anything(self) -> str:
        """Any value at all."""
        if "anything" not in self._known:
            self._count += 1
            name = self._known["anything"] = f"{self._name}_{self._count}"
            separator = self._rules.literal(self._notation.separators[0])
            scalars = [self.value({"type": kind}) for kind in ("string", "number", "boolean", "null")]
            items = f'"[" ({name} ({separator} {name})*)? "]"'
            self._rules.add(name, " | ".join([*scalars, self._any_object(), items]))
        return self._known["anything"]

    def _any_object(self, inner: Any = True, path: str = "$") -> str:
        """An object with any keys, whose values have this schema."""
        free = inner is True or inner == {}
        if free and "object" in self._known:
            return self._known["object"]
        self._count += 1
        name = f"{self._name}_{self._count}"
        if free:
            self._known["object"] = name
        separator, colon = map(self._rules.literal, self._notation.separators)
        opened, close = map(self._rules.literal, self._notation.key)
        member = f"{opened} /[A-Za-z_][A-Za-z0-9_]*/ {close} {colon} {self.value(inner, path)}"
        return self._rules.add(name, f'"{{" ({member} ({separator} {member})*)? "}}"')
