"""Arrays in memory: filled and copied, also between samples that stand one after the other and lanes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograd.compiler.backends.llvm.text import (
    DOUBLE,
    SUMS,
    TRUTH,
    Array,
    Function,
    Number,
    Tuple,
    contiguous,
    lanes_of,
)


def copy(function: Function, source: Array | Tuple, target: Array) -> None:
    """Write an array into another of its shape, which does not overlap it."""
    if isinstance(source, Tuple):
        flat = flat_offsets(target)
        for element, offset in zip(source.elements, flat):
            function.store(element, target, offset)
    elif math.prod(source.shape) > 16 and not any(source.strides):
        fill(function, target, function.load(source))
    elif math.prod(source.shape) > 16 and without_gaps(source) and without_gaps(target) == lanes_of(source):
        size = 8 * math.prod(source.shape) * lanes_of(source)
        start, end = function.address(source.pointer, source.offset), function.address(target.pointer, target.offset)
        function.line(f"call void @llvm.memcpy.p0.p0.i64(ptr align 8 {end}, ptr align 8 {start}, i64 {size}, i1 false)")
    elif not source.shape:
        function.store(function.load(source), target)
    elif _in_rows(source) and target.lane == 1 and not target.mask or source.lane == 1 and _in_rows(target):
        _copy_rows(function, source, target)
    elif _is_turned(source, target):
        _copy_turned(function, source, target)
    elif len(source.shape) == 1 and source.shape[0] <= 16:
        for i in range(source.shape[0]):
            function.store(function.load(source, i * source.strides[0]), target, i * target.strides[0])
    elif source.shape[0]:
        function.repeat(source.shape[0], lambda i: copy(function, function.part(source, i), function.part(target, i)))


def fill(function: Function, array: Array, number: Number) -> None:
    """Write one number everywhere."""
    if not array.shape:
        function.store(number, array)
    elif len(array.shape) > 1 and without_gaps(array):
        size = math.prod(array.shape)
        fill(function, replace(array, shape=(size,), strides=array.strides[-1:]), number)
    elif array.shape[0]:
        function.repeat(array.shape[0], lambda i: fill(function, function.part(array, i), number))


def without_gaps(array: Array) -> int:
    """The lanes of an array whose numbers stand one after the other, its lanes innermost; 0 for any other."""
    lanes = lanes_of(array)
    dense = array.strides == contiguous("", 0, array.shape, lanes).strides and not array.mask
    return lanes if dense and array.lane == (lanes > 1) else 0


def flat_offsets(array: Array) -> list[int]:
    """How far from an array's first element the others stand, in row-major order."""
    offsets = [0]
    for length, stride in zip(array.shape, array.strides):
        offsets = [offset + i * stride for offset in offsets for i in range(length)]
    return offsets


def elements(function: Function, item: Array | Tuple) -> list[Number]:
    """The elements of a small array, in row-major order."""
    if isinstance(item, Tuple):
        return list(item.elements)
    return [function.load(item, offset) for offset in flat_offsets(item)]


def _in_rows(array: Array) -> bool:
    """Whether it has one axis, along which each sample's numbers stand side by side, but not those of the samples."""
    return array.lane not in (0, 1) and len(array.shape) == 1 and array.shape[0] >= SUMS and array.strides == (1,)


def _copy_rows(function: Function, source: Array, target: Array) -> None:
    """Copy an array with one axis whose samples' numbers stand side by side to one whose lanes do, or back: eight by
    eight in registers, for a gather or a scatter takes three times as long.
    """
    width, rows = source.width, source if source.lane != 1 else target

    def eight(start: str) -> None:
        columns = [
            replace(array, pointer=function.address(array.pointer, start, array.strides[0]), shape=())
            for array in (source, target)
        ]
        if rows is source:
            parts = [_turned(function, [_row(function, columns[0], first + i) for i in range(SUMS)])
                     for first in range(0, width, SUMS)]  # fmt: skip
            for i, column in enumerate(zip(*parts)):
                function.store(Number(_joined(function, column), width), columns[1], i * target.strides[0])
            return
        loaded = [function.load(columns[0], i * source.strides[0]).text for i in range(SUMS)]
        for first in range(0, width, SUMS):
            half = [_lanes(function, text, width, range(first, first + SUMS)) for text in loaded]
            for i, row in enumerate(_turned(function, half)):
                _put_row(function, columns[1], first + i, row)

    _by_eights(function, source.shape[0], eight)


