"""Elementary functions as LLVM IR text, on one sample or on a vector of them, to about one unit in the last place.

A function has one algorithm, written once as a formula over `Term`s; the width only changes the types. So a sample
gets the same bits wherever it stands in a batch. Worst errors in units in the last place, to which test_vector_math.py
holds the functions: exp and pow 0.55 (1 where the result is subnormal), log 0.6, sin and cos 0.85, log1p 1, expm1 1.1,
tanh 1.8. Infinities, nan, signed zeros, overflow and gradual underflow follow C99's Annex F. Samples outside a fast
path's range take a cold path, out of line.

The methods are P. T. P. Tang's table-driven ones (ACM TOMS 15(2), 1989, exp; 16(4), 1990, log) and, for sin and cos,
the argument reduction of W. J. Cody and W. Waite ("Software Manual for the Elementary Functions", 1980).

>>> print(define("tanh", 8, fma=True).text.splitlines()[0])
define internal <8 x double> @autograd.tanh.w8(<8 x double> %x) alwaysinline {
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache
from math import inf, isqrt, nan

from autograd.compiler.backends.angles import LLVM_SYMBOLS
from autograd.compiler.backends.llvm.functions.terms import (
    Formula,
    Lines,
    Operand,
    Term,
    bits_of,
    number_of,
    vector_type,
)

FUNCTIONS: tuple[str, ...] = ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "pow")


@dataclass(frozen=True)
class Definition:
    """A function's name without @, its text, and the texts that its module must hold once besides."""

    name: str
    text: str
    declarations: tuple[str, ...]


def type_name(width: int) -> str:
    """The LLVM type of `width` samples.

    >>> type_name(1), type_name(8)
    ('double', '<8 x double>')
    """
    return vector_type("double", width)


def define(name: str, width: int, *, fma: bool, avx512: bool = False, inline: bool = True) -> Definition:
    """The function `name` of FUNCTIONS on `width` samples, as `@autograd.{name}.w{width}`.

    `fma` says whether the machine has a fused multiply-add; without one the results may differ in the last place, and
    keep the same bounds. `avx512` says whether it has AVX-512, which changes no bit. A
    module has one setting of both. `inline` makes the function alwaysinline, else noinline. The declarations are
    intrinsics, functions of the platform's libm, tables and cold paths; functions share some of them, and a module must
    hold each text once. Raises KeyError for a name that is not in FUNCTIONS.

    >>> log = define("log", 1, fma=True)
    >>> log.name, [text for text in log.declarations if text.startswith("declare")]
    ('autograd.log.w1', ['declare double @llvm.fma.f64(double, double, double)'])
    """
    formula, arity = _FORMULAS[name]
    lines = Lines(width, fma, avx512)
    arguments = [Term(lines, argument, "double") for argument in ("%x", "%y")[:arity]]
    symbol = f"autograd.{name}.w{width}"
    text = lines.function(symbol, "alwaysinline" if inline else "noinline", arguments, formula(*arguments))
    return Definition(symbol, text, tuple(lines.declarations))


# Constants, exact to 60 digits before they are rounded. "High" parts have zeros at the end of their mantissas, so that
# their products with the integers that occur are exact also without a fused multiply-add.

_EXACT = Context(prec=60)
_LN2 = _EXACT.ln(Decimal(2))
_HALF_PI = Decimal("1.57079632679489661923132169163975144209858469968755291048747229615390820314310449931")
# Added to a number below 2**51 it leaves the nearest integer in the last bits of the sum.
_ROUNDER = 1.5 * 2.0**52
_SMALLEST_NORMAL = 2.0**-1022


def _parts(value: Decimal, *bits: int) -> list[float]:
    """`value` as a sum of floats, all but the last cut to so many bits after the binary point."""
    parts = []
    for places in bits:
        parts.append(float(int(_EXACT.multiply(value, Decimal(2**places)))) / 2.0**places)
        value = _EXACT.subtract(value, Decimal(parts[-1]))
    return [*parts, float(value)]


