"""When a server is asked again, and how long is waited before."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from typing import Any

import tenacity

from agentkit.errors import EndpointError

_BUSY = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_FIRST = 0.5
_LONGEST = 60.0


class UnavailableError(EndpointError):
    """A server that may well answer when it is asked again.

    Attributes:
        after: seconds that the server itself said to wait.
    """

    def __init__(self, message: str, status: int | None = None, body: str = "", after: float = 0.0) -> None:
        super().__init__(message, status, body)
        self.after = after


def refusal(where: str, status: int, body: str, headers: Mapping[str, str]) -> EndpointError:
    """The error for a reply with an error status."""
    message = f"{where} answered with status {status}: {body.strip() or 'nothing more'}"
    if status in _BUSY:
        return UnavailableError(message, status, body, _seconds(headers.get("retry-after", "")))
    if status in {401, 403}:
        message += ". Give the server's token as api_key=…, or set HF_TOKEN for Hugging Face's own hosts."
    return EndpointError(message, status, body)


def policy(retries: int) -> dict[str, Any]:
    """Arguments for tenacity's `Retrying` and `AsyncRetrying`: exponential backoff with jitter, or as long as the
    server asks for."""
    backoff = tenacity.wait_exponential(multiplier=_FIRST, max=8.0) + tenacity.wait_random(0, _FIRST)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return max(backoff(state), min(getattr(error, "after", 0.0), _LONGEST))

    return {
        "retry": tenacity.retry_if_exception_type(UnavailableError),
        "stop": tenacity.stop_after_attempt(retries + 1),
        "wait": wait,
        "reraise": True,
    }


def _seconds(retry_after: str) -> float:
    """A `Retry-After` header: seconds, or a date."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        date = email.utils.parsedate_tz(retry_after)
        return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else 0.0
