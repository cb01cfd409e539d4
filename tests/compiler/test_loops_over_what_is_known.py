"""Python loops that begin, or read, with numbers that are known: brackets, counts, and data from outside."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import grad, jit, vmap

BACKENDS = ("interpreter", "llvm")
DRAWS = np.random.default_rng(3).exponential(size=(2, 200))
COUNTS, WEIGHTS, BYTES = np.array([3, 1, 2]), [0.5, 1.5, 2.5, 3.5], np.array([200, 100, 50], dtype=np.uint8)


def bisection(a):
    low, high = 0.0, 10.0
    while high - low > 1e-12:
        middle = 0.5 * (low + high)
        if middle**3 < a:
            low = middle
        else:
            high = middle
    return high


def bisection_by_count(a):
    low, high = 0.0, 10.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle**3 < a else (low, middle)
    return high


@pytest.mark.parametrize("f", [bisection, bisection_by_count])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_search_in_a_known_bracket_is_one_step_once_it_went_many_ways(f, backend):
    compiled = jit(f, backend=backend)
    for a in np.linspace(2.0, 900.0, 20):
        assert compiled(a) == pytest.approx(a ** (1 / 3), abs=1e-11)
    assert compiled.stats()["variants"] == 1
    assert compiled.graph.size < 40


def mean_wait(service):
    """Of the customers up to the first who waits longer than 5 (Lindley 1952)."""
    wait, total, i = 0.0, 0.0, 0
    while wait < 5.0 and i < len(DRAWS[0]):
        wait = max(0.0, wait + service * DRAWS[0, i] - DRAWS[1][i])
        total += wait
        i += 1
    return total / i


def weighted(x):
    y, i = 1.0, -1
    while y < 40.0:
        y = y * (1.0 + x * WEIGHTS[i % 4]) + x * COUNTS[i % 3]
        i -= 1
    return y


def until_a_barrier(drift):
    value = 1.0
    for draw in DRAWS[0]:
        before = value
        value = value * (1.0 + 0.1 * (drift + draw - 1.0))
        if value > 1.5:
            return value / before + draw
    return value


def until_a_price(rate):
    value = 1.0
    for _ in (0, 1):
        for weight in WEIGHTS:
            if value > 2.0:
                break
            value = value * (1.0 + rate * weight)
    return value


@pytest.mark.parametrize("f", [mean_wait, weighted, until_a_barrier, until_a_price])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_reads_what_is_known_at_its_count(f, backend):
    points = np.linspace(0.6, 1.4, 12)
    slopes = [(f(x + 1e-6) - f(x - 1e-6)) / 2e-6 for x in points]
    compiled, slope = jit(f, backend=backend), jit(grad(f), backend=backend)
    for x, expected in zip(points, slopes):
        assert compiled(x) == pytest.approx(f(x), rel=1e-14)
        assert slope(x) == pytest.approx(expected, rel=1e-6)
    assert slope.stats()["variants"] <= 4
    assert jit(vmap(f), backend=backend)(points) == pytest.approx([f(x) for x in points], rel=1e-14)


def test_a_place_that_is_none_is_an_index_error():
    def f(x):
        i = 0
        while x < 1e9:
            x = x * (1.0 + WEIGHTS[i])
            i += 1
        return x

    compiled = jit(f)
    assert compiled(2e8) == pytest.approx(2e8 * 1.5 * 2.5 * 3.5, rel=1e-15)
    with pytest.raises(IndexError, match="index 4"):
        compiled(1.0)


def test_a_list_that_grows_as_a_loop_goes_through_it_is_gone_through():
    def f(x):
        waiting, total = [x, 1.0], 0.0
        for item in waiting:
            total = total + item
            if total > 6.0:
                break
            waiting.append(0.9 * item)
        return total

    compiled = jit(f)
    assert [compiled(x) for x in (0.1, 0.7, 1.5)] == [f(0.1), f(0.7), f(1.5)]


def test_small_whole_numbers_wrap_as_numpys_do():
    def f(x):
        i = 0
        while x < 900.0:
            x = x + (BYTES[i % 3] + BYTES[(i + 1) % 3])
            i += 1
        return x

    with np.errstate(over="ignore"):
        assert [jit(f)(x) for x in (0.0, 700.0)] == [f(0.0), f(700.0)] == [932.0, 1144.0]


def test_a_warning_of_many_ways_says_why_a_loop_is_not_one_step():
    data = DRAWS[0].astype(np.float32)

    def f(x):
        i, steps = 0, 0.0
        while steps < x:
            steps = max(0.0, steps + data[i])
            i += 1
        return steps

    def by_two_names(x):
        total = 0.0
        for i, item in enumerate(DRAWS[0]):
            total = total + item
            if total > x:
                return total + i
        return total

    for loop, why in ((f, r"autograd\.array\(data\)\[i\]"), (by_two_names, "it goes, by one name, through neither")):
        with pytest.warns(RuntimeWarning, match=rf"64 ways .* \(the one in line \d+ is .*{why}"):
            jit(vmap(loop))(np.array([20.0, 90.0]))
