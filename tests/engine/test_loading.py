"""Loading picks what suits, and says what was wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import transformers

from agentkit.engine import Request, loading
from agentkit.errors import ModelLoadError, OutOfMemoryError

from .conftest import generate, make_model, make_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    make_model("full").save_pretrained(path)
    make_tokenizer().save_pretrained(path)
    return path


def test_a_folder_is_loaded_and_runs(folder, engine):
    model, tokenizer = loading.load(folder, device="cpu")
    assert not model.training
    assert model.dtype == torch.float32
    assert tokenizer.encode("the quick") == make_tokenizer().encode("the quick")
    stream = engine(model=model).submit(Request([5, 6], max_tokens=10))
    assert [token.id for token in stream] == generate(make_model("full"), [5, 6], 10)


@pytest.mark.parametrize("name", ["dtype", "torch_dtype"])
def test_the_type_can_be_chosen(folder, name):
    assert loading.load(folder, **{name: "bfloat16"})[0].dtype == torch.bfloat16


@pytest.fixture(scope="module")
def wide_folder(tmp_path_factory):
    """Wide enough for the blocks that weights are quantised in."""
    path = tmp_path_factory.mktemp("wide")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(make_tokenizer()), hidden_size=128, intermediate_size=256, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, eos_token_id=0, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    make_tokenizer().save_pretrained(path)
    return path


def _check_quantised(engine, wide_folder, config, layer):
    plain, _ = loading.load(wide_folder, device="cpu")
    model, _ = loading.load(wide_folder, device="cpu", quantization_config=config)
    assert layer in repr(model)
    local = engine(model=model)
    prompts = [[5, 6, 7], [5, 6, 7, 8, 9]]
    streams = [local.submit(Request(prompt, max_tokens=12, logprobs=0)) for prompt in prompts]
    for prompt, stream in zip(prompts, streams, strict=True):
        tokens = list(stream)
        assert [token.id for token in tokens] == generate(model, prompt, 12)
        ids = torch.tensor([[*prompt, *(token.id for token in tokens)]])
        with torch.no_grad():
            full = plain(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        # Fewer bits, but the same model.
        for row, token in zip(full, tokens, strict=True):
            assert token.logprob == pytest.approx(row[token.id].item(), abs=0.2)


@pytest.mark.filterwarnings("ignore")
def test_four_bits(engine, wide_folder):
    pytest.importorskip("bitsandbytes")
    pytest.importorskip("accelerate")
    config = transformers.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    _check_quantised(engine, wide_folder, config, "Linear4bit")


@pytest.mark.filterwarnings("ignore")
def test_eight_bits(engine, wide_folder):
    torchao = pytest.importorskip("torchao.quantization")
    config = transformers.TorchAoConfig(torchao.Int8WeightOnlyConfig())
    _check_quantised(engine, wide_folder, config, "Int8Tensor")


def test_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelLoadError, match=f"no model folder at {tmp_path}/nowhere"):
        loading.load(tmp_path / "nowhere")
    with pytest.raises(ModelLoadError, match=f"no model folder at {tmp_path}/nowhere"):
        loading.load("./nowhere")
    (tmp_path / "readme.txt").touch()
    with pytest.raises(ModelLoadError, match=r"holds no config\.json, so no model; it holds readme\.txt"):
        loading.load(tmp_path)
    with pytest.raises(ModelLoadError, match="is a file"):
        loading.load(tmp_path / "readme.txt")


def test_a_broken_folder(folder, tmp_path):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(ModelLoadError, match=f"{tmp_path} could not be loaded"):
        loading.load(tmp_path)


def test_memory_that_runs_out_says_what_to_lower(folder, monkeypatch):
    def too_large(self, *args, **kwargs):
        raise torch.OutOfMemoryError("Tried to allocate 80 GiB")

    monkeypatch.setattr(torch.nn.Module, "to", too_large)
    with pytest.raises(OutOfMemoryError, match=r"fewer bits .*load_in_4bit.*smaller model.*80 GiB"):
        loading.load(folder, device="cpu")


def test_devices(monkeypatch):
    assert loading.pick_device(-1) == loading.pick_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert loading.pick_device() == torch.device("cpu")
    with pytest.raises(ValueError, match="finds none"):
        loading.pick_device(0)
    with pytest.raises(ValueError, match="finds no GPU"):
        loading.pick_device("cuda")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    assert loading.pick_device() == torch.device("cuda")
    assert loading.pick_device(1) == torch.device("cuda:1")
    with pytest.raises(ValueError, match="only cuda"):
        loading.pick_device("mps")
    with pytest.raises(ValueError, match="either device or device_map"):
        loading.load("x", device="cpu", device_map="auto")


def test_types(monkeypatch):
    def config(dtype):
        made = SimpleNamespace(dtype=dtype)
        made.get_text_config = lambda decoder: made
        return made

    cpu, half = torch.device("cpu"), config(torch.bfloat16)
    assert loading.pick_dtype(half, torch.device("cuda")) == "auto"
    assert loading.pick_dtype(config(torch.float32), cpu) == "auto"
    monkeypatch.setattr(loading, "_has_bfloat16", lambda: True)
    assert loading.pick_dtype(half, cpu) == torch.bfloat16
    monkeypatch.setattr(loading, "_has_bfloat16", lambda: False)
    monkeypatch.setattr(loading, "_float32_bytes", lambda config: 1000)
    monkeypatch.setattr(loading, "_free_memory", lambda: 2000)
    assert loading.pick_dtype(half, cpu) == torch.float32
    monkeypatch.setattr(loading, "_free_memory", lambda: 1100)
    assert loading.pick_dtype(half, cpu) == torch.bfloat16
