"""A full-text index on SQLite's FTS5: passages in, the best of them for a question out."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .query import expression, terms
from .results import MAX_RESULTS, MAX_TEXT, Result

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    path TEXT PRIMARY KEY, date TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS documents_by_passage ON documents (first);
CREATE VIRTUAL TABLE IF NOT EXISTS passages USING fts5 (
    title, body, tokenize = "porter unicode61 remove_diacritics 2"
);
"""
_VERSION = 2

WAIT = 600.0
"""Seconds to wait for another process that writes the same index."""

# Ranked by FTS5 itself ("ORDER BY rank"), so that snippets are made of the best rows alone.
_SEARCH = f"""
SELECT rowid, snippet(passages, 1, char(2), char(3), '…', 60) FROM passages
WHERE passages MATCH ? AND rank MATCH 'bm25(1.0, 1.0)' ORDER BY rank LIMIT {MAX_RESULTS}
"""
_OCCURS = "SELECT 1 FROM passages WHERE passages MATCH ? LIMIT 1 OFFSET ?"
_DOCUMENT = "SELECT path, date FROM documents WHERE first <= ? ORDER BY first DESC LIMIT 1"


class Passage(NamedTuple):
    """A piece of a document. The title is searched with the body, but not shown."""

    title: str
    body: str


class Index:
    """Documents cut into passages, ranked by BM25 with Porter's stems; safe to use from several threads.

    Args:
        path: The database file, made where it does not exist; one that is no index of this version is replaced. None
            keeps the index in memory.

    Raises:
        RuntimeError: This Python's SQLite was built without FTS5.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError as error:
            if "fts5" in str(error):
                raise RuntimeError(
                    f"search needs SQLite with FTS5, which this Python's SQLite {sqlite3.sqlite_version} lacks."
                ) from error
            if path is None or isinstance(error, sqlite3.OperationalError):
                raise
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._connection = _open(path)
        # Python warns of a connection that goes without being closed.
        self._close = weakref.finalize(self, self._connection.close)

    def known(self) -> dict[str, tuple[int, int]]:
        """Path -> (size in bytes, modification time in ns) of every document, to tell which of them have changed."""
        with self._lock:
            rows = self._connection.execute("SELECT path, size, mtime_ns FROM documents").fetchall()
        return {path: (size, mtime_ns) for path, size, mtime_ns in rows}

    def holds(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether the document is in as of that size and time."""
        with self._lock:
            row = self._connection.execute("SELECT size, mtime_ns FROM documents WHERE path = ?", (path,)).fetchone()
        return bool(row == (size, mtime_ns))

    def add(self, path: str, passages: Iterable[Passage], *, date: str = "", size: int = 0, mtime_ns: int = 0) -> None:
        """Put a document in, in the place of an earlier one of the same path; within `writing`."""
        with self._lock:
            self._remove(path)
            row = self._connection.execute("SELECT last FROM documents ORDER BY first DESC LIMIT 1").fetchone()
            first = last = row[0] + 1 if row else 1
            for last, passage in enumerate(passages, first):
                self._connection.execute("INSERT INTO passages (rowid, title, body) VALUES (?, ?, ?)", (last, *passage))
            self._connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)", (path, date, size, mtime_ns, first, last)
            )

    def remove(self, path: str) -> None:
        """Take a document out; within `writing`."""
        with self._lock:
            self._remove(path)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: additions and removals in it last when it ends, and other processes wait that long.

        Raises:
            sqlite3.OperationalError: Another process kept writing for longer than `WAIT` seconds.
        """
        with self._lock:
            # The lock is taken before anything is read, so that what is read stays so until it is written.
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with self._lock:
                self._connection.rollback()
            raise
        with self._lock:
            self._connection.commit()

    def optimize(self) -> None:
        """Merge what many additions left apart, so that a query reads one piece."""
        with self.writing(), self._lock:
            self._connection.execute("INSERT INTO passages (passages) VALUES ('optimize')")

    def close(self) -> None:
        with self._lock:
            self._close()

    def search(self, question: str, *, strict: bool = False) -> list[Result]:
        """The best passages, first those that hold every word of the question, then those that hold some.

        Args:
            question: Any text.
            strict: Find nothing where half of the words or more occur nowhere: what else matches "capital of Wakanda"
                would be the capitals of other countries.
        """
        words = terms(question)
        if not words:
            return []
        with self._lock:
            if strict and 2 * sum(self._occurs(word) for word in words) <= len(words):
                return []
            found = self._best(expression(words, "AND"))
            if len(found) < MAX_RESULTS and len(words) > 1:
                found.update(self._best(self._some_of(words)))
        return list(found.values())[:MAX_RESULTS]

    def _best(self, match: str) -> dict[int, Result]:
        rows = self._connection.execute(_SEARCH, (match,)).fetchall()
        return {
            row: Result(_around_matches(text), *self._connection.execute(_DOCUMENT, (row,)).fetchone())
            for row, text in rows
        }

    def _some_of(self, words: list[str]) -> str:
        """Some of the words, among them a rare one if there is any: common ones alone would rank half of the index."""
        rare = [word for word in words if not self._occurs(word, more_than=2000)]
        some = expression(words, "OR")
        return f"({expression(rare, 'OR')}) AND ({some})" if 0 < len(rare) < len(words) else some

    def _occurs(self, word: str, more_than: int = 0) -> bool:
        """Whether the word, or one that it stands for, is in more passages than that."""
        return self._connection.execute(_OCCURS, (expression([word], "OR"), more_than)).fetchone() is not None

    def _remove(self, path: str) -> None:
        row = self._connection.execute("SELECT first, last FROM documents WHERE path = ?", (path,)).fetchone()
        if row:
            self._connection.execute("DELETE FROM passages WHERE rowid BETWEEN ? AND ?", row)
            self._connection.execute("DELETE FROM documents WHERE path = ?", (path,))


def _around_matches(snippet: str) -> str:
    """A snippet whose matches are marked, without the marks; cut before the matches where they would be clipped off."""
    text = snippet.replace("\x02", "").replace("\x03", "")
    if len(text) <= MAX_TEXT:
        return text
    matches = [mark.start() - 2 * number for number, mark in enumerate(re.finditer("\x02", snippet))]

    def shown(start: int) -> int:
        return sum(start <= match < start + MAX_TEXT - 60 for match in matches)

    best = max([0, *(match - 60 for match in matches if match > 60)], key=shown)
    return "…" + text[text.find(" ", best) + 1 :] if best else text


def _open(path: Path | None) -> sqlite3.Connection:
    # One connection behind a lock: a query takes milliseconds, and an index in memory has only the one.
    connection = sqlite3.connect(path or ":memory:", timeout=WAIT, check_same_thread=False)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"index version {version}")
        if path:
            _write_ahead(connection)
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let others read while one writes. SQLite does not wait for its turn here, as it does everywhere else."""
    until = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            break
    connection.execute("PRAGMA synchronous = NORMAL")
