"""The reference backend: a graph run step by step in Python, with the table's own functions."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Sequence
from typing import Any

from autograd.primitives.row import Primitive
from autograd.primitives.summation import blocked_sum
from autograd.program.graph import (
    Branch,
    ConstantArray,
    Element,
    Graph,
    Guard,
    Kind,
    Loop,
    Pack,
    View,
    row_major,
)


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
        start = self.offset + position * self.strides[0]
        if isinstance(part, Array):
            self.numbers[start : start + self.strides[0]] = array("d", part.flat())
        else:
            self.numbers[start] = part

    def flat(self) -> list[float]:
        """The numbers in row-major order."""
        return [self.element(index) for index in itertools.product(*map(range, self.shape))]

    def view(self, view: View) -> Array:
        offset = self.offset + sum(start * stride for start, stride in zip(view.starts, self.strides))
        strides = tuple(step * self.strides[axis] for step, axis in zip(view.steps, view.axes))
        return Array(self.numbers, view.shape, strides, offset)


def run(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """The outputs for these inputs: floats, bools and `Array`s.

    Raises: `GuardFailed` where a guard meets another outcome than the recorded one.
    """
    constants = [
        Array(item.numbers, item.shape) if isinstance(item, ConstantArray) else item for item in graph.constants
    ]
    values: list[Any] = [*inputs, *constants]
    guards = 0
    for operation, operands in zip(graph.operations, graph.operands):
        arguments = [values[operand] for operand in operands]
        if type(operation) is Primitive:
            values.append(operation.evaluate(*arguments))
        elif type(operation) is Guard:
            if arguments[0] is not operation.outcome:
                raise GuardFailed(guards)
            guards += 1
        else:
            values.extend(perform(operation, arguments))
    return [values[output] for output in graph.outputs]


def perform(operation: Any, arguments: Sequence[Any]) -> list[Any]:
    """The results of one operation on floats, bools and Arrays."""
    if isinstance(operation, Primitive):
        return [operation.evaluate(*arguments)]
    if isinstance(operation, Element):
        return [arguments[0].element(operation.index)]
    if isinstance(operation, Pack):
        return [Array(array("d", arguments), operation.shape)]
    if isinstance(operation, View):
        return [arguments[0].view(operation)]
    if isinstance(operation, Branch):
        return run(operation.then if arguments[0] else operation.otherwise, arguments[1:])
    return _loop(operation, arguments)


def _loop(loop: Loop, arguments: Sequence[Any]) -> list[Any]:
    operands = iter(arguments)
    bound = math.inf if loop.length is None else loop.length
    count = min(next(operands), bound) if loop.counted else bound
    states = list(itertools.islice(operands, loop.carried))
    slices = list(itertools.islice(operands, loop.sliced))
    shared = list(operands)
    body = loop.body
    kinds: list[Kind] = [body.kinds[output] for output in body.outputs]
    stacks = [_stack(loop, kind) for kind in kinds[loop.carried : loop.carried + loop.stacked]]
    saved = [_stack(loop, kind) for kind in kinds[: loop.carried]] if loop.save else []
    terms: list[list[Any]] = [[] for _ in kinds[loop.carried + loop.stacked :]]
    trips = 0
    while trips < count:
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
    sums = [_total(column, kind) for column, kind in zip(terms, kinds[loop.carried + loop.stacked :])]
    return [*states, *stacks, *sums, *saved, *([float(trips)] if loop.condition is not None else [])]


def _stack(loop: Loop, kind: Kind) -> Array:
    assert loop.length is not None
    assert kind is not None
    return Array.zeros((loop.length, *kind))


def _total(column: list[Any], kind: Kind) -> Any:
    """The sum of numbers, or of arrays element by element; of none, -0.0, to which any number can be added."""
    if kind == ():
        return blocked_sum(column) if column else -0.0
    assert kind is not None
    if not column:
        return Array(array("d", [-0.0] * math.prod(kind)), kind)
    return Array(array("d", [blocked_sum(numbers) for numbers in zip(*(item.flat() for item in column))]), kind)
