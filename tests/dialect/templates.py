"""Chat templates of every kind of syntax, written for these tests: the smallest that show each kind's traps."""

from __future__ import annotations

HEAD = (
    "{% for m in messages %}{% if m.role != 'assistant' %}<|turn|>{{ m.role }}\n"
    "{% if loop.first and tools %}{% for t in tools %}{{ t | tojson }}\n{% endfor %}{% endif %}"
    "{{ m.content }}<|over|>\n"
    "{% else %}<|turn|>assistant\n"
)
TAIL = "<|over|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
SAID = "{{ m.content or '' }}"
CALLS = "{% for c in m.tool_calls or [] %}"


def turn(body: str) -> str:
    """A template whose assistant turns are written by this body."""
    return HEAD + body + TAIL


TEMPLATES = {
    "json in tags": turn(
        SAID + CALLS + "{% if not loop.first or m.content %}{{ '\n' }}{% endif %}<call>\n"
        '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n</call>{% endfor %}'
    ),
    "bare json": turn(
        "{% if m.tool_calls %}{% if m.tool_calls | length > 1 %}{{ raise_exception('one call at most') }}{% endif %}"
        '{"name": "{{ m.tool_calls[0].function.name }}", "parameters": '
        "{{ m.tool_calls[0].function.arguments | tojson }}}{% else %}" + SAID + "{% endif %}"
    ),
    "list in tags": turn(
        SAID + "{% if m.tool_calls %}[CALLS] [" + CALLS + '{"id": "{{ c.id }}", "tool": "{{ c.function.name }}", '
        '"args": {{ c.function.arguments | tojson }}}{{ ", " if not loop.last }}{% endfor %}]{% endif %}'
    ),
    "name is the key": turn(
        SAID
        + "{% if m.tool_calls %}<|begin|>["
        + CALLS
        + '{"{{ c.function.name }}": {{ c.function.arguments | tojson }}}'
        '{{ ", " if not loop.last }}{% endfor %}]<|end|>{% endif %}'
    ),
    "lines in tags": turn(
        SAID + "{% if m.tool_calls %}<calls>\n" + CALLS + '{"name": "{{ c.function.name }}", "arguments": '
        "{{ c.function.arguments | tojson }}}\n{% endfor %}</calls>{% endif %}"
    ),
    "arguments as a string": turn(
        SAID + CALLS + '<call>{"name": "{{ c.function.name }}", "arguments": '
        "{{ c.function.arguments | tojson | tojson }}}</call>{% endfor %}"
    ),
    "name marker": turn(
        SAID + CALLS + "<|call|>functions.{{ c.function.name }}:{{ loop.index0 }}<|args|>"
        "{{ c.function.arguments | tojson }}<|done|>{% endfor %}"
    ),
    "name marker with id": turn(
        SAID + CALLS + "[CALL]{{ c.function.name }}[ID]{{ c.id }}[ARGS]{{ c.function.arguments | tojson }}{% endfor %}"
    ),
    "fenced": turn(
        SAID + "{% if m.tool_calls %}<|calls|>" + CALLS + "<|call|>function<|sep|>{{ c.function.name }}\n```json\n"
        "{{ c.function.arguments | tojson }}\n```<|done|>{{ '\n' if not loop.last }}{% endfor %}<|all|>{% endif %}"
    ),
    "function tags": turn(
        SAID + CALLS + "<call>\n<function={{ c.function.name }}>\n"
        "{% for k, v in c.function.arguments.items() %}<parameter={{ k }}>\n"
        "{{ v if v is string else v | tojson }}\n</parameter>\n{% endfor %}</function>\n</call>{% endfor %}"
    ),
    "attributes": turn(
        SAID + "{% if m.tool_calls %}<calls>\n" + CALLS + '<invoke name="{{ c.function.name }}">\n'
        "{% for k, v in c.function.arguments.items() %}"
        '<parameter name="{{ k }}">{{ v if v is string else v | tojson }}</parameter>\n'
        "{% endfor %}</invoke>\n{% endfor %}</calls>{% endif %}"
    ),
    "typed attributes": turn(
        SAID + CALLS + '<invoke name="{{ c.function.name }}">\n{% for k, v in c.function.arguments.items() %}'
        "<parameter name=\"{{ k }}\" string=\"{{ 'true' if v is string else 'false' }}\">"
        "{{ v if v is string else v | tojson }}</parameter>\n{% endfor %}</invoke>{% endfor %}"
    ),
    "elements": turn(
        SAID + CALLS + '<invoke name="{{ c.function.name }}">{% for k, v in c.function.arguments.items() %}'
        "<{{ k }}>{{ v if v is string else v | tojson }}</{{ k }}>{% endfor %}</invoke>{% endfor %}"
    ),
    "pairs": turn(
        SAID + CALLS + "<call>{{ c.function.name }}\n{% for k, v in c.function.arguments.items() %}"
        "<key>{{ k }}</key>\n<value>{{ v if v is string else v | tojson }}</value>\n{% endfor %}</call>{% endfor %}"
    ),
    "own quotes": turn(
        "{% macro lit(v) %}{% if v is string %}<|q|>{{ v }}<|q|>{% elif v is mapping %}{ {%- for k, x in v.items() -%}"
        "{{ k }}:{{ lit(x) }}{{ ',' if not loop.last }}{% endfor %}}{% elif v is iterable %}["
        "{% for x in v %}{{ lit(x) }}"
        "{{ ',' if not loop.last }}{% endfor %}]{% else %}{{ v | tojson }}{% endif %}{% endmacro %}"
        + SAID
        + CALLS
        + "<|call>call:{{ c.function.name }}{ {%- for k, v in c.function.arguments.items() -%}"
        "{{ k }}:{{ lit(v) }}{{ ',' if not loop.last }}{% endfor %}}<call|>{% endfor %}"
    ),
    "python": turn(
        SAID + "{% if m.tool_calls %}[" + CALLS + "{{ c.function.name }}({% for k, v in c.function.arguments.items() %}"
        "{{ k }}={% if v is string %}{{ v | tojson }}{% elif v is boolean %}{{ 'True' if v else 'False' }}"
        "{% elif v is none %}None{% else %}{{ v | tojson }}{% endif %}{{ ', ' if not loop.last }}{% endfor %})"
        "{{ ', ' if not loop.last }}{% endfor %}]{% endif %}"
    ),
    "types in words": turn(
        SAID + CALLS + "<|call|>{{ c.function.name }}{% for k, v in c.function.arguments.items() %}"
        '<|arg key="{{ k }}" type="'
        "{{ 'string' if v is string else 'boolean' if v is boolean else 'number' if v is number else 'object' if v is "
        "mapping else 'array' }}"
        '"|>{{ v if v is string else v | tojson }}<|/arg|>{% endfor %}<|/call|>{% endfor %}'
    ),
    "guarded strings": turn(
        SAID
        + CALLS
        + '<f name="{{ c.function.name }}">{% for k, v in c.function.arguments.items() %}<p name="{{ k }}">'
        "{% if v is string and ('<' in v or '\n' in v or '&' in v) %}<![CDATA[{{ v }}]]>{% elif v is string %}{{ v }}"
        "{% else %}{{ v | tojson }}{% endif %}</p>{% endfor %}</f>{% endfor %}"
    ),
    "the id tells the name": turn(
        SAID + CALLS + "<|call|>{{ c.id }}<|args|>{{ c.function.arguments | tojson }}<|done|>{% endfor %}"
    ),
    "words": turn(
        SAID + "{% if m.tool_calls %}tools[" + CALLS + '{"name": "{{ c.function.name }}", "arguments": '
        '{{ c.function.arguments | tojson }}}{{ ", " if not loop.last }}{% endfor %}]{% endif %}'
    ),
    "python lines": turn(
        SAID + "{% if m.tool_calls %}<calls>\n" + CALLS + "{{ c.function.name }}({% for k, v in "
        "c.function.arguments.items() %}{{ k }}={% if v is string %}{{ v | tojson }}{% elif v is boolean %}"
        "{{ 'True' if v else 'False' }}{% else %}{{ v | tojson }}{% endif %}{{ ', ' if not loop.last }}{% endfor %})\n"
        "{% endfor %}</calls>{% endif %}"
    ),
    "indented": turn(
        SAID + CALLS + "<call>\n{{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson(indent=2) }}\n"
        "</call>\n{% endfor %}"
    ),
}
"""By kind. Each renders text and calls; the user's and the tools' turns are the same in all."""

THINKING = HEAD + (
    "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
    + TEMPLATES["json in tags"][len(HEAD) :]
)
OPENED = THINKING[: -len("{% endif %}")] + "<think>\n{% endif %}"
"""The prompt itself opens the thought."""

HEADED = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% if m.reasoning_content %}"
    "<|start|>assistant<|channel|>inner<|message|>{{ m.reasoning_content }}<|end|>{% endif %}"
    "{% for c in m.tool_calls or [] %}<|start|>assistant to=functions.{{ c.function.name }}"
    "<|channel|>outer json<|message|>"
    "{{ c.function.arguments | tojson }}<|call|>{% endfor %}"
    "{% if m.content %}<|start|>assistant<|channel|>last<|message|>{{ m.content }}<|return|>{% endif %}"
    "{% else %}<|start|>{{ m.role }}<|message|>{% if loop.first and tools %}{{ tools | tojson }}{% endif %}"
    "{{ m.content }}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)

NO_TOOLS = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "<turn>{{ m.role }}\n{{ m.content }}</turn>\n{% endfor %}{% if add_generation_prompt %}<turn>assistant\n{% endif %}"
)
