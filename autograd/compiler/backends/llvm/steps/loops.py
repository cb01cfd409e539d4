"""Loops trip after trip: those that carry state, and batches inside of the lanes of another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.compiler.backends.llvm.memory import copy, elements, fill
from autograd.compiler.backends.llvm.steps.histories import Histories
from autograd.compiler.backends.llvm.steps.sums import BLOCK, Running, Tree, accumulate, fold
from autograd.compiler.backends.llvm.text import (
    DOUBLE,
    NEUTRAL,
    SUMS,
    TRUTH,
    UNREAD,
    Array,
    Function,
    Item,
    Number,
    Tuple,
    lanes_of,
    number_text,
)
from autograd.compiler.backends.llvm.writer import Writer, with_own, writable
from autograd.program.graph import Element, Graph, Kind, Loop


def loop(
    writer: Writer, function: Function, loop: Loop, operands: Sequence[Item], memory: Sequence[Array | None]
) -> list[Item]:
    """Write a loop. `memory` has the place for each result that is an array and has one already."""
    return _Trips(writer, function, loop, operands, memory).results()


class _Trips:
    """One loop as it is written."""

    def __init__(
        self, writer: Writer, function: Function, loop: Loop, operands: Sequence[Any], memory: Sequence[Array | None]
    ) -> None:
        self.writer, self.function, self.loop = writer, function, loop
        taken = list(operands)
        self.count = self._count(taken.pop(0) if loop.counted else None)
        states = taken[: loop.carried]
        self.slices, self.shared = taken_arrays(writer, function, loop, taken[loop.carried :])
        self.kinds: list[Kind] = [loop.body.kinds[output] for output in loop.body.outputs]
        self.state_kinds: list[Kind] = [loop.body.kinds[1 + i] for i in range(loop.carried)]
        lanes = function.lanes
        places = iter(memory)
        state_places = [next(places) for _ in states]
        stack_kinds = self.kinds[loop.carried : loop.carried + loop.stacked]
        self.stacks = [next(places) or self._stack(kind) for kind in stack_kinds] if not loop.free else []
        sum_kinds: list[Any] = self.kinds[loop.carried + loop.stacked :]
        for _ in sum_kinds:
            next(places)
        saved = [next(places) for _ in self.state_kinds] if loop.save else []
        self.read = [i for i, place in enumerate(saved) if place is not UNREAD]  # the states that are to be saved
        self.saved = [
            place or (UNREAD if loop.free else self._stack(kind)) for place, kind in zip(saved, self.state_kinds)
        ]
        parts: list[Any] = [*stack_kinds, *(self.state_kinds[i] for i in self.read)]
        self.histories = Histories(writer, parts) if loop.free and parts else None
        if self.histories is not None and loop.condition is None:
            assert self.count is not None
            none = function.value(f"icmp slt i64 {self.count}, 0")
            self.histories.reach(function, function.value(f"select i1 {none}, i64 0, i64 {self.count}"))
        self.running = [writer.slot((SUMS, *kind), lanes) for kind in sum_kinds]
        self.totals = [writer.slot(kind, lanes) for kind in sum_kinds]
        for array in self.running:
            fill(function, array, NEUTRAL)
        blocks = None if loop.length is None else loop.length // BLOCK
        self.tree = Tree(writer.slot, self.totals, lanes, blocks) if sum_kinds and blocks != 0 else None
        self.state_memory = [
            self._state_memory(state, kind, place)
            for state, kind, place in zip(states, self.state_kinds, state_places)
        ]
        self.mark = writer.work.size
        self.initial = self._numbers(states)

    def _count(self, given: Number | None) -> str | None:
        """The number of trips, or its bound."""
        function, length = self.function, self.loop.length
        if given is None:
            return None if length is None else str(length)
        count = function.number(given, 1)
        if length is not None:
            bound = number_text(float(length))
            smaller = function.value(f"fcmp olt double {bound}, {count}")
            count = function.value(f"select i1 {smaller}, double {bound}, double {count}")
        declarations = self.writer.rows.declarations
        declarations["declare double @llvm.ceil.f64(double)"] = None
        declarations["declare i64 @llvm.fptosi.sat.i64.f64(double)"] = None
        count = function.value(f"call double @llvm.ceil.f64(double {count})")
        return function.value(f"call i64 @llvm.fptosi.sat.i64.f64(double {count})")

    def _stack(self, kind: Kind) -> Array:
        assert kind is not None
        assert self.loop.length is not None
        return self.writer.slot((self.loop.length, *kind), self.function.lanes)

    def _state_memory(self, state: Item, kind: Kind, place: Array | None) -> Array | None:
        """The memory of a state that is a large array: that of the initial one, where nobody reads it afterwards."""
        if not kind or self.writer.small(kind):
            return None
        assert not isinstance(state, Number)
        return writable(self.writer, self.function, state, self.function.lanes, place)

    def _numbers(self, states: Sequence[Item]) -> list[tuple[str, str]]:
        """The states that are numbers, with those of small arrays: the type and the operand of each."""
        function, lanes, numbers = self.function, self.function.lanes, []
        for state, kind, memory in zip(states, self.state_kinds, self.state_memory):
            if memory is not None:
                continue
            for number in [state] if isinstance(state, Number) else elements(function, state):
                if kind is None:
                    numbers.append((TRUTH[lanes], function.truth(number, lanes)))
                else:
                    numbers.append((DOUBLE[lanes], function.number(number, lanes)))
        return numbers

    def _states(self, names: Sequence[str]) -> list[Item]:
        """The states, from the names of their numbers."""
        lanes, rest, states = self.function.lanes, iter(names), []
        item: Item
        for kind, memory in zip(self.state_kinds, self.state_memory):
            if memory is not None:
                item = memory
            elif kind:
                item = Tuple(tuple(Number(next(rest), lanes) for _ in range(math.prod(kind))), kind)
            else:
                item = Number(next(rest), lanes, kind is None)
            states.append(item)
        return states

    def results(self) -> list[Item]:
        function, loop = self.function, self.loop
        before = function.block
        head, body, end = function.label(), function.label(), function.label()
        trip = function.new()
        names = [function.new() for _ in self.initial]
        function.go(head)
        function.open(head)
        places = [function.place() for _ in range(1 + len(names))]
        states = self._states(names)
        if self.count is not None:
            more, going = function.value(f"icmp slt i64 {trip}, {self.count}"), function.label()
            function.choose(more, going, end)
            function.open(going)
        position = trip
        if loop.reverse:
            last = function.value(f"sub i64 {self.count}, 1")
            position = function.value(f"sub nsw i64 {last}, {trip}")
        place = Number(function.value(f"sitofp i64 {position} to double"), whole=position)
        if loop.condition is not None:
            kept = [with_own(state, False) for state in states]
            (holds,) = self.writer.graph(function, loop.condition, [place, *kept, *self.shared])
            assert isinstance(holds, Number)
            function.choose(function.truth(holds, 1), body, end)
        else:
            function.go(body)
        function.open(body)
        new = self._trip(trip, position, place, states)
        following = function.value(f"add nuw nsw i64 {trip}, 1")
        pairs = zip(self.initial, new)
        phis = [("i64", "0", following), *((kind, first, text) for (kind, first), (_, text) in pairs)]
        for line, name, (kind, first, text) in zip(places, [trip, *names], phis):
            function.lines[line] = f"  {name} = phi {kind} [ {first}, %{before} ], [ {text}, %{function.block} ]"
        function.go(head)
        function.open(end)
        for running, total in zip(self.running, self.totals):
            fold(function, running, total)
        if self.tree is not None:
            self.tree.finish(function, function.value(f"lshr i64 {trip}, {BLOCK.bit_length() - 1}"))
        sums = [total if total.shape else function.load(total) for total in self.totals]
        trips = [] if loop.condition is None else [Number(function.value(f"sitofp i64 {trip} to double"))]
        self._look(function)
        return [*states, *self.stacks, *sums, *self.saved, *trips]

    def _trip(self, trip: str, position: str, place: Number, states: list[Item]) -> list[tuple[str, str]]:
        """One run of the body; returns the numbers of the new states."""
        function, loop = self.function, self.loop
        if self.histories is not None and loop.condition is not None:
            self.histories.reach(function, function.value(f"add nuw nsw i64 {trip}, 1"))
        self._look(function)
        for i in self.read:
            write(function, states[i], function.part(self.saved[i], position))
        slices = [taken(function, array, position) for array in self.slices]
        parts = [part_of(function, stack, position) for stack in self.stacks]
        targets = fillable(loop.body, {loop.carried + i: part for i, part in enumerate(parts)})
        outputs = self.writer.graph(function, loop.body, [place, *states, *slices, *self.shared], targets)
        for part, item in zip(parts, outputs[loop.carried :]):
            write(function, item, part)
        terms = outputs[loop.carried + loop.stacked :]
        if terms:
            self._add(trip, terms)
        numbers = self._numbers(outputs[: loop.carried])  # which may be read from states that are written now
        self._keep(outputs[: loop.carried])
        return numbers

    def _look(self, function: Function) -> None:
        """See where the histories stand now."""
        if self.histories is not None:
            arrays = self.histories.arrays(function)
            self.stacks = arrays[: self.loop.stacked]
            for i, array in zip(self.read, arrays[self.loop.stacked :]):
                self.saved[i] = array

    def _add(self, trip: str, terms: Sequence[Item]) -> None:
        """Add the terms of sums to every eighth trip's, and after each block those together."""
        function = self.function
        eighth = function.value(f"and i64 {trip}, {SUMS - 1}")
        for running, term in zip(self.running, terms):
            accumulate(function, self.writer.in_memory(function, term), function.part(running, eighth))
        if self.tree is None:
            return
        inside = function.value(f"and i64 {trip}, {BLOCK - 1}")
        full, folding, after = function.value(f"icmp eq i64 {inside}, {BLOCK - 1}"), function.label(), function.label()
        function.choose(full, folding, after)
        function.open(folding)
        for running, total in zip(self.running, self.totals):
            fold(function, running, total)
        self.tree.add(function, function.value(f"lshr i64 {trip}, {BLOCK.bit_length() - 1}"))
        function.go(after)
        function.open(after)

    def _keep(self, new: Sequence[Item]) -> None:
        """Write the states that are in memory; first aside, where what is written may be read by another."""
        function, writer = self.function, self.writer
        pairs: list[tuple[Array | Tuple, Array]] = []
        for item, memory in zip(new, self.state_memory):
            if memory is None or item == memory:
                continue
            assert not isinstance(item, Number)
            if isinstance(item, Array) and not (item.pointer == "%work" and item.offset >= self.mark):
                aside = writer.slot(item.shape, lanes_of(item))
                copy(function, item, aside)
                item = aside
            pairs.append((item, memory))
        for item, memory in pairs:
            copy(function, item, memory)


