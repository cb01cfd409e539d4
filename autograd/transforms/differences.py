"""Slopes of a function at a point, from its values beside it, extrapolated to a step of zero; each with its own error.

Central differences, and those of either side, over steps that are halved again and again, so that one of them fits the
function whatever its scale. Every slope carries an estimate of its error, from how far neighbouring extrapolations
differ and from how large rounding can be at that step.

Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982); of the
rounding, N. Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.3, running error analysis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.errors import BoundError
from autograd.primitives import table

EPSILON = 2.0**-52
SMALLEST_NORMAL = 2.0**-1022
TINY = EPSILON * SMALLEST_NORMAL  # no rounding is finer
_COLUMNS = 8  # of Neville's table: the most steps that are taken out of the error
CENTRAL, LEFT, RIGHT = 0, -1, 1
_EXACT = {
    table.absolute, table.identity, table.maximum, table.minimum, table.negative, table.relu, table.stop_gradient,
    table.where,
}
_MOST = 72  # halvings, from one starting step


class Slope(NamedTuple):
    """An estimate of a derivative, and what it stands on."""

    value: float
    error: float
    narrowest: float  # of the steps that it is made of
    widest: float
    variation: float  # the largest slope that those steps saw, to either side


class Line:
    """The values of a function along a line through a point, at steps that are powers of two.

    `function` takes the distance from the point, and returns its numbers; `scale` is about the size of what is moved,
    0 where that is not known; `finest` is the least step that does not get lost in the rounding of the point. `runs`
    are the starting steps, each with what has been seen below it: the usual one, those that lead down to the size of a
    tiny point, and a wide one; `usual` is the widest of the usual steps.

    >>> line = Line(lambda t: [(2.0 + t) ** 3], 2.0, 1e-15)
    >>> run = line.runs[0]
    >>> for _ in range(8):
    ...     taken = run.lower()
    >>> slope = min(run.slopes(0, CENTRAL), key=lambda slope: slope.error)
    >>> abs(slope.value - 12.0) <= slope.error < 1e-11
    True
    """

    def __init__(self, function: Callable[[float], Sequence[float]], scale: float, finest: float) -> None:
        self.function = function
        self.middle = function(0.0)
        near = power_of_two(scale) if scale else 1.0
        # Where the numbers are tiny the function need not be, so that a step of common size comes first.
        starts = [near / 8.0] if near >= 2.0**-10 else [0.125, near / 8.0]
        between = 0.125 * 2.0**-_MOST
        while between > near:
            starts.append(between)
            between *= 2.0**-_MOST
        self.finest = finest
        self.runs = [Run(self, start, max(finest, start * 2.0**-_MOST)) for start in starts]
        self.usual = max(near, 1.0)
        self.runs.append(Run(self, min(self.usual * 2.0**12, 2.0**1020), max(starts[0] / 256.0, finest)))

    def at(self, distance: float) -> Sequence[float]:
        """The function's numbers there; nan where it raises so far off: out of its domain, or beyond a loop's bound."""
        try:
            return self.function(distance)
        except (ArithmeticError, BoundError, ValueError):
            return [math.nan] * len(self.middle)


class Run:
    """Values at steps that are halved, from a starting step down."""

    def __init__(self, line: Line, start: float, end: float) -> None:
        self.line, self.end, self._next = line, end, start
        self.steps: list[float] = []
        self._plus: list[Sequence[float]] = []
        self._minus: list[Sequence[float]] = []

    def lower(self) -> bool:
        """Take the next step; False where there is none."""
        step = self._next
        if not step >= self.end > 0.0:
            return False
        self._next = step / 2.0
        self.steps.append(step)
        self._plus.append(self.line.at(step))
        self._minus.append(self.line.at(-step))
        return True

    def blind(self, i: int, size: float) -> bool:
        """Whether the last step is so narrow that rounding hides a slope of that size in the i-th number."""
        noise = EPSILON * (abs(self._plus[-1][i]) + abs(self._minus[-1][i])) / self.steps[-1]
        return noise > 16.0 * max(size, self._seen(-1, i))

    def flat(self, i: int) -> bool:
        """Whether all values of the i-th number are the same."""
        return all(row[i] == self.line.middle[i] for rows in (self._plus, self._minus) for row in rows)

    def jumps(self, i: int) -> bool:
        """Whether the values of a side do not come closer to the point's own, however narrow the step."""
        middle, last = self.line.middle[i], len(self.steps) - 1
        return last >= 20 and any(
            abs(side[last][i] - middle) > max(0.9 * abs(side[last - 8][i] - middle), 1e3 * EPSILON * abs(middle))
            for side in (self._plus, self._minus)
        )

    def range(self, i: int) -> float:
        """How far from its own the i-th number's values are."""
        away = [abs(row[i] - self.line.middle[i]) for rows in (self._plus, self._minus) for row in rows]
        return max(filter(math.isfinite, away), default=0.0)

    def overflows(self, i: int) -> bool:
        """Whether a slope of the i-th number is beyond the largest float, though the values are not."""
        return any(
            math.isfinite(plus[i]) and math.isfinite(minus[i]) and math.isinf((plus[i] - minus[i]) / step)
            for plus, minus, step in zip(self._plus, self._minus, self.steps)
        )

    def slopes(self, i: int, side: int, rounding: float = 0.0) -> list[Slope]:
        """Every estimate of the i-th number's derivative, from both sides or one.

        `rounding` is how far the function's value may be off, where that is more than its last bits.
        """
        found: list[Slope] = []
        rows: list[list[float]] = []
        for k in range(len(self.steps)):
            row = self._row(i, side, k, rows)
            if math.isfinite(row[0]):
                rows.append(row)
            else:  # out of the domain: what is further in stands by itself
                found += self._with_errors(i, side, rounding, rows, k)
                rows = []
        return found + self._with_errors(i, side, rounding, rows, len(self.steps))

    def newest(self, i: int, rows: list[list[float]]) -> Slope | None:
        """The best central estimate of the last step, and `rows`, Neville's table so far, goes on with it."""
        row = self._row(i, CENTRAL, len(self.steps) - 1, rows)
        if not math.isfinite(row[0]):
            rows.clear()
            return None
        rows.append(row)
        slopes = self._with_errors(i, CENTRAL, 0.0, rows, len(self.steps), len(rows) - 1)
        return min(slopes, key=lambda slope: slope.error, default=None)

    def _row(self, i: int, side: int, k: int, rows: Sequence[Sequence[float]]) -> list[float]:
        """The next row of Neville's table, which extrapolates to a step of zero."""
        plus, minus = self._ends(i, side, k)
        row = [(plus - minus) / self.steps[k] * (0.5 if side == CENTRAL else 1.0)]
        weight = 1.0
        for above in rows[-1][:_COLUMNS] if rows else ():
            weight *= 4.0 if side == CENTRAL else 2.0  # what halving the step takes from a column's error
            row.append(row[-1] + (row[-1] - above) / (weight - 1.0))
        return row

    def _ends(self, i: int, side: int, k: int) -> tuple[float, float]:
        """The two values whose difference the k-th step takes."""
        middle = self.line.middle[i]
        return middle if side == LEFT else self._plus[k][i], middle if side == RIGHT else self._minus[k][i]

    def _with_errors(
        self, i: int, side: int, rounding: float, rows: Sequence[Sequence[float]], end: int, begin: int = 2
    ) -> list[Slope]:
        """The entries of a table whose last row is that of the step before `end`, from the row `begin` on.

        An entry is as far off as it is from its neighbours, and as rounding can make it.
        """
        found = []
        first = end - len(rows)
        seen = [self._seen(k, i) for k in range(first, end)]
        for k in range(max(begin, 2), len(rows)):
            row, above, below, step = rows[k], rows[k - 1], rows[k + 1 : k + 3], self.steps[first + k]
            plus, minus = self._ends(i, side, first + k)
            noise = (EPSILON * (abs(plus) + abs(minus)) + TINY + rounding) / step * (1.0 if side == CENTRAL else 4.0)
            variation = max(seen[k], seen[k - 1])
            for m in range(2, len(row)):
                value = row[m]
                error = max(abs(value - row[m - 1]), abs(value - above[m - 1])) + noise
                # By chance one neighbour may be close, but not those of narrower steps as well.
                if below:
                    error += max(abs(entries[m] - value) / 2.0**n for n, entries in enumerate(below, 1))
                variation = max(variation, seen[k - m])
                found.append(Slope(value, error, step, self.steps[first + k - m], variation))
        return found

    def _seen(self, k: int, i: int) -> float:
        """The larger of the slopes between the point and the k-th step's two ends."""
        middle, plus, minus = self.line.middle[i], self._plus[k][i], self._minus[k][i]
        return max([abs(end - middle) for end in (plus, minus) if math.isfinite(end)] or [0.0]) / self.steps[k]


