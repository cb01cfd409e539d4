"""Branches: a jump, or, where the samples of a batch differ in it, both sides and a choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.backends.llvm.memory import copy, elements
from autograd.compiler.backends.llvm.text import DOUBLE, TRUTH, Array, Function, Item, Number, Tuple, lanes_of
from autograd.compiler.backends.llvm.writer import Writer
from autograd.program.graph import Branch, Kind


def branch(
    writer: Writer, function: Function, branch: Branch, operands: Sequence[Any], memory: Sequence[Array | None]
) -> list[Item]:
    """Write a branch: a jump, or, where the samples of a batch differ in it, both sides and a choice."""
    condition, *inputs = operands
    kinds = [branch.then.kinds[output] for output in branch.then.outputs]
    if condition.lanes == 1:
        return _jump(writer, function, branch, condition, inputs, kinds)
    mask = function.truth(condition, condition.lanes)
    sides = [writer.graph(function, side, inputs) for side in branch.graphs]
    results: list[Item] = []
    for kind, x, y in zip(kinds, *sides):
        if isinstance(x, Number) and isinstance(y, Number):
            results.append(function.select(condition, x, y, kind is None))
            continue
        assert kind
        assert not isinstance(x, Number)
        assert not isinstance(y, Number)
        if writer.small(kind):
            pairs = zip(elements(function, x), elements(function, y))
            results.append(Tuple(tuple(function.select(condition, a, b) for a, b in pairs), kind))
        else:
            slot = writer.slot(kind, condition.lanes)
            copy(function, y, slot)
            copy(function, x, replace(slot, mask=mask))
            results.append(slot)
    return results


def _jump(
    writer: Writer, function: Function, branch: Branch, condition: Number, inputs: list[Item], kinds: list[Kind]
) -> list[Item]:
    labels, join = [function.label(), function.label()], function.label()
    function.choose(function.truth(condition, 1), *labels)
    before = function.lines
    written: list[list[str]] = []
    blocks: list[str] = []
    sides: list[list[Item]] = []
    for label, graph in zip(labels, branch.graphs):
        function.lines = []
        function.open(label)
        sides.append([_at_hand(writer, function, item) for item in writer.graph(function, graph, inputs)])
        written.append(function.lines)
        blocks.append(function.block)
    # Only now is known with how many lanes each result has to leave: those of the side that has more.
    widths = [max(map(lanes_of, pair)) for pair in zip(*sides)]
    slots = [
        writer.slot(kind, width) if kind and not writer.small(kind) else None for kind, width in zip(kinds, widths)
    ]
    texts: list[list[list[str]]] = []
    for side, items in enumerate(sides):
        function.lines, function.block = written[side], blocks[side]
        texts.append([
            _leave(function, item, kind, width, slot) for item, kind, width, slot in zip(items, kinds, widths, slots)
        ])  # fmt: skip
        blocks[side] = function.block
        function.go(join)
    function.lines = [*before, *written[0], *written[1]]
    function.open(join)
    results: list[Item] = []
    for kind, width, slot, then, otherwise in zip(kinds, widths, slots, *texts):
        type_name = (TRUTH if kind is None else DOUBLE)[width]
        numbers = [
            Number(
                function.value(f"phi {type_name} [ {x}, %{blocks[0]} ], [ {y}, %{blocks[1]} ]"), width, kind is None
            )
            for x, y in zip(then, otherwise)
        ]
        results.append(slot or (Tuple(tuple(numbers), kind) if kind else numbers[0]))
    return results


def _at_hand(writer: Writer, function: Function, item: Item) -> Item:
    """The same, a small array as numbers."""
    if isinstance(item, Array) and writer.small(item.shape):
        return Tuple(tuple(elements(function, item)), item.shape)
    return item


def _leave(function: Function, item: Item, kind: Kind, lanes: int, slot: Array | None) -> list[str]:
    """The operands with which a result leaves its side of a branch; none, where it is written to memory."""
    if slot is not None:
        assert not isinstance(item, Number)
        copy(function, item, slot)
        return []
    numbers: Sequence[Any] = item.elements if isinstance(item, Tuple) else [item]
    return [function.truth(number, lanes) if kind is None else function.number(number, lanes) for number in numbers]