# Exponentials. exp(x) = 2**(n/16)·exp(r) for n = rint(16·x/ln 2), |r| <= ln 2/32; 2**(i/16) = scale·(1 + tail).
# Sixteen entries fit into two registers of AVX-512, which looks them up there in a tenth of the time of a gather.
_LN2_16_HIGH, _LN2_16_LOW = _parts(_EXACT.divide(_LN2, Decimal(16)), 38)
_STEPS = float(_EXACT.divide(Decimal(16), _LN2))
# All coefficients here interpolate their function at the Chebyshev nodes of its interval, solved with mpmath at 100
# digits and rounded. These are of (exp(r) - 1 - r)/r²: relative error 2**-64 of exp(r).
_EXP = (
    0.5000000000000001, 0.16666666666666669, 0.041666666663595475, 0.00833333333299209, 0.0013889063440655327,
    0.0001984146378747018,
)  # fmt: skip


@cache
def _exp_table() -> tuple[tuple[float, ...], tuple[float, ...]]:
    # 2**(1/16) by square roots of whole numbers: 256 bits, in a fraction of the time that Decimal's powers take.
    root = 2
    for _ in range(4):
        root = isqrt(root << 512 if root == 2 else root << 256)
    exact, power = [], 1 << 256
    for _ in range(16):
        exact.append(_EXACT.divide(Decimal(power), Decimal(1 << 256)))
        power = (power * root) >> 256
    scales = tuple(float(value) for value in exact)
    tails = [_EXACT.subtract(_EXACT.divide(value, Decimal(scale)), Decimal(1)) for value, scale in zip(exact, scales)]
    return scales, tuple(float(tail) for tail in tails)


def _exp_parts(x: Term, low: Term | None = None) -> tuple[Term, Term, Term]:
    """exp(x + low) = 2**(n/16)·s·(1 + e): n as an integer that 16 divides, s from the table, e; |x| below 2**30."""
    lines = x.lines
    shifted = lines.fma(x, _STEPS, _ROUNDER)
    steps = shifted - _ROUNDER
    r = lines.fma(steps, -_LN2_16_LOW, lines.fma(steps, -_LN2_16_HIGH, x))
    if low is not None:
        r = r + low
    index = shifted.bits() & 15
    scales, tails = _exp_table()
    scale, tail = lines.look_up("exp", scales, index), lines.look_up("exp_tail", tails, index)
    square = r * r
    low_terms = lines.fma(square, lines.polynomial(r, _EXP[:2]), tail)
    return shifted.bits() - index, scale, r + lines.fma(square * square, lines.polynomial(r, _EXP[2:]), low_terms)


def _exp_scaled(x: Term, low: Term | None = None) -> tuple[Term, Term]:
    """exp(x + low) = s·(1 + e), where it is a normal number: s, e."""
    steps, scale, excess = _exp_parts(x, low)
    return (scale.bits() + (steps << 48)).number(), excess


def _exp(x: Term) -> Term:
    """s + s·e as in _exp_scaled: 0.5 ulp for the sum, and less than 0.05 for e.

    In a batch a branch, around which every register is saved, costs more than the way that is right everywhere.
    """
    if x.lines.width > 1:
        return _exp_everywhere(x)
    scale, excess = _exp_scaled(x)
    return x.lines.unless(~(abs(x) <= 700.0), x.lines.fma(scale, excess, scale), _exp_everywhere, x)


def _exp_everywhere(x: Term) -> Term:
    """exp for all x: the power of two in two factors, so that only the last product over- or underflows.

    Where it would underflow to zero it is not multiplied at all: that takes a processor many times as long.
    """
    lines = x.lines
    if lines.by_registers:
        x = lines.select(x > 710.0, 710.0, lines.select(x < -746.0, -746.0, x))
        scale, excess, steps = _exp_clamped(x)
        return lines.scaled(lines.fma(scale, excess, scale), steps)
    zero = x < -746.0
    x = lines.select(zero, 0.0, lines.select(x > 710.0, 710.0, x))
    steps, scale, excess = _exp_parts(x)
    exponent = (steps - bits_of(_ROUNDER)) >> 4
    half = exponent >> 1
    first, second = (((part + 1023) << 52).number() for part in (half, exponent - half))
    return lines.select(zero, 0.0, lines.fma(scale, excess, scale) * first * second)


def _exp_clamped(x: Term) -> tuple[Term, Term, Term]:
    """exp(x) = 2**floor(n)·s·(1 + e) for x from -746 to 710: s, e, n, as AVX-512 takes them."""
    _, scale, excess = _exp_parts(x)
    return scale, excess, (x.lines.fma(x, _STEPS, _ROUNDER) - _ROUNDER) * 2.0**-4


