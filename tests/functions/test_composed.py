"""The composed functions against mpmath at 50 digits, to second order; their edges; and what they take and return."""

from __future__ import annotations

import math
from fractions import Fraction
from math import inf, nan

import mpmath
import numpy as np
import pytest
from differentiate import COMPILED_FIRST_ORDER, COMPILED_SECOND_ORDER, FIRST_ORDER, SECOND_ORDER

from autograd import (
    ShapeError,
    Value,
    array,
    clip,
    cosh,
    dot,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    logsumexp,
    mean,
    norm,
    prod,
    silu,
    softmax,
    sum,
)


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(50):
        yield


def same(a, b):
    """Equal, nan with nan, and zeros of the same sign."""
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def gradient(function, numbers):
    values = [Value(number) for number in numbers]
    function(values).backward()
    return [value.grad for value in values]


def hessian(function, numbers):
    """Its rows, each a backward pass over the graph of a first derivative."""
    rows = []
    for i in range(len(numbers)):
        values = [Value(number) for number in numbers]
        function(values).backward(create_graph=True)
        slope = values[i].grad + Value(0.0)
        for value in values:
            value.grad = None
        slope.backward()
        rows.append([value.grad for value in values])
    return rows


def close(computed, exact, scale=1.0):
    """Within 1e-12 of the exact number, or of the size of the terms that it is the sum of, where they are larger."""
    return abs(computed - exact) <= 1e-12 * max(abs(exact), scale)


def exact_softmax(x):
    exponentials = [mpmath.exp(number) for number in x]
    return [exponential / mpmath.fsum(exponentials) for exponential in exponentials]


REFERENCES = {
    "sum": (sum, lambda *x: mpmath.fsum(x)),
    "mean": (mean, lambda *x: mpmath.fsum(x) / len(x)),
    "prod": (prod, lambda *x: mpmath.fprod(x)),
    "norm": (norm, lambda *x: mpmath.sqrt(mpmath.fsum(number**2 for number in x))),
    "logsumexp": (logsumexp, lambda *x: mpmath.log(mpmath.fsum(mpmath.exp(number) for number in x))),
    "softmax": (lambda x: softmax(x)[1], lambda *x: exact_softmax(x)[1]),
    "log_softmax": (lambda x: log_softmax(x)[1], lambda *x: mpmath.log(exact_softmax(x)[1])),
    "dot": (lambda x: dot(x, x[::-1]), lambda *x: mpmath.fdot(zip(x, x[::-1]))),
}
POINTS = [(0.3, -1.2, 2.5), (1.7, 1.7, -0.4), (-3.1, 0.2, 0.1, 2.9), (20.0, -15.0, 3.0)]


@pytest.mark.parametrize("given", [list, array], ids=["list", "array"])
@pytest.mark.parametrize("point", POINTS, ids=str)
@pytest.mark.parametrize("name", REFERENCES)
def test_functions_of_many_numbers_agree_with_50_digits_to_second_order(name, point, given):
    of_sequence, reference = REFERENCES[name]
    function = lambda x: of_sequence(given(x))
    exact_point = tuple(map(mpmath.mpf, point))
    scale = max(1.0, *map(abs, point))
    assert close(function(list(point)), reference(*exact_point), scale)
    for i, computed in enumerate(gradient(function, point)):
        order = [int(i == j) for j in range(len(point))]
        assert close(computed, mpmath.diff(reference, exact_point, tuple(order)), scale)
    for i, row in enumerate(hessian(function, point)):
        for k, computed in enumerate(row):
            order = [int(i == j) + int(k == j) for j in range(len(point))]
            assert close(computed, mpmath.diff(reference, exact_point, tuple(order)), scale), (i, k)


