from __future__ import annotations

from pathlib import Path

import generate
import pytest
import tokens
from conversation import segments
from tokenizers import Tokenizer


@pytest.mark.parametrize("kind", generate.KINDS)
def test_text_is_what_the_chat_template_renders(kind: str, tokenizer: Tokenizer, template: Path) -> None:
    wrapped = tokens.wrap(tokenizer, template.read_text(encoding="utf-8"))
    for talk in generate.held_out("template", kind, 12) + generate.conversations(f"template/{kind}", 12):
        rendered = wrapped.apply_chat_template(talk.messages, tools=talk.tools or None, tokenize=False)
        assert "".join(text for text, _ in segments(talk)) == rendered.removesuffix("\n")


def test_what_is_learnt_is_every_assistant_turn_with_its_end() -> None:
    for talk in generate.conversations("targets", 60):
        wanted = [text for text, target in segments(talk) if target]
        turns = [message for message in talk.messages if message["role"] == "assistant"]
        assert len(wanted) == len(turns)
        for text, turn in zip(wanted, turns, strict=True):
            assert text.endswith("<|im_end|>")
            assert text.count("<tool_call>") == len(turn.get("tool_calls", ()))
            assert turn["content"] in text
