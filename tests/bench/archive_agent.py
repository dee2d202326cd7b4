"""An agent that goes through an archive: eight turns, seven of them calls, and long results."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Annotated, Any, Literal

from agentkit.graphs import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool, tool
from pydantic import Field

from agentkit import ChatHuggingFace

Title = Annotated[str, Field(description="The title of the record, as it is written.", max_length=24)]
Page = Annotated[int, Field(ge=1, le=999)]
Shelf = Literal["north", "south", "annex", "reading room"]

_SUBJECTS = (
    "the old harbour", "a late winter", "the second keeper", "a narrow valley", "the glass works", "the north mill",
    "a quiet teacher", "the river crossing", "the salt road", "a paper maker", "the town council", "an iron bridge",
)  # fmt: skip
_VERBS = ("was sold to", "was rebuilt after", "is named in", "stands near", "was painted by", "belongs to", "led to")
_NAMES = ("Winter", "Harbour", "Salt", "Glass")
_ROLE = (
    "You are the assistant of the town archive, desk {desk}. You find records, open them, compare them and keep notes "
    "for the people who ask. Look things up before you answer, and say where you found them. "
)


def prose(words: random.Random, sentences: int) -> str:
    """Sentences that say different things in the same few words."""
    return " ".join(
        f"{words.choice(_SUBJECTS).capitalize()} {words.choice(_VERBS)} {words.choice(_SUBJECTS)}, and "
        f"{words.choice(_SUBJECTS)} {words.choice(_VERBS)} {words.choice(_SUBJECTS)}."
        for _ in range(sentences)
    )


def archive(words: random.Random, sentences: int) -> list[BaseTool]:
    """The archive's tools; their results are of that many sentences."""

    @tool
    def find_record(title: Title, shelf: Shelf) -> str:
        """Find a record in the archive by its title."""
        return f"{title}: {prose(words, sentences)}"

    @tool
    def open_record(title: Title, first_page: Page, last_page: Page) -> str:
        """Open a record and read some of its pages."""
        return f"{title}: {prose(words, sentences)}"

    @tool
    def compare_records(first: Title, second: Title, what: Literal["age", "length", "author"]) -> str:
        """Compare two records of the archive."""
        return f"{first} and {second}: {prose(words, sentences)}"

    @tool
    def keep_note(text: Title, urgent: bool) -> str:
        """Keep a note for later."""
        return f"{text}: {prose(words, sentences)}"

    return [find_record, open_record, compare_records, keep_note]


class _Model(BaseChatModel):
    """What the agent takes for its model: it calls in all turns but the last."""

    choose: Callable[[list[BaseMessage]], Any]

    @property
    def _llm_type(self) -> str:
        return "archive"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    def bind_tools(self, *args: Any, **kwargs: Any) -> Runnable[Any, AIMessage]:
        return RunnableLambda(self.choose)


class ArchiveAgent:
    """A LangGraph agent over a chat model that is made to call a tool in each turn but the last.

    Args:
        chat: the model.
        desk: a number for the system prompt. Agents at one desk share the beginning of their conversations.
        seed: of the words in question and results.
        turns: how often the model is asked.
        preface: how many sentences the system prompt has beside its role.
        result: how many sentences a tool's result has.
        answer: the most tokens of the last turn.
    """

    def __init__(
        self,
        chat: ChatHuggingFace,
        desk: int,
        seed: int,
        turns: int = 8,
        preface: int = 46,
        result: int = 5,
        answer: int = 32,
    ) -> None:
        self.words = random.Random(seed)
        self.tools = archive(self.words, result)
        self.system = _ROLE.format(desk=desk) + prose(random.Random(desk), preface)
        name = self.words.choice(_NAMES)
        self.question = f"Find the record {name} Letters {seed + 1} on the north shelf."
        self.opening = [SystemMessage(self.system), HumanMessage(self.question)]
        self.calls = chat.bind_tools(self.tools, tool_choice="any", parallel_tool_calls=False)
        self.answers = chat.bind_tools(self.tools, tool_choice="none", max_tokens=answer)
        self._turns, self._result = turns, result
        self.graph: Any = create_agent(_Model(choose=self._choose), self.tools, system_prompt=self.system)

    def _choose(self, messages: list[BaseMessage]) -> Any:
        asked = sum(isinstance(message, AIMessage) for message in messages)
        return self.calls if asked < self._turns - 1 else self.answers

    def run(self) -> list[BaseMessage]:
        """The whole run."""
        return self.graph.invoke({"messages": [("human", self.question)]}, {"recursion_limit": 100})["messages"]

    def before_answer(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        """A run's conversation up to its last turn, but with other words in the last result."""
        *before, result, _ = messages
        other = ToolMessage(prose(self.words, self._result), tool_call_id=result.tool_call_id, name=result.name)
        return [SystemMessage(self.system), *before, other]
