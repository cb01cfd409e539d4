"""Sums, means, largest and smallest elements of arrays: NumPy's numbers, their order, and where derivatives go."""

from __future__ import annotations

import math
from math import inf, nan

import numpy as np
import pytest
from blocked_order import blocked

import autograd
from autograd import ShapeError, Value, array, grad, hessian, jit, vmap

RANDOM = np.random.default_rng(3)
SHAPES = [(), (3,), (0,), (2, 3), (2, 0), (0, 2), (2, 3, 4), (2, 1, 3)]
AXES = [None, 0, -1, 1, (0, 1), (1, 0), (0, 2), ()]
REDUCTIONS = ["sum", "mean", "max", "min", "amax", "amin", "var", "std", "ptp", "nansum", "nanmax", "nanmin", "nanmean"]


def values(numbers):
    numbers = np.asarray(numbers, dtype=float)
    return array(np.frompyfunc(Value, 1, 1)(numbers)) if numbers.ndim else Value(float(numbers))


def numbers(result):
    found = [item.data if isinstance(item, Value) else item for item in np.ravel(result).tolist()]
    return np.array(found, dtype=float).reshape(np.shape(result))


def agree(function, x):
    try:
        with np.errstate(all="ignore"):
            expected = function(x)
    except ValueError:  # an axis that is not there, or nothing to choose from
        if x.ndim:
            with pytest.raises(ValueError, match=r"axis|identity|no elements"):
                function(values(x))
        return
    found = function(values(x))
    assert np.shape(found) == np.shape(expected)
    assert numbers(found) == pytest.approx(expected, rel=1e-13, abs=1e-15, nan_ok=True)


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty", "ignore:invalid value")
@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_reduction_along_any_axes_is_numpys(name, shape):
    reduce, x = getattr(np, name), RANDOM.normal(size=shape)
    for axis in AXES:
        for keepdims in (False, True):
            agree(lambda x, axis=axis, keepdims=keepdims: reduce(x, axis=axis, keepdims=keepdims), x)


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty", "ignore:invalid value")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_start_a_mask_and_degrees_of_freedom(shape):
    x, mask, weights = RANDOM.normal(size=shape), RANDOM.random(size=shape) > 0.5, RANDOM.random(size=shape)
    for axis in AXES:
        for keepdims in (False, True):
            for function in (
                lambda x, **o: np.sum(x, initial=2.5, **o), lambda x, **o: np.max(x, initial=0.1, **o),
                lambda x, **o: np.min(x, initial=0.1, **o), lambda x, **o: np.sum(x, where=mask, **o),
                lambda x, **o: np.mean(x, where=mask, **o), lambda x, **o: np.std(x, where=mask, **o),
                lambda x, **o: np.max(x, where=mask, initial=-9.0, **o), lambda x, **o: np.var(x, ddof=1, **o),
                lambda x, **o: np.sum(x, where=mask, initial=1.5, **o), lambda x, **o: np.var(x, ddof=5, **o),
                lambda x, **o: np.average(x, weights=weights, **o),
            ):  # fmt: skip
                if x.size or "average" not in function.__code__.co_names:
                    agree(lambda x, f=function, o={"axis": axis, "keepdims": keepdims}: f(x, **o), x)


def test_averages():
    x = RANDOM.normal(size=(2, 3, 4))
    for weights, axis in ((RANDOM.random(3), 1), (RANDOM.random((3, 4)), (1, 2)), (RANDOM.random((4, 2)), (2, 0))):
        expected = np.einsum("ijk,jk->i", x, weights / weights.sum()) if axis == (1, 2) else None
        found = np.average(values(x), axis, weights)
        if expected is None:
            moved = weights.T if axis == (2, 0) else weights
            text = "ijk,ik->j" if axis == (2, 0) else "ijk,j->ik"
            expected = np.einsum(text, x, moved / moved.sum())
        assert numbers(found) == pytest.approx(expected, rel=1e-13)
    mean, weight = np.average(values(x), 1, np.array([1.0, 2.0, 5.0]), returned=True)
    assert mean.shape == weight.shape == (2, 4)
    assert set(numbers(weight).ravel()) == {8.0}
    with pytest.raises(ZeroDivisionError, match="zero"):
        np.average(values([1.0, 2.0]), weights=[1.0, -1.0])
    with pytest.raises(ShapeError, match=r"\(2, 3, 4\) along axis 1 .* \(4,\)"):
        np.average(values(x), 1, np.ones(4))
    with pytest.raises(TypeError, match="axis"):
        np.average(values(x), weights=np.ones(4))


