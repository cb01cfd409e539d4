"""Batches: samples in groups of eight lanes, groups in blocks of 1,024 samples.

Where the last group is not full, its lanes that are not there neither load nor store nor count in a sum; so that the
body is written once, and a sample gets the same bits wherever it stands.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.backends.llvm.chunks import load, store
from autograd.compiler.backends.llvm.memory import copy, elements, fill
from autograd.compiler.backends.llvm.steps.loops import fillable, only_elements, taken_arrays
from autograd.compiler.backends.llvm.steps.sums import (
    BLOCK,
    NEUTRAL_VECTOR,
    VECTOR,
    Running,
    Tree,
    add_lanes,
    fold_lanes,
    sum_of_lanes,
)
from autograd.compiler.backends.llvm.text import (
    DOUBLE,
    NEUTRAL,
    SUMS,
    Array,
    Function,
    Item,
    Number,
    Tuple,
    lane_steps,
)
from autograd.compiler.backends.llvm.writer import Writer, with_own
from autograd.program.graph import Graph, Loop

FEWEST_BLOCKS = 8  # that are worth a second thread


def batch(
    writer: Writer, function: Function, loop: Loop, operands: Sequence[Item], memory: Sequence[Array | None]
) -> list[Item]:
    """Write a batch. `memory` has the place for each result that is an array and has one already."""
    assert loop.length
    kinds: list[Any] = [loop.body.kinds[output] for output in loop.body.outputs]
    blocks = -(-loop.length // BLOCK)
    slices, shared = taken_arrays(writer, function, loop, operands)
    stacks = [
        place or writer.slot((loop.length, *kind), 1) for place, kind in zip(memory, kinds[: loop.stacked])
    ]
    if blocks == 1:
        return [*stacks, *_Samples(writer, loop, slices, shared, stacks, []).write(function, "0", "1")]
    sums = [writer.slot((blocks, *kind), 1) for kind in kinds[loop.stacked :]]
    samples = _Samples(writer, loop, slices, shared, stacks, sums)
    if writer.threads > 1 and not writer.in_kernel and blocks >= FEWEST_BLOCKS:
        _in_parallel(writer, function, samples, blocks)
    else:
        samples.write(function, "0", str(blocks))
    return [*stacks, *_added(writer, function, sums, blocks)]


def _added(writer: Writer, function: Function, sums: list[Array], blocks: int) -> list[Item]:
    """The sums of the blocks' sums."""
    if not sums:
        return []
    totals = [writer.slot(array.shape[1:], 1) for array in sums]
    tree = Tree(writer.slot, totals, 1, blocks)

    def block(position: str) -> None:
        for array, total in zip(sums, totals):
            copy(function, function.part(array, position), total)
        tree.add(function, position)

    function.repeat(blocks, block)
    for total in totals:
        fill(function, total, NEUTRAL)
    tree.finish(function, blocks)
    return [total if total.shape else function.load(total) for total in totals]


def _in_parallel(writer: Writer, function: Function, samples: _Samples, blocks: int) -> None:
    """Write the batch as a function of its own, and a call that shares its blocks among threads."""
    number = len(writer.kernel_work)
    writer.kernel_work.append(0)
    outside = [store(writer, function, item) for item in samples.items()]
    kernel = Function(f"kernel{number}")
    work, writer.work = writer.work, type(writer.work)()
    writer.in_kernel = True
    inside = samples.with_items([load(kernel, stored, "%main") for stored in outside])
    inside.write(kernel, "%first", "%last")
    writer.in_kernel = False
    writer.kernel_work[number] = writer.work.size
    writer.work = work
    writer.add_kernel(kernel)
    pointer = function.value(f"load ptr, ptr {function.address('%frame', writer.parallel)}, align 8")
    function.line(f"call void {pointer}(i64 {number}, ptr %frame, i64 {blocks}) #1")


