"""Batches of tokens, generated as they are needed: the n-th is a function of the seed alone, so a run can resume."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import generate
import torch
from conversation import Conversation, segments
from tokenizers import Tokenizer
from torch import Tensor

CHUNK_TOKENS = 60_000
LONGEST = 1600


@dataclass
class Batch:
    """Token ids (batch, length), padded with 0 at the end, and where they are targets."""

    ids: Tensor
    targets: Tensor


def encode(talks: list[Conversation], tokenizer: Tokenizer) -> list[tuple[list[int], list[bool]]]:
    """Token ids of each conversation, and which of them the model is to write."""
    pieces = [segments(talk) for talk in talks]
    texts = [text for parts in pieces for text, _ in parts]
    encoded = iter(tokenizer.encode_batch(texts, add_special_tokens=False))
    rows = []
    for parts in pieces:
        ids: list[int] = []
        targets: list[bool] = []
        for _, wanted in parts:
            new = next(encoded).ids
            ids += new
            targets += [wanted] * len(new)
        rows.append((ids, targets))
    return rows


def pad(rows: list[tuple[list[int], list[bool]]]) -> Batch:
    length = max(len(ids) for ids, _ in rows)
    return Batch(
        torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in rows]),
        torch.tensor([targets + [False] * (length - len(targets)) for _, targets in rows]),
    )


def chunk(
    seed: int,
    number: int,
    tokenizer: Tokenizer,
    batch_tokens: int,
    short: bool,
    harder: bool = False,
    together: int = 1,
) -> list[Batch]:
    """The batches of one chunk of conversations, of about ``batch_tokens`` tokens each, like lengths together.

    ``together`` batches in a row have rows of like length as well, so that processes that compute one each are done at
    the same time.
    """
    size = max(CHUNK_TOKENS, 4 * batch_tokens) // 350
    rows = encode(generate.conversations(f"train/{seed}/{number}", size, short, harder), tokenizer)
    rows = [row for row in rows if len(row[0]) <= LONGEST and any(row[1])]
    rows.sort(key=lambda row: len(row[0]))
    batches: list[list[tuple[list[int], list[bool]]]] = [[]]
    for row in rows:
        if batches[-1] and (len(batches[-1]) + 1) * len(row[0]) > batch_tokens:
            batches.append([])
        batches[-1].append(row)
    order = random.Random(f"{seed}/{number}")
    for _ in range(len(batches) % together if len(batches) > together else 0):
        del batches[order.randrange(len(batches))]
    runs = [batches[at : at + together] for at in range(0, len(batches), together)]
    order.shuffle(runs)
    return [pad(batch) for run in runs for batch in run]


class _Chunks(torch.utils.data.Dataset[list[Batch]]):
    def __init__(
        self, seed: int, tokenizer: Tokenizer, batch_tokens: int, short_chunks: int, harder_from: int, together: int
    ) -> None:
        self.arguments = seed, tokenizer, batch_tokens, short_chunks, harder_from, together

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, number: int) -> list[Batch]:
        seed, tokenizer, batch_tokens, short_chunks, harder_from, together = self.arguments
        short, harder = number < short_chunks, number >= harder_from
        return chunk(seed, number, tokenizer, batch_tokens, short, harder, together)


def stream(
    seed: int,
    tokenizer: Tokenizer,
    batch_tokens: int,
    short_chunks: int,
    harder_from: int,
    start: tuple[int, int] = (0, 0),
    workers: int = 0,
    together: int = 1,
) -> Iterator[tuple[tuple[int, int], Batch]]:
    """Batches without end, each with the place (chunk, batch) of the one after it, where a later run can start."""
    numbers = range(start[0], 2**31)
    loader = torch.utils.data.DataLoader(
        _Chunks(seed, tokenizer, batch_tokens, short_chunks, harder_from, together),
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
    )
    skip = start[1]
    for number, batches in zip(numbers, loader, strict=False):
        for place in range(skip, len(batches)):
            yield (number, place + 1), batches[place]
        skip = 0
