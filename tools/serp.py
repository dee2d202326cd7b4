"""Google's results by way of SerpAPI, through its own client (the distribution google-search-results)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from langchain_core.tools import ToolException

from .results import MAX_RESULTS, Result

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
    except (json.JSONDecodeError, requests.JSONDecodeError):
        answer = None
    return _results(response.status_code, answer, api_key)


def _results(status: int, answer: Any, api_key: str) -> list[Result]:
    if not isinstance(answer, dict):
        raise ToolException(f"SerpAPI answered with status {status} and no JSON. Try again later.")
    said = str(answer.get("error") or "").replace(api_key, "…")
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
    unique: dict[str, Result] = {}
    for result in (*_answer_box(answer), *_knowledge_graph(answer), *_organic(answer)):
        unique.setdefault(result.text, result)
    return list(unique.values())[:MAX_RESULTS]


def _answer_box(answer: dict[str, Any]) -> Iterator[Result]:
    box = _dict(answer.get("answer_box") or answer.get("answer_box_list"))
    direct = next((box[key] for key in ("answer", "result", "snippet", "definitions", "list") if box.get(key)), "")
    text = "; ".join(map(str, direct)) if isinstance(direct, list) else str(direct)
    title = _text(box.get("title"))
    if text or (text := _fields(box)):
        yield Result(f"{title}: {text}" if title else text, _link(box, "Google answer box"), _text(box.get("date")))


def _knowledge_graph(answer: dict[str, Any]) -> Iterator[Result]:
    graph = _dict(answer.get("knowledge_graph"))
    name = ", ".join(_text(graph[key]) for key in ("title", "type") if _text(graph.get(key)))
    text = " ".join(part for part in (_text(graph.get("description")), _fields(graph)) if part)
    if text:
        source = _dict(graph.get("source"))
        yield Result(f"{name}: {text}" if name else text, _link(source, "Google knowledge graph"))


def _organic(answer: dict[str, Any]) -> Iterator[Result]:
    organic = answer.get("organic_results")
    for each in organic if isinstance(organic, list) else []:
        page = _dict(each)
        text = ": ".join(_text(page[key]) for key in ("title", "snippet") if _text(page.get(key)))
        if text:
            yield Result(text, _link(page, "Google"), _text(page.get("date")))


def _fields(item: dict[str, Any]) -> str:
    """What Google knows of a thing, each under a name of its own: "capital: Lima; currency: Sol"."""
    return "; ".join(
        f"{key.replace('_', ' ')}: {value}"
        for key, value in item.items()
        if isinstance(value, str)
        and key not in ("title", "type", "description", "date", "kgmid", "entity_type")
        and not key.endswith(("link", "stick"))
        and not value.startswith("http")
    )


def _dict(value: Any) -> dict[str, Any]:
    """The value where it is a dict, the first of a list of dicts; else an empty dict: SerpAPI's answers vary."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _link(page: dict[str, Any], otherwise: str) -> str:
    return _text(page.get("link")) or _text(page.get("displayed_link")) or otherwise
