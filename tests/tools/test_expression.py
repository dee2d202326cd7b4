"""The grammar of arithmetic, against exact arithmetic and against hostile text."""

import math
import operator
from fractions import Fraction

import pytest
from agentkit.tools.arithmetic import CalculationError
from agentkit.tools.expression import ALIASES, FUNCTIONS, evaluate
from agentkit.tools.numerals import format_number
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # per cent and remainder
        ("840 + 10%", 924),
        ("840 - 10%", 756),
        ("100 + 10% + 5%", Fraction("115.5")),
        ("840 + (10%)", Fraction("840.1")),
        ("50% + 20%", Fraction("0.7")),
        ("10% of 20% of 500", 10),
        ("12.5 percent of 840 + 1", 106),
        ("12.5 per cent of (800 + 40)", 105),
        ("200 * 15%", 30),
        ("100 / 20%", 500),
        ("-10%", Fraction("-0.1")),
        ("10 % 3", 1),
        ("10%3", 1),
        ("-7 % 3", 2),
        ("7 mod -2", -1),
        ("7.5 % 2", Fraction("1.5")),
        ("10% - 3", Fraction("-2.9")),
        ("10 % -3", None),
        ("10%-3", Fraction("-2.9")),
        ("5 of 3", None),
        # powers and signs
        ("-2^2", -4),
        ("(-2)^2", 4),
        ("2^3^2", 512),
        ("2**-1", Fraction(1, 2)),
        ("--5", 5),
        ("2 - -3", 5),
        ("3²", 9),
        ("2⁻¹ + 5!", Fraction("120.5")),
        ("64^(1/3)", 4),
        ("(-8)^(1/3)", None),
        ("0^-1", None),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        # unicode and words
        ("2 × 3 ÷ 4 − 1", Fraction("0.5")),
        ("2 x 3", 6),
        ("2x3", 6),
        ("√16", 4),
        ("√(9 + 16) · 2", 10),
        ("√√16", 2),
        ("7 divided by 2 plus 1 minus 2 times 3", Fraction("-1.5")),
        # several things in a row
        ("2(3 + 4)", 14),
        ("(1 + 2)(3 + 4)", 21),
        ("2√16", 8),
        ("1/2(3)", None),
        ("2 3", None),
        ("(2)3", None),
        # thousands, decimals, arguments
        ("1,234,567.5 + 1", Fraction("1234568.5")),
        ("1_000 * 3", 3000),
        ("sqrt(1,000,000)", 1000),
        ("max(1,200)", 200),
        ("max((1,200), 3)", 1200),
        ("min(3, max(1,2), 5)", 2),
        ("round(3.14159, 2)", Fraction("3.14")),
        ("round(1,234)", None),
        ("round(2.5)", 2),
        ("12,34", None),
        ("1,2345", None),
        ("0,500", None),
        ("1e3 + .5 + 2.", Fraction("1002.5")),
        # functions
        ("abs(-3) + floor(2.7) + ceil(2.1) + trunc(-2.7) + sign(-9)", 5),
        ("sin(pi)", 0),
        ("cos(pi / 2)", 0),
        ("tan(pi / 2)", None),
        ("sqrt(2)^2 - 2", 0),
        ("log2(8) + log10(1000) + ln(e)", 7),
        ("sqrt 2", None),
        ("sqrt(1, 2)", None),
        ("max(1)", None),
        ("sqrt(-1)", None),
        ("log(0)", None),
        ("exp(1000)", None),
        ("exp(-1000)", None),
        ("", None),
        ("2(", None),
        ("1 + 2)", None),
        ("1.5.2", None),
        ("3 +", None),
        ("lambda: 1", None),
        ("(1).real", None),
        ("[1]", None),
        ("1 if 1 else 2", None),
        ("1 < 2", None),
        ("0x10", None),
        ("1j", None),
        # digits, signs and separators of other countries
        ("٣ + 1", 4),
        ("１２３＋４．５", Fraction("127.5")),
        ("1٬234٫5", Fraction("1234.5")),
        ("1.234.567", 1234567),
        ("1.234,56 + 3", Fraction("1237.56")),
        ("1.234.567,89", Fraction("1234567.89")),
        ("1 234 567", 1234567),
        ("1\u202f234,5 * 2", 2469),
        ("1’234’567.5", Fraction("1234567.5")),
        ("1,23,45,678.5", Fraction("12345678.5")),
        ("max(1.234.567, 1 234 568)", 1234568),
        ("1.234", Fraction("1.234")),
        ("1.234,5 + 1.5", None),
        ("1.234.567 + 1,234", None),
        ("123,45,678", None),
        ("1 23", None),
        ("12 345 67", None),
        ("1\u200f2", None),
        # names
        ("sum(12, 15, 1,200)", 228),
        ("prod(2, 3, 4)", 24),
        ("hypot(3, 4) + fmod(-7, 3) + factorial(5)", 124),
        ("10 modulo 3", 1),
        ("(3!)!", 720),
        ("3!!", None),
    ],
)
def test_notation(text: str, value: Fraction | None) -> None:
    if value is None:
        with pytest.raises(CalculationError):
            evaluate(text)
    else:
        assert evaluate(text) == value


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *ALIASES}))
def test_functions_agree_with_the_standard_library(name: str) -> None:
    plain = ALIASES.get(name, name)
    reference = {
        "abs": abs,
        "max": max,
        "min": min,
        "round": round,
        "sign": lambda x: math.copysign(1, x),
        "arctan2": math.atan2,
        "factorial": lambda x: math.factorial(round(x)),
        "prod": operator.mul,
        "sum": operator.add,
    }.get(plain) or getattr(math, plain.replace("arc", "a"))
    arguments = {"arccosh": ("1.75",), "factorial": ("7",)}.get(plain, ("0.75", "0.5")[: FUNCTIONS[plain].fewest])
    expected = reference(*map(float, arguments))
    assert float(evaluate(f"{name.upper()}({', '.join(arguments)})")) == pytest.approx(expected, rel=1e-14)


