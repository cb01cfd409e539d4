"""Reverse mode through loops whose trips are counted only as they run: histories, their limit and their checkpoints."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from graph_in_c import compiled as compiled_c

from autograd import (
    HistoryLimitError,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jit,
    jvp,
    sin,
    value_and_grad,
    vmap,
    while_loop,
)
from autograd.compiler.backends.c.source import source

BACKENDS = ("interpreter", "llvm")


def swung(x):
    """Trips that depend on x; sums of x, sines and a second number."""
    def trip(s):
        return s[0] * x[0] + sin(s[1]), s[1] * 0.9 + x[1]

    return while_loop(lambda s: s[0] < 100.0, trip, (x[0], x[1]))[0]


def steered(x):
    """An inner loop without a bound in each trip of an outer one, of arrays too."""
    def inner(v):
        return while_loop(lambda w: np.sum(w * w) < 9.0, lambda w: 1.3 * w + 0.1 * x[1], v)

    return np.sum(while_loop(lambda v: v[0] < 50.0, lambda v: inner(v * 0.5) + v * x[0], np.ones(2) * x[1]))


ORDERS = [
    lambda f: f, grad, lambda f: grad(lambda x: sum(grad(f)(x))), hessian, jacfwd,
    lambda f: grad(lambda x: sum(grad(lambda x: sum(grad(f)(x)))(x))),
    lambda f: grad(lambda x: sum(sum(row) for row in hessian(f)(x))),
]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [swung, steered])
@pytest.mark.parametrize("limit", [None, 8192])
def test_derivatives_of_three_orders_are_those_of_the_eager_engine(f, limit, backend):
    for order in ORDERS[: 7 if f is swung else 4]:
        compiled = jit(order(f), backend=backend, history_limit=limit)
        for x in ([1.5, 0.3], [1.2, 0.4], [200.0, 7.0]):
            expected = np.asarray(order(f)(x), float)
            assert np.asarray(compiled(x), float) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_lane_has_a_history_of_its_own(backend):
    def power(x, n):
        return fori_loop(0, n, lambda i, s: s * x, 1.0)

    slopes = jit(vmap(grad(power)), backend=backend)
    x, n = np.array([1.5, 2.0, 0.5, -1.0]), np.array([0.0, 1.0, 7.0, 100.0])
    assert slopes(x, n) == pytest.approx(n * x ** (n - 1.0), rel=1e-13)


def decay(x, n):
    def trip(s):
        return s[0] + 1.0, s[1] - 1e-6 * s[1] * x

    return while_loop(lambda s: s[0] < n, trip, (0.0 * x, 1.0))[1]


@pytest.mark.parametrize(("limit", "n"), [(None, 1e6), (2**20, 1e6), (2**14, 3e5), (2**12, 3e4)])
def test_within_its_limit_a_loop_may_be_of_any_length(limit, n):
    slope = jit(value_and_grad(decay), history_limit=limit)
    slope(2.0, 3.0)
    value, derivative = slope(2.0, n)
    assert value == pytest.approx((1.0 - 2e-6) ** n, rel=1e-9)
    assert derivative == pytest.approx(-1e-6 * n * (1.0 - 2e-6) ** (n - 1.0), rel=1e-9)


def test_a_history_holds_what_the_derivative_reads():
    slope = jit(grad(decay), history_limit=2**13)
    slope(2.0, 3.0)
    size = slope.graph.size
    assert slope(2.0, 1e3) == pytest.approx(-1e-3 * (1.0 - 2e-6) ** 999.0, rel=1e-12)
    assert slope.graph.size == size  # not split: the time, which is a state, too, is not among it


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_kept_is_an_error_that_names_the_limit(backend):
    with pytest.raises(HistoryLimitError, match="64 bytes.*history_limit"):
        jit(grad(decay), history_limit=64, backend=backend)(2.0, 20_000.0)
    assert jit(decay, history_limit=64, backend=backend)(2.0, 20_000.0) < 1.0
    with pytest.raises(ValueError, match="history_limit is a whole number of bytes from 1 up"):
        jit(decay, history_limit=0)


def multiplied(i, y):
    """A trip that reads and writes at computed places, which are looked at whether they are any."""
    y[i] = y[i] * y[i - 1]
    return y


@pytest.mark.parametrize(
    "loop",
    [
        lambda x, _: fori_loop(1, len(x), multiplied, x),
        lambda x, n: fori_loop(1, n, multiplied, x),
        lambda x, n: while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, multiplied(*s)), (1, x))[1],
    ],
    ids=["known", "counted", "while"],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_that_reads_and_writes_at_computed_places_is_split_too(loop, backend):
    x = 1.0 + 0.01 * np.sin(np.arange(150.0))
    limit = 8 * 150 * 100  # two thirds of its states
    split = partial(jit, history_limit=limit, backend=backend)
    slope = split(grad(lambda x, n: loop(x, n)[-1]))
    assert slope(x, 150) == pytest.approx(np.prod(x) / x, rel=1e-12)
    assert all(8 * math.prod(kind) <= limit for kind in slope.graph.kinds if kind and min(kind) > 0)
    curvature = split(lambda x: jvp(grad(lambda x: loop(x, 150)[-1]), (x,), (x,))[1])
    assert curvature(x) == pytest.approx(149.0 * np.prod(x) / x, rel=1e-12)  # each slope is of degree 149
    with pytest.raises(IndexError, match="index 150 is out of bounds for axis 0 with length 150"):
        split(grad(lambda x, n: fori_loop(1, n, multiplied, x)[-1]))(x, 151)


def test_exported_code_keeps_a_history_too(tmp_path):
    f = jit(grad(lambda x: while_loop(lambda s: s < 100.0, lambda s: s * x, x)))
    f(1.01)
    run = compiled_c(f.graph, tmp_path)
    for x in (1.01, 2.0, 300.0):
        trips = max(0, math.ceil(math.log(100.0) / math.log(x)) - 1) if x < 100.0 else 0
        status, (slope,) = run(x)
        assert status == 0
        assert slope == pytest.approx((trips + 1.0) * x**trips, rel=1e-12)
    assert "realloc" in source(f.graph)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_over_what_a_function_closes_over_is_split_too(backend):
    def f(x):
        return jit(lambda n: decay(x, n), history_limit=2**14, backend=backend)(5e3)

    n, q = 5e3, 1.0 - 2e-6
    assert grad(f)(2.0) == pytest.approx(-1e-6 * n * q ** (n - 1.0), rel=1e-11)
    assert grad(grad(f))(2.0) == pytest.approx(1e-12 * n * (n - 1.0) * q ** (n - 2.0), rel=1e-9)
