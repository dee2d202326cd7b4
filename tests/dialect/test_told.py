"""Templates that list tools and tell the model in words how to call one."""

from __future__ import annotations

import pytest

from agentkit.dialect import Dialect
from tests.dialect.conversations import TOOLS

TOLD = {
    "json in tags": (
        'Return each call as JSON within tags:\n<call>\n{"name": <function-name>, "arguments": <args-json>}\n</call>',
        '<call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}\n</call>',
    ),
    "bare json": (
        'Respond in the format {"name": function name, "parameters": dictionary of arguments}. No variables.',
        '{"name": "get_weather", "parameters": {"city": "Oslo", "days": 2}}',
    ),
    "python": (
        "Put calls in the format [func_name1(param1=value1, param2=value2...), func_name2(param)].",
        '[get_weather(city="Oslo", days=2)]',
    ),
    "python in marks": (
        "Write <|calls|>[func_name(param1=value1)]<|/calls|> to call.",
        '<|calls|>[get_weather(city="Oslo", days=2)]<|/calls|>',
    ),
    "function tags": (
        "Use this format:\n<tool_call>\n<function=example>\n<parameter=one>\nvalue_1\n</parameter>\n<parameter=two>\n"
        "a value\nover lines\n</parameter>\n</function>\n</tool_call>",
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
    ),
    "a mark alone": (
        "When a tool is needed, respond only with <|tool_call|> followed by a JSON list of tools.",
        '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}]',
    ),
}


@pytest.mark.parametrize("kind", TOLD)
def test_the_example_is_the_syntax(kind: str) -> None:
    words, output = TOLD[kind]
    template = (
        "{% if tools %}<|turn|>system\n"
        + words
        + "\n{% for t in tools %}{{ t | tojson(indent=4) }}\n{% endfor %}<|over|>\n"
        "{% endif %}{% for m in messages %}<|turn|>{{ m.role }}\n{{ m.content }}<|over|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
    )
    dialect = Dialect.from_template(template)
    message = dialect.read("Let me see.\n" + output, tools=TOOLS)
    assert [(c["name"], c["args"]) for c in message.tool_calls] == [("get_weather", {"city": "Oslo", "days": 2})]
    assert message.content == "Let me see."
    prompt = dialect.prompt(
        [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "1", "function": {"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}}
                ],
            },
            {"role": "tool", "content": "Sunny.", "tool_call_id": "1"},
        ],
        TOOLS,
    )
    written = prompt.text.split("<|turn|>assistant\n")[1]
    assert written.partition("<|over|>")[0].split() == output.split()
    assert written.partition("<|over|>")[2] == "\n<|turn|>tool\nSunny.<|over|>\n"


@pytest.mark.parametrize(
    "output",
    [
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}\n</tool_call>',
        '<|tool_call_start|>[get_weather(city="Oslo", days=2)]<|tool_call_end|>',
        '{"name": "get_weather", "parameters": {"city": "Oslo", "days": 2}}',
        '[{"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}}]',
    ],
)
def test_where_nothing_is_told_the_forms_in_use_are_read(output: str) -> None:
    template = (
        "{% if tools %}Tools: {{ tools | tojson }}\n{% endif %}{% for m in messages %}<|turn|>{{ m.role }}\n"
        "{{ m.content }}<|over|>\n{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
    )
    dialect = Dialect.from_template(template)
    assert dialect.syntax.calls is None
    message = dialect.read(f"Sure.\n{output}\nDone.", tools=TOOLS)
    assert [(c["name"], c["args"]) for c in message.tool_calls] == [("get_weather", {"city": "Oslo", "days": 2})]
    assert message.content.split() == ["Sure.", "Done."]
    other = output.replace("get_weather", "print") if "<tool_call>" not in output else "[1] print(city=3)"
    assert dialect.read(other, tools=TOOLS).tool_calls == []


def test_no_example_is_no_syntax() -> None:
    template = "{% for m in messages %}{{ m.content }}{% if loop.first %}{{ tools | tojson }}{% endif %}{% endfor %}"
    assert Dialect.from_template(template).syntax.calls is None
