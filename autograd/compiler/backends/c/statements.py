"""The statements of C that run a graph: one for each step, and for a loop or a branch a block of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from autograd.compiler.backends.c.arrays import Bundle, Cells, Operand, index_sum
from autograd.compiler.backends.c.lines import GUARD_MARK, PART, Lines
from autograd.compiler.backends.c.liveness import Plan, Step
from autograd.compiler.backends.c.loops import write_loop
from autograd.compiler.backends.c.names import literal, numbers
from autograd.primitives.row import Primitive
from autograd.program.graph import (
    Branch,
    ConstantArray,
    Element,
    Gather,
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
    is_history,
    row_major,
)

_SPILLED = 8  # single variables from around a part that are handed to it one by one; more travel in the workspace


class Statements(Lines):
    """The text of a file, where each step of a graph becomes statements."""

    def graph(
        self, graph: Graph, inputs: Sequence[Operand | None], outputs: frozenset[int], states: int = 0
    ) -> list[Operand]:
        plan = self.live.plan(graph, outputs, states)
        constants = (self._constant(item, graph.inputs + i in plan.values) for i, item in enumerate(graph.constants))
        values: dict[int, Operand] = {
            value: item for value, item in enumerate((*inputs, *constants)) if item is not None and value in plan.values
        }
        weights = [_weight(step.operation) for step in plan.steps]
        if sum(weights) <= 2 * PART:
            for step in plan.steps:
                self._step(graph, step, values, {})
        else:
            self._in_parts(graph, plan, weights, values, outputs)
        return [values.get(output, "") for output in plan.outputs]

    def _constant(self, item: object, wanted: bool) -> Operand | None:
        if not wanted:
            return None
        if isinstance(item, ConstantArray):
            name = self.names.numbered("table")
            lines = "\n".join(numbers(item.numbers, "    ")) or "    0.0"
            self.tables.append(f"static const double {name}[{max(1, len(item.numbers))}] = {{\n{lines}\n}};\n")
            return Cells.packed(name, item.shape)
        return str(int(item)) if isinstance(item, bool) else literal(float(item))  # type: ignore[arg-type]  # a float

    def _in_parts(
        self, graph: Graph, plan: Plan, weights: Sequence[int], values: dict[int, Operand], outputs: frozenset[int]
    ) -> None:
        """The steps in functions of about PART each; what one makes and another takes stands in the workspace."""
        part_of, total, first = [], 0, plan.steps[0].results.start
        for weight in weights:
            part_of.append(total // PART)
            total += weight
        singles = [value for value in values if isinstance(values[value], str) and values[value] in self.declared]
        if len(singles) > _SPILLED:
            for value in singles:
                slot = f"{self.workspace}[{self.slots(1)}]"
                self.write(f"{slot} = {values[value]};")
                values[value] = slot
        maker = {result: part for step, part in zip(plan.steps, part_of) for result in step.results}
        root: dict[int, int] = {}  # the array whose memory a value has or reads
        for step in plan.steps:
            shared = step.in_place
            if isinstance(step.operation, View | Element) and graph.kinds[step.operands[0]] and not step.early:
                shared = ((step.results.start, step.operands[0]),)
            root.update((result, root.get(operand, operand)) for result, operand in shared)
        crossing: dict[int, int] = {}
        uses = [(operand, part) for step, part in zip(plan.steps, part_of) for operand in step.operands]
        for value, part in (*uses, *((plan.outputs[position], -1) for position in sorted(outputs))):
            value = root.get(value, value)
            kind = graph.kinds[value]
            if is_history(kind):
                continue  # it stands where all see it
            if value >= first and value in plan.values and maker[value] != part and value not in crossing:
                crossing[value] = self.slots(math.prod(kind) if kind else 1)
        for _, group in itertools.groupby(zip(plan.steps, part_of), key=lambda pair: pair[1]):
            steps = [step for step, _ in group]

            def write(steps: list[Step] = steps) -> None:
                for step in steps:
                    self._step(graph, step, values, crossing)

            self.part(write)
            for step in steps:
                for value in step.results:
                    if value in crossing:
                        values[value] = self._slot(graph.kinds[value], crossing[value])
                    elif value in dict(step.in_place):
                        values[value] = values[dict(step.in_place)[value]]
                    elif value in root and value in values:
                        values[value] = _taken(step.operation, values[step.operands[0]])

    def _slot(self, kind: Kind, place: int) -> Operand:
        if kind is None:
            return f"({self.workspace}[{place}] != 0.0)"
        return Cells.packed(self.workspace, kind, place) if kind else f"{self.workspace}[{place}]"

    def _step(self, graph: Graph, step: Step, values: dict[int, Operand], crossing: dict[int, int]) -> None:
        """Write one step, and store those of its results that other parts take."""
        operation, results = step.operation, step.results
        if isinstance(operation, Branch | Loop | Gather | View):  # these look for parts, or for some numbers only
            for operand in step.operands:
                array = values.get(operand)
                if operand in step.needed and isinstance(array, Bundle):
                    values[operand] = self.stored(array)
        operands = [values.get(operand, "") for operand in step.operands]
        if isinstance(operation, Guard):
            self.guards += 1
            failed = f"!{operands[0]}" if operation.outcome else operands[0]
            self.write(f"if ({failed}) {{", f"    {GUARD_MARK}return {self.guards};", "}")
            return
        if isinstance(operation, Primitive):
            text = self.rows.call(operation, [str(operand) for operand in operands])
            alias = text in operands
            made: list[Operand] = [text if alias else self.variable("int" if operation.predicate else "double", text)]
        elif isinstance(operation, Element) and step.early:
            made = [self.variable("double", str(_taken(operation, operands[0])))]
        elif isinstance(operation, View) and isinstance(operands[0], str):
            made = [self.stored(Bundle((operands[0],), ())).view(operation)]
        elif isinstance(operation, Element | View):
            made = [_taken(operation, operands[0])]
        elif isinstance(operation, Reshape):
            made = [self._reshaped(operands[0], operation.shape)]
        elif isinstance(operation, Gather):
            made = [self._gathered(operands[0], operands[1:])]
        elif isinstance(operation, Place | Scatter):
            whole = operands[0] if step.in_place else self._copy(operands[0])
            assert isinstance(whole, Cells)
            if isinstance(operation, Place):
                self.assign(whole.view(operation.view), operands[1])
            else:
                self._scatter(operation, whole, operands[1], operands[2:])
            made = [whole]
        elif isinstance(operation, Pack):
            made = [Bundle(tuple(str(operand) for operand in operands), operation.shape)]
        elif isinstance(operation, Branch):
            made = self._branch(operation, operands, step.wanted)
        else:
            assert isinstance(operation, Loop)
            own = [result - results.start for result, _ in step.in_place]
            made = write_loop(self, operation, operands, step.wanted, own)
        for index, value in enumerate(results):
            if index in step.wanted:
                values[value] = made[index]
                if value in crossing:
                    self._keep(made[index], crossing[value])
                    if graph.kinds[value]:  # what writes into it later writes into what is kept
                        values[value] = self._slot(graph.kinds[value], crossing[value])

    def _keep(self, operand: Operand, place: int) -> None:
        if isinstance(operand, str):
            self.write(f"{self.workspace}[{place}] = {operand};")
        else:
            self.stored(operand, place)

    def _copy(self, array: Operand) -> Cells:
        """The array in new memory, row by row."""
        assert not isinstance(array, str)
        copy = self.storage(array.shape)
        self.assign(copy, array)
        return copy

    def _reshaped(self, array: Operand, shape: tuple[int, ...]) -> Operand:
        """The numbers of an array in another shape; where it is stored row by row, without a copy."""
        if not isinstance(array, Cells):
            return Bundle((array,) if isinstance(array, str) else array.numbers, shape)
        if array.strides != row_major(array.shape):
            array = self._copy(array)
        return Cells.packed(array.base, shape, array.offset)

    def _gathered(self, array: Operand, indices: Sequence[Operand]) -> Operand:
        """The element at computed indices, or one nearby where they are beyond it; of an array of nothing nan."""
        assert isinstance(array, Cells)
        read = [0 not in array.shape and stride != 0 for stride in array.strides]
        self.write(*(f"(void){index};" for index, needed in zip(indices, read) if not needed))
        if 0 in array.shape:
            return self.variable("double", literal(math.nan))
        terms = []
        for index, length, stride, needed in zip(indices, array.shape, array.strides, read):
            if needed:
                self.helpers.add("place_within")
                terms.append((stride, f"place_within({index}, {length})"))
        return self.variable("double", f"{array.base}[{index_sum(array.offset, terms)}]")

    def _scatter(self, scatter: Scatter, array: Cells, number: Operand, indices: Sequence[Operand]) -> None:
        """Write a number at computed indices, or where they are beyond the array nothing."""
        self.helpers.add("is_place")
        inside = " && ".join(f"is_place({index}, {length})" for index, length in zip(indices, array.shape))
        place = index_sum(array.offset, [(s, f"(int64_t)({index})") for index, s in zip(indices, array.strides)])
        self.block(f"if ({inside})")
        self.write(f"{array.base}[{place}] {'+=' if scatter.adds else '='} {number};")
        self.end()

    def _branch(self, branch: Branch, operands: Sequence[Operand], wanted: tuple[int, ...]) -> list[Operand]:
        kinds = branch.results(())
        results = {index: self.result(kinds[index]) for index in wanted}
        for head, graph in ((f"if ({operands[0]})", branch.then), ("", branch.otherwise)):
            if head:
                self.block(head)
            made = self.graph(graph, operands[1:], frozenset(wanted))
            for index in wanted:
                self.assign(results[index], made[index])
            self.end("} else {" if head else "}")
            self._depth += 1 if head else 0
        return [results.get(index, "") for index in range(len(kinds))]


def _weight(operation: Operation) -> int:
    """The length of a step's text, in steps."""
    graphs = operation.graphs if isinstance(operation, Branch | Loop) else ()
    return 1 + sum(min(PART, graph.size) for graph in graphs)


def _taken(operation: Operation, array: Operand) -> Operand:
    """An element or a view of an array."""
    assert not isinstance(array, str)
    if isinstance(operation, Element):
        return array.at(operation.index)
    assert isinstance(operation, View)
    return array.view(operation)
