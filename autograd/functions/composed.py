"""Functions of many numbers, composed of rows of the table: sums and what is built on them, softmax and its kin.

None is a row, so none has a rule of its own: each is written with rows and operators, in the form that neither
overflows nor loses its tails, and its derivatives of every order follow. A function of many numbers takes them as a
list, a tuple or an iterator, nested or not, and goes through them from the first to the last; or as a NumPy array, of
which it sums all numbers axis by axis, each in the blocked order of every batch. So the same program gives the same
bits every time. Sets and dictionaries are refused: a set of Values has no fixed order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from math import inf
from typing import Any

from autograd.errors import ShapeError
from autograd.functions.totals import total
from autograd.primitives.row import elementwise, is_array, real
from autograd.primitives.table import (
    absolute,
    divide,
    exp,
    hypot,
    log,
    maximum,
    multiply,
    stop_gradient,
    where,
)


def sum(numbers: Any, start: Any = 0.0) -> Any:
    """The sum of all numbers, from left to right, starting from `start`, as Python's own.

    The numbers of an array are summed as by `numpy.sum`, in blocks, and `start` is added to that.

    Parameters: `numbers`, a number, or numbers in sequences or arrays of any depth; `start`, a number.

    Returns: a Value where one of them is, else a float; `start` for no numbers.

    >>> from autograd import Value
    >>> sum([1.0, [Value(2.0), 3.0]]).data
    6.0
    """
    first = start if _is_number(start) else real(start)
    items = _items(numbers)
    return first + total(items) if is_array(items) else _from_left_to_right(items, first)


def _from_left_to_right(items: list[Any], start: Any = 0.0) -> Any:
    for number in items:
        start = start + number
    return start


def mean(numbers: Any) -> Any:
    """The sum of all numbers over how many they are.

    Parameters: `numbers`, as for `sum`, one at least. Raises: `ShapeError`, which is a `ValueError`, for none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    items = _items(numbers)
    count = items.size if is_array(items) else len(items)
    if not count:
        raise ShapeError("the mean of no numbers is not defined: one at least was expected, none was given")
    return divide(sum(items), float(count))


def prod(numbers: Any) -> Any:
    """The product of all numbers, from left to right; 1.0 for none.

    A zero among them does no harm to the derivatives, of whatever order: nothing is divided by a factor.

    Parameters: `numbers`, as for `sum`.

    >>> from autograd import Value
    >>> x = Value(0.0)
    >>> prod([2.0, x, 3.0]).backward()
    >>> x.grad
    6.0
    """
    items = _items(numbers)
    if hasattr(items, "sum_along"):
        return sys.modules["numpy"].multiply.reduce(items, axis=None)
    first, *rest = _listed(items) or [1.0]
    product: Any = first
    for number in rest:
        product = product * number
    return product


def dot(x: Any, y: Any) -> Any:
    """The sum of the products of two vectors' entries, from left to right; in blocks, where one is an array.

    Parameters: `x` and `y`, sequences of numbers of the same length.

    Raises: `ShapeError` where the lengths differ, and for a matrix, whose product is `x @ y` on NumPy arrays.

    >>> dot([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    32.0
    """
    first, second = _vector(x), _vector(y)
    if len(first) != len(second):
        raise ShapeError(f"dot takes two vectors of the same length: {len(first)} and {len(second)} were given")
    if is_array(first) or is_array(second):
        return sum(multiply(_as_array(first), _as_array(second)))
    return _from_left_to_right([a * b for a, b in zip(first, second)])


def norm(numbers: Any) -> Any:
    """The Euclidean length: the square root of the sum of the squares.

    It is taken by `hypot`, so that no square overflows or vanishes, and so that the derivatives at the origin are 0.
    Those of higher order are nan there, and where the first two numbers are 0. So are those of its square: write it as
    `dot(x, x)`, which has them everywhere.

    Parameters: `numbers`, as for `sum`; those of a matrix give its Frobenius norm.

    >>> norm([3.0, 4.0])
    5.0
    """
    items = _items(numbers)
    if hasattr(items, "sum_along"):
        return lengths(items.reshape(-1), 0)
    first, *rest = _listed(items) or [0.0]
    length: Any = first
    for number in rest or [0.0]:
        length = hypot(length, number)
    return length


def lengths(array: Any, axis: int) -> Any:
    """The norms along an axis of an array of Values."""
    numpy = sys.modules["numpy"]
    if array.shape[axis] > 1:
        return numpy.hypot.reduce(array, axis=axis)
    first = numpy.moveaxis(array, axis, 0)
    return hypot(first[0], 0.0) if len(first) else numpy.zeros(first.shape[1:])[()]


def logsumexp(numbers: Any) -> Any:
    """The logarithm of the sum of the exponentials, shifted by the largest number so that none overflows.

    Its derivatives are the `softmax`. As in SciPy it is -inf where all numbers are, or where there is none; inf where
    one of them is; nan where one of them is. Where the largest is infinite, its derivatives are their limits: 1 for
    that number and 0 for the others; or nan for several that are the largest together, for their difference, on which
    the derivatives depend, is not known.

    Parameters: `numbers`, as for `sum`.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    items = _items(numbers)
    shift, _, rest = _shifted(items.reshape(-1) if is_array(items) else items)
    return shift + rest


def softmax(numbers: Any) -> Any:
    """Each exponential over the sum of all, shifted by the largest number so that none overflows.

    Parameters: `numbers`, a vector; where sequences or arrays are nested, each innermost one is normalised by itself,
    as along the last axis of an array.

    Returns: the same shape, of Values where one of its vector is. All are nan where one number is nan or inf, or where
    all are -inf, as in SciPy.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return _along_the_last_axis(_softmax_of_vectors, numbers)


