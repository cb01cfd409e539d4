"""`vmap`: a function of one sample, applied to a batch of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.recording import current
from autograd.errors import ShapeError
from autograd.primitives.row import MOST_COUNTED, alike
from autograd.primitives.summation import blocked_sum
from autograd.program.nests import Structure, array, flatten, require_same, with_our_arrays
from autograd.program.tracing import structured
from autograd.program.tracing.arrays import as_number, holds_array, listed, packed, shown, whole


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

    @functools.wraps(f, updated=())
    def batched(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = with_our_arrays((args, kwargs))
        axes = tuple(in_axes) if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ShapeError(f"in_axes has {len(axes)} entries, but the function was called with {len(args)} arguments")
        lengths = {length for arg, axis in zip((*args, kwargs), (*axes, 0)) for length in _lengths(arg, axis)}
        if len(lengths) != 1 or 0 in lengths:
            raise ShapeError(f"vmap needs batches of one length from 1 up; these are {sorted(lengths) or 'none'}")
        (length,) = lengths
        if current().trace is not None:
            return _recorded(f, args, kwargs, axes, length, out_axes, reduce)
        results = [
            flatten(f(*(_sample(arg, axis, _at(i)) for arg, axis in zip(args, axes)), **_sample(kwargs, 0, _at(i))))
            for i in range(length)
        ]
        results = [([*map(as_number, numbers)], structure) for numbers, structure in results]
        structure = results[0][1]
        for _, other in results:
            require_same(structure, other, "each sample's result")
        columns = list(zip(*(numbers for numbers, _ in results)))
        if reduce is not None:
            totals = [_total(column) for column in columns]
            return structure.unflatten([total / length for total in totals] if reduce == "mean" else totals)
        as_array = any(shape is not None for shape in structure.shapes) or holds_array(args)
        return stacked(columns, structure, length, out_axes, as_array)

    return batched


def _recorded(
    f: Callable[..., Any], args: Any, kwargs: Any, axes: Any, length: int, out_axes: int, reduce: str | None
) -> Any:
    """The batch as one step of a function that is being compiled."""
    arrays: list[Any] = []
    for argument, axis in zip((*args, kwargs), (*axes, 0)):
        _sample(argument, axis, lambda batch, along: arrays.append(packed(batch, along)))
    found: list[Structure] = []

    def step(_: Any, __: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        pieces = iter(parts)
        given = zip((*args, kwargs), (*axes, 0))
        sample = [_sample(item, axis, lambda *_: shown(next(pieces))) for item, axis in given]
        numbers, structure = flatten(f(*sample[:-1], **sample[-1]))
        if found:
            require_same(found[0], structure, "each sample's result")
        found[:] = [structure]
        if reduce is not None:
            return [], [], [*map(as_number, numbers)]
        return [], [*map(as_number, numbers)], []

    _, stacks, sums, _ = structured.loop(step, length, slices=arrays)
    structure = found[0]
    if reduce is not None:
        return structure.unflatten([shown(total / length if reduce == "mean" else total) for total in sums])
    as_array = any(shape is not None for shape in structure.shapes) or holds_array(args)
    if not as_array:
        return structure.build([listed(stack) for stack in stacks])
    dimensions = [len(whole.shape_of(stack)) for stack in stacks]
    moved = [whole.transposed(stack, _moved(n, out_axes)) for stack, n in zip(stacks, dimensions)]
    return structure.build([*map(shown, moved)])


def _children(argument: Any, axis: Any) -> list[tuple[Any, Any]] | None:
    """The parts of an argument that is gone into, each with its axis; None where it is a batch by itself."""
    if isinstance(argument, dict):
        return [(child, axis[key] if isinstance(axis, dict) else axis) for key, child in argument.items()]
    if isinstance(argument, tuple) or (isinstance(argument, list) and holds_array(argument)):
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
        if not -argument.ndim <= axis < argument.ndim:
            raise ShapeError(f"in_axes names the axis {axis} of an array of shape {argument.shape}")
        return [argument.shape[axis]]
    raise ShapeError(f"vmap maps over arrays and lists; {argument!r:.60} is one number: give it None in in_axes")


def _sample(argument: Any, axis: Any, part: Callable[[Any, Any], Any]) -> Any:
    """One sample's argument, where `part` takes its part of a batch along an axis."""
    if axis is None:
        return argument
    children = _children(argument, axis)
    if children is not None:
        items = [_sample(child, child_axis, part) for child, child_axis in children]
        if isinstance(argument, dict):
            return dict(zip(argument, items))
        return type(argument)(*items) if hasattr(argument, "_fields") else type(argument)(items)
    return part(argument, 0 if isinstance(argument, list) else axis)


def _at(i: int) -> Callable[[Any, Any], Any]:
    """What takes the i-th part of a batch."""

    def part(batch: Any, axis: int) -> Any:
        if isinstance(batch, list):
            return batch[i]
        return as_element(batch.take(i, axis))

    return part


def as_element(item: Any) -> Any:
    """An element of an array as Python's own number; a truth as NumPy's, for Python's `~True` is -2."""
    return item.item() if getattr(item, "ndim", None) == 0 and item.dtype != bool else item


def _total(column: Sequence[Any]) -> Any:
    """The sum of numbers in the order of batches; of truths their count."""
    counted = all(type(number) in (bool, int) for number in column)
    total = blocked_sum([float(number) for number in column] if counted else column)
    return int(total) if counted and abs(total) <= MOST_COUNTED else total


def stacked(columns: list[tuple[Any, ...]], structure: Structure, length: int, axis: int, as_array: bool) -> Any:
    """The nest of the samples' results, each number in a column of its own, along a new axis."""
    if not as_array:
        return structure.build([list(alike(column)) for column in columns])
    blocks, start = [], 0
    for shape, size in zip(structure.shapes, structure.sizes):
        numbers = [number for sample in zip(*columns[start : start + size]) for number in sample]
        stacked = array(numbers, (length, *(shape or ())))
        blocks.append(stacked.transpose(_moved(stacked.ndim, axis)))
        start += size
    return structure.build(blocks)


def _moved(dimensions: int, axis: int) -> list[int]:
    """The order of axes that puts the first one at `axis`."""
    if not -dimensions <= axis < dimensions:
        raise ShapeError(f"out_axes={axis}, but a result has {dimensions} axes with that of the batch")
    order = list(range(1, dimensions))
    order.insert(axis if axis >= 0 else axis + dimensions, 0)
    return order
