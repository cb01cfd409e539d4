"""A graph under construction, in which equal steps are one."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from autograd.primitives import table
from autograd.primitives.row import Primitive
from autograd.program.graph import (
    PREDICATE,
    ConstantArray,
    Graph,
    Kind,
    Loop,
    Operation,
    kind_of_row,
    repeating,
    results_of,
)


class Preserves(Enum):
    """What a rewriting keeps of a graph: the derivatives of every order with the values, or the values alone."""

    DERIVATIVES = "derivatives"
    VALUES = "values"


@dataclass(slots=True)
class Step:
    """A step under construction; its operands and results are values of a builder."""

    operation: Operation
    operands: tuple[Any, ...]
    results: list[int]


class Constant:
    """A constant under construction: one object for each."""

    __slots__ = ("item", "order")

    item: Any

    def __init__(self, item: Any, order: int) -> None:
        self.item, self.order = item, order


class Builder:
    """A graph under construction. A value is a whole number, or a constant; operands are made before they are used."""

    def __init__(self, graph: Graph, preserves: Preserves = Preserves.DERIVATIVES) -> None:
        self.preserves = preserves
        self.kinds: list[Kind] = list(graph.kinds[: graph.inputs])
        self.inputs = graph.inputs
        self.steps: list[Step] = []
        self.constants: dict[Any, Constant] = {}
        self.made: dict[int, Step] = {}
        self.known: dict[Any, list[Any]] = {}

    def constant(self, item: Any) -> Constant:
        key = struct.pack("d", item) if type(item) is float else item
        found = self.constants.get(key)
        if found is None:
            found = self.constants[key] = Constant(item, ~len(self.constants))
        return found

    def kind(self, value: Any) -> Kind:
        if isinstance(value, Constant):
            item = value.item
            return item.shape if isinstance(item, ConstantArray) else PREDICATE if type(item) is bool else ()
        kind: Kind = self.kinds[value]
        return kind

    def add(self, operation: Operation, operands: tuple[Any, ...]) -> list[Any]:
        """The results of a step, which is made where there is none like it."""
        key: Any = (operation, *operands)
        if type(operation) is Primitive:
            if operation in _COMMUTATIVE and _order(operands[0]) > _order(operands[1]):
                key = (operation, operands[1], operands[0])
        elif type(operation) is Loop:
            key = (replace(operation, save=False), *operands)
        known = self.known.get(key)
        if known is not None:
            if type(operation) is Loop:
                return self._of_known_loop(operation, self.made[known[0]])
            return known
        results: list[Any] = self.place(operation, operands)
        if results:  # two guards that are alike stay two: each has its number
            self.known[key] = results
        return results

    def spread(self, number: Any, shape: Kind) -> Any:
        """The array that holds one number everywhere."""
        assert shape is not None
        return self.add(repeating((), shape), (number,))[0]

    def place(self, operation: Operation, operands: tuple[Any, ...]) -> list[int]:
        """The results of a new step."""
        if type(operation) is Primitive:
            results = [len(self.kinds)]
            self.kinds.append(kind_of_row(operation, map(self.kind, operands)))
        else:
            results = self._values(results_of(operation, tuple(self.kind(operand) for operand in operands)))
        step = Step(operation, operands, results)
        self.steps.append(step)
        for value in results:
            self.made[value] = step
        return results

    def _values(self, kinds: Iterable[Kind]) -> list[int]:
        first = len(self.kinds)
        self.kinds.extend(kinds)
        return list(range(first, len(self.kinds)))

    def _of_known_loop(self, operation: Loop, step: Step) -> list[Any]:
        """The results of a loop that was made before, perhaps without saving its states."""
        known = step.operation
        assert isinstance(known, Loop)
        trips = int(operation.condition is not None)
        end = len(step.results) - trips
        if operation.save and not known.save:
            step.operation = operation
            kinds = results_of(operation, tuple(self.kind(operand) for operand in step.operands))
            step.results[end:end] = self._values(kinds[end : end + operation.carried])
        elif known.save and not operation.save:
            last = len(step.results)
            return step.results[: last - trips - operation.carried] + step.results[last - trips :]
        return step.results

    def graph(self, outputs: Sequence[Any]) -> Graph:
        """The finished graph."""
        number: dict[Any, int] = {value: value for value in range(self.inputs)}
        constants: list[Any] = []
        for operand in (*(operand for step in self.steps for operand in step.operands), *outputs):
            if isinstance(operand, Constant) and operand not in number:
                number[operand] = self.inputs + len(constants)
                constants.append(operand)
        kinds = [*self.kinds[: self.inputs], *map(self.kind, constants)]
        for step in self.steps:
            for value in step.results:
                number[value] = len(kinds)
                kinds.append(self.kinds[value])
        return Graph(
            tuple(kinds), self.inputs, tuple(constant.item for constant in constants),
            tuple(step.operation for step in self.steps),
            tuple(tuple(number[operand] for operand in step.operands) for step in self.steps),
            tuple(number[output] for output in outputs),
        )


def _order(value: Any) -> int:
    order: int = value.order if isinstance(value, Constant) else value
    return order


_COMMUTATIVE = {
    table.add, table.multiply, table.equal, table.not_equal, table.logical_and,
    table.logical_or,
}
