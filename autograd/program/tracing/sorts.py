"""Whole numbers and truths in a recording, where all are floats: what NumPy computes of them, and its sort."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.engine.value import Value
from autograd.primitives import table
from autograd.primitives.row import is_array
from autograd.program.tracing.traced import Predicate, Traced


def sort_of(item: Any) -> type:
    """What NumPy would have of a node, a number or an array: float, int or bool."""
    if isinstance(item, Value):
        return item.sort if isinstance(item, Traced) else float
    if is_array(item) and item.dtype == object:
        return sort_of(item.node) if hasattr(item, "node") else joined(map(sort_of, item.ravel().tolist()))
    if isinstance(item, list | tuple):
        return joined(map(sort_of, item))
    if hasattr(item, "dtype"):
        return _SORTS.get(item.dtype.kind, float)
    return type(item) if type(item) in (bool, int) else float


_SORTS: dict[str, type] = {"b": bool, "i": int, "u": int}


def joined(sorts: Iterable[type]) -> type:
    """The sort of what is one or the other of these."""
    found = set(sorts)
    return float if float in found or not found else int if int in found else bool


def of_sort(node: Any, sort: type) -> Any:
    """The same number or array as one of this sort: whole numbers are known to be such, truths are what is not 0."""
    if not isinstance(node, Traced):
        return sort(node)
    node = node.itself
    if node.sort is sort:
        return node
    if sort is bool:
        return table.not_equal(node, 0.0)
    return sorted_as(table.where(node, 1.0, 0.0) if isinstance(node, Predicate) else node, sort)


def sorted_as(node: Traced, sort: type) -> Traced:
    """A copy of a node that is no predicate, of another sort."""
    copy: Traced = node.trace.append(table.identity, (node,), node.kind, sort)
    return copy


def assigned(node: Any, sort: type) -> Any:
    """A number or an array as it is written into an array of this sort.

    Raises: `TypeError` for a Value that would lose its derivative and what stands behind the point.
    """
    if sort is int and sort_of(node) is float and isinstance(node, Value):
        raise TypeError("an array of whole numbers takes no float that is computed: make it one of floats by astype")
    return node if sort is float else of_sort(node, sort)


def as_numpy(ufunc: Any, name: str, meaning: Callable[..., Any], sorts: Sequence[type]) -> Callable[..., Any]:
    """What a ufunc means for operands of these sorts, as NumPy has it.

    Raises: NumPy's `TypeError` where it has no meaning, as a difference of truths.
    """
    results = (float,) if float in sorts else _sorts_of_results(ufunc, tuple(sorts))
    if int in results:
        return lambda *operands: of_whole_numbers(name, meaning, operands)
    return (lambda *operands: of_sort(meaning(*operands), bool)) if bool in results else meaning


@functools.cache
def _sorts_of_results(ufunc: Any, sorts: tuple[type, ...]) -> tuple[type, ...]:
    dtypes = ufunc.resolve_dtypes((*map(sys.modules["numpy"].dtype, sorts), *[None] * ufunc.nout))
    return tuple([_SORTS.get(dtype.kind, float) for dtype in dtypes[ufunc.nin :]])


def of_whole_numbers(name: str, meaning: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """What a ufunc gives of whole numbers: exactly, never -0.0, and 0 for a quotient and a remainder by 0.

    A power whose exponent is computed stays a float, for it need not be whole.
    """
    x, y = operands[0], operands[-1]
    if name == "negative":
        return of_sort(table.subtract(0.0, x), int)
    if name == "reciprocal":
        return of_sort(table.where(table.equal(table.absolute(x), 1.0), x, 0.0), int)
    if name == "power":
        if sort_of(y) is bool:
            return of_sort(table.where(y, x, 1.0), int)
        return _power(x, y) if type(y) is int and y >= 0 else meaning(x, y)
    result = meaning(*operands)
    results = result if isinstance(result, tuple) else (result,)
    if name in _DIVISIONS and not _is_known(y):
        results = tuple([table.where(table.equal(y, 0.0), 0.0, item) for item in results])
    if name in ("multiply", *_DIVISIONS) and x is not y and not any(_is_known(item) and item > 0 for item in (x, y)):
        results = tuple([item + 0.0 for item in results])
    found = tuple([of_sort(item, int) for item in results])
    return found if isinstance(result, tuple) else found[0]


_DIVISIONS = ("floor_divide", "remainder", "fmod", "divmod")


def _is_known(item: Any) -> bool:
    """Whether an operand is a number that is not 0."""
    return not isinstance(item, Value) and item != 0


def _power(x: Any, exponent: int) -> Any:
    """By products, which are exact."""
    result: Any = 1.0 + 0.0 * x if exponent == 0 else x
    for digit in f"{exponent:b}"[1:]:
        result = result * result
        result = result * x + 0.0 if digit == "1" else result
    return of_sort(result, int)
