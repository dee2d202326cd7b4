"""The embedded model grown to a size at which benchmarks mean something, without a change to what it says.

More layers, whose output projections are zero; wider feed-forward parts, at whose new dimensions nothing looks; wider
hidden states, zero in the new dimensions; more tokens, which the model never says. All that is new takes part in the
arithmetic like the rest: a forward pass costs what it costs a model of that size.
"""

from __future__ import annotations

import copy
import itertools
import json
import random
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer

HIDDEN, INTERMEDIATE, LAYERS, VOCABULARY, CONTEXT = 512, 2816, 12, 128_000, 16_384

# Powers of two are exact in any type. The first, squared, vanishes beside what is in a hidden state; times the second
# it is plain again.
_TRACE, _LENS, _NEVER = 2.0**-10, 2.0**12, -(2.0**10)


def grow(small: Any) -> Any:
    """A Llama model of 120 million parameters with the same logits; those of tokens that `small` lacks are far below.

    Args:
        small: a Llama model with tied embeddings and attention biases, in float32.
    """
    old, generator = small.config, torch.Generator().manual_seed(0)
    config = copy.deepcopy(old)
    config.hidden_size, config.intermediate_size = HIDDEN, INTERMEDIATE
    config.num_hidden_layers, config.vocab_size, config.max_position_embeddings = LAYERS, VOCABULARY, CONTEXT
    # The mean of squares is taken over more dimensions, of which only the old ones are not zero.
    config.rms_norm_eps = old.rms_norm_eps * old.hidden_size / HIDDEN
    scale = (old.hidden_size / HIDDEN) ** 0.5
    large = transformers.LlamaForCausalLM(config).eval().requires_grad_(False)
    for parameter in large.parameters():
        parameter.normal_(std=0.02, generator=generator)
    hidden, inner = old.hidden_size, old.intermediate_size
    embeddings = large.model.embed_tokens.weight
    embeddings.zero_()
    embeddings[: old.vocab_size, :hidden] = small.model.embed_tokens.weight
    for layer in large.model.layers:
        # Nothing writes into the new dimensions, and new layers write nothing at all.
        for part in (layer.self_attn.o_proj.weight, layer.self_attn.o_proj.bias, layer.mlp.down_proj.weight):
            part.zero_()
    for layer, source in zip(large.model.layers, small.model.layers, strict=False):
        attention, known = layer.self_attn, source.self_attn
        for name in ("q_proj", "k_proj", "v_proj"):
            projection, part = getattr(attention, name), getattr(known, name)
            projection.weight[:, :hidden] = part.weight
            projection.bias.copy_(part.bias)
        attention.o_proj.weight[:hidden] = known.o_proj.weight
        attention.o_proj.bias[:hidden] = known.o_proj.bias
        layer.mlp.gate_proj.weight[:inner, :hidden] = source.mlp.gate_proj.weight
        layer.mlp.up_proj.weight[:inner, :hidden] = source.mlp.up_proj.weight
        layer.mlp.down_proj.weight[:hidden, :inner] = source.mlp.down_proj.weight
        layer.input_layernorm.weight[:hidden] = source.input_layernorm.weight * scale
        layer.post_attention_layernorm.weight[:hidden] = source.post_attention_layernorm.weight * scale
    large.model.norm.weight[:hidden] = small.model.norm.weight * scale
    # Zero embeddings would give the new tokens a logit of zero, which is not nothing. So the last layer leaves a trace
    # in a new dimension, too faint to be seen beside the rest until it is magnified, and they are set against it.
    large.model.layers[-1].self_attn.o_proj.bias[hidden] = _TRACE
    large.model.norm.weight[hidden] = _LENS
    embeddings[old.vocab_size :, hidden] = _NEVER
    large.generation_config = copy.deepcopy(small.generation_config)
    return large


def grow_tokenizer(small: Any) -> Any:
    """The tokenizer with a vocabulary to match. It encodes any text as before: nothing merges to the new tokens."""
    described = json.loads(small.backend_tokenizer.to_str())
    vocabulary = described["model"]["vocab"]
    # Added tokens keep their ids only where the model underneath knows them too.
    vocabulary.update({token["content"]: token["id"] for token in described["added_tokens"]})
    fresh = (word for word in _words() if word not in vocabulary)
    vocabulary.update(zip(fresh, range(len(small), VOCABULARY), strict=False))
    large = copy.deepcopy(small)
    large._tokenizer = Tokenizer.from_str(json.dumps(described))
    large.model_max_length = CONTEXT
    return large


def _words() -> Any:
    """Made-up words as vocabularies have them: with a space before them or without, capitalised, with punctuation."""
    syllables = [a + b + c for a in ("", *"bcdfghklmnprstvw", "st", "tr") for b in "aeiou" for c in ("", *"lmnrst")]
    made = list(itertools.product(syllables, syllables))
    random.Random(0).shuffle(made)
    for first, second in made:
        word = first + second
        yield from (word, "Ġ" + word, "Ġ" + word.capitalize(), word + '":', word + '",', "_" + word, word + "()")
