"""A person between a call and its tool."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import set_config_context
from langchain_core.tools import BaseTool
from langgraph.types import interrupt
from pydantic import Discriminator
from typing_extensions import NotRequired, TypedDict

from agentkit.confidence import CallConfidence


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call that the model has made and that has not run."""

    id: str
    name: str
    args: dict[str, Any]
    tool: BaseTool
    confidence: CallConfidence | None
    """How probable the call was to the model; None where it does not say."""


Approve = bool | Collection[str] | Callable[[ProposedCall], bool]
"""Which calls wait for a person: all, those of these tools, or those for which a function says so."""


class Accept(TypedDict):
    """Run the call as it is."""

    type: Literal["accept", "approve"]


class Action(TypedDict):
    """What to call instead."""

    name: NotRequired[str]
    args: dict[str, Any]


class Edit(TypedDict):
    """Run it with other arguments."""

    type: Literal["edit"]
    edited_action: Action


class Reject(TypedDict):
    """Do not run it; the model is told why."""

    type: Literal["reject"]
    message: NotRequired[str]


class Respond(TypedDict):
    """Do not run it; this is its result."""

    type: Literal["respond"]
    message: str


Decision = Annotated[Accept | Edit | Reject | Respond, Discriminator("type")]
"""What a person decides; the form is that of LangChain's human in the loop, with "accept" for "approve" as well."""


def needs_approval(approve: Approve, call: ProposedCall) -> bool:
    """Whether a call waits for a person."""
    if isinstance(approve, bool):
        return approve
    if callable(approve):
        return bool(approve(call))
    return call.name == approve if isinstance(approve, str) else call.name in approve


def ask_person(call: ProposedCall, config: RunnableConfig) -> Mapping[str, Any]:
    """Pauses the graph, and is the person's decision once it is resumed.

    Raises:
        GraphInterrupt: at first.
        ValidationError: what the graph was resumed with is no `Decision`. Nothing is lost: it can be resumed again.
    """
    confidence = call.confidence
    request = {
        "type": "tool_approval",
        "tool_call_id": call.id,
        "name": call.name,
        "args": call.args,
        "description": call.tool.description,
        "confidence": {"mean": confidence.mean, "least": confidence.least} if confidence else None,
    }
    with set_config_context(config) as context:
        decision: Mapping[str, Any] = context.run(
            lambda: interrupt(request, response_schema=cast("type[Any]", Decision))
        )
    return decision
