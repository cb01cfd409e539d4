"""Sums of arrays along their axes, in the one order that `summation.blocked_sum` has."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from typing import Any

from autograd.primitives.row import is_array
from autograd.primitives.summation import blocked_sum


def total(array: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of an array along an axis, along several, or of all numbers.

    Several axes are summed one after the other, the last of them first, each in the blocked order; of no numbers the
    sum is 0.0. An array of ours knows its own sums (`sum_along`).
    """
    numpy = sys.modules["numpy"]
    array = numpy.asanyarray(array)  # a product of numbers is one by itself
    axes = axes_of(axis, array.ndim)
    own = getattr(array, "sum_along", None)
    result = blocked_sums(array, axes) if own is None else own(axes)
    return numpy.expand_dims(result, axes) if keepdims else result


def blocked_sums(array: Any, axes: Sequence[int]) -> Any:
    """The sums of a plain array of objects or floats along axes that are sorted and not negative."""
    numpy = sys.modules["numpy"]
    array = array.astype(float) if array.dtype.kind in "biu" else array  # or a sum of truths would be their `or`
    for axis in reversed(axes):
        rows = numpy.moveaxis(array, axis, 0)
        numbers = rows.tolist() if rows.ndim == 1 else list(rows)
        empty = numpy.zeros(rows.shape[1:]) if rows.ndim > 1 else 0.0
        with numpy.errstate(all="ignore"):  # arithmetic is quiet here
            array = blocked_sum(numbers) if numbers else empty
    # Of one row, or of none, it is the array itself.
    return (array.copy() if is_array(array) else array) if axes else array[()] if array.ndim == 0 else array.copy()


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that NumPy means by an `axis`, sorted and not negative; all of them by None.

    Raises: NumPy's `AxisError`, a `ValueError` and an `IndexError`, for one that the array has not; `ValueError` for
    one that is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = []
    for each in axis if isinstance(axis, tuple) else (axis,):
        place = operator.index(each)
        if not ndim and place in (0, -1):  # NumPy lets a number have one
            continue
        if not -ndim <= place < ndim:
            raise sys.modules["numpy"].exceptions.AxisError(place, ndim)
        axes.append(place % ndim)
    if len(set(axes)) != len(axes):
        raise ValueError("duplicate value in 'axis'")
    return tuple(sorted(axes))


def count_along(shape: Sequence[int], axes: Sequence[int]) -> int:
    """How many numbers each sum along these axes is of."""
    return math.prod([shape[axis] for axis in axes])
