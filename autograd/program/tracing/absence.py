"""Derivatives that may be absent when the program runs.

Eagerly the derivative on a branch that was not taken is None, and contributes nothing. In a recording it is not known
which branch that will be: a `Maybe` is a derivative with a predicate that says whether it is there.
"""

from __future__ import annotations

from typing import Any

from autograd.engine.value import Value
from autograd.primitives import table
from autograd.primitives.row import Primitive


class Maybe:
    """A derivative that is structurally absent where the predicate `live` does not hold.

    A select stands where a sum meets it: -0.0 can be added to any number without changing it.
    """

    __slots__ = ("value", "live")

    def __init__(self, value: Any, live: Any) -> None:
        self.value, self.live = value, live

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Maybe):
            return Maybe(self.value * other.value, table.logical_and(self.live, other.live))
        return Maybe(self.value * other, self.live)

    def __rmul__(self, other: Any) -> Any:
        return Maybe(other * self.value, self.live)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Maybe):
            return Maybe(self.or_zero(-0.0) + other.or_zero(-0.0), table.logical_or(self.live, other.live))
        return self.or_zero(-0.0) + other if isinstance(other, Value | float) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return other + self.or_zero(-0.0)

    def or_zero(self, zero: float = 0.0) -> Any:
        """The derivative, with zero where it is absent."""
        return table.where(self.live, self.value, zero)

    @staticmethod
    def _apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        assert primitive is table.where, primitive
        return where_absent(*operands)


def where_absent(condition: Any, x: Any, y: Any) -> Any:
    """`where` of derivatives that may be absent, None or Maybe."""
    if not isinstance(condition, Value):
        return x if condition else y
    if x is None and y is None:
        return None
    x_value, x_live = _taken_apart(x)
    y_value, y_live = _taken_apart(y)
    value = y_value if x is None else x_value if y is None else table.where(condition, x_value, y_value)
    return Maybe(value, table.logical_or(
        table.logical_and(condition, x_live), table.logical_and(table.logical_not(condition), y_live)
    ))  # fmt: skip


def _taken_apart(derivative: Any) -> tuple[Any, Any]:
    if derivative is None:
        return None, False
    return (derivative.value, derivative.live) if isinstance(derivative, Maybe) else (derivative, True)
