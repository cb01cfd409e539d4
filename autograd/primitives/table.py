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


def _power_by_base(out: Any, x: Any, y: Any) -> Any:
    # y·(x**y / x) reuses the value and is accurate to a few ulp, where y·x**(y-1) alone is off by hundreds; the latter
    # serves where the value is 0 or inf. Next to underflow the value has lost its digits: there, two halves. Only
    # where both x and y are 0 is the derivative put to 0 by hand.
    ratio, half = divide(out, x), power(x, 0.5 * y)
    lossy = (x > 0.0) & (y != 0.0) & ((abs(out) < _SMALLEST_NORMAL) | (abs(ratio) < _SMALLEST_NORMAL))
    plain = y * where((out == 0.0) | (abs(out) == inf), power(x, y - 1.0), ratio)
    plain = where((abs(ratio) == inf) & (abs(out) < inf) & (x != 0.0), divide(y * out, x), plain)
    return where((x == 0.0) & (y == 0.0), 0.0, where(lossy, (y * divide(half, x)) * half, plain))


def _power_by_exponent(out: Any, x: Any, y: Any) -> Any:
    half = power(x, 0.5 * y)
    lossy = (x > 0.0) & (abs(out) < _SMALLEST_NORMAL)
    return where((x == 0.0) & (y >= 0.0), 0.0, where(lossy, (half * log(x)) * half, out * log(x)))


power: Primitive = _row(
    "power", "**", elementary.power, (_power_by_base, _power_by_exponent),
    (_POSITIVE, (-100.0, 100.0)), "x ** y; nan, never complex, for a negative x and a fractional y.",
    Notation("{0}^{1}", "{0}^{{1}}", lambda sympy, x, y: x**y, POWER, (ATOM, ATOM), (ATOM, SUM)),
    textbook=(lambda out, x, y: y * power(x, y - 1.0), lambda out, x, y: out * log(x)),
    native=_library("pow"),
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
    (lambda out, x, y: where(out == out, 1.0, nan), lambda out, x, y: where(out == out, -floor_divide(x, y), nan)),
    (_ANY, _POSITIVE), "x % y, with the sign of y; nan where y is 0.",
    _infix("%", r"\bmod", lambda sympy, x, y: x - y * sympy.floor(x / y), COMPARISON, POWER, POWER),
    native=_as(_remainder_expanded),
)

floor_divide: Primitive = _row(
    "floor_divide", "//", elementary.floor_divide,
    (lambda out, x, y: where(out == out, 0.0, nan), lambda out, x, y: where(out == out, 0.0, nan)),
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
    (lambda out, x: where(x == x, 0.0, nan),),
    (_ANY,), "-1, 0 or 1, as x is negative, zero or positive.",
    _function("sign"),
    native=_as(lambda x: where(x > 0.0, 1.0, where(x < 0.0, -1.0, x))),
)

floor: Primitive = _row(
    "floor", "floor", elementary.floor,
    (lambda out, x: where(x == x, 0.0, nan),),
    (_ANY,), "The largest integer that is not above x.",
    Notation("⌊{0}⌋", r"\left\lfloor{0}\right\rfloor", "floor"),
    native=Native("llvm.floor", "floor({0})"),
)

ceil: Primitive = _row(
    "ceil", "ceil", elementary.ceil,
    (lambda out, x: where(x == x, 0.0, nan),),
    (_ANY,), "The smallest integer that is not below x.",
    Notation("⌈{0}⌉", r"\left\lceil{0}\right\rceil", "ceiling"),
    native=Native("llvm.ceil", "ceil({0})"),
)

maximum: Primitive = _row(
    "maximum", "max", elementary.maximum,
    (lambda out, x, y: where(x > y, 1.0, where(x == y, 0.5, where(x < y, None, nan))),
     lambda out, x, y: where(y > x, 1.0, where(x == y, 0.5, where(y < x, None, nan)))),
    (_ANY, _ANY), "The larger one; at a tie each has half of the derivative.",
    _function("max", 2, r"\max", "Max"),
    native=_as(lambda x, y: where(x > y, x, where(y > x, y, where((x != y) | (x == 0.0), x + y, x)))),
)

