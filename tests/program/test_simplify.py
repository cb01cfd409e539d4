"""The passes over a graph: fewer steps, and the same numbers to the bit.

Graphs are written by hand, so that each identity is seen alone; the numbers are Python's own.
"""

from __future__ import annotations

import functools
import math
import struct
from array import array

import numpy as np
import pytest

from autograd import (
    checkpoint,
    cond,
    floor,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jit,
    jvp,
    no_grad,
    scan,
    stop_gradient,
    vmap,
    while_loop,
)
from autograd.compiler.backends import interpreter
from autograd.primitives.table import TABLE
from autograd.program.graph import (
    NUMBER,
    PREDICATE,
    Branch,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Guard,
    Loop,
    Pack,
    results_of,
)
from autograd.program.lowering import lowered
from autograd.program.simplify import REWRITINGS, Preserves, pruned, rewritten, simplify
from autograd.program.tracing import structured

nan, inf = math.nan, math.inf
SPECIAL = [0.0, -0.0, 5e-324, -5e-324, 1.0, -1.0, 2.5, 1.797e308, -1.797e308, inf, -inf, nan]


def bits(number):
    return "nan" if number != number else struct.pack("d", number)


def program(steps, *, inputs=1, constants=(), outputs=None, kinds=None):
    """A graph of rows: each step is (row, operand, …); operands are numbers of values, the last step is the output."""
    all_kinds = list(kinds or [NUMBER] * inputs)
    all_kinds += [PREDICATE if type(item) is bool else NUMBER for item in constants]
    operations, operands = [], []
    for row, *taken in steps:
        operations.append(Guard(taken.pop()) if row == "guard" else TABLE[row])
        operands.append(tuple(taken))
        if row != "guard":
            all_kinds.append(PREDICATE if TABLE[row].predicate else NUMBER)
    found = (len(all_kinds) - 1,) if outputs is None else outputs
    return Graph(tuple(all_kinds), inputs, tuple(constants), tuple(operations), tuple(operands), found)


def names(graph):
    return [operation.name for operation in graph.operations]


def assert_same_numbers(graph, simplified, inputs=1):
    """Both give the same bits at every special value (every pair of them for two inputs)."""
    points = [(x,) for x in SPECIAL] if inputs == 1 else [(x, y) for x in SPECIAL for y in SPECIAL]
    for point in points:
        before, after = interpreter.run(graph, list(point)), interpreter.run(simplified, list(point))
        assert list(map(bits, before)) == list(map(bits, after)), point


@pytest.mark.parametrize(
    ("row", "constant", "place"),
    [
        ("multiply", 1.0, 1), ("multiply", 1.0, 0), ("divide", 1.0, 1), ("add", -0.0, 1), ("add", -0.0, 0),
        ("subtract", 0.0, 1), ("power", 1.0, 1),
    ],
)
def test_an_operation_that_changes_no_bit_is_replaced_by_its_operand(row, constant, place):
    graph = program([(row, 0, 1) if place == 1 else (row, 1, 0)], constants=[constant])
    simplified = simplify(graph)
    assert names(simplified) == []
    assert simplified.outputs == (0,)
    assert_same_numbers(graph, simplified)


@pytest.mark.parametrize(
    ("row", "constant", "place"),
    [
        ("multiply", 0.0, 1),  # nan at nan and inf, and -0.0 at -1
        ("multiply", -0.0, 1),
        ("add", 0.0, 1),  # 0.0 at -0.0
        ("add", 0.0, 0),
        ("subtract", -0.0, 1),
        ("subtract", 0.0, 0),  # 0.0 - 0.0 is 0.0, and -(0.0) is not
        ("subtract", -0.0, 0),
        ("divide", 0.0, 0),
        ("divide", -1.0, 0),
        ("divide", 1.0, 0),
    ],
)
def test_an_operation_that_changes_a_bit_somewhere_stays(row, constant, place):
    graph = program([(row, 0, 1) if place == 1 else (row, 1, 0)], constants=[constant])
    simplified = simplify(graph)
    assert len(simplified.operations) == 1
    assert_same_numbers(graph, simplified)


@pytest.mark.parametrize("steps", [[("subtract", 0, 0)], [("divide", 0, 0)], [("not_equal", 0, 0)], [("equal", 0, 0)]])
def test_an_operation_on_one_thing_twice_is_not_taken_for_a_constant(steps):
    # nan - nan, inf / inf and nan == nan are not 0, 1 and True.
    graph = program(steps)
    simplified = simplify(graph)
    assert len(simplified.operations) == 1
    assert_same_numbers(graph, simplified)


def test_two_negations_are_none_and_a_product_with_minus_one_is_a_negation():
    double = program([("negative", 0), ("negative", 1)])
    assert simplify(double).outputs == (0,)
    product = program([("multiply", 0, 1)], constants=[-1.0])
    assert names(simplify(product)) == ["negative"]
    assert_same_numbers(product, simplify(product))
    four = program([("negative", 0), ("multiply", 2, 1), ("negative", 3), ("negative", 4)], constants=[-1.0])
    assert simplify(four).outputs == (0,)
    assert_same_numbers(four, simplify(four))


def test_a_square_is_a_product():
    graph = program([("power", 0, 1)], constants=[2.0])
    assert names(simplify(graph)) == ["multiply"]
    assert_same_numbers(graph, simplify(graph))


def test_sums_and_products_are_not_regrouped():
    # (1e16 + 1) + 1 is 1e16, and 1e16 + (1 + 1) is not.
    graph = program([("add", 0, 1), ("add", 2, 1)], constants=[1.0])
    simplified = simplify(graph)
    assert names(simplified) == ["add", "add"]
    assert interpreter.run(simplified, [1e16]) == [1e16]
    tiny = program([("multiply", 0, 1), ("multiply", 3, 2)], constants=[1e-200, 1e200])
    assert names(simplify(tiny)) == ["multiply", "multiply"]
    assert interpreter.run(simplify(tiny), [1e-200]) == [0.0]


