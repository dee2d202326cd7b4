"""What the model is told of a call that came to nothing: what was wrong, and what it can do."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_args, get_type_hints

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, ToolException
from pydantic import ValidationError
from pydantic.v1 import ValidationError as ValidationErrorV1

from agentkit import schemas

HandleToolErrors = bool | str | Callable[[Exception], str] | type[Exception] | tuple[type[Exception], ...]


def fault(call: Mapping[str, Any], text: str) -> ToolMessage:
    """The result of a call that failed."""
    return ToolMessage(f"Error: {text}", tool_call_id=call["id"], name=call["name"] or None, status="error")


def unknown(name: str, names: Collection[str]) -> str:
    """There is no tool of this name."""
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        return f"There is no tool {name!r}. Did you mean {' or '.join(map(repr, near))}?"
    return f"There is no tool {name!r}. The tools are: {', '.join(names)}."


def bad_arguments(error: ValidationError | ValidationErrorV1) -> str:
    """The arguments do not fit the tool's schema."""
    lines = [f"- {'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()]
    return "\n".join(["The arguments do not fit the tool:", *lines])


def unfitting(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What is wrong with the arguments of a tool of a JSON Schema, which LangChain does not check; "" if nothing."""
    wrong = schemas.unfitting(dict(arguments), schema)
    return f"The arguments do not fit the tool:\n- {wrong}" if wrong else ""


def of_arguments(error: ValidationError | ValidationErrorV1, tool: BaseTool) -> bool:
    """Whether this is about the tool's arguments, and not of something that the tool looked at itself."""
    of = error.title if isinstance(error, ValidationError) else error.model.__name__
    return of in {getattr(schema, "__name__", None) for schema in (tool.args_schema, tool.get_input_schema())}


def too_late() -> str:
    """The time of the run was up before the call could begin."""
    return "The time was up before this call could begin. It was not run."


def timed_out(seconds: float) -> str:
    """The tool gave no result in time."""
    return f"The tool gave no result within {seconds:.3g} seconds."


def failed(error: Exception, handle: HandleToolErrors) -> str:
    """A tool raised an exception.

    Args:
        error: the exception.
        handle: as in `create_agent`.

    Raises:
        Exception: the same one, where it is to pass through.
    """
    if isinstance(handle, str):
        return handle
    if isinstance(handle, (type, tuple)):
        handle = isinstance(error, handle)
    if callable(handle):
        if not isinstance(error, _handled(handle)):
            raise error
        return handle(error)
    if not handle:
        raise error
    try:
        text = str(error)
    except Exception:  # whatever a person's own exception does
        text = ""
    if isinstance(error, ToolException):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _handled(handle: Callable[..., str]) -> tuple[type[BaseException], ...]:
    """The exceptions that a function says it takes, in the annotation of its parameter; all, where it says nothing."""
    try:
        hints = get_type_hints(handle)
        hint = hints.get(next(iter(inspect.signature(handle).parameters), ""), Exception)
    except (NameError, TypeError, ValueError):
        return (Exception,)
    kinds = get_args(hint) or (hint,)
    return tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseException)) or (Exception,)
