"""Every row of the table against mpmath at 50 digits, over its domain and its tails; and on every kind of float.

Each test here takes one row. `mutants.py` calls the same functions on rows with a wrong derivative: all must fail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, product
from math import inf, nan

import pytest
from differentiate import gradient, second_derivatives
from mpmath import mp, mpf
from reference import BIG, REFERENCE, TINY, has_zero_nearby
from sampling import ordinary_points, points, same, ulps

from autograd import Primitive, Value
from autograd.primitives.table import TABLE

COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
PREDICATES = {*COMPARISONS, "logical_and", "logical_or", "logical_not", "signbit"}
EDGES = (0.0, -0.0, TINY, -TINY, 1.0, -1.0, BIG, -BIG, inf, -inf, nan)
MORE_EDGES = (*EDGES, 0.5, -1.5, 2.0, -3.0, 1e-310, 745.5, -746.0, 1e154, 1e200, -1e200, 9007199254740993.0)
WIDER = {"direction_cosine": 8.0}  # ulp of a first derivative that is itself the second one of another row
every_row = pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in TABLE.items()])


def edges(row: Primitive) -> Iterator[tuple[float, ...]]:
    arity = len(row.partials)
    return product(MORE_EDGES if arity < 3 else EDGES, repeat=arity)


def within(bound: float, computed: float, exact: mpf, zero_within_a_tenth: bool) -> bool:
    """Within `bound` ulp, or, next to a zero of the function, within 4e-16."""
    return ulps(computed, exact) <= bound or (zero_within_a_tenth and abs(mpf(computed) - exact) <= 4e-16)


def test_every_row_has_a_reference():
    assert REFERENCE.keys() == TABLE.keys()
    for name, reference in REFERENCE.items():
        assert [p is None for p in reference.partials] == [p is None for p in TABLE[name].partials], name


@every_row
def test_value_is_within_3_ulp_of_50_digits(row: Primitive):
    reference = REFERENCE[row.name]
    with mp.workdps(50):
        for point in chain(reference.tails, points(row, 1000)):
            computed, exact = row(*point), reference.value(*map(mpf, point))
            if row.name in PREDICATES:
                assert computed is bool(exact), point
            else:
                assert within(3.0, computed, exact, has_zero_nearby(row, reference.value, point)), point


@every_row
def test_derivatives_are_within_4_ulp_of_50_digits_in_both_modes(row: Primitive):
    reference = REFERENCE[row.name]
    with mp.workdps(50):
        for point in chain(reference.tails, points(row, 400)):
            reverse, forward = gradient(row, point, "reverse"), gradient(row, point, "forward")
            assert all(map(same, reverse, forward)), point
            for computed, partial in zip(reverse, reference.partials):
                if partial is None:
                    assert same(computed, 0.0), point
                    continue
                bound = 4.0 + point[0] ** 2 if row.name in {"erf", "erfc"} else WIDER.get(row.name, 4.0)
                near_zero = has_zero_nearby(row, partial, point)
                assert within(bound, computed, partial(*map(mpf, point)), near_zero), (point, computed)


@every_row
def test_second_derivatives_agree_with_50_digits_in_all_combinations_of_modes(row: Primitive):
    partials = REFERENCE[row.name].partials
    for point in ordinary_points(row, 6):
        with mp.workdps(50):
            exact = [[_derivative(partials, i, point, j) for j in range(len(point))] for i in range(len(point))]
        for inner, outer in product(("reverse", "forward"), repeat=2):
            computed = second_derivatives(row, point, inner, outer)
            for i, j in product(range(len(point)), repeat=2):
                bound = 1e-12 * abs(exact[i][j]) + 1e-15
                assert abs(computed[i][j] - exact[i][j]) <= bound, (point, inner, outer, i, j)


def _derivative(partials, i: int, point: tuple[float, ...], j: int) -> mpf:
    """The derivative of the i-th partial in the j-th argument; 0 where the row has none."""
    if partials[i] is None or partials[j] is None:
        return mpf(0)
    return _slope(partials[i], point, j)


def _slope(function, point: tuple[float, ...], j: int) -> mpf:
    numbers = [mpf(x) for x in point]
    return mp.diff(lambda t: function(*numbers[:j], t, *numbers[j + 1 :]), numbers[j])


@every_row
def test_the_reference_agrees_with_itself(row: Primitive):
    reference = REFERENCE[row.name]
    with mp.workdps(50):
        for point in ordinary_points(row, 4):
            for j, partial in enumerate(reference.partials):
                if partial is not None:
                    exact = _slope(reference.value, point, j)
                    assert abs(partial(*map(mpf, point)) - exact) <= mpf(10) ** -20 * (1 + abs(exact)), point


@every_row
def test_forward_and_reverse_and_the_rules_on_nodes_give_the_same_bits_at_every_edge(row: Primitive):
    for point in chain(edges(row), points(row, 20)):
        reverse = gradient(row, point, "reverse")
        for mode, create_graph in (("forward", False), ("reverse", True), ("forward", True)):
            other = gradient(row, point, mode, create_graph)
            assert all(map(same, reverse, other)), (point, mode, create_graph, reverse, other)


@every_row
def test_no_row_raises_on_any_float(row: Primitive):
    for point in edges(row):
        out = row(*point)
        assert type(out) is (bool if row.name in PREDICATES else float)
        assert all(type(partial) is float for partial in gradient(row, point, "reverse"))


@every_row
def test_floats_and_values_give_the_same_bits(row: Primitive):
    for point in chain(edges(row), points(row, 40)):
        out = row(*point)
        for mixed in (row(*map(Value, point)), row(Value(point[0]), *point[1:]), row(*point[:-1], Value(point[-1]))):
            data = mixed.data if isinstance(mixed, Value) else mixed
            assert type(data) is type(out), point
            assert same(data, out), point


# Where a row with a kink or a domain has nan for every derivative: at nan, and outside the domain.
OUTSIDE = {
    "absolute": [(nan,)],
    "sign": [(nan,)],
    "floor": [(nan,)],
    "ceil": [(nan,)],
    "relu": [(nan,)],
    "maximum": [(nan, 1.0), (1.0, nan), (nan, nan), (nan, inf)],
    "minimum": [(nan, 1.0), (1.0, nan), (nan, nan), (nan, -inf)],
    "remainder": [(nan, 1.0), (1.0, nan), (1.0, 0.0), (inf, 1.0), (0.0, -0.0)],
    "floor_divide": [(nan, 1.0), (1.0, nan), (0.0, 0.0)],
    "log": [(nan,), (-1.0,), (-TINY,), (-inf,)],
    "log2": [(nan,), (-1.0,), (-TINY,), (-inf,)],
    "log10": [(nan,), (-1.0,), (-TINY,), (-inf,)],
    "log1p": [(nan,), (-1.5,), (-1.0 - 2.0**-52,), (-inf,)],
    "sqrt": [(nan,), (-1.0,), (-TINY,), (-inf,)],
    "asin": [(nan,), (1.5,), (-1.5,), (1.0 + 2.0**-52,), (inf,), (-inf,)],
    "acos": [(nan,), (1.5,), (-1.5,), (1.0 + 2.0**-52,), (inf,), (-inf,)],
    "acosh": [(nan,), (0.5,), (-3.0,), (1.0 - 2.0**-53,), (-inf,)],
    "atanh": [(nan,), (1.5,), (-1.5,), (1.0 + 2.0**-52,), (-1.0 - 2.0**-52,), (inf,), (-inf,)],
    "power": [(nan, 2.0), (2.0, nan), (nan, nan), (-8.0, 1 / 3), (-0.5, 0.5)],
    "atan2": [(nan, 1.0), (1.0, nan), (0.0, 0.0)],
    "lgamma": [(nan,), (-1.0,), (-2.0,), (-inf,)],
    "digamma": [(nan,), (-inf,)],
    "cbrt": [(nan,)],
    "sin": [(nan,), (inf,), (-inf,)],
    "cos": [(nan,), (inf,), (-inf,)],
    "tan": [(nan,), (inf,), (-inf,)],
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_derivatives_are_nan_at_nan_and_outside_the_domain(name: str):
    for point, mode, create_graph in product(OUTSIDE[name], ("reverse", "forward"), (False, True)):
        assert all(map(math.isnan, gradient(TABLE[name], point, mode, create_graph))), (point, mode, create_graph)


def test_polygamma_has_a_derivative_at_whole_orders_only():
    for n, x in ((0.5, 1.0), (-1.0, 1.0), (nan, 1.0), (1.0, nan), (1.0, -inf)):
        assert math.isnan(gradient(TABLE["polygamma"], (n, x), "reverse")[1])


def test_every_row_but_the_linear_ones_has_nan_derivatives_at_nan():
    linear = {"identity", "stop_gradient", "add", "subtract", "negative"}
    for name, row in TABLE.items():
        if len(row.partials) == 1 and name not in linear | PREDICATES:
            assert math.isnan(gradient(row, (nan,), "reverse")[0]), name
            assert math.isnan(row(nan)), name


@pytest.mark.parametrize("name", sorted(COMPARISONS))
def test_a_comparison_returns_a_bool_and_nan_equals_nothing(name: str):
    row = TABLE[name]
    for x, y in product(EDGES, repeat=2):
        expected = (not math.isnan(x) and not math.isnan(y)) and bool(REFERENCE[name].value(x, y))
        if name == "not_equal":
            expected = math.isnan(x) or math.isnan(y) or x != y
        for out in (row(x, y), row(Value(x), y), row(x, Value(y)), row(Value(x), Value(y))):
            assert out is expected, (x, y)


def test_rows_of_logic_return_a_bool_and_take_any_number_but_zero_as_true():
    truths = [(0.0, False), (-0.0, False), (TINY, True), (-1.0, True), (inf, True), (nan, True)]
    for (x, p), (y, q) in product(truths, repeat=2):
        for a, b in product((x, Value(x)), (y, Value(y))):
            assert TABLE["logical_and"](a, b) is (p and q), (x, y)
            assert TABLE["logical_or"](a, b) is (p or q), (x, y)
            assert TABLE["logical_not"](a) is (not p), x


def test_the_predicates_say_so():
    assert {name for name, row in TABLE.items() if row.predicate} == PREDICATES


def test_arithmetic_is_pythons_own_bit_for_bit():
    for x, y in points(TABLE["multiply"], 200):
        a, b = Value(x), Value(y)
        assert [(a + b).data, (a - b).data, (a * b).data, (a / b).data] == [x + y, x - y, x * y, x / y]
        assert [(x + b).data, (x - b).data, (x * b).data, (x / b).data] == [x + y, x - y, x * y, x / y]
        assert [(a + y).data, (a - y).data, (a * y).data, (a / y).data] == [x + y, x - y, x * y, x / y]
        assert abs(a).sqrt().data == math.sqrt(abs(x))
