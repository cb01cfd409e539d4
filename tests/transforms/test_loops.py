"""fori_loop, scan, while_loop and cond: what they mean, called plainly and inside of a compiled function.

Every test runs in three ways: as it is, recorded for the interpreter, and as machine code. The numbers are those of the
Python loop written out by hand, or of a closed form.
"""

from __future__ import annotations

import math
import struct
from collections import namedtuple

import numpy as np
import pytest

from autograd import (
    BoundError,
    ShapeError,
    TraceError,
    Value,
    cond,
    cos,
    exp,
    floor,
    fori_loop,
    grad,
    hessian,
    jit,
    jvp,
    primitive,
    scan,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vmap,
    where,
    while_loop,
)

nan, inf = math.nan, math.inf
Pair = namedtuple("Pair", "position velocity")

WAYS = {
    "eager": lambda f: f,
    "interpreter": lambda f: jit(f, backend="interpreter"),
    "llvm": lambda f: jit(f, backend="llvm"),
}


@pytest.fixture(params=list(WAYS))
def run(request):
    return WAYS[request.param]


@pytest.fixture(params=["interpreter", "llvm"])
def compiled(request):
    return WAYS[request.param]


def bits(number):
    return "nan" if number != number else struct.pack("d", number)


# fori_loop.


def test_a_loop_counts_from_lower_up_to_upper(run):
    assert run(lambda x: fori_loop(2, 6, lambda i, total: total * 10.0 + i, x))(0.0) == 2345.0
    assert run(lambda x: fori_loop(-2, 2, lambda i, total: total * 10.0 + i, x))(0.0) == -2099.0
    assert run(lambda x: fori_loop(np.int64(0), np.int64(3), lambda i, s: s + 1.0, x))(0.0) == 3.0


def test_a_loop_of_no_trips_returns_its_first_state(run):
    assert run(lambda x: fori_loop(3, 3, lambda i, s: s + 1.0, x))(5.0) == 5.0
    assert run(lambda x: fori_loop(3, 0, lambda i, s: s + 1.0, x))(5.0) == 5.0


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (1.0, 9.0),
        ([1.0, 2.0], [9.0, 10.0]),
        ((1.0, [2.0, (3.0,)]), (9.0, [10.0, (11.0,)])),
        (Pair(1.0, 2.0), Pair(9.0, 10.0)),
        ({"b": 1.0, "a": 2.0}, {"a": 10.0, "b": 9.0}),
    ],
)
def test_a_state_is_a_number_or_a_nest(run, state, expected):
    def plus_two(nest):
        if isinstance(nest, dict):
            return {key: plus_two(child) for key, child in nest.items()}
        if isinstance(nest, tuple | list):
            children = [plus_two(child) for child in nest]
            return type(nest)(*children) if hasattr(nest, "_fields") else type(nest)(children)
        return nest + 2.0

    result = run(lambda s: fori_loop(0, 4, lambda i, s: plus_two(s), s))(state)
    assert result == expected
    assert type(result) is type(expected)


