"""The order in which a batch is summed, which is one for every path of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def blocked_sum(numbers: Sequence[Any]) -> Any:
    """The sum in the one order that every path of the engine uses, whatever its lanes and threads.

    In a block of 1,024 numbers eight running sums take every eighth number each, and are then added in pairs:
    ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). The sums of the blocks are added in pairs of neighbours, and these sums
    again, until one is left; an odd last one goes up as it is.

    >>> blocked_sum([1.0, 2.0, 3.0])
    6.0
    """
    sums: list[Any] = []
    for start in range(0, len(numbers), 1024):
        lanes: list[Any] = [None] * 8
        for i, number in enumerate(numbers[start : start + 1024]):
            lanes[i % 8] = _sum_of(lanes[i % 8], number)
        quarters = [_sum_of(lanes[i], lanes[i + 4]) for i in range(4)]
        sums.append(_sum_of(_sum_of(quarters[0], quarters[2]), _sum_of(quarters[1], quarters[3])))
    while len(sums) > 1:
        sums = [sums[i] + sums[i + 1] if i + 1 < len(sums) else sums[i] for i in range(0, len(sums), 2)]
    return sums[0] if sums else None


def _sum_of(a: Any, b: Any) -> Any:
    """a + b, where None is no number at all."""
    return b if a is None else a if b is None else a + b
