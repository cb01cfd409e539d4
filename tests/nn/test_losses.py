"""Losses beside PyTorch's numbers and 60-digit arithmetic, at their kinks and tails, compiled and batched."""

from __future__ import annotations

import math
from math import inf, nan

import mpmath
import numpy as np
import pytest
from differentiate import BACKENDS, COMPILED_FIRST_ORDER, COMPILED_SECOND_ORDER, FIRST_ORDER, SECOND_ORDER
from pytorch_numbers import cases

import nn.losses
from autograd import ShapeError, Value, backward, grad, hessian, jit, value_and_grad, vmap
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    l1_penalty,
    l2_penalty,
    mean_squared_error,
)

LOSSES = [pytest.param(case, id=f"{case['name']}-{i}") for i, case in enumerate(cases("losses"))]
EXTREME = [-1000.0, -800.0, -745.0, -40.0, -36.5, -1.0, -1e-9, 0.0, 1e-9, 1.0, 36.5, 40.0, 745.0, 800.0, 1000.0]


def close(number, true, ulps=8):
    """Within a few units in the last place of the true number; below the smallest float, to the float next to it."""
    return math.isclose(number, float(true), rel_tol=ulps * 2.0**-53, abs_tol=5e-324)


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_and_its_gradient_are_those_of_pytorch(case):
    loss = getattr(nn.losses, case["name"])
    inputs, targets, options = case["inputs"], case["targets"], case["options"]
    value, gradient = value_and_grad(lambda x: loss(x, targets, **options))(inputs)
    assert value == pytest.approx(case["value"], rel=1e-14)
    assert np.array(gradient) == pytest.approx(np.array(case["gradient"]), rel=1e-13, abs=1e-16)
    losses = loss(inputs, targets, reduction="none", **options)
    assert losses == pytest.approx(case["losses"], rel=1e-13, abs=1e-16)
    assert loss(inputs, targets, reduction="sum", **options) == pytest.approx(math.fsum(case["losses"]), rel=1e-14)


@pytest.mark.parametrize("case", LOSSES)
def test_a_compiled_loss_is_the_same(case):
    loss = getattr(nn.losses, case["name"])
    compiled = jit(value_and_grad(lambda x: loss(x, case["targets"], **case["options"])))
    value, gradient = compiled(case["inputs"])
    assert value == pytest.approx(case["value"], rel=1e-14)
    assert np.array(gradient) == pytest.approx(np.array(case["gradient"]), rel=1e-13, abs=1e-16)


@pytest.mark.parametrize("logit", EXTREME)
@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
def test_binary_cross_entropy_from_logits_keeps_its_tails(logit, target):
    with mpmath.workdps(1000):
        p = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
        true = -(target * mpmath.log(p) + (1 - target) * mpmath.log(1 - p))
        slope = p - target
    x = Value(logit)
    loss = binary_cross_entropy_with_logits(x, target)
    loss.backward()
    assert close(loss.data, true)
    # The derivative is the difference of two numbers of at most 1.
    assert close(x.grad, slope) or abs(x.grad - float(slope)) < 2.0**-53


@pytest.mark.parametrize("logit", EXTREME)
@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_cross_entropy_of_a_class_keeps_its_tails(logit, chosen):
    logits = [logit, 0.5, -2.0]
    with mpmath.workdps(1000):
        exponentials = [mpmath.exp(mpmath.mpf(each)) for each in logits]
        shares = [each / sum(exponentials) for each in exponentials]
        true = -mpmath.log(shares[chosen])
        slopes = [share - (i == chosen) for i, share in enumerate(shares)]
    value, gradient = value_and_grad(lambda z: cross_entropy(z, chosen))(logits)
    assert close(value, true, 32)
    for ours, slope in zip(gradient, slopes):
        assert ours == pytest.approx(float(slope), rel=1e-13, abs=5e-324)


def test_cross_entropy_of_extreme_logits_is_finite_and_so_are_its_derivatives():
    logits = [1000.0, -1000.0, 0.0]
    for target, expected in [(0, 0.0), (1, 2000.0), (2, 1000.0), ([0.0, 1.0, 0.0], 2000.0), ([0.0, 0.5, 0.5], 1500.0)]:
        value, gradient = value_and_grad(lambda z, target=target: cross_entropy(z, target))(logits)
        assert value == expected
        slopes = [1.0 - (target == 0), -float(target == 1), -float(target == 2)]
        assert gradient == ([1.0, *(-share for share in target[1:])] if isinstance(target, list) else slopes)
        matrix = hessian(lambda z, target=target: cross_entropy(z, target))(logits)
        assert all(math.isfinite(entry) for row in matrix for entry in row)


