"""What each of NumPy's ufuncs means for a number of ours: a row of the table, or a few of them.

A ufunc is a function that NumPy applies element by element. Those that are missing here have no meaning for real
numbers with a derivative, and are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from numbers import Integral
from typing import Any

from autograd.functions.activations import clip
from autograd.primitives.row import TABLE
from autograd.primitives.table import (
    absolute,
    atan,
    ceil,
    divide,
    equal,
    floor,
    floor_divide,
    greater,
    less,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    remainder,
    sign,
    signbit,
    softplus,
    where,
)

_LN_2 = 0.6931471805599453
_LOG2_E = 1.4426950408889634
_DEGREE = 0.017453292519943295  # in radians
_RADIAN = 57.29577951308232  # in degrees


def _isnan(x: Any) -> Any:
    return not_equal(x, x)


def _trunc(x: Any) -> Any:
    return where(less(x, 0.0), ceil(x), floor(x))


def _rint(x: Any) -> Any:
    """The nearest whole number, of two the even one; by the part behind the point, which is exact."""
    whole = _trunc(x)
    rest = absolute(x - whole)
    even = equal(remainder(whole, 2.0), 0.0)
    stays = logical_or(less(rest, 0.5), logical_and(equal(rest, 0.5), even))
    return where(stays, whole, whole + sign(x))


def _fmod(x: Any, y: Any) -> Any:
    """The remainder with the sign of x, where % has that of y."""
    size = absolute(y)
    rest = where(less(x, 0.0), negative(remainder(negative(x), size)), remainder(x, size))
    return where(logical_and(equal(x, 0.0), greater(size, 0.0)), x, rest)


def _copysign(x: Any, y: Any) -> Any:
    return absolute(x) * where(signbit(y), -1.0, 1.0)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return where(_isnan(x), x * x * at_zero, where(equal(x, 0.0), at_zero, 0.5 * (sign(x) + 1.0)))


def _logaddexp_by(unit: float, per_unit: float) -> Callable[[Any, Any], Any]:
    """log(exp(x) + exp(y)) in units of `unit`: the larger one, and what the other adds, which never overflows.

    Each side is the function everywhere, so that its derivatives are right at a tie as well.
    """

    def logaddexp(x: Any, y: Any) -> Any:
        x_leads = x + per_unit * softplus(unit * (y - x))
        y_leads = y + per_unit * softplus(unit * (x - y))
        both_infinite = logical_and(equal(x, y), equal(absolute(x), inf))
        # There the derivatives depend on the difference of the two, which is not known: they are an infinity times 0.
        infinite = x * (1.0 + 0.0 * (atan(x) + atan(y)))
        return where(both_infinite, infinite, where(greater(x, y), x_leads, y_leads))

    return logaddexp


def _passing_nan(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`choose`, but the other one where one is nan, and not both."""

    def function(x: Any, y: Any) -> Any:
        first, second = logical_and(_isnan(y), equal(x, x)), logical_and(_isnan(x), equal(y, y))
        return where(first, x, where(second, y, choose(x, y)))

    return function


def _of_truths(name: str, row: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on bits, of truths: NumPy writes `and` and `or` of comparisons as & and |."""

    def function(*operands: Any) -> Any:
        for operand in operands:
            truth = type(operand) is bool or not isinstance(operand, Integral) and hasattr(type(operand), "__and__")
            if not getattr(operand, "truth", truth):
                raise TypeError(
                    f"numpy.{name} works on bits, and these are numbers, not truths ({type(operand).__name__}): "
                    "compare first, or use numpy.logical_and, logical_or, logical_not, which take numbers"
                )
        return row(*operands)

    return function


def _differ(x: Any, y: Any) -> Any:
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)))


MEANINGS: dict[str, Callable[..., Any]] = {
    **{
        name: TABLE[name]
        for name in (
            "add", "subtract", "multiply", "divide", "power", "remainder", "floor_divide", "negative", "absolute",
            "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh",
            "cosh", "tanh", "hypot", "sign", "floor", "ceil", "maximum", "minimum", "equal", "not_equal", "less",
            "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not",
        )
    },
    **{
        name: TABLE[row]
        for name, row in {
            "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
            "arctanh": "atanh", "arctan2": "atan2", "fabs": "absolute", "float_power": "power",
        }.items()
    },
    "positive": lambda x: x,
    "conjugate": lambda x: x,
    "square": lambda x: multiply(x, x),
    "reciprocal": lambda x: divide(1.0, x),
    "trunc": _trunc,
    "rint": _rint,
    "fmod": _fmod,
    "divmod": lambda x, y: (floor_divide(x, y), remainder(x, y)),
    "copysign": _copysign,
    "heaviside": _heaviside,
    "logaddexp": _logaddexp_by(1.0, 1.0),
    "logaddexp2": _logaddexp_by(_LN_2, _LOG2_E),
    "fmax": _passing_nan(maximum),
    "fmin": _passing_nan(minimum),
    "clip": clip,
    "deg2rad": lambda x: multiply(x, _DEGREE),
    "radians": lambda x: multiply(x, _DEGREE),
    "rad2deg": lambda x: multiply(x, _RADIAN),
    "degrees": lambda x: multiply(x, _RADIAN),
    "isnan": _isnan,
    "isinf": lambda x: equal(absolute(x), inf),
    "isfinite": lambda x: less(absolute(x), inf),
    "signbit": signbit,
    "logical_xor": _differ,
    "bitwise_and": _of_truths("bitwise_and", logical_and),
    "bitwise_or": _of_truths("bitwise_or", logical_or),
    "bitwise_xor": _of_truths("bitwise_xor", _differ),
    "invert": _of_truths("invert", logical_not),
}  # fmt: skip

TRUTHS = frozenset({
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not",
    "logical_xor", "isnan", "isinf", "isfinite", "signbit", "bitwise_and", "bitwise_or", "bitwise_xor", "invert",
})  # fmt: skip

# NumPy's own loop over objects asks the elements' operators, which answer as our rows do: on any mixture of Values and
# floats; or on Values alone, where Python's floats would raise or turn complex, or have no such method.
OPERATORS = frozenset({
    "add", "subtract", "multiply", "negative", "square", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "matmul", "vecdot", "matvec", "vecmat",  # the products are in products.py
})  # fmt: skip
METHODS = frozenset({
    "divide", "power", "remainder", "floor_divide", "absolute", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p",
    "sqrt", "cbrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh",
    "arctanh", "arctan2", "hypot",
})  # fmt: skip

INSTEAD = {
    "frexp": "floor(log2(x)) has the exponent, with the derivative 0",
    "ldexp": "write x * 2.0**n",
    "modf": "trunc(x) is the whole part, x - trunc(x) the rest",
    "nextafter": "it has no derivative; use v.data for the number",
    "spacing": "it has no derivative; use v.data for the number",
    "gcd": "it is for whole numbers",
    "lcm": "it is for whole numbers",
}
