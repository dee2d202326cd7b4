"""Rules for values written neither raw nor as plain JSON: Python's, in a syntax's own quotes, JSON inside JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from agentkit.dialect.rules import Rules, json_value, quoted

_DEPTH = 24


@dataclasses.dataclass(frozen=True, slots=True)
class Notation:
    """How values are written.

    Attributes:
        quote: what opens and closes a string.
        string: a regular expression for a whole string, or None where it is any text up to the closing quote.
        key: what opens and closes a key.
        words: how true, false and null are written.
        separators: between members, and between key and value.
    """

    quote: tuple[str, str]
    string: str | None
    key: tuple[str, str]
    words: tuple[str, str, str] = ("true", "false", "null")
    separators: tuple[str, str] = (", ", ": ")


JSON_IN_JSON = Notation(('\\"', '\\"'), r'/\\"([^"\\\x00-\x1f]|\\\\\\"|\\\\\\\\|\\\\n|\\\\t)*\\"/', ('\\"', '\\"'))


def python(quote: str) -> Notation:
    """Python's literals, with strings and keys in these quotes."""
    string = rf"/{quote}([^{quote}\\\x00-\x1f]|\\[{quote}\\nrt])*{quote}/"
    return Notation((quote, quote), string, (quote, quote), ("True", "False", "None"))


def own_quotes(quote: tuple[str, str], separators: tuple[str, str]) -> Notation:
    """A syntax with marks for quotes and bare keys."""
    return Notation(quote, None, ("", ""), separators=separators)


class Literals:
    """Makes the rules of values in one notation.

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

    def value(self, schema: Any, depth: int = 0) -> str:
        """The rule for values of this schema."""
        if not isinstance(schema, Mapping) or depth > _DEPTH:
            return self._anything()
        if "$ref" in schema:
            return self._referred(str(schema["$ref"]), depth)
        if "enum" in schema or "const" in schema:
            options = schema["enum"] if "enum" in schema else [schema["const"]]
            return self._new(" | ".join(self._rules.literal(self.written(option)) for option in options))
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._new(" | ".join(self.value(option, depth + 1) for option in schema[word]))
        declared = schema.get("type")
        if isinstance(declared, list):
            return self._new(" | ".join(self.value({**schema, "type": one}, depth + 1) for one in declared))
        if declared == "object" or "properties" in schema:
            return self._object(schema, depth)
        if declared == "array":
            return self._array(schema, depth)
        if declared in {"integer", "number"}:
            return self._new(json_value(schema))
        if declared == "string":
            return self._string()
        if declared in {"boolean", "null"}:
            words = self._notation.words
            return self._new(" | ".join(map(self._rules.literal, words[:2] if declared == "boolean" else words[2:])))
        return self._anything()

    def written(self, value: Any) -> str:
        """A value in this notation."""
        notation = self._notation
        if isinstance(value, str):
            inner = value if notation.string is None else json.dumps(value, ensure_ascii=False)[1:-1]
            if notation.quote[0] == "'":
                inner = inner.replace('\\"', '"').replace("'", "\\'")
            if len(notation.quote[0]) > 1 and notation.string is not None:  # inside a JSON string: escaped once more
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

    def _referred(self, reference: str, depth: int) -> str:
        if reference not in self._known:
            self._count += 1
            self._known[reference] = f"{self._name}_{self._count}"
            target: Any = self._root
            for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
                target = target.get(step) if isinstance(target, Mapping) else None
            self._rules.add(self._known[reference], self.value(target, depth + 1))
        return self._known[reference]

    def _string(self) -> str:
        if self._notation.string is not None:
            return self._new(self._notation.string)
        opened, close = self._notation.quote
        self._count += 1
        text = self._rules.until(f"{self._name}_{self._count}", close, [opened] if opened != close else [])
        return self._new(f"{self._rules.literal(opened)} {text}")

    def _object(self, schema: Mapping[str, Any], depth: int) -> str:
        properties = schema.get("properties") or {}
        if not properties:
            return self._any_object() if schema.get("additionalProperties", True) else self._new(quoted("{}"))
        required = set(schema.get("required") or ())
        members = [
            (f"{self._rules.literal(self._key(key))} {self.value(inner, depth + 1)}", key in required)
            for key, inner in properties.items()
        ]
        self._count += 1
        body = self._rules.sequence(f"{self._name}_{self._count}", members, self._notation.separators[0])
        return self._new(f'"{{" {body} "}}"')

    def _array(self, schema: Mapping[str, Any], depth: int) -> str:
        item = self.value(schema.get("items", True), depth + 1)
        separator = self._rules.literal(self._notation.separators[0])
        least, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        more = f"({separator} {item})" + ("*" if most is None else f"{{{max(least, 1) - 1},{max(most, 1) - 1}}}")
        if least > 1 and most is None:
            more = f"({separator} {item}){{{least - 1},}}"
        items = f"{item} {more}"
        return self._new('"["' + (f" {items} " if least else f" ({items})? ") + '"]"' if most != 0 else '"[]"')

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

    def _any_object(self) -> str:
        """Any object at all."""
        if "object" not in self._known:
            self._count += 1
            name = self._known["object"] = f"{self._name}_{self._count}"
            separator, colon = map(self._rules.literal, self._notation.separators)
            opened, close = map(self._rules.literal, self._notation.key)
            member = f"{opened} /[A-Za-z_][A-Za-z0-9_]*/ {close} {colon} {self._anything()}"
            self._rules.add(name, f'"{{" ({member} ({separator} {member})*)? "}}"')
        return self._known["object"]
