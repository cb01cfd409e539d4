"""Ordinary `if` and `while` in compiled functions: at every input the answer is that of the function itself.

The eager function on Values is the reference; its `+ - * /` are the table's own, so that both backends give its bits.
"""

from __future__ import annotations

import math
import random
import struct
import warnings

import numpy as np
import pytest

from autograd import Value, cond, exp, fori_loop, grad, jit, maximum, scan, sin, sqrt, value_and_grad, vmap, where

nan, inf = math.nan, math.inf
SPECIAL = [nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 5e-324, 1.797e308]
BACKENDS = ["interpreter", "llvm"]


def points(count, dimensions, seed=5):
    chance = random.Random(seed)

    def number():
        return chance.choice(SPECIAL) if chance.random() < 0.15 else chance.uniform(-3.0, 3.0)

    return [
        tuple(number() for _ in range(dimensions))
        for _ in range(count)
    ]


def plain(result):
    """A nest of Values as a nest of numbers."""
    if isinstance(result, list | tuple):
        return type(result)(plain(item) for item in result)
    return result.data if isinstance(result, Value) else result


def bits(result):
    """What tells two results apart: the type of a nest, of bool, and each float's bits; all nans are one."""
    if isinstance(result, list | tuple):
        return type(result).__name__, [bits(item) for item in result]
    if isinstance(result, bool):
        return result
    return "nan" if result != result else struct.pack("d", result)


# Functions with branches, and the number of ways through each that the points reach.


def one_if(x, y):
    if x > y:
        return x - y
    return y * x


def elif_chain(x, y):
    if x < -1:
        return x * 2
    if x < 0:
        return x + y
    if y == 0:
        return y / x
    if x != x:
        return y
    return x / y


def while_with_a_counter(x, y):
    n = 0
    while x < 3 and n < 6:
        x = x + abs(y) + 0.3
        n += 1
    return x * n


def maximum_and_minimum_of_python(x, y):
    return max(x, y, 0.5) - min(x, y * 2)


def sorted_values(x, y):
    a, b, c = sorted([x, y, x * y])
    return a - b / c, [b, c]


def early_return(x, y):
    for i in range(5):
        x = x * 1.5
        if x > y:
            return x + i
    return y


def functions_inside(x, y):
    def folded(a):
        if a > 0:
            return a
        return -2 * a

    z = folded(x) + folded(y)
    if z > 2:
        return folded(z - 3) if x > 0 else folded(3 - z)
    return z


def truth_of_a_number(x, y):
    if x:
        return y
    if not y:
        return x
    return x + y


def and_or_not(x, y):
    if (x > 0 and y > 0) or x < -2:
        return x + y
    if not (x > 0 or y > 1):
        return x - y
    return 0.5


def comparisons_returned(x, y):
    return x > y or y > 1, [1 < x < 2, x == y]


def nan_test(x, y):
    if x != x:
        return 1.0
    if y == y:
        return y
    return -1.0


def same_question_twice(x, y):
    total = x if x > y else y
    if x > y:
        total = total + 1
    if not x <= y:  # another question where one is nan
        total = total * 2
    return total


