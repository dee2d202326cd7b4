"""Google's results by way of SerpAPI, through its own client (the distribution google-search-results)."""

from __future__ import annotations

import logging
import re
from typing import Any

from langchain_core.tools import ToolException

from .google import fold
from .results import Result, harmless

TIMEOUT = 20.0
"""Seconds to wait for the server to connect, and then for each piece of its answer."""


def search_google(query: str, api_key: str) -> list[Result]:
    """The best results of one Google search: the answer box, the knowledge graph, then the organic results.

    Raises:
        ToolException: The key was refused, the account has no searches left, or the server did not answer as it
            should. The message never holds the key.
    """
    # Loaded on first use: most people search without a key.
    import requests
    from serpapi import GoogleSearch

    logging.getLogger("urllib3.connectionpool").addFilter(_hide_key)  # once, however often it is added
    client = GoogleSearch({"q": query, "api_key": api_key, "num": 10, "output": "json"})
    client.timeout = TIMEOUT  # the client's own is 60,000 seconds
    try:
        response = client.get_response()
    except requests.Timeout:
        raise ToolException(f"SerpAPI did not answer within {TIMEOUT:g} seconds. Try again later.") from None
    except requests.RequestException as error:
        # The text and the cause of such an error hold the URL, and with it the key.
        raise ToolException(f"SerpAPI could not be reached ({type(error).__name__}). Try again later.") from None
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    return _results(response.status_code, answer, api_key)


def _results(status: int, answer: Any, api_key: str) -> list[Result]:
    if not isinstance(answer, dict):
        raise ToolException(f"SerpAPI answered with status {status} and no JSON. Try again later.")
    said = harmless(str(answer.get("error") or "").replace(api_key, "…"))
    if status in (401, 403):
        raise ToolException(
            "SerpAPI refused the key. Set SERPAPI_API_KEY to a valid one, or unset it to search locally."
        )
    if status == 429:
        raise ToolException(f"SerpAPI allows no more searches now: {said or 'too many requests.'}")
    # An empty result is told as an "error" too, under status 200.
    if "hasn't returned any results" in said:
        return []
    if status != 200 or said:
        raise ToolException(f"SerpAPI answered with status {status}: {said or 'no reason given.'}")
    return fold(answer)


class _HideKey(logging.Filter):
    """Takes the key out of the URLs that urllib3 logs at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "api_key=" in (message := record.getMessage()):
            record.msg, record.args = re.sub(r"api_key=[^&\s\"]*", "api_key=…", message), ()
        return True


_hide_key = _HideKey()