def taken_arrays(
    writer: Writer, function: Function, loop: Loop, operands: Sequence[Item]
) -> tuple[list[Any], list[Item]]:
    """The arrays of which each trip takes a part, and what all share, in memory where a trip may need them there."""
    first = 1 + loop.carried
    shared = [
        item
        if only_elements(loop.body, first + loop.sliced + i) and only_elements(loop.condition, first + i)
        else writer.in_memory(function, item)
        for i, item in enumerate(operands[loop.sliced :])
    ]
    return [writer.in_memory(function, item) for item in operands[: loop.sliced]], shared


def only_elements(graph: Graph | None, value: int) -> bool:
    """Whether a graph takes nothing but single elements of an array, which then need not be in memory."""
    return graph is None or value not in graph.outputs and all(
        isinstance(operation, Element)
        for operation, operands in zip(graph.operations, graph.operands)
        if value in operands
    )  # fmt: skip


def taken(function: Function, array: Any, position: str) -> Item:
    """What stands at a position of an array's first axis."""
    part = function.part(array, position)
    return part if part.shape else function.load(part)


def part_of(function: Function, stack: Array | Running, position: str) -> Array | Running:
    return function.part(stack, position) if isinstance(stack, Array) else stack.part(function, position)


def write(function: Function, item: Item, part: Array | Running) -> None:
    """Write an item to a part of a stack, unless it stands there."""
    if isinstance(part, Running):
        part.add(function, item)
    elif isinstance(item, Number):
        function.store(item, part)
    elif with_own(item, part.own) != part:
        copy(function, item, part)


def fillable(graph: Graph, places: Mapping[int, Array | Running]) -> dict[int, Array | Running]:
    """The places of a body's outputs, by the values, that a loop in it makes and nothing else takes, so that it fills
    them itself: one that makes all of its trips.
    """
    if not places:
        return {}
    taken = Counter([operand for operands in graph.operands for operand in operands] + list(graph.outputs))
    made = {
        value
        for operation, _, results in graph.steps()
        if isinstance(operation, Loop) and not operation.counted and operation.condition is None
        for value in results[operation.carried : operation.carried + operation.stacked]
    }
    outputs = ((graph.outputs[output], place) for output, place in places.items())
    return {value: place for value, place in outputs if value in made and taken[value] == 1}
