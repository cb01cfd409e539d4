"""A graph as instructions: its steps in order, each on values that are written already."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.backends.llvm.memory import copy, without_gaps
from autograd.compiler.backends.llvm.rows import Rows, expanded, has_expansion
from autograd.compiler.backends.llvm.text import (
    UNREAD,
    Array,
    Function,
    Item,
    Number,
    Tuple,
    constant,
    contiguous,
    lanes_of,
)
from autograd.primitives.row import Primitive
from autograd.program.graph import (
    Branch,
    ConstantArray,
    Element,
    Graph,
    Guard,
    Kind,
    Loop,
    Operation,
    Pack,
    Reshape,
    View,
)
from autograd.program.overwriting import last_takers

NO_TARGETS: Mapping[int, Any] = {}

# (writer, function, step, operands, memory) to the step's results; (writer, function, graph, inputs, targets) to its
# outputs.
WriteStep = Callable[["Writer", Function, Any, list[Any], Sequence[Array | None]], list[Item]]
WriteGraph = Callable[["Writer", Function, Graph, Sequence[Item], Mapping[int, Any]], list[Item]]


class Workspace:
    """Memory for what a run computes, in doubles: a place for each thing, known while the program is written."""

    def __init__(self) -> None:
        self.size = 0
        self.free: dict[int, list[int]] = {1: [], 8: [], 16: []}  # places to use again, by lanes

    def reserve(self, count: int) -> int:
        if count >= 8:
            self.size = -(-self.size // 8) * 8
        place, self.size = self.size, self.size + count
        return place


class Writer:
    """Writes a program: its functions, its constants, and the plan of its memory.

    `limit` is the number of steps from which a graph is split into functions; None where the program is one function.
    `others` writes the steps on arrays and those that own graphs, by their kind, and `split` a graph as several
    functions; what is inside they write through this writer.
    """

    def __init__(
        self, rows: Rows, limit: int | None, threads: int, header: int, width: int,
        others: Mapping[type, WriteStep], split: WriteGraph,
    ) -> None:  # fmt: skip
        self.rows, self.limit, self.threads = rows, limit, threads
        self.others, self.split = others, split
        self.width = width  # the lanes of a batch
        self.header = header  # the size of a frame up to its workspace
        self.parts = 0
        self.functions: list[str] = []
        self.globals: dict[ConstantArray, str] = {}
        self.work = Workspace()
        self.in_kernel = False
        self.kernel_work: list[int] = []  # the size of each kernel's workspace
        self.parallel = header - 1  # the place in the frame of the function that shares blocks among threads
        self.budget = header - 2  # that of how many bytes more histories may take
        self.histories: list[tuple[int, str, list[int]]] = []  # of each loop: their place, and their sizes by name
        self.guards = 0
        self.weights: dict[int, int] = {}
        self.last_takers: dict[int, frozenset[tuple[int, int]]] = {}
        self.read: dict[int, frozenset[int]] = {}

    # Functions

    def next_part(self) -> int:
        self.parts += 1
        return self.parts

    def add_part(self, function: Function) -> None:
        """A part of a graph, which returns the number of the guard that failed, or -1."""
        head = f"define internal i64 @{function.name}(ptr %frame, ptr %work) {{"
        self.functions.append("\n".join([head, "entry:", *function.lines, "  ret i64 -1", "}"]))

    def add_kernel(self, function: Function) -> None:
        """A range of the blocks of a batch; its workspace is a thread's own."""
        head = f"define void @{function.name}(ptr %frame, ptr %work, i64 %first, i64 %last) {{"
        main = f"  %main = getelementptr double, ptr %frame, i64 {self.header}"
        self.functions.append("\n".join([head, "entry:", main, *function.lines, "  ret void", "}"]))

    # What a graph costs

    def weight(self, graph: Graph) -> int:
        """The number of steps, those of bodies and expansions included."""
        known = self.weights.get(id(graph))
        if known is None:
            known = self.weights[id(graph)] = sum(map(self.step_weight, graph.operations))
        return known

    def step_weight(self, operation: Operation) -> int:
        if isinstance(operation, Primitive):
            return self.row_weight(operation)
        if isinstance(operation, Loop | Branch):
            weights = map(self.weight, operation.graphs)
            if self.limit is None:
                return 5 + sum(weights)
            return 5 + sum(weight if weight <= self.limit else 5 for weight in weights)
        return 1

    def row_weight(self, row: Primitive) -> int:
        if not has_expansion(row):
            return 1
        known = self.weights.get(id(row))
        if known is None:
            known = self.weights[id(row)] = sum(self.row_weight(step) for step, _ in expanded(row)[0])
        return known

    # Values

    def constants(self, graph: Graph) -> list[Item]:
        return [
            self.constant_array(item) if isinstance(item, ConstantArray) else constant(item)
            for item in graph.constants
        ]

    def constant_array(self, item: ConstantArray) -> Array:
        name = self.globals.setdefault(item, f"@constant{len(self.globals)}")
        return replace(contiguous(name, 0, item.shape), constant=True)

    def slot(self, shape: tuple[int, ...], lanes: int) -> Array:
        """Memory for an array."""
        return contiguous("%work", self.work.reserve(math.prod(shape) * lanes), shape, lanes)

    def in_memory(self, function: Function, item: Item) -> Item:
        """The same, an array in memory."""
        if not isinstance(item, Tuple):
            return item
        slot = self.slot(item.shape, lanes_of(item))
        copy(function, item, slot)
        return slot

    def small(self, kind: Kind) -> bool:
        """Whether an array of this shape is better kept as numbers at hand, which then live in registers."""
        return bool(kind) and self.limit is None and math.prod(kind or ()) <= 16

    # Steps

    def graph(
        self, function: Function, graph: Graph, inputs: Sequence[Item], targets: Mapping[int, Any] = NO_TARGETS
    ) -> list[Item]:
        """Write a graph, and return its outputs.

        `targets` are values which an output's memory waits for, with the output's place in the frame, or with that
        memory, which is not made use of where the graph is split.
        """
        if self.limit is not None and self.weight(graph) > self.limit:
            return self.split(self, function, graph, inputs, {
                value: place for value, place in targets.items() if isinstance(place, int)
            })  # fmt: skip
        values = [*inputs, *self.constants(graph)]
        apply = self.rows.apply
        for operation, operands, results in graph.steps():
            taken: list[Any] = [values[operand] for operand in operands]
            if type(operation) is Primitive:
                values.append(apply(function, operation, taken))
            else:
                values += self.step(function, graph, operation, taken, results, targets)
        return [values[output] for output in graph.outputs]

    def step(
        self, function: Function, graph: Graph, operation: Operation, taken: list[Any], results: range,
        targets: Mapping[int, Any],
    ) -> list[Item]:  # fmt: skip
        """Write one step, and return its results."""
        if isinstance(operation, Primitive):
            return [self.rows.apply(function, operation, taken)]
        if isinstance(operation, Guard):
            self._guard(function, taken[0], operation.outcome)
            return []
        memory = [
            target(function, place, graph.kinds[value]) if isinstance(place := targets.get(value), int) else place
            for value in results
        ]
        if isinstance(operation, Loop) and operation.save:
            first, read = len(operation.body.outputs), self._read(graph)
            for place in range(first, first + operation.carried):
                memory[place] = memory[place] if results[place] in read else UNREAD
        if isinstance(operation, Pack):
            return [self._pack(function, taken, operation.shape, memory[0])]
        write = self.others[type(operation)]
        if isinstance(operation, Element | View | Reshape):
            return write(self, function, operation, taken, memory)
        found = self.last_takers.get(id(graph))
        if found is None:
            found = self.last_takers[id(graph)] = last_takers(graph)
        if isinstance(operation, Loop) and operation.batch:
            found = frozenset()  # a sample writes nowhere but in its own parts of the results
        given = [
            item if (results.start, place) in found else with_own(item, False) for place, item in enumerate(taken)
        ]
        return [with_own(item, True) for item in write(self, function, operation, given, memory)]

    def _read(self, graph: Graph) -> frozenset[int]:
        """The values that anything reads."""
        if id(graph) not in self.read:
            self.read[id(graph)] = frozenset(graph.outputs).union(*graph.operands)
        return self.read[id(graph)]

    def _pack(
        self, function: Function, numbers: Sequence[Number], shape: tuple[int, ...], memory: Array | None
    ) -> Item:
        item = Tuple(tuple(numbers), shape)
        if memory is None and (self.limit is None and len(numbers) <= 64):
            return item
        if memory is None:
            memory = self.slot(shape, lanes_of(item))
        copy(function, item, memory)
        return with_own(memory, True)

    def _guard(self, function: Function, operand: Number, outcome: bool) -> None:
        """Leave with the guard's number where the operand has another outcome."""
        failed, held = function.label(), function.label()
        labels = (held, failed) if outcome else (failed, held)
        function.choose(function.truth(operand, 1), *labels)
        function.open(failed)
        function.line(f"ret i64 {self.guards}")
        function.open(held)
        self.guards += 1


def with_own(item: Item, own: bool) -> Item:
    return replace(item, own=own) if isinstance(item, Array) and item.own != own else item


def writable(writer: Writer, function: Function, item: Array | Tuple, lanes: int, memory: Array | None) -> Array:
    """The array itself where it may be written to, else a copy."""
    if isinstance(item, Array) and item.own and without_gaps(item) == lanes:
        return item
    target = memory or replace(writer.slot(item.shape, lanes), own=True)
    copy(function, item, target)
    return target


def target(function: Function, place: int, kind: Kind) -> Array:
    """The memory that the caller gave for an output, whose address stands at this place of the frame."""
    assert kind
    pointer = function.value(f"load ptr, ptr {function.address('%frame', place)}, align 8")
    return replace(contiguous(pointer, 0, kind), place=place, own=True)
