"""Points at which the tests try a row of the table, and the measure of error in units in the last place."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import mpmath

from autograd import Primitive

Point = tuple[float, ...]


def points(row: Primitive, count: int) -> Iterator[Point]:
    """`count` points from the row's domain: half uniform, half uniform in the logarithm of the distance from zero."""
    source = random.Random(row.name)
    for i in range(count):
        yield tuple(_draw(source, low, high, logarithmic=i % 2 == 1) for low, high in row.domain)


def ordinary_points(row: Primitive, count: int) -> Iterator[Point]:
    """`count` points of moderate size from the row's domain, away from its ends, where nothing overflows."""
    source = random.Random(row.name)
    intervals = [(max(low, type(low)(-3)), min(high, type(high)(3))) for low, high in row.domain]
    for _ in range(count):
        yield tuple(
            _draw(source, low, high, logarithmic=False)
            if _whole(low, high)
            else source.uniform(0.95 * low + 0.05 * high, 0.05 * low + 0.95 * high)
            for low, high in intervals
        )


def _whole(low: float, high: float) -> bool:
    """Whether the interval is one of whole numbers, which a row says by two ints."""
    return isinstance(low, int) and isinstance(high, int)


def _draw(source: random.Random, low: float, high: float, logarithmic: bool) -> float:
    if _whole(low, high):
        return float(source.randint(int(low), int(high)))
    if not logarithmic:
        return source.uniform(low, high)
    if low > 0.0:
        return min(max(math.exp(source.uniform(math.log(low), math.log(high))), low), high)
    while True:
        bound = source.choice([side for side in (low, high) if side != 0.0])
        number = math.copysign(math.exp(source.uniform(math.log(abs(bound) * 1e-15), math.log(abs(bound)))), bound)
        if low <= number <= high:
            return number


def ulps(computed: float, exact: mpmath.mpf) -> float:
    """How many units in the last place of the exact number the computed one is off."""
    nearest = float(exact)
    if math.isinf(nearest) or math.isinf(computed) or math.isnan(computed):
        return 0.0 if nearest == computed else math.inf
    return float(abs(mpmath.mpf(computed) - exact) / mpmath.mpf(math.ulp(nearest)))


def same(a: float, b: float) -> bool:
    """Equal, nan with nan, and zeros of the same sign."""
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))
