"""Which steps of a graph, and which results of them, something depends on: C compilers warn of all others.

And which arrays nothing reads any more, so that a step may write into their memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from autograd.compiler.backends.c.arrays import Bundle
from autograd.program.graph import (
    Branch,
    Element,
    Graph,
    Guard,
    Kind,
    Loop,
    Operation,
    Pack,
    Place,
    Reshape,
    Scatter,
    View,
)


@dataclass(frozen=True)
class Step:
    """A step that is needed.

    `wanted` says which of its results are, `needed` which values it takes for them, and `in_place` which of its results
    may have the memory of which operand. Where the step is `early`, what it reads may be overwritten later.
    """

    operation: Operation
    operands: tuple[int, ...]
    results: range
    wanted: tuple[int, ...]
    needed: frozenset[int]
    in_place: tuple[tuple[int, int], ...] = ()
    early: bool = False


@dataclass(frozen=True)
class Plan:
    """The steps of a graph that are needed, the values that they take, and the graph's outputs."""

    steps: tuple[Step, ...]
    values: frozenset[int]
    outputs: tuple[int, ...]

    def reads(self, position: int) -> bool:
        """Whether the input at this position is needed."""
        return position in self.values


class Liveness:
    """Plans for graphs, each made once."""

    def __init__(self) -> None:
        self._plans: dict[tuple[int, frozenset[int], int], Plan] = {}

    def plan(self, graph: Graph, outputs: frozenset[int], states: int = 0) -> Plan:
        """What the outputs at these positions, and the guards, need; the inputs 1 to `states` may be overwritten."""
        key = (id(graph), outputs, states)
        if key not in self._plans:
            self._plans[key] = self._planned(graph, outputs, states)
        return self._plans[key]

    def _planned(self, graph: Graph, outputs: frozenset[int], states: int) -> Plan:
        rewritten, outputs_of = _without_elements_of_packs(graph)
        live = {outputs_of[position] for position in outputs}
        steps = []
        for operation, operands, results in reversed(rewritten):
            wanted = tuple(index for index, result in enumerate(results) if result in live)
            if wanted or isinstance(operation, Guard):
                needed = frozenset(operands[i] for i in self._operands(operation, len(operands), wanted))
                live |= needed
                steps.append(Step(operation, operands, results, wanted, needed))
        kept = [outputs_of[position] for position in outputs]
        planned = _with_reuse(steps[::-1], graph.kinds, range(1, 1 + states), kept)
        return Plan(tuple(planned), frozenset(live), outputs_of)

    def _operands(self, operation: Operation, count: int, wanted: tuple[int, ...]) -> set[int]:
        """The positions of the operands that these results depend on."""
        if isinstance(operation, Branch):
            plans = [self.plan(graph, frozenset(wanted)) for graph in operation.graphs]
            return {0} | {i for i in range(1, count) if any(plan.reads(i - 1) for plan in plans)}
        if not isinstance(operation, Loop):
            return set(range(count))
        states, body, condition = self.loop(operation, wanted)
        first = int(operation.counted)
        shared = operation.carried + operation.sliced
        needed = {first + state for state in states} | ({0} if operation.counted else set())
        for i in range(operation.carried, count - first):
            in_condition = condition is not None and i >= shared and condition.reads(1 + i - operation.sliced)
            if body.reads(1 + i) or in_condition:
                needed.add(first + i)
        return needed

    def loop(self, loop: Loop, wanted: tuple[int, ...]) -> tuple[frozenset[int], Plan, Plan | None]:
        """The states that these results depend on, and the plans of the body and of the condition."""
        outputs = len(loop.body.outputs)
        terms = frozenset(index for index in wanted if loop.carried <= index < outputs)
        states = {index for index in wanted if index < loop.carried}
        if loop.save:
            states |= {index - outputs for index in wanted if outputs <= index < outputs + loop.carried}
        condition = None if loop.condition is None else self.plan(loop.condition, frozenset({0}))
        if condition is not None:
            states |= {state for state in range(loop.carried) if condition.reads(1 + state)}
        while True:
            body = self.plan(loop.body, terms | states, loop.carried)
            more = {state for state in range(loop.carried) if body.reads(1 + state)} | states
            if more == states:
                return frozenset(states), body, condition
            states = more


