"""Events in any pieces, and when a server is asked again."""

from __future__ import annotations

import datetime
import email.utils
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import EndpointError
from agentkit.endpoint.retry import UnavailableError, refusal
from agentkit.endpoint.sse import Events, checked

SENT: list[dict[str, Any]] = [{"n": 1, "text": "é ☀ \u2028 data: x"}, {"n": 2, "choices": []}, {"n": 3}]
STREAM = (
    ": alive\r\n\r\nevent: message\n"
    + "".join(f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n" for event in SENT[:2])
    + f"id: 7\ndata:{json.dumps(SENT[2])}"
).encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_are_the_same_in_any_pieces(cuts: list[int]) -> None:
    events, read, places = Events(), [], [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(places):
        read += list(events.feed(STREAM[start:end]))
    assert [*read, *events.close()] == SENT


def test_the_last_word_is_heard() -> None:
    events = Events()
    assert list(events.feed(b'data: {"a": 1}\n\ndata: [DONE]\n\n')) == [{"a": 1}]
    assert events.done


@pytest.mark.parametrize(
    "line",
    [b'data: {"error": {"message": "no room"}}', b'data: {"error": "no room"}', b'error: {"message": "no room"}'],
)
def test_errors_are_told_in_the_servers_words(line: bytes) -> None:
    with pytest.raises(EndpointError, match="no room"):
        list(Events().feed(line + b"\n"))


def test_what_is_no_object_is_shown() -> None:
    with pytest.raises(EndpointError, match=r"not JSON.*<html>"):
        checked("<html>")
    with pytest.raises(EndpointError, match="list, not an object"):
        checked("[1]")


def test_a_busy_server_tells_how_long_to_wait() -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=20)
    for header, least, most in [("7", 7, 7), (email.utils.format_datetime(soon), 15, 21), ("later", 0, 0), ("", 0, 0)]:
        error = refusal("there", 429, "slow down", {"retry-after": header})
        assert isinstance(error, UnavailableError)
        assert least <= error.after <= most
    assert not isinstance(refusal("there", 400, "bad", {}), UnavailableError)
    assert "api_key" in str(refusal("there", 401, "who?", {}))
