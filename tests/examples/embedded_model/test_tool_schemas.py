"""What the model is trained on is what the tools that ship say of themselves and return."""

from __future__ import annotations

import math

import tool_schemas
from agentkit.tools import calculator, search
from conversations import arithmetic
from draw import Draw
from langchain_core.utils.function_calling import convert_to_openai_tool


def test_schemas_are_those_of_the_tools_that_ship() -> None:
    for schema, tool in ((tool_schemas.CALCULATOR, calculator), (tool_schemas.SEARCH, search)):
        assert convert_to_openai_tool(tool)["function"] == schema


def test_the_calculator_accepts_every_expression_and_agrees() -> None:
    draw = Draw("calculator")
    for _ in range(300):
        _, expression = arithmetic.question(draw)
        expected, got = arithmetic.computed(expression), calculator.invoke({"expression": expression})
        if expected.startswith("Error"):
            assert got.startswith("Error")
        else:
            assert math.isclose(float(expected), float(got), rel_tol=1e-9), expression
