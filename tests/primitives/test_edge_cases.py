"""The edge cases of the numerical conventions: the stated value and derivatives, eager and by every transform."""

from __future__ import annotations

import math
from fractions import Fraction
from math import inf, nan, pi

import pytest
from differentiate import FIRST_ORDER, SECOND_ORDER, higher_derivatives, number
from sampling import same

import autograd
from autograd import (
    Value,
    absolute,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    cosh,
    digamma,
    divide,
    erf,
    exp,
    expm1,
    floor_divide,
    hypot,
    jvp,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    maximum,
    minimum,
    polygamma,
    power,
    relu,
    remainder,
    sigmoid,
    sinh,
    softplus,
    sqrt,
    stop_gradient,
    tan,
    tanh,
    where,
)

ROOT_HALF = 0.7071067811865476
EULER = 0.5772156649015329  # DLMF 5.2.3
ZETA_3 = 1.2020569031595943  # DLMF 25.6


def close(computed: float, exact: float, bound: float = 4.0) -> bool:
    """Within `bound` units in the last place; infinities, nan and signed zeros exactly."""
    if exact == 0.0 or not math.isfinite(exact):
        return same(computed, exact)
    return abs(computed - exact) <= bound * math.ulp(exact)


def id_of(item: object) -> str | None:
    return getattr(item, "name", None)


