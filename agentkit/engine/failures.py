"""What to tell the person when a model fails."""

from __future__ import annotations

from typing import Any

import torch

from agentkit.errors import AgentkitError, EngineError, OutOfMemoryError

__all__ = ["explain", "is_out_of_memory"]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, of a GPU or of the machine."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError)
        and any(text in str(error) for text in ("out of memory", "can't allocate memory"))
    )


def explain(error: BaseException, device: Any, tokens: int) -> AgentkitError:
    """An error of this library that says what became of a request of `tokens` tokens; its cause is `error`."""
    if isinstance(error, AgentkitError) and not is_out_of_memory(error):
        return error
    failure: AgentkitError
    if is_out_of_memory(error):
        failure = OutOfMemoryError(
            f"Memory ran out on {device} for a request of {tokens} tokens. Lower max_batch, cache_bytes, prefill_chunk "
            f"or the length of the prompt, or load the model in fewer bits. ({error})"
        )
    else:
        failure = EngineError(f"The model failed on this request: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure
