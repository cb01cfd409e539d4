"""The edge cases of the numerical conventions: the stated value and gradient of each, and where they differ in sign."""

from __future__ import annotations

import math
from fractions import Fraction
from math import inf, nan

import pytest

from autograd import Value, exp, log, relu, sigmoid, sqrt, tanh


def same(a: float, b: float) -> bool:
    """Equal, nan with nan, and zeros of the same sign."""
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def of_power(x: float, y: float) -> list[float]:
    a, b = Value(x), Value(y)
    out = a**b
    out.backward()
    return [out.data, a.grad, b.grad]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, [1.0, 0.0, 0.0]),
        (0.0, 2.0, [0.0, 0.0, 0.0]),
        (0.0, 0.5, [0.0, inf, 0.0]),
        (0.0, -1.0, [inf, -inf, -inf]),
        (-2.0, 3.0, [-8.0, 12.0, nan]),
        (-8.0, 1 / 3, [nan, nan, nan]),
        (1e200, 2.0, [inf, 2e200, inf]),
        (1e-200, 2.0, [0.0, 2e-200, -0.0]),
    ],
)
def test_power(x, y, expected):
    assert all(map(same, of_power(x, y), expected)), of_power(x, y)


def test_power_of_a_negative_base_with_a_constant_exponent_is_differentiable():
    x = Value(-2.0)
    (x**3).backward()
    assert x.grad == 12.0


@pytest.mark.parametrize(
    ("x", "y", "value", "of_x", "of_y"),
    [
        (1.0, 0.0, inf, inf, -inf),
        (-1.0, 0.0, -inf, inf, inf),
        (1.0, -0.0, -inf, -inf, -inf),
        (0.0, 0.0, nan, inf, nan),
        (1e200, 1e200, 1.0, 1e-200, -1e-200),
    ],
)
def test_division(x, y, value, of_x, of_y):
    a, b = Value(x), Value(y)
    out = a / b
    out.backward()
    assert same(out.data, value)
    assert same(a.grad, of_x)
    assert same(b.grad, of_y)


@pytest.mark.parametrize(
    ("function", "x", "value", "gradient"),
    [
        (abs, 0.0, 0.0, 0.0),
        (abs, nan, nan, nan),
        (abs, -3.0, 3.0, -1.0),
        (relu, 0.0, 0.0, 0.0),
        (relu, nan, nan, nan),
        (relu, -1.0, 0.0, 0.0),
        (relu, inf, inf, 1.0),
        (sqrt, 0.0, 0.0, inf),
        (sqrt, -1.0, nan, nan),
        (log, 0.0, -inf, inf),
        (log, -1.0, nan, nan),
        (exp, 1000.0, inf, inf),
        (exp, -1000.0, 0.0, 0.0),
        (sigmoid, 745.0, 1.0, 5e-324),
        (sigmoid, -745.0, 5e-324, 5e-324),
        (sigmoid, 40.0, 1.0, math.exp(-40.0)),
        (tanh, 400.0, 1.0, 0.0),
        (tanh, inf, 1.0, 0.0),
    ],
)
def test_functions_at_their_edges(function, x, value, gradient):
    v = Value(x)
    out = function(v)
    out.backward()
    assert same(out.data, value)
    assert same(v.grad, gradient)


def test_sigmoid_keeps_its_derivative_in_both_tails():
    for x in (-40.0, 40.0):
        v = Value(x)
        v.sigmoid().backward()
        assert v.grad == pytest.approx(4.248354255291589e-18, rel=1e-15)


def test_signed_zeros_are_kept():
    assert same((-Value(0.0)).data, -0.0)
    assert same(sum([Value(-0.0)]).data, 0.0)
    assert same((Value(-0.0) + -0.0).data, -0.0)


@pytest.mark.parametrize("number", [3, True, Fraction(1, 2), 0.1, -0.0])
def test_real_numbers_become_floats(number):
    v = Value(number)
    assert type(v.data) is float
    assert v.data == number
    assert (v + number).data == float(number) + float(number)


@pytest.mark.parametrize("wrong", [1j, "1", None, [1.0], object()])
def test_anything_but_a_real_number_is_refused_by_its_type(wrong):
    name = type(wrong).__name__
    with pytest.raises(TypeError, match=name):
        Value(wrong)
    with pytest.raises(TypeError, match=name):
        Value(1.0) + wrong
    with pytest.raises(TypeError, match=name):
        wrong * Value(1.0)
    with pytest.raises(TypeError, match=name):
        Value(1.0) < wrong


def test_decimal_is_refused():
    from decimal import Decimal

    with pytest.raises(TypeError, match="Decimal"):
        Value(Decimal("0.1"))


def test_an_integer_beyond_the_largest_float_is_refused_at_construction():
    with pytest.raises(OverflowError):
        Value(10**400)


def test_numpy_scalars_become_floats():
    import numpy as np

    for number in (np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), np.array(2.0)):
        assert type(Value(number).data) is float
        assert type((Value(1.0) + number).data) is float


@pytest.mark.parametrize("convert", [float, int, complex, math.exp])
def test_a_value_does_not_turn_into_a_number_without_a_word(convert):
    with pytest.raises(TypeError, match=r"v\.data"):
        convert(Value(1.0))
