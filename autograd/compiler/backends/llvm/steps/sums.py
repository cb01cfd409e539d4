"""Sums in the order of `summation.blocked_sum`: eight running sums in a block of 1,024 terms, and a tree of blocks.

Eight numbers in memory are eight running sums of a loop, taken in turn. In a batch they are a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.compiler.backends.llvm.memory import copy, fill, flat_offsets
from autograd.compiler.backends.llvm.text import DOUBLE, NEUTRAL, SUMS, TRUTH, Array, Function, Number, Tuple

BLOCK = 1024
VECTOR = DOUBLE[SUMS]
NEUTRAL_VECTOR = f"splat (double {NEUTRAL.text})"
_LEVELS = 40  # of a tree over blocks without a bound; a run of so many, one in each nanosecond, takes two weeks


class Tree:
    """The sums of blocks on their way to one, combined by the fixed tree as they come, so that their number need not be
    known: as the digits of a binary counter, of which digit k holds the sum of 2^k blocks.
    """

    def __init__(self, slot: Callable[[tuple[int, ...], int], Array], sums: Sequence[Array], lanes: int,
                 blocks: int | None) -> None:  # fmt: skip
        levels = _LEVELS if blocks is None else blocks.bit_length()
        self.sums = sums  # where each block leaves its own
        self.levels = [slot((levels, *array.shape), lanes) for array in sums]

    def add(self, function: Function, block: str) -> None:
        """Add the sums of the block of this number; they come in order."""
        before = function.block
        head, carrying, end, level = function.label(), function.label(), function.label(), function.new()
        function.go(head)
        function.open(head)
        place = function.place()
        digit = function.value(f"and i64 {function.value(f'lshr i64 {block}, {level}')}, 1")
        function.choose(function.value(f"icmp ne i64 {digit}, 0"), carrying, end)
        function.open(carrying)
        self._accumulate(function, level)
        following = function.value(f"add nuw nsw i64 {level}, 1")
        function.lines[place] = f"  {level} = phi i64 [ 0, %{before} ], [ {following}, %{function.block} ]"
        function.go(head)
        function.open(end)
        for array, levels in zip(self.sums, self.levels):
            copy(function, array, function.part(levels, level))

    def finish(self, function: Function, blocks: int | str) -> None:
        """Add all blocks, of which there were so many, to the sums of what came after them."""
        before = function.block
        head, more, adding, after, end = (function.label() for _ in range(5))
        level = function.new()
        function.go(head)
        function.open(head)
        place = function.place()
        rest = function.value(f"lshr i64 {blocks}, {level}")
        function.choose(function.value(f"icmp ne i64 {rest}, 0"), more, end)
        function.open(more)
        function.choose(function.value(f"trunc i64 {rest} to i1"), adding, after)
        function.open(adding)
        self._accumulate(function, level)
        function.go(after)
        function.open(after)
        following = function.value(f"add nuw nsw i64 {level}, 1")
        function.lines[place] = f"  {level} = phi i64 [ 0, %{before} ], [ {following}, %{after} ]"
        function.go(head)
        function.open(end)

    def _accumulate(self, function: Function, level: str) -> None:
        for array, levels in zip(self.sums, self.levels):
            accumulate(function, function.part(levels, level), array)


def added(function: Function, x: Number, y: Number) -> Number:
    """x + y."""
    lanes = max(x.lanes, y.lanes)
    return Number(
        function.value(f"fadd {DOUBLE[lanes]} {function.number(x, lanes)}, {function.number(y, lanes)}"), lanes
    )


def accumulate(function: Function, item: Any, target: Array) -> None:
    """Add a number to one in memory, or an array in memory to another."""
    if isinstance(item, Number):
        function.store(added(function, function.load(target), item), target)
    elif not item.shape:
        accumulate(function, function.load(item), target)
    elif item.shape[0]:
        function.repeat(
            item.shape[0], lambda i: accumulate(function, function.part(item, i), function.part(target, i))
        )


def fold(function: Function, running: Array, target: Array) -> None:
    """Leave the sum of eight running sums, added in pairs, and start them anew."""
    if target.shape:
        if target.shape[0]:
            function.repeat(
                target.shape[0], lambda i: fold(function, second_part(function, running, i), function.part(target, i))
            )
        return
    lanes = [function.load(running, i * running.strides[0]) for i in range(SUMS)]
    function.store(in_pairs(function, lanes), target)
    fill(function, running, NEUTRAL)


def in_pairs(function: Function, lanes: Sequence[Number]) -> Number:
    """The sum of eight running sums."""
    quarters = [added(function, lanes[i], lanes[i + 4]) for i in range(4)]
    return added(function, added(function, quarters[0], quarters[2]), added(function, quarters[1], quarters[3]))


def second_part(function: Function, array: Array, position: str) -> Array:
    """What stands at a position of the second axis."""
    pointer = function.address(array.pointer, position, array.strides[1])
    shape, strides = array.shape, array.strides
    return replace(array, pointer=pointer, shape=(shape[0], *shape[2:]), strides=(strides[0], *strides[2:]))


@dataclass(frozen=True, slots=True)
class Running:
    """Eight running sums in memory of each element of an array, to which a batch adds the terms of its samples."""

    sums: Array
    mask: str  # the lanes that are there
    width: int

    def part(self, function: Function, position: str) -> Running:
        return replace(self, sums=function.part(self.sums, position))

    def add(self, function: Function, item: Any) -> None:
        """Add an array, or a number; what was added already, as it was made, stands for itself."""
        if isinstance(item, Running):
            return
        if isinstance(item, Array) and item.shape:
            if item.shape[0]:
                function.repeat(item.shape[0], lambda i: self.part(function, i).add(function, function.part(item, i)))
            return
        numbers = item.elements if isinstance(item, Tuple) else [function.load(item) if type(item) is Array else item]
        for number, offset in zip(numbers, flat_offsets(self.sums)):
            running, term = function.load(self.sums, offset).text, function.number(number, self.width)
            function.store(Number(add_lanes(function, running, term, self.width, self.mask), SUMS), self.sums, offset)


def add_lanes(function: Function, running: str, term: str, width: int, mask: str) -> str:
    """The eight running sums with the lanes of a term that are there, eight after eight."""
    kind = DOUBLE[width]
    if mask:
        term = function.value(f"select {TRUTH[width]} {mask}, {kind} {term}, {kind} {NEUTRAL_VECTOR}")
    for start in range(0, width, SUMS):
        eight = term
        if width > SUMS:
            lanes = ", ".join(f"i32 {lane}" for lane in range(start, start + SUMS))
            eight = function.value(f"shufflevector {kind} {term}, {kind} poison, <{SUMS} x i32> <{lanes}>")
        running = function.value(f"fadd {VECTOR} {running}, {eight}")
    return running


def sum_of_lanes(function: Function, vector: str) -> Number:
    """The sum of eight lanes, in pairs."""
    kind = VECTOR
    for half in (4, 2, 1):
        numbers = (", ".join(f"i32 {lane + start}" for lane in range(half)) for start in (0, half))
        low, high = (
            function.value(f"shufflevector {kind} {vector}, {kind} poison, <{half} x i32> <{lanes}>")
            for lanes in numbers
        )
        kind = f"<{half} x double>"
        vector = function.value(f"fadd {kind} {low}, {high}")
    return Number(function.value(f"extractelement {kind} {vector}, i64 0"))


def fold_lanes(function: Function, running: Array, target: Array) -> None:
    """Leave the sums of the lanes of running sums in memory."""
    if running.shape:
        if running.shape[0]:
            function.repeat(running.shape[0], lambda i: fold_lanes(
                function, function.part(running, i), function.part(target, i)))  # fmt: skip
        return
    function.store(sum_of_lanes(function, function.load(running).text), target)
