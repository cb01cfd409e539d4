"""NumPy's products of arrays: NumPy's numbers and shapes on floats, the order of their sums, and all derivatives."""

from __future__ import annotations

import itertools
import math
from math import inf, nan

import numpy as np
import pytest
from blocked_order import blocked

from autograd import ShapeError, Value, array, dot, grad, hessian, jacobian, jit

SHAPES = [(), (1,), (3,), (0,), (2, 3), (3, 2), (3, 3), (1, 3), (0, 3), (3, 0), (2, 3, 3), (1, 3, 2), (4, 1, 3, 3)]
RANDOM = np.random.default_rng(7)
ARRAYS = {shape: RANDOM.normal(size=shape) for shape in SHAPES}
NEWER = {name: getattr(np, name) for name in ("vecdot", "matvec", "vecmat") if hasattr(np, name)}
PRODUCTS = {
    "dot": np.dot, "matmul": np.matmul, "inner": np.inner, "outer": np.outer, "vdot": np.vdot, "kron": np.kron, **NEWER,
    "tensordot, no axis": lambda x, y: np.tensordot(x, y, 0),
    "tensordot, one axis": lambda x, y: np.tensordot(x, y, 1),
    "tensordot, two axes": lambda x, y: np.tensordot(x, y, ([0, 1], [1, 0])),
    "tensordot, an axis of each": lambda x, y: np.tensordot(x, y, (-1, 0)),
    "matmul along axes": lambda x, y: np.matmul(x, y, axes=[(0, 1), (-1, -2), (1, 0)]),
}  # fmt: skip


def values(numbers):
    return array(np.frompyfunc(Value, 1, 1)(np.asarray(numbers, dtype=float)))


def numbers(result):
    found = [item.data if isinstance(item, Value) else item for item in np.ravel(result).tolist()]
    return np.array(found, dtype=float).reshape(np.shape(result))


def agree(function, *arrays):
    """Compare with NumPy on floats, with each of the operands of Values, and some."""
    try:
        expected = function(*arrays)
    except (ValueError, IndexError) as error:
        expected = error
    for chosen in itertools.product([False, True], repeat=len(arrays)):
        given = [values(x) if of_values else x for x, of_values in zip(arrays, chosen)]
        if not any(type(x) is not np.ndarray for x in given):
            continue  # none is of Values, or they have no elements: NumPy's own
        if isinstance(expected, Exception):
            with pytest.raises((ValueError, TypeError, IndexError)):
                function(*given)
            continue
        found = function(*given)
        assert np.shape(found) == np.shape(expected)
        assert numbers(found) == pytest.approx(expected, rel=1e-13, abs=1e-15)
        assert np.shape(found) or type(found) in (Value, float)


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_of_any_two_shapes_is_numpys_or_an_error_as_there(name):
    for x, y in itertools.product(ARRAYS.values(), repeat=2):
        agree(PRODUCTS[name], x, y)


