"""The derivatives of arrays, and the numbers in which a derivative goes round a loop.

A derivative that is carried by a loop may be absent when the program runs. It is then carried as two numbers, the
derivative and whether it is there.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from autograd.primitives import table
from autograd.program.graph import ConstantArray, Kind
from autograd.program.tracing.absence import Maybe
from autograd.program.tracing.structured import element, elementwise, loop, pack

_PACKED = 4096  # numbers of an array that are written one by one


class ArrayDerivative:
    """The derivative of an array, or with respect to one: of some of its elements, and of all of them at once.

    `wholes` holds pairs of an array and, where its elements may be absent, the array that says which are there.
    """

    def __init__(self, shape: tuple[int, ...], elements: dict[tuple[int, ...], Any] | None = None,
                 wholes: Sequence[tuple[Any, Any]] = ()) -> None:
        self.shape, self.elements, self.wholes = shape, elements or {}, list(wholes)

    def __add__(self, other: ArrayDerivative) -> ArrayDerivative:
        elements = dict(self.elements)
        for index, part in other.elements.items():
            elements[index] = elements[index] + part if index in elements else part
        return ArrayDerivative(self.shape, elements, self.wholes + other.wholes)

    def element(self, index: tuple[int, ...]) -> Any:
        """The derivative at one element; None where it is absent."""
        total = self.elements.get(index)
        for values, live in self.wholes:
            part: Any = element(values, index)
            if live is not None:
                part = Maybe(part, table.not_equal(element(live, index), 0.0))
            total = part if total is None else total + part
        return total

    def whole(self) -> tuple[Any, Any]:
        """The derivative as one array, and the one that says which elements are there, or None where all are."""
        wholes = list(self.wholes)
        if self.elements:
            wholes.append(self._gathered())
        values, live = wholes[0]
        for more, more_live in wholes[1:]:
            values, live = _sum_of_arrays(values, live, more, more_live)
        return values, live

    def _gathered(self) -> tuple[Any, Any]:
        """The single elements as an array."""
        size = math.prod(self.shape)
        if size <= _PACKED:
            found = [self.elements.get(index) for index in product(*map(range, self.shape))]
            values, flags = zip(*map(with_flag, found))
            live = None if all(type(flag) is float and flag == 1.0 for flag in flags) else pack(flags, self.shape)
            return pack(values, self.shape), live
        by_position: dict[int, dict[tuple[int, ...], Any]] = {}
        for index, part in self.elements.items():
            by_position.setdefault(index[0], {})[index[1:]] = part
        rest = self.shape[1:]

        def step(position: Any, _: list[Any], __: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
            columns = []
            for index in product(*map(range, rest)):
                value, flag = 0.0, 0.0
                for place, parts in by_position.items():
                    if index in parts:
                        here = table.equal(position, float(place))
                        one, live = with_flag(parts[index])
                        value, flag = table.where(here, one, value), table.where(here, live, flag)
                columns.append((value, flag))
            values, flags = zip(*columns)
            return [], [values[0], flags[0]] if not rest else [pack(values, rest), pack(flags, rest)], []

        values, live = loop(step, self.shape[0])[1]
        return values, live


def with_flag(derivative: Any) -> tuple[Any, Any]:
    if derivative is None:
        return 0.0, 0.0
    if isinstance(derivative, Maybe):
        return derivative.or_zero(), table.where(derivative.live, 1.0, 0.0)
    return derivative, 1.0


def _sum_of_arrays(a: Any, a_live: Any, b: Any, b_live: Any) -> tuple[Any, Any]:
    if a_live is None and b_live is None:
        return elementwise(lambda x, y: [x + y], [a, b])[0], None
    if a_live is None or b_live is None:
        (plain, other, live) = (a, b, b_live) if a_live is None else (b, a, a_live)
        return elementwise(
            lambda x, y, flag: [x + table.where(table.not_equal(flag, 0.0), y, -0.0)], [plain, other, live]
        )[0], None

    def add(x: Any, x_flag: Any, y: Any, y_flag: Any) -> list[Any]:
        total = Maybe(x, table.not_equal(x_flag, 0.0)) + Maybe(y, table.not_equal(y_flag, 0.0))
        return list(with_flag(total))

    values, live = elementwise(add, [a, a_live, b, b_live])
    return values, live


# A derivative as the numbers that carry it: none where it is absent, itself, or itself and a flag.

ABSENT, PLAIN, FLAGGED = range(3)


def form_of(derivative: Any) -> int:
    if derivative is None:
        return ABSENT
    if isinstance(derivative, ArrayDerivative):
        return FLAGGED if derivative.whole()[1] is not None else PLAIN
    return FLAGGED if isinstance(derivative, Maybe) else PLAIN


def join(a: int, b: int) -> int:
    return a if a == b else FLAGGED


def encode(derivative: Any, code: int, kind: Kind, zero: float = 0.0) -> list[Any]:
    """The numbers, or arrays, that carry a derivative; `zero` is the value of one that is absent."""
    if code == ABSENT:
        return []
    if kind:
        if derivative is None:
            values, live = _filled(kind, zero), _filled(kind, 0.0)
        else:
            values, live = derivative.whole()
        return [values] if code == PLAIN else [values, _filled(kind, 1.0) if live is None else live]
    if derivative is None:
        return [zero] if code == PLAIN else [zero, 0.0]
    if isinstance(derivative, Maybe):
        value = derivative.or_zero(zero)
        return [value] if code == PLAIN else [value, table.where(derivative.live, 1.0, 0.0)]
    return [derivative] if code == PLAIN else [derivative, 1.0]


def _filled(shape: tuple[int, ...], number: float) -> Any:
    return ConstantArray(array("d", [number] * math.prod(shape)).tobytes(), shape)


def decode(items: Iterator[Any], code: int, kind: Kind) -> Any:
    if code == ABSENT:
        return None
    value = next(items)
    live = next(items) if code == FLAGGED else None
    if kind:
        return ArrayDerivative(kind, wholes=[(value, live)])
    return value if live is None else Maybe(value, table.not_equal(live, 0.0))