ACTIVATIONS = {
    "silu": (silu, lambda x: x / (1 + mpmath.exp(-x))),
    "gelu": (gelu, lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2),
    "leaky_relu": (leaky_relu, lambda x: x if x > 0 else mpmath.mpf(0.01) * x),
    "elu": (elu, lambda x: x if x > 0 else mpmath.expm1(x)),
    "elu, alpha 2.5": (lambda x: elu(x, 2.5), lambda x: x if x > 0 else 2.5 * mpmath.expm1(x)),
    "clip": (lambda x: clip(x, -1.0, 0.5), lambda x: min(max(x, mpmath.mpf(-1)), mpmath.mpf(0.5))),
}


@pytest.mark.parametrize("x", [-37.0, -12.5, -3.0, -0.75, -1e-9, 1e-9, 0.4, 2.0, 8.5, 40.0])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_agree_with_50_digits_in_their_tails_to_second_order(name, x):
    function, reference = ACTIVATIONS[name]
    assert abs(function(x) - reference(mpmath.mpf(x))) <= 1e-12 * abs(reference(mpmath.mpf(x)))
    [first] = gradient(lambda values: function(values[0]), [x])
    [[second]] = hessian(lambda values: function(values[0]), [x])
    for order, computed in ((1, first), (2, second)):
        exact = mpmath.diff(reference, mpmath.mpf(x), order, h=mpmath.mpf(10) ** -20)
        assert abs(computed - exact) <= 1e-12 * abs(exact) + 1e-15 * (abs(x) < 1e-6), order


def test_the_exact_gelu_is_within_5e_4_of_the_approximation_by_tanh():
    def approximation(x):
        return 0.5 * x * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))

    difference = max(abs(gelu(x) - approximation(x)) for x in np.linspace(-6.0, 6.0, 2401).tolist())
    assert 4e-4 < difference < 5e-4


# Sums.


def test_sums_run_from_left_to_right():
    numbers = [1e16, 1.0, 1.0, -1e16]
    assert sum(numbers) == 0.0 == sum(map(Value, numbers)).data
    assert sum(numbers[::-1]) == 0.0
    assert sum([1.0, 1.0, 1e16, -1e16]) == 2.0
    assert dot(numbers, [1.0] * 4) == 0.0
    assert mean([0.1] * 10) == 0.09999999999999999


def test_sums_of_nothing():
    assert same(sum([]), 0.0)
    assert prod([]) == 1.0
    assert dot([], []) == 0.0
    assert norm([]) == 0.0
    assert logsumexp([]) == -inf
    assert softmax([]) == log_softmax([]) == []


def test_the_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="mean of no numbers"):
        mean([])


def test_the_sum_of_one_negative_zero_is_positive():
    assert same(sum([Value(-0.0)]).data, 0.0)
    assert same(sum([-0.0]), 0.0)


def test_a_sum_of_a_hundred_thousand_values_neither_recurses_nor_slows_down():
    values = [Value(1.0) for _ in range(100_000)]
    total = sum(values)
    total.backward()
    assert total.data == 100_000.0
    assert {value.grad for value in values} == {1.0}


def test_dot_of_unequal_lengths_says_both():
    with pytest.raises(ShapeError, match="2 and 3"):
        dot([1.0, 2.0], [1.0, 2.0, 3.0])


def test_dot_of_matrices_points_to_the_matrix_product():
    for matrix in ([[1.0, 2.0], [3.0, 4.0]], np.eye(2), [np.ones(2), np.ones(2)]):
        with pytest.raises(ShapeError, match="@"):
            dot(matrix, matrix)


