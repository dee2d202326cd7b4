"""What the engine is measured against: transformers by itself, in forward calls and in `generate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

Turn = tuple[Sequence[int], Sequence[int]]
"""Ids of a prompt, and those that were generated after it."""


def first_token(model: Any, prompt: Sequence[int]) -> int:
    """The first token after a prompt, by `generate`."""
    ids = torch.tensor([list(prompt)])
    output = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=1, do_sample=False)
    return int(output[0, -1])


def run(model: Any, turns: Sequence[Turn]) -> None:
    """A whole conversation, each token computed once: what is new in a prompt in one call, then token by token."""
    cache, known = DynamicCache(config=model.config), []
    for prompt, said in turns:
        same = next((at for at, (a, b) in enumerate(zip(known, prompt, strict=False)) if a != b), len(known))
        if same < len(known):
            cache.crop(same - len(known))
        feed = list(prompt[same:])
        for token_id in said:
            logits = model(input_ids=torch.tensor([feed]), past_key_values=cache, logits_to_keep=1).logits
            logits[0, -1].max(-1).indices.item()
            feed = [token_id]
        known = [*prompt, *said[:-1]]


class Batch:
    """Several prompts side by side, padded on the left, as one batch of forward calls."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]]) -> None:
        self._model, self._cache = model, DynamicCache(config=model.config)
        longest = max(map(len, prompts))
        self._mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        self._next = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts])

    def step(self) -> None:
        """The next token of each; the first time, all of their prompts."""
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)[:, -self._next.shape[1] :]
        logits = self._model(
            input_ids=self._next,
            past_key_values=self._cache,
            attention_mask=self._mask,
            position_ids=positions,
            logits_to_keep=1,
        ).logits
        self._next = logits[:, -1].max(-1, keepdim=True).indices
        self._mask = torch.cat([self._mask, torch.ones_like(self._next)], 1)
        self._next.tolist()
