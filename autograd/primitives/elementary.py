"""Python's math functions made quiet: where they raise, IEEE-754's answer; and cbrt to one unit in the last place.

The platform's own are within three units in the last place of the true value, but for glibc's cbrt, which is replaced,
and its sin, cos and tan next to huge multiples of π/2, where they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf, nan

Function = Callable[[float], float]


def _quiet(function: Function, at_pole: dict[float, float] | None = None) -> Function:
    """`function`, with an infinite answer at its poles and nan outside its domain."""
    poles = at_pole or {}

    def evaluate(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return poles.get(x, nan)

    return evaluate


def _unbounded(function: Function) -> Function:
    """`function`, which grows with x, with inf where its value is beyond the largest float."""

    def evaluate(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return inf

    return evaluate


exp = _unbounded(math.exp)
exp2 = _unbounded(math.exp2)
expm1 = _unbounded(math.expm1)
cosh = _unbounded(math.cosh)
log = _quiet(math.log, {0.0: -inf})
log2 = _quiet(math.log2, {0.0: -inf})
log10 = _quiet(math.log10, {0.0: -inf})
log1p = _quiet(math.log1p, {-1.0: -inf})
sqrt = _quiet(math.sqrt)
asin = _quiet(math.asin)
acos = _quiet(math.acos)
acosh = _quiet(math.acosh)
atanh = _quiet(math.atanh, {1.0: inf, -1.0: -inf})

# 2/π, to the digits that the largest float needs: whole numbers of quarter turns in units of 2**-QUARTER_BITS.
QUARTER_BITS = 1190
TWO_OVER_PI = int(
    "28be60db9391054a7f09d5f47d4d377036d8a5664f10e4107f9458eaf7aef1586dc91b8e909374b801924bba827464873f87"
    "7ac72c4a69cfba208d7d4baed1213a671c09ad17df904e64758e60d4ce7d272117e2ef7e4a0ec7fe25fff7816603fbcbc462"
    "d6829b47db4d9fb3c9f2c26dd3d18fd9a797fa8b5d49eeb1faf97c5ecf41ce7de294a4ba9afed7ec47e357421580cc11bf",
    16,
)
FAR, NEAR = 2.0**26, 2.0**-30  # beyond FAR, the platform's values below NEAR and above 1/NEAR are not relied on


def _periodic(function: Function) -> Function:
    """`function`, the platform's sin, cos or tan, right also next to huge multiples of π/2; nan at the infinities.

    There it is, but for its sign, the angle to the multiple, or one over it: the next term is below 2**-60 of it.
    """

    def evaluate(x: float) -> float:
        if -FAR < x < FAR:
            return function(x)
        value = function(x) if math.isfinite(x) else nan
        if not (abs(value) < NEAR or abs(value) > 1.0 / NEAR):
            return value
        numerator, denominator = x.as_integer_ratio()
        turned = numerator * TWO_OVER_PI // denominator % (1 << QUARTER_BITS)
        angle = min(turned, (1 << QUARTER_BITS) - turned)  # over TWO_OVER_PI
        return math.copysign(angle / TWO_OVER_PI if abs(value) < NEAR else TWO_OVER_PI / angle, value)

    return evaluate


sin = _periodic(math.sin)
cos = _periodic(math.cos)
tan = _periodic(math.tan)


# The platform's own, for expansions in compiled code.
platform_cbrt = math.cbrt
platform_erfc = math.erfc


def platform_fmod(x: float, y: float) -> float:
    """The remainder of x / y with the sign of x; nan where y is 0 or x infinite."""
    try:
        return math.fmod(x, y)
    except ValueError:
        return nan


def sinh(x: float) -> float:
    """The hyperbolic sine; infinite, with the sign of x, beyond the largest float."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(inf, x)


