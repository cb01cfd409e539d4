"""Graphs by hand, for the tests of backends."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from autograd.compiler.backends import interpreter
from autograd.program.graph import NUMBER, PREDICATE, ConstantArray, Graph, Kind, Operation, results_of


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
