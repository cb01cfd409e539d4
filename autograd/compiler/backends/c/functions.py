"""The gamma family in C: what `special.py` of the table computes, with pairs of doubles where that uses integers.

And, from `angles.py`, sin, cos and tan.

A pair is the unevaluated sum of two doubles, about 106 bits. It holds the recurrence's products and sums where they
cancel, on the negative axis. Source: Dekker (1971), doi:10.1007/BF01397083, with `fma` for the exact product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiler.backends import angles
from autograd.compiler.backends.c.names import literal, numbers
from autograd.primitives import special


@dataclass(frozen=True)
class Helper:
    """Text that a generated file holds once, after that of the helpers which it needs."""

    name: str
    text: str
    needs: tuple[str, ...] = ()


def _table(name: str, coefficients: Sequence[float]) -> str:
    lines = "\n".join(numbers(coefficients, "    "))
    return f"static const double {name}[{len(coefficients)}] = {{\n{lines}\n}};\n"


_POLYNOMIAL = """\
/* The polynomial with these coefficients, lowest power first, by Horner's rule. */
static double polynomial(const double *coefficients, int count, double t)
{
    double value = 0.0;
    while (count-- > 0) {
        value = value * t + coefficients[count];
    }
    return value;
}
"""

_PAIR = """\
/* The sum of two doubles, unevaluated: twice the digits of one. */
typedef struct { double high, low; } pair;

static pair pair_of_sum(double a, double b)
{
    pair sum;
    sum.high = a + b;
    const double part = sum.high - a;
    sum.low = (a - (sum.high - part)) + (b - part);
    return sum;
}
"""

_PAIR_ADD = """\
static pair pair_add(pair a, pair b)
{
    const pair high = pair_of_sum(a.high, b.high);
    const pair low = pair_of_sum(a.low, b.low);
    const pair middle = pair_of_sum(high.high, high.low + low.high);
    return pair_of_sum(middle.high, middle.low + low.low);
}
"""

_PAIR_MULTIPLY = """\
static pair pair_multiply(pair a, pair b)
{
    const double product = a.high * b.high;
    const double rest = fma(a.high, b.high, -product);
    return pair_of_sum(product, rest + (a.high * b.low + a.low * b.high));
}
"""

_POWER_SUM = """\
static pair pair_divide(pair a, pair b)
{
    const double first = a.high / b.high;
    const pair product = pair_multiply((pair){-first, 0.0}, b);
    const pair rest = pair_add(a, product);
    const double second = rest.high / b.high;
    const pair left = pair_add(rest, pair_multiply((pair){-second, 0.0}, b));
    return pair_add(pair_of_sum(first, second), (pair){left.high / b.high, 0.0});
}

/* The fraction, from 1/2 to 1, and the exponent of two that make up a pair. */
static pair pair_split(pair a, int *exponent)
{
    const double fraction = frexp(a.high, exponent);
    return (pair){fraction, ldexp(a.low, -*exponent)};
}

/* order! / base**power as a fraction and an exponent of two, so that nothing overflows on the way. */
static pair power_term(pair factorial, int factorial_exponent, pair base, int power, int *exponent)
{
    int base_exponent;
    pair square = pair_split(base, &base_exponent);
    pair product = {1.0, 0.0};
    for (int bits = power; bits > 0; bits /= 2) {
        if (bits % 2 == 1) {
            product = pair_multiply(product, square);
        }
        square = pair_multiply(square, square);
    }
    *exponent = factorial_exponent - base_exponent * power;
    return pair_divide(factorial, product);
}

/* The sum of order! / (x + i)**power for i from first up to, not including, last, and of the others. */
static double power_sum(double x, int first, int last, int power, int order, const double *others, int count)
{
    pair factorial = {1.0, 0.0};
    for (int i = 2; i <= order; i++) {
        factorial = pair_multiply(factorial, (pair){i, 0.0});
    }
    int factorial_exponent;
    factorial = pair_split(factorial, &factorial_exponent);
    int scale = -1000000, exponent;
    for (int i = first; i < last; i++) {
        (void)frexp(x + i, &exponent);
        exponent = factorial_exponent - exponent * power;
        scale = exponent > scale ? exponent : scale;
    }
    for (int i = 0; i < count; i++) {
        (void)frexp(others[i], &exponent);
        scale = others[i] != 0.0 && exponent > scale ? exponent : scale;
    }
    pair total = {0.0, 0.0};
    for (int i = first; i < last; i++) {
        const pair term = power_term(factorial, factorial_exponent, pair_of_sum(x, i), power, &exponent);
        total = pair_add(total, (pair){ldexp(term.high, exponent - scale), ldexp(term.low, exponent - scale)});
    }
    for (int i = 0; i < count; i++) {
        total = pair_add(total, (pair){ldexp(others[i], -scale), 0.0});
    }
    return ldexp(total.high, scale);
}
"""

_LGAMMA_TEXT = f"""\
{_table("lgamma_factor", special._LGAMMA_FACTOR)}
{_table("stirling", special._STIRLING)}
/* log(gamma(2 + t)) for t from -1 to 1. */
static double log_gamma_from_2(double t)
{{
    return t * (t + 1.0) * polynomial(lgamma_factor, {len(special._LGAMMA_FACTOR)}, t) + 0.0;
}}

