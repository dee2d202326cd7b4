"""How sure a model was of its tool calls, from the log-probabilities of its tokens."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from langchain_core.messages import AIMessage


@dataclass(frozen=True, slots=True)
class CallConfidence:
    """How probable a call's name and argument values were to the model that wrote them.

    Only the tokens that say something count: those of the name and of the values, not the marks, keys and quotes around
    them, which a model is nearly always sure of.
    """

    id: str | None
    name: str
    mean: float
    """The mean probability of those tokens, from 0 to 1."""
    least: float
    """The probability of the least likely one: where the model most hesitated."""
    tokens: int
    """How many there were."""


def call_confidence(message: AIMessage) -> list[CallConfidence]:
    """The confidence of each of a message's tool calls, in their order.

    Ask for log-probabilities with `logprobs=True`; a message without them gives an empty list, and a call that can't be
    found among the tokens is left out. The same list, as dicts, is in `response_metadata["call_confidence"]`.
    """
    if known := message.response_metadata.get("call_confidence"):
        return [CallConfidence(**one) for one in known]
    logprobs = message.response_metadata.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return of_calls(tokens or (), message.tool_calls)


def of_calls(tokens: Sequence[Mapping[str, Any]], calls: Sequence[Mapping[str, Any]]) -> list[CallConfidence]:
    """The confidence of calls in the order in which they were written, those that can't be read included, from tokens
    in the form of OpenAI's `logprobs.content`."""
    ends, text = [], ""
    for token in tokens:
        text += token["token"]
        ends.append(len(text))
    found, cursor = [], 0
    for call in calls:
        spans, cursor = _spans(text, cursor, call)
        probabilities = [
            math.exp(token["logprob"])
            for token, end in zip(tokens, ends, strict=True)
            if any(end - len(token["token"]) < stop and start < end for start, stop in spans)
        ]
        if probabilities:
            mean = sum(probabilities) / len(probabilities)
            found.append(
                CallConfidence(call.get("id"), call["name"], mean, min(probabilities), tokens=len(probabilities))
            )
    return found


def as_metadata(confidences: Sequence[CallConfidence]) -> list[dict[str, Any]]:
    """As plain dicts, for `response_metadata`."""
    return [asdict(confidence) for confidence in confidences]


def _spans(text: str, cursor: int, call: Mapping[str, Any]) -> tuple[list[tuple[int, int]], int]:
    """Where the call's name and values stand in the text from `cursor` on, and where the last of them ends."""
    if not call["name"] or (at := text.find(call["name"], cursor)) < 0:
        return [], cursor
    spans = [(at, at + len(call["name"]))]
    end = spans[0][1]
    for key, value in _leaves(call["args"] if isinstance(call["args"], Mapping) else {}):
        after_key = text.find(key, end) + len(key) if key and text.find(key, end) >= 0 else end
        for written in _writings(value):
            start = text.find(written, after_key)
            if start >= 0:
                end = start + len(written)
                spans.append((start, end))
                break
    return spans, end


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """The values inside a value that hold no others, each with its nearest key."""
    if isinstance(value, Mapping):
        for inner_key, inner in value.items():
            yield from _leaves(inner, inner_key)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value


def _writings(value: Any) -> list[str]:
    """The forms in which models write a value, the likeliest first."""
    if isinstance(value, str):
        forms = [value, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1], repr(value)[1:-1]]
    else:
        forms = [json.dumps(value), repr(value)]
    return [form for form in dict.fromkeys(forms) if form]
