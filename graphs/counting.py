"""How long texts and conversations are, in the model's own tokens where it counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import BaseLanguageModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately

_CHARS_PER_TOKEN = 3
_ANSWER_SHARE = 4
"""An answer is left no more than this part of the context."""
_PER_MESSAGE = 64
"""More tokens than a template writes around any message."""


class Counter:
    """Counts tokens as the model does. Where a model has no count of its own, it is estimated from the characters:
    LangChain's own count would load another model's tokenizer.

    Args:
        model: the model.
        tools: the tools that its prompts hold.
    """

    def __init__(self, model: BaseChatModel, tools: Sequence[Any] = ()) -> None:
        self._model, self._tools = model, list(tools)
        kind = type(model)
        encodes = kind.get_token_ids is not BaseLanguageModel.get_token_ids or bool(model.custom_get_token_ids)
        self._own_text = encodes or kind.get_num_tokens is not BaseLanguageModel.get_num_tokens
        own = kind.get_num_tokens_from_messages
        self._own_messages = own not in {
            BaseLanguageModel.get_num_tokens_from_messages,
            BaseChatModel.get_num_tokens_from_messages,
        }

    @property
    def room(self) -> int | None:
        """The most tokens that a prompt may have; None where the model says nothing of its context."""
        context = (self._model.profile or {}).get("max_input_tokens")
        if not context:
            return None
        answer = getattr(self._model, "max_tokens", None)
        return context - min(answer if isinstance(answer, int) else 1024, context // _ANSWER_SHARE)

    def text(self, text: str) -> int:
        """The number of tokens of a text."""
        if self._own_text:
            try:
                return self._model.get_num_tokens(text)
            except ValueError:  # a server's model, whose tokenizer is not at hand
                self._own_text = False
        return -(-len(text) // _CHARS_PER_TOKEN)

    def messages(self, messages: Sequence[BaseMessage]) -> int:
        """The number of tokens of a prompt."""
        if self._own_messages:
            try:
                return self._model.get_num_tokens_from_messages(list(messages), tools=self._tools or None)
            except ValueError:
                self._own_messages = False
        return count_tokens_approximately(list(messages), chars_per_token=_CHARS_PER_TOKEN, tools=self._tools or None)

    def surely_fits(self, messages: Sequence[BaseMessage], room: int) -> bool:
        """Whether a prompt that extends the last turn's fits for certain: no text has more tokens than bytes."""
        after = 0
        for message in reversed(messages):
            if isinstance(message, AIMessage):
                usage = message.usage_metadata
                return usage is not None and usage["total_tokens"] + after <= room
            if not isinstance(message.content, str):
                return False
            after += len(str(message.content).encode("utf-8", "replace")) + _PER_MESSAGE
        return False
