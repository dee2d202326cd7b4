"""The words of arithmetic: text -> tokens, with thousands separators, unicode signs and words for signs read away."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import NamedTuple

from .arithmetic import CalculationError

MAX_LENGTH = 2000
"""The most characters an expression may have."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_SIGNS = str.maketrans(
    dict.fromkeys("×·⋅∙∗•✕✖\uff0a", "*")
    | dict.fromkeys("÷∕⁄➗\uff0f", "/")
    | dict.fromkeys("−–—‒\ufe63\uff0d", "-")
    | dict.fromkeys("➕\uff0b", "+")
    | dict.fromkeys("\ufe6a\uff05", "%")
    | {"\uff08": "(", "\uff09": ")", "π": "pi", "\u00a0": " ", "\u202f": " ", "\u2009": " "}
)

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_THOUSANDS = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]*)?"
_REST = rf"""
    (?P<number>{{thousands}}(?:{_DIGITS}(?:\.[0-9]*)?|\.[0-9]+){_EXPONENT})
  | (?P<times>(?<!(?<![0-9.,])0)[xX](?=[\s0-9.(√]) | times\b)
  | (?P<over>divided\s+by\b) | (?P<plus>plus\b) | (?P<minus>minus\b)
  | (?P<percent>per\s?cent\b) | (?P<word>(?:of|mod)\b)
  | (?P<name>[A-Za-z][A-Za-z0-9_]*)
  | (?P<superscript>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
  | (?P<power>\*\*|\^) | (?P<floor>//) | (?P<sign>[-+*/%(),]) | (?P<root>√) | (?P<factorial>!)
"""
_FLAGS = re.VERBOSE | re.IGNORECASE
_WITH_THOUSANDS = re.compile(_REST.format(thousands=_THOUSANDS + "|"), _FLAGS)
_WITHOUT = re.compile(_REST.format(thousands=""), _FLAGS)
_SPACE = re.compile(r"\s*")
_KINDS = {"times": "*", "over": "/", "plus": "+", "minus": "-", "power": "^", "floor": "//"}


class Token(NamedTuple):
    """`kind` is what the grammar goes by: the sign or word itself, or number, name, superscript, percent, root, end."""

    kind: str
    text: str
    start: int
    spaced: bool
    """Whether white space stands before it."""


def tokenize(text: str, several: Set[str]) -> list[Token]:
    """The tokens of `text`, the last of kind "end". A leading "=" and a trailing "=" or "?" are dropped.

    Args:
        text: The expression.
        several: The functions of several arguments, in whose brackets a comma does not separate thousands.

    Raises:
        CalculationError: The text is too long, or holds a character that is no part of arithmetic.
    """
    if len(text) > MAX_LENGTH:
        raise CalculationError(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
    text = re.sub(r"[\s=?]+\Z", "", text.translate(_SIGNS)).lstrip("= \t\r\n")
    tokens: list[Token] = []
    separates = [False]
    position = 0
    while True:
        start = _space_end(text, position)
        if start == len(text):
            return [*tokens, Token("end", "", start, True)]
        match = (_WITHOUT if separates[-1] else _WITH_THOUSANDS).match(text, start)
        if match is None:
            raise CalculationError(
                f"the character {text[start]!r} is not allowed. Allowed: numbers, + - * / // ^ % ( ), pi, e, functions."
            )
        token = _token(match, start > position)
        if token.kind == "(":
            separates.append(bool(tokens) and tokens[-1].kind == "name" and tokens[-1].text in several)
        elif token.kind == ")" and len(separates) > 1:
            separates.pop()
        tokens.append(token)
        position = match.end()


def _space_end(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _token(match: re.Match[str], spaced: bool) -> Token:
    group, text = str(match.lastgroup), match.group()
    if group in ("sign", "word"):
        return Token(text.lower(), text, match.start(), spaced)
    if group == "number":
        text = text.replace(",", "").replace("_", "")
    elif group == "superscript":
        text = text.translate(_SUPERSCRIPTS)
    elif group == "name":
        text = text.lower()
    return Token(_KINDS.get(group, group), text, match.start(), spaced)
