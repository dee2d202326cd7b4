"""A small tokenizer and small random models, built on the spot: one of each way to remember."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from agentkit.engine.local import LocalEngine

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)

EOS = 0


@functools.cache
def make_tokenizer() -> Any:
    """A byte-level BPE tokenizer: <eos> is 0, <|end|> is 1, the rest bytes and a few merges."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<eos>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(['{"name": "hello", "value": 12}', *["the quick brown fox "] * 3], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<eos>", additional_special_tokens=["<|end|>"]
    )


def _configs() -> dict[str, Callable[[], Any]]:
    base = {
        "vocab_size": len(make_tokenizer()),
        "hidden_size": 32,
        "num_hidden_layers": 4,
        "max_position_embeddings": 1024,
        "eos_token_id": EOS,
        "bos_token_id": None,
        "pad_token_id": EOS,
    }
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48}
    linear = {
        "linear_num_value_heads": 4,
        "linear_num_key_heads": 2,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    }
    experts = {
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 16,
    }
    return {
        "full": lambda: transformers.LlamaConfig(**base, **heads),
        "sliding": lambda: transformers.MistralConfig(**base, **heads, sliding_window=12),
        "mixed": lambda: transformers.Gemma3TextConfig(
            **base,
            **heads,
            head_dim=8,
            query_pre_attn_scalar=8,
            sliding_window=8,
            layer_types=["sliding_attention", "full_attention"] * 2,
        ),
        "recurrent": lambda: transformers.Mamba2Config(
            **base, num_heads=8, head_dim=8, expand=2, state_size=8, n_groups=2, chunk_size=8
        ),
        "hybrid": lambda: transformers.Qwen3NextConfig(
            **base, **heads, **linear, **experts, head_dim=8, layer_types=["linear_attention", "full_attention"] * 2
        ),
        "convolution": lambda: transformers.Lfm2Config(
            **base, **heads, layer_types=["conv", "full_attention"] * 2, block_auto_adjust_ff_dim=False
        ),
        # Says nothing of its window to the cache.
        "own window": lambda: transformers.GPTNeoConfig(
            **base, num_heads=4, num_layers=4, attention_types=[[["global", "local"], 2]], window_size=12
        ),
        # Sees to it that its mask has every row.
        "strict mask": lambda: transformers.XGLMConfig(**base, d_model=32, ffn_dim=48, num_layers=2, attention_heads=4),
        # Has no cache that a second call of several tokens could continue.
        "single": lambda: transformers.JambaConfig(
            **base, **heads, num_experts=2, num_experts_per_tok=1, mamba_d_state=8, mamba_dt_rank=4,
            attn_layer_period=2, attn_layer_offset=1,
        ),
        # Has a cache of its own that transformers' cache classes do not know.
        "foreign": lambda: transformers.RwkvConfig(
            vocab_size=len(make_tokenizer()), hidden_size=32, num_hidden_layers=2, eos_token_id=EOS, bos_token_id=EOS
        ),
    }  # fmt: skip


KINDS = ["full", "sliding", "mixed", "recurrent", "hybrid", "convolution"]


@functools.cache
def make_model(kind: str) -> Any:
    """A model with random weights, large enough that what it says depends on all it has read."""
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(_configs()[kind]()).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def generate(model: Any, prompt: Sequence[int], tokens: int) -> list[int]:
    """What transformers' own greedy search says."""
    return list(_generate(model, tuple(prompt), tokens))


@functools.cache
def _generate(model: Any, prompt: tuple[int, ...], tokens: int) -> list[int]:
    ids = torch.tensor([prompt])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False, pad_token_id=EOS
    )
    return output[0, len(prompt) :].tolist()


def random_ids(rng: random.Random, length: int) -> list[int]:
    return [rng.randrange(2, len(make_tokenizer())) for _ in range(length)]


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return make_tokenizer()


@pytest.fixture
def engine() -> Iterator[Callable[..., LocalEngine]]:
    """Makes engines for models of a kind, and closes them."""
    made: list[LocalEngine] = []

    def make(kind: str = "full", model: Any = None, **kwargs: Any) -> LocalEngine:
        made.append(LocalEngine(model or make_model(kind), make_tokenizer(), **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def watched():
    """A model with a hook that sees the ids of each forward call, shape [rows, new], before it is made."""
    model = make_model("full")
    handles = []

    def watch(look):
        def hook(module, args, kwargs):
            look(kwargs["input_ids"])

        handles.append(model.register_forward_pre_hook(hook, with_kwargs=True))
        return model

    yield watch
    for handle in handles:
        handle.remove()
