from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import batches
import card
import pytest
import torch
import train
from evaluate import both, lines, tables
from export import export
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from agentkit.cases import read

TINY = train.Settings(
    seed=5, steps=70, batch_tokens=1200, hidden=64, layers=2, heads=2, inner=128, lr=0.02, short_chunks=1
)
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK_TOKENS", 8000)


def _start(work: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, resume: bool = False) -> train.Run:
    monkeypatch.setattr(train.tokens, "train", lambda seed: tokenizer)
    return train.Run(work, dataclasses.replace(TINY), CPU, resume)


def test_a_run_learns_resumes_and_exports(
    tmp_path: Path, tokenizer: Tokenizer, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _start(tmp_path / "whole", tokenizer, monkeypatch)
    before = whole.held_out_loss()
    *_, done = whole.train()
    assert done.step == TINY.steps
    assert whole.held_out_loss() < 0.8 * before

    work = tmp_path / "parts"
    part = _start(work, tokenizer, monkeypatch)
    for _ in part.train(until=23):
        pass
    part.progress.held_out_loss = part.held_out_loss()
    part.save()
    rest = _start(work, tokenizer, monkeypatch, resume=True)
    assert rest.progress.step == 23
    for _ in rest.train():
        pass
    for one, other in zip(whole.model.parameters(), rest.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)

    out = tmp_path / "out"
    rest.save()
    export(work, out)
    model = AutoModelForCausalLM.from_pretrained(out)
    loaded = AutoTokenizer.from_pretrained(out)
    assert model.dtype == torch.bfloat16
    assert model.generation_config.eos_token_id == loaded.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    assert (loaded.eos_token, loaded.pad_token) == ("<|im_end|>", "<|endoftext|>")
    assert (out / "chat_template.jinja").read_text() == template.read_text()
    prompt = loaded.apply_chat_template([{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False)
    assert prompt == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    ids = batches.pad([(tokenizer.encode(prompt, add_special_tokens=False).ids, [])]).ids
    with torch.no_grad():
        torch.testing.assert_close(
            model.float()(input_ids=ids).logits, rest.model(input_ids=ids).logits, rtol=0.1, atol=0.1
        )

    table = tables(both(out, read(lines("test", 2, ("no_tool", "look_up")))))
    card.write(work, out, table, remark="A remark.")
    text = (out / "README.md").read_text()
    assert f"| seed | {TINY.seed} |" in text
    assert "| no tool | 2 |" in text
    assert "\nA remark.\n" in text
    assert json.loads((out / "tokenizer_config.json").read_text())["clean_up_tokenization_spaces"] is False


def test_schedule_warms_up_stays_and_falls() -> None:
    values = [train.schedule(step, 1000) for step in range(1000)]
    assert values[0] < 0.1
    assert values[train.WARM_UP : 350] == [1.0] * (350 - train.WARM_UP)
    assert values[350:] == sorted(values[350:], reverse=True)
    assert values[-1] == train.FINAL


def test_a_second_schedule_starts_where_the_first_ended(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _start(tmp_path, tokenizer, monkeypatch)
    for _ in run.train(until=2):
        pass
    run.extend(3, lr=0.01)
    assert [done.step for done in run.train()] == [3, 4, 5]
    assert run.optimiser.param_groups[0]["lr"] == 0.01
    assert train.schedule(2, 5, begin=2) == train.schedule(0, 3)


def test_minutes_fix_the_number_of_steps_from_the_speed(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _start(tmp_path, tokenizer, monkeypatch)
    run.settings.steps = 100_000
    monkeypatch.setattr(train, "MEASURED", 5)
    for done in run.train(minutes=0.1):
        assert done.seconds < 20
    assert math.isclose(run.progress.seconds, 6, rel_tol=0.5)
    assert run.progress.step == run.settings.steps < 100_000


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--more", "5"], "give --resume too"), (["--resume", "--steps", "9"], "leave these out: steps")],
)
def test_options_that_would_be_ignored_are_refused(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "checkpoint.pt"
    kept.touch()
    monkeypatch.setattr(sys, "argv", ["train.py", *options, "--work", str(tmp_path)])
    with pytest.raises(SystemExit):
        train.main()
    assert said in capsys.readouterr().err
    assert kept.exists()
