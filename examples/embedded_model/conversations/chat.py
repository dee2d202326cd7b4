"""No tool needed, or none that fits: short answers, one for each sort of remark."""

from __future__ import annotations

from asks import command, withheld
from conversation import Conversation
from draw import Draw, Patterns
from texts import choices, lines, patterns
from values import free_text
from words import CITIES, FIRST_NAMES, TOPICS

CANNOT = "I can't do that with the tools I have."

GREETING = patterns("chat", "greeting")
HOW = patterns("chat", "how")
THANKS = patterns("chat", "thanks")
BYE = patterns("chat", "bye")
PRAISE = patterns("chat", "praise")
WHO = patterns("chat", "who")
WHAT = patterns("chat", "what")
OKAY = patterns("chat", "okay")
SORRY = patterns("chat", "sorry")
NAME = patterns("chat", "name")
ASK_NAME = patterns("chat", "ask name")
LIKES = patterns("chat", "likes")
REPEAT = patterns("chat", "repeat")
OPENERS = patterns("chat", "openers")
CANNOT_ASKED = patterns("chat", "cannot asked")
_FIXED: tuple[tuple[Patterns, str, float], ...] = (
    (GREETING, "Hello! How can I help you?", 3.0),
    (HOW, "I am fine, thank you. How can I help you?", 1.0),
    (THANKS, "You're welcome!", 2.0),
    (BYE, "Goodbye!", 1.0),
    (PRAISE, "Thank you!", 1.0),
    (WHO, "I am a small assistant that uses tools.", 1.0),
    (OKAY, "All right.", 0.7),
    (SORRY, "No problem!", 0.7),
    (CANNOT_ASKED, CANNOT, 1.5),
)
_WEIGHTS = {place: weight for place, (_, _, weight) in enumerate(_FIXED)} | {-1: 1.0, -2: 1.8, -3: 0.8, -4: 0.8}
# More of what is learned late: who the assistant is, and what it can't do.
_HARD = {5: 2.0, 8: 4.0}


_COMPOSED = {
    place: tuple(choices(line) for line in lines("remarks", name))
    for place, name in enumerate(("greeting", "how", "thanks", "bye", "praise", "who", "okay", "sorry"))
}
_MAKING, _MADE = (choices(line) for line in lines("remarks", "cannot"))
_OPINIONS = choices(lines("remarks", "opinions")[0])


def _remark(draw: Draw, sort: int) -> str:
    """A remark of one sort, by one of thousands of patterns; of the training half only."""
    while True:
        if sort in _COMPOSED:
            start, end = _COMPOSED[sort]
            text = draw.any(start)
            if draw.chance(0.55):
                more = draw.any(end)
                text += more if more.startswith(",") else " " + more
        elif draw.chance(0.5):
            text = command(draw).replace("{v}", f"{draw.any(_MAKING)} {draw.any(_MADE)}")
        else:
            text = draw.any(_OPINIONS)
        question = text.split(",")[0].split(" ")[0] in (
            "How",
            "Are",
            "Is",
            "Who",
            "What",
            "Do",
            "Which",
            "Why",
            "Should",
            "Can",
        )
        if text[-1:] not in ".!?":
            text += draw.any(("?", "?", "", "??") if question else (".", "!", "", "!!", "..."))
        if not withheld(text) and text.lower() not in _HELD_OUT:
            draw.used.add("pattern: " + text)
            return text.lower() if draw.chance(0.15) else text


_HELD_OUT = {text.lower() for choice in (*(row[0] for row in _FIXED), WHAT, ASK_NAME) for text in choice.held_out}
_BEFORE = ("Oh, ", "Well, ", "Hey, ", "Hi, ", "OK, ", "So, ", "And now: ", "Hm. ")


def _vary(draw: Draw, text: str) -> str:
    """A remark with another beginning, end or case, as people write; the test has its own wordings."""
    if draw.held_out or draw.chance(0.5):
        return text
    plain = text
    if draw.chance(0.4):
        text = text.rstrip(".!?") + draw.any(("", ".", "!", "...", "!!", " :)", "?" if text.endswith("?") else "."))
    if draw.chance(0.3):
        text = draw.any(_BEFORE) + text[:1].lower() + text[1:]
    if draw.chance(0.2):
        text = text.lower()
    return plain if text.lower() in _HELD_OUT else text


def _fill(draw: Draw, text: str) -> str:
    return text.format(name=draw.word(FIRST_NAMES), topic=draw.word(TOPICS), city=draw.word(CITIES))


def opener(draw: Draw) -> str:
    """A first remark of two human messages in a row."""
    return _fill(draw, draw.pattern(OPENERS))


def episode(draw: Draw, talk: Conversation, copying: float = 0.8) -> None:
    """One remark and its answer; a name given is asked for again at times."""
    sort = draw.weighted({**_WEIGHTS, **({} if draw.held_out else _HARD), -4: copying})
    if sort >= 0:
        choice, answer, _ = _FIXED[sort]
        if not draw.held_out and draw.chance(0.35):
            text = _remark(draw, sort)
            for slot in ("{name}", "{topic}", "{city}"):  # lower case keeps them
                text = text.replace(slot.upper(), slot)
            talk.user(_fill(draw, text))
        else:
            talk.user(_vary(draw, _fill(draw, draw.pattern(choice))))
        talk.say(answer)
    elif sort == -1:
        talk.user(_vary(draw, draw.pattern(WHAT)))
        names = ", ".join(str(tool["name"]) for tool in talk.tools)
        talk.say(f"I can use these tools: {names}." if names else "I can use tools, but I have none now.")
    elif sort == -2:
        told = any("name is" in m["content"] or m["content"].startswith("Nice to meet") for m in talk.messages)
        if not told and draw.chance(0.15):
            talk.user(_vary(draw, draw.pattern(ASK_NAME)))
            talk.say("You have not told me your name.")
            return
        if told:
            return
        name = draw.word(FIRST_NAMES) if draw.chance(0.6) else draw.invented()
        talk.user(draw.pattern(NAME).format(name=name))
        talk.say(f"Nice to meet you, {name}.")
        if draw.chance(0.3):
            choice, answer, _ = _FIXED[draw.any((0, 2, 6))]
            talk.user(_fill(draw, draw.pattern(choice)))
            talk.say(answer)
        if draw.chance(0.7):
            talk.user(_vary(draw, draw.pattern(ASK_NAME)))
            talk.say(f"Your name is {name}.")
    elif sort == -3:
        remark, answer = _fill(draw, draw.pattern(LIKES)).split(" | ")
        talk.user(remark)
        talk.say(answer)
    else:
        copied = draw.any((free_text(draw), draw.invented(), draw.digits(draw.integer(2, 8)), draw.grouped(6)))
        copied = " ".join(
            [
                copied,
                *(
                    draw.any((draw.invented(), draw.invented().lower(), draw.digits(3)))
                    for _ in range(draw.integer(0, 4))
                ),
            ]
        )
        talk.user(draw.pattern(REPEAT).format(x=copied))
        talk.say(copied)
