"""Elements of arrays at places that are computed: an index that is a Value, or an array of Values.

Such an index is a whole number, from -n up to n - 1 of an axis of length n, as Python's own; it has no derivative.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from autograd.arrays import recording
from autograd.arrays.reductions import filled
from autograd.functions.totals import axes_of
from autograd.primitives.row import is_array, real


def whole_numbers(key: Any, shape: tuple[int, ...]) -> Any:
    """The key of an index into an array of this shape, with whole numbers in the place of Values that hold some.

    Raises: `IndexError` that names the index, the axis and its length, for any other number.
    """
    parts = key if isinstance(key, tuple) else (key,)
    if not any(map(_of_values, parts)):
        return key
    used = [_axes_used(part) for part in parts]
    axis, whole = 0, []
    for part, count in zip(parts, used):
        if part is Ellipsis:
            count = max(len(shape) - sum(used), 0)
        if _of_values(part):
            if axis >= len(shape):
                raise IndexError(f"too many indices: the array has {len(shape)} axes")
            part = places(part, axis, shape[axis])
        whole.append(part)
        axis += count
    return tuple(whole) if isinstance(key, tuple) else whole[0]


def places(index: Any, axis: int, length: int) -> Any:
    """A whole number, or an array of them, for the places along an axis that Values say."""
    numpy = sys.modules["numpy"]
    objects = numpy.array(index, dtype=object)
    found = [_place(item, axis, length) for item in objects.ravel().tolist()]
    return numpy.array(found, dtype=int).reshape(objects.shape) if objects.ndim else found[0]


def _place(item: Any, axis: int, length: int) -> int:
    number = item.data if hasattr(type(item), "_apply_primitive") else real(item)
    if isinstance(item, bool) or not math.isfinite(number) or number != math.floor(number):
        raise IndexError(f"index {number} for axis {axis} with length {length} is no whole number") from None
    place = int(number)
    if not -length <= place < length:
        raise IndexError(f"index {place} is out of bounds for axis {axis} with length {length}") from None
    return place


def _of_values(part: Any) -> bool:
    if is_array(part):
        return bool(part.dtype == object)
    if isinstance(part, list):
        return any(map(_of_values, part))
    return type(part) is float or hasattr(type(part), "_apply_primitive")


def _axes_used(part: Any) -> int:
    """How many axes of an array one part of a key stands for; Ellipsis for those that are left."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if is_array(part) and part.dtype == bool else 1


def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    a = _indexed(a, indices)
    if axis is None:
        a, axis = a.reshape(-1), 0
    (axis,) = axes_of(axis, a.ndim)
    taken = a[(*[slice(None)] * axis, _index(indices, axis, a.shape[axis], mode))]
    return filled(out, taken.copy() if is_array(taken) else taken)  # of one index a part of the array


def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    numpy = sys.modules["numpy"]
    arr = _indexed(arr, indices)
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    (axis,) = axes_of(axis, arr.ndim)
    if numpy.ndim(indices) != arr.ndim:
        raise ValueError(f"take_along_axis takes an index with as many axes as the array, {arr.ndim}")
    key = [numpy.expand_dims(numpy.arange(n), [k for k in range(arr.ndim) if k != i]) for i, n in enumerate(arr.shape)]
    key[axis] = _index(indices, axis, arr.shape[axis])
    return arr[tuple(key)]


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    numpy = sys.modules["numpy"]
    index, *each = numpy.broadcast_arrays(a, *choices, subok=True)
    places_of_all = _index(index, 0, len(each), mode)
    return filled(out, take_along_axis(numpy.stack(each), numpy.expand_dims(places_of_all, 0), 0)[0])


def _indexed(array: Any, indices: Any) -> Any:
    """An array, as what is being recorded has it, where it is indexed by that."""
    numpy, trace = sys.modules["numpy"], recording.trace()
    array = numpy.asanyarray(array)
    of_numbers = trace is None or numpy.asanyarray(indices).dtype != object
    return array if of_numbers else trace.arrays.recorded(array)


def _index(indices: Any, axis: int, length: int, mode: str = "raise") -> Any:
    """The places as NumPy takes them; beyond the ends the last ones in the mode "clip", round again in "wrap"."""
    numpy = sys.modules["numpy"]
    if mode != "raise":
        indices = numpy.clip(indices, 0, length - 1) if mode == "clip" else numpy.remainder(indices, length)
    indices = numpy.asanyarray(indices)
    if indices.dtype == object and recording.trace() is not None:
        return recording.trace().arrays.recorded(indices) if indices.ndim else indices.item()
    if indices.dtype == object:
        return places(indices, axis, length)
    return indices.astype(int) if indices.dtype == bool else indices


OURS: dict[str, Callable[..., Any]] = {
    "numpy.take": take,
    "numpy.take_along_axis": take_along_axis,
    "numpy.choose": choose,
}
