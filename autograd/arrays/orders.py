"""NumPy's functions that put elements in order, anew: by comparing two at a time.

nan comes last in an order, and the largest number of some with a nan is nan. Equal elements keep their order. In a
function that is being compiled each comparison makes a guard, as an `if` does.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from typing import Any

from autograd.arrays.reductions import nan_first
from autograd.errors import ShapeError, TraceError
from autograd.primitives.table import (
    equal,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_or,
    maximum,
    not_equal,
)


def rows(function: Callable[[list[Any]], Any], x: Any, axis: Any) -> Any:
    """`function` of each list of elements along an axis, of all of them for None; what it returns takes their place."""
    numpy = sys.modules["numpy"]
    x = numpy.asanyarray(x)
    if axis is None:
        x, axis = x.ravel(), 0
    x = numpy.moveaxis(x, axis, -1)
    results = [function(row.tolist()) for row in x.reshape(math.prod(x.shape[:-1]), x.shape[-1])]
    one = results[0] if results else function([0.0] * x.shape[-1])
    whole = numpy.array(results).reshape(x.shape[:-1] + numpy.shape(one))
    return (numpy.moveaxis(whole, -1, axis) if whole.ndim == x.ndim else whole)[()]


def only(function: str, **options: Any) -> None:
    """Raise `TypeError` for an option that is given and not supported."""
    for name, item in options.items():
        if item is not None and item is not False:
            raise TypeError(f"numpy.{function} of Values takes no {name}")


def _known(row: list[Any]) -> list[Any]:
    """The numbers of Values, where they have any, which are faster to compare."""
    try:
        return [item.data if hasattr(type(item), "_apply_primitive") else item for item in row]
    except TraceError:
        return row


class _InOrder:
    """An element that knows which others it comes before: nan comes last."""

    __slots__ = ("number",)

    def __init__(self, number: Any) -> None:
        self.number = number

    def __lt__(self, other: Any) -> bool:
        # One predicate, so that a comparison in a compiled function is one guard.
        x, y = self.number, other.number
        return bool(logical_or(less(x, y), logical_and(equal(x, x), not_equal(y, y))))


def _order(row: list[Any]) -> list[int]:
    keys = [_InOrder(number) for number in _known(row)]
    return sorted(range(len(row)), key=keys.__getitem__)


def argsort(a: Any, axis: Any = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    only("argsort", order=order)
    return rows(_order, a, axis).astype(int, order="C")


def sort(a: Any, axis: Any = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    numpy = sys.modules["numpy"]
    a = numpy.ravel(a) if axis is None else a
    return numpy.take_along_axis(a, argsort(a, -1 if axis is None else axis, kind, order), -1 if axis is None else axis)


def _require_elements(row: list[Any]) -> None:
    if not row:
        raise ShapeError("of no elements none is the first, the largest or in the middle: one at least was expected")


def _first(row: list[Any], exceeds: Callable[[Any, Any], Any]) -> int:
    """Where the first of those elements is that none exceeds."""
    _require_elements(row)
    row, best = _known(row), 0
    for i in range(1, len(row)):
        if exceeds(row[i], row[best]):
            best = i
    return best


def _arg(name: str, exceeds: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, out: None = None, *, keepdims: bool = False) -> Any:
        only(name, out=out)
        if hasattr(a, "place_along"):  # an array of a recording
            return a.place_along(name, axis, keepdims)
        numpy = sys.modules["numpy"]
        where_it_is = rows(lambda row: _first(row, exceeds), a, axis)
        if keepdims:
            return numpy.expand_dims(where_it_is, tuple(range(a.ndim)) if axis is None else axis)
        return where_it_is

    return function


# Where 0.0 and -0.0 are equal, as to NumPy.
argmax, argmin = _arg("argmax", nan_first(less_equal)), _arg("argmin", nan_first(greater_equal))


def _quantile_of(row: list[Any], fraction: float) -> Any:
    _require_elements(row)
    ordered = [row[i] for i in _order(row)]
    if not_equal(ordered[-1], ordered[-1]):
        return functools.reduce(maximum, row)
    place = fraction * (len(row) - 1)
    low = math.floor(place)
    ahead = place - low
    if not ahead:
        return ordered[low]
    x, y = ordered[low], ordered[low + 1]
    if ahead == 0.5:
        return (x + y) * 0.5
    return x + (y - x) * ahead if ahead < 0.5 else y - (y - x) * (1.0 - ahead)


def quantile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False, **options: Any,
) -> Any:  # fmt: skip
    numpy = sys.modules["numpy"]
    only("quantile", out=out, **options)
    if method != "linear" or isinstance(axis, tuple):
        raise TypeError("numpy.quantile of Values takes one axis, and the method 'linear'")
    a = a.astype(float) if getattr(a, "_traced", False) else a  # what lies between whole numbers is none
    fractions = numpy.asarray(q, dtype=float)
    if not ((fractions >= 0.0) & (fractions <= 1.0)).all():
        raise ValueError("a quantile is from 0 to 1, a percentile from 0 to 100")
    parts = [rows(functools.partial(_quantile_of, fraction=f), a, axis) for f in fractions.ravel().tolist()]
    if keepdims:
        parts = [numpy.expand_dims(part, tuple(range(a.ndim)) if axis is None else axis) for part in parts]
    return numpy.array(parts).reshape(fractions.shape + numpy.shape(parts[0]))


def percentile(a: Any, q: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
    return quantile(a, sys.modules["numpy"].asarray(q, dtype=float) / 100.0, axis, *args, **options)


def median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    return quantile(a, 0.5, axis, out, keepdims=keepdims)
