"""NumPy's products of arrays: elements multiplied with broadcasting, and summed in the one blocked order.

Each product names the axes of its operands by labels; a label that the result has not is summed over. All of it is
made of transposes, axes of length 1, products and sums of whole arrays.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd.arrays import recording
from autograd.arrays.reductions import filled
from autograd.errors import ShapeError
from autograd.functions.totals import total

Labels = list[Any]  # one for each axis


def operand(item: Any) -> Any:
    array = sys.modules["numpy"].asanyarray(item)
    return array.astype(float) if array.dtype.kind in "biu" and recording.trace() is None else array


def _aligned(x: Any, labels: Labels, order: Labels) -> Any:
    """An array with its axes in an order of labels, and axes of length 1 where it has none."""
    if not labels:  # a number, perhaps by itself
        return x
    places = [labels.index(label) for label in order if label in labels]
    x = x if places == list(range(x.ndim)) else x.transpose(places)
    key = tuple(slice(None) if label in labels else None for label in order)
    return x[key] if None in key else x


def summed(x: Any, labels: Labels, kept: Sequence[Any]) -> tuple[Any, Labels]:
    """An array without the axes whose label is not kept; the last of them is summed first."""
    axes = tuple(axis for axis, label in enumerate(labels) if label not in kept)
    if not axes:
        return x, labels
    result, trace = total(x, axes), recording.trace()
    if trace is not None and trace.arrays.sort_of(x) is not float:
        result = trace.arrays.as_sorted(result, x)  # the sum of truths in a product is their `or`
    return result, [label for label in labels if label in kept]


def product_of(x: Any, of_x: Labels, y: Any, of_y: Labels, result: Labels) -> Any:
    """The sums of products of two arrays, whose axes have these labels."""
    order = [*result, *(label for label in dict.fromkeys((*of_x, *of_y)) if label not in result)]
    product = sys.modules["numpy"].multiply(_aligned(x, of_x, order), _aligned(y, of_y, order))
    return summed(product, order, result)[0]


def _batches(name: str, x: Any, y: Any, core_x: int, core_y: int) -> tuple[Labels, Labels, Labels]:
    """Labels for the axes before the last ones of two arrays, and for those of the result.

    Raises: `ShapeError` where an array has too few axes, or those before cannot be broadcast.
    """
    for place, (array, core) in enumerate(((x, core_x), (y, core_y))):
        if array.ndim < core:
            raise ShapeError(f"{name}: operand {place} does not have enough dimensions: {array.ndim} of {core}")
    before_x, before_y = x.shape[: x.ndim - core_x], y.shape[: y.ndim - core_y]
    if any(n != m and 1 not in (n, m) for n, m in zip(reversed(before_x), reversed(before_y))):
        raise misfit(name, x, y, "the axes before the last cannot be broadcast together")
    of_x, of_y = [[-i for i in range(len(shape), 0, -1)] for shape in (before_x, before_y)]
    return of_x, of_y, max(of_x, of_y, key=len)


def misfit(name: str, x: Any, y: Any, why: str) -> ShapeError:
    return ShapeError(f"{name}: shapes {x.shape} and {y.shape} not aligned: {why}")


def _require_equal(name: str, x: Any, axis_x: int, y: Any, axis_y: int) -> None:
    """Raise `ShapeError` where two axes that are summed over together differ in length."""
    n, m = x.shape[axis_x], y.shape[axis_y]
    if n != m:
        raise misfit(name, x, y, f"{n} (dim {axis_x % x.ndim}) != {m} (dim {axis_y % y.ndim})")


def matmul(x: Any, y: Any) -> Any:
    if x.ndim == 1:
        return vecmat(x, y, "matmul") if y.ndim > 1 else vecdot(x, y, "matmul")
    if y.ndim == 1:
        return matvec(x, y, "matmul")
    of_x, of_y, batch = _batches("matmul", x, y, 2, 2)
    _require_equal("matmul", x, -1, y, -2)
    return product_of(x, [*of_x, "i", "k"], y, [*of_y, "k", "j"], [*batch, "i", "j"])


def vecdot(x: Any, y: Any, name: str = "vecdot") -> Any:
    of_x, of_y, batch = _batches(name, x, y, 1, 1)
    _require_equal(name, x, -1, y, -1)
    return product_of(x, [*of_x, "k"], y, [*of_y, "k"], batch)


def matvec(x: Any, y: Any, name: str = "matvec") -> Any:
    of_x, of_y, batch = _batches(name, x, y, 2, 1)
    _require_equal(name, x, -1, y, -1)
    return product_of(x, [*of_x, "i", "k"], y, [*of_y, "k"], [*batch, "i"])


def vecmat(x: Any, y: Any, name: str = "vecmat") -> Any:
    of_x, of_y, batch = _batches(name, x, y, 1, 2)
    _require_equal(name, x, -1, y, -2)
    return product_of(x, [*of_x, "k"], y, [*of_y, "k", "j"], [*batch, "j"])


def _ufunc(product: Callable[[Any, Any], Any], core: tuple[int, int, int]) -> Callable[..., Any]:
    """A product as NumPy's ufunc of that name, with its options `axes`, `axis` and `keepdims`."""
    name = product.__name__

    def function(x: Any, y: Any, axes: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        numpy = sys.modules["numpy"]
        x, y = operand(x), operand(y)
        if axis is not None and core == (1, 1, 0):
            axes = [axis, axis]
        if (axis is not None and axes is None) or keepdims:
            raise TypeError(f"numpy.{name} of Values takes no axis and no keepdims")
        if axes is None:
            return product(x, y)
        places = [place if isinstance(place, tuple) else (place,) for place in (*axes, ())[:3]]
        x, y = [numpy.moveaxis(a, p, range(-len(p), 0)) for a, p in zip((x, y), places)]
        result = product(x, y)
        return numpy.moveaxis(result, range(-len(places[2]), 0), places[2]) if places[2] else result

    return function


UFUNCS = {
    "matmul": _ufunc(matmul, (2, 2, 2)), "vecdot": _ufunc(vecdot, (1, 1, 0)), "matvec": _ufunc(matvec, (2, 1, 1)),
    "vecmat": _ufunc(vecmat, (1, 2, 1)),
}  # fmt: skip


def _dot(x: Any, y: Any, name: str, axis_y: int) -> Any:
    """The sums along the last axis of one array and an axis of another, for all their other axes."""
    x, y = operand(x), operand(y)
    if not x.ndim or not y.ndim:
        return sys.modules["numpy"].multiply(x, y)
    axis_y = max(axis_y, -y.ndim)
    _require_equal(name, x, -1, y, axis_y)
    return _contracted(x, [x.ndim - 1], y, [y.ndim + axis_y])


def _contracted(x: Any, axes_x: list[int], y: Any, axes_y: list[int]) -> Any:
    of_x: Labels = [("x", i) for i in range(x.ndim)]
    of_y: Labels = [("y", i) for i in range(y.ndim)]
    result = [label for i, label in enumerate(of_x) if i not in axes_x]
    result += [label for j, label in enumerate(of_y) if j not in axes_y]
    for i, j in zip(axes_x, axes_y):
        of_y[j] = of_x[i]
    return product_of(x, of_x, y, of_y, result)


def dot(a: Any, b: Any, out: Any = None) -> Any:
    return filled(out, _dot(a, b, "dot", -2))


def inner(a: Any, b: Any) -> Any:
    return _dot(a, b, "inner", -1)


def vdot(a: Any, b: Any) -> Any:
    x, y = operand(a), operand(b)
    if x.size != y.size:
        raise misfit("vdot", x, y, f"{x.size} numbers and {y.size}")
    return _dot(x.reshape(-1), y.reshape(-1), "vdot", -1)


def outer(a: Any, b: Any, out: Any = None) -> Any:
    x, y = operand(a), operand(b)
    return filled(out, sys.modules["numpy"].multiply(x.reshape(-1)[:, None], y.reshape(-1)[None, :]))


def _outer_of_vectors(x1: Any, x2: Any) -> Any:
    """numpy.linalg.outer."""
    x, y = operand(x1), operand(x2)
    if x.ndim != 1 or y.ndim != 1:
        raise misfit("outer", x, y, "both are to have one axis")
    return outer(x, y)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    x, y = operand(a), operand(b)
    if hasattr(axes, "__iter__"):
        axes_x, axes_y = [list(part) if hasattr(part, "__iter__") else [part] for part in axes]
    else:
        axes_x, axes_y = list(range(x.ndim - axes, x.ndim)), list(range(axes))
    if len(axes_x) != len(axes_y) or any(
        not (-x.ndim <= i < x.ndim and -y.ndim <= j < y.ndim) or x.shape[i] != y.shape[j]
        for i, j in zip(axes_x, axes_y)
    ):
        raise misfit("tensordot", x, y, f"shape-mismatch for sum along the axes {axes_x} and {axes_y}")
    return _contracted(x, [i % x.ndim for i in axes_x], y, [j % y.ndim for j in axes_y])


def kron(a: Any, b: Any) -> Any:
    x, y = operand(a), operand(b)
    ndim = max(x.ndim, y.ndim)
    x, y = (z.reshape((1,) * (ndim - z.ndim) + z.shape) for z in (x, y))
    both = [label for i in range(ndim) for label in (("x", i), ("y", i))]
    product = sys.modules["numpy"].multiply(_aligned(x, both[::2], both), _aligned(y, both[1::2], both))
    return sys.modules["numpy"].reshape(product, tuple(n * m for n, m in zip(x.shape, y.shape)))


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of two axes, as the last axis: every so many of the numbers of both."""
    a = sys.modules["numpy"].moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    length = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    start = offset if offset >= 0 else -offset * columns
    return a.reshape((*a.shape[:-2], rows * columns))[..., start :: columns + 1][..., :length]


def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    return filled(out, sys.modules["numpy"].sum(diagonal(a, offset, axis1, axis2), -1, dtype))


def matrix_power(a: Any, n: Any) -> Any:
    """numpy.linalg.matrix_power, by squares."""
    numpy = sys.modules["numpy"]
    x, power = operand(a), operator.index(n)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"matrix_power takes square matrices, not an array of shape {x.shape}")
    if power < 0:
        raise TypeError("numpy.linalg.matrix_power of Values takes no negative power, which is that of an inverse")
    if power == 0:
        return numpy.broadcast_to(numpy.eye(x.shape[-1]), x.shape).copy()
    result = None
    while True:
        power, odd = divmod(power, 2)
        if odd:
            result = x.copy() if result is None else matmul(result, x)
        if not power:
            return result
        x = matmul(x, x)


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """numpy.cross, of vectors of two or three numbers; of two of two, the third of the result."""
    numpy = sys.modules["numpy"]
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    x, y = numpy.moveaxis(operand(a), axisa, -1), numpy.moveaxis(operand(b), axisb, -1)
    lengths = x.shape[-1], y.shape[-1]
    if not {*lengths} <= {2, 3}:
        raise misfit("cross", x, y, "the vectors are to have two or three numbers each")

    def component(i: int, j: int) -> Any:
        """x[i] y[j] - x[j] y[i], without what there is not."""
        if i < lengths[0] and j < lengths[1]:
            first = x[..., i] * y[..., j]
            return first - x[..., j] * y[..., i] if j < lengths[0] and i < lengths[1] else first
        return -(x[..., j] * y[..., i])

    if lengths == (2, 2):
        return component(0, 1)
    return numpy.moveaxis(numpy.stack([component(1, 2), component(2, 0), component(0, 1)], -1), -1, axisc)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """numpy.vander: the powers of each number, each from the one before it."""
    numpy = sys.modules["numpy"]
    x = numpy.asanyarray(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    powers = [numpy.ones_like(x), x]
    while len(powers) < (x.size if N is None else N):
        powers.append(powers[-1] * x)
    powers = powers[: x.size if N is None else N]
    return numpy.stack(powers if increasing else powers[::-1], -1) if powers else numpy.empty((x.size, 0))


PRODUCTS: dict[str, Callable[..., Any]] = {
    "numpy.dot": dot,
    "numpy.inner": inner,
    "numpy.vdot": vdot,
    "numpy.outer": outer,
    "numpy.tensordot": tensordot,
    "numpy.kron": kron,
    "numpy.cross": cross,
    "numpy.vander": vander,
    "numpy.linalg.outer": _outer_of_vectors,
    "numpy.linalg.tensordot": lambda x1, x2, /, *, axes=2: tensordot(x1, x2, axes),
    "numpy.linalg.matrix_power": matrix_power,
}