def _with_reuse(steps: list[Step], kinds: tuple[Kind, ...], own: Iterable[int], kept: list[int]) -> Iterator[Step]:
    """The steps, with what each may do in place: into an array of the graph's own that nothing else reads from then on.

    `own` are the inputs that are the graph's own, `kept` the values that are read after its last step.
    """
    own = set(own)  # arrays that have all of their memory for themselves
    root: dict[int, int] = {}  # of what shares memory with another array, the array that it is of
    for step in steps:
        if isinstance(step.operation, View | Reshape):
            root[step.results[0]] = root.get(step.operands[0], step.operands[0])
            if isinstance(step.operation, Reshape) and step.operands[0] in own:
                own.add(step.results[0])
        elif isinstance(step.operation, Branch | Loop | Place | Scatter):
            own |= set(step.results)
    chances = [[pair for pair in _replaced(step, kinds) if pair[1] in own] for step in steps]
    written = {root.get(operand, operand) for pairs in chances for _, operand in pairs}
    last_read: dict[int, int] = {}
    reads = [[root.get(operand, operand) for operand in step.operands if operand in step.needed] for step in steps]
    for index, read in enumerate([*reads, [root.get(value, value) for value in kept]]):
        last_read.update(dict.fromkeys(read, index))
    for index, (step, pairs, read) in enumerate(zip(steps, chances, reads)):
        roots = {operand: root.get(operand, operand) for _, operand in pairs}
        free = [pair for pair in pairs if last_read[roots[pair[1]]] == index and read.count(roots[pair[1]]) == 1]
        early = isinstance(step.operation, Element) and root.get(step.operands[0], step.operands[0]) in written
        yield replace(step, in_place=tuple(free), early=early)


def _replaced(step: Step, kinds: tuple[Kind, ...]) -> list[tuple[int, int]]:
    """The results of a step that are arrays like one of its operands with new numbers, each with that operand."""
    operation = step.operation
    if isinstance(operation, Place | Scatter):
        return [(step.results[0], step.operands[0])]
    if isinstance(operation, Loop):
        states = step.operands[operation.counted :][: operation.carried]
        return [(result, state) for result, state in zip(step.results, states) if kinds[state] and state in step.needed]
    return []


def _without_elements_of_packs(graph: Graph) -> tuple[list[tuple[Operation, tuple[int, ...], range]], tuple[int, ...]]:
    """The steps and the outputs with what was put into an array in place of what is taken out of it again."""
    same: dict[int, int] = {}
    packs: dict[int, tuple[int, ...]] = {}
    steps: list[tuple[Operation, tuple[int, ...], range]] = []
    for operation, operands, results in graph.steps():
        operands = tuple(same.get(operand, operand) for operand in operands)
        kind = graph.kinds[operands[0]] if operands else ()
        if isinstance(operation, View | Reshape | Place | Scatter) and 0 in (graph.kinds[results.start] or ()):
            operation, operands = Pack(graph.kinds[results.start] or ()), ()  # of nothing
        if isinstance(operation, View | Reshape) and operation.shape == ():  # one number
            if not kind:
                same[results.start] = operands[0]
                continue
            operation = Element(operation.starts if isinstance(operation, View) else (0,) * len(kind))
        if isinstance(operation, View | Reshape | Element) and operands[0] in packs:
            whole = Bundle(tuple(map(str, packs[operands[0]])), kind or ())
            if isinstance(operation, Element):
                same[results.start] = int(whole.at(operation.index))
                continue
            if math.prod(operation.shape) <= len(whole.numbers):  # else it repeats them
                taken = whole.numbers if isinstance(operation, Reshape) else whole.view(operation).numbers
                operation, operands = Pack(operation.shape), tuple(map(int, taken))
        if isinstance(operation, Pack):
            packs[results.start] = operands
        steps.append((operation, operands, results))
    return steps, tuple(same.get(output, output) for output in graph.outputs)
