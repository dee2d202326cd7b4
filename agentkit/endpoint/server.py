"""A server as a source of answers."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agentkit.dialect.reader import Reader
from agentkit.endpoint import wire
from agentkit.endpoint.asked import Asked
from agentkit.endpoint.reply import Reply
from agentkit.errors import AgentkitError
from agentkit.messages import template_messages
from agentkit.question import Question

if TYPE_CHECKING:
    from agentkit.dialect import Dialect

logger = logging.getLogger(__name__)


class Transport(Protocol):
    """What carries requests to a server; see `Http` and `Hub`."""

    def send(self, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]: ...

    def send_async(self, body: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]: ...

    def models(self) -> list[dict[str, Any]]: ...


@dataclasses.dataclass(frozen=True, eq=False)
class Server:
    """A model behind a server; see `agentkit.question.Source`."""

    transport: Transport
    model: str | None = None
    """The name that the server knows the model by; None asks the server which it has."""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Further fields of every request."""
    tokenizer: Any = None
    """The model's tokenizer, or its folder or hub id. None finds it by the model's name, False takes none."""
    where: str = ""
    """The server's address, or the provider's name."""

    @property
    def name(self) -> str:
        return self.model or self.where

    @property
    def identity(self) -> str:
        return self.where

    @property
    def context_length(self) -> int | None:
        told = [self._described.get("max_model_len"), (self._described.get("meta") or {}).get("n_ctx_train")]
        return next((int(length) for length in told if length), None)

    @functools.cached_property
    def asked_for(self) -> str | None:
        """The model's name in requests."""
        return self.model or self._described.get("id")

    def dialect(self, name: str = "") -> Dialect | None:
        """How the model writes, where its tokenizer can be loaded.

        Args:
            name: the model's name as the server's reply has it.
        """
        from agentkit.dialect import Dialect

        if "dialect" not in self._found or (self._found["dialect"] is None and name not in self._found["names"]):
            tokenizer = self.loaded_tokenizer(name)
            try:
                self._found["dialect"] = Dialect.from_tokenizer(tokenizer) if tokenizer is not None else None
            except ValueError as error:
                logger.warning("calls that %s leaves in its text stay there: %s", self.where, error)
                self._found["dialect"] = None
            self._found["names"] = {*self._found.get("names", ()), name}
        found: Dialect | None = self._found["dialect"]
        return found

    def loaded_tokenizer(self, name: str = "") -> Any:
        """The model's tokenizer, where it can be loaded; see `dialect`."""
        if "tokenizer" not in self._found:
            tokenizer = _loaded(self.tokenizer, name or self.asked_for or "")
            if tokenizer is None:
                return None
            self._found["tokenizer"] = tokenizer
        return self._found["tokenizer"]

    def for_model(self, model: str) -> Server:
        """The same server asked for another of its models."""
        known: dict[str, Server] = self._found.setdefault("models", {})
        return known.setdefault(model, dataclasses.replace(self, model=model))

    @property
    def form(self) -> str | None:
        """The form of `response_format` that the server is known to take; see `wire.FORMS`."""
        form: str | None = self._found.get("form", wire.FORMS[0])
        return form

    def takes_form(self, form: str | None) -> None:
        """Remember it for the next time."""
        self._found["form"] = form

    def check(self, tools: Sequence[dict[str, Any]]) -> None:
        """What can be called is the server's to say."""

    def begin(self, question: Question) -> Reply:
        calls = bool(question.tools) and question.tool_choice != "none"
        reads = self.tokenizer is not False and (calls or self.tokenizer is not None)

        def read_with(name: str, thought: bool) -> Reader | None:
            dialect = self.dialect(name) if reads else None
            if dialect is None:
                return None
            return dialect.reader(tools=question.tools, prompt="" if thought else _prompt(dialect, question))

        model = self.asked_for
        asked = Asked(self, question, wire.body(question, model, self.extra, self.form), reads)
        asked.reply = functools.partial(Reply, asked, model or self.where, read_with, asked.check)
        reply: Reply = asked.reply()
        return reply

    def count(self, question: Question) -> int:
        dialect = self.dialect()
        if dialect is None:
            raise ValueError(self._no_tokenizer)
        prompt = dialect.prompt(template_messages(question.messages), question.tools, **question.template_variables)
        return len(prompt.ids or ())

    def encode(self, text: str) -> list[int]:
        tokenizer = self.loaded_tokenizer()
        if tokenizer is None:
            raise ValueError(self._no_tokenizer)
        return list(tokenizer.encode(text, add_special_tokens=False))

    def traced(self, settings: Mapping[str, Any]) -> tuple[float | None, int | None]:
        sent = wire.settings(settings)
        return sent.get("temperature"), sent.get("max_tokens")

    def profile(self) -> dict[str, Any]:
        known = {"name": self.name, "text_inputs": True, "text_outputs": True, "tool_calling": True}
        return {**known, "tool_call_streaming": True, "tool_choice": True, "structured_output": True}

    @property
    def _no_tokenizer(self) -> str:
        return (
            f"Tokens can't be counted: the tokenizer of {self.name!r} could not be loaded. Give it as tokenizer=…, a "
            "tokenizer or the folder or hub id of one."
        )

    @functools.cached_property
    def _described(self) -> dict[str, Any]:
        models = self.transport.models()
        named = [model for model in models if model.get("id") == self.model]
        return next(iter([*named, *models]), {})

    @functools.cached_property
    def _found(self) -> dict[str, Any]:
        """What was loaded for it so far."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Server:
        return self


def _loaded(given: Any, name: str) -> Any:
    """A tokenizer as it was given or by its model's name; None where there is none."""
    if given is False:
        return None
    if given is not None and not isinstance(given, (str, Path)):
        return getattr(given, "tokenizer", given)
    path, _, revision = str(given or name).partition("@")
    if not path or (given is None and not (path.count("/") == 1 or Path(path).is_dir())):
        return None  # a name that only the server knows
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, **({"revision": revision} if revision else {}))
    except (OSError, ValueError, ImportError) as error:
        logger.warning("the tokenizer of %s could not be loaded: %s", path, error)
        return None


def _prompt(dialect: Dialect, question: Question) -> str:
    """The prompt as the server renders it: it may open a thought, which the answer then goes on with."""
    if dialect.syntax.reasoning is None:
        return ""
    try:
        return dialect.prompt(template_messages(question.messages), question.tools, **question.template_variables).text
    except AgentkitError:
        return ""
