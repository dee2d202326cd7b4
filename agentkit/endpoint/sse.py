"""Server-sent events, as bytes come, to the JSON that they carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agentkit.errors import EndpointError


class Events:
    """Takes a reply in any pieces.

    Lines end with a line feed only: the texts that models write may hold U+2028 and the like, which `str.splitlines`
    and httpx's `iter_lines` would break a line at.

    Attributes:
        done: whether the server said that nothing more comes.
    """

    def __init__(self) -> None:
        self.done = False
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events that have become whole.

        Raises:
            EndpointError: with the server's words, where it tells of an error, or an event isn't JSON.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._line(line)

    def close(self) -> Iterator[dict[str, Any]]:
        """What stands on a last line without an end."""
        rest, self._rest = self._rest, b""
        yield from self._line(rest)

    def _line(self, line: bytes) -> Iterator[dict[str, Any]]:
        field, _, value = line.strip().partition(b":")
        value = value.strip()
        if field not in {b"data", b"error"} or not value:  # event names, ids, comments that keep the connection alive
            return
        if value == b"[DONE]":
            self.done = True
            return
        yield checked(value) if field == b"data" else checked(b'{"error": ' + value + b"}")


def checked(text: bytes | str) -> dict[str, Any]:
    """A reply or an event, parsed.

    Raises:
        EndpointError: with the server's words, where it tells of an error or isn't JSON.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        shown = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:300]
        raise EndpointError(f"The server's answer is not JSON ({error}): {shown}", body=shown) from error
    if not isinstance(value, dict):
        raise EndpointError(f"The server's answer is {type(value).__name__}, not an object: {str(value)[:300]}")
    if problem := value.get("error"):
        words = problem.get("message") or json.dumps(problem) if isinstance(problem, dict) else str(problem)
        raise EndpointError(f"The server broke off: {words}", body=json.dumps(problem, ensure_ascii=False))
    return value