def test_a_state_may_hold_arrays(run):
    def body(i, state):
        matrix, total = state
        return matrix * 2.0, total + matrix[0, 1]

    matrix, total = run(lambda m: fori_loop(0, 3, body, (m, 0.0)))(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert matrix.tolist() == [[8.0, 16.0], [24.0, 32.0]]
    assert total == 2.0 + 4.0 + 8.0


def test_loops_nest(run):
    def inner(n, x):
        return fori_loop(0, 3, lambda j, s: s + n * j, x)

    # the sum over i < 4 and j < 3 of i·j is 6·3
    assert run(lambda x: fori_loop(0, 4, lambda i, s: inner(i, s), x))(0.5) == 18.5


def test_a_loop_takes_numbers_from_around_it(run):
    w = Value(3.0)
    result = run(lambda x, y: fori_loop(0, 3, lambda i, s: s * y + w, x))(1.0, 2.0)
    result = result.data if isinstance(result, Value) else result  # eagerly it depends on w
    assert result == 29.0


def test_a_million_trips_take_the_time_of_their_arithmetic():
    # x -> x + 1e-6 a million times: the very sum in Python is 1.000000000007918.
    total = 0.0
    for _ in range(1_000_000):
        total += 1e-6
    assert jit(lambda x: fori_loop(0, 1_000_000, lambda i, s: s + 1e-6, x), backend="llvm")(0.0) == total


def test_the_bound_of_a_loop_may_be_computed(compiled):
    f = compiled(lambda n: fori_loop(0, n, lambda i, s: s + i, 0.0))
    assert [f(n) for n in (0, 1, 5, 10.0, -3)] == [0.0, 0.0, 10.0, 45.0, 0.0]
    assert f.stats()["variants"] == 1
    g = compiled(lambda n: fori_loop(n, 5, lambda i, s: s * 10.0 + i, 0.0))
    assert [g(n) for n in (2, -1, 7)] == [234.0, -98766.0, 0.0] or g(2) == 234.0
    assert g(-1) == ((((((0 * 10 - 1) * 10 + 0) * 10 + 1) * 10 + 2) * 10 + 3) * 10 + 4)


def test_the_derivative_of_a_loop(run):
    # s doubles its exponent plus one: x^1, x^3, x^7, x^15
    f = run(value_and_grad(lambda x: fori_loop(0, 3, lambda i, s: s * s * x, x)))
    value, slope = f(1.5)
    assert value == pytest.approx(1.5**15, rel=1e-14)
    assert slope == pytest.approx(15 * 1.5**14, rel=1e-14)
    _, tangent = run(lambda x: jvp(lambda x: fori_loop(0, 3, lambda i, s: s * s * x, x), (x,), (2.0,)))(1.5)
    assert tangent == pytest.approx(30 * 1.5**14, rel=1e-14)
    assert run(hessian(lambda x: fori_loop(0, 3, lambda i, s: s * s * x, x)))(1.5) == pytest.approx(
        15 * 14 * 1.5**13, rel=1e-13
    )


def test_the_derivative_of_a_loop_does_not_count_its_position(run):
    assert run(grad(lambda x: fori_loop(0, 4, lambda i, s: s + i * x, 0.0)))(2.0) == 6.0


def test_reverse_mode_goes_through_a_computed_bound(compiled):
    f = compiled(grad(lambda x, n: fori_loop(0, n, lambda i, s: s * x, 1.0)))
    assert [f(2.0, n) for n in (0.0, 1.0, 3.0, 11.0, -2.0)] == [0.0, 1.0, 12.0, 11.0 * 2.0**10, 0.0]
    g = compiled(lambda x, n: jvp(lambda x: fori_loop(0, n, lambda i, s: s * x, 1.0), (x,), (1.0,)))
    assert g(2.0, 3.0) == (8.0, 12.0)


@pytest.mark.parametrize("bound", [2.5, nan, inf, "3", None, [3]])
def test_a_bound_that_is_not_a_whole_number_is_an_error_that_names_it(run, bound):
    with pytest.raises(TypeError, match="upper is a whole number, not"):
        run(lambda x: fori_loop(0, bound, lambda i, s: s, x))(1.0)
    with pytest.raises(TypeError, match="lower is a whole number, not"):
        run(lambda x: fori_loop(bound, 5, lambda i, s: s, x))(1.0)


def test_a_state_that_changes_its_structure_is_an_error(run):
    with pytest.raises(ShapeError, match=r"fori_loop's body returns must have the structure number, not \('number'"):
        run(lambda x: fori_loop(0, 3, lambda i, s: (s, s), x))(1.0)
    with pytest.raises(ShapeError, match=r"structure array\(2,\), not array\(4,\)"):
        run(lambda x: fori_loop(0, 2, lambda i, s: np.concatenate([s, s]), x))(np.arange(2.0))
    with pytest.raises(ShapeError, match="while_loop's body"):
        run(lambda x: while_loop(lambda s: s[0] < 3.0, lambda s: [s[0] + 1.0], (x,)))(1.0)


@pytest.mark.parametrize("wrong", [None, "a", 1j])
def test_a_body_that_returns_no_number_is_an_error(run, wrong):
    with pytest.raises(TypeError, match="number"):
        run(lambda x: fori_loop(0, 2, lambda i, s: wrong, x))(1.0)


# Branches inside bodies.


@pytest.mark.parametrize("start", [1.0, 49.0, 60.0, -1.0, nan, inf, -inf, -0.0])
def test_an_if_inside_a_loop_takes_the_way_of_each_trip(run, start):
    def body(i, s):
        if s < 50.0:
            return s * 2.0
        if i == 3:
            return -s
        return s - 1.0

    expected = start
    for i in range(12):
        expected = body(i, expected)
    f = run(lambda x: fori_loop(0, 12, body, x))
    assert bits(f(start)) == bits(expected)


def test_an_if_on_the_position_of_a_loop(run):
    assert run(lambda x: fori_loop(0, 5, lambda i, s: s * 10.0 + (1.0 if i % 2 else 2.0), x))(0.0) == 21212.0


def test_early_return_and_elif_inside_a_scan(run):
    def step(carry, x):
        if x < 0.0:
            return carry, -1.0
        if x == 0.0:
            return carry + 100.0, 0.0
        for factor in (1.0, 2.0, 3.0):
            if x * factor > 5.0:
                return carry + x, factor
        return carry, 4.0

    xs = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 6.0, -0.0, nan, inf])
    carry, ys = run(lambda xs: scan(step, 0.0, xs))(xs)
    assert ys.tolist() == [-1.0, 0.0, 4.0, 3.0, 2.0, 1.0, 0.0, 4.0, 1.0]
    assert carry == inf


