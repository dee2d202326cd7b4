"""Muon (orthogonalised momentum) for the matrices and AdamW for the rest, as one optimiser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

# Newton-Schulz coefficients for a matrix of norm one: each step is p(x) = a x + b x^3 + c x^5 on the singular values.
_STEPS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
)


def orthogonalise(matrices: Tensor) -> Tensor:
    """The nearest (semi-)orthogonal matrices, roughly; ``matrices`` is (count, rows, columns), of any precision."""
    flip = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if flip else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) * 1.01 + 1e-7)
    for a, b, c in _STEPS:
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    turned: Tensor = x.mT if flip else x
    return turned


class Muon(torch.optim.Optimizer):
    """Muon for two-dimensional weights other than the embedding, AdamW for everything else.

    Matrices of one shape are orthogonalised in one batch: with a model this small the calls, not the arithmetic, cost.
    ``dtype`` is that of the orthogonalisation; ``scale`` on :meth:`step` is the schedule's factor on both learning
    rates.
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float = 0.01,
        adam_lr: float = 3e-3,
        momentum: float = 0.95,
        decay: float = 0.01,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n and "lm_head" not in n]
        chosen = {id(p) for p in matrices}
        others = [p for p in model.parameters() if id(p) not in chosen]
        self.adam = torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0)
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "decay": decay})
        self.adam_lr = adam_lr
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None, scale: float = 1.0) -> None:  # type: ignore[override]
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * scale
        self.adam.step()
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault(weight.shape, []).append(weight)
            rate = group["lr"] * scale
            for shape, weights in by_shape.items():
                gradients = [w.grad for w in weights if w.grad is not None]
                for weight in weights:
                    if "momentum" not in self.state[weight]:
                        self.state[weight]["momentum"] = torch.zeros_like(weight)
                averages = [self.state[w]["momentum"] for w in weights]
                torch._foreach_lerp_(averages, gradients, 1 - group["momentum"])
                looked_ahead = torch.stack(torch._foreach_lerp(gradients, averages, group["momentum"]))
                updates = orthogonalise(looked_ahead.to(self.dtype)).float() * max(1.0, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(weights, 1 - rate * group["decay"])
                torch._foreach_add_(weights, list(updates.unbind()), alpha=-rate)

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        self.adam.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"muon": super().state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict["muon"])
        self.adam.load_state_dict(state_dict["adam"])


def all_parameters(optimiser: Muon) -> Iterable[Tensor]:
    """Every weight that the optimiser changes."""
    for group in (*optimiser.param_groups, *optimiser.adam.param_groups):
        yield from group["params"]
