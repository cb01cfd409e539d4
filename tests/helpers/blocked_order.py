"""The order in which the documentation says that many numbers are summed, written out by itself."""

from __future__ import annotations


def blocked(terms: list[float]) -> float:
    """The sum: blocks of 1,024 numbers, eight running sums in each, and a tree over the blocks."""
    sums = [_block(terms[start : start + 1024]) for start in range(0, len(terms), 1024)]
    while len(sums) > 1:
        pairs = [sums[i] + sums[i + 1] for i in range(0, len(sums) - 1, 2)]
        sums = pairs + sums[2 * len(pairs) :]
    return sums[0] if sums else 0.0


def _block(terms: list[float]) -> float:
    eight = [-0.0] * 8
    for i, term in enumerate(terms):
        eight[i % 8] += term
    return ((eight[0] + eight[4]) + (eight[2] + eight[6])) + ((eight[1] + eight[5]) + (eight[3] + eight[7]))
