"""Gradient clipping beside PyTorch's numbers, in place and inside compiled functions."""

from __future__ import annotations

import math
from math import inf, nan

import mpmath
import numpy as np
import pytest
from differentiate import BACKENDS
from pytorch_numbers import cases

from autograd import ShapeError, Value, jit
from nn import MLP, SGD, fit
from nn.nests import flatten
from nn.optimizers.clipping import clip_gradient_norm, clip_gradient_value, clipped_by_norm, clipped_by_value

CASES = [pytest.param(case, id=f"{case['p']}-{case['max_norm']}") for case in cases("clipping")]


def with_gradients(gradients):
    values = [Value(0.0) for _ in gradients]
    for value, gradient in zip(values, gradients):
        value.grad = gradient
    return values


@pytest.mark.parametrize("case", CASES)
def test_clipping_by_the_norm_is_that_of_pytorch(case):
    values = with_gradients([*case["gradients"], None])
    norm = clip_gradient_norm(values, case["max_norm"], float(case["p"]))
    assert norm == pytest.approx(case["norm"], rel=1e-14)
    assert [value.grad for value in values[:-1]] == pytest.approx(case["clipped"], rel=1e-14)
    assert not values[-1].has_grad


@pytest.mark.parametrize("case", CASES)
def test_clipping_in_a_compiled_function_is_the_same(case):
    p = float(case["p"])
    gradients, norm = jit(lambda nest: clipped_by_norm(nest, case["max_norm"], p))(case["gradients"])
    assert norm == pytest.approx(case["norm"], rel=1e-14)
    assert gradients == pytest.approx(case["clipped"], rel=1e-14)


def test_clipping_keeps_the_nest():
    gradients, norm = clipped_by_norm({"w": np.array([[3.0, 0.0]]), "b": [4.0]}, 5e-6)
    assert norm == 5.0
    assert gradients["w"].shape == (1, 2)
    # 5e-6 / (5 + 1e-6), and not 1e-6.
    assert (gradients["w"][0, 0], gradients["b"][0]) == pytest.approx((15e-6 / 5.000001, 20e-6 / 5.000001), rel=1e-14)
    assert jit(lambda nest: clipped_by_value(nest, 1.5))({"a": 9.0, "b": [-9.0, 1.0]}) == {"a": 1.5, "b": [-1.5, 1.0]}


def test_the_limit_may_be_computed_in_a_compiled_function():
    norm = lambda limit: clipped_by_norm([3.0, 4.0], limit)[0]
    assert jit(norm)(1.0) == pytest.approx([0.6, 0.8], rel=1e-6)
    assert clipped_by_value([3.0, -0.5], Value(1.0))[0].data == 1.0


def test_a_nest_is_rebuilt_of_as_many_numbers():
    with pytest.raises(ShapeError, match="of 2 numbers is built of as many, not 1"):
        flatten([1.0, [2.0]])[1]([1.0])


def test_clipping_by_value_leaves_what_is_in_the_range():
    values = with_gradients([3.0, -4.0, 0.5, math.nan, -math.inf, None])
    clip_gradient_value(values, 1.0)
    assert [value.grad for value in values[:3]] == [1.0, -1.0, 0.5]
    assert math.isnan(values[3].grad)
    assert values[4].grad == -1.0
    assert not values[5].has_grad


def test_no_gradients_have_norm_0_and_one_value_is_enough():
    assert clip_gradient_norm([Value(1.0)], 1.0) == 0.0
    (value,) = with_gradients([-8.0])
    assert clip_gradient_norm(value, 2.0, math.inf) == 8.0
    assert value.grad == pytest.approx(-2.0, rel=2e-7)
    x = Value(3.0)
    (x * x).backward(create_graph=True)
    assert clip_gradient_norm([x, x], 60.0) == 6.0
    assert x.grad == 6.0


def test_nan_is_passed_on():
    values = with_gradients([math.nan, 1.0])
    assert math.isnan(clip_gradient_norm(values, 1.0))
    assert all(math.isnan(value.grad) for value in values)


