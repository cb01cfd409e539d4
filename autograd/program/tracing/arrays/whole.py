"""Operations on whole arrays, as steps of a recording: nodes in, nodes out.

An array is a node whose kind is a shape. What works on its elements is a row of the table, applied to the node itself;
here is what moves elements. A number is an array of the shape ().
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import product
from typing import Any

from autograd.engine.recording import current
from autograd.engine.value import Value
from autograd.errors import ShapeError
from autograd.program.graph import ConstantArray, Element, Pack, Place, Positions, Reshape, View, place_of, repeating
from autograd.program.tracing.applied import Applied
from autograd.program.tracing.sorts import joined, of_sort, sort_of
from autograd.program.tracing.structured import apply, as_number
from autograd.program.tracing.traced import Traced, broadcast_shape, kind_of

Shape = tuple[int, ...]


def shape_of(item: Any) -> Shape:
    """The shape of a node, () of a number."""
    return kind_of(item) or ()


def operation_of(node: Any) -> Any:
    """What made the node, where that is an operation on arrays."""
    step = node._primitive if isinstance(node, Traced) else None
    return step.operation if isinstance(step, Applied) else step


def constant(floats: Any, shape: Shape, sort: type = float) -> Any:
    """An array of floats, Python's or NumPy's, as a node of this shape."""
    return current().trace.constant_array(ConstantArray(floats.tobytes(), shape), sort)


def element(array: Any, index: Shape) -> Any:
    """The number at an index."""
    if not shape_of(array):
        return array
    made = operation_of(array)
    if isinstance(made, Pack):
        return array.operands[place_of(index, made.shape)]
    if isinstance(made, View):
        base = array.operands[0]
        return element(base, made.origin(index)) if shape_of(base) else base
    return apply(Element(index), (array,), here=False)[0]


def pack(numbers: Sequence[Any], shape: Shape) -> Any:
    """The array of these numbers, in row-major order: the one whose elements they are, where they are all of them."""
    first = numbers[0] if numbers else 0.0
    if all(number is first for number in numbers):
        return broadcast(first, shape)
    if not any(isinstance(number, Value) for number in numbers):
        return constant(array("d", numbers), shape)
    base = numbers[0].operands[0] if isinstance(operation_of(numbers[0]), Element) else None
    if shape_of(base) == shape and all(
        isinstance(made := operation_of(number), Element) and number.operands[0] is base and made.index == index
        for number, index in zip(numbers, product(*map(range, shape)))
    ):
        return base
    return apply(Pack(shape), numbers, here=False)[0]


def view(array: Any, view: View) -> Any:
    """What a view shows of an array or a number; of a view of another array, that of the other."""
    shape = shape_of(array)
    if 0 in view.shape:
        return _nothing(array, view.shape)
    if not view.shape:
        return element(array, view.starts) if shape else array
    made = operation_of(array)
    if isinstance(made, View):
        axes = tuple([made.axes[axis] if axis >= 0 else -1 for axis in view.axes])
        steps = [step * made.steps[axis] if a >= 0 else 0 for a, axis, step in zip(axes, view.axes, view.steps)]
        view = View(view.shape, axes, tuple(steps), made.origin(view.starts))
        array, shape = array.operands[0], shape_of(array.operands[0])
    return array if view.shows_all(shape) else apply(view, (array,), here=False)[0]


def _nothing(array: Any, shape: Shape) -> Any:
    """An array without elements, of the sort of another."""
    return broadcast(of_sort(0.0, sort_of(array)), shape)


def broadcast(item: Any, shape: Shape) -> Any:
    """A number or an array as an array of this shape. Raises: `ShapeError` where it cannot be."""
    own = shape_of(item)
    if own == shape:
        return item
    if broadcast_shape(own, shape) != shape:
        raise ShapeError(f"could not broadcast from shape {own} into shape {shape}")
    if not own or 0 in shape:
        number = 0.0 if 0 in shape else as_number(item)
        return of_sort(apply(repeating((), shape), (number,), here=False)[0], sort_of(item))
    return view(item, repeating(own, shape))


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
        return _nothing(array, shape)
    if isinstance(operation_of(array), Reshape):
        return reshaped(array.operands[0], shape)
    return apply(Reshape(shape), (array,), here=False)[0]


def placed(array: Any, view: View, part: Any) -> Any:
    """The array with another part where the view shows it."""
    part = broadcast(part, view.shape)
    return array if 0 in view.shape else apply(Place(view), (array, part), here=False)[0]


def concatenated(arrays: Sequence[Any], axis: int) -> Any:
    """The arrays one after the other along an axis that they have."""
    shapes = [shape_of(array) for array in arrays]
    length = sum(shape[axis] for shape in shapes)
    shape = (*shapes[0][:axis], length, *shapes[0][axis + 1 :])
    result, start, axes = broadcast(joined(map(sort_of, arrays))(0), shape), 0, tuple(range(len(shape)))
    for item, own in zip(arrays, shapes):
        if own == shape:
            return of_sort(item, sort_of(result))
        starts = tuple([start if a == axis else 0 for a in axes])
        result = placed(result, View(own, axes, (1,) * len(axes), starts), item)
        start += own[axis]
    return result


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
