"""Chat models that say what they are given, for what the small model can't be made to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr


class Scripted(BaseChatModel):
    """Says what `answers` says to a prompt: a sequence's messages one after the other, or what a function returns.

    Attributes:
        prompts: the prompts so far.
        choices: the `tool_choice` of each.
    """

    answers: Any
    logprobs: bool | None = None
    _prompts: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _choices: list[Any] = PrivateAttr(default_factory=list)

    @property
    def prompts(self) -> list[list[BaseMessage]]:
        return self._prompts

    @property
    def choices(self) -> list[Any]:
        return self._choices

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(**kwargs)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        turn = len(self._prompts)
        self._prompts.append(list(messages))
        self._choices.append(kwargs.get("tool_choice"))
        said = self.answers(messages) if callable(self.answers) else self.answers[turn]
        return ChatResult(generations=[ChatGeneration(message=said.model_copy(deep=True))])


def scripted(*answers: AIMessage | str) -> Scripted:
    """Says these one after the other."""
    return Scripted(answers=[AIMessage(a) if isinstance(a, str) else a for a in answers])


def answering(function: Callable[[Sequence[BaseMessage]], AIMessage]) -> Scripted:
    """Says what the function makes of the prompt."""
    return Scripted(answers=function)


def calls(*named: tuple[str, dict[str, Any]], text: str = "", **fields: Any) -> AIMessage:
    """A message with these calls, of ids c1, c2, …"""
    made = [{"name": name, "args": args, "id": f"c{i}"} for i, (name, args) in enumerate(named, 1)]
    return AIMessage(text, tool_calls=made, **fields)
