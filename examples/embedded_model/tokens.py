"""The tokenizer: byte-level BPE over a splitting that suits copying (single digits, a space apart from its word)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import generate
from conversation import segments
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TAGS = ("<tools>", "</tools>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
VOCABULARY = 2048
# JSON around names and values, kept whole so that it becomes one token each. Longest first.
_JSON = (
    '{"name": "',
    '", "description": "',
    '", "parameters": {"properties": {"',
    '": {"description": "',
    '}, "required": ["',
    '"], "type": "object"}}',
    '", "arguments": {"',
    *(f'": {{"type": "{t}"}}' for t in ("string", "integer", "number", "boolean")),
    *(f'", "type": "{t}"}}' for t in ("string", "integer", "number", "boolean", "array")),
    '"], "type": "string"}',
    '": {"enum": ["',
    '": {"default": ',
    '": {"anyOf": [{"type": "',
    '"}, {"type": "null"}], "default": null',
    '": {"items": {"type": "string"}, "type": "array"}',
    ', "description": "',
    ', "type": "',
    '": {"',
    '": ["',
    '"}, "',
    '"], "',
    '": "',
    '", "',
    '"}}',
    '"]}}',
    '"]',
    '": ',
    ', "',
    '{"',
    "}}",
    '"}',
    '["',
    '}, "',
)
_SMALL_WORDS = ["the", "of", "is", "a", "to", "and", "in", "for", "it", "that", "with", "what", "you", "on", "from"]


def _splitting() -> Regex:
    def quoted(text: str) -> str:
        return "".join("\\" + c if not c.isalnum() and c not in ' "<>,:' else c for c in text)

    json_runs = "|".join(quoted(text) for text in sorted(_JSON, key=len, reverse=True))
    small = rf" (?:{'|'.join(_SMALL_WORDS)})(?![\p{{L}}\p{{M}}])"
    return Regex(rf"{json_runs}|\n|{small}|[\p{{L}}\p{{M}}]+|\p{{N}}| |[^\s\p{{L}}\p{{M}}\p{{N}}]|\s")


def train(seed: int = 0, count: int = 12000, vocabulary: int = VOCABULARY) -> Tokenizer:
    """Train on the text of ``count`` conversations; every byte has a token, so any text is covered."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_splitting(), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(CONTROL) - len(TAGS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    marks = (*CONTROL, *TAGS)

    def texts() -> list[str]:
        found = []
        for talk in generate.conversations(f"tokenizer/{seed}", count):
            text = "".join(piece for piece, _ in segments(talk))
            for mark in marks:
                text = text.replace(mark, "\n")
            found.append(text)
        return found

    tokenizer.train_from_iterator(texts(), trainer)
    added = [AddedToken(text, special=text in CONTROL, normalized=False) for text in marks]
    tokenizer.add_tokens(added)
    tokenizer.add_special_tokens([token for token in added if token.special])
    return tokenizer


def wrap(tokenizer: Tokenizer, chat_template: str | None = None) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers knows it."""
    make: Any = PreTrainedTokenizerFast
    wrapped: PreTrainedTokenizerFast = make(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
        padding_side="left",
    )
    if chat_template is not None:
        wrapped.chat_template = chat_template
    return wrapped


def load_or_train(folder: Path, seed: int) -> Tokenizer:
    """The tokenizer of a run, kept in its folder."""
    path = folder / "tokenizer.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    tokenizer = train(seed)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return tokenizer
