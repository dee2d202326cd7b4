"""Google's answers in the shapes that SerpAPI gives them, folded into one line for each result."""

import json
from typing import Any

import pytest
from agentkit.tools.google import fold
from agentkit.tools.results import render
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"title": "Peru", "answer": "Lima", "snippet": "Lima is it."}, "Peru: Lima; Lima is it."),
        ({"type": "organic_result", "snippet": "Do this:", "list": ["Mix", "Bake"]}, "Do this:; Mix; Bake"),
        (
            {"type": "organic_result", "contents": {"table": [["City", "People"], ["Lima", "10 m"]]}},
            "City, People; Lima, 10 m",
        ),
        ({"type": "calculator_result", "result": 0}, "0"),
        (
            {"type": "population_result", "population": 34050000, "place": "Peru", "year": "2022"},
            "population: 34050000; place: Peru; year: 2022",
        ),
        (
            {"type": "currency_converter", "result": "0.93 Euro", "currency_converter": {"from": {"price": 1}}},
            "0.93 Euro",
        ),
        (
            {"type": "finance_results", "title": "Apple Inc", "stock": "AAPL", "price": 189.5,
             "price_movement": {"percentage": 0.5, "movement": "Up"}, "thumbnail": "https://x.example"},
            "Apple Inc: stock: AAPL; price: 189.5; price movement: percentage: 0.5, movement: Up",
        ),
        (
            {"type": "dictionary_results", "syllables": "trust", "definitions": ["Firm belief.", "An arrangement."]},
            "Firm belief.; An arrangement.",
        ),
        (
            {"type": "translation_result", "translation": {"source": {"text": "hello"}, "target": {"text": "hola"}}},
            "translation: source: hello, target: hola",
        ),
        (
            {"type": "unit_converter", "from": {"value": 1, "unit": "Mile"}, "to": {"value": 1.609, "unit": "Metre"}},
            "from: value: 1, unit: Mile; to: value: 1.609, unit: Metre",
        ),
        ([{"type": "organic_result", "answer": "first"}, {"answer": "second"}], "first"),
        ({"type": "weather_result", "temperature": "21", "unit": "Celsius", "forecast": [{"day": "Mon"}]},
         "temperature: 21; unit: Celsius"),
    ],
)  # fmt: skip
def test_answer_boxes(answer: Any, text: str) -> None:
    (result,) = fold({"answer_box": answer})
    assert (result.text, result.source) == (text, "Google answer box")


def test_sports() -> None:
    answer = {
        "sports_results": {
            "title": "Manchester United F.C.",
            "rankings": "8th in Premier League",
            "thumbnail": "https://x.example",
            "game_spotlight": {
                "league": "Premier League",
                "stage": "Final",
                "teams": [{"name": "Brentford", "score": {"T": "1"}}, {"name": "United", "score": {"T": "3"}}],
            },
            "games": [
                {
                    "tournament": "FA Cup",
                    "date": "tomorrow",
                    "time": "8 PM",
                    "teams": [{"name": "Leeds"}, {"name": "United"}],
                },
                {"date": "Dec 2", "teams": [{"name": "Arsenal", "score": "2"}, {"name": "United", "score": 0}]},
            ],
        }
    }
    (result,) = fold(answer)
    assert result.text == (
        "Manchester United F.C.: 8th in Premier League; Premier League, Final: Brentford 1, United 3; "
        "FA Cup, tomorrow, 8 PM: Leeds, United; Dec 2: Arsenal 2, United 0"
    )
    assert result.source == "Google sports results"


def test_a_knowledge_graph_says_its_facts() -> None:
    graph = {
        "title": "Lima", "type": "City", "description": "Lima is a city.", "population": 10_000_000, "rating": 4.5,
        "founded": "18 January 1535", "founded_links": [{"text": "1535", "link": "https://x.example"}],
        "header_images": [{"image": "https://x.example"}], "serpapi_knowledge_graph_search_link": "https://x.example",
        "source": {"name": "Wikipedia", "link": "https://en.wikipedia.org/wiki/Lima"}, "open_now": True,
    }  # fmt: skip
    (result,) = fold({"knowledge_graph": graph})
    assert result.text == "Lima, City: Lima is a city. population: 10000000; rating: 4.5; founded: 18 January 1535"
    assert result.source == "https://en.wikipedia.org/wiki/Lima"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "title",
                    "answer",
                    "result",
                    "snippet",
                    "list",
                    "contents",
                    "table",
                    "teams",
                    "games",
                    "score",
                    "name",
                    "link",
                    "source",
                    "type",
                    "date",
                    "description",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


_PARTS = ["answer_box", "answer_box_list", "knowledge_graph", "sports_results", "organic_results"]


@given(st.dictionaries(st.sampled_from(_PARTS), _json))
def test_no_shape_breaks_it(answer: dict[str, Any]) -> None:
    results = fold(json.loads(json.dumps(answer)))
    assert all(result.text and isinstance(result.text, str) for result in results)
    assert len(render("q", results).splitlines()) == (len(results) + 1 if results else 1)
