"""The table of primitives: every operation that the engine can differentiate is one row, and stands nowhere else.

A row's `partials` are written with Python's operators and with sibling rows, so that one text serves floats (a
backward pass), Values (a differentiable backward pass) and symbols (a formula). For that they never branch with an `if`
on a value: they use `where`. And since plain Python raises on 0.5 / 0.0 or 1e200 ** 2, they divide with `divide`, take
powers with `power`, and call functions by their rows, which answer as IEEE-754 does: 1/0 is inf, log(-1) is nan.

Where a formula is not the textbook's, it is the one that keeps its digits: each derivative is within 4 units in the
last place of the true one, tails included, and smooth at every order where the function is.

The file is long because the table is: an operation is looked for here and nowhere else.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from math import inf, nan
from typing import Any

from autograd.primitives import elementary, special
from autograd.primitives.row import (
    ATOM,
    COMPARISON,
    NEGATION,
    NOT_NATIVE,
    POWER,
    PRODUCT,
    SUM,
    TABLE,
    Native,
    Notation,
    Partial,
    Primitive,
    function_notation,
)
from autograd.primitives.specialise import on_floats

_ANY = (-10.0, 10.0)
_WIDE = (-1e6, 1e6)
_POSITIVE = (1e-3, 1e3)
_UNIT = (-1.0, 1.0)

_LN_2 = 0.6931471805599453
_LOG2_E = 1.4426950408889634
_LOG10_E = 0.4342944819032518
_TWO_OVER_ROOT_PI = 1.1283791670955126
_SMALLEST_NORMAL = 2.2250738585072014e-308


def _row(
    name: str,
    symbol: str,
    evaluate: Callable[..., Any],
    partials: tuple[Partial, ...],
    domain: tuple[tuple[float, float], ...],
    summary: str,
    notation: Notation | None = None,
    textbook: tuple[Partial, ...] = (),
    native: Native = NOT_NATIVE,
    predicate: bool = False,
) -> Primitive:
    TABLE[name] = row = Primitive(
        name, symbol, evaluate, partials, domain, summary, native, notation, textbook, predicate
    )
    return row


def _library(name: str) -> Native:
    """A function of C's math.h."""
    return Native(libm=name)


def _as(expansion: Callable[..., Any]) -> Native:
    """The same by other rows."""
    return Native(expansion=expansion)


def _platform(name: str, arguments: int) -> Primitive:
    """A function of the C library that expansions call; not a row, for it is not differentiated."""
    evaluate = getattr(elementary, f"platform_{name}")
    return Primitive(name, name, evaluate, (None,) * arguments, ((-1.0, 1.0),) * arguments, native=_library(name))


_fmod, _cbrt, _erfc = _platform("fmod", 2), _platform("cbrt", 1), _platform("erfc", 1)


def _infix(sign: str, latex: str, sympy: Callable[..., Any], precedence: int, left: int, right: int) -> Notation:
    """The notation of an operator, and how loose its left and its right operand may be without parentheses."""
    operands = (left, right)
    return Notation(f"{{0}} {sign} {{1}}", f"{{0}} {latex} {{1}}", sympy, precedence, operands, operands)


def _comparison(sign: str, latex: str, sympy: str) -> Notation:
    return Notation(f"{{0}} {sign} {{1}}", f"{{0}} {latex} {{1}}", sympy, COMPARISON, (SUM, SUM), (SUM, SUM))


def _function(name: str, arguments: int = 1, latex: str = "", sympy: str | Callable[..., Any] = "") -> Notation:
    """The notation of a function, which is SymPy's function of that name where nothing else is given."""
    return function_notation(name, arguments, latex, sympy or name)


@functools.cache
def _stopped(sympy: Any) -> Any:
    """SymPy's class of stop_gradient: its argument in value, with the derivative 0."""

    def fdiff(self: Any, argindex: int = 1) -> Any:
        return sympy.Integer(0)

    def evaluated(self: Any, precision: int) -> Any:
        return self.args[0]._eval_evalf(precision)

    return type("stop_gradient", (sympy.Function,), {"fdiff": fdiff, "_eval_evalf": evaluated})


# Choice. A side that is not taken is structurally absent (None), so that it contributes nothing at any order.

where: Primitive = _row(
    "where", "where", lambda condition, x, y: x if condition else y,
    (None, lambda out, condition, x, y: where(condition, 1.0, None),
     lambda out, condition, x, y: where(condition, None, 1.0)),
    ((0, 1), _ANY, _ANY), "x where the condition holds, y elsewhere.",
    _function("where", 3, sympy=lambda sympy, condition, x, y: sympy.Piecewise((x, condition), (y, True))),
    native=Native("select", "{0} ? {1} : {2}"),
)

