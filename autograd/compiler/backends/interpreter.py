"""The reference backend: a graph run step by step in Python, with the table's own functions."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

from autograd.errors import FULL_HISTORY, HistoryLimitError
from autograd.primitives.row import Primitive
from autograd.primitives.summation import blocked_sum
from autograd.program.graph import (
    Branch,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Guard,
    Kind,
    Loop,
    Pack,
    Place,
    Positions,
    Reshape,
    Scatter,
    Sum,
    View,
    row_major,
)

# Where somebody asks what is wrong with an index of a run, until when it may take.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


# The bytes that the histories of a loop may take.
_limit: ContextVar[float] = ContextVar("limit", default=math.inf)


@contextmanager
def limited(history_limit: float) -> Iterator[None]:
    """In a `with`: no loop may leave more bytes than these for its derivative, or `HistoryLimitError` is raised."""
    token = _limit.set(history_limit)
    try:
        yield
    finally:
        _limit.reset(token)


class _Misplaced(Exception):
    """An index that is none, in words; or that there was no time to find one."""


def misplaced(graph: Graph, inputs: Sequence[Any], seconds: float) -> str:
    """What is wrong with the first index of a run that is no place in its array; "" where none is found in time."""
    token = _deadline.set(monotonic() + seconds)
    try:
        run(graph, inputs)
    except _Misplaced as found:
        return str(found)
    except Exception:  # of a function of the user's
        pass
    finally:
        _deadline.reset(token)
    return ""


class GuardFailed(Exception):
    """A predicate had another outcome than the one recorded; `guard` is its number, counted from 0."""

    def __init__(self, guard: int) -> None:
        self.guard = guard


class Array:
    """Numbers in memory, seen through a shape: element (i, j) stands at offset + i · strides[0] + j · strides[1]."""

    __slots__ = ("numbers", "offset", "shape", "strides")

    def __init__(
        self, numbers: Any, shape: tuple[int, ...], strides: tuple[int, ...] | None = None, offset: int = 0
    ) -> None:
        self.numbers, self.shape, self.offset = numbers, shape, offset
        self.strides = row_major(shape) if strides is None else strides

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Array:
        return cls(array("d", bytes(8 * math.prod(shape))), shape)

    def element(self, index: tuple[int, ...]) -> float:
        return float(self.numbers[self.offset + sum(i * stride for i, stride in zip(index, self.strides))])

    def part(self, position: int) -> Any:
        """What stands at a position of the first axis: an array, or a number where there is no other axis."""
        offset = self.offset + position * self.strides[0]
        if len(self.shape) == 1:
            return float(self.numbers[offset])
        return Array(self.numbers, self.shape[1:], self.strides[1:], offset)

    def put(self, position: int, part: Any) -> None:
        """Write what stands at a position of the first axis, or comes after its last one."""
        start = self.offset + position * self.strides[0]
        self.numbers[start : start + self.strides[0]] = _packed(part)

    def places(self) -> Sequence[int]:
        """Where the elements stand in memory, in row-major order."""
        if self.strides == row_major(self.shape):
            return range(self.offset, self.offset + math.prod(self.shape))
        places = [self.offset]
        for length, stride in zip(self.shape, self.strides):
            steps = [i * stride for i in range(length)]
            places = [place + step for place in places for step in steps]
        return places

    def packed(self) -> array[float]:
        """The numbers in row-major order, in memory of their own."""
        places = self.places()
        if isinstance(places, range):
            return array("d", self.numbers[places.start : places.stop].tobytes())
        return array("d", [self.numbers[place] for place in places])

    def flat(self) -> list[float]:
        """The numbers in row-major order."""
        return self.packed().tolist()

    def view(self, view: View) -> Array:
        offset = self.offset + sum(start * stride for start, stride in zip(view.starts, self.strides))
        strides = tuple(0 if axis < 0 else step * self.strides[axis] for step, axis in zip(view.steps, view.axes))
        return Array(self.numbers, view.shape, strides, offset)


def run(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """The outputs for these inputs: floats, bools and `Array`s.

    Raises: `GuardFailed` where a guard meets another outcome than the recorded one.
    """
    constants = [
        Array(item.numbers, item.shape) if isinstance(item, ConstantArray) else item for item in graph.constants
    ]
    values: list[Any] = [*inputs, *constants]
    kinds, value_of = graph.kinds, values.__getitem__
    guards = 0
    for operation, operands in zip(graph.operations, graph.operands):
        if type(operation) is Primitive and not kinds[len(values)]:
            values.append(operation.evaluate(*map(value_of, operands)))
        elif type(operation) is Guard:
            if values[operands[0]] is not operation.outcome:
                raise GuardFailed(guards)
            guards += 1
        else:
            values.extend(perform(operation, [*map(value_of, operands)]))
    return [values[output] for output in graph.outputs]


def perform(operation: Any, arguments: Sequence[Any]) -> list[Any]:
    """The results of one operation on floats, bools and Arrays."""
    if isinstance(operation, Primitive):
        return [_row(operation, arguments)]
    if isinstance(operation, Element):
        return [arguments[0].element(operation.index)]
    if isinstance(operation, Pack):
        return [Array(array("d", arguments), operation.shape)]
    if isinstance(operation, View):
        whole = arguments[0] if isinstance(arguments[0], Array) else Array(array("d", arguments), ())
        view = whole.view(operation)
        return [view if view.shape else view.element(())]
    if isinstance(operation, Place):
        return [_place(operation.view, *arguments)]
    if isinstance(operation, Reshape):
        return [_made(_packed(arguments[0]), operation.shape)]
    if isinstance(operation, Positions):
        shape, axis = operation.shape, operation.axis
        return [Array(array("d", range(shape[axis])), shape, tuple(int(i == axis) for i in range(len(shape))))]
    if isinstance(operation, Sum):
        return [_sum(arguments[0], operation.axis)]
    if isinstance(operation, Gather):
        return [_gather(*arguments)]
    if isinstance(operation, Scatter):
        return [_scatter(operation.adds, *arguments)]
    if isinstance(operation, Branch):
        return run(operation.then if arguments[0] else operation.otherwise, arguments[1:])
    return _loop(operation, arguments)


def _packed(item: Any) -> array[float]:
    return item.packed() if isinstance(item, Array) else array("d", [item])


def _made(numbers: array[float], shape: tuple[int, ...]) -> Any:
    """An array, or where it has no axes its number."""
    return Array(numbers, shape) if shape else numbers[0]


def _row(row: Primitive, arguments: Sequence[Any]) -> Any:
    """A row of the table, on numbers, or on the elements of arrays of one shape and numbers."""
    shape = next((item.shape for item in arguments if isinstance(item, Array)), None)
    if shape is None:
        return row.evaluate(*arguments)
    columns = [item.flat() if isinstance(item, Array) else itertools.repeat(item) for item in arguments]
    return Array(array("d", map(row.evaluate, *columns)), shape)


def _place(view: View, whole: Array, part: Any) -> Array:
    result = Array(whole.packed(), whole.shape)
    for place, number in zip(result.view(view).places(), _packed(part)):
        result.numbers[place] = number
    return result


def _sum(item: Array, axis: int) -> Any:
    """The sums along an axis; of nothing 0.0."""
    length, inner = item.shape[axis], math.prod(item.shape[axis + 1 :])
    outer = math.prod(item.shape[:axis])
    numbers, size = item.flat(), length * inner
    rows = (numbers[i * size + j : (i + 1) * size : inner] for i in range(outer) for j in range(inner))
    sums = array("d", [blocked_sum(row) if row else 0.0 for row in rows])
    return _made(sums, item.shape[:axis] + item.shape[axis + 1 :])


def _gather(whole: Array, *indices: Any) -> Any:
    """The elements at these places, each index brought into its axis; of an array of nothing nan."""
    shape = indices[0].shape if isinstance(indices[0], Array) else ()
    places: Iterator[Any] = zip(*map(_packed, indices))
    if _deadline.get() is not None:
        places = iter([_checked(place, whole.shape) for place in places])
    if 0 in whole.shape:
        return _made(array("d", [math.nan for _ in places]), shape)
    found = (
        whole.element(tuple(int(min(max(0.0, index), length - 1)) for index, length in zip(place, whole.shape)))
        for place in places
    )
    return _made(array("d", found), shape)


def _checked(place: Sequence[float], shape: tuple[int, ...]) -> Sequence[float]:
    """A place in an array. Raises: `_Misplaced` where it is none."""
    for axis, (index, length) in enumerate(zip(place, shape)):
        shown = index if index >= 0.0 else index - length  # as it was before it was counted from the end
        if index % 1.0:
            raise _Misplaced(f"index {shown:.17g} for axis {axis} with length {length} is no whole number")
        if not 0.0 <= index < length:
            raise _Misplaced(f"index {shown:.17g} is out of bounds for axis {axis} with length {length}")
    return place


def _scatter(adds: bool, whole: Array, part: Any, *indices: Any) -> Array:
    """The array with these elements replaced, or added to, one after the other, but for those beyond it."""
    result = Array(whole.packed(), whole.shape)
    for number, *place in zip(_packed(part), *map(_packed, indices)):
        if _deadline.get() is not None:
            _checked(place, whole.shape)
        if all(0.0 <= index < length and index % 1.0 == 0.0 for index, length in zip(place, whole.shape)):
            at = sum(int(index) * stride for index, stride in zip(place, result.strides))
            result.numbers[at] = result.numbers[at] + number if adds else number
    return result


def _loop(loop: Loop, arguments: Sequence[Any]) -> list[Any]:
    operands = iter(arguments)
    bound = math.inf if loop.length is None else loop.length
    count = min(next(operands), bound) if loop.counted else bound
    states = list(itertools.islice(operands, loop.carried))
    slices = list(itertools.islice(operands, loop.sliced))
    shared = list(operands)
    body = loop.body
    kinds: list[Kind] = [body.kinds[output] for output in body.outputs]
    parts = [*kinds[loop.carried : loop.carried + loop.stacked], *(kinds[: loop.carried] if loop.save else [])]
    most = _most_trips(parts) if loop.free else math.inf
    if loop.condition is None and count > most:
        raise HistoryLimitError(FULL_HISTORY.format(_limit.get()))
    # Of a loop with a condition the histories grow as it runs.
    known = 0 if loop.condition is not None or not parts or not count > 0.0 else math.ceil(count)
    arrays = [_stack(known, kind) for kind in parts]
    stacks, saved = arrays[: loop.stacked], arrays[loop.stacked :]
    terms: list[list[Any]] = [[] for _ in kinds[loop.carried + loop.stacked :]]
    trips = 0
    deadline = _deadline.get()
    while trips < count:
        if trips >= most:
            raise HistoryLimitError(FULL_HISTORY.format(_limit.get()))
        if deadline is not None and monotonic() > deadline:
            raise _Misplaced("")
        position = int(count) - 1 - trips if loop.reverse else trips
        if loop.condition is not None and not run(loop.condition, [float(position), *states, *shared])[0]:
            break
        for stack, state in zip(saved, states):
            stack.put(position, state)
        outputs = run(body, [float(position), *states, *(item.part(position) for item in slices), *shared])
        states = outputs[: loop.carried]
        for stack, part in zip(stacks, outputs[loop.carried :]):
            stack.put(position, part)
        for column, term in zip(terms, outputs[loop.carried + loop.stacked :]):
            column.append(term)
        trips += 1
    if loop.condition is not None:
        for stack in arrays:
            stack.shape = (trips, *stack.shape[1:])
    sums = [_total(column, kind) for column, kind in zip(terms, kinds[loop.carried + loop.stacked :])]
    return [*states, *stacks, *sums, *saved, *([float(trips)] if loop.condition is not None else [])]


def _most_trips(parts: Sequence[Kind]) -> float:
    """Of how many trips the histories are within their limit."""
    return _limit.get() / (8 * sum(math.prod(kind or ()) for kind in parts) or 1) if parts else math.inf


def _stack(length: int, kind: Kind) -> Array:
    assert kind is not None
    return Array.zeros((length, *kind))


def _total(column: list[Any], kind: Kind) -> Any:
    """The sum of numbers, or of arrays element by element; of none, -0.0, to which any number can be added."""
    if kind == ():
        return blocked_sum(column) if column else -0.0
    assert kind is not None
    if not column:
        return Array(array("d", [-0.0] * math.prod(kind)), kind)
    return Array(array("d", [blocked_sum(numbers) for numbers in zip(*(item.flat() for item in column))]), kind)
