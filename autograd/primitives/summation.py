"""The order in which a batch is summed, which is one for every path of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def blocked_sum(numbers: Sequence[Any]) -> Any:
    """The sum in the one order that every path of the engine uses, whatever its lanes and threads.

    Blocks of 1,024 numbers are added from left to right. In a block eight running sums take every eighth number each,
    and are then added in pairs: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).

    >>> blocked_sum([1.0, 2.0, 3.0])
    6.0
    """
    total: Any = None
    for start in range(0, len(numbers), 1024):
        lanes: list[Any] = [None] * 8
        for i, number in enumerate(numbers[start : start + 1024]):
            lanes[i % 8] = _sum_of(lanes[i % 8], number)
        quarters = [_sum_of(lanes[i], lanes[i + 4]) for i in range(4)]
        block = _sum_of(_sum_of(quarters[0], quarters[2]), _sum_of(quarters[1], quarters[3]))
        total = _sum_of(total, block)
    return total


def _sum_of(a: Any, b: Any) -> Any:
    """a + b, where None is no number at all."""
    return b if a is None else a if b is None else a + b
