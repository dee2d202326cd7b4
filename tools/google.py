"""Google's answer to one search, in the form that SerpAPI gives it -> the few results that a model reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .results import MAX_RESULTS, Result

_GAMES = 3
_NOT_SAID = frozenset(
    ("title", "type", "date", "kgmid", "entity_type", "position", "displayed_link", "thumbnail", "image")
)


def fold(answer: dict[str, Any]) -> list[Result]:
    """The answer box, the knowledge graph, the sports results, then the organic results; at most `MAX_RESULTS`.

    Whatever is not of the expected shape is passed over.
    """
    unique: dict[str, Result] = {}
    for results in (_answer_box, _knowledge_graph, _sports, _organic):
        for result in results(answer):
            unique.setdefault(result.text, result)
    return list(unique.values())[:MAX_RESULTS]


def _answer_box(answer: dict[str, Any]) -> Iterator[Result]:
    box = _dict(answer.get("answer_box") or answer.get("answer_box_list"))
    keys = ("answer", "result", "snippet", "definitions", "list")
    parts = list(dict.fromkeys(part for key in keys if (part := _plain(box.get(key)))))
    table = _dict(box.get("contents")).get("table") or box.get("table")
    if isinstance(table, list):
        parts.extend(row for each in table if (row := _plain(each, ", ")))
    text = "; ".join(parts) or _fields(box)
    if text:
        yield Result(_titled(_plain(box.get("title")), text), _link(box, "Google answer box"), _plain(box.get("date")))


def _knowledge_graph(answer: dict[str, Any]) -> Iterator[Result]:
    graph = _dict(answer.get("knowledge_graph"))
    name = ", ".join(part for key in ("title", "type") if (part := _plain(graph.get(key))))
    description = _plain(graph.get("description"))
    fields = _fields({key: value for key, value in graph.items() if key not in ("description", "source")})
    if text := " ".join(part for part in (description, fields) if part):
        yield Result(_titled(name, text), _link(_dict(graph.get("source")), "Google knowledge graph"))


def _sports(answer: dict[str, Any]) -> Iterator[Result]:
    sports = _dict(answer.get("sports_results"))
    games = sports.get("games")
    spotlight = [sports["game_spotlight"]] if isinstance(sports.get("game_spotlight"), dict) else []
    said = [_game(_dict(each)) for each in (*spotlight, *(games if isinstance(games, list) else []))][:_GAMES]
    if text := "; ".join(part for part in (_plain(sports.get("rankings")), *said) if part):
        yield Result(_titled(_plain(sports.get("title")), text), "Google sports results")


def _game(game: dict[str, Any]) -> str:
    """One game: "Premier League, Yesterday: Brentford 1, Manchester United 3"."""
    when = ", ".join(
        part for key in ("tournament", "league", "stage", "status", "date", "time") if (part := _plain(game.get(key)))
    )
    teams = game.get("teams")
    sides = [
        " ".join(part for part in (_plain(team.get("name")), _score(team.get("score"))) if part)
        for team in map(_dict, teams if isinstance(teams, list) else [])
    ]
    return _titled(when, ", ".join(side for side in sides if side))


def _score(score: Any) -> str:
    """The score of one side: a text, or a dict of it by parts ("T" is the total)."""
    return _plain(score.get("T")) if isinstance(score, dict) else _plain(score)


def _organic(answer: dict[str, Any]) -> Iterator[Result]:
    organic = answer.get("organic_results")
    for each in organic if isinstance(organic, list) else []:
        page = _dict(each)
        if text := ": ".join(part for key in ("title", "snippet") if (part := _plain(page.get(key)))):
            yield Result(text, _link(page, "Google"), _plain(page.get("date")))


def _fields(item: dict[str, Any]) -> str:
    """What Google knows of a thing, each under a name of its own: "capital: Lima; population: 34000000"."""
    return "; ".join(f"{name}: {text}" for name, text in _named(item, 2))


def _named(item: dict[str, Any], depth: int) -> list[tuple[str, str]]:
    named = []
    for key, value in item.items():
        if key in _NOT_SAID or key.endswith(("link", "links", "stick", "thumbnail", "image", "_audio")):
            continue
        text = ""
        if isinstance(value, (str, int, float)):
            text = _plain(value)
        elif isinstance(value, dict) and depth:
            inner = _named(value, depth - 1)
            text = inner[0][1] if len(inner) == 1 else ", ".join(f"{name}: {each}" for name, each in inner)
        if text and not text.startswith("http"):
            named.append((key.replace("_", " "), text))
    return named


def _titled(title: str, text: str) -> str:
    return f"{title}: {text}" if title and text else title or text


def _dict(value: Any) -> dict[str, Any]:
    """The value where it is a dict, the first of a list of dicts; else an empty dict: SerpAPI's answers vary."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _plain(value: Any, between: str = "; ") -> str:
    """The text of a text, a number, or a list of such; else nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return between.join(part for each in value if not isinstance(each, list) and (part := _plain(each)))
    return ""


def _link(page: dict[str, Any], otherwise: str) -> str:
    return _plain(page.get("link")) or _plain(page.get("displayed_link")) or otherwise