# One line for each case: function, point, value, first derivatives. All are floats written out, or closed forms.
CASES = [
    (power, (0.0, 0.0), 1.0, [0.0, 0.0]),
    (power, (0.0, 2.0), 0.0, [0.0, 0.0]),
    (power, (0.0, 1.0), 0.0, [1.0, 0.0]),
    (power, (0.0, 0.5), 0.0, [inf, 0.0]),
    (power, (0.0, -1.0), inf, [-inf, -inf]),
    (power, (-2.0, 3.0), -8.0, [12.0, nan]),
    (power, (-8.0, 1 / 3), nan, [nan, nan]),
    (power, (-1e110, 3.0), -inf, [3e220, nan]),
    (power, (-5e-324, 0.0), 1.0, [0.0, nan]),
    (power, (5e-324, 1e-300), 1.0, [2.0240225330731062e23, -744.4400719213812]),
    (power, (1e200, 2.0), inf, [2e200, inf]),
    (power, (1e-200, 2.0), 0.0, [2e-200, -0.0]),
    (power, (2.0, 0.0), 1.0, [0.0, 0.6931471805599453]),
    (divide, (1e200, 1e200), 1.0, [1e-200, -1e-200]),
    (divide, (1.0, 0.0), inf, [inf, -inf]),
    (divide, (-1.0, 0.0), -inf, [inf, inf]),
    (divide, (1.0, -0.0), -inf, [-inf, -inf]),
    (divide, (0.0, 0.0), nan, [inf, nan]),
    (absolute, (0.0,), 0.0, [0.0]),
    (absolute, (-0.0,), 0.0, [-0.0]),
    (absolute, (nan,), nan, [nan]),
    (absolute, (-3.0,), 3.0, [-1.0]),
    (relu, (0.0,), 0.0, [0.0]),
    (relu, (-0.0,), 0.0, [0.0]),
    (relu, (nan,), nan, [nan]),
    (relu, (-1.0,), 0.0, [0.0]),
    (relu, (inf,), inf, [1.0]),
    (maximum, (2.0, 2.0), 2.0, [0.5, 0.5]),
    (minimum, (2.0, 2.0), 2.0, [0.5, 0.5]),
    (maximum, (-0.0, 0.0), 0.0, [0.5, 0.5]),
    (maximum, (0.0, -0.0), 0.0, [0.5, 0.5]),
    (minimum, (-0.0, 0.0), -0.0, [0.5, 0.5]),
    (minimum, (0.0, -0.0), -0.0, [0.5, 0.5]),
    (maximum, (3.0, 2.0), 3.0, [1.0, 0.0]),
    (minimum, (3.0, 2.0), 2.0, [0.0, 1.0]),
    (maximum, (nan, 2.0), nan, [nan, nan]),
    (minimum, (2.0, nan), nan, [nan, nan]),
    (sqrt, (0.0,), 0.0, [inf]),
    (sqrt, (-1.0,), nan, [nan]),
    (log, (0.0,), -inf, [inf]),
    (log, (-1.0,), nan, [nan]),
    (log2, (0.0,), -inf, [inf]),
    (log10, (0.0,), -inf, [inf]),
    (log1p, (-1.0,), -inf, [inf]),
    (cbrt, (0.0,), 0.0, [inf]),
    (cbrt, (-0.0,), -0.0, [inf]),
    (cbrt, (inf,), inf, [0.0]),
    (cbrt, (-inf,), -inf, [0.0]),
    (asin, (1.0,), pi / 2, [inf]),
    (asin, (-1.0,), -pi / 2, [inf]),
    (asin, (1.5,), nan, [nan]),
    (asin, (-1.5,), nan, [nan]),
    (acos, (1.0,), 0.0, [-inf]),
    (acos, (-1.0,), pi, [-inf]),
    (acos, (1.5,), nan, [nan]),
    (acos, (-1.5,), nan, [nan]),
    (acosh, (1.0,), 0.0, [inf]),
    (atanh, (1.0,), inf, [inf]),
    (atanh, (-1.0,), -inf, [inf]),
    (atan2, (0.0, 0.0), 0.0, [nan, nan]),
    (atan2, (1e-200, 1e-200), pi / 4, [5e199, -5e199]),
    (atan2, (1e200, 1e200), pi / 4, [5e-201, -5e-201]),
    (atan2, (3e-160, 4e-160), 0.6435011087932844, [1.6e159, -1.2e159]),
    (hypot, (0.0, 0.0), 0.0, [0.0, 0.0]),
    (hypot, (1e200, 1e200), 1.4142135623730951e200, [ROOT_HALF, ROOT_HALF]),
    (hypot, (1e-200, 1e-200), 1.4142135623730951e-200, [ROOT_HALF, ROOT_HALF]),
    (hypot, (-5e-324, 5e-324), 5e-324, [-ROOT_HALF, ROOT_HALF]),
    (hypot, (1.7e308, 1.7e308), inf, [ROOT_HALF, ROOT_HALF]),
    (sigmoid, (745.0,), 1.0, [5e-324]),
    (sigmoid, (-745.0,), 5e-324, [5e-324]),
    (sigmoid, (40.0,), 1.0, [4.248354255291589e-18]),
    (sigmoid, (-40.0,), 4.248354255291589e-18, [4.248354255291589e-18]),
    (softplus, (21.0,), 21.000000000758256, [0.9999999992417439]),
    (softplus, (-40.0,), 4.248354255291589e-18, [4.248354255291589e-18]),
    (softplus, (800.0,), 800.0, [1.0]),
    (softplus, (-745.0,), 5e-324, [5e-324]),
    (expm1, (-40.0,), -1.0, [4.248354255291589e-18]),
    (expm1, (1e-300,), 1e-300, [1.0]),
    (exp, (1000.0,), inf, [inf]),
    (exp, (-1000.0,), 0.0, [0.0]),
    (tanh, (400.0,), 1.0, [0.0]),
    (tanh, (20.0,), 1.0, [1.6993417021166355e-17]),
    (remainder, (3.0, 0.0), nan, [nan, nan]),
    (remainder, (-7.0, 2.0), 1.0, [1.0, 4.0]),
    (floor_divide, (3.0, 0.0), inf, [0.0, 0.0]),
    (floor_divide, (-3.0, 0.0), -inf, [0.0, 0.0]),
    (floor_divide, (0.0, 0.0), nan, [nan, nan]),
    (floor_divide, (7.0, 2.0), 3.0, [0.0, 0.0]),
    (stop_gradient, (3.0,), 3.0, [0.0]),
]


@pytest.mark.parametrize(("function", "point", "value", "partials"), CASES, ids=id_of)
def test_edge_case_has_the_stated_value_and_derivatives(function, point, value, partials):
    assert close(function(*point), value, 3.0)
    assert close(function(*map(Value, point)).data, value, 3.0)
    for way, differentiate in FIRST_ORDER.items():
        computed = differentiate(function, point)
        # An argument that stands on the side not taken, or at a zero slope, may have 0.0 or -0.0.
        assert len(computed) == len(partials)
        assert all(x == y == 0.0 or close(x, y) for x, y in zip(computed, partials)), (way, computed)


@pytest.mark.parametrize("largest", [maximum, minimum])
def test_the_larger_of_a_number_and_itself_has_the_derivative_1(largest):
    for way, differentiate in FIRST_ORDER.items():
        assert list(differentiate(lambda x: largest(x, x), (3.0,))) == [1.0], way
        assert list(differentiate(lambda x: largest(largest(x, x), x), (3.0,))) == [1.0], way