def test_a_branch_not_taken_inside_a_loop_adds_nothing_to_the_gradient(run):
    # sqrt(0)' is inf: were it computed for the trips that do not take it, 0·inf would be nan.
    f = run(grad(lambda x: fori_loop(0, 3, lambda i, s: s + (sqrt(x) if i == 5 else x * x), 0.0)))
    assert f(0.0) == 0.0
    assert f(2.0) == 12.0


def test_a_python_loop_with_a_bound_inside_a_body(run):
    def body(i, s):
        for _ in range(5):
            if s > 10.0:
                break
            s = s * 2.0
        return s - 3.0

    expected = 1.0
    for i in range(6):
        expected = body(i, expected)
    assert run(lambda x: fori_loop(0, 6, body, x))(1.0) == expected


# scan.


def test_scan_returns_the_last_state_and_the_outputs_as_what_it_goes_through(run):
    f = run(lambda xs: scan(lambda total, x: (total + x, total * x), 0.0, xs))
    assert f([1.0, 2.0, 3.0]) == (6.0, [0.0, 2.0, 9.0])
    total, outputs = f(np.array([1.0, 2.0, 3.0]))
    assert total == 6.0
    assert outputs.dtype == float
    assert outputs.tolist() == [0.0, 2.0, 9.0]


def test_scan_in_reverse_leaves_outputs_at_the_places_of_their_inputs(run):
    f = run(lambda xs: scan(lambda total, x: (total + x, total), 0.0, xs, reverse=True))
    assert f([1.0, 2.0, 5.0]) == (8.0, [7.0, 5.0, 0.0])


def test_scan_over_nests_and_rows(run):
    def step(carry, item):
        row = item["y"][0]
        return Pair(carry.position + item["x"], row[1]), {"sum": item["x"] + row, "old": carry.velocity}

    x, y = np.array([1.0, 2.0]), (np.array([[10.0, 20.0], [30.0, 40.0]]),)
    carry, ys = run(lambda x, y: scan(step, Pair(0.0, -1.0), {"x": x, "y": y}))(x, y)
    assert carry == Pair(3.0, 40.0)
    assert ys["sum"].tolist() == [[11.0, 21.0], [32.0, 42.0]]
    assert ys["old"].tolist() == [-1.0, 20.0]


def test_scan_with_a_length_and_no_inputs(run):
    carry, ys = run(lambda x: scan(lambda s, _: (s * 2.0, s), x, None, length=4))(1.0)
    assert carry == 16.0
    assert list(ys) == [1.0, 2.0, 4.0, 8.0]
    carry, ys = run(lambda x: scan(lambda s, _: (s * 2.0, None), x, None, length=4))(1.0)
    assert (carry, ys) == (16.0, None)


