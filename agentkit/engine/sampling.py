"""From logits to a token."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from agentkit.engine import Sampling

__all__ = ["Sampler", "check_sampling", "log_probabilities"]


def check_sampling(sampling: Sampling) -> None:
    """Raise ValueError, naming the setting, where one makes no sense."""
    if not sampling.temperature >= 0:
        raise ValueError(f"temperature must be 0 (greedy) or above, not {sampling.temperature}.")
    if sampling.top_k is not None and sampling.top_k < 0:
        raise ValueError(f"top_k must be at least 1 (or None, for no limit), not {sampling.top_k}.")
    if sampling.top_p is not None and not 0 < sampling.top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, not {sampling.top_p}.")
    if sampling.min_p is not None and not 0 <= sampling.min_p <= 1:
        raise ValueError(f"min_p must be between 0 and 1, not {sampling.min_p}.")
    if sampling.repetition_penalty is not None and not sampling.repetition_penalty > 0:
        raise ValueError(f"repetition_penalty must be above 0, not {sampling.repetition_penalty}.")


class Sampler:
    """Draws the tokens of one request. Its random numbers are its own, so nothing that runs beside it changes them.

    Args:
        sampling: the settings.
        prompt: ids that the repetition penalty counts as seen, as in `generate`.
    """

    def __init__(self, sampling: Sampling, prompt: Sequence[int]) -> None:
        self._sampling = sampling
        self._random = torch.Generator()
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed % 2**63)
        self._penalty = sampling.repetition_penalty or 1.0
        self._seen = set(prompt) if self._penalty != 1.0 else set()

    @property
    def is_argmax(self) -> bool:
        """Whether the most likely token is always the one."""
        return self._sampling.temperature == 0 and self._penalty == 1.0

    def saw(self, token_id: int) -> None:
        """Count a generated token as seen."""
        if self._penalty != 1.0:
            self._seen.add(token_id)

    def pick(self, logits: torch.Tensor, allowed: torch.Tensor | None = None) -> int:
        """The next token.

        Args:
            logits: shape [vocabulary], any floating type; left as it is.
            allowed: bool, shape [vocabulary]; at least one is True.
        """
        logits = logits.float()
        if self._penalty != 1.0:
            logits = self._penalise(logits)
        if allowed is not None:
            logits = logits.masked_fill(~allowed, -torch.inf)
        if self._sampling.temperature == 0:
            return int(logits.argmax())
        return self._draw(logits / self._sampling.temperature)

    def _penalise(self, logits: torch.Tensor) -> torch.Tensor:
        seen = torch.tensor(sorted(self._seen), device=logits.device)
        scores = logits[seen]
        return logits.index_put((seen,), torch.where(scores < 0, scores * self._penalty, scores / self._penalty))

    def _draw(self, logits: torch.Tensor) -> int:
        sampling = self._sampling
        top_k, top_p = sampling.top_k or logits.numel(), sampling.top_p or 1.0
        if top_k < logits.numel() or top_p < 1.0:
            logits, ids = logits.topk(min(top_k, logits.numel()))
        else:
            ids = None
        probabilities = logits.softmax(-1, dtype=torch.float64)
        if top_p < 1.0:
            before = probabilities.cumsum(-1) - probabilities
            probabilities = probabilities.masked_fill(before >= top_p, 0.0)
        if sampling.min_p:
            probabilities = probabilities.masked_fill(probabilities < sampling.min_p * probabilities.max(), 0.0)
        # One random number a token, and the same one on every device.
        cumulative = probabilities.cumsum(-1)
        point = torch.rand((), generator=self._random, dtype=torch.float64) * cumulative[-1].cpu()
        index = int(torch.searchsorted(cumulative, point.to(cumulative.device), right=True))
        if index >= cumulative.numel() or probabilities[index] == 0:
            index = int(probabilities.nonzero()[-1])
        return index if ids is None else int(ids[index])


def log_probabilities(logits: torch.Tensor, token_id: int, top: int) -> tuple[float, list[tuple[int, float]]]:
    """The log-probability of `token_id`, and the `top` most likely ids with theirs.

    Args:
        logits: shape [vocabulary], as the model gave them.
    """
    logprobs = logits.float().log_softmax(-1)
    values, ids = logprobs.topk(min(top, logprobs.numel()))
    return float(logprobs[token_id]), list(zip(ids.tolist(), values.tolist(), strict=True))