@pytest.mark.parametrize("count", [9, 1024, 1031, 2048])
def test_a_sum_of_an_array_has_the_blocked_order(count):
    x = RANDOM.normal(size=count)
    exact = blocked(x.tolist())
    while exact in (math.fsum(x), sum(x.tolist())):  # no other order will do
        x = RANDOM.normal(size=count)
        exact = blocked(x.tolist())
    v = values(x)
    for found in (
        np.sum(v), v.sum(), np.add.reduce(v), autograd.sum(v), np.sum(v[None], axis=1)[0], np.nansum(v),
        np.sum(np.stack([v, v], axis=1), axis=0)[1], np.sum(v, where=np.full(count, True)), autograd.sum(plain(v)),
    ):  # fmt: skip
        assert found.data == exact
    assert autograd.sum(x) == exact
    assert np.mean(v).data == np.average(v).data == autograd.mean(v).data == autograd.mean(x) == exact / count
    squares = blocked([(number - exact / count) ** 2 for number in x.tolist()])
    assert np.var(v).data == squares / count
    assert np.std(v).data == math.sqrt(squares / count)
    assert np.average(v, weights=x).data == blocked([n * n for n in x.tolist()]) / exact
    assert autograd.logsumexp(v).data == autograd.logsumexp(x)
    shifted = [math.exp(number - max(x)) for number in x.tolist()]
    assert autograd.logsumexp(x) == max(x) + math.log(blocked(shifted))
    assert autograd.softmax(v)[3].data == autograd.softmax(x)[3] == shifted[3] / blocked(shifted)
    assert autograd.sum(x.tolist()) == sum(x.tolist())  # of lists from left to right


def plain(array):
    return np.array(array.tolist(), dtype=object)


def test_several_axes_are_summed_one_after_the_other_from_the_last():
    x = RANDOM.normal(size=(17, 11, 13)) * 1e8 ** RANDOM.normal(size=(17, 11, 13))
    rows = [[blocked(line.tolist()) for line in plane] for plane in x]
    exact = blocked([blocked(row) for row in rows])
    columns = [blocked([blocked(line) for line in x[:, j].tolist()]) for j in range(11)]
    assert values(x).sum().data == autograd.sum(x) == autograd.sum(values(x)).data == exact
    for axes in ((0, 2), (2, 0), (-1, 0)):
        assert numbers(np.sum(values(x), axis=axes)).tolist() == columns


def test_sums_of_zeros_and_of_nothing_keep_their_signs():
    assert math.copysign(1.0, np.sum(values([-0.0])).data) == -1.0
    assert math.copysign(1.0, np.sum(values([-0.0, 0.0])).data) == 1.0
    assert math.copysign(1.0, np.sum(values([])) if values([]).size else 0.0) == 1.0
    assert math.copysign(1.0, autograd.sum(np.array([-0.0]))) == 1.0  # from 0.0 on, as of a list
    assert np.sum(values([[1.0, 2.0]])[:, :0], axis=1).tolist() == [0.0]
    assert math.isnan(np.mean(values([[1.0]])[:, :0]))
    assert np.sum(values([inf, 1.0])).data == inf
    assert math.isnan(np.sum(values([inf, -inf])).data)


# The element at one position.

TIES = [
    ([1.0, 3.0, 3.0], 1), ([-0.0, 0.0, -0.0, 0.0], 1), ([0.0, -0.0], 0), ([1.0, nan, nan, inf], 1), ([nan], 0),
    ([inf, inf], 0), ([-inf, -inf], 0), ([2.0, -3.0, nan], 2),
]  # fmt: skip


