"""Loops that carry or sum very many numbers, rewritten to carry or sum one array of them.

A number that goes round a loop is kept in a register, and LLVM's time grows faster than their count: with 7,200 of
them, the parameters and moments of a network of 2,400, a training step took 12.6 s to compile, and 6 to 7 s packed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd.program.graph import NUMBER, Branch, Element, Graph, Kind, Loop, Operation, Pack, View, results_of

MANY = 64  # numbers up to which they stay by themselves


class _Steps:
    """A graph under construction from another's inputs and constants."""

    def __init__(self, kinds: Sequence[Kind], constants: Graph) -> None:
        self.inputs = len(kinds)
        self.constants = constants.constants
        first = constants.inputs
        self.kinds: list[Kind] = [*kinds, *constants.kinds[first : first + len(self.constants)]]
        self.operations: list[Operation] = []
        self.operands: list[tuple[int, ...]] = []

    def add(self, operation: Operation, operands: Sequence[int]) -> list[int]:
        kinds = results_of(operation, tuple(self.kinds[operand] for operand in operands))
        first = len(self.kinds)
        self.kinds += kinds
        self.operations.append(operation)
        self.operands.append(tuple(operands))
        return list(range(first, len(self.kinds)))

    def copy(self, graph: Graph, inputs: Sequence[int]) -> list[int]:
        """The graph's steps on these inputs; returns what its outputs have become."""
        values = [*inputs, *range(self.inputs, self.inputs + len(self.constants))]
        for operation, operands in zip(graph.operations, graph.operands):
            taken = [values[operand] for operand in operands]
            if isinstance(operation, Loop):
                values += _loop(self, operation, taken)
            elif isinstance(operation, Branch):
                values += self.add(Branch(packed(operation.then), packed(operation.otherwise)), taken)
            else:
                values += self.add(operation, taken)
        return [values[output] for output in graph.outputs]

    def graph(self, outputs: Sequence[int]) -> Graph:
        return Graph(
            tuple(self.kinds), self.inputs, self.constants, tuple(self.operations), tuple(self.operands), tuple(outputs)
        )


def packed(graph: Graph) -> Graph:
    """The same program, with arrays in the place of more than `MANY` states or sums of a loop."""
    if not any(isinstance(operation, Loop | Branch) for operation in graph.operations):
        return graph
    steps = _Steps(graph.kinds[: graph.inputs], graph)
    return steps.graph(steps.copy(graph, list(range(graph.inputs))))


def _loop(steps: _Steps, loop: Loop, operands: list[int]) -> list[int]:
    """Add a loop with its states and sums packed; returns its results as they were."""
    body = loop.body
    first, carried, stacked = int(loop.counted), loop.carried, loop.stacked
    outputs = [body.kinds[output] for output in body.outputs]
    numbers = [i for i in range(carried) if body.kinds[1 + i] == NUMBER == outputs[i]]
    terms = [i for i in range(carried + stacked, len(outputs)) if outputs[i] == NUMBER]
    states = numbers if len(numbers) > MANY else []
    sums = terms if len(terms) > MANY else []
    condition = loop.condition
    if not states and not sums:
        new = replace(loop, body=packed(body), condition=None if condition is None else packed(condition))
        return steps.add(new, operands)
    rest = [i for i in range(carried) if i not in set(states)]
    others = [i for i in range(carried + stacked, len(outputs)) if i not in set(sums)]
    shape = (len(states),)
    start = [*([steps.add(Pack(shape), [operands[first + i] for i in states])[0]] if states else []),
             *(operands[first + i] for i in rest)]

    def unpacked(graph: Graph) -> tuple[_Steps, list[int]]:
        """The beginning of a body with the packed state, and the inputs as the old body takes them."""
        kinds = [graph.kinds[0], *([shape] if states else []), *(graph.kinds[1 + i] for i in rest)]
        inner = _Steps([*kinds, *graph.kinds[1 + carried : graph.inputs]], graph)
        place = {i: inner.add(Element((j,)), [1])[0] for j, i in enumerate(states)}
        place |= {i: 1 + bool(states) + j for j, i in enumerate(rest)}
        tail = range(len(kinds), inner.inputs)
        return inner, [0, *(place[i] for i in range(carried)), *tail]

    inner, inputs = unpacked(body)
    found = inner.copy(body, inputs)
    results = [*([inner.add(Pack(shape), [found[i] for i in states])[0]] if states else []), *(found[i] for i in rest),
               *found[carried : carried + stacked],
               *([inner.add(Pack((len(sums),)), [found[i] for i in sums])[0]] if sums else []),
               *(found[i] for i in others)]
    if condition is not None:
        test, taken = unpacked(condition)
        condition = test.graph(test.copy(condition, taken))
    new = replace(loop, body=inner.graph(results), condition=condition, carried=len(start))
    made = iter(steps.add(new, [*operands[:first], *start, *operands[first + carried :]]))
    value: dict[int, int] = {}

    def take(many: list[int], single: list[int]) -> None:
        if many:
            array = next(made)
            value.update({i: steps.add(Element((j,)), [array])[0] for j, i in enumerate(many)})
        value.update({i: next(made) for i in single})

    take(states, rest)
    value.update({i: next(made) for i in range(carried, carried + stacked)})
    take(sums, others)
    ordered = [value[i] for i in range(len(outputs))]
    if loop.save:
        shape_of_all = loop.stack(())
        saved: dict[int, int] = {}
        if states:
            array = next(made)
            for j, i in enumerate(states):
                view = View(shape_of_all, (0,), (1,), (0, j))
                saved[i] = steps.add(view, [array])[0]
        saved.update({i: next(made) for i in rest})
        ordered += [saved[i] for i in range(carried)]
    return [*ordered, *made]
