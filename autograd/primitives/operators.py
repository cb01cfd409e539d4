"""Python's operators on anything that rows of the table can be applied to."""

from __future__ import annotations

from typing import Any

from autograd.primitives import table


class Operators:
    """The base of what has a static `_apply_primitive(row, operands)`: each operator applies its row.

    >>> class Shown(Operators):
    ...     def __init__(self, text):
    ...         self.text = text
    ...     @staticmethod
    ...     def _apply_primitive(row, operands):
    ...         return Shown(f"{row.name}({', '.join(getattr(op, 'text', str(op)) for op in operands)})")
    >>> (2.0 * Shown("x") + 1.0).text
    'add(multiply(2.0, x), 1.0)'
    """

    def __add__(self, other: Any) -> Any:
        return table.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return table.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return table.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return table.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return table.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return table.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return table.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return table.divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return table.power(self, other)

    def __neg__(self) -> Any:
        return table.negative(self)

    def __abs__(self) -> Any:
        return table.absolute(self)

    def __eq__(self, other: object) -> Any:
        return table.equal(self, other)

    def __ne__(self, other: object) -> Any:
        return table.not_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return table.less(self, other)

    def __le__(self, other: Any) -> Any:
        return table.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return table.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return table.greater_equal(self, other)

    def __and__(self, other: Any) -> Any:
        return table.logical_and(self, other)

    def __or__(self, other: Any) -> Any:
        return table.logical_or(self, other)

    def __invert__(self) -> Any:
        return table.logical_not(self)

    __hash__ = object.__hash__