@pytest.mark.parametrize(("row", "place"), TIES)
def test_the_largest_is_the_element_at_one_position_with_all_of_the_derivative(row, place):
    at = [float(i == place) for i in range(len(row))]
    for of, numbers_given in ((1.0, row), (-1.0, [-number for number in row])):
        largest = np.max if of > 0.0 else np.min
        x = values(numbers_given)
        assert largest(x) is x[place]
        for function in (largest, lambda x, f=largest: f(x[None] * 1.0, axis=1)[0], lambda x, f=largest: f(x[:, None])):
            for slopes in (grad(function), jit(grad(function)), jit(grad(function), backend="interpreter")):
                assert slopes(np.array(numbers_given)).tolist() == at
        assert np.array_equal(hessian(largest)(np.array(numbers_given)), np.zeros((len(row), len(row))))
    assert grad(lambda x: np.max(x) ** 3)(np.array([1.0, 2.0, 2.0])).tolist() == [0.0, 12.0, 0.0]
    assert hessian(lambda x: np.max(x) ** 3)(np.array([1.0, 2.0, 2.0])).tolist() == np.diag([0.0, 12.0, 0.0]).tolist()


def test_of_several_axes_the_first_position_is_that_in_row_major_order():
    x = values([[1.0, 5.0], [5.0, 5.0]])
    assert np.max(x) is np.max(x.T.T) is x[0, 1]
    assert np.max(x.T) is x[1, 0]
    y = values(np.array([[[1.0, 2.0], [2.0, 1.0]], [[2.0, 0.0], [0.0, 2.0]]]))
    assert np.max(y, axis=(0, 2))[0] is y[0, 0, 1]
    assert np.max(y, axis=(2, 0))[1] is y[0, 1, 0]
    assert [item is y[0, 0, 1] for item in np.max(y, axis=(0, 2), keepdims=True).ravel()] == [True, False]


def test_nanmax_passes_the_nan_by():
    x = values([nan, 2.0, nan, 2.0])
    assert np.nanmax(x) is np.nanmin(x) is x[1]
    assert np.nanmax(x[::2]) is x[0]
    assert np.nanmax(values([-0.0, 0.0, nan])).data == 0.0
    assert grad(np.nanmax)(np.array([nan, 1.0, 1.0])).tolist() == [0.0, 1.0, 0.0]


def test_where_the_largest_is_the_start_it_has_no_derivative():
    function = lambda x: np.max(x, initial=3.0, where=np.array([True, False, True]))
    for transform in (lambda f: f, jit):
        assert transform(grad(function))(np.array([1.0, 9.0, 2.0])).tolist() == [0.0, 0.0, 0.0]
        assert transform(grad(function))(np.array([1.0, 9.0, 4.0])).tolist() == [0.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="initial"):
        np.max(values([1.0, 2.0]), where=np.array([True, False]))
    with pytest.raises(ValueError, match="identity"):
        np.max(values([[1.0]])[:, :0], axis=1)
    assert np.max(values([[1.0]])[:0], axis=1).shape == (0,)


def test_a_batch_of_them():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 2.0]])
    for transform in (lambda f: f, jit):
        assert transform(vmap(grad(np.max)))(x).tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
        assert transform(grad(lambda x: np.max(x, axis=1).sum()))(x).tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
        assert transform(grad(lambda x: np.max(x, axis=0) @ np.ones(3)))(x).tolist() == [[0.0, 1.0, 1.0], [1.0, 0, 0]]


def test_an_array_that_is_given_is_filled():
    x, out = values([[1.0, 2.0], [5.0, 4.0]]), values([0.0, 0.0])
    for function, expected in (
        (np.sum, [3.0, 9.0]), (np.mean, [1.5, 4.5]), (np.max, [2.0, 5.0]), (np.std, [0.5, 0.5]), (np.var, [0.25, 0.25]),
        (np.ptp, [1.0, 1.0]),
    ):  # fmt: skip
        assert function(x, axis=1, out=out) is out
        assert numbers(out).tolist() == expected
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        np.sum(x, axis=2)
    with pytest.raises(ValueError, match="duplicate"):
        np.sum(x, axis=(0, 0))
