"""The calculator as a tool: what it is told, what it answers, and that it never raises on what a model wrote."""

import asyncio
from typing import Any

import pytest
from agentkit.tools import calculator
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests


class _Calculator:
    @property
    def tool_constructor(self) -> BaseTool:
        return calculator

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"expression": "37593 * 67"}


class TestUnit(_Calculator, ToolsUnitTests):
    pass


class TestIntegration(_Calculator, ToolsIntegrationTests):
    pass


def test_what_the_model_is_told() -> None:
    assert convert_to_openai_tool(calculator)["function"] == {
        "name": "calculator",
        "description": "Compute the value of an arithmetic expression.",
        "parameters": {
            "properties": {
                "expression": {
                    "description": "For example 37593 * 67, 12.5% of 840 or 2^(1/5).",
                    "type": "string",
                }
            },
            "required": ["expression"],
            "type": "object",
        },
    }


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("37593 * 67", "2518731"),
        ("12.5% of 840", "105"),
        ("68,400,000 / 2", "34200000"),
        ("68,042,591 / 2", "34021295.5"),
        ("37593^(1/5)", "8.22283161424"),
        ("1/3", "0.333333333333"),
        ("0.1 + 0.2", "0.3"),
        ("37593 ** 9", str(37593**9)),
        ("2^1000 - 1", str(2**1000 - 1)),
        ("sqrt(10^40)", str(10**20)),
        ("105.0", "105"),
        ("-0.0", "0"),
        ("0.00001234", "0.00001234"),
        ("1 / 3e12", "3.33333333333e-13"),
        ("2^0.5 * 1e30", "1.41421356237e+30"),
        ("1234567890123.45 + 1", "1234567890124.45"),
        ("= 2 + 2 = ?", "4"),
    ],
)
async def test_results_as_people_read_them(expression: str, result: str) -> None:
    assert calculator.invoke({"expression": expression}) == result
    assert await calculator.ainvoke({"expression": expression}) == result


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"expression": "__import__('os').system('id')"}, "Allowed: numbers"),
        ({"expression": "price * 2"}, "'price' is not known. Allowed names: pi, e, abs"),
        ({"expression": "1/0"}, "division by zero"),
        ({"expression": 3}, "expression: input should be a valid string"),
        ({"expresion": "3"}, "expression: field required"),
    ],
)
def test_errors_reach_the_model_as_messages(arguments: dict[str, Any], says: str) -> None:
    message = calculator.invoke({"type": "tool_call", "id": "1", "name": "calculator", "args": arguments})
    assert isinstance(message, ToolMessage)
    assert message.status == "error"
    assert message.text.startswith("Error: ")
    assert says in message.text


def test_many_threads_at_once() -> None:
    async def ask() -> list[str]:
        return await asyncio.gather(*(calculator.ainvoke({"expression": f"sqrt({n} * pi)^2 / pi"}) for n in range(200)))

    assert asyncio.run(ask()) == [str(n) for n in range(200)]
