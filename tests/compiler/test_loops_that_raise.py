"""Python loops that raise, assert or have an `else`, as steps of a compiled function, against Python itself.

PYTEST_DONT_REWRITE: a function whose `assert` pytest writes anew is not that of its source.
"""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from autograd import TraceError, grad, hessian, jit, vmap

BACKENDS = ("interpreter", "llvm")


def counted(a):
    x, n = a, 0
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
        n += 1
        if n > 50:
            raise RuntimeError(f"no root after {n - 1} trips")
    return x


def asserted(a):
    x = a
    for n in range(100):
        assert x > 0.0, f"negative at {n}"
        if abs(x * x - a) < 1e-12 * a:
            break
        x = 0.5 * (x + a / x)
    return x


def returning(a):
    x = a
    while True:
        x = 0.5 * (x + a / x)
        if x < 0.0:
            raise ArithmeticError("negative")
        if abs(x * x - a) < 1e-12 * a:
            return x


def ending(a):
    x = a
    for _ in range(30):
        if abs(x * x - a) < 1e-12 * a:
            break
        x = 0.5 * (x + a / x)
    else:
        raise RuntimeError("no root")
    return x


def nested(a):
    x = 0.0
    while x * x < a:
        x += 1.0
        if x > 20.0:
            raise OverflowError("too large")
    for _ in range(2):
        n = 0
        while abs(x * x - a) > 1e-12 * a:
            x = 0.5 * (x + a / x)
            n += 1
            if n > 40:
                raise RuntimeError("no root")
    return x


ROOTS = (counted, asserted, returning, ending, nested)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", ROOTS)
def test_a_loop_that_may_raise_is_one_step(f, backend):
    value, slope, second = (jit(g, backend=backend) for g in (f, grad(f), hessian(f)))
    for a in (2.0, 3.0, 50.0, 1.5, 0.3):
        assert value(a) == pytest.approx(math.sqrt(a), rel=1e-12)
        assert slope(a) == pytest.approx(0.5 / math.sqrt(a), rel=1e-9)
        assert second(a) == pytest.approx(-0.25 * a**-1.5, rel=1e-6)
    assert value.stats()["variants"] == slope.stats()["variants"] == second.stats()["variants"] == 1
    starts = np.array([2.0, 5.0, 70.0])
    assert jit(vmap(f), backend=backend)(starts) == pytest.approx(np.sqrt(starts), rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("f", "a", "error", "message"), [
    (counted, -2.0, RuntimeError, "no root after 50 trips"), (asserted, -2.0, AssertionError, "negative at 0"),
    (returning, -2.0, ArithmeticError, "negative"), (ending, -2.0, RuntimeError, "no root"),
    (nested, 900.0, OverflowError, "too large"),
])  # fmt: skip
def test_it_raises_what_python_does_and_goes_on(f, a, error, message, backend):
    for first in (a, 2.0):
        compiled = jit(grad(f), backend=backend)
        if first != a:
            compiled(first)
        with pytest.raises(error, match=message):
            compiled(a)
        assert compiled(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-9)
    compiled = jit(vmap(f), backend=backend)
    with pytest.raises(error, match=message):
        compiled(np.array([a, 2.0]))
    assert compiled(np.array([4.0, 2.0])) == pytest.approx([2.0, math.sqrt(2.0)], rel=1e-12)


def halved(a):
    x, n = a, 0
    while x > 1.0:
        x = x / 2.0
        n = n + 1
        if n > 5:
            break
    else:
        x = x * a
        a = a + 1.0
    return x * a + n


def three_ways(a):
    x = a
    for _ in range(20):
        x = x * 1.1
        if x > 5.0:
            return x
        if x < -2.0:
            break
    else:
        return -x
    return 7.0 * x


def inside(a):
    total = 0.0
    while total < a:
        y = total + 1.0
        for _ in range(4):
            y = y * 0.7
            if y < 0.5:
                break
        else:
            y = y + 1.0
        total = total + y
    else:
        total = total * 2.0
    return total


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [halved, three_ways, inside])
def test_the_else_of_a_loop(f, backend):
    points = [0.5, 3.0, 30.0, 100.0, 1.01, -0.1, -1.0, -0.2, -1.9]
    value, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
    for a in points:
        assert value(a) == pytest.approx(f(a), rel=1e-15)
        assert slope(a) == pytest.approx((f(a + 1e-6) - f(a - 1e-6)) / 2e-6, rel=1e-7, abs=1e-7)
    assert value.stats()["variants"] <= 3
    assert jit(vmap(f), backend=backend)(np.array(points)) == pytest.approx([f(a) for a in points], rel=1e-15)


def test_what_was_unpickled_without_its_source_says_which_line_raises():
    def local(a):
        x = a
        while x < 10.0:
            x = x * a
            if x < 0.0:
                raise ArithmeticError("negative")
        return x

    compiled = jit(local)
    assert compiled(2.0) == 16.0
    again = pickle.loads(pickle.dumps(compiled))
    assert again(3.0) == 27.0
    with pytest.raises(TraceError, match=r"unpickled without its Python source.*line \d+ raises"):
        again(-2.0)


def in_an_else(x):
    n = 0
    while True:
        n += 1
        for j in range(3):
            x = x * 0.8 + 0.1 * j
            if x < 0.5:
                break
        else:
            if n > 4:
                raise OverflowError("n")
            continue
        break
    return x


def in_an_endless_one(x):
    while True:
        n = 0
        while x > 1.0:
            x = x * 0.9 + 0.2
            n += 1
            if n > 30:
                raise OverflowError("n")
        if x < 0.9:
            return x
        x = x * 0.7


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [in_an_else, in_an_endless_one])
def test_raising_ends_the_loops_around_and_leaves_no_variant_of_another_code(f, backend):
    compiled = jit(f, backend=backend)
    for x in (0.3, 3.77, 5.0, 5.0, 0.3, 0.95, 5.0, 0.05):
        if x > 1.0:
            with pytest.raises(OverflowError, match="n"):
                compiled(x)
        else:
            assert compiled(x) == pytest.approx(f(x), rel=1e-15)
