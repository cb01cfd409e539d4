"""Compiled against eager: every row of the table, and random programs, by the interpreter, by LLVM, and in C.

The eager engine is held against mpmath and the oracle in `test_table.py` and `test_random_graphs.py`; here it is
the reference for what is compiled.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from compiled_c import InC
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracle import Oracle, leaf
from reference import BIG, HUGE_ANGLES, REFERENCE, TINY, has_zero_nearby
from sampling import points, same, ulps
from strategies import Program, any_float, examples, programs, wild_programs

from autograd import Primitive, grad, hessian, hvp, jit, value_and_grad, vmap, where
from autograd.primitives.table import TABLE
from autograd.program.nests import flatten

WAYS = ("interpreter", "llvm", "C")
SIZES = (1, 7, 8, 9, 15, 16, 17, 1025)
EDGES = (0.0, -0.0, TINY, -TINY, 1.0, -1.0, BIG, -BIG, math.inf, -math.inf, math.nan)
EXACT = {
    "identity", "stop_gradient", "add", "subtract", "multiply", "divide", "negative", "absolute", "sign", "floor",
    "ceil", "remainder", "floor_divide", "maximum", "minimum", "relu", "sqrt", "where",
    *(name for name, row in TABLE.items() if row.predicate),
}  # fmt: skip
GAMMA_ORDERS = {  # of the polygamma function that is a row's second derivative
    "lgamma": lambda point: 1.0, "digamma": lambda point: 2.0, "polygamma": lambda point: point[0] + 2.0,
}
every_way = pytest.mark.parametrize("way", WAYS)


def compiled(function: Callable[..., Any], way: str, *args: Any) -> Callable[..., list[Any]]:
    """The function, compiled in one of the ways; of arguments like these, to the blocks of the result in one list."""
    native = jit(function, backend="interpreter" if way == "interpreter" else "llvm")
    native(*args)
    if way == "C":
        return InC(native)
    return lambda *args: flatten_blocks(native(*args))


def flatten_blocks(nest: Any) -> list[Any]:
    """The numbers and arrays of a nest of lists and tuples."""
    return [block for item in nest for block in flatten_blocks(item)] if isinstance(nest, list | tuple) else [nest]


# Every row.


def orders(row: Primitive) -> Callable[..., Any]:
    """A row's value, and its first and second derivatives."""
    if row.predicate:
        return lambda *point: [row(*point)]
    places = tuple(range(len(row.partials)))
    if row.name == "where":
        return lambda c, x, y: [
            where(c > 0.5, x, y), grad(lambda x, y: where(c > 0.5, x, y), (0, 1))(x, y),
            hessian(lambda x, y: where(c > 0.5, x * x, y * y * y), (0, 1))(x, y),
        ]  # fmt: skip
    return lambda *point: [row(*point), grad(row, places)(*point), hessian(row, places)(*point)]


class Family:
    """The rows with so many arguments, what they are tried at, and the eager answers."""

    def __init__(self, arity: int) -> None:
        self.rows = [row for row in TABLE.values() if len(row.partials) == arity]
        self.functions = [orders(row) for row in self.rows]
        drawn = [point for row in self.rows for point in [*REFERENCE[row.name].tails[:6], *points(row, 8)]]
        self.points = [*itertools.product(EDGES, repeat=arity), *drawn]
        self.expected = [[flatten(f(*point))[0] for f in self.functions] for point in self.points]

    def all(self, *point: Any) -> Any:
        return [f(*point) for f in self.functions]

    def check(self, i: int, found: Sequence[Any], way: str) -> None:
        """Assert that a flat list of numbers is what all rows give at point number i."""
        numbers = iter(found)
        for row, expected in zip(self.rows, self.expected[i]):
            own = [next(numbers) for _ in expected]
            for place, (a, b) in enumerate(zip(own, expected)):
                assert agrees(row, self.points[i], place, a, b, way), (row.name, self.points[i], place, a, b)
        assert next(numbers, None) is None