minimum: Primitive = _row(
    "minimum", "min", elementary.minimum,
    (lambda out, x, y: where(x < y, 1.0, where(x == y, 0.5, where(x > y, None, nan))),
     lambda out, x, y: where(y < x, 1.0, where(x == y, 0.5, where(y > x, None, nan)))),
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
    (lambda out, x: where(x < 0.0, nan, divide(1.0, x)),),
    ((1e-300, 1e300),), "The natural logarithm; -inf at 0, nan below.",
    Notation("ln({0})", r"\ln\left({0}\right)", "log"),
    native=_library("log"),
)

log2: Primitive = _row(
    "log2", "log2", elementary.log2,
    (lambda out, x: where(x < 0.0, nan, divide(_LOG2_E, x)),),
    ((1e-300, 1e300),), "The logarithm to base 2.",
    Notation("log2({0})", r"\log_2\left({0}\right)", lambda sympy, x: sympy.log(x, 2)),
    native=_library("log2"),
)

log10: Primitive = _row(
    "log10", "log10", elementary.log10,
    (lambda out, x: where(x < 0.0, nan, divide(_LOG10_E, x)),),
    ((1e-300, 1e300),), "The logarithm to base 10.",
    Notation("log10({0})", r"\log_{10}\left({0}\right)", lambda sympy, x: sympy.log(x, 10)),
    native=_library("log10"),
)

log1p: Primitive = _row(
    "log1p", "log1p", elementary.log1p,
    (lambda out, x: where(x < -1.0, nan, divide(1.0, 1.0 + x)),),
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


cbrt: Primitive = _row(
    "cbrt", "cbrt", elementary.cbrt,
    (lambda out, x: where((x == 0.0) | (abs(x) == inf), divide(1.0, out * out), divide(divide(out, x), 3.0)),),
    (_WIDE,), "The real cube root, also of a negative x.",
    Notation("∛{0}", r"\sqrt[3]{{0}}", lambda sympy, x: sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3),
             POWER, (ATOM,), (SUM,)),
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

asin: Primitive = _row(
    "asin", "asin", elementary.asin,
    (lambda out, x: divide(1.0, sqrt((1.0 - x) * (1.0 + x))),),  # 1 - x*x would lose digits next to ±1
    (_UNIT,), "The angle in [-π/2, π/2] whose sine is x.",
    _function("asin", latex=r"\arcsin"),
    native=_library("asin"),
)

acos: Primitive = _row(
    "acos", "acos", elementary.acos,
    (lambda out, x: divide(-1.0, sqrt((1.0 - x) * (1.0 + x))),),
    (_UNIT,), "The angle in [0, π] whose cosine is x.",
    _function("acos", latex=r"\arccos"),
    native=_library("acos"),
)

atan: Primitive = _row(
    "atan", "atan", math.atan,
    (lambda out, x: divide(divide(1.0, hypot(1.0, x)), hypot(1.0, x)),),  # 1 + x*x overflows from 1e154 up
    (_WIDE,), "The angle in (-π/2, π/2) whose tangent is x.",
    _function("atan", latex=r"\arctan"),
    native=_library("atan"),
)


def _over_square(a: Any, x: Any, y: Any) -> Any:
    """a / (x² + y²): directly where the squares keep within range, else on operands scaled by a power of two."""
    square = x * x + y * y
    scale = where(square < 1e-290, 2.0**600, 0.25)
    length = hypot(scale * x, scale * y)
    scaled = divide(divide(scale * a, length), length) * scale
    return where((square > 1e-290) & (square < 1e300), divide(a, square), scaled)


atan2: Primitive = _row(
    "atan2", "atan2", math.atan2,
    (lambda out, y, x: _over_square(x, x, y), lambda out, y, x: _over_square(-y, x, y)),
    (_ANY, _ANY), "The angle of the point (x, y), from its coordinates in the order y, x.",
    _function("atan2", 2),
    native=_library("atan2"),
)


def _along(a: Any, out: Any, x: Any, y: Any) -> Any:
    """a / hypot(x, y): on operands scaled by a power of two where the hypotenuse is subnormal or overflows."""
    scale = where(out < 1e-290, 2.0**600, 0.25)
    scaled = divide(scale * a, hypot(scale * x, scale * y))
    ratio = where((out > 1e-290) & (out < inf), divide(a, out), scaled)
    return where((x == 0.0) & (y == 0.0), 0.0, ratio)


hypot: Primitive = _row(
    "hypot", "hypot", math.hypot,
    (lambda out, x, y: _along(x, out, x, y), lambda out, x, y: _along(y, out, x, y)),
    (_ANY, _ANY), "sqrt(x*x + y*y), without overflow; its derivatives at (0, 0) are 0.",
    _function("hypot", 2, sympy=lambda sympy, x, y: sympy.sqrt(x**2 + y**2)),
    native=_library("hypot"),
)

# Hyperbolic functions.


def _tanh_slope(x: Any) -> Any:
    """4·σ(2x)·σ(-2x), as 4(t - t²) of the smaller factor t: one rounded factor less, and no 1 - out² to cancel."""
    tail = sigmoid(where(x < 0.0, 2.0 * x, -2.0 * x))
    return 4.0 * (tail - tail * tail)



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
    (lambda out, x: _tanh_slope(x),),
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
    (lambda out, x: divide(1.0, sqrt(x - 1.0) * sqrt(x + 1.0)),),  # x*x - 1 overflows and cancels
    ((1.0, 1e6),), "The inverse of cosh, from 1 up.",
    _function("acosh", latex=r"\operatorname{arcosh}"),
    native=_library("acosh"),
)

