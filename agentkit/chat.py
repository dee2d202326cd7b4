"""ChatHuggingFace: LangChain's chat model interface over an open-weight model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr, model_validator
from typing_extensions import Self

from agentkit import choice, schemas, settings, sources, structured
from agentkit.engine import Request, Stream
from agentkit.messages import template_messages
from agentkit.turn import Turn

_SETTINGS = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "do_sample",
    "seed",
)
_PIPELINE_ARGUMENTS = ("device", "device_map", "model_kwargs", "quantization_config", "revision", "trust_remote_code")


class ChatHuggingFace(BaseChatModel):
    """An open-weight chat model from Hugging Face: tool calls, streaming, async, structured output.

    Takes the place of `langchain_huggingface.ChatHuggingFace`:

        model = ChatHuggingFace(llm=HuggingFacePipeline.from_model_id(…))
        model = ChatHuggingFace.from_model_id("Qwen/Qwen3-0.6B", max_tokens=512)
        model = ChatHuggingFace.from_model(model, tokenizer)
        model = ChatHuggingFace.embedded()

    Tools reach the model through its own chat template; its calls are read in the syntax that the template defines, and
    with tools bound a call that begins is held to the tool's name and schema (`guided`).
    """

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True)

    llm: Any = Field(default=None, exclude=True)
    """A `HuggingFacePipeline`, whose model, tokenizer and pipeline arguments are used as they are."""
    model_id: str | None = None
    """Folder or hub id of the model; where no `llm` is given, it is loaded from there."""
    temperature: float | None = None
    """0 is greedy. None leaves it to the pipeline's arguments, then to the model's own generation config."""
    max_tokens: int | None = Field(default=None, alias="max_new_tokens")
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    do_sample: bool | None = None
    seed: int | None = None
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """Texts that end an answer."""
    logprobs: bool | None = None
    """Whether `response_metadata["logprobs"]` holds the log-probability of each token."""
    top_logprobs: int | None = None
    """How many of the most likely tokens to report beside each chosen one."""
    streaming: bool = False
    """Whether `invoke` streams underneath."""
    guided: bool = True
    """Whether tool calls and structured answers are held to their schemas while they are written."""
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    """What else the chat template reads, such as `{"enable_thinking": False}`."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Arguments for `from_pretrained`, where the model is loaded by `model_id`."""

    _source: sources.Source = PrivateAttr()

    @model_validator(mode="after")
    def _find_source(self) -> Self:
        if self.llm is not None:
            self._source = sources.of(self.llm)
        elif self.model_id is not None:
            self._source = sources.from_model_id(self.model_id, **self.model_kwargs)
        else:
            raise ValueError(
                "Say which model: llm=HuggingFacePipeline…, model_id=…, or use ChatHuggingFace.from_model_id, "
                ".from_model or .embedded."
            )
        self.model_id = self.model_id or self._source.name
        return self

    # --- where a model comes from

    @classmethod
    def from_model_id(
        cls,
        model_id: str,
        task: str | None = None,
        backend: Literal["pipeline"] = "pipeline",
        pipeline_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatHuggingFace:
        """A model by folder or hub id.

        Args:
            model_id: a folder, or the id of a model on the Hugging Face hub.
            task: only "text-generation" is known; there for compatibility.
            backend: where the model runs; "pipeline" is this process.
            pipeline_kwargs: generation settings under transformers' names, such as `max_new_tokens`.
            **kwargs: `device`, `device_map`, `model_kwargs`, `quantization_config`, `revision` and `trust_remote_code`
                for loading; all else are fields of this class.

        Raises:
            ModelLoadError: where the model can't be loaded.
            ValueError: for an unknown task or backend.
        """
        if task not in {None, "text-generation"}:
            raise ValueError(f"task={task!r} is not supported; a chat model does 'text-generation'.")
        if backend != "pipeline":
            raise ValueError(f"backend={backend!r} is not supported; 'pipeline' runs the model in this process.")
        loading = {name: kwargs.pop(name) for name in _PIPELINE_ARGUMENTS if name in kwargs}
        loading |= loading.pop("model_kwargs", None) or {}
        return cls._over(sources.from_model_id(model_id, pipeline_kwargs, **loading), **kwargs)

    @classmethod
    def from_model(cls, model: Any, tokenizer: Any, **kwargs: Any) -> ChatHuggingFace:
        """A transformers model that is already loaded, with its tokenizer."""
        return cls._over(sources.from_loaded(model, tokenizer), **kwargs)

    @classmethod
    def embedded(cls, **kwargs: Any) -> ChatHuggingFace:
        """The small model that ships with agentkit: it calls tools in short English exchanges, and no more."""
        return cls._over(sources.embedded(), **kwargs)

    @classmethod
    def _over(cls, source: sources.Source, **kwargs: Any) -> ChatHuggingFace:
        """A chat model over a source that is there already."""
        fields = cls.__pydantic_fields__
        known = {name for field, info in fields.items() for name in (field, info.alias) if name}
        if unknown := kwargs.keys() - known:
            raise TypeError(f"ChatHuggingFace has no {', '.join(sorted(unknown))}. It has: {', '.join(sorted(known))}.")
        return cls(llm=source, model_id=source.name, **kwargs)

    # --- LangChain's interface

    @property
    def _llm_type(self) -> str:
        return "huggingface-chat-wrapper"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_id": self.model_id, "stop": self.stop, **self._own_settings()}

    def _own_settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _SETTINGS if getattr(self, name) is not None}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        merged = self._merged(kwargs)
        params = LangSmithParams(
            ls_provider="huggingface",
            ls_model_name=str(kwargs.get("model") or self.model_id),
            ls_model_type="chat",
            ls_temperature=settings.sampling(merged).temperature,
            ls_max_tokens=settings.max_tokens(merged),
        )
        if stops := stop or self.stop:
            params["ls_stop"] = list(stops)
        return params

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
            ValueError: where `tool_choice` names no bound tool.
            SchemaError: where a tool's schema is malformed or impossible.
        """
        offered = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        schemas.enforceable(offered)
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
                of a tool of this schema; "json_mode": the answer is any JSON object, and the prompt must say which.
            include_raw: whether to get `{"raw": …, "parsed": …, "parsing_error": …}` instead, and never an error.
            strict: as in OpenAI's specifications.
            **kwargs: bound as they are.
        """
        return structured.runnable(self, schema, method=method, include_raw=include_raw, strict=strict, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn, stream = self._begin(messages, stop, kwargs)
        for token in stream:
            for _ in turn.take(token):
                pass
        return turn.result(stream.finish)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turn, stream = self._begin(messages, stop, kwargs)
        async for token in stream:
            for _ in turn.take(token):
                pass
        return turn.result(stream.finish)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        turn, stream = self._begin(messages, stop, kwargs)
        for token in stream:
            for chunk in turn.take(token):
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        yield from turn.end(stream.finish)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        turn, stream = self._begin(messages, stop, kwargs)
        async for token in stream:
            for chunk in turn.take(token):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
        for chunk in turn.end(stream.finish):
            yield chunk

    # --- from messages to a request

    def _merged(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The generation settings: of the call, else of this chat model, else of the pipeline and the model."""
        return settings.merged(self._source.settings, self._own_settings(), kwargs)

    def _begin(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> tuple[Turn, Stream]:
        source, merged = self._source, self._merged(kwargs)
        tools = kwargs.get("tools") or []
        chosen = choice.tool_choice(kwargs.get("tool_choice"), tools)
        schema = choice.answer_schema(kwargs.get("response_format"))
        turns = template_messages(messages)
        if schema is not None:
            turns = structured.told(turns, schema)
        variables = {**self.chat_template_kwargs, **(kwargs.get("chat_template_kwargs") or {})}
        prompt = source.dialect.prompt(turns, tools, known=source.recall.longest, **variables)
        guided = kwargs.get("guided", self.guided)
        grammar = None
        if guided and schema is not None:
            beside = schemas.enforceable(tools) if chosen == "auto" else ()
            grammar = source.dialect.answer_grammar(schemas.grammar_schema(schema), beside, prompt=prompt.text)
        elif guided and tools:
            parallel = kwargs.get("parallel_tool_calls") is not False
            grammar = source.dialect.grammar(schemas.enforceable(tools), chosen, parallel, prompt.text)
        wants_logprobs = kwargs.get("logprobs", self.logprobs)
        request = Request(
            prompt=prompt.ids or (),
            max_tokens=settings.max_tokens(merged),
            sampling=settings.sampling(merged),
            stop=tuple(stop or kwargs.get("stop_sequences") or self.stop or ()),
            stop_ids=source.stop_ids,
            grammar=grammar,
            logprobs=(kwargs.get("top_logprobs", self.top_logprobs) or 0) if wants_logprobs else None,
        )
        reader = source.dialect.reader(tools=tools, prompt=prompt.text)

        def remember(text: str, ids: tuple[int, ...]) -> None:
            source.recall.remember(prompt.barred + text, (*(prompt.ids or ()), *ids))

        return Turn(request, reader, source.name, remember), source.engine.submit(request)
