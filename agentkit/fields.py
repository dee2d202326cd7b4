"""What a ChatHuggingFace is set to: its fields, and the source that they lead to."""

from __future__ import annotations

from typing import Any, cast

from langchain_core.language_models import BaseChatModel, ModelProfile
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator
from typing_extensions import Self

from agentkit import sources
from agentkit.question import Source

SETTINGS = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "do_sample",
    "seed",
    "n",
    "max_time",
)
"""The fields that are generation settings."""


class Fields(BaseChatModel):
    """The fields of `ChatHuggingFace`."""

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True, protected_namespaces=())

    llm: Any = Field(default=None, exclude=True)
    """A `HuggingFacePipeline`, whose model, tokenizer and pipeline arguments are used as they are, or a
    `HuggingFaceEndpoint`."""
    model_id: str | None = None
    """Folder or hub id of the model. Where no `llm` is given, it is loaded from there; with `base_url`, it is the model
    that the server is asked for."""
    tokenizer: Any = Field(default=None, exclude=True)
    """A tokenizer or processor, or the folder or hub id of one, in place of the model's own. For a server: the one that
    reads calls which the server left in the text; False for none."""

    base_url: str | None = None
    """Address of a server that speaks OpenAI's chat completions, up to and with its `/v1`."""
    provider: str | None = None
    """Which of Hugging Face's Inference Providers is asked for the model; "auto" leaves the choice to Hugging Face."""
    api_key: SecretStr | None = Field(default=None, alias="huggingfacehub_api_token")
    """The token for the server or the hub. None takes `HUGGINGFACEHUB_API_TOKEN` or `HF_TOKEN` from the environment,
    which go to Hugging Face's own hosts only."""
    timeout: float | None = 120.0
    """Seconds to wait for a server at each step; None waits for ever."""
    max_retries: int = 3
    """How often to ask a server again that is busy, failing or out of reach."""
    default_headers: dict[str, str] = Field(default_factory=dict)
    """Further headers for a server."""

    temperature: float | None = None
    """0 is greedy. None leaves it to the pipeline's arguments, then to the model's own generation config."""
    max_tokens: int | None = Field(default=None, alias="max_new_tokens")
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    """For servers; the model in this process knows `repetition_penalty`."""
    frequency_penalty: float | None = None
    """For servers, as `presence_penalty`."""
    logit_bias: dict[int, float] | None = None
    """For servers."""
    do_sample: bool | None = None
    seed: int | None = None
    n: int | None = None
    """For servers: how many answers to a question. A model in this process gives one; ask with `batch` for more."""
    max_time: float | None = None
    """Seconds after which an answer is cut off where it is; for a model in this process. A server has its `timeout`."""
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """Texts that end an answer."""
    logprobs: bool | None = None
    """Whether `response_metadata["logprobs"]` holds the log-probability of each token; see also
    `agentkit.call_confidence`."""
    top_logprobs: int | None = None
    """How many of the most likely tokens to report beside each chosen one."""

    streaming: bool = False
    """Whether `invoke` streams underneath."""
    stream_usage: bool = True
    """Whether a server is asked for the usage of a streamed answer."""
    guided: bool = True
    """Whether tool calls and structured answers are held to their schemas while they are written."""
    allowed_media: list[str] = Field(default_factory=list)
    """Where images, sounds and films may be opened from beside the message itself: "url" for http(s), "path" for files.
    A message may come from anybody, so neither is opened unasked."""
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    """What else the chat template reads, such as `{"enable_thinking": False}`."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Arguments for `from_pretrained` where the model is loaded by `model_id`; for a server, further fields of the
    request."""

    _source: Source = PrivateAttr()

    @field_validator("stop", mode="before")
    @classmethod
    def _one_stop(cls, stop: Any) -> Any:
        return [stop] if isinstance(stop, str) else stop

    @model_validator(mode="after")
    def _find_source(self) -> Self:
        self._source = self._found()
        if self.model_id is None and "://" not in self._source.name:  # a server's address is no model's name
            self.model_id = self._source.name
        if "streaming" not in self.model_fields_set and getattr(self.llm, "streaming", None) is True:
            self.streaming = True
        self.profile = self.profile or self._resolve_model_profile()  # LangChain asks before the source is known
        return self

    def _found(self) -> Source:
        if hasattr(self.llm, "repo_id") and hasattr(self.llm, "endpoint_url"):
            from agentkit import endpoint

            return endpoint.of(self.llm, self)
        if self.llm is not None:
            return sources.of(self.llm, self.tokenizer)
        if self.base_url is not None or self.provider is not None:
            from agentkit import endpoint

            return endpoint.from_fields(self)
        if self.model_id is not None:
            return sources.from_model_id(self.model_id, tokenizer=self.tokenizer, **self.model_kwargs)
        raise ValueError(
            "Say which model: llm=HuggingFacePipeline…, model_id=…, base_url=…, or use ChatHuggingFace.from_model_id, "
            ".from_model or .embedded."
        )

    def _resolve_model_profile(self) -> ModelProfile | None:
        found = "_source" in (self.__pydantic_private__ or {})
        return cast("ModelProfile", self._source.profile()) if found else None

    def _own_settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in SETTINGS if getattr(self, name) is not None}

    # --- serialisation

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        return {"api_key": "HUGGINGFACEHUB_API_TOKEN"}

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """All that makes a difference to an answer; `dict()` and caches tell models apart by it."""
        identity = {"source": self._source.identity} if self._source.identity else {}
        given = {name: getattr(self, name) for name in _IDENTIFYING if getattr(self, name)}
        return {
            "model_id": self.model_id,
            "stop": self.stop,
            "guided": self.guided,
            **identity,
            **given,
            **self._own_settings(),
        }


_IDENTIFYING = ("base_url", "provider", "logprobs", "top_logprobs", "chat_template_kwargs", "model_kwargs")
