"""Arithmetic as people and models write it: text -> one value. Knows numbers, operators, brackets and a few names.

The grammar, loosest first (every rule evaluates what it reads, so there is no tree that could hold anything else):

    sum      = product (("+" | "-") product)*           "840 + 10%" adds 10% of 840
    product  = signed (("*" | "/" | "//" | "%" | "of") signed)*     "2(3 + 4)" and "2pi" multiply
    signed   = ("+" | "-")* power
    power    = value ("^" signed)?                       "**" is the same; binds tighter than a sign: -2^2 is -4
    value    = (number | constant | call | "√" value | "(" sum ")") ("²" | "!" | "%")*

`%` before a number, a name or a bracket is the remainder (10 % 3); anywhere else it is per cent (12.5% of 840). In
brackets a percentage is a plain number: 840 + (10%) is 840.1.
A comma inside a number separates thousands (68,400,000); directly inside the brackets of a function that takes
several arguments it separates those: max(1,200) is 200. Other countries' separators are read where they can mean
nothing else: 12,34,567; 1.234.567; 1.234,5; 1 234 567; 1'234'567.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from . import arithmetic
from .arithmetic import CalculationError, Number
from .numerals import from_literal
from .tokens import ALLOWED, Token, tokenize

MAX_DEPTH = 50
"""How deep brackets, functions and powers may be nested."""

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e}


class Function(NamedTuple):
    call: Callable[..., Number]
    fewest: int = 1
    most: int = 1


FUNCTIONS: dict[str, Function] = {
    "abs": Function(arithmetic.absolute),
    "arccos": Function(arithmetic.real("arccos(a)")),
    "arccosh": Function(arithmetic.real("arccosh(a)")),
    "arcsin": Function(arithmetic.real("arcsin(a)")),
    "arcsinh": Function(arithmetic.real("arcsinh(a)")),
    "arctan": Function(arithmetic.real("arctan(a)")),
    "arctan2": Function(arithmetic.arctan2, 2, 2),
    "arctanh": Function(arithmetic.real("arctanh(a)")),
    "ceil": Function(arithmetic.ceil),
    "cos": Function(arithmetic.circular("cos")),
    "cosh": Function(arithmetic.real("cosh(a)")),
    "exp": Function(arithmetic.exponential),
    "expm1": Function(arithmetic.real("expm1(a)")),
    "factorial": Function(arithmetic.factorial),
    "floor": Function(arithmetic.floor),
    "fmod": Function(arithmetic.remainder, 2, 2),
    "hypot": Function(arithmetic.hypotenuse, 2, 2),
    "log": Function(arithmetic.real("log(a)")),
    "log10": Function(arithmetic.real("log10(a)")),
    "log1p": Function(arithmetic.real("log1p(a)")),
    "log2": Function(arithmetic.log2),
    "max": Function(max, 2, 100),
    "min": Function(min, 2, 100),
    "prod": Function(arithmetic.product, 2, 100),
    "round": Function(arithmetic.round_to, 1, 2),
    "sign": Function(arithmetic.sign),
    "sin": Function(arithmetic.circular("sin")),
    "sinh": Function(arithmetic.real("sinh(a)")),
    "sqrt": Function(arithmetic.square_root),
    "sum": Function(arithmetic.total, 2, 100),
    "tan": Function(arithmetic.circular("tan")),
    "tanh": Function(arithmetic.real("tanh(a)")),
    "trunc": Function(arithmetic.trunc),
}
ALIASES = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "ln": "log",
    "maximum": "max",
    "minimum": "min",
}
_SEVERAL = frozenset(name for name in (*FUNCTIONS, *ALIASES) if FUNCTIONS[ALIASES.get(name, name)].most > 1)

_NAMES = f"Allowed names: {', '.join((*CONSTANTS, *FUNCTIONS))}, mod, of."

_SUM: dict[str, Callable[[Any, Any], Number]] = {"+": arithmetic.add, "-": arithmetic.subtract}
_PRODUCT: dict[str, Callable[[Any, Any], Number]] = {
    "*": arithmetic.multiply,
    "of": arithmetic.multiply,
    "/": arithmetic.divide,
    "//": arithmetic.floor_divide,
    "%": arithmetic.modulo,
    "mod": arithmetic.modulo,
}
_STARTS = ("number", "name", "root", "(")


def evaluate(text: str) -> Number:
    """The value of an arithmetic expression.

    Raises:
        CalculationError: The text is not arithmetic, too long, too deep, or has no (real, finite) value. The message
            says which, and what is allowed.
    """
    try:
        return _Parser(tokenize(text, _SEVERAL)).parse()
    except RecursionError:  # the caller's own stack left no room for MAX_DEPTH
        raise CalculationError("brackets and powers are nested too deep.") from None


class _Parser:
    """One pass over the tokens. `self.percent` tells whether the value just read is a bare percentage."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0
        self.percent = False

    def parse(self) -> Number:
        if self.tokens[0].kind == "end":
            raise CalculationError(f"the expression is empty. {ALLOWED}")
        value = self._sum()
        if self._next.kind != "end":
            raise self._unexpected()
        return value

    @property
    def _next(self) -> Token:
        return self.tokens[self.position]

    def _take(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _unexpected(self) -> CalculationError:
        token, before = self._next, self.tokens[self.position - 1] if self.position else None
        if token.kind == "end":
            return CalculationError(f"the expression ends too early: a number or a bracket is missing. {ALLOWED}")
        if token.kind == ",":
            return CalculationError(
                "a comma stands only between thousands (68,400,000) and between the arguments of "
                f"{', '.join(sorted(_SEVERAL & FUNCTIONS.keys()))}. Write a decimal with a point (3.5)."
            )
        if token.kind == "number" and before and before.kind == "number":
            return CalculationError(f"two numbers stand side by side: {before.text[:20]} {token.text[:20]}. {ALLOWED}")
        return CalculationError(f"{token.text[:20]!r} was not expected at position {token.start + 1}. {ALLOWED}")

    def _sum(self) -> Number:
        value = self._product()
        while self._next.kind in _SUM:
            operation, left_is_percent = _SUM[self._take().kind], self.percent
            right = self._product()
            if self.percent and not left_is_percent:
                right = arithmetic.multiply(value, right)
            value, self.percent = operation(value, right), self.percent and left_is_percent
        return value

    def _product(self) -> Number:
        value = self._signed()
        divided = False
        while True:
            kind = self._next.kind
            if kind == "of" and not self.percent:
                raise CalculationError("'of' stands only after a percentage: 12.5% of 840.")
            if kind in _PRODUCT:
                self._take()
                divided = divided or kind not in ("*", "of")
                value = _PRODUCT[kind](value, self._signed())
                self.percent = self.percent and kind == "of"
            elif kind in _STARTS and kind != "number" and not self.percent:
                if divided:
                    raise CalculationError(
                        f"it is not clear what is divided: write the * before {self._next.text[:20]!r}, with brackets."
                    )
                value, self.percent = arithmetic.multiply(value, self._power()), False
            else:
                return value

    def _signed(self) -> Number:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CalculationError(f"brackets and powers may be nested at most {MAX_DEPTH} deep.")
        negative = False
        while self._next.kind in _SUM:
            negative ^= self._take().kind == "-"
        value = self._power()
        self.depth -= 1
        return -value if negative else value

    def _power(self) -> Number:
        value = self._value()
        if self._next.kind == "^":
            self._take()
            value = arithmetic.power(value, self._signed())
            self.percent = False
        return value

    def _value(self) -> Number:
        value = self._atom()
        self.percent = False
        while True:
            token = self._next
            if token.kind == "superscript":
                value, self.percent = arithmetic.power(value, int(token.text)), False
            elif token.kind == "factorial":
                if self.tokens[self.position + 1].kind == "factorial":
                    raise CalculationError("!! is not clear: write (3!)! for the factorial of a factorial.")
                value, self.percent = arithmetic.factorial(value), False
            elif token.kind == "percent" or (token.kind == "%" and self._is_percent(token)):
                value, self.percent = arithmetic.divide(value, 100), True
            else:
                return value
            self._take()

    def _is_percent(self, token: Token) -> bool:
        following = self.tokens[self.position + 1]
        if following.kind in _SUM and token.spaced:
            raise CalculationError(
                "% before a sign is not clear: write (a%) - b for per cent, or a mod (-b) for the remainder."
            )
        return following.kind not in _STARTS

    def _atom(self) -> Number:
        token = self._next
        if token.kind not in _STARTS:
            raise self._unexpected()
        self._take()
        if token.kind == "number":
            return from_literal(token.text)
        if token.kind == "name":
            return self._named(token)
        if token.kind == "root":
            # A root of a root goes round by way of the sign, which counts the depth.
            return arithmetic.square_root(self._signed() if self._next.kind == "root" else self._atom())
        value = self._sum()
        self._close()
        return value

    def _named(self, token: Token) -> Number:
        name = ALIASES.get(token.text, token.text)
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name not in FUNCTIONS:
            raise CalculationError(f"the name {token.text[:20]!r} is not known. {_NAMES}")
        function = FUNCTIONS[name]
        if self._next.kind != "(":
            raise CalculationError(f"{name} needs brackets around what it is applied to, as in {name}(2).")
        self._take()
        arguments = [self._sum()]
        while self._next.kind == "," and function.most > 1:
            self._take()
            arguments.append(self._sum())
        self._close()
        if not function.fewest <= len(arguments) <= function.most:
            wanted = f"{function.fewest} to {function.most}" if function.most > function.fewest else function.most
            raise CalculationError(f"{name} takes {wanted} arguments, but {len(arguments)} stand in its brackets.")
        return function.call(*arguments)

    def _close(self) -> None:
        if self._next.kind != ")":
            raise self._unexpected()
        self._take()