def test_outputs_of_scan_stay_whole_numbers(run):
    _, ys = run(lambda xs: scan(lambda s, x: (s + x, (1, x)), 0.0, xs))(np.arange(3.0))
    assert ys[0].dtype == int
    assert ys[0].tolist() == [1, 1, 1]


def test_the_derivative_of_scan(run):
    # A polynomial by Horner's rule: 2x² + 3x + 4, and what it does at each step.
    f = run(grad(lambda x: scan(lambda s, c: (s * x + c, None), 0.0, [2.0, 3.0, 4.0])[0]))
    assert f(5.0) == 4 * 5.0 + 3.0
    g = run(grad(lambda cs: scan(lambda s, c: (s * 5.0 + c, s), 0.0, cs)[0]))
    assert list(g(np.array([2.0, 3.0, 4.0]))) == [25.0, 5.0, 1.0]
    h = run(grad(lambda cs: sum(scan(lambda s, c: (s * 5.0 + c, s), 0.0, cs)[1])))
    assert list(h(np.array([2.0, 3.0, 4.0]))) == [6.0, 1.0, 0.0]


def test_scan_says_which_lengths_differ(run):
    with pytest.raises(ShapeError, match=r"one length from 1 up; these are \[3, 4\]"):
        run(lambda x: scan(lambda s, x: (s, x), 0.0, x, length=4))(np.arange(3.0))
    with pytest.raises(ShapeError, match=r"\[2, 3\]"):
        run(lambda x: scan(lambda s, x: (s, x), 0.0, (x, x[:2])))(np.arange(3.0))
    with pytest.raises(ShapeError, match="these are none: give xs, or length"):
        run(lambda x: scan(lambda s, _: (s, s), x, None))(1.0)
    with pytest.raises(ShapeError, match="scan goes through arrays and lists"):
        run(lambda x: scan(lambda s, y: (s, y), 0.0, x))(1.0)


def test_scan_needs_a_pair_and_one_structure_of_outputs(run):
    with pytest.raises(TypeError, match="returns a pair"):
        run(lambda xs: scan(lambda s, x: s, 0.0, xs))(np.arange(3.0))
    with pytest.raises(ShapeError, match="scan's function returns must have the structure number"):
        run(lambda xs: scan(lambda s, x: ((s, s), x), 0.0, xs))(np.arange(3.0))
    with pytest.raises((ShapeError, TraceError), match="structure"):
        run(lambda xs: scan(lambda s, x: (s + 1.0, s if s > 1.0 else (s, s)), 0.0, xs))(np.arange(3.0))
    with pytest.raises((ShapeError, TraceError), match="structure"):
        run(lambda xs: scan(lambda s, x: (s + 1.0, s if s > 1.0 else None), 0.0, xs))(np.arange(3.0))


# while_loop.


def test_a_while_loop_runs_until_its_condition_fails(run):
    f = run(lambda x: while_loop(lambda s: s < 100.0, lambda s: s * 2.0, x))
    assert [f(x) for x in (1.0, 99.0, 100.0, 1e9)] == [128.0, 198.0, 100.0, 1e9]
    assert math.isnan(f(nan))


def doubled(x, trips):
    return while_loop(lambda s: s < 100.0, lambda s: s * 2.0, x, max_trips=trips)


def test_a_while_loop_that_reaches_max_trips_with_its_condition_unmet_is_right(run):
    for trips in (7, 8, 50, 2**53, 2**63, 2**70):
        assert run(lambda x, n=trips: doubled(x, n))(1.0) == 128.0
    assert run(lambda x: doubled(x, 0))(100.0) == 100.0


