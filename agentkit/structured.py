"""Answers of a given schema: `with_structured_output`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import jsonschema
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import BaseModel, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from agentkit.chat import ChatHuggingFace

TOLD = "Answer with JSON that fits this schema:\n{schema}"


def told(turns: list[dict[str, Any]], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation with the schema as the last paragraph of its system turn."""
    text = TOLD.format(schema=json.dumps(schema, ensure_ascii=False))
    if turns and turns[0]["role"] == "system":
        return [{**turns[0], "content": f"{turns[0]['content']}\n\n{text}"}, *turns[1:]]
    return [{"role": "system", "content": text}, *turns]


def runnable(
    model: ChatHuggingFace,
    schema: dict[str, Any] | type | None,
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
    name = convert_to_openai_tool(schema)["function"]["name"]
    described = json_schema(schema)
    told_format = {"kwargs": {"method": method}, "schema": schema}
    bound: Runnable[LanguageModelInput, Any]
    if method == "function_calling":
        bound = model.bind_tools(
            [schema],
            tool_choice=name,
            strict=strict,
            parallel_tool_calls=False,
            ls_structured_output_format=told_format,
            **kwargs,
        )
    else:
        response_format: dict[str, Any] = {"type": "json_object"}
        if method == "json_schema":
            response_format = {
                "type": "json_schema",
                "json_schema": {"name": name, "schema": described, "strict": strict},
            }
        bound = model.bind(response_format=response_format, ls_structured_output_format=told_format, **kwargs)

    def parsed(message: AIMessage) -> Any:
        return _parsed(message, schema, described, called=method == "function_calling")

    parser = RunnableLambda(parsed, name="parse_answer")
    if not include_raw:
        return bound | parser
    parse = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | parse.with_fallbacks([failed], exception_key="parsing_error")


def json_schema(schema: dict[str, Any] | type) -> dict[str, Any]:
    """The JSON Schema of a pydantic model, TypedDict, dataclass or OpenAI function specification."""
    if isinstance(schema, dict) and ("properties" in schema or "$ref" in schema):
        return {key: value for key, value in schema.items() if key != "name"}
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return schema.model_json_schema()
    if isinstance(schema, type) and hasattr(schema, "__dataclass_fields__"):
        return TypeAdapter(schema).json_schema()
    return convert_to_json_schema(schema)


def _parsed(message: AIMessage, schema: dict[str, Any] | type, described: dict[str, Any], *, called: bool) -> Any:
    """The answer in a message, validated.

    Raises:
        OutputParserException: where there is none, or it doesn't fit; the text says what is wrong with it.
    """
    text = str(message.text)
    if called:
        if message.invalid_tool_calls:
            raise OutputParserException(str(message.invalid_tool_calls[0]["error"]), llm_output=text)
        if not message.tool_calls:
            raise OutputParserException("The model answered without the tool call it was asked for.", llm_output=text)
        answer: Any = message.tool_calls[0]["args"]
    else:
        try:
            answer = json.loads(text, strict=False)
        except ValueError as error:
            cut = (
                " It was cut off: raise max_tokens."
                if message.response_metadata.get("finish_reason") == "length"
                else ""
            )
            raise OutputParserException(f"The answer is not valid JSON: {error}.{cut}", llm_output=text) from error
    try:
        if isinstance(schema, type) and not hasattr(schema, "__total__"):
            return TypeAdapter(schema).validate_python(answer)
        jsonschema.validate(answer, described)
    except (ValidationError, jsonschema.ValidationError) as error:
        reason = error.message if isinstance(error, jsonschema.ValidationError) else str(error)
        raise OutputParserException(f"The answer does not fit the schema: {reason}", llm_output=text) from error
    return answer