/* log(gamma(x)) for a positive x. */
static double log_gamma_positive(double x)
{{
    if (x < 1.0) {{
        return log_gamma_from_2(x - 1.0) - log(x);
    }}
    if (x < {special._ASYMPTOTIC_FROM!r}) {{
        double product = 1.0;
        while (x > 3.0) {{
            x -= 1.0;
            product *= x;
        }}
        return product == 1.0 ? log_gamma_from_2(x - 2.0) : log_gamma_from_2(x - 2.0) + log(product);
    }}
    const double series = polynomial(stirling, {len(special._STIRLING)}, (1.0 / x) * (1.0 / x)) / x;
    return (x - 0.5) * (log(x) - 1.0) + (0.4189385332046727 + series);
}}

/* lgamma: the logarithm of |gamma(x)|; INFINITY at the poles and at both infinities. */
static double log_gamma(double x)
{{
    if (isnan(x)) {{
        return x;
    }}
    if (isinf(x) || (x <= 0.0 && floor(x) == x)) {{
        return INFINITY;
    }}
    if (x > 0.0) {{
        return log_gamma_positive(x);
    }}
    if (x < {special._REFLECT_BELOW!r}) {{
        const double sine = sin({literal(3.141592653589793)} * fabs(remainder(x, 1.0)));
        return log({literal(3.141592653589793)} / (-x * sine)) - log_gamma_positive(-x);
    }}
    /* gamma(x) = gamma(x + steps) / product; next to a zero it counts what the product loses as one double. */
    const int steps = 1 - (int)floor(x);
    pair product = {{1.0, 0.0}};
    for (int step = 0; step < steps; step++) {{
        const pair factor = pair_of_sum(x, step);
        product = pair_multiply(product, factor.high < 0.0 ? (pair){{-factor.high, -factor.low}} : factor);
    }}
    const pair sum = pair_of_sum(log_gamma_from_2(x + (steps - 2)), -log(product.high));
    return sum.high + (sum.low - product.low / product.high);
}}
"""

_DIGAMMA_TEXT = f"""\
{_table("digamma_factor", special._DIGAMMA_FACTOR)}
{_table("digamma_tail", special._DIGAMMA_TAIL)}
/* digamma(2 + t) for t from -1 to 1. */
static double digamma_from_2(double t)
{{
    return ((t - ({special._ZERO!r})) - ({special._ZERO_REST!r})) *
           polynomial(digamma_factor, {len(special._DIGAMMA_FACTOR)}, t);
}}

/* log(x) - digamma(x), for x from 10 up. */
static double log_minus_digamma(double x)
{{
    const double reciprocal = 1.0 / x;
    const double square = reciprocal * reciprocal;
    return 0.5 * reciprocal + square * polynomial(digamma_tail, {len(special._DIGAMMA_TAIL)}, square);
}}

/* digamma at a negative x; nan at a pole. */
static double digamma_negative(double x)
{{
    const double distance = remainder(x, 1.0);
    if (distance == 0.0) {{
        return NAN;
    }}
    if (x >= {special._REFLECT_BELOW!r}) {{
        const int steps = 1 - (int)floor(x);
        const double others[1] = {{-digamma_from_2(x + (steps - 2))}};
        return -power_sum(x, 0, steps, 1, 0, others, 1);
    }}
    /* digamma(1 - x) - pi cot(pi x), the cotangent by its partial fractions. */
    const double beyond = {special._REACH + 1!r}.0;
    int exponent;
    const double fraction = frexp(1.0 - x, &exponent);
    const double others[7] = {{
        -(exponent * {special._LN2!r}), -(exponent * {special._LN2_REST!r}), -log(fraction), log_minus_digamma(1.0 - x),
        -(2.0 * atanh(distance / beyond)), log_minus_digamma(beyond + distance), -log_minus_digamma(beyond - distance)
    }};
    return -power_sum(distance, -{special._REACH}, {special._REACH + 1}, 1, 0, others, 7);
}}