@pytest.mark.parametrize(
    ("numbers", "slopes", "second"),
    [
        # The derivative by a factor is the product of the others: exact fractions, zeros and all.
        ([2.0, 0.0, 3.0], [0.0, 6.0, 0.0], [[0.0, 3.0, 0.0], [3.0, 0.0, 2.0], [0.0, 2.0, 0.0]]),
        ([0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [[0.0] * 3] * 3),
    ],
)
def test_a_product_with_zeros_has_the_right_derivatives(numbers, slopes, second):
    assert gradient(prod, numbers) == slopes
    assert hessian(prod, numbers) == second


def test_the_third_derivative_of_a_product_of_three_zeros_is_one():
    x, y, z = values = [Value(0.0) for _ in range(3)]
    prod(values).backward(create_graph=True)
    of_x, x.grad, y.grad, z.grad = x.grad, None, None, None
    of_x.backward(create_graph=True)
    of_x_and_y, y.grad, z.grad = y.grad, None, None
    of_x_and_y.backward()
    assert z.grad == 1.0


# The norm.


def test_the_norm_of_zeros_has_zeros_for_gradient_and_no_second_derivatives():
    for zeros in ([0.0], [0.0, 0.0], [0.0, 0.0, 0.0]):
        assert norm(zeros) == 0.0
        assert gradient(norm, zeros) == zeros
        assert all(math.isnan(number) for row in hessian(norm, zeros) for number in row)


@pytest.mark.parametrize("smooth", [lambda length: length**2, lambda length: length * length, cosh])
def test_a_smooth_function_of_the_norm_is_never_finite_and_wrong_at_zeros(smooth):
    for zeros in ([0.0], [-0.0], [0.0, 0.0], [0.0, 0.0, 0.0]):
        found = [number for row in hessian(lambda v: smooth(norm(v)), zeros) for number in row]
        assert all(map(math.isnan, found)), found
    assert hessian(lambda v: dot(v, v), [0.0, 0.0]) == [[2.0, 0.0], [0.0, 2.0]]
    assert hessian(lambda v: norm(v) ** 2, [3.0, -4.0])[0] == pytest.approx([2.0, 0.0], abs=1e-15)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_the_norm_neither_overflows_nor_vanishes(size):
    assert norm([3.0 * size, 4.0 * size]) == pytest.approx(5.0 * size, rel=1e-15, abs=0.0)
    assert gradient(norm, [size, size]) == pytest.approx([0.7071067811865476] * 2, rel=1e-15)
    assert gradient(norm, [3.0 * size, 0.0, 4.0 * size]) == pytest.approx([0.6, 0.0, 0.8], rel=1e-15)


def test_the_norm_of_one_number_is_its_absolute_value():
    assert norm([-2.0]) == 2.0
    assert gradient(norm, [-2.0]) == [-1.0]


# The exponential family.


def test_logsumexp_and_softmax_are_shifted_by_the_maximum():
    assert logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2.0)
    assert logsumexp([-1000.0, -1000.0]) == -1000.0 + math.log(2.0)
    assert gradient(logsumexp, [1000.0, 1000.0]) == [0.5, 0.5]
    assert gradient(logsumexp, [-1000.0, 0.0]) == [0.0, 1.0]
    assert softmax([1000.0, 0.0]) == [1.0, 0.0]
    assert log_softmax([1000.0, 0.0]) == [0.0, -1000.0]


def test_the_shift_takes_no_part_in_a_derivative_of_either_order():
    # At equal numbers the maximum has a kink, of which nothing may be left: the Hessian is diag(p) - p·pᵀ.
    third, ninth = Fraction(1, 3), Fraction(1, 9)
    for i, row in enumerate(hessian(logsumexp, [700.0, 700.0, 700.0])):
        for k, computed in enumerate(row):
            assert computed == pytest.approx(float(third * (i == k) - ninth), rel=1e-14)


def test_the_softmax_in_its_tail_keeps_its_digits():
    exact = mpmath.exp(-700) / (1 + mpmath.exp(-700))
    assert abs(softmax([0.0, -700.0])[1] - exact) <= 1e-13 * exact
    assert abs(gradient(logsumexp, [0.0, -700.0])[1] - exact) <= 1e-13 * exact


# What SciPy's logsumexp, softmax and log_softmax return, each asked in version 1.17.
INFINITE = [
    ([-inf, -inf], -inf, [nan, nan], [nan, nan]),
    ([inf, 1.0], inf, [nan, nan], [nan, -inf]),
    ([inf, inf], inf, [nan, nan], [nan, nan]),
    ([inf, -inf], inf, [nan, nan], [nan, -inf]),
    ([nan, 1.0], nan, [nan, nan], [nan, nan]),
    ([nan, inf], nan, [nan, nan], [nan, nan]),
    ([-inf, 1.0], 1.0, [0.0, 1.0], [-inf, 0.0]),
    ([-inf], -inf, [nan], [nan]),
]