# Comparisons: predicates, without a derivative.

equal: Primitive = _row(
    "equal", "==", operator.eq, (None, None), (_ANY, _ANY), "Whether x = y.",
    _comparison("=", "=", "Eq"),
    native=Native("fcmp oeq", "{0} == {1}"), predicate=True,
)
not_equal: Primitive = _row(
    "not_equal", "!=", operator.ne, (None, None), (_ANY, _ANY), "Whether x ≠ y.",
    _comparison("≠", r"\ne", "Ne"),
    native=Native("fcmp une", "{0} != {1}"), predicate=True,
)
less: Primitive = _row(
    "less", "<", operator.lt, (None, None), (_ANY, _ANY), "Whether x < y.",
    _comparison("<", "<", "Lt"),
    native=Native("fcmp olt", "{0} < {1}"), predicate=True,
)
less_equal: Primitive = _row(
    "less_equal", "<=", operator.le, (None, None), (_ANY, _ANY), "Whether x ≤ y.",
    _comparison("≤", r"\le", "Le"),
    native=Native("fcmp ole", "{0} <= {1}"), predicate=True,
)
greater: Primitive = _row(
    "greater", ">", operator.gt, (None, None), (_ANY, _ANY), "Whether x > y.",
    _comparison(">", ">", "Gt"),
    native=Native("fcmp ogt", "{0} > {1}"), predicate=True,
)
greater_equal: Primitive = _row(
    "greater_equal", ">=", operator.ge, (None, None), (_ANY, _ANY), "Whether x ≥ y.",
    _comparison("≥", r"\ge", "Ge"),
    native=Native("fcmp oge", "{0} >= {1}"), predicate=True,
)

logical_and: Primitive = _row(
    "logical_and", "and", lambda x, y: bool(x) and bool(y), (None, None), ((0, 1), (0, 1)), "Whether both hold.",
    _infix("∧", r"\land", lambda sympy, x, y: sympy.And(x, y), COMPARISON, SUM, SUM),
    native=Native("and", "{0} && {1}"), predicate=True,
)

logical_or: Primitive = _row(
    "logical_or", "or", lambda x, y: bool(x) or bool(y), (None, None), ((0, 1), (0, 1)), "Whether one holds at least.",
    _infix("∨", r"\lor", lambda sympy, x, y: sympy.Or(x, y), COMPARISON, SUM, SUM),
    native=Native("or", "{0} || {1}"), predicate=True,
)

logical_not: Primitive = _row(
    "logical_not", "not", lambda x: not x, (None,), ((0, 1),), "Whether it does not hold.",
    Notation("¬{0}", r"\lnot {0}", lambda sympy, x: sympy.Not(x), NEGATION, (ATOM,), (ATOM,)),
    native=Native("xor", "!{0}"), predicate=True,
)

signbit: Primitive = _row(
    "signbit", "signbit", lambda x: x == x and math.copysign(1.0, x) < 0.0, (None,), (_ANY,),
    "Whether x is negative or -0.0; a nan, whose sign is chance, is not.",
    _function("signbit", sympy=lambda sympy, x: sympy.Lt(x, 0)),
    native=Native("signbit", "({0} == {0} && signbit({0}))"), predicate=True,
)

# Copies.

identity: Primitive = _row(
    "identity", "=", lambda x: x, (1.0,), (_ANY,), "x itself.",
    Notation("{0}", "{0}", lambda sympy, x: x, COMPARISON),
    native=_as(lambda x: x),
)

stop_gradient: Primitive = _row(
    "stop_gradient", "stop", lambda x: x, (None,), (_ANY,), "x, through which no derivative passes.",
    _function("stop", sympy=lambda sympy, x: _stopped(sympy)(x)),
    native=_as(lambda x: x),
)

# Arithmetic.

add: Primitive = _row(
    "add", "+", operator.add, (1.0, 1.0), (_WIDE, _WIDE), "x + y.",
    _infix("+", "+", lambda sympy, x, y: x + y, SUM, SUM, SUM),
    native=Native("fadd", "{0} + {1}"),
)

subtract: Primitive = _row(
    "subtract", "-", operator.sub, (1.0, -1.0), (_WIDE, _WIDE), "x - y.",
    _infix("−", "-", lambda sympy, x, y: x - y, SUM, SUM, PRODUCT),
    native=Native("fsub", "{0} - {1}"),
)