# (exp(x) - 1 - x)/x² for |x| <= 0.0655: relative error 2**-63 of exp(x) - 1.
_EXPM1 = (
    0.5, 0.16666666666666666, 0.041666666666672104, 0.008333333333333828, 0.0013888888825481832,
    0.00019841269783627582, 2.4803951963038505e-05, 2.7559468901434207e-06,
)  # fmt: skip


def _expm1(x: Term) -> Term:
    """(s - 1) + s·e as in _exp_scaled, where s - 1 has two parts; a polynomial near 0: 1 ulp; 1.1 near 2**53."""
    lines = x.lines
    scale, excess = _exp_scaled(x)
    minus_one = scale - 1.0
    large = minus_one + lines.fma(scale, excess, (-1.0 - minus_one) + scale)
    small = lines.fma(x * x, lines.polynomial(x, _EXPM1), x)
    value = lines.intrinsic("copysign", lines.select(abs(x) < 0.065, small, large), x)
    return lines.unless(~(abs(x) <= 700.0), value, _expm1_far_out, x)


def _expm1_far_out(x: Term) -> Term:
    return _exp_everywhere(x) - 1.0


# (tanh(x)/x - 1)/x² in x², for |x| <= 1/16: relative error 2**-63 of tanh(x).
_TANH = (-0.3333333333333333, 0.13333333333325165, -0.05396825380111003, 0.021869368803035232, -0.00882821130868795)


def _tanh(x: Term) -> Term:
    """-m/(m + 2), where m = exp(-2·|x|) - 1 = (s - 1) + s·e as in _exp_scaled; a polynomial below 1/16.

    The quotient is taken by 1/(1 + exp(-2·|x|)) and corrected by what is left: where the derivative of tanh is computed
    beside it, which takes that too, the compiler finds that the two share the exponential and the division.
    """
    lines = x.lines
    size, exponent = abs(x), -abs(2.0 * x)
    if lines.by_registers:
        scale, excess, steps = _exp_clamped(lines.select(exponent < -746.0, -746.0, exponent))
        t, scale = lines.scaled(lines.fma(scale, excess, scale), steps), lines.scaled(scale, steps)
    else:
        scale, excess = _exp_scaled(lines.select(exponent < -40.0, -40.0, exponent))  # where the result is 1
        t = lines.fma(scale, excess, scale)
    minus_one = scale - 1.0
    m = minus_one + lines.fma(scale, excess, (-1.0 - minus_one) + scale)
    below = m + 2.0
    inverse = 1.0 / (1.0 + t)
    quotient = m * inverse
    product, error = lines.product(quotient, below)
    large = lines.fma(((m - product) - error) - quotient * ((2.0 - below) + m), inverse, quotient)
    square = size * size
    small = lines.fma(size * square, lines.polynomial(square, _TANH), size)
    return lines.intrinsic("copysign", lines.select(size < 0.0625, small, large), x)


# Logarithms. log(x) = k·ln 2 - log(c) + log(1 + r) for x = 2**k·z, r = z·c - 1, where c, from a table of 128 entries,
# is a multiple of 1/512 near 1/z, and 1 around z = 1: there is no cancellation, as -0.0048 < r < 0.0046.
_LN2_HIGH, _LN2_LOW = _parts(_LN2, 42)
_LEAST_Z = 0x3FE69 << 44
# (log(1 + r) - r)/r²: relative error 2**-61 of log(1 + r).
_LOG = (-0.5, 0.33333333333333515, -0.249999999981648, 0.19999999897417017, -0.16667005035821486, 0.142922168101806)
# (log(1 + r) - r + r²/2)/r³ for pow: 2**-70.
_LOG_LONGER = (
    0.33333333333333337, -0.2500000000000059, 0.19999999997068996, -0.16666666520482093, 0.14286074886420666,
    -0.12506940402206485,
)  # fmt: skip


@cache
def _log_table() -> tuple[tuple[float, ...], ...]:
    """c, and -log(c) in two parts."""
    centres = [number_of(_LEAST_Z + (i << 45) + (1 << 44)) for i in range(128)]
    inverses = [round(512 / centre) / 512 for centre in centres]
    parts = [_parts(_EXACT.minus(_EXACT.ln(Decimal(inverse))), 42) for inverse in inverses]
    return tuple(inverses), tuple(high for high, _ in parts), tuple(low for _, low in parts)