def _by_eights(function: Function, size: int, body: Callable[[str], None]) -> None:
    """The body for the first of each eight. The last eight may overlap those before."""

    def eight(block: str) -> None:
        start = function.value(f"mul nuw nsw i64 {block}, {SUMS}")
        if size % SUMS:
            inside = function.value(f"icmp slt i64 {start}, {size - SUMS}")
            start = function.value(f"select i1 {inside}, i64 {start}, i64 {size - SUMS}")
        body(start)

    function.repeat(-(-size // SUMS), eight)


def _is_turned(source: Array, target: Array) -> bool:
    """Whether the columns of a matrix stand side by side, and in its copy the rows."""
    single = source.lane == target.lane == 0 and len(source.shape) == 2 and min(source.shape) >= SUMS
    return single and source.strides[0] == target.strides[1] == 1 != source.strides[1]


def _copy_turned(function: Function, source: Array, target: Array) -> None:
    """Copy it eight by eight in registers, for else each number is read from another line of the cache."""

    def block(row: str, column: str) -> None:
        begin = function.address(function.address(source.pointer, row), column, source.strides[1])
        end = function.address(function.address(target.pointer, column), row, target.strides[0])
        columns = [
            function.value(
                f"load {DOUBLE[SUMS]}, ptr {function.address(begin, source.offset + i * source.strides[1])}, align 8"
            ) for i in range(SUMS)
        ]  # fmt: skip
        for i, text in enumerate(_turned(function, columns)):
            place = function.address(end, target.offset + i * target.strides[0])
            function.line(f"store {DOUBLE[SUMS]} {text}, ptr {place}, align 8")

    rows, columns = source.shape
    _by_eights(function, rows, lambda row: _by_eights(function, columns, lambda column: block(row, column)))


def _row(function: Function, array: Array, sample: int) -> str:
    """Eight numbers of a sample; of one that is not there, those of the first."""
    assert isinstance(array.lane, int)
    address = function.address(array.pointer, array.offset + sample * array.lane)
    if array.mask and sample:
        there = function.value(f"extractelement {TRUTH[array.width]} {array.mask}, i64 {sample}")
        first = function.address(array.pointer, array.offset)
        address = function.value(f"select i1 {there}, ptr {address}, ptr {first}")
    return function.value(f"load {DOUBLE[SUMS]}, ptr {address}, align 8")


def _put_row(function: Function, array: Array, sample: int, text: str) -> None:
    """Write eight numbers of a sample, if it is there."""
    assert isinstance(array.lane, int)
    address = function.address(array.pointer, array.offset + sample * array.lane)
    if not array.mask:
        function.line(f"store {DOUBLE[SUMS]} {text}, ptr {address}, align 8")
        return
    there = function.value(f"extractelement {TRUTH[array.width]} {array.mask}, i64 {sample}")
    mask = function.spread(there, "i1", SUMS, False)
    operands = f"{DOUBLE[SUMS]} {text}, ptr {address}, i32 8, {TRUTH[SUMS]} {mask}"
    function.line(f"call void @llvm.masked.store.v{SUMS}f64.p0({operands})")


def _turned(function: Function, rows: Sequence[str]) -> list[str]:
    """Eight vectors of eight with rows and columns exchanged, by exchanging blocks of one, two and four."""
    turned = list(rows)
    for size in (1, 2, 4):
        for i in (i for i in range(SUMS) if not i & size):
            pair = f"{DOUBLE[SUMS]} {turned[i]}, {DOUBLE[SUMS]} {turned[i + size]}"
            low = [j if not j & size else SUMS + j - size for j in range(SUMS)]
            for row, lanes in ((i, low), (i + size, [j + size for j in low])):
                turned[row] = function.value(f"shufflevector {pair}, <{SUMS} x i32> {_lane_numbers(lanes)}")
    return turned


def _lanes(function: Function, text: str, width: int, lanes: Sequence[int]) -> str:
    if len(lanes) == width:
        return text
    kind = DOUBLE[width]
    return function.value(f"shufflevector {kind} {text}, {kind} poison, <{len(lanes)} x i32> {_lane_numbers(lanes)}")


def _joined(function: Function, halves: Sequence[str]) -> str:
    if len(halves) == 1:
        return halves[0]
    operands = ", ".join(f"{DOUBLE[SUMS]} {half}" for half in halves)
    return function.value(f"shufflevector {operands}, <{2 * SUMS} x i32> {_lane_numbers(range(2 * SUMS))}")


def _lane_numbers(lanes: Sequence[int]) -> str:
    return f"<{', '.join(f'i32 {lane}' for lane in lanes)}>"


