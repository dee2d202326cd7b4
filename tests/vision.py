"""An image model built from the embedded one: its language model, and an eye with random weights."""

from __future__ import annotations

import functools
from typing import Any

import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from agentkit.sources import EMBEDDED

IMAGE = "<|endoftext|>"
"""The embedded model's one token without a part in conversations stands for images."""

BLOCKS = (
    "{%- set read = namespace(turns=[]) -%}{%- for turn in messages -%}{%- set said = namespace(text='') -%}"
    "{%- for block in turn.content -%}{%- set said.text = said.text + "
    f"(block.text if block.type == 'text' else ('{IMAGE}\\n' if block.type == 'image' else '')) -%}}{{%- endfor -%}}"
    "{%- set read.turns = read.turns + [dict(turn, content=said.text)] -%}{%- endfor -%}"
    "{%- set messages = read.turns -%}"
)
"""As in most image models' templates, content is a list of blocks; a string is not shown at all."""


@functools.cache
def image_model() -> tuple[Any, Any]:
    """The model and its processor. Without an image it says what the embedded model says."""
    torch.manual_seed(0)
    language = AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype="float32")
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    eye = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    config = LlavaConfig(
        vision_config=eye, text_config=language.config, image_token_index=tokenizer.convert_tokens_to_ids(IMAGE)
    )
    model = LlavaForConditionalGeneration(config)
    model.model.language_model.load_state_dict(language.model.state_dict())
    model.lm_head.load_state_dict(language.lm_head.state_dict())
    model.generation_config = language.generation_config
    processor = LlavaProcessor(
        CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        image_token=IMAGE,
        num_additional_image_tokens=1,
        chat_template=BLOCKS + str(tokenizer.chat_template),
    )
    return model.eval(), processor


def film_model() -> tuple[Any, Any]:
    """A model with random weights that takes images and films, and its processor. Needs torchvision."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    marks = ["vision_start", "vision_end", "image_pad", "video_pad"]
    tokenizer.add_special_tokens({"additional_special_tokens": [f"<|{mark}|>" for mark in marks]})
    ids = {mark: tokenizer.convert_tokens_to_ids(f"<|{mark}|>") for mark in marks}
    sizes = {"patch_size": 14, "min_pixels": 28 * 28, "max_pixels": 56 * 56}
    processor = transformers.Qwen2VLProcessor(
        transformers.Qwen2VLImageProcessor(**sizes),
        tokenizer,
        transformers.Qwen2VLVideoProcessor(**sizes, cap_pixels_per_frame=True),
        chat_template=(
            "{%- for turn in messages -%}{{- '<|im_start|>' + turn.role + '\\n' -}}"
            "{%- for block in turn.content -%}{%- if block.type in ('image', 'video') -%}"
            "{{- '<|vision_start|><|' + block.type + '_pad|><|vision_end|>' -}}"
            "{%- else -%}{{- block.text -}}{%- endif -%}{%- endfor -%}{{- '<|im_end|>\\n' -}}{%- endfor -%}"
            "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
        ),
    )
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "rope_parameters": rope,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
    }
    eye = {"depth": 1, "embed_dim": 16, "num_heads": 2, "hidden_size": 32, "mlp_ratio": 2, "patch_size": 14}
    config = transformers.Qwen2VLConfig(
        text_config=text,
        vision_config=eye,
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=ids["vision_end"],
    )
    return transformers.Qwen2VLForConditionalGeneration(config).eval(), processor