/* The derivative of lgamma; at the poles below 0 it is nan. */
static double digamma(double x)
{{
    if (isnan(x) || x == -INFINITY) {{
        return NAN;
    }}
    if (x == 0.0) {{
        return copysign(INFINITY, -x);
    }}
    if (fabs(x) < {special._POLE_ALONE!r}) {{
        return -1.0 / x;
    }}
    if (x < 0.0) {{
        return digamma_negative(x);
    }}
    if (x < 1.0) {{
        return digamma_from_2(x - 1.0) - 1.0 / x;
    }}
    if (x >= {special._ASYMPTOTIC_FROM!r}) {{
        return log(x) - log_minus_digamma(x);
    }}
    pair sum = {{0.0, 0.0}};
    while (x > 3.0) {{
        x -= 1.0;
        sum = pair_add(sum, (pair){{1.0 / x, 0.0}});
    }}
    return pair_add(sum, (pair){{digamma_from_2(x - 2.0), 0.0}}).high;
}}
"""

_POLYGAMMA_TEXT = f"""\
{_table("bernoulli", special._BERNOULLI)}
/* n! zeta(n + 1, x), for x > 0: terms while x + i is below n + {special._REACH}, then an asymptotic series. */
static double hurwitz(int n, double x)
{{
    const double missing = ceil(n + {special._REACH} - x);
    const int count = missing > 0.0 ? (int)missing : 0;
    const double leading = power_sum(x, count, count + 1, n, n - 1, NULL, 0);
    const double end = x + count;
    double correction = n / (2.0 * end);
    double coefficient = 1.0;
    for (int k = 1; k <= {len(special._BERNOULLI)}; k++) {{
        coefficient *= (double)((n + 2 * k - 2) * (n + 2 * k - 1)) / ((2 * k - 1) * (2 * k)) / (end * end);
        correction += bernoulli[k - 1] * coefficient;
    }}
    const double others[2] = {{leading, leading * correction}};
    return power_sum(x, 0, count, n + 1, n, others, 2);
}}

/* The n-th derivative of digamma at x, for a whole n from 0 to {special._LARGEST_ORDER:.0f}; nan for any other n. */
static double polygamma(double n, double x)
{{
    if (isnan(n) || isnan(x) || x == -INFINITY || !(n >= 0.0 && n <= {special._LARGEST_ORDER!r}) || floor(n) != n) {{
        return NAN;
    }}
    if (n == 0.0) {{
        return digamma(x);
    }}
    const int order = (int)n;
    const double sign = order % 2 == 1 ? 1.0 : -1.0;
    if (x == INFINITY) {{
        return sign * 0.0;
    }}
    if (x == 0.0) {{
        return order % 2 == 1 ? INFINITY : copysign(INFINITY, -x);
    }}
    if (fabs(x) < {special._POLE_ALONE!r}) {{
        return sign * power_sum(x, 0, 1, order + 1, order, NULL, 0);
    }}
    if (x > 0.0) {{
        return sign * hurwitz(order, x);
    }}
    const double distance = remainder(x, 1.0);
    if (distance == 0.0) {{
        return order % 2 == 1 ? INFINITY : NAN;
    }}
    /* The poles within reach of the nearest one are summed as they stand, since they may cancel. */
    const double nearest = distance - x;
    const int reach = order + {special._REACH};
    double others[3] = {{hurwitz(order, reach + 1 + distance), 0.0, 0.0}};
    if (nearest > reach) {{
        others[1] = sign * hurwitz(order, reach + 1 - distance);
        others[2] = -sign * hurwitz(order, 1.0 - x);
    }}
    const int first = nearest > reach ? -reach : -(int)nearest;
    return sign * power_sum(distance, first, reach + 1, order + 1, order, others, 3);
}}
"""

_TRIPS = """\
/* The number of trips of a loop that is to make `count`, and at most `bound`. */
static int64_t trips_of(double count, int64_t bound)
{
    if (!(count > 0.0)) {
        return 0;
    }
    return count < (double)bound ? (int64_t)ceil(count) : bound;
}
"""

_REACH = """\
/* What each trip of a loop left, and for how many there is room. */
struct history {
    double *numbers;
    int64_t room;
};

