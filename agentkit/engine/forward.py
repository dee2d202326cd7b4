"""One forward call of a transformers model, with exactly the arguments that it takes."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from typing import Any, Literal

import torch

from agentkit.engine.kv import KeyValues, is_supported

__all__ = ["Forward"]

logger = logging.getLogger(__name__)


_ORDER = ("nothing", "single", "any")
_OWN_WINDOWS = ("window_size", "keep_window_size")
"""The names of windows that a model looks after itself, so that its cache says nothing of them: GPT-Neo's, Doge's."""


class Forward:
    """Calls a causal language model on the next tokens of sequences whose beginning is in a `KeyValues`.

    Attributes:
        vocab_size: length of the logits.
        continues: what the model can append to a cache and still be right: "any" number of tokens, a "single" one, or
            "nothing", in which case everything is computed anew for each token. Known after `examine`.
        batches: whether sequences of different length can go side by side. Known after `examine`.
        ragged: whether they can be given different numbers of tokens at once. Known after `examine`.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        parameters = inspect.signature(model.forward).parameters
        self._takes_positions = "position_ids" in parameters
        self._takes_keep = "logits_to_keep" in parameters
        # Mamba and its kin have their own word for the same cache.
        names = [name for name in ("past_key_values", "cache_params") if name in parameters]
        self._cache_name = names[0] if names else None
        head = model.get_output_embeddings()
        weight = getattr(head, "weight", None)
        text_config = model.config.get_text_config(decoder=True)
        self.vocab_size: int = text_config.vocab_size if weight is None else weight.shape[0]
        self.continues: Literal["any", "single", "nothing"] = "any"
        self.batches = True
        self.ragged = self._takes_positions
        if self._cache_name is None or not is_supported(model.config):
            self.continues, self.batches, self.ragged = "nothing", False, False
        everywhere = self.ragged and self._looks_everywhere()
        # What is shown to a recurrent layer stays, and a window would not reach beyond the holes.
        self._may_be_ragged = everywhere and not any(getattr(text_config, name, None) for name in _OWN_WINDOWS)
        # A mask as it is added to the scores is made once; from any other, each layer would make one.
        attention = getattr(text_config, "_attn_implementation", None)
        self._adds_mask = everywhere and attention in ("sdpa", "eager")

    def _looks_everywhere(self) -> bool:
        """Whether every layer sees all tokens."""
        empty = self.new()
        return not empty.is_recurrent and all(window is None for window in empty.windows)

    def new(self, expected: int = 0) -> KeyValues:
        """One empty sequence; `expected` tokens will fit without moving it."""
        return KeyValues(self.model.config, expected)

    @torch.no_grad()
    def __call__(self, ids: Sequence[Sequence[int]], kv: KeyValues, keep: int = 1) -> torch.Tensor:
        """Append tokens to each row, and say what may come next.

        Args:
            ids: the tokens, [rows, new]; of different numbers only where that is possible (`ragged`).
            kv: what precedes them; the tokens are added to it.
            keep: after how many tokens of each row, the last ones, to say what may come next. What it says of a row
                that was given fewer has no meaning before those. 0 for nothing.

        Returns:
            Logits, [rows, keep, vocabulary].
        """
        device = self.model.device
        counts = [len(row) for row in ids]
        new = max(counts)
        arguments: dict[str, Any] = {"use_cache": False, "return_dict": True}
        if self.continues == "nothing":
            ids = kv.remember(ids)
            kv.append(counts)
        else:
            kv.append(counts)
            arguments |= {str(self._cache_name): kv.cache, "use_cache": True}
            if self._takes_positions:
                arguments["position_ids"] = kv.positions(new, device)
            mask = kv.added_mask(new, self.model.dtype, device) if self._adds_mask else kv.mask(device)
            if mask is not None:
                arguments["attention_mask"] = mask
        if self._takes_keep:
            # Numbers say how many, where 0 is all; places say which.
            arguments["logits_to_keep"] = keep or torch.empty(0, dtype=torch.long, device=device)
        padded = [[0] * (new - len(row)) + list(row) for row in ids]
        output = self.model(input_ids=torch.tensor(padded, device=device), **arguments)
        logits: torch.Tensor = output.logits
        return logits[:, logits.shape[1] - keep :]

    def examine(self) -> None:
        """Find out what this model can do, by comparing a few tokens in one call with the same in several.

        Most architectures can do everything. Some take no more than one token after the first call, and some have a
        cache of their own; their output would be silently wrong, so it is measured rather than looked up.
        """
        if self.continues != "nothing":
            found: dict[bool, tuple[Any, bool, bool]] = {}
            for adds in [True, False] if self._adds_mask else [False]:
                found[adds] = self._try(adds)
                if found[adds] == ("any", True, True):
                    break
            best = max(found, key=lambda adds: (_ORDER.index(found[adds][0]), *found[adds][1:]))
            self._adds_mask = best
            self.continues, self.batches, self.ragged = found[best]
        if self.continues != "any" or not self.batches:
            logger.warning(
                "%s: cache continues by %s, sequences side by side: %s; requests will be slower.",
                type(self.model).__name__,
                self.continues,
                self.batches,
            )

    def _try(self, adds_mask: bool) -> tuple[Literal["any", "single", "nothing"], bool, bool]:
        """What `continues`, `batches` and `ragged` are with this sort of mask."""
        self._adds_mask, self.continues, self.batches = adds_mask, "any", True
        self._compare()
        several = self._may_be_ragged and self.continues == "any" and self.batches
        return self.continues, self.batches, several and self._agree_with_holes()

    def _compare(self) -> None:
        ids = _some_ids(7, 3, self.vocab_size)
        try:
            kv = self.new()
            whole = self([ids], kv)[0, -1]
            if not kv.is_filled:
                # It remembers in the model itself, where another sequence would overwrite it.
                self.continues, self.batches = "nothing", False
            elif not self._agree(whole, [ids[:3], ids[3:]]):
                self.batches = False
                self.continues = "single" if self._agree(whole, [ids[:5], *([i] for i in ids[5:])]) else "nothing"
            else:
                self.batches = self._agree_side_by_side(whole, ids)
        except Exception as error:
            # What the model cannot do even here it will say again, with its cause, when a request comes.
            logger.debug("the model's cache cannot be used", exc_info=error)
            self.continues, self.batches = "nothing", False

    def _agree(self, whole: torch.Tensor, parts: Sequence[Sequence[int]]) -> bool:
        kv = self.new()
        for part in parts:
            logits = self([part], kv)
        return _close(whole, logits[0, -1])

    def _agree_side_by_side(self, whole: torch.Tensor, ids: list[int]) -> bool:
        batch, other = self.new(), self.new()
        self([ids[:7]], batch)
        self([ids[:2]], other)
        batch.add(other)
        for token_id in ids[2:7]:
            first, second = self([[token_id], [token_id]], batch)
        # The first row has by now seen other tokens; the second, shorter one is at the place of `ids[:7]`.
        alone = self([ids[:7]], self.new())[0, -1]
        return _close(alone, second[-1]) and bool(first.isfinite().all())

    def _agree_with_holes(self) -> bool:
        """Rows of different and of the same number of tokens, from the beginning and after others."""
        batch, other = self.new(), self.new()
        ids = _some_ids(5, 2, self.vocab_size)
        try:
            whole = self([ids], self.new(), 8)[0]
            batch.add(other)
            fresh = self([ids[:3], ids[:2]], batch, 2)
            self([ids[3:5], ids[2:5]], batch, 3)
            batch.take_back([1, 1])
            alike = self([ids[4:6], ids[4:6]], batch, 2)
            self([ids[6:7], ids[6:8]], batch, 2)
            batch.take_back([0, 1])
            first, second = self([ids[7:8], ids[7:8]], batch)
        except Exception as error:
            logger.debug("tokens of different number cannot go side by side", exc_info=error)
            return False
        said = [(2, fresh[0, -1]), (0, fresh[1, -2]), (1, fresh[1, -1]), (7, first[-1]), (7, second[-1])]
        said += [(4 + at, row[at]) for row in alike for at in range(2)]
        return all(_close(whole[place], logits) for place, logits in said)


def _some_ids(step: int, begin: int, size: int) -> list[int]:
    return [(index * step + begin) % size for index in range(8)]


def _close(expected: torch.Tensor, found: torch.Tensor) -> bool:
    """Whether logits differ by rounding only: noticeable in half precision, but far less than a lost token."""
    tolerance = 0.02 if expected.dtype == torch.float32 else 0.2
    expected, found = expected.float(), found.float()
    return bool((expected - found).abs().max() <= tolerance * expected.std())
