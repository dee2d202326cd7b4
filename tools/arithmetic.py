"""Numbers that stay exact while they can: Python ints and fractions, and numexpr where a float is needed."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

Number = int | Fraction | float
"""An exact value (an int, or a fraction that is not whole) or a float."""

MAX_DIGITS = 4000
"""The most digits that an exact value may have: below the 4,300 at which Python refuses to print an int."""

MAX_ANGLE = 1e12
"""The largest angle in radians: beyond it a double no longer says which part of the circle is meant."""

MAX_EXPONENT = 10**9
"""The largest exponent of an exact number that is not whole."""

_MAX_BITS = int(MAX_DIGITS * math.log2(10))
_EPSILON = sys.float_info.epsilon


class CalculationError(ValueError):
    """An expression was refused; the message says why and what is allowed."""


def add(a: Number, b: Number) -> Number:
    if isinstance(a, float) or isinstance(b, float):
        return _cancelled(_evaluate("a + b", a, b), a, b)
    return bounded(a + b)


def subtract(a: Number, b: Number) -> Number:
    if isinstance(a, float) or isinstance(b, float):
        return _cancelled(_evaluate("a - b", a, b), a, b)
    return bounded(a - b)


def multiply(a: Number, b: Number) -> Number:
    if isinstance(a, float) or isinstance(b, float):
        return _not_lost(_evaluate("a * b", a, b), a, b)
    return bounded(a * b)


def divide(a: Number, b: Number) -> Number:
    if b == 0:
        raise CalculationError("division by zero.")
    if isinstance(a, float) or isinstance(b, float):
        return _not_lost(_evaluate("a / b", a, b), a, b)
    return bounded(Fraction(a) / b)


def floor_divide(a: Number, b: Number) -> Number:
    return floor(divide(a, b))


def modulo(a: Number, b: Number) -> Number:
    """The remainder with the sign of the divisor, as in Python."""
    if b == 0:
        raise CalculationError("division by zero.")
    if isinstance(a, float) or isinstance(b, float):
        if abs(_evaluate("a / b", a, b)) > MAX_ANGLE:
            raise CalculationError("the remainder is lost in rounding: the numbers are too far apart.")
        return _evaluate("a - b * floor(a / b)", a, b)
    return bounded(a % b)


def power(a: Number, b: Number) -> Number:
    if a == 0 and b < 0:
        raise CalculationError("division by zero: zero to a negative power.")
    if isinstance(a, float) or not isinstance(b, int):
        if a < 0 and not _to_float(b).is_integer():
            raise CalculationError("a negative number to a fractional power has no real value.")
        if isinstance(a, float) or isinstance(b, float) or (root := _exact_root(a, b.denominator)) is None:
            return _not_lost(_evaluate("a ** b", a, b), a)
        return power(root, b.numerator)
    if a in (0, 1):
        return a if b else 1
    if a == -1:
        return -1 if b % 2 else 1
    fraction = Fraction(a)
    bits = max(fraction.numerator.bit_length(), fraction.denominator.bit_length())
    if (bits - 1) * abs(b) <= _MAX_BITS:
        return bounded(fraction**b)
    if isinstance(a, int):
        raise CalculationError(
            f"the result would be too {'large' if b > 0 else 'small'}: at most {MAX_DIGITS} digits are allowed."
        )
    if abs(b) > MAX_EXPONENT:
        raise CalculationError(f"the exponent of a number that is not whole may be at most {MAX_EXPONENT:,}.")
    # A double of 1.0001 is wrong by 1e-17, and 1.0001^100000 a hundred thousand times as much.
    with localcontext(Context(prec=40)) as context:
        context.clear_traps()
        value = (Decimal(fraction.numerator) / Decimal(fraction.denominator)) ** b
    return _not_lost(_finite(float(value)), a)


def square_root(a: Number) -> Number:
    if a < 0:
        raise CalculationError("the square root of a negative number has no real value.")
    root = None if isinstance(a, float) else _exact_root(a, 2)
    return _evaluate("sqrt(a)", a) if root is None else root


def factorial(a: Number) -> Number:
    if not isinstance(a, int) or not 0 <= a <= 1400:
        raise CalculationError("a factorial is taken of a whole number from 0 to 1400.")
    return bounded(math.factorial(a))


def floor(a: Number) -> Number:
    return _evaluate("floor(a)", a) if isinstance(a, float) else math.floor(a)


def ceil(a: Number) -> Number:
    return _evaluate("ceil(a)", a) if isinstance(a, float) else math.ceil(a)


def trunc(a: Number) -> Number:
    return _evaluate("where(a < 0, ceil(a), floor(a))", a) if isinstance(a, float) else math.trunc(a)


def absolute(a: Number) -> Number:
    return a if a >= 0 else -a


def sign(a: Number) -> Number:
    return (a > 0) - (a < 0)


def log2(a: Number) -> Number:
    # numexpr has it only in its newer versions, and a quotient of logarithms is not exact: log2(8) must be 3.
    if a <= 0:
        raise CalculationError("log2 has a value only for numbers above zero.")
    return math.log2(_to_float(a))


def round_to(a: Number, digits: Number = 0) -> Number:
    """Halves go to the even neighbour, as in numexpr and Python: 2.5 becomes 2."""
    if not isinstance(digits, int) or abs(digits) > 15:
        raise CalculationError("the second argument of round is a number of decimals, a whole number from -15 to 15.")
    return bounded(round(Fraction(a), digits)) if digits else round(a)


def real(text: str) -> Callable[[Number], Number]:
    """A function of one real argument that numexpr evaluates, such as `real("log(a)")`."""

    def function(a: Number) -> Number:
        return _evaluate(text, a)

    return function


def exponential(a: Number) -> Number:
    return _not_lost(_evaluate("exp(a)", a))


def circular(name: str) -> Callable[[Number], Number]:
    """sin, cos or tan of an angle in radians.

    The angle was rounded to a double, so a value below the error which that makes is zero: sin(pi) is 0.
    """

    def function(a: Number) -> Number:
        angle = abs(_to_float(a))
        if angle > MAX_ANGLE:
            raise CalculationError(f"an angle may be at most {MAX_ANGLE:.0e} radians.")
        noise = angle * _EPSILON
        if name == "tan" and abs(_evaluate("cos(a)", a)) <= noise:
            raise CalculationError("tan has no value at a quarter turn (pi/2).")
        value = _evaluate(f"{name}(a)", a)
        return 0 if a and abs(value) <= noise else value

    return function


def remainder(a: Number, b: Number) -> Number:
    """What numexpr and C call fmod: the remainder with the sign of the dividend."""
    value = modulo(absolute(a), absolute(b))
    return value if a >= 0 else -value


def hypotenuse(a: Number, b: Number) -> Number:
    return square_root(add(multiply(a, a), multiply(b, b)))


def total(*values: Number) -> Number:
    return functools.reduce(add, values)


def product(*values: Number) -> Number:
    return functools.reduce(multiply, values)


def arctan2(y: Number, x: Number) -> Number:
    return _evaluate("arctan2(a, b)", y, x)


def _exact_root(a: int | Fraction, degree: int) -> Number | None:
    """The root of an exact value where that is exact too: 64^(1/3) is 4, which a double misses."""
    numerator, denominator = a.as_integer_ratio()
    above, below = _whole_root(numerator, degree), _whole_root(denominator, degree)
    return None if above is None or below is None else bounded(Fraction(above, below))


def _whole_root(a: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(a) if a >= 0 else 0
    elif 0 <= a < 2**1000 and degree < 1000:
        root = round(float(a) ** (1 / degree))
    else:
        return None
    return root if root**degree == a else None


def bounded(value: int | Fraction) -> Number:
    """A whole fraction as an int; a fraction too long to keep exact as a float.

    Raises:
        CalculationError: It is whole and has more than `MAX_DIGITS` digits.
    """
    if isinstance(value, Fraction):
        if value.denominator != 1:
            if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MAX_BITS:
                return value
            return _not_lost(_to_float(value), value)
        value = value.numerator
    if value.bit_length() > _MAX_BITS:
        raise CalculationError(f"the result would be too large: at most {MAX_DIGITS} digits are allowed.")
    return value


def _cancelled(value: float, a: Number, b: Number) -> float:
    """A difference that is no more than the rounding of its operands is zero: sqrt(2)^2 - 2 is 0."""
    return 0.0 if abs(value) <= 4 * _EPSILON * max(abs(float(a)), abs(float(b))) else value


def _not_lost(value: float, *operands: Number) -> float:
    if value == 0 and all(operands):
        raise CalculationError("the result is too close to zero for a floating-point number (about 1e-308).")
    return value


def _to_float(value: Number) -> float:
    try:
        return float(value)
    except OverflowError:
        raise CalculationError(
            "the number is too large for a floating-point number (about 1e308); only whole numbers may be larger."
        ) from None


@functools.cache
def _compiled(text: str, count: int) -> Callable[..., Any]:
    # Loaded on first use: with numpy it is most of the time that importing the tools would take.
    import numexpr

    compiled: Callable[..., Any] = numexpr.NumExpr(text, [(name, numexpr.necompiler.double) for name in "ab"[:count]])
    return compiled


def _evaluate(text: str, *operands: Number) -> float:
    """The value of one of this file's own numexpr expressions in `a` and `b`, as a double."""
    value = float(_compiled(text, len(operands))(*map(_to_float, operands)))
    if math.isnan(value):
        raise CalculationError(f"{text.split('(')[0]} has no real value for {float(operands[0]):.12g}.")
    return _finite(value)


def _finite(value: float) -> float:
    if math.isinf(value):
        raise CalculationError("the result is infinite, or too large for a floating-point number (about 1e308).")
    return value
