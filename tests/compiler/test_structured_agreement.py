"""Loops, branches and batches: compiled against the same function run eagerly, at every order, in all modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compiled_c import InC
from sampling import same

from autograd import (
    Value,
    cond,
    exp,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    log,
    maximum,
    relu,
    scan,
    sigmoid,
    sin,
    sqrt,
    value_and_grad,
    vjp,
    vmap,
    where,
    while_loop,
)
from autograd.program.nests import flatten

Function = Callable[..., Any]
POINT = (0.37, -0.81, np.array([0.2, -1.3, 0.9]))
ALONG = (0.3, -0.2, np.array([0.1, 0.4, -0.7]))
EVERYTHING: dict[str, Callable[[Function], Function]] = {
    "value and gradient": lambda f: value_and_grad(f, (0, 1, 2)),
    "jvp": lambda f: lambda *point: jvp(f, point, ALONG),
    "vjp": lambda f: lambda *point: vjp(f, *point)[1](1.5),
    "jacobians": lambda f: lambda *point: (jacfwd(f, (0, 1, 2))(*point), jacrev(f, (0, 2))(*point)),
    "hessian": lambda f: hessian(f, (0, 1, 2)),
    "forward over forward": lambda f: jacfwd(jacfwd(f, (0, 2)), 1),
    "reverse over reverse": lambda f: jacrev(grad(f, (0, 2)), (0, 2)),
    "third order": lambda f: lambda x, y, a: (
        grad(grad(grad(f)))(x, y, a), jvp(lambda y: grad(grad(f))(x, y, a), (y,), (1.0,))[1],
    ),
}
backends = pytest.mark.parametrize("backend", ["interpreter", "llvm"])


def numbers(nest: Any) -> list[float]:
    return [float(number) for number in flatten(nest)[0]]


def assert_agrees(found: Any, expected: Any) -> None:
    """All numbers of a nest to 1e-12 of the largest, the size of the terms that these programs add up."""
    a, b = numbers(found), numbers(expected)
    assert len(a) == len(b)
    scale = max([1.0, *map(abs, b)])
    assert all(abs(x - y) <= 1e-12 * scale for x, y in zip(a, b)), (found, expected)


def assert_same(found: Any, expected: Any) -> None:
    a, b = numbers(found), numbers(expected)
    assert len(a) == len(b)
    assert all(map(same, a, b)), (found, expected)


# Derivatives that are absent, at points where the side that is not taken is singular.

SINGULAR: dict[str, tuple[Function, float]] = {
    "where": (lambda x: where(x > 0.0, sqrt(x), 0.0), 0.0),
    "where, inside": (lambda x: sin(where(x > 0.0, sqrt(x) * log(x), x * x * x)), 0.0),
    "where of where": (lambda x: where(x > 0.0, where(x > 1.0, log(x - 1.0), sqrt(x)), x * x), 0.0),
    "cond": (lambda x: cond(x > 0.0, lambda: sqrt(x), lambda: x * x * x), 0.0),
    "cond in cond": (
        lambda x: cond(x > 0.0, lambda: log(x), lambda: cond(x < 0.0, lambda: 1.0 / x, lambda: exp(x))), 0.0,
    ),
    "maximum": (lambda x: maximum(x * x * x + 1.0, sqrt(x)), 0.0),
    "relu": (lambda x: relu(-1.0 - sqrt(x)) + x * x, 0.0),
    "in a loop": (lambda x: fori_loop(0, 3, lambda i, s: s + where(x > 0.0, sqrt(x), x * s), x + 1.0), 0.0),
    "carried": (
        lambda x: fori_loop(0, 3, lambda i, s: where(i > 0.0, s * (x + 1.0), where(x > 0.0, sqrt(x), 1.0)), x), 0.0,
    ),
    "cond in a loop": (lambda x: fori_loop(0, 4, lambda i, s: cond(i < 2.0, lambda: s + x, lambda: s * s), x), 0.0),
    "a loop in cond": (
        lambda x: cond(x > 0.0, lambda: fori_loop(0, 3, lambda i, s: sqrt(s), x), lambda: x * x * x + x), 0.0,
    ),
    "in a batch": (
        lambda x: vmap(lambda a: where(a * x > 0.0, sqrt(a * x), a * x * x), reduce="sum")(np.array([-1.0, 0.0, 2.0])),
        0.0,
    ),
    "of a batch": (
        lambda x: where((s := vmap(lambda a: (a * x) ** 2, reduce="sum")(np.array([-1.0, 0.5]))) > 1.0, 1.0, -s), 0.75,
    ),
    "a scan": (
        lambda x: scan(lambda s, a: (where(a > 0.0, s, sqrt(x)) + x, s * x), x, np.array([1.0, 1.0, 2.0]))[0], 0.0,
    ),
    "what scan gives out": (
        lambda x: sum(list(scan(lambda s, a: (s + x, where(s > 1.0, log(x), s * x)), x, np.array([1.0, 2.0]))[1])), 0.0,
    ),
    "a while loop": (
        lambda x: while_loop(
            lambda s: s[0] < 2.0, lambda s: (s[0] + 1.0, where(x > 0.0, sqrt(x), s[1] * x)), (0.0, x), 5,
        )[1],
        0.0,
    ),
    "a state that is not used": (lambda x: fori_loop(0, 3, lambda i, s: (s[0] * x, sqrt(s[1])), (x + 1.0, x))[0], 0.0),
    "a third derivative": (lambda x: x * x * x, 0.0),
    "a side that is constant": (lambda x: where(x > 0.0, x, 2.0) * x * x, 0.0),
    "dead at once": (lambda x: fori_loop(0, 2, lambda i, s: where(s > -1.0, 1.0, s), x) * x, 0.0),
}  # fmt: skip


@backends
@pytest.mark.parametrize("name", SINGULAR)
def test_a_side_that_is_not_taken_is_absent_at_orders_1_to_3(name: str, backend: str) -> None:
    f, at = SINGULAR[name]
    forward = [f]
    for _ in range(3):
        forward.append(lambda x, g=forward[-1]: jvp(g, (x,), (1.0,))[1])
    first, second = grad(f), grad(grad(f))
    functions = [f, first, second, grad(second), *forward[1:], lambda x: jvp(first, (x,), (1.0,))[1], grad(forward[2])]
    for order, function in enumerate(functions):
        expected = function(at)
        assert math.isfinite(expected)
        found = jit(function, backend=backend)(at)
        assert abs(found - expected) <= 1e-12 * max(1.0, abs(expected)), (order, found, expected)


@backends
def test_the_derivatives_of_a_dead_side_by_hand(backend: str) -> None:
    def f(x: Any) -> Any:
        return where(x > 0.0, sqrt(x), x * x * x)

    derivative: Function = f
    for expected in (0.0, 0.0, 0.0, 6.0):
        assert jit(derivative, backend=backend)(0.0) == expected
        derivative = grad(derivative)
    assert jit(grad(f), backend=backend)(4.0) == 0.25
    assert jit(grad(grad(f)), backend=backend)(4.0) == -1 / 32


# Loops at their ends.


@backends
@pytest.mark.parametrize("trips", [0, 1])
@pytest.mark.parametrize("name", EVERYTHING)
def test_loops_of_no_trip_and_of_one(name: str, trips: int, backend: str) -> None:
    def f(x: Any, y: Any, array: Any) -> Any:
        a, b = fori_loop(2, 2 + trips, lambda i, s: (s[0] * y + i, s[1] * x), (x, array))
        c, _ = while_loop(
            lambda s: (s[0] < 10.0) & (s[1] < trips), lambda s: (s[0] * x + y * array[0], s[1] + 1.0), (x * y, 0.0),
            max_trips=trips,
        )
        d = while_loop(lambda s: s < -100.0, lambda s: s + x, y * y, max_trips=5)
        return a * a + sum(list(b * b * b)) + c * c + d * d

    function = EVERYTHING[name](f)
    assert_agrees(jit(function, backend=backend)(*POINT), function(*POINT))


@backends
def test_a_loop_of_no_trip_keeps_the_bits_of_its_start(backend: str) -> None:
    f = jit(lambda x: fori_loop(0, 0, lambda i, s: s + 1.0, x), backend=backend)
    assert_same([f(number) for number in (-0.0, 5e-324, math.inf, math.nan)], [-0.0, 5e-324, math.inf, math.nan])


@backends
@pytest.mark.parametrize("count", [0.0, 1.0, 5.0])
def test_forward_mode_through_a_computed_number_of_trips(count: float, backend: str) -> None:
    def f(x: Any, n: Any) -> Any:
        return fori_loop(0, n, lambda i, s: sin(s * x) + i, x)

    expected = 0.37
    tangent = 1.0
    for i in range(int(count)):
        expected, tangent = math.sin(expected * 0.37) + i, math.cos(expected * 0.37) * (tangent * 0.37 + expected)
    found = jit(lambda x, n: jvp(lambda x: f(x, n), (x,), (1.0,)), backend=backend)(0.37, count)
    assert found == pytest.approx((expected, tangent), rel=1e-13)


@backends
def test_derivatives_with_respect_to_a_captured_value(backend: str) -> None:
    def outer(x: Any) -> Any:
        def inner(y: Any) -> Any:  # differentiated in y, with x captured by the loop, the batch and the branch
            s = fori_loop(0, 3, lambda i, s: s * x + y, y)
            t = vmap(lambda a: sigmoid(a * x * y), reduce="mean")(np.array([0.5, -1.0, 2.0]))
            return cond(x > y, lambda: s * t * x, lambda: s + t)

        return grad(inner)(x * 0.5) * x

    for function in (outer, grad(outer), grad(grad(outer)), lambda x: jvp(outer, (x,), (1.0,))):
        assert_agrees(jit(function, backend=backend)(0.7), function(0.7))


@backends
def test_a_value_from_outside_of_the_compiled_function_is_read_at_each_call(backend: str) -> None:
    weight = Value(0.5)
    f = jit(lambda x: fori_loop(0, 3, lambda i, s: s * weight + x, x), backend=backend)
    g = jit(grad(lambda x: vmap(lambda a: sin(a * weight * x), reduce="sum")(np.array([1.0, 2.0]))), backend=backend)
    for number in (0.5, -1.5):
        weight.data = number
        assert f(2.0) == ((2.0 * number + 2.0) * number + 2.0) * number + 2.0
        by_hand = number * math.cos(number * 0.3) + 2.0 * number * math.cos(2.0 * number * 0.3)
        assert g(0.3) == pytest.approx(by_hand, rel=1e-14)


# Axes of a batch.


@backends
@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize(
    ("in_axes", "shape"),
    [((0, None, None), (4, 3)), ((1, 0, None), (3, 4)), ((-1, None, 0), (3, 4)), ((1, 0, 0), (3, 4))],
)
def test_the_axes_of_a_batch(in_axes: Any, shape: Any, reduce: str | None, backend: str) -> None:
    matrix = np.linspace(-1.0, 2.0, 12).reshape(shape)
    y = np.array([0.3, -0.7, 1.1, 0.2]) if in_axes[1] == 0 else 0.3
    z = [0.9, -0.4, 0.8, 1.7] if in_axes[2] == 0 else 0.9

    def sample(row: Any, y: Any, z: Any) -> Any:
        return {"a": sin(row[0] * y) * row[2] + z, "b": row * z}

    batched = vmap(sample, in_axes=in_axes, reduce=reduce)

    def total(matrix: Any, y: Any, z: Any) -> Any:
        found = batched(matrix, y, z)
        return sum(number * number for number in [*np.ravel(found["a"]), *np.ravel(found["b"])])

    assert_agrees(jit(batched, backend=backend)(matrix, y, z), batched(matrix, y, z))
    for function in (grad(total, (0, 1, 2)), jacfwd(total, 1), hessian(total, 1)):
        assert_agrees(jit(function, backend=backend)(matrix, y, z), function(matrix, y, z))


@backends
@pytest.mark.parametrize("out_axes", [0, 1, -1])
def test_results_are_stacked_along_any_axis(out_axes: int, backend: str) -> None:
    f = vmap(lambda row: row * row[0], out_axes=out_axes)
    matrix = np.linspace(-1.0, 2.0, 12).reshape(4, 3)
    found = jit(f, backend=backend)(matrix)
    rows = matrix * matrix[:, :1]
    assert found.shape == (rows if out_axes == 0 else rows.T).shape
    assert (found == (rows if out_axes == 0 else rows.T)).all()
    total = jacfwd(lambda m: sum(list(np.ravel(f(m))[::2])))
    assert_agrees(jit(total, backend=backend)(matrix), total(matrix))


# The two that the issue names.


def article_loss(weights: Any, sample: Any) -> Any:
    """The loss of the article's network, two inputs, two hidden and two output nodes, at one sample."""
    w1, w2, w3, w4, w5, w6, w7, w8, b1, b2 = weights
    i1, i2, t1, t2 = sample
    h1, h2 = sigmoid(w1 * i1 + w2 * i2 + b1), sigmoid(w3 * i1 + w4 * i2 + b1)
    o1, o2 = sigmoid(w5 * h1 + w6 * h2 + b2), sigmoid(w7 * h1 + w8 * h2 + b2)
    return 0.5 * (t1 - o1) ** 2 + 0.5 * (t2 - o2) ** 2