def cbrt(x: float) -> float:
    """The real cube root, also of a negative x.

    >>> cbrt(-27.0)
    -3.0
    """
    if x == 0.0 or x != x or x in (inf, -inf):
        return x
    mantissa, exponent = math.frexp(abs(x))
    thirds = -(-exponent // 3)
    # The power sees a number from 1/8 to 1, where 1/3 as a float is close enough to the true exponent.
    return math.copysign(math.ldexp(math.ldexp(mantissa, exponent - 3 * thirds) ** (1 / 3), thirds), x)


def floor(x: float) -> float:
    """The largest integer that is not above x; -0.0, infinities and nan stay as they are."""
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """The smallest integer that is not below x; -0.0 above -1, and infinities and nan stay as they are."""
    return math.copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


def sign(x: float) -> float:
    """-1, 0 or 1; a zero keeps its sign, nan stays nan."""
    return math.copysign(1.0, x) if x != 0.0 and x == x else x


def maximum(x: float, y: float) -> float:
    """The larger one; 0.0 of two zeros where one of them is, nan where one of them is."""
    return x if x > y else y if y > x else x + y if x != y or x == 0.0 else x


def minimum(x: float, y: float) -> float:
    """The smaller one; -0.0 of two zeros where one of them is, nan where one of them is."""
    return -maximum(-x, -y)


def relu(x: float) -> float:
    """x where x is positive, 0.0 elsewhere; nan stays nan."""
    return 0.0 if x <= 0.0 else x


def divide(x: float, y: float) -> float:
    """x / y; x / 0 is infinite with the signs' product, 0 / 0 is nan."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0.0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    """x ** y; infinite beyond the largest float and for 0 to a negative power, nan where it would be complex."""
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if x < 0.0 and math.floor(y) != y:
            return nan
        return math.copysign(inf, x) if math.fmod(y, 2.0) in (1.0, -1.0) else inf


def power_log(n: float, x: float, y: float) -> float:
    """x ** y · ln(x) ** n for a whole n from 0 up, nan for any other; 0 where x is and y is positive.

    >>> power_log(1.0, 2.0, 3.0)  # 8·ln 2
    5.545177444479562
    """
    if not n >= 0.0 or n % 1.0 != 0.0:
        return nan
    value = power(x, y)
    if n == 0.0:
        return value
    if x == 0.0 and y > 0.0:
        return 0.0
    logarithm = power(log(x), n)
    if x > 0.0 and value < 2.2250738585072014e-308:  # next to underflow the value has lost its digits: two halves
        half = power(x, 0.5 * y)
        return (half * logarithm) * half
    return value * logarithm


def direction_cosine(x: float, y: float) -> float:
    """x / hypot(x, y), also where that is subnormal or overflows; 0 at (0, 0).

    >>> direction_cosine(4e200, 3e200)
    0.8
    """
    length = math.hypot(x, y)
    if 1e-290 < length < inf:
        return x / length
    if length == 0.0:
        return 0.0
    scale = 2.0**600 if length < 1.0 else 0.25
    return scale * x / math.hypot(scale * x, scale * y)


def per_length(a: float, b: float, x: float, y: float, as_it_is: bool) -> float:
    """a·b / hypot(x, y), without overflow or underflow on the way, for a and b that are 1 at most.

    >>> per_length(0.5, 1.0, 3e-200, 4e-200, False)
    1e+199
    """
    length = math.hypot(x, y)
    if 1e-290 < length < 1e290:
        ratio = a / length * b
        if abs(ratio) > 1e-290:
            return ratio
    largest = min(max(max(abs(x), abs(y)), 1e-300), 1e300)
    scale = math.ldexp(1.0, -((math.frexp(largest)[1] - 1) // 2))
    own = 1.0 if as_it_is else scale * scale
    return divide(a * (own / scale), math.hypot(own * x, own * y)) * (b * scale)


def power_slope(out: float, x: float, y: float) -> float:
    """y·x**(y-1), where `out` is x**y: the number of the rule in the table, which says why it is taken so.

    >>> power_slope(8.0, 2.0, 3.0)
    12.0
    """
    if y == 0.0:
        return 0.0
    lower = y - 1.0
    below = power(x, lower)
    if x == 0.0 or (2.0**-10 <= abs(y) < 2.0**53 and (abs(below) < inf or abs(y) >= 1.0)):
        lost = y - (lower + 1.0)
        usual = y * below * (1.0 + lost * math.log(x)) if lost != 0.0 and 0.0 < x < inf else y * below
    else:
        usual, below = divide(y, x) * out + 0.0, out
    if abs(below) < 2.2250738585072014e-308 and abs(y) > 7.0 and x > 0.0:
        half = power(x, 0.5 * y)
        exact = (y * half) * (half / x)
        return usual + (exact - usual) if usual == usual else exact
    return usual


def remainder(x: float, y: float) -> float:
    """x % y with Python's sign, that of y; nan where y is 0."""
    try:
        return x % y
    except ZeroDivisionError:
        return nan


def floor_divide(x: float, y: float) -> float:
    """x // y; x // 0 is x / 0."""
    try:
        return x // y
    except ZeroDivisionError:
        return divide(x, y)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), two-sided: exp never overflows, and neither tail is lost."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    tail = math.exp(x)
    return tail / (1.0 + tail)


def logistic_density(x: float) -> float:
    """exp(-x) / (1 + exp(-x))**2, as t - t² of the smaller t of sigmoid(x) and sigmoid(-x), which keeps both tails."""
    tail = math.exp(-abs(x))
    tail = tail / (1.0 + tail)
    return tail - tail * tail


def softplus(x: float) -> float:
    """ln(1 + exp(x)), as max(x, 0) + log1p(exp(-|x|)), which neither overflows nor loses its tail."""
    return (0.0 if x < 0.0 else x) + math.log1p(math.exp(-abs(x)))