@pytest.mark.parametrize(("numbers", "log_of_sum", "shares", "logarithms"), INFINITE)
def test_infinities_and_nan_are_as_in_scipy(numbers, log_of_sum, shares, logarithms):
    of_values = [Value(number) for number in numbers]
    for given in (numbers, of_values, np.array(numbers), array(of_values)):
        results = [[logsumexp(given)], softmax(given), log_softmax(given)]
        for computed, expected in zip(results, [[log_of_sum], shares, logarithms]):
            plain = [item.data if isinstance(item, Value) else item for item in computed]
            assert all(map(same, plain, expected)), plain


# The limits of the shares exp(x) / Σ exp as numbers go to infinity, by hand. They depend on the way there where several
# are the largest together: then nan.
LIMITS = [
    ([inf], [1.0]),
    ([-inf], [1.0]),
    ([inf, 1.0], [1.0, 0.0]),
    ([1.0, 1.0, inf], [0.0, 0.0, 1.0]),
    ([inf, -inf], [1.0, 0.0]),
    ([-inf, 1.0], [0.0, 1.0]),
    ([-inf, 1.0, 1.0], [0.0, 0.5, 0.5]),
    ([1e308, -1e308, inf], [0.0, 0.0, 1.0]),
    ([inf, inf], [nan, nan]),
    ([inf, 1.0, inf], [nan, 0.0, nan]),
    ([-inf, -inf], [nan, nan]),
    ([nan], [nan]),
    ([nan, 1.0], [nan, nan]),
    ([inf, nan], [nan, nan]),
]


IN_EACH_FORM = pytest.mark.parametrize(
    "log_of_sum",
    [
        lambda *numbers: logsumexp(list(numbers)), lambda *numbers: logsumexp(array(numbers)),
        lambda *numbers: logsumexp(array([numbers]).T),
    ],
    ids=["list", "vector", "column"],
)  # fmt: skip


@IN_EACH_FORM
@pytest.mark.parametrize(("numbers", "shares"), LIMITS, ids=str)
def test_the_derivatives_of_logsumexp_at_infinity_are_their_limits(numbers, shares, log_of_sum):
    for way, differentiate in (FIRST_ORDER | COMPILED_FIRST_ORDER).items():
        assert list(differentiate(log_of_sum, numbers)) == pytest.approx(shares, rel=0, abs=0, nan_ok=True), way


@IN_EACH_FORM
@pytest.mark.parametrize(("numbers", "shares"), LIMITS, ids=str)
def test_the_second_derivatives_of_logsumexp_at_infinity_are_their_limits(numbers, shares, log_of_sum):
    # diag(p) - p·pᵀ
    limit = [[p * (i == k) - p * q for k, q in enumerate(shares)] for i, p in enumerate(shares)]
    for way, differentiate in (SECOND_ORDER | COMPILED_SECOND_ORDER).items():
        for row, expected in zip(differentiate(log_of_sum, numbers), limit):
            assert list(row) == pytest.approx(expected, rel=0, abs=0, nan_ok=True), way


@pytest.mark.parametrize(
    ("numbers", "chosen", "slopes"), [([inf, 1.0], 1, [-1.0, 1.0]), ([-inf, 1.0], 0, [1.0, -1.0])]
)
def test_the_derivatives_of_log_softmax_at_infinity_are_their_limits(numbers, chosen, slopes):
    for way, differentiate in (FIRST_ORDER | COMPILED_FIRST_ORDER).items():
        assert list(differentiate(lambda *x: log_softmax(list(x))[chosen], numbers)) == slopes, way