WEIGHTS = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55, 0.35, 0.60]


def samples(count: int) -> Any:
    steps = np.arange(count)
    return [np.sin(steps * 0.1), np.cos(steps * 0.37), 0.5 + 0.4 * np.sin(steps), 0.5 + 0.4 * np.cos(steps * 0.7)]


def summed_loss(weights: Any, batch: Any) -> Any:
    return vmap(article_loss, in_axes=(None, 0), reduce="sum")(weights, batch)


def test_the_articles_loss_over_a_batch() -> None:
    function = value_and_grad(summed_loss)
    native = jit(function)
    value, gradient = native(WEIGHTS, [np.array([x]) for x in (0.05, 0.10, 0.01, 0.99)])
    assert value == pytest.approx(0.298371109, abs=5e-10)
    assert gradient[0] == pytest.approx(0.000438568, abs=5e-10)
    assert gradient[4] == pytest.approx(0.082167041, abs=5e-10)
    for count in (1, 1000):
        expected_value, expected = function(WEIGHTS, samples(count))
        value, gradient = native(WEIGHTS, samples(count))
        assert value == pytest.approx(expected_value, rel=1e-12)
        assert gradient == pytest.approx(expected, rel=1e-12)
        assert_agrees(InC(native)(WEIGHTS, samples(count)), (expected_value, expected))


