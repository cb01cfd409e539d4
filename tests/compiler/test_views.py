"""What of an array is a view, which writes through, and what is a copy: as in NumPy, eagerly and compiled."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from autograd import checkpoint, cond, exp, fori_loop, grad, jit, scan, vmap, while_loop
from autograd.errors import TraceError

BACKENDS = ("interpreter", "llvm")
MATRIX, WEIGHTS = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 5.0]])


def row_written(m):
    y = m * 1.0
    r = y[np.argmax(y[:, 0])]
    r[0] = 30.0
    return y


def row_in_place(m):
    y = m * 1.0
    r = y[np.argmax(y[:, 0])]
    r += 30
    return y


def row_read_later(m):
    y = m * 1.0
    i = np.argmax(y[:, 0])
    r = y[i]
    y[i] = 0.0
    return y + r


def column_and_row(m):
    y = m * 1.0
    i = np.argmax(y[:, 0])
    r = y[:, i]
    r[0] = 5*m[1,1]
    y[i][0] = 7.0
    return y


def rows_in_a_loop(m):
    def body(i, a):
        a[i][i] = 50.0
        return a
    return fori_loop(0, 2, body, m * 1.0)


def parts_of_rows(m):
    y = m * 1.0
    i = np.argmax(y[:, 0])
    y[i, :1] = y[i, 1:]*2
    r=y[i,None]
    r *= m[0,0]
    y[-i] += 1
    return y


def out(m):
    y = m * 1.0
    i = np.argmax(y[:, 0])
    np.add(y[i], 1, out=y[i])
    return y


def largest_along_one(x):
    y = x[0] * 1.0
    s = np.max(y[:, None], axis=1)
    s *= y
    return y


def sum_along_one(x):
    y = x[0]*1.0
    s = np.sum(y[None], axis=0)
    s += 10
    return y


def rotated(m):
    y = m * 1.0
    np.rot90(y)[0, 0] = 30.0
    return y


def transposed_by_an_array(m):
    y = m * 1.0
    np.transpose(y, np.array([1, 0]))[0] = 30.0
    return y


def taken(m):
    y = m * 1.0
    s = np.take(y, 0, axis=0)
    s += 10
    t = y[np.array(1)]
    t += 5
    return y


def any_of_one(m):
    return np.any(m[0,:1])*m


def exclusive_or_of_one(m):
    return np.logical_xor.reduce(m[0,:1])*m


def or_on_the_way(m):
    return np.logical_or.accumulate(m[0])*m


def loop_of_no_trips(m):
    y = m*1.0
    z = fori_loop(0, 0, lambda i, a: a, y)
    z[0] = 30.0
    return y


def row_read_in_both_branches(m):
    r = m[np.argmax(m[:, 0])]
    return cond(m[0, 0] < 2.0, lambda r: r * r, lambda r: 3.0 * r * r, r) + cond(
        m[0, 0] > 2.0, lambda: r * m[0], lambda: r * m[1])


def all_along_one(m):
    return np.all(m[:, None], axis=1)*m


def flat_of_a_transpose(m):
    y = m * 1.0
    y.T.flat[1:3] = m[0]
    y[:, ::-1].flat[0] += m[1, 1]
    part = y.flat[:2]
    part[0] = 50.0
    return y


def flat_begins_again(m):
    y = np.concatenate([m, m])
    y.T.flat[:] = m[0] * m[1]
    y[1:, ::-1].flat[[0, 2, 3]] = m[0]
    y.flat[3:5] = m
    return y[1:3]


def flat_of_all(m):
    y = m * 1.0
    y.T.flat = m[0]
    y.put([3, 0], m[1])
    y.flat[2] *= m[0, 0]
    return y


def copied_by_numpy(m):
    y = m * 1.0
    z = np.array(y)
    y[0] = 5.0
    return z * y


def elements_of_numpy(m):
    y = m * 1.0
    r, z = y[1], np.empty((2, 2), dtype=object)
    z[0] = y[0]
    z[1] = r
    y[:, 0] = m[1]
    return z * y + np.array([r, r])


def seen_by_numpy(m):
    y = m * 1.0
    z, t = np.asarray(y), np.asarray(y.T)
    y[0, 1] = 3.0 * m[1, 1]
    return z * t


def part_of_what_has_another_shape_now(m):
    y = m * 1.0
    r = y[1]
    y.shape = (4,)
    r[0] = m[0, 1]
    y[3] = 4.0
    return r * m


def branches_give_copies(m):
    y = m * 1.0
    a, b = cond(y[0, 0] > 0.0, lambda a: (a, a), lambda a: (a * 2.0, a), y)
    a[0] = 9.0 * b[1]
    c, d = checkpoint(lambda a: (a, a))(y)
    c[1] = y[0]
    return a + b * c + d


def a_condition_changes_no_state(m):
    def holds(state):
        state[1][0] = 5.0
        return state[0] < 2.0

    return while_loop(holds, lambda state: (state[0] + 1.0, state[1] + m), (0.0, m * m))[1]


def taken_at_a_computed_place(m):
    y = m * 1.0
    i = np.argmax(y[:, 0])
    s, t = np.take(y, i, axis=0), y.take([0], axis=-1, mode="wrap")
    y[i] = 9.0 * m[0]
    return y * s + t


def diagonals(m):
    y = m * 1.0
    d, e, c = y.diagonal(), np.diag(y), np.diag(y) * 1.0
    y[0, 0] = 9.0 * m[1, 1]
    return d * e + c


def not_copied(m):
    y = m * 1.0
    y.astype(float, copy=False)[0] = 9.0
    y.conj()[1, 0] *= m[0, 1]
    y.astype(float)[1] = 7.0
    return y


def other_orders(m):
    y = np.concatenate([m, m * m], axis=1)
    y.T.reshape((2, 2, 2), order="F")[1, 0, 1] = m[0, 0]
    y.T.ravel("A")[1] = m[1, 0]
    return y.flatten("F").reshape(2, 2, 2, order="F")[1] + y.ravel("F")[:2] + y.T.ravel("K")[3:5]


def axes_of_length_one(m):
    y = m * 1.0
    np.expand_dims(y.T, 1)[0, 0, 1] = 9.0 * m[0, 0]
    y.T.reshape(1, 2, 1, 2)[0, 1] *= m[1]
    return y


def a_sum_into_an_array_keeps_its_order(m):
    y = m * 1.0
    y += m.T
    y.ravel()[1] = 9.0 * m[0, 0]
    return y


def parts_that_do_not_stand_together(m):
    y = np.concatenate([m, m * m], axis=1)
    i = np.argmax(m[:, 0])
    r, s = y[:, ::2].ravel(), y[i, ::-2].ravel("F")
    r[0], s[1] = 9.0 * m[1, 1], 8.0
    y[1, ::-1].reshape(1, 4)[0, 3] = 7.0 * m[0, 0]
    y[i, ::2].reshape(2, 1)[1] *= m[0, 1]
    return y[:, :2] + r.reshape(2, 2) + s


def products_in_another_order(m):
    y = np.einsum("ij,kj->ki", m, MATRIX)
    y.ravel()[1] = 9.0 * m[0, 0]
    np.einsum("ij->ji", y)[0] *= 2.0
    return y


def numpys_own_views_of_parts(m):
    y = m * 1.0
    r, s, t = np.asarray(y[:, ::-1]).reshape(4), np.asarray(y.T).ravel("F"), np.array(y.T).ravel()
    y[0] = 9.0 * m[1]
    return y * r.reshape(2, 2) + s.reshape(2, 2) - t.reshape(2, 2)


def largest_along_none(m):
    y = m * 1.0
    z = np.max(y, axis=())
    z[0] = 9.0
    return y + z


PROGRAMS = [
    row_written, row_in_place, row_read_later, column_and_row, rows_in_a_loop, parts_of_rows, out,
    largest_along_one, sum_along_one, rotated, transposed_by_an_array, taken,
    any_of_one, exclusive_or_of_one, or_on_the_way, loop_of_no_trips, all_along_one,
    row_read_in_both_branches,
    flat_of_a_transpose, flat_begins_again, flat_of_all, copied_by_numpy, elements_of_numpy, seen_by_numpy,
    part_of_what_has_another_shape_now, branches_give_copies, a_condition_changes_no_state,
    taken_at_a_computed_place, diagonals, not_copied, other_orders, axes_of_length_one,
    a_sum_into_an_array_keeps_its_order, parts_that_do_not_stand_together, products_in_another_order,
    numpys_own_views_of_parts, largest_along_none,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS)
def test_views_and_copies_are_those_of_numpy(f):
    """The derivatives are central differences of NumPy's numbers, which are exact up to the second degree."""
    expected = f(MATRIX.copy())

    def weighted(m):
        result = f(m)
        return np.sum(result * (WEIGHTS if result.ndim == 2 else WEIGHTS[0]))

    slopes = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            step = np.zeros((2, 2))
            step[i, j] = 2.0**-10
            slopes[i, j] = (weighted(MATRIX + step) - weighted(MATRIX - step)) / 2.0**-9
    assert grad(weighted)(MATRIX) == pytest.approx(slopes, rel=1e-9)
    for backend in BACKENDS:
        assert jit(f, backend=backend)(MATRIX) == pytest.approx(expected, rel=1e-15)
        assert jit(grad(weighted), backend=backend)(MATRIX) == pytest.approx(slopes, rel=1e-9)


