"""Elements of arrays at places that Values say."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from autograd import Value, array, fori_loop, grad, hessian


def values(numbers):
    return array(np.frompyfunc(Value, 1, 1)(np.asarray(numbers, dtype=float)))


X = np.array([[0.5, -2.0, 3.5], [1.0, 4.0, -0.5]])


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        (Value(1.0), 1), (Value(-2.0), -2), ((Value(1.0), Value(2.0)), (1, 2)), (np.s_[:, Value(-1.0)], np.s_[:, -1]),
        ((Ellipsis, Value(0.0)), np.s_[..., 0]), ((None, Value(1.0)), np.s_[None, 1]), ([Value(1.0), 0, 1], [1, 0, 1]),
        ((Value(0.0), [Value(2.0), Value(2.0)]), (0, [2, 2])), (values([1.0, 0.0]), [1, 0]),
        ((values([[1.0], [0.0]]), np.array([0, 2])), ([[1], [0]], [0, 2])), ((1, values([2.0, -3.0])), (1, [2, -3])),
        ((np.array([True, False]), Value(2.0)), ([True, False], 2)), ((Value(1.0), slice(1, None)), np.s_[1, 1:]),
    ],
)  # fmt: skip
def test_an_index_that_is_a_value_is_its_whole_number(key, plain):
    x = values(X)
    found, expected = x[key], x[plain]
    assert np.shape(found) == np.shape(expected)
    assert np.ravel(found).tolist() == np.ravel(expected).tolist()
    x[key] = 7.0
    y = X.copy()
    y[plain] = 7.0
    assert [item.data if isinstance(item, Value) else item for item in x.ravel()] == y.ravel().tolist()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (Value(7.0), "index 7 is out of bounds for axis 0 with length 2"),
        (Value(-3.0), "index -3 is out of bounds for axis 0 with length 2"),
        ((slice(None), Value(3.0)), "index 3 is out of bounds for axis 1 with length 3"),
        ((Ellipsis, Value(1e300)), "is out of bounds for axis 1 with length 3"),
        ((None, 0, values([0.0, 0.5])), r"index 0\.5 for axis 1 with length 3 is no whole number"),
        (Value(nan), "index nan for axis 0 with length 2 is no whole number"),
        ([Value(inf), 0], "index inf for axis 0 with length 2 is no whole number"),
        ((0, 0, Value(0.0)), "too many indices"),
        (array([Value(0.0), 1.0])[:, None] == 0.0, "boolean"),
    ],
)
def test_any_other_number_is_an_error_that_names_index_axis_and_length(key, said):
    x = values(X)
    with pytest.raises(IndexError, match=said):
        x[key]
    with pytest.raises(IndexError, match=said):
        x[key] = 1.0


def test_take_and_its_kin():
    x = values(X)
    one = Value(1.0)
    assert np.take(x, one) is x[0, 1]
    assert np.take(x, one, axis=0).tolist() == x[1].tolist()
    assert x.take([one, 2], 1).tolist() == x[:, [1, 2]].tolist()
    assert np.take_along_axis(X, values([[2.0], [0.0]]), -1).tolist() == [[3.5], [1.0]]
    assert np.take(x, np.array([[5, 0], [-1, 3]])).tolist() == x.ravel()[[[5, 0], [-1, 3]]].tolist()
    assert np.take(x, [7, -9], mode="clip").tolist() == x.ravel()[[5, 0]].tolist()
    assert np.take(x, values([7.0, -7.0]), mode="wrap").tolist() == x.ravel()[[1, 5]].tolist()
    along = np.take_along_axis(x, values([[2.0], [0.0]]), 1)
    assert along.tolist() == [[x[0, 2]], [x[1, 0]]]
    assert np.take_along_axis(x, np.array([0, -1]), None).tolist() == [x[0, 0], x[1, 2]]
    assert np.choose(values([1.0, 0.0, 1.0]), [x[0], x[1]]).tolist() == [x[1, 0], x[0, 1], x[1, 2]]
    assert np.choose(Value(1.0), [x[0], 5.0]).tolist() == [5.0] * 3
    assert np.choose(np.array([3, -1, 1]), list(x), mode="clip").tolist() == [x[1, 0], x[0, 1], x[1, 2]]
    with pytest.raises(IndexError, match="index 6 is out of bounds for axis 0 with length 6"):
        np.take(x, Value(6.0))
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with"):
        np.take_along_axis(x, np.array([[3], [0]]), 1)
    with pytest.raises(IndexError, match=r"index 0\.5 for axis 1 with length 3"):
        np.take_along_axis(X, values([[0.5]]), axis=1)
    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 0 with"):
        np.choose(np.array([2, 0, 0]), list(x))
    with pytest.raises(ValueError, match="as many axes"):
        np.take_along_axis(x, np.array([0]), 1)


def test_the_derivative_of_what_is_taken_twice_is_the_sum():
    weights = np.array([1.0, 10.0, 100.0, 1000.0])
    taken = lambda x: (x[[2, 2, 0, -1]] ** 2 * weights).sum()
    assert grad(taken)(np.array([1.0, 2.0, 3.0])).tolist() == [200.0, 0.0, 6066.0]
    assert hessian(taken)(np.array([1.0, 2.0, 3.0])).tolist() == np.diag([200.0, 0.0, 2022.0]).tolist()
    of_values = lambda x: (np.take(x, values([2.0, 2.0, 0.0, -1.0])) ** 2 * weights).sum()
    assert grad(of_values)(np.array([1.0, 2.0, 3.0])).tolist() == [200.0, 0.0, 6066.0]


def test_the_position_in_a_loop_is_an_index():
    x = values([1.0, 2.0, 4.0])

    def step(i, state):
        state = state.copy()
        state[i + 0.0 * x[0]] = state[i] * 2.0 + x[i]
        return state

    assert [item.data for item in fori_loop(0, 3, step, x)] == [3.0, 6.0, 12.0]


def test_an_index_has_no_derivative():
    index = Value(1.0)
    result = values([1.0, 2.0])[index] * index
    result.backward()
    assert index.grad == 2.0