EXTREME = [
    [3e200, -4e200],
    [3e-200, -4e-200],
    [1e308, 1e308, -1e308, 1e308],  # whose norm is beyond the largest float
    [1e308, 1e-300, 5.0],
    [1e200, 1e-200],
    [5e-324, -1e-323],
    [3e-310, 4e-310],
    [3e-4, 4e-4],
    [0.0, 0.0],
]


def exactly_clipped(gradients, limit, p):
    """In 60 digits."""
    with mpmath.workdps(60):
        exact = [abs(mpmath.mpf(gradient)) for gradient in gradients]
        norm = max(exact) if p == inf or not any(exact) else mpmath.fsum(x**p for x in exact) ** (1 / mpmath.mpf(p))
        longer = norm + min(mpmath.mpf(1e-6), norm**2)
        factor = 1 if longer <= limit else mpmath.mpf(limit) / longer
        return [float(gradient * factor) for gradient in gradients], float(norm)


@pytest.mark.parametrize("p", [2.0, 1.0, 3.0, inf])
@pytest.mark.parametrize("gradients", EXTREME, ids=str)
def test_clipping_by_the_norm_neither_overflows_nor_vanishes(gradients, p):
    near = lambda true: pytest.approx(true, rel=4e-15, abs=5e-324)
    compiled = [jit(lambda gs, limit: clipped_by_norm(gs, limit, p), backend=backend) for backend in BACKENDS]
    for limit in (0.0, 5e-324, 1e-310, 1e-200, 1e-5, 1.0, 10.0, 1e200, 1e308, inf):
        clipped, norm = exactly_clipped(gradients, limit, p)
        for found in (clipped_by_norm(gradients, limit, p), *(f(gradients, limit) for f in compiled)):
            assert found == (near(clipped), near(norm)), limit
        values = with_gradients(gradients)
        assert clip_gradient_norm(values, limit, p) == near(norm)
        assert [value.grad for value in values] == near(clipped)


def test_gradients_within_the_limit_stay_as_they_are_to_the_bit():
    for gradients in ([1e-7, 3e-7], [1e-200, 7e-201], [5e-324, 0.1], [1e154, 3e200]):
        assert clipped_by_norm(gradients, 3.1e200)[0] == gradients


def test_an_infinite_gradient_turns_nan_and_the_finite_ones_0():
    for p in (2.0, 1.0, 3.0, inf):
        for clip in (clipped_by_norm, *(jit(clipped_by_norm, static_argnums=(1, 2), backend=b) for b in BACKENDS)):
            gradients, norm = clip([1.0, -inf, 2.0], 1.0, p)
            assert norm == inf
            assert gradients == pytest.approx([0.0, nan, 0.0], rel=0, abs=0, nan_ok=True)
            gradients, norm = clip([1.0, inf, nan], 1.0, p)
            assert [math.isnan(number) for number in (*gradients, norm)] == [True] * 4


def test_a_training_is_clipped_where_the_squares_of_its_gradients_overflow():
    for compiled in (False, True):
        model = MLP(1, [1])
        for parameter, start in zip(model.parameters(), (0.25, 0.5)):
            parameter.data = start
        # The gradient is 1e200·(3, 4): a step of 0.1 along (3, 4) / 5.
        data, loss = ([[0.75]], [0.0]), lambda prediction, target: 4e200 * prediction + target
        optimizer = SGD(model.parameters(), lr=0.1)
        fit(model, data, loss, optimizer, clip_norm=1.0, compiled=compiled, progress=False)
        assert [parameter.data for parameter in model.parameters()] == pytest.approx([0.19, 0.42], rel=1e-14)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: clip_gradient_norm([Value(1.0)], -1.0), ValueError, "max_norm is a number from 0 up"),
        (lambda: clip_gradient_norm([Value(1.0)], 1.0, 0.0), ValueError, "norm_type is the p"),
        (lambda: clip_gradient_norm([Value(1.0)], 1.0, "inf"), ValueError, "norm_type is the p"),
        (lambda: clip_gradient_norm([1.0], 1.0), TypeError, r"not float.*model\.parameters\(\)"),
        (lambda: clip_gradient_value([Value(1.0)], math.nan), ValueError, "limit is a number from 0 up"),
        (lambda: clipped_by_value([1.0], "1"), ValueError, "limit is a number from 0 up"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
