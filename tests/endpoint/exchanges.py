"""One question with two tools, as it is answered by the servers that people run: each in its own form.

Every exchange says: a thought where the server separates them, a call of get_weather, a call of now, and usage.
"""

from __future__ import annotations

from typing import Any

from tests.endpoint.loopback import piece, said

DONE = "data: [DONE]\n\n"
ARGUMENTS = '{"city": "Oslo ☀", "days": 2}'
EXPECTED = [("get_weather", {"city": "Oslo ☀", "days": 2}), ("now", {})]


def call(name: str, arguments: Any, call_id: str | None = "c", **fields: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **fields}


VLLM = said(
    None,
    "tool_calls",
    reasoning_content="hm",
    tool_calls=[call("get_weather", ARGUMENTS, "chatcmpl-tool-1"), call("now", "{}", "chatcmpl-tool-2")],
) | {
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 7,
        "total_tokens": 19,
        "prompt_tokens_details": {"cached_tokens": 8},
    }
}
VLLM_STREAM = [
    piece({"role": "assistant", "content": ""}),
    piece({"reasoning": "h"}),
    piece({"reasoning": "m"}),
    piece(
        {"tool_calls": [{"index": 0, "id": "chatcmpl-tool-1", "type": "function", "function": {"name": "get_weather"}}]}
    ),
    piece({"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS[:9]}}]}),
    piece({"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS[9:]}}]}),
    piece({"tool_calls": [{"index": 1, "id": "chatcmpl-tool-2", "type": "function", "function": {"name": "now"}}]}),
    piece({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
    piece({"content": ""}, "tool_calls"),
    {**piece(), "choices": [], "usage": VLLM["usage"]},
    DONE,
]

SGLANG = said(
    None,
    "tool_calls",
    reasoning_content="hm",
    tool_calls=[call("get_weather", ARGUMENTS, "call_1", index=-1), call("now", "{}", "call_2", index=-1)],
) | {
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 7,
        "total_tokens": 19,
        "prompt_tokens_details": {"cached_tokens": 8},
        "reasoning_tokens": 2,
    }
}
SGLANG_STREAM = [
    piece({"role": "assistant", "content": "", "reasoning_content": None, "tool_calls": None}),
    piece({"content": None, "reasoning_content": "hm", "tool_calls": None}),
    piece({"tool_calls": [call("get_weather", "", "call_1", index=0)]}),
    piece({"tool_calls": [call("", ARGUMENTS, None, index=0)]}),
    piece({"tool_calls": [call("now", "", "call_2", index=1)]}),
    piece({"tool_calls": [call("", "{}", None, index=1)]}),
    piece({"content": None}, "tool_calls"),
    {**piece(), "choices": [], "usage": SGLANG["usage"]},
    DONE,
]

TGI = said(
    None,
    "stop",
    tool_calls=[
        {
            "id": "0",
            "type": "function",
            "function": {"description": None, "name": "get_weather", "arguments": {"city": "Oslo ☀", "days": 2}},
        },
        {"id": "1", "type": "function", "function": {"description": None, "name": "now", "arguments": {}}},
    ],
)
TGI_STREAM = [
    ": keep-alive\n\n",
    piece(
        {
            "role": "assistant",
            "tool_calls": {
                "index": 0,
                "id": "",
                "type": "function",
                "function": {"name": "get_weather", "arguments": ARGUMENTS[:5]},
            },
        }
    ),
    piece(
        {
            "role": "assistant",
            "tool_calls": {
                "index": 0,
                "id": "",
                "type": "function",
                "function": {"name": "get_weather", "arguments": ARGUMENTS[5:]},
            },
        }
    ),
    piece(
        {
            "role": "assistant",
            "tool_calls": {"index": 1, "id": "", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        }
    ),
    piece({"role": "assistant", "content": ""}, "stop", usage=VLLM["usage"]),
    DONE,
]

LLAMA_CPP = said(
    None,
    "tool_calls",
    reasoning_content="hm",
    tool_calls=[call("get_weather", ARGUMENTS, "Wk2h"), call("now", "{}", "x8Tr")],
) | {"timings": {"cache_n": 8, "prompt_n": 4, "predicted_n": 7}}
LLAMA_CPP_STREAM = [
    piece({"role": "assistant", "content": None}),
    piece({"reasoning_content": "hm"}),
    piece({"tool_calls": [call("get_weather", "", "Wk2h", index=0)]}),
    piece({"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS}}]}),
    piece({"tool_calls": [call("now", "{}", "x8Tr", index=1)]}),
    piece({}, "tool_calls"),
    {**piece(), "choices": [], "usage": VLLM["usage"], "timings": {"cache_n": 8}},
    DONE,
]

WITHOUT_NUMBERS = [
    piece(
        {"tool_calls": [call("get_weather", ARGUMENTS, "a", index=0), call("now", "{}", "b", index=0)]}, "tool_calls"
    ),
    {**piece(), "choices": [], "usage": VLLM["usage"]},
]
"""Every call numbered 0, as some servers do, and no last word."""

TEXT = (
    '<tool_call>\n{"name": "get_weather", "arguments": '
    + ARGUMENTS
    + '}\n</tool_call>\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
)
UNPARSED = said(TEXT, "stop")
UNPARSED_STREAM = [
    *(piece({"content": TEXT[at : at + 5]}) for at in range(0, len(TEXT), 5)),
    piece({}, "stop", usage=VLLM["usage"]),
    DONE,
]

WHOLE = {"vLLM": VLLM, "SGLang": SGLANG, "TGI": TGI, "llama.cpp": LLAMA_CPP, "unparsed": UNPARSED}
STREAMED = {
    "vLLM": VLLM_STREAM,
    "SGLang": SGLANG_STREAM,
    "TGI": TGI_STREAM,
    "llama.cpp": LLAMA_CPP_STREAM,
    "without numbers": WITHOUT_NUMBERS,
    "unparsed": UNPARSED_STREAM,
}
