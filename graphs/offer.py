"""The tools that a model is offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agentkit import choice


@dataclass(frozen=True)
class Offer:
    """Tools that run here, and tools that the caller runs."""

    own: Sequence[BaseTool]
    outside: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, tools: Sequence[BaseTool | Callable[..., Any] | dict[str, Any]] | None) -> Offer:
        """The tools as they were given to `create_agent`.

        Raises:
            ValueError: two have the same name.
        """
        own = [each if isinstance(each, BaseTool) else tool(each) for each in tools or () if not isinstance(each, dict)]
        made = cls(own, [each for each in tools or () if isinstance(each, dict)])
        choice.see_names([each.name for each in own] + sorted(made.called_outside))
        return made

    @property
    def tools(self) -> list[Any]:
        """All of them."""
        return [*self.own, *self.outside]

    @property
    def called_outside(self) -> frozenset[str]:
        """The names of those that the caller runs."""
        return frozenset(convert_to_openai_tool(each)["function"]["name"] for each in self.outside)

    def to(self, model: BaseChatModel, **kwargs: Any) -> Runnable[Any, Any]:
        """The model with these tools; the keyword arguments are those of `bind_tools`."""
        return model.bind_tools(self.tools, **kwargs) if self.tools else model
