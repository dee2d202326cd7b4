"""A request to a server and its reply: asked in another form where the server refuses one, and once more where it
ignores what was asked for."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import jsonschema

from agentkit import schemas
from agentkit.endpoint import wire
from agentkit.errors import EndpointError
from agentkit.question import Question

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.messages.ai import UsageMetadata

    from agentkit.endpoint.server import Server

logger = logging.getLogger(__name__)


class Asked:
    """A request and the parts of its reply; see `agentkit.question.Arriving`.

    A whole answer that isn't what was asked for (the server ignored a tool choice or a schema) is asked for once more,
    with what is wrong with it.

    Attributes:
        reply: makes what reads a reply.
        spent: the usage of an answer that was asked for again.
    """

    def __init__(self, server: Server, question: Question, body: dict[str, Any], reads: bool) -> None:
        self.reply: Any = None
        self.spent: UsageMetadata | None = None
        self._reads = reads
        self._server = server
        self._question = question
        self._body: dict[str, Any] = body
        self._asked_again = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                for part in self._server.transport.send(self._body):
                    if self._is_final(part):
                        yield part
                        if not self._question.streamed:
                            return
                    else:
                        break
                else:
                    return
            except EndpointError as error:
                self._adapt(error)

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            try:
                async for part in self._server.transport.send_async(self._body):
                    if self._reads:  # the tokenizer may have to be loaded, which the event loop should not wait for
                        await asyncio.to_thread(self._server.dialect, str(part.get("model") or ""))
                        self._reads = False
                    if self._is_final(part):
                        yield part
                        if not self._question.streamed:
                            return
                    else:
                        break
                else:
                    return
            except EndpointError as error:
                self._adapt(error)

    def check(self, message: AIMessage) -> None:
        """That the answer calls a tool where one has to be called.

        An answer that doesn't fit its schema passes: who asked for the schema reads the answer, and is told there.

        Raises:
            EndpointError: where it doesn't.
        """
        wrong = problem(message, dataclasses.replace(self._question, schema=None))
        if wrong:
            raise EndpointError(f"{self._server.where} ignored what was asked for. {wrong}", body=str(message.text))

    def _adapt(self, error: EndpointError) -> None:
        other = wire.adapted(self._body, self._question, error)
        if other is None:
            raise error
        if "response_format" in self._body and self._question.response_format["type"] == "json_schema":
            self._server.takes_form(wire.form_of(other, self._question))
        logger.info("%s does not know a part of the request and is asked without it: %s", self._server.where, error)
        self._body = other

    def _is_final(self, part: dict[str, Any]) -> bool:
        """Whether this is to be passed on; if not, the request has been changed and is to be sent again."""
        if self._question.streamed:
            return True
        reply = self.reply()
        for _ in reply.take(part):
            pass
        message = reply.result().generations[0].message
        wrong = problem(message, self._question)
        if not wrong:
            return True
        if self._asked_again:
            self.check(message)
            return True
        self._asked_again = True
        self.spent = message.usage_metadata
        told = {"role": "user", "content": f"{wrong} Answer again."}
        said = {"role": "assistant", "content": str(message.text)}
        self._body = {**self._body, "messages": [*self._body["messages"], said, told]}
        return False


def problem(message: AIMessage, question: Question) -> str:
    """What in an answer isn't as it was asked for; "" where nothing."""
    if message.response_metadata.get("finish_reason") == "length":
        return ""
    names = [call["name"] for call in [*message.tool_calls, *message.invalid_tool_calls]]
    forced = question.tool_choice
    if forced == "any" and not names:
        return "The answer must be a call of one of the tools, but it is text."
    if forced not in {"auto", "any", "none"} and forced not in names:
        return f"The answer must be a call of the tool {forced!r}, but it is {f'of {names[0]}' if names else 'text'}."
    if question.schema is None or names:
        return ""
    try:
        schemas.validate(json.loads(str(message.text), strict=False), question.schema)
    except ValueError as error:
        return f"The answer must be JSON of the schema that was given, but it is not JSON: {error}."
    except jsonschema.ValidationError as error:
        return f"The answer does not fit the schema: {error.message}."
    return ""
