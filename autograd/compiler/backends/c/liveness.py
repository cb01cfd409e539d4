"""Which steps of a graph, and which results of them, something depends on: C compilers warn of all others."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.compiler.backends.c.arrays import Bundle
from autograd.program.graph import Branch, Element, Graph, Guard, Loop, Operation, Pack, View


@dataclass(frozen=True)
class Step:
    """A step that is needed: `wanted` says which of its results are, `needed` which values it takes for them."""

    operation: Operation
    operands: tuple[int, ...]
    results: range
    wanted: tuple[int, ...]
    needed: frozenset[int]


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
        self._plans: dict[tuple[int, frozenset[int]], Plan] = {}

    def plan(self, graph: Graph, outputs: frozenset[int]) -> Plan:
        """What the outputs at these positions, and the guards, need."""
        key = (id(graph), outputs)
        if key not in self._plans:
            self._plans[key] = self._planned(graph, outputs)
        return self._plans[key]

    def _planned(self, graph: Graph, outputs: frozenset[int]) -> Plan:
        rewritten, outputs_of = _without_elements_of_packs(graph)
        live = {outputs_of[position] for position in outputs}
        steps = []
        for operation, operands, results in reversed(rewritten):
            wanted = tuple(index for index, result in enumerate(results) if result in live)
            if wanted or isinstance(operation, Guard):
                needed = frozenset(operands[i] for i in self._operands(operation, len(operands), wanted))
                live |= needed
                steps.append(Step(operation, operands, results, wanted, needed))
        return Plan(tuple(reversed(steps)), frozenset(live), outputs_of)

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
            body = self.plan(loop.body, terms | states)
            more = {state for state in range(loop.carried) if body.reads(1 + state)} | states
            if more == states:
                return frozenset(states), body, condition
            states = more


def _without_elements_of_packs(graph: Graph) -> tuple[list[tuple[Operation, tuple[int, ...], range]], tuple[int, ...]]:
    """The steps and the outputs with what was put into an array in place of what is taken out of it again."""
    same: dict[int, int] = {}
    packs: dict[int, tuple[int, ...]] = {}
    steps: list[tuple[Operation, tuple[int, ...], range]] = []
    for operation, operands, results in graph.steps():
        operands = tuple(same.get(operand, operand) for operand in operands)
        if isinstance(operation, View | Element) and operands[0] in packs:
            numbers = packs[operands[0]]
            whole = Bundle(tuple(map(str, numbers)), graph.kinds[operands[0]] or ())
            if isinstance(operation, Element):
                same[results.start] = int(whole.at(operation.index))
                continue
            view = whole.view(operation)
            operation, operands = Pack(view.shape), tuple(map(int, view.numbers))
        if isinstance(operation, Pack):
            packs[results.start] = operands
        steps.append((operation, operands, results))
    return steps, tuple(same.get(output, output) for output in graph.outputs)
