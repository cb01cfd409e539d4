"""Text of LLVM's intermediate representation: the values it computes with, and a function as it is written.

A value is one number, or 8 or 16 of them: the lanes of a batch. It has lanes only where its samples differ, so
that what a batch shares is computed once. An operation whose operands have lanes has lanes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from autograd.program.graph import row_major

SUMS = 8  # running sums in a block
DOUBLE = {1: "double", 8: "<8 x double>", 16: "<16 x double>"}
TRUTH = {1: "i1", 8: "<8 x i1>", 16: "<16 x i1>"}
WHOLE = {1: "i64", 8: "<8 x i64>", 16: "<16 x i64>"}


@dataclass(slots=True)
class Number:
    """A number or a predicate. A constant has the text of one lane, whatever it is used with."""

    text: str
    lanes: int = 1
    predicate: bool = False
    constant: bool = False
    whole: str = ""  # the same as an integer, where it is known to be one from 0 up


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers in memory. Element (i, j, …) stands at pointer + offset + i · strides[0] + j · strides[1] …, in doubles.

    `lane` is the distance between the samples of a batch, 0 where they share the array, or an operand that holds each
    one's. A `mask` is the lanes that are there, in the last group of a batch. What is `constant` is never written to
    while the program runs; what is one's `own` may be written to by the step that takes it, where it is the last to.
    """

    pointer: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    lane: int | str = 0
    mask: str = ""
    width: int = 1  # how many lanes
    constant: bool = False
    place: int = -1  # that of the output in the frame, whose memory this is
    own: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Tuple:
    """An array whose elements are numbers at hand, in row-major order."""

    elements: tuple[Number, ...]
    shape: tuple[int, ...]


Item = Number | Array | Tuple


def number_text(number: float) -> str:
    return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"


def constant(item: Any) -> Number:
    """A float or a bool."""
    if isinstance(item, bool):
        return Number("true" if item else "false", predicate=True, constant=True)
    return Number(number_text(float(item)), constant=True)


NEUTRAL = constant(-0.0)  # x + -0.0 is x, for both zeros


def lanes_of(item: Item) -> int:
    if isinstance(item, Number):
        return item.lanes
    if isinstance(item, Tuple):
        return max((element.lanes for element in item.elements), default=1)
    return item.width if item.lane else 1


