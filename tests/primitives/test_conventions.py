"""What holds by convention: at nan, outside a domain, at a kink and at the origin, at every order, in every way."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from math import inf, nan
from typing import Any

import pytest
from differentiate import higher_derivatives
from test_higher_orders import WAYS, reverse, tracked
from test_table import OUTSIDE

import autograd
from autograd import (
    Value,
    acosh,
    asinh,
    atan,
    cbrt,
    clip,
    cosh,
    dot,
    elu,
    erf,
    erfc,
    grad,
    hessian,
    hypot,
    jit,
    jvp,
    leaky_relu,
    log,
    maximum,
    minimum,
    norm,
    sigmoid,
    sqrt,
    tanh,
    where,
)
from autograd.primitives.table import TABLE

# Poles, which are no edges of a domain: there the derivatives of even order are infinite.
POLES = {("lgamma", (-1.0,)), ("lgamma", (-2.0,))}
# A power with a whole constant exponent is a polynomial: its derivatives end in a constant, also at nan.
POLYNOMIAL = {("power", (nan, 2.0))}
NAN = {
    name: [point for point in points if (name, point) not in POLES and point != (nan, 2.0)]
    for name, points in OUTSIDE.items()
}  # fmt: skip


def derivatives_up_to(name: str, order: int) -> list[tuple[int, ...]]:
    return [places for count in range(1, order + 1) for places in product(tracked(name), repeat=count)]


@pytest.mark.parametrize("name", NAN)
def test_derivatives_are_nan_at_every_order_at_nan_and_outside_the_domain(name: str):
    for places in derivatives_up_to(name, 4 if len(TABLE[name].partials) == 1 else 3):
        for way, differentiate in WAYS.items():
            derivative = differentiate(TABLE[name], places)
            for point in NAN[name]:
                assert math.isnan(derivative(*point)), (way, places, point)
                values = derivative(*map(Value, point))
                assert math.isnan(values.data if isinstance(values, Value) else values), (way, places, point)


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
@pytest.mark.parametrize("name", NAN)
def test_derivatives_are_nan_at_every_order_compiled(name: str, backend: str):
    places = derivatives_up_to(name, 3 if len(TABLE[name].partials) == 1 else 2)
    compiled = jit(lambda *point: [reverse(TABLE[name], turned)(*point) for turned in places], backend=backend)
    for point in NAN[name]:
        assert all(map(math.isnan, compiled(*point))), (point, compiled(*point))


# Function, point, its first derivatives there: the stated slope at a kink, and 0 after it; nan at nan.
KINKS: dict[str, tuple[Callable[[Any], Any], float, list[float]]] = {
    "abs at 0": (abs, 0.0, [0.0, 0.0, 0.0, 0.0]),
    "abs at -0": (abs, -0.0, [0.0, 0.0, 0.0, 0.0]),
    "relu at 0": (autograd.relu, 0.0, [0.0, 0.0, 0.0, 0.0]),
    "sign at 0": (autograd.sign, 0.0, [0.0, 0.0, 0.0, 0.0]),
    "floor at 2": (autograd.floor, 2.0, [0.0, 0.0, 0.0, 0.0]),
    "a tie of max": (lambda x: maximum(x * x, x), 1.0, [1.5, 1.0, 0.0, 0.0]),
    "a tie of min": (lambda x: minimum(x * x, x), 1.0, [1.5, 1.0, 0.0, 0.0]),
    "clip at its bound": (lambda x: clip(x, -1.0, 1.0), 1.0, [0.5, 0.0, 0.0, 0.0]),
    "where at its edge": (lambda x: where(x > 0.0, x, x * x), 0.0, [0.0, 2.0, 0.0, 0.0]),
    "leaky_relu at 0": (leaky_relu, 0.0, [0.01, 0.0, 0.0, 0.0]),
    "elu at 0": (elu, 0.0, [1.0, 1.0, 1.0, 1.0]),
    "clip at nan": (lambda x: clip(x, -1.0, 1.0), nan, [nan, nan, nan, nan]),
    "clip with a bound of nan": (lambda x: clip(x, -1.0, nan), 0.5, [nan, nan, nan, nan]),
    "leaky_relu at nan": (leaky_relu, nan, [nan, nan, nan, nan]),
    "elu at nan": (elu, nan, [nan, nan, nan, nan]),
    "the slope of leaky_relu by both arguments, at nan": (lambda x: leaky_relu(x, x), nan, [nan, nan, nan, nan]),
    "relu and then a square, at nan": (lambda x: autograd.relu(x) ** 2, nan, [nan, nan, nan, nan]),
    "the logarithm of a negative product": (lambda x: autograd.log(x * x * x), -1.0, [nan, nan, nan, nan]),
    "a length of one direction at 0": (lambda x: hypot(x, 0.0), 0.0, [0.0, nan, nan, nan]),
    "its square": (lambda x: hypot(x, 0.0) ** 2, 0.0, [0.0, nan, nan, nan]),
    "the length of one number at 0": (lambda x: norm([x]), 0.0, [0.0, nan, nan, nan]),
    "cosh of a length": (lambda x: cosh(hypot(x, x)), 0.0, [0.0, nan, nan, nan]),
    "the product of a vector with itself": (lambda x: dot([x, x], [x, x]), 0.0, [0.0, 4.0, 0.0, 0.0]),
    "x**2 at 0": (lambda x: x**2, 0.0, [0.0, 2.0, 0.0, 0.0]),
    "x**2.0 at 1e-200": (lambda x: x**2.0, 1e-200, [2e-200, 2.0, 0.0, 0.0]),
    "x**3 at 1e-200": (lambda x: x**3, 1e-200, [0.0, 6e-200, 6.0, 0.0]),
    "x**4 at 0": (lambda x: x**4, 0.0, [0.0, 0.0, 0.0, 24.0]),
    "x**0 at 0": (lambda x: x**0, 0.0, [0.0, 0.0, 0.0, 0.0]),
    "x**0 at 1e-200": (lambda x: x**0.0, 1e-200, [0.0, 0.0, 0.0, 0.0]),
    "x**2 at nan": (lambda x: x**2, nan, [nan, 2.0, 0.0, 0.0]),
    "x**1 at nan": (lambda x: x**1, nan, [1.0, 0.0, 0.0, 0.0]),
    "x**0 at nan": (lambda x: x**0, nan, [0.0, 0.0, 0.0, 0.0]),
    "the square of abs": (lambda x: abs(x) ** 2, 0.0, [0.0, 0.0, 0.0, 0.0]),
    "the difference of two relus": (lambda x: autograd.relu(x) - autograd.relu(-x), 0.0, [0.0, 0.0, 0.0]),
    "x**-1 at 0": (lambda x: x**-1, 0.0, [-inf, inf, -inf, inf]),
    "asin at 1": (autograd.asin, 1.0, [inf, inf, inf]),
    "asin at -1": (autograd.asin, -1.0, [inf, -inf, inf]),
    "acos at 1": (autograd.acos, 1.0, [-inf, -inf, -inf]),
    "acos at -1": (autograd.acos, -1.0, [-inf, inf, -inf]),
    "acosh at 1": (autograd.acosh, 1.0, [inf, -inf, inf]),
    "atanh at 1": (autograd.atanh, 1.0, [inf, inf, inf]),
    "atanh at -1": (autograd.atanh, -1.0, [inf, -inf, inf]),
    "asin beyond 1": (autograd.asin, 1.5, [nan, nan, nan]),
    "atanh beyond 1": (autograd.atanh, -1.5, [nan, nan, nan]),
    "log at 0": (autograd.log, 0.0, [inf, -inf, inf]),
    "log1p at -1": (autograd.log1p, -1.0, [inf, -inf, inf]),
    "sqrt at 0": (autograd.sqrt, 0.0, [inf, -inf, inf]),
    "cbrt at 0": (autograd.cbrt, 0.0, [inf, -inf, inf]),
    **{f"{row.name} at {x}": (row, x, [0.0, nan, nan]) for row in (atan, asinh, erf, erfc) for x in (inf, -inf)},
    **{f"{row.name} at inf": (row, inf, [0.0, 0.0, 0.0]) for row in (acosh, tanh, sigmoid, log, sqrt, cbrt)},
    "x**0.5 at 0": (lambda x: x**0.5, 0.0, [inf, -inf, inf, -inf]),
}  # fmt: skip


def agrees(found: float, expected: float) -> bool:
    return math.isnan(found) if math.isnan(expected) else found == pytest.approx(expected, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("case", KINKS)
def test_a_kink_has_its_stated_derivatives_at_every_order(case: str):
    function, x, expected = KINKS[case]
    for order, exact in enumerate(expected, 1):
        for way, found in higher_derivatives(function, x, order).items():
            assert agrees(found, exact), (order, way, found)


@pytest.mark.parametrize(("function", "parameter"), [(leaky_relu, 0.01), (elu, 2.0)])
def test_a_parameter_of_a_kink_has_no_derivative_at_nan(function, parameter):
    for transform in (lambda f: f, lambda f: jit(f, backend="interpreter"), lambda f: jit(f, backend="llvm")):
        slopes = grad(function, (0, 1))
        assert all(map(math.isnan, transform(slopes)(nan, parameter)))
        assert math.isnan(transform(lambda p: jvp(lambda p: function(nan, p), (p,), (1.0,))[1])(parameter))
        mixed = transform(lambda x, p: grad(lambda x, p: grad(function, 1)(x, p))(x, p))
        assert math.isnan(mixed(nan, parameter))
    x = 2.0 * parameter
    assert grad(function, 1)(x, parameter) == 0.0
    assert grad(leaky_relu, 1)(-x, parameter) == -x
    assert grad(grad(leaky_relu, 1))(-x, parameter) == 1.0


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_a_kink_has_its_stated_derivatives_compiled(backend: str):
    for case, (function, x, expected) in KINKS.items():
        derivative = function
        for order, exact in enumerate(expected[:3], 1):
            derivative = grad(derivative)
            found = jit(derivative, backend=backend)(x)
            assert agrees(found, exact), (case, order, found)


# The second derivatives of x**y at a point, by x and x, x and y, y and y: of x**y·ln x and x**(y-1)·(1 + y·ln x), and
# at the origin nan, for there is no plane that the surface comes near to.
POWERS = [
    ((2.0, 0.0), [0.0, 0.5, 0.4804530139182014]),
    ((0.0, 0.0), [0.0, nan, nan]),
    ((0.0, 1.0), [0.0, -inf, 0.0]),
    ((0.0, 2.0), [2.0, 0.0, 0.0]),
    ((0.0, 3.0), [0.0, 0.0, 0.0]),
    ((-2.0, 3.0), [-12.0, nan, nan]),
    ((1e-200, 2.0), [2.0, -9.2003403719761827e-198, 2.1207405890163873e-395]),
    ((1.0, nan), [nan, nan, 0.0]),
    ((nan, 1.0), [0.0, nan, nan]),
]


@pytest.mark.parametrize("backend", ["", "interpreter", "llvm"])
def test_the_second_derivatives_of_a_power_at_its_edges(backend: str):
    function = hessian(TABLE["power"], (0, 1))
    if backend:
        function = jit(function, backend=backend)
    for point, (xx, xy, yy) in POWERS:
        found = function(*point)
        for (i, j), exact in {(0, 0): xx, (0, 1): xy, (1, 0): xy, (1, 1): yy}.items():
            assert math.isnan(found[i][j]) if math.isnan(exact) else found[i][j] == pytest.approx(exact, rel=1e-14), (
                point, i, j, found,
            )
