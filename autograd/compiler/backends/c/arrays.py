"""Arrays as C sees them: memory under strides, or numbers that have not been stored yet."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from autograd.program.graph import View, row_major


@dataclass(frozen=True)
class Cells:
    """Memory: element (i, j, …) is base[offset + i · strides[0] + j · strides[1] …]."""

    base: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def packed(cls, base: str, shape: tuple[int, ...], offset: int = 0) -> Cells:
        """An array stored row by row."""
        return cls(base, offset, shape, row_major(shape))

    def at(self, index: tuple[int, ...]) -> str:
        return f"{self.base}[{self.offset + sum(i * stride for i, stride in zip(index, self.strides))}]"

    def view(self, view: View) -> Cells:
        offset = self.offset + sum(start * stride for start, stride in zip(view.starts, self.strides))
        strides = tuple(0 if axis < 0 else step * self.strides[axis] for step, axis in zip(view.steps, view.axes))
        return Cells(self.base, offset, view.shape, strides)


@dataclass(frozen=True)
class Bundle:
    """Numbers in row-major order, each by its expression."""

    numbers: tuple[str, ...]
    shape: tuple[int, ...]

    def at(self, index: tuple[int, ...]) -> str:
        return self.numbers[sum(i * stride for i, stride in zip(index, row_major(self.shape)))]

    def view(self, view: View) -> Bundle:
        whole = Cells.packed("", self.shape).view(view)
        places = (
            whole.offset + sum(i * stride for i, stride in zip(index, whole.strides))
            for index in itertools.product(*map(range, view.shape))
        )
        return Bundle(tuple(self.numbers[place] for place in places), view.shape)


WORD = re.compile(r"[A-Za-z_]\w*")

Operand = str | Cells | Bundle  # a number or a predicate by its expression, or an array


def words_of(operand: Operand) -> set[str]:
    """The variables that an operand reads."""
    if isinstance(operand, Cells):
        return {operand.base}
    texts = operand.numbers if isinstance(operand, Bundle) else (operand,)
    return {word for text in texts for word in WORD.findall(text)}


def index_sum(offset: int, terms: list[tuple[int, str]]) -> str:
    """The C expression of offset + factor · name + …"""
    text = ""
    for factor, name in terms:
        if factor:
            size = name if abs(factor) == 1 else f"{abs(factor)} * {name}"
            text += (" - " if factor < 0 else " + ") + size if text else ("-" if factor < 0 else "") + size
    if not text:
        return str(offset)
    return text if offset == 0 else f"{text} {'-' if offset < 0 else '+'} {abs(offset)}"


def copied(target: Cells, source: Cells | Bundle, indices: Iterator[str], operator: str = "=") -> list[str]:
    """The lines that store a source in a target which it does not share memory with, or add it there."""
    if isinstance(source, Bundle) or math.prod(target.shape) <= 4:
        cells = itertools.product(*map(range, target.shape))
        return [f"{target.at(index)} {operator} {source.at(index)};" for index in cells]
    axes = _merged(target, source)
    lines, names = [], []
    for depth, (length, _, _) in enumerate(axes):
        names.append(next(indices))
        lines.append(f"{'    ' * depth}for (int64_t {names[-1]} = 0; {names[-1]} < {length}; {names[-1]}++) {{")
    left = index_sum(target.offset, [(stride, name) for (_, stride, _), name in zip(axes, names)])
    right = index_sum(source.offset, [(stride, name) for (_, _, stride), name in zip(axes, names)])
    lines.append(f"{'    ' * len(axes)}{target.base}[{left}] {operator} {source.base}[{right}];")
    lines += [f"{'    ' * depth}}}" for depth in reversed(range(len(axes)))]
    return lines


def filled(target: Cells, number: str, indices: Iterator[str]) -> list[str]:
    """The lines that store one number everywhere in an array that is stored row by row."""
    name = next(indices)
    return [
        f"for (int64_t {name} = 0; {name} < {math.prod(target.shape)}; {name}++) {{",
        f"    {target.base}[{index_sum(target.offset, [(1, name)])}] = {number};",
        "}",
    ]


def _merged(target: Cells, source: Cells) -> list[tuple[int, int, int]]:
    """The axes as (length, target's stride, source's stride), with neighbours that step alike made one."""
    axes: list[tuple[int, int, int]] = []
    for length, left, right in zip(target.shape, target.strides, source.strides):
        if axes and axes[-1][1] == length * left and axes[-1][2] == length * right:
            axes[-1] = (axes[-1][0] * length, left, right)
        else:
            axes.append((length, left, right))
    return axes
