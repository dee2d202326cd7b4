"""Mimetic initialisation: heads that already copy, as trained transformers end up having.

Two heads of the first layer attend to the previous token and write its embedding into the stream; the same heads of
the second layer are induction heads (they look for a place whose previous token is the current one, and copy what
stood there). A model that is to copy names and numbers learns several times faster from here.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaForCausalLM

COPYING_HEADS = 2
PAIRS = 5


def _orthonormal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    q: Tensor = torch.linalg.qr(torch.randn(rows, columns, generator=generator))[0]
    return q


@torch.no_grad()
def initialise(model: LlamaForCausalLM, seed: int) -> None:
    """Fill the weights of a Llama with attention biases in place."""
    settings: Any = model.config
    generator = torch.Generator().manual_seed(seed)
    hidden, layers, heads = settings.hidden_size, settings.num_hidden_layers, settings.num_attention_heads
    width = settings.head_dim
    theta: float = settings.rope_parameters["rope_theta"]
    for name, weight in model.named_parameters():
        if "embed" in name:
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
        elif weight.dim() == 2:
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.5 / math.sqrt(weight.shape[1]))
            if "o_proj" in name or "down_proj" in name:
                weight.div_(math.sqrt(2 * layers))
        elif name.endswith("bias"):
            weight.zero_()
        else:
            weight.fill_(1.0)
    model.model.norm.weight.fill_(0.1)
    if layers < 2:
        return
    first, second = model.model.layers[0].self_attn, model.model.layers[1].self_attn
    for head in range(min(COPYING_HEADS, heads)):
        rows = slice(head * width, (head + 1) * width)
        u, w = _orthonormal(hidden, width, generator), _orthonormal(hidden, width, generator)
        first.q_proj.weight[rows] *= 0.1
        first.k_proj.weight[rows] *= 0.1
        for pair in range(min(PAIRS, width // 2)):
            frequency = float(theta ** (-2 * pair / width))
            one, other = head * width + pair, head * width + pair + width // 2
            first.k_proj.bias[one] = 5.5
            first.q_proj.bias[one] = 5.5 * math.cos(-frequency)
            first.q_proj.bias[other] = 5.5 * math.sin(-frequency)
        first.v_proj.weight[rows] = u.T
        first.o_proj.weight[:, rows] = 0.7 * w

        # Only the lower half of the frequencies, which hardly depend on position.
        slow = torch.cat([torch.arange(width // 4, width // 2), torch.arange(width // 4, width // 2) + width // 2])
        second.q_proj.weight[rows] = 0
        second.k_proj.weight[rows] = 0
        second.q_proj.weight[head * width + slow] = 2 * u.T[: len(slow)]
        second.k_proj.weight[head * width + slow] = 2 * w.T[: len(slow)]
        copied = _orthonormal(hidden, width, generator)
        second.v_proj.weight[rows] = copied.T
        second.o_proj.weight[:, rows] = 0.5 * copied
