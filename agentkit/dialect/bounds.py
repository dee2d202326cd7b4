"""What a JSON Schema asks of a string, as regular expressions that a grammar can hold text to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_YEAR = "[1-9][0-9]{3}"
_DATE = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))|[1-9][0-9](?:0[48]|[2468][048]|[13579][26])-02-29)"
)
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?"
_TIME = f"{_CLOCK}(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = f"{_LABEL}(?:\\.{_LABEL}){{0,3}}"
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HEX4 = "[0-9a-fA-F]{4}"
FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "duration": "P(?:[0-9]{1,4}W|[0-9]{1,4}D(?:T[0-9]{1,4}H)?|T(?:[0-9]{1,4}H)?[0-9]{1,4}M|T[0-9]{1,4}S)",
    "uuid": f"[0-9a-fA-F]{{8}}-{_HEX4}-{_HEX4}-{_HEX4}-[0-9a-fA-F]{{12}}",
    "ipv4": rf"{_BYTE}(?:\.{_BYTE}){{3}}",
    "ipv6": f"(?:{_HEX4}:){{7}}{_HEX4}",
    "hostname": _HOST,
    "email": f"[a-zA-Z0-9_+-]{{1,32}}(?:\\.[a-zA-Z0-9_+-]{{1,32}}){{0,3}}@{_HOST}",
    "uri": f"https?://{_HOST}(?:/[a-zA-Z0-9_.~%-]{{1,64}}){{0,8}}",
}
"""Each admits part of what its format allows, and nothing that it doesn't; the grammar engine has its own for JSON."""

_ANYTHING = "(?s:.*)"
_LOOKING_AROUND = ("(?=", "(?!", "(?<", "(?P", "\\b", "\\B", "\\k", *(f"\\{digit}" for digit in range(1, 10)))


def expressions(schema: Mapping[str, Any], char: str, plain: str) -> tuple[list[str], list[str]]:
    """The expressions that a string as it is written must match, all of them, and the keywords that they leave out.

    Args:
        schema: of the string.
        char: an expression for one character of it, which may be written as an escape.
        plain: an expression for one character that is written as it stands.
    """
    found, left = [], []
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if least or most is not None:
        found.append(f"(?:{char}){{{int(least)},{'' if most is None else int(most)}}}")
    if "pattern" in schema:
        pattern = whole(ascii_classes(str(schema["pattern"])))
        if pattern is None or not all(re.fullmatch(plain, needed) for needed in _literals(str(schema["pattern"]))):
            left.append("pattern")
        else:
            found += [pattern, f"(?:{plain})*"]
    if "format" in schema:
        known = FORMATS.get(str(schema["format"]))
        found += [known] if known else []
        left += [] if known else ["format"]
    return found, left


def is_loose(pattern: str) -> bool:
    """Whether the grammar engine lets strings pass that the pattern does not match: it reads `[^"]` before escapes."""
    return any(token.startswith("[^") and ('"' in token or "\\\\" in token) for token in _tokens(pattern))


def whole(pattern: str) -> str | None:
    """An expression that matches the texts in which the pattern is found; None where it looks around itself."""
    alternatives = [_anchored(alternative) for alternative in _alternatives(pattern)]
    if any(alternative is None for alternative in alternatives):
        return None
    return "|".join(f"(?:{alternative})" for alternative in alternatives)


def ascii_classes(pattern: str) -> str:
    """The pattern with `\\d`, `\\w` and `\\s` for ASCII alone, as JSON Schema's dialect has them.

    Versions of Unicode differ in what a digit is, so that one engine's digit may not be another's. What is outside of
    them is narrowed to what all engines have outside; a negated class in brackets stays as it is.
    """
    made = []
    for token in _tokens(pattern):
        if token in _NEGATED:
            made.append(_NEGATED[token])
        elif token in _ASCII:
            made.append(f"[{_ASCII[token]}]")
        elif token[0] == "[" and not token.startswith("[^"):
            made.append("".join(_ASCII.get(piece, piece) for piece in _ESCAPES.findall(token)))
        else:
            made.append(token)
    return "".join(made)


_NEGATED = {"\\D": "[!-/:-~ ]", "\\W": "[!-/:-@\\[-^`{-~ ]", "\\S": "[^\\s\\x00-\\x20\\x7f-\\xa0]"}
"""Characters that are none of these for anybody."""
_ASCII = {"\\d": "0-9", "\\w": "A-Za-z0-9_", "\\s": " \\t\\n\\r"}
_ESCAPES = re.compile(r"\\.|.", re.DOTALL)


def _anchored(pattern: str) -> str | None:
    before = after = _ANYTHING
    tokens = _tokens(pattern)
    if tokens[:1] == ["^"]:
        tokens, before = tokens[1:], ""
    if tokens[-1:] == ["$"]:
        tokens, after = tokens[:-1], ""
    if any(token in {"^", "$"} or token.startswith(_LOOKING_AROUND) for token in tokens):
        return None
    return before + "".join(tokens) + after


def _literals(pattern: str) -> list[str]:
    """The characters that stand in the pattern for themselves."""
    found = []
    for token in _tokens(pattern):
        if token in _CONTROLS:
            found.append(_CONTROLS[token])
        elif len(token) == 2 and token[0] == "\\" and not token[1].isalnum():
            found.append(token[1])
        elif len(token) == 1 and token not in _SPECIAL:
            found.append(token)
    return found


_CONTROLS = {"\\n": "\n", "\\t": "\t", "\\r": "\r"}
_SPECIAL = ".^$*+?{}()[]|"


def _alternatives(pattern: str) -> list[str]:
    """The pattern parted at each `|` that stands in no group."""
    found, depth = [""], 0
    for token in _tokens(pattern):
        depth += (token[0] == "(") - (token == ")")
        if token == "|" and not depth:
            found.append("")
        else:
            found[-1] += token
    return found


def _tokens(pattern: str) -> list[str]:
    """The pattern in escapes, character classes, openings of groups and single characters."""
    found, at = [], 0
    while at < len(pattern):
        end = at + 1
        if pattern[at] == "\\":
            end += 1
        elif pattern.startswith("(?", at):
            end += 2
        elif pattern[at] == "[":
            end += pattern.startswith("^", end)
            end += pattern.startswith("]", end)
            while end < len(pattern) and pattern[end] != "]":
                end += 2 if pattern[end] == "\\" else 1
            end += 1
        found.append(pattern[at:end])
        at = end
    return found
