from __future__ import annotations

import json

import evaluate
import generate
from conversation import Conversation, segments
from conversations.structured import INSTRUCTION

from agentkit import ChatHuggingFace
from agentkit.cases import read, turns
from agentkit.structured import told


def test_cases_say_what_the_conversation_says() -> None:
    talks = [talk for kind in generate.KINDS for talk in generate.held_out("e", kind, 8)]
    cases = read([evaluate.line(talk) for talk in talks])
    for talk, case in zip(talks, cases, strict=True):
        assert case.kind == talk.kind
        assert [tool["function"] for tool in case.tools] == talk.tools
        expected = [message for message in talk.messages if message["role"] == "assistant"]
        assert [turn.expected["content"] for turn in turns(case)] == [message["content"] for message in expected]
        messages = list(case.messages)
        if case.schema is not None:
            messages = told(messages, case.schema)
            assert INSTRUCTION in messages[0]["content"]
        assert [m["content"] for m in messages] == [m["content"] for m in talk.messages]


def test_the_model_reads_the_prompt_that_it_was_trained_on() -> None:
    talk = generate.held_out("p", "look_up", 1)[0]
    (case,) = read([evaluate.line(talk)])
    first = turns(case)[0]
    chat = ChatHuggingFace.embedded()
    before, _ = segments(talk)[0]
    messages = [(message["role"], message["content"]) for message in first.before]
    assert chat.get_num_tokens_from_messages(
        ChatHuggingFace.embedded()._convert_input(messages).to_messages(), list(case.tools)
    ) == len(chat.get_token_ids(before))


def test_lines_hold_each_kind() -> None:
    kinds = [json.loads(line)["kind"] for line in evaluate.lines("k", 2)]
    assert kinds == [kind for kind in generate.KINDS for _ in range(2)]
    assert isinstance(generate.held_out("k", "tools", 1)[0], Conversation)
