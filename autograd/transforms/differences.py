"""Central differences, extrapolated to a step of zero, with an estimate of their own error.

Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

_EPSILON = 2.0**-52
_LEVELS = 12  # of the extrapolation; each takes a step 1.6 times smaller than the one before
_SHRINK = 1.6


def differences(
    function: Callable[[float], Sequence[float]], point: float, levels: int = _LEVELS
) -> list[tuple[float, float]]:
    """For each number that `function` returns its derivative at `point`, and an estimate of that derivative's error.

    >>> ((slope, error),) = differences(lambda x: [x * x * x], 2.0)
    >>> abs(slope - 12.0) <= error < 1e-11
    True
    """
    step = 0.1 * abs(point) if abs(point) > 1e-3 else 0.01
    while not all(map(math.isfinite, (*function(point + step), *function(point - step)))):  # into the domain
        step /= 4.0
        if not step > 1e3 * math.ulp(point):  # there is none around the point
            return [(math.nan, math.inf) for _ in function(point)]
    slopes: list[list[float]] = []
    noise: list[list[float]] = []
    for _ in range(levels):
        plus, minus = function(point + step), function(point - step)
        width = (point + step) - (point - step)  # as the floats have it
        slopes.append([(a - b) / width for a, b in zip(plus, minus)])
        noise.append([4.0 * _EPSILON * (abs(a) + abs(b)) / width for a, b in zip(plus, minus)])
        step /= _SHRINK
    return [_extrapolate([row[i] for row in slopes], [row[i] for row in noise]) for i in range(len(plus))]


def _extrapolate(slopes: list[float], noise: list[float]) -> tuple[float, float]:
    """The limit at a step of zero: the entry of Neville's table that has the least error."""
    best, least = math.nan, math.inf
    previous: list[float] = []
    for k, slope in enumerate(slopes):
        row = [slope]
        weight = 1.0
        for m in range(k):
            weight *= _SHRINK * _SHRINK
            row.append((row[m] * weight - previous[m]) / (weight - 1.0))
            error = max(abs(row[m + 1] - row[m]), abs(row[m + 1] - previous[m])) + noise[k]
            if error < least:
                best, least = row[m + 1], error
        previous = row
    return best, least


def central_difference(order: Sequence[Any], variable: Any, output: Any) -> tuple[float, float]:
    """The derivative of a recorded graph's output with respect to one of its nodes, and its error, by evaluation.

    `order` has every node after its operands. All other leaves keep the floats that were recorded.
    """
    registers: list[Any] = [variable._out]
    place = {variable: 0}
    program: list[tuple[Callable[..., Any], int, tuple[int, ...]]] = []
    for node in order:
        inputs = node._inputs
        if node is variable or not any(operand in place for operand in inputs if operand is not None):
            continue
        operands = []
        for operand, number in zip(inputs, node._record[1:]):
            if operand is None or operand not in place:
                registers.append(number)
                operands.append(len(registers) - 1)
            else:
                operands.append(place[operand])
        place[node] = len(registers)
        registers.append(node._out)
        program.append((node._primitive.evaluate, place[node], tuple(operands)))
    if output not in place:
        return 0.0, 0.0

    def evaluate(number: float) -> list[float]:
        registers[0] = number
        for function, result, operands in program:
            if len(operands) == 2:
                registers[result] = function(registers[operands[0]], registers[operands[1]])
            else:
                registers[result] = function(*[registers[operand] for operand in operands])
        return [registers[place[output]]]

    levels = _LEVELS if len(program) < 5_000 else 4
    return differences(evaluate, variable._out, levels)[0]
