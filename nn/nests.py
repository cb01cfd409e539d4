"""Nests of numbers, as losses, clipping and `minimize` take them: lists, tuples, dicts and arrays, of any depth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import ShapeError, array


def is_sequence(item: Any) -> bool:
    """Whether it is a list, a tuple, or an array with a first axis."""
    return isinstance(item, list | tuple) or getattr(item, "ndim", 0) > 0


def flatten(nest: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The numbers of a nest in order, and the function that builds such a nest of other numbers.

    >>> numbers, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> numbers, rebuild([4.0, 5.0, 6.0])
    ([1.0, 2.0, 3.0], {'w': [4.0, 5.0], 'b': 6.0})
    """
    numbers: list[Any] = []
    spec = _take_apart(nest, numbers)

    def rebuild(others: Sequence[Any]) -> Any:
        if len(others) != len(numbers):
            raise ShapeError(f"a nest of {len(numbers)} numbers is built of as many, not {len(others)}")
        return _put_together(spec, iter(others))

    return numbers, rebuild


def _take_apart(nest: Any, numbers: list[Any]) -> Any:
    """What the nest looks like; its numbers are appended to the list."""
    if isinstance(nest, dict):
        return dict, {key: _take_apart(child, numbers) for key, child in nest.items()}
    if isinstance(nest, list | tuple):
        return type(nest), [_take_apart(child, numbers) for child in nest]
    if is_sequence(nest):
        numbers.extend(nest.ravel().tolist())
        return "array", tuple(nest.shape)
    numbers.append(nest.item() if getattr(nest, "shape", None) == () else nest)
    return "number", None


def _put_together(spec: Any, numbers: Any) -> Any:
    kind, inside = spec
    if kind == "number":
        return next(numbers)
    if kind == "array":
        return array([next(numbers) for _ in range(math.prod(inside))]).reshape(inside)
    if kind is dict:
        return {key: _put_together(child, numbers) for key, child in inside.items()}
    items = [_put_together(child, numbers) for child in inside]
    return kind(*items) if hasattr(kind, "_fields") else kind(items)  # a named tuple takes its fields one by one


def pairwise(function: Callable[[Any, Any], Any], first: Any, second: Any, names: tuple[str, str]) -> Any:
    """`function` of each two numbers at the same place of two nests, in a nest of lists and dicts.

    Parameters: `names`, what an error calls the two. A list, a tuple and an array of the same length go together.

    Raises: `ShapeError` where they differ in length, in keys or in depth; it says where.

    >>> pairwise(lambda x, y: x - y, [5.0, [7.0]], (1.0, [2.0]), ("predictions", "targets"))
    [4.0, [5.0]]
    """
    return _pairwise(function, first, second, names, "")


def _pairwise(function: Callable[[Any, Any], Any], first: Any, second: Any, names: tuple[str, str], path: str) -> Any:
    where = f" at {path}" if path else ""
    if isinstance(first, dict) and isinstance(second, dict):
        if first.keys() != second.keys():
            raise ShapeError(f"the {names[0]}{where} have the keys {list(first)}, the {names[1]} {list(second)}")
        return {key: _pairwise(function, first[key], second[key], names, f"{path}[{key!r}]") for key in first}
    if is_sequence(first) and is_sequence(second):
        if len(first) != len(second):
            raise ShapeError(f"the number of {names[0]}{where} is {len(first)}, that of {names[1]} {len(second)}")
        return [
            _pairwise(function, one, other, names, f"{path}[{i}]")
            for i, (one, other) in enumerate(zip(listed(first), listed(second)))
        ]
    for item, others, name, other in ((first, second, *names), (second, first, *reversed(names))):
        if is_sequence(item) or isinstance(item, dict):
            what = f"{len(others)}" if is_sequence(others) else "a dict" if isinstance(others, dict) else "one"
            raise ShapeError(f"the number of {name}{where} is {len(item)}, that of {other} {what}")
    return function(first, second)


def listed(sequence: Any) -> Any:
    """The sequence, an array as nested lists."""
    return sequence if isinstance(sequence, list | tuple) else sequence.tolist()
