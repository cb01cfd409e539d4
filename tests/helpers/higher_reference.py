"""The second and third derivatives of the rows in every argument, mixed ones too: SymPy's, evaluated by mpmath.

Each is evaluated twice, with twice the digits, until both agree, so that no digit of an expression that cancels is lost
in silence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import sympy
from mpmath import mp, mpf

x, y = sympy.symbols("x y", real=True)
DEFINITIONS: dict[str, Any] = {
    "multiply": x * y, "divide": x / y, "power": x**y, "exp": sympy.exp(x), "exp2": 2**x, "expm1": sympy.exp(x) - 1,
    "log": sympy.log(x), "log2": sympy.log(x) / sympy.log(2), "log10": sympy.log(x) / sympy.log(10),
    "log1p": sympy.log(1 + x), "sqrt": sympy.sqrt(x), "sin": sympy.sin(x), "cos": sympy.cos(x), "tan": sympy.tan(x),
    "asin": sympy.asin(x), "acos": sympy.acos(x), "atan": sympy.atan(x), "atan2": sympy.atan(x / y),
    "hypot": sympy.sqrt(x**2 + y**2), "direction_cosine": x / sympy.sqrt(x**2 + y**2), "sinh": sympy.sinh(x),
    "cosh": sympy.cosh(x), "asinh": sympy.asinh(x), "erf": sympy.erf(x), "erfc": sympy.erfc(x),
}  # fmt: skip
# The first derivatives of those that SymPy would write with terms that cancel.
FIRST: dict[str, Any] = {
    "tanh": 4 / (sympy.exp(x) + sympy.exp(-x)) ** 2,
    "sigmoid": 1 / (sympy.exp(x / 2) + sympy.exp(-x / 2)) ** 2,
    "acosh": 1 / (sympy.sqrt(x - 1) * sympy.sqrt(x + 1)),
    "atanh": 1 / ((1 - x) * (1 + x)),
}
GAMMA = {"lgamma": -1, "digamma": 0}


@functools.cache
def derivative(name: str, orders: tuple[int, ...]) -> Callable[..., Any]:
    """The derivative of these orders in each argument, on mpmath's numbers."""
    total = sum(orders)
    if name in GAMMA:
        return lambda number: mp.psi(total + GAMMA[name], number)
    if name == "polygamma":
        return lambda n, number: mp.psi(int(n) + total, number)
    if name == "power_log":
        of_first_order = sympy.lambdify((x, y), sympy.diff(x**y * sympy.log(x), x, orders[1], y, orders[2]), "mpmath")
        return lambda n, *numbers: of_first_order(*numbers)
    if name == "cbrt":
        falling = sympy.ff(sympy.Rational(1, 3), total)
        factor = mpf(falling.p) / falling.q
        return lambda number: factor * abs(number) ** (mpf(1) / 3 - total) * mp.sign(number) ** (total + 1)
    if name in ("softplus", "logistic_density"):
        return derivative("sigmoid", (total - 1 if name == "softplus" else total + 1,))
    if name in FIRST:
        written = sympy.factor(sympy.diff(FIRST[name], x, total - 1))
    else:
        written = sympy.diff(DEFINITIONS[name], x, orders[0], *([y, orders[1]] if len(orders) > 1 else []))
        if name in ("atan2", "hypot", "direction_cosine", "asin", "acos", "asinh", "atan", "log1p"):
            written = sympy.factor(written)
    return sympy.lambdify((x, y)[: len(orders)], written, "mpmath")


def exact(name: str, orders: tuple[int, ...], point: tuple[float, ...]) -> Any:
    """The derivative at a point, to 25 digits at least; 0 only where it is to 1,000."""
    function, digits, before = derivative(name, orders), 60, None
    while digits <= 4000:
        with mp.workdps(digits):
            number = mpf(function(*map(mpf, point)))
            if before is not None and (abs(number - before) < abs(number) * mpf(10) ** -25):
                return number
            if number == before == 0 and digits > 900:
                return number
        before, digits = number, 2 * digits
    raise ValueError(f"the derivative {orders} of {name} at {point} is not found to 25 digits")


def condition(name: str, orders: tuple[int, ...], point: tuple[float, ...], places: tuple[int, ...]) -> Any:
    """How many times larger a derivative's relative error is than those of the arguments that bring it about."""
    value, total = exact(name, orders, point), mpf(0)
    for i in places:
        raised = tuple(order + (i == j) for j, order in enumerate(orders))
        total += abs(mpf(point[i]) * exact(name, raised, point) / value)
    return total
