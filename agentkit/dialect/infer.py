"""From renderings of one and two known calls to the patterns that every call follows."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from agentkit.dialect import marks
from agentkit.dialect.examples import Call
from agentkit.dialect.syntax import Arguments, Calls, Kind


@dataclasses.dataclass(frozen=True)
class _Slot:
    start: int
    end: int
    kind: str
    call: int


@dataclasses.dataclass(frozen=True)
class _Core:
    """Where one call stands: from its first slot, or the brace that opens its object, to the last."""

    start: int
    end: int


def infer(calls: Sequence[Call], text: str, end_of_turn: str) -> tuple[Calls | None, str]:
    """How the template writes calls, and all that it wrote after the last of them.

    Args:
        calls: one call, or two with different names, keys and values.
        text: the template's rendering of a turn that makes them.
        end_of_turn: what the template writes after a turn of plain text.

    Returns:
        None and "" where a call isn't whole in the rendering.
    """
    objects = [_arguments(text, call) for call in calls]
    slots = sorted(
        (slot for i, call in enumerate(calls) for slot in _slots(text, call, i, objects[i])),
        key=lambda slot: slot.start,
    )
    if any(not {"name"} < {slot.kind for slot in slots if slot.call == i} for i in range(len(calls))):
        return None, ""
    others = [[c.name for c in calls if c is not call] for call in calls]
    cores, enveloped = [], False
    for i, call in enumerate(calls):
        mine = [slot for slot in slots if slot.call == i]
        core = _Core(mine[0].start, max(slot.end for slot in mine))
        envelope = _envelope(text, core, call.name, others[i]) if objects[i] else None
        enveloped = enveloped or envelope is not None
        cores.append(envelope or core)
    if any(a.end > b.start for a, b in itertools.pairwise(cores)):
        return None, ""

    def pattern(start: int, end: int) -> str:
        return _pattern(text, slots, start, end)

    after_all = pattern(cores[-1].end, len(text))
    after = after_all.removesuffix(marks.common_suffix(end_of_turn, after_all))
    before = pattern(0, cores[0].start)
    if len(calls) == 1:
        opening, close, separator, section, section_close = before, after, "", "", ""
    else:
        between = pattern(cores[0].end, cores[1].start)
        close = marks.common_prefix(between, after)
        rest = between.removeprefix(close)
        opening = marks.common_suffix(before, rest)
        section, section_close = before.removesuffix(opening), after.removeprefix(close)
        separator = rest.removesuffix(opening)
    bodies = [pattern(core.start, core.end) for core in cores]
    written = opening + _counted(bodies) + close
    kind: Kind = "json" if enveloped else "named" if objects[0] else "python" if "‹name›(" in written else "tags"
    arguments = None
    if objects[0] is None:
        split = _tagged(written)
        if split is None:
            return None, ""
        written, arguments = split
    return (
        Calls(
            kind=kind,
            call=written,
            open=section,
            close=section_close,
            separator=separator,
            arguments=arguments,
            string_arguments=bool(objects[0] and objects[0][2]),
            separators=_separators(text, calls[0], objects[0]),
        ),
        after_all,
    )


def _values(text: str, opening: str) -> Iterator[tuple[int, int, Any]]:
    """Every JSON value that begins with this character: start, end, value."""
    decoder = json.JSONDecoder()
    for start in (i for i, char in enumerate(text) if char == opening):
        try:
            value, end = decoder.raw_decode(text, start)
        except ValueError:
            continue
        yield start, end, value


def _arguments(text: str, call: Call) -> tuple[int, int, bool] | None:
    """Where all the arguments stand as one JSON object; and whether that is itself inside a JSON string."""
    for start, end, value in _values(text, "{"):
        if value == call.arguments:
            return start, end, False
    for start, end, value in _values(text, '"'):
        try:
            if json.loads(value) == call.arguments:
                return start, end, True
        except ValueError:
            continue
    return None


def _separators(text: str, call: Call, whole: tuple[int, int, bool] | None) -> tuple[str, str]:
    """What the template puts between the members of the arguments and between key and value."""
    (one, value), (other, _) = call.arguments.items()
    found = re.search(f'"{one}"(\\s*:\\s*)"{value}"(\\s*,\\s*)"{other}"', text[whole[0] : whole[1]]) if whole else None
    return (found[2], found[1]) if found else (", ", ": ")


def _slots(text: str, call: Call, index: int, whole: tuple[int, int, bool] | None) -> Iterator[_Slot]:
    words = {call.name: "name"} | ({} if call.name in call.id else {call.id: "id"})
    if whole:
        yield _Slot(whole[0], whole[1], "arguments", index)
    else:
        words |= dict.fromkeys(call.arguments, "key") | {str(v): "value" for v in call.arguments.values()}
    for found in re.finditer("|".join(map(re.escape, words)), text):
        if not whole or found.end() <= whole[0] or found.start() >= whole[1]:
            yield _Slot(found.start(), found.end(), words[found[0]], index)


def _envelope(text: str, core: _Core, name: str, others: Sequence[str]) -> _Core | None:
    """The largest JSON object around this call that holds no other call."""
    for start, end, value in _values(text, "{"):
        held = json.dumps(value)
        if start <= core.start and end >= core.end and name in held and not any(other in held for other in others):
            return _Core(start, end)
    return None


def _pattern(text: str, slots: Sequence[_Slot], start: int, end: int) -> str:
    written, at = "", start
    for slot in slots:
        if slot.start >= start and slot.end <= end:
            written += text[at : slot.start] + f"‹{slot.kind}›"
            at = slot.end
    return written + text[at:end]


def _counted(bodies: Sequence[str]) -> str:
    """The pattern that all bodies follow: numbers that differ between them are a counter."""
    if len(bodies) == 1 or bodies[0] == bodies[1]:
        return bodies[0]
    one, other = marks.pieces(bodies[0]), marks.pieces(bodies[1])
    if len(one) != len(other):
        return bodies[0]
    return "".join("‹index›" if a != b and a.isdigit() and b.isdigit() else a for a, b in zip(one, other, strict=True))


def _tagged(call: str) -> tuple[str, Arguments] | None:
    """The call's pattern with its two arguments made one slot, and the pattern of one argument."""
    values = call.split("‹value›")
    if len(values) != 3:
        return None
    lead, between, tail = values
    close = marks.common_prefix(between, tail)
    rest = between.removeprefix(close)
    opening = marks.common_suffix(lead, rest)
    if "‹key›" not in opening:
        return None
    argument = f"{opening}‹value›{close}"
    pattern = lead.removesuffix(opening) + "‹arguments›" + tail.removeprefix(close)
    return pattern, Arguments(text=argument, other=argument, separator=rest.removesuffix(opening))
