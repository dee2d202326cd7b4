"""Numbers as people write them and as they read them: digits and separators of many countries <-> values."""

from __future__ import annotations

import math
import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction

from .arithmetic import MAX_DIGITS, CalculationError, Number, bounded

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_PLAIN = r"(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)"
# 1 234 567.5, 1'234'567.5
_SPACED = r"[1-9][0-9]{0,2}(?:(?:[ ][0-9]{3})+|(?:['’][0-9]{3})+)(?![0-9])(?:\.[0-9]*)?"
# 1,234,567.5 and 12,34,567.5
_COMMAS = r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?<![0-9]{3})(?:,[0-9]{2})+,[0-9]{3})(?![0-9])(?:\.[0-9]*)?"
# 1.234.567
_POINTS = r"[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}(?![0-9])"
# 1.234,5 and 1.234.567,5 and 1 234,5; a comma alone (1,234) could be either sign
_DECIMAL_COMMA = r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?:[ ][0-9]{3})+),[0-9]+"

AMONG_COMMAS = rf"(?P<continental>(?:{_POINTS}){_EXPONENT})|(?P<number>(?:{_SPACED}|{_PLAIN}){_EXPONENT})"
"""A regular expression for a number where commas separate other things."""

ANYWHERE = (
    rf"(?P<continental>(?:{_DECIMAL_COMMA}|{_POINTS}){_EXPONENT})"
    rf"|(?P<number>(?:{_COMMAS}|{_SPACED}|{_PLAIN}){_EXPONENT})"
)
"""A regular expression for a number elsewhere. `continental` is one whose comma, if any, is the decimal sign."""


def canonical(text: str, continental: bool) -> str:
    """A number that one of the regular expressions matched, with a decimal point and no separators."""
    text = re.sub("[ _'’]", "", text)
    return text.replace(".", "").replace(",", ".") if continental else text.replace(",", "")


def from_literal(text: str) -> Number:
    """The exact value of a number as written: digits, a point, an exponent.

    Raises:
        CalculationError: The number has more than `MAX_DIGITS` digits.
    """
    mantissa, _, exponent = text.lower().partition("e")
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > MAX_DIGITS):
        raise CalculationError(f"the exponent of {text[:20]} is too large: at most {MAX_DIGITS} digits are allowed.")
    whole, _, decimals = mantissa.partition(".")
    return bounded(Fraction(int((whole + decimals) or "0")) * Fraction(10) ** (int(exponent or "0") - len(decimals)))


def format_number(value: Number) -> str:
    """A number as people read it.

    Whole numbers have all their digits and no separators. Others have up to 12 significant digits (never fewer than
    the whole part and two decimals, as far as a double holds them) and no trailing zeros; a float from 1e15 on, and
    what is below 0.000001, is written with an exponent.
    """
    if isinstance(value, int):
        return str(value)
    whole = math.trunc(value)
    digits = max(12, len(str(abs(whole))) + 2)
    if isinstance(value, float):
        if abs(value) >= 1e15:
            return f"{value:.12g}"
        digits = min(digits, 15)
    context = Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN)
    if isinstance(value, float):
        decimal = context.plus(Decimal(value))
    else:
        decimal = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    if decimal == 0:
        return "0"
    if decimal.adjusted() < -6:
        return f"{decimal.normalize(context):e}"
    text = f"{decimal:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
