"""The second and third derivatives of every row, in each argument and mixed, against SymPy and mpmath.

The bound is 16·(1 + k) units in the last place, with k the condition number of the derivative: how much faster than its
arguments it changes, |x·f‴(x)/f″(x)| for f″. The points go through all magnitudes, and next to every edge and zero.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, permutations, product
from typing import Any

import pytest
from higher_reference import condition, exact
from mpmath import mp, mpf
from sampling import ulps

from autograd import grad, hessian, jit, jvp
from autograd.primitives.table import TABLE

SMALLEST_NORMAL, NEARLY_LARGEST = 2.2250738585072014e-308, 1e300
BOUND = 16.0

Point = tuple[float, ...]


def magnitudes(low: float, high: float, count: int, signs: tuple[float, ...] = (1.0, -1.0)) -> Iterator[float]:
    """Numbers from 10**low to 10**high, evenly in the exponent, with each sign."""
    source = random.Random(f"{low} {high} {count}")
    for i in range(count):
        exponent = low + (high - low) * (i + source.random()) / count
        yield from (sign * 10.0**exponent for sign in signs)


def next_to(edge: float) -> Iterator[float]:
    yield from (edge + sign * 2.0**-k for k in (52, 45, 30, 15, 5, 2) for sign in (1.0, -1.0))


def small(high: float) -> list[float]:
    return [*magnitudes(-307.0, 0.0, 22), *magnitudes(-3.0, math.log10(high), 22)]


REAL = [*magnitudes(-307.0, 308.0, 40), *next_to(1.0), *next_to(-1.0), *magnitudes(-2.0, 2.0, 10)]
POSITIVE = [*magnitudes(-307.0, 308.0, 60, (1.0,)), *next_to(1.0)]
UNIT = [number for number in [*magnitudes(-307.0, 0.0, 30), *next_to(1.0), *next_to(-1.0), *next_to(0.5),
                              *magnitudes(-2.0, 0.0, 10)] if -1.0 < number < 1.0]  # fmt: skip
TURNS = [k * math.pi / 2 for k in range(-5, 6) if k]
GAMMA = [*magnitudes(-60.0, 300.0, 30, (1.0,)), *next_to(1.0), *next_to(2.0), 0.5, 7.7, 10.0, -0.5, -1.3, -10.2, -120.3]
UNARY = {
    "exp": small(700.0), "exp2": small(1000.0), "expm1": small(700.0), "sinh": small(700.0), "cosh": small(700.0),
    "tanh": small(350.0), "sigmoid": small(700.0), "softplus": small(700.0), "logistic_density": small(700.0),
    "log": POSITIVE, "log2": POSITIVE, "log10": POSITIVE, "sqrt": POSITIVE,
    "log1p": [number for number in REAL if number > -1.0], "cbrt": REAL, "atan": REAL, "asinh": REAL,
    "sin": [*REAL[:80], *TURNS], "cos": [*REAL[:80], *TURNS], "tan": [*REAL[:80], *TURNS],
    "asin": UNIT, "acos": UNIT, "atanh": UNIT, "acosh": [1.0 + number for number in POSITIVE if number > 1e-15],
    "erf": small(25.0), "erfc": small(25.0), "lgamma": GAMMA, "digamma": GAMMA,
}  # fmt: skip


def pairs() -> Iterator[Point]:
    """Pairs of very different sizes, of the same size, and of one size up to a few digits."""
    source = random.Random("pairs")
    sizes = [*magnitudes(-307.0, 307.0, 6)]
    yield from product(sizes, sizes)
    for size in magnitudes(-300.0, 300.0, 20, (1.0,)):
        yield size * source.uniform(-3.0, 3.0), size * source.uniform(-3.0, 3.0)
        yield size, size * (1.0 + source.uniform(-1.0, 1.0) * 2.0 ** -source.uniform(1.0, 40.0))
        yield size, size * 1e-9


def powers() -> Iterator[Point]:
    source = random.Random("powers")
    exponents = (2.0, 3.0, 4.0, 1.0, 0.5, 1.5, -1.0, -2.0, 1 / 3, -0.5, 7.0, 2.5, 1e-9, 0.1, -3.7, 1.0 + 1e-10, 100.3)
    bases = [*magnitudes(-307.0, 307.0, 10, (1.0,)), 1.0 + 2.0**-50, 0.3, 2.0, 10.0]
    yield from product(bases, exponents)
    yield from product([-base for base in bases[::3]], (2.0, 3.0, 5.0, -1.0, -2.0))
    for _ in range(60):
        base = math.exp(source.uniform(-700.0, 700.0))
        yield base, source.uniform(-600.0, 600.0) / abs(math.log(base))
    yield from ((base, base) for base in magnitudes(-300.0, 0.0, 10, (1.0,)))
    for exponent in (7.3, 8.0, 10.0, 15.0, 20.0, 50.0):  # where a lower derivative is next to underflow
        yield from ((10.0 ** (-307.0 / (exponent - source.uniform(-1.0, 4.0))), exponent) for _ in range(4))


SEVERAL: dict[str, list[Point]] = {
    "multiply": [*pairs()][::5], "divide": [*pairs()], "atan2": [*pairs()], "hypot": [*pairs()],
    # The third derivatives of the cosine are hypot's fourth, for which the range is narrower.
    "direction_cosine": [(a, b) for a, b in pairs() if 1e-60 < abs(a) < 1e60 and 1e-60 < abs(b) < 1e60],
    "power": [*powers()],
    "polygamma": [*product((0.0, 1.0, 5.0), (*magnitudes(-12.0, 40.0, 12, (1.0,)), -0.5, -9.3))],
    "power_log": [*product((1.0,), (1e-200, 1e-3, 0.7, 1.5, 40.0, 1e150), (1.6, 2.0, 0.5, -0.3, 1e-9))],
}
POINTS: dict[str, list[Point]] = {name: [(number,) for number in numbers] for name, numbers in UNARY.items()} | SEVERAL
# Constant between their kinks, or linear: every second derivative is 0.
FLAT = {
    "where", "identity", "stop_gradient", "add", "subtract", "negative", "absolute", "sign", "floor", "ceil", "relu",
    "maximum", "minimum", "remainder", "floor_divide",
}


def reverse(function: Callable[..., Any], places: tuple[int, ...]) -> Callable[..., float]:
    for i in places:
        function = grad(function, i)
    return function


def forward_over_reverse(function: Callable[..., Any], places: tuple[int, ...]) -> Callable[..., float]:
    *inner, i = places
    gradient = reverse(function, tuple(inner))
    return lambda *point: jvp(lambda t: gradient(*point[:i], t, *point[i + 1 :]), (point[i],), (1.0,))[1]


def forward(function: Callable[..., Any], places: tuple[int, ...]) -> Callable[..., float]:
    def along(f: Callable[..., Any], i: int) -> Callable[..., Any]:
        return lambda *point: jvp(lambda t: f(*point[:i], t, *point[i + 1 :]), (point[i],), (1.0,))[1]

    for i in places:
        function = along(function, i)
    return function


WAYS = {"reverse": reverse, "forward over reverse": forward_over_reverse, "forward": forward}


def tracked(name: str) -> tuple[int, ...]:
    return tuple(i for i, partial in enumerate(TABLE[name].partials) if partial is not None)


def expectations(name: str, order: int) -> Iterator[tuple[tuple[int, ...], Point, Any, float]]:
    """The arguments, a point, the derivative there, and by how many units it may be off, wherever it is in range."""
    arity = len(TABLE[name].partials)
    for places in combinations_with_replacement(tracked(name), order):
        orders = tuple(places.count(i) for i in range(arity))
        for point in POINTS[name]:
            moving = (0,) if name == "power" and point[0] < 0.0 else tracked(name)  # there a power has no slope in y
            if not {*places} <= {*moving}:
                continue
            number = exact(name, orders, point)
            if SMALLEST_NORMAL <= abs(number) <= NEARLY_LARGEST:
                yield places, point, number, BOUND * float(1 + condition(name, orders, point, moving))
            elif number == 0 and name in ("multiply", "divide", "power"):  # where it is 0 identically
                yield places, point, number, 0.0


def off(found: float, number: Any) -> float:
    """How many units a derivative is off; of an exact 0, 0 or infinitely many."""
    if number == 0:
        return 0.0 if found == 0.0 else math.inf
    return ulps(found, number)


def test_every_row_is_held_to_a_reference_or_is_flat():
    predicates = {name for name, row in TABLE.items() if row.predicate}
    assert POINTS.keys() | FLAT | predicates == TABLE.keys()


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("name", POINTS)
def test_derivatives_keep_their_digits_at_all_magnitudes(name: str, order: int):
    function, made = TABLE[name], {}
    with mp.workdps(50):
        for places, point, number, bound in expectations(name, order):
            for way, differentiate in WAYS.items():
                for turned in sorted(set(permutations(places))):
                    if (way, turned) not in made:
                        made[way, turned] = differentiate(function, turned)
                    found = made[way, turned](*point)
                    assert off(found, number) <= bound, (way, turned, point, found, float(number))


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
@pytest.mark.parametrize("name", POINTS)
def test_second_derivatives_keep_their_digits_compiled(name: str, backend: str):
    places = tracked(name)
    compiled = jit(hessian(TABLE[name], places), backend=backend)
    with mp.workdps(50):
        for (i, j), point, number, bound in expectations(name, 2):
            found = compiled(*point)
            for a, b in ((i, j), (j, i)):
                entry = found[places.index(a)][places.index(b)]
                assert off(entry, number) <= bound, (a, b, point, entry, float(number))


@pytest.mark.parametrize("name", sorted(FLAT))
def test_the_second_derivatives_of_a_row_without_curvature_are_0(name: str):
    points = [(1.3, 0.7, -2.6), (-1.3, 2.1, 0.4), (0.0, 1.5, 2.5)]
    for point in (point[: len(TABLE[name].partials)] for point in points):
        for places in product(tracked(name), repeat=2):
            for way, differentiate in WAYS.items():
                assert differentiate(TABLE[name], places)(*point) == 0.0, (way, places, point)


def test_the_rules_that_once_lost_their_digits():
    def third(function: Callable[..., Any], number: float) -> float:
        return grad(grad(grad(function)))(number)

    assert third(lambda t: t**3.0, 1e-155) == third(lambda t: t**3, 1e-155) == 6.0
    assert third(lambda t: t**2.0, 1e-100) == third(lambda t: t**2, 1e-100) == 0.0
    # By mpmath: 3/4·1e-247**(-1/2); (1e-160**1e-160)'' is 1/x in all its digits.
    assert grad(grad(lambda t: t**1.5))(1e-247) == pytest.approx(2.371708245126284e123, rel=1e-15)
    assert grad(grad(lambda t: t**t))(1e-160) == pytest.approx(1e160, rel=1e-15)
    # Where x**7 is 0, and where the fourth derivative is: 8!/3!·x**3.
    assert third(lambda t: t**8, 1e-160) == 0.0
    assert third(lambda t: TABLE["sin"](t) + t**8, 1e-160) == -1.0
    assert grad(grad(lambda t: third(lambda u: u**8, t)))(1e-100) == pytest.approx(6.72e-297, rel=1e-13)
    assert grad(grad(lambda t: t ** (1 / 3)))(1e-280) == -math.inf
    assert grad(grad(TABLE["tanh"]))(1e-20) == -2e-20
    assert grad(grad(TABLE["cbrt"]))(1e-250) == -math.inf
    assert mpf(hessian(lambda v: TABLE["power"](v[0], v[1]))([1e-200, 2.0])[0][1]) == pytest.approx(
        1e-200 * (2.0 * math.log(1e-200) + 1.0), rel=1e-14
    )
