"""The words of arithmetic: text -> tokens, with thousands separators, unicode signs and words for signs read away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from typing import NamedTuple

from . import numerals
from .arithmetic import CalculationError

MAX_LENGTH = 2000
"""The most characters an expression may have."""

ALLOWED = "Allowed: numbers, + - * / // ^ ! ( ), % (12.5% of 840; 10 % 3 is the remainder), pi, e, functions."

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_SIGNS = str.maketrans(
    dict.fromkeys("×·⋅∙∗•✕✖\uff0a", "*")
    | dict.fromkeys("÷∕⁄➗\uff0f", "/")
    | dict.fromkeys("−–—‒\ufe63\uff0d", "-")
    | dict.fromkeys("➕\uff0b", "+")
    | dict.fromkeys("\ufe6a\uff05\u066a", "%")
    | dict.fromkeys("\u00a0\u202f\u2007\u2009\u3000", " ")
    | {"\uff08": "(", "\uff09": ")", "\uff1d": "=", "\uff3e": "^", "\uff01": "!", "π": "pi"}
    | {"\u066b": ".", "\uff0e": ".", "\u066c": ",", "\uff0c": ","}
)

_PATTERN = r"""
    {number}
  | (?P<times>(?<!(?<![0-9.,])0)[xX](?=[\s0-9.(√]) | times\b)
  | (?P<over>divided\s+by\b) | (?P<plus>plus\b) | (?P<minus>minus\b)
  | (?P<percent>per\s?cent\b) | (?P<of>of\b) | (?P<modulo>mod(?:ulo)?\b)
  | (?P<name>[A-Za-z][A-Za-z0-9_]*)
  | (?P<superscript>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
  | (?P<power>\*\*|\^) | (?P<floor>//) | (?P<sign>[-+*/%(),]) | (?P<root>√) | (?P<factorial>!)
"""
_FLAGS = re.VERBOSE | re.IGNORECASE
_ANYWHERE = re.compile(_PATTERN.replace("{number}", numerals.ANYWHERE), _FLAGS)
_AMONG_COMMAS = re.compile(_PATTERN.replace("{number}", numerals.AMONG_COMMAS), _FLAGS)
_SPACE = re.compile(r"\s*")
_DIGIT = re.compile(r"[^\D0-9]")
_KINDS = {"times": "*", "over": "/", "plus": "+", "minus": "-", "power": "^", "floor": "//", "modulo": "mod"}


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
        CalculationError: The text is too long, holds a character that is no part of arithmetic, or numbers in the
            fashions of different countries.
    """
    if len(text) > MAX_LENGTH:
        raise CalculationError(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
    text = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit.group())), text.translate(_SIGNS))
    text = text.lstrip("= \t\r\n").rstrip("=? \t\r\n")
    fashions = set[bool]()
    tokens: list[Token] = []
    separates = [False]
    position = 0
    while True:
        start = _space_end(text, position)
        if start == len(text):
            return [*tokens, Token("end", "", start, True)]
        match = (_AMONG_COMMAS if separates[-1] else _ANYWHERE).match(text, start)
        if match is None:
            raise CalculationError(f"the character {text[start]!r} is not allowed. {ALLOWED}")
        if match.lastgroup in ("number", "continental") and re.search("[.,]", match.group()):
            fashions.add(match.lastgroup == "continental")
            if len(fashions) > 1:
                raise CalculationError(
                    "commas and points are used in two ways (1.234,5 and 1,234.5). Write 1234.5 for each such number."
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
    if group == "sign":
        return Token(text, text, match.start(), spaced)
    if group in ("number", "continental"):
        return Token("number", numerals.canonical(text, group == "continental"), match.start(), spaced)
    if group == "superscript":
        text = text.translate(_SUPERSCRIPTS)
    elif group == "name":
        text = text.lower()
    return Token(_KINDS.get(group, group), text, match.start(), spaced)