# Kinks and nan.


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_of_nan_is_nan_and_so_is_its_derivative(name):
    function, _ = ACTIVATIONS[name]
    x = Value(nan)
    out = function(x)
    out.backward()
    assert math.isnan(out.data)
    assert math.isnan(x.grad)


# Value and slope, by hand; the second derivative is 0.
ENDS = [
    (silu, inf, inf, 1.0), (silu, -inf, 0.0, 0.0), (silu, 1e308, 1e308, 1.0), (silu, -1e308, 0.0, 0.0),
    (gelu, inf, inf, 1.0), (gelu, -inf, 0.0, 0.0), (gelu, 1e308, 1e308, 1.0), (gelu, -1e308, 0.0, 0.0),
    (elu, inf, inf, 1.0), (elu, -inf, -1.0, 0.0), (leaky_relu, inf, inf, 1.0), (leaky_relu, -inf, -inf, 0.01),
]  # fmt: skip


@pytest.mark.parametrize(("function", "x", "value", "slope"), ENDS)
def test_an_activation_at_infinity_is_its_limit_and_so_are_its_derivatives(function, x, value, slope):
    assert function(x) == function(Value(x)).data == function(np.array([x]))[0] == value
    for way, differentiate in (FIRST_ORDER | COMPILED_FIRST_ORDER).items():
        assert list(differentiate(function, [x])) == [slope], way
    for way, differentiate in (SECOND_ORDER | COMPILED_SECOND_ORDER).items():
        assert [list(row) for row in differentiate(function, [x])] == [[0.0]], way


def test_the_derivative_at_a_kink_is_that_of_the_left_side():
    assert gradient(lambda x: leaky_relu(x[0]), [0.0]) == [0.01]
    assert gradient(lambda x: elu(x[0], 2.0), [0.0]) == [2.0]
    assert hessian(lambda x: elu(x[0], 2.0), [0.0]) == [[2.0]]


def test_an_elu_that_is_not_taken_cannot_spoil_a_derivative():
    x = Value(800.0)  # where expm1 overflows
    elu(x).backward()
    assert x.grad == 1.0


def test_the_slope_and_alpha_can_be_learned():
    slope, alpha = Value(0.25), Value(2.0)
    leaky_relu(-3.0, slope).backward()
    elu(Value(-1.0), alpha).backward()
    assert slope.grad == -3.0
    assert alpha.grad == math.expm1(-1.0)


def test_clip_drops_the_side_that_loses():
    low, x, high = Value(-1.0), Value(2.0), Value(1.0)
    clip(x.log() * inf, low, high).backward()
    assert (low.grad, x.grad, high.grad) == (0.0, 0.0, 1.0)


def test_clip_at_a_bound_shares_the_derivative():
    low, x = Value(1.0), Value(1.0)
    clip(x, low, 2.0).backward()
    assert (low.grad, x.grad) == (0.5, 0.5)


def test_clip_with_bounds_the_wrong_way_round_gives_the_upper_one():
    assert clip(0.0, 1.0, -1.0) == -1.0 == np.clip(0.0, 1.0, -1.0)


# What they take and return.

OF_MANY = [sum, mean, prod, norm, logsumexp]


@pytest.mark.parametrize("function", OF_MANY)
def test_nested_sequences_arrays_and_iterators_are_gone_through_in_order(function):
    expected = function([1.5, -2.0, 0.25, 3.0])
    for given in (
        (1.5, -2.0, 0.25, 3.0),
        [[1.5, [-2.0]], (0.25, 3)],
        np.array([[1.5, -2.0], [0.25, 3.0]]),
        [np.array([1.5, -2.0]), np.float32(0.25), Fraction(3)],
        np.array([np.array([1.5, -2.0]), 0.25, [3]], dtype=object),
        (number for number in (1.5, -2.0, 0.25, 3.0)),
        {"a": 1.5, "b": -2.0, "c": 0.25, "d": 3.0}.values(),
    ):
        result = function(given)
        assert type(result) is float
        assert result == expected