/* Make room for so many trips, of which each leaves so many numbers; 0 where there is no memory. */
static int reach(struct history *history, int64_t trips, int64_t size)
{
    int64_t room = history->room < 32 ? 64 : 2 * history->room;
    if (trips <= history->room) {
        return 1;
    }
    room = room < trips ? trips : room;
    if ((uint64_t)room > SIZE_MAX / sizeof(double) / (uint64_t)size) {
        return 0;
    }
    double *const numbers = realloc(history->numbers, (size_t)(room * size) * sizeof(double));
    if (numbers == NULL) {
        return 0;
    }
    history->numbers = numbers;
    history->room = room;
    return 1;
}

static void let_go(struct history *histories, int count)
{
    while (count-- > 0) {
        free(histories[count].numbers);
    }
}
"""

_TAKE_LANES = """\
/* The sum of eight running sums that stand `stride` apart, added in pairs; they start again. */
static double take_lanes(double *lanes, int64_t stride)
{
    const double even = (lanes[0] + lanes[4 * stride]) + (lanes[2 * stride] + lanes[6 * stride]);
    const double odd = (lanes[stride] + lanes[5 * stride]) + (lanes[3 * stride] + lanes[7 * stride]);
    for (int lane = 0; lane < 8; lane++) {
        lanes[lane * stride] = -0.0;
    }
    return even + odd;
}
"""

_ADD_BLOCK = """\
/* Adds the sum of a block, by its number, to those before it, of which there is one in `sums` for each power of two
   in their count, `stride` apart, and else -0.0. */
static void add_block(double *sums, int64_t stride, int64_t block, double sum)
{
    for (; block % 2 == 1; block /= 2) {
        sum = *sums + sum;
        *sums = -0.0;
        sums += stride;
    }
    *sums = sum;
}
"""

_SUM_OF_BLOCKS = """\
/* The sum of such sums, and of that of a last block. */
static double sum_of_blocks(const double *sums, int64_t stride, int count, double sum)
{
    for (int power = 0; power < count; power++) {
        sum = sums[power * stride] + sum;
    }
    return sum;
}
"""

_PLACE_WITHIN = """\
/* The place along an axis of this length that is nearest to an index; 0 for nan. */
static int64_t place_within(double index, int64_t length)
{
    return !(index > 0.0) ? 0 : index < (double)length ? (int64_t)index : length - 1;
}
"""

_IS_PLACE = """\
/* Whether an index is a whole number from 0 up to the length of an axis. */
static int is_place(double index, int64_t length)
{
    return index >= 0.0 && index < (double)length && (double)(int64_t)index == index;
}
"""

# The functions next to huge multiples of pi/2, by the names that they have here.
_PERIODIC = {"sin": "sine", "cos": "cosine", "tan": "tangent"}

# In the order in which a file holds them. A name here is one that a file's own names keep clear of.
HELPERS = {
    helper.name: helper
    for helper in (
        Helper("trips_of", _TRIPS),
        Helper("reach", _REACH),
        Helper("take_lanes", _TAKE_LANES),
        Helper("add_block", _ADD_BLOCK),
        Helper("sum_of_blocks", _SUM_OF_BLOCKS),
        Helper("place_within", _PLACE_WITHIN),
        Helper("is_place", _IS_PLACE),
        Helper("polynomial", _POLYNOMIAL),
        Helper("pair", _PAIR),
        Helper("pair_add", _PAIR_ADD, ("pair",)),
        Helper("pair_multiply", _PAIR_MULTIPLY, ("pair",)),
        Helper("power_sum", _POWER_SUM, ("pair_add", "pair_multiply")),
        Helper("log_gamma", _LGAMMA_TEXT, ("polynomial", "pair_multiply")),
        Helper("digamma", _DIGAMMA_TEXT, ("polynomial", "power_sum")),
        Helper("polygamma", _POLYGAMMA_TEXT, ("digamma",)),
        Helper("corrected", angles.C_SUPPORT),
        *(Helper(name, angles.c_text(name, function), ("corrected",)) for function, name in _PERIODIC.items()),
    )
}

# Every other name that the texts above define.
_INNER = """
    history let_go
    pair_of_sum pair_divide pair_split power_term lgamma_factor stirling log_gamma_from_2 log_gamma_positive
    digamma_factor digamma_tail digamma_from_2 log_minus_digamma digamma_negative bernoulli hurwitz
    two_over_pi upper_half angle_to_multiple
"""
INNER_NAMES = tuple(_INNER.split())

# The rows of the table that have functions here.
ROWS = {"lgamma": "log_gamma", "digamma": "digamma", "polygamma": "polygamma", **_PERIODIC}


def with_needs(wanted: set[str]) -> list[Helper]:
    """The helpers of these names and all that they need, in an order in which a compiler can read them."""
    todo, found = list(wanted), set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(HELPERS[name].needs)
    return [helper for name, helper in HELPERS.items() if name in found]
