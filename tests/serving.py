"""`transformers serve` as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def transformers_serve(folder: Path, patience: float = 240.0) -> Iterator[str]:
    """A server that ends with the block; gives its address.

    Args:
        folder: where it may write what it says.
        patience: how many seconds it may take to start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "transformers"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = folder / "serve.log"
    with (
        log.open("wb") as said,
        subprocess.Popen([*command, "--device", "cpu"], stdout=said, stderr=said, env=environment) as process,
    ):
        try:
            ends = time.monotonic() + patience
            while not _healthy(port):
                if process.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError(f"transformers serve did not start:\n{log.read_text()}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5.0).status_code == 200
    except httpx.HTTPError:
        return False
