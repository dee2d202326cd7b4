"""When a step is saved: before the next begins, so that what has run does not run again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Durability
from typing_extensions import Self

_OF_LANGGRAPH = "__pregel_"
_DURABILITY = f"{_OF_LANGGRAPH}durability"
_LEAST = 4
_NO_LIMIT_OF_ITS_OWN = 10_000


class DurableGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A graph whose `durability` is "sync" where nothing else is said; LangGraph's own default is "async".

    As a part of another graph it saves as that one does.
    """

    @classmethod
    def of(cls, graph: CompiledStateGraph[Any, Any, Any, Any]) -> Self:
        """This graph; a copy, made as LangGraph makes its own."""
        return cls(**{name: value for name, value in vars(graph).items() if not name.startswith("__")})

    def stream(
        self,
        input: Any,  # noqa: A002
        config: RunnableConfig | None = None,
        *,
        durability: Durability | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        return super().stream(input, _with_room(config), durability=durability or self._default(config), **kwargs)

    def astream(
        self,
        input: Any,  # noqa: A002
        config: RunnableConfig | None = None,
        *,
        durability: Durability | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        return super().astream(input, _with_room(config), durability=durability or self._default(config), **kwargs)

    def _default(self, config: RunnableConfig | None) -> Durability | None:
        inside = any(key.startswith(_OF_LANGGRAPH) for key in ensure_config(config).get("configurable", {}))
        return "sync" if isinstance(self.checkpointer, BaseCheckpointSaver) and not inside else None


def _with_room(config: RunnableConfig | None) -> RunnableConfig | None:
    """The config, with room for a turn of the model and a structured answer where somebody else's limit leaves less."""
    given = (config or {}).get("recursion_limit")
    return config if given is None or given >= _LEAST else {**(config or {}), "recursion_limit": _LEAST}


def can_be_saved(value: Any, config: RunnableConfig) -> bool:
    """Whether the checkpointer of this run, if there is one, can write the value."""
    checkpointer = config.get("configurable", {}).get(f"{_OF_LANGGRAPH}checkpointer")
    if value is None or not isinstance(checkpointer, BaseCheckpointSaver):
        return True
    try:
        checkpointer.serde.dumps_typed(value)
    except Exception:  # whatever a person's own type raises
        return False
    return True


def of_the_tool(config: RunnableConfig) -> RunnableConfig:
    """The config for a tool, whose own graphs have their own limits, and perhaps no checkpointer to wait for."""
    configurable = {key: value for key, value in config.get("configurable", {}).items() if key != _DURABILITY}
    own = {key: value for key, value in config.items() if key != "max_concurrency"}
    return {**own, "configurable": configurable, "recursion_limit": _NO_LIMIT_OF_ITS_OWN}  # type: ignore[typeddict-item]
