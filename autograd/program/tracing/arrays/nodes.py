"""From nodes to what a function sees of them, and the node of what it gives."""

from __future__ import annotations

import math
import sys
from itertools import product
from typing import Any

from autograd.arrays import array as value_arrays
from autograd.engine.value import Value
from autograd.errors import ShapeError
from autograd.primitives.row import MOST_COUNTED, is_array, plain, real
from autograd.program.graph import View, row_major
from autograd.program.nests import flatten
from autograd.program.tracing.arrays import whole
from autograd.program.tracing.arrays.seen import is_recorded, made
from autograd.program.tracing.sorts import of_sort, sort_of
from autograd.program.tracing.structured import as_number as number_of
from autograd.program.tracing.traced import Traced, kind_of


def shown(node: Any) -> Any:
    """A node as a function sees it: a number, or an array; nested lists of numbers without NumPy."""
    shape = kind_of(node)
    if not shape:
        return node
    return made(shape, row_major(shape), own=node) if "numpy" in sys.modules else listed(node)


def listed(node: Any) -> Any:
    """An array as nested lists of numbers."""
    shape = whole.shape_of(node)
    if not shape:
        return node
    rest = len(shape) - 1
    rows = (View(shape[1:], tuple(range(1, rest + 1)), (1,) * rest, (i, *[0] * rest)) for i in range(shape[0]))
    return [listed(whole.view(node, row)) for row in rows]


def numbers_in(node: Any) -> list[Any]:
    """The numbers of an array in row-major order, or the number itself."""
    return [whole.element(node, index) for index in product(*map(range, whole.shape_of(node)))]


def elements_of(item: Any) -> Any:
    """An array as NumPy's, of the numbers' nodes."""
    numbers = sys.modules["numpy"].empty(math.prod(item.shape), dtype=object)
    numbers[:] = numbers_in(node_of(item))
    return value_arrays.view_of(numbers.reshape(item.shape))


def node_of(item: Any) -> Any:
    """A number, an array, or nested lists of numbers as a node; a number by itself as it is."""
    if is_recorded(item):
        return item.node
    if is_array(item):
        if item.dtype.kind in "biuf":
            return whole.constant(item.astype(float), item.shape, sort_of(item)) if item.ndim else _number(item)
        numbers = [number_of(number) for number in item.ravel().tolist()]
        return of_sort(whole.pack(numbers, item.shape), sort_of(item)) if item.ndim else numbers[0]
    if isinstance(item, list | tuple):
        return of_sort(whole.pack(*_flat(item)), sort_of(item))
    if isinstance(item, Traced):
        return item.itself
    return item if isinstance(item, Value) else _number(item)


def _number(item: Any) -> Any:
    """A real number as Python's own: whole numbers as far as floats count every one, and truths, stay such."""
    number, sort = real(item), sort_of(item)
    return sort(number) if sort is bool or abs(number) <= MOST_COUNTED else number


def packed(item: Any, axis: int = 0) -> Any:
    """An array, or nested lists of numbers, as a node, with `axis` before the others."""
    node = node_of(item)
    shape = whole.shape_of(node)
    return whole.moved(node, axis % len(shape), 0) if shape else node


def _flat(item: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The numbers of nested lists and arrays in row-major order, and the shape."""
    if is_array(item):
        item = item.tolist()
    if isinstance(item, list | tuple):
        rows = [_flat(child) for child in item]
        if not rows or any(shape != rows[0][1] for _, shape in rows):
            raise ShapeError("nested lists must have one length at each depth, from 1 up, to be a batch")
        return [number for row, _ in rows for number in row], (len(rows), *rows[0][1])
    return [number_of(item)], ()


def recorded_array(item: Any) -> Any:
    """An array as one of the recording; of a number an array of the recording without axes."""
    if is_recorded(item):
        return item
    node = node_of(item)
    if whole.shape_of(node):
        return shown(node)
    return value_arrays.view_of(plain(node)) if isinstance(node, Value) else item


def holds_array(nest: Any) -> bool:
    """Whether a nest holds an array."""
    return any(shape is not None for shape in flatten(nest)[1].shapes)


def as_number(item: Any) -> Any:
    """What a body returns, as a node or a number of Python's own."""
    return node_of(item) if is_array(item) or isinstance(item, Value) else _number(item)