# Losses at infinite and huge numbers: their limits, and those of the first derivatives, by hand.


def bce(target):
    return lambda x: binary_cross_entropy_with_logits(x, target)


def entropy(target):
    return lambda *logits: cross_entropy(list(logits), target)


AT_INFINITY = [
    # σ(x) - t
    (bce(1.0), [inf], 0.0, [0.0]),
    (bce(1.0), [-inf], inf, [-1.0]),
    (bce(0.0), [inf], inf, [1.0]),
    (bce(0.0), [-inf], 0.0, [0.0]),
    (bce(0.25), [inf], inf, [0.75]),
    (bce(0.25), [-inf], inf, [-0.25]),
    (bce(1.0), [1e308], 0.0, [0.0]),
    (bce(1.0), [-1e308], 1e308, [-1.0]),
    (bce(0.25), [1e308], 7.5e307, [0.75]),
    (bce(1.0), [nan], nan, [nan]),
    (bce(0.0), [nan], nan, [nan]),
    # The shares of the classes, less their targets.
    *(
        (entropy(target), logits, loss, slopes)
        for logits, given, loss, slopes in [
            ([-inf, 0.0, 0.0], (1, [0.0, 1.0, 0.0]), math.log(2.0), [0.0, -0.5, 0.5]),
            ([-inf, 0.0, 0.0], (0, [1.0, 0.0, 0.0]), inf, [-1.0, 0.5, 0.5]),
            ([0.0, -inf, -inf], (0, [1.0, 0.0, 0.0]), 0.0, [0.0, 0.0, 0.0]),
            ([0.0, -inf, -inf], (2, [0.0, 0.0, 1.0]), inf, [1.0, 0.0, -1.0]),
            ([inf, 0.0, 0.0], (0, [1.0, 0.0, 0.0]), 0.0, [0.0, 0.0, 0.0]),
            ([inf, 0.0, 0.0], (1, [0.0, 1.0, 0.0]), inf, [1.0, -1.0, 0.0]),
            ([inf, -inf], (0, [1.0, 0.0]), 0.0, [0.0, 0.0]),
            ([inf, -inf], (1, [0.0, 1.0]), inf, [1.0, -1.0]),
            ([1e308, -1e308], (0, [1.0, 0.0]), 0.0, [0.0, 0.0]),
            ([1e308, 0.0], (1, [0.0, 1.0]), 1e308, [1.0, -1.0]),
            ([-inf, 0.0, 0.0], ([0.0, 0.25, 0.75],), math.log(2.0), [0.0, 0.25, -0.25]),
            ([-inf, 0.0, 0.0], ([0.5, 0.5, 0.0],), inf, [-0.5, 0.0, 0.5]),
            ([inf, 0.0, 0.0], ([0.5, 0.5, 0.0],), inf, [0.5, -0.5, 0.0]),
            ([-inf, -inf], (0, 1, [1.0, 0.0]), nan, [nan, nan]),
            ([nan, 0.0], (0, 1, [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]), nan, [nan, nan]),
            ([nan, -inf], (0, 1, [0.0, 1.0]), nan, [nan, nan]),
            ([nan, inf], (0, 1, [0.0, 1.0]), nan, [nan, nan]),
            ([inf, inf], (0, 1, [0.5, 0.5]), nan, [nan, nan]),
        ]
        for target in given
    ),
    (lambda x: hinge(x, 1.0), [inf], 0.0, [0.0]),
    (lambda x: hinge(x, 1.0), [-inf], inf, [-1.0]),
    (lambda x: hinge(x, -1.0), [1e308], 1e308, [1.0]),
    (lambda x: huber(x, 0.0), [-inf], inf, [-1.0]),
    (lambda x: huber(x, 0.0, inf), [1e200], inf, [1e200]),
    (lambda x: huber(x, 0.0), [nan], nan, [nan]),
    (lambda x: mean_squared_error(x, 0.0), [1e200], inf, [2e200]),
    (lambda x: mean_squared_error(x, 0.0), [-inf], inf, [-inf]),
    (lambda x: half_squared_error(x, 0.0), [1e200], inf, [1e200]),
    (lambda p: binary_cross_entropy(p, 1.0), [nan], nan, [nan]),
    (lambda p: binary_cross_entropy(p, 0.0), [inf], nan, [nan]),
]


