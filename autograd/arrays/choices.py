"""NumPy's functions that compare elements or choose between them, anew: by rows of the table, in its conventions.

At a tie the derivative is shared or, where elements are put in order, belongs to the first; nan stays nan, and stands
last in an order. The order is found by comparing two elements at a time, which in a function that is being compiled
makes a guard of each comparison, as an `if` does.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from math import inf, pi
from typing import Any

from autograd.arrays.ufuncs import MEANINGS
from autograd.errors import ShapeError
from autograd.functions.composed import norm as euclidean_norm
from autograd.primitives.row import elementwise
from autograd.primitives.table import (
    absolute,
    divide,
    equal,
    greater,
    less,
    less_equal,
    logical_and,
    logical_or,
    maximum,
    multiply,
    not_equal,
    sin,
    where,
)

_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(16)]
_LARGEST = sys.float_info.max


def _rows(function: Callable[[list[Any]], Any], x: Any, axis: Any) -> Any:
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


def _only(function: str, **options: Any) -> None:
    """Raise `TypeError` for an option that is given and not supported."""
    for name, item in options.items():
        if item is not None and item is not False:
            raise TypeError(f"numpy.{function} of Values takes no {name}")


# The order of elements.


def _compared(x: Any, y: Any) -> int:
    """Which of two elements comes first: -1, 0 or 1; nan comes last."""
    if less(x, y):
        return -1
    if less(y, x):
        return 1
    return bool(not_equal(x, x)) - bool(not_equal(y, y))


_key = functools.cmp_to_key(_compared)


def _order(row: list[Any]) -> list[int]:
    return sorted(range(len(row)), key=lambda i: _key(row[i]))


def argsort(a: Any, axis: Any = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    _only("argsort", order=order)
    return _rows(_order, a, axis).astype(int)


def sort(a: Any, axis: Any = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    numpy = sys.modules["numpy"]
    a = numpy.ravel(a) if axis is None else a
    return numpy.take_along_axis(a, argsort(a, -1 if axis is None else axis, kind, order), -1 if axis is None else axis)


def _require_elements(row: list[Any]) -> None:
    if not row:
        raise ShapeError("of no elements none is the first, the largest or in the middle: one at least was expected")


def _first(row: list[Any], before: Callable[[Any, Any], Any]) -> int:
    """Where the first of those elements is that none is before; that of a nan, where there is one."""
    _require_elements(row)
    best = 0
    for i in range(1, len(row)):
        if not_equal(row[best], row[best]):
            break
        if before(row[i], row[best]) or not_equal(row[i], row[i]):
            best = i
    return best


def _arg(name: str, before: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, out: None = None, *, keepdims: bool = False) -> Any:
        _only(name, out=out)
        numpy = sys.modules["numpy"]
        where_it_is = _rows(lambda row: _first(row, before), a, axis)
        if keepdims:
            return numpy.expand_dims(where_it_is, tuple(range(a.ndim)) if axis is None else axis)
        return where_it_is

    return function


argmax, argmin = _arg("argmax", greater), _arg("argmin", less)


def _quantile_of(row: list[Any], fraction: float) -> Any:
    _require_elements(row)
    last = row[_order(row)[-1]]
    if not_equal(last, last):
        return functools.reduce(maximum, row)
    place = fraction * (len(row) - 1)
    low = math.floor(place)
    ahead = place - low
    ordered = [row[i] for i in _order(row)]
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
    _only("quantile", out=out, **options)
    if method != "linear" or isinstance(axis, tuple):
        raise TypeError("numpy.quantile of Values takes one axis, and the method 'linear'")
    fractions = numpy.asarray(q, dtype=float)
    if not ((fractions >= 0.0) & (fractions <= 1.0)).all():
        raise ValueError("a quantile is from 0 to 1, a percentile from 0 to 100")
    parts = [_rows(functools.partial(_quantile_of, fraction=f), a, axis) for f in fractions.ravel().tolist()]
    if keepdims:
        parts = [numpy.expand_dims(part, tuple(range(a.ndim)) if axis is None else axis) for part in parts]
    return numpy.array(parts).reshape(fractions.shape + numpy.shape(parts[0]))


def percentile(a: Any, q: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
    return quantile(a, sys.modules["numpy"].asarray(q, dtype=float) / 100.0, axis, *args, **options)


def median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    return quantile(a, 0.5, axis, out, keepdims=keepdims)


# Choices.


def choose(condition: Any, *sides: Any) -> Any:
    """numpy.where."""
    if not sides:
        return sys.modules["numpy"].nonzero(condition)
    return elementwise(where, [condition, *sides])


def select(condlist: Any, choicelist: Any, default: Any = 0.0) -> Any:
    result = default
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError("numpy.select takes as many conditions as choices, and one at least")
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = elementwise(where, [condition, choice, result])
    return result


def round(a: Any, decimals: int = 0, out: None = None) -> Any:
    _only("round", out=out)
    unit = 10.0 ** abs(decimals)
    shifted = elementwise(multiply if decimals > 0 else divide, [a, unit])
    return elementwise(divide if decimals > 0 else multiply, [elementwise(MEANINGS["rint"], [shifted]), unit])


def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if copy is not True:
        raise TypeError("numpy.nan_to_num of Values makes new ones: copy=False cannot be honoured")
    high, low = _LARGEST if posinf is None else posinf, -_LARGEST if neginf is None else neginf

    def replaced(x: Any, nan: Any, high: Any, low: Any) -> Any:
        finite_or = where(equal(x, inf), high, where(equal(x, -inf), low, x))
        return where(not_equal(x, x), nan, finite_or)

    return elementwise(replaced, [x, nan, high, low])


def _without_nan(name: str, instead: float) -> Callable[..., Any]:
    """numpy.nansum and numpy.nanprod."""

    def function(a: Any, axis: Any = None, dtype: None = None, out: None = None, **options: Any) -> Any:
        _only(f"nan{name}", dtype=dtype, out=out)
        return getattr(sys.modules["numpy"], name)(nan_to_num(a, True, instead, inf, -inf), axis, **options)

    return function


def _passing_nan(name: str) -> Callable[..., Any]:
    """numpy.nanmax and numpy.nanmin."""

    def function(a: Any, axis: Any = None, out: None = None, **options: Any) -> Any:
        _only(f"nan{name[1:]}", out=out)
        return getattr(sys.modules["numpy"], name).reduce(a, axis=axis, **options)

    return function


def nanmean(a: Any, axis: Any = None, dtype: None = None, out: None = None, **options: Any) -> Any:
    numpy = sys.modules["numpy"]
    count = numpy.sum(elementwise(lambda x: where(not_equal(x, x), 0.0, 1.0), [a]), axis, **options)
    return elementwise(divide, [OURS["numpy.nansum"](a, axis, dtype, out, **options), count])


def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    def close(x: Any, y: Any, rtol: Any, atol: Any) -> Any:
        near = less_equal(absolute(x - y), atol + rtol * absolute(y))
        result = logical_or(equal(x, y), logical_and(near, less(absolute(y), inf)))
        return logical_or(result, logical_and(not_equal(x, x), not_equal(y, y))) if equal_nan else result

    return elementwise(close, [a, b, rtol, atol])


def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> bool:
    return bool(sys.modules["numpy"].all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    numpy = sys.modules["numpy"]
    return bool(numpy.shape(a1) == numpy.shape(a2) and allclose(a1, a2, 0.0, 0.0, equal_nan))


def array_equiv(a1: Any, a2: Any) -> bool:
    try:
        sys.modules["numpy"].broadcast_shapes(sys.modules["numpy"].shape(a1), sys.modules["numpy"].shape(a2))
    except ValueError:
        return False
    return allclose(a1, a2, 0.0, 0.0)


# Functions whose usual form is not right at every order.


def _sinc(x: Any) -> Any:
    """sin(πx)/(πx), by its series where that would lose its derivatives."""
    angle = x * pi
    square, series = angle * angle, 0.0
    for coefficient in reversed(_SINC):
        series = series * square + coefficient
    return where(less(absolute(angle), 1.0), series, divide(sin(angle), angle))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """numpy.linalg.norm: the length by `hypot`, as autograd.norm; and the norms of vectors by sums and maxima."""
    numpy = sys.modules["numpy"]
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    of_all = axis is None and (ord is None or numpy.ndim(x) == 1 or (ord == "fro" and numpy.ndim(x) == 2))
    if isinstance(axis, tuple) or (axis is None and not of_all):
        raise TypeError("numpy.linalg.norm of a matrix of Values takes no ord but 'fro', and no two axes")
    if ord in (None, 2, "fro"):
        result = _rows(euclidean_norm, x, axis)
        return numpy.expand_dims(result, tuple(range(x.ndim)) if axis is None else axis) if keepdims else result
    if ord in (1, inf, -inf):
        reduce = {1: numpy.sum, inf: numpy.max, -inf: numpy.min}[ord]
        return reduce(numpy.absolute(x), axis=axis, keepdims=keepdims)
    raise TypeError(f"numpy.linalg.norm of Values takes the ord None, 1, 2, inf, -inf or 'fro', not {ord!r:.60}")


OURS: dict[str, Callable[..., Any]] = {
    "numpy.argmax": argmax,
    "numpy.argmin": argmin,
    "numpy.argsort": argsort,
    "numpy.argpartition": lambda a, kth, axis=-1, kind=None, order=None: argsort(a, axis, kind, order),
    "numpy.sort": sort,
    "numpy.partition": lambda a, kth, axis=-1, kind=None, order=None: sort(a, axis, kind, order),
    "numpy.median": median,
    "numpy.percentile": percentile,
    "numpy.quantile": quantile,
    "numpy.where": choose,
    "numpy.select": select,
    "numpy.nan_to_num": nan_to_num,
    "numpy.nansum": _without_nan("sum", 0.0),
    "numpy.nanprod": _without_nan("prod", 1.0),
    "numpy.nanmax": _passing_nan("fmax"),
    "numpy.nanmin": _passing_nan("fmin"),
    "numpy.nanmean": nanmean,
    "numpy.isclose": isclose,
    "numpy.allclose": allclose,
    "numpy.array_equal": array_equal,
    "numpy.array_equiv": array_equiv,
    "numpy.sinc": lambda x: elementwise(_sinc, [x]),
    "numpy.round": round,
    "numpy.around": round,
    "numpy.fix": lambda x: elementwise(MEANINGS["trunc"], [x]),
    "numpy.zeros_like": lambda a, *args, **options: sys.modules["numpy"].full_like(a, 0.0, *args, **options),
    "numpy.ones_like": lambda a, *args, **options: sys.modules["numpy"].full_like(a, 1.0, *args, **options),
    "numpy.linalg.norm": norm,
}
