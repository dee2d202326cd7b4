"""ChatHuggingFace: LangChain's chat model interface over an open-weight model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig, run_in_executor
from langchain_core.tools import BaseTool

from agentkit import choice, schemas, settings, sources, structured
from agentkit.constructors import Constructors
from agentkit.question import Answer, Question, Source

_TOGETHER = 64
"""How many questions of one `batch` are asked at a time where the person sets no `max_concurrency`: a thread each that
only waits, while the engine takes them through the model together."""

_KNOWN = frozenset(
    [
        "allowed_media",
        "chat_template_kwargs",
        "do_sample",
        "frequency_penalty",
        "guided",
        "logit_bias",
        "logprobs",
        "ls_structured_output_format",
        "max_completion_tokens",
        "max_new_tokens",
        "max_tokens",
        "min_p",
        "model",
        "n",
        "max_time",
        "parallel_tool_calls",
        "presence_penalty",
        "repetition_penalty",
        "response_format",
        "seed",
        "stop",
        "stop_sequence",
        "stop_sequences",
        "stop_strings",
        "stream",
        "stream_usage",
        "strict",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
    ]
)
"""What a call may be given that is read here or in `agentkit.settings`; all else goes to the source as it is."""


class ChatHuggingFace(Constructors):
    """An open-weight chat model from Hugging Face: tool calls, streaming, async, structured output.

    Takes the place of `langchain_huggingface.ChatHuggingFace`:

        model = ChatHuggingFace(llm=HuggingFacePipeline.from_model_id(…))
        model = ChatHuggingFace.from_model_id("Qwen/Qwen3-0.6B", max_tokens=512)
        model = ChatHuggingFace.from_model(model, tokenizer)
        model = ChatHuggingFace(base_url="http://localhost:8000/v1")
        model = ChatHuggingFace.embedded()

    Tools reach the model through its own chat template; its calls are read in the syntax that the template defines, and
    with tools bound a call that begins is held to the tool's name and schema (`guided`).

    Every field that is a generation setting can be given with a call too, or bound: `model.invoke(…, temperature=0)`.
    `model=` there names another model, by folder or hub id, or as the server knows it.
    """

    @property
    def _llm_type(self) -> str:
        return "huggingface-chat-wrapper"

    @property
    def context_length(self) -> int | None:
        """The most tokens that prompt and answer may have together; None where a server doesn't tell."""
        return self._source.context_length

    def get_token_ids(self, text: str) -> list[int]:
        """A text's token ids, without any that the chat template would add."""
        return self.custom_get_token_ids(text) if self.custom_get_token_ids else self._source.encode(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """How many tokens the prompt of this conversation has: exactly what `usage_metadata["input_tokens"]` would say.

        Args:
            messages: the conversation.
            tools: what would be bound, in any form that `bind_tools` takes.
        """
        return self._source.count(self._question(messages, None, {"tools": tools}))

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        temperature, max_tokens = self._source.traced(self._merged(self._source, kwargs))
        params = LangSmithParams(
            ls_provider="huggingface",
            ls_model_name=str(kwargs.get("model") or self.model_id or self._source.name),
            ls_model_type="chat",
        )
        if temperature is not None:
            params["ls_temperature"] = temperature
        if max_tokens is not None:
            params["ls_max_tokens"] = max_tokens
        if stops := stop or self.stop:
            params["ls_stop"] = list(stops)
        return params

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        return f"{super()._get_llm_string(stop=stop, **kwargs)}---{sorted(self._identifying_params.items())}"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with these tools to call.

        Args:
            tools: LangChain tools, functions, pydantic models, TypedDicts or OpenAI function specifications.
            tool_choice: "auto", "any" (or "required", True), "none", a tool's name, or OpenAI's dict.
            strict: as in OpenAI's specifications; calls are held to the schema in any case.
            parallel_tool_calls: False allows one call at most in a turn.
            **kwargs: bound as they are.

        Raises:
            ValueError: where `tool_choice` names no bound tool, or a tool is no function.
            SchemaError: where a tool's schema is malformed or impossible, or the model's syntax has no way to write it.
        """
        offered = choice.specifications(tools, strict)
        choice.see_functions(offered)
        if kwargs.get("guided", self.guided):
            self._source.check(schemas.enforceable(offered))
        if tool_choice is not None:
            choice.tool_choice(tool_choice, offered)
            kwargs["tool_choice"] = tool_choice
        if parallel_tool_calls is not None:
            kwargs["parallel_tool_calls"] = parallel_tool_calls
        return self.bind(tools=offered, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """The model with answers of this schema.

        Args:
            schema: a pydantic model (answers are instances), a TypedDict or JSON Schema (answers are dicts).
            method: "json_schema": the answer itself is held to the schema; "function_calling": the answer is the call
                of a tool of this schema; "json_mode": as "json_schema", but the model isn't told the schema: the prompt
                must say what is wanted.
            include_raw: whether to get `{"raw": …, "parsed": …, "parsing_error": …}` instead, and never an error.
            strict: as in OpenAI's specifications.
            **kwargs: bound as they are.
        """
        return structured.runnable(self, schema, method=method, include_raw=include_raw, strict=strict, **kwargs)

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """All inputs through the model together; see `Runnable.batch`."""
        return super().batch(inputs, _together(config, len(inputs)), return_exceptions=return_exceptions, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answer = self._begin(messages, stop, kwargs)
        for part in answer.arriving:
            for _ in answer.take(part):
                pass
        return answer.result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answer = await run_in_executor(None, self._begin, messages, stop, kwargs)
        async for part in answer.arriving:
            for _ in answer.take(part):
                pass
        return answer.result()

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._begin(messages, stop, kwargs, streamed=True)
        for part in answer.arriving:
            for chunk in answer.take(part):
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        yield from answer.end()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        answer = await run_in_executor(None, self._begin, messages, stop, kwargs, streamed=True)
        async for part in answer.arriving:
            for chunk in answer.take(part):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        for chunk in answer.end():
            yield chunk

    # --- from LangChain's arguments to a question

    def _begin(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any], streamed: bool = False
    ) -> Answer:
        return self._source_of(kwargs).begin(self._question(messages, stop, kwargs, streamed))

    def _source_of(self, kwargs: Mapping[str, Any]) -> Source:
        """The model's source, or that of the model which the call names."""
        model = kwargs.get("model")
        if not model or model == self._source.name:
            return self._source
        other: Callable[[str], Source] = getattr(self._source, "for_model", sources.named)
        return other(str(model))

    def _merged(self, source: Source, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The generation settings: of the call, else of this chat model, else of the pipeline and the model."""
        return settings.merged(source.settings, self._own_settings(), kwargs)

    def _question(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any], streamed: bool = False
    ) -> Question:
        merged = self._merged(self._source_of(kwargs), kwargs)
        tools = choice.specifications(kwargs.get("tools") or ())
        choice.see_names([tool["function"]["name"] for tool in tools])
        chosen = choice.tool_choice(kwargs.get("tool_choice"), tools)
        schema = choice.answer_schema(kwargs.get("response_format"))
        if schema is not None and chosen not in {"auto", "none"}:
            raise ValueError(
                "tool_choice asks for a call and response_format for an answer; a turn is one or the other."
            )
        wants_logprobs = kwargs.get("logprobs", self.logprobs)
        return Question(
            messages=messages,
            settings=merged,
            tools=tools,
            tool_choice=chosen,
            parallel=kwargs.get("parallel_tool_calls"),
            schema=schema,
            response_format=kwargs.get("response_format"),
            stop=settings.stops({"stop": stop})
            or settings.stops(kwargs)
            or tuple(self.stop or ())
            or settings.stops(merged),
            logprobs=(kwargs.get("top_logprobs", self.top_logprobs) or 0) if wants_logprobs else None,
            guided=kwargs.get("guided", self.guided),
            template_variables={**self.chat_template_kwargs, **(kwargs.get("chat_template_kwargs") or {})},
            media=frozenset(kwargs.get("allowed_media", self.allowed_media)),
            extra={name: value for name, value in kwargs.items() if name not in _KNOWN},
            streamed=streamed,
            counted=kwargs.get("stream_usage", self.stream_usage) is not False,
        )


def _together(config: Any, count: int) -> Any:
    """The configuration with as many at a time as there are questions, where the person set no limit."""
    configs = config if isinstance(config, list) else [config or {}]
    if not configs or any(one.get("max_concurrency") for one in configs):
        return config
    many = [{**one, "max_concurrency": min(count, _TOGETHER) or 1} for one in configs]
    return many if isinstance(config, list) else many[0]
