"""One turn of a model in this process: from tokens, as they come, to message chunks and a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agentkit import confidence
from agentkit.dialect.reader import Reader
from agentkit.engine import Finish, Request, Stream, Token
from agentkit.messages import errors_metadata

Remember = Callable[[str, tuple[int, ...]], None]


class Turn:
    """Reads one generation; see `agentkit.question.Answer`.

    Args:
        request: what the engine was asked.
        stream: where its tokens come from.
        reader: reads what the model writes.
        model_name: reported in the message's `response_metadata`.
        remember: is told the text and ids of a turn that the model ended itself, without the id that ended it.
    """

    def __init__(
        self, request: Request, stream: Stream, reader: Reader, model_name: str, remember: Remember | None = None
    ) -> None:
        self.request = request
        self.arriving = stream
        self._reader = reader
        self._model_name = model_name
        self._remember = remember
        self._texts: list[str] = []
        self._logprobs: list[dict[str, Any]] = []
        self._unplaced = 0
        self._reasoning_tokens = 0

    def take(self, token: Token) -> Iterator[ChatGenerationChunk]:
        """What has become certain with this token."""
        if token.logprob is not None:
            self._logprobs.append(_logprob(token))
        self._texts.append(token.text)
        chunks = self._reader.feed(token.text)
        self._place(chunks)
        for chunk in chunks:
            yield _generation(chunk)

    def end(self) -> Iterator[ChatGenerationChunk]:
        """What remains, and last the usage and how it ended."""
        finish = self.arriving.finish
        for chunk in self._close(finish):
            yield _generation(chunk)
        metadata = self._metadata(finish) | errors_metadata(self._reader.message())
        last = AIMessageChunk(
            content="", usage_metadata=self._usage(finish), response_metadata=metadata, chunk_position="last"
        )
        yield ChatGenerationChunk(message=last, generation_info={"finish_reason": metadata["finish_reason"]})

    def result(self) -> ChatResult:
        """The whole turn as one message."""
        finish = self.arriving.finish
        self._close(finish)
        read = self._reader.message()
        metadata = self._metadata(finish)
        message = AIMessage(
            content=read.content,
            additional_kwargs=read.additional_kwargs,
            tool_calls=read.tool_calls,
            invalid_tool_calls=read.invalid_tool_calls,
            usage_metadata=self._usage(finish),
            response_metadata=metadata,
        )
        generation = ChatGeneration(message=message, generation_info={"finish_reason": metadata["finish_reason"]})
        return ChatResult(generations=[generation])

    def _place(self, chunks: list[AIMessageChunk]) -> None:
        """Counts the tokens of thoughts. What a token adds may show only with a later one, which tells its place."""
        self._unplaced += 1
        if chunks:
            if "reasoning_content" in chunks[0].additional_kwargs:
                self._reasoning_tokens += self._unplaced
            self._unplaced = 0

    def _close(self, finish: Finish) -> list[AIMessageChunk]:
        stopped_by_text = bool(self.request.stop)  # a stop string takes text away
        if self._remember is not None and finish.reason == "stop" and not stopped_by_text and self._texts:
            written = len(self._texts) - (not self._texts[-1])  # without the id that ended it
            trimmed = max((at for at, text in enumerate(self._texts, 1) if text.strip()), default=0)
            for end in {written, trimmed}:  # many templates write a turn again without the white space at its end
                self._remember("".join(self._texts[:end]), finish.token_ids[:end])
        return self._reader.close(cut_off=finish.reason == "length" or stopped_by_text)

    def _metadata(self, finish: Finish) -> dict[str, Any]:
        calls = self._reader.calls()
        valid = {call["id"] for call in calls if call["type"] == "tool_call"}
        metadata: dict[str, Any] = {
            "model_name": self._model_name,
            "model_provider": "huggingface",
            "finish_reason": "tool_calls" if valid and finish.reason == "stop" else finish.reason,
        }
        if self.request.logprobs is not None:
            metadata["logprobs"] = {"content": self._logprobs}
            if valid:
                found = confidence.of_calls(self._logprobs, calls)
                metadata["call_confidence"] = confidence.as_metadata([one for one in found if one.id in valid])
        return metadata

    def _usage(self, finish: Finish) -> UsageMetadata:
        return UsageMetadata(
            input_tokens=finish.prompt_tokens,
            output_tokens=finish.completion_tokens,
            total_tokens=finish.prompt_tokens + finish.completion_tokens,
            input_token_details=InputTokenDetails(cache_read=finish.cached_tokens),
            output_token_details=OutputTokenDetails(reasoning=self._reasoning_tokens),
        )


def _generation(chunk: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=chunk)


def _logprob(token: Token) -> dict[str, Any]:
    """A token's log-probabilities in the form of OpenAI's `logprobs.content`."""
    top = [{"token": text, "logprob": value, "bytes": list(text.encode())} for _, text, value in token.top]
    return {
        "token": token.text,
        "logprob": token.logprob,
        "bytes": list(token.text.encode()),
        "top_logprobs": top,
    }
