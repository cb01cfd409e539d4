"""check_grads: it passes right derivatives, finds wrong ones however small, and names the primitive at fault."""

from __future__ import annotations

import math
from math import nan

import pytest

from autograd import (
    GradientCheckError,
    check_grads,
    cos,
    exp,
    log,
    primitive,
    sin,
    stop_gradient,
    tanh,
    where,
)
from autograd.primitives.table import TABLE

POINTS = {
    "acosh": (2.0,), "where": (True, 0.7, -0.4), "polygamma": (2.0, 1.3), "atanh": (0.4,), "power": (1.3, 2.4),
    "power_log": (1.0, 1.3, 2.4),
}
PREDICATES = {name for name, row in TABLE.items() if row.predicate}


@pytest.mark.parametrize("name", sorted(TABLE.keys() - PREDICATES - {"stop_gradient"}))
def test_every_row_of_the_table_passes_at_three_orders(name):
    row = TABLE[name]
    point = POINTS.get(name) or tuple(0.3 + 0.4 * i for i in range(len(row.partials)))
    tracked = [i for i, partial in enumerate(row.partials) if partial is not None]

    def f(*numbers):
        arguments = list(point)
        for i, number in zip(tracked, numbers):
            arguments[i] = number
        return row(*arguments)

    check_grads(f, tuple(point[i] for i in tracked), order=3)


def test_composites_pass_with_nests_and_methods():
    check_grads(lambda n: [n["x"].sin() * n["y"][0], exp(n["x"]) / n["y"][0]], ({"x": 0.5, "y": [2.0]},))
    check_grads(lambda x, y: tanh(x) ** 2 * log(y) + cos(x * y), (0.5, 2.0), order=3)


def wrong_sign_of_size(size):
    return primitive("tiny", lambda x: size * math.sin(x), [lambda out, x: -size * cos(x)])


@pytest.mark.parametrize("beside", [lambda x: 0.0, lambda x: 3.0 * x, lambda x: 1.0 + x * x])
def test_a_wrong_sign_in_a_derivative_of_size_1e_minus_8_is_found(beside):
    tiny = wrong_sign_of_size(1e-8)
    with pytest.raises(GradientCheckError, match="the primitive tiny is at fault"):
        check_grads(lambda x: tiny(x) + beside(x), (0.7,))


def test_a_relative_error_of_1e_minus_9_is_found():
    off = primitive("off", math.exp, [lambda out, x: out * (1.0 + 1e-9)])
    with pytest.raises(GradientCheckError, match="off is at fault"):
        check_grads(lambda x: off(x), (2.0,))


def test_the_message_has_the_argument_the_point_and_both_numbers():
    product = primitive("product", lambda x, y: x * y, [lambda out, x, y: y, lambda out, x, y: 2.0 * x])
    with pytest.raises(
        GradientCheckError, match=r"product is at fault: .* argument 2 at \(3\.0, 5\.0\) is 6 by its rule, 3 by central"
    ):
        check_grads(lambda a: sin(a) + product(3.0, a), (5.0,))


def test_a_rule_that_is_right_once_but_not_twice_is_found_at_order_2():
    cube = primitive("cube", lambda x: x * x * x, [lambda out, x: 3.0 * x * stop_gradient(x)])
    check_grads(lambda x: cube(x), (2.0,), order=1)
    with pytest.raises(GradientCheckError, match=r"cube is at fault: the rule .* derivative 6 .* 12 by central"):
        check_grads(lambda x: cube(x), (2.0,), order=2)


def test_a_part_outside_the_graph_is_found_and_no_primitive_blamed():
    with pytest.raises(GradientCheckError, match=r"each primitive's rule is right.*detach"):
        check_grads(lambda x: x * x.detach(), (2.0,))


def test_small_domains_and_large_arguments():
    check_grads(log, (1e-6,))
    check_grads(log, (1e12,))
    check_grads(lambda x: where(x > 0.0, log(x), 0.0), (1e-3,))


def test_what_is_not_finite_cannot_be_checked():
    with pytest.raises(GradientCheckError, match="nothing to check"):
        check_grads(log, (-1.0,))
    with pytest.raises(GradientCheckError, match="nothing to check"):
        check_grads(lambda x: x * nan, (1.0,))


def test_wrong_calls_are_refused():
    with pytest.raises(TypeError, match="as a tuple"):
        check_grads(sin, 1.0)
    with pytest.raises(ValueError, match="from 1 up"):
        check_grads(sin, (1.0,), order=0)
