"""The calculator: a LangChain tool over exact arithmetic and numexpr."""

from __future__ import annotations

from typing import Annotated

from langchain_core.tools import StructuredTool, ToolException

from .arithmetic import CalculationError
from .errors import report_errors
from .expression import evaluate
from .numerals import format_number


def _calculator(expression: Annotated[str, "For example 37593 * 67, 12.5% of 840 or 2^(1/5)."]) -> str:
    try:
        return format_number(evaluate(expression))
    except CalculationError as error:
        raise ToolException(str(error)) from None


calculator = report_errors(
    StructuredTool.from_function(
        _calculator,
        name="calculator",
        description="Compute the value of an arithmetic expression.",
    )
)
"""A LangChain tool: `calculator.invoke({"expression": "12.5% of 840"})` is "105".

The notation is that of `agentkit.tools.expression`; the form of the result that of `agentkit.tools.numerals`. Whole
numbers are exact to 4,000 digits. What is not arithmetic, or has no value, is answered with a text that begins with
"Error: ", and as a `ToolMessage` of status "error".
"""
