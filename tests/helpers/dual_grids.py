"""Arrays of several axes in plain Python, on `dual_numbers`, with NumPy's functions of them.

Where the numbers of a result stand is left to NumPy, on arrays of objects; what they are is computed here, one by one
and from the first to the last. An array of one axis is an `Array`, and one without axes a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import numpy
from dual_numbers import Array, Numeric, add, multiply, primal, shared


class Grid(Numeric):
    """An array of two axes or more; of any number, in here."""

    __slots__ = ("cells",)

    def __init__(self, cells: Any) -> None:
        self.cells = cells

    shape = property(lambda self: self.cells.shape)
    size = property(lambda self: self.cells.size)
    T = property(lambda self: wrap(self.cells.T))

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Any]:
        return (wrap(self.cells[i]) for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return wrap(self.cells[place(key)])

    def __setitem__(self, key: Any, item: Any) -> None:
        self.cells[place(key)] = cells_of(item) if isinstance(item, Array | Grid) else item

    def __matmul__(self, other: Any) -> Any:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return matmul(other, self)

    def copy(self) -> Any:
        return wrap(self.cells.copy())

    def reshape(self, *shape: Any) -> Any:
        return wrap(self.cells.reshape(*shape))

    def ravel(self) -> Any:
        return wrap(self.cells.ravel())

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return reduced["sum"](self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return reduced["mean"](self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return reduced["max"](self, axis, keepdims)


def cells_of(numbers: Any) -> Any:
    """A NumPy array of objects: what stands in an array, or a number by itself."""
    if isinstance(numbers, Grid):
        return numbers.cells
    if isinstance(numbers, numpy.ndarray):
        return numbers.astype(object)
    if isinstance(numbers, Array):
        cells = numpy.empty(len(numbers), object)
        cells[:] = [*numbers]
        return cells
    cells = numpy.empty((), object)
    cells[()] = numbers
    return cells


def wrap(cells: Any) -> Any:
    """What a program sees of an array of objects."""
    if not isinstance(cells, numpy.ndarray):
        return cells
    return Grid(cells) if cells.ndim > 1 else Array([*cells]) if cells.ndim else cells[()]


def spread(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """The function of numbers on arrays that are broadcast."""
    return wrap(numpy.frompyfunc(shared(function), len(arguments), 1)(*map(cells_of, arguments)))


def whole(number: Any) -> int:
    """The place that a number says, which noise may have moved a little."""
    found = round(primal(number))
    assert abs(found - primal(number)) < 1e-3, f"{primal(number)} is no whole number"
    return found


def place(key: Any) -> Any:
    """An index as NumPy takes it, with whole numbers in the place of computed ones."""
    if isinstance(key, tuple):
        return tuple(map(place, key))
    if key is None or key is Ellipsis or isinstance(key, int | slice):
        return key
    cells = cells_of(key) if isinstance(key, Array | Grid) else numpy.array(key, object)
    return numpy.array([*map(whole, cells.ravel())], int).reshape(cells.shape) if cells.ndim else whole(key)


# Along axes


def along(fold: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function that makes one number of many, along one axis, several or all."""

    def applied(numbers: Any, axis: Any = None, keepdims: bool = False) -> Any:
        cells = cells_of(numbers)
        axes = range(cells.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(sorted(a % cells.ndim for a in axes))
        last = numpy.moveaxis(cells, axes, range(-len(axes), 0))
        kept = last.shape[: cells.ndim - len(axes)]
        found = numpy.empty(kept, object)
        for where in numpy.ndindex(kept):
            found[where] = fold([*last[where].ravel()])
        return wrap(numpy.expand_dims(found, axes) if keepdims else found)

    return applied


def total(numbers: list[Any]) -> Any:
    result: Any = 0.0
    for number in numbers:
        result = add(result, number)
    return result


def product(numbers: list[Any]) -> Any:
    result: Any = 1.0
    for number in numbers:
        result = multiply(result, number)
    return result


def first_of(better: Callable[[float, float], bool]) -> Callable[[list[Any]], int]:
    """Where the first number is that none is better than."""

    def found(numbers: list[Any]) -> int:
        best = 0
        for i, number in enumerate(numbers):
            if better(primal(number), primal(numbers[best])):
                best = i
        return best

    return found


largest, smallest = first_of(lambda a, b: a > b), first_of(lambda a, b: a < b)

reduced: dict[str, Any] = {
    "sum": along(total),
    "prod": along(product),
    "mean": along(lambda numbers: total(numbers) * (1.0 / len(numbers))),
    "max": along(lambda numbers: numbers[largest(numbers)]),
    "min": along(lambda numbers: numbers[smallest(numbers)]),
    "argmax": along(lambda numbers: float(largest(numbers))),
    "argmin": along(lambda numbers: float(smallest(numbers))),
    "any": along(any),
    "all": along(all),
}


def running(step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """What becomes of numbers one after the other, along an axis or all in a row."""

    def applied(numbers: Any, axis: int | None = None) -> Any:
        cells = cells_of(numbers)
        cells, axis = (cells.ravel(), 0) if axis is None else (cells, axis)
        last = numpy.moveaxis(cells, axis, -1)
        found = numpy.empty(last.shape, object)
        for where in numpy.ndindex(last.shape[:-1]):
            found[where] = [*accumulate(last[where], step)]
        return wrap(numpy.moveaxis(found, -1, axis))

    return applied


# Products


def einsum(names: str, *operands: Any) -> Any:
    inputs, _, output = names.partition("->")
    terms, cells = inputs.split(","), [*map(cells_of, operands)]
    sizes = {letter: n for term, each in zip(terms, cells) for letter, n in zip(term, each.shape)}
    summed = [letter for letter in sizes if letter not in output]
    found = numpy.empty([sizes[letter] for letter in output], object)
    for where in numpy.ndindex(found.shape):
        products = []
        for inner in numpy.ndindex(*[sizes[letter] for letter in summed]):
            at = dict(zip([*output, *summed], (*where, *inner)))
            products.append(product([each[tuple(at[a] for a in term)] for term, each in zip(terms, cells)]))
        found[where] = total(products)
    return wrap(found)


MATMUL = {
    (1, 1): "i,i->", (2, 1): "ij,j->i", (1, 2): "i,ij->j", (2, 2): "ij,jk->ik", (3, 1): "bij,j->bi",
    (3, 2): "bij,jk->bik", (3, 3): "bij,bjk->bik", (2, 3): "ij,bjk->bik",
}  # fmt: skip


def matmul(x: Any, y: Any) -> Any:
    return einsum(MATMUL[cells_of(x).ndim, cells_of(y).ndim], x, y)


def moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy that puts the numbers of an array elsewhere."""
    return lambda numbers, *rest, **options: wrap(function(cells_of(numbers), *rest, **options))


def joined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same of a list of arrays."""
    return lambda arrays, axis=0: wrap(function([*map(cells_of, arrays)], axis=axis))


NUMPY: dict[str, Any] = {
    **{name: moved(getattr(numpy, name)) for name in (
        "transpose", "swapaxes", "moveaxis", "flip", "expand_dims", "squeeze", "broadcast_to", "repeat", "roll",
    )},
    **{name: joined(getattr(numpy, name)) for name in ("concatenate", "stack")},
    **reduced,
    "cumsum": running(add),
    "cumprod": running(multiply),
    "einsum": einsum,
    "matmul": matmul,
    "dot": matmul,
    "inner": lambda x, y: einsum({1: "i,i->", 2: "ij,kj->ik"}[cells_of(x).ndim], x, y),
    "outer": lambda x, y: einsum("i,j->ij", x, y),
    "take": lambda numbers, places, axis=0: wrap(cells_of(numbers)[(*[slice(None)] * axis, place(places))]),
}  # fmt: skip