@pytest.mark.parametrize("trips", [0, 1, 6])
@pytest.mark.parametrize(
    "f",
    [
        lambda x, n: doubled(x, n),
        lambda x, n: grad(lambda t: doubled(t, n))(x),
        lambda x, n: jvp(lambda t: doubled(t, n), (x,), (1.0,)),
        lambda x, n: fori_loop(0, 2, lambda i, s: s + doubled(x, n), x),
        lambda x, n: scan(lambda s, y: (s + doubled(x, n), y), x, [1.0, 2.0])[0],
        lambda x, n: vmap(lambda y: doubled(x * y, n))([200.0, 1.0]),
        lambda x, n: vmap(lambda y: doubled(x * y, n), reduce="sum")([200.0, 1.0]),
        lambda x, n: cond(x < 3.0, lambda: doubled(x, n), lambda: x),
        lambda x, n: doubled(x, n) if x < 3.0 else x,
        lambda x, n: while_loop(lambda s: s < 3.0, lambda s: s + doubled(s, n), x),
        lambda x, n: hessian(lambda v: vmap(lambda y: doubled(y, n), reduce="sum")(v))([x, x]),
    ],
)
def test_a_breach_of_max_trips_is_an_error_that_names_it(run, f, trips):
    with pytest.raises(BoundError, match=f"max_trips={trips} trips.*larger max_trips"):
        run(lambda x: f(x, trips))(1.0)


def test_a_breach_of_max_trips_counts_only_where_the_loop_runs(run):
    assert run(lambda x: cond(x > 3.0, lambda: doubled(x, 2), lambda: x))(1.0) == 1.0
    assert run(lambda x: doubled(x, 2) if x > 3.0 else x)(1.0) == 1.0
    assert run(lambda x: vmap(lambda y: doubled(x, 2) if y > 3.0 else y)([1.0, 2.0]))(1.0) == [1.0, 2.0]
    assert run(lambda x: vmap(lambda y: cond(y > 3.0, lambda: doubled(x, 2), lambda: y))([1.0, 2.0]))(1.0) == [1.0, 2.0]
    assert run(lambda x: fori_loop(0, x, lambda i, s: s + doubled(1.0, 2), x))(0.0) == 0.0
    assert run(lambda x: while_loop(lambda s: s < 0.0, lambda s: s + doubled(x, 2), x))(1.0) == 1.0


def test_a_breach_after_a_branch_of_python_s_keeps_the_ways_apart(compiled):
    f = compiled(lambda x: (doubled(x, 7) if x > 0.0 else x) + (1.0 if x > 3.0 else 2.0))
    assert [f(x) for x in (1.0, 4.0, -1.0, 1.0)] == [130.0, 129.0, 1.0, 130.0]
    with pytest.raises(BoundError):
        f(1e-9)
    assert f(4.0) == 129.0


def test_what_is_computed_outside_on_behalf_of_a_body_contributes_only_if_a_trip_needs_it(run):
    def never(a):
        return while_loop(lambda s: s < 0.0, lambda s: s + sqrt(a), 1.0, max_trips=3) + a

    def counted(a):
        return fori_loop(0, 0.0 * a, lambda i, s: s + sqrt(a), 1.0) + a

    def no_lane(a):
        return vmap(lambda y: sqrt(a) if y > 3.0 else y, reduce="sum")([1.0, 2.0]) + a

    def inner(a):
        return scan(lambda s, y: (s + never(a) * y, y), 0.0, [1.0, 2.0])[0]

    def vector(a):
        return while_loop(lambda s: s < 0.0, lambda s: s + sqrt(a * a), 1.0, max_trips=3) + a

    for f, slope in [(never, 1.0), (no_lane, 1.0), (inner, 3.0), (vector, 1.0)]:
        assert run(grad(f))(0.0) == slope
        assert run(grad(grad(f)))(0.0) == 0.0
        assert run(lambda a, f=f: jvp(grad(f), (a,), (1.0,)))(0.0) == (slope, 0.0)
    for f in (never, no_lane, inner, vector, counted):
        assert run(lambda a, f=f: jvp(f, (a,), (1.0,))[1])(0.0) == (3.0 if f is inner else 1.0)


def test_a_computed_lower_bound_counts_and_carries_no_derivative(run):
    def f(t):
        return fori_loop(t + 2.0, t + 4.0, lambda i, s: s * t + i, 1.0)  # ((t + 4)·t + 5), with i = 4, 5 at t = 2

    assert run(f)(2.0) == 17.0
    assert run(lambda t: jvp(f, (t,), (1.0,))[1])(2.0) == 8.0
    assert run(lambda n: fori_loop(n, 3, lambda i, s: s + i, 0.0))(0.0) == 3.0
    assert run(lambda x: while_loop(lambda s: s < 3.0, lambda s: s + 1.0, x, max_trips=1e3))(0.0) == 3.0
    assert run(lambda x: while_loop(lambda s: s < 3.0, lambda s: s + 1.0, x, max_trips=2**53 + 1))(0.0) == 3.0


