"""The engine against plain transformers, on the embedded model grown to 110 million parameters.

What is compared is measured in turns in one process, and ratios of medians are told. The model has the type that
`agentkit.engine.loading` picks on this machine; OMP_NUM_THREADS says on how many cores it runs.
"""

from __future__ import annotations

import functools
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers

from agentkit import ChatHuggingFace
from agentkit.engine import Request
from agentkit.engine.loading import load, pick_dtype
from agentkit.engine.local import LocalEngine
from agentkit.sources import EMBEDDED
from tests.bench import bare
from tests.bench.archive_agent import ArchiveAgent
from tests.bench.grown import grow, grow_tokenizer
from tests.bench.watched import Peak, Requests, Steps

AGENTS = 8


@functools.cache
def grown_chat() -> ChatHuggingFace:
    """A chat model over the grown model."""
    small, tokenizer = load(EMBEDDED, device="cpu", dtype="float32")
    dtype = pick_dtype(transformers.AutoConfig.from_pretrained(EMBEDDED), small.device)
    return ChatHuggingFace.from_model(grow(small).to(dtype), grow_tokenizer(tokenizer), max_tokens=120)


def figures(repeats: int = 3) -> dict[str, float]:
    """The ratios that the engine is held to, and some of what they are made of."""
    bench = Bench(grown_chat())
    with torch.no_grad():
        bench.warm_up()
        return {
            **bench.first_token(2 * repeats + 1),
            **bench.whole_run(repeats),
            **bench.calls(),
            **bench.agents_at_once(repeats),
            **bench.rows_at_once(repeats),
        }


