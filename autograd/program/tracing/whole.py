"""Operations on whole arrays, as steps of a recording: nodes in, nodes out.

An array is a node whose kind is a shape. What works on its elements is a row of the table, applied to the node itself;
here is what moves elements, reads and writes them at computed places, and combines those along an axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine.recording import current
from autograd.errors import ShapeError
from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.program.graph import (
    ConstantArray,
    Element,
    Gather,
    Guard,
    Pack,
    Place,
    Positions,
    Reshape,
    Scatter,
    Sum,
    View,
)
from autograd.program.tracing.applied import Applied
from autograd.program.tracing.structured import apply, bound, loop
from autograd.program.tracing.traced import Predicate, Traced, broadcast_shape, kind_of

Shape = tuple[int, ...]


def shape_of(item: Any) -> Shape:
    """The shape of a node, () of a number."""
    return kind_of(item) or ()


def _operation(node: Any) -> Any:
    """What made the node, where that is an operation on arrays."""
    step = node._primitive if isinstance(node, Traced) else None
    return step.operation if isinstance(step, Applied) else step


def constant(numbers: Any) -> Any:
    """A NumPy array of numbers as a node."""
    return current().trace.constant_array(ConstantArray(numbers.astype(float).tobytes(), numbers.shape))


def is_truths(node: Any) -> bool:
    """Whether an array's elements are outcomes of comparisons."""
    while True:
        made = _operation(node)
        if isinstance(made, View | Reshape | Place) or made is table.identity:
            node = node.operands[0]
        else:
            break
    if isinstance(made, Pack):
        return all(
            _operation(item) is table.where and item.operands[1:] == (1.0, 0.0) and isinstance(item.operands[0], Predicate)
            for item in node.operands
        )
    return isinstance(node, Predicate) or isinstance(made, Primitive) and made.predicate


# What moves elements.


def element(array: Any, index: Shape) -> Any:
    """The number at an index; a number by itself at ()."""
    if not shape_of(array):
        return array
    made = _operation(array)
    if isinstance(made, Pack):
        place = 0
        for i, length in zip(index, made.shape):
            place = place * length + i
        return array.operands[place]
    if isinstance(made, View):
        base = array.operands[0]
        return element(base, _seen(made, index)) if shape_of(base) else base
    return apply(Element(index), (array,), here=False)[0]


def _seen(view: View, index: Shape) -> Shape:
    """Where the element of a view stands in its operand."""
    place = list(view.starts)
    for i, axis, step in zip(index, view.axes, view.steps):
        if axis >= 0:
            place[axis] += i * step
    return tuple(place)


def pack(numbers: Sequence[Any], shape: Shape) -> Any:
    """The array of these numbers, in row-major order: the one whose elements they are, where they are all of them."""
    first = _operation(numbers[0]) if numbers else None
    if isinstance(first, Element) and shape_of(numbers[0].operands[0]) == shape:
        base = numbers[0].operands[0]
        places = (tuple(_unravelled(i, shape)) for i in range(len(numbers)))
        if all(
            isinstance(made := _operation(number), Element) and number.operands[0] is base and made.index == place
            for number, place in zip(numbers, places)
        ):
            return base
    if not numbers:
        return broadcast(0.0, shape)
    return apply(Pack(shape), numbers, here=False)[0]


def _unravelled(place: int, shape: Shape) -> list[int]:
    index = []
    for length in reversed(shape):
        place, i = divmod(place, length)
        index.append(i)
    return index[::-1]


def view(array: Any, view: View) -> Any:
    """What a view shows of an array or a number; of a view of another array, that of the other."""
    shape = shape_of(array)
    if 0 in view.shape:
        return broadcast(0.0, view.shape)
    if not view.shape:
        return element(array, view.starts) if shape else array
    made = _operation(array)
    if isinstance(made, View):
        inner = [made.axes[axis] if axis >= 0 else -1 for axis in view.axes]
        steps = [step * made.steps[axis] if axis >= 0 else 0 for axis, step in zip(view.axes, view.steps)]
        view = View(
            view.shape, tuple(inner), tuple([step if a >= 0 else 0 for a, step in zip(inner, steps)]),
            _seen(made, view.starts),
        )
        array, shape = array.operands[0], shape_of(array.operands[0])
    same = tuple(range(len(shape)))
    if view.shape == shape and view.axes == same and all(n == 1 or s == 1 for n, s in zip(shape, view.steps)):
        return array
    return apply(view, (array,), here=False)[0]


