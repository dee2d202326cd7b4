"""What is known of how a model writes: small frozen values that a person can print and read.

A pattern is the text as the template writes it, with slots in ‹angle quotes›: ‹name›, ‹id›, ‹index›, ‹arguments› in the
pattern of a call; ‹key› and ‹value› in the pattern of an argument.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, Literal

Kind = Literal["json", "named", "tags", "python"]
"""How a call is written.

json: one JSON object holds name and arguments.
named: the name stands in a marker of its own, the arguments follow as a JSON object.
tags: the name stands in a marker, each argument in marks of its own.
python: a call in Python's syntax with keyword arguments.
"""

_WORD = re.compile(r"‹\w+›|\w+|\W", re.DOTALL)
SLOT = re.compile("‹(name|id|index|arguments|key|value)›")


@dataclasses.dataclass(frozen=True, slots=True)
class Arguments:
    """One argument of a call whose arguments stand in marks of their own."""

    text: str
    """Pattern of an argument that is a string: `<parameter=‹key›>\\n‹value›\\n</parameter>\\n`."""
    other: str
    """Pattern of an argument of any other type; the same as `text` where the syntax carries no types."""
    separator: str = ""
    """What stands between two arguments and neither before the first nor after the last."""
    types: tuple[tuple[str, str], ...] = ()
    """The word by which the marks tell a value's JSON type, for each type, where they do."""
    guard: tuple[str, str] = ("", "")
    """What stands around a string that holds special characters: `("<![CDATA[", "]]>")`."""

    def pattern(self, json_type: str) -> str:
        """The pattern of an argument of this JSON type."""
        if json_type == "string":
            return self.text
        before, after = self.around_type
        word = dict(self.types).get(json_type)
        return f"{before}{word}{after}" if word else self.other

    @property
    def around_type(self) -> tuple[str, str]:
        """The pattern of an argument before and after the word that tells the type; ("", "") where there is none."""
        words, other = _WORD.findall(self.text), _WORD.findall(self.other)
        different = [i for i, (a, b) in enumerate(zip(words, other, strict=False)) if a != b]
        if len(words) != len(other) or len(different) != 1 or not words[different[0]].isalnum():
            return "", ""
        return "".join(words[: different[0]]), "".join(words[different[0] + 1 :])

    @property
    def own_quotes(self) -> tuple[str, str] | None:
        """The marks around strings, where values of other types stand without: `("<|q|>", "<|q|>")`."""
        text, other = parts(self.text), parts(self.other)
        before, after = text[2], text[4]
        if before != other[2] and before.startswith(other[2]) and after.endswith(other[4]):
            return before[len(other[2]) :], after[: len(after) - len(other[4])]
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class Calls:
    """How a turn calls tools: open, call, separator, call, …, close."""

    kind: Kind
    call: str
    """Pattern of one call."""
    open: str = ""
    """What stands once before the first call."""
    close: str = ""
    """What stands once after the last call."""
    separator: str = ""
    """What stands between two calls."""
    arguments: Arguments | None = None
    """How one argument is written, where they have marks of their own."""
    id: str = ""
    """Pattern of an id that carries the name, where the name stands nowhere else: `functions.‹name›:‹index›`."""
    string_arguments: bool = False
    """Whether the arguments stand in the call as a JSON string that holds a JSON object."""
    separators: tuple[str, str] = (", ", ": ")
    """What stands between two members of a JSON object, and between a key and its value."""
    parallel: bool = True
    """Whether the template can write more than one call in a turn."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reasoning:
    """The marks around what a model thinks before it speaks."""

    open: str
    close: str


@dataclasses.dataclass(frozen=True, slots=True)
class Syntax:
    """How a model writes its turns, as far as its chat template shows."""

    calls: Calls | None = None
    reasoning: Reasoning | None = None
    header: str = ""
    """What opens the assistant's turn in the prompt."""
    content_open: str = ""
    """A mark before what is said to the person, where the template writes one."""
    content_close: str = ""
    end_of_turn: str = ""
    tools: Literal["template", "plain"] = "template"
    """template: the template lists the tools itself; plain: it knows none, and they go into the system turn."""
    next_turn: tuple[str, ...] = ()
    """Marks with which other turns begin; some models end their own with one of them."""
    renders_calls: bool = True
    """Whether the template writes the calls of earlier turns; where it doesn't, they go in as text."""
    renders_results: bool = True
    """Whether the template writes tool messages; where it doesn't, results go into a user turn."""
    template_arguments: Literal["object", "string"] = "object"
    """Whether the template wants the arguments of an earlier call as an object or as a JSON string."""

    def to_json(self) -> str:
        """The description as JSON text, that `from_json` reads back equal."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Syntax:
        """The description that `to_json` wrote.

        Raises:
            ValueError: where the text isn't JSON or a field is missing or unknown.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            calls, reasoning = data.pop("calls", None), data.pop("reasoning", None)
            if calls and calls.get("arguments"):
                one = calls["arguments"]
                one |= {"types": tuple(map(tuple, one["types"])), "guard": tuple(one["guard"])}
                calls["arguments"] = Arguments(**one)
            if calls:
                calls["separators"] = tuple(calls["separators"])
            data["next_turn"] = tuple(data.get("next_turn", ()))
            return cls(
                calls=Calls(**calls) if calls else None, reasoning=Reasoning(**reasoning) if reasoning else None, **data
            )
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a dialect's syntax: {error}") from error


def parts(pattern: str) -> list[str]:
    """A pattern as a list: text at even places, names of slots at odd ones."""
    return SLOT.split(pattern)


def fill(pattern: str, **slots: str) -> str:
    """The pattern with its slots filled; a slot that isn't given becomes empty."""
    return SLOT.sub(lambda slot: slots.get(slot[1], ""), pattern)
