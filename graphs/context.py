"""What the model is shown of a conversation that outgrows its context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agentkit.graphs.clipping import clip_message
from agentkit.graphs.counting import Counter
from agentkit.graphs.state import Shortened
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage, ToolMessage

_SHARE = 0.75
"""A conversation that does not fit is cut down to this part of the room, so that the next turns extend its prompt and
need not read another one anew."""
_STUMP = 48
"""Tokens that remain of an old result."""
_LATEST_SHARE = 0.5


class ContextPolicy(Protocol):
    """Chooses what the model is shown. It is asked before every turn, and answers the same for the same messages."""

    def __call__(
        self, messages: Sequence[AnyMessage], before: Shortened, counter: Counter, room: int
    ) -> tuple[list[AnyMessage], Shortened]:
        """The messages to show, and what they lack.

        Args:
            messages: the whole conversation, the system prompt first. A call stands before its results, and must not
                be shown without them, nor they without it.
            before: what was left out at the turn before.
            counter: counts tokens.
            room: the most tokens that the prompt may have.
        """


def shorten(
    messages: Sequence[AnyMessage], before: Shortened, counter: Counter, room: int
) -> tuple[list[AnyMessage], Shortened]:
    """Clips old results, then drops old turns, then clips the latest results: the oldest first, no more than needed.

    The system prompt, the first question and the last one stay, and so does all that came after the last call.
    """
    cut = _Cut(messages, before, counter)
    if counter.messages(cut.shown()) <= room:
        return cut.shown(), before
    aim = int(room * _SHARE)
    old, latest = _turns(messages)
    results = [i for turn in old for i in turn if isinstance(messages[i], ToolMessage)]
    cut.until(aim, [[i] for i in results], cut.clip)
    cut.until(aim, old, cut.drop)
    results = [i for i in latest if isinstance(messages[i], ToolMessage)]
    share = int(room * _LATEST_SHARE / max(1, len(results)))
    cut.until(room, [[i] for i in results], lambda i: cut.clip(i, max(share, _STUMP)))
    for tokens in (_STUMP, 0):
        cut.until(room, [[i] for i in results], lambda i, tokens=tokens: cut.clip(i, tokens))  # type: ignore[misc]
    return cut.shown(), cut.shortened()


class _Cut:
    """A conversation with less and less of it shown."""

    def __init__(self, messages: Sequence[AnyMessage], before: Shortened, counter: Counter) -> None:
        self._messages, self._counter = messages, counter
        self._dropped = {i for i, message in enumerate(messages) if message.id in before["dropped"]}
        self._clipped: dict[int, tuple[AnyMessage, int]] = {}
        for i, message in enumerate(messages):
            if (tokens := before["clipped"].get(message.id or "")) is not None:
                self.clip(i, tokens)

    def shown(self) -> list[AnyMessage]:
        return [
            self._clipped[i][0] if i in self._clipped else message
            for i, message in enumerate(self._messages)
            if i not in self._dropped
        ]

    def shortened(self) -> Shortened:
        return Shortened(
            clipped={self._messages[i].id or "": self._clipped[i][1] for i in sorted(self._clipped)},
            dropped=[self._messages[i].id or "" for i in sorted(self._dropped)],
        )

    def until(self, aim: int, groups: Sequence[Sequence[int]], take: Callable[[int], None]) -> None:
        """Takes from as few of the first groups as it needs to come down to this many tokens, or from all."""
        low, high = 0, len(groups)
        kept = set(self._dropped), dict(self._clipped)
        while True:
            self._dropped, self._clipped = set(kept[0]), dict(kept[1])
            middle = (low + high) // 2 if low < high else low
            for group in groups[:middle]:
                for i in group:
                    take(i)
            fits = self._counter.messages(self.shown()) <= aim
            if low >= high:
                return
            low, high = (low, middle) if fits else (middle + 1, high)

    def clip(self, i: int, tokens: int = _STUMP) -> None:
        message = self._messages[i]
        if isinstance(message, ToolMessage):
            shorter = clip_message(message, tokens, self._counter.text)
            if shorter is not message and len(str(shorter.content)) < len(str(message.content)):
                self._clipped[i] = shorter, tokens

    def drop(self, i: int) -> None:
        self._dropped.add(i)
        self._clipped.pop(i, None)


def _turns(messages: Sequence[AnyMessage]) -> tuple[list[list[int]], list[int]]:
    """The old turns and the latest, as indices: an answer with the results of its calls, or a question.

    The system prompt, the first question and the last are in none. The latest turn is one that follows the last
    question.
    """
    questions = [i for i, message in enumerate(messages) if isinstance(message, HumanMessage)]
    last_question = questions[-1] if questions else -1
    turns: list[list[int]] = []
    for i, message in enumerate(messages):
        if i in {last_question, *questions[:1]} or isinstance(message, SystemMessage):
            continue
        if not turns or not isinstance(message, ToolMessage):
            turns.append([])
        turns[-1].append(i)
    if turns and turns[-1][0] > last_question:
        return turns[:-1], turns[-1]
    return turns, []