def test_a_value_outside_that_comes_into_a_body_by_two_ways_is_one(run):
    w = Value(0.7)

    def f(x):
        return jvp(lambda a: cond(a < 0.4, lambda q: q * a * a, lambda q: q, w), (x,), (w,))[1]

    found = [getattr(item, "data", item) for item in run(vmap(f))([0.3, 0.5])]
    assert found == pytest.approx([0.7 * 2.0 * 0.3 * 0.7, 0.0], rel=1e-15)


def test_second_derivatives_through_a_branch_that_holds_a_batch_of_an_array_from_outside(run):
    def f(t):
        array = np.array([1.0, 2.0]) * t
        return cond(t > 0.0, lambda: vmap(lambda x: x * x * t, reduce="sum")(array), lambda: t) * t  # 5 t⁴

    assert run(grad(f))(2.0) == 160.0
    assert run(grad(grad(f)))(2.0) == 240.0
    assert run(grad(lambda t: jvp(grad(f), (t,), (1.0,))[1]))(2.0) == 240.0


def test_a_rule_that_closes_over_a_number_of_a_body_is_called_as_it_is(run, recwarn):
    def f(x, numbers):
        def sample(a):
            return primitive("scaled", lambda q: sin(q), [lambda out, q: cos(q) * a])(x)

        return vmap(sample, reduce="sum")(numbers)

    assert run(grad(f))(0.3, [0.1, 0.2]) == pytest.approx(0.3 * math.cos(0.3), rel=1e-15)
    assert not recwarn or "closes over a number of the body" in str(recwarn[0].message)
    slope = grad(lambda x: primitive("by_x", lambda q: sin(q), [lambda out, q: cos(q) * x])(0.5 * x))
    assert (slope(0.8), type(slope(0.8))) == (pytest.approx(0.4 * math.cos(0.4), rel=1e-15), float)
    assert grad(slope)(0.8) == pytest.approx(0.5 * math.cos(0.4) - 0.2 * math.sin(0.4), rel=1e-14)


def test_a_computed_bound_that_is_no_whole_number_is_refused(run):
    f = run(lambda n: fori_loop(0, n, lambda i, s: s + i, 0.0))
    assert f(4.0) == 6.0
    for number in (9.5, nan, inf, 1e300):
        with pytest.raises(TypeError, match="upper is a whole number"):
            f(number)
    for number in (9.5, nan):
        with pytest.raises(TypeError, match="lower is a whole number"):
            run(lambda n: fori_loop(n, 9, lambda i, s: s + i, 0.0))(number)
        with pytest.raises(TypeError, match="lower is a whole number"):
            run(lambda n, a=number: fori_loop(a, n, lambda i, s: s + i, 0.0))(9.0)


def test_the_condition_of_a_while_loop_may_be_any_comparison(run):
    both = run(lambda x: while_loop(lambda s: s > 0.0 and s < 100.0, lambda s: s * 2.0, x))
    assert [both(x) for x in (1.0, -1.0, 0.0)] == [128.0, -1.0, 0.0]
    negated = run(lambda x: while_loop(lambda s: not s > 100.0, lambda s: s * 2.0, x))
    assert negated(1.0) == 128.0
    chained = run(lambda x: while_loop(lambda s: 0.0 < s < 100.0, lambda s: s * 2.0, x))
    assert chained(1.0) == 128.0
    number = run(lambda x: while_loop(lambda s: s, lambda s: s - 1.0, x))
    assert number(5.0) == 0.0
    never = run(lambda x: while_loop(lambda s: False, lambda s: s - 1.0, x))
    assert never(5.0) == 5.0


def test_newton_s_method_in_a_while_loop_and_its_derivative(run):
    def root(x):
        return while_loop(
            lambda s: abs(s * s - x) > 1e-15 * x, lambda s: 0.5 * (s + x / s), x
        )

    assert run(root)(2.0) == pytest.approx(math.sqrt(2.0), rel=1e-15)
    assert run(grad(root))(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-13)


