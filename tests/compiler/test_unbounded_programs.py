"""Programs that search, simulate and integrate until they are done, in plain Python, with derivatives through them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from autograd import grad, hessian, jit, jvp, maximum, minimum, sqrt, vmap, while_loop

BACKENDS = ("interpreter", "llvm")


def argmin(f, x):
    """Siskind and Pearlmutter's descent, with a step that doubles after ten that helped and halves after one that did
    not (Using programming-language theory to make automatic differentiation sound and efficient, 2008)."""
    slope = grad(f)
    fx, gx = f(x), slope(x)
    rate, helped = 1e-5, 0
    while sqrt(sum(g * g for g in gx)) > 1e-5:
        if helped == 10:
            rate, helped = 2.0 * rate, 0
        else:
            new = [a - rate * g for a, g in zip(x, gx)]
            if sqrt(sum((a - b) ** 2 for a, b in zip(x, new))) <= 1e-5:
                return x
            fnew = f(new)
            if fnew < fx:
                x, fx, gx, helped = new, fnew, slope(new), helped + 1
            else:
                rate, helped = 0.5 * rate, 0
    return x


def saddle(start):
    def f(a, b):
        return a[0] ** 2 + a[1] ** 2 - (b[0] ** 2 + b[1] ** 2)

    a = argmin(lambda a: f(a, argmin(lambda b: -f(a, b), start)), start)
    return [*a, *argmin(lambda b: -f(a, b), start)]


def flight(w):
    """Where a particle lands that two charges repel, squared."""
    charges = [(10.0, 10.0 - w[0]), (10.0, 0.0)]
    pull = grad(lambda x: sum(1.0 / sqrt((x[0] - a) ** 2 + (x[1] - b) ** 2) for a, b in charges))
    x, v = [0.0, 8.0], [0.75, 0.0]
    while True:
        new = [a + 0.1 * b for a, b in zip(x, v)]
        if new[1] <= 0.0:
            break
        x, v = new, [b - 0.1 * g for b, g in zip(v, pull(x))]
    return (x[0] - x[1] / v[1] * v[0]) ** 2


def test_a_saddle_point_by_nested_searches_is_that_of_the_literature():
    compiled = jit(saddle)
    assert compiled([1.0, 1.0]) == pytest.approx([8.246324826140356e-06] * 4, rel=1e-12)
    other = [4.123162413070178e-06, -1.236948723921054e-05]  # as it is without jit, in some seconds
    assert compiled([0.5, -1.5]) == pytest.approx(other * 2, rel=1e-12)
    assert compiled.stats()["variants"] == 1
    assert compiled.graph.size < 5000  # one loop in another


def test_a_particle_that_an_inner_search_steers_is_that_of_the_literature():
    compiled = jit(lambda w: argmin(flight, [w])[0])
    assert compiled(0.0) == pytest.approx(0.20719187464861194, rel=1e-12)
    assert compiled.stats()["variants"] == 1


def bogacki_shampine(slope, x, h):
    """A step of third order, and its error by that of second."""
    k1 = slope(x)
    k2 = slope([a + 0.5 * h * k for a, k in zip(x, k1)])
    k3 = slope([a + 0.75 * h * k for a, k in zip(x, k2)])
    new = [a + h * (2.0 * p + 3.0 * q + 4.0 * r) / 9.0 for a, p, q, r in zip(x, k1, k2, k3)]
    terms = [h * (-5.0 * p / 72.0 + q / 12.0 + r / 9.0 - s / 8.0) for p, q, r, s in zip(k1, k2, k3, slope(new))]
    return new, sqrt(sum(term * term for term in terms))


def event(inputs):
    """When an oscillator, x'' = -w² x, passes zero: steps as long as a tolerance allows, and the last by Newton."""
    w, x0, v0 = inputs

    def slope(x):
        return [x[1], -w * w * x[0]]

    t, h, x = 0.0, 0.01, [x0, v0]
    while True:
        new, error = bogacki_shampine(slope, x, h)
        if error <= 1e-10:
            if new[0] <= 0.0:
                break
            t, x = t + h, new
        h = h * minimum(5.0, maximum(0.2, 0.9 * (error / 1e-10) ** (-1.0 / 3.0)))
    step = h
    while abs(step) > 1e-14:
        new, _ = bogacki_shampine(slope, x, h)
        step = new[0] / new[1]
        h = h - step
    return t + h


EVENT = [2.0, 1.0, 0.7]  # x = x0 cos wt + v0/w sin wt is zero at (atan(v0 / (w x0)) + π/2) / w; by mpmath:
SLOPES = [-0.5548187887725774, -0.15590200445434296, 0.22271714922049]
CURVATURES = [
    [0.6242628887522402, 0.13888819995932558, -0.198411714227608],
    [0.13888819995932558, 0.27777639991865116, -0.17410627923472602],
    [-0.198411714227608, -0.17410627923472602, -0.06944409997966279],
]


@cache
def uncompiled():
    return grad(event)(EVENT), jvp(grad(event), [EVENT], [[1.0, 0.0, 0.0]])[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_time_of_an_event_has_derivatives(backend):
    when, slopes, curvatures = [jit(f, backend=backend) for f in (event, grad(event), hessian(event))]
    assert when(EVENT) == pytest.approx((math.atan2(0.7, 2.0) + 0.5 * math.pi) / 2.0, rel=1e-11)
    assert slopes(EVENT) == pytest.approx(SLOPES, rel=1e-10)
    assert slopes(EVENT) == pytest.approx(uncompiled()[0], rel=1e-12)
    assert np.array(curvatures(EVENT)) == pytest.approx(np.array(CURVATURES), abs=1e-9)  # the steps' own error
    assert curvatures(EVENT)[0] == pytest.approx(uncompiled()[1], rel=1e-11)
    assert slopes.stats()["variants"] == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_lane_has_its_own_steps_and_its_own_event(backend):
    w = np.array([0.5, 1.0, 2.0, 7.0])
    slopes = jit(vmap(grad(lambda w: event([w, 1.0, 0.0]))), backend=backend)(w)
    assert slopes == pytest.approx(-0.5 * math.pi / w**2, rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_root_by_halves_and_then_by_newton(backend):
    """Halving alone moves no derivative: the bracket does not depend on the numbers. A step of Newton's gives it."""

    def root(a):
        low, high = 0.0, 10.0
        while high - low > 1e-9:
            middle = 0.5 * (low + high)
            if middle**3 + middle < a:
                low = middle
            else:
                high = middle
        x = low
        for _ in range(50):
            step = (x**3 + x - a) / (3.0 * x * x + 1.0)
            x = x - step
            if abs(step) < 1e-9:
                break
        return x - (x**3 + x - a) / (3.0 * x * x + 1.0)

    assert jit(root, backend=backend)(10.0) == pytest.approx(2.0, rel=1e-15)
    assert jit(grad(root), backend=backend)(10.0) == pytest.approx(1.0 / 13.0, rel=1e-14)
    # x'' = -6 x x'² / (3 x² + 1), by the equation differentiated twice
    assert jit(grad(grad(root)), backend=backend)(10.0) == pytest.approx(-12.0 / 13.0**3, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [0.0, 1.0, 1e6])
def test_no_trip_one_and_a_million(n, backend):
    def compounded(r, n):
        return while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1.0, s[1] * (1.0 + r * 1e-6)), (0.0, 1.0))[1]

    if backend == "interpreter":
        n = min(n, 1e4)
    orders = compounded, grad(compounded), grad(grad(compounded)), grad(grad(grad(compounded)))
    for order, f in enumerate(orders):
        falling = math.prod(n - k for k in range(order))
        expected = falling * 1e-6**order * math.exp((n - order) * math.log1p(0.5e-6))
        assert jit(f, backend=backend)(0.5, n) == pytest.approx(expected, rel=1e-9, abs=0.0)
