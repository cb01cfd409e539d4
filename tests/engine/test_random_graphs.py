"""Random programs over the whole table against the naive oracle: values, and derivatives of order 1 to 5.

A number may be off by 1e-12 of its scale, the sum of the absolute values of the terms it is made of.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import CONTEXT, EVALUATE, PARTIALS, Expression, Oracle, leaf
from strategies import CONDITIONS, NAMES, SMOOTH, Program, any_float, examples, programs, wild_programs

import autograd
from autograd import Value
from autograd.primitives.table import TABLE

BOUND = 1e-12


def check(actual: float, expected: Expression, oracle: Oracle) -> None:
    """Assert that a number of the engine is the oracle's, to 1e-12 of its scale."""
    assert type(actual) is float
    exact, scale = oracle.value(expected), oracle.scale(expected)
    assert abs(actual - exact) <= BOUND * scale, f"{actual!r} is {float(exact)!r}, of scale {float(scale)!r}"


def function_of(program: Program):
    """The program as a function of the list of its leaves."""
    return lambda leaves: program.run(leaves)


def test_the_oracle_and_the_strategies_cover_the_table():
    assert set(EVALUATE) == set(TABLE)
    drawn = {*NAMES, *CONDITIONS, "identity"}  # identity is what the engine itself puts in
    assert drawn == set(TABLE)


@pytest.mark.parametrize("name", sorted(set(PARTIALS) - {"stop_gradient"}))
def test_the_formulas_of_the_oracle_are_the_limits_of_difference_quotients(name):
    count = PARTIALS[name].__code__.co_argcount
    point = {"acosh": [2.3], "polygamma": [2.0, 3.3], "power_log": [2.0, 0.37, 0.71]}.get(name, [0.37, 0.71][:count])
    oracle = Oracle(point)
    expression = (name, *map(leaf, range(count)))
    for i in range(1 if name in ("polygamma", "power_log") else 0, count):
        first = oracle.derivative(expression, i)
        for order, derivative in ((1, first), (2, oracle.derivative(first, i))):
            def along(t, i=i):
                return EVALUATE[name](*(CONTEXT.mpf(t if i == j else point[j]) for j in range(count)))

            quotient = CONTEXT.diff(along, CONTEXT.mpf(point[i]), order)
            assert abs(oracle.value(derivative) - quotient) < 1e-15 * max(1, abs(quotient))


@examples(250)
@given(programs())
def test_value_and_gradient_by_backward(program):
    check_backward(program)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"stop_gradient"}))
def test_every_row_at_the_end_of_a_random_program(name):
    @examples(20)
    @given(programs(most_leaves=2, most_lines=4, last=name))
    def every_program(program):
        check_backward(program)

    every_program()


def check_backward(program: Program) -> None:
    oracle, expression = Oracle(program.leaves), program.expression()
    leaves = [Value(number) for number in program.leaves]
    output = program.run(leaves)
    output.backward()
    check(output.data, expression, oracle)
    for i, node in enumerate(leaves):
        check(node.grad, oracle.derivative(expression, i), oracle)


@examples(150)
@given(programs())
def test_forward_and_reverse_mode_give_the_gradient(program):
    oracle, expression, f = Oracle(program.leaves), program.expression(), function_of(program)
    by_mode = [make(f)(list(program.leaves)) for make in (autograd.grad, autograd.jacrev, autograd.jacfwd)]
    for i in range(len(program.leaves)):
        derivative = oracle.derivative(expression, i)
        for gradient in by_mode:
            check(gradient[i], derivative, oracle)
        direction = [1.0 if i == j else 0.0 for j in range(len(program.leaves))]
        value, tangent = autograd.jvp(f, (list(program.leaves),), (direction,))
        check(value, expression, oracle)
        check(tangent, derivative, oracle)
    _, pullback = autograd.vjp(f, list(program.leaves))
    assert pullback(1.0)[0] == by_mode[0]


@examples(120)
@given(programs(most_lines=10))
def test_hessians_by_four_routes(program):
    oracle, expression, f = Oracle(program.leaves), program.expression(), function_of(program)
    point, count = list(program.leaves), len(program.leaves)
    forward_over_reverse = autograd.hessian(f)(point)
    reverse_over_reverse = autograd.jacrev(autograd.jacrev(f))(point)
    reverse_over_forward = autograd.jacrev(autograd.jacfwd(f))(point)
    forward_over_forward = autograd.jacfwd(autograd.jacfwd(f))(point)
    for i in range(count):
        first = oracle.derivative(expression, i)
        for j in range(count):
            second = oracle.derivative(first, j)
            for matrix in (forward_over_reverse, reverse_over_reverse, reverse_over_forward, forward_over_forward):
                check(matrix[i][j], second, oracle)
            difference = abs(forward_over_reverse[i][j] - forward_over_reverse[j][i])
            assert difference <= BOUND * oracle.scale(second)


@examples(120)
@given(programs(most_lines=8))
def test_second_derivatives_by_backward_with_a_graph(program):
    oracle, expression = Oracle(program.leaves), program.expression()
    leaves = [Value(number) for number in program.leaves]
    program.run(leaves).backward(create_graph=True)
    gradients = [node.grad for node in leaves]
    for i, gradient in enumerate(gradients):
        for node in leaves:
            node.grad = None
        first = oracle.derivative(expression, i)
        if not isinstance(gradient, Value):  # no derivative came this far
            assert (gradient, oracle.value(first)) == (0.0, 0)
            continue
        gradient.backward()
        check(gradient.data, first, oracle)
        for j, node in enumerate(leaves):
            check(node.grad, oracle.derivative(first, j), oracle)