@pytest.mark.parametrize("bound", [{}, {"max_trips": 9}])
def test_reverse_mode_through_a_while_loop_needs_no_bound(compiled, bound):
    # 2 -> 4 -> … -> 128 = x^7
    assert compiled(grad(lambda x: while_loop(lambda s: s < 100.0, lambda s: s * x, x, **bound)))(2.0) == 7 * 64.0
    _, tangent = compiled(
        lambda x: jvp(lambda x: while_loop(lambda s: s < 100.0, lambda s: s * x, x), (x,), (1.0,))
    )(2.0)
    assert tangent == 7 * 64.0


def test_max_trips_is_a_whole_number_from_0_up(run):
    with pytest.raises(TypeError, match="max_trips is a whole number of its own, not a Value"):
        run(lambda x: while_loop(lambda s: s < 1.0, lambda s: s, x, max_trips=x + Value(3.0)))(0.0)
    with pytest.raises(ValueError, match="max_trips is 0 or more, not -1"):
        run(lambda x: while_loop(lambda s: s < 1.0, lambda s: s, x, max_trips=-1))(0.0)
    with pytest.raises(TypeError, match="max_trips is a whole number, not 1.5"):
        run(lambda x: while_loop(lambda s: s < 1.0, lambda s: s, x, max_trips=1.5))(0.0)


def test_a_while_loop_of_each_sample_of_a_batch_ends_by_itself(run):
    f = run(vmap(lambda x: while_loop(lambda s: s < 100.0, lambda s: s * 2.0, x)))
    assert f(np.array([1.0, 3.0, 200.0, 99.0, 0.5, 7.0, 25.0, 50.0, 100.0])).tolist() == [
        128.0, 192.0, 200.0, 198.0, 128.0, 112.0, 100.0, 100.0, 100.0,
    ]


# cond.


@pytest.mark.parametrize("x", [2.0, 0.5, -1.0, nan])
def test_cond_computes_one_side(run, x):
    f = run(lambda x: cond(x > 1.0, lambda y: (y + 1.0, [y]), lambda y: (y - 1.0, [0.0]), x))
    assert repr(f(x)) == repr((x + 1.0, [x]) if x > 1.0 else (x - 1.0, [0.0]))


def test_cond_takes_any_number_of_operands_of_any_structure(run):
    assert run(lambda x: cond(x > 1.0, lambda: x, lambda: -x))(2.0) == 2.0
    f = run(lambda x, nest: cond(x > 1.0, lambda a, b: a + b["w"][0], lambda a, b: a - b["w"][1], x, nest))
    assert f(2.0, {"w": [10.0, 20.0]}) == 12.0
    assert f(0.0, {"w": [10.0, 20.0]}) == -20.0


def test_cond_on_a_number_asks_whether_it_is_not_zero(run):
    f = run(lambda x: cond(x, lambda: 1.0, lambda: 2.0))
    assert [f(x) for x in (0.0, -0.0, 0.5, nan)] == [2.0, 2.0, 1.0, 1.0]


def test_ifs_inside_the_sides_of_cond(run):
    f = run(lambda x: cond(x > 1.0, lambda y: y if y > 2.0 else -y, lambda y: y if y < 0.0 else 7.0, x))
    assert [f(x) for x in (3.0, 1.5, 0.5, -1.0, nan)] == [3.0, -1.5, 7.0, -1.0, 7.0]


def test_the_side_of_cond_that_is_not_taken_adds_nothing_to_the_gradient(run):
    f = run(grad(lambda x: cond(x > 0.0, sqrt, lambda y: y * 3.0, x)))
    assert f(0.0) == 3.0
    assert f(4.0) == 0.25


def test_the_sides_of_cond_return_one_structure(compiled):
    with pytest.raises((ShapeError, TraceError), match="structure"):
        compiled(lambda x: cond(x > 1.0, lambda y: (y, y), lambda y: y, x))(2.0)


@pytest.mark.parametrize("predicate", [None, "a", [], [1.0]])
def test_cond_needs_a_comparison_or_a_number(predicate):
    with pytest.raises(TypeError):
        cond(predicate, lambda: 1.0, lambda: 2.0)