def test_what_depends_on_constants_alone_is_computed_with_its_sign_and_its_nan():
    constants = [0.0, -0.0, nan, inf, 3.0]
    graph = program(
        [("divide", 5, 1), ("divide", 5, 2), ("add", 1, 2), ("multiply", 2, 5), ("add", 3, 5), ("subtract", 4, 4),
         ("multiply", 1, 4)],
        constants=constants, outputs=(6, 7, 8, 9, 10, 11, 12),
    )
    simplified = simplify(graph)
    assert names(simplified) == []
    expected = [inf, -inf, 0.0, -0.0, nan, nan, nan]
    assert list(map(bits, interpreter.run(simplified, [1.0]))) == list(map(bits, expected))


def test_constants_that_compare_equal_are_told_apart():
    # 0.0 == -0.0 and True == 1.0 for Python; 1/x tells the zeros apart.
    graph = program([("divide", 4, 1), ("divide", 4, 2), ("where", 3, 4, 0)], constants=[0.0, -0.0, True, 1.0],
                    outputs=(5, 6, 7, 1, 2, 3, 4))
    simplified = simplify(graph)
    results = interpreter.run(simplified, [7.0])
    assert results[:3] == [inf, -inf, 1.0]
    assert list(map(bits, results[3:5])) == [bits(0.0), bits(-0.0)]
    assert results[5] is True
    assert type(results[6]) is float


def test_the_zeros_of_a_recorded_function_are_told_apart():
    for backend in ("interpreter", "llvm"):
        result = jit(lambda x: (x * 0.0, x * -0.0, 0.0, -0.0, nan, x + 0.0, x + -0.0), backend=backend)(-0.0)
        expected = (-0.0, 0.0, 0.0, -0.0, nan, 0.0, -0.0)
        assert list(map(bits, result)) == list(map(bits, expected))


def test_equal_steps_become_one_and_the_order_of_a_sum_does_not_matter():
    graph = program(
        [("add", 0, 1), ("add", 1, 0), ("multiply", 2, 3), ("subtract", 0, 1), ("subtract", 1, 0), ("multiply", 5, 6),
         ("add", 4, 7)],
        inputs=2,
    )
    simplified = simplify(graph)
    assert sorted(names(simplified)) == ["add", "add", "multiply", "multiply", "subtract", "subtract"]
    assert_same_numbers(graph, simplified, inputs=2)


def test_operations_that_do_not_commute_are_not_swapped():
    for row in ("subtract", "divide", "power", "less", "atan2", "remainder"):
        graph = program([(row, 0, 1), (row, 1, 0)], inputs=2, outputs=(2, 3))
        simplified = simplify(graph)
        assert len(simplified.operations) == 2, row
        assert interpreter.run(graph, [2.0, 3.0]) == interpreter.run(simplified, [2.0, 3.0])


def test_a_nan_and_a_zero_keep_their_side_in_maximum_and_minimum():
    for row in ("maximum", "minimum"):
        graph = program([(row, 0, 1), (row, 1, 0)], inputs=2, outputs=(2, 3))
        assert_same_numbers(graph, simplify(graph), inputs=2)


def test_selects_of_a_constant_of_one_thing_and_of_a_negated_predicate():
    graph = program(
        [("where", 2, 0, 1), ("where", 3, 0, 1), ("less", 0, 1), ("where", 6, 0, 0), ("logical_not", 6),
         ("where", 8, 0, 1)],
        inputs=2, constants=[True, False], outputs=(4, 5, 7, 9),
    )
    simplified = simplify(graph)
    assert names(simplified) == ["less", "where"]
    assert_same_numbers(graph, simplified, inputs=2)


def test_a_select_inside_a_select_on_the_same_predicate_is_one():
    graph = program(
        [("less", 0, 1), ("exp", 0), ("where", 2, 3, 1), ("where", 2, 4, 0), ("where", 2, 1, 5)], inputs=2
    )
    simplified = simplify(graph)
    assert names(simplified) == ["less", "where"]
    assert_same_numbers(graph, simplified, inputs=2)


def test_a_select_of_one_number_on_an_array_is_an_array_of_it():
    where = TABLE["where"]
    graph = Graph(((2,), (), (2,)), 1, (0.5,), (where,), ((0, 1, 1),), (2,))
    simple = rewritten(graph)
    assert [operation.name for operation in simple.operations] == ["view"]
    assert simple.kinds[simple.outputs[0]] == (2,)
    (found,) = interpreter.run(simple, [interpreter.Array(array("d", [1.0, 0.0]), (2,))])
    assert found.flat() == [0.5, 0.5]


def test_connectives_of_predicates():
    graph = program(
        [("less", 0, 1), ("logical_not", 4), ("logical_and", 4, 2), ("logical_or", 4, 3), ("logical_or", 4, 2),
         ("logical_and", 4, 3), ("logical_and", 4, 5), ("logical_or", 5, 4), ("logical_not", 5), ("logical_and", 4, 4)],
        inputs=2, constants=[True, False], outputs=tuple(range(6, 14)),
    )
    simplified = simplify(graph)
    assert names(simplified) == ["less"]
    for x, y in [(1.0, 2.0), (2.0, 1.0), (nan, 1.0)]:
        before = interpreter.run(graph, [x, y])
        assert before == interpreter.run(simplified, [x, y])
        assert all(type(item) is bool for item in before)


def test_steps_that_no_output_needs_are_dropped_and_guards_are_kept():
    graph = program([("exp", 0), ("less", 0, 1), ("guard", 3, True), ("sin", 0)], inputs=2)
    simplified = simplify(graph)
    assert names(simplified) == ["less", "guard", "sin"]
    assert interpreter.run(simplified, [1.0, 2.0]) == [math.sin(1.0)]
    with pytest.raises(interpreter.GuardFailed) as failed:
        interpreter.run(simplified, [2.0, 1.0])
    assert failed.value.guard == 0