REFUSED = {
    "strides": lambda y: y * y.T.strides[0],
    "flags": lambda y: y * y.flags.c_contiguous,
    "base": lambda y: y * (y.base is None),
    "setflags": lambda y: y.setflags(write=False),
    "shares_memory": lambda y: y * np.shares_memory(y[0], y[1]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_asked_of_memory_is_refused(name):
    with pytest.raises(TraceError, match="memory"):
        jit(REFUSED[name])(MATRIX)


def test_an_array_is_not_written_into_its_own_flat():
    """NumPy reads there what it has written: of y.flat[[1, 3]] = y[0] the second is the first, too."""

    def f(m):
        y = m * 1.0
        y.flat[[1, 3]] = y[0]
        return y

    assert f(MATRIX).tolist() == [[1.0, 1.0], [3.0, 1.0]]
    with pytest.raises(TraceError, match=r"y\.copy\(\)"):
        jit(f)(MATRIX)

    def whole(m):
        y = m * 1.0
        y.flat = y
        return np.sum(y)

    assert grad(whole)(MATRIX).tolist() == [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    "write", [lambda y: np.copyto(np.asarray(y), 5.0), lambda y: np.ndarray.sort(y), lambda y: np.ndarray.fill(y, 5.0)]
)
def test_numpys_own_code_does_not_write_into_an_array_behind_its_back(write):
    with pytest.raises(ValueError, match="read-only"):
        jit(lambda m: write(m * 1.0))(MATRIX)


def test_an_array_of_many_parts_is_written_to_in_linear_time_and_refuses_what_numpy_saw_before():
    def f(x):
        y = x * 1.0
        rows = list(y)
        for row in rows:
            row += 1.0
        return np.array(rows[0]) if x.shape[1] == 2 else y

    wide = np.ones((40, 200))
    assert jit(f, backend="interpreter")(wide) == pytest.approx(wide + 1.0, rel=1e-15)
    with pytest.raises(TraceError, match="numpy.stack"):
        jit(lambda x: f(np.ones((3000, 2)) * x) * 1.0)(1.0)


def test_arrays_of_a_recording_are_freed():
    seen = []

    def f(m):
        y = m * 1.0
        seen.extend([weakref.ref(y), weakref.ref(y[0])])
        return y

    jit(f, backend="interpreter")(MATRIX)
    gc.collect()
    assert [one() for one in seen] == [None, None]


@pytest.mark.parametrize(
    "around",
    [
        lambda body, m: cond(m[0, 0] < 0.0, body, lambda x: x, m),
        lambda body, m: fori_loop(0, 3, lambda _, x: body(x), m),
        lambda body, m: scan(lambda s, x: (body(s), x), m, m)[0],
        lambda body, m: while_loop(lambda x: x[0, 0] < 3.0, body, m),
        lambda body, m: vmap(body)(m),
    ],
)
def test_a_body_does_not_write_to_an_array_from_outside(around):
    def f(m):
        y = m * 1.0

        def body(x):
            y[1] *= 2.0
            return x * 2.0

        return around(body, m) + y

    with pytest.raises(TraceError, match="from outside"):
        jit(f)(MATRIX)


def test_a_loop_of_python_s_own_writes_to_an_array_from_outside():
    def f(m):
        y, i = m * 1.0, 0.0 * m[0, 0]
        while i < 3.0:
            y[1] *= 2.0
            i = i + 1.0
        return y

    assert jit(f)(MATRIX).tolist() == [[1.0, 2.0], [24.0, 32.0]]


IN_OTHER_ORDERS = {
    "astype": lambda m: m.T.astype(float),
    "copy": lambda m: m.copy("F"),
    "numpy.copy": lambda m: np.copy(m.T),
    "exp": lambda m: exp(m.T),
    "where": lambda m: np.where(m.T > 0.0, m.T, 0.0),
    "zeros_like": lambda m: np.zeros_like(m.T),
    "stack": lambda m: np.concatenate([m.T, m.T]),
    "cumsum": lambda m: np.cumsum(m.T, axis=0),
    "columns": lambda m: m[:, [1, 0]],
    "sum": lambda m: np.stack([m, m]).transpose(2, 1, 0).sum(1),
    "part": lambda m: (m.T * 1.0)[:],
}


@pytest.mark.parametrize("name", IN_OTHER_ORDERS)
def test_what_is_perhaps_a_copy_is_not_written_to(name):
    """Its numbers stand column by column, as NumPy has it, so that `ravel` is a copy."""

    def f(m):
        y = IN_OTHER_ORDERS[name](m * 1.0)
        y.ravel()[1] = 99.0
        return y

    assert 99.0 not in f(MATRIX)
    with pytest.raises(ValueError, match="perhaps a copy"):
        jit(f)(MATRIX)


@pytest.mark.parametrize("transform", [grad, jit, lambda f: jit(grad(f))])
@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_none_is_refused(transform, axis):
    for f in (lambda m: np.take(m, 0, axis), lambda m: np.take_along_axis(m, np.array([[0]]), axis)):
        with pytest.raises(np.exceptions.AxisError):
            transform(lambda m, f=f: np.sum(f(m)))(MATRIX)
