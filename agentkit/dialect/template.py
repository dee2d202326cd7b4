"""Renders a chat template for learning: forgiving where transformers' own environment is strict.

Published templates append to lists, read a clock, parse JSON or ask for variables of their own; to learn a syntax from
them it doesn't matter that they couldn't run as they stand. Real prompts are rendered by transformers (prompt.py).
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Sequence
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

from agentkit.errors import PromptError

Message = dict[str, Any]
"""A message as chat templates read it: role, content, tool_calls, tool_call_id, name, reasoning_content."""


class TemplateRefusalError(PromptError):
    """The template itself refused the conversation; the text is its complaint."""


class _Generation(jinja2.ext.Extension):
    """transformers' `{% generation %}` block, of which only the content matters here."""

    tags = {"generation"}  # noqa: RUF012 - jinja's own declaration

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def _refuse(message: str) -> None:
    raise TemplateRefusalError(message)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys, default=list
    )


@functools.lru_cache(maxsize=64)
def compiled(chat_template: str) -> jinja2.Template:
    """The template, compiled.

    Raises:
        ValueError: where it isn't Jinja.
    """
    environment = jinja2.sandbox.SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", _Generation]
    )
    environment.filters |= {"tojson": _tojson, "from_json": json.loads, "fromjson": json.loads}
    clock = datetime.datetime(2026, 1, 1)
    environment.globals |= {
        "raise_exception": _refuse,
        "strftime_now": clock.strftime,
        "datetime": clock.isoformat(),
        "functions": None,
    }
    try:
        return environment.from_string(chat_template)
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"the chat template is not valid Jinja, line {error.lineno}: {error.message}") from error


def render(
    chat_template: str,
    messages: Sequence[Message],
    tools: Sequence[dict[str, Any]] | None = None,
    *,
    add_generation_prompt: bool = False,
    bos_token: str = "",
    eos_token: str = "",
    **variables: Any,
) -> str:
    """The conversation as the template writes it.

    Raises:
        TemplateRefusalError: where the template complains or fails.
        ValueError: where it isn't Jinja.
    """
    template = compiled(chat_template)
    data = json.loads(json.dumps(list(messages)))  # templates may change what they were given
    try:
        return template.render(
            messages=data,
            tools=json.loads(json.dumps(list(tools))) if tools else None,
            add_generation_prompt=add_generation_prompt,
            bos_token=bos_token,
            eos_token=eos_token,
            **variables,
        )
    except TemplateRefusalError:
        raise
    except Exception as error:  # a template is a program by somebody else: it may fail in any way
        raise TemplateRefusalError(f"{type(error).__name__}: {error}") from error