EINSUMS = [
    ("ij,jk", (2, 3), (3, 4)), ("ij,jk->ki", (2, 3), (3, 4)), ("ii", (3, 3)), ("ii->i", (3, 3)), ("ij->", (2, 3)),
    ("ij->ji", (2, 3)), ("...ij,...jk->...ik", (5, 2, 3), (3, 4)), ("...ij,...jk", (5, 2, 3), (1, 3, 4)),
    ("i,j,k->ijk", (2,), (3,), (4,)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("iij,jk->ik", (3, 3, 2), (2, 4)),
    ("ij,kj,lj->ikl", (2, 3), (3, 3), (4, 3)), ("i...->...", (3, 2, 4)), ("...", (2, 3)), ("...->...", ()),
    ("i,i", (1,), (3,)), ("ij,ij->ij", (1, 3), (2, 1)), ("iii", (3, 3, 3)), ("ijij->ij", (2, 3, 2, 3)), ("ba", (2, 3)),
    ("ijji", (2, 3, 3, 2)), ("Ab,bA", (2, 3), (3, 2)), ("i,", (3,), ()), (",", (), ()), ("ij,i", (0, 3), (0,)),
    ("ij->i", (3, 0)), ("i j , j k -> i k", (2, 3), (3, 4)), ("a,a,a->a", (3,), (3,), (3,)), ("...,...", (2, 3), (3,)),
    ("ij...,jk...->ik...", (2, 3, 5), (3, 4, 5)), ("i->i...", (3,)), ("a,b,ab", (3,), (2,), (3, 2)),
    ("bij,bjk->bik", (2, 3, 2), (2, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("subscripts", "shapes"), [(text, shapes) for text, *shapes in EINSUMS])
def test_einsum_is_numpys(subscripts, shapes):
    agree(lambda *arrays: np.einsum(subscripts, *arrays), *(RANDOM.normal(size=shape) for shape in shapes))


@pytest.mark.parametrize(
    ("operands", "shapes"),
    [
        (lambda x, y: (x, [0, 1], y, [1, 2]), [(2, 3), (3, 4)]),
        (lambda x, y: (x, [0, 1], y, [1, 2], [2, 0]), [(2, 3), (3, 4)]),
        (lambda x, y: (x, [..., 7, 5], y, [5, 2], [..., 2]), [(4, 2, 3), (3, 4)]),
        (lambda x: (x, [3, 3], [3]), [(3, 3)]),
        (lambda x: (x, [9, 2]), [(2, 3)]),
    ],
)
def test_einsum_with_lists_for_its_subscripts(operands, shapes):
    agree(lambda *arrays: np.einsum(*operands(*arrays)), *(RANDOM.normal(size=shape) for shape in shapes))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "said"),
    [
        ("ij,jk", [(2, 3), (4, 5)], r"\(2, 3\) \(4, 5\).*'j' has length 3 and 4"),
        ("ij", [(2,)], r"operand 0 has shape \(2,\).*'ij'"),
        ("i", [(2, 3)], r"operand 0 has shape \(2, 3\)"),
        ("ij->k", [(2, 3)], "'k'"),
        ("ij->ii", [(2, 3)], "'i'.*twice"),
        ("...i->i", [(2, 3)], "ellipsis"),
        ("i..j", [(2, 3)], r"i\.\.j"),
        ("ij,jk", [(2, 3)], "for 2 arrays, not 1"),
        ("ii", [(1, 3)], "diagonal"),
    ],
)
def test_a_wrong_einsum_says_what_is_wrong(subscripts, shapes, said):
    with pytest.raises(ValueError, match=said):
        np.einsum(subscripts, *(values(np.ones(shape)) for shape in shapes))


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (np.dot, [(2, 3), (2,)]), (np.matmul, [(2, 3), (2, 3)]), (np.matmul, [(2, 2, 3), (3, 3, 2)]),
        (np.inner, [(2, 3), (2,)]), (np.vdot, [(2, 3), (2,)]), (lambda x, y: np.tensordot(x, y, 1), [(2, 3), (2, 3)]),
        (lambda x, y: x @ y, [(3,), (4,)]), (np.linalg.matmul, [(3, 2), (3, 2)]),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_named(function, shapes):
    text = r"shapes \({}\) and \({}\)".format(*(", ".join(map(str, s)) + "," * (len(s) == 1) for s in shapes))
    with pytest.raises(ShapeError, match=text):
        function(*(values(np.ones(shape)) for shape in shapes))


@pytest.mark.parametrize("count", [20, 1024, 1031, 2048])
def test_each_product_is_the_sum_of_products_in_the_blocked_order(count):
    x, y = np.random.default_rng(count).normal(size=(2, count))
    exact = blocked((x * y).tolist())
    assert exact not in (math.fsum(x * y), sum((x * y).tolist()))  # no other order will do
    v, w = values(x), values(y)
    for found in (
        np.dot(v, w), v @ w, np.inner(v, y), np.vdot(x, w), np.tensordot(v, w, 1), np.einsum("i,i", v, w),
        np.einsum("i,i->", v, y), dot(v, w), dot(x, w), np.matmul(v[None], w[:, None])[0, 0], np.dot(v[None], w)[0],
        np.einsum("ki,i->k", v[None], w)[0], np.sum(v * w), v.dot(y),
    ):  # fmt: skip
        assert found.data == exact
    assert dot(x, y) == dot(list(x), y) == exact
    assert dot(x.tolist(), y.tolist()) == sum((x * y).tolist())  # of lists from left to right


SMALL = {"x": RANDOM.normal(size=(2, 3)), "y": RANDOM.normal(size=(3, 2))}


def by_loops(x, y):
    """x @ y @ x, in numbers one by one."""
    product = [[x[i, 0] * y[0, k] + x[i, 1] * y[1, k] + x[i, 2] * y[2, k] for k in range(2)] for i in range(2)]
    return [product[i][0] * x[0, j] + product[i][1] * x[1, j] for i in range(2) for j in range(3)]


@pytest.mark.parametrize(
    "cube",
    [
        lambda x, y: x @ y @ x, lambda x, y: np.dot(np.dot(x, y), x), lambda x, y: np.einsum("ij,jk,kl->il", x, y, x),
        lambda x, y: np.tensordot(np.tensordot(x, y, 1), x, 1), lambda x, y: np.linalg.multi_dot([x, y, x]),
        lambda x, y: np.inner(np.inner(x, y.T), x.T),
    ],
)  # fmt: skip
def test_derivatives_of_the_first_two_orders_are_those_of_sums_of_products(cube):
    x, y = SMALL["x"], SMALL["y"]
    exact = jacobian(lambda x: by_loops(x, y))(x)
    assert np.ravel(jacobian(lambda x: cube(x, y))(x)) == pytest.approx(np.ravel(exact), rel=1e-13)
    assert np.ravel(jit(jacobian(lambda x: cube(x, y)))(x)) == pytest.approx(np.ravel(exact), rel=1e-13)
    second = hessian(lambda x: sum(n * n for n in by_loops(x, y)))(x)
    assert np.ravel(hessian(lambda x: (cube(x, y) ** 2).sum())(x)) == pytest.approx(np.ravel(second), rel=1e-12)


def test_nan_and_infinities_go_where_the_products_lead_them():
    x = values([[1.0, nan, 0.0], [inf, 2.0, -0.0]])
    assert numbers(x @ np.array([1.0, 0.0, 1.0])) == pytest.approx([nan, inf], nan_ok=True)
    assert numbers(x @ np.array([0.0, 1.0, 0.0])) == pytest.approx([nan, nan], nan_ok=True)
    assert math.copysign(1.0, np.dot(values([-0.0]), np.ones(1)).data) == -1.0
    assert grad(lambda x: x @ np.array([inf, 0.0]))(np.array([0.0, 1.0])).tolist() == [inf, 0.0]


def test_products_into_an_array_that_is_given_and_refused_options():
    x, out = values(np.ones((2, 2))), values(np.zeros((2, 2)))
    for function in (np.dot, np.matmul, lambda x, y, out: np.einsum("ij,jk", x, y, out=out)):
        assert function(x, np.eye(2), out=out) is out
        assert numbers(out).tolist() == [[1.0, 1.0], [1.0, 1.0]]
        out[...] = 0.0
    with pytest.raises(TypeError, match="dtype"):
        np.einsum("i", x[0], dtype=np.float32)
    with pytest.raises(TypeError, match="numpy.matmul"):
        np.matmul(x, x, keepdims=True)
    with pytest.raises(TypeError, match="negative power"):
        np.linalg.matrix_power(x, -1)


@pytest.mark.parametrize("offset", [-4, -1, 0, 1, 2, 5])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3), (2, 3, 4), (3, 0)])
def test_a_trace_is_numpys(offset, shape):
    agree(lambda x: np.trace(x, offset), RANDOM.normal(size=shape))
    agree(lambda x: np.linalg.trace(x, offset=offset), RANDOM.normal(size=shape))
    agree(lambda x: x.trace(offset, 1, 0), RANDOM.normal(size=shape))


@pytest.mark.parametrize("power", [0, 1, 2, 3, 5, 6])
def test_a_power_of_matrices_is_numpys(power):
    for shape in ((3, 3), (2, 3, 3), (2, 3), (3,)):
        agree(lambda x: np.linalg.matrix_power(x, power), RANDOM.normal(size=shape))
