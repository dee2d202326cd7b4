"""Notices an agent that goes in circles: calls that were made before and bring what they brought before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from agentkit.graphs.state import Memory
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

NOTE = "Note: this call was made before, with the same result. Do something else, or answer from what you have."


def last_results(messages: Sequence[AnyMessage]) -> list[ToolMessage]:
    """The results of the last turn's calls, in their order."""
    results: list[ToolMessage] = []
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            break
        if isinstance(message, ToolMessage):
            results.append(message)
    return results[::-1]


def notice(memory: Memory, messages: Sequence[AnyMessage]) -> Memory:
    """The memory after the results of the last turn's calls.

    A step is stale where every one of its calls was made before in this run and brought the same. A cycle of any length
    is nothing but stale steps from its second round on.
    """
    asked = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    results = {message.tool_call_id: message for message in last_results(messages)}
    digests = []
    for call in [*asked.tool_calls, *asked.invalid_tool_calls] if asked else []:
        if (result := results.get(call["id"] or "")) is not None:
            said = [call["name"], call["args"], result.content]
            text = json.dumps(said, sort_keys=True, default=str)
            digests.append(hashlib.blake2b(text.encode(), digest_size=8).hexdigest())
    if not digests:
        return memory
    stale = memory["stale"] + 1 if memory["seen"] and all(digest in memory["seen"] for digest in digests) else 0
    new = [digest for digest in dict.fromkeys(digests) if digest not in memory["seen"]]
    return {**memory, "seen": memory["seen"] + new, "stale": stale}
