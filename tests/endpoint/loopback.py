"""A server on this machine that answers as it is told and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """One reply. `body` is JSON, the events of a stream as a list, or text as it is."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off: bool = False
    """Whether the connection is closed before the reply is whole."""
    pause: float = 0.0
    """Seconds before each event, or before the reply."""


class Loopback:
    """Answers requests one after another; the last answer is given for ever.

    Attributes:
        url: where it is.
        asked: the bodies of the requests.
        headers: their headers.
        models: what it tells of its models.
        broken_pipes: how many clients went away before their reply was whole.
        most_at_once: how many requests it had at the same time.
    """

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/v1"
        self.answers: list[Answer | Callable[[dict[str, Any]], Answer]] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.models: list[dict[str, Any]] = [{"id": "served-model"}]
        self.broken_pipes = 0
        self.at_once = 0
        self.most_at_once = 0
        self.gone = threading.Event()
        self._lock = threading.Lock()

    def will(self, *answers: Any) -> None:
        """Answer so from now on: `Answer`s, or the bodies of good ones."""
        self.answers = [
            answer if isinstance(answer, Answer) or callable(answer) else Answer(answer) for answer in answers
        ]

    def reply(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        with self._lock:
            self.asked.append(body)
            self.headers.append(headers)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(body) if callable(answer) else answer

    def left(self) -> None:
        with self._lock:
            self.at_once -= 1


@contextmanager
def loopback() -> Iterator[Loopback]:
    """A server that ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._whole(json.dumps({"object": "list", "data": told.models}).encode(), Answer())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = told.reply(body, {name.lower(): value for name, value in self.headers.items()})
            try:
                if isinstance(answer.body, list):
                    self._events(answer)
                else:
                    time.sleep(answer.pause)
                    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                    self._whole(text.encode(), answer)
            except OSError:
                told.broken_pipes += 1
                told.gone.set()
                self.close_connection = True
            finally:
                told.left()

        def _whole(self, data: bytes, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) + answer.breaks_off * 100))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = answer.breaks_off

        def _events(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in answer.body:
                time.sleep(answer.pause)
                text = event if isinstance(event, str) else f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
                data = text.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
            if not answer.breaks_off:
                self.wfile.write(b"0\r\n\r\n")
            self.close_connection = True

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    told = Loopback(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(content: str | None = "Hi.", finish: str = "stop", **fields: Any) -> dict[str, Any]:
    """A whole reply."""
    message = {"role": "assistant", "content": content, **fields}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "served-model",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19},
    }


def piece(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One event of a streamed reply."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "served-model",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
        **fields,
    }
