"""Symbols: expressions on which the rules of the table run as they run on floats, simplified as a person would write.

An `Expression` is a symbol, a constant, or an operation on expressions, and carries its number, so that a rule that
chooses a side by `where` chooses the one that was taken.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from autograd.primitives import table
from autograd.primitives.operators import Operators
from autograd.primitives.row import TABLE, Primitive, real

# Who decides a comparison in a rule; where nobody does, the numbers do.
Decide = Callable[[Primitive, tuple["Expression", ...], bool], bool]
deciding: ContextVar[Decide | None] = ContextVar("deciding", default=None)


class Expression(Operators):
    """A formula and its number.

    `str()` writes it in ordinary notation with the fewest parentheses.

    >>> x = symbol("x", 3.0)
    >>> str(2.0 * x * (x + 1.0) - x), (2.0 * x * (x + 1.0) - x).number
    ('2 · x (x + 1) − x', 21.0)
    """

    __slots__ = ("primitive", "operands", "number", "name", "size")

    def __init__(
        self, primitive: Primitive | None, operands: tuple[Expression, ...], number: Any, name: Any = ""
    ) -> None:
        self.primitive, self.operands, self.number, self.name = primitive, operands, number, name
        self.size: int = 1 + sum(operand.size for operand in operands)

    @staticmethod
    def _apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """Apply a row of the table to expressions and constants, and simplify; `Primitive` calls this."""
        numbers = [operand.number if isinstance(operand, Expression) else _constant(operand) for operand in operands]
        if primitive is table.where:
            return operands[1] if numbers[0] else operands[2]
        number = primitive.evaluate(*numbers)
        if type(number) is bool:
            decide = deciding.get()
            return number if decide is None else decide(primitive, tuple(map(lift, operands)), number)
        return simplified(primitive, tuple(map(lift, operands)), number)


def symbol(name: Any, number: float) -> Expression:
    """A symbol that stands for a number; its name is a str, or anything that a style of writing knows."""
    return Expression(None, (), number, name)


def lift(operand: Any) -> Expression:
    """An operand as an expression."""
    return operand if isinstance(operand, Expression) else Expression(None, (), _constant(operand))


def _constant(operand: Any) -> Any:
    return operand if operand is None or isinstance(operand, bool) else real(operand)


def is_constant(expression: Expression) -> bool:
    """Whether it is a number by itself."""
    return expression.primitive is None and not expression.name


def same(a: Expression, b: Expression) -> bool:
    """Whether two expressions are written alike."""
    if a is b:
        return True
    if a.primitive is not b.primitive or a.name != b.name or a.size != b.size:
        return False
    if not a.operands:
        return bool(a.name) or a.number == b.number
    return all(map(same, a.operands, b.operands))


# Simplification: what a person does without thinking. Each rule looks at one operation whose operands are simple.


def simplified(primitive: Primitive, operands: tuple[Expression, ...], number: Any) -> Expression:
    """The operation, or something shorter that is equal to it."""
    if all(map(is_constant, operands)):
        return Expression(None, (), number)
    rule = _SIMPLIFY.get(primitive)
    shorter = rule(*operands) if rule is not None else None
    return Expression(primitive, operands, number) if shorter is None else shorter


def _parts(e: Expression, name: str) -> tuple[Expression, ...] | None:
    """The operands of an expression made by that row of the table, else None."""
    return e.operands if e.primitive is TABLE[name] else None


def _is(e: Expression, number: float) -> bool:
    return is_constant(e) and e.number == number


def _coefficient(e: Expression) -> tuple[float, Expression | None]:
    """The number in front of an expression and the rest of it; None where there is no rest."""
    if is_constant(e):
        return e.number, None
    if parts := _parts(e, "negative"):
        number, rest = _coefficient(parts[0])
        return -number, rest
    if (parts := _parts(e, "multiply")) and is_constant(parts[0]):
        return parts[0].number, parts[1]
    if parts := _parts(e, "divide"):
        number, rest = _coefficient(parts[0])
        if number != 1.0:
            return number, _quotient(lift(1.0) if rest is None else rest, parts[1])
    return 1.0, e


def _quotient(a: Expression, b: Expression) -> Expression:
    """a / b as it stands."""
    return Expression(table.divide, (a, b), table.divide(a.number, b.number))


def _scaled(number: float, rest: Expression) -> Expression:
    """number · rest, with its sign in front."""
    if number == 1.0:
        return rest
    if number == -1.0:
        return Expression(table.negative, (rest,), -rest.number)
    if number < 0.0:
        positive = _scaled(-number, rest)
        return Expression(table.negative, (positive,), -positive.number)
    if (parts := _parts(rest, "divide")) and _is(parts[0], 1.0):
        return _quotient(lift(number), parts[1])
    return Expression(table.multiply, (lift(number), rest), number * rest.number)


def _add(a: Expression, b: Expression) -> Expression | None:
    if _is(a, 0.0):
        return b
    if _is(b, 0.0):
        return a
    if parts := _parts(b, "negative"):
        return lift(a - parts[0])
    if is_constant(b) and b.number < 0.0:
        return lift(a - (-b.number))
    merged = _merged(a, b)
    if merged is not None:
        return merged
    if parts := _parts(a, "negative"):
        return lift(b - parts[0])
    return None


def _merged(a: Expression, b: Expression) -> Expression | None:
    """a + b, where b is a multiple of one of the terms of a; None where it is not."""
    (m, x), (n, y) = _coefficient(a), _coefficient(b)
    if x is None or y is None:
        return lift(m + n) if x is y else None
    if same(x, y):
        return lift((m + n) * x)
    if parts := _parts(a, "add"):
        left = _merged(parts[0], b)
        if left is not None:
            return lift(left + parts[1])
        right = _merged(parts[1], b)
        if right is not None:
            return lift(parts[0] + right)
    return None


def _subtract(a: Expression, b: Expression) -> Expression | None:
    if _is(b, 0.0):
        return a
    if _is(a, 0.0):
        return lift(-b)
    if parts := _parts(b, "negative"):
        return lift(a + parts[0])
    if is_constant(b) and b.number < 0.0:
        return lift(a + (-b.number))
    (m, x), (n, y) = _coefficient(a), _coefficient(b)
    if x is not None and y is not None and same(x, y):
        return lift((m - n) * x)
    if _is(a, 1.0) and (parts := _parts(b, "subtract")) and _is(parts[0], 1.0):
        return parts[1]
    return None


def _multiply(a: Expression, b: Expression) -> Expression | None:
    (m, x), (n, y) = _coefficient(a), _coefficient(b)
    if m * n == 0.0:
        return lift(0.0)
    if x is None or y is None:
        rest = y if x is None else x
        return None if rest is None or (x is None and m > 0.0 and m != 1.0 and n == 1.0) else _scaled(m * n, rest)
    if m * n != 1.0 or m != 1.0:
        return _scaled(m * n, lift(x * y))
    if parts := _parts(b, "divide"):
        return lift(table.divide(a * parts[0], parts[1]))
    if parts := _parts(a, "divide"):
        return lift(table.divide(parts[0] * b, parts[1]))
    (base, power), (other, more) = _base(a), _base(b)
    if same(base, other):
        return lift(table.power(base, power + more))
    return None


def _base(e: Expression) -> tuple[Expression, float]:
    """An expression as a power with a constant exponent."""
    parts = _parts(e, "power")
    return (parts[0], parts[1].number) if parts and is_constant(parts[1]) else (e, 1.0)


def _divide(a: Expression, b: Expression) -> Expression | None:
    if _is(b, 1.0):
        return a
    if _is(a, 0.0):
        return a
    if same(a, b):
        return lift(1.0)
    if parts := _parts(a, "divide"):
        return lift(table.divide(parts[0], parts[1] * b))
    if _coefficient(a)[0] < 0.0:
        return lift(-table.divide(lift(-a.number) if is_constant(a) else -a, b))
    if _coefficient(b)[0] < 0.0 and not is_constant(b):
        return lift(-table.divide(a, -b))
    return None


def _negative(a: Expression) -> Expression | None:
    if parts := _parts(a, "negative"):
        return parts[0]
    number, rest = _coefficient(a)
    return None if rest is None or number == 1.0 else _scaled(-number, rest)


def _power(a: Expression, b: Expression) -> Expression | None:
    if _is(b, 1.0):
        return a
    if _is(b, 0.0):
        return lift(1.0)
    return None


_SIMPLIFY: dict[Primitive, Callable[..., Expression | None]] = {
    table.add: _add, table.subtract: _subtract, table.multiply: _multiply, table.divide: _divide,
    table.negative: _negative, table.power: _power, table.identity: lambda a: a,
}