@pytest.mark.parametrize("two", [2, 2.0])
def test_a_square_at_0_has_exact_zeros_at_every_order_past_2(two):
    for order, exact in ((1, 0.0), (2, 2.0), (3, 0.0), (4, 0.0), (5, 0.0)):
        for way, derivative in higher_derivatives(lambda x: x**two, 0.0, order).items():
            assert derivative == exact, (order, way)


def test_a_whole_power_has_its_derivatives_at_0_and_at_a_negative_base():
    for x, orders in ((0.0, [0.0, 0.0, 6.0, 0.0, 0.0]), (-2.0, [12.0, -12.0, 6.0, 0.0, 0.0])):
        for order, exact in enumerate(orders, 1):
            for way, derivative in higher_derivatives(lambda x: x**3, x, order).items():
                assert derivative == pytest.approx(exact, rel=1e-12, abs=1e-12), (x, order, way)


def test_a_power_is_differentiated_in_its_base_alone_where_the_exponent_stands_still():
    assert jvp(power, (-2.0, 3.0), (1.0, 0.0)) == (-8.0, 12.0)
    assert jvp(power, (0.0, -1.0), (0.0, 0.0)) == (inf, 0.0)
    x = Value(-2.0)
    (x**3).backward()
    assert x.grad == 12.0


def test_the_mixed_second_derivatives_of_a_power_at_2_and_0():
    # x**y has the second derivatives y·(y-1)·x**(y-2), x**(y-1)·(1 + y·ln x), x**y·ln² x.
    for way, differentiate in SECOND_ORDER.items():
        (xx, xy), (yx, yy) = differentiate(power, (2.0, 0.0))
        assert xx == 0.0, way
        assert xy == yx == 0.5, way
        assert yy == pytest.approx(0.4804530139182014, rel=1e-15), way


def test_the_derivative_of_a_power_keeps_its_digits_where_the_textbook_rule_loses_them():
    # By mpmath, at exactly these floats; y * x ** (y - 1) is 420 units in the last place away from it.
    x, y, exact = 961.4290476272661, -63.99771974962392, -8.381963065418686e-193
    for way, differentiate in FIRST_ORDER.items():
        assert close(differentiate(power, (x, y))[0], exact), way
        assert close(differentiate(lambda x: x**y, (x,))[0], exact), way


# Ground rule 5: f, x, and derivatives of orders 1, 2, 3 at x. Nothing comes from the side that is not taken.
ABSENT = {
    "a square root behind where": (lambda x: where(x > 0, sqrt(x), 0), 0.0, [0.0, 0.0, 0.0]),
    "x times a square root behind where": (lambda x: where(x > 0, x * sqrt(x), 0), 0.0, [0.0, 0.0, 0.0]),
    "where with the sides exchanged": (lambda x: where(x <= 0, 0.0, 1 / x), 0.0, [0.0, 0.0, 0.0]),
    "a logarithm behind where, plus x cubed": (
        lambda x: where(x > 0, log(x), 0.0) + x * x * x, 0.0, [0.0, 0.0, 6.0],
    ),
    "where in where": (lambda x: where(x > 1, log(x - 1), where(x > 0, sqrt(x), x * x * x)), 0.0, [0.0, 0.0, 6.0]),
    "where times x": (lambda x: x * where(x > 0, sqrt(x), x * x), 0.0, [0.0, 0.0, 6.0]),
    "the condition of where": (lambda x: where(sqrt(x), x, x * x * x), 0.0, [0.0, 0.0, 6.0]),
    "the order of polygamma": (lambda x: polygamma(sqrt(x), 2.0) + x * x * x, 0.0, [0.0, 0.0, 6.0]),
    "the first of maximum": (lambda x: maximum(-sqrt(x), 2.0 + x * x * x), 0.0, [0.0, 0.0, 6.0]),
    "the second of maximum": (lambda x: maximum(2.0 + x * x * x, -sqrt(x)), 0.0, [0.0, 0.0, 6.0]),
    "the first of minimum": (lambda x: minimum(sqrt(x), -1.0 + x * x * x), 0.0, [0.0, 0.0, 6.0]),
    "the second of minimum": (lambda x: minimum(-1.0 + x * x * x, sqrt(x)), 0.0, [0.0, 0.0, 6.0]),
    "relu": (lambda x: relu(sqrt(x) - 1.0) + x * x * x, 0.0, [0.0, 0.0, 6.0]),
    "clip": (lambda x: autograd.clip(sqrt(x), 1.0, 2.0) + x * x * x, 0.0, [0.0, 0.0, 6.0]),
    "x·x·x": (lambda x: x * x * x, 0.0, [0.0, 0.0, 6.0]),
    "stop_gradient": (lambda x: stop_gradient(sqrt(x)) + x * x * x, 0.0, [0.0, 0.0, 6.0]),
}  # fmt: skip


