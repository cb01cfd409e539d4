"""Steps on arrays: number by number, as known arrays where all operands are, and once for what is there many times."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import product, repeat, starmap
from typing import Any

from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.primitives.summation import blocked_sum
from autograd.program.graph import (
    PREDICATE,
    ConstantArray,
    Element,
    Operation,
    Pack,
    Place,
    Positions,
    Reshape,
    Sum,
    View,
    place_of,
    results_of,
)
from autograd.program.simplify.builder import Builder, Constant
from autograd.program.simplify.rewriting import row_of

_KNOWN = 4096  # numbers of an array that is computed before the program runs

# The number that stands at an index in one of the operands, which are counted from 0.
Numbers = Callable[[int, tuple[int, ...]], Any]


def by_numbers(
    builder: Builder, operation: Operation, shapes: Sequence[tuple[int, ...]], shape: tuple[int, ...], element: Numbers
) -> list[Any]:
    """The numbers of a step's result, from those of its operands, in row-major order."""
    indices = list(product(*map(range, shape)))
    if isinstance(operation, Primitive):
        return [
            row_on_numbers(builder, operation, [element(i, index if own else ()) for i, own in enumerate(shapes)])
            for index in indices
        ]
    if isinstance(operation, Positions):
        return [builder.constant(float(index[operation.axis])) for index in indices]
    if isinstance(operation, View):
        return [element(0, operation.origin(index)) for index in indices]
    if isinstance(operation, Pack):
        return [element(i, ()) for i in range(len(shapes))]
    if isinstance(operation, Element):
        return [element(0, operation.index)]
    if isinstance(operation, Sum):
        axis, length = operation.axis, shapes[0][operation.axis]
        return [
            blocked_sum([_Term(builder, element(0, (*index[:axis], i, *index[axis:]))) for i in range(length)]).value
            for index in indices
        ]
    assert isinstance(operation, Reshape | Place), operation
    found = [element(0, index) for index in product(*map(range, shapes[0]))]
    if isinstance(operation, Place):
        for index in product(*map(range, operation.view.shape)):
            found[place_of(operation.view.origin(index), shape)] = element(1, index)
    return found


def row_on_numbers(builder: Builder, row: Primitive, operands: Sequence[Any]) -> Any:
    """A row as it is on elements of arrays, of which a truth is 1.0 or 0.0."""
    zero, count = builder.constant(0.0), _TRUTHS.get(row, 0)
    truths = [
        item if builder.kind(item) is PREDICATE else row_of(builder, table.not_equal, (item, zero))
        for item in operands[:count]
    ]
    result = row_of(builder, row, (*truths, *operands[count:]))
    if row.predicate:
        result = row_of(builder, table.where, (result, builder.constant(1.0), builder.constant(0.0)))
    return result


# How many of a row's first operands are truths.
_TRUTHS = {table.where: 1, table.logical_and: 2, table.logical_or: 2, table.logical_not: 1}


