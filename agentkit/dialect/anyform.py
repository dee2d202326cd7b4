"""Calls of a model whose template says nothing of how it writes them: the forms in use, held to the offered names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import regex

from agentkit.dialect import plain, values
from agentkit.dialect.events import Events
from agentkit.dialect.forms import Form, JsonForm
from agentkit.dialect.leads import any_of
from agentkit.dialect.pythonforms import PythonForm
from agentkit.dialect.source import Reading, Source


class AnyForm:
    """The plain form and, of the tools offered, Python calls and bare JSON.

    Args:
        tools: the tools offered.
    """

    tail = "}]</tool_call>"

    def __init__(self, tools: Sequence[dict[str, Any]] | None) -> None:
        names = values.parameters(tools)
        bare = JsonForm(plain.CALLS, only=names)
        marked = JsonForm(plain.CALLS)
        forms: list[tuple[Form, str]] = [(marked, marked.anchor)]
        if names:
            forms += [(PythonForm(plain.PYTHON, tools, only=names), ""), (bare, bare.bare)]
        self._forms = [(form, regex.compile(start or f"{form.anchor}|{form.again}")) for form, start in forms]
        self.anchor = any_of([start or form.anchor for form, start in forms])
        self.again = any_of([start or form.again for form, start in forms])

    def read(self, source: Source, events: Events) -> Reading[bool]:
        """One call, in whichever form it begins."""
        place = source.at
        for form, start in self._forms:
            begins = yield from source.match(start)
            source.at = place
            if begins:
                return (yield from form.read(source, events))
        return False