class Function:
    """A function as it is written: its instructions, and the block that is open."""

    def __init__(self, name: str, lanes: int = 1) -> None:
        self.name = name
        self.lanes = lanes  # those of the batch that the open block works on
        self.lines: list[str] = []
        self.count = 0
        self.block = "entry"

    def new(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def value(self, instruction: str) -> str:
        self.count = count = self.count + 1
        self.lines.append(f"  %v{count} = {instruction}")
        return f"%v{count}"

    # Control flow

    def label(self) -> str:
        self.count += 1
        return f"b{self.count}"

    def open(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def go(self, label: str) -> None:
        self.line(f"br label %{label}")

    def choose(self, condition: str, then: str, otherwise: str) -> None:
        self.line(f"br i1 {condition}, label %{then}, label %{otherwise}")

    def place(self) -> int:
        """Room for a line that is written later, when the values are known that it takes."""
        self.lines.append("")
        return len(self.lines) - 1

    def repeat(self, count: int | str, body: Callable[[str], None]) -> None:
        """The body for each position from 0 up to the count, which is at least 1."""

        def trip(position: str, _: list[str]) -> list[str]:
            body(position)
            return []

        self.range("0", str(count), trip, [])

    def range(
        self, first: str, last: str, body: Callable[[str, list[str]], list[str]], initial: list[tuple[str, str]]
    ) -> list[str]:
        """The body from one position up to another, which is larger, carrying values, each given with its type.

        The body takes the position and the values, and returns the new ones.
        """
        if first == "0" and last == "1":
            return body("0", [text for _, text in initial])
        before, head, end, position = self.block, self.label(), self.label(), self.new()
        names = [self.new() for _ in initial]
        self.go(head)
        self.open(head)
        places = [self.place() for _ in range(1 + len(initial))]
        values = body(position, names)
        following = self.value(f"add nuw nsw i64 {position}, 1")
        more = self.value(f"icmp slt i64 {following}, {last}")
        kinds, starts = ["i64", *(kind for kind, _ in initial)], [first, *(text for _, text in initial)]
        for place, name, kind, start, value in zip(places, [position, *names], kinds, starts, [following, *values]):
            self.lines[place] = f"  {name} = phi {kind} [ {start}, %{before} ], [ {value}, %{self.block} ]"
        self.choose(more, head, end)
        self.open(end)
        return values

    # Numbers

    def number(self, item: Number, lanes: int) -> str:
        """The operand as so many doubles."""
        text = item.text
        if item.predicate:
            if item.constant:
                text = number_text(1.0 if text == "true" else 0.0)
            else:
                text = self.value(f"uitofp {TRUTH[item.lanes]} {text} to {DOUBLE[item.lanes]}")
        return text if item.lanes == lanes else self.spread(text, "double", lanes, item.constant)

    def truth(self, item: Number, lanes: int) -> str:
        """The operand as so many predicates; a number holds where it is not 0."""
        text = item.text
        if not item.predicate:
            kind = DOUBLE[item.lanes]
            text = self.value(f"fcmp une {kind} {text}, {'0.0' if item.lanes == 1 else 'zeroinitializer'}")
            return text if item.lanes == lanes else self.spread(text, "i1", lanes, False)
        return text if item.lanes == lanes else self.spread(text, "i1", lanes, item.constant)

    def spread(self, text: str, kind: str, lanes: int, fixed: bool) -> str:
        """One number in all lanes."""
        if fixed:
            return f"splat ({kind} {text})"
        kinds = f"<{lanes} x {kind}>"
        first = self.value(f"insertelement {kinds} poison, {kind} {text}, i64 0")
        return self.value(f"shufflevector {kinds} {first}, {kinds} poison, <{lanes} x i32> zeroinitializer")

    def as_kind(self, item: Number, lanes: int, predicate: bool) -> Number:
        """The same with these lanes, as a predicate or a number."""
        if item.lanes == lanes and item.predicate == predicate and not item.constant:
            return item
        text = self.truth(item, lanes) if predicate else self.number(item, lanes)
        return Number(text, lanes, predicate)

    def select(self, condition: Number, x: Number, y: Number, predicate: bool = False) -> Number:
        """x where the condition holds, y elsewhere."""
        lanes = max(condition.lanes, x.lanes, y.lanes)
        chosen = self.truth(condition, condition.lanes)
        kind = (TRUTH if predicate else DOUBLE)[lanes]
        sides = [self.truth(side, lanes) if predicate else self.number(side, lanes) for side in (x, y)]
        operands = f"{kind} {sides[0]}, {kind} {sides[1]}"
        return Number(self.value(f"select {TRUTH[condition.lanes]} {chosen}, {operands}"), lanes, predicate)

    # Memory

    def address(self, pointer: str, offset: int | str, scale: int = 1) -> str:
        """The address of pointer[offset · scale]."""
        if isinstance(offset, int) or scale == 1:
            offset = offset * scale if isinstance(offset, int) else offset
            return pointer if offset in (0, "0") else self.value(f"getelementptr double, ptr {pointer}, i64 {offset}")
        if offset == "0" or scale == 0:
            return pointer
        scaled = self.value(f"mul nsw i64 {offset}, {scale}")
        return self.value(f"getelementptr double, ptr {pointer}, i64 {scaled}")

    def part(self, array: Array, position: str) -> Array:
        """What stands at a position of the first axis."""
        return replace(
            array, pointer=self.address(array.pointer, position, array.strides[0]),
            shape=array.shape[1:], strides=array.strides[1:],
        )  # fmt: skip

    def load(self, array: Array, offset: int = 0) -> Number:
        """The number at an offset from the array's first."""
        address = self.address(array.pointer, array.offset + offset)
        note = ", !invariant.load !0" if array.constant else ""
        if array.lane == 0:
            return Number(self.value(f"load double, ptr {address}, align 8{note}"))
        lanes = array.width
        kind = DOUBLE[lanes]
        if array.lane == 1 and not array.mask:
            return Number(self.value(f"load {kind}, ptr {address}, align 8{note}"), lanes)
        mask = array.mask or "splat (i1 true)"
        operands, name = f"ptr {address}", f"load.v{lanes}f64.p0"
        if array.lane != 1:
            operands, name = self._samples(address, array), f"gather.v{lanes}f64.v{lanes}p0"
        operands = f"{operands}, i32 8, {TRUTH[lanes]} {mask}, {kind} zeroinitializer"
        return Number(self.value(f"call {kind} @llvm.masked.{name}({operands}){note}"), lanes)

    def store(self, item: Number, array: Array, offset: int = 0) -> None:
        """Write a number at an offset from the array's first."""
        address = self.address(array.pointer, array.offset + offset)
        if array.lane == 0:
            self.line(f"store double {self.number(item, 1)}, ptr {address}, align 8")
            return
        lanes = array.width
        text = f"{DOUBLE[lanes]} {self.number(item, lanes)}"
        if array.lane == 1 and not array.mask:
            self.line(f"store {text}, ptr {address}, align 8")
            return
        operands, name = f"ptr {address}", f"store.v{lanes}f64.p0"
        if array.lane != 1:
            operands, name = self._samples(address, array), f"scatter.v{lanes}f64.v{lanes}p0"
        mask = f"{TRUTH[lanes]} {array.mask or 'splat (i1 true)'}"
        self.line(f"call void @llvm.masked.{name}({text}, {operands}, i32 8, {mask})")

    def _samples(self, address: str, array: Array) -> str:
        """The addresses of the samples, the first of which is given, as an operand."""
        steps = array.lane if isinstance(array.lane, str) else lane_steps(array.width, array.lane)
        pointers = self.value(f"getelementptr double, ptr {address}, {WHOLE[array.width]} {steps}")
        return f"<{array.width} x ptr> {pointers}"


def lane_steps(lanes: int, step: int) -> str:
    """The integers 0, step, 2 · step, … in so many lanes, as an operand."""
    return f"<{', '.join(f'i64 {i * step}' for i in range(lanes))}>"


def contiguous(pointer: str, offset: int, shape: tuple[int, ...], lanes: int = 1) -> Array:
    """An array without gaps, its lanes innermost."""
    strides = tuple(stride * lanes for stride in row_major(shape))
    return Array(pointer, offset, shape, strides, 1 if lanes > 1 else 0, width=lanes)


UNREAD = contiguous("poison", 0, (0,))  # in the place of an array that nothing reads
