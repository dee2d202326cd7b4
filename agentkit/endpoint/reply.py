"""A server's reply, whole or in events, as message chunks and messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agentkit import confidence
from agentkit.dialect.reader import Reader
from agentkit.endpoint.choice import Choice
from agentkit.errors import EndpointError
from agentkit.messages import errors_metadata

if TYPE_CHECKING:
    from agentkit.endpoint.asked import Asked

ReadWith = Callable[[str, bool], "Reader | None"]
"""Makes what reads calls and thoughts that a server left in the text; told the model's name, and whether the server
itself took the thoughts out."""
Check = Callable[[AIMessage], None]

_REASONS = {"eos_token": "stop", "stop_sequence": "stop", "function_call": "tool_calls", "end_turn": "stop"}


class Reply:
    """Reads one reply; see `agentkit.question.Answer`.

    Args:
        arriving: where its parts come from.
        model: the model that was asked for.
        read_with: makes what reads the text.
        check: raises where a streamed answer isn't one to what was asked.
    """

    def __init__(self, arriving: Asked, model: str, read_with: ReadWith, check: Check) -> None:
        self.arriving = arriving
        self._model = model
        self._read_with = read_with
        self._check = check
        self._choices: dict[int, Choice] = {}
        self._head: dict[str, Any] = {}
        self._usage: UsageMetadata | None = None

    def take(self, part: Mapping[str, Any]) -> Iterator[ChatGenerationChunk]:
        """What a whole reply, or one event of it, adds."""
        self._head |= {name: part[name] for name in ("id", "model", "system_fingerprint") if part.get(name)}
        self._usage = usage(part) or self._usage
        for choice in part.get("choices") or ():
            index = choice.get("index") or 0
            if index not in self._choices:
                self._choices[index] = Choice(self._reader)
            for chunk in self._choices[index].take(choice):
                if index == 0:
                    yield ChatGenerationChunk(message=chunk)

    def end(self) -> Iterator[ChatGenerationChunk]:
        """What remains, and last the usage and how it ended."""
        choice = self._whole()[0]
        for chunk in choice.close():
            yield ChatGenerationChunk(message=chunk)
        metadata = self._metadata(choice) | errors_metadata(message := self._message(choice))
        self._check(message)
        last = AIMessageChunk(content="", usage_metadata=self._used, response_metadata=metadata, chunk_position="last")
        yield ChatGenerationChunk(message=last, generation_info={"finish_reason": metadata["finish_reason"]})

    def result(self) -> ChatResult:
        """Each choice of the reply as a message."""
        generations = []
        for _, choice in sorted(self._whole().items()):
            choice.close()
            message = self._message(choice)
            info = {"finish_reason": message.response_metadata["finish_reason"]}
            generations.append(ChatGeneration(message=message, generation_info=info))
        return ChatResult(generations=generations, llm_output={"model_name": self._name})

    @property
    def _used(self) -> UsageMetadata | None:
        spent = self.arriving.spent
        return add_usage(spent, self._usage) if spent and self._usage else self._usage

    def _reader(self, thought: bool) -> Reader | None:
        return self._read_with(self._name, thought)

    @property
    def _name(self) -> str:
        told = str(self._head.get("model") or "")
        return told if told not in {"", "dummy", "default"} else self._model or told

    def _whole(self) -> dict[int, Choice]:
        """The choices, where there is an answer at all.

        Raises:
            EndpointError: where there is none, or it broke off.
        """
        if 0 not in self._choices:
            raise EndpointError("The server's reply holds no answer: it has no `choices`.")
        if any(choice.finish_reason is None for choice in self._choices.values()):
            raise EndpointError("The server's answer broke off before its end.")
        return self._choices

    def _message(self, choice: Choice) -> AIMessage:
        message = choice.message()
        message.response_metadata = self._metadata(choice)
        message.usage_metadata = self._used
        return message

    def _metadata(self, choice: Choice) -> dict[str, Any]:
        message = choice.message()
        reason = _REASONS.get(str(choice.finish_reason), choice.finish_reason)
        metadata: dict[str, Any] = {
            "model_name": self._name,
            "model_provider": "huggingface",
            "finish_reason": "tool_calls" if message.tool_calls and reason == "stop" else reason,
        }
        metadata |= {name: self._head[name] for name in ("id", "system_fingerprint") if name in self._head}
        if choice.logprobs:
            metadata["logprobs"] = {"content": choice.logprobs}
            if message.tool_calls:
                found = confidence.of_calls(choice.logprobs, message.tool_calls)
                metadata["call_confidence"] = confidence.as_metadata(found)
        return metadata


def usage(part: Mapping[str, Any]) -> UsageMetadata | None:
    """What a reply says of its tokens, with the details wherever a server puts them."""
    told = part.get("usage")
    if not told:
        return None
    read = (told.get("prompt_tokens_details") or {}).get("cached_tokens")
    if read is None:
        read = (part.get("timings") or {}).get("cache_n")
    thought = (told.get("completion_tokens_details") or {}).get("reasoning_tokens", told.get("reasoning_tokens"))
    asked, said = int(told.get("prompt_tokens") or 0), int(told.get("completion_tokens") or 0)
    counted = UsageMetadata(
        input_tokens=asked, output_tokens=said, total_tokens=int(told.get("total_tokens") or asked + said)
    )
    if read is not None:
        counted["input_token_details"] = InputTokenDetails(cache_read=int(read))
    if thought is not None:
        counted["output_token_details"] = OutputTokenDetails(reasoning=int(thought))
    return counted
