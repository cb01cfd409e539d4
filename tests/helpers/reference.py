"""What each row of the table is, by mpmath: its value, its partial derivatives, and the tails of its domain.

Written from the mathematical definitions alone. `test_table.py` holds the engine against it at 50 digits, and the
derivatives that stand here against mpmath's numerical differentiation of the values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from mpmath import mp, mpf

BIG = 1.7976931348623157e308
TINY = 5e-324
BELOW_1 = 1.0 - 2.0**-53
ABOVE_1 = 1.0 + 2.0**-52

Function = Callable[..., Any]


class Reference(NamedTuple):
    """A function on mpmath's numbers; None stands for the derivative that a row does not have."""

    value: Function
    partials: tuple[Function | None, ...]
    tails: tuple[tuple[float, ...], ...] = ()


def _number(number: float) -> Function:
    return lambda *point: mpf(number)


def _at(*numbers: float) -> tuple[tuple[float, ...], ...]:
    """The points of a row with one argument."""
    return tuple((number,) for number in numbers)


def _both(*numbers: float) -> tuple[tuple[float, ...], ...]:
    """Each number with either sign."""
    return tuple((sign * number,) for number in numbers for sign in (1.0, -1.0))


def _compare(value: Function) -> Reference:
    return Reference(value, (None, None), ((1.0, 1.0), (0.0, -0.0), (1.0, ABOVE_1), (ABOVE_1, 1.0), (-BIG, BIG)))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _logistic_density(x: Any) -> Any:
    return mp.sech(x / 2) ** 2 / 4


def _cosine(x: Any, y: Any) -> Any:
    return x / mp.sqrt(x * x + y * y)


def _power_log(n: Any, x: Any, y: Any) -> Any:
    return mp.power(x, y) * mp.log(x) ** n


