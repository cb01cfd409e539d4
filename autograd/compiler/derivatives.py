"""What compiled code computed, as Values: where it closes over Values, through which a derivative may pass.

What was recorded is differentiated, and the function is not called again: whatever it found when it was recorded, a
number, a way through an `if`, a random number, is what its derivatives are of, at every order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

from autograd.compiler.backends.interpreter import GuardFailed
from autograd.compiler.calling import CallFailed, is_of_numbers, program_of
from autograd.engine.recording import current, tracing_apart
from autograd.engine.value import Value
from autograd.errors import HistoryLimitError, TraceError
from autograd.primitives.row import TABLE, Primitive, is_array
from autograd.primitives.table import not_equal
from autograd.program.graph import NUMBER, Branch, ConstantArray, Graph, Loop
from autograd.program.nests import array
from autograd.program.simplify import Preserves, simplify
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.arrays import as_number, node_of, numbers_in
from autograd.program.tracing.arrays.derivatives import with_flag
from autograd.program.tracing.checkpoints import MOST_SPLITS
from autograd.program.tracing.memory import Memory
from autograd.program.tracing.structured import replay
from autograd.program.tracing.trace import Trace
from autograd.program.tracing.traced import place_operands
from autograd.transforms.joint import Joint, numbers_of
from autograd.transforms.recorded import Recorded, unit
from autograd.transforms.rerunning import hashed


class Differentiable:
    """A graph that is differentiated with respect to its last inputs, which are numbers; `fixed` are before them.

    Its derivatives are such graphs in turn, so that there is one of every order. Each is recorded and compiled when it
    is first asked for.
    """

    def __init__(
        self, graph: Graph, fixed: int, options: tuple[Any, ...], source: Differentiable | None = None,
        ways: tuple[bool, ...] = (), splits: int = 0,
    ) -> None:  # fmt: skip
        self.graph, self.fixed, self.options = graph, fixed, options
        # That of the values, the ways (forward?) from it to this one, and how often their loops are split.
        self.source, self.ways, self.splits = source or self, ways, splits
        self._running = self  # or the same with its loops split more often
        self.operands = graph.inputs - fixed
        self.results = sum(math.prod(graph.kinds[output] or ()) for output in graph.outputs)

    @cached_property
    def reverse(self) -> Differentiable:
        """From seeds, each with whether it counts, the derivatives with respect to the operands of Σ seed · result.

        Each is followed by whether it is there.
        """
        return self._derivative(False, self.splits)

    @cached_property
    def forward(self) -> Differentiable:
        """From seeds, each with whether it counts, the derivatives of the results along the seeds of the operands."""
        return self._derivative(True, self.splits)

    def _derivative(self, forward: bool, splits: int) -> Differentiable:
        trace = Trace(memory=Memory(self.options[-1], splits))
        count = self.operands if forward else self.results
        try:
            with tracing_apart(trace):
                blocks = [trace.input(kind) for kind in self.graph.kinds[: self.fixed]]
                counted, seeds, operands = (
                    [trace.input(NUMBER) for _ in range(size)] for size in (count, count, self.operands)
                )
                recorded = Recorded(
                    lambda: [*chain.from_iterable(map(numbers_in, replay(self.graph, [*blocks, *operands])))],
                    (), closures=operands,
                )  # fmt: skip
                along = [Maybe(seed, not_equal(counts, 0.0)) for seed, counts in zip(seeds, counted)]
                if forward:
                    found = recorded.push(along, None, settle=False)
                else:
                    found = recorded.pull_from([*zip(recorded.results, along)], None, settle=False)
                outputs = [place_operands([as_number(x)])[1][0] for item in found for x in with_flag(item)]
            graph = simplify(trace.graph(outputs))
        finally:
            trace.close()
        return Differentiable(graph, self.fixed + count, self.options, self.source, (*self.ways, forward), splits)

    @cached_property
    def possible(self) -> bool:
        """Whether derivatives of every order can be recorded.

        In Python there are also those of a primitive whose rule closes over Values.
        """
        try:
            return not _has_own_rules(self.graph) and self.reverse is not None
        except TraceError:
            return False

    @cached_property
    def fingerprint(self) -> bytes:
        """A hash that is the same for another recording of the same, with primitives made anew."""
        return hashed(_text(self.graph))

    @cached_property
    def _program(self) -> Any:
        return program_of(simplify(self.graph, preserves=Preserves.VALUES), *self.options)

    def run(self, blocks: Sequence[Any], numbers: Sequence[float]) -> list[float]:
        """The numbers that it computes."""
        try:
            results = self._running._program.run([*blocks, *numbers])
        except CallFailed as failed:  # what a function of the user's raised
            raise (failed.__cause__ or failed) from None
        except HistoryLimitError:
            if self._running.splits == MOST_SPLITS or not self.ways:
                raise
            found, splits = self.source, self._running.splits + 1
            for way in self.ways:
                found = found._derivative(way, splits)
            self._running = found
            return self.run(blocks, numbers)
        return [number for item in results for number in (item.ravel().tolist() if is_array(item) else [item])]

    def derivatives(self, name: str, blocks: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
        """What `reverse` and `forward` give, of another such graph: a derivative each, None where it is not there.

        Values where operands are, so that these can be differentiated in turn.
        """
        if current().trace is not None:
            constant = [*map(node_of, blocks)]
            found = replay(self.graph, [*constant, *operands])
            return [Maybe(number, not_equal(live, 0.0)) for number, live in zip(found[::2], found[1::2])]
        found = self.run(blocks, numbers_of(operands))
        live = [place if found[place + 1] else None for place in range(0, len(found), 2)]
        if not _has_values(operands):
            return [None if place is None else found[place] for place in live]
        source = _Together(name, self, blocks)
        return [
            None if place is None else Joint(name, found[place], place, operands, source)(*operands) for place in live
        ]


def _text(graph: Graph) -> tuple[Any, ...]:
    """What is in a graph, with rows by their names."""
    operations = [
        operation.name
        if isinstance(operation, Primitive)
        else (repr(replace(operation, body=_EMPTY, condition=None)), *map(_text, operation.graphs))
        if isinstance(operation, Loop)
        else (operation.name, *map(_text, operation.graphs)) if isinstance(operation, Branch) else repr(operation)
        for operation in graph.operations
    ]
    constants = [item.numbers.tolist() if isinstance(item, ConstantArray) else item for item in graph.constants]
    return graph.kinds, graph.inputs, tuple(constants), tuple(operations), graph.operands, graph.outputs


_EMPTY = Graph((), 0, (), (), (), ())


def _has_own_rules(graph: Graph) -> bool:
    """Whether there is a primitive of the user's, whose rules may close over Values, or over what is gone by then."""
    return any(
        TABLE.get(operation.name) is not operation
        if isinstance(operation, Primitive)
        else isinstance(operation, Loop | Branch) and any(map(_has_own_rules, operation.graphs))
        for operation in graph.operations
    )