multiply: Primitive = _row(
    "multiply", "*", operator.mul,
    (lambda out, x, y: y, lambda out, x, y: x),
    (_WIDE, _WIDE), "x * y.",
    _infix("·", r"\cdot", lambda sympy, x, y: x * y, PRODUCT, PRODUCT, PRODUCT),
    native=Native("fmul", "{0} * {1}"),
)

divide: Primitive = _row(
    "divide", "/", elementary.divide,
    # The second as -(x/y)/y, not -x/y**2, which overflows at y = 1e200.
    (lambda out, x, y: divide(1.0, y), lambda out, x, y: -divide(out, y)),
    (_WIDE, _WIDE), "x / y; x / 0 is infinite, 0 / 0 is nan.",
    Notation("{0} / {1}", r"\frac{{0}}{{1}}", lambda sympy, x, y: x / y, PRODUCT, (PRODUCT, POWER), (SUM, SUM)),
    native=Native("fdiv", "{0} / {1}"),
)


def _exponent_less_one(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """y - 1, the factor by which x to that power lacks what its rounding has lost, and whether to use them.

    y·x**(y-1) is right at every order, and ends in zeros where y is whole. y/x·x**y does not overflow where y is small,
    and needs no y - 1 where that is y.
    """
    lower = y - 1.0
    lost = y - (lower + 1.0)
    mended = where((lost == 0.0) | (x <= 0.0) | (x == inf), 1.0, 1.0 + lost * stop_gradient(log(x)))
    return lower, mended, ((abs(y) >= 2.0**-10) & (abs(y) < 2.0**53)) | (x == 0.0)


def _power_by_base(out: Any, x: Any, y: Any) -> Any:
    # Next to underflow, where x**y has lost its digits and a large y would show it, by two halves, in its value alone:
    # their own derivatives lose more at each order. Where y is 0 and x is 0 or nan it is 0, with the derivative nan in
    # y. A constant 0 is known as such: 0 times what overflows is nan.
    lower, mended, usable = _exponent_less_one(x, y)
    below = where(x == 0.0, power_log(0.0, x, lower), power(x, lower))
    usable = usable & ((abs(below) < inf) | (abs(y) >= 1.0) | (x == 0.0))
    lossy = (abs(where(usable, below, out)) < _SMALLEST_NORMAL) & (abs(y) > 7.0) & (x > 0.0)
    slope = where(usable, (y * below) * mended, divide(y, x) * out + 0.0)
    slope = where((y == 0.0) & ((x == 0.0) | (x != x)), sqrt(y * y), slope)
    half = power(x, 0.5 * y)
    exact = (y * half) * divide(half, x)
    exact = where(slope == slope, slope + stop_gradient(exact - slope), exact)
    return where(type(y) is float and y == 0.0, 0.0, where(lossy, exact, slope))


def _power_by_exponent(out: Any, x: Any, y: Any) -> Any:
    return where((x == 0.0) & (y == 0.0), sqrt(x * x + y * y), power_log(1.0, x, y))


power: Primitive = _row(
    "power", "**", elementary.power, (lambda out, x, y: _power_by_base(out, x, y), _power_by_exponent),
    (_POSITIVE, (-100.0, 100.0)), "x ** y; nan, never complex, for a negative x and a fractional y.",
    Notation("{0}^{1}", "{0}^{{1}}", lambda sympy, x, y: x**y, POWER, (ATOM, ATOM), (ATOM, SUM)),
    textbook=(lambda out, x, y: y * power(x, y - 1.0), lambda out, x, y: out * log(x)),
    native=_library("pow"),
)


def _power_log_by_base(out: Any, n: Any, x: Any, y: Any) -> Any:
    # y·x**(y-1)·ln(x)**n + n·x**(y-1)·ln(x)**(n-1)
    n = stop_gradient(n)
    lower, mended, usable = _exponent_less_one(x, y)
    exponent = where(usable, lower, y)
    other = where(n == 0.0, 0.0, n * power_log(where(n == 0.0, 0.0, n - 1.0), x, exponent))
    slope = y * power_log(n, x, exponent) + other
    slope = where(usable, slope * mended, divide(slope, x))
    return where((n == 0.0) & (x == 0.0) & (y == 0.0), where(type(y) is float, 0.0, sqrt(y * y)), slope)


def _power_log_expanded(n: Any, x: Any, y: Any) -> Any:
    value, half, logarithm = power(x, y), power(x, 0.5 * y), power(log(x), n)
    product = where((abs(value) < _SMALLEST_NORMAL) & (x > 0.0), (half * logarithm) * half, value * logarithm)
    product = where((x == 0.0) & (y > 0.0), 0.0, product)
    return where((n - floor(n) == 0.0) & (n >= 0.0), where(n == 0.0, value, product), nan)


power_log: Primitive = _row(
    "power_log", "power_log", elementary.power_log,
    (None, _power_log_by_base, lambda out, n, x, y: power_log(n + 1.0, x, y)),
    ((0, 2), _POSITIVE, (-100.0, 100.0)), "x ** y · ln(x) ** n, the n-th derivative of x ** y in y, for n from 0 up.",
    _function("power_log", 3, sympy=lambda sympy, n, x, y: x**y * sympy.log(x) ** n),
    native=_as(_power_log_expanded),
)


def _remainder_expanded(x: Any, y: Any) -> Any:
    # Python's own way: C's remainder has the sign of x.
    rest = _fmod(x, y)
    moved = where(y < 0.0, where(rest < 0.0, rest, rest + y), where(rest < 0.0, rest + y, rest))
    return where(rest == 0.0, where(y < 0.0, -0.0, 0.0), moved)


def _floor_divide_expanded(x: Any, y: Any) -> Any:
    rest = _fmod(x, y)
    quotient = divide(x - rest, y)
    down = where(y < 0.0, where(rest < 0.0, 0.0, 1.0), where(rest < 0.0, 1.0, 0.0))
    quotient = quotient - where((rest != 0.0) & (rest == rest), down, 0.0)
    whole = floor(quotient)
    whole = where(quotient - whole > 0.5, whole + 1.0, whole)
    zero = where(divide(x, y) < 0.0, -0.0, where(divide(x, y) > 0.0, 0.0, divide(x, y)))
    return where(y == 0.0, divide(x, y), where(quotient == 0.0, zero, whole))


remainder: Primitive = _row(
    "remainder", "%", elementary.remainder,
    (lambda out, x, y: where(out == out, 1.0, out), lambda out, x, y: where(out == out, -floor_divide(x, y), out)),
    (_ANY, _POSITIVE), "x % y, with the sign of y; nan where y is 0.",
    _infix("%", r"\bmod", lambda sympy, x, y: x - y * sympy.floor(x / y), COMPARISON, POWER, POWER),
    native=_as(_remainder_expanded),
)

floor_divide: Primitive = _row(
    "floor_divide", "//", elementary.floor_divide,
    (lambda out, x, y: where(out == out, 0.0, out), lambda out, x, y: where(out == out, 0.0, out)),
    (_ANY, _POSITIVE), "x // y, constant between its steps; x / y where y is 0.",
    Notation("⌊{0} / {1}⌋", r"\left\lfloor\frac{{0}}{{1}}\right\rfloor", lambda sympy, x, y: sympy.floor(x / y),
             ATOM, (PRODUCT, POWER)),
    native=_as(_floor_divide_expanded),
)

negative: Primitive = _row(
    "negative", "neg", operator.neg, (-1.0,), (_ANY,), "-x.",
    Notation("−{0}", "-{0}", lambda sympy, x: -x, NEGATION, (PRODUCT,), (PRODUCT,)),
    native=Native("fneg", "-{0}"),
)

absolute: Primitive = _row(
    "absolute", "abs", abs,
    (lambda out, x: sign(x),),
    (_WIDE,), "The absolute value; its derivative at 0 is 0.",
    Notation("|{0}|", r"\left|{0}\right|", "Abs"),
    native=Native("llvm.fabs", "fabs({0})"),
)

sign: Primitive = _row(
    "sign", "sign", elementary.sign,
    (lambda out, x: where(x == x, 0.0, out),),
    (_ANY,), "-1, 0 or 1, as x is negative, zero or positive.",
    _function("sign"),
    native=_as(lambda x: where(x > 0.0, 1.0, where(x < 0.0, -1.0, x))),
)

floor: Primitive = _row(
    "floor", "floor", elementary.floor,
    (lambda out, x: where(x == x, 0.0, out),),
    (_ANY,), "The largest integer that is not above x.",
    Notation("⌊{0}⌋", r"\left\lfloor{0}\right\rfloor", "floor"),
    native=Native("llvm.floor", "floor({0})"),
)

ceil: Primitive = _row(
    "ceil", "ceil", elementary.ceil,
    (lambda out, x: where(x == x, 0.0, out),),
    (_ANY,), "The smallest integer that is not below x.",
    Notation("⌈{0}⌉", r"\left\lceil{0}\right\rceil", "ceiling"),
    native=Native("llvm.ceil", "ceil({0})"),
)

maximum: Primitive = _row(
    "maximum", "max", elementary.maximum,
    (lambda out, x, y: where(x > y, 1.0, where(x == y, 0.5, where(x < y, None, out))),
     lambda out, x, y: where(y > x, 1.0, where(x == y, 0.5, where(y < x, None, out)))),
    (_ANY, _ANY), "The larger one; at a tie each has half of the derivative.",
    _function("max", 2, r"\max", "Max"),
    native=_as(lambda x, y: where(x > y, x, where(y > x, y, where((x != y) | (x == 0.0), x + y, x)))),
)

minimum: Primitive = _row(
    "minimum", "min", elementary.minimum,
    (lambda out, x, y: where(x < y, 1.0, where(x == y, 0.5, where(x > y, None, out))),
     lambda out, x, y: where(y < x, 1.0, where(x == y, 0.5, where(y > x, None, out)))),
    (_ANY, _ANY), "The smaller one; at a tie each has half of the derivative.",
    _function("min", 2, r"\min", "Min"),
    native=_as(lambda x, y: where(x < y, x, where(y < x, y, where((x != y) | (x == 0.0), -(-x + -y), x)))),
)

# Exponentials, logarithms and roots.

exp: Primitive = _row(
    "exp", "exp", elementary.exp, (lambda out, x: out,), ((-745.0, 709.0),), "e ** x.",
    _function("exp", latex=r"\exp"),
    native=_library("exp"),
)

exp2: Primitive = _row(
    "exp2", "exp2", elementary.exp2,
    (lambda out, x: _LN_2 * out,),
    ((-1020.0, 1023.0),), "2 ** x.",
    Notation("2^{0}", "2^{{0}}", lambda sympy, x: 2**x, POWER, (ATOM,), (SUM,)),
    native=_library("exp2"),
)

expm1: Primitive = _row(
    "expm1", "expm1", elementary.expm1,
    (lambda out, x: exp(x),),  # not out + 1, which rounds to 0 in the left tail
    ((-700.0, 709.0),), "exp(x) - 1, with all its digits at small x.",
    _function("expm1", sympy=lambda sympy, x: sympy.exp(x) - 1),
    native=_library("expm1"),
)

log: Primitive = _row(
    "log", "log", elementary.log,
    (lambda out, x: where(x < 0.0, out, divide(1.0, x)),),
    ((1e-300, 1e300),), "The natural logarithm; -inf at 0, nan below.",
    Notation("ln({0})", r"\ln\left({0}\right)", "log"),
    native=_library("log"),
)

log2: Primitive = _row(
    "log2", "log2", elementary.log2,
    (lambda out, x: where(x < 0.0, out, divide(_LOG2_E, x)),),
    ((1e-300, 1e300),), "The logarithm to base 2.",
    Notation("log2({0})", r"\log_2\left({0}\right)", lambda sympy, x: sympy.log(x, 2)),
    native=_library("log2"),
)

log10: Primitive = _row(
    "log10", "log10", elementary.log10,
    (lambda out, x: where(x < 0.0, out, divide(_LOG10_E, x)),),
    ((1e-300, 1e300),), "The logarithm to base 10.",
    Notation("log10({0})", r"\log_{10}\left({0}\right)", lambda sympy, x: sympy.log(x, 10)),
    native=_library("log10"),
)

log1p: Primitive = _row(
    "log1p", "log1p", elementary.log1p,
    (lambda out, x: where(x < -1.0, out, divide(1.0, 1.0 + x)),),
    ((-0.999, 1e6),), "log(1 + x), with all its digits at small x.",
    Notation("ln(1 + {0})", r"\ln\left(1 + {0}\right)", lambda sympy, x: sympy.log(1 + x),
             ATOM, (PRODUCT,), (PRODUCT,)),
    native=_library("log1p"),
)

sqrt: Primitive = _row(
    "sqrt", "sqrt", elementary.sqrt,
    (lambda out, x: divide(0.5, out),),
    ((1e-300, 1e300),), "The square root; nan below 0.",
    Notation("√{0}", r"\sqrt{{0}}", "sqrt", POWER, (ATOM,), (SUM,)),
    native=Native("llvm.sqrt", "sqrt({0})"),
)

def _cbrt_expanded(x: Any) -> Any:
    # One step of Newton's method mends the platform's, on an operand scaled to where its cube has all its digits.
    small, large = abs(x) < 1e-280, abs(x) > 1e280
    scaled = x * where(small, 2.0**300, where(large, 2.0**-300, 1.0))
    root = _cbrt(scaled)
    root = root - divide(root * root * root - scaled, 3.0 * root * root)
    return where((x == 0.0) | (abs(x) == inf), x, root * where(small, 2.0**-100, where(large, 2.0**100, 1.0)))


def _cbrt_slope(out: Any, x: Any) -> Any:
    # out/(3x) has the digits; the derivatives are those of 1/(3·out²), in which no terms cancel or overflow.
    slope = divide(divide(1.0 / 3.0, out), out)
    return where((x == 0.0) | (abs(x) == inf), slope, slope + stop_gradient(divide(divide(out, x), 3.0) - slope))


cbrt: Primitive = _row(
    "cbrt", "cbrt", elementary.cbrt,
    (_cbrt_slope,),
    (_WIDE,), "The real cube root, also of a negative x.",
    Notation("∛{0}", r"\sqrt[3]{{0}}", lambda sympy, x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3),
             POWER, (ATOM,), (SUM,)),
    (lambda out, x: divide(1.0, 3.0 * out * out),),
    native=_as(_cbrt_expanded),
)

