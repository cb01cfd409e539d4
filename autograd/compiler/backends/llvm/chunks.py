"""Large graphs, split into functions of bounded size: what crosses from one to another goes through memory.

The time to compile a function grows faster than its size, so that a large graph compiles in linear time only in parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.compiler.backends.llvm.text import DOUBLE, TRUTH, Function, Item, Number, Tuple
from autograd.compiler.backends.llvm.writer import Writer
from autograd.program.graph import Graph


@dataclass(frozen=True, slots=True)
class Stored:
    """A value that a function left in memory: what it was, and the places of its parts in the workspace."""

    item: Item
    places: tuple[int, ...]
    parts: tuple[Stored, ...] = ()


def _is_local(text: str) -> bool:
    return text.startswith("%") and text != "%work"


def store(writer: Writer, function: Function, item: Item) -> Stored:
    """Leave a value in memory for another function."""
    if isinstance(item, Tuple):
        return Stored(item, (), tuple(store(writer, function, element) for element in item.elements))
    if isinstance(item, Number):
        if item.constant:
            return Stored(item, ())
        place = _place(writer, item.lanes)
        kind = (TRUTH if item.predicate else DOUBLE)[item.lanes]
        function.line(f"store {kind} {item.text}, ptr {function.address('%work', place)}, align 8")
        return Stored(item, (place,))
    places = []
    for kind, text in (("ptr", item.pointer), (TRUTH[item.width], item.mask)):
        if _is_local(text):
            places.append(_place(writer, 1))
            function.line(f"store {kind} {text}, ptr {function.address('%work', places[-1])}, align 8")
    return Stored(item, tuple(places))


def load(function: Function, stored: Stored, base: str = "%work") -> Item:
    """The value in the function that is open; `base` is the workspace of the function that stored it."""
    item = stored.item
    if isinstance(item, Tuple):
        parts: list[Any] = [load(function, part, base) for part in stored.parts]
        return Tuple(tuple(parts), item.shape)
    if isinstance(item, Number):
        if item.constant:
            return item
        kind = (TRUTH if item.predicate else DOUBLE)[item.lanes]
        address = function.address(base, stored.places[0])
        return Number(function.value(f"load {kind}, ptr {address}, align 8"), item.lanes, item.predicate)
    places = iter(stored.places)
    pointer, mask = item.pointer, item.mask
    if pointer == "%work":
        pointer = base
    elif _is_local(pointer):
        pointer = function.value(f"load ptr, ptr {function.address(base, next(places))}, align 8")
    if _is_local(mask):
        mask = function.value(f"load {TRUTH[item.width]}, ptr {function.address(base, next(places))}, align 8")
    return replace(item, pointer=pointer, mask=mask)


def _place(writer: Writer, lanes: int) -> int:
    free = writer.work.free
    return free[lanes].pop() if free[lanes] else writer.work.reserve(lanes)


def graph(
    writer: Writer, function: Function, graph: Graph, inputs: Sequence[Item], targets: Mapping[int, int]
) -> list[Item]:
    """Write a graph as a sequence of functions, and calls of them in the one that is open."""
    count = len(graph.operations)
    last_use = [-1] * len(graph.kinds)
    for step, operands in enumerate(graph.operands):
        for operand in operands:
            last_use[operand] = step
    for output in graph.outputs:
        last_use[output] = count
    values: list[Any] = [store(writer, function, item) for item in inputs]
    values += writer.constants(graph)
    first = len(values)
    values += [None] * (len(graph.kinds) - first)
    steps = list(graph.steps())
    start = 0
    while start < count:
        end = _end(writer, graph, start)
        part = Function(f"part{writer.next_part()}", function.lanes)
        leaves = writer.guards + len(writer.histories)
        loaded: list[tuple[int, Stored]] = []
        dead: list[int] = []
        made: list[tuple[int, Stored]] = []
        for step in range(start, end):
            operation, operands, results = steps[step]
            taken = []
            for operand in operands:
                value = values[operand]
                if type(value) is Stored:
                    loaded.append((operand, value))
                    value = values[operand] = load(part, value)
                taken.append(value)
            items = writer.step(part, graph, operation, taken, results, targets)
            for value, item in zip(results, items):
                values[value] = item
                if last_use[value] >= end:
                    made.append((value, store(writer, part, item)))
        for value, stored in [*loaded, *made]:
            values[value] = stored
            if last_use[value] < end:
                dead.append(value)
        for value in dead:
            _release(writer, values[value])
            values[value] = None
        writer.add_part(part)
        call = f"call i64 @{part.name}(ptr %frame, ptr %work)"
        if writer.guards + len(writer.histories) > leaves:
            _leave_where_failed(function, function.value(call))
        else:
            function.line(call)
        start = end
    outputs = []
    for output in graph.outputs:
        value = values[output]
        if type(value) is Stored:
            value = values[output] = load(function, value)
        outputs.append(value)
    return outputs


def _end(writer: Writer, graph: Graph, start: int) -> int:
    """The step before which a function that begins at `start` ends."""
    assert writer.limit is not None
    left = writer.limit
    for step in range(start, len(graph.operations)):
        left -= writer.step_weight(graph.operations[step])
        if left < 0 and step > start:
            return step
    return len(graph.operations)


def _release(writer: Writer, stored: Stored) -> None:
    """Let a number's place be used again."""
    if isinstance(stored.item, Number) and stored.places:
        writer.work.free[stored.item.lanes].append(stored.places[0])


def _leave_where_failed(function: Function, guard: str) -> None:
    failed, held = function.label(), function.label()
    function.choose(function.value(f"icmp ne i64 {guard}, -1"), failed, held)
    function.open(failed)
    function.line(f"ret i64 {guard}")
    function.open(held)