def power_of_two(number: float) -> float:
    """The largest that is not above a positive number."""
    return 2.0 ** max(math.frexp(number)[1] - 1, -1000)


def rounding(order: Sequence[Any], moving: Mapping[Any, float]) -> Callable[[Any], tuple[float, float]]:
    """How far off a recorded graph's values may be, and their derivatives along `moving`, by rounding alone.

    For a node: what the rounding of each operation before it can amount to, that of several operations taken as
    independent of each other; and the sum of the absolute values of the terms of its derivative, of which a small part
    may be lost where they cancel.
    """
    known: dict[Any, tuple[float, float]] = {node: (0.0, abs(speed)) for node, speed in moving.items()}
    for node in order:
        if node._primitive is None or node in known:
            continue
        record = node._record
        inherited, terms, moved = 0.0, 0.0, False
        for operand, partial in zip(node._inputs, node._primitive.float_partials):
            if operand in known:
                moved = True
                factor = partial(*record) if callable(partial) else partial
                if factor is not None:
                    off, term = known[operand]
                    inherited += abs(factor) * off if abs(factor) * off >= 0.0 else 0.0  # nothing is known of a nan
                    terms += max(abs(factor) * term, SMALLEST_NORMAL * max(1.0, term))  # below, digits are lost
        if moved:
            error = math.hypot(inherited, 0.0 if node._primitive in _EXACT else EPSILON * abs(record[0]) + TINY)
            known[node] = (error, terms if terms < math.inf else 0.0)
    return lambda node: known.get(node, (0.0, 0.0))
