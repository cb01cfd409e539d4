"""Sums in the order of `summation.blocked_sum`: eight running sums in a block of 1,024 terms, block after block.

Eight numbers in memory are eight running sums of a loop, taken in turn. In a batch they are a vector.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograd.compiler.backends.llvm.text import DOUBLE, NEUTRAL, SUMS, Array, Function, Number

BLOCK = 1024
VECTOR = DOUBLE[SUMS]


def _sum(function: Function, x: Number, y: Number) -> Number:
    lanes = max(x.lanes, y.lanes)
    return Number(
        function.value(f"fadd {DOUBLE[lanes]} {function.number(x, lanes)}, {function.number(y, lanes)}"), lanes
    )


def accumulate(function: Function, item: Any, target: Array) -> None:
    """Add a number to one in memory, or an array in memory to another."""
    if isinstance(item, Number):
        function.store(_sum(function, function.load(target), item), target)
    elif not item.shape:
        accumulate(function, function.load(item), target)
    elif item.shape[0]:
        function.repeat(
            item.shape[0], lambda i: accumulate(function, function.part(item, i), function.part(target, i))
        )


def fold(function: Function, running: Array, total: Array) -> None:
    """Add eight running sums to the total, in pairs, and start them anew."""
    if total.shape:
        if total.shape[0]:
            function.repeat(
                total.shape[0], lambda i: fold(function, second_part(function, running, i), function.part(total, i))
            )
        return
    lanes = [function.load(running, i * running.strides[0]) for i in range(SUMS)]
    quarters = [_sum(function, lanes[i], lanes[i + 4]) for i in range(4)]
    block = _sum(function, _sum(function, quarters[0], quarters[2]), _sum(function, quarters[1], quarters[3]))
    accumulate(function, block, total)
    function.fill(running, NEUTRAL)


def second_part(function: Function, array: Array, position: str) -> Array:
    """What stands at a position of the second axis."""
    pointer = function.address(array.pointer, position, array.strides[1])
    shape, strides = array.shape, array.strides
    return replace(array, pointer=pointer, shape=(shape[0], *shape[2:]), strides=(strides[0], *strides[2:]))


def add_lanes(function: Function, running: str, term: str, width: int) -> str:
    """The eight running sums with the lanes of a term, eight after eight."""
    kind = DOUBLE[width]
    for start in range(0, width, SUMS):
        eight = term
        if width > SUMS:
            lanes = ", ".join(f"i32 {lane}" for lane in range(start, start + SUMS))
            eight = function.value(f"shufflevector {kind} {term}, {kind} poison, <{SUMS} x i32> <{lanes}>")
        running = function.value(f"fadd {VECTOR} {running}, {eight}")
    return running


def sum_of_lanes(function: Function, vector: str) -> str:
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
    return function.value(f"extractelement {kind} {vector}, i64 0")


def fold_lanes(function: Function, running: Array, target: Array) -> None:
    """Add the lanes of running sums in memory to an array."""
    if running.shape:
        if running.shape[0]:
            function.repeat(running.shape[0], lambda i: fold_lanes(
                function, function.part(running, i), function.part(target, i)))  # fmt: skip
        return
    accumulate(function, Number(sum_of_lanes(function, function.load(running).text)), target)