def _log_parts(x: Term, shift: Operand = 0.0) -> tuple[Term, Term, Term, Term]:
    """z, c, and k·ln 2 - log(c) in two parts for x·2**shift, with x normal and positive."""
    lines = x.lines
    offset = x.bits() - _LEAST_Z
    exponent = offset >> 52
    index = (offset >> 45) & 127
    z = (x.bits() - (exponent << 52)).number()
    k = (exponent + bits_of(_ROUNDER)).number() - _ROUNDER + shift
    tables = _log_table()
    c, high, low = (lines.look_up(name, table, index) for name, table in zip(("log", "log_high", "log_low"), tables))
    return z, c, lines.fma(k, _LN2_HIGH, high), lines.fma(k, _LN2_LOW, low)


def _normal_log(x: Term, shift: Operand = 0.0, extra: Term | None = None) -> Term:
    """The sum, from its largest terms to r²·P(r), of which only the last addition rounds visibly: 0.55 ulp."""
    lines = x.lines
    z, c, high, low = _log_parts(x, shift)
    if lines.fused:
        r = lines.fma(z, c, -1.0)
    else:
        product, error = lines.product(z, c)
        r = (product - 1.0) + error
    total = high + r
    rest = ((high - total) + r) + low
    if extra is not None:
        rest = rest + extra
    return total + lines.fma(r * r, lines.polynomial(r, _LOG), rest)


def _is_not_normal(x: Term) -> Term:
    """Whether x is not a positive normal number."""
    return (x.bits() - bits_of(_SMALLEST_NORMAL)).compare("uge", bits_of(inf) - bits_of(_SMALLEST_NORMAL))


def _log(x: Term) -> Term:
    return x.lines.unless(_is_not_normal(x), _normal_log(x), _log_everywhere, x)


def _log_everywhere(x: Term) -> Term:
    """log for all x: a subnormal number scaled up first; -inf at zeros, nan below, nan and inf as they are."""
    lines = x.lines
    tiny = x < _SMALLEST_NORMAL
    value = _normal_log(lines.select(tiny, x * 2.0**54, x), lines.select(tiny, -54.0, 0.0))
    value = lines.select(x > 0.0, value, lines.select(x < 0.0, nan, -inf))
    return lines.select(x < inf, value, x)


def _log1p(x: Term) -> Term:
    """log(u) + c/u, where u = 1 + x rounded and c is its rounding error (D. E. Knuth's sum in two parts): 1 ulp."""
    lines = x.lines
    u = 1.0 + x
    x_part = u - 1.0
    c = (1.0 - (u - x_part)) + (x - x_part)
    value = lines.intrinsic("copysign", _normal_log(u, extra=c / u), x)
    return lines.unless(_is_not_normal(u), value, _log_everywhere, u)


# sin and cos. x = k·π/2 + w + low for k = rint(x·2/π); then sin or cos of w + low by the last bits of k.
_HALF_PI_PARTS = _parts(_HALF_PI, 32, 65)
_QUARTERS = float(_EXACT.divide(Decimal(1), _HALF_PI))
_FAST_ANGLE = 2.0**19
# (sin(w)/w - 1)/w² and (cos(w) - 1 + w²/2)/w⁴ in w² up to π/4: relative errors 2**-57 and 2**-59.
_SIN = (
    -0.16666666666666666, 0.008333333333333331, -0.00019841269841265065, 2.7557319219338794e-06,
    -2.505210623231864e-08, 1.605853159854918e-10, -7.586695912998733e-13,
)  # fmt: skip
_COS = (
    0.041666666666666664, -0.0013888888888887398, 2.4801587298765462e-05, -2.755731727161287e-07,
    2.0876146244035124e-09, -1.1382630669902987e-11,
)  # fmt: skip


