"""The gamma family and erfc on floats: log|gamma|, digamma, polygamma, and erfc, to about two units in the last place.

Every function is quiet, as IEEE-754 asks: nan, infinities and poles have an answer, and nothing raises. Formulas are
cited by their number in the NIST Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov).

Two devices carry the accuracy. Next to a zero, a function is a factor that vanishes there exactly, times a smooth one:
lgamma(2 + t) = t·(t + 1)·A(t) and digamma(2 + t) = (t - zero)·B(t), with A and B interpolated at Chebyshev nodes of
[-1, 1] in 60-digit arithmetic (DLMF 3.11(ii)). And on the negative axis, where every interval between two poles has
zeros, the recurrence's products and sums are taken in Python's integers, so that nothing is lost when they cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import inf, nan

_LGAMMA_FACTOR = (
    0.42278433509846713, -0.1003173016743539, 0.03296500062115574, -0.012384192193374355, 0.004998641164703877,
    -0.0021081308338291313, 0.0009153769220606788, -0.0004057073999387517, 0.0001825526419770573,
    -8.30950999467849e-05, 3.816886281372433e-05, -1.76618554743359e-05, 8.22234752455359e-06,
    -3.846514242663473e-06, 1.8074596187759183e-06, -8.554816957122729e-07, 4.055632887824375e-07,
    -1.861315818147291e-07, 8.745972665553556e-08, -5.2038665332275675e-08, 2.6247261052647615e-08,
    -7.860744687083056e-10, -7.603161817337265e-10, -8.952022836709702e-09, 4.927878685807231e-09,
    2.4694237633377504e-09, -1.38994451662441e-09, -8.190037783551156e-10, 4.2453673576593125e-10,
)
_DIGAMMA_FACTOR = (
    0.7853075386041053, -0.26073895468300146, 0.10899991701762858, -0.04955103291766727, 0.023447309597549766,
    -0.011338432553570059, 0.005552254176536144, -0.0027395728785465467, 0.0013581421098813344,
    -0.0006753134209495447, 0.0003364331278986385, -0.00016781483194783505, 8.377508659378348e-05,
    -4.184787693054116e-05, 2.091081451447697e-05, -1.0435770943228892e-05, 5.212445133891106e-06,
    -2.645871409092003e-06, 1.3308629411671011e-06, -5.864278463317367e-07, 2.8091189744546605e-07,
    -2.532281805799342e-07, 1.3990472099665014e-07, 4.594744120460249e-08, -3.299171559966835e-08,
    -6.695140151139414e-08, 3.846913846622345e-08, 2.070604694120438e-08, -1.183257077685753e-08,
    -5.495315942645068e-09, 2.944930002207525e-09,
)
# digamma's only zero on the positive axis is 2 + _ZERO + _ZERO_REST.
_ZERO, _ZERO_REST = -0.5383678550316376, -1.5522348162858677e-17

# The Taylor coefficients of erfc at 1: the derivatives are Hermite polynomials times exp(-1), DLMF 7.10.1.
ERFC_AT_1 = (
    0.15729920705028513, -0.4151074974205947, 0.4151074974205947, -0.1383691658068649, -0.06918458290343245,
    0.06918458290343245, -0.0046123055268954966, -0.015154718159799489, 0.004777030724284622, 0.0018851883701199847,
    -0.0012262875805634853, -8.552399137172747e-05, 0.0002000551471321796, -1.871663923714299e-05,
    -2.3707092917618642e-05, 5.478243913614475e-06, 2.081047017853699e-06, -8.490471396314434e-07,
)

# The Bernoulli numbers B2, B4, ..., B24 (DLMF 24.2(iv)).
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
    854513 / 138, -236364091 / 2730,
)
_STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:8], 1))
_DIGAMMA_TAIL = tuple(b / (2 * k) for k, b in enumerate(_BERNOULLI[:8], 1))

# ln 2 in two parts: the first is short enough that its product with an exponent is exact.
_LN2, _LN2_REST = 0.6931471805592082, 7.371002565167799e-13

_ASYMPTOTIC_FROM = 10.0  # beyond it, eight terms of an asymptotic series leave less than 1e-16 of the value
_REFLECT_BELOW = -100.0  # above it, negative arguments go by the recurrence in integers
_REACH = 12  # so far from the nearest pole the terms of a reflected sum are taken one by one
_POLE_ALONE = 1e-20  # this close to 0, the pole's own term is the value
_LARGEST_ORDER = 170.0  # 171! is beyond the largest float


def lgamma(x: float) -> float:
    """The logarithm of |gamma(x)|; inf at the poles 0, -1, -2, ... and at both infinities.

    Source: the recurrence DLMF 5.5.1, the reflection 5.5.3, Stirling's series 5.11.1.

    >>> lgamma(0.5), lgamma(1.0), lgamma(-1.0)
    (0.5723649429247001, 0.0, inf)
    """
    if x != x:
        return nan
    if x in (inf, -inf) or (x <= 0.0 and x % 1.0 == 0.0):
        return inf
    if x < 0.0:
        return _lgamma_negative(x)
    if x < 1.0:
        return _lgamma_from_2(x - 1.0) - math.log(x)
    if x <= 3.0:
        return _lgamma_from_2(x - 2.0)
    if x < _ASYMPTOTIC_FROM:
        product = 1.0
        while x > 3.0:
            x -= 1.0
            product *= x
        return _lgamma_from_2(x - 2.0) + math.log(product)
    series = _polynomial(_STIRLING, (1.0 / x) * (1.0 / x)) / x
    # ln(2π)/2 - 1/2 is added to (x - 1/2)·(ln x - 1), which rounds less than (x - 1/2)·ln x - x.
    return (x - 0.5) * (math.log(x) - 1.0) + (0.4189385332046727 + series)


def digamma(x: float) -> float:
    """The derivative of lgamma; -inf at 0, inf at -0.0, nan at the other poles -1, -2, ... and at -inf.

    Source: the recurrence DLMF 5.5.2, the reflection 5.5.4 with the cotangent as its partial fractions 4.22.3, the
    asymptotic series 5.11.2.

    >>> digamma(1.0), digamma(0.0), digamma(-1.0)
    (-0.5772156649015329, -inf, nan)
    """
    if x != x or x == -inf:
        return nan
    if x == 0.0:
        return math.copysign(inf, -x)
    if abs(x) < _POLE_ALONE:
        return -1.0 / x
    if x < 0.0:
        return _digamma_negative(x)
    if x < 1.0:
        return _digamma_from_2(x - 1.0) - 1.0 / x
    if x <= 3.0:
        return _digamma_from_2(x - 2.0)
    if x >= _ASYMPTOTIC_FROM:
        return math.log(x) - _log_minus_digamma(x)
    terms = []
    while x > 3.0:
        x -= 1.0
        terms.append(1.0 / x)
    return math.fsum([_digamma_from_2(x - 2.0), *terms])


def polygamma(n: float, x: float) -> float:
    """The n-th derivative of digamma; `polygamma(0, x)` is `digamma(x)`.

    Parameters: `n`, the order, an integer from 0 to 170; `x`, any float.

    Returns nan where `n` is anything else. At the poles 0, -1, -2, ... an odd order gives inf; an even order gives -inf
    at 0, inf at -0.0, and nan at the others, where the two sides disagree.

    Source: (-1)**(n + 1)·n!·zeta(n + 1, x), DLMF 25.11.12; for a negative x the sum is split at the nearest pole.

    >>> polygamma(1.0, 1.0)  # π²/6
    1.6449340668482264
    """
    if n != n or x != x or x == -inf or not 0.0 <= n <= _LARGEST_ORDER or n % 1.0 != 0.0:
        return nan
    if n == 0.0:
        return digamma(x)
    order = int(n)
    sign = 1.0 if order % 2 else -1.0
    if x == inf:
        return sign * 0.0
    if x == 0.0:
        return inf if order % 2 else math.copysign(inf, -x)
    factorial = math.factorial(order)
    if abs(x) < _POLE_ALONE:
        return sign * _power_sum(x, 0, 1, order + 1, factorial)
    if x > 0.0:
        return sign * _hurwitz(order, x)
    distance = math.remainder(x, 1.0)  # from the nearest pole, exactly
    if distance == 0.0:
        return inf if order % 2 else nan
    # The pole at -j contributes n! / (x + j)**(n + 1). Counted from the nearest one, those up to `reach` away are
    # summed as they stand, since they may cancel; the ones to the right and to the left of them are Hurwitz zetas.
    nearest = int(distance - x)
    reach = order + _REACH
    others = [_hurwitz(order, reach + 1 + distance)]
    if nearest > reach:
        others += [sign * _hurwitz(order, reach + 1 - distance), -sign * _hurwitz(order, 1.0 - x)]
    return sign * _power_sum(distance, -min(nearest, reach), reach + 1, order + 1, factorial, others)


def erfc(x: float) -> float:
    """The complementary error function 1 - erf(x), without the cancellation.

    Source: the platform's own, except from 0.84375 to 1.25, where the usual one is off by more than three units in the
    last place; there the Taylor series at 1.

    >>> erfc(0.0), erfc(1.0)
    (1.0, 0.15729920705028513)
    """
    return _polynomial(ERFC_AT_1, x - 1.0) if 0.84375 <= x < 1.25 else math.erfc(x)


def _polynomial(coefficients: tuple[float, ...], t: float) -> float:
    """The polynomial with the given coefficients, lowest power first, at t (Horner's rule)."""
    value = 0.0
    for coefficient in reversed(coefficients):
        value = value * t + coefficient
    return value


def _lgamma_from_2(t: float) -> float:
    """lgamma(2 + t) for t from -1 to 1."""
    return t * (t + 1.0) * _polynomial(_LGAMMA_FACTOR, t) + 0.0  # at the zeros 0.0, never -0.0


def _digamma_from_2(t: float) -> float:
    """digamma(2 + t) for t from -1 to 1."""
    return ((t - _ZERO) - _ZERO_REST) * _polynomial(_DIGAMMA_FACTOR, t)


def _lgamma_negative(x: float) -> float:
    """lgamma at a negative x that is not a pole."""
    if x < _REFLECT_BELOW:
        sine = math.sin(math.pi * abs(math.remainder(x, 1.0)))
        return math.log(math.pi / (-x * sine)) - lgamma(-x)
    steps = 1 - math.floor(x)  # x + steps is in [1, 2), where lgamma is small
    numerator, denominator = x.as_integer_ratio()
    unit: int = denominator**steps
    product = 1
    for step in range(steps):
        product *= abs(numerator + step * denominator)
    # gamma(x) = gamma(x + steps) / product. Next to a zero the product is close to 1, and what it loses when it is
    # rounded to a float counts.
    ratio = product / unit
    top, bottom = ratio.as_integer_ratio()
    rest = (product * bottom - top * unit) / (top * unit)
    return math.fsum([_lgamma_from_2(x + (steps - 2)), -math.log(ratio), -rest])


def _log_minus_digamma(x: float) -> float:
    """ln x - digamma(x), for x from 10 up."""
    reciprocal = 1.0 / x
    square = reciprocal * reciprocal
    return 0.5 * reciprocal + square * _polynomial(_DIGAMMA_TAIL, square)


def _digamma_negative(x: float) -> float:
    """digamma at a negative x; nan at a pole."""
    distance = math.remainder(x, 1.0)  # from the nearest pole, exactly
    if distance == 0.0:
        return nan
    if x >= _REFLECT_BELOW:
        steps = 1 - math.floor(x)  # x + steps is in [1, 2), where digamma is small
        return -_power_sum(x, 0, steps, 1, 1, [-_digamma_from_2(x + (steps - 2))])
    # digamma(1 - x) - π cot(π x). The cotangent's fractions are summed as they stand up to _REACH from x; the others
    # are digamma(beyond + distance) - digamma(beyond - distance), whose logarithms are an inverse hyperbolic tangent.
    beyond = _REACH + 1
    mantissa, exponent = math.frexp(1.0 - x)
    parts = [
        exponent * _LN2, exponent * _LN2_REST, math.log(mantissa), -_log_minus_digamma(1.0 - x),
        2.0 * math.atanh(distance / beyond),
        -_log_minus_digamma(beyond + distance), _log_minus_digamma(beyond - distance),
    ]
    return -_power_sum(distance, -_REACH, _REACH + 1, 1, 1, [-part for part in parts])


def _hurwitz(n: int, x: float) -> float:
    """n!·zeta(n + 1, x), the sum of n! / (x + i)**(n + 1) over i = 0, 1, 2, ..., for x > 0.

    Source: terms one by one while x + i is below n + 12, then the asymptotic series DLMF 5.15.9.
    """
    count = max(0, math.ceil(n + _REACH - x))
    leading = _power_sum(x, count, count + 1, n, math.factorial(n - 1))
    end = x + count
    correction = n / (2.0 * end)
    coefficient = 1.0
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        coefficient *= (n + 2 * k - 2) * (n + 2 * k - 1) / ((2 * k - 1) * (2 * k)) / (end * end)
        correction += bernoulli * coefficient
    return _power_sum(x, 0, count, n + 1, math.factorial(n), [leading, leading * correction])


def _power_sum(
    x: float, first: int, last: int, power: int, factor: int, others: Sequence[float] = (),
) -> float:
    """The sum of factor / (x + i)**power for i from first up to, not including, last, and of the others.

    It is kept in integers, to 128 bits of the smallest term, and rounded once, at the end.
    """
    numerator, denominator = x.as_integer_ratio()
    largest = max(abs(numerator + first * denominator), abs(numerator + last * denominator)) // denominator + 1
    bits = 128 + power * largest.bit_length()
    scaled = denominator**power << bits
    total: int = factor * sum(scaled // (numerator + i * denominator) ** power for i in range(first, last))
    for other in others:
        top, bottom = other.as_integer_ratio()
        total += (top << bits) // bottom
    try:
        return total / (1 << bits)
    except OverflowError:
        return inf if total > 0 else -inf
