"""Points at which the tests try a row of the table, and the measure of error in units in the last place."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import mpmath

from autograd.primitives import Primitive


def points(row: Primitive, count: int) -> Iterator[tuple[float, ...]]:
    """`count` points from the row's domain: half uniform, half uniform in the logarithm of the distance from zero."""
    source = random.Random(row.name)
    for i in range(count):
        yield tuple(_draw(source, low, high, logarithmic=i % 2 == 1) for low, high in row.domain)


def _draw(source: random.Random, low: float, high: float, logarithmic: bool) -> float:
    if not logarithmic or low == high:
        return source.uniform(low, high)
    while True:
        bound = source.choice([side for side in (low, high) if side != 0.0])
        least = low if low > 0.0 else -high if high < 0.0 else abs(bound) * 1e-15
        number = math.copysign(math.exp(source.uniform(math.log(least), math.log(abs(bound)))), bound)
        if low <= number <= high:
            return number


def ulps(computed: float, exact: mpmath.mpf) -> float:
    """How many units in the last place of the exact number the computed one is off."""
    nearest = float(exact)
    if math.isinf(nearest) or math.isinf(computed) or math.isnan(computed):
        return 0.0 if nearest == computed else math.inf
    return float(abs(mpmath.mpf(computed) - exact) / mpmath.mpf(math.ulp(nearest)))