def broadcast(item: Any, shape: Shape) -> Any:
    """A number or an array as an array of this shape. Raises: `ShapeError` where it cannot be."""
    own = shape_of(item)
    if own == shape and shape:
        return item
    if broadcast_shape(own, shape) != shape:
        raise ShapeError(f"could not broadcast from shape {own} into shape {shape}")
    if not own or 0 in shape:
        item = 0.0 if 0 in shape else item
        return apply(View(shape, (-1,) * len(shape), (0,) * len(shape), ()), (item,), here=False)[0]
    before = len(shape) - len(own)
    kept = [axis >= before and own[axis - before] == n for axis, n in enumerate(shape)]
    axes = tuple([axis - before if same else -1 for axis, same in enumerate(kept)])
    return view(item, View(shape, axes, tuple(map(int, kept)), (0,) * len(own)))


def transposed(array: Any, axes: Sequence[int]) -> Any:
    shape, order = shape_of(array), tuple(axes)
    return view(array, View(tuple([shape[a] for a in order]), order, (1,) * len(shape), (0,) * len(shape)))


def moved(array: Any, source: int, target: int) -> Any:
    """The array with one of its axes in another place."""
    order = [axis for axis in range(len(shape_of(array))) if axis != source]
    order.insert(target, source)
    return transposed(array, order)


def reshaped(array: Any, shape: Shape) -> Any:
    """The numbers in row-major order in another shape of as many."""
    own = shape_of(array)
    if own == shape:
        return array
    if not own:
        return broadcast(array, shape)
    if [n for n in own if n != 1] == [n for n in shape if n != 1]:  # axes of length 1 come and go
        long = iter([axis for axis, n in enumerate(own) if n != 1])
        axes = tuple([-1 if n == 1 else next(long) for n in shape])
        return view(array, View(shape, axes, tuple([int(axis >= 0) for axis in axes]), (0,) * len(own)))
    if 0 in shape:
        return broadcast(0.0, shape)
    if isinstance(_operation(array), Reshape):
        return reshaped(array.operands[0], shape)
    return apply(Reshape(shape), (array,), here=False)[0]


def placed(array: Any, view: View, part: Any) -> Any:
    """The array with another part where the view shows it."""
    if 0 in view.shape:
        return array
    return apply(Place(view), (array, broadcast(part, view.shape) if view.shape else part), here=False)[0]


def concatenated(arrays: Sequence[Any], axis: int) -> Any:
    """The arrays one after the other along an axis that they have."""
    shapes = [shape_of(array) for array in arrays]
    length = sum(shape[axis] for shape in shapes)
    shape = (*shapes[0][:axis], length, *shapes[0][axis + 1 :])
    whole, start = broadcast(0.0, shape), 0
    for array, own in zip(arrays, shapes):
        if own == shape:
            return array
        axes = tuple(range(len(shape)))
        starts = tuple([start if a == axis else 0 for a in axes])
        whole = placed(whole, View(own, axes, (1,) * len(axes), starts), array)
        start += own[axis]
    return whole


def stacked(items: Sequence[Any]) -> Any:
    """Numbers or arrays of one shape along a new first axis."""
    shape = shape_of(items[0])
    if not shape:
        return pack(items, (len(items),))
    return concatenated([reshaped(item, (1, *shape)) for item in items], 0)


def positions(shape: Shape, axis: int) -> Any:
    """0.0, 1.0, … along an axis."""
    if 0 in shape:
        return broadcast(0.0, shape)
    trace = current().trace.floor
    return trace.append(Applied(Positions(shape, axis)), (), shape)


# Computed places.


