"""Reads printed formulas back: a parser of ordinary notation, written apart from the engine, that makes SymPy of it.

A product without a sign, x (1 − x), binds as tightly as a reader takes it: before a division.
"""

from __future__ import annotations

import re
from typing import Any

import sympy

FUNCTIONS: dict[str, Any] = {
    **{name: getattr(sympy, name) for name in [
        "exp", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "erf", "erfc", "digamma", "polygamma", "sign",
    ]},
    "ln": sympy.log, "log2": lambda x: sympy.log(x, 2), "log10": lambda x: sympy.log(x, 10),
    "lgamma": sympy.loggamma, "max": sympy.Max, "min": sympy.Min, "σ": lambda x: 1 / (1 + sympy.exp(-x)),
    "expm1": lambda x: sympy.exp(x) - 1, "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "relu": lambda x: sympy.Max(0, x), "stop": lambda x: x, "hypot": lambda x, y: sympy.sqrt(x * x + y * y),
    "direction_cosine": lambda x, y: x / sympy.sqrt(x * x + y * y),
    "power_log": lambda n, x, y: x**y * sympy.log(x) ** n, "σ′": lambda x: sympy.exp(-x) / (1 + sympy.exp(-x)) ** 2,
    "signbit": lambda x: sympy.Lt(x, 0), "where": lambda condition, x, y: sympy.Piecewise((x, condition), (y, True)),
}
_TOKEN = re.compile(r"\s+|\d+(?:\.\d+)?(?:e[-+]\d+)?|[∂\w⁺′]+(?:/∂[\w⁺]+)?|.")
_COMPARISONS = {"=": sympy.Eq, "≠": sympy.Ne, "<": sympy.Lt, "≤": sympy.Le, ">": sympy.Gt, "≥": sympy.Ge}
_CONNECTIVES = {"∧": sympy.And, "∨": sympy.Or}


def number(text: str) -> Any:
    """A printed number, exactly."""
    return sympy.Rational(text.replace("−", "-"))


class Reader:
    """Reads one formula; its spaces count only between the factors of a product without a sign."""

    def __init__(self, text: str) -> None:
        self.tokens = [token for token in _TOKEN.findall(text) if not token.isspace()][::-1]

    def read(self) -> Any:
        result = self.condition()
        if self.tokens:
            raise ValueError(f"not read: {self.tokens[::-1]}")
        return result

    def next_is(self, *signs: str) -> bool:
        return bool(self.tokens) and self.tokens[-1] in signs

    def expect(self, sign: str) -> None:
        found = self.tokens.pop()
        if found != sign:
            raise ValueError(f"{sign} was expected, not {found}")

    def condition(self) -> Any:
        left = self.comparison()
        if self.next_is(*_CONNECTIVES):
            return _CONNECTIVES[self.tokens.pop()](left, self.comparison())
        return left

    def comparison(self) -> Any:
        left = self.sum()
        if self.next_is("%"):
            self.tokens.pop()
            right = self.power()
            left = left - right * sympy.floor(left / right)
        if self.next_is(*_COMPARISONS):
            return _COMPARISONS[self.tokens.pop()](left, self.sum())
        return left

    def sum(self) -> Any:
        if self.next_is("−"):
            self.tokens.pop()
            total = -self.product()
        else:
            total = self.product()
        while self.next_is("+", "−"):
            sign = self.tokens.pop()
            term = self.product()
            total = total + term if sign == "+" else total - term
        return total

    def product(self) -> Any:
        total = self.juxtaposed()
        while self.next_is("·", "×", "/"):
            sign = self.tokens.pop()
            factor = self.juxtaposed()
            total = total / factor if sign == "/" else total * factor
        return total

    def juxtaposed(self) -> Any:
        total = self.power()
        while self.next_is("("):
            total = total * self.power()
        return total

    def power(self) -> Any:
        if self.next_is("√", "∛"):
            root = self.tokens.pop()
            inside = self.atom()
            return sympy.sqrt(inside) if root == "√" else sympy.sign(inside) * sympy.Abs(inside) ** sympy.Rational(1, 3)
        base = self.atom()
        if self.next_is("^"):
            self.tokens.pop()
            return base ** self.atom()
        return base

    def atom(self) -> Any:
        token = self.tokens.pop()
        if token == "(":
            return self.closed(")")
        if token == "|":
            return sympy.Abs(self.closed("|"))
        if token == "⌊":
            return sympy.floor(self.closed("⌋"))
        if token == "⌈":
            return sympy.ceiling(self.closed("⌉"))
        if token == "¬":
            return sympy.Not(self.atom())
        if token[0].isdigit():
            return number(token)
        if token in ("True", "False"):
            return sympy.true if token == "True" else sympy.false
        if token in FUNCTIONS and self.next_is("("):
            self.tokens.pop()
            arguments = [self.condition()]
            while self.next_is(","):
                self.tokens.pop()
                arguments.append(self.condition())
            self.expect(")")
            return FUNCTIONS[token](*arguments)
        return sympy.Symbol(token)

    def closed(self, end: str) -> Any:
        inside = self.condition()
        self.expect(end)
        return inside


def read(text: str) -> Any:
    """A printed formula as an expression of SymPy, its decimals taken exactly."""
    return Reader(text).read()