def _turned(x: Term, quarters: int) -> tuple[Term, Term]:
    """sin(x + quarters·π/2), and whether x needs libm: far out, and within 2**-60·|x| of a multiple of π/2."""
    lines = x.lines
    first, second, third = _HALF_PI_PARTS
    shifted = lines.fma(x, _QUARTERS, _ROUNDER)
    k = shifted - _ROUNDER
    # Exact: both products by their trailing zeros, the first difference as the terms are close to each other. What the
    # second loses, and the third part, are `low`: w does not wait for it, as a loop's next trip waits for the sine.
    near, step = lines.fma(k, -first, x), k * second
    w = near - step
    low = lines.fma(k, -third, (near - w) - step)
    square, half = w * w, 0.5 * (w * w)
    cube, fourth, head = w * square, square * square, 1.0 - half
    # `low` is up to 128 units in the last place of w, so that the slopes it is multiplied by have three terms.
    slope = lines.fma(fourth, lines.polynomial(square, _COS[:2]), head)
    sine = w + lines.fma(cube, lines.polynomial(square, _SIN), low * slope)
    slope = lines.fma(cube, lines.polynomial(square, _SIN[:2]), w)
    rest = lines.fma(fourth, lines.polynomial(square, _COS), -(low * slope))
    cosine = head + (((1.0 - head) - half) + rest)
    quadrant = shifted.bits() + quarters
    value = lines.select((quadrant & 1).compare("ne", 0), cosine, sine)
    size = abs(x)
    rare = ~(size <= _FAST_ANGLE) | (abs(w) < size * 2.0**-60)
    return (value.bits() ^ ((quadrant & 2) << 62)).number(), rare


def _sin(x: Term) -> Term:
    """0.5 ulp for the last sum, and less than 0.2 for its smaller term."""
    value, rare = _turned(x, 0)
    # A zero keeps its sign.
    value = x.lines.select(abs(x) > 0.0, value, x)
    return x.lines.unless(rare, value, _sin_by_libm, rare, value, x)


def _cos(x: Term) -> Term:
    """As _sin; near odd multiples of π/4, 0.25 ulp from w² besides."""
    value, rare = _turned(x, 1)
    return x.lines.unless(rare, value, _cos_by_libm, rare, value, x)


def _sin_by_libm(rare: Term, value: Term, x: Term) -> Term:
    return x.lines.lane_by_lane(LLVM_SYMBOLS["sin"], rare, value, x)


def _cos_by_libm(rare: Term, value: Term, x: Term) -> Term:
    return x.lines.lane_by_lane(LLVM_SYMBOLS["cos"], rare, value, x)


def _long_log(x: Term) -> tuple[Term, Term]:
    """log of a positive normal number in two parts, with a relative error of 2**-67."""
    lines = x.lines
    z, c, high, low = _log_parts(x)
    product, error = lines.product(z, c)
    r = product - 1.0
    total = high + r
    half_square, half_square_error = lines.product(-0.5 * r, r)
    head = total + half_square
    errors = ((high - total) + r) + ((total - head) + half_square) + half_square_error
    # log(1 + r + error) = log(1 + r) + error·(1 - r + r²) as far as it counts.
    errors = errors + lines.fma(error * r, r - 1.0, error)
    tail = lines.fma(r * (r * r), lines.polynomial(r, _LOG_LONGER), errors + low)
    result = head + tail
    return result, (head - result) + tail


def _pow(x: Term, y: Term) -> Term:
    """exp(y·log|x|) with the exponent in two parts, and the sign of an odd y: 0.55 ulp.

    libm's where that comes near over- or underflow, and for x zero, subnormal, infinite or nan.
    """
    lines = x.lines
    size = abs(x)
    high, low = _long_log(size)
    exponent, error = lines.product(y, high)
    scale, excess = _exp_scaled(exponent, lines.fma(y, low, error))
    value = lines.fma(scale, excess, scale)
    fraction = y - lines.intrinsic("rint", y)
    half = 0.5 * y
    odd = abs(half - lines.intrinsic("rint", half)) > 0.0
    of_negative = lines.select(abs(fraction) > 0.0, nan, lines.select(odd, -value, value))
    value = lines.select(x < 0.0, of_negative, value)
    rare = _is_not_normal(size) | ~(abs(exponent) <= 700.0)
    return lines.unless(rare, value, _pow_by_libm, rare, value, x, y)


def _pow_by_libm(rare: Term, value: Term, x: Term, y: Term) -> Term:
    return x.lines.lane_by_lane("pow", rare, value, x, y)


_FORMULAS: dict[str, tuple[Formula, int]] = {
    "exp": (_exp, 1),
    "expm1": (_expm1, 1),
    "log": (_log, 1),
    "log1p": (_log1p, 1),
    "tanh": (_tanh, 1),
    "sin": (_sin, 1),
    "cos": (_cos, 1),
    "pow": (_pow, 2),
}