def checked(index: Any, axis: int, length: int) -> Any:
    """A computed place along an axis, counted from its beginning; where it is none, a bound is breached."""
    if not isinstance(index, Traced):
        return index
    if isinstance(_operation(index), Positions):
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
    return apply(Gather(), (array, *(broadcast(i, shape) if shape else i for i in indices)), here=False)[0]


def is_everywhere(indices: Sequence[Any], shape: Shape) -> bool:
    """Whether these places are all of an array's, in order."""
    return all(_operation(index) == Positions(shape, axis) for axis, index in enumerate(indices))


def scattered(array: Any, indices: Sequence[Any], values: Any, adds: bool = False) -> Any:
    """The array with values at computed places: there instead of what was, or added to it."""
    shape = broadcast_shape(*map(shape_of, indices))
    if 0 in shape:
        return array
    operands = [broadcast(item, shape) if shape else item for item in (values, *indices)]
    return apply(Scatter(adds), (array, *operands), here=False)[0]


# Along an axis.


def total(array: Any, axis: int) -> Any:
    """The sums along an axis."""
    shape = shape_of(array)
    rest = shape[:axis] + shape[axis + 1 :]
    if 0 in shape:
        return broadcast(0.0, rest) if rest else 0.0
    if shape[axis] == 1:
        return reshaped(array, rest) if rest else element(array, (0,))
    return apply(Sum(axis), (array,), here=False)[0]


def folded(row: Primitive, array: Any, axis: int, keep: bool) -> Any:
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


def place_of_extreme(array: Any, axis: int, exceeds: Any) -> Any:
    """The first position along an axis of the element that none exceeds. No derivative passes through."""
    shape, still = shape_of(array), table.stop_gradient(array)
    if len(shape) > 1:
        last = moved(still, axis, len(shape) - 1)
        return _by_rows(lambda part: [_extreme(part, exceeds)[1]], last, False, axis)[0]
    count = shape[0] // _WAYS
    if count < _WAYS:
        return _extreme(still, exceeds)[1]
    # Each of several ways goes through every so many elements, side by side.
    ways = view(still, View((_WAYS, count), (0, 0), (1, _WAYS), (0,)))
    bests, turns = loop(lambda _, __, parts: ([], [*_extreme(parts[0], exceeds)], []), _WAYS, slices=[ways])[1]

    def join(way: Any, states: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        (best, place), other, there = states, parts[0], parts[1] * float(_WAYS) + way
        earlier = table.logical_and(table.logical_not(exceeds(best, other)), table.less(there, place))
        better = table.logical_or(exceeds(other, best), earlier)
        return [table.where(better, other, best), table.where(better, there, place)], [], []

    best, place = loop(join, _WAYS, [element(bests, (0,)), element(turns, (0,)) * float(_WAYS)], [bests, turns])[0]
    first = count * _WAYS
    if first == shape[0]:
        return place
    rest = view(still, View((shape[0] - first,), (0,), (1,), (first,)))
    return _extreme(rest, exceeds, best, place, float(first))[1]


_WAYS = 16  # lanes in which the largest element of a long array is looked for


def _extreme(array: Any, exceeds: Any, best: Any = None, place: Any = 0.0, start: float = 0.0) -> list[Any]:
    """The first element of a vector that none exceeds, and its position; `best` stands before them, at `place`."""

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


def as_place(node: Any) -> Any:
    """A place as a function sees it: a whole number, which counts as an int where it leaves the program."""
    root = node.trace.chain[0]
    root.whole.add(id(node))
    return node


def is_place(node: Any) -> bool:
    """Whether an array's elements, or a number, are places."""
    while isinstance(node, Traced):
        if id(node) in node.trace.chain[0].whole:
            return True
        if not isinstance(_operation(node), View | Reshape | Element):
            return False
        node = node.operands[0]
    return False


def taken_along(array: Any, axis: int, index: Any) -> Any:
    """The element at a place along an axis for each of the others: what an array of their shape says."""
    shape = shape_of(index)
    others = [positions(shape, a) if shape else 0.0 for a in range(len(shape))]
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
    made, here = _operation(node), isinstance(node, Traced) and node.trace is current().trace
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
