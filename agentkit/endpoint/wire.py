"""A question as the JSON of OpenAI's chat completions, and what to send instead where a server refuses a part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from agentkit import structured
from agentkit.errors import EndpointError, UnsupportedContentError
from agentkit.media import Media
from agentkit.messages import media_messages
from agentkit.question import Question

_KINDS = ("image", "audio", "video")
_SENT_AS_IS = (
    *("temperature", "top_p", "top_k", "min_p", "typical_p", "repetition_penalty", "presence_penalty"),
    *("frequency_penalty", "logit_bias", "seed", "n"),
)
_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_new_tokens")

FORMS = ("json_schema", "json_object with value", "json_object with schema", "json_object", None)
"""The forms of `response_format`, the most usual first: OpenAI's, which vLLM, SGLang and llama.cpp take, that of
text-generation-inference, an older one of llama.cpp, any JSON, and none."""


def body(
    question: Question, model: str | None, extra: Mapping[str, Any], form: str | None = FORMS[0]
) -> dict[str, Any]:
    """The request.

    Args:
        question: what to ask.
        model: the name that the server knows the model by.
        extra: fields to add as they are; what the question says itself counts more.
        form: the form of `response_format` that the server takes, one of `FORMS`.
    """
    fields: dict[str, Any] = {
        **extra,
        "model": model,
        "messages": messages(question),
        "stream": question.streamed,
        "stream_options": {"include_usage": True} if question.streamed and question.counted else None,
        **settings(question.settings),
        "stop": list(question.stop) or None,
        "chat_template_kwargs": dict(question.template_variables) or None,
    }
    if question.logprobs is not None:
        fields |= {"logprobs": True, "top_logprobs": question.logprobs or None}
    if question.tools and question.tool_choice != "none":  # the one way in which no server calls a tool
        fields["tools"] = list(question.tools)
        fields["tool_choice"] = _choice(question.tool_choice)
        fields["parallel_tool_calls"] = question.parallel
    if question.schema is not None:
        fields["response_format"] = response_format(question, form)
    fields |= question.extra
    return {name: value for name, value in fields.items() if value is not None}


def settings(merged: Mapping[str, Any]) -> dict[str, Any]:
    """Generation settings under the names that servers know; only what somebody set."""
    sent = {name: merged[name] for name in _SENT_AS_IS if merged.get(name) is not None}
    if merged.get("do_sample") is False:
        sent["temperature"] = 0
    most = next((merged[name] for name in _MAX_TOKENS if merged.get(name) is not None), None)
    return sent if most is None else {**sent, "max_tokens": int(most)}


def messages(question: Question) -> list[dict[str, Any]]:
    """The conversation, told of the schema where the answer has one: not every server tells the model."""
    turns = wire_messages(question.messages, question.media)
    return structured.told(turns, question.schema) if question.schema is not None else turns


def wire_messages(conversation: Sequence[BaseMessage], allowed: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """LangChain messages as OpenAI's: arguments as JSON text, media as URLs, files as `data:` URLs.

    Raises:
        UnsupportedContentError: where a message holds what has no place in OpenAI's form, or a file that may not be
            opened.
    """
    turns, found = media_messages(conversation, _KINDS, "A server of OpenAI's chat completions")
    media = iter(found)
    for turn in turns:
        if not isinstance(turn["content"], str):
            turn["content"] = [
                block if block["type"] == "text" else _media(next(media), allowed) for block in turn["content"]
            ]
        for call in turn.get("tool_calls", ()):
            call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
    return turns


def response_format(question: Question, form: str | None) -> dict[str, Any] | None:
    """The answer's schema in one of the forms that servers know."""
    given = question.response_format
    if form is None or question.schema is None:
        return None
    if not isinstance(given, Mapping) or given.get("type") != "json_schema":
        return dict(given) if given and form == FORMS[0] else {"type": "json_object"}
    if form == "json_schema":
        named = {name: value for name, value in given["json_schema"].items() if value is not None}
        return {**given, "json_schema": {"name": "answer", **named, "schema": question.schema}}
    if form == "json_object with value":
        return {"type": "json_object", "value": question.schema}
    return {"type": "json_object", "schema": question.schema} if "schema" in form else {"type": "json_object"}


def adapted(fields: Mapping[str, Any], question: Question, error: EndpointError) -> dict[str, Any] | None:
    """The request in another form, where the server's words tell that it does not know a part of it; None where there
    is no other form. What is left out so is checked in the answer."""
    if error.status not in {400, 404, 415, 422, 501}:
        return None
    words = error.body.lower()
    about_schema = any(word in words for word in ("unimplemented", "compile", "$ref", "keyword"))
    about_form = not about_schema and ("response_format" in words or "json_schema" in words)
    if "response_format" in fields and about_form:
        tried = form_of(fields, question)
        form = FORMS[FORMS.index(tried) + 1] if question.response_format["type"] == "json_schema" else None
        rest = {name: value for name, value in fields.items() if name != "response_format"}
        return rest if form is None else {**rest, "response_format": response_format(question, form)}
    for name in ("stream_options", "parallel_tool_calls", "tool_choice"):
        if name in fields and (name in words or (name == "tool_choice" and "required" in words)):
            if name == "tool_choice" and fields[name] == "required" and len(fields["tools"]) == 1:
                return {**fields, name: _choice(fields["tools"][0]["function"]["name"])}
            return {other: value for other, value in fields.items() if other != name}
    return None


def form_of(fields: Mapping[str, Any], question: Question) -> str | None:
    """Which of `FORMS` a request has."""
    return next((form for form in FORMS if response_format(question, form) == fields.get("response_format")), None)


def _choice(choice: str) -> Any:
    named = {"type": "function", "function": {"name": choice}}
    return {"auto": None, "any": "required"}.get(choice, named)


def _media(item: Media, allowed: frozenset[str]) -> dict[str, Any]:
    """One image, sound or film in OpenAI's form. A URL goes as it is: it is the server that opens it, or doesn't."""
    if item.value is not None:
        item = _filed(item)
    if item.kind == "audio":
        if item.is_remote:
            return {"type": "audio_url", "audio_url": {"url": item.url}}
        head, _, data = item.data_url(allowed).partition(",")
        return {"type": "input_audio", "input_audio": {"data": data, "format": _audio_format(head)}}
    return {
        "type": f"{item.kind}_url",
        f"{item.kind}_url": {"url": item.url if item.is_remote else item.data_url(allowed)},
    }


def _audio_format(head: str) -> str:
    kind = head.removeprefix("data:").partition(";")[0].partition("/")[2]
    return {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}.get(kind, kind)


def _filed(item: Media) -> Media:
    """An image given as pixels, as a PNG file."""
    if item.kind != "image":
        raise UnsupportedContentError(f"Give the {item.kind} as a file, in bytes or base64: a server takes no arrays.")
    import io

    from agentkit import decoding

    file = io.BytesIO()
    decoding.decoded(item, None, frozenset()).save(file, format="PNG")
    return Media("image", data=file.getvalue(), mime_type="image/png")
