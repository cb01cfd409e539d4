"""Elements of arrays at computed places: read, written, and computed where nothing else asks for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine.recording import current
from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.program.graph import Gather, Guard, Positions, Scatter, Sum, View
from autograd.program.tracing.arrays.along import total
from autograd.program.tracing.arrays.whole import Shape, broadcast, element, operation_of, positions, reshaped, shape_of
from autograd.program.tracing.structured import apply, bound
from autograd.program.tracing.traced import Traced, broadcast_shape


def checked(index: Any, axis: int, length: int) -> Any:
    """A computed place along an axis, counted from its beginning; where it is none, a bound is breached."""
    if not isinstance(index, Traced) or isinstance(operation_of(index), Positions) or 0 in shape_of(index):
        return index
    inside = table.logical_and(
        table.logical_and(table.greater_equal(index, -float(length)), table.less(index, float(length))),
        table.equal(table.floor(index), index),
    )
    breached = table.logical_not(inside)
    if shape_of(breached):
        breached = anywhere(breached)
    message = f"an index is out of bounds for axis {axis} with length {length}, or no whole number"
    bound(breached, Guard(False, IndexError, message))
    return table.where(table.less(index, 0.0), index + float(length), index)


def anywhere(truths: Any) -> Any:
    """Whether one of an array's truths holds."""
    for axis in reversed(range(len(shape_of(truths)))):
        truths = total(truths, axis)
    return table.not_equal(truths, 0.0)


def gathered(array: Any, indices: Sequence[Any]) -> Any:
    """The elements at computed places that are inside: an index for each axis, numbers or arrays of one shape."""
    shape = broadcast_shape(*map(shape_of, indices))
    if all(not isinstance(index, Traced) for index in indices):
        return element(array, tuple([int(index) for index in indices]))
    if is_everywhere(indices, shape_of(array)):
        return array
    return apply(Gather(), (array, *(broadcast(index, shape) for index in indices)), here=False)[0]


def is_everywhere(indices: Sequence[Any], shape: Shape) -> bool:
    """Whether these places are all of an array's, in order."""
    return all(operation_of(index) == Positions(shape, axis) for axis, index in enumerate(indices))


def scattered(array: Any, indices: Sequence[Any], values: Any, adds: bool = False) -> Any:
    """The array with values at computed places: there instead of what was, or added to it."""
    shape = broadcast_shape(*map(shape_of, indices))
    if 0 in shape:
        return array
    operands = [broadcast(item, shape) for item in (values, *indices)]
    return apply(Scatter(adds), (array, *operands), here=False)[0]


def taken_along(array: Any, axis: int, index: Any) -> Any:
    """The element at a place along an axis for each of the others: what an array of their shape says."""
    shape = shape_of(index)
    others = [positions(shape, a) for a in range(len(shape))]
    others.insert(axis, index)
    return gathered(array, others)


def at_places(node: Any, indices: list[Any], shape: Shape, known: dict[int, Any] | None = None) -> Any:
    """A node at computed places, an array of this shape: by the operations that made it, of others at places.

    So of what is computed element by element no more is computed than is asked for.
    """
    known = {} if known is None else known
    if not shape_of(node):
        return node
    if id(node) in known:
        return known[id(node)]
    made, here = operation_of(node), isinstance(node, Traced) and node.trace is current().trace
    if isinstance(made, Primitive) and made is not table.identity and here:
        result = made(*[at_places(operand, indices, shape, known) for operand in node.operands])
    elif isinstance(made, View):
        result = at_places(node.operands[0], seen_places(made, indices), shape)
    elif isinstance(made, Sum) and here:
        longer, inner = places_of_terms(indices, shape, made.axis, shape_of(node.operands[0])[made.axis])
        result = total(at_places(node.operands[0], inner, longer), len(shape))
    else:
        result = gathered(node, indices)
    known[id(node)] = result
    return result


def seen_places(view: View, indices: Sequence[Any]) -> list[Any]:
    """Where what stands at places of a view stands in its operand."""
    seen: list[Any] = [float(start) for start in view.starts]
    for index, axis, step in zip(indices, view.axes, view.steps):
        if axis >= 0:
            place = index if step == 1 else index * float(step)
            seen[axis] = place + seen[axis] if seen[axis] else place
    return seen


def places_of_terms(indices: Sequence[Any], shape: Shape, axis: int, length: int) -> tuple[Shape, list[Any]]:
    """Where the terms of sums along an axis stand, of the sums at these places: along a new last axis."""
    longer = (*shape, length)
    inner = [broadcast(reshaped(i, (*shape, 1)), longer) if shape_of(i) else i for i in indices]
    inner.insert(axis, positions(longer, len(shape)))
    return longer, inner

