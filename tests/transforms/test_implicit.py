"""custom_root: derivatives of what an iteration finds, against the closed form."""

from __future__ import annotations

import math

import pytest

from autograd import ShapeError, Value, cos, custom_root, exp, grad, hessian, jacfwd, jacrev, no_grad


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


def test_a_fixed_point():
    # x = cos(k x): dx/dk = -x sin(kx) / (1 + k sin(kx)).
    def fixed(k):
        def iterate(f, x):
            for _ in range(200):
                x = x - f(x)
            return x

        return custom_root(lambda x: x - cos(k * x), 0.7, iterate)

    x = fixed(1.0)
    assert x == pytest.approx(0.7390851332151607, rel=1e-15)
    s = math.sin(x)
    assert grad(fixed)(1.0) == pytest.approx(-x * s / (1 + s), rel=1e-14)


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
