"""The network: transformers' Llama layout, with a training pass that computes the head on target positions only."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM


def config(vocabulary: int = 2048, hidden: int = 128, layers: int = 4, heads: int = 4, inner: int = 352) -> LlamaConfig:
    """The shape of the model: a small Llama with biases on attention, which the initialisation needs."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=4096,
        rms_norm_eps=1e-5,
        attention_bias=True,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e5},
        initializer_range=0.02,
    )


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    one, other = x.chunk(2, -1)
    return x * cos + torch.cat((-other, one), -1) * sin


def loss(model: LlamaForCausalLM, ids: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy over target positions.

    ``ids`` is (batch, length), padded at the end; ``targets`` is the same shape, true where the token is one that the
    model is to write. The same arithmetic as the model's own forward (a test compares them), but the last layer's MLP
    and the head run on the positions before targets only, which are a quarter of all.
    """
    settings = model.config
    shape, eps = (settings.hidden_size,), settings.rms_norm_eps
    heads = settings.num_attention_heads
    batch, length = ids.shape
    core = model.model
    stream = core.embed_tokens(ids)
    cos, sin = core.rotary_emb(stream, torch.arange(length, device=ids.device)[None])
    cos, sin = cos[:, None], sin[:, None]
    wanted = targets[:, 1:].reshape(-1).nonzero().squeeze(1)
    rows = wanted // (length - 1) * length + wanted % (length - 1)
    for place, layer in enumerate(core.layers):
        attention = layer.self_attn
        x = functional.rms_norm(stream, shape, layer.input_layernorm.weight, eps)
        q, k, v = (
            part(x).view(batch, length, heads, -1).transpose(1, 2)
            for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        mixed = functional.scaled_dot_product_attention(_turned(q, cos, sin), _turned(k, cos, sin), v, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(batch * length, -1)
        stream = stream.reshape(batch * length, -1)
        if place == len(core.layers) - 1:
            stream, mixed = stream[rows], mixed[rows]
        stream = stream + attention.o_proj(mixed)
        x = functional.rms_norm(stream, shape, layer.post_attention_layernorm.weight, settings.rms_norm_eps)
        mlp = layer.mlp
        stream = stream + mlp.down_proj(functional.silu(mlp.gate_proj(x)) * mlp.up_proj(x))
        if place < len(core.layers) - 1:
            stream = stream.view(batch, length, -1)
    x = functional.rms_norm(stream, shape, core.norm.weight, eps)
    return functional.cross_entropy(model.lm_head(x).float(), ids[:, 1:].reshape(-1)[wanted])
