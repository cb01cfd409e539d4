"""check_grads: it passes right derivatives, finds wrong ones however small, and names the primitive at fault."""

from __future__ import annotations

import math
import random
from math import nan

import numpy as np
import pytest

from autograd import (
    BoundError,
    GradientCheckError,
    InconclusiveCheckError,
    absolute,
    atan2,
    cbrt,
    check_grads,
    checkpoint,
    cos,
    cosh,
    detect_anomaly,
    erfc,
    exp,
    floor,
    hypot,
    lgamma,
    log,
    minimum,
    norm,
    primitive,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    stop_gradient,
    tan,
    tanh,
    where,
    while_loop,
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


@pytest.mark.parametrize(("f", "args"), [
    (log, (-1.0,)), (lambda x: x * nan, (1.0,)), (sin, (math.inf,)), (lambda: 3.0, ()), (lambda x: [], (1.0,)),
])  # fmt: skip
def test_what_is_not_finite_or_not_there_cannot_be_checked(f, args):
    with pytest.raises(InconclusiveCheckError, match="nothing to check"):
        check_grads(f, args)


@pytest.mark.parametrize(("f", "x"), [
    (sin, 1e4), (sin, 1e12), (lambda x: sin(1000.0 * x), 2.5), (lambda x: 1.0 + sin(x), 1e-12), (cos, 1e-12),
    (lambda t: sigmoid(t - 1990.0), 1990.0), (lambda t: sigmoid(t - 1990.0), 2000.0),
    (lambda x: tanh((x - 3.0) / 1e-5) + x, 3.00001), (lambda x: (1e16 + x) - 1e16, 0.3),
    (lambda x: minimum(x, 1.0), 1.0 - 1e-12), (lambda x: absolute(x - 0.3) + sin(x), 0.3 - 1e-9),
    (relu, 1e-12), (relu, -1e-12), (lambda x: floor(x) + sin(x), 2.0001),
    (lambda x: where(x > 2.0, exp(x), 1.0), 1.9999), (sqrt, 1e-150),
    (sqrt, 1e-9), (log, 1e-12), (lambda x: x ** 1.5, 1e-10), (lambda x: 1e8 + sin(x), 0.5),
    (lambda x: 1e10 * sin(x) ** 2 + 1e10 * cos(x) ** 2, 0.3), (lambda x: x ** 2, -3.0), (lambda x: x ** 3, 0.0),
    (lambda x: 3.0 + 0.0 * x, 2.0), (sigmoid, 50.0), (softplus, 40.0),
])  # fmt: skip
def test_right_derivatives_pass_whatever_the_scale(f, x):
    check_grads(f, (x,))


def test_where_plain_python_raises_the_domain_ends():
    """math.exp raises from 710 up, math.log at 0, which wide steps reach; detect_anomaly at the first nan."""
    plain = primitive("plain", lambda x: math.exp(math.log(x)), [lambda out, x: 1.0 + 0.0 * x])
    check_grads(lambda x: 1e9 + plain(x), (0.5,), order=1)
    with detect_anomaly():
        check_grads(lambda x: 1e9 + log(x), (1e-3,))


def iterated_sines(generator, sine=sin):
    """A smooth map that turns many times round its point, and the point."""
    factors = [generator.uniform(0.3, 12.0) for _ in range(generator.randint(1, 5))]

    def f(x):
        for factor in factors:
            x = sine(factor * x + 0.3)
        return x

    return f, generator.uniform(-3.0, 3.0)


def frequent(generator, sine=sin):
    frequency = 10.0 ** generator.uniform(0.0, 5.0)
    return lambda x: sine(frequency * x), generator.uniform(-5.0, 5.0)


def beside_an_offset(generator, sine=sin):
    offset, size = 10.0 ** generator.uniform(-2.0, 6.0), 10.0 ** generator.uniform(-9.0, 0.0)
    return lambda x: sine(x) * exp(0.3 * x) + offset, size * generator.uniform(-2.0, 2.0)


def narrow(generator, sine=sin):
    centre, width = generator.choice([10.0, 1990.0, -300.0]), 10.0 ** generator.uniform(-3.0, 1.0)
    x = centre + width * generator.uniform(-8.0, 8.0)
    return lambda t: sigmoid((t - centre) / width) + width * sine(t / width), x


def next_to_a_kink(generator, sine=sin):
    kink, side = generator.choice([0.0, 0.3, 1.0]), generator.choice([-1.0, 1.0])
    fold = generator.choice([absolute, relu, lambda y: minimum(y, 2.0 * y)])
    return lambda x: fold(x - kink) + 0.5 * sine(x), kink + side * 10.0 ** generator.uniform(-11.0, -3.0)


FAMILIES = [iterated_sines, frequent, beside_an_offset, narrow, next_to_a_kink]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_random_function_raises_a_false_alarm(family):
    for seed in range(40):
        f, x = family(random.Random(seed))
        check_grads(f, (x,))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("factor", [-0.9, 0.0, 1.01])  # next to a kink there is room for two digits and no more
def test_a_fault_in_a_random_function_is_found(family, factor):
    faulty = primitive("faulty", math.sin, [lambda out, x: factor * cos(x)])
    for seed in range(12):
        f, x = family(random.Random(seed), faulty)
        with pytest.raises(GradientCheckError):
            check_grads(lambda x, f=f: f(x), (x,), order=1)


@pytest.mark.parametrize("x", [1e-3, 2.5e-9, 1e-12])
def test_a_small_derivative_that_is_left_out_is_found(x):
    left_out = primitive("left_out", math.cos, [lambda out, x: 0.0 * x])
    with pytest.raises(GradientCheckError, match="left_out is at fault"):
        check_grads(lambda x: 2.0 + left_out(x), (x,), order=1)


def test_a_rule_that_gives_two_answers_is_found_by_the_two_modes():
    answers = iter([1.0, 3.0] * 100)
    unsteady = primitive("unsteady", lambda x: 3.0 * x, [lambda out, x: next(answers)])
    with pytest.raises(GradientCheckError, match=r"the argument: 3 by forward mode, 1 by reverse mode"):
        check_grads(lambda x: unsteady(x), (2.0,), order=1)


def test_what_differences_cannot_tell_is_said_to_be_unknown():
    with pytest.raises(InconclusiveCheckError, match=r"nothing was found wrong, .* by the rules it is 0\.5403\d*; no"):
        check_grads(lambda x: 1e16 + sin(x), (1.0,))
    with pytest.raises(InconclusiveCheckError, match="from one float to the next .* the function varies"):
        check_grads(sin, (1e17,))
    with pytest.raises(InconclusiveCheckError, match="a kink: to the left the slope is 0, to the right 1"):
        check_grads(relu, (0.0,))
    with pytest.raises(InconclusiveCheckError, match="there is a jump"):
        check_grads(absolute, (0.0,))
    with pytest.raises(InconclusiveCheckError, match="by the rules it is inf"):
        check_grads(sqrt, (0.0,), order=1)


@pytest.mark.parametrize(("f", "args"), [
    (lambda x: x**2.5, (1e-150,)), (lambda x: 1 / x, (1e-150,)), (lambda x: 1 / x, (1e-200,)), (cbrt, (1e-200,)),
    (atan2, (3e-180, 4e-180)), (lambda x: x * log(x), (1e-180,)), (erfc, (27.0,)), (lambda x: 1e10 * erfc(x), (27.0,)),
    (sigmoid, (-720.0,)), (sigmoid, (-740.0,)), (lambda x: sigmoid(x) ** 3, (-240.0,)), (lambda x: x**1.5, (1e-220,)),
    (lambda x: x**10.5, (1e-30,)), (lambda x: 1e300 * x**2.5, (1e-140,)), (exp, (-720.0,)), (tanh, (370.0,)),
    (lambda x: exp(-x * x), (27.0,)), (log, (1e-200,)), (sqrt, (1e-300,)), (lgamma, (1e-160,)),
    (sin, (1e22,)), (tan, (-1.2e36,)), (lambda x: sin(1.5e131 * x), (6.5e-255,)), (cosh, (84.7,)),
    (lambda x, y: sin(x * y), (-2.6e-50, 1.1e38)), (hypot, (-2.2e-80, 5.3e-47)), (atan2, (-1e-286, -7e-293)),
    (lambda x, y: sin(atan2(x, y)), (-1.1e-286, -6.8e-293)),
])  # fmt: skip
def test_right_rules_are_not_blamed_beyond_the_range_of_floats(f, args):
    for order in (1, 2, 3):
        try:
            check_grads(f, args, order=order)
        except InconclusiveCheckError as error:
            assert "jump" not in str(error)  # noqa: PT017  # to pass is right, too


def test_what_leaves_the_range_of_floats_is_said_to():
    for f, x in [(log, 1e-200), (lambda x: 1 / x, 1e-150), (cbrt, 1e-200)]:
        with pytest.raises(InconclusiveCheckError, match=r"is -?inf; the slopes next to it are beyond the largest fl"):
            check_grads(f, (x,))
    with pytest.raises(InconclusiveCheckError, match=r"2\.5e-225; no step"):
        check_grads(lambda x: x**2.5, (1e-150,), order=1)
    for x in (1e-150, 1e150):
        tripled = primitive("tripled", lambda x: x * 1e-100, [lambda out, x: 3e-100])
        with pytest.raises(GradientCheckError, match="tripled is at fault"):
            check_grads(lambda x: tripled(x), (x,))  # noqa: B023
    steep = primitive("steep", math.sin, [lambda out, x: cos(x) * math.inf])
    with pytest.raises(GradientCheckError, match="steep is at fault"):
        check_grads(lambda x: steep(x), (0.7,))


@pytest.mark.parametrize(("f", "args"), [
    (norm, ([0.0, 0.0],)), (hypot, (0.0, 0.0)), (lambda v: norm(v) ** 2, ([0.0, 0.0],)),
    (lambda v: cosh(norm(v)), ([0.0] * 7,)), (lambda x, y: hypot(x, y) * hypot(x, y), (0.0, 0.0)),
])  # fmt: skip
def test_a_rule_that_gives_no_derivative_at_a_kink_is_not_at_fault(f, args):
    check_grads(f, args, order=1)
    with pytest.raises(InconclusiveCheckError, match="by the rules it is nan|nan by forward mode"):
        check_grads(f, args)


def test_a_rule_that_gives_nan_where_the_function_is_smooth_is_at_fault():
    lost = primitive("lost", math.sin, [lambda out, x: cos(x) * (math.inf - math.inf)])
    with pytest.raises(GradientCheckError, match=r"lost is at fault: .* is nan by its rule, 0\.76"):
        check_grads(lambda x, y: lost(x) + absolute(y), (0.7, 1.0))


def test_a_wrong_rule_is_named_where_something_else_cannot_be_judged():
    faulty = primitive("faulty", math.sin, [lambda out, x: -cos(x)])
    with pytest.raises(GradientCheckError, match="the primitive faulty is at fault"):
        check_grads(lambda x: [1e16 + sin(x), relu(x - 1.0), faulty(x)], (1.0,))


def test_only_operands_that_move_are_judged():
    """The derivative of a power by its exponent is nan where the base is negative, and nobody asks for it."""
    faulty = primitive("faulty", math.sin, [lambda out, x: -cos(x)])
    with pytest.raises(GradientCheckError, match="the primitive faulty is at fault"):
        check_grads(lambda x: x**2 + x**3.0 + faulty(x), (-3.0,))
    with pytest.raises(GradientCheckError, match="each primitive's rule is right"):
        check_grads(lambda x: x**2 * x.detach(), (-3.0,))


def test_a_rule_that_is_wrong_at_the_third_order_is_found_there():
    slope = primitive("slope", lambda x: 4.0 * x**3, [lambda out, x: 12.0 * x * stop_gradient(x)])
    quartic = primitive("quartic", lambda x: x**4, [lambda out, x: slope(x)])
    check_grads(lambda x: quartic(x), (2.0,))
    with pytest.raises(GradientCheckError, match=r"quartic is at fault: the derivative of order 1 .* 24 .* 48 by"):
        check_grads(lambda x: quartic(x), (2.0,), order=3)


def chain(numbers, odd=sin, place=617):
    total = 0.0
    for i in range(len(numbers) - 1):
        total = total + (odd if i == place else sin)(numbers[i]) * numbers[i + 1]
    return total


def test_of_many_inputs_the_one_at_fault_is_named():
    x = np.random.default_rng(1).normal(size=1000)
    calls = []

    def counted(numbers):
        calls.append(0)
        return chain(numbers)

    check_grads(counted, (x,))
    assert len(calls) < 80  # and not some for each of a thousand numbers
    for odd in (wrong_sign_of_size(1.0), wrong_sign_of_size(1e-8)):
        with pytest.raises(GradientCheckError, match="tiny is at fault.* respect to number 618 of the arguments: "):
            check_grads(lambda x, odd=odd: chain(x, odd), (x,), order=1)


def test_of_many_inputs_the_one_at_fault_is_named_at_the_second_order():
    x = np.random.default_rng(2).normal(size=60)
    half = primitive("half", math.sin, [lambda out, x: stop_gradient(cos(x))])
    with pytest.raises(GradientCheckError, match="half is at fault: the rule .* number 8 of the arguments: 0 by"):
        check_grads(lambda x: chain(x, half, place=7), (x,))


def test_many_inputs_take_few_calls_also_of_checkpoints_and_at_order_3():
    a = np.linspace(0.1, 3.0, 50)
    calls = []

    def elementwise(a):
        calls.append(0)
        return np.sin(a) * a[::-1]

    check_grads(elementwise, (a,), order=3)
    assert len(calls) < 300
    calls.clear()
    check_grads(checkpoint(elementwise), (a[:12],))
    assert len(calls) < 3000


def test_numbers_of_all_sizes_are_moved_together():
    x = np.array([1e-12, 1e12, 1.0, 0.0, -3e5, 1e-3, 7.0, 0.0])
    check_grads(lambda x: log(x[0]) + sqrt(x[1]) + sin(x[2]) * x[3] + cbrt_like(x[4]) + exp(x[5]) * x[6] * x[7], (x,))


def cbrt_like(x):
    return where(x < 0.0, -((-x) ** (1.0 / 3.0)), x ** (1.0 / 3.0))


def test_one_by_one_finds_what_is_lost_beside_other_derivatives():
    tiny = wrong_sign_of_size(1e-6)

    def f(x):
        return 1e12 * sin(x[0]) + tiny(x[1]) + sum(x[2:] * x[2:])

    x = np.array([0.0, 0.7, 1e-3, 2e-3, 3e-3, 4e-3])
    check_grads(f, (x,), order=1)
    with pytest.raises(GradientCheckError, match="tiny is at fault.*number 2 of the arguments"):
        check_grads(f, (x,), order=1, fast_mode=False)


def test_wrong_calls_are_refused():
    with pytest.raises(TypeError, match="as a tuple"):
        check_grads(sin, 1.0)
    with pytest.raises(ValueError, match="from 1 up"):
        check_grads(sin, (1.0,), order=0)


def test_a_bound_that_is_breached_far_off_is_no_fault_of_the_point():
    def doubled_from(x):
        return while_loop(lambda s: s < 100.0, lambda s: 2.0 * s, x, max_trips=8)

    assert doubled_from(1.1) == 140.8
    check_grads(doubled_from, (1.1,))
    with pytest.raises(BoundError):
        doubled_from(0.01)
