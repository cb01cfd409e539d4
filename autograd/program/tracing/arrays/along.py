"""Arrays combined along an axis: their sums, what a row makes of them one after the other, and the largest element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.engine.recording import current
from autograd.primitives import table
from autograd.program.graph import Sum, View
from autograd.program.tracing.arrays.whole import broadcast, concatenated, element, moved, reshaped, shape_of, view
from autograd.program.tracing.sorts import of_sort, sort_of
from autograd.program.tracing.structured import apply, branch, loop


def total(array: Any, axis: int) -> Any:
    """The sums along an axis."""
    shape = shape_of(array)
    rest = shape[:axis] + shape[axis + 1 :]
    if 0 in shape:
        return broadcast(sort_of(array)(0) + 0, rest)
    if shape[axis] == 1:
        return of_sort(reshaped(array, rest), int if sort_of(array) is bool else sort_of(array))
    return apply(Sum(axis), (array,), here=False)[0]


def folded(row: Callable[..., Any], array: Any, axis: int, keep: bool) -> Any:
    """A row of two arguments, from left to right along an axis: the last result, or with `keep` all of them."""
    shape = shape_of(array)
    if len(shape) > 1:
        return _by_rows(lambda part: [folded(row, part, 0, keep)], moved(array, axis, len(shape) - 1), keep, axis)[0]
    first = element(array, (0,))
    if shape[0] == 1:
        return array if keep else first
    rest = view(array, View((shape[0] - 1,), (0,), (1,), (1,)))

    def step(_: Any, states: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        result = row(states[0], parts[0])
        return [result], [result] if keep else [], []

    states, stacks, _, _ = loop(step, shape[0] - 1, [first], [rest])
    return concatenated([reshaped(first, (1,)), stacks[0]], 0) if keep else states[0]


def place_of_extreme(array: Any, axis: int, exceeds: Any, before: Any = None) -> Any:
    """The first position along an axis of the element that none exceeds. No derivative passes through.

    `before`: what `exceeds` is of numbers that are not both zeros, which takes half as long to ask. In a body, where
    samples stand side by side, both would be.
    """
    shape, still = shape_of(array), table.stop_gradient(array)
    if len(shape) > 1:
        last = moved(still, axis, len(shape) - 1)
        return _by_rows(lambda part: [_one_way(part, exceeds)[1]], last, False, axis)[0]
    if before is None or shape[0] < _WAYS * _WAYS or current().trace.depth:
        return _extreme(still, exceeds)[1]
    best, place = _extreme(still, before)
    return branch(table.equal(best, 0.0), [lambda: [_extreme(still, exceeds)[1]], lambda: [place]])[0]


_WAYS = 16  # lanes in which the largest element of a long array is looked for


def _extreme(still: Any, exceeds: Any) -> list[Any]:
    """The first element of a vector that none exceeds, and its position."""
    shape = shape_of(still)
    count = shape[0] // _WAYS
    if count < _WAYS:
        return _one_way(still, exceeds)
    # Each of several ways goes through every so many elements, side by side.
    ways = view(still, View((_WAYS, count), (0, 0), (1, _WAYS), (0,)))
    bests, turns = loop(lambda _, __, parts: ([], [*_one_way(parts[0], exceeds)], []), _WAYS, slices=[ways])[1]

    def join(way: Any, states: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        (best, place), other, there = states, parts[0], parts[1] * float(_WAYS) + way
        earlier = table.logical_and(table.logical_not(exceeds(best, other)), table.less(there, place))
        better = table.logical_or(exceeds(other, best), earlier)
        return [table.where(better, other, best), table.where(better, there, place)], [], []

    best, place = loop(join, _WAYS, [element(bests, (0,)), element(turns, (0,)) * float(_WAYS)], [bests, turns])[0]
    first = count * _WAYS
    if first == shape[0]:
        return [best, place]
    rest = view(still, View((shape[0] - first,), (0,), (1,), (first,)))
    return _one_way(rest, exceeds, best, place, float(first))


def _one_way(array: Any, exceeds: Any, best: Any = None, place: Any = 0.0, start: float = 0.0) -> list[Any]:
    """As `_extreme`, one after the other; `best` stands before them, at `place`."""

    def step(position: Any, states: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        better = exceeds(parts[0], states[0])
        there = position + start if start else position
        return [table.where(better, parts[0], states[0]), table.where(better, there, states[1])], [], []

    best = element(array, (0,)) if best is None else best
    return loop(step, shape_of(array)[0], [best, place], [array])[0]


def _by_rows(function: Any, array: Any, keep: bool, axis: int) -> list[Any]:
    """`function` of each row along the last axis of an array; a row that comes back stands along `axis` again."""
    shape = shape_of(array)
    if len(shape) == 1:
        return list(function(array))
    parts = loop(lambda _, __, parts: ([], _by_rows(function, parts[0], False, -1), []), shape[0], slices=[array])[1]
    return [moved(part, len(shape) - 1, axis) if keep else part for part in parts]