def test_a_guard_on_a_constant_decides_as_any_other_and_keeps_its_number():
    # Were one dropped, the guards after it would count from another number than those of other branches.
    steps = [("less", 1, 2), ("guard", 3, True), ("less", 0, 2), ("guard", 4, True), ("exp", 0)]
    holds = program(steps, constants=[1.0, 2.0])
    simplified = simplify(holds)
    assert names(simplified)[-3:] == ["less", "guard", "exp"]
    assert interpreter.run(simplified, [0.0]) == [1.0]
    for graph in (holds, simplified):
        with pytest.raises(interpreter.GuardFailed) as failed:
            interpreter.run(graph, [3.0])
        assert failed.value.guard == 1
    fails = program([("less", 2, 1), ("guard", 3, True), ("exp", 0)], constants=[1.0, 2.0])
    with pytest.raises(interpreter.GuardFailed):
        interpreter.run(simplify(fails), [1.0])


def test_guards_stay_in_their_order_when_batches_are_joined():
    # The number of a guard says which branch was taken: the second batch must not carry the first past a guard.
    def f(xs, y):
        total = vmap(lambda x: x * x, reduce="sum")(xs)
        if total > 1.0:
            total = total * 2.0
        if y > 0.0:
            return total + vmap(lambda x: x * 3.0, reduce="sum")(xs)
        return total

    for backend in ("interpreter", "llvm"):
        compiled = jit(f, backend=backend)
        for xs, y in [([2.0, 3.0], 1.0), ([2.0, 3.0], -1.0), ([0.5, 0.5], 1.0), ([0.5, 0.5], -1.0), ([2.0, 3.0], 1.0)]:
            assert compiled(xs, y) == f(xs, y)
        assert compiled.stats()["variants"] == 4


def loops(graph):
    return [operation for operation in graph.operations if isinstance(operation, Loop)]


def recorded(f, *args):
    compiled = jit(f, backend="interpreter")
    compiled(*args)
    return compiled


def test_states_that_nobody_uses_leave_a_loop():
    def f(x):
        def body(i, state):
            a, b, c = state
            return a * 2.0, b + a, c * c  # c feeds nothing but itself

        return fori_loop(0, 10, body, (x, 0.0, x))[1]

    compiled = recorded(f, 1.0)
    (loop,) = loops(compiled.graph)
    assert loop.carried == 2
    assert len(loop.body.operations) == 2
    assert compiled(3.0) == 3.0 * 1023


def test_arrays_and_sums_that_nobody_uses_leave_a_loop():
    compiled = recorded(lambda xs: vmap(lambda x: (x * x, x.exp(), x.sin()), reduce="sum")(xs)[0], [1.0, 2.0, 3.0])
    (loop,) = loops(compiled.graph)
    assert len(loop.body.outputs) == 1
    assert [operation.name for operation in loop.body.operations] == ["multiply"]
    assert compiled([1.0, 2.0, 3.0]) == 14.0
    stacked = recorded(lambda xs: scan(lambda total, x: (total + x, (total, x * x)), 0.0, xs)[1][1], [1.0, 2.0, 3.0])
    assert loops(stacked.graph)[0].stacked == 1
    assert stacked([1.0, 2.0, 3.0]) == [1.0, 4.0, 9.0]


def test_a_loop_whose_result_is_not_used_is_dropped():
    compiled = recorded(lambda x: (fori_loop(0, 10, lambda i, s: s * 2.0, x), x * 3.0)[1], 1.0)
    assert loops(compiled.graph) == []
    assert compiled(2.0) == 6.0


def test_what_does_not_change_in_a_loop_is_computed_before_it():
    compiled = recorded(lambda x, y: fori_loop(0, 10, lambda i, s: s + (y * y).exp(), x), 1.0, 2.0)
    (loop,) = loops(compiled.graph)
    assert [operation.name for operation in loop.body.operations] == ["add"]
    assert compiled(0.0, 0.0) == 10.0


def test_constants_go_into_the_body_of_a_loop():
    compiled = recorded(lambda x: fori_loop(0, 3, lambda i, s: s * 1.0 + 0.5, x), 1.0)
    (loop,) = loops(compiled.graph)
    assert [operation.name for operation in loop.body.operations] == ["add"]
    assert loop.body.constants == (0.5,)
    assert compiled(1.0) == 2.5