class _Together:
    """The source of the numbers that such a graph computed: at the operands, and at the blocks before them."""

    def __init__(self, name: str, of: Differentiable, blocks: Sequence[Any]) -> None:
        self._name, self._of, self._blocks = name, of, blocks
        self.fingerprint = b""
        if current().closures:  # where it is compared with another run
            numbers = [item.ravel().tolist() if is_array(item) else item for item in blocks]
            self.fingerprint = hashed((of.fingerprint, numbers))
        # The derivatives of all the numbers along the latest seeds, on floats; with these and where it was.
        self._tangents: tuple[Any, list[Any]] = (None, [])

    def evaluated(self, place: int, numbers: Sequence[float]) -> float:
        try:
            return self._of.run(self._blocks, numbers)[place]
        except GuardFailed:  # the function would go another way
            return math.nan

    def pulled(self, place: int, cotangent: Any, operands: Sequence[Any]) -> list[Any]:
        counted = unit(self._of.results, place)
        seeds = [cotangent if counts else 0.0 for counts in counted]
        return self._of.reverse.derivatives(self._name, [*self._blocks, *counted], [*seeds, *operands])

    def pushed(self, place: int, seeds: Sequence[Any], operands: Sequence[Any]) -> Any:
        if _has_values([*seeds, *operands]):
            return self._along(seeds, operands)[place]
        if self._tangents[0] != [*seeds, *operands]:
            self._tangents = [*seeds, *operands], self._along(seeds, operands)
        return self._tangents[1][place]

    def _along(self, seeds: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
        counted = [0.0 if seed is None else 1.0 for seed in seeds]
        seeds = [0.0 if seed is None else seed for seed in seeds]
        return self._of.forward.derivatives(self._name, [*self._blocks, *counted], [*seeds, *operands])


def _has_values(items: Sequence[Any]) -> bool:
    return any(isinstance(item, Value) for item in items)


def attached(
    name: str, of: Differentiable, numbers: Sequence[Any], parts: Sequence[tuple[Any, Any]], outside: Sequence[Value]
) -> list[Any]:
    """The blocks of a result as Values, whose operands are the Values outside.

    Parameters: `parts`, for each block its kind and what was computed at `numbers`.
    """
    numbers = [item.copy() if is_array(item) else item for item in numbers]  # whose owner may change it
    source = _Together(name, of, numbers)
    blocks: list[Any] = []
    place = 0
    for kind, item in parts:
        if is_of_numbers(kind):
            nodes = [
                Joint(name, number, i, outside, source)(*outside)
                for i, number in enumerate(item.ravel().tolist() if kind else [item], place)
            ]
            item = array(nodes, kind) if kind else nodes[0]
            place += len(nodes)
        blocks.append(item)
    return blocks
