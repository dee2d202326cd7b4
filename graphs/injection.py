"""What tools get from the graph, not from the model: InjectedState, InjectedStore and ToolRuntime, as in ToolNode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import set_config_context
from langchain_core.tools import BaseTool, InjectedToolArg
from langchain_core.tools.base import get_all_basemodel_annotations
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime
from langgraph.runtime import Runtime, get_runtime


class Injection:
    """The injected arguments of one tool.

    Args:
        tool: a tool.
        tools: all tools, for its `ToolRuntime`.
    """

    def __init__(self, tool: BaseTool, tools: Iterable[BaseTool] = ()) -> None:
        self._tools = list(tools)
        self._of_state: dict[str, str | None] = {}
        self._of_store: list[str] = []
        self._of_runtime: list[str] = []
        self._hidden: set[str] = set()
        schema = tool.get_input_schema()
        function = getattr(tool, "func", None) or getattr(tool, "coroutine", None)
        annotations = get_type_hints(function, include_extras=True) if function else {}
        for argument, annotation in {**annotations, **get_all_basemodel_annotations(schema)}.items():
            marks = list(_marks(annotation))
            if any(_is(mark, InjectedToolArg) or _is(mark, ToolRuntime) for mark in marks):
                self._hidden.add(argument)
            for mark in marks:
                if _is(mark, InjectedState):
                    self._of_state[argument] = mark.field if isinstance(mark, InjectedState) else None
                elif _is(mark, InjectedStore):
                    self._of_store.append(argument)
                elif _is(mark, ToolRuntime):
                    self._of_runtime.append(argument)
            if argument == "runtime" and argument not in self._of_runtime:
                self._of_runtime.append(argument)
        fields = getattr(schema, "model_fields", {})
        self._optional = {argument for argument in self._of_state if argument in fields} - {
            argument for argument in self._of_state if argument in fields and fields[argument].is_required()
        }

    @property
    def of_state(self) -> bool:
        """Whether the tool sees the graph's state."""
        return bool(self._of_state or self._of_runtime)

    def arguments(
        self, call: Mapping[str, Any], state: Mapping[str, Any] | None, config: RunnableConfig
    ) -> dict[str, Any]:
        """The arguments of a call with all that is injected. What the model wrote in such a place is left out.

        Raises:
            ValueError: the graph has no store, or its state no field, that the tool asks for.
        """
        if not self._hidden and not self.of_state:
            return dict(call["args"])
        arguments = {name: value for name, value in call["args"].items() if name not in self._hidden}
        state = state or {}
        for argument, field in self._of_state.items():
            if field is None:
                arguments[argument] = state
            elif field in state:
                arguments[argument] = state[field]
            elif argument not in self._optional:
                raise ValueError(f"The tool {call['name']!r} asks for {field!r}, which is not in the graph's state.")
        if self._of_store or self._of_runtime:
            with set_config_context(config) as context:
                runtime: Runtime[Any] = context.run(get_runtime)
            if self._of_store and runtime.store is None:
                raise ValueError(f"The tool {call['name']!r} asks for a store: give create_agent one.")
            arguments |= dict.fromkeys(self._of_store, runtime.store)
            arguments |= dict.fromkeys(self._of_runtime, self._runtime(call, state, config, runtime))
        return arguments

    def _runtime(
        self, call: Mapping[str, Any], state: Mapping[str, Any], config: RunnableConfig, runtime: Runtime[Any]
    ) -> ToolRuntime[Any, Any]:
        return ToolRuntime(
            state=state,
            context=runtime.context,
            config=config,
            stream_writer=runtime.stream_writer,
            tool_call_id=call["id"],
            store=runtime.store,
            tools=self._tools,
            execution_info=runtime.execution_info,
            server_info=runtime.server_info,
        )


def _marks(annotation: Any) -> Iterable[Any]:
    """An annotation and all that it is made of."""
    yield annotation
    if (origin := get_origin(annotation)) is not None:
        yield origin
    for part in get_args(annotation):
        yield from _marks(part)


def _is(mark: Any, kind: type) -> bool:
    return isinstance(mark, kind) or (isinstance(mark, type) and issubclass(mark, kind))
