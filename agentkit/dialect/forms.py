"""How one call is read: a form for each kind of syntax, all with the same few names."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

import regex

from agentkit.dialect import marks, values
from agentkit.dialect.events import CUT_OFF, Events
from agentkit.dialect.jsontext import JsonText, read_string
from agentkit.dialect.leads import AROUND, any_name, any_of, first_mark, loose, words
from agentkit.dialect.source import Reading, Source
from agentkit.dialect.syntax import SLOT, Calls, parts

_HEADER = 400
"""How long, in characters, what stands between a call's first mark and its arguments may be."""


class Form(Protocol):
    """Reads calls of one kind."""

    tail: str
    """What the syntax writes after the last slot of a call."""
    anchor: str
    """A regular expression for what begins a call where text is expected."""
    again: str
    """The same for what begins a further call, after one."""

    def read(self, source: Source, events: Events) -> Reading[bool]:
        """Reads one call from its anchor up to its closing marks; False, nothing said, where it is none."""
        ...


def anchors(calls: Calls, lead: str) -> list[str]:
    """What can begin the calls: the mark of the section or of the call, where they have one."""
    found = [loose(mark) for mark in dict.fromkeys([first_mark(calls.open), first_mark(lead)]) if mark]
    spoken = words(calls.open + lead) if calls.kind == "json" and not found else ""
    return [*found, spoken] if spoken else found


def pass_arguments(source: Source, events: Events) -> Reading[bool]:
    """Reads a JSON value and says it as the latest call's arguments; False where it is broken or never ends."""
    source.release()  # a call has been said: there is no way back
    following = JsonText()
    if (yield from source.peek()) == '"':  # an object inside a JSON string
        held = yield from read_string(source)
        if held is None:
            events.fail_call("]")
            return False
        _, inner = following.feed(held, 0)
        following.finish()
        events.arguments(inner)
        if following.done:
            return _checked(events)
        events.fail_call(following.poison(), "The arguments are not valid JSON.")
        return False
    while True:
        source.at, piece = following.feed(source.text, source.at)
        events.arguments("" if piece == "null" else piece)
        if source.closed:
            following.finish()
        if following.done:
            return _checked(events)
        if following.broken or source.closed:
            why = "The arguments are not valid JSON." if following.broken else CUT_OFF
            events.fail_call(following.poison(), why)
            return False
        yield


def _checked(events: Events) -> bool:
    """Whether the latest call's arguments, now whole, are JSON: brackets that close are not enough."""
    try:
        json.loads(events.calls[-1].text or "{}", strict=False)
    except (ValueError, RecursionError) as problem:
        events.fail_call("}", f"The arguments are not valid JSON: {problem}")
        return False
    return True


def id_pattern(calls: Calls) -> regex.Pattern[str]:
    """What finds the name in an id that carries it."""
    slots = {"name": "(?P<name>.+?)", "index": r"\d+"}
    return regex.compile("".join(slots[p] if i % 2 else regex.escape(p) for i, p in enumerate(parts(calls.id))))


class JsonForm:
    """`{"name": …, "arguments": …}`, in whatever marks, under whatever keys, in whatever order.

    Args:
        calls: the syntax.
        only: the names that count; None for any.
    """

    def __init__(self, calls: Calls, only: Collection[str] | None = None) -> None:
        self._only = only
        pattern = calls.call.replace("‹arguments›", '"‹arguments›"')
        start = next(i for i, char in enumerate(pattern) if char == "{" and self._decodes(pattern, i))
        envelope, end = json.JSONDecoder().raw_decode(pattern, start)
        self.tail = pattern[end:]
        lead = pattern[:start]
        self._roles = dict(_roles(envelope))
        self._lead = [regex.compile(regex.escape(p)) for p in marks.pieces(calls.open + lead) if not p.isspace()]
        named = anchors(calls, lead)
        keys = {path[0] for path in self._roles if path[0]} | {"type", "id"}
        if None in {key for path in self._roles for key in path}:  # the name itself is the key
            member = r'"[\w.\-]+"\s*:\s*\{'
        else:
            member = f'"(?:{"|".join(map(regex.escape, sorted(keys - {None})))})"\\s*:'
        bare = r"(?:\[\s*)?\{\s*" + member
        self.bare = AROUND + bare
        self.anchor = "|".join(named) or self.bare
        self.again = f"{self.anchor}|{bare}"
        self._marked = bool(named)
        self._around = regex.compile(AROUND)

    @staticmethod
    def _decodes(pattern: str, start: int) -> bool:
        try:
            value, _ = json.JSONDecoder().raw_decode(pattern, start)
        except ValueError:
            return False
        return "‹name›" in json.dumps(value, ensure_ascii=False)

    def read(self, source: Source, events: Events) -> Reading[bool]:
        """One call, from its marks or its brace on."""
        if not self._marked:
            yield from source.match(self._around)
        for mark in self._lead:
            yield from source.space()
            yield from source.match(mark)
        yield from source.space()
        if (yield from source.peek()) == "[":  # a list where the template writes each call by itself
            source.take(1)
            yield from source.space()
        if (yield from source.peek()) != "{":
            return False
        held: dict[str, str] = {}
        begun = yield from self._object(source, events, (), held)
        known = self._offered(held.get("name")) and (
            self._marked or "arguments" in held
        )  # bare, an object with a name may be anything
        if begun is None and known:  # a call without arguments, or with the name last
            events.begin_call(held["name"], held.get("id"))
            events.arguments(held.get("arguments", ""))
            begun = True
        return bool(begun)

    def _object(
        self, source: Source, events: Events, path: tuple[str | None, ...], held: dict[str, str]
    ) -> Reading[bool | None]:
        """One object of the envelope. True once a call has been said, False where this is none, None while unknown."""
        said: bool | None = None
        source.take(1)
        while True:
            yield from source.space()
            char = yield from source.peek()
            if char == "}":
                source.take(1)
                return said
            if char == "":
                if said and not path:
                    events.fail_call("]")
                return said or False
            if char == ",":
                source.take(1)
                continue
            key = yield from read_string(source)
            if key is None:
                return said or False
            yield from source.space()
            if (yield from source.peek()) != ":":
                return said or False
            source.take(1)
            yield from source.space()
            role = self._role(path, key)
            if role == "object" and (yield from source.peek()) == "{":
                inner = yield from self._object(source, events, (*path, key), held)
                if inner is False:
                    return False
                said = said or inner
            elif role == "key" and self._offered(key):
                events.begin_call(key)
                said = True
                yield from pass_arguments(source, events)
            elif role == "arguments" and self._offered(held.get("name")) and not said:
                events.begin_call(held["name"], held.get("id"))
                said = True
                yield from pass_arguments(source, events)
            else:
                text = yield from _value(source)
                if text is None:
                    return said or False
                if role and role not in held:
                    held[role] = text if role == "arguments" else _plain(text)

    def _offered(self, name: str | None) -> bool:
        return name is not None and (self._only is None or name in self._only)

    def _role(self, path: tuple[str | None, ...], key: str) -> str | None:
        for known, role in self._roles.items():
            if known[: len(path)] == path and len(known) > len(path) and known[len(path)] in {key, None}:
                return role if len(known) == len(path) + 1 else "object"
        if not path and key in {"name", "arguments", "parameters", "id"}:
            return {"parameters": "arguments"}.get(key, key)
        return None