@pytest.mark.parametrize("case", ABSENT)
def test_a_side_that_is_not_taken_contributes_nothing_at_any_order(case):
    function, x, orders = ABSENT[case]
    for order, exact in enumerate(orders, 1):
        for way, derivative in higher_derivatives(function, x, order).items():
            assert derivative == exact, (order, way)


def test_where_sends_nothing_to_its_other_side_or_to_its_condition():
    for condition, expected in ((1.0, [0.0, 1.0, 0.0]), (0.0, [0.0, 0.0, 1.0]), (nan, [0.0, 1.0, 0.0])):
        for way, differentiate in FIRST_ORDER.items():
            assert list(differentiate(where, (condition, inf, nan))) == expected, (condition, way)


def test_a_side_not_taken_inside_a_checkpoint_or_a_root_contributes_nothing_outside():
    def newton(f, x):
        for _ in range(50):
            x = x - f(x) / autograd.grad(f)(x)
        return x

    def checkpointed(x):
        return autograd.checkpoint(lambda a: maximum(a, 2.0))(sqrt(x)) + x * x * x

    def root(x):
        a = sqrt(x)
        return autograd.custom_root(lambda r: r - maximum(a, 2.0), 1.0, newton) + x * x * x

    for function in (checkpointed, root):
        for order, exact in enumerate([0.0, 0.0, 6.0], 1):
            for way, derivative in higher_derivatives(function, 0.0, order).items():
                assert derivative == exact, (order, way)


def test_an_output_that_is_singular_does_not_spoil_the_derivative_of_another():
    def both(x):
        return [x * x * x, sqrt(x)]

    assert autograd.jacfwd(both)(0.0) == autograd.jacrev(both)(0.0) == [0.0, inf]