@pytest.mark.parametrize("function", OF_MANY)
def test_an_array_of_values_gives_a_value(function):
    given = np.array([[Value(1.5), 2.0], [Value(0.25), 3]], dtype=object)
    result = function(given)
    assert type(result) is Value
    assert result.data == function([1.5, 2.0, 0.25, 3.0])
    result.backward()
    assert given[0, 0].grad == gradient(function, [1.5, 2.0, 0.25, 3.0])[0]


@pytest.mark.parametrize("function", OF_MANY)
@pytest.mark.parametrize("wrong", [{1.0}, {"a": 1.0}, "12", [1.0, None], [1j], [[b"1"]]], ids=repr)
def test_what_is_no_ordered_sequence_of_real_numbers_is_refused_by_its_type(function, wrong):
    with pytest.raises(TypeError, match=r"set|dict|str|NoneType|complex|bytes"):
        function(wrong)


def test_one_number_is_a_sequence_of_one():
    assert [function(2.0) for function in (sum, mean, prod, norm, logsumexp)] == [2.0] * 5
    assert dot(2.0, 3.0) == 6.0


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_a_softmax_comes_back_in_the_shape_that_was_given(function):
    row = function([1.0, 2.0, 3.0])
    assert function((1.0, 2.0, 3.0)) == tuple(row)
    assert function([(1, 2, 3), [1.0, 2.0, 3.0]]) == [tuple(row), row]
    rows = function(np.array([[1, 2, 3], [4, 5, 6]]))
    assert rows.dtype == float
    assert rows.tolist() == [row, row]
    assert function(np.ones((2, 2, 2))).shape == (2, 2, 2)
    assert function(np.ones((0, 3))).shape == (0, 3)
    values = function(np.array([[Value(1.0), 2.0, 3.0], [1.0, 2.0, 3.0]], dtype=object))
    assert values.shape == (2, 3)
    assert [item.data for item in values[0]] == row
    assert values[1].tolist() == row


def test_a_softmax_of_an_array_goes_along_its_last_axis():
    x = np.array([[[0.5, -1.0, 700.0], [inf, 1.0, 2.0]], [[nan, 0.0, 1.0], [-inf, 3.0, 3.0]]])
    for function in (softmax, log_softmax):
        rows = [[function(row) for row in plane] for plane in x.tolist()]
        assert function(x) == pytest.approx(np.array(rows), rel=1e-15, nan_ok=True)
        found = function(array(np.frompyfunc(Value, 1, 1)(x)))
        assert [item.data for item in found.flat] == pytest.approx(np.ravel(rows).tolist(), rel=1e-15, nan_ok=True)


def test_a_softmax_of_one_number_or_of_a_ragged_mixture_is_refused():
    with pytest.raises(ShapeError, match="not one number"):
        softmax(2.0)
    with pytest.raises(ShapeError, match="beside"):
        softmax([1.0, [2.0, 3.0]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_goes_through_an_array_element_by_element(name):
    function, _ = ACTIVATIONS[name]
    numbers = [[-2.0, -0.5, 0.0], [0.3, 1.0, 7.0]]
    expected = [[function(x) for x in row] for row in numbers]
    plain = function(np.array(numbers))
    assert plain.dtype == float
    assert plain.tolist() == expected
    mixed = np.array(numbers, dtype=object)
    mixed[1, 2] = Value(7.0)
    result = function(mixed)
    assert isinstance(result[1, 2], Value)
    assert result[1, 2].data == expected[1][2]
    assert result[:, :2].tolist() == [row[:2] for row in expected]


def test_an_activation_takes_any_real_number():
    for number in (2, True, Fraction(1, 2), np.float64(0.5), np.int64(3)):
        for function, _ in ACTIVATIONS.values():
            assert type(function(number)) is float
            assert function(number) == function(float(number))


def test_sum_takes_a_start_as_pythons_own():
    x = Value(3.0)
    assert sum([x, 1.0], Value(10.0)).data == 14.0
    assert sum([], 2) == 2.0
    with pytest.raises(TypeError, match="str"):
        sum([1.0], "start")
