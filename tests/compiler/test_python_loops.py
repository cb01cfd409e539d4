"""Python's own loops in compiled functions: recorded as loops of the program where the body allows it."""

from __future__ import annotations

import cProfile
import math
import pickle
import warnings

import numpy as np
import pytest

import autograd
from autograd import TraceError, Value, cos, grad, hessian, jit, sin, sqrt, value_and_grad, vmap

BACKENDS = ("interpreter", "llvm")


def doubled(x):
    while x < 100.0:
        x = x * x
    return x


def counted(x):
    n = 0
    while abs(x) > 1.0 and n < 20:
        x = x / 3.0
        n += 1
    return x * n


def newton(a):
    x = a
    for i in range(50):
        step = (x * x - a + 0.0 * i) / (2.0 * x)
        x = x - step
        if abs(step) < 1e-14:
            break
    return x + 0.0 * step + 0.0 * i


def bisected(a):
    low, high = 0.0, a + 1.0
    while high - low > 1e-13:
        middle = 0.5 * (low + high)
        if middle * middle < a:
            low = middle
        else:
            high = middle
    return low


def nested(x):
    total, k = 0.0, 1.0
    while k < 4.0:
        s = x
        while s < 50.0 * k:
            s = s * x
        total, k = total + s, k + 1.0
    return total


def returned(x):
    while True:
        x = 0.5 * x
        if x < 1.0:
            return sin(x)


def skipped(x):
    total, k = 0.0, 0.0
    while True:
        k = k + 1.0
        if k > x:
            break
        if k == 2.0:
            continue
        if k > 6.0:
            return total * 10.0
        total = total + k * x
    return total


def inner_return(x):
    while x < 5.0:
        while x < 3.0:
            x = x * 1.4
            if x > 2.5:
                return x * 7.0
        x = x + 1.0
    return x


def backwards(x):
    r = x
    for i in range(10, 0, -2):
        if r > 50.0:
            break
        r = r * x + i
    return r


def pairs(x):
    t = (x, 1.0)
    while t[0] < 30.0:
        t = (t[0] * x, t[1] + t[0])
    return t[1]


def arrays(x):
    v = np.zeros(3) + x
    while v.sum() < 40.0:
        v = v * 1.3 + 0.2
    return v[1] * v.sum()


def in_place(x):
    v = np.ones(3) * x
    kept = v
    while v.sum() < 40.0:
        v += 0.7 * x
    return kept.sum() + v[0]


def listed(x):
    seen = []
    while x > 1.0:
        seen.append(x)
        x = 0.5 * x
    return sum(seen) + x


def chosen(x):
    function = sin
    while x < 1.5:
        x = x + function(x) + 0.1
        function = cos
    return x


class Bounded:
    factor = 2.0

    def __grow(self, x):
        return x * self.factor + 0.1

    def run(self, x):
        while x < 20.0 * self.factor:
            x = self.__grow(x)
        return x


LOOPS = [doubled, counted, newton, bisected, nested, returned, skipped, inner_return, backwards, pairs, arrays,
         in_place, listed, chosen, Bounded().run]  # fmt: skip
ONE = [doubled, counted, newton, bisected, nested, returned, skipped, inner_return, backwards, pairs, arrays]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", LOOPS, ids=lambda f: f.__name__)
def test_a_loop_has_the_numbers_of_python_at_every_order(f, backend):
    for order in (lambda f: f, grad, lambda f: grad(grad(f))):
        compiled = jit(order(f), backend=backend)
        for x in (1.3, 2.2, 7.4, 1.3):
            assert compiled(x) == pytest.approx(order(f)(x), rel=1e-11, abs=1e-12), x


