"""Reads a model's syntax off its chat template: renders marked conversations and looks at what comes out."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any

from agentkit.dialect import marks, template, thoughts, told
from agentkit.dialect.examples import (
    ID_WITH_NAME,
    IDS,
    KEYS,
    NAMES,
    NUMBERS,
    RESULT,
    SPECIAL,
    TEXT,
    TOOLS,
    USER,
    VALUES,
    Call,
    Form,
    example,
    telling,
)
from agentkit.dialect.infer import infer
from agentkit.dialect.leads import begun
from agentkit.dialect.syntax import Arguments, Calls, Reasoning, Syntax, fill
from agentkit.dialect.template import Message, TemplateRefusalError


class Probe:
    """One template under examination."""

    def __init__(self, chat_template: str, bos_token: str = "", eos_token: str = "") -> None:
        self._source = chat_template
        self._render = functools.partial(template.render, chat_template, bos_token=bos_token, eos_token=eos_token)
        self.form: Form = "object"
        self._reasoning: Reasoning | None = None
        self._said = ""

    def syntax(self) -> Syntax:
        """All that could be learned."""
        prompt, plain = self._tail(prompt=True), self._tail({"role": "assistant", "content": TEXT})
        lead, said, end = plain.partition(TEXT)
        if not said:
            lead, end = prompt, ""
        if lead.startswith(prompt) and not marks.only_marks(lead[len(prompt) :]):
            self._said = lead[len(prompt) :]
        reasoning = self._reasoning = thoughts.find(self._tail, prompt, lead, self._source)
        calls, after_calls = self._calls(prompt, lead, end)
        end_of_turn = marks.common_suffix(end, after_calls) if after_calls else end
        header = prompt[len(self._tail()) :] if prompt.startswith(self._tail()) else ""
        rendered, lists = calls is not None, self._lists_tools()
        if calls is None and lists:
            calls = told.find(self._render([{"role": "user", "content": USER}], TOOLS, add_generation_prompt=True))
        return Syntax(
            calls=calls,
            reasoning=reasoning,
            header=header.strip(),
            content_open=self._content_mark(prompt, lead, reasoning) or self._said_to(prompt, calls),
            content_close=end[: len(end) - len(end_of_turn)].strip(),
            end_of_turn=end_of_turn.strip(),
            next_turn=self._next_turn(" ".join([prompt, plain, end_of_turn, str(calls), str(reasoning)])),
            tools="template" if lists else "plain",
            renders_calls=rendered,
            renders_results=self._renders_results(rendered),
            template_arguments=self.form,
        )

    @staticmethod
    def _content_mark(prompt: str, lead: str, reasoning: Reasoning | None) -> str:
        """What stands before the text of a plain turn and neither in the prompt nor around a thought."""
        extra = marks.without_common_prefix(lead, prompt)
        if reasoning:
            extra = extra.replace(reasoning.open, "").replace(reasoning.close, "")
        return extra.strip() if any(marks.is_mark(piece) for piece in marks.pieces(extra)) else ""

    def _said_to(self, prompt: str, calls: Calls | None) -> str:
        """What addresses a text to the person, where the prompt has already written what any recipient follows."""
        shared = begun(prompt, calls) if calls and self._said else ""
        return shared + self._said.strip() if shared else ""

    def _tail(self, *turns: Message, prompt: bool = False, **variables: Any) -> str:
        """What the template writes after the user's message."""
        asked = [{"role": "user", "content": USER}, *turns]
        text = self._render(asked, TOOLS, add_generation_prompt=prompt, **variables)
        return text.rpartition(USER)[2]

    def _next_turn(self, known: str) -> tuple[str, ...]:
        """The control tokens that follow a plain turn and a turn with calls, where nothing else has them."""
        further: list[list[Message]] = [
            [{"role": "assistant", "content": TEXT}, {"role": "user", "content": RESULT}],
            [self._calling(), {"role": "tool", "content": RESULT, "tool_call_id": IDS[0], "name": NAMES[0]}],
        ]
        found = []
        for turns in further:
            try:
                between = self._tail(*turns).partition(RESULT)[0].rpartition(TEXT)[2]
            except TemplateRefusalError:
                continue
            unknown = [mark for mark in marks.pieces(between) if mark.startswith(("<|", "<｜")) and mark not in known]
            found += unknown[:1]
        return tuple(dict.fromkeys(found))

    def _calling(self) -> Message:
        return {"role": "assistant", "content": "", "tool_calls": [example(0).message(self.form)]}

    def _renders_results(self, with_calls: bool) -> bool:
        turn: Message = {"role": "assistant", "content": TEXT}
        if with_calls:
            turn = self._calling()
        result = {"role": "tool", "content": RESULT, "tool_call_id": example(0).id, "name": example(0).name}
        try:
            return RESULT in self._tail(turn, result)
        except TemplateRefusalError:
            return False

    def _lists_tools(self) -> bool:
        asked = [{"role": "user", "content": USER}]
        try:
            return NAMES[0] in self._render(asked, TOOLS, add_generation_prompt=True)
        except TemplateRefusalError:
            return False

    # --- calls

    def _written(self, calls: list[Call], prompt: str, lead: str) -> str:
        """What the template writes for a turn with these calls, from where it parts from prompt and plain turn."""
        full = self._tail({"role": "assistant", "content": "", "tool_calls": [c.message(self.form) for c in calls]})
        start = len(prompt) if full.startswith(prompt) else len(marks.common_prefix(prompt, full))
        like_plain = len(marks.common_prefix(lead, full))
        if like_plain > start and marks.only_marks(full[start:like_plain]):
            start = like_plain
        written = full[start:].removeprefix(self._said)
        if self._reasoning:  # an empty thought is none of the call
            empty = re.escape(self._reasoning.open) + r"\s*" + re.escape(self._reasoning.close)
            written = re.sub(rf"\A\s*(?:{empty}|{re.escape(self._reasoning.close)})\s*", "", written)
        return written

    def _calls(self, prompt: str, lead: str, end: str) -> tuple[Calls | None, str]:
        """How calls are written, and what the template writes after the last slot of a call."""
        plain = (example(0), example(1))
        for self.form in ("object", "string"):
            for one, other in (plain, (telling(plain[0], 0), telling(plain[1], 1))):
                written = self._tried([one], prompt, lead)
                calls, after = infer([one], written, end)
                if calls is None or (self.form == "object" and str(one.arguments) in written):
                    continue  # Python's way to print a dict: the template wants text
                parallel, _ = infer([one, other], self._tried([one, other], prompt, lead), end)
                calls = parallel or dataclasses.replace(calls, parallel=False)
                if one is not plain[0]:
                    calls = _with_id(calls)
                return self._typed(calls, prompt, lead, end), after
        self.form = "object"
        return None, ""

    def _typed(self, calls: Calls, prompt: str, lead: str, end: str) -> Calls:
        """The calls with how arguments of other types than text are written."""
        if calls.arguments is None:
            return calls
        typed, _ = infer([example(0, NUMBERS)], self._tried([example(0, NUMBERS)], prompt, lead), end)
        if typed is None or typed.arguments is None:
            return calls
        one = dataclasses.replace(calls.arguments, other=typed.arguments.text)
        one = dataclasses.replace(one, types=self._types(one, prompt, lead), guard=self._guard(one, prompt, lead))
        return dataclasses.replace(calls, arguments=one)

    def _with_value(self, value: Any, prompt: str, lead: str) -> str:
        """A call whose first argument has this value."""
        call = example(0)
        changed = dataclasses.replace(call, arguments={**call.arguments, KEYS[0][0]: value})
        return self._tried([changed], prompt, lead)

    def _types(self, one: Arguments, prompt: str, lead: str) -> tuple[tuple[str, str], ...]:
        """The word for each JSON type."""
        before, after = one.around_type
        if not before:
            return ()
        mark = (
            fill(before, key=KEYS[0][0]).partition("‹value›")[0],
            fill(after, value="‹value›").partition("‹value›")[0],
        )
        word = re.compile(re.escape(mark[0]) + r"(\w+)" + re.escape(mark[1]))
        found = {name: word.search(self._with_value(value, prompt, lead)) for name, value in VALUES.items()}
        return tuple((name, told[1]) for name, told in found.items() if told)

    def _guard(self, one: Arguments, prompt: str, lead: str) -> tuple[str, str]:
        """What stands around a string with special characters and around no other."""
        opened, _, closed = fill(one.text, key=KEYS[0][0], value="‹value›").partition("‹value›")
        before, found, after = self._with_value(SPECIAL, prompt, lead).partition(SPECIAL)
        extra = before.rpartition(opened)[2] if found and opened in before else ""
        return (extra, after.partition(closed)[0]) if extra and closed and closed in after else ("", "")

    def _tried(self, calls: list[Call], prompt: str, lead: str) -> str:
        try:
            return self._written(calls, prompt, lead)
        except TemplateRefusalError:
            return ""


def _with_id(calls: Calls) -> Calls:
    """Calls whose name stands inside the id: the id is a slot, and has a pattern of its own."""
    inside = re.sub(r"functions\.‹name›:(?:‹index›|\d+)", "‹id›", calls.call)
    return dataclasses.replace(calls, call=inside, id=ID_WITH_NAME)
