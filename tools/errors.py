"""How these tools tell the model that something went wrong."""

from __future__ import annotations

from typing import Any, TypeVar

from langchain_core.tools import BaseTool, ToolException

AnyTool = TypeVar("AnyTool", bound=BaseTool)


def report_errors(tool: AnyTool) -> AnyTool:
    """Have `tool` answer a `ToolException` or wrong arguments with "Error: …" and status "error" instead of raising."""
    tool.handle_tool_error = _tool_error
    tool.handle_validation_error = _argument_error
    return tool


def _tool_error(error: ToolException) -> str:
    return f"Error: {error}"


def _argument_error(error: Any) -> str:
    problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg'].lower()}" for each in error.errors()]
    return f"Error: wrong arguments. {'; '.join(problems)}."
