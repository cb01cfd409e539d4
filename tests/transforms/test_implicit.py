"""custom_root and fixed_point: derivatives of what an iteration finds, against the closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import (
    BoundError,
    ShapeError,
    Value,
    cos,
    custom_root,
    exp,
    fixed_point,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    no_grad,
)


def newton(f, x):
    for _ in range(60):
        x = x - f(x) / grad(f)(x)
    return x


def square_root(a):
    return custom_root(lambda x: x * x - a, 1.0, newton)


def test_the_root_itself_is_a_float():
    assert square_root(2.0) == pytest.approx(math.sqrt(2.0), rel=4e-16)
    assert type(square_root(2.0)) is float


def test_derivatives_of_a_root_at_orders_1_to_4():
    # √a = a^½: ½ a^-½, -¼ a^-3/2, 3/8 a^-5/2, -15/16 a^-7/2.
    f, a = square_root, 4.0
    for expected in (0.25, -1 / 32, 3 / 256, -15 / 2048):
        f = grad(f)
        assert f(a) == pytest.approx(expected, rel=1e-13)
    assert jacfwd(square_root)(4.0) == jacrev(square_root)(4.0) == 0.25


def derivatives(f, x, orders):
    found = []
    for _ in range(orders + 1):
        found.append(f(x))
        f = grad(f)
    return found


def test_a_fixed_point_and_its_derivatives():
    # mpmath's diff with 40 digits, of findroot(x - cos(k x)) and of lambertw(a)/a.
    still = derivatives(lambda k: fixed_point(lambda x: cos(k * x), 0.7), 1.3, 3)
    expected = [0.656948164258595, -0.250135136968697, 0.153960336705036, -0.0628519720252879]
    assert still == pytest.approx(expected, rel=1e-12)
    omega = derivatives(lambda a: fixed_point(lambda x: exp(-a * x), 1), 1.5, 4)
    expected = [0.483907571844151, -0.135680967091808, 0.0981290611693944, -0.118007610890628, 0.20038535652530958]
    assert omega == pytest.approx(expected, rel=1e-12)


def test_a_fixed_point_of_a_nest():
    # x = a y + 1, y = x/4: x = 1/(1 - a/4); and 0, to which z goes on by halves until it is one.
    def both(a):
        def step(v):
            return {"x": a * v["y"] + 1.0, "y": v["x"] / 4.0, "z": 0.5 * v["z"]}

        return fixed_point(step, {"x": 0.0, "y": 0.0, "z": 3.0})

    assert [*both(2.0).values()] == pytest.approx([2.0, 0.5, 0.0], rel=1e-13, abs=0.0)
    assert [*jacfwd(both)(2.0).values()] == pytest.approx([1.0, 0.25, 0.0], rel=1e-12)
    large, small = fixed_point(lambda v: [0.5 * v[0] + 1e10, 0.9 * v[1] + 1e-3], [0.0, 0.0])
    assert (large, small) == pytest.approx((2e10, 1e-2), rel=1e-12)
    array = fixed_point(lambda v: 0.5 * v + np.array([1.0, 2.0]), np.zeros(2))
    assert isinstance(array, np.ndarray)
    assert array == pytest.approx(np.array([2.0, 4.0]), rel=1e-13)
    a = Value(2.0)
    (both(a)["x"] + 3.0 * both(a)["y"]).backward()
    assert a.grad == pytest.approx(1.75, rel=1e-12)


def test_a_fixed_point_of_many_numbers():
    # x = A(a) x + 1 with A = a/n in all places: each is 1/(1 - a), whose derivatives are 1/(1 - a)² and 2/(1 - a)³.
    def summed(a, n):
        return sum(fixed_point(lambda v: [a / n * sum(v) + 1.0] * n, [0.0] * n))

    assert grad(summed)(0.5, 24) == pytest.approx(24 * 4.0, rel=1e-12)
    assert grad(grad(summed))(0.5, 4) == pytest.approx(4 * 16.0, rel=1e-12)


def test_what_does_not_come_to_rest_is_an_error():
    with pytest.raises(BoundError, match="came to 0.7.*10,000 repetitions.*larger tolerance"):
        fixed_point(lambda x: 1.0 - x, 0.7)
    with pytest.raises(BoundError, match="came to inf"):
        fixed_point(lambda x: 2.0 * x, 1.0)
    with pytest.raises(BoundError, match="3 repetitions"):
        fixed_point(lambda x: cos(x), 0.7, max_iterations=3)
    assert abs(fixed_point(lambda x: -0.99 * x, 1.0, absolute_tolerance=1e-12)) < 1e-12
    assert fixed_point(lambda x: cos(x), 0.7, max_iterations=20, tolerance=1e-2) == pytest.approx(0.739, abs=1e-2)
    with pytest.raises(TypeError, match="a real number was expected, not NoneType"):
        fixed_point(lambda x: None, 1.0)
    with pytest.raises(ShapeError, match="g must return the structure of its argument"):
        fixed_point(lambda x: [x, x], 1.0)


def test_a_search_is_not_compiled_and_says_what_is():
    with pytest.warns(RuntimeWarning, match="fixed_point's repetition is ordinary Python.*while_loop"):
        doubled = jit(lambda x: x * fixed_point(lambda y: cos(y), 0.7))(2.0)
    assert doubled == pytest.approx(1.4781702664303214, rel=1e-13)


def solve_two(f, x):
    for _ in range(60):
        (a, b), ((c, d), (e, g)) = f(x), jacrev(f)(x)
        determinant = c * g - d * e
        x = [x[0] - (a * g - b * d) / determinant, x[1] - (c * b - e * a) / determinant]
    return x


def circle_and_line(a, b):
    # x² + y² = a, x - y = b: x = (b + √(2a - b²))/2, y = x - b.
    return custom_root(lambda v: [v[0] ** 2 + v[1] ** 2 - a, v[0] - v[1] - b], [2.0, 0.5], solve_two)


def test_a_system_of_equations():
    assert circle_and_line(5.0, 1.0) == pytest.approx([2.0, 1.0], rel=1e-15)
    for transform in (jacrev, jacfwd):
        # dx/da = 1/(2s), dx/db = ½ - b/(2s), with s = √(2a - b²) = 3.
        matrix = transform(circle_and_line, (0, 1))(5.0, 1.0)
        assert matrix[0] == pytest.approx((1 / 6, 1 / 3), rel=1e-14)
        assert matrix[1] == pytest.approx((1 / 6, -2 / 3), rel=1e-14)
    # d²x/da² = -1/(2 s³).
    assert hessian(lambda a: circle_and_line(a, 1.0)[0])(5.0) == pytest.approx(-1 / 54, rel=1e-13)


def test_a_solver_of_the_users_own_for_the_linear_system():
    calls = []

    def divide(g, y):
        calls.append(1)
        return y / g(1.0)

    def logarithm(a):
        return custom_root(lambda x: exp(x) - a, 0.5, newton, tangent_solve=divide)

    assert grad(logarithm)(3.0) == pytest.approx(1 / 3, rel=1e-15)
    assert calls


def test_values_that_f_closes_over_are_its_parameters():
    w = Value(4.0, name="w")
    root = custom_root(lambda x: x * x - w * 1.0, 1.0, newton)
    assert isinstance(root, Value)
    root.backward()
    assert w.grad == pytest.approx(0.25, rel=1e-15)
    with no_grad():
        assert type(custom_root(lambda x: x * x - w, 1.0, newton)) is float


def test_the_root_keeps_the_numbers_it_was_found_with():
    w = Value(4.0)
    root = custom_root(lambda x: x * x - w, 1.0, newton)
    w.data = 100.0
    root.backward()
    assert w.grad == pytest.approx(0.25, rel=1e-15)


def test_another_structure_is_refused():
    with pytest.raises(ShapeError, match="structure of its argument"):
        custom_root(lambda x: [x, x], 1.0, lambda f, x: x)


def test_a_value_that_was_kept_while_solving_is_refused():
    def newton(f, x):
        for _ in range(40):
            x = x - f(x) / grad(f)(x)
        return x

    def root(a, kept):
        def f(x):
            if "a" not in kept:
                kept["a"] = a * a / a
            return x * x - kept["a"]

        return custom_root(f, 1.0, newton)

    assert root(4.0, {}) == 2.0
    with pytest.raises(ValueError, match="keeps a Value from one call to the next"):
        grad(lambda a: root(a, {}))(4.0)
    assert grad(lambda a: root(a, {"a": a}))(4.0) == 0.25
