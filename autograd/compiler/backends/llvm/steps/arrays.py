"""Steps on whole arrays: parts of them, other shapes of them, and elements at computed places."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.backends.llvm.memory import copy, elements, flat_offsets
from autograd.compiler.backends.llvm.steps.sums import added
from autograd.compiler.backends.llvm.text import (
    DOUBLE,
    TRUTH,
    WHOLE,
    Array,
    Function,
    Item,
    Number,
    Tuple,
    constant,
    contiguous,
    lane_steps,
    lanes_of,
)
from autograd.compiler.backends.llvm.writer import Writer, WriteStep, writable
from autograd.program.graph import Element, Gather, Place, Reshape, Scatter, View, row_major

_FEW = 8  # numbers at hand of which a computed one is found by looking at each

Memory = Sequence[Array | None]


_MOST = 64  # numbers at hand that are shown again and again without being written to memory


def _element(
    writer: Writer, function: Function, operation: Element, operands: Sequence[Any], memory: Memory
) -> list[Item]:
    (item,) = operands
    if isinstance(item, Tuple):
        return [item.elements[sum(i * stride for i, stride in zip(operation.index, row_major(item.shape)))]]
    return [function.load(item, sum(i * stride for i, stride in zip(operation.index, item.strides)))]


def _seen(array: Array, view: View) -> Array:
    """The part of an array in memory that a view shows."""
    start = sum(start * stride for start, stride in zip(view.starts, array.strides))
    strides = tuple(0 if axis < 0 else step * array.strides[axis] for step, axis in zip(view.steps, view.axes))
    return replace(array, offset=array.offset + start, shape=view.shape, strides=strides)


def _seen_places(shape: tuple[int, ...], view: View) -> list[int]:
    """Which elements of an array of this shape a view shows, by their places in row-major order."""
    array = _seen(contiguous("", 0, shape), view)
    return [array.offset + offset for offset in flat_offsets(array)]


def _view(writer: Writer, function: Function, view: View, operands: Sequence[Any], memory: Memory) -> list[Item]:
    (item,) = operands
    if isinstance(item, Number):
        if writer.small(view.shape):
            return [Tuple((item,) * math.prod(view.shape), view.shape)]
        slot = writer.slot((), item.lanes)
        function.store(item, slot)
        item = slot
    if isinstance(item, Tuple) and math.prod(view.shape) > max(len(item.elements), _MOST):
        memory_of_it = writer.in_memory(function, item)
        assert isinstance(memory_of_it, Array)
        item = memory_of_it
    if isinstance(item, Array):
        seen = _seen(item, view)
        return [seen if seen.shape else function.load(seen)]
    chosen = tuple(item.elements[place] for place in _seen_places(item.shape, view))
    return [Tuple(chosen, view.shape) if view.shape else chosen[0]]


def _reshape(
    writer: Writer, function: Function, operation: Reshape, operands: Sequence[Any], memory: Memory
) -> list[Item]:
    """No copy is made where the numbers stand at equal distances."""
    (item,), shape = operands, operation.shape
    if isinstance(item, Tuple):
        return [Tuple(item.elements, shape) if shape else item.elements[0]]
    steps = [(stride, place) for length, stride, place in zip(item.shape, item.strides, row_major(item.shape))
             if length != 1]  # fmt: skip
    step = steps[-1][0] if steps else 1
    if 0 not in shape and any(stride != step * place for stride, place in steps):
        lanes = lanes_of(item)
        item, old = memory[0] or replace(writer.slot(shape, lanes), own=True), item
        strides = tuple(lanes * place for place in row_major(old.shape))
        copy(function, old, replace(item, shape=old.shape, strides=strides))
        return [item]
    same = replace(item, shape=shape, strides=tuple(step * place for place in row_major(shape)))
    return [same if shape else function.load(same)]


def _place(writer: Writer, function: Function, place: Place, operands: Sequence[Any], memory: Memory) -> list[Item]:
    whole, part = operands
    if memory[0] is None and (isinstance(whole, Tuple) or writer.small(whole.shape)):
        numbers = elements(function, whole)
        new = [part] if isinstance(part, Number) else elements(function, part)
        for position, number in zip(_seen_places(whole.shape, place.view), new):
            numbers[position] = number
        return [Tuple(tuple(numbers), whole.shape)]
    target = writable(writer, function, whole, max(map(lanes_of, operands)), memory[0])
    seen = _seen(target, place.view)
    if isinstance(part, Number):
        function.store(part, seen)
    else:
        copy(function, part, seen)
    return [target]


def _gather(writer: Writer, function: Function, gather: Gather, operands: Sequence[Any], memory: Memory) -> list[Item]:
    item, *indices = operands
    if 0 in item.shape:
        return [constant(math.nan)]
    places = [_index(function, index, length) for index, length in zip(indices, item.shape)]
    if isinstance(item, Tuple) and len(item.elements) <= _FEW:
        offset = _offset(function, places, row_major(item.shape))
        return [functools.reduce(
            lambda found, at: function.select(_is(function, offset, at), item.elements[at], found),
            range(1, len(item.elements)), item.elements[0],
        )]  # fmt: skip
    array: Any = writer.in_memory(function, item)
    return [function.load(_at(function, array, _offset(function, places, array.strides)))]


def _scatter(
    writer: Writer, function: Function, scatter: Scatter, operands: Sequence[Any], memory: Memory
) -> list[Item]:
    """Where there is no such element, nothing is written."""
    item, number, *indices = operands
    if 0 in item.shape:
        return [item]
    places = [_index(function, index, length) for index, length in zip(indices, item.shape)]
    inside = functools.reduce(
        lambda x, y: _both(function, x, y), [_found(function, index, place) for index, place in zip(indices, places)]
    )

    def new(old: Number) -> Number:
        return added(function, old, number) if scatter.adds else number

    if isinstance(item, Tuple) and len(item.elements) <= _FEW and memory[0] is None:
        offset = _offset(function, places, row_major(item.shape))
        numbers = [
            function.select(_both(function, inside, _is(function, offset, at)), new(old), old)
            for at, old in enumerate(item.elements)
        ]
        return [Tuple(tuple(numbers), item.shape)]
    target = writable(writer, function, item, max(map(lanes_of, operands)), memory[0])
    at = _at(function, target, _offset(function, places, target.strides))
    if inside.lanes > 1:
        at = replace(at, mask=inside.text)
        function.store(new(function.load(at)) if scatter.adds else number, at)
    else:
        old = function.load(at)
        function.store(function.select(inside, new(old), old), at)
    return [target]


# Computed places: integers, each a number whose text has that type.


def _index(function: Function, index: Number, length: int) -> Number:
    """The place along an axis: the index, or one that is next to it; where it is nan, the first."""
    lanes, whole = index.lanes, WHOLE[index.lanes]
    if index.whole:
        last = _everywhere(str(length - 1), lanes)
        inside = function.value(f"icmp ult {whole} {index.whole}, {last}")
        return Number(function.value(f"select {TRUTH[lanes]} {inside}, {whole} {index.whole}, {whole} {last}"), lanes)
    number = Number(function.number(index, lanes), lanes)
    for comparison, bound in (("ogt", constant(0.0)), ("olt", constant(length - 1.0))):
        operands = f"{DOUBLE[lanes]} {number.text}, {function.number(bound, lanes)}"
        number = function.select(Number(function.value(f"fcmp {comparison} {operands}"), lanes, True), number, bound)
    # Processors without AVX-512 convert to 32 bits alone, and to 64 bits one by one.
    short = whole.replace("i64", "i32") if length < 2**31 else whole
    text = function.value(f"fptosi {DOUBLE[lanes]} {number.text} to {short}")
    return Number(text if short == whole else function.value(f"sext {short} {text} to {whole}"), lanes)


def _found(function: Function, index: Number, place: Number) -> Number:
    """Whether the place is that of the index."""
    lanes = index.lanes
    if index.whole:
        return Number(function.value(f"icmp eq {WHOLE[lanes]} {index.whole}, {place.text}"), lanes, True)
    number = function.value(f"sitofp {WHOLE[lanes]} {place.text} to {DOUBLE[lanes]}")
    text = function.value(f"fcmp oeq {DOUBLE[lanes]} {number}, {function.number(index, lanes)}")
    return Number(text, lanes, True)


def _offset(function: Function, places: Sequence[Number], strides: Sequence[int]) -> Number:
    """How far from an array's first element the one at these places stands."""
    lanes = max(place.lanes for place in places)
    total = ""
    for place, stride in zip(places, strides):
        text = place.text if place.lanes == lanes else function.spread(place.text, "i64", lanes, False)
        scaled = function.value(f"mul nsw {WHOLE[lanes]} {text}, {_everywhere(str(stride), lanes)}")
        total = function.value(f"add nsw {WHOLE[lanes]} {total}, {scaled}") if total else scaled
    return Number(total, lanes)