def test_the_articles_loss_over_a_million_samples_is_a_thousand_times_that_over_a_thousand() -> None:
    native = jit(value_and_grad(summed_loss))
    value, gradient = native(WEIGHTS, samples(1000))
    large_value, large = native(WEIGHTS, [np.tile(column, 1000) for column in samples(1000)])
    assert large_value == pytest.approx(1000.0 * value, rel=1e-12)
    assert large == pytest.approx([1000.0 * slope for slope in gradient], rel=1e-11, abs=1e-11)


def pendulum(steps: int) -> Function:
    """The angle of a pendulum after so many steps, as a function of its start."""

    def end(angle: Any, speed: Any) -> Any:
        def step(i: Any, state: Any) -> Any:
            angle, speed = state
            speed = speed - 0.001 * sin(angle)
            return angle + 0.001 * speed, speed

        return fori_loop(0, steps, step, (angle, speed))[0]

    return end


def test_the_derivative_of_a_pendulum_with_respect_to_its_start() -> None:
    function = value_and_grad(pendulum(1000), (0, 1))
    value, slopes = jit(function)(1.0, 0.0)
    expected, expected_slopes = function(1.0, 0.0)
    assert value == pytest.approx(expected, rel=1e-12)
    assert slopes == pytest.approx(expected_slopes, rel=1e-12)