# Trigonometry, in radians.

sin: Primitive = _row(
    "sin", "sin", elementary.sin, (lambda out, x: cos(x),), (_WIDE,), "The sine.",
    _function("sin", latex=r"\sin"),
    native=_library("sin"),
)

cos: Primitive = _row(
    "cos", "cos", elementary.cos, (lambda out, x: -sin(x),), (_WIDE,), "The cosine.",
    _function("cos", latex=r"\cos"),
    native=_library("cos"),
)

tan: Primitive = _row(
    "tan", "tan", elementary.tan, (lambda out, x: 1.0 + out * out,), (_ANY,), "The tangent.",
    _function("tan", latex=r"\tan"),
    native=_library("tan"),
)


def _one_minus_square(x: Any) -> Any:
    """1 - x² with the digits of the product, which keeps them next to ±1, and the derivatives of the difference.

    Those of the product lose theirs near 0, and in reverse mode they are 0 · inf at ±1.
    """
    difference = 1.0 - x * x
    return difference + stop_gradient((1.0 - x) * (1.0 + x) - difference)


asin: Primitive = _row(
    "asin", "asin", elementary.asin,
    (lambda out, x: divide(1.0, sqrt(_one_minus_square(x))),),
    (_UNIT,), "The angle in [-π/2, π/2] whose sine is x.",
    _function("asin", latex=r"\arcsin"), (lambda out, x: divide(1.0, sqrt(1.0 - x * x)),),
    native=_library("asin"),
)

