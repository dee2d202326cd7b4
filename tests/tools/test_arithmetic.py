"""Where exact values end: roots, long fractions, and how a number is printed."""

from decimal import Decimal
from fractions import Fraction

import pytest
from agentkit.tools import arithmetic
from agentkit.tools.arithmetic import CalculationError
from agentkit.tools.numerals import format_number
from hypothesis import given
from hypothesis import strategies as st


def test_a_fraction_too_long_to_keep_is_right_to_twelve_digits() -> None:
    value = arithmetic.power(Fraction("1.0001"), 100_000)
    assert isinstance(value, float)
    reference = Decimal("1.0001") ** 100_000
    assert format_number(value) == f"{reference:.12g}"


@given(st.integers(1, 10**12), st.integers(2, 9))
def test_exact_roots(root: int, degree: int) -> None:
    assert arithmetic.power(root**degree, Fraction(1, degree)) == root
    assert arithmetic.power(Fraction(1, root**degree), Fraction(1, degree)) == Fraction(1, root)


@given(st.integers(2, 10**20))
def test_a_root_that_is_not_exact_is_a_float(number: int) -> None:
    value = arithmetic.square_root(number * number + 1)
    assert isinstance(value, float)
    assert value**2 == pytest.approx(number * number + 1, rel=1e-14)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_prints_to_twelve_digits(value: float) -> None:
    text = format_number(value)
    assert float(text) == pytest.approx(value, rel=1e-11, abs=0)
    if abs(value) < 1e15:
        assert not text.endswith((".", ".0"))
        assert "e+" not in text
        if value.is_integer():
            assert text == str(int(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 8), "0.125"),
        (Fraction(2, 3), "0.666666666667"),
        (Fraction(10**30, 3), "3" * 30 + ".33"),
        (Fraction(-1, 3), "-0.333333333333"),
        (Fraction(1, 10**400), "1e-400"),
        (8.2, "8.2"),
        (1e14, "100000000000000"),
        (123456789012.125, "123456789012.12"),
        (1e15, "1e+15"),
        (-0.0, "0"),
    ],
)
def test_format_number(value: arithmetic.Number, text: str) -> None:
    assert format_number(value) == text


def test_integers_have_a_largest_size() -> None:
    largest = arithmetic.power(10, arithmetic.MAX_DIGITS - 1)
    assert len(format_number(largest)) == arithmetic.MAX_DIGITS
    with pytest.raises(CalculationError, match="at most 4000 digits"):
        arithmetic.multiply(largest, 10)
