"""What can be done with a chat template: the syntax read off it, tried on a sample conversation."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from agentkit.dialect import Dialect
from agentkit.dialect.plain import written, written_parts
from agentkit.errors import ModelLoadError, PromptError

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}
_ASKED = {"role": "user", "content": "How is the weather in Oslo?"}
_CALLS = [
    {"id": f"call0000{n}", "type": "function", "function": {"name": "get_weather", "arguments": {"city": c, "days": n}}}
    for n, c in ((2, "Oslo"), (3, "Rome"))
]
_CALLED = {"role": "assistant", "content": "", "tool_calls": _CALLS[:1]}
_RESULT = {"role": "tool", "content": "Sunny.", "tool_call_id": "call00002", "name": "get_weather"}


@dataclasses.dataclass(frozen=True)
class Inspection:
    """A template under the glass.

    Attributes:
        syntax: what was learned, as `Syntax.to_json` gives it.
        call: a call as the model is expected to write it.
        can: what can be done with this template, and what is done where it can't.
        prompt: the sample conversation as the model reads it.
        control: the texts in the prompt that are control tokens or marks.
    """

    syntax: dict[str, Any]
    call: str
    can: dict[str, str]
    prompt: str
    control: list[str]


def load(source: str) -> Dialect:
    """The dialect of a file that holds a template, of a model's folder or of a model on the hub.

    Raises:
        ModelLoadError: where there is none; the message says what was looked for.
        ValueError: where the template can't be read.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return Dialect.from_template(path.read_text(encoding="utf-8"), bos_token="<s>", eos_token="</s>")
    from transformers import AutoTokenizer

    try:
        return Dialect.from_tokenizer(AutoTokenizer.from_pretrained(source))
    except (OSError, ValueError) as error:
        if "chat template" in str(error):
            raise
        raise ModelLoadError(
            f"{source!r} is neither a template file, nor a model's folder, nor a model on the Hugging Face hub that "
            "can be reached from here."
        ) from error


def inspect(dialect: Dialect) -> Inspection:
    """Tries the template on a sample conversation."""
    syntax = dialect.syntax
    calls = dialect.calling_syntax.calls
    assert calls is not None
    conversation: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}, _ASKED, _CALLED, _RESULT]
    try:
        prompt = dialect.prompt(conversation, [TOOL]).text
    except PromptError as error:
        prompt = str(error)
    marks = [syntax.header, syntax.end_of_turn, syntax.content_open, syntax.content_close, calls.open, calls.close]
    if syntax.reasoning:
        marks += [syntax.reasoning.open, syntax.reasoning.close]
    return Inspection(
        syntax=json.loads(syntax.to_json()),
        call=written(calls, {"tool_calls": _CALLS[:1]}),
        can={
            "tools": "listed by the template" if syntax.tools == "template" else "told in the system turn by agentkit",
            "calls": f"{calls.kind}, in the template's own syntax" if syntax.calls else "in agentkit's plain form",
            "parallel calls": "yes" if calls.parallel else "no: one call in a turn",
            "system turn": _tried(dialect, [{"role": "system", "content": "Be brief."}, _ASKED], "Be brief."),
            "tool results": _tried(dialect, [_ASKED, _CALLED, _RESULT], "Sunny."),
            "two user turns": _tried(dialect, [_ASKED, {**_ASKED, "content": "And in Rome?"}], "And in Rome?"),
            "reasoning": _reasoning(dialect),
        },
        prompt=prompt,
        control=sorted({mark.strip() for mark in [*marks, *dialect.control_tokens] if mark.strip() and mark in prompt}),
    )


def parts_of_call(dialect: Dialect) -> list[tuple[str, str]]:
    """The sample call cut at its slots: each part with the slot's name, or "" for the pattern's own text."""
    calls = dialect.calling_syntax.calls
    assert calls is not None
    return [("", calls.open), *written_parts(calls, _CALLS[0]), ("", calls.close)]


def _tried(dialect: Dialect, conversation: list[dict[str, Any]], text: str) -> str:
    try:
        return "yes" if text in dialect.prompt(conversation, [TOOL]).text else "no: the template drops it"
    except PromptError as error:
        return f"no: {error}"


def _reasoning(dialect: Dialect) -> str:
    reasoning = dialect.syntax.reasoning
    if reasoning is None:
        return "none that the template shows"
    opened = dialect.prompt([_ASKED], [TOOL]).text.rstrip().endswith(reasoning.open)
    return f"between {reasoning.open} and {reasoning.close}" + (", opened by the prompt" if opened else "")