@pytest.mark.parametrize(("loss", "point", "limit", "slopes"), AT_INFINITY)
def test_a_loss_at_infinity_and_its_derivatives_are_their_limits(loss, point, limit, slopes):
    for value in (loss(*point), loss(*map(Value, point)), *(jit(loss, backend=name)(*point) for name in BACKENDS)):
        assert getattr(value, "data", value) == pytest.approx(limit, rel=1e-15, abs=0.0, nan_ok=True)
    for way, differentiate in (FIRST_ORDER | COMPILED_FIRST_ORDER).items():
        found = list(differentiate(loss, point))
        assert found == pytest.approx(slopes, rel=1e-15, abs=0.0, nan_ok=True), way


def test_several_infinite_logits_have_no_loss_whichever_the_class():
    for logits, targets in [
        ([inf, inf, 0.0], (0, 1, 2, [0.0, 0.0, 1.0], [0.5, 0.5, 0.0])),
        ([inf, -inf, inf, inf], (0, 1, 3, [0.0, 1.0, 0.0, 0.0])),
    ]:
        for loss in map(entropy, targets):
            for compute in (value_and_grad(loss, 0), jit(value_and_grad(loss, 0), backend="interpreter")):
                value, slope = compute(*logits)
                assert math.isnan(value)
                assert math.isnan(slope)


@pytest.mark.parametrize(
    ("loss", "point", "matrix"),
    [
        (bce(1.0), [inf], [[0.0]]),
        (bce(0.25), [-inf], [[0.0]]),
        (entropy(1), [-inf, 0.0, 0.0], [[0.0, 0.0, 0.0], [0.0, 0.25, -0.25], [0.0, -0.25, 0.25]]),
        (entropy([0.5, 0.5, 0.0]), [-inf, 0.0, 0.0], [[0.0, 0.0, 0.0], [0.0, 0.25, -0.25], [0.0, -0.25, 0.25]]),
        (entropy(0), [0.0, -inf, -inf], [[0.0] * 3] * 3),
        (entropy(1), [inf, 0.0], [[0.0] * 2] * 2),
        (entropy([1.0, 0.0]), [inf, 0.0], [[0.0] * 2] * 2),
        (lambda x: huber(x, 0.0), [0.0], [[1.0]]),
        (lambda x: huber(x, 0.0), [5e-324], [[1.0]]),
        (lambda x: huber(x, 0.0), [-inf], [[0.0]]),
    ],
)
def test_the_second_derivatives_of_a_loss_are_those_of_the_limit(loss, point, matrix):
    for way, differentiate in (SECOND_ORDER | COMPILED_SECOND_ORDER).items():
        for row, expected in zip(differentiate(loss, point), matrix):
            assert list(row) == pytest.approx(expected, rel=1e-15, abs=0.0), way


def test_a_class_that_is_a_value_has_the_same_limits():
    loss = lambda *numbers: cross_entropy(list(numbers[:-1]), numbers[-1])
    for logits, k, limit, slopes in [
        ([-inf, 0.0, 0.0], 1.0, math.log(2.0), [0.0, -0.5, 0.5]),
        ([-inf, 0.0, 0.0], 0.0, inf, [-1.0, 0.5, 0.5]),
        ([0.0, -inf, -inf], 0.0, 0.0, [0.0, 0.0, 0.0]),
        ([inf, 0.0], 1.0, inf, [1.0, -1.0]),
        ([inf, 0.0], 0.0, 0.0, [0.0, 0.0]),
    ]:
        for backend in BACKENDS:
            assert jit(loss, backend=backend)(*logits, k) == pytest.approx(limit, rel=1e-15, abs=0.0)
        for way, differentiate in (FIRST_ORDER | COMPILED_FIRST_ORDER).items():
            assert list(differentiate(loss, [*logits, k])) == pytest.approx([*slopes, 0.0], rel=1e-15, abs=0.0), way


def test_a_target_of_0_of_a_class_that_cannot_be_has_an_infinite_slope():
    # d/dt Σ t·(-log p) is -log p, which is inf where p is 0.
    slopes = grad(lambda target: cross_entropy([-inf, 0.0, 0.0], target))([0.0, 1.0, 0.0])
    assert slopes == [inf, math.log(2.0), math.log(2.0)]
    # softplus(-x) - softplus(x) is -x.
    slope = lambda x, t: grad(lambda t: binary_cross_entropy_with_logits(x, t))(t)
    assert (slope(inf, 1.0), slope(-inf, 0.0), slope(1e308, 1.0)) == (-inf, inf, -1e308)


def test_half_squared_error_of_floats_never_raises():
    assert half_squared_error(1e200, 0.0) == inf
    assert half_squared_error([-inf, 2.0], [0.0, 0.0]) == inf