def test_the_derivative_of_a_pendulum_of_a_million_steps_is_the_same_in_both_modes() -> None:
    end = pendulum(1_000_000)
    _, slopes = jit(value_and_grad(end, (0, 1)))(1.0, 0.0)
    forward = jit(jacfwd(end, (0, 1)))(1.0, 0.0)
    assert slopes == pytest.approx(forward, rel=1e-9)
    # The exact solution's angle is a Jacobi elliptic function: at a small start it is that of the harmonic oscillator.
    _, small = jit(value_and_grad(end, (0, 1)))(1e-6, 0.0)
    assert small == pytest.approx((math.cos(1000.0), math.sin(1000.0)), abs=2e-3)


def truths_of_a_while_loop(x):
    def body(state):
        more, less, y = state
        return more, less & (y < 4), y + 1

    more, less, y = while_loop(lambda state: sum(state) < 7, body, (x > 0, True, x))
    return more + less + y * (more + more)


def truths_of_a_fori_loop(x):
    a, b, y = fori_loop(0, 3, lambda i, s: (s[0], s[1], s[2] + s[0] + s[1]), (True, x > 1, x))
    return a + b + y


def truths_of_a_scan(x):
    (a, b, y), _ = scan(lambda s, _: ((s[0], s[1], s[2] + s[0] * 2 + s[1]), None), (True, x > 1, x), None, 3)
    return a + b + y


def truths_of_a_cond(x):
    a, b = cond(x > 0, lambda: (True, x > 1), lambda: (False, True))
    return (a + b) * x


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
@pytest.mark.parametrize(
    "f", [truths_of_a_while_loop, truths_of_a_fori_loop, truths_of_a_scan, truths_of_a_cond], ids=lambda f: f.__name__
)
def test_truths_of_python_add_up_as_in_python(f, backend):
    for x in (-0.5, 0.5, 2.5):
        assert jit(f, backend=backend)(x) == f(x)
        slope = jit(grad(f), backend=backend)(x)
        assert slope == grad(f)(x)
        assert type(slope) is float
