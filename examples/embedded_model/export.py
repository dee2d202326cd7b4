"""Write the last checkpoint as a folder that transformers loads alone."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import network
import tokens
import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, LlamaForCausalLM

ROOT = Path(__file__).resolve().parent.parent.parent


def checkpoint(work: Path) -> dict[str, Any]:
    """The last checkpoint of a run: settings, progress, model and optimiser."""
    return _load(work / "checkpoint.pt")


def _load(path: Path) -> dict[str, Any]:
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return saved


def export(work: Path, out: Path, template: Path | None = None, earlier: Path | None = None, share: float = 0) -> None:
    """Write bfloat16 safetensors, configurations and the tokenizer to ``out``.

    The weights are the last checkpoint's, or the mean of those and of an ``earlier`` one, which has ``share`` of it.

    The chat template is read from ``template`` (default: ``chat_template.jinja`` in ``out``, or that of the model that
    ships) and written as it is.
    """
    own, shipped = (folder / "chat_template.jinja" for folder in (out, ROOT / "agentkit" / "embedded"))
    template = template or (own if own.exists() else shipped)
    saved = checkpoint(work)
    settings = saved["settings"]
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    shape = network.config(
        tokenizer.get_vocab_size(), *(settings[name] for name in ("hidden", "layers", "heads", "inner", "width"))
    )
    end, pad = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
    shape.bos_token_id, shape.eos_token_id, shape.pad_token_id = None, end, pad
    model = LlamaForCausalLM(shape)
    weights = saved["model"]
    if earlier is not None:
        before = _load(earlier)["model"]
        weights = {name: (1 - share) * weight + share * before[name] for name, weight in weights.items()}
    model.load_state_dict(weights)
    model = model.bfloat16()
    generation: dict[str, Any] = {"do_sample": False, "eos_token_id": [end, pad], "pad_token_id": pad}
    model.generation_config = GenerationConfig.from_dict(generation)
    out.mkdir(parents=True, exist_ok=True)
    text = template.read_text(encoding="utf-8")
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    tokens.wrap(tokenizer, text).save_pretrained(out)
    # The name that older transformers know, too.
    settings_file = out / "tokenizer_config.json"
    stored = json.loads(settings_file.read_text(encoding="utf-8"))
    stored.pop("backend", None)
    stored["tokenizer_class"] = "PreTrainedTokenizerFast"
    settings_file.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "embedded_model")
    parser.add_argument("--out", type=Path, default=ROOT / "agentkit" / "embedded")
    parser.add_argument("--earlier", type=Path, help="an earlier checkpoint, to write the mean of both")
    parser.add_argument("--share", type=float, default=0.3, help="what the earlier one has of the mean, 0 to 1")
    given = parser.parse_args()
    export(given.work, given.out, None, given.earlier, given.share)
