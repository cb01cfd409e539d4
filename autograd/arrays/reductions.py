"""NumPy's reductions of arrays to a sum or to one of their elements: `reduce` of its ufuncs, and what is made of it.

A sum is taken in the one blocked order along each axis. The largest or smallest element is the one at a single
position, to which all of the derivative goes. Each is written for whole arrays: what an array does along an axis it
says itself, by `sum_along` and `extreme_along`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograd.errors import ShapeError, TraceError
from autograd.functions.totals import axes_of, count_along, total
from autograd.primitives.row import elementwise
from autograd.primitives.table import (
    divide,
    equal,
    greater_equal,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    multiply,
    signbit,
    sqrt,
    where,
)


def add_reduce(x: Any, axis: Any = 0, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """numpy.add.reduce: what is masked is left out as -0.0, which changes no number."""
    if where is not True:
        x, initial = sys.modules["numpy"].where(where, x, -0.0), 0.0 if initial is None else initial
    result = total(x, axis, keepdims)
    return result if initial is None else initial + result


def nan_first(not_beyond: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Whether x comes before y, a nan before all numbers: of numbers, where it is not `not_beyond` y."""
    return lambda x, y: logical_and(logical_not(not_beyond(x, y)), equal(y, y))


def _nan_last(not_beyond: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: logical_and(logical_not(not_beyond(x, y)), equal(x, x))


def _above_zero(x: Any, y: Any) -> Any:
    """Whether x is 0.0 and y -0.0, of which the first is the larger."""
    return logical_and(equal(x, y), logical_and(signbit(y), logical_not(signbit(x))))


def _largest(before: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: logical_or(before(x, y), _above_zero(x, y))


def _smallest(before: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: logical_or(before(x, y), _above_zero(y, x))


# Whether an element x that comes later takes the place of y: where not both are zeros, and in all.
BEFORE = {
    "maximum": nan_first(less_equal), "minimum": nan_first(greater_equal),
    "fmax": _nan_last(less_equal), "fmin": _nan_last(greater_equal),
}  # fmt: skip
EXCEEDS = {name: (_largest if "max" in name else _smallest)(before) for name, before in BEFORE.items()}


def extreme_along(rows: Any, name: str) -> Any:
    """The element that no later one exceeds and that exceeds all before it, in each row of a plain array."""
    numpy = sys.modules["numpy"]
    if rows.shape[-1] == 1:
        return rows[..., 0].copy() if rows.ndim > 1 else rows[0]
    with numpy.errstate(all="ignore"):  # arithmetic is quiet here
        return numpy.frompyfunc(_later(EXCEEDS[name]), 2, 1).reduce(rows.astype(object), axis=-1)


def _later(exceeds: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    larger = exceeds(1.0, 0.0)

    def function(best: Any, x: Any) -> Any:
        number, other = _known(x), _known(best)
        if type(number) is float and type(other) is float and (number > other or number < other):  # as most are
            return x if (number > other) is larger else best
        better = exceeds(number, other)
        return (x if better else best) if type(better) is bool else where(better, x, best)

    return function


def _known(number: Any) -> Any:
    """The float of a Value, where it has one, which is faster to compare."""
    try:
        return number.data if hasattr(type(number), "_apply_primitive") else number
    except TraceError:
        return number


def _reduce_to_extreme(name: str) -> Callable[..., Any]:
    """numpy.maximum.reduce and its kin."""

    def reduce(x: Any, axis: Any = 0, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
        numpy = sys.modules["numpy"]
        if where is not True:
            if initial is None:
                raise ValueError(f"numpy.{name}.reduce with where= needs an initial=, for what is left may be nothing")
            x = numpy.asanyarray(numpy.where(where, x, initial))
        axes = axes_of(axis, x.ndim)
        others = tuple(i for i in range(x.ndim) if i not in axes)
        shape = tuple(x.shape[i] for i in others)
        count = count_along(x.shape, axes)
        if count or 0 in shape:
            rows = x.transpose(others + axes).reshape((*shape, count or 1))
            own = getattr(rows, "extreme_along", None)
            result = extreme_along(rows, name) if own is None else own(name)
            result = result if initial is None else elementwise(_later(EXCEEDS[name]), [initial, result])
        elif initial is None:
            raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
        else:
            result = numpy.broadcast_to(initial, shape)
        return numpy.expand_dims(result, axes) if keepdims else result

    return reduce


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": add_reduce, **{name: _reduce_to_extreme(name) for name in EXCEEDS}
}  # fmt: skip


# Methods of arrays, and functions of NumPy.


def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    sums = sys.modules["numpy"].sum(a, axis, dtype, keepdims=keepdims, where=where)
    return filled(out, divide(sums, _count(a, axis, keepdims, where)))


def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: bool = False, *,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    numpy = sys.modules["numpy"]
    centre = numpy.mean(a, axis, dtype, keepdims=True, where=where) if mean is None else mean
    deviations = a - centre
    sums = numpy.sum(deviations * deviations, axis, dtype, keepdims=keepdims, where=where)
    freedom = _count(a, axis, keepdims, where) - (ddof if correction is None else correction)
    return filled(out, divide(sums, numpy.maximum(freedom, 0.0)))


def std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, **options: Any) -> Any:
    return filled(out, sqrt(var(a, axis, dtype, None, ddof, **options)))


def _count(a: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    """How many numbers each sum is of: a float, or with a mask an array of them."""
    axes = axes_of(axis, a.ndim)
    if where is True:
        return float(count_along(a.shape, axes))
    numpy = sys.modules["numpy"]
    return numpy.sum(numpy.broadcast_to(where, a.shape), axis=axes, keepdims=keepdims, dtype=float)


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    numpy = sys.modules["numpy"]
    a, axis = numpy.asanyarray(a), tuple(axis) if isinstance(axis, list) else axis
    if weights is None:
        result = numpy.mean(a, axis, keepdims=keepdims)
        return (result, numpy.full(numpy.shape(result), _count(a, axis, keepdims, True))[()]) if returned else result
    weights = numpy.asanyarray(weights)
    if weights.shape != a.shape:
        weights = _along(weights, axis, a.shape)
    weights = numpy.broadcast_to(weights, a.shape)
    scale = total(weights, axis, keepdims)
    if numpy.any(equal(scale, 0.0)):
        raise ZeroDivisionError("the weights of an average sum to zero")
    result = divide(total(multiply(a, weights), axis, keepdims), scale)
    return (result, scale) if returned else result


def _along(weights: Any, axis: Any, shape: tuple[int, ...]) -> Any:
    """Weights of the positions along some axes, with axes of length 1 for the others."""
    numpy = sys.modules["numpy"]
    if axis is None:
        raise TypeError(f"numpy.average needs an axis: the shapes {shape} and, of the weights, {weights.shape} differ")
    given = [each % len(shape) for each in (axis if isinstance(axis, tuple) else (axis,))]
    if weights.shape != tuple(shape[each] for each in given):
        raise ShapeError(f"numpy.average of shape {shape} along axis {axis} with weights of shape {weights.shape}")
    weights = numpy.transpose(weights, sorted(range(len(given)), key=given.__getitem__))
    return numpy.expand_dims(weights, tuple(i for i in range(len(shape)) if i not in given))


def filled(out: Any, result: Any) -> Any:
    """A result, in the array that was given for it where one was."""
    if out is None:
        return result
    out[...] = result
    return out