acos: Primitive = _row(
    "acos", "acos", elementary.acos,
    (lambda out, x: divide(-1.0, sqrt(_one_minus_square(x))),),
    (_UNIT,), "The angle in [0, π] whose cosine is x.",
    _function("acos", latex=r"\arccos"), (lambda out, x: divide(-1.0, sqrt(1.0 - x * x)),),
    native=_library("acos"),
)

atan: Primitive = _row(
    "atan", "atan", math.atan,
    (lambda out, x: divide(divide(1.0, hypot(1.0, x)), hypot(1.0, x)),),  # 1 + x*x overflows from 1e154 up
    (_WIDE,), "The angle in (-π/2, π/2) whose tangent is x.",
    _function("atan", latex=r"\arctan"),
    native=_library("atan"),
)


def _unit_scale(x: Any, y: Any) -> Any:
    """A power of two, held constant, whose square brings the length of (x, y) near 1."""
    largest = maximum(abs(x), abs(y))
    bounded = where(largest < 1e-300, 1e-300, where(largest > 1e300, 1e300, largest))
    return stop_gradient(exp2(-floor(0.5 * log2(bounded))))


def _per_length(a: Any, b: Any, x: Any, y: Any, as_it_is: Any) -> Any:
    """a·b / hypot(x, y), where nothing overflows or underflows on the way to a derivative of order 3 that is in range.

    For that its two factors are of one size where a and b are, and the length is near 1, or, where a and b are what
    may be small, as it is.
    """
    scale = _unit_scale(x, y)
    own = where(as_it_is, 1.0, scale * scale)
    return divide(a * divide(own, scale), hypot(own * x, own * y)) * (b * scale)


