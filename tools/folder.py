"""The index of a folder: built once, kept in the user's cache, and brought up to date file by file."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import os
import stat
from collections.abc import Generator, Iterator
from datetime import datetime, timezone
from pathlib import Path

from .index import Index
from .texts import SUFFIXES, read_passages

_log = logging.getLogger(__name__)

_BATCH = 5000
_MANY = 1000


def index_folder(folder: Path, cache_dir: Path | None = None, progress: bool | None = None) -> Index:
    """The index of the texts in `folder`, brought up to date by each file's size and modification time.

    Args:
        folder: Where the files are; hidden ones are left out, and links to folders are not followed.
        cache_dir: Where the database is kept; by default the user's cache folder of the operating system.
        progress: Whether to show a progress bar; by default for more than a thousand changed files, on a terminal.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: It is a file.
    """
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {str(folder)!r} to search in.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file; name the folder to search in.")
    if cache_dir is None:
        from platformdirs import user_cache_path

        cache_dir = user_cache_path("agentkit") / "search"
    cache_dir.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:24]
    index = Index(cache_dir / f"{name}.sqlite3")
    refresh(index, folder, progress)
    return index


def refresh(index: Index, folder: Path, progress: bool | None = None) -> int:
    """Read what is new or changed into `index`, take out what is gone; returns how many files that were."""
    found = dict(_files(folder))
    known = index.known()
    changed = [path for path, status in found.items() if known.get(path) != _state(status)]
    gone = known.keys() - found.keys()
    if gone:
        with index.writing():
            for path in gone:
                index.remove(path)
    with contextlib.closing(_shown(changed, progress)) as shown:
        for _ in range(0, len(changed), _BATCH):  # what is done stays done when a person interrupts
            with index.writing():
                for path in itertools.islice(shown, _BATCH):
                    if not index.holds(path, *_state(found[path])):  # another process may have read it by now
                        _read(index, folder, path, found[path])
    if len(changed) > _MANY:
        index.optimize()
    return len(changed) + len(gone)


def _state(status: os.stat_result) -> tuple[int, int]:
    """What tells whether a file has changed. SQLite's integers end where those of a file system may not."""
    return status.st_size, max(-(2**63), min(status.st_mtime_ns, 2**63 - 1))


def _date(status: os.stat_result) -> str:
    try:
        return datetime.fromtimestamp(status.st_mtime, timezone.utc).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""  # a time outside of the calendar


def _read(index: Index, folder: Path, path: str, status: os.stat_result) -> None:
    try:
        passages = read_passages(folder / path)
    except OSError as error:
        _log.warning("%s is left out of the index: %s", path, error.strerror or error)
        index.remove(path)
        return
    size, mtime_ns = _state(status)
    index.add(path, passages, date=_date(status), size=size, mtime_ns=mtime_ns)


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Path below `folder`, with forward slashes, and status of every file that can be read."""
    pending = [folder]
    while pending:
        try:
            entries = sorted(os.scandir(pending.pop()), key=lambda entry: entry.name)
        except OSError as error:
            _log.warning("a folder is left out of the index: %s", error)
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            elif Path(entry.name).suffix.lower() in SUFFIXES:
                path = Path(entry.path).relative_to(folder).as_posix()
                try:
                    path.encode()  # a name that is no text could be neither stored nor shown
                    status = entry.stat()
                except (OSError, UnicodeEncodeError) as error:
                    _log.warning("a file is left out of the index: %s", error)
                else:
                    if stat.S_ISREG(status.st_mode):  # reading a pipe would wait for a writer
                        yield path, status


def _shown(paths: list[str], progress: bool | None) -> Generator[str, None, None]:
    if progress is False or (progress is None and len(paths) <= _MANY):
        yield from paths
        return
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True, force_terminal=progress)
    yield from track(paths, "Indexing", console=console, disable=not (progress or console.is_terminal), transient=True)
