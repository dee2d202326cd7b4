"""Forced calls of random models, in every kind of syntax: all that end fit, read back and are found in the cache.

`AGENTKIT_FORCED_CALLS=1000` asks for so many of each kind.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from agentkit import ChatHuggingFace
from agentkit.dialect import Dialect
from agentkit.engine import Request, Sampling
from agentkit.engine.local import LocalEngine
from tests.dialect.templates import HEADED, TEMPLATES
from tests.dialect.test_prompt import make_tokenizer
from tests.models import random_llama
from tests.vocabulary import large_tokenizer

COUNT = int(os.environ.get("AGENTKIT_FORCED_CALLS", "8"))
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": ["x", "y"]}
TREE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer", "maximum": 99, "minimum": 0},
        "kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2},
    },
    "required": ["value"],
}
ITEM = {
    "type": "object",
    "properties": {"on": {"type": "boolean"}, "size": {"type": ["integer", "null"], "maximum": 9, "minimum": 0}},
    "required": ["on"],
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "nested": {"box": {"type": "object", "properties": {"items": {"type": "array", "items": ITEM, "maxItems": 3}}}},
    "choices": {
        "unit": {"enum": ["C", "F", "K °"]},
        "level": {"enum": [1, 2, None, "x y"]},
        "kind": {"const": "fixed"},
        "mode": {"anyOf": [{"enum": ["on", "off"]}, {"type": "null"}]},
    },
    "patterns": {
        "code": {"type": "string", "pattern": "^[A-Z]{2}-\\d{3}$"},
        "day": {"type": "string", "format": "date"},
        "key": {"type": "string", "format": "uuid"},
    },
    "bounds": {
        "text": {"type": "string", "minLength": 2, "maxLength": 6},
        "whole": {"type": "integer", "minimum": -5, "maximum": 300},
        "some": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    },
    "unions": {
        "any_of": {
            "anyOf": [{"type": "string", "maxLength": 9}, {"type": "boolean"}, {"type": "array", "maxItems": 0}]
        },
        "or_null": {"anyOf": [{"type": "integer", "minimum": 3, "maximum": 50}, {"type": "null"}]},
    },
    "definitions": {"color": {"$ref": "#/$defs/color"}, "at": {"allOf": [{"$ref": "#/$defs/point"}]}},
    "recursion": {"tree": {"$ref": "#/$defs/tree"}},
    "maps": {"counts": {"type": "object", "additionalProperties": {"type": "boolean"}}},
    "unicode": {"ort": {"enum": ["Zürich", "東京", 'naïve "x"']}, "größe": {"type": "boolean"}},
    "empty": {},
}
DEFINITIONS = {"color": {"enum": ["red", "green"], "type": "string"}, "point": POINT, "tree": TREE}
OPTIONAL = {"size", "or_null", "größe"}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"try_{name}",
            "description": f"Try {name}.",
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": [key for key in properties if key not in OPTIONAL],
                **({"$defs": DEFINITIONS} if "$ref" in json.dumps(properties) else {}),
            },
        },
    }
    for name, properties in ARGUMENTS.items()
]
SCHEMAS = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}
CLOSING = 48
"""Tokens that a call ends with, at most, which leave nothing to choose: the model has not read them when it ends."""
REWRITTEN = {"name marker", "indented", "headed"}
"""Whose templates number calls anew, indent them anew, and order headers anew."""
KINDS = {**TEMPLATES, "headed": HEADED}


def make_chat(kind: str) -> ChatHuggingFace:
    tokenizer = make_tokenizer(KINDS[kind])
    return ChatHuggingFace.from_model(random_llama(tokenizer), tokenizer, temperature=1.0, max_tokens=400)


@pytest.mark.parametrize("kind", KINDS)
def test_forced_calls(kind: str) -> None:
    chat = make_chat(kind)

    def talk(seed: int) -> tuple[bool, bool]:
        """One forced call and the turn after it; whether it ended in time, and was found in the cache again."""
        choice = f"try_{list(ARGUMENTS)[seed % len(ARGUMENTS)]}" if seed % 3 else "any"
        model = chat.bind_tools(TOOLS, tool_choice=choice, parallel_tool_calls=None if seed % 2 else False)
        question = HumanMessage(f"Go {seed}.")
        said = model.invoke([question], seed=seed)
        if said.response_metadata["finish_reason"] == "length":
            return False, False
        assert said.invalid_tool_calls == []
        assert said.tool_calls
        for call in said.tool_calls:
            assert choice in {"any", call["name"]}
            jsonschema.validate(call["args"], SCHEMAS[call["name"]])
        results = [ToolMessage("Done.", tool_call_id=call["id"]) for call in said.tool_calls]
        again = chat.bind_tools(TOOLS).invoke([question, said, *results], max_tokens=1)
        assert said.usage_metadata is not None
        assert again.usage_metadata is not None
        cached = again.usage_metadata["input_token_details"]["cache_read"]
        return True, cached >= said.usage_metadata["total_tokens"] - CLOSING

    with ThreadPoolExecutor(8) as pool:
        talks = list(pool.map(talk, range(COUNT)))
    ended, found = (sum(one) for one in zip(*talks, strict=True))
    assert ended >= COUNT / 2
    # Templates write some values in one way that grammars let be written in several, such as -0 and 0.
    assert found >= (0 if kind in REWRITTEN else 0.5 * ended)


def test_with_a_vocabulary_of_real_size() -> None:
    tokenizer = large_tokenizer()
    local = LocalEngine(random_llama(tokenizer, width=16, layers=1), tokenizer)
    asked = []
    for template in KINDS.values():
        dialect = Dialect.from_template(template)
        lead = dialect.prompt([{"role": "user", "content": "Go."}], TOOLS).text
        for seed in range(max(1, COUNT // 8)):
            grammar = dialect.grammar(TOOLS, "any", prompt=lead, tokenizer=tokenizer)
            sampling = Sampling(temperature=1.0, seed=seed)
            asked.append(
                (dialect, lead, local.submit(Request([5, 6], max_tokens=400, grammar=grammar, sampling=sampling)))
            )
    ended = 0
    for dialect, lead, stream in asked:
        text = "".join(token.text for token in stream)
        if stream.finish.reason == "length":
            continue
        ended += 1
        message = dialect.read(text, tools=TOOLS, prompt=lead)
        assert message.tool_calls, text
        assert message.invalid_tool_calls == []
        for call in message.tool_calls:
            jsonschema.validate(call["args"], SCHEMAS[call["name"]])
    local.close()
    assert ended >= len(asked) / 2