class Bench:
    """The measurements.

    Args:
        chat: a chat model over the model to measure with.
        clock: tells seconds. On a machine that is busy with other things, and with one thread, `time.process_time`
            tells the same of less noise.
    """

    def __init__(self, chat: ChatHuggingFace, clock: Callable[[], float] = time.perf_counter) -> None:
        self.chat = chat
        self._clock = clock
        self.engine: Any = chat._source.engine
        self.model = self.engine.model
        self._desks = iter(range(10**6))

    def agent(self, desk: int | None = None, seed: int = 0, **sizes: int) -> ArchiveAgent:
        """An agent at a new desk, of whose conversation nothing is known yet."""
        return ArchiveAgent(self.chat, next(self._desks) if desk is None else desk, seed, **sizes)

    def warm_up(self) -> None:
        """What is done once in a process is no part of a turn: grammars, the vocabulary's trie."""
        self.agent(turns=2, preface=2, result=1).run()

    def _seconds(self, call: Callable[[], Any]) -> float:
        began = self._clock()
        call()
        return self._clock() - began

    def _held(self) -> int:
        """Bytes of what is remembered."""
        return int(self.engine._scheduler.worker.memory.bytes)

    def first_token(self, repeats: int) -> dict[str, float]:
        """Turn 8 up to its first token: with what is remembered, and by `generate`."""
        agent = self.agent()
        messages = agent.run()
        ours, theirs = [], []
        for _ in range(repeats):
            before = agent.before_answer(messages)
            with Requests(self.engine) as asked:
                stream = agent.answers.stream(before)
                ours.append(self._seconds(lambda: next(stream)))  # noqa: B023
                stream.close()  # type: ignore[attr-defined]
            self._rest()
            prompt = asked.kept[0][0].prompt
            theirs.append(self._seconds(lambda: bare.first_token(self.model, prompt)))  # noqa: B023
        return {
            "ttft_turn8_ratio": statistics.median(theirs) / statistics.median(ours),
            "ttft_turn8_seconds": statistics.median(ours),
            "turn8_prompt_tokens": len(prompt),
        }

    def _rest(self) -> None:
        """Until the engine has let go of what was cancelled: its last step is no part of what is measured next."""
        while self.engine._scheduler.worker.requests:
            time.sleep(0.01)

    def whole_run(self, repeats: int) -> dict[str, float]:
        """Eight turns, and the same tokens by bare forward calls."""
        ours, floor, shares = [], [], []
        for number in range(repeats):
            agent = self.agent(seed=number)
            with Requests(self.engine) as asked, Steps() as steps:
                ours.append(self._seconds(agent.run))
            shares.append(steps.mask_share)
            turns = asked.turns
            floor.append(self._seconds(lambda: bare.run(self.model, turns)))  # noqa: B023
        return {
            "run_over_floor": statistics.median(a / b for a, b in zip(ours, floor, strict=True)),
            "run_seconds": statistics.median(ours),
            "run_tokens": asked.generated,
            "mask_share": statistics.median(shares),
        }

    def calls(self) -> dict[str, float]:
        """Forward passes for calls, each from the last pass of its prompt on."""
        passes: list[int] = []
        handle = self.model.register_forward_pre_hook(lambda *_: passes.append(1))
        done = tokens = 0
        try:
            for number in range(AGENTS):
                agent = self.agent(seed=number, turns=2, preface=2, result=1)
                agent.run()
                with Requests(self.engine) as asked:
                    passes.clear()
                    agent.calls.invoke(agent.opening)
                    done += len(passes)
                tokens += asked.generated
        finally:
            handle.remove()
        return {"forwards_per_call_token": done / tokens}

    def agents_at_once(self, repeats: int) -> dict[str, float]:
        """Agents with the same instructions and tools, at once and one after another."""
        rates: dict[str, list[float]] = {"at once": [], "one by one": []}
        over = []
        for _ in range(repeats):
            for way, run in (("one by one", _one_by_one), ("at once", _at_once)):
                desk = next(self._desks)
                agents = [self.agent(desk, n, preface=8, result=2, answer=64) for n in range(AGENTS)]
                held = self._held()
                with Requests(self.engine) as asked, Peak() as peak:
                    seconds = self._seconds(lambda: run([agent.run for agent in agents]))  # noqa: B023
                rates[way].append(asked.generated / seconds)
            over.append(peak.most - peak.before - (self._held() - held))
        return {
            "batch8_speedup": statistics.median(rates["at once"]) / statistics.median(rates["one by one"]),
            "batch8_tokens_per_second": statistics.median(rates["at once"]),
            "batch8_peak_over_cache_mib": statistics.median(over) / 2**20,
        }

    def rows_at_once(self, repeats: int, tokens: int = 48) -> dict[str, float]:
        """Rows of different length that generate together, a token each a step, and forward calls of the same shape."""
        ours, theirs = [], []
        engine = LocalEngine(self.model, self.engine.tokenizer, drafts=0)
        for _ in range(repeats):
            prompts = [
                self.engine.tokenizer.encode(self.agent(seed=n, preface=20 + n % 4).system) for n in range(AGENTS)
            ]
            ours.append(self._step(engine, prompts, tokens))
            batch = bare.Batch(self.model, prompts)
            batch.step()
            theirs.append(self._seconds(lambda: [batch.step() for _ in range(tokens)]) / tokens)  # noqa: B023
        engine.close()
        return {"batch8_over_bare": statistics.median(theirs) / statistics.median(ours)}

    def _step(self, engine: LocalEngine, prompts: Sequence[Sequence[int]], tokens: int) -> float:
        """Seconds per step while all rows generate."""
        request = functools.partial(Request, max_tokens=4 * tokens, min_tokens=4 * tokens)
        streams = [engine.submit(request(prompt)) for prompt in prompts[:-1]]
        for tokens_of in (others := [iter(stream) for stream in streams]):
            next(tokens_of)
        last = iter(engine.submit(request(prompts[-1])))
        next(last)
        seconds = self._seconds(lambda: [next(last) for _ in range(tokens)])
        for each in (*others, last):
            each.close()  # type: ignore[attr-defined]
        return seconds / tokens


def _one_by_one(runs: Sequence[Callable[[], Any]]) -> None:
    for run in runs:
        run()


def _at_once(runs: Sequence[Callable[[], Any]]) -> None:
    threads = [threading.Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