@pytest.mark.parametrize("f", ONE, ids=lambda f: f.__name__)
def test_a_loop_is_one_step_whatever_its_length(f):
    compiled = jit(grad(f))
    for x in (1.3, 2.2, 7.4, 1.01):
        compiled(x)
    assert compiled.stats()["variants"] <= 4
    assert compiled.graph.size < 100
    assert jit(vmap(f))(np.array([1.3, 2.2, 7.4])) == pytest.approx([f(1.3), f(2.2), f(7.4)], rel=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_range_may_be_computed(backend):
    def power(x, n):
        r = 1.0
        for _ in range(n):
            r = r * x
        return r

    def total(x, n):
        s = 0.0
        for i in range(n, 2 * n + 1, 2):
            s = s + i * x
        return s

    for n in (0, 1, 5, 40):
        assert jit(power, backend=backend)(1.1, n) == pytest.approx(1.1**n, rel=1e-14)
        assert jit(grad(power), backend=backend)(1.1, n) == pytest.approx(n * 1.1 ** (n - 1), rel=1e-13)
        assert jit(total, backend=backend)(1.5, n) == total(1.5, n)


def test_a_million_trips_go_backward():
    def f(x, n):
        k = 0.0
        while k < n:
            k = k + 1.0
            x = x - 1e-6 * x
        return x

    slope = jit(grad(f))
    for n in (0.0, 1.0, 1e6):
        assert slope(2.0, n) == pytest.approx((1.0 - 1e-6) ** n, rel=1e-9)


def test_what_has_a_value_inside_of_a_loop_alone_is_nan_after_none():
    def f(x):
        while x > 1.0:
            y = 0.5 * x
            x = y
        return x + y

    compiled = jit(f)
    assert compiled(5.0) == f(5.0)
    assert math.isnan(compiled(0.5))


def test_a_loop_that_cannot_be_one_says_why():
    def f(x, n):
        v = np.zeros(3)
        for i in range(n):
            v[0] = x * i
        return v[0]

    with pytest.raises(TraceError, match="not a whole number"):
        jit(f)(1.0, 3)
    names = {}
    exec(compile("def g(x):\n  while x < 20000.0:\n    x = x + 1.0\n  return x\n", "<nowhere>", "exec"), names)
    with pytest.warns(RuntimeWarning, match="its source is not to be found"):
        assert jit(names["g"])(0.0) == 20000.0


def test_the_function_is_as_it_was_afterwards():
    def doubled(x):
        while x < 100.0:
            x = x * x
        return x

    before = doubled.__code__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jit(hessian(doubled))(3.0) == pytest.approx(8.0 * 7.0 * 3.0**6, rel=1e-13)
    assert doubled.__code__ is before
    assert sqrt(doubled(3.0)) == 81.0


@pytest.mark.parametrize("n", [3.0, 27.0])
def test_a_loop_is_pickled_with_its_function(n):
    compiled = jit(steps)
    assert compiled(n) == steps(n)
    assert pickle.loads(pickle.dumps(compiled))(871.0) == 178


def steps(n):
    """Collatz's."""
    k = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        k += 1
    return k


def test_why_a_range_cannot_be_computed_is_said():
    def f(n):
        values = []
        for i in range(n):
            values.append(i)
        return sum(values)

    with pytest.raises(TraceError, match=r"not recorded as one: it changes an object: \.append\(\)"):
        jit(f)(3.0)


def test_a_loop_is_found_under_a_profiler():
    compiled, profile = jit(steps), cProfile.Profile()
    with profile:
        assert compiled(27.0) == 111
        assert steps(27.0) == 111
    assert any(getattr(entry.code, "co_name", "") == "steps" for entry in profile.getstats())
    assert compiled(871.0) == 178
    assert compiled.stats()["variants"] == 1


def test_a_search_may_hold_another_by_the_same_function():
    def root(f, x):
        while abs(f(x)) > 1e-12:
            x = x - f(x) / grad(f)(x)
        return x

    def fourth_root(a):
        return root(lambda x: root(lambda y: y * y - a, x) - x * x, 2.0)

    compiled = jit(value_and_grad(fourth_root))
    for a in (3.0, 81.0, 0.25):
        assert compiled(a) == pytest.approx((a**0.25, 0.25 * a**-0.75), rel=1e-9)
    assert compiled.stats()["variants"] == 1
    assert compiled.graph.size < 1000


def test_one_text_counts_to_a_computed_number_in_floats_eagerly_and_compiled():
    def powers(x):
        y = x
        for i in range(2, 2 * math.floor(x), 2):
            y = y * x + i
        return y

    for x in (0.5, 1.0, 3.75):
        assert powers(Value(x)).data == jit(powers)(x) == powers(x)
        assert grad(powers)(x) == jit(grad(powers))(x)
    assert grad(powers)(3.75) == 3 * 3.75**2 + 2  # (x² + 2) x + 4, where x is between 3 and 4

    end = autograd.ceil(Value(2.5))
    compiled = jit(lambda x: power(x, end))
    assert compiled(2.0) == 16.0


def power(x, n):
    y = x
    for _ in range(n):
        y = y * x
    return y
