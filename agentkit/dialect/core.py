"""A dialect: how one model family writes a conversation, and all that follows from it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage

from agentkit.dialect import author, plain
from agentkit.dialect.events import Check
from agentkit.dialect.grammar import AddedTokens, answer_grammar, tools_grammar
from agentkit.dialect.probe import Probe
from agentkit.dialect.prompt import Barrier, Known, Prompt, rendered, tokenized
from agentkit.dialect.reader import Reader
from agentkit.dialect.syntax import Syntax
from agentkit.dialect.template import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@functools.lru_cache(maxsize=64)
def _learned(chat_template: str, bos_token: str, eos_token: str) -> Syntax:
    return Probe(chat_template, bos_token, eos_token).syntax()


def tool_template(template: Any) -> Any:
    """Of several chat templates by name, the one for conversations with tools."""
    if isinstance(template, Mapping):
        return template.get("tool_use") or template.get("default")
    return template


class Dialect:
    """How a model writes, as its chat template shows it.

    Make one with `from_tokenizer`, or with `from_template` where there is no tokenizer at hand; then `prompt` yields
    text only, and grammars match text rather than tokens.
    """

    def __init__(
        self,
        chat_template: str,
        *,
        bos_token: str = "",
        eos_token: str = "",
        tokenizer: PreTrainedTokenizerBase | None = None,
    ) -> None:
        self.chat_template = chat_template
        self.syntax = author.apply(
            _learned(chat_template, bos_token, eos_token), getattr(tokenizer, "response_template", None)
        )
        self._special = {"bos_token": bos_token, "eos_token": eos_token}
        self._tokenizer = tokenizer
        self.control_tokens = self._control_tokens(tokenizer) if tokenizer is not None else []
        self._barrier = Barrier(self.control_tokens) if tokenizer is not None else None

    @classmethod
    def from_template(cls, chat_template: str, *, bos_token: str = "", eos_token: str = "") -> Dialect:
        """The dialect of a chat template alone.

        Args:
            chat_template: Jinja source.
            bos_token: the text of the token that begins a sequence, as the template reads it.
            eos_token: the text of the token that ends one.

        Raises:
            ValueError: where the template isn't valid Jinja.
        """
        return cls(chat_template, bos_token=bos_token, eos_token=eos_token)

    @classmethod
    def from_tokenizer(cls, tokenizer: PreTrainedTokenizerBase) -> Dialect:
        """The dialect of a tokenizer's chat template.

        Raises:
            ValueError: where the tokenizer has no chat template.
        """
        template = tool_template(tokenizer.chat_template)
        if not template:
            raise ValueError(
                f"The tokenizer of {tokenizer.name_or_path or 'this model'!r} has no chat template: it belongs to a "
                "base model. Take the model's chat or instruct version, or set `tokenizer.chat_template`."
            )
        return cls(
            template,
            bos_token=str(tokenizer.bos_token or ""),
            eos_token=str(tokenizer.eos_token or ""),
            tokenizer=tokenizer,
        )

    def prompt(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]] = (),
        *,
        add_generation_prompt: bool = True,
        known: Known | None = None,
        **variables: Any,
    ) -> Prompt:
        """The conversation as the model reads it.

        Args:
            messages: dicts with `role` and `content`, as chat templates read them; the arguments of calls as dicts.
            tools: OpenAI function specifications.
            add_generation_prompt: whether the assistant's turn is opened at the end.
            known: looks up the ids of a beginning of the conversation, so that they stay what the model itself wrote.
            variables: what else the template reads, such as `enable_thinking`.

        Raises:
            PromptError: where the template refuses the conversation, with its complaint.
        """
        mark, turns, offered = "", list(messages), list(tools)
        if self._barrier is not None:
            mark = self._barrier.mark([turns, offered])
            turns, offered = self._barrier.put(turns, mark), self._barrier.put(offered, mark)
        render = functools.partial(self._render, add_generation_prompt=add_generation_prompt, **variables)
        text = rendered(self.syntax, render, turns, offered)
        if self._tokenizer is None:
            return Prompt(text)
        encode = functools.partial(self._tokenizer.encode, add_special_tokens=False)
        return tokenized(text, mark, encode, self.control_tokens, known)

    def read(self, text: str, *, tools: Sequence[dict[str, Any]] | None = None, prompt: str = "") -> AIMessage:
        """A whole turn as a message: content, `tool_calls`, `invalid_tool_calls` and, in
        `additional_kwargs["reasoning_content"]`, what the model thought.

        Args:
            text: what the model wrote, control tokens included.
            tools: the tools that were offered, as OpenAI function specifications.
            prompt: the prompt or its end; it may have opened a thought.
        """
        reader = self.reader(tools=tools, prompt=prompt)
        reader.feed(text)
        reader.close()
        return reader.message()

    def reader(
        self,
        *,
        tools: Sequence[dict[str, Any]] | None = None,
        prompt: str = "",
        calling: bool = True,
        check: Check | None = None,
    ) -> Reader:
        """What reads a turn as it is written.

        Args:
            tools: as in `read`.
            prompt: as in `read`.
            calling: whether there may be calls.
            check: says what is wrong with the arguments of a call, by the tool's name; "" where nothing.
        """
        return Reader(self.syntax, tools, prompt, calling=calling, check=check)

    def grammar(
        self,
        tools: Sequence[Mapping[str, Any]],
        tool_choice: str = "auto",
        parallel: bool = True,
        prompt: str = "",
        tokenizer: AddedTokens | None = None,
    ) -> str:
        """A llguidance grammar for what may follow the prompt.

        Args:
            tools: OpenAI function specifications.
            tool_choice: "auto": text, with calls where the model begins one; "any": at least one call; "none": text
                alone; or the name of the one tool to call.
            parallel: whether there may be more than one call.
            prompt: the prompt or its end; it may have opened a thought.
            tokenizer: where given, marks that are one token are held to that token.

        Raises:
            ValueError: where `tool_choice` names a tool that isn't offered.
        """
        return tools_grammar(
            self.calling_syntax,
            tools,
            tool_choice=tool_choice,
            parallel=parallel,
            prompt=prompt,
            tokenizer=tokenizer or self._tokenizer,
        )

    def answer_grammar(
        self,
        schema: Mapping[str, Any],
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        prompt: str = "",
        tokenizer: AddedTokens | None = None,
    ) -> str:
        """A llguidance grammar for an answer that is JSON of this schema or, where tools are offered, for calls."""
        return answer_grammar(self.calling_syntax, schema, tools, prompt=prompt, tokenizer=tokenizer or self._tokenizer)

    @functools.cached_property
    def calling_syntax(self) -> Syntax:
        """The syntax, with the plain form of calls where the template shows none."""

        return self.syntax if self.syntax.calls else dataclasses.replace(self.syntax, calls=plain.CALLS)

    def _render(self, messages: list[Message], tools: list[dict[str, Any]] | None, **variables: Any) -> str:
        from transformers.utils.chat_template_utils import render_jinja_template

        special = {**self._special, **(self._tokenizer.special_tokens_map if self._tokenizer is not None else {})}
        arguments: dict[str, Any] = {**special, **variables, "tools": tools, "chat_template": self.chat_template}
        rendering: Any = render_jinja_template([messages], **arguments)  # texts and masks, whatever its annotation says
        return str(rendering[0][0])

    def _control_tokens(self, tokenizer: PreTrainedTokenizerBase) -> list[str]:
        """The texts of tokens that mean more than their text: special ones, and added ones that the template writes."""
        return [
            token.content
            for token in tokenizer.added_tokens_decoder.values()
            if token.special or token.content in self.chat_template
        ]
