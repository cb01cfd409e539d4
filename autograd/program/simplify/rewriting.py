"""Rows: constants folded, and identities applied that are exact in IEEE-754."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import copysign
from typing import Any, NamedTuple

from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.program.graph import PREDICATE, ConstantArray, View, kind_of_row
from autograd.program.simplify.builder import Builder, Constant, Preserves


def row_of(builder: Builder, row: Primitive, operands: tuple[Any, ...]) -> Any:
    """The value of a row: a constant, an operand, or a step."""
    if all(isinstance(operand, Constant) and not isinstance(operand.item, ConstantArray) for operand in operands):
        return builder.constant(row.evaluate(*(operand.item for operand in operands)))
    rewriting = REWRITINGS.get(row)
    if rewriting is not None and (rewriting.preserves is DERIVATIVES or builder.preserves is VALUES):
        value = rewriting.rule(builder, *operands)
        if value is not None:
            kind = kind_of_row(row, map(builder.kind, operands))
            return value if builder.kind(value) == kind else builder.spread(value, kind)
    return builder.add(row, operands)[0]


def _is(operand: Any, number: float) -> bool:
    """Whether it is this constant, with its sign."""
    if not isinstance(operand, Constant) or operand.item != number:
        return False
    return copysign(1.0, operand.item) == copysign(1.0, number)


def _of(builder: Builder, value: Any, row: Primitive) -> tuple[Any, ...] | None:
    """The operands of the step of this row that made the value."""
    step = builder.made.get(value)
    return step.operands if step is not None and step.operation is row else None


def _add(_: Builder, x: Any, y: Any) -> Any:
    return x if _is(y, -0.0) else y if _is(x, -0.0) else None


def _subtract(_: Builder, x: Any, y: Any) -> Any:
    return x if _is(y, 0.0) else None


def _multiply(builder: Builder, x: Any, y: Any) -> Any:
    for one, other in ((x, y), (y, x)):
        if _is(one, 1.0):
            return other
        if _is(one, -1.0):
            return row_of(builder, table.negative, (other,))
    return None


def _divide(_: Builder, x: Any, y: Any) -> Any:
    return x if _is(y, 1.0) else None


def _negative(builder: Builder, x: Any) -> Any:
    inner = _of(builder, x, table.negative)
    return inner[0] if inner else None


def _absolute(builder: Builder, x: Any) -> Any:
    inner = _of(builder, x, table.negative)
    return row_of(builder, table.absolute, inner) if inner else None


def _power(builder: Builder, x: Any, y: Any) -> Any:
    return x if _is(y, 1.0) else row_of(builder, table.multiply, (x, x)) if _is(y, 2.0) else None


def _where(builder: Builder, condition: Any, x: Any, y: Any) -> Any:
    outcomes = set(map(bool, _numbers_in(builder, condition)))
    if len(outcomes) == 1:
        return x if True in outcomes else y
    if x == y:
        return x
    inner = _of(builder, condition, table.logical_not)
    if inner:
        return row_of(builder, table.where, (inner[0], y, x))
    then, otherwise = _of(builder, x, table.where), _of(builder, y, table.where)
    if then and then[0] == condition:
        return row_of(builder, table.where, (condition, then[1], y))
    if otherwise and otherwise[0] == condition:
        return row_of(builder, table.where, (condition, x, otherwise[2]))
    left, right = _of(builder, x, table.multiply), _of(builder, y, table.multiply)
    if left and right and left[1] == right[1]:  # choose before the product, which then waits for one thing less
        factor = row_of(builder, table.where, (condition, left[0], right[0]))
        return row_of(builder, table.multiply, (factor, left[1]))
    return None


def _numbers_in(builder: Builder, value: Any) -> Sequence[float]:
    """The numbers of a known array, or of what a view shows; none where it is not known."""
    step = builder.made.get(value)
    if step is not None and isinstance(step.operation, View):
        value = step.operands[0]
    if not isinstance(value, Constant):
        return ()
    return value.item.numbers if isinstance(value.item, ConstantArray) else (value.item,)


def _not_equal(builder: Builder, x: Any, y: Any) -> Any:
    """A predicate that was written as 1.0 or 0.0 is itself again."""
    choice = _of(builder, x, table.where)
    if choice and _is(y, 0.0) and _is(choice[1], 1.0) and _is(choice[2], 0.0) and builder.kind(choice[0]) is PREDICATE:
        return choice[0]
    return None


def _and(builder: Builder, x: Any, y: Any) -> Any:
    return _connective(builder, x, y, True)


def _or(builder: Builder, x: Any, y: Any) -> Any:
    return _connective(builder, x, y, False)


def _connective(builder: Builder, x: Any, y: Any, neutral: bool) -> Any:
    if builder.kind(x) is not PREDICATE or builder.kind(y) is not PREDICATE:
        return None
    if x == y:
        return x
    for one, other in ((x, y), (y, x)):
        if isinstance(one, Constant):
            return other if one.item is neutral else one
        if _of(builder, one, table.logical_not) == (other,):
            return builder.constant(not neutral)
    return None


def _not(builder: Builder, x: Any) -> Any:
    inner = _of(builder, x, table.logical_not)
    return inner[0] if inner and builder.kind(inner[0]) is PREDICATE else None


class Rewriting(NamedTuple):
    """What a step of a row is replaced by: `rule` gives the value from a builder and the operands, or None for itself.

    A rule that preserves derivatives gives what is equal as a function of the operands, whatever they are: at a kink,
    where it is nan, and on a side of `where` that is not taken.
    """

    rule: Callable[..., Any]
    preserves: Preserves


DERIVATIVES, VALUES = Preserves.DERIVATIVES, Preserves.VALUES

REWRITINGS: dict[Primitive, Rewriting] = {
    table.add: Rewriting(_add, DERIVATIVES),
    table.subtract: Rewriting(_subtract, DERIVATIVES),
    table.multiply: Rewriting(_multiply, DERIVATIVES),
    table.divide: Rewriting(_divide, DERIVATIVES),
    table.negative: Rewriting(_negative, DERIVATIVES),
    table.absolute: Rewriting(_absolute, DERIVATIVES),
    table.power: Rewriting(_power, DERIVATIVES),
    table.where: Rewriting(_where, DERIVATIVES),
    table.not_equal: Rewriting(_not_equal, DERIVATIVES),
    table.logical_and: Rewriting(_and, DERIVATIVES),
    table.logical_or: Rewriting(_or, DERIVATIVES),
    table.logical_not: Rewriting(_not, DERIVATIVES),
    table.identity: Rewriting(lambda builder, x: x, DERIVATIVES),
    table.stop_gradient: Rewriting(lambda builder, x: x, VALUES),
}


def is_number(value: Any) -> bool:
    return isinstance(value, Constant) and not isinstance(value.item, ConstantArray)
