"""The order in which numbers are summed, which is one for every path of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def blocked_sum(numbers: Sequence[Any]) -> Any:
    """The sum in the one order that every path of the engine uses, whatever its lanes and threads; of none, None.

    The numbers are taken in blocks of 1,024. In a block eight running sums take every eighth number each, and are then
    added in pairs: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). The blocks' sums are combined by a binary tree over their
    numbers: pass after pass neighbours are added, and an odd last one goes up as it is.

    >>> blocked_sum([1.0, 2.0, 3.0])
    6.0
    """
    sums = [_block(numbers[start : start + 1024]) for start in range(0, len(numbers), 1024)]
    while len(sums) > 1:
        sums = [_sum_of(sums[i], sums[i + 1] if i + 1 < len(sums) else None) for i in range(0, len(sums), 2)]
    return sums[0] if sums else None


def _block(numbers: Sequence[Any]) -> Any:
    lanes: list[Any] = [None] * 8
    for i, number in enumerate(numbers):
        lanes[i % 8] = _sum_of(lanes[i % 8], number)
    quarters = [_sum_of(lanes[i], lanes[i + 4]) for i in range(4)]
    return _sum_of(_sum_of(quarters[0], quarters[2]), _sum_of(quarters[1], quarters[3]))


def _sum_of(a: Any, b: Any) -> Any:
    """a + b, where None is no number at all."""
    return b if a is None else a if b is None else a + b
