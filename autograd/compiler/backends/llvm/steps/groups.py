"""Small batches inside of another's lanes: eight trips at a time, so that eight running sums stay in registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compiler.backends.llvm.rows import is_ours
from autograd.compiler.backends.llvm.steps.loops import fillable, part_of, taken, taken_arrays, write
from autograd.compiler.backends.llvm.steps.sums import BLOCK, Tree, added, in_pairs
from autograd.compiler.backends.llvm.text import DOUBLE, NEUTRAL, SUMS, Array, Function, Item, Number
from autograd.compiler.backends.llvm.writer import Writer
from autograd.primitives.row import Primitive
from autograd.program.graph import NUMBER, Element, Gather, Loop, View

_FEW = 32  # steps of a body, times its sums, that are written eight times


def fits(writer: Writer, loop: Loop) -> bool:
    """Whether a batch has sums, all of numbers, and a body of a few steps that are about one instruction each."""
    body = loop.body
    sums = body.outputs[loop.stacked :]
    return (
        0 < len(sums) * writer.weight(body) <= _FEW
        and all(body.kinds[output] == NUMBER for output in sums)
        and all(
            not is_ours(operation) if isinstance(operation, Primitive)
            else isinstance(operation, Element | Gather | View)
            for operation in body.operations
        )
    )  # fmt: skip


def batch(
    writer: Writer, function: Function, loop: Loop, operands: Sequence[Item], memory: Sequence[Array | None]
) -> list[Item]:
    """Write a batch that `fits`. `memory` has the place for each result that is an array and has one already."""
    assert loop.length is not None
    slices, shared = taken_arrays(writer, function, loop, operands)
    lanes, stacked = function.lanes, loop.stacked
    stacks = [
        place or writer.slot((loop.length, *(loop.body.kinds[output] or ())), lanes)
        for place, output in zip(memory, loop.body.outputs[:stacked])
    ]
    totals = [writer.slot((), lanes) for _ in loop.body.outputs[stacked:]]
    start = [(DOUBLE[lanes], function.number(NEUTRAL, lanes))] * (SUMS * len(totals))

    def trips(first: str, running: list[str], count: int) -> list[str]:
        running = [*running]
        for i in range(count):
            position = function.value(f"add nuw nsw i64 {first}, {i}")
            place = Number(function.value(f"sitofp i64 {position} to double"), whole=position)
            parts = [taken(function, array, position) for array in slices]
            targets = [part_of(function, stack, position) for stack in stacks]
            outputs: list[Any] = writer.graph(
                function, loop.body, [place, *parts, *shared], fillable(loop.body, dict(enumerate(targets)))
            )
            for target, part in zip(targets, outputs):
                write(function, part, target)
            for k, term in enumerate(outputs[stacked:]):
                sum_so_far = Number(running[SUMS * k + i], lanes)
                running[SUMS * k + i] = added(function, sum_so_far, term).text
        return running

    def groups(first: str, count: int) -> list[str]:
        """Eight trips after eight."""

        def group(position: str, running: list[str]) -> list[str]:
            start = function.value(f"mul nuw nsw i64 {position}, {SUMS}")
            return trips(function.value(f"add nuw nsw i64 {first}, {start}"), running, SUMS)

        return function.range("0", str(count), group, start) if count else [text for _, text in start]

    def leave(running: list[str]) -> None:
        """The sum of a block, in pairs."""
        for k, total in enumerate(totals):
            numbers = [Number(text, lanes) for text in running[SUMS * k : SUMS * (k + 1)]]
            function.store(in_pairs(function, numbers), total)

    blocks, rest = divmod(loop.length, BLOCK)
    tree = Tree(writer.slot, totals, lanes, blocks)

    def block(number: str) -> None:
        leave(groups(function.value(f"mul nuw nsw i64 {number}, {BLOCK}"), BLOCK // SUMS))
        tree.add(function, number)

    if blocks:
        function.repeat(blocks, block)
    first = blocks * BLOCK
    leave(trips(str(first + rest // SUMS * SUMS), groups(str(first), rest // SUMS), rest % SUMS))
    if blocks:
        tree.finish(function, blocks)
    return [*stacks, *(function.load(total) for total in totals)]