def test_a_class_may_be_an_index_of_any_kind_or_a_value_or_one_hot():
    logits = [0.3, -1.2, 2.0]
    expected = math.log(sum(map(math.exp, logits))) - logits[1]
    for target in (1, 1.0, np.int64(1), np.float64(1.0), Value(1.0), [0.0, 1.0, 0.0], np.array([0.0, 1.0, 0.0])):
        loss = cross_entropy([Value(logit) for logit in logits], target)
        assert loss.data == pytest.approx(expected, rel=1e-14)
    assert math.isnan(cross_entropy(logits, Value(3.0)))
    assert math.isnan(cross_entropy(logits, Value(0.5)))
    assert cross_entropy([0.7], 0) == 0.0


def test_a_batch_of_logits_as_an_array():
    logits, classes = np.array([[0.3, -1.2, 2.0], [1.0, 1.0, 1.0]]), np.array([2, 0])
    each = [cross_entropy(list(row), int(k)) for row, k in zip(logits, classes)]
    assert cross_entropy(logits, classes, reduction="none") == each
    assert cross_entropy(logits, classes) == pytest.approx(sum(each) / 2.0, rel=1e-15)
    assert cross_entropy(logits, classes, reduction="sum") == pytest.approx(sum(each), rel=1e-15)


def test_losses_in_a_compiled_batch_give_the_eager_numbers():
    rng = np.random.default_rng(6)
    weights, x, classes = rng.normal(size=(3, 4)), rng.normal(size=(40, 4)), rng.integers(0, 3, 40).astype(float)
    scores = lambda w, row: [sum(w[i, j] * row[j] for j in range(4)) for i in range(3)]
    pairs = [
        (lambda w, row, k: cross_entropy(scores(w, row), k), classes),
        (lambda w, row, t: binary_cross_entropy_with_logits(scores(w, row)[0], t), classes / 2.0),
        (lambda w, row, t: hinge(scores(w, row)[1], t), np.where(classes > 0.0, 1.0, -1.0)),
        (lambda w, row, t: huber(scores(w, row), [t, t, t], 0.7), classes),
        (lambda w, row, t: mean_squared_error(scores(w, row), [t, 1.0, t]), classes),
        (lambda w, row, t: half_squared_error(scores(w, row), [t, 1.0, t]), classes),
        (lambda w, row, t: l2_penalty(w, 0.1) + l1_penalty(w, t), classes),
    ]
    for loss, targets in pairs:
        batch = lambda w, rows, ts, loss=loss: vmap(loss, in_axes=(None, 0, 0), reduce="mean")(w, rows, ts)
        value, gradient = jit(value_and_grad(batch))(weights, x, targets)
        each = [value_and_grad(loss)(weights, row, float(t)) for row, t in zip(x, targets)]
        assert value == pytest.approx(sum(v for v, _ in each) / 40.0, rel=1e-13)
        assert gradient == pytest.approx(sum(g for _, g in each) / 40.0, rel=1e-12, abs=1e-15)


def test_the_logarithms_of_binary_cross_entropy_stop_at_minus_100():
    for probability, target in [(0.0, 1.0), (1.0, 0.0), (1e-50, 1.0)]:
        p = Value(probability)
        loss = binary_cross_entropy(p, target)
        loss.backward()
        assert loss.data == 100.0
        assert p.grad == 0.0
    assert binary_cross_entropy([0.0, 1.0], [0.0, 1.0]) == 0.0
    assert math.isnan(binary_cross_entropy(-0.5, 1.0))


def test_derivatives_at_the_kinks():
    slope = grad(lambda score: hinge(score, 1.0))
    assert (slope(1.0 - 1e-9), slope(1.0), slope(1.0 + 1e-9)) == (-1.0, 0.0, 0.0)
    slope = grad(lambda x: huber(x, 0.0, delta=0.5))
    assert (slope(0.5), slope(-0.5), slope(0.0), slope(-7.0)) == (0.5, -0.5, 0.0, -0.5)
    assert slope(0.5 + 1e-9) == 0.5
    curvature = grad(slope)
    assert (curvature(0.4), curvature(0.5), curvature(0.6)) == (1.0, 1.0, 0.0)
    slope = grad(lambda x: l1_penalty([x], 3.0))
    assert (slope(-2.0), slope(0.0), slope(2.0)) == (-3.0, 0.0, 3.0)


def test_huber_of_a_far_outlier_does_not_overflow():
    for compiled in (False, True):
        both = value_and_grad(lambda x: huber(x, 0.0))
        assert (jit(both) if compiled else both)(1e200) == (1e200, 1.0)