atan2: Primitive = _row(
    "atan2", "atan2", math.atan2,
    (lambda out, y, x: _per_length(direction_cosine(x, y), 1.0, x, y, False),
     lambda out, y, x: -_per_length(direction_cosine(y, x), 1.0, x, y, False)),
    (_ANY, _ANY), "The angle of the point (x, y), from its coordinates in the order y, x.",
    _function("atan2", 2),
    native=_library("atan2"),
)


hypot: Primitive = _row(
    "hypot", "hypot", math.hypot,
    (lambda out, x, y: direction_cosine(x, y), lambda out, x, y: direction_cosine(y, x)),
    (_ANY, _ANY), "sqrt(x*x + y*y), without overflow; its derivatives at (0, 0) are 0.",
    _function("hypot", 2, sympy=lambda sympy, x, y: sympy.sqrt(x**2 + y**2)),
    (lambda out, x, y: divide(x, out), lambda out, x, y: divide(y, out)),
    native=_library("hypot"),
)


def _direction_cosine_expanded(x: Any, y: Any) -> Any:
    length = hypot(x, y)
    scale = where(length < 1e-290, 2.0**600, 0.25)
    scaled = divide(scale * x, hypot(scale * x, scale * y))
    ratio = where((length > 1e-290) & (length < inf), divide(x, length), scaled)
    return where((x == 0.0) & (y == 0.0), 0.0, ratio)