def _bell(x: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def _log_abs_gamma(x: Any) -> Any:
    return mp.loggamma(x) if x > 0 else mp.log(abs(mp.gamma(x)))


def _polygamma(n: Any, x: Any) -> Any:
    return mp.psi(int(n), x)


# Pairs that overflow, underflow or lose their digits where x² + y² is formed without care.
_PAIRS = (
    (1e200, 1e200), (1e200, -3e199), (-1e-200, 1e-200), (TINY, TINY), (-TINY, 3e-323), (3e-310, -4e-310),
    (1e308, 1e307), (1.2e308, 1.2e308), (BIG, BIG), (BIG, 1.0), (1.0, TINY), (TINY, 1.0), (1e-160, 1e-170),
    (1e154, 1.5e154), (2e-145, 1e-145), (1e150, 2e150), (3.0, 4.0), (0.0, 1.0), (-2.0, 0.0),
)
_TRUTHS = ((0.0, 0.0), (-0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (TINY, BIG), (-TINY, 0.0))
_GAMMA_TAILS = _at(
    1e-300, 1e-25, 1e-5, 0.9, 1.0, 1.1, BELOW_1, ABOVE_1, 2.0, 2.0 - 1e-9, 2.0 + 1e-9, 2.9999, 3.0001, 9.9999, 10.0,
    1e20, 1.4616321449683623, 1.4616321449683625, 1.4616, -0.5, -1.5, -2.5, -1e-300, -1e-9, -0.999999, -2.0000001,
    -20.25, -2.4570247382208006, -2.7476826467274127, -0.5040830082644554, -1.573498473162391, -9.702672540001864,
    -99.3, -150.7,
)  # fmt: skip

# Floats next to even and to odd multiples of π/2, where a reduction with too few digits of π is furthest off: one that
# glibc is 8 ulp off at, the smallest ones, the worst of each size, and the one that is the nearest of all.
HUGE_ANGLES = (
    563416747700.2246, 1126833495400.4492, 2.4189825415928567e23, 6.004779142530142e29, 1.5986289000543612e74,
    2.4985407433100564e123, 1.2853022199154463e174, 6.426511099577231e173, 1.7352682257830175e211,
    1.4918079000152377e239, 5.319372648326541e255, 1.1656933725740315e283, 5.828466862870158e282,
)

REFERENCE = {
    "where": Reference(
        lambda condition, x, y: x if condition else y,
        (None, lambda condition, x, y: mpf(bool(condition)), lambda condition, x, y: mpf(not condition)),
        ((0.0, 2.0, 3.0), (1.0, 2.0, 3.0), (-0.0, BIG, -BIG), (TINY, BIG, -BIG)),
    ),
    "equal": _compare(lambda x, y: x == y),
    "not_equal": _compare(lambda x, y: x != y),
    "less": _compare(lambda x, y: x < y),
    "less_equal": _compare(lambda x, y: x <= y),
    "greater": _compare(lambda x, y: x > y),
    "greater_equal": _compare(lambda x, y: x >= y),
    "logical_and": Reference(lambda x, y: x != 0 and y != 0, (None, None), _TRUTHS),
    "logical_or": Reference(lambda x, y: x != 0 or y != 0, (None, None), _TRUTHS),
    "logical_not": Reference(lambda x: x == 0, (None,), _both(0.0, TINY, BIG, 1.0)),
    "signbit": Reference(lambda x: x < 0, (None,), _both(TINY, BIG, 1.0)),
    "identity": Reference(lambda x: x, (_number(1),), _both(TINY, BIG)),
    "stop_gradient": Reference(lambda x: x, (None,), _both(TINY, BIG)),
    "add": Reference(lambda x, y: x + y, (_number(1), _number(1)), ((BIG, BIG), (1.0, -BELOW_1), (TINY, TINY))),
    "subtract": Reference(lambda x, y: x - y, (_number(1), _number(-1)), ((-BIG, BIG), (1.0, BELOW_1), (TINY, TINY))),
    "multiply": Reference(
        lambda x, y: x * y, (lambda x, y: y, lambda x, y: x), ((1e200, 1e200), (1e-200, 1e-160), (BIG, TINY)),
    ),
    "divide": Reference(
        lambda x, y: x / y,
        (lambda x, y: 1 / y, lambda x, y: -x / (y * y)),
        ((1e200, 1e200), (1e-150, 1e150), (1.0, BIG), (1e300, 1e-10), (-3.0, 1e-200), (1.0, 3.0)),
    ),
    "power": Reference(
        mp.power,
        (lambda x, y: y * mp.power(x, y - 1), lambda x, y: mp.log(x) * mp.power(x, y)),
        (
            (2.0, -1074.0), (2.0, -1073.5), (2.0, 1023.5), (0.5, 1040.25), (10.0, -320.5), (1e200, 2.0), (1e200, 1.6),
            (8.219572242243175e-88, 3.7101492519722896), (1.0733388941011456e-294, 1.084082554070127), (1e-200, -2.0),
            (0.9999999999985535, -3.922574583918827), (1e-200, 2.0), (1e-200, 1.6), (TINY, 1.0), (TINY, 0.5),
            (TINY, 0.75), (BIG, 1.0), (BIG, 0.5), (BIG, -1.0), (1e300, -1.05), (ABOVE_1, 1e18), (BELOW_1, 1e18),
            (BELOW_1, -3e18), (3.0, 0.0), (3.0, 1e-300), (1.0, 5.5), (7.0, 2.0), (0.001, 100.0), (1000.0, -102.3),
            (50.0, -180.9), (0.02, 179.1), (2.507584839188157e-268, -0.1543642547320251),
            (TINY, 1e-300), (TINY, 1e-20), (TINY, 0.0), (1e-310, -1e-5),
        ),
    ),
    "power_log": Reference(
        _power_log,
        (
            None,
            lambda n, x, y: mp.power(x, y - 1) * (y * mp.log(x) + n) * (mp.log(x) ** (n - 1) if n else 1 / mp.log(x)),
            lambda n, x, y: _power_log(n + 1, x, y),
        ),
        (
            (1.0, 1e-200, 1.6), (1.0, 0.5, 1010.25), (2.0, 10.0, -300.5), (1.0, 1e-160, 2.0), (0.0, 7.0, 2.0),
            (1.0, TINY, 0.75), (2.0, BIG, -0.5), (1.0, BELOW_1, 1e18), (1.0, 7.0, 1e-9), (2.0, 3.0, -0.3),
        ),
    ),
    "remainder": Reference(
        lambda x, y: x - y * mp.floor(x / y),
        (_number(1), lambda x, y: -mp.floor(x / y)),
        ((-1e-20, 1.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (1e15, 3.0), (1.0, 0.1), (1e-300, 1e300), (TINY, 3.0)),
    ),
    "floor_divide": Reference(
        lambda x, y: mp.floor(x / y),
        (_number(0), _number(0)),
        ((-1e-20, 1.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (1e15, 3.0), (1.0, 0.1), (1e-300, 1e300), (TINY, 3.0)),
    ),
    "negative": Reference(lambda x: -x, (_number(-1),), _both(TINY, BIG)),
    "absolute": Reference(abs, (mp.sign,), _both(TINY, BIG)),
    "sign": Reference(mp.sign, (_number(0),), (*_both(TINY, BIG), (0.0,))),
    "floor": Reference(mp.floor, (_number(0),), _both(TINY, 0.5, 4503599627370495.5, BIG)),
    "ceil": Reference(mp.ceil, (_number(0),), _both(TINY, 0.5, 4503599627370495.5, BIG)),
    "maximum": Reference(
        max,
        (lambda x, y: mpf(x > y), lambda x, y: mpf(y > x)),
        ((1.0, ABOVE_1), (ABOVE_1, 1.0), (-TINY, 0.0), (BIG, -BIG), (-3.0, 2.0)),
    ),
    "minimum": Reference(
        min,
        (lambda x, y: mpf(x < y), lambda x, y: mpf(y < x)),
        ((1.0, ABOVE_1), (ABOVE_1, 1.0), (-TINY, 0.0), (BIG, -BIG), (-3.0, 2.0)),
    ),
    "exp": Reference(mp.exp, (mp.exp,), _at(-745.1, -744.4, -708.5, 709.78, 720.0, -800.0, 0.0, 1e-300, TINY)),
    "exp2": Reference(
        lambda x: mp.power(2, x),
        (lambda x: mp.log(2) * mp.power(2, x),),
        _at(-1074.0, -1073.9, -1022.5, 1023.999, 1100.0, -1100.0, 0.0, 1e-300),
    ),
    "expm1": Reference(
        mp.expm1, (mp.exp,), (*_at(-745.1, -708.5, -40.0, 709.78, 720.0), *_both(0.0, TINY, 1e-300, 1e-17, 1e-8)),
    ),
    "log": Reference(mp.log, (lambda x: 1 / x,), _at(TINY, 1e-310, BELOW_1, ABOVE_1, 1.0, BIG)),
    "log2": Reference(
        lambda x: mp.log(x) / mp.log(2),
        (lambda x: 1 / (x * mp.log(2)),),
        _at(TINY, 1e-310, BELOW_1, ABOVE_1, 8.0, BIG),
    ),
    "log10": Reference(mp.log10, (lambda x: 1 / (x * mp.log(10)),), _at(TINY, 1e-310, BELOW_1, ABOVE_1, 1e3, BIG)),
    "log1p": Reference(
        mp.log1p, (lambda x: 1 / (1 + x),), (*_at(-BELOW_1, -0.75, 1e300, BIG), *_both(0.0, TINY, 1e-300, 1e-17, 1e-8)),
    ),
    "sqrt": Reference(mp.sqrt, (lambda x: 1 / (2 * mp.sqrt(x)),), _at(TINY, 1e-310, BELOW_1, ABOVE_1, 4.0, BIG)),
    "cbrt": Reference(
        lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        (lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2),),
        _both(TINY, 1e-310, 1e-200, 0.125, ABOVE_1, 27.0, 1e200, 7.4e198, 1.4251545101267462e-46, BIG),
    ),
    "sin": Reference(mp.sin, (mp.cos,), _both(0.0, TINY, 1e-8, math.pi / 2, math.pi, 1e15, 1e22, BIG, *HUGE_ANGLES)),
    "cos": Reference(
        mp.cos,
        (lambda x: -mp.sin(x),),
        _both(0.0, TINY, 1e-8, math.pi / 2, math.pi, 1e15, 1e22, BIG, *HUGE_ANGLES),
    ),
    "tan": Reference(
        mp.tan,
        (lambda x: 1 + mp.tan(x) ** 2,),
        _both(0.0, TINY, 1e-8, math.pi / 2, math.pi, -11 * math.pi / 2, 1e15, 1e22, *HUGE_ANGLES),
    ),
    "asin": Reference(
        mp.asin, (lambda x: 1 / mp.sqrt((1 - x) * (1 + x)),), _both(0.0, TINY, 1e-9, 0.5, 0.8657078744543584, BELOW_1),
    ),
    "acos": Reference(
        mp.acos, (lambda x: -1 / mp.sqrt((1 - x) * (1 + x)),), _both(0.0, TINY, 1e-9, 0.5, 0.8523916515829956, BELOW_1),
    ),
    "atan": Reference(
        mp.atan,
        (lambda x: 1 / (1 + x * x),),
        _both(0.0, TINY, 1e-9, 0.13337395581263323, 1e8, 1e150, 1e155, 1e160, BIG),
    ),
    "atan2": Reference(
        mp.atan2, (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)), (*_PAIRS, (1.0, -2.0)),
    ),
    "hypot": Reference(
        lambda x, y: mp.sqrt(x * x + y * y),
        (lambda x, y: x / mp.sqrt(x * x + y * y), lambda x, y: y / mp.sqrt(x * x + y * y)),
        _PAIRS,
    ),
    "direction_cosine": Reference(
        _cosine,
        (lambda x, y: y * y / mp.sqrt(x * x + y * y) ** 3, lambda x, y: -x * y / mp.sqrt(x * x + y * y) ** 3),
        _PAIRS,
    ),
    "sinh": Reference(mp.sinh, (mp.cosh,), _both(0.0, TINY, 1e-9, 22.0, 709.9, 710.4, 720.0)),
    "cosh": Reference(mp.cosh, (mp.sinh,), _both(0.0, TINY, 1e-9, 22.0, 709.9, 710.4, 720.0)),
    "tanh": Reference(
        mp.tanh,
        (lambda x: 1 / mp.cosh(x) ** 2,),
        _both(0.0, TINY, 1e-9, 0.2208153651152411, 1.3221083492869337, 19.0, 22.0, 300.0, 360.0, 372.0, 400.0),
    ),
    "asinh": Reference(mp.asinh, (lambda x: 1 / mp.sqrt(1 + x * x),), _both(0.0, TINY, 1e-9, 1.0, 1e154, 1e160, BIG)),
    "acosh": Reference(
        mp.acosh,
        (lambda x: 1 / mp.sqrt((x - 1) * (x + 1)),),
        _at(ABOVE_1, 1.0 + 1e-9, 1.0071702278540555, 274.37283670943026, 1e154, 1e160, BIG),
    ),
    "atanh": Reference(
        mp.atanh, (lambda x: 1 / ((1 - x) * (1 + x)),), _both(0.0, TINY, 1e-9, 0.22419721336883003, BELOW_1),
    ),
    "sigmoid": Reference(
        _sigmoid,
        (lambda x: _sigmoid(x) * _sigmoid(-x),),
        _both(0.0, TINY, 1e-9, 2.635595186998554, 40.0, 709.5, 740.0, 745.0, 800.0),
    ),
    "logistic_density": Reference(
        _logistic_density,
        (lambda x: -_logistic_density(x) * mp.tanh(x / 2),),
        _both(0.0, TINY, 1e-9, 2.635595186998554, 40.0, 709.5, 740.0, 745.0, 800.0),
    ),
    "softplus": Reference(
        lambda x: x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x)),
        (_sigmoid,),
        (*_both(0.0, TINY, 1e-9, 2.0331971800354443, 36.0, 40.0, 709.5, 745.0, 800.0), (BIG,)),
    ),
    "relu": Reference(lambda x: max(x, mpf(0)), (lambda x: mpf(x > 0),), _both(TINY, BIG)),
    "erf": Reference(mp.erf, (_bell,), _both(0.0, TINY, 1e-9, 0.84375, 1.25, 5.9, 26.5, 30.0)),
    "erfc": Reference(
        mp.erfc,
        (lambda x: -_bell(x),),
        (*_both(0.0, TINY, 1e-9, 0.84375, 0.9, 1.0, 1.25, 5.9, 30.0), *_at(2.8361381062069317, 26.5, 27.1)),
    ),
    "lgamma": Reference(_log_abs_gamma, (lambda x: mp.psi(0, x),), (*_GAMMA_TAILS, (2.5e305,), (TINY,))),
    "digamma": Reference(lambda x: mp.psi(0, x), (lambda x: mp.psi(1, x),), (*_GAMMA_TAILS, (1e300,), (1e-307,))),
    "polygamma": Reference(
        _polygamma,
        (None, lambda n, x: mp.psi(int(n) + 1, x)),
        (
            (0.0, 1e-300), (1.0, 1e-100), (2.0, 1e-90), (1.0, 1e200), (20.0, 1e-10), (40.0, 0.5), (169.0, 200.0),
            (1.0, -0.5), (1.0, -9.3), (2.0, -15.499979968739781), (4.0, -9.499999963924493), (3.0, -40.25),
            (8.0, -2.0000001), (5.0, 1e6), (0.0, 1.4616321449683623),
        ),
    ),
}  # fmt: skip


GAMMA_FAMILY = {"lgamma", "digamma", "polygamma"}


def has_zero_nearby(row, function, point: tuple[float, ...]) -> bool:
    """Whether a function of the gamma family changes its sign within 0.1 of the point, other than through a pole."""
    *order, x = point
    if row.name not in GAMMA_FAMILY or x < -1e6:
        return False
    low, high = x - 0.1, x + 0.1
    if x < 0.1:
        low, high = max(low, math.floor(x) + 1e-12), min(high, math.floor(x) + 1 - 1e-12)
    return bool(function(*order, mpf(low)) * function(*order, mpf(high)) <= 0)
