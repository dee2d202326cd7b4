"""One turn of a model: from tokens, as they come, to message chunks and a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agentkit.dialect.reader import Reader
from agentkit.engine import Finish, Request, Token

Remember = Callable[[str, tuple[int, ...]], None]


class Turn:
    """Reads one generation. The same for sync and async, streamed or not: only who waits for tokens differs.

    Args:
        request: what the engine is asked.
        reader: reads what the model writes.
        model_name: reported in the message's `response_metadata`.
        remember: is told the text and ids of a turn that the model ended itself, without the id that ended it.
    """

    def __init__(self, request: Request, reader: Reader, model_name: str, remember: Remember) -> None:
        self.request = request
        self._reader = reader
        self._model_name = model_name
        self._remember = remember
        self._texts: list[str] = []
        self._logprobs: list[dict[str, Any]] = []

    def take(self, token: Token) -> Iterator[ChatGenerationChunk]:
        """What has become certain with this token."""
        if token.logprob is not None:
            self._logprobs.append(_logprob(token))
        self._texts.append(token.text)
        for chunk in self._reader.feed(token.text):
            yield _generation(chunk)

    def end(self, finish: Finish) -> Iterator[ChatGenerationChunk]:
        """What remains, and last the usage and how it ended."""
        for chunk in self._close(finish):
            yield _generation(chunk)
        metadata = self._metadata(finish)
        last = AIMessageChunk(
            content="", usage_metadata=_usage(finish), response_metadata=metadata, chunk_position="last"
        )
        yield ChatGenerationChunk(message=last, generation_info={"finish_reason": metadata["finish_reason"]})

    def result(self, finish: Finish) -> ChatResult:
        """The whole turn as one message."""
        self._close(finish)
        read = self._reader.message()
        metadata = self._metadata(finish)
        message = AIMessage(
            content=read.content,
            additional_kwargs=read.additional_kwargs,
            tool_calls=read.tool_calls,
            invalid_tool_calls=read.invalid_tool_calls,
            usage_metadata=_usage(finish),
            response_metadata=metadata,
        )
        generation = ChatGeneration(message=message, generation_info={"finish_reason": metadata["finish_reason"]})
        return ChatResult(generations=[generation])

    def _close(self, finish: Finish) -> list[AIMessageChunk]:
        if finish.reason == "stop" and not self.request.stop and self._texts:  # a stop string takes text away
            ended_by_id = not self._texts[-1]
            self._remember("".join(self._texts), finish.token_ids[:-1] if ended_by_id else finish.token_ids)
        return self._reader.close(cut_off=finish.reason == "length")

    def _metadata(self, finish: Finish) -> dict[str, Any]:
        called = finish.reason == "stop" and bool(self._reader.message().tool_calls)
        metadata: dict[str, Any] = {
            "model_name": self._model_name,
            "model_provider": "huggingface",
            "finish_reason": "tool_calls" if called else finish.reason,
        }
        if self.request.logprobs is not None:
            metadata["logprobs"] = {"content": self._logprobs}
        return metadata


def _generation(chunk: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=chunk)


def _usage(finish: Finish) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=finish.prompt_tokens,
        output_tokens=finish.completion_tokens,
        total_tokens=finish.prompt_tokens + finish.completion_tokens,
        input_token_details=InputTokenDetails(cache_read=finish.cached_tokens),
    )


def _logprob(token: Token) -> dict[str, Any]:
    """A token's log-probabilities in the form of OpenAI's `logprobs.content`."""
    top = [{"token": text, "logprob": value, "bytes": list(text.encode())} for _, text, value in token.top]
    return {
        "token": token.text,
        "logprob": token.logprob,
        "bytes": list(token.text.encode()),
        "top_logprobs": top,
    }