atanh: Primitive = _row(
    "atanh", "atanh", elementary.atanh,
    (lambda out, x: where((x < -1.0) | (x > 1.0), nan, divide(1.0, (1.0 - x) * (1.0 + x))),),
    (_UNIT,), "The inverse of tanh, between -1 and 1.",
    _function("atanh", latex=r"\operatorname{artanh}"),
    native=_library("atanh"),
)

# Activations.


def _sigmoid_slope(out: Any, x: Any) -> Any:
    """σ(x)·σ(-x), as t - t² of the smaller factor t."""
    tail = where(x < 0.0, out, sigmoid(-x))
    return tail - tail * tail


def _sigmoid_expanded(x: Any) -> Any:
    # With the reciprocal, σ(x) and σ(-x), which the slope needs, share the exponential and the division.
    tail = exp(-abs(x))
    return where(x >= 0.0, 1.0, tail) * divide(1.0, 1.0 + tail)


sigmoid: Primitive = _row(
    "sigmoid", "sigmoid", elementary.sigmoid,
    (_sigmoid_slope,),
    ((-740.0, 740.0),), "The logistic function 1 / (1 + exp(-x)).",
    Notation("σ({0})", r"\sigma\left({0}\right)", lambda sympy, x: 1 / (1 + sympy.exp(-x))),
    (lambda out, x: out * (1.0 - out),),
    native=_as(_sigmoid_expanded),
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
    (lambda out, x: where(x <= 0.0, None, where(x > 0.0, 1.0, nan)),),
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
_helpers = {helper.__name__: on_floats(helper, _evaluators) for helper in (_over_square, _along, _tanh_slope)}
for _primitive in TABLE.values():
    _primitive.specialise(tuple(on_floats(rule, _evaluators | _helpers) for rule in _primitive.partials), inline=True)