def test_batches_over_one_length_become_one():
    def f(xs, ys):
        first = vmap(lambda x: x.exp())(xs)
        second = vmap(lambda x, y: x.exp() * y)(xs, ys)
        return vmap(lambda a, b: a + b, reduce="sum")(first, second)

    import numpy as np

    compiled = recorded(f, np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    (loop,) = loops(lowered(compiled.graph))
    assert sorted(operation.name for operation in loop.body.operations) == ["add", "exp", "multiply"]
    assert loop.stacked == 0
    assert compiled(np.array([0.0, 0.0]), np.array([2.0, 3.0])) == 7.0
    assert compiled(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == pytest.approx(3.0 + 4.0 * math.e, rel=1e-15)


def test_batches_of_another_length_or_that_need_a_whole_sum_stay_apart():
    import numpy as np

    def f(xs, ys):
        mean = vmap(lambda x: x, reduce="mean")(xs)
        spread = vmap(lambda x: (x - mean) ** 2, reduce="sum")(xs)
        return spread, vmap(lambda y: y * 2.0, reduce="sum")(ys)

    compiled = recorded(f, np.array([1.0, 2.0, 6.0]), np.array([1.0, 2.0]))
    assert len(loops(lowered(compiled.graph))) == 3
    assert compiled(np.array([1.0, 2.0, 6.0]), np.array([1.0, 2.0])) == (14.0, 6.0)


def test_a_loop_and_its_gradient_are_one_loop_forward_and_one_back():
    # The value does not need the states, the gradient does: one forward loop serves both.
    from autograd import value_and_grad

    compiled = recorded(value_and_grad(lambda x: fori_loop(0, 5, lambda i, s: s * s * x, x)), 1.0)
    found = loops(compiled.graph)
    assert [loop.reverse for loop in found] == [False, True]
    assert found[0].save
    # s is x to the power 1, 3, 7, 15, 31, 63
    assert compiled(1.25) == (pytest.approx(1.25**63, rel=1e-13), pytest.approx(63 * 1.25**62, rel=1e-13))


def test_a_loop_saves_no_states_where_nobody_asks_for_a_gradient():
    compiled = recorded(lambda x: fori_loop(0, 5, lambda i, s: s * s, x), 1.0)
    assert not loops(compiled.graph)[0].save


def test_two_loops_that_are_the_same_are_one():
    def f(x):
        return fori_loop(0, 5, lambda i, s: s * x, x) + fori_loop(0, 5, lambda i, s: s * x, x)

    compiled = recorded(f, 1.0)
    assert len(loops(compiled.graph)) == 1
    assert compiled(2.0) == 128.0


def test_every_pass_alone_keeps_the_numbers():
    graph = recorded(grad(lambda x: (x * 1.0 + -0.0).exp() * (x / 1.0 - 0.0) ** 2 + (x * 0.0)), 1.0).graph
    text = str(graph)
    for change in (rewritten, pruned, simplify):
        changed = change(graph)
        for x in SPECIAL:
            assert list(map(bits, interpreter.run(graph, [x]))) == list(map(bits, interpreter.run(changed, [x])))
    assert str(graph) == text  # a graph is never changed


def test_simplifying_twice_changes_nothing():
    def f(x, y):
        a, b = sorted([x * 1.0, y / 1.0])
        return (a.exp() + b) ** 3 * a.tanh()

    graph = recorded(grad(f), 1.0, 2.0).graph
    assert simplify(graph) == graph


def test_the_passes_are_logged_by_name():
    seen = []
    graph = program([("multiply", 0, 1), ("exp", 2)], constants=[1.0])
    simplify(graph, lambda name, graph: seen.append((name, graph.size)))
    assert [name for name, _ in seen[:2]] == ["rewritten", "pruned"]
    assert {size for _, size in seen} == {1}


def test_two_graphs_are_equal_where_they_are_one_program():
    one = program([("multiply", 0, 1)], constants=[0.0])
    assert one == program([("multiply", 0, 1)], constants=[0.0])
    assert hash(one) == hash(program([("multiply", 0, 1)], constants=[0.0]))
    assert one != program([("multiply", 0, 1)], constants=[-0.0])
    assert one != program([("add", 0, 1)], constants=[0.0])


# Loops and branches, written by hand.


def nested(kinds, steps, outputs, constants=()):
    """A graph of any operations: each step is (operation, operand, …)."""
    all_kinds = [*kinds, *(PREDICATE if type(item) is bool else getattr(item, "shape", NUMBER) for item in constants)]
    for operation, *taken in steps:
        all_kinds += results_of(operation, tuple(all_kinds[operand] for operand in taken))
    return Graph(
        tuple(all_kinds), len(kinds), tuple(constants), tuple(step[0] for step in steps),
        tuple(step[1:] for step in steps), outputs,
    )


def rows(*steps):
    return [(TABLE[row], *taken) for row, *taken in steps]


def flat(results):
    return [item.flat() if isinstance(item, interpreter.Array) else item for item in results]


def assert_near(found, expected):
    assert len(found) == len(expected)
    assert all(a == pytest.approx(b, rel=1e-14) for a, b in zip(found, expected)), (found, expected)


def vector(*numbers):
    return interpreter.Array(array("d", numbers), (len(numbers),))


def a_loop(**options):
    """s, t ← s·a + p·b, t + c·(position + 1); stacks s·b; sums p·s·c; goes on while t + position < d."""
    # inputs: position, s, t, p, a, b, c, d
    body = nested(
        [NUMBER] * 8,
        rows(("multiply", 1, 4), ("multiply", 3, 5), ("add", 9, 10), ("add", 0, 8), ("multiply", 6, 12), ("add", 2, 13),
             ("multiply", 1, 5), ("multiply", 3, 1), ("multiply", 16, 6)),
        (11, 14, 15, 17), [1.0],
    )
    # inputs: position, s, t, a, b, c, d
    test = nested([NUMBER] * 7, rows(("add", 2, 0), ("less", 7, 6)), (8,))
    return Loop(body, 3, carried=2, sliced=1, stacked=1, condition=test, **options)


def by_hand(s, t, p, a, b, c, d, count=3):
    stack, total, before, trips = [], 0.0, ([], []), 0
    for position in range(count):
        if not t + position < d:
            break
        before[0].append(s)
        before[1].append(t)
        stack, total = [*stack, s * b], total + p[position] * s * c
        s, t, trips = s * a + p[position] * b, t + c * (position + 1.0), trips + 1
    return [s, t, stack, total, *before, float(trips)]


P = [0.5, -1.25, 2.0]


@pytest.mark.parametrize(
    ("shared", "constants", "left"),
    [
        ((2, 3, 2), (), 2), ((2, 2, 2), (), 1), ((2, 4, 3), (1.5,), 2), ((4, 2, 2), (1.5,), 1),
        ((4, 5, 4), (1.5, 2.0), 0), ((3, 2, 4), (1.5,), 2),
    ],
)
def test_what_trips_share_goes_into_a_loop_once_and_constants_into_its_body(shared, constants, left):
    # inputs: an array, s, a, b; then the constants
    steps = [(a_loop(), 1, 2, 0, *shared, shared[0])]
    first = 4 + len(constants)
    graph = nested([(3,), NUMBER, NUMBER, NUMBER], steps, tuple(range(first, first + 5)), constants)
    simplified = simplify(graph)
    (operands,) = simplified.operands
    assert len(operands) == 3 + left
    for s, a, b in [(0.3, 1.2, -0.7), (-1.0, 0.5, 0.25)]:
        values = [P, s, a, b, *constants]
        expected = by_hand(s, a, P, *(values[place] for place in (*shared, shared[0])))
        del expected[4:6]
        for one in (graph, simplified, rewritten(graph)):
            assert_near(flat(interpreter.run(one, [vector(*P), s, a, b])), expected)


@pytest.mark.parametrize("saves", [(False, True), (True, False), (True, True), (False, False), (False, True, False)])
def test_loops_that_are_alike_are_one_that_saves_its_states_where_one_of_them_did(saves):
    steps, outputs, first = [], [], 7
    expected = by_hand(0.3, 2.0, P, 1.2, -0.7, 0.5, 5.0)
    assert expected[6] == 2.0
    numbers = []
    for save in saves:
        steps.append((a_loop(save=save), 1, 2, 0, 3, 4, 5, 6))
        count = 7 if save else 5
        outputs += range(first, first + count)
        numbers += expected if save else [*expected[:4], expected[6]]
        first += count
    graph = nested([(3,), *[NUMBER] * 6], steps, tuple(outputs))
    for one in (rewritten(graph), simplify(graph)):
        (loop,) = loops(one)
        assert loop.save == any(saves)
        assert_near(flat(interpreter.run(one, [vector(*P), 0.3, 2.0, 1.2, -0.7, 0.5, 5.0])), numbers)


@pytest.mark.parametrize("needed", [(0,), (1,), (2,), (3,), (4,), (5,), (6,), (0, 5), (1, 2), (2, 3, 6), (3, 5)])
@pytest.mark.parametrize("counted", [False, True])
def test_a_loop_keeps_what_is_needed_of_it(needed, counted):
    taken = (*([7] if counted else []), 1, 2, 0, 3, 4, 5, 6)
    steps = [(a_loop(save=True, counted=counted), *taken)]
    graph = nested([(3,), *[NUMBER] * 7], steps, tuple(8 + place for place in needed))
    expected = by_hand(0.3, 2.0, P, 1.2, -0.7, 0.5, 5.0, 1 if counted else 3)
    simplified = simplify(graph)
    found = flat(interpreter.run(simplified, [vector(*P), 0.3, 2.0, 1.2, -0.7, 0.5, 5.0, 1.0]))
    assert_near(found, [expected[place] for place in needed])
    (loop,) = loops(simplified)
    sums = len(loop.body.outputs) - loop.carried - loop.stacked
    with_s = bool({0, 2, 3, 4} & set(needed))  # t is needed always, by the condition
    assert (loop.carried, loop.stacked, sums) == (1 + with_s, int(2 in needed), int(3 in needed))
    assert loop.sliced == int(with_s)
    assert loop.save == bool({4, 5} & set(needed))
    assert len(simplified.operands[0]) == counted + loop.carried + loop.sliced + (4 if with_s else 2)


@pytest.mark.parametrize(("shared", "left"), [((0, 2, 0), 2), ((3, 2, 3), 2), ((0, 4, 3), 2), ((0, 2, 3), 3)])
def test_arrays_that_trips_share_stay_operands_each_once(shared, left):
    # s ← s·a[1] + x·b[2], of the position, s, a, x and b
    body = nested(
        [NUMBER, NUMBER, (3,), NUMBER, (3,)],
        [(Element((1,)), 2), (Element((2,)), 4), *rows(("multiply", 1, 5), ("multiply", 3, 6), ("add", 7, 8))], (9,),
    )
    given = ConstantArray(array("d", [1.5, -0.5, 3.0]).tobytes(), (3,))
    graph = nested([(3,), NUMBER, NUMBER], [(Loop(body, 2, carried=1), 1, *shared)], (5,), [given, 2.0])
    simplified = simplify(graph)
    (loop,), (operands,) = loops(simplified), simplified.operands
    assert len(operands) == 1 + left
    kinds = [(3,) if place in (0, 3) else NUMBER for place in dict.fromkeys(shared) if place != 4]
    assert loop.body.kinds[: loop.body.inputs] == (NUMBER, NUMBER, *kinds)
    a, x, b = ([P, 0.7, 1.1, [1.5, -0.5, 3.0], 2.0][place] for place in shared)
    expected = (0.7 * a[1] + x * b[2]) * a[1] + x * b[2]
    assert interpreter.run(simplified, [vector(*P), 0.7, 1.1]) == [pytest.approx(expected, rel=1e-15)]


@pytest.mark.parametrize("first", [True, False])
def test_a_state_that_is_an_array_stays_one_when_another_leaves(first):
    # an array, which is kept as it is but for its first element, and a number that is not used
    kinds, place = ([(2,), NUMBER], 1) if first else ([NUMBER, (2,)], 2)
    steps = [(Element((1,)), place), *rows(("multiply", 3, 0)), (Pack((2,)), 4, 3)]
    body = nested([NUMBER, *kinds], steps, (5, 2) if first else (1, 5))
    taken = (0, 1) if first else (1, 0)
    test = nested([NUMBER, *kinds], rows(("less", 0, 3)), (4,), [9.0])
    graph = nested([(2,), NUMBER], [(Loop(body, 3, carried=2, condition=test), *taken)], (2,) if first else (3,))
    simplified = simplify(graph)
    (loop,) = loops(simplified)
    assert all(one.kinds[: one.inputs] == (NUMBER, (2,)) for one in loop.graphs)
    assert flat(interpreter.run(simplified, [vector(5.0, 7.0), 1.0])) == [[14.0, 7.0]]


def test_operands_that_no_step_of_a_body_needs_leave_a_loop_and_a_branch():
    # s ← s·a + q, of the position, s, two parts p and q, and a and b; all results are needed, p and b are not
    body = nested([NUMBER] * 6, rows(("multiply", 1, 4), ("add", 6, 3)), (7,))
    graph = nested([(3,), (3,), *[NUMBER] * 3], [(Loop(body, 3, carried=1, sliced=2), 2, 0, 1, 3, 4)], (5,))
    simplified = simplify(graph)
    assert simplified.operands == ((2, 1, 3),)
    expected = ((0.5 * 3.0 + 0.5) * 3.0 - 1.25) * 3.0 + 2.0
    assert interpreter.run(simplified, [vector(7.0, 8.0, 9.0), vector(*P), 0.5, 3.0, 4.0]) == [expected]
    sides = Branch(nested([NUMBER] * 3, rows(("exp", 2)), (3,)), nested([NUMBER] * 3, rows(("negative", 0)), (3,)))
    graph = nested([NUMBER] * 3, [(TABLE["less"], 0, 1), (sides, 3, 0, 1, 2)], (4,))
    simplified = simplify(graph)
    assert simplified.operands[-1] == (3, 0, 2)
    assert interpreter.run(simplified, [1.0, 2.0, 0.0]) == [1.0]
    assert interpreter.run(simplified, [2.0, 1.0, 0.0]) == [-2.0]


def a_branch():
    then = nested([NUMBER] * 3, rows(("multiply", 0, 1), ("add", 3, 2)), (4, 1, 3))
    otherwise = nested([NUMBER] * 3, rows(("subtract", 2, 0), ("multiply", 3, 1)), (3, 2, 4))
    return Branch(then, otherwise)


@pytest.mark.parametrize("holds", [True, False])
def test_a_branch_on_a_constant_is_the_side_that_is_taken(holds):
    graph = nested([NUMBER] * 3, [(a_branch(), 3, 0, 1, 2)], (4, 5, 6), [holds])
    simplified = simplify(graph)
    assert not any(isinstance(operation, Branch) for operation in simplified.operations)
    expected = [2.0 * 3.0 + 5.0, 3.0, 2.0 * 3.0] if holds else [5.0 - 2.0, 5.0, (5.0 - 2.0) * 3.0]
    assert interpreter.run(simplified, [2.0, 3.0, 5.0]) == expected


@pytest.mark.parametrize(
    ("shared", "left"), [((0, 1, 0), 2), ((1, 1, 1), 1), ((2, 0, 1), 2), ((0, 2, 0), 1), ((3, 2, 2), 0), ((0, 1, 2), 2)]
)
def test_what_sides_share_goes_into_a_branch_once_and_constants_into_its_sides(shared, left):
    steps = [(TABLE["less"], 0, 1), (a_branch(), 4, *shared)]
    graph = nested([NUMBER] * 2, steps, (5, 6, 7), [1.5, -2.0])
    simplified = simplify(graph)
    assert len(simplified.operands[-1]) == 1 + left
    for x, y in [(2.0, 3.0), (3.0, 2.0)]:
        a, b, c = ((x, y, 1.5, -2.0)[place] for place in shared)
        expected = [a * b + c, b, a * b] if x < y else [c - a, c, (c - a) * b]
        assert interpreter.run(simplified, [x, y]) == expected


@pytest.mark.parametrize("needed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (2, 1, 0)])
def test_a_branch_keeps_what_is_needed_of_it(needed):
    steps = [(TABLE["less"], 0, 1), (a_branch(), 4, 0, 1, 2)]
    graph = nested([NUMBER] * 4, steps, tuple(5 + place for place in needed))
    simplified = simplify(graph)
    branch = simplified.operations[-1]
    assert len(branch.then.outputs) == len(branch.otherwise.outputs) == len(needed)
    assert len(simplified.operands[-1]) == (3 if needed == (1,) else 4)
    for x, y, z in [(2.0, 3.0, 5.0), (3.0, 2.0, 5.0)]:
        expected = [x * y + z, y, x * y] if x < y else [z - x, z, (z - x) * y]
        assert interpreter.run(simplified, [x, y, z, 7.0]) == [expected[place] for place in needed]


def test_steps_on_arrays_that_are_alike_are_one_and_arrays_of_one_shape_are_told_apart():
    one, two = (ConstantArray(array("d", numbers).tobytes(), (3,)) for numbers in (P, [1.0, 2.0, 3.0]))
    steps = [(Gather(), 2, 0), (Gather(), 3, 0), (Gather(), 2, 0), (Element((1,)), 2), (Pack((2,)), 0, 1),
             (Pack((2,)), 0, 1), (TABLE["less"], 0, 1), (a_branch(), 10, 0, 1, 1), (a_branch(), 10, 0, 1, 1)]
    graph = nested([NUMBER] * 2, steps, (4, 5, 6, 7, 8, 9, 11, 14), [one, two])
    simplified = simplify(graph)
    assert sorted(names(simplified)) == ["branch", "gather", "gather", "less", "pack"]
    assert {kind for kind in simplified.kinds[2:5] if kind} == {(3,)}
    for found in (flat(interpreter.run(graph, [2.0, 3.0])), flat(interpreter.run(simplified, [2.0, 3.0]))):
        assert found == [2.0, 3.0, 2.0, -1.25, [2.0, 3.0], [2.0, 3.0], 9.0, 9.0]


def test_equal_constants_are_one_and_equal_guards_are_not():
    graph = program([("multiply", 0, 1), ("multiply", 2, 0), ("add", 3, 4), ("add", 5, 1)], constants=[2.5, 2.5])
    assert names(simplify(graph)) == ["multiply", "add", "add"]
    assert simplify(graph).constants == (2.5,)
    guards = program([("less", 0, 1), ("guard", 2, True), ("guard", 2, True), ("less", 1, 0), ("guard", 3, False),
                      ("exp", 0)], inputs=2)
    assert names(simplify(guards)) == ["less", "guard", "guard", "less", "guard", "exp"]


def test_passes_keep_stop_gradient_unless_they_are_told_that_values_are_enough():
    stopped = program([("stop_gradient", 0), ("multiply", 0, 1)])
    assert names(rewritten(stopped)) == names(simplify(stopped)) == ["stop_gradient", "multiply"]
    body = nested([NUMBER] * 4, rows(("stop_gradient", 1), ("multiply", 4, 2), ("multiply", 5, 3)), (6,))
    loop = Loop(body, 3, carried=1)
    graph = nested([NUMBER] * 2, [(loop, 0, 1, 1), (loop, 1, 0, 2)], (3, 4), [2.5])
    for change in (rewritten, pruned, simplify):
        assert all("stop_gradient" in names(loop.body) for loop in loops(change(graph)))


# What a pass preserves.


def along(graph, point, order):
    """The derivative of a graph's output of an order, along a direction: its steps run eagerly, where no pass is."""
    direction = (1.0, 0.5, -2.0)

    def derived(*numbers):
        return structured.replay(graph, numbers)[0]

    for _ in range(order):
        derived = functools.partial(lambda f, *numbers: jvp(f, numbers, direction)[1], derived)
    return derived(*point)


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


X, Y, Z = 0, 1, 2
POINTS = [
    (0.7, 1.3, -0.4), (1.3, 0.7, 2.0), (-0.6, -0.9, 0.3), (-0.9, -0.6, -0.7), (0.0, 0.0, 1.0), (0.0, 1.5, 0.5),
    (0.0, -1.5, 2.0), (nan, 1.0, 2.0),
]
CASES = [  # for each rewriting steps that it changes; inputs 0 to 2, then constants
    ("add", [("add", X, 3)], [-0.0]),
    ("add", [("add", 3, X)], [-0.0]),
    ("subtract", [("subtract", X, 3)], [0.0]),
    ("multiply", [("multiply", X, 3)], [1.0]),
    ("multiply", [("multiply", 3, X)], [-1.0]),
    ("divide", [("divide", X, 3)], [1.0]),
    ("negative", [("negative", X), ("negative", 3)], []),
    ("absolute", [("negative", X), ("absolute", 3)], []),
    ("power", [("power", X, 3)], [1.0]),
    ("power", [("power", X, 3)], [2.0]),
    ("where", [("less", X, Y), ("where", 3, X, X)], []),
    ("where", [("less", X, Y), ("logical_not", 3), ("sqrt", X), ("where", 4, 5, Y)], []),
    ("where", [("less", X, Y), ("sqrt", X), ("where", 3, 4, Z), ("where", 3, 5, Y)], []),
    ("where", [("less", X, Y), ("sqrt", X), ("where", 3, Z, 4), ("where", 3, Y, 5)], []),
    ("where", [("less", X, Y), ("sqrt", X), ("multiply", 4, Z), ("multiply", Y, Z), ("where", 3, 5, 6)], []),
    ("not_equal", [("less", X, Y), ("where", 5, 3, 4), ("not_equal", 6, 4), ("where", 7, X, Z)], [1.0, 0.0]),
    ("logical_and", [("less", X, Y), ("logical_and", 3, 3), ("sqrt", X), ("where", 4, 5, Z)], []),
    ("logical_and", [("less", X, Y), ("logical_not", 3), ("logical_and", 3, 4), ("where", 5, X, Z)], []),
    ("logical_or", [("less", X, Y), ("logical_or", 3, 3), ("where", 4, X, Z)], []),
    ("logical_or", [("less", X, Y), ("logical_not", 3), ("logical_or", 4, 3), ("where", 5, X, Z)], []),
    ("logical_not", [("less", X, Y), ("logical_not", 3), ("logical_not", 4), ("where", 5, X, Z)], []),
    ("identity", [("identity", X)], []),
    ("stop_gradient", [("stop_gradient", X)], []),
]


def test_each_rewriting_stands_among_the_cases():
    assert {row for row, _, _ in CASES} == {row.name for row in REWRITINGS}


@pytest.mark.parametrize(("row", "steps", "constants"), CASES)
def test_a_rewriting_preserves_what_the_table_says(row, steps, constants):
    last = 2 + len(constants) + len(steps)
    graph = program([*steps, ("multiply", last, Y)], constants=constants, inputs=3)
    simplified = simplify(graph)
    assert (simplified.operations != graph.operations) == (row != "stop_gradient")
    values_only = simplify(graph, preserves=Preserves.VALUES)
    assert values_only.operations != graph.operations
    for point in POINTS:
        for order in range(2 if row == "power" and math.isnan(point[0]) else 4):  # nan's x·x has a third derivative: 0
            assert same(along(simplified, point, order), along(graph, point, order)), (point, order)
        assert same(along(values_only, point, 0), along(graph, point, 0))


LESS = ("less", X, Y)
NEARLY = [  # steps that look like those of a rewriting, and are others
    ([LESS, ("less", Y, Z), ("where", 4, X, Z), ("where", 3, 5, Y)], []),
    ([LESS, ("less", Y, Z), ("where", 4, X, Z), ("where", 3, Y, 5)], []),
    ([LESS, ("multiply", X, Z), ("multiply", Y, X), ("where", 3, 4, 5)], []),
    ([LESS, ("multiply", Z, X), ("multiply", Z, Y), ("where", 3, 4, 5)], []),
    ([LESS, ("multiply", X, Z), ("where", 3, 4, Y)], []),
    ([LESS, ("multiply", X, Z), ("where", 3, Y, 4)], []),
    ([LESS, ("where", 5, X, 4), ("not_equal", 6, 4), ("where", 7, X, Z)], [1.0, 0.0]),
    ([LESS, ("where", 5, 3, X), ("not_equal", 6, 4), ("where", 7, X, Z)], [1.0, 0.0]),
    ([LESS, ("where", 5, 3, 4), ("not_equal", 6, 3), ("where", 7, X, Z)], [1.0, 0.0]),
    ([LESS, ("where", 5, 3, 4), ("not_equal", 6, X), ("where", 7, X, Z)], [1.0, 0.0]),
    ([LESS, ("where", 5, 4, 3), ("not_equal", 6, 4), ("where", 7, X, Z)], [1.0, 0.0]),
    ([LESS, ("less", Y, Z), ("logical_not", 4), ("logical_and", 3, 5), ("where", 6, X, Z)], []),
    ([LESS, ("less", Y, Z), ("logical_not", 4), ("logical_or", 5, 3), ("where", 6, X, Z)], []),
    ([LESS, ("less", Y, Z), ("logical_and", 3, 4), ("logical_or", 5, 4), ("where", 6, X, Z)], []),
    ([("exp", X), ("negative", 3)], []),
    ([("exp", X), ("absolute", 3)], []),
    ([("multiply", X, 3)], [1.0 + 2.0**-52]),
    ([("multiply", X, 3)], [-1.0 - 2.0**-52]),
    ([("power", X, 3)], [2.0 + 2.0**-51]),
    ([("power", X, 3)], [-2.0]),
    ([("power", 3, X)], [1.5]),
    ([("power", X, 3)], [-1.0]),
    ([("divide", X, 3)], [-1.0]),
]


@pytest.mark.parametrize(("steps", "constants"), NEARLY)
def test_what_only_looks_like_a_rewriting_keeps_its_numbers(steps, constants):
    graph = program([*steps, ("multiply", 2 + len(constants) + len(steps), Y)], constants=constants, inputs=3)
    simplified = simplify(graph)
    for point in POINTS:
        assert same(*interpreter.run(graph, list(point)), *interpreter.run(simplified, list(point)))
        for order in range(3):
            assert same(along(simplified, point, order), along(graph, point, order)), (point, order)


def test_connectives_of_numbers_give_predicates():
    # A recorded program has none; in one that is written by hand they are True and False all the same.
    graph = program(
        [("logical_and", 0, 0), ("logical_or", 0, 0), ("logical_not", 0), ("logical_not", 6), ("where", 0, 1, 2),
         ("not_equal", 8, 2), ("logical_and", 0, 3), ("logical_and", 3, 0)],
        constants=[1.0, 0.0, True], outputs=(4, 5, 7, 9, 10, 11),
    )
    for number in (0.0, 0.5, 2.0):
        for one in (graph, simplify(graph)):
            found = interpreter.run(one, [number])
            assert found == [number != 0.0] * 6
            assert all(type(item) is bool for item in found)


def straight_through(t):
    """A neuron whose output is rounded, and whose derivative is that of what was not."""
    return stop_gradient(floor(3.0 * t) - 3.0 * t) + 3.0 * t


STOPPED = {  # with the slope at 0.9, worked out by hand
    "fori_loop": (lambda t: fori_loop(0, 3, lambda i, s: s * stop_gradient(s) * t, 1.1 * t), None),
    "detach": (lambda t: fori_loop(0, 1, lambda i, s: s.detach() * t, t * t), 0.81),
    "scan": (lambda t: scan(lambda s, x: (s * stop_gradient(s) * x, s), t, [t, 2.0])[0], None),
    "while_loop": (lambda t: while_loop(lambda s: s < 5.0, lambda s: stop_gradient(s) + t * t, t, max_trips=9), 1.8),
    "cond": (lambda t: cond(t > 0.0, lambda: stop_gradient(t) * t, lambda: t), 0.9),
    "vmap": (lambda t: vmap(lambda x: stop_gradient(x * t) * t, reduce="sum")([1.0, 2.0]), 2.7),
    "nested": (
        lambda t: vmap(lambda x: fori_loop(0, 2, lambda i, s: stop_gradient(s) * t, x), reduce="sum")([1.0, 2.0]), 2.7,
    ),
    "straight through": (lambda t: vmap(lambda x: straight_through(t * x), reduce="sum")([1.0, 2.0]), 9.0),
    "no_grad": (lambda t: fori_loop(0, 1, lambda i, s: s * without_gradient(t), t), 0.81),
}


def without_gradient(t):
    with no_grad():
        return t * t


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
@pytest.mark.parametrize("name", STOPPED)
def test_what_stops_a_derivative_stops_it_in_a_body(name, backend):
    f, slope = STOPPED[name]
    assert slope is None or math.isclose(grad(f)(0.9), slope, rel_tol=1e-14)
    ways = {
        "grad": grad(f), "second": grad(grad(f)), "third": grad(grad(grad(f))),
        "jvp": lambda t: jvp(f, (t,), (1.0,))[1], "jvp of grad": lambda t: jvp(grad(f), (t,), (1.0,))[1],
        "checkpoint": grad(checkpoint(f)), "jacfwd": jacfwd(f), "hessian": hessian(f),
        "in a body": lambda t: fori_loop(0, 2, lambda i, s: s + grad(f)(t), 0.0),
        "jit in jit": jit(grad(jit(f))),
    }
    for way, derivative in ways.items():
        assert math.isclose(jit(derivative, backend=backend)(0.9), derivative(0.9), rel_tol=1e-13, abs_tol=1e-15), way


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_what_a_loop_takes_or_spreads_is_shown_and_not_stacked(backend):
    def f(x, y):
        return vmap(lambda a: (a, y, 2.5, np.broadcast_to(a * a, 3), a * a))(x)

    compiled = jit(f, backend=backend)
    x, y = np.array([1.0, -2.0, 0.5, 3.0]), np.array([7.0, 8.0])
    same, shared, constant, spread, square = compiled(x, y)
    assert same.tolist() == x.tolist()
    assert shared.tolist() == [[7.0, 8.0]] * 4
    assert constant.tolist() == [2.5] * 4
    assert spread.tolist() == [[1.0] * 3, [4.0] * 3, [0.25] * 3, [9.0] * 3]
    assert square.tolist() == [1.0, 4.0, 0.25, 9.0]
    loop = next(operation for operation in compiled.graph.operations if operation.name == "loop")
    assert loop.stacked == 1
    slopes = jit(grad(lambda x, y: np.sum(f(x, y)[3] * y[0]) + np.sum(f(x, y)[1]), (0, 1)), backend=backend)(x, y)
    assert slopes[0].tolist() == (42.0 * x).tolist()
    assert slopes[1].tolist() == [3.0 * 14.25 + 4.0, 4.0]
