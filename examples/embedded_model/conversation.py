"""A conversation under construction, and how it is written out for training."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]


@dataclass
class Conversation:
    """Messages as chat templates read them, and the tools (OpenAI function dicts) that the prompt lists."""

    kind: str
    tools: list[Schema] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def system(self, text: str) -> None:
        self.messages.append({"role": "system", "content": text})

    def user(self, text: str) -> None:
        self.messages.append({"role": "user", "content": text})

    def call(self, *calls: tuple[str, dict[str, Any]]) -> None:
        """An assistant turn of one or more tool calls, each a name and its arguments."""
        functions = [{"type": "function", "function": {"name": n, "arguments": a}} for n, a in calls]
        self.messages.append({"role": "assistant", "content": "", "tool_calls": functions})

    def result(self, text: str) -> None:
        self.messages.append({"role": "tool", "content": text})

    def say(self, text: str) -> None:
        self.messages.append({"role": "assistant", "content": text})


def call_of(tool: Schema, text: str) -> tuple[str, dict[str, Any]]:
    """A call of a tool that takes one string."""
    (argument,) = tool["parameters"]["properties"]
    return str(tool["name"]), {argument: text}


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """A tool call as the chat template writes it."""
    written = json.dumps(arguments, ensure_ascii=False)
    return f'<tool_call>\n{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": {written}}}\n</tool_call>'


def turn_text(message: dict[str, Any]) -> str:
    """The text of an assistant turn, without the mark that ends it."""
    calls = [call_text(c["function"]["name"], c["function"]["arguments"]) for c in message.get("tool_calls", ())]
    return "\n".join(([message["content"]] if message["content"] else []) + calls)


def segments(conversation: Conversation) -> list[tuple[str, bool]]:
    """The conversation's text in pieces, each with whether the model is to learn to write it.

    Joined, the pieces are what the chat template renders; a test compares the two. (Jinja would take most of the
    time of data generation.)
    """
    messages = conversation.messages
    has_system = bool(messages) and messages[0]["role"] == "system"
    text = ""
    if has_system or conversation.tools:
        text = "<|im_start|>system\n" + (messages[0]["content"] if has_system else "")
        if conversation.tools:
            listed = "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in conversation.tools)
            text += ("\n\n" if has_system else "") + f"<tools>{listed}\n</tools>"
        text += "<|im_end|>\n"
    pieces: list[tuple[str, bool]] = []
    for message in messages[has_system:]:
        text += f"<|im_start|>{message['role']}\n"
        if message["role"] == "assistant":
            pieces += [(text, False), (turn_text(message) + "<|im_end|>", True)]
            text = "\n"
        elif message["role"] == "tool":
            text += f"<tool_response>\n{message['content']}\n</tool_response><|im_end|>\n"
        else:
            text += message["content"] + "<|im_end|>\n"
    return [*pieces, (text, False)] if text != "\n" else pieces
