"""Answers of a given schema: `with_structured_output`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import warnings
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import jsonschema
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableBranch, RunnableLambda, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import PydanticJsonSchemaWarning
from pydantic.v1 import BaseModel as BaseModelV1
from typing_extensions import is_typeddict

from agentkit import schemas
from agentkit.dialect.events import number
from agentkit.dialect.options import options, recursive
from agentkit.errors import SchemaError
from agentkit.messages import call_errors

if TYPE_CHECKING:
    from agentkit.chat import ChatHuggingFace

_WORDS = {
    *("type", "properties", "items", "prefixItems", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "required"),
    *("additionalProperties", "patternProperties", "pattern", "format", "minimum", "maximum", "$defs", "definitions"),
    *("minLength", "maxLength", "minItems", "maxItems", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "not", "if"),
}
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL | re.IGNORECASE)
TOLD = "Answer with JSON that fits this schema:\n{schema}"


def told(turns: list[dict[str, Any]], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation with the schema as the last paragraph of its system turn."""
    text = TOLD.format(schema=json.dumps(schema, ensure_ascii=False))
    if turns and turns[0]["role"] == "system":
        return [{**turns[0], "content": f"{turns[0]['content']}\n\n{text}"}, *turns[1:]]
    return [{"role": "system", "content": text}, *turns]


def runnable(
    model: ChatHuggingFace,
    schema: Any,
    *,
    method: str,
    include_raw: bool,
    strict: bool | None,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, Any]:
    """The model bound to the schema, and what reads its answers; see `ChatHuggingFace.with_structured_output`."""
    if method not in {"json_schema", "function_calling", "json_mode"}:
        raise ValueError(f'method={method!r} is none of "json_schema", "function_calling" and "json_mode".')
    if schema is None:
        if method != "json_mode":
            raise ValueError(f"method={method!r} needs a schema.")
        schema = {"title": "answer", "type": "object", "properties": {}, "additionalProperties": True}
    described = json_schema(schema)
    name = _name(schema, described)
    schemas.grammar_schema(described)  # an impossible schema is told here, not when the first question is asked
    told_format = {
        "kwargs": {"method": method},
        "schema": schema if _is_known(schema) else {"title": name, **described},
    }
    bound: Runnable[LanguageModelInput, Any]
    if method == "function_calling":
        bound = model.bind_tools(
            [_function(schema, described, name)],
            tool_choice=name,
            strict=strict,
            parallel_tool_calls=False,
            ls_structured_output_format=told_format,
            **kwargs,
        )
    else:
        response_format: dict[str, Any] = {"type": "json_object", "schema": described}
        if method == "json_schema":
            response_format = {
                "type": "json_schema",
                "json_schema": {"name": name, "schema": described, "strict": strict},
            }
        bound = model.bind(response_format=response_format, ls_structured_output_format=told_format, **kwargs)

    called = method == "function_calling"

    def model_of_turn(turn: dict[str, Any]) -> Runnable[dict[str, Any], Any]:
        return RunnableLambda(itemgetter("messages")) | bound.bind(**turn["settings"])

    def read(turn: dict[str, Any]) -> dict[str, Any]:
        try:
            return {**turn, "parsed": _parsed(turn["raw"], schema, described, called=called), "parsing_error": None}
        except OutputParserException as error:
            return {**turn, "parsed": None, "parsing_error": error}

    def answered(turn: dict[str, Any]) -> Any:
        if include_raw:
            return {key: turn[key] for key in ("raw", "parsed", "parsing_error")}
        if turn["parsing_error"] is not None:
            raise turn["parsing_error"]
        return turn["parsed"]

    ask = RunnablePassthrough.assign(raw=RunnableLambda(model_of_turn, name="model")) | RunnableLambda(
        read, name="read_answer"
    )
    again = RunnableBranch((_worth_another_try, RunnableLambda(_complained) | ask), RunnablePassthrough())
    return RunnableLambda(_asked) | ask | again | RunnableLambda(answered, name="answer")


def _asked(question: Any, **settings: Any) -> dict[str, Any]:
    """What the steps pass on: the conversation, and the settings of this call."""
    if isinstance(question, PromptValue):
        messages = question.to_messages()
    else:
        messages = convert_to_messages([question] if isinstance(question, str) else question)
    return {"messages": messages, "settings": settings}


def _worth_another_try(turn: dict[str, Any]) -> bool:
    """Whether the model may do better when it is told what is wrong: not where it ran out of tokens."""
    return turn["parsing_error"] is not None and turn["raw"].response_metadata.get("finish_reason") != "length"


def _complained(turn: dict[str, Any]) -> dict[str, Any]:
    """The conversation with the answer and what is wrong with it."""
    raw, wrong = turn["raw"], str(turn["parsing_error"]).partition("\nFor troubleshooting")[0]
    calls = [*raw.tool_calls, *raw.invalid_tool_calls]
    told: list[BaseMessage] = [
        ToolMessage(f"Error: {wrong}", tool_call_id=call["id"], status="error") for call in calls
    ]
    return {**turn, "messages": [*turn["messages"], raw, *(told or [HumanMessage(f"{wrong} Answer again.")])]}


