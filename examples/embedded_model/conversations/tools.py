"""Tools never seen before: read the list, choose one, take its arguments from the request, tell the result."""

from __future__ import annotations

from composed_tools import Tool, answer
from conversation import Conversation
from draw import Draw
from texts import patterns
from values import city, code

FAILURES = patterns("tools", "failures")
HINTS = patterns("tools", "hints")


def failure(draw: Draw, key: str = "value") -> str:
    end = "." if draw.chance(0.4) else ""
    return end.join((draw.pattern(FAILURES), "")).format(
        n=draw.integer(2, 999), name=draw.invented(), key=key.replace("_", " "), code=code(draw)
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


def error_episode(draw: Draw, talk: Conversation, tool: Tool) -> None:
    """The tool fails; told, or called again as the error says."""
    talk.user(tool.request)
    talk.call((tool.name, tool.arguments))
    properties = tool.schema["parameters"]["properties"]
    texts = [k for k, v in tool.arguments.items() if isinstance(v, str) and len(v) < 30 and "enum" not in properties[k]]
    if texts and draw.chance(0.5):
        key = draw.any(texts)
        old = tool.arguments[key]
        new = draw.any((city(draw), draw.invented(), code(draw), old.capitalize() if old.islower() else old.lower()))
        if new != old:
            talk.result("Error: " + draw.pattern(HINTS).format(key=key.replace("_", " "), v=old, w=new))
            talk.call((tool.name, {**tool.arguments, key: new}))
            if draw.chance(0.8):
                talk.result(tool.result)
                talk.say(answer(tool.result))
                return
    error = "Error: " + failure(draw, draw.any(list(tool.arguments)) if tool.arguments else "value")
    talk.result(error)
    talk.say(failed(error))