@examples(120)
@given(programs(most_lines=7), st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_third_derivatives_nested_in_both_modes(program, which):
    oracle, expression, f = Oracle(program.leaves), program.expression(), function_of(program)
    point = list(program.leaves)
    i, j, k = (number % len(point) for number in which)
    third = oracle.derivative(oracle.derivative(oracle.derivative(expression, i), j), k)
    by_reverse = autograd.grad(lambda a: autograd.grad(lambda b: autograd.grad(f)(b)[i])(a)[j])(point)[k]
    check(by_reverse, third, oracle)

    def along(function, axis):
        direction = [1.0 if axis == m else 0.0 for m in range(len(point))]
        return lambda x: autograd.jvp(function, (x,), (direction,))[1]

    check(along(along(along(f, i), j), k)(point), third, oracle)
    check(autograd.grad(along(along(f, i), j))(point)[k], third, oracle)
    check(along(lambda x: autograd.grad(along(f, i))(x)[j], k)(point), third, oracle)


@examples(100)
@given(programs(names=[*SMOOTH, "add", "multiply"], most_leaves=1, most_lines=3))
def test_five_derivatives_of_short_compositions(program):
    oracle, expression = Oracle(program.leaves), program.expression()
    (x,) = program.leaves

    def by_reverse(t):
        return program.run([t])

    by_forward = by_reverse
    for order in range(1, 6):
        expression = oracle.derivative(expression, 0)
        by_reverse = autograd.grad(by_reverse)
        check(by_reverse(x), expression, oracle)
        if order <= 4:
            by_forward = (lambda f: lambda t: autograd.jvp(f, (t,), (1.0,))[1])(by_forward)
            check(by_forward(x), expression, oracle)


def all_derivatives(f, point: list[float]) -> list[float]:
    """Gradients, second derivatives along an axis, and third ones, by both modes."""
    direction = [1.0] + [0.0] * (len(point) - 1)

    def along(function):
        return lambda x: autograd.jvp(function, (x,), (direction,))[1]

    gradient = autograd.grad(f)
    return [
        *gradient(point), *autograd.jacfwd(f)(point),
        *autograd.hvp(f, (point,), (direction,)), *autograd.grad(lambda x: gradient(x)[0])(point),
        along(along(f))(point), along(along(along(f)))(point), *along(along(gradient))(point),
        *autograd.grad(lambda x: autograd.grad(lambda z: gradient(z)[0])(x)[0])(point),
    ]


@examples(150)
@given(st.data(), programs(most_lines=5), st.sampled_from([0, 1, 2, 3]))
def test_a_branch_not_taken_contributes_nothing_whatever_is_on_it(data, program, choice):
    oracle, expression, point = Oracle(program.leaves), program.expression(), list(program.leaves)
    other = Program(program.leaves, data.draw(wild_programs(len(point))))

    def chosen(leaves):
        taken, not_taken = program.run(leaves), other.run(leaves)
        if choice == 0:
            return autograd.where(True, taken, not_taken)
        if choice == 1:
            return autograd.where(False, not_taken, taken)
        if choice == 2:
            return autograd.where(taken == taken, autograd.where(taken != taken, not_taken, taken), not_taken)
        return taken + autograd.where(True, 0.0, not_taken)

    first = [oracle.derivative(expression, i) for i in range(len(point))]
    second = [oracle.derivative(derivative, 0) for derivative in first]
    third = [oracle.derivative(derivative, 0) for derivative in second]
    expected = [*first, *first, *second, *second, second[0], third[0], *third, *third]
    for number, derivative in zip(all_derivatives(chosen, point), expected, strict=True):
        check(number, derivative, oracle)


@examples(250)
@given(st.lists(any_float, min_size=1, max_size=3).flatmap(
    lambda leaves: st.tuples(st.just(leaves), wild_programs(len(leaves)), st.booleans())
))
def test_nothing_raises_on_any_float_at_any_order(drawn):
    leaves, lines, spelled = drawn
    program = Program(tuple(leaves), lines, spelled)
    values = [Value(number) for number in leaves]
    output = program.run(values)
    output.backward()
    assert all(type(node.grad) is float for node in values)
    assert all(type(number) is float for number in all_derivatives(function_of(program), leaves))


def bits(program: Program) -> list[str]:
    """The value, the gradient and the Hessian of a program, each digit of them."""
    leaves = [Value(number) for number in program.leaves]
    output = program.run(leaves)
    output.backward()
    hessian = autograd.hessian(function_of(program))(list(program.leaves))
    return [number.hex() for number in [output.data, *(node.grad for node in leaves), *sum(hessian, [])]]


def test_the_same_program_gives_the_same_bits_in_every_process():
    tried = []

    @examples(60)
    @given(programs())
    def collect(program):
        tried.append(program)

    collect()
    here = [bits(program) for program in tried]
    assert [bits(program) for program in tried] == here
    sent = json.dumps([[program.leaves, program.lines, program.spelled] for program in tried])
    script = (
        "import json, sys\n"
        "from strategies import Program\n"
        "from test_random_graphs import bits\n"
        "received = json.load(sys.stdin)\n"
        "programs = [Program(tuple(a), tuple(map(tuple, b)), c) for a, b, c in received]\n"
        "json.dump([bits(program) for program in programs], sys.stdout)\n"
    )
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, [tests.parent, tests / "helpers", tests / "engine"]))
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", script],
            input=sent,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
        )
        assert json.loads(there.stdout) == here
