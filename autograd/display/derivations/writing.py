"""Expression -> text: one walk over the notation of the table, in several styles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd.display.derivations.expression import Expression
from autograd.primitives import table
from autograd.primitives.row import NEGATION, Notation, function_notation


@dataclass(frozen=True, slots=True)
class Derivative:
    """The name of a derivative, ∂of/∂by, used as a symbol's name."""

    of: str
    by: str

    def __str__(self) -> str:
        return f"∂{self.of}/∂{self.by}"


@dataclass(frozen=True, slots=True)
class Style:
    """How expressions are written: the leaves, an operation's template and its operands' precedence, a product."""

    name: Callable[[Any, Any], str]  # from a symbol's name and its number
    number: Callable[[Any], str]
    template: Callable[[Notation], tuple[str, tuple[int, ...]]]
    parentheses: str
    product: Callable[[str, str], str]


def write(expression: Expression, style: Style) -> str:
    """The expression as text, with the fewest parentheses. Iterative: a formula may be as deep as a graph.

    >>> from autograd.display.derivations.expression import symbol
    >>> write(symbol("x", 2.0) * 3.0, NUMBERS)
    '3 × 2'
    """
    written: list[str] = []
    stack: list[tuple[Expression, int, bool]] = [(expression, 0, False)]
    while stack:
        e, loosest, ready = stack.pop()
        if e.primitive is None:
            text = style.name(e.name, e.number) if e.name else style.number(e.number)
            looser = text.startswith(("-", "−")) and loosest > NEGATION
            written.append(style.parentheses.format(text) if looser else text)
            continue
        notation = e.primitive.notation or function_notation(e.primitive.name, len(e.primitive.partials))
        template, operands = style.template(notation)
        if not ready:
            stack.append((e, loosest, True))
            least = operands or (0,) * len(e.operands)
            stack += [(operand, need, False) for operand, need in reversed(list(zip(e.operands, least)))]
            continue
        count = len(e.operands)
        parts = written[len(written) - count :]
        del written[len(written) - count :]
        if e.primitive is table.add and parts[1].startswith(("-", "−")):
            parts[1] = style.parentheses.format(parts[1])  # a symbol whose number, put in its place, is negative
        text = style.product(*parts) if e.primitive is table.multiply else filled(template, parts)
        written.append(style.parentheses.format(text) if notation.precedence < loosest else text)
    return written[0]


def filled(template: str, parts: list[str]) -> str:
    """The template with its places {0}, {1}, … filled; other braces stay, and so do those in the parts."""
    for i in range(len(parts)):
        template = template.replace(f"{{{i}}}", f"\x00{i}\x00")
    for i, part in enumerate(parts):
        template = template.replace(f"\x00{i}\x00", part)
    return template


def exact(number: Any) -> str:
    """A number as short as it can be and still be read back exactly: 2, 0.1, 1e-05."""
    return _with_minus(repr(number).removesuffix(".0")) if isinstance(number, float) else str(number)


def rounded(number: Any) -> str:
    """A number as the article prints it: nine decimals where it has as many; nine digits where it is small or large.

    >>> rounded(0.7513650695523157), rounded(0.01), rounded(1.5e-7), rounded(-2.0)
    ('0.751365070', '0.01', '1.5e-07', '−2')
    """
    if not isinstance(number, float):
        return str(number)
    short = exact(number)
    if len(short) <= 11 or number != number or number in (float("inf"), float("-inf")):
        return short
    return _with_minus(f"{number:.9f}" if 1e-4 <= abs(number) < 1e6 else f"{number:.9g}")


def _with_minus(text: str) -> str:
    """The text of a number with a minus sign for the hyphen in front of it."""
    return "−" + text[1:] if text.startswith("-") else text


def _text(notation: Notation) -> tuple[str, tuple[int, ...]]:
    return notation.text, notation.operands


def _juxtaposed(a: str, b: str) -> str:
    return _beside(a, b, "·")


def _times(a: str, b: str) -> str:
    return _beside(a, b, "×")


def _beside(a: str, b: str, sign: str) -> str:
    """A product, without a sign before parentheses; but not after a quotient, which 1 / x (1 − x) would hide."""
    return f"{a} {b}" if b.startswith("(") and " / " not in a else f"{a} {sign} {b}"


TEXT = Style(lambda name, number: str(name), exact, _text, "({})", _juxtaposed)
NUMBERS = Style(lambda name, number: rounded(number), rounded, _text, "({})", _times)


def text(expression: Expression) -> str:
    """The expression in ordinary notation, with its symbols; `str(expression)` is the same."""
    return write(expression, TEXT)


Expression.__str__ = text  # type: ignore[assignment]  # what writes an expression stands on it, not it on that
