"""Questions to a model in this process: conversation and tools to a prompt, a grammar and a request to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit import multimodal, schemas, settings, structured
from agentkit.dialect.prompt import Prompt
from agentkit.engine import Request
from agentkit.media import Media
from agentkit.messages import media_messages
from agentkit.question import Question
from agentkit.turn import Turn

if TYPE_CHECKING:
    from agentkit.sources import LocalSource


def begin(source: LocalSource, question: Question) -> Turn:
    """Ask a model in this process; see `agentkit.question.Source.begin`."""
    settings.check_local(question.settings)
    prompt, media = prompt_of(source, question)
    request = Request(
        prompt=prompt.ids or (),
        max_tokens=settings.max_tokens(question.settings),
        max_time=question.settings.get("max_time"),
        sampling=settings.sampling(question.settings),
        stop=question.stop,
        stop_ids=source.stop_ids | settings.stop_ids(question.settings),
        grammar=_grammar(source, question, prompt.text),
        logprobs=question.logprobs,
    )
    calling = question.schema is None or bool(question.tools)
    check = schemas.checks(question.tools) if question.guided and question.tools else None
    reader = source.dialect.reader(tools=question.tools, prompt=prompt.text, calling=calling, check=check)
    if media:
        request, stream = multimodal.submit(source, request, media, question.media)
        return Turn(request, stream, reader, source.name)

    def remember(text: str, ids: tuple[int, ...]) -> None:
        source.recall.remember(prompt.barred + text, (*(prompt.ids or ()), *ids))

    return Turn(request, source.engine.submit(request), reader, source.name, remember)


def count(source: LocalSource, question: Question) -> int:
    """The tokens of the prompt, media included."""
    prompt, media = prompt_of(source, question)
    if media:
        return len(multimodal.prepared(source, prompt.ids or (), media, question.media).ids)
    return len(prompt.ids or ())


def prompt_of(source: LocalSource, question: Question) -> tuple[Prompt, list[Media]]:
    """The conversation as the model reads it, and the media that belong at its placeholders."""
    turns, media = media_messages(question.messages, source.takes, source.name)
    if question.schema is not None and question.response_format["type"] == "json_schema":
        turns = structured.told(turns, question.schema)
    known = source.recall.longest
    return source.dialect.prompt(turns, question.tools, known=known, **question.template_variables), media


def _grammar(source: LocalSource, question: Question, prompt: str) -> str | None:
    if not question.guided:
        return None
    if question.schema is not None:
        beside = schemas.enforceable(question.tools) if question.tool_choice == "auto" else ()
        return source.dialect.answer_grammar(schemas.grammar_schema(question.schema), beside, prompt=prompt)
    if question.tools:
        parallel = question.parallel is not False
        return source.dialect.grammar(schemas.enforceable(question.tools), question.tool_choice, parallel, prompt)
    return None