# All together.


def test_a_pendulum_keeps_its_energy(run):
    def energy(angle, speed):
        from autograd import cos

        return 0.5 * speed * speed - cos(angle)

    def swing(angle):
        from autograd import sin

        def step(i, state):
            angle, speed = state
            speed = speed - 0.01 * sin(angle)
            return angle + 0.01 * speed, speed

        return fori_loop(0, 300, step, (angle, 0.0))

    f = run(lambda angle: energy(*swing(angle)))
    result = f(1.0)
    result = result.data if isinstance(result, Value) else result
    assert result == pytest.approx(-math.cos(1.0), abs=5e-3)
    slope = run(grad(lambda angle: swing(angle)[0]))
    step = 1e-6
    difference = (WAYS["llvm"](swing)(1.0 + step)[0] - WAYS["llvm"](swing)(1.0 - step)[0]) / (2 * step)
    assert slope(1.0) == pytest.approx(difference, rel=1e-8)


def test_batches_loops_and_scans_inside_each_other(run):
    def f(xs, x):
        def body(i, s):
            total = vmap(lambda a: tanh(a * s), reduce="sum")(xs)
            last, _ = scan(lambda c, a: (where(a > 0.0, c * 0.5, c + a), None), total, xs)
            return last + cond(last > 1.0, lambda: 1.0, lambda: -exp(-last))

        return fori_loop(0, 4, body, x)

    xs = np.array([-1.0, 0.5, 2.0, -0.25])
    eager = value_and_grad(f, argnums=1)(xs, 0.75)
    assert run(value_and_grad(f, argnums=1))(xs, 0.75) == pytest.approx(eager, rel=1e-13)


def test_a_jitted_function_inside_a_body(run):
    twice = jit(lambda s: s * 2.0 if s < 5.0 else s + 1.0)
    assert run(lambda x: fori_loop(0, 6, lambda i, s: twice(s), x))(1.0) == 11.0


def in_an_if(x):
    k, u = x - 2.0, 1.0
    if k > 0.0:
        while u < 10.0:
            u = u * (1.0 + k)
    return u * x


def in_its_condition(x):
    k, u = x - 2.0, 1.0
    while k > 0.0 and u < 10.0:
        u = u * (1.0 + k)
    return u * x


def after_a_return(x):
    k = x - 2.0
    if k <= 0.0:
        return x
    return while_loop(lambda u: u < 10.0, lambda u: u * (1.0 + k), 1.0) * x


def counted(x):
    return fori_loop(0, floor(2.0 / (x - 2.0) ** 2), lambda i, u: u * (x - 1.0), x) if x > 3.0 else x


@pytest.mark.parametrize("f", [in_an_if, in_its_condition, after_a_return, counted])
def test_a_loop_on_a_way_that_is_not_taken_makes_no_trip(f, compiled):
    points = np.array([1.5, 2.0 + 1e-9, 3.3])  # at the first, and where it is counted the second, it would never end
    points = points if f is counted else points[[0, 2]]
    values, slopes = compiled(vmap(value_and_grad(f)))(points)
    assert [*values] == [f(x) for x in points]
    assert [*slopes] == pytest.approx([grad(f)(x) for x in points], rel=1e-13)


def test_a_condition_in_two_nested_loops_that_does_not_change_in_the_inner_one(compiled):
    def f(x):
        total, outer = x, 0
        while total < 6.0 and outer < 3:
            outer += 1
            inner = 0
            while total < 4.0 and inner < 5:
                inner += 1
            total = total * 0.5 + inner
        return total * x

    for x in (0.5, 3.0, 5.0, 9.0):
        value, slope = compiled(value_and_grad(f))(x)
        assert value == f(x)
        assert slope == pytest.approx(grad(f)(x), rel=1e-13)


def test_a_condition_that_no_state_is_in(compiled):
    def f(x):
        return while_loop(lambda s: x < 0.0, lambda s: s + 1.0, x * 2.0)

    assert compiled(f)(1.5) == 3.0
    assert [*compiled(vmap(f))(np.array([1.5, 2.0]))] == [3.0, 4.0]