FUNCTIONS = {
    one_if: 2, elif_chain: 5, while_with_a_counter: 8, maximum_and_minimum_of_python: 7,
    sorted_values: 8,  # as many as Python 3.13 has ways to sort three numbers, nan among them
    early_return: 6, functions_inside: 12, truth_of_a_number: 3, and_or_not: 5, comparisons_returned: 6, nan_test: 3,
    same_question_twice: 3,
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_the_eager_answer_at_ten_thousand_inputs(f, backend):
    compiled = jit(f, backend=backend)
    for point in points(10_000, 2):
        assert bits(compiled(*point)) == bits(plain(f(*map(Value, point)))), point
    variants = compiled.stats()["variants"]
    assert variants <= FUNCTIONS[f]
    for point in points(1_000, 2):
        compiled(*point)
    assert compiled.stats()["variants"] == variants


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_branch_is_recorded_once(backend):
    calls = []

    def f(x):
        calls.append(1)
        if x > 1:
            return x
        if x > 0:
            return -x
        return x * 10

    compiled = jit(f, backend=backend)
    for expected, ways in [((2.0, 2.0), 1), ((0.5, -0.5), 2), ((-3.0, -30.0), 3), ((7.0, 7.0), 3), ((nan, nan), 3)]:
        x, result = expected
        assert bits(compiled(x)) == bits(result)
        assert compiled.stats()["variants"] == len(calls) == ways


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_derivative_is_that_of_the_branch_taken(backend):
    compiled = jit(value_and_grad(elif_chain, argnums=(0, 1)), backend=backend)
    eager = value_and_grad(elif_chain, argnums=(0, 1))
    for point in points(2_000, 2, seed=8):
        assert bits(compiled(*point)) == bits(eager(*point)), point


@pytest.mark.parametrize("backend", BACKENDS)
def test_elementary_functions_and_branches_stay_within_their_bounds(backend):
    def f(x, y):
        if exp(x) > y:
            return sin(x * y) * exp(-x)
        if y > 2.0:
            return sqrt(y) + exp(x)
        return maximum(x, y).tanh() if x < y else (x - y).log1p()

    compiled = jit(f, backend=backend)
    for point in points(10_000, 2):
        got, want = compiled(*point), f(*map(Value, point)).data
        assert (got != got) == (want != want), point
        if want == want and abs(want) != inf:
            # each row within 3 ulp of the true value on either path; the product of two adds theirs
            assert got == pytest.approx(want, rel=16 * 2.0**-52, abs=1e-300), point
        elif want == want:
            assert got == want


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_nan_takes_the_side_that_python_takes(backend):
    f = jit(lambda x: 1.0 if x > 0 else 2.0, backend=backend)
    assert [f(1.0), f(nan), f(-1.0), f(nan)] == [1.0, 2.0, 2.0, 2.0]
    g = jit(lambda x: 1.0 if not x <= 0 else 2.0, backend=backend)
    assert [g(-1.0), g(nan), g(1.0)] == [2.0, 1.0, 1.0]
    h = jit(lambda x: 1.0 if x != x else 2.0, backend=backend)
    assert [h(1.0), h(nan), h(inf)] == [2.0, 1.0, 2.0]
    assert jit(lambda x: 1.0 if x else 2.0, backend=backend)(nan) == 1.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_branch_that_raises_raises_and_leaves_the_others_right(backend):
    def f(x):
        if x < 0:
            raise ValueError("a negative length")
        return x * 2

    compiled = jit(f, backend=backend)
    assert compiled(1.0) == 2.0
    for _ in range(2):
        with pytest.raises(ValueError, match="a negative length"):
            compiled(-1.0)
        assert compiled(3.0) == 6.0
    first = jit(f, backend=backend)
    with pytest.raises(ValueError, match="a negative length"):
        first(-1.0)
    assert first(3.0) == 6.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_branches_on_arrays_and_on_closed_over_values(backend):
    w = Value(1.0)

    def f(xs):
        total = 0.0
        for x in xs:
            if x > w:
                total = total + x * w
        return total

    compiled = jit(f, backend=backend)
    for numbers, weight, expected in [
        ([0.0, 2.0, 3.0], 1.0, 5.0), ([0.0, 2.0, 3.0], 2.5, 7.5), ([9.0, 2.0, 3.0], 2.5, 30.0),
        ([0.0, 2.0, 3.0], 1.0, 5.0),
    ]:
        w.data = weight
        assert compiled(np.array(numbers)) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_comparing_arrays_makes_no_guards(backend):
    # As with numbers, only `bool()` of a comparison is a branch; `where` takes it as data.
    compiled = jit(lambda a: where(a > 1.0, a, -a), backend=backend)
    for numbers, expected in [([0.5, 2.0], [-0.5, 2.0]), ([2.0, 0.5], [2.0, -0.5]), ([2.0, 3.0], [2.0, 3.0])]:
        assert compiled(np.array(numbers)).tolist() == expected
    assert compiled.stats()["variants"] == 1


# Batches.


BATCHED = [f for f in FUNCTIONS if f not in (sorted_values, comparisons_returned)]


def batch(count, seed):
    return np.array([point[0] for point in points(count, 1, seed)])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", BATCHED, ids=lambda f: f.__name__)
def test_samples_of_a_batch_take_each_their_own_branch(f, backend):
    compiled = jit(vmap(f), backend=backend)
    for count in (1, 7, 8, 9, 257):
        x, y = batch(count, seed=count), batch(count, seed=1000 + count)
        expected = [plain(f(Value(a), Value(b))) for a, b in zip(x.tolist(), y.tolist())]
        assert list(map(bits, compiled(x, y).tolist())) == list(map(bits, map(float, expected)))
    assert compiled.stats()["variants"] == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_samples_with_several_results_each_take_their_own_branch(backend):
    compiled = jit(vmap(sorted_values), backend=backend)
    x, y = batch(300, seed=1), batch(300, seed=2)
    first, (second, third) = compiled(x, y)
    for i, (a, b) in enumerate(zip(x.tolist(), y.tolist())):
        expected = plain(sorted_values(Value(a), Value(b)))
        assert bits((first.tolist()[i], [second.tolist()[i], third.tolist()[i]])) == bits(expected), (a, b)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_derivative_of_a_batch_is_that_of_each_sample_s_branch(backend):
    def f(x):
        if x > 0:
            return sqrt(x)
        if x == 0:
            return x * 5.0
        return -x

    xs = np.array([4.0, 0.0, -3.0, 0.25, -0.0, nan, 1.0, -1.0, 16.0])
    slopes = jit(vmap(grad(f)), backend=backend)(xs).tolist()
    assert slopes[:5] == [0.25, 5.0, -1.0, 1.0, 5.0]
    assert slopes[5:] == [-1.0, 0.5, -1.0, 0.125]
    whole = jit(grad(lambda xs: vmap(f, reduce="sum")(xs)), backend=backend)(xs).tolist()
    assert whole == slopes


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_branch_on_a_batch_s_sum_with_its_derivative(backend):
    def f(x):
        total = vmap(lambda a: (a * x) ** 2, reduce="sum")([-1.0, 0.5])  # 1.25 x²
        if total > 1.0:
            return total * 2.0
        return cond(total > 0.5, lambda: -total, lambda: 3.0 * total)

    compiled = jit(grad(f), backend=backend)
    assert [compiled(x) for x in (2.0, 0.75, 0.5)] == [10.0, -1.875, 3.75]


@pytest.mark.parametrize("backend", BACKENDS)
def test_branches_before_inside_and_after_a_batch(backend):
    def f(xs, y):
        scale = 2.0 if y > 0 else -1.0
        total = vmap(lambda x: x * scale if x > y else x, reduce="sum")(xs)
        return total if total > 1.0 else -total * y

    compiled = jit(f, backend=backend)
    for y in (0.5, -0.5, 5.0, -5.0):
        for xs in ([1.0, 2.0, -3.0], [-1.0, -2.0, 0.25], [4.0, 4.0, 4.0]):
            eager = sum(plain(Value(x) * (2.0 if y > 0 else -1.0) if x > y else x) for x in xs)
            assert compiled(np.array(xs), y) == (eager if eager > 1.0 else -eager * y)


# Bodies of loops.


@pytest.mark.parametrize("backend", BACKENDS)
def test_branches_inside_loops_at_many_inputs(backend):
    def collatz_like(x, y):
        def body(i, s):
            if s > y:
                return s * 0.5
            if i % 2 == 0:
                return s + 1.0
            return s * 3.0

        return fori_loop(0, 9, body, x)

    compiled = jit(collatz_like, backend=backend)
    for point in points(1_500, 2):
        assert bits(compiled(*point)) == bits(plain(collatz_like(*map(Value, point)))), point
    assert compiled.stats()["variants"] == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_guard_around_a_loop_with_branches_inside(backend):
    def f(x, y):
        if x > y:
            x = -x
        carry, ys = scan(lambda s, a: (s + a if s < 1.0 else s - a, s * a if a > y else a), x, [1.0, 2.0, -1.0, 0.5])
        return carry if carry < 0 else ys[2]

    compiled = jit(f, backend=backend)
    for point in points(1_500, 2):
        assert bits(compiled(*point)) == bits(plain(f(*map(Value, point)))), point
    assert compiled.stats()["variants"] <= 4


# Where a function cannot be compiled.


@pytest.mark.parametrize("backend", BACKENDS)
def test_past_64_ways_it_warns_once_and_answers_as_the_function_does(backend):
    calls = []

    def countdown(x):
        calls.append(1)
        steps = []  # which keeps the loop from being recorded as one
        while x > 0:
            x = x - 1
            steps.append(x)
        return len(steps) + x.exp()

    compiled = jit(countdown, backend=backend)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(100):
            assert compiled(i + 0.5) == pytest.approx(i + 1 + math.exp(-0.5), rel=1e-15)
    (warning,) = caught
    assert warning.category is RuntimeWarning
    assert warning.filename == __file__
    for words in ("countdown", "64 ways", "while_loop", "cond or where"):
        assert words in str(warning.message)
    assert len(calls) == 100  # 64 recordings, then a call each
    assert type(compiled(0.5)) is float


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_while_without_bound_in_a_batch_warns_and_answers(backend):
    def countdown(x):
        steps = []
        while x > 0:
            x = x - 1
            steps.append(x)
        return len(steps) + x

    compiled = jit(vmap(countdown), backend=backend)
    with pytest.warns(RuntimeWarning, match="more than 64 ways through the body of a loop or batch.*while_loop"):
        result = compiled(np.array([0.5, 3.0, 7.25]))
    assert result.tolist() == [0.5, 3.0, 8.0 - 0.75]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiled(np.array([2.5])).tolist() == [2.5]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_while_without_end_in_one_recording_warns_and_answers(backend):
    compiled = jit(lambda x: _count_up(x), backend=backend)
    told = r"branches: write the loop with while_loop \(the one in line \d+ .* \.append\(\)"
    with pytest.warns(RuntimeWarning, match=told):
        assert compiled(0.0) == 10_500.0


def _count_up(x):
    seen = []
    while x < 10_500:
        x = x + 1
        seen.append(None)
    return x


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_way_through_a_body_that_raises_warns_and_raises_only_where_it_is_taken(backend):
    def root(x):
        if x < 0:
            raise ValueError("no root")
        return sqrt(x)

    compiled = jit(vmap(root), backend=backend)
    with pytest.warns(RuntimeWarning, match=r"one way through the body of a loop or batch raised ValueError"):
        assert compiled(np.array([4.0, 9.0])).tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="no root"):
        compiled(np.array([4.0, -9.0]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_function_that_changes_between_calls_is_an_error_that_says_so(backend):
    calls = []

    def f(x):
        calls.append(1)
        if len(calls) == 1 and x > 5:
            return x
        if x > 0:
            return -x
        return x

    compiled = jit(f, backend=backend)
    assert compiled(1.0) == -1.0  # the way was x > 5: no, x > 0: yes
    with pytest.raises(Exception, match="another") as raised:
        compiled(-1.0)
    assert not isinstance(raised.value, AssertionError)
