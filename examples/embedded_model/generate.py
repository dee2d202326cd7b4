"""Whole conversations: a tool list, perhaps a system prompt, and one to four episodes that share them."""

from __future__ import annotations

from dataclasses import dataclass, field

import composed_tools
import tool_schemas
import values
import written_tools
from conversation import Conversation, Schema, call_of
from conversations import (
    arithmetic,
    asked_facts,
    chains,
    chat,
    follow_up,
    look_up,
    parallel,
    reading,
    structured,
    tools,
    two_step,
)
from draw import Draw
from mixture import ASKING, EXTRA, HARDER_EXTRA, HARDER_WEIGHTS, KINDS, LIKE_CALCULATOR, LIKE_SEARCH, WEIGHTS
from texts import patterns
from values import free_text
from words import CITIES, DAYS, FIRST_NAMES, TOPICS

__all__ = ["KINDS", "conversations", "converse", "copying", "held_out"]

SYSTEM = patterns("system", "system")


@dataclass
class _Scene:
    """What a conversation has at hand; ``fresh`` are tools whose request has not been made yet."""

    draw: Draw
    talk: Conversation
    calculator: Schema | None = None
    search: Schema | None = None
    fresh: list[composed_tools.Tool] = field(default_factory=list)
    avoid: set[str] = field(default_factory=set)


def _unserved(scene: _Scene) -> str:
    """A request that no tool of the scene serves."""
    draw = scene.draw
    if (
        scene.calculator is None
        and draw.chance(0.25)
        and not any(t["name"] in LIKE_CALCULATOR for t in scene.talk.tools)
    ):
        return arithmetic.question(draw)[0]
    if scene.search is None and draw.chance(0.35):
        return asked_facts.fact(draw).question
    if scene.search is None and draw.chance(0.4):
        near = scene.fresh[-1].name if draw.harder and scene.fresh and draw.chance(0.3) else ""
        return written_tools.written(draw, scene.avoid | {str(t["name"]) for t in scene.talk.tools}, near).request
    return composed_tools.compose(draw, scene.avoid | ASKING).request


def _episode(scene: _Scene, kind: str) -> None:
    draw, talk = scene.draw, scene.talk
    if draw.chance(0.04):
        talk.user(chat.opener(draw))
    if kind == "arithmetic" and scene.calculator:
        arithmetic.episode(draw, talk, scene.calculator)
    elif kind == "look_up" and scene.search:
        look_up.episode(draw, talk, scene.search)
    elif kind == "two_step" and scene.calculator and scene.search:
        two_step.episode(draw, talk, scene.calculator, scene.search)
    elif kind == "parallel":
        if scene.fresh and scene.fresh[-1].several and draw.chance(0.7):
            parallel.several(draw, talk, scene.fresh.pop())
        elif scene.fresh and (scene.calculator or scene.search) and not draw.held_out and draw.chance(0.25):
            parallel.mixed(draw, talk, scene.fresh.pop(), scene.calculator, scene.search)
        elif len(scene.fresh) > 1 and (draw.chance(0.35) or not (scene.calculator or scene.search)):
            parallel.requests(draw, talk, scene.fresh.pop(), scene.fresh.pop())
        elif scene.fresh and draw.chance(0.4):
            tool = scene.fresh.pop()
            if not parallel.same_tool(draw, talk, tool, draw.invented() if draw.chance(0.3) else values.city(draw)):
                tools.episode(draw, talk, tool)
        elif scene.calculator or scene.search:
            parallel.questions(draw, talk, scene.calculator, scene.search)
    elif kind == "tools" and scene.fresh:
        tools.episode(draw, talk, scene.fresh.pop())
    elif kind == "error" and scene.fresh:
        tools.error_episode(draw, talk, scene.fresh.pop())
    elif kind == "error" and (scene.calculator or scene.search):
        _shipped_error(scene)
    elif kind == "follow_up":
        _follow_up(scene)
    elif kind == "no_tool":
        if draw.chance(0.4):
            talk.user(_unserved(scene))
            talk.say(chat.CANNOT)
        else:
            chat.episode(draw, talk)
    if not talk.messages or talk.messages[-1]["role"] != "assistant":
        chat.episode(draw, talk)


def _shipped_error(scene: _Scene) -> None:
    """The calculator or the search fails."""
    draw, talk = scene.draw, scene.talk
    if scene.calculator and (not scene.search or draw.chance(0.5)):
        if draw.chance(0.5):
            text, expression = f"{arithmetic.operand(draw)} / 0", ""
            expression = text
            question = draw.pattern(arithmetic.ASK).format(e=text)
        else:
            question, expression = arithmetic.question(draw)
        talk.user(question)
        talk.call(call_of(scene.calculator, expression))
        error = (
            "Error: division by zero." if expression.endswith("/ 0") else "Error: " + tools.failure(draw, "expression")
        )
    elif scene.search:
        fact = asked_facts.fact(draw)
        talk.user(fact.question)
        talk.call(call_of(scene.search, fact.query))
        error = "Error: " + tools.failure(draw, "query")
    else:
        return
    talk.result(error)
    talk.say(tools.failed(error))


def _follow_up(scene: _Scene) -> None:
    draw, talk = scene.draw, scene.talk
    result = ""
    if scene.calculator and (not scene.search or draw.chance(0.5)):
        if scene.search and draw.chance(0.2):
            result = two_step.episode(draw, talk, scene.calculator, scene.search)
        else:
            result = arithmetic.episode(draw, talk, scene.calculator)
        if draw.chance(0.15):
            talk.user(draw.pattern(chat.THANKS))
            talk.say("You're welcome!")
        for _ in range(draw.any((1, 1, 2))):
            if result and not result.startswith("Error"):
                result = follow_up.on_result(draw, talk, scene.calculator, result)
    elif scene.search:
        fact = look_up.episode(draw, talk, scene.search)
        for _ in range(draw.any((1, 1, 2))):
            fact = follow_up.on_fact(draw, talk, scene.search, fact)


