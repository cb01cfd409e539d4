"""An array of a recording combined along axes: what NumPy's ufuncs do by `reduce` and `accumulate`."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from autograd.arrays.reductions import nan_first
from autograd.errors import ShapeError
from autograd.functions.totals import axes_of
from autograd.primitives import table
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.along import folded, place_of_extreme, total
from autograd.program.tracing.sorts import of_sort


def axis_of(axis: Any, dimensions: int) -> int:
    """An axis counted from the first. Raises: `AxisError` where there is none such."""
    return axes_of(operator.index(axis), dimensions)[0]


def reduced(
    name: str, meaning: Callable[..., Any] | None, array: Any, axis: Any, keepdims: bool, initial: Any = None
) -> Any:
    """What a ufunc gives of an array along axes, or "argmax" and "argmin", whose result is a place.

    Raises: `ShapeError` for no elements where that has no value.
    """
    shape = whole.shape_of(array)
    axes = list(axes_of(axis, len(shape)))
    result = array
    if axes:
        rest = tuple([n for a, n in enumerate(shape) if a not in axes])
        last = whole.transposed(array, [a for a in range(len(shape)) if a not in axes] + axes)
        if len(axes) > 1:
            last = whole.reshaped(last, (*rest, math.prod(shape[a] for a in axes)))
        result = _along_last(name, meaning, last, initial)
        if initial is not None and meaning is not None:
            result = meaning(initial, result)
    if keepdims and shape:
        return whole.reshaped(result, tuple([1 if a in axes else n for a, n in enumerate(shape)]))
    return result


def accumulated(meaning: Callable[..., Any], array: Any, axis: int) -> Any:
    """All that comes on the way from left to right along an axis."""
    return array if 0 in whole.shape_of(array) else folded(meaning, array, axis, keep=True)


def _along_last(name: str, meaning: Callable[..., Any] | None, array: Any, initial: Any) -> Any:
    shape = whole.shape_of(array)
    axis = len(shape) - 1
    if shape[-1] == 0 and name not in _OF_NOTHING:
        if initial is None:
            raise ShapeError(f"numpy.{name} of no elements: one at least was expected")
        return whole.broadcast(initial, shape[:-1])
    if 0 in shape:
        return whole.broadcast(_OF_NOTHING.get(name, 0.0), shape[:-1])
    if name in ("logical_or", "logical_and"):
        wanted = name == "logical_or"
        count = total(table.where(array, float(wanted), float(not wanted)), axis)
        return table.not_equal(count, 0.0) if wanted else table.equal(count, 0.0)
    if name in _EXCEEDS:
        return of_sort(place_of_extreme(array, axis, _EXCEEDS[name]), int)
    assert meaning is not None
    return folded(meaning, array, axis, keep=False)


_OF_NOTHING = {"multiply": 1.0, "logical_or": False, "logical_and": True}
_EXCEEDS = {"argmax": nan_first(table.less_equal), "argmin": nan_first(table.greater_equal)}
