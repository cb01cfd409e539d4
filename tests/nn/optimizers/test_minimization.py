"""SciPy's minimizers on functions of nests and modules, with the derivatives filled in."""

from __future__ import annotations

import random
import sys
import warnings
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import pytest

import autograd
import nn.optimizers.minimization
from autograd import MissingDependencyError, Value, exp
from nn import MLP, Module, StateError
from nn.losses import mean_squared_error
from nn.optimizers.minimization import DERIVATIVE_FREE, METHODS, WITH_GRADIENT, WITH_HESSIAN, WITH_PRODUCTS, minimize


def valley(x):
    """Rosenbrock's, whose least value is 0, where all numbers are 1."""
    return sum((1.0 - a) * (1.0 - a) + 100.0 * (b - a * a) * (b - a * a) for a, b in zip(x, x[1:]))


def bowl(x):
    """Least at (1, -2, 0.5), where it is 3; neither quadratic nor separable."""
    a, b, c = x[0] - 1.0, x[1] + 2.0, x[2] - 0.5
    return 3.0 + a * a + b * b + 2.0 * c * c + a * b + exp(a + b) - a - b - 1.0


def test_the_methods_are_those_of_scipy():
    from scipy.optimize._minimize import MINIMIZE_METHODS

    assert set(MINIMIZE_METHODS) == set(METHODS)
    assert len(METHODS) == len(WITH_GRADIENT) + len(WITH_PRODUCTS) + len(WITH_HESSIAN) + len(DERIVATIVE_FREE)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_least_value(method, compiled):
    result = minimize(bowl, [0.0, 0.0, 0.0], method=method, tol=1e-7, compiled=compiled)
    assert result.success
    assert type(result.x) is list
    assert result.x == pytest.approx([1.0, -2.0, 0.5], abs=2e-3)
    assert result.fun == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("method", [*WITH_GRADIENT, *WITH_PRODUCTS, *WITH_HESSIAN])
def test_the_derivatives_are_filled_in(method, monkeypatch):
    """Where SciPy had to take differences, it would call the function more often than it asks for gradients."""
    import scipy.optimize

    given = {}
    real = scipy.optimize.minimize

    def spy(**arguments):
        given.update(arguments)
        return real(**arguments)

    monkeypatch.setattr(scipy.optimize, "minimize", spy)
    minimize(bowl, [0.0, 0.0, 0.0], method=method)
    x = np.array([0.5, -1.0, 2.0])
    a, b, c = -0.5, 1.0, 1.5
    value, gradient = given["fun"](x)
    slope = np.exp(a + b) - 1.0
    assert value == pytest.approx(3.0 + a * a + b * b + 2.0 * c * c + a * b + slope - a - b, rel=1e-14)
    assert gradient == pytest.approx([2.0 * a + b + slope, 2.0 * b + a + slope, 4.0 * c], rel=1e-14)
    e = np.exp(a + b)
    matrix = np.array([[2.0 + e, 1.0 + e, 0.0], [1.0 + e, 2.0 + e, 0.0], [0.0, 0.0, 4.0]])
    direction = np.array([1.0, -3.0, 0.5])
    assert ("hessp" in given) == (method in WITH_PRODUCTS)
    assert ("hess" in given) == (method in WITH_HESSIAN)
    if "hessp" in given:
        assert given["hessp"](x, direction) == pytest.approx(matrix @ direction, rel=1e-14)
    if "hess" in given:
        assert given["hess"](x) == pytest.approx(matrix, rel=1e-14)


def test_a_hard_valley_of_many_numbers():
    start = [-1.2, 1.0] * 25
    result = minimize(valley, start, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9})
    assert result.x == pytest.approx([1.0] * 50, abs=1e-6)
    result = minimize(valley, start, method="trust-krylov", options={"gtol": 1e-9})
    assert result.x == pytest.approx([1.0] * 50, abs=1e-8)


class Point(NamedTuple):
    x: float
    rest: list


def test_the_result_has_the_structure_of_the_start():
    def f(p):
        return (p.x - 1.0) ** 2 + ((p.rest[0]["w"] - np.array([[1.0, 2.0], [3.0, 4.0]])) ** 2).sum() + p.rest[1] ** 2

    for method in ("BFGS", "trust-exact", "trust-ncg"):
        result = minimize(f, Point(0.0, [{"w": np.zeros((2, 2))}, Value(2.0)]), method=method)
        assert type(result.x) is Point
        assert result.x.x == pytest.approx(1.0, abs=1e-6)
        assert result.x.rest[0]["w"] == pytest.approx(np.array([[1.0, 2.0], [3.0, 4.0]]), abs=1e-6)
        assert result.x.rest[1] == pytest.approx(0.0, abs=1e-6)
        assert result.jac.rest[0]["w"].shape == (2, 2)
    assert minimize(lambda x: (x - 3.0) * (x - 3.0), 0).x == pytest.approx(3.0, abs=1e-6)


