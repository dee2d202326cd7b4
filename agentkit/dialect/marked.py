"""The arguments of one function in a grammar, where each stands in marks of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.dialect import bounds, literals, marks, values
from agentkit.dialect.literals import Literals
from agentkit.dialect.options import LEFT, options
from agentkit.dialect.rules import Rules, json_value, regex
from agentkit.dialect.syntax import Arguments, Calls, fill, parts

_NOT_OF_ARGUMENTS = ("additionalProperties", "patternProperties", "minProperties", "maxProperties")
_QUOTES = "\"'"


class Marked:
    """Makes the rules of one function's arguments, in the schema's order.

    Attributes:
        left: the JSON paths of the keywords that the rules leave out.

    Args:
        rules: where the rules go.
        calls: with `arguments`.
        schema: of all arguments.
        name: what the rules' names begin with.
        starts: the marks that calls begin with.
    """

    def __init__(self, rules: Rules, calls: Calls, schema: Mapping[str, Any], name: str, starts: Sequence[str]) -> None:
        assert calls.arguments is not None
        self._rules, self._calls, self._schema, self._name = rules, calls, schema, name
        self._arguments: Arguments = calls.arguments
        self._notation = self._find_notation()
        patterns = [self._arguments.text, self._arguments.other, parts(calls.call)[-1], calls.close, *starts]
        found = [piece for pattern in patterns for piece in marks.pieces(fill(pattern)) if marks.is_mark(piece)]
        self._never = list(dict.fromkeys(found))
        """Marks that would end a raw value."""
        self.left: list[str] = []

    def all(self) -> str:
        """All of them."""
        ways = [
            self._sequence(f"{self._name}_{'abcdefghijklmnopqrstuvwxyz'[number % 26] * (number // 26 + 1)}", option)
            for number, option in enumerate(options(self._schema, self._schema))
        ]
        return self._any_of(ways)

    def _sequence(self, name: str, schema: Mapping[str, Any]) -> str:
        """The arguments of an object schema that is no union."""
        required = list(schema.get("required") or ())
        properties = dict(schema.get("properties") or {})
        properties |= {key: {} for key in required if key not in properties}
        self.left += [f"$.{word}" for word in (*_NOT_OF_ARGUMENTS, *schema.get(LEFT, ())) if schema.get(word)]
        members = [
            (self._one(f"{name}_{number}", key, inner), key in required)
            for number, (key, inner) in enumerate(properties.items())
            if inner is not False
        ]
        return self._rules.sequence(name, members, self._arguments.separator)

    def _one(self, name: str, key: str, schema: Any) -> str:
        if self._notation is not None:
            return self._in_notation(name, key, schema, self._notation)
        by_marks: dict[tuple[str, str], list[str]] = {}
        free: set[tuple[str, str]] = set()
        alternatives = [one for option in options(schema, self._schema) for one in _by_type(option)]
        for number, option in enumerate(alternatives):
            kind = str(option.get("type", "string"))
            before, after = self._around(kind, key)
            if (before, after) in free:
                continue
            written = by_marks.setdefault((before, after), [])
            if "enum" in option:
                texts = [value if isinstance(value, str) else json.dumps(value) for value in option["enum"]]
                written += [f"{self._rules.literal(text)} {self._rules.literal(after)}" for text in texts]
            elif kind == "string":
                char = self._plain(after)
                held, left = bounds.expressions(option, char, char)
                self.left += [f"$.properties.{key}.{word}" for word in (*left, *option.get(LEFT, ()))]
                without = () if held else self._never
                text = self._rules.until(f"{name}_{number}_text", after, without, held)
                if held:
                    written.append(text)
                else:  # any text at all, so what else it might be makes no difference
                    written[:] = [text]
                    free.add((before, after))
            else:
                value = self._rules.add(f"{name}_{number}", json_value(self._standing_alone(option)))
                written.append(f"{value} {self._rules.literal(after)}")
        ways = [f"{self._rules.literal(before)} {self._any_of(written)}" for (before, _), written in by_marks.items()]
        return self._any_of(ways)

    def _in_notation(self, name: str, key: str, schema: Any, notation: literals.Notation) -> str:
        made = Literals(self._rules, notation, self._schema, f"{name}_value")
        value = made.value(schema, f"$.properties.{key}")
        self.left += made.left
        if self._calls.kind != "python":
            before, _, after = fill(self._arguments.other, key=key, value="‹value›").partition("‹value›")
            return f"{self._rules.literal(before)} {value} {self._rules.literal(after)}".strip()
        kinds = {str(option.get("type", "string")) for option in options(schema, self._schema)}
        before, after = self._around("string" if kinds == {"string"} else min(kinds), key)
        bare = f"{self._rules.literal(before.rstrip(_QUOTES))} {value}"
        if kinds == {"string"} or not after.strip():
            return bare
        # What is no string may stand in quotes, as JSON: `filters='{"a": 1}'`.
        quoted = self._rules.add(f"{name}_quoted", json_value(self._standing_alone(schema)))
        return f"({bare} | {self._rules.literal(before)} {quoted} {self._rules.literal(after)})"

    def _around(self, kind: str, key: str) -> tuple[str, str]:
        """What stands before and after a value of this JSON type."""
        before, _, after = fill(self._arguments.pattern(kind), key=key, value="‹value›").partition("‹value›")
        return before, after

    def _plain(self, after: str) -> str:
        """A character with which no mark begins that would end a raw value.

        To count characters and to keep whole marks out at the same time is too much for the grammar engine's lexer.
        """
        return f"[^{''.join(dict.fromkeys(regex(mark.strip()[0]) for mark in [*self._never, after] if mark.strip()))}]"

    @staticmethod
    def _any_of(ways: Sequence[str]) -> str:
        distinct = list(dict.fromkeys(ways))
        return distinct[0] if len(distinct) == 1 else f"({' | '.join(distinct)})"

    def _standing_alone(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema of one argument with what it may refer to."""
        alone = _moved(schema)
        return {**alone, "$defs": {"root": _moved(self._schema)}} if "$ref" in json.dumps(alone) else alone

    def _find_notation(self) -> literals.Notation | None:
        quote = self._arguments.own_quotes
        if self._calls.kind == "python":
            opening = parts(self._arguments.text)[2].strip()[-1:]
            return literals.python(opening if opening in {"'", '"'} else '"')
        if quote:
            pair = fill(self._arguments.other, key="‹key›", value="‹value›").split("‹key›")[-1].partition("‹value›")[0]
            return literals.own_quotes(quote, (self._arguments.separator, pair))
        return None


def _moved(schema: Any) -> Any:
    """The schema with its references to a root that stands in `$defs`."""
    if isinstance(schema, list):
        return [_moved(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    moved = {key: _moved(inner) for key, inner in schema.items()}
    if isinstance(schema.get("$ref"), str) and schema["$ref"].startswith("#"):
        moved["$ref"] = "#/$defs/root" + schema["$ref"][1:]
    return moved


def _by_type(option: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The option, or one for each type among the values that it lists."""
    if "enum" not in option:
        return [option]
    kinds = dict.fromkeys(values.type_of(value) for value in option["enum"])
    return [{"type": kind, "enum": [one for one in option["enum"] if values.type_of(one) == kind]} for kind in kinds]