direction_cosine: Primitive = _row(
    "direction_cosine", "cos∠", elementary.direction_cosine,
    # y²/r³ and -x·y/r³ with r = hypot(x, y): as the derivatives of x/r they would cancel where y is small beside x.
    (lambda out, x, y: _per_length(direction_cosine(y, x), direction_cosine(y, x), x, y, abs(y) < abs(x)),
     lambda out, x, y: -_per_length(out, direction_cosine(y, x), x, y, False)),
    (_ANY, _ANY), "x / hypot(x, y), the derivative of hypot; 0 at (0, 0), where it has no derivative.",
    _function("direction_cosine", 2, sympy=lambda sympy, x, y: x / sympy.sqrt(x**2 + y**2)),
    (lambda out, x, y: divide(y * y, power(hypot(x, y), 3.0)),
     lambda out, x, y: divide(-x * y, power(hypot(x, y), 3.0))),
    native=_as(_direction_cosine_expanded),
)

# Hyperbolic functions.

sinh: Primitive = _row(
    "sinh", "sinh", elementary.sinh, (lambda out, x: cosh(x),), ((-700.0, 700.0),), "The hyperbolic sine.",
    _function("sinh", latex=r"\sinh"),
    native=_library("sinh"),
)

cosh: Primitive = _row(
    "cosh", "cosh", elementary.cosh, (lambda out, x: sinh(x),), ((-700.0, 700.0),), "The hyperbolic cosine.",
    _function("cosh", latex=r"\cosh"),
    native=_library("cosh"),
)

tanh: Primitive = _row(
    "tanh", "tanh", math.tanh,
    (lambda out, x: 4.0 * logistic_density(2.0 * x),),
    ((-300.0, 300.0),), "The hyperbolic tangent.",
    _function("tanh", latex=r"\tanh"), (lambda out, x: 1.0 - out * out,),
    native=_library("tanh"),
)

asinh: Primitive = _row(
    "asinh", "asinh", math.asinh,
    (lambda out, x: divide(1.0, hypot(1.0, x)),),
    (_WIDE,), "The inverse of sinh.",
    _function("asinh", latex=r"\operatorname{arsinh}"),
    native=_library("asinh"),
)

acosh: Primitive = _row(
    "acosh", "acosh", elementary.acosh,
    # x*x - 1 overflows and cancels; of the product of the roots the second one's derivative is 0 · inf at 1.
    (lambda out, x: divide(divide(1.0, sqrt(x - 1.0)), sqrt(x + 1.0)),),
    ((1.0, 1e6),), "The inverse of cosh, from 1 up.",
    _function("acosh", latex=r"\operatorname{arcosh}"),
    native=_library("acosh"),
)

atanh: Primitive = _row(
    "atanh", "atanh", elementary.atanh,
    (lambda out, x: where((x < -1.0) | (x > 1.0), out, divide(1.0, _one_minus_square(x))),),
    (_UNIT,), "The inverse of tanh, between -1 and 1.",
    _function("atanh", latex=r"\operatorname{artanh}"), (lambda out, x: divide(1.0, 1.0 - x * x),),
    native=_library("atanh"),
)

# Activations.


def _sigmoid_expanded(x: Any) -> Any:
    # With the reciprocal, σ(x) and its slope share the exponential and the division.
    tail = exp(-abs(x))
    return where(x >= 0.0, 1.0, tail) * divide(1.0, 1.0 + tail)


