"""The loss and the optimizer."""

from __future__ import annotations

import math

import pytest

from autograd import ShapeError, Value
from nn import SGD, half_squared_error


def test_half_squared_error_and_its_derivative():
    # ½(0.01 - 0.75)² + ½(0.99 - 0.5)² = 0.27380 + 0.12005; the derivative is prediction - target.
    a, b = Value(0.75), Value(0.5)
    loss = half_squared_error([a, b], [0.01, Value(0.99)])
    loss.backward()
    assert loss.data == pytest.approx(0.39385, rel=1e-15)
    assert (a.grad, b.grad) == pytest.approx((0.74, -0.49), rel=1e-15)


def test_half_squared_error_takes_one_prediction_and_numpy_arrays():
    import numpy as np

    assert half_squared_error(Value(3.0), 1).data == 2.0
    assert half_squared_error([Value(3.0), Value(1.0)], np.array([1.0, 1.0])).data == 2.0


@pytest.mark.parametrize(
    ("predictions", "targets", "message"),
    [
        ([Value(1.0)], [1.0, 2.0], "predictions is 1, that of targets 2"),
        ([Value(1.0), Value(1.0)], 1.0, "predictions is 2, that of targets one"),
        ([], [], "one prediction at least"),
    ],
)
def test_half_squared_error_refuses_unequal_lengths(predictions, targets, message):
    with pytest.raises(ShapeError, match=message):
        half_squared_error(predictions, targets)


def test_sgd_moves_each_parameter_once_by_the_learning_rate_times_its_gradient():
    x, y = Value(1.0), Value(2.0)
    optimizer = SGD([x, y, x], lr=0.1)
    (3 * x + y * y).backward()
    optimizer.step()
    assert (x.data, y.data) == (1.0 - 0.1 * 3.0, 2.0 - 0.1 * 4.0)
    optimizer.zero_grad()
    assert not x.has_grad
    optimizer.step()
    assert x.data == 1.0 - 0.1 * 3.0


@pytest.mark.parametrize("lr", [0.0, -1.0, math.nan, math.inf])
def test_sgd_refuses_a_learning_rate_that_is_not_positive(lr):
    with pytest.raises(ValueError, match="positive"):
        SGD([Value(1.0)], lr=lr)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (Value(1.0), TypeError, r"model\.parameters\(\)"),
        (3, TypeError, r"model\.parameters\(\)"),
        ([1.0], TypeError, "not float"),
        ([], ValueError, "one parameter at least"),
    ],
)
def test_sgd_refuses_what_is_no_list_of_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        SGD(parameters, lr=0.1)