family = functools.cache(Family)


def agrees(row: Primitive, point: tuple[float, ...], place: int, found: float, expected: float, way: str) -> bool:
    """Whether two answers of a row agree; place 0 is the value, then come the partials, then their partials."""
    if same(found, expected):
        return True
    arity = len(row.partials)
    if row.name in EXACT or way == "interpreter" or not math.isfinite(found) or not math.isfinite(expected):
        return False
    difference, unit = abs(found - expected), math.ulp(expected)
    if place > arity:  # a composite
        i, j = divmod(place - 1 - arity, arity)
        oracle, expression = Oracle(point), (row.name, *map(leaf, range(arity)))
        second = oracle.derivative(oracle.derivative(expression, i), j)
        if row.name in GAMMA_ORDERS:
            order = (GAMMA_ORDERS[row.name](point), point[-1])
            if has_zero_nearby(TABLE["polygamma"], REFERENCE["polygamma"].value, order):
                return difference <= 2 * 4e-16
        return difference <= 1e-12 * abs(expected) or difference <= 1e-12 * oracle.scale(second)
    bound = 7.0 if place == 0 else 9.0  # within 3 ulp each for values, 4 for derivatives, and one more
    if place == 1 and row.name in ("erf", "erfc"):
        bound += 2.0 * point[0] ** 2
    function = REFERENCE[row.name].value if place == 0 else REFERENCE[row.name].partials[place - 1]
    return difference <= bound * unit or (difference <= 2 * 4e-16 and has_zero_nearby(row, function, point))


@every_way
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_next_to_huge_multiples_of_half_pi_values_are_within_3_ulp_and_derivatives_within_4(
    name: str, batched: bool, way: str
) -> None:
    angles = [sign * angle for angle in HUGE_ANGLES for sign in (1.0, -1.0)]
    derivative = value_and_grad(TABLE[name])
    if batched:
        numbers = np.hstack(compiled(vmap(derivative), way, angles)(angles)).tolist()
        values, partials = numbers[: len(angles)], numbers[len(angles) :]
    else:
        values, partials = zip(*map(compiled(derivative, way, 1.0), angles))
    with mp.workdps(50):
        for angle, value, partial in zip(angles, values, partials, strict=True):
            assert ulps(value, REFERENCE[name].value(mpf(angle))) <= 3.0, angle
            assert ulps(partial, REFERENCE[name].partials[0](mpf(angle))) <= 4.0, angle


@every_way
@pytest.mark.parametrize("arity", [1, 2, 3])
def test_every_row_alone_agrees_with_eager(arity: int, way: str) -> None:
    of = family(arity)
    function = compiled(of.all, way, *of.points[-1])
    for i, point in enumerate(of.points):
        of.check(i, function(*point), way)


