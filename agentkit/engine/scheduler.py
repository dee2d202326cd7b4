"""The model's thread: how requests reach it, and how it begins and ends."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections import deque

from agentkit.engine.generation import Generation
from agentkit.engine.worker import Worker
from agentkit.errors import EngineError

__all__ = ["Scheduler"]


class Scheduler:
    """Owns the thread that owns the model, and hands requests to it.

    Attributes:
        worker: what runs on the thread, and is not to be used elsewhere once it does.

    Args:
        worker: as above.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._inbox: deque[Generation] = deque()
        self._changed = threading.Condition()
        self._news = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def submit(self, generation: Generation) -> None:
        """Queue a request.

        Raises:
            EngineError: the engine is closed.
        """
        with self._changed:
            if self._closed:
                raise EngineError("The engine is closed.") from self._error
            self._inbox.append(generation)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="agentkit-engine", daemon=True)
                self._thread.start()
                _running.add(self)
        self.wake()

    def wake(self) -> None:
        """Look again: a request or its grammar has become ready."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def stop(self) -> None:
        """End after the present step, without waiting for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self, timeout: float = 10.0) -> None:
        """End after the present step, and wait for it."""
        self.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        worker = self.worker
        try:
            worker.forward.examine()
            while self._await_work():
                worker.turn()
        except BaseException as error:
            self._error = error
            raise
        finally:
            with self._changed:
                self._closed = True
                left = [*self._inbox, *worker.requests]
                self._inbox.clear()
            for generation in left:
                worker.fail(generation, self._error or EngineError("The engine was closed."))
            worker.clear()

    def _await_work(self) -> bool:
        """Sleep until there is something to do; False when closed."""
        with self._changed:
            while not (self._closed or self._inbox or self.worker.has_work):
                self._news = False
                while not (self._news or self._closed) and self._changed.wait(self.worker.patience):
                    pass
                self.worker.sweep()
            while self._inbox:
                self.worker.queue.add(self._inbox.popleft())
            return not self._closed


_running: weakref.WeakSet[Scheduler] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # A thread inside the model while the interpreter goes away would take the process down with it.
    for scheduler in list(_running):
        scheduler.stop()
    for scheduler in list(_running):
        scheduler.close(5.0)