def _at(function: Function, array: Array, offset: Number) -> Array:
    """The element at an offset from the first one, an array without axes."""
    if offset.lanes == 1:
        pointer = function.address(array.pointer, offset.text)
        return replace(array, pointer=pointer, shape=(), strides=())
    assert isinstance(array.lane, int)
    text = offset.text
    if array.lane:
        text = function.value(f"add nsw {WHOLE[offset.lanes]} {text}, {lane_steps(offset.lanes, array.lane)}")
    return replace(array, shape=(), strides=(), lane=text, width=offset.lanes)


def _is(function: Function, offset: Number, at: int) -> Number:
    lanes = offset.lanes
    text = function.value(f"icmp eq {WHOLE[lanes]} {offset.text}, {_everywhere(str(at), lanes)}")
    return Number(text, lanes, True)


def _both(function: Function, x: Number, y: Number) -> Number:
    lanes = max(x.lanes, y.lanes)
    text = function.value(f"and {TRUTH[lanes]} {function.truth(x, lanes)}, {function.truth(y, lanes)}")
    return Number(text, lanes, True)


def _everywhere(integer: str, lanes: int) -> str:
    return integer if lanes == 1 else f"splat (i64 {integer})"


ON_ARRAYS: dict[type, WriteStep] = {
    Element: _element, View: _view, Reshape: _reshape, Place: _place, Gather: _gather, Scatter: _scatter,
}  # fmt: skip
