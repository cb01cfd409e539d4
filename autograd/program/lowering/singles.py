"""Steps that belong to no batch, and small arrays number by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from autograd.primitives.row import Primitive
from autograd.program.graph import (
    Branch,
    Element,
    Gather,
    Graph,
    Loop,
    Pack,
    Place,
    Positions,
    Reshape,
    Scatter,
    Sum,
    View,
    place_of,
)
from autograd.program.lowering.plan import Plan, Step
from autograd.program.simplify import Preserves
from autograd.program.simplify.arrays import by_numbers
from autograd.program.simplify.builder import Builder, Constant
from autograd.program.simplify.rewriting import row_of


class Lowering:
    """The graph that is being made of a plan; `inside` lowers the graphs of loops and branches, in other lanes where
    they are given.
    """

    def __init__(self, plan: Plan, inside: Callable[..., Graph]) -> None:
        self.plan, self.inside = plan, inside
        self.kind, self.shape, self.maker = plan.kind, plan.shape, plan.maker
        self.builder = Builder(plan.graph, Preserves.VALUES)
        constants = map(self.builder.constant, plan.graph.constants)
        self.values: dict[int, Any] = dict(enumerate([*range(plan.graph.inputs), *constants]))
        self.lists: dict[int, list[Any]] = {}  # of small arrays, the numbers

    def array(self, value: int) -> Any:
        """A value as one of the graph that is being made."""
        found = self.values.get(value)
        if found is None:
            shape = self.shape(value)
            if value in self.lists:
                found = self.builder.add(Pack(shape), tuple(self.lists[value]))[0]
            else:
                maker = self.maker[value]
                assert isinstance(maker.operation, View), maker.operation
                found = self.builder.add(maker.operation, (self.array(maker.operands[0]),))[0]
            self.values[value] = found
        return found

    def numbers(self, value: int) -> list[Any]:
        """The numbers of a small array, in row-major order."""
        found = self.lists.get(value)
        if found is None:
            indices = product(*map(range, self.shape(value)))
            found = self.lists[value] = [self.element(value, index) for index in indices]
        return found

    def element(self, value: int, index: tuple[int, ...]) -> Any:
        shape = self.shape(value)
        if not shape:
            return self.array(value)
        known = self.lists.get(value)
        if known is not None:
            return known[place_of(index, shape)]
        maker = self.maker.get(value)
        if maker is not None and isinstance(maker.operation, View):
            return self.element(maker.operands[0], maker.operation.origin(index))
        array = self.array(value)
        if isinstance(array, Constant):
            return self.builder.constant(array.item.numbers[place_of(index, shape)])
        return self.builder.add(Element(index), (array,))[0]

    def single(self, step: Step) -> None:
        """Make a step that belongs to no batch."""
        operation, operands, results = step.operation, step.operands, step.results
        if isinstance(operation, View):
            return
        kind = self.kind(results[0]) if results else ()
        if isinstance(operation, Primitive) and not kind:
            self.values[results[0]] = row_of(self.builder, operation, tuple([self.array(v) for v in operands]))
        elif isinstance(operation, Element):
            self.values[results[0]] = self.element(operands[0], operation.index)
        elif isinstance(operation, Pack) and self.plan.is_small(results[0]):
            self.lists[results[0]] = [self.array(v) for v in operands]
        elif (
            isinstance(operation, Primitive | Positions | Sum)
            or (kind and isinstance(operation, Gather))
            or (isinstance(operation, Reshape | Place) and self.plan.is_small(results[0]))
        ):
            self._by_numbers(operation, operands, results[0])
        elif isinstance(operation, Scatter) and self.kind(operands[1]):
            self.values[results[0]] = self._scatter(operation, operands)
        else:
            if isinstance(operation, Loop | Branch):
                operation = operation.with_graphs(self.inside)
            made = self.builder.add(operation, tuple([self.array(v) for v in operands]))
            self.values.update(zip(results, made))

    def _by_numbers(self, operation: Any, operands: Sequence[int], result: int) -> None:
        """A step on small arrays, number by number."""
        shape, builder = self.shape(result), self.builder
        if isinstance(operation, Gather):
            array, *places = operands
            found = [self._gathered(array, row) for row in zip(*[self.numbers(v) for v in places])]
        else:
            shapes = [self.shape(v) for v in operands]
            found = by_numbers(builder, operation, shapes, shape, lambda i, index: self.element(operands[i], index))
        if shape:
            self.lists[result] = found
        else:
            self.values[result] = found[0]

    def _gathered(self, array: int, places: tuple[Any, ...]) -> Any:
        """One element at a place that is computed, or known."""
        known = [item.item for item in places if isinstance(item, Constant)]
        if len(known) == len(places) and all(0.0 <= i < n for i, n in zip(known, self.shape(array))):
            return self.element(array, tuple(map(int, known)))
        return self.builder.add(Gather(), (self.array(array), *places))[0]

    def _scatter(self, operation: Scatter, operands: Sequence[int]) -> Any:
        """Elements at many places, one after the other; of more than one axis row by row."""
        array, builder, (length, *rest) = self.array(operands[0]), self.builder, self.shape(operands[1])
        if self.plan.is_small(operands[1]):
            for row in zip(*[self.numbers(v) for v in operands[1:]]):
                array = builder.add(operation, (array, *row))[0]
            return array
        positions = [self.plan.positions(v) for v in operands[1:]]
        slices = [v for v, axis in zip(operands[1:], positions) if axis is None]
        kinds = ((), self.kind(operands[0]), *[tuple(rest)] * len(slices))
        body = Builder(replace(self.plan.graph, kinds=kinds, inputs=len(kinds)), Preserves.VALUES)
        parts = iter(range(2, len(kinds)))
        taken = [next(parts) if axis is None else position_in(body, tuple(rest), axis) for axis in positions]
        graph = self.inside(body.graph([body.add(operation, (1, *taken))[0]]))
        loop = Loop(graph, length, carried=1, sliced=len(slices))
        return builder.add(loop, (array, *map(self.array, slices)))[0]


def position_in(body: Builder, rest: tuple[int, ...], axis: int) -> Any:
    """In the body of a loop, its part of an array of the positions along an axis; the loop goes along the first."""
    if axis:
        return body.add(Positions(rest, axis - 1), ())[0]
    return body.spread(0, rest) if rest else 0