def json_schema(schema: Any) -> dict[str, Any]:
    """The JSON Schema of a pydantic model, TypedDict, dataclass, enumeration, type, or specification in OpenAI's forms.

    Raises:
        SchemaError: where it is nothing of the kind.
    """
    if isinstance(schema, dict):
        inner = schema.get("function", schema)
        inner = inner.get("json_schema", inner)
        for word in ("schema", "parameters", "input_schema"):
            if isinstance(inner.get(word), dict):
                about = {key: inner[key] for key in ("description",) if key in inner}
                return {"title": inner.get("name", "answer"), **about, **inner[word]}
        if not _WORDS & inner.keys():
            raise SchemaError(f"This is no JSON Schema, for none of its keys is a keyword: {sorted(inner)}")
        return {key: value for key, value in inner.items() if key not in {"name", "strict"}}
    if isinstance(schema, type) and issubclass(schema, BaseModelV1):
        return dict(_tuples(schema.schema()))
    if is_typeddict(schema):
        with contextlib.suppress(TypeError):  # LangChain knows descriptions in it, but not `NotRequired`
            return convert_to_json_schema(schema)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PydanticJsonSchemaWarning)  # of defaults that JSON can't hold
            return TypeAdapter(schema).json_schema()
    except PydanticUserError as error:
        raise SchemaError(f"{schema!r} can't be described as JSON: {error}") from error


def _tuples(schema: Any) -> Any:
    """A schema of pydantic 1 with its tuples as later drafts write them."""
    if isinstance(schema, list):
        return [_tuples(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {word: _tuples(part) for word, part in schema.items()}
    if isinstance(inner.get("items"), list):
        inner |= {"prefixItems": inner.pop("items"), "items": False}
    return inner


def _is_known(schema: Any) -> bool:
    """Whether LangChain itself can describe it, as it does in traces."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            convert_to_json_schema(schema)
    except Exception:  # whatever a person's own type raises
        return False
    return True


def _function(schema: Any, described: dict[str, Any], name: str) -> dict[str, Any]:
    """The specification of a function whose arguments are the answer.

    Raises:
        SchemaError: where the answer is no object.
    """
    if not all(option.get("type") == "object" for option in options(described, described)):
        raise SchemaError('Arguments of functions are objects, and this is none; take method="json_schema".')
    # LangChain would cut a recursive schema short, warns of a dataclass with a default factory, and keeps old tuples.
    old = isinstance(schema, type) and issubclass(schema, BaseModelV1)
    if old or isinstance(schema, dict) or dataclasses.is_dataclass(schema) or recursive(described):
        about = {"description": described.get("description", "")}
        return {"type": "function", "function": {"name": name, **about, "parameters": described}}
    tool = convert_to_openai_tool(schema)
    return {**tool, "function": {**tool["function"], "name": name}}


def _name(schema: Any, described: Mapping[str, Any]) -> str:
    """A name for a schema, as functions may be named."""
    inner: Any = schema.get("function", schema) if isinstance(schema, dict) else {}
    inner = inner.get("json_schema", inner)
    named = inner["name"] if isinstance(inner.get("name"), str) else described.get("title")
    name = named or getattr(schema, "__name__", "answer")
    return re.sub(r"[^A-Za-z0-9_-]+", "_", str(name)).strip("_") or "answer"


def _parsed(message: AIMessage, schema: Any, described: dict[str, Any], *, called: bool) -> Any:
    """The answer in a message, validated.

    Raises:
        OutputParserException: where there is none, or it doesn't fit; the text says what is wrong with it.
    """
    text = str(message.text)
    cut = " It was cut off: raise max_tokens." if message.response_metadata.get("finish_reason") == "length" else ""
    if called:
        if message.invalid_tool_calls:
            raise OutputParserException(call_errors(message)[0], llm_output=text)
        if not message.tool_calls:
            said = f"The model answered without the tool call it was asked for.{cut}"
            raise OutputParserException(said, llm_output=text)
        answer: Any = message.tool_calls[0]["args"]
    else:
        try:
            answer = json.loads(_unfenced(text), strict=False, parse_constant=number, parse_float=number)
        except (ValueError, RecursionError) as error:
            raise OutputParserException(f"The answer is not valid JSON: {error}.{cut}", llm_output=text) from error
    try:
        schemas.validate(answer, described)
        if isinstance(schema, type) and issubclass(schema, BaseModelV1):
            return schema.parse_obj(answer)
        if not isinstance(schema, dict) and not is_typeddict(schema):
            # As JSON, where a date is a string also for strict models.
            return TypeAdapter(schema).validate_json(json.dumps(answer, allow_nan=False))
    except Exception as error:  # a person's own validators may raise anything
        reason = schemas.told(error) if isinstance(error, jsonschema.ValidationError) else str(error) or repr(error)
        raise OutputParserException(f"The answer does not fit the schema: {reason}", llm_output=text) from error
    return answer


def _unfenced(text: str) -> str:
    """The text without the fence that models put around JSON where no grammar holds them."""
    found = _FENCED.fullmatch(text.strip())
    return found[1] if found else text