def _softmax_of_vectors(items: Any) -> Any:
    shift = stop_gradient(_largest(items))
    exponentials = _each(lambda number: exp(number - shift), items)
    whole = _sum(exponentials)
    return _each(lambda exponential: divide(exponential, whole), exponentials)


def log_softmax(numbers: Any) -> Any:
    """The logarithm of `softmax`, which keeps its digits where that has vanished.

    Parameters and returned shape: as for `softmax`.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    return _along_the_last_axis(_log_softmax_of_vectors, numbers)


def _log_softmax_of_vectors(items: Any) -> Any:
    _, shifted, rest = _shifted(items)
    return _each(lambda number: number - rest, shifted)


def _is_number(item: Any) -> bool:
    return type(item) is float or (hasattr(type(item), "_apply_primitive") and not getattr(item, "ndim", 0))


def _iterator(item: Any) -> Iterator[Any] | None:
    """What goes through a sequence or an array in order; None for anything else."""
    if is_array(item):
        items: list[Any] = item.ravel().tolist()  # Python's floats, or the objects that they are
        return iter(items)
    if isinstance(item, Iterable) and not isinstance(item, str | bytes | Mapping | Set):
        return iter(item) if getattr(item, "ndim", 1) else None  # an array without dimensions is a number
    return None


def _entries(numbers: Any) -> list[Any]:
    """All numbers of nested sequences and arrays, in order: floats and Values."""
    entries: list[Any] = []
    stack: list[Iterator[Any]] = [iter([numbers])]
    while stack:
        for item in stack[-1]:
            inner = None if _is_number(item) else _iterator(item)
            if inner is not None:
                stack.append(inner)
                break
            entries.append(item if _is_number(item) else real(item))
        else:
            stack.pop()
    return entries


def _items(numbers: Any) -> Any:
    """All numbers in order: an array of floats or of Values where an array is given, else a list of them."""
    if not is_array(numbers) or not numbers.ndim:
        return _entries(numbers)
    if hasattr(numbers, "sum_along"):
        return _as_array(numbers)
    if numbers.dtype == object and any(_iterator(item) is not None for item in numbers.flat if not _is_number(item)):
        return _entries(numbers)  # an array that holds sequences is nested
    return _as_array(numbers)


def _as_array(items: Any) -> Any:
    if is_array(items) and (items.dtype == float or hasattr(items, "sum_along")):
        return items.astype(float) if getattr(items, "_traced", False) else items  # as whole numbers, too, are floats
    objects = sys.modules["numpy"].array(items, dtype=object)
    return elementwise(lambda item: item if _is_number(item) else real(item), [objects])


def _listed(items: Any) -> list[Any]:
    """A list of numbers, or an array as one."""
    return list(items.ravel().tolist()) if is_array(items) else items


def _vector(numbers: Any) -> Any:
    """The numbers of one sequence or array; nested ones are refused."""
    if is_array(numbers) and numbers.ndim == 1:
        return _items(numbers)
    iterator = None if _is_number(numbers) else _iterator(numbers)
    items = [numbers] if iterator is None else list(iterator)
    nested = getattr(numbers, "ndim", 1) > 1 or any(not _is_number(item) and _iterator(item) for item in items)
    if nested:
        raise ShapeError("dot takes two vectors, and nested numbers were given: for matrices, x @ y on NumPy arrays")
    return _entries(items)


# What follows takes a list of numbers, or an array, along the last axis of which it computes.


def _each(function: Callable[[Any], Any], items: Any) -> Any:
    if not is_array(items):
        return [function(item) for item in items]
    with sys.modules["numpy"].errstate(all="ignore"):  # arithmetic is quiet here
        return function(items)


def _sum(items: Any) -> Any:
    return total(items, -1, items.ndim > 1) if is_array(items) else _from_left_to_right(items)


def _largest(items: Any) -> Any:
    """The largest number; -inf of none."""
    if is_array(items):
        return sys.modules["numpy"].max(items, axis=-1, keepdims=items.ndim > 1) if items.shape[-1] else -inf
    first, *rest = items or [-inf]
    largest: Any = first
    for number in rest:
        largest = maximum(largest, number)
    return largest


def _shifted(items: Any) -> tuple[Any, Any, Any]:
    """The largest number as a constant, the numbers less it, and the logarithm of the sum of their exponentials.

    One that is not finite is not taken off, for inf - inf is nan. The sum of the exponentials is then 0 or inf, of
    which no derivative is known; but an infinite number that is the largest alone is all that counts.
    """
    largest = _largest(items)
    constant = stop_gradient(largest)
    times = _sum(_each(lambda number: number == constant, items))
    finite = absolute(constant) < inf
    shift = where(finite, constant, 0.0)
    shifted = _each(lambda number: number - shift, items)
    logarithm = log(_sum(_each(exp, shifted)))
    return shift, shifted, where(finite | (times > 1.0) | (constant != constant), logarithm, largest)


def _along_the_last_axis(function: Any, numbers: Any) -> Any:
    """`function` of each innermost sequence, in the containers that were given."""
    iterator = None if _is_number(numbers) else _iterator(numbers)
    if iterator is None:
        raise ShapeError(f"softmax takes a vector or sequences of vectors, not one number: {numbers!r:.60}")
    if is_array(numbers):
        return function(_items(numbers))
    items = list(iterator)
    nested = [not _is_number(item) and _iterator(item) is not None for item in items]
    if any(nested) and not all(nested):
        raise ShapeError("softmax takes a vector or sequences of vectors: here numbers stand beside sequences")
    results = [_along_the_last_axis(function, item) for item in items] if any(nested) else function(_entries(items))
    return tuple(results) if isinstance(numbers, tuple) else results
