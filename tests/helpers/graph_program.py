"""Graphs by hand, for the tests of backends."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import product
from typing import Any

from autograd.compiler.backends import interpreter
from autograd.program.graph import (
    NUMBER,
    PREDICATE,
    ConstantArray,
    Element,
    Graph,
    Kind,
    Loop,
    Operation,
    Scatter,
    is_history,
    repeating,
    results_of,
)


class Program:
    """A graph in the making: a value is its number, as in the graph."""

    def __init__(self, *inputs: Kind, constants: Sequence[Any] = ()) -> None:
        self.inputs, self.constants = len(inputs), tuple(constants)
        self.kinds: list[Kind] = [*inputs, *map(_kind, constants)]
        self.operations: list[Operation] = []
        self.operands: list[tuple[int, ...]] = []

    def __call__(self, operation: Operation, *operands: int) -> Any:
        """Add a step; its result, or a tuple of its results where it has another number than one."""
        first = len(self.kinds)
        self.kinds += results_of(operation, tuple(self.kinds[operand] for operand in operands))
        self.operations.append(operation)
        self.operands.append(operands)
        results = tuple(range(first, len(self.kinds)))
        return results[0] if len(results) == 1 else results

    def all_of(self, loop: Loop, *operands: int) -> list[int]:
        """Add a loop; its results, with arrays in the place of histories: zeros stand where no trip came."""
        results = self(loop, *operands)
        results = results if isinstance(results, tuple) else (results,)
        trips = operands[0] if loop.condition is None else results[-1]
        return [self._spread(one, trips, loop.length) if is_history(self.kinds[one]) else one for one in results]

    def _spread(self, history: int, trips: int, bound: int | None) -> int:
        length = bound or 64
        part = (self.kinds[history] or ())[1:]
        body = Program(NUMBER, (length, *part), part, constants=[float(i) for i in range(max(part, default=0))])
        array = 1
        for index in product(*map(range, part)):
            number = body(Element(index), 2) if part else 2
            array = body(Scatter(False), array, number, 0, *(3 + i for i in index))
        zero = self(Element((0,)), self(Loop(Program(NUMBER).graph(0), 1, stacked=1)))
        zeros = self(repeating((), (length, *part)), zero)
        spread: int = self(Loop(body.graph(array), bound, carried=1, sliced=1, counted=True), trips, zeros, history)
        return spread

    def graph(self, *outputs: int) -> Graph:
        return Graph(
            tuple(self.kinds), self.inputs, self.constants, tuple(self.operations), tuple(self.operands), outputs
        )


def _kind(constant: Any) -> Kind:
    if isinstance(constant, ConstantArray):
        return constant.shape
    return PREDICATE if isinstance(constant, bool) else NUMBER


def flat(outputs: Sequence[Any]) -> list[Any]:
    """Outputs, with arrays as lists in row-major order."""
    return [output.flat() if isinstance(output, interpreter.Array) else output for output in outputs]


def arguments(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """Inputs of a graph, from lists in row-major order for its arrays."""
    return [interpreter.Array(array("d", item), kind) if kind else item for item, kind in zip(inputs, graph.kinds)]
