"""Answers of a given schema, in every form in which one can be given, with every method."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator
from pydantic.v1 import BaseModel as BaseModelV1
from typing_extensions import NotRequired, TypedDict

from agentkit import ChatHuggingFace, SchemaError
from agentkit.structured import _parsed, json_schema
from tests.test_forced_calls import make_chat

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


class Node(BaseModel):
    value: Annotated[int, Field(ge=0, le=9)]
    kids: Annotated[list[Node], Field(max_length=1)] = []


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: datetime.date
    key: uuid.UUID
    color: Color
    pair: tuple[bool, bool]


class PairV1(BaseModelV1):
    pair: tuple[bool, Literal["a", "b"]]


class Price(BaseModel):
    price: Annotated[float, Field(multiple_of=0.01, ge=0, le=9)]


class Box(BaseModel, Generic[T]):
    item: T


class Reference(BaseModel):
    ref: Literal["here"] = Field(alias="$ref")


class Movie(TypedDict):
    """A movie."""

    title: Annotated[Literal["Dune", "Heat"], ..., "Its title."]


class Loose(TypedDict):
    a: NotRequired[bool]


@dataclasses.dataclass
class Point:
    x: Literal[1, 2]
    tags: list[bool] = dataclasses.field(default_factory=list)


OBJECTS: list[Any] = [Node, Strict, Price, Box[bool], Movie, Point, PairV1]
OTHERS: list[Any] = [Color, list[bool], Literal["a", "b"], int | None, RootModel[list[bool]]]
JSON: list[Any] = [
    {"title": "L", "type": "array", "items": {"type": "boolean"}, "maxItems": 2},
    {"anyOf": [{"type": "boolean"}, {"const": "x"}]},
    {"enum": ["red", 1]},
    {
        "name": "point",
        "strict": True,
        "schema": {"type": "object", "properties": {"x": {"const": 1}}, "required": ["x"]},
    },
    {"type": "object", "properties": {"x": {"const": 1}}, "required": ["x", "y"]},
]


@pytest.fixture(scope="module")
def chat() -> ChatHuggingFace:
    return make_chat("json in tags")


@pytest.mark.parametrize("schema", [*OBJECTS, *OTHERS, *JSON, Reference, Loose], ids=str)
def test_an_answer_of_any_type_is_held_to_it(chat: ChatHuggingFace, schema: Any) -> None:
    described, found = json_schema(schema), 0
    for seed in range(6):
        answer = chat.with_structured_output(schema, include_raw=True).invoke("Go.", seed=seed)
        if answer["raw"].response_metadata["finish_reason"] == "stop":
            assert answer["parsing_error"] is None, (described, answer["raw"].content)
            found += 1
    assert found


@pytest.mark.parametrize("schema", [*OBJECTS, JSON[3]], ids=str)
def test_objects_can_be_the_arguments_of_a_call(chat: ChatHuggingFace, schema: Any) -> None:
    model, found = chat.with_structured_output(schema, method="function_calling", include_raw=True), 0
    for seed in range(6):
        answer = model.invoke("Go.", seed=seed)
        if answer["raw"].response_metadata["finish_reason"] != "length":
            assert answer["parsing_error"] is None, answer["raw"]
            found += 1
    assert found


@pytest.mark.parametrize("schema", [list[bool], Color, JSON[0]], ids=str)
def test_other_types_are_no_arguments(chat: ChatHuggingFace, schema: Any) -> None:
    with pytest.raises(SchemaError, match="json_schema"):
        chat.with_structured_output(schema, method="function_calling")


@pytest.mark.parametrize("schema", [{"colour": "red"}, print, {}], ids=str)
def test_what_is_no_schema_is_refused(chat: ChatHuggingFace, schema: Any) -> None:
    with pytest.raises(SchemaError):
        chat.with_structured_output(schema)


def test_an_answer_that_looks_like_a_call_is_an_answer() -> None:
    class Look(BaseModel):
        name: Literal["look"]
        parameters: dict[str, bool]

    answer = make_chat("bare json").with_structured_output(Look).invoke("Go.", seed=3)
    assert answer.name == "look"


@pytest.mark.parametrize("text", ["NaN", '{"x": Infinity}', "[" * 5000, "```json\n[true"])
def test_what_is_no_json_is_told(text: str) -> None:
    with pytest.raises(OutputParserException):
        _parsed(AIMessage(text), list[bool], {"type": "array"}, called=False)


def test_a_fence_around_an_answer_is_no_part_of_it() -> None:
    assert _parsed(AIMessage("```json\n[true]\n```"), list[bool], {"type": "array"}, called=False) == [True]


def test_a_turn_is_a_call_or_an_answer(chat: ChatHuggingFace) -> None:
    @tool
    def look() -> str:
        """Look."""
        return ""

    model = chat.bind_tools([look], tool_choice="look")
    with pytest.raises(ValueError, match="one or the other"):
        model.invoke("Go.", response_format={"type": "json_object"})
    with pytest.raises(ValueError, match="Several tools have the name 'look'"):
        chat.bind_tools([look, look]).invoke("Go.")
    with pytest.raises(ValueError, match="no function"):
        chat.bind_tools([{"type": "web_search"}])


def test_names_that_a_syntax_cannot_write_are_told_when_tools_are_bound() -> None:
    def named(name: str, key: str) -> dict[str, Any]:
        parameters = {"type": "object", "properties": {key: {"type": "string"}}}
        return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}

    for kind, name, key in (("python", "f", "x-y"), ("attributes", "f", 'a"b'), ("json in tags", "a b", "x")):
        with pytest.raises(SchemaError, match="no way to"):
            make_chat(kind).bind_tools([named(name, key)])


def test_what_a_persons_own_validator_raises_is_told(chat: ChatHuggingFace) -> None:
    class Answer(BaseModel):
        flag: bool

        @field_validator("flag")
        @classmethod
        def _look(cls, flag: bool) -> bool:
            raise KeyError("nowhere")

    answer = chat.with_structured_output(Answer, include_raw=True).invoke("Go.")
    assert "nowhere" in str(answer["parsing_error"])
    assert answer["parsed"] is None
