"""Small models with random weights, for tests of what any model may say."""

from __future__ import annotations

from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from agentkit import ChatHuggingFace


def random_llama(tokenizer: Any, *, seed: int = 1, width: int = 32, layers: int = 2, context: int = 16384) -> Any:
    """A Llama for a tokenizer: the same weights for the same arguments."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=width + width // 2,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=context,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


class Restless(ChatHuggingFace):
    """Calls tools wherever it may."""

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **kwargs: Any) -> Any:
        return super().bind_tools(tools, tool_choice=tool_choice or "any", **kwargs)