@pytest.mark.parametrize("arity", [1, 2, 3])
@pytest.mark.parametrize(("way", "size"), [*itertools.product(WAYS[:2], SIZES), ("C", 1), ("C", 17)])
def test_every_row_in_a_batch_agrees_with_eager(way: str, size: int, arity: int) -> None:
    of = family(arity)
    places = [*range(len(of.points))]
    if way == "interpreter":
        places = places[:: max(1, 24 // size)]  # each sample runs through the same code
    while len(places) % size:
        places += places[: size - len(places) % size]
    function = compiled(vmap(of.all), way, *np.ones((arity, size)))
    for start in range(0, len(places), size):
        chosen = places[start : start + size]
        results = function(*np.array([of.points[i] for i in chosen]).T)
        for i, found in zip(chosen, zip(*(block.tolist() for block in results))):
            of.check(i, found, way)


# Random programs.


def drawn(strategy: Any, count: int) -> list[Any]:
    """So many examples of a strategy, the same at each run."""
    found: list[Any] = []

    @examples(count)
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


DIRECTION = (1.0, -0.5, 0.25, 2.0)


def all_of(program: Program) -> Callable[[Any], Any]:
    """Value, gradient and Hessian-vector product of a program."""

    def function(leaves: Any) -> Any:
        value, gradient = value_and_grad(program.run)(leaves)
        return [value, gradient, hvp(program.run, (leaves,), ([*DIRECTION[: len(leaves)]],))]

    return function


def scales(program: Program) -> list[float]:
    """What each of these is made of: the sums of the absolute values of their terms."""
    oracle, expression = Oracle(program.leaves), program.expression()
    places = range(len(program.leaves))
    firsts = [oracle.derivative(expression, i) for i in places]
    products = [
        sum(abs(DIRECTION[j]) * (oracle.scale(second) or abs(oracle.value(second)))
            for j in places for second in [oracle.derivative(first, j)])
        for first in firsts
    ]  # fmt: skip
    return [max(float(scale), 1e-300) for scale in [
        *(oracle.scale(item) or abs(oracle.value(item)) for item in [expression, *firsts]), *products,
    ]]  # fmt: skip


@functools.cache
def random_programs() -> list[tuple[Program, list[float], list[float]]]:
    """Programs, their eager numbers, and the scales of those."""
    chosen = drawn(programs(), 90)
    return [(p, flatten(all_of(p)([*p.leaves]))[0], scales(p)) for p in chosen]


GROUP = 30  # programs that are compiled as one


@pytest.mark.parametrize(("way", "size"), [*itertools.product(WAYS[:2], [None, 1, 9, 16]), ("C", None), ("C", 9)])
def test_random_programs_agree_with_eager(way: str, size: int | None) -> None:
    chosen = random_programs()
    for start in range(0, len(chosen), GROUP):
        group = chosen[start : start + GROUP]
        if way == "C" and size is not None and start:
            break

        def together(points: Any, group: Any = group) -> Any:
            return [all_of(program)(leaves) for (program, _, _), leaves in zip(group, points)]

        if size is None:
            here = [[*program.leaves] for program, _, _ in group]
            found = [[number] for number in compiled(together, way, here)(here)]
            samples = [0.0]
        else:  # samples that differ by more than the tolerance, and by less than what would cross a kink
            samples = [1e-9 * i for i in range(size)]
            batch = [[np.array([x + x * e for e in samples]) for x in program.leaves] for program, _, _ in group]
            found = [block.tolist() for block in compiled(vmap(together), way, batch)(batch)]
        columns = iter(found)
        for program, expected, scale in group:
            own = [next(columns) for _ in expected]
            for i, e in enumerate(samples):
                here = expected if e == 0.0 else flatten(all_of(program)([x + x * e for x in program.leaves]))[0]
                for column, b, limit in zip(own, here, scale):
                    assert abs(column[i] - b) <= 1e-12 * limit, (program, i, column[i], b)
        assert next(columns, None) is None


@every_way
def test_programs_of_any_floats_give_the_same_nans(way: str) -> None:
    strategy = st.lists(any_float, min_size=1, max_size=3).flatmap(
        lambda leaves: st.tuples(st.just(leaves), wild_programs(len(leaves)), st.booleans())
    )
    made = [Program(tuple(leaves), lines, spelled) for leaves, lines, spelled in drawn(strategy, 120)]
    for start in range(0, len(made), GROUP):
        group = made[start : start + GROUP]

        def together(points: Any, group: Any = group) -> Any:
            return [all_of(program)(leaves) for program, leaves in zip(group, points)]

        here = [[*program.leaves] for program in group]
        numbers = iter(compiled(together, way, here)(here))
        for program in group:
            for expected in flatten(all_of(program)([*program.leaves]))[0]:
                found = next(numbers)
                assert math.isnan(found) == math.isnan(expected), (program, found, expected)
                assert way != "interpreter" or same(found, expected), (program, found, expected)