class NamedForm:
    """The name in marks of its own, then the arguments as a JSON object.

    Args:
        calls: the syntax.
        tools: the tools offered; where nothing stands before a name, only theirs count, on a line of their own.
    """

    def __init__(self, calls: Calls, tools: Sequence[dict[str, Any]] | None = None) -> None:
        header, _, self.tail = calls.call.partition("‹arguments›")
        lead = parts(header)[0]
        slots = {"name": r"(?P<name>[^\s<\[{]+?)", "id": r"(?P<id>[^\s<\[{]+?)", "index": r"\d+"}
        self.anchor = any_of(anchors(calls, lead)) if anchors(calls, lead) else loose(calls.open + lead)
        if not self.anchor:
            names = any_name(values.parameters(tools))
            slots["name"] = f"(?P<name>{names})"
            self.anchor = f"(?<![^\\n])(?:{names})(?=\\s*\\{{)"
        self.again = self.anchor
        inner, seen = "", set[str]()
        for i, part in enumerate(parts(header)):
            if i % 2 == 0:
                inner += loose(part) if part.strip() else r"\s*"
            else:
                inner += slots[part] if part not in seen else f"(?P={part})"
                seen.add(part)
            inner += r"\s*"
        opened = f"(?:{loose(calls.open)})?\\s*" if calls.open.strip() else ""
        self._header = regex.compile(opened + inner + r"\Z")
        self._id = id_pattern(calls)

    def read(self, source: Source, events: Events) -> Reading[bool]:
        """One call, from its first mark on."""
        while True:
            brace = source.text.find("{", source.at)
            if brace >= 0 or source.closed or len(source.text) - source.at > _HEADER:
                break
            yield
        header = source.text[source.at : brace] if brace >= 0 else ""
        found = self._header.match(header) if header else None
        if found is None:
            return False
        source.at = brace
        slots = found.groupdict()
        name, call_id = slots.get("name"), slots.get("id")
        if name is None and call_id and (inside := self._id.fullmatch(call_id)):
            name = inside["name"]
        if name is None:
            return False
        events.begin_call(name, call_id)
        yield from pass_arguments(source, events)
        return True


def _roles(value: Any, path: tuple[str | None, ...] = ()) -> Iterator[tuple[tuple[str | None, ...], str]]:
    """Where in the envelope the name, the arguments and the id stand; None in a path is a key that is the name."""
    for key, inner in value.items():
        here = (*path, None if key == "‹name›" else key)
        if key == "‹name›" and inner == "‹arguments›":
            yield here, "key"
        elif isinstance(inner, dict):
            yield from _roles(inner, here)
        elif isinstance(inner, str) and (slot := SLOT.fullmatch(inner)):
            yield here, "id" if slot[1] == "index" else slot[1]


def _value(source: Source) -> Reading[str | None]:
    """Any JSON value as text; None where it is broken or never ends."""
    following, read = JsonText(), ""
    while True:
        source.at, piece = following.feed(source.text, source.at)
        read += piece
        if source.closed:
            following.finish()
        if following.done:
            return read
        if following.broken or source.closed:
            return None
        yield


def _plain(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text