sigmoid: Primitive = _row(
    "sigmoid", "sigmoid", elementary.sigmoid,
    (lambda out, x: logistic_density(x),),
    ((-740.0, 740.0),), "The logistic function 1 / (1 + exp(-x)).",
    Notation("σ({0})", r"\sigma\left({0}\right)", lambda sympy, x: 1 / (1 + sympy.exp(-x))),
    (lambda out, x: out * (1.0 - out),),
    native=_as(_sigmoid_expanded),
)


def _logistic_density_expanded(x: Any) -> Any:
    tail = exp(-abs(x))
    tail = tail * divide(1.0, 1.0 + tail)
    return tail - tail * tail


logistic_density: Primitive = _row(
    "logistic_density", "σ′", elementary.logistic_density,
    (lambda out, x: -out * tanh(0.5 * x),),
    ((-740.0, 740.0),), "The density of the logistic distribution, which is the derivative of sigmoid.",
    Notation("σ′({0})", r"\sigma'\left({0}\right)", lambda sympy, x: sympy.exp(-x) / (1 + sympy.exp(-x)) ** 2),
    native=_as(_logistic_density_expanded),
)

softplus: Primitive = _row(
    "softplus", "softplus", elementary.softplus,
    (lambda out, x: sigmoid(x),),
    ((-740.0, 740.0),), "log(1 + exp(x)).",
    _function("softplus", sympy=lambda sympy, x: sympy.log(1 + sympy.exp(x))),
    native=_as(lambda x: where(x < 0.0, 0.0, x) + log1p(exp(-abs(x)))),
)

relu: Primitive = _row(
    "relu", "relu", elementary.relu,
    (lambda out, x: where(x <= 0.0, None, where(x > 0.0, 1.0, out)),),
    (_ANY,), "x where x is positive, 0 elsewhere; the derivative at 0 is 0.",
    _function("relu", sympy=lambda sympy, x: sympy.Max(0, x)),
    native=_as(lambda x: where(x <= 0.0, 0.0, x)),
)

# Special functions.

erf: Primitive = _row(
    "erf", "erf", math.erf,
    (lambda out, x: _TWO_OVER_ROOT_PI * exp(-(x * x)),),
    ((-6.0, 6.0),), "The error function.",
    _function("erf"),
    native=_library("erf"),
)

def _erfc_expanded(x: Any) -> Any:
    value: Any = 0.0
    for coefficient in reversed(special.ERFC_AT_1):
        value = value * (x - 1.0) + coefficient
    return where((x >= 0.84375) & (x < 1.25), value, _erfc(x))


erfc: Primitive = _row(
    "erfc", "erfc", special.erfc,
    (lambda out, x: -_TWO_OVER_ROOT_PI * exp(-(x * x)),),
    ((-6.0, 26.0),), "1 - erf(x), with all its digits in the right tail.",
    _function("erfc"),
    native=_as(_erfc_expanded),
)

lgamma: Primitive = _row(
    "lgamma", "lgamma", special.lgamma,
    (lambda out, x: digamma(x),),
    ((1e-3, 1e6),), "The logarithm of the absolute value of the gamma function.",
    _function("lgamma", latex=r"\ln\Gamma", sympy="loggamma"),
)

digamma: Primitive = _row(
    "digamma", "digamma", special.digamma,
    (lambda out, x: polygamma(1.0, x),),
    ((1e-3, 1e6),), "The derivative of lgamma.",
    _function("digamma", latex=r"\psi"),
)

polygamma: Primitive = _row(
    "polygamma", "polygamma", special.polygamma,
    (None, lambda out, n, x: polygamma(where(n < 0.0, nan, n + 1.0), x)),
    ((0, 20), (1e-2, 1e3)), "The n-th derivative of digamma at x, for an integer n from 0 up.",
    Notation("polygamma({0}, {1})", r"\psi^{\left({0}\right)}\left({1}\right)", "polygamma"),
)

_evaluators = {name: row.evaluate for name, row in TABLE.items()}
# On floats these two choose before they compute, not between what they have computed: the same numbers, twice as fast.
_evaluators |= {"_power_by_base": elementary.power_slope, "_per_length": elementary.per_length}
for _helper in (_exponent_less_one, _one_minus_square):
    _evaluators[_helper.__name__] = on_floats(_helper, _evaluators)
for _primitive in TABLE.values():
    _primitive.specialise(tuple(on_floats(rule, _evaluators) for rule in _primitive.partials), inline=True)
