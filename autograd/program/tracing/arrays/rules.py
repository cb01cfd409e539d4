"""How operations on arrays are differentiated: those that move elements, that read and write them, and sums."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from autograd.primitives import table
from autograd.program.graph import Element, Gather, Pack, Place, Reshape, Scatter, Sum, View
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.arrays.along import total
from autograd.program.tracing.arrays.derivatives import (
    Scattered,
    element_of,
    flag_of,
    mapped,
    places_shape,
    seen_by,
    whole_of,
    with_flag,
)
from autograd.program.tracing.arrays.places import gathered, places_of_terms, scattered, seen_places
from autograd.program.tracing.arrays.whole import broadcast, placed, positions, reshaped, shape_of, view
from autograd.program.tracing.structured import apply
from autograd.program.tracing.traced import Traced

# How the cotangent of a node is shared among its operands.


def _pull_element(operation: Element, node: Traced, cotangent: Any) -> list[Any]:
    return [Scattered(shape_of(node.operands[0]), elements={operation.index: cotangent})]


def _pull_pack(operation: Pack, node: Traced, cotangent: Any) -> list[Any]:
    return [element_of(cotangent, index) for index in product(*map(range, operation.shape))]


def _summed(derivative: Any, shape: tuple[int, ...], axis: int) -> Any:
    """The sum along an axis of the derivatives of an array of this shape; absent where all of them are."""
    derivative = whole_of(derivative)
    if isinstance(derivative, Maybe):
        values, live = derivative.or_zero(-0.0), broadcast(flag_of(derivative.live), shape)
        flag = table.not_equal(total(live, axis), 0.0)
        return Maybe(total(broadcast(values, shape), axis), flag)
    if not shape_of(derivative):
        return derivative * float(shape[axis])
    return total(derivative, axis)


def _pull_view(operation: View, node: Traced, cotangent: Any) -> list[Any]:
    base = shape_of(node.operands[0])
    if base and isinstance(cotangent, Scattered) and cotangent.gathered:
        places = [
            ([broadcast(index, places_shape(i)) for index in seen_places(operation, i)], part)
            for i, part in cotangent.places
        ]
        return [Scattered(base, places=places)]
    shape = operation.shape
    rest = [axis for axis, own in enumerate(operation.axes) if own >= 0]
    for axis in reversed(range(len(operation.axes))):
        if operation.axes[axis] < 0:
            cotangent = _summed(cotangent, shape, axis)
            shape = shape[:axis] + shape[axis + 1 :]
    if not base:
        return [cotangent]
    axes = tuple([operation.axes[axis] for axis in rest])
    steps = tuple([operation.steps[axis] for axis in rest])
    all_seen = all(n == 1 or a in axes and shape[axes.index(a)] == n for a, n in enumerate(base))
    if not all_seen or any(step != 1 and n != 1 for step, n in zip(steps, shape)):
        return [Scattered(base, views=[(View(shape, axes, steps, operation.starts), cotangent)])]
    inverse = [axes.index(a) if a in axes else -1 for a in range(len(base))]
    back = View(base, tuple(inverse), tuple([int(a >= 0) for a in inverse]), (0,) * len(shape))
    return [mapped(lambda item: view(item, back), cotangent, shape)]


def _pull_reshape(operation: Reshape, node: Traced, cotangent: Any) -> list[Any]:
    base = shape_of(node.operands[0])
    return [mapped(lambda item: reshaped(item, base), cotangent, operation.shape)]


def _pull_sum(operation: Sum, node: Traced, cotangent: Any) -> list[Any]:
    base, rest = shape_of(node.operands[0]), shape_of(node)
    if isinstance(cotangent, Scattered) and cotangent.sparse:
        return [Scattered(base, places=[_of_terms(i, part, operation, base) for i, part in cotangent.places])]
    kept = rest[: operation.axis] + (1,) + rest[operation.axis :]
    return [mapped(lambda item: broadcast(reshaped(item, kept), base), cotangent, rest)]


def _of_terms(indices: Any, part: Any, operation: Sum, base: tuple[int, ...]) -> tuple[list[Any], Any]:
    """The places of the terms of sums at places, and the derivative at each."""
    shape = places_shape(indices)
    longer, inner = places_of_terms(indices, shape, operation.axis, base[operation.axis])
    part = mapped(lambda item: broadcast(reshaped(item, (*shape, 1)), longer), part, shape)
    return inner, part


def _pull_place(operation: Place, node: Traced, cotangent: Any) -> list[Any]:
    shape = shape_of(node)
    here = seen_by(operation.view, shape)
    cotangent = whole_of(cotangent)
    kept = None if type(here) is float else _where_live(table.logical_not(here), cotangent)
    part = mapped(lambda item: view(item, operation.view), cotangent, shape)
    return [kept, part]


def _where_live(live: Any, derivative: Any) -> Any:
    """A derivative, absent where `live` does not hold."""
    if isinstance(derivative, Maybe):
        return Maybe(derivative.value, table.logical_and(derivative.live, live))
    return Maybe(derivative, live)


def _pull_gather(operation: Gather, node: Traced, cotangent: Any) -> list[Any]:
    array, *indices = node.operands
    return [Scattered(shape_of(array), places=[(indices, cotangent)]), *[None] * len(indices)]


def _pull_scatter(operation: Scatter, node: Traced, cotangent: Any) -> list[Any]:
    array, values, *indices = node.operands
    shape = shape_of(array)
    cotangent = whole_of(cotangent)
    part = mapped(lambda item: gathered(item, indices), cotangent, shape)
    none = [None] * len(indices)
    if operation.adds:
        return [cotangent, part, *none]
    kept = _where_live(scattered(broadcast(1.0, shape), indices, 0.0), cotangent)
    many = shape_of(values)
    if many:  # of what is written to one place, the last stays
        number = broadcast(0.0, many)
        for axis, length in enumerate(many):
            number = number * float(length) + positions(many, axis)
        last = gathered(scattered(broadcast(-1.0, shape), indices, number), indices)
        part = _where_live(table.equal(last, number), part)
    return [kept, part, *none]


PULLS: dict[type, Callable[[Any, Traced, Any], list[Any]]] = {
    Element: _pull_element,
    Pack: _pull_pack,
    View: _pull_view,
    Reshape: _pull_reshape,
    Sum: _pull_sum,
    Place: _pull_place,
    Gather: _pull_gather,
    Scatter: _pull_scatter,
}


# The tangent of a node from those of its operands, of which one at least is there.


def _push_element(operation: Element, node: Traced, seeds: list[Any]) -> Any:
    return element_of(seeds[0], operation.index)


def _push_pack(operation: Pack, node: Traced, seeds: list[Any]) -> Any:
    found = dict(zip(product(*map(range, operation.shape)), seeds))
    return Scattered(operation.shape, elements={index: seed for index, seed in found.items() if seed is not None})


def _push_moved(operation: View | Reshape, node: Traced, seeds: list[Any]) -> Any:
    """Of what moves elements of one operand: the same of its tangent."""
    return mapped(lambda item: apply(operation, (item,), here=False)[0], seeds[0], shape_of(node.operands[0]))


def _push_sum(operation: Sum, node: Traced, seeds: list[Any]) -> Any:
    return _summed(seeds[0], shape_of(node.operands[0]), operation.axis)


def _push_place(operation: Place, node: Traced, seeds: list[Any]) -> Any:
    shape = shape_of(node)
    pairs = [with_flag(seed) for seed in seeds]
    values, live = (placed(broadcast(one, shape), operation.view, other) for one, other in zip(*pairs))
    return values if all(type(flag) is float and flag for _, flag in pairs) else Maybe(values, live)


def _push_gather(operation: Gather, node: Traced, seeds: list[Any]) -> Any:
    array, *indices = node.operands
    return None if seeds[0] is None else mapped(lambda item: gathered(item, indices), seeds[0], shape_of(array))


def _push_scatter(operation: Scatter, node: Traced, seeds: list[Any]) -> Any:
    array, values, *indices = node.operands
    if seeds[0] is None and seeds[1] is None:
        return None
    shape = shape_of(array)
    pairs = [with_flag(seed, -0.0 if operation.adds else 0.0) for seed in seeds[:2]]
    (one, live), (other, flag) = pairs
    result = scattered(broadcast(one, shape), indices, other, operation.adds)
    if all(type(item) is float and item for item in (live, flag)):
        return result
    if not operation.adds:
        return Maybe(result, scattered(broadcast(live, shape), indices, flag))
    there = scattered(broadcast(0.0, shape), indices, flag, adds=True)  # as many as are there
    return Maybe(result, table.logical_or(live, table.not_equal(there, 0.0)))


PUSHES: dict[type, Callable[[Any, Traced, list[Any]], Any]] = {
    Element: _push_element,
    Pack: _push_pack,
    View: _push_moved,
    Reshape: _push_moved,
    Sum: _push_sum,
    Place: _push_place,
    Gather: _push_gather,
    Scatter: _push_scatter,
}
