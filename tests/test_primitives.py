"""Every row of the table against mpmath at 50 digits: the value within 3 ulp, each partial within 4."""

from __future__ import annotations

import math
from math import inf, nan

import mpmath
import pytest
from sampling import points, ulps

from autograd import Value
from autograd.primitives import TABLE, Primitive

REFERENCE = {
    "absolute": abs,
    "add": lambda x, y: x + y,
    "cos": mpmath.cos,
    "divide": lambda x, y: x / y,
    "exp": mpmath.exp,
    "log": mpmath.log,
    "multiply": lambda x, y: x * y,
    "negative": lambda x: -x,
    "power": mpmath.power,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "sign": mpmath.sign,
    "sin": mpmath.sin,
    "sqrt": mpmath.sqrt,
    "subtract": lambda x, y: x - y,
    "tanh": mpmath.tanh,
    "where": lambda condition, x, y: x if condition else y,
}
ROWS = [pytest.param(row, id=name) for name, row in TABLE.items()]
EDGES = (0.0, -0.0, 5e-324, -5e-324, 1.0, -1.0, 0.5, -2.0, 1e200, -1e200, 1.7976931348623157e308, inf, -inf, nan)


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(50):
        yield


def test_every_row_has_a_reference():
    assert REFERENCE.keys() == TABLE.keys()


@pytest.mark.parametrize("row", ROWS)
def test_value_is_within_3_ulp_of_50_digits(row: Primitive):
    for point in points(row, 400):
        exact = REFERENCE[row.name](*map(mpmath.mpf, point))
        assert ulps(row(*point), exact) <= 3.0, point


@pytest.mark.parametrize("row", ROWS)
def test_gradient_is_within_4_ulp_of_50_digits(row: Primitive):
    for point in points(row, 60):
        operands = [Value(number) for number in point]
        row(*operands).backward()
        for i, operand in enumerate(operands):
            if row.partials[i] is None:
                assert not operand.grad
                continue
            order = tuple(int(i == j) for j in range(len(point)))
            exact = mpmath.diff(REFERENCE[row.name], tuple(map(mpmath.mpf, point)), order)
            assert ulps(operand.grad, exact) <= 4.0, point


@pytest.mark.parametrize("row", ROWS)
def test_no_row_raises_on_any_float(row: Primitive):
    def fill(point: tuple[float, ...]) -> None:
        if len(point) < len(row.partials):
            for edge in EDGES:
                fill((*point, edge))
            return
        operands = [Value(number) for number in point]
        out = row(*operands)
        assert isinstance(out.data, float)
        out.backward()
        assert all(isinstance(operand.grad, float) for operand in operands)

    fill(())


@pytest.mark.parametrize("row", ROWS)
def test_floats_and_values_give_the_same_bits(row: Primitive):
    for point in points(row, 40):
        assert row(*point) == row(*map(Value, point)).data == row(Value(point[0]), *point[1:]).data


def test_arithmetic_is_pythons_own_bit_for_bit():
    for x, y in points(TABLE["multiply"], 200):
        a, b = Value(x), Value(y)
        assert [(a + b).data, (a - b).data, (a * b).data, (a / b).data] == [x + y, x - y, x * y, x / y]
        assert [(x + b).data, (x - b).data, (x * b).data, (x / b).data] == [x + y, x - y, x * y, x / y]
        assert [(a + y).data, (a - y).data, (a * y).data, (a / y).data] == [x + y, x - y, x * y, x / y]
        assert abs(a).sqrt().data == math.sqrt(abs(x))
