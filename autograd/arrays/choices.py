"""NumPy's functions that choose between elements, or whose usual form is not right at every order, anew.

They are rows of the table, in its conventions: a tie is shared, the side that is not taken contributes nothing, and nan
stays nan where it is not asked to be passed by.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from math import inf, pi
from typing import Any

from autograd.arrays import orders, places, recording
from autograd.arrays.convolution import CONVOLUTIONS
from autograd.arrays.einsum import einsum
from autograd.arrays.orders import only
from autograd.arrays.products import PRODUCTS
from autograd.arrays.reductions import average
from autograd.arrays.ufuncs import MEANINGS
from autograd.functions.composed import lengths
from autograd.primitives.row import elementwise
from autograd.primitives.table import (
    absolute,
    divide,
    equal,
    less,
    less_equal,
    logical_and,
    logical_or,
    multiply,
    not_equal,
    sin,
    where,
)

_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(16)]
_LARGEST = sys.float_info.max


def choose(condition: Any, *sides: Any) -> Any:
    """numpy.where."""
    if not sides:
        return sys.modules["numpy"].nonzero(condition)
    return elementwise(where, [condition, *sides])


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    result = default
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError("numpy.select takes as many conditions as choices, and one at least")
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = elementwise(where, [condition, choice, result])
    return result


def round(a: Any, decimals: int = 0, out: None = None) -> Any:
    only("round", out=out)
    unit = 10.0 ** abs(decimals)
    shifted = elementwise(multiply if decimals > 0 else divide, [a, unit])
    result = elementwise(divide if decimals > 0 else multiply, [elementwise(MEANINGS["rint"], [shifted]), unit])
    trace = recording.trace()
    return trace.arrays.as_sorted(result, a) if trace is not None and trace.arrays.sort_of(a) is int else result


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
        only(f"nan{name}", dtype=dtype, out=out)
        return getattr(sys.modules["numpy"], name)(nan_to_num(a, True, instead, inf, -inf), axis, **options)

    return function


def _passing_nan(name: str) -> Callable[..., Any]:
    """numpy.nanmax and numpy.nanmin."""

    def function(a: Any, axis: Any = None, out: None = None, **options: Any) -> Any:
        only(f"nan{name[1:]}", out=out)
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
        x = numpy.asanyarray(x)
        result = lengths(x.reshape(-1), 0) if axis is None else lengths(x, axis)
        return numpy.expand_dims(result, tuple(range(x.ndim)) if axis is None else axis) if keepdims else result
    if ord in (1, inf, -inf):
        reduce = {1: numpy.sum, inf: numpy.max, -inf: numpy.min}[ord]
        return reduce(numpy.absolute(x), axis=axis, keepdims=keepdims)
    raise TypeError(f"numpy.linalg.norm of Values takes the ord None, 1, 2, inf, -inf or 'fro', not {ord!r:.60}")


OURS: dict[str, Callable[..., Any]] = {
    "numpy.argmax": orders.argmax,
    "numpy.argmin": orders.argmin,
    "numpy.argsort": orders.argsort,
    "numpy.argpartition": lambda a, kth, axis=-1, kind=None, order=None: orders.argsort(a, axis, kind, order),
    "numpy.sort": orders.sort,
    "numpy.partition": lambda a, kth, axis=-1, kind=None, order=None: orders.sort(a, axis, kind, order),
    "numpy.median": orders.median,
    "numpy.percentile": orders.percentile,
    "numpy.quantile": orders.quantile,
    "numpy.where": choose,
    "numpy.select": select,
    "numpy.nan_to_num": nan_to_num,
    "numpy.nansum": _without_nan("sum", 0.0),
    "numpy.nanprod": _without_nan("prod", 1.0),
    "numpy.nanmax": _passing_nan("fmax"),
    "numpy.nanmin": _passing_nan("fmin"),
    "numpy.nanmean": nanmean,
    "numpy.average": average,
    "numpy.einsum": einsum,
    **CONVOLUTIONS,
    **PRODUCTS,
    **places.OURS,
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
