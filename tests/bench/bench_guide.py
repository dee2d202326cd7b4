"""What it takes to hold a call to its schema: compiling the grammar of a tool set, with a vocabulary of real size."""

from __future__ import annotations

import statistics
import time
from typing import Any

from agentkit.dialect import Dialect
from agentkit.engine.guide import Guides
from tests.dialect.templates import TEMPLATES
from tests.vocabulary import large_tokenizer

REPEATS = 7


def _tool(number: int) -> dict[str, Any]:
    deep = {"type": "object", "properties": {"exact": {"type": "boolean"}, "size": {"type": ["number", "null"]}}}
    properties = {
        "query": {"type": "string", "description": "What to look for."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 50},
        "unit": {"enum": ["C", "F"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "deep": {**deep, "required": ["exact"]},
    }
    parameters = {"type": "object", "properties": properties, "required": ["query", "unit"]}
    return {"name": f"tool_{number}", "description": "Does a thing.", "parameters": parameters}


def figures() -> dict[str, float]:
    """Milliseconds from a set of 20 tools to the first mask: the median, for the slowest of the kinds of syntax."""
    tokenizer = large_tokenizer()
    guides = Guides(tokenizer, len(tokenizer), [tokenizer.eos_token_id])
    guides.guide('start: "a"').allowed()  # reads the vocabulary, once for each model
    tools = [_tool(number) for number in range(20)]
    medians = {}
    for kind, template in TEMPLATES.items():
        dialect = Dialect.from_template(template)
        taken = []
        for repeat in range(REPEATS):
            begin = time.perf_counter()
            # A comment of its own makes each grammar a new one.
            grammar = dialect.grammar(tools, "any", tokenizer=tokenizer) + f"// {repeat}\n"
            guides.guide(grammar).allowed()
            taken.append(time.perf_counter() - begin)
        medians[kind] = statistics.median(taken)
    return {
        "compile_20_tools_ms": max(medians.values()) * 1000,
        "compile_20_tools_json_ms": medians["json in tags"] * 1000,
    }
