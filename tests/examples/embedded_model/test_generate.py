from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import generate
import pytest
from conversation import Conversation
from conversations.look_up import NOT_FOUND
from conversations.structured import INSTRUCTION
from draw import Draw
from jsonschema import Draft202012Validator

from .conftest import FOLDER

_DIGEST = """
import hashlib, generate
from conversation import segments
talks = generate.conversations("seed", 150) + generate.conversations("seed", 50, short=True)
talks += generate.conversations("seed", 100, harder=True)
talks += [talk for kind in generate.KINDS for talk in generate.held_out("seed", kind, 15)]
print(hashlib.sha256(repr([segments(talk) for talk in talks]).encode()).hexdigest())
"""


def _digest(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _DIGEST],
        cwd=FOLDER,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(FOLDER)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_a_seed_gives_the_same_text_in_every_process() -> None:
    first = _digest("1")
    assert len(first.strip()) == 64
    assert _digest("2") == first


def _check_calls(talk: Conversation) -> int:
    """Every call is of a listed tool, fits its schema, and is followed by its result; returns the number of calls."""
    schemas = {tool["name"]: tool["parameters"] for tool in talk.tools}
    assert len(schemas) == len(talk.tools), "two tools of one name"
    waiting = made = 0
    for message in talk.messages:
        if message["role"] == "tool":
            waiting -= 1
            assert waiting >= 0
            continue
        assert waiting == 0, "a call without a result"
        for call in message.get("tool_calls", ()):
            function = call["function"]
            Draft202012Validator(schemas[function["name"]]).validate(function["arguments"])
            waiting += 1
            made += 1
    assert talk.messages[-1]["role"] == "assistant"
    assert waiting == 0
    assert talk.messages[-1]["content"]
    return made


def _check_structured(talk: Conversation) -> None:
    schema: dict[str, Any] = json.loads(talk.messages[0]["content"].split(INSTRUCTION)[1])
    Draft202012Validator(schema).validate(json.loads(talk.messages[-1]["content"]))


@pytest.mark.parametrize("kind", [*generate.KINDS, "reading", "chains"])
def test_conversations_are_well_formed(kind: str) -> None:
    halves = Draw(f"well-formed/{kind}"), Draw(f"well-formed/{kind}", harder=True)
    talks = [generate.converse(draw, kind) for draw in halves for _ in range(120)]
    if kind in generate.KINDS:
        talks += generate.held_out("well-formed", kind, 80)
    calls = [_check_calls(talk) for talk in talks]
    if kind in ("arithmetic", "look_up", "two_step", "parallel", "tools", "error", "follow_up", "chains"):
        assert sum(map(bool, calls)) > 0.9 * len(calls)
    if kind == "structured":
        for talk in talks:
            _check_structured(talk)


def test_parallel_conversations_have_parallel_calls() -> None:
    talks = generate.held_out("parallel", "parallel", 100)
    several = [any(len(message.get("tool_calls", ())) > 1 for message in talk.messages) for talk in talks]
    assert sum(several) > 80


def test_what_was_made_before_changes_nothing() -> None:
    def made() -> list[list[dict[str, Any]]]:
        return [talk.messages for talk in generate.conversations("again", 40, harder=True)]

    first = made()
    for _ in range(3):
        generate.conversations("between", 150, harder=True)
    assert made() == first


def test_reading_quotes_a_sentence_that_was_told_or_none() -> None:
    draw, quoted, missing = Draw("reading", harder=True), 0, 0
    for _ in range(150):
        talk = generate.converse(draw, "reading")
        turns = [message for message in talk.messages if message["role"] != "system"]
        for message in turns[1::2]:
            if message["content"] == NOT_FOUND:
                missing += 1
            else:
                assert message["content"] in turns[0]["content"]
                quoted += 1
    assert quoted > 300
    assert missing > 15


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield value


# What these are called with is put together from what was asked.
_REWORDED = {"calculator", "calc", "calculate", "evaluate", "compute", "math"}
_REWORDED |= {"search", "web_search", "lookup", "find_facts", "wikipedia", "search_docs", "search_notes"}


@pytest.mark.parametrize("kind", ["tools", "error", "parallel", "chains", "structured"])
def test_what_is_written_was_told(kind: str) -> None:
    draw, seen = Draw(f"told/{kind}", harder=True), 0
    for _ in range(200):
        talk = generate.converse(draw, kind)
        told = ""
        for message in talk.messages:
            if message["role"] == "assistant":
                functions = [call["function"] for call in message.get("tool_calls", ())]
                written = [each["arguments"] for each in functions if each["name"] not in _REWORDED]
                if kind == "structured":
                    written.append(json.loads(message["content"]))
                for value in _leaves(written):
                    text = str(value)
                    assert text in told or text[:1].upper() + text[1:] in told
                    seen += 1
            if message["role"] != "system":
                told += message["content"] + "\n"
    assert seen > 150