def test_the_other_arguments_stay():
    f = lambda scale, x, shift: scale * (x - shift) * (x - shift)
    assert minimize(f, 0.0, (2.0, 5.0), argnums=1).x == pytest.approx(5.0, abs=1e-6)
    g = lambda x, scale, y: scale * (x - y) ** 2 + x * x + (y - 1.0) ** 2
    for argnums, expected in [((0, 2), (0.4, 0.6)), ((2, 0), (0.6, 0.4)), ((-1, 0), (0.6, 0.4))]:
        found = minimize(g, (0.0, 0.0), (2.0,), argnums=argnums, tol=1e-10)
        assert found.x == pytest.approx(expected, abs=1e-6)


def test_bounds_constraints_and_callback():
    seen = []
    result = minimize(bowl, [0.0, 0.0, 0.0], bounds=[(2.0, 4.0), (None, None), (None, 0.0)], callback=seen.append)
    assert (result.x[0], result.x[2]) == (2.0, 0.0)
    assert seen[-1] == result.x
    # The least x² + y² with x·y = 4, and with x + 2y ≥ 5: by Lagrange, (2, 2) and (1, 2).
    square = lambda p: p["x"] ** 2 + p["y"] ** 2
    for method in ("SLSQP", "trust-constr"):
        start = {"x": 1.0, "y": 3.0}
        equal = {"type": "eq", "fun": lambda p: p["x"] * p["y"] - 4.0}
        found = minimize(square, start, method=method, constraints=equal)
        assert found.x == pytest.approx({"x": 2.0, "y": 2.0}, abs=1e-4)
        above = [{"type": "ineq", "fun": lambda p, least: [p["x"] + 2.0 * p["y"] - least], "args": (5.0,)}]
        found = minimize(square, start, method=method, constraints=above, tol=1e-9)
        reached = 1e-6 if method == "SLSQP" else 1e-3  # trust-constr stops before the wall
        assert found.x == pytest.approx({"x": 1.0, "y": 2.0}, abs=reached)


def test_a_constraint_of_trust_constr_has_its_second_derivatives():
    constraint = nn.optimizers.minimization._constraint(
        {"type": "ineq", "fun": lambda p: [p["x"] * p["y"], p["x"] * p["x"]]},
        lambda numbers: dict(zip("xy", numbers)), "trust-constr", nn.optimizers.minimization._as_it_is,
    )  # fmt: skip
    point = np.array([3.0, 5.0])
    assert constraint.fun(point) == [15.0, 9.0]
    assert constraint.jac(point) == [[5.0, 3.0], [6.0, 0.0]]
    assert constraint.hess(point, np.array([1.0, 10.0])).tolist() == [[20.0, 1.0], [1.0, 0.0]]
    assert (constraint.lb, constraint.ub) == (0.0, np.inf)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-krylov", "Nelder-Mead"])
def test_a_module_is_trained_in_place(method):
    random.seed(1)
    model = MLP(2, [3, 1], activation="tanh")
    data = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]

    def loss(network, inputs, targets):
        return mean_squared_error([network(x) for x in inputs], targets)

    before = loss(model, *data).data
    result = minimize(loss, model, data, method=method, options={"maxiter": 200})
    paths = [path for path, _ in model.named_parameters()]
    assert list(result.x) == paths
    assert [parameter.data for parameter in model.parameters()] == list(result.x.values())
    assert loss(model, *data).data == pytest.approx(result.fun, rel=1e-9, abs=1e-15)
    assert result.fun < (1e-6 if method != "Nelder-Mead" else before)


class Line(Module):
    def __init__(self):
        self.w, self.b = Value(1.0), Value(0.5)

    def forward(self, x):
        return self.w * x + self.b


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", ["BFGS", "Newton-CG", "trust-exact", "Nelder-Mead"])
def test_a_function_of_a_module_may_ask_it_for_its_parameters(method, compiled):
    # (w + b - 2)² + ½ (w² + b²) is least where 2 (w + b - 2) + w = 0 and w = b: at 0.8.
    line = Line()

    def f(given):
        return (given(1.0) - 2.0) ** 2 + 0.5 * autograd.sum([p * p for p in line.parameters()]) + (line.w - given.w)

    minimize(f, line, method=method, compiled=compiled)
    assert list(line.state_dict().values()) == pytest.approx([0.8, 0.8], abs=1e-3)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", ["BFGS", "Nelder-Mead"])
