"""`vmap`: a function of one sample, applied to a batch of them; and the order in which a batch is summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ShapeError
from autograd.recorded import as_number
from autograd.trees import Structure, array, flatten, require_same


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0, reduce: str | None = None) -> Callable[..., Any]:
    """The function that applies f to each sample of a batch.

    Parameters
    - `in_axes`: the axis of the samples, for all arguments or a tuple with one entry for each; None for an argument
      that every sample shares. In an array it is any axis; a list of numbers, nested or not, is a batch along its
      first. Tuples, dicts, and lists that hold arrays are gone into, and an entry may be a nest that matches;
    - `out_axes`: the axis along which results are stacked;
    - `reduce`: "sum" or "mean" to return that of the results over the batch, instead of all of them.

    Returns arrays where an argument held one, else lists. Keyword arguments are batches along their first axis. A sum
    is taken in blocks of 1,024 samples, with eight running sums in each, so that its bits do not depend on how many
    lanes or threads compute it.

    Raises, when called: `ShapeError` where batches differ in length, or are empty.

    >>> vmap(lambda x, y: x * y, in_axes=(0, None))([1.0, 2.0, 3.0], 10.0)
    [10.0, 20.0, 30.0]
    >>> vmap(lambda x: x * x, reduce="mean")([1.0, 2.0, 3.0])
    4.666666666666667
    """
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f"reduce is None, 'sum' or 'mean', not {reduce!r}")

    def batched(*args: Any, **kwargs: Any) -> Any:
        axes = tuple(in_axes) if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ShapeError(f"in_axes has {len(axes)} entries, but the function was called with {len(args)} arguments")
        lengths = {length for arg, axis in zip((*args, kwargs), (*axes, 0)) for length in _lengths(arg, axis)}
        if len(lengths) != 1 or 0 in lengths:
            raise ShapeError(f"vmap needs batches of one length from 1 up; these are {sorted(lengths) or 'none'}")
        (length,) = lengths
        results = [
            flatten(f(*(_sample(arg, axis, i) for arg, axis in zip(args, axes)), **_sample(kwargs, 0, i)))
            for i in range(length)
        ]
        results = [([as_number(number) for number in numbers], structure) for numbers, structure in results]
        structure = results[0][1]
        for _, other in results:
            require_same(structure, other, "each sample's result")
        columns = list(zip(*(numbers for numbers, _ in results)))
        if reduce is not None:
            totals = [blocked_sum(column) for column in columns]
            return structure.unflatten([total / length for total in totals] if reduce == "mean" else totals)
        as_array = any(shape is not None for shape in structure.shapes + flatten(args)[1].shapes)
        return _stack(columns, structure, length, out_axes, as_array)

    return batched


def blocked_sum(numbers: Sequence[Any]) -> Any:
    """The sum in the one order that every path of the engine uses, whatever its lanes and threads.

    Blocks of 1,024 numbers are added from left to right. In a block eight running sums take every eighth number each,
    and are then added in pairs: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
    """
    total: Any = None
    for start in range(0, len(numbers), 1024):
        lanes: list[Any] = [None] * 8
        for i, number in enumerate(numbers[start : start + 1024]):
            lanes[i % 8] = _sum_of(lanes[i % 8], number)
        quarters = [_sum_of(lanes[i], lanes[i + 4]) for i in range(4)]
        block = _sum_of(_sum_of(quarters[0], quarters[2]), _sum_of(quarters[1], quarters[3]))
        total = _sum_of(total, block)
    return total


def _sum_of(a: Any, b: Any) -> Any:
    """a + b, where None is no number at all."""
    return b if a is None else a if b is None else a + b


def _holds_array(nest: Any) -> bool:
    return any(shape is not None for shape in flatten(nest)[1].shapes)


def _children(argument: Any, axis: Any) -> list[tuple[Any, Any]] | None:
    """The parts of an argument that is gone into, each with its axis; None where it is a batch by itself."""
    if isinstance(argument, dict):
        return [(child, axis[key] if isinstance(axis, dict) else axis) for key, child in argument.items()]
    if isinstance(argument, tuple) or (isinstance(argument, list) and _holds_array(argument)):
        return list(zip(argument, axis if isinstance(axis, tuple | list) else [axis] * len(argument)))
    return None


def _lengths(argument: Any, axis: Any) -> list[int]:
    """The lengths of all batches in an argument."""
    if axis is None:
        return []
    children = _children(argument, axis)
    if children is not None:
        return [length for child, child_axis in children for length in _lengths(child, child_axis)]
    if isinstance(argument, list):
        return [len(argument)]
    if getattr(argument, "ndim", 0) > 0:
        return [argument.shape[axis]]
    raise ShapeError(f"vmap maps over arrays and lists; {argument!r:.60} is one number: give it None in in_axes")


def _sample(argument: Any, axis: Any, i: int) -> Any:
    if axis is None:
        return argument
    children = _children(argument, axis)
    if children is not None:
        items = [_sample(child, child_axis, i) for child, child_axis in children]
        if isinstance(argument, dict):
            return dict(zip(argument, items))
        return type(argument)(*items) if hasattr(argument, "_fields") else type(argument)(items)
    if isinstance(argument, list):
        return argument[i]
    sample = argument.take(i, axis)
    return sample.item() if getattr(sample, "ndim", None) == 0 else sample


def _stack(columns: list[tuple[Any, ...]], structure: Structure, length: int, axis: int, as_array: bool) -> Any:
    if not as_array:
        return structure.build([list(column) for column in columns])
    blocks, start = [], 0
    for shape, size in zip(structure.shapes, structure.sizes):
        numbers = [number for sample in zip(*columns[start : start + size]) for number in sample]
        stacked = array(numbers, (length, *(shape or ())))
        blocks.append(stacked if axis == 0 else stacked.transpose(_moved(stacked.ndim, axis)))
        start += size
    return structure.build(blocks)


def _moved(dimensions: int, axis: int) -> list[int]:
    """The order of axes that puts the first one at `axis`."""
    order = list(range(1, dimensions))
    order.insert(axis if axis >= 0 else axis + dimensions, 0)
    return order