# Ground rules 7 and 8: derivatives of orders 1, 2, ... at a point, from the Taylor series.
SMOOTH = {
    "tanh": (tanh, 0.0, [1.0, 0.0, -2.0, 0.0, 16.0]),
    "sigmoid": (sigmoid, 0.0, [0.25, 0.0, -0.125, 0.0, 0.25]),
    "softplus": (softplus, 0.0, [0.5, 0.25, 0.0, -0.125, 0.0]),
    "tan": (tan, 0.0, [1.0, 0.0, 2.0, 0.0, 16.0]),
    "atan": (atan, 0.0, [1.0, 0.0, -2.0, 0.0, 24.0]),
    "asin": (asin, 0.0, [1.0, 0.0, 1.0, 0.0, 9.0]),
    "acos": (acos, 0.0, [-1.0, 0.0, -1.0, 0.0, -9.0]),
    "sinh": (sinh, 0.0, [1.0, 0.0, 1.0, 0.0, 1.0]),
    "cosh": (cosh, 0.0, [0.0, 1.0, 0.0, 1.0, 0.0]),
    "asinh": (asinh, 0.0, [1.0, 0.0, -1.0, 0.0, 9.0]),
    "atanh": (atanh, 0.0, [1.0, 0.0, 2.0, 0.0, 24.0]),
    "log1p": (log1p, 0.0, [1.0, -1.0, 2.0, -6.0, 24.0]),
    "expm1": (expm1, 0.0, [1.0, 1.0, 1.0, 1.0, 1.0]),
    "erf": (erf, 0.0, [c / math.sqrt(pi) for c in (2.0, 0.0, -4.0, 0.0, 24.0)]),
    "hypot": (lambda x: hypot(x, 1.0), 0.0, [0.0, 1.0, 0.0, -3.0, 0.0]),
    "atan2": (lambda y: atan2(y, 1.0), 0.0, [1.0, 0.0, -2.0, 0.0, 24.0]),
    "cbrt": (cbrt, -8.0, [1 / 12, 1 / 144, 5 / 3456, 5 / 10368, 55 / 248832]),
    "lgamma": (lgamma, 1.0, [-EULER, pi**2 / 6, -2 * ZETA_3, pi**4 / 15, -24 * 1.03692775514337]),
    "digamma": (digamma, 1.0, [pi**2 / 6, -2 * ZETA_3, pi**4 / 15, -24 * 1.03692775514337]),
    "x·|x|, which is smooth but for its second derivative": (lambda x: x * abs(x), -1.0, [2.0, -2.0, 0.0]),
    "x times itself held fixed": (lambda x: x * stop_gradient(x), 3.0, [3.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_function_has_its_derivatives_at_every_order(name):
    function, x, orders = SMOOTH[name]
    for order, exact in enumerate(orders, 1):
        for way, derivative in higher_derivatives(function, x, order).items():
            assert abs(derivative - exact) <= 1e-12 * max(1.0, abs(exact)), (order, way, derivative)


@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [
        (hypot, (3.0, 4.0), [[0.128, -0.096], [-0.096, 0.072]]),
        (atan2, (1.0, 2.0), [[-0.16, -0.12], [-0.12, 0.16]]),
        (divide, (3.0, 2.0), [[0.0, -0.25], [-0.25, 0.75]]),
        (maximum, (3.0, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
        (remainder, (7.0, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
        (lambda x, y: x * y, (0.0, 0.0), [[0.0, 1.0], [1.0, 0.0]]),
    ],
)
def test_second_derivatives_by_every_transform(function, point, expected):
    for way, differentiate in SECOND_ORDER.items():
        for computed, exact in zip(differentiate(function, point), expected, strict=True):
            assert list(computed) == pytest.approx(exact, rel=1e-14, abs=1e-15), way


def test_hypot_has_zero_derivatives_of_first_order_at_the_origin_in_every_direction():
    for tangent in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        assert jvp(hypot, (0.0, 0.0), tangent) == (0.0, 0.0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_norm_of_zeros_is_0_with_zero_derivatives(count):
    def norm(*numbers):
        return autograd.norm(list(numbers))

    assert norm(*[0.0] * count) == 0.0
    for way, differentiate in FIRST_ORDER.items():
        assert list(differentiate(norm, (0.0,) * count)) == [0.0] * count, way


def test_the_norm_neither_overflows_nor_underflows():
    for scale in (1e200, 1e-200):
        point = (3.0 * scale, -4.0 * scale, 12.0 * scale)
        assert close(autograd.norm(list(point)), 13.0 * scale, 3.0)
        for way, differentiate in FIRST_ORDER.items():
            gradient = differentiate(lambda *numbers: autograd.norm(list(numbers)), point)
            assert list(gradient) == pytest.approx([3 / 13, -4 / 13, 12 / 13], rel=1e-15), way


def test_logsumexp_and_softmax_are_shifted_by_the_maximum():
    def logsumexp(*numbers):
        return autograd.logsumexp(list(numbers))

    def first_of_softmax(*numbers):
        return autograd.softmax(list(numbers))[0]

    for point in ((1000.0, 1000.0), (-1000.0, -1000.0)):
        assert close(logsumexp(*point), point[0] + math.log(2.0), 3.0)
        assert list(autograd.softmax(list(point))) == [0.5, 0.5]
        for way, differentiate in FIRST_ORDER.items():
            assert list(differentiate(logsumexp, point)) == [0.5, 0.5], way
            assert list(differentiate(first_of_softmax, point)) == [0.25, -0.25], way
        for way, differentiate in SECOND_ORDER.items():
            assert [list(row) for row in differentiate(logsumexp, point)] == [[0.25, -0.25], [-0.25, 0.25]], way


def test_signed_zeros_are_kept():
    assert same((-Value(0.0)).data, -0.0)
    assert same(sum([Value(-0.0)]).data, 0.0)
    assert same(number(autograd.sum([Value(-0.0)])), 0.0)
    assert same((Value(-0.0) + -0.0).data, -0.0)
    for way, differentiate in FIRST_ORDER.items():
        assert list(differentiate(lambda x: -x, (0.0,))) == [-1.0], way
        assert list(differentiate(lambda x: sum([x]), (-0.0,))) == [1.0], way


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

    for scalar in (np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), np.array(2.0)):
        assert type(Value(scalar).data) is float
        assert type((Value(1.0) + scalar).data) is float


@pytest.mark.parametrize("convert", [float, int, complex, math.exp])
def test_a_value_does_not_turn_into_a_number_without_a_word(convert):
    with pytest.raises(TypeError, match=r"v\.data"):
        convert(Value(1.0))
