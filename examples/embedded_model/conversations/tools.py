"""Tools never seen before: read the list, choose one, take its arguments from the request, tell the result."""

from __future__ import annotations

from typing import Any

from asks import made
from composed_tools import Tool
from conversation import Conversation
from draw import Draw
from texts import choices, lines, patterns, phrasing
from tool_results import answer, composed_result
from values import city, code, free_text, open_noun, said

FAILURES = patterns("tools", "failures")
HINTS = patterns("tools", "hints")


_PARTS = {
    name: choices(" / ".join(lines("failures", name)))
    for name in ("subjects", "predicates", "whole", "wrong", "instead", "both")
}


def _varied(draw: Draw) -> str:
    if draw.chance(0.3):
        return draw.any(_PARTS["whole"])
    text = f"{draw.any(_PARTS['subjects'])} {draw.any(_PARTS['predicates'])}"
    if draw.chance(0.2):
        text += (
            draw.any((", ", ": ", "; ", " because "))
            + draw.any(_PARTS["subjects"])
            + " "
            + draw.any(_PARTS["predicates"])
        )
    return text[:1].upper() + text[1:] if draw.chance(0.3) and text[0] != "{" else text


def _hint(draw: Draw) -> str:
    """An error that says what to give instead, in one piece or put together from its two halves."""
    if draw.chance(0.5):
        return draw.any(_PARTS["both"]) + draw.any(("", "", ".", "!"))
    wrong, instead = draw.any(_PARTS["wrong"]), draw.any(_PARTS["instead"])
    joint = draw.any((". ", ". ", ", ", ": ", "; ", " - "))
    return wrong + joint + (instead[:1].upper() + instead[1:] if joint == ". " else instead)


def failure(draw: Draw, key: str = "value") -> str:
    end = "." if draw.chance(0.4) else ""
    pattern = draw.pattern(FAILURES)
    if not draw.held_out and draw.chance(0.45):
        pattern = _varied(draw)
    if pattern[-1] in ".!?":
        end = ""
    return (pattern + end).format(
        n=draw.integer(2, 999), name=draw.invented(), key=key.replace("_", " "), code=code(draw)
    )


_LIMITS = (
    "{key} must be between {n} and {m}",
    "{key} has to be at least {n}",
    "no more than {n} allowed for {key}",
    "{v} is too much",
    "{v} is too small",
    "{v} is out of range",
    "the limit for {key} is {n}, got {v}",
    "{key} must not be {v}",
    "expected a {key} below {n}, got {v}",
    "{v} is already taken",
    "{v} is not available right now",
    "{v} is fully booked",
    "{v} exists already",
    "{v} can't be changed",
    "access to {v} was refused",
    "you may not use {v}",
    "{v} did not answer",
    "{v} is sold out",
    "{v} was deleted",
    "{key} {v} has expired",
    "nothing to do for {v}",
    "too many results for {v}",
    "could not load {v}",
    "{v} timed out after {n} seconds",
    "{v} is on holiday until {n}",
)


def _refusal(draw: Draw, key: str, value: Any) -> str:
    """An error about the very value that was given, which says nothing that could be tried instead."""
    pattern = draw.any(_PARTS["wrong"] if draw.chance(0.6) else _LIMITS)
    low = draw.integer(0, 50)
    slots = {"n": low, "m": low + draw.integer(1, 100), "v": said(value), "key": key.replace("_", " ")}
    text = pattern.format(**slots)
    return text if text[-1] in ".?!" else text + draw.any((".", ".", "", "!"))


def _misspelt(draw: Draw, text: str) -> str:
    """The text with a letter more, fewer or another, as people mistype names."""
    place = draw.integer(0, len(text) - 1)
    letter = draw.any("abcdefghijklmnoprstuvwyz")
    return draw.any(
        (
            text[:place] + text[place + 1 :] or text + letter,
            text[:place] + letter + text[place:],
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
        )
    )


def failed(text: str) -> str:
    """How a tool's error is told."""
    told = text.removeprefix("Error: ")
    return f"The tool failed: {told}" + ("" if told[-1:] in ".?!" else ".")


def episode(draw: Draw, talk: Conversation, tool: Tool) -> None:
    """Ask, call, tell the result."""
    talk.user(tool.request)
    talk.call((tool.name, tool.arguments))
    talk.result(tool.result)
    talk.say(answer(tool.result))
    if not draw.held_out and draw.chance(0.12):
        again(draw, talk, tool)


_AGAIN = phrasing("tools", "again")


def again(draw: Draw, talk: Conversation, tool: Tool) -> None:
    """The same tool with one argument changed, as a follow-up asks."""
    properties = tool.schema["parameters"]["properties"]
    texts = [k for k, v in tool.arguments.items() if isinstance(v, str) and "enum" not in properties[k]]
    if len(texts) != 1:
        return
    key = texts[0]
    old = tool.arguments[key]
    new = draw.any((city(draw), draw.invented(), draw.invented(), free_text(draw), code(draw)))
    if new.lower() == old.lower():
        return
    text = draw.any(_AGAIN).format(v=f'"{new}"' if f'"{old}"' in tool.request else new)
    draw.used.add("pattern: " + text)
    talk.user(text[:1].upper() + text[1:] if draw.chance(0.75) else text)
    talk.call((tool.name, {**tool.arguments, key: new}))
    text = composed_result(draw)
    talk.result(text)
    talk.say(answer(text))


def error_episode(draw: Draw, talk: Conversation, tool: Tool) -> None:
    """The tool fails; told, or called again as the error says."""
    talk.user(tool.request)
    talk.call((tool.name, tool.arguments))
    properties = tool.schema["parameters"]["properties"]
    texts = [k for k, v in tool.arguments.items() if isinstance(v, str) and len(v) < 30 and "enum" not in properties[k]]
    if texts and draw.chance(0.5 if draw.held_out else 0.65):
        key = draw.any(texts)
        old = tool.arguments[key]
        new = draw.any((city(draw), draw.invented(), code(draw), old.capitalize() if old.islower() else old.lower()))
        if not draw.held_out and draw.chance(0.3):
            new = _misspelt(draw, old)
        elif not draw.held_out and draw.chance(0.3):
            new = draw.any((free_text(draw), open_noun(draw), draw.digits(draw.integer(2, 5)), draw.invented().lower()))
        if new != old:
            pattern = draw.pattern(HINTS)
            if not draw.held_out and draw.chance(0.75):
                pattern = made(draw, lambda: _hint(draw))
            talk.result("Error: " + pattern.format(key=key.replace("_", " "), v=old, w=new))
            talk.call((tool.name, {**tool.arguments, key: new}))
            if draw.chance(0.8):
                talk.result(tool.result)
                talk.say(answer(tool.result))
                return
    key = draw.any(list(tool.arguments)) if tool.arguments else "value"
    spoken = not isinstance(tool.arguments.get(key, True), bool)
    if spoken and not draw.held_out and draw.chance(0.4):
        error = "Error: " + _refusal(draw, key, tool.arguments[key])
    else:
        error = "Error: " + failure(draw, key)
    talk.result(error)
    talk.say(failed(error))