class _Samples:
    """The body of a batch, with what it takes and where its results go."""

    def __init__(
        self, writer: Writer, loop: Loop, slices: list[Array], shared: list[Item], stacks: list[Array],
        sums: list[Array],
    ) -> None:  # fmt: skip
        self.writer, self.loop = writer, loop
        self.slices, self.shared, self.stacks, self.sums = slices, shared, stacks, sums

    def items(self) -> list[Item]:
        return [*self.slices, *self.shared, *self.stacks, *self.sums]

    def with_items(self, items: list[Any]) -> _Samples:
        """The same on other values, as another function sees them."""
        parts, start = [], 0
        for part in (self.slices, self.shared, self.stacks, self.sums):
            parts.append(items[start : start + len(part)])
            start += len(part)
        return _Samples(self.writer, self.loop, *parts)

    def write(self, function: Function, first: str, last: str) -> list[Item]:
        """The blocks from `first` up to `last`; returns the totals, unless `sums` has a place for each block's."""
        assert self.loop.length
        width = self.writer.width
        groups = -(-self.loop.length // width)
        in_block = BLOCK // width
        body = self.loop.body
        kinds: list[Any] = [body.kinds[output] for output in body.outputs[self.loop.stacked :]]
        # Sums of numbers and of small arrays run in registers, those of large arrays in memory.
        large = [
            self.writer.slot(kind, SUMS) if kind and not self.writer.small(kind) else None for kind in kinds
        ]
        count = sum(math.prod(kind) for kind, running in zip(kinds, large) if running is None)
        totals: list[Item] = []

        def block(position: str, _: list[str]) -> list[str]:
            start, end = "0", str(min(groups, in_block))
            if not (first == "0" and last == "1"):
                start = function.value(f"mul nuw nsw i64 {position}, {in_block}")
                end = function.value(f"add nuw nsw i64 {start}, {in_block}")
                if groups % in_block:
                    inside = function.value(f"icmp slt i64 {end}, {groups}")
                    end = function.value(f"select i1 {inside}, i64 {end}, i64 {groups}")
            for running in large:
                if running is not None:
                    fill(function, running, NEUTRAL)
            vectors = function.range(
                start, end, lambda group, running: self._group(function, group, running, large),
                [(VECTOR, NEUTRAL_VECTOR)] * count,
            )  # fmt: skip
            places: list[Any] = [function.part(array, position) for array in self.sums] or [None] * len(kinds)
            totals[:] = self._folded(function, kinds, vectors, large, places)
            return []

        function.range(first, last, block, [])
        return totals

    def _folded(
        self, function: Function, kinds: list[Any], vectors: list[str], large: list[Array | None],
        places: list[Array | None],
    ) -> list[Item]:  # fmt: skip
        """The sums of a block, left in their places where they have some."""
        rest = (sum_of_lanes(function, vector) for vector in vectors)
        items: list[Item] = []
        for kind, running, place in zip(kinds, large, places):
            if running is not None:
                target = place or self.writer.slot(kind, 1)
                fold_lanes(function, running, target)
                items.append(target)
                continue
            item = Tuple(tuple(itertools.islice(rest, math.prod(kind))), kind)
            if place is not None:
                copy(function, item, place)
            items.append(item if kind else item.elements[0])
        return items

    def _group(
        self, function: Function, group: str, sums: list[str], large: list[Array | None]
    ) -> list[str]:
        """Eight samples; returns the running sums with theirs."""
        writer, loop = self.writer, self.loop
        assert loop.length
        width = writer.width
        start = function.value(f"mul nuw nsw i64 {group}, {width}")
        first = function.value(f"insertelement <{width} x i64> poison, i64 {start}, i64 0")
        first = function.value(
            f"shufflevector <{width} x i64> {first}, <{width} x i64> poison, <{width} x i32> zeroinitializer"
        )
        places = function.value(f"add nuw nsw <{width} x i64> {first}, {lane_steps(width, 1)}")
        mask = ""
        if loop.length % width:
            mask = function.value(f"icmp slt <{width} x i64> {places}, splat (i64 {loop.length})")
        real = function.value(f"sitofp <{width} x i64> {places} to {DOUBLE[width]}")
        position = Number(real, width, whole=places)
        function.lanes = width
        slices = [
            self._slice(function, array, start, mask, _few_elements(loop.body, 1 + i))
            for i, array in enumerate(self.slices)
        ]
        terms = [None if running is None else Running(running, mask, width) for running in large]
        targets = fillable(loop.body, {loop.stacked + i: term for i, term in enumerate(terms) if term is not None})
        outputs = writer.graph(function, loop.body, [position, *slices, *self.shared], targets)
        function.lanes = 1
        rest, new = iter(sums), []
        # Sums first: LLVM moves the load of a slice to where a sum selects its lanes, past a store in the same memory.
        function.lanes = width
        for term, running in zip(outputs[loop.stacked :], terms):
            if running is not None:
                running.add(function, term)
                continue
            for number in [term] if isinstance(term, Number) else elements(function, term):
                new.append(add_lanes(function, next(rest), function.number(number, width), width, mask))
        function.lanes = 1
        for stack, item in zip(self.stacks, outputs):
            target = function.part(stack, start)
            target = replace(target, lane=stack.strides[0], mask=mask, width=width)
            if isinstance(item, Number):
                function.store(item, target)
            else:
                copy(function, item, target)
        return new

    def _slice(self, function: Function, array: Array, start: str, mask: str, few: bool) -> Item:
        """The samples' parts of an array."""
        part = function.part(array, start)
        lane = array.strides[0]
        width = self.writer.width if lane else 1
        part = replace(part, lane=lane, mask=mask if lane else "", width=width)
        if not part.shape:
            return function.load(part)
        if few or abs(lane) <= 1:  # the lanes of each number stand side by side
            return with_own(part, False)
        slot = replace(self.writer.slot(part.shape, width), own=True)
        copy(function, part, slot)
        return slot


def _few_elements(graph: Graph, value: int) -> bool:
    """Whether a graph takes so few elements of an array that a gather of each is no slower than all, turned."""
    count, shape = sum(value in operands for operands in graph.operands), graph.kinds[value] or (1,)
    return only_elements(graph, value) and (shape[-1] < SUMS or 4 * count < math.prod(shape))
