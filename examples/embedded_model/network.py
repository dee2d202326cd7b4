"""The network: transformers' Llama layout, with a training pass that computes the head on target positions only."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM


def config(
    vocabulary: int = 2048, hidden: int = 128, layers: int = 4, heads: int = 4, inner: int = 352, width: int = 32
) -> LlamaConfig:
    """The shape of the model: a small Llama with biases on attention, which the initialisation needs.

    ``width`` is a head's; ``heads * width`` may differ from ``hidden``, since attention costs most of the time.
    """
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=width,
        max_position_embeddings=4096,
        rms_norm_eps=1e-5,
        attention_bias=True,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e5},
        initializer_range=0.02,
    )


def precision(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it faster than float32: a GPU, or a CPU with matrix units (AMX)."""
    with_amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    return torch.bfloat16 if device.type == "cuda" or with_amx() else torch.float32


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    one, other = x.chunk(2, -1)
    return x * cos + torch.cat((-other, one), -1) * sin


def _attended(q: Tensor, k: Tensor, v: Tensor, dtype: torch.dtype) -> Tensor:
    """Causal attention of (batch, heads, length, width)."""
    if q.is_cuda or dtype == torch.float32:
        # On a CPU the fused kernel is the faster one for float32, and it wants contiguous tensors when compiled.
        q, k, v = (x.to(dtype).contiguous() for x in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    # A CPU's matrix units are not used by the fused kernel: with them, whole products are a fifth faster.
    batch, heads, length, width = q.shape
    places = torch.arange(length)
    q, k, v = (x.to(dtype).reshape(batch * heads, length, width) for x in (q * width**-0.5, k, v))
    scores = torch.bmm(q, k.mT).float().masked_fill(places[None, :] > places[:, None], float("-inf"))
    return torch.bmm(scores.softmax(-1).to(dtype), v).view(batch, heads, length, width)


def _forward(
    model: LlamaForCausalLM, ids: Tensor, rows: Tensor, labels: Tensor, cos: Tensor, sin: Tensor, dtype: torch.dtype
) -> Tensor:
    """The loss at positions ``rows`` of the flattened batch; matrix products in ``dtype``, the rest in float32."""
    settings: Any = model.config
    eps, heads = settings.rms_norm_eps, settings.num_attention_heads
    batch, length = ids.shape
    core = model.model

    def normed(x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, weight.shape, weight, eps).to(dtype)

    stream = core.embed_tokens(ids).reshape(batch * length, -1)
    for place, layer in enumerate(core.layers):
        attention, mlp = layer.self_attn, layer.mlp
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        weight, bias = (torch.cat([getattr(p, name) for p in parts]).to(dtype) for name in ("weight", "bias"))
        qkv = functional.linear(normed(stream, layer.input_layernorm.weight), weight, bias)
        qkv = qkv.view(batch, length, 3 * heads, -1).transpose(1, 2).float()
        turned = _turned(qkv[:, : 2 * heads], cos, sin)
        q, k, v = turned[:, :heads], turned[:, heads:], qkv[:, 2 * heads :]
        mixed = _attended(q, k, v, dtype)
        mixed = mixed.transpose(1, 2).reshape(batch * length, -1)
        if place == len(core.layers) - 1:
            stream, mixed = stream[rows], mixed[rows]
        out = attention.o_proj
        stream = stream + functional.linear(mixed.to(dtype), out.weight.to(dtype), out.bias.to(dtype))
        x = normed(stream, layer.post_attention_layernorm.weight)
        both = functional.linear(x, torch.cat((mlp.gate_proj.weight, mlp.up_proj.weight)).to(dtype))
        gate, up = both.chunk(2, -1)
        stream = stream + functional.linear(functional.silu(gate) * up, mlp.down_proj.weight.to(dtype))
    x = normed(stream, core.norm.weight)
    return functional.cross_entropy(functional.linear(x, model.lm_head.weight.to(dtype)).float(), labels)


@cache
def _compiled() -> Any:
    return torch.compile(_forward, dynamic=True)


def loss(
    model: LlamaForCausalLM,
    ids: Tensor,
    targets: Tensor,
    dtype: torch.dtype = torch.float32,
    compiled: bool = False,
) -> Tensor:
    """Mean cross-entropy over target positions.

    ``ids`` is (batch, length), padded at the end; ``targets`` is the same shape, true where the token is one that the
    model is to write. The same arithmetic as the model's own forward (a test compares them), but the last layer's MLP
    and the head run on the positions before targets only, which are a quarter of all. ``compiled`` fuses what is
    between the matrix products, which is a third of the time on a CPU.
    """
    length = ids.shape[1]
    wanted = targets[:, 1:].reshape(-1).nonzero().squeeze(1)
    rows = wanted // (length - 1) * length + wanted % (length - 1)
    labels = ids[:, 1:].reshape(-1)[wanted]
    cos, sin = model.model.rotary_emb(model.lm_head.weight, torch.arange(length, device=ids.device)[None])
    forward = _compiled() if compiled else _forward
    found: Tensor = forward(model, ids, rows, labels, cos[:, None], sin[:, None], dtype)
    return found
