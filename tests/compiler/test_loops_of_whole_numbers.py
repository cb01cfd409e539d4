"""What goes round a loop of Python's counts, is found and asked for its type as in Python, or the loop is no step."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import grad, jacfwd, jacrev, jit, jvp

BACKENDS = ("interpreter", "llvm")


def random_in_a_tuple(x):
    t = (7, x)
    while t[1] < 30.0:
        t = ((t[0] * 1103515245 + 12345) % 2**31, t[1] * 1.3)
    return t[1] * (t[0] % 1000)


def random_in_a_dict(x):
    t = {"s": 7}
    while x < 30.0:
        t = {"s": (t["s"] * 1103515245 + 12345) % 2**31}
        x = x * 1.3
    return x * (t["s"] % 1000)


def random_in_an_array(x):
    s = np.array([7, 8])
    while x < 30.0:
        s = (s * 1103515245 + 12345) % 2**31
        x = x * 1.3
    return x * (s % 1000)[0]


def hash_of_a_position(x):
    for i in range(100):
        h = (i * 11400714819323198485) % 1000
        x = x * 1.3 + h
        if x > 3e3:
            break
    return x * h


def power_of_a_count(x):
    k = 1
    while x < 30.0:
        k = k + 1
        x = x * 1.3 + 3 ** (k + 30) % 10
    return x


def next_to_the_limit(x):
    n = 2**53 - 2
    while x < 30.0:
        n = n + 1
        x = x * 1.3 + 1.0
    return x + n % 10


def beyond_the_limit(x):
    n = (2**53 + 1, 0)
    while x < 30.0:
        n = (n[0], n[1] + 1)
        x = x * 1.3
    return x + n[0] % 10 + n[1]


def of_eight_bits(x):
    n = np.array([100, 5], dtype=np.int8)
    while x < 30.0:
        n = n + np.int8(7)
        x = x * 1.5
    return x + n[0]


def without_a_sign(x):
    n = np.array([2, 5], dtype=np.uint64)
    while x < 30.0:
        n = n - np.uint64(1)
        x = x * 1.5
    return x + (n > 5)[0]


def looked_up(x):
    table, marked, n = {0: 1.0, 1: 2.0, 3: 4.0}, {1, 2, 5}, 0
    while x < 30.0:
        x = x * 1.1 + table.get(n, 0.5) + (n in marked)
        n = n + 1
    return x * table.get(n - 3, 7.0)


def looked_up_afterwards(x):
    n = 0
    while x < 30.0:
        x, n = x * 1.5, n + 1
    return x * {3: 2.0, 8: 5.0}.get(n, 0.5)


def of_one_type(x):
    n = 1
    while x < 30.0:
        x = x * 1.2 + (1.0 if isinstance(n, int) else 100.0) + (1.0 if type(n) is int else 100.0)
        n = n * 2 if n < 3 else n / 2
    return x * n


def weight(n):
    return 1.0 if isinstance(n, int | float) else 100.0


def matched(n):
    match n:
        case int():
            return 1.0
        case _:
            return 100.0


def of_a_type_that_is_asked_by(helper):
    def f(x):
        n = 1
        while x < 30.0:
            x, n = x * 1.1 + helper(n), n + 1
        return x

    return f


def of_one_object(x):
    a = b = x
    n = 0
    while a < 30.0 and a is b:
        a, n = a * 1.5, n + 1
        b = a
    return a * n


def same(a, b):
    return 1.0 if a is b else 3.0


def of_one_object_in_a_helper(x):
    a = b = x
    while a < 30.0:
        a = a * 1.1 + same(a, b)
        b = a
    return a


def of_an_array_not_copied(x):
    v = kept = np.array([x, 1.0, 2.0])
    while v.sum() < 30.0:
        w = np.array(v, copy=None)
        w[0] = w[0] + 1.0
        v = w * 1.2
    return v[0] + 2.0 * v[1] + kept[0]


PROGRAMS = [looked_up, looked_up_afterwards, random_in_a_tuple, random_in_a_dict, random_in_an_array,
            hash_of_a_position, power_of_a_count, next_to_the_limit, beyond_the_limit, of_eight_bits,
            without_a_sign, of_one_type, *map(of_a_type_that_is_asked_by, (weight, matched)), of_one_object,
            of_one_object_in_a_helper, of_an_array_not_copied]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__qualname__)
def test_whole_numbers_are_those_of_python(f, backend):
    compiled, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
    for x in (1.3, 9.5):
        assert compiled(x) == pytest.approx(float(f(x)), rel=1e-12)
        assert slope(x) == pytest.approx(float(grad(f)(x)), rel=1e-12)


def test_small_whole_numbers_in_nests_and_arrays_go_round_in_one_step():
    def f(x):
        t, v = (0, 1), np.array([1, 2])
        while x < 30.0:
            t, v, x = (t[1], t[0] + t[1]), v * 3 % 7, x * 1.5
        return x * t[0] + v.sum()

    compiled = jit(f)
    assert [compiled(x) for x in (1.0, 20.0, 40.0)] == pytest.approx([f(1.0), f(20.0), f(40.0)], rel=1e-12)
    assert compiled.stats()["variants"] == 1


@pytest.mark.parametrize("transformed", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1], jacfwd, jacrev])
def test_a_derivative_that_is_a_count_is_a_float(transformed):
    def f(x):
        n = 0
        while n * x < 20.0:
            n = n + 1
        return x * n

    slope = jit(transformed(f))(1.5)
    assert (type(slope), slope) == (float, 14.0)