def test_hinge_is_micrograds_max_margin_loss():
    # max(0, 1 - y·s) by hand: 0, 1.5 and 0.75.
    scores, targets = [Value(2.0), Value(0.5), Value(-0.25)], [1.0, -1.0, -1.0]
    losses = hinge(scores, targets, reduction="none")
    assert [loss.data for loss in losses] == [0.0, 1.5, 0.75]
    assert hinge(scores, targets).data == 0.75
    assert hinge(scores, targets, margin=3.0, reduction="sum").data == 1.0 + 3.5 + 2.75


def test_penalties_take_parameters_in_any_nest():
    x, y = Value(3.0), Value(-2.0)
    backward([l2_penalty(iter([x, y]), 0.5), l1_penalty({"a": x, "b": [y]}, 10.0)])
    assert (x.grad, y.grad) == (3.0 + 10.0, -2.0 - 10.0)
    assert l2_penalty(np.array([[1.0, 2.0], [3.0, 4.0]])) == 30.0
    assert l1_penalty([]) == 0.0


def test_predictions_may_be_nests():
    predictions = {"a": Value(1.0), "b": [Value(2.0), Value(4.0)]}
    targets = {"b": np.array([0.0, 0.0]), "a": 0.0}
    assert mean_squared_error(predictions, targets).data == 7.0
    assert mean_squared_error(np.array([[1.0, 2.0]]), [[0.0, 0.0]], reduction="none") == [[1.0, 4.0]]
    assert mean_squared_error(Value(3.0), 1).data == 4.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mean_squared_error([1.0], [1.0, 2.0]), ShapeError, "predictions is 1, that of targets 2"),
        (lambda: huber([[1.0], [1.0]], [[1.0], [1.0, 2.0]]), ShapeError, r"predictions at \[1\] is 1, .* targets 2"),
        (lambda: mean_squared_error([1.0, 1.0], 1.0), ShapeError, "predictions is 2, that of targets one"),
        (lambda: mean_squared_error(1.0, [1.0]), ShapeError, "targets is 1, that of predictions one"),
        (lambda: mean_squared_error({"a": 1.0}, {"b": 1.0}), ShapeError, r"keys \['a'\], the targets \['b'\]"),
        (lambda: mean_squared_error({"a": 1.0}, [1.0]), ShapeError, "predictions is 1, that of targets"),
        (lambda: mean_squared_error([], []), ShapeError, "one prediction at least"),
        (lambda: mean_squared_error(1.0, 1.0, reduction="avg"), ValueError, "'mean', 'sum' or 'none', not 'avg'"),
        (lambda: cross_entropy([1.0, 2.0], 0, reduction="avg"), ValueError, "'mean', 'sum' or 'none', not 'avg'"),
        (lambda: cross_entropy(1.0, 0), ShapeError, "a logit for each class"),
        (lambda: cross_entropy([], 0), ShapeError, "a logit for each class"),
        (lambda: cross_entropy([1.0, 2.0], 2), ValueError, "whole number from 0 to 1"),
        (lambda: cross_entropy([1.0, 2.0], -1), ValueError, "whole number from 0 to 1"),
        (lambda: cross_entropy([1.0, 2.0], 0.5), TypeError, "a class is a whole number"),
        (lambda: cross_entropy([1.0, 2.0], "0"), TypeError, "a class is a whole number"),
        (lambda: cross_entropy([1.0, 2.0], [1.0]), ShapeError, "2 logits, and 1 probabilities"),
        (lambda: cross_entropy([[1.0, 2.0]], 0), ShapeError, "predictions is 1, that of targets one"),
        (lambda: cross_entropy([[1.0, 2.0]], [0, 1]), ShapeError, "predictions is 1, that of targets 2"),
        (lambda: huber(1.0, 0.0, delta=0.0), ValueError, "delta is a positive number"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("offset", [0.0, -800.0, 1e8, 1e12, 1e16, -1e300])
def test_a_common_offset_of_the_logits_takes_no_digits_of_the_cross_entropy(offset):
    logits = [offset] * 3
    assert cross_entropy(logits, 0) == pytest.approx(math.log(3.0), rel=1e-15)
    assert grad(lambda z: cross_entropy(z, 0))(logits) == pytest.approx([-2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], rel=1e-15)
    steps = [offset + 2.0, offset, offset - 2.0]
    differences = [step - steps[0] for step in steps]  # as the floats have them
    expected = math.log(sum(map(math.exp, differences)))
    assert cross_entropy(steps, 0) == pytest.approx(expected, rel=1e-15)
