"""An array that a loop hands on is still the one that another variable has: what is written to one is in the other."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import grad, jit

BACKENDS = ("interpreter", "llvm")


def exchanged(x):
    base = np.array([x, 1.0, 2.0])
    v = w = base
    n = 0
    while v.sum() + n < 30.0:
        v, w = w, v
        n = n + 1
    base[0] = 100.0
    return v.sum() * (n + 1)


def in_a_tuple(x):
    base = x * np.ones(3)
    t = (base, 1.0)
    while t[0].sum() + t[1] < 60.0:
        t = (t[0], t[1] * 2.0)
    base[0] = 100.0
    return t[0].sum() + t[1]


def kept_of_another(x):
    v = w = x * np.ones(3)
    n = 0
    while v.sum() + n < 40.0:
        n = n + 1
        w = v
        v = v + 1.0 if n < 2 else v
    w[0] = 7.0
    return v.sum() * n + w.sum()


def part_of_another(x):
    v = x * np.ones(3)
    u = v[1:]
    n = 0
    while x + n < 40.0:
        n = n + 1
        u = v[1:]
    u[0] = 7.0
    return v.sum() * n + u.sum()


def two_of_one(x):
    v = w = x * np.ones(3)
    while v.sum() < 60.0:
        v = v * 1.5
        w = v
    w[0] = 7.0
    return v.sum()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [exchanged, in_a_tuple, kept_of_another, part_of_another, two_of_one],
                         ids=lambda f: f.__name__)  # fmt: skip
def test_what_is_written_to_one_name_is_in_the_other(f, backend):
    compiled, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
    for x in (1.3, 2.5):
        assert compiled(x) == pytest.approx(f(x), rel=1e-12)
        assert slope(x) == pytest.approx(grad(f)(x), rel=1e-12)


def test_an_array_that_each_trip_makes_may_be_written_to_afterwards():
    def f(x):
        v, low = x * np.ones(3), np.zeros(3)
        while v.sum() < 60.0:
            low, v = np.where(v > 5.0, v, low), v * 1.5
        v[0] = 7.0
        return v.sum() + low.sum()

    compiled = jit(f)
    assert [compiled(x) for x in (1.0, 9.0)] == pytest.approx([f(1.0), f(9.0)], rel=1e-12)
    assert compiled.stats()["variants"] == 1
