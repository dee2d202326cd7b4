"""A model that hears, with random weights."""

from __future__ import annotations

import functools
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from agentkit.sources import EMBEDDED

TEMPLATE = (
    "{%- for turn in messages -%}{{- '<|im_start|>' + turn.role + '\\n' -}}"
    "{%- if turn.content is string -%}{{- turn.content -}}{%- else -%}{%- for block in turn.content -%}"
    "{%- if block.type == 'audio' -%}{{- '<|audio_bos|><|AUDIO|><|audio_eos|>\\n' -}}"
    "{%- else -%}{{- block.text -}}{%- endif -%}{%- endfor -%}{%- endif -%}{{- '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


@functools.cache
def audio_model() -> tuple[Any, Any]:
    """The model and its processor."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]})
    processor = Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=16), tokenizer, chat_template=TEMPLATE)
    ear = {
        "num_mel_bins": 16,
        "d_model": 16,
        "encoder_layers": 1,
        "encoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "max_source_positions": 1500,
    }
    language = {
        "model_type": "qwen2",
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
    }
    mark = tokenizer.convert_tokens_to_ids("<|AUDIO|>")
    config = Qwen2AudioConfig(audio_config=ear, text_config=language, audio_token_index=mark)
    return Qwen2AudioForConditionalGeneration(config).eval(), processor