def _system_text(draw: Draw) -> str:
    return draw.pattern(SYSTEM).format(
        name=draw.word(FIRST_NAMES),
        topic=draw.word(TOPICS),
        firm=draw.invented(),
        day=draw.any(DAYS[:7]),
        city=draw.word(CITIES),
        text=free_text(draw),
    )


def _noted(draw: Draw, talk: Conversation) -> Conversation:
    """The conversation, with what people say in it counted among what was drawn."""
    draw.used.update("said: " + message["content"] for message in talk.messages if message["role"] == "user")
    return talk


def converse(draw: Draw, kind: str | None = None, short: bool = False) -> Conversation:
    """A conversation led by ``kind`` (drawn if None).

    Held-out ones have no further episodes; short ones are for the start of training.
    """
    chosen = kind or draw.weighted(HARDER_WEIGHTS if draw.harder else WEIGHTS)
    talk = Conversation(chosen)
    system = _system_text(draw) if draw.chance(0.33) else ""
    if chosen == "structured":
        sentence, values = structured.start(draw, talk, system)
        if draw.chance(0.12):
            talk.tools = [t.schema for t in (written_tools.any_tool(draw, set()),)]
        structured.episode(draw, talk, sentence, values)
        return _noted(draw, talk)
    if system:
        talk.system(system)
    if chosen == "reading":
        reading.episode(draw, talk)
        if draw.chance(0.2):
            talk.tools = [written_tools.any_tool(draw, set(LIKE_SEARCH)).schema]
        return _noted(draw, talk)
    if chosen == "chains":
        chains.episode(draw, talk, tool_schemas.CALCULATOR if draw.chance(0.4) else tool_schemas.calculator(draw))
        return _noted(draw, talk)
    kinds = [chosen]
    while not draw.held_out and len(kinds) < 4 and draw.chance(0.15 if short else 0.5):
        kinds.append(draw.weighted(HARDER_EXTRA if draw.harder else EXTRA))
    scene = _Scene(draw, talk)
    wanted = set(kinds)
    shipped = draw.chance(0.35) and chosen not in ("tools",)
    if (
        shipped
        or wanted & {"arithmetic", "two_step"}
        or ("follow_up" in wanted and draw.chance(0.7))
        or draw.chance(0.2)
    ):
        scene.calculator = tool_schemas.CALCULATOR if shipped else tool_schemas.calculator(draw)
    if (
        shipped
        or wanted & {"look_up", "two_step"}
        or ("follow_up" in wanted and (draw.chance(0.5) or not scene.calculator))
        or draw.chance(0.2)
    ):
        scene.search = tool_schemas.SEARCH if shipped else tool_schemas.search(draw)
    if "parallel" in wanted and not scene.calculator and not scene.search and draw.chance(0.6):
        scene.calculator, scene.search = tool_schemas.CALCULATOR, tool_schemas.SEARCH
    if scene.calculator:
        scene.avoid |= LIKE_CALCULATOR | {"calculate"}
    if scene.search:
        scene.avoid |= LIKE_SEARCH
    ready = [schema for schema in (scene.calculator, scene.search) if schema]
    count = 0
    if not (shipped and not wanted & {"tools"} and draw.chance(0.7)):
        needed = sum(k in ("tools", "error") for k in kinds) + 2 * (
            ("parallel" in wanted) and (draw.chance(0.4) or not ready)
        )
        count = min(max(needed, draw.any((0, 0, 1, 2, 3))), max(4 - len(ready), 1))
        if "tools" in wanted:
            count = max(count, 2 - len(ready), 1) if draw.chance(0.9) else max(count, 1)
    if short:
        count = min(count, 1 if ready else 2)
    if not ready and count == 0 and chosen == "parallel":
        count = 2
    names: set[str] = {str(schema["name"]) for schema in ready}
    while len(scene.fresh) < count:
        tool = written_tools.any_tool(draw, scene.avoid, scene.fresh[-1].name if scene.fresh else "")
        if tool.name not in names:
            names.add(tool.name)
            scene.fresh.append(tool)
    listed = ready + [tool.schema for tool in scene.fresh]
    talk.tools = listed if shipped and not scene.fresh else draw.shuffled(listed)
    scene.fresh = draw.shuffled(scene.fresh)
    for each in kinds:
        _episode(scene, each)
    return _noted(draw, talk)


def copying(draw: Draw) -> Conversation:
    """A "repeat" exchange, which teaches copying at the start of training."""
    talk = Conversation("copying")
    text = " ".join(
        draw.any((draw.invented(), draw.invented().lower(), draw.digits(draw.integer(1, 7)), free_text(draw)))
        for _ in range(draw.integer(1, 6))
    )
    talk.user(draw.pattern(chat.REPEAT).format(x=text))
    talk.say(text)
    return talk


def conversations(seed: object, count: int, short: bool = False, harder: bool = False) -> list[Conversation]:
    """Training conversations of one seed: of the first part of training, its short beginning, or the second part."""
    draw = Draw(seed, harder=harder)
    return [copying(draw) if short and draw.chance(0.25) else converse(draw, short=short) for _ in range(count)]


def held_out(seed: object, kind: str, count: int) -> list[Conversation]:
    """Test conversations of a kind: other words, names, numbers, patterns and tools than training has."""
    draw = Draw(f"held out/{seed}/{kind}", held_out=True)
    return [converse(draw, kind) for _ in range(count)]
