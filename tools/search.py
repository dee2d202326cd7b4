"""Search: one LangChain tool over Google (with a key), the facts that ship, or a folder of a person's own texts."""

from __future__ import annotations

import functools
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from . import facts
from .errors import report_errors
from .folder import index_folder
from .index import Index, Passage
from .results import Result, artifact, render
from .serp import search_google

Found = tuple[str, list[dict[str, str]]]

_first_use = threading.Lock()


def search_in(
    folder: str | os.PathLike[str],
    *,
    name: str = "search",
    description: str = "Search for facts in the person's own texts.",
    cache_dir: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> BaseTool:
    """The search tool over the text, markdown and HTML files in `folder` and the folders in it.

    The index is built now, and kept in the cache folder; the next call reads only files that are new or changed.

    Args:
        folder: Where the files are. Hidden files and folders are left out.
        name: The tool's name.
        description: What the model is told of the tool; say here what the texts are about.
        cache_dir: Where the index is kept; by default the user's cache folder of the operating system.
        progress: Whether to show a progress bar; by default for many files, on a terminal.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: It is a file.
    """
    index = index_folder(Path(folder), None if cache_dir is None else Path(cache_dir), progress)
    return _tool(index.search, name, description)


def _tool(find: Callable[[str], list[Result]], name: str, description: str) -> BaseTool:
    def run(query: Annotated[str, "What to look for, for example capital of Peru."]) -> Found:
        if not query.strip():
            raise ToolException("the query is empty. Say what to look for, for example capital of Peru.")
        # Half of a surrogate pair is no text that a database or a server could take.
        query = query.encode("utf-8", "replace").decode()
        try:
            results = find(query)
        except sqlite3.Error as error:
            raise ToolException(f"the index cannot be read ({error}).") from error
        return render(query, results), artifact(results)

    tool = StructuredTool.from_function(run, name=name, description=description, response_format="content_and_artifact")
    return report_errors(tool)


def _find(query: str) -> list[Result]:
    key = os.environ.get("SERPAPI_API_KEY", "").strip()
    return search_google(query, key) if key else _facts().search(query, strict=True)


def _facts() -> Index:
    with _first_use:
        return _built_facts()


@functools.cache
def _built_facts() -> Index:
    index = Index()
    with index.writing():
        for name in facts.SENTENCES:
            index.add(f"facts/{name}", [Passage(*fact) for fact in facts.facts(name)], date=facts.AS_OF)
    return index


search = _tool(_find, "search", "Search for facts about people, places, dates and numbers.")
"""A LangChain tool: `search.invoke({"query": "capital of Peru"})`.

With SERPAPI_API_KEY in the environment it asks Google by way of SerpAPI, else the collection of facts that ships. The
text names at most three results with their sources; the artifact of the `ToolMessage` holds them as dicts of text,
source and date.
"""