def test_a_parameter_from_a_variable_is_refused(method, compiled):
    line = Line()
    w = line.w
    for f in (lambda given: (given(1.0) - 2.0) ** 2 + w * w, lambda given: w * w):
        with pytest.raises(StateError, match="the parameter 'w' is read from a variable, and not from the model"):
            minimize(f, line, method=method, compiled=compiled)
    assert line.state_dict() == {"w": 1.0, "b": 0.5}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", ["BFGS", "Newton-CG", "trust-exact", "Nelder-Mead"])
def test_a_parameter_whose_number_alone_is_read_from_a_variable_has_the_tried_one(method, compiled):
    line = Line()
    w, seen = line.w, []
    expected = (pytest.warns(RuntimeWarning, match="read from a variable") if compiled else nullcontext())
    with expected:
        result = minimize(
            lambda given: (given.w - 3.0) ** 2 + given.b**2 + autograd.where(w > 2.0, 10.0, 20.0), line, method=method,
            compiled=compiled, callback=lambda numbers: seen.append((numbers["w"], w.data)),
        )  # fmt: skip
    assert result.fun == pytest.approx(10.0, abs=1e-6)
    assert line.state_dict() == pytest.approx({"w": 3.0, "b": 0.0}, abs=1e-3)
    assert seen
    assert all(tried == held for tried, held in seen)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_constraints_and_callback_see_the_module_with_the_numbers_that_are_tried(method, compiled):
    # The least w² + 2b² with w + b = 1: at 2/3 and 1/3.
    line, seen = Line(), []
    minimize(
        lambda given: given.w**2 + 2.0 * given.b**2, line, method=method, compiled=compiled,
        constraints={"type": "eq", "fun": lambda p: line.w + p["b"] - 1.0},
        callback=lambda p: seen.append((p, line.state_dict())),
    )  # fmt: skip
    assert list(line.state_dict().values()) == pytest.approx([2.0 / 3.0, 1.0 / 3.0], abs=1e-5)
    assert seen
    assert all(numbers == held for numbers, held in seen)


def test_a_module_is_unchanged_where_the_search_fails():
    random.seed(1)
    model = MLP(2, [1])
    before = [parameter.data for parameter in model.parameters()]

    def loss(network):
        raise ArithmeticError("no loss today")

    with pytest.raises(ArithmeticError, match="no loss today"):
        minimize(loss, model)
    assert [parameter.data for parameter in model.parameters()] == before
    with pytest.raises(ValueError, match="no parameters"):
        minimize(loss, Module())
    with pytest.raises(TypeError, match="argnums is one position"):
        minimize(loss, model, argnums=(0, 1))


def test_compiled_and_not_take_the_same_way():
    kinds = [minimize(valley, [-1.2, 1.0], method="trust-exact", compiled=compiled) for compiled in (True, False)]
    assert kinds[0].nit == kinds[1].nit
    assert kinds[0].x == pytest.approx(kinds[1].x, rel=1e-9)


def test_without_llvmlite_nothing_is_compiled_and_nobody_is_warned(monkeypatch):
    monkeypatch.setattr(nn.optimizers.minimization, "find_spec", lambda name: None)
    monkeypatch.setattr(nn.optimizers.minimization, "jit", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert minimize(bowl, [0.0, 0.0, 0.0]).success


def test_a_missing_scipy_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingDependencyError, match=r"scalar-autograd\[optim\]"):
        minimize(bowl, [0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: minimize(bowl, [0.0, 0.0, 0.0], method="gradient"), ValueError, "l-bfgs-b.*not 'gradient'"),
        (lambda: minimize(bowl, [0.0, 0.0, 0.0], method=None), ValueError, "not None"),
        (lambda: minimize(bowl, 1.0, argnums=1), TypeError, "argnums=1 are positions among f's 1 arguments"),
        (lambda: minimize(bowl, (1.0, 2.0), argnums=(0, 0)), TypeError, "argnums"),
        (lambda: minimize(bowl, (1.0, 2.0), argnums=(0, -2)), TypeError, "argnums"),
        (lambda: minimize(bowl, (1.0, 2.0), argnums=(0,)), TypeError, "each of the 2 in x0"),
        (lambda: minimize(bowl, 1.0, (2.0,), argnums=True), TypeError, "whole numbers, not True"),
        (lambda: minimize(bowl, (1.0, 2.0), argnums=(0.0, 1.0)), TypeError, r"whole numbers, not \(0.0, 1.0\)"),
        (lambda: minimize(bowl, []), ValueError, "nothing to search"),
        (lambda: minimize(bowl, ["a", 0.0, 0.0]), TypeError, "numbers, not str"),
        (lambda: minimize(lambda x: [x], 1.0), TypeError, "one number"),
        (lambda: minimize(lambda x: [x], 1.0, method="Powell", compiled=False), TypeError, "numbers, not list"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