_numbers = st.one_of(
    st.integers(0, 10**30).map(lambda n: (str(n), Fraction(n))),
    st.integers(1000, 10**15).map(lambda n: (f"{n:,}", Fraction(n))),
    st.integers(1000, 10**15).map(lambda n: (f"{n:,}".replace(",", " "), Fraction(n))),
    st.tuples(st.integers(0, 10**6), st.integers(0, 999)).map(
        lambda pair: (f"{pair[0]}.{pair[1]:03}", Fraction(f"{pair[0]}.{pair[1]:03}"))
    ),
)
_Expression = tuple[str, Fraction | None]


def _joined(parts: tuple[_Expression, str, _Expression]) -> _Expression:
    (left, a), sign, (right, b) = parts
    text = f"({left}) {sign} ({right})"
    if a is None or b is None or (b == 0 and sign in ("/", "÷", "%", "//")):
        return text, None
    if sign in ("+", "-", "−"):
        return text, a + b if sign == "+" else a - b
    if sign in ("*", "×"):
        return text, a * b
    return text, a / b if sign in ("/", "÷") else Fraction(a % b if sign == "%" else a // b)


def _powered(parts: tuple[_Expression, int]) -> _Expression:
    (text, value), exponent = parts
    return f"({text})^{exponent}", None if value is None or (value == 0 and exponent < 0) else Fraction(value**exponent)


_expressions = st.recursive(
    _numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "−", "*", "×", "/", "÷", "%", "//"]), inner).map(_joined),
        st.tuples(inner, st.integers(-3, 4)).map(_powered),
        inner.map(lambda each: (f"-({each[0]})", None if each[1] is None else -each[1])),
        inner.map(lambda each: (f"12.5% of ({each[0]})", None if each[1] is None else each[1] / 8)),
    ),
    max_leaves=8,
)


_COUNTRIES: dict[str, tuple[str, str]] = {
    "point thousands": (".", ","), "narrow blank": ("\u202f", ","), "blank": (" ", "."), "apostrophe": ("’", "."),
}  # fmt: skip


@given(st.sampled_from(sorted(_COUNTRIES)), st.integers(10**3, 10**20), st.integers(1, 999), st.integers(2, 99))
def test_numbers_of_many_countries(country: str, whole: int, thousandths: int, factor: int) -> None:
    between, point = _COUNTRIES[country]
    text = f"{whole:,}".replace(",", between) + f"{point}{thousandths:03}"
    assert evaluate(f"{text} * {factor}") == Fraction(f"{whole}.{thousandths:03}") * factor


@settings(max_examples=400, deadline=None)
@given(_expressions)
def test_exact_arithmetic_agrees(expression: _Expression) -> None:
    text, value = expression
    if value is None:
        with pytest.raises(CalculationError, match=r"division by zero|characters"):
            evaluate(text)
        return
    assert evaluate(text) == value
    shown = format_number(evaluate(text))
    if value.denominator == 1:
        assert shown == str(value.numerator)
    else:
        assert abs(Fraction(shown) - value) <= abs(value) * Fraction(1, 10**11)