class _Term:
    """A number of a graph, to be added."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Builder, value: Any) -> None:
        self.builder, self.value = builder, value

    def __add__(self, other: _Term) -> _Term:
        return _Term(self.builder, row_of(self.builder, table.add, (self.value, other.value)))


def known(builder: Builder, operation: Operation, operands: tuple[Any, ...]) -> Constant | None:
    """The result of a step on arrays that are known, where it is no view that repeats them."""
    if not isinstance(operation, Primitive | Element | View | Pack | Sum | Reshape | Place):
        return None
    if isinstance(operation, View) and any(axis < 0 for axis in operation.axes):
        return None
    (shape,) = results_of(operation, tuple(map(builder.kind, operands)))
    sources = [_source(builder, operand) for operand in operands]
    shapes = [builder.kind(operand) or () for operand in operands]
    assert shape is not None
    if None in sources or max(math.prod(shape), *map(math.prod, shapes)) > _KNOWN:
        return None

    if isinstance(operation, Primitive) and shape:  # of which there may be many
        columns = [*map(_column, sources, shapes)]
        truths = _TRUTHS.get(operation, 0)
        rows = zip(*(map(bool, column) for column in columns[:truths]), *columns[truths:])
        return builder.constant(ConstantArray(array("d", starmap(operation.evaluate, rows)).tobytes(), shape))

    def element(i: int, index: tuple[int, ...]) -> Any:
        source = sources[i]
        if isinstance(source, Positions):
            return builder.constant(float(index[source.axis]))
        assert isinstance(source, Constant)
        return builder.constant(source.item.numbers[place_of(index, shapes[i])]) if shapes[i] else source

    numbers = [float(number.item) for number in by_numbers(builder, operation, shapes, shape, element)]
    return builder.constant(ConstantArray(array("d", numbers).tobytes(), shape) if shape else numbers[0])


def _column(source: Any, shape: tuple[int, ...]) -> Iterable[Any]:
    """The numbers of an operand, in row-major order; of one that is a number as many as are wanted."""
    if isinstance(source, Positions):
        before, after = math.prod(shape[: source.axis]), math.prod(shape[source.axis + 1 :])
        return [float(i) for _ in range(before) for i in range(shape[source.axis]) for _ in range(after)]
    return source.item.numbers if shape else repeat(source.item)


def _source(builder: Builder, operand: Any) -> Constant | Positions | None:
    """Where the numbers of an operand are known from."""
    if isinstance(operand, Constant):
        return operand
    step = builder.made.get(operand)
    return step.operation if step is not None and isinstance(step.operation, Positions) else None


def without_repeats(builder: Builder, operation: Operation, operands: tuple[Any, ...]) -> Any:
    """A row, or sums, of views that all repeat what they show along some axes: that of what they show, repeated."""
    if not isinstance(operation, Primitive | Sum):
        return None
    views: list[View] = []
    shape: tuple[int, ...] = ()
    for operand in operands:
        own = builder.kind(operand)
        if own:
            step = builder.made.get(operand)
            if step is None or not isinstance(step.operation, View):
                return None
            views.append(step.operation)
            shape = own
    summed = operation.axis if isinstance(operation, Sum) else None
    kept = [a for a, n in enumerate(shape) if n == 1 or a == summed or any(view.axes[a] >= 0 for view in views)]
    if len(kept) == len(shape):
        return None
    taken = [_restricted(builder, operand, kept) if builder.kind(operand) else operand for operand in operands]
    if isinstance(operation, Sum):
        assert summed is not None
        result = builder.add(Sum(kept.index(summed)), tuple(taken))[0]
        kept = [a - (a > summed) for a in kept if a != summed]
        shape = shape[:summed] + shape[summed + 1 :]
    else:
        result = row_of(builder, operation, tuple(taken)) if kept else row_on_numbers(builder, operation, taken)
    axes = tuple([kept.index(a) if a in kept else -1 for a in range(len(shape))])
    return builder.add(View(shape, axes, tuple([int(a >= 0) for a in axes]), (0,) * len(kept)), (result,))[0]


def _restricted(builder: Builder, shown: Any, kept: list[int]) -> Any:
    """What a view shows, at the first position of all axes but those that are kept."""
    step = builder.made[shown]
    view, base = step.operation, step.operands[0]
    assert isinstance(view, View)
    shape: Any = builder.kind(base)
    shape_kept, axes, steps = (tuple([items[a] for a in kept]) for items in (view.shape, view.axes, view.steps))
    if builder.kind(base) is PREDICATE:
        base = row_of(builder, table.where, (base, builder.constant(1.0), builder.constant(0.0)))
    if not kept:
        return builder.add(Element(view.starts), (base,))[0] if shape else base
    part = View(shape_kept, axes, steps, view.starts)
    return base if part.shows_all(shape) else builder.add(part, (base,))[0]
