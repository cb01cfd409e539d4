"""Steps on arrays as the passes leave them: what is known, and what views repeat, is computed once."""

from __future__ import annotations

import itertools
import math
from array import array
from dataclasses import replace

import numpy as np
import pytest

from autograd.compiler.backends import interpreter
from autograd.primitives import table
from autograd.primitives.table import TABLE
from autograd.program.graph import (
    NUMBER,
    PREDICATE,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Loop,
    Pack,
    Place,
    Positions,
    Reshape,
    Sum,
    View,
    repeating,
    results_of,
)
from autograd.program.simplify import simplify
from autograd.program.simplify.arrays import by_numbers
from autograd.program.simplify.builder import Builder

X = np.array([[1.5, -0.0, 3.0], [0.25, math.inf, -2.0]])
V = np.array([4.0, -1.0])


def known(numbers):
    numbers = np.asarray(numbers, dtype=float)
    return ConstantArray(array("d", numbers.ravel()).tobytes(), numbers.shape)


def graph_of(steps, kinds, constants=()):
    """A graph of steps (operation, operand, …), of which the last has the output."""
    all_kinds = [*kinds, *(
        item.shape if isinstance(item, ConstantArray) else PREDICATE if type(item) is bool else NUMBER
        for item in constants
    )]  # fmt: skip
    for operation, *operands in steps:
        all_kinds += results_of(operation, tuple(all_kinds[operand] for operand in operands))
    return Graph(tuple(all_kinds), len(kinds), tuple(constants), tuple(step[0] for step in steps),
                 tuple(tuple(step[1:]) for step in steps), (len(all_kinds) - 1,))  # fmt: skip


def run(graph, *inputs):
    arrays = [interpreter.Array(array("d", item.ravel()), item.shape) if np.ndim(item) else item for item in inputs]
    (found,) = interpreter.run(graph, arrays)
    return np.frombuffer(found.packed())


def assert_well_formed(graph):
    """Views of as many axes as they have, with a step where there is an axis to go along."""
    for view, operands, _ in graph.steps():
        if isinstance(view, View):
            assert view.shape
            assert len(view.shape) == len(view.axes) == len(view.steps)
            assert len(view.starts) == len(graph.kinds[operands[0]] or ())
            assert all(bool(step) == (axis >= 0) for step, axis in zip(view.steps, view.axes))


def shapes_of_rows(graph):
    """What each row and sum of a graph is computed for, in order."""
    return [graph.kinds[results[0]] if not isinstance(operation, Sum) else graph.kinds[operands[0]]
            for operation, operands, results in graph.steps() if not isinstance(operation, View | Element)]  # fmt: skip


SWAP = View((3, 2), (1, 0), (1, 1), (0, 0))
KNOWN = {
    "a row": ([(table.multiply, 1, 2)], [X, X], X * X),
    "a row with a number": ([(table.subtract, 2, 1)], [X, 2.0], 2.0 - X),
    "a predicate": ([(table.less, 1, 2)], [X, 1.0], (X < 1.0).astype(float)),
    "a choice": ([(table.where, 1, 1, 2)], [X, 7.0], np.where(X != 0.0, X, 7.0)),
    "truths": ([(table.logical_and, 1, 2)], [X, X[::-1]], ((X != 0) & (X[::-1] != 0)).astype(float)),
    "no truths": ([(table.logical_not, 1)], [X], (X == 0).astype(float)),
    "a choice by a truth": ([(table.where, 2, 1, 3)], [X, False, -X], -X),
    "another order": ([(SWAP, 1)], [X], X.T),
    "a part": ([(View((2, 2), (0, 1), (-1, 2), (1, 0)), 1)], [X], X[::-1, ::2]),
    "another shape": ([(Reshape((3, 2)), 1)], [X], X.reshape(3, 2)),
    "a sum": ([(Sum(1), 1)], [np.abs(X[:, ::2])], [4.5, 2.25]),
    "a sum of columns": ([(Sum(0), 1)], [X], X.sum(axis=0)),
    "a part replaced": ([(Place(View((2,), (0,), (1,), (0, 1))), 1, 2)], [X, V], [[1.5, 4.0, 3.0], [0.25, -1.0, -2.0]]),
    "numbers": ([(Pack((3,)), 1, 2, 1)], [2.5, -1.0], [2.5, -1.0, 2.5]),
    "positions": ([(Positions((2, 3), 1),), (table.add, 2, 1)], [X], X + [0.0, 1.0, 2.0]),
    "an element": ([(Element((1, 2)), 1), (repeating((), (2,)), 2), (table.add, 1, 1)], [X], X + X),
    "one after the other": ([(table.add, 1, 1), (Sum(0), 2), (table.negative, 3)], [X], -2.0 * X.sum(axis=0)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_step_on_known_arrays_is_taken_before_the_program_runs(name):
    steps, constants, expected = KNOWN[name]
    graph = graph_of(steps, [NUMBER], [known(item) if np.ndim(item) else item for item in constants])
    simplified = simplify(graph)
    assert [op for op in simplified.operations if not isinstance(op, Positions)] == []
    item = simplified.constants[simplified.outputs[0] - simplified.inputs]
    assert item == known(expected)
    assert len(simplified.constants) == 1 or "positions" in name
    assert run(graph, 0.0).tobytes() == np.array(item.numbers).tobytes()


def test_what_is_not_known_or_too_large_or_repeats_stays_a_step():
    one = graph_of([(table.add, 0, 1)], [(2, 3)], [known(X)])
    large = graph_of([(table.negative, 1)], [NUMBER], [known(np.ones(4097))])
    larger = graph_of([(Sum(0), 1)], [NUMBER], [known(np.ones((2049, 2)))])
    spread = graph_of([(repeating((2,), (3, 2)), 1)], [NUMBER], [known(V)])
    filled = graph_of([(repeating((), (2, 2)), 1)], [NUMBER], [2.0])
    part = graph_of([(View((2,), (0,), (1,), (7,)), 1)], [NUMBER], [known(np.ones(4097))])
    gathered = graph_of([(Gather(), 1, 2)], [NUMBER], [known(V), known([1.0, 0.0])])
    for graph in (one, large, larger, spread, filled, part, gathered):
        assert len(simplify(graph).operations) == 1
    assert simplify(graph_of([(table.negative, 1)], [NUMBER], [known(np.ones(4096))])).operations == ()
    packed = [(Pack((4097,)), *[1] * 4097)], [(Pack((4096,)), *[1] * 4096)]
    assert [len(simplify(graph_of(steps, [NUMBER], [0.5])).operations) for steps in packed] == [1, 0]


def test_a_choice_by_a_known_array_that_is_all_one_thing_is_one_of_both():
    for truths, expected in (([1.0, 2.0], X[0, :2]), ([0.0, -0.0], V), ([math.nan, 1.0], X[0, :2])):
        for spread in (False, True):
            shape = (5, 2) if spread else (2,)
            steps = [(repeating((2,), shape), 2), (table.where, 3, 0, 1)] if spread else [(table.where, 2, 0, 1)]
            simplified = simplify(graph_of(steps, [shape, shape], [known(truths)]))
            assert simplified.operations == ()
            inputs = [np.broadcast_to(item, shape) for item in (X[0, :2], V)]
            assert run(simplified, *inputs).tolist() == np.broadcast_to(expected, shape).ravel().tolist()
    mixed = simplify(graph_of([(table.where, 2, 0, 1)], [(2,), (2,)], [known([1.0, 0.0])]))
    assert run(mixed, X[0, :2], V).tolist() == [1.5, -1.0]
    spread = simplify(graph_of([(repeating((), (2,)), 2), (table.where, 3, 0, 1)], [(2,), (2,)], [2.5]))
    assert spread.operations == ()
    assert spread.outputs == (0,)
    computed = [(table.multiply, 2, 0), (table.where, 3, 0, 1)]
    assert run(simplify(graph_of(computed, [(2,), (2,)], [known([1.0, 1.0])])), np.zeros(2), V).tolist() == [4.0, -1.0]
    number = simplify(graph_of([(table.where, 1, 2, 0)], [(2,)], [known([1.0, 1.0]), 3.0]))
    assert run(number, V).tolist() == [3.0, 3.0]


TALL = View((4, 2, 3), (-1, 0, 1), (0, 1, 1), (0, 0))  # of an array of (2, 3)
WIDE = View((4, 2, 3), (-1, 0, -1), (0, 1, 0), (0,))  # of one of (2,)
LAST = View((4, 2, 3), (-1, -1, 1), (0, 0, -1), (1, 2))  # of the second row of (2, 3), backward
ALL = View((4, 2, 3), (-1, -1, -1), (0, 0, 0), (1, 2))  # of one element of (2, 3)
REPEATED = {
    "rows": ([(TALL, 0), (table.multiply, 2, 2)], lambda x, v: np.broadcast_to(x * x, (4, 2, 3)), [(2, 3)]),
    "two views": ([(TALL, 0), (WIDE, 1), (table.subtract, 2, 3)],
                  lambda x, v: np.broadcast_to(x - v[:, None], (4, 2, 3)), [(2, 3)]),
    "both along one more": ([(WIDE, 1), (LAST, 0), (table.multiply, 2, 3)],
                            lambda x, v: np.broadcast_to(v[:, None] * x[1, ::-1], (4, 2, 3)), [(2, 3)]),
    "parts": ([(LAST, 0), (table.negative, 2)], lambda x, v: np.broadcast_to(-x[1, ::-1], (4, 2, 3)), [(3,)]),
    "an element": ([(ALL, 0), (table.add, 2, 2)], lambda x, v: np.full((4, 2, 3), 2.0 * x[1, 2]), [()]),
    "a truth": ([(ALL, 0), (table.less, 2, 2)], lambda x, v: np.zeros((4, 2, 3)), [None, ()]),
    "a choice": ([(ALL, 0), (WIDE, 1), (table.where, 2, 3, 2)],
                 lambda x, v: np.broadcast_to(v[:, None] * np.ones((2, 3)), (4, 2, 3)), [(2,)]),
    "a view of a truth": ([(Element((0,)), 1), (table.equal, 2, 2), (repeating((), (4, 2)), 3), (table.negative, 4)],
                          lambda x, v: np.full((4, 2), -1.0), [None, (), ()]),
    "a view of no truth": ([(Element((0,)), 1), (table.less, 2, 2), (repeating((), (4, 2)), 3), (table.negative, 4)],
                           lambda x, v: np.full((4, 2), -0.0), [None, (), ()]),
    "a choice by a number": ([(ALL, 0), (WIDE, 1), (table.where, 2, 2, 3)],
                             lambda x, v: np.full((4, 2, 3), x[1, 2]), [(2,)]),
    "a choice of numbers": ([(ALL, 0), (table.where, 2, 2, 2), (table.logical_and, 2, 2), (table.logical_not, 4)],
                            lambda x, v: np.zeros((4, 2, 3)), [None, ()]),
    "with a number": ([(TALL, 0), (Element((1,)), 1), (table.multiply, 3, 2)],
                      lambda x, v: np.broadcast_to(v[1] * x, (4, 2, 3)), [(2, 3)]),
    "a sum": ([(TALL, 0), (Sum(1), 2)], lambda x, v: np.broadcast_to(x.sum(axis=0), (4, 3)), [(2, 3)]),
    "a sum of the last": ([(LAST, 0), (Sum(2), 2)], lambda x, v: np.full((4, 2), x[1, ::-1].sum()), [(3,)]),
    "a sum of repeats": ([(WIDE, 1), (Sum(2), 2)], lambda x, v: np.broadcast_to(3.0 * v, (4, 2)), [(2, 3)]),
    "one after the other": ([(WIDE, 1), (table.negative, 2), (table.absolute, 3), (Sum(1), 4)],
                            lambda x, v: np.full((4, 3), np.abs(v).sum()), [(2,), (2,)]),
}  # fmt: skip


@pytest.mark.parametrize("name", REPEATED)
def test_what_views_repeat_is_computed_once(name):
    steps, expected, shapes = REPEATED[name]
    graph = graph_of(steps, [(2, 3), (2,)])
    simplified = simplify(graph)
    x, v = np.array([[1.5, -2.0, 3.0], [0.25, 8.0, -2.5]]), V
    assert shapes_of_rows(simplified) == shapes
    assert_well_formed(simplified)
    assert run(simplified, x, v).tobytes() == run(graph, x, v).tobytes() == np.ravel(expected(x, v)).tobytes()


def test_what_no_view_repeats_stays_as_it_is():
    plain = [(repeating((2,), (3, 2)), 1), (table.add, 0, 2)]
    lengths = [(View((1, 3), (-1, 0), (0, 1), (0,)), 0), (table.negative, 1)]
    summed = [(View((3, 2), (-1, 0), (0, 1), (0,)), 0), (Sum(0), 1)]
    reshaped = [(TALL, 0), (Reshape((24,)), 1)]
    for steps, kinds in ((plain, [(3, 2), (2,)]), (lengths, [(3,)]), (summed, [(2,)]), (reshaped, [(2, 3)])):
        graph = graph_of(steps, kinds)
        assert simplify(graph).operations == graph.operations


def test_repeats_along_each_choice_of_axes_keep_the_numbers():
    source = np.random.default_rng(5)
    for axes in itertools.product((-1, 0), (-1, 1), (-1, 2)):
        shape = (2, 3, 4)
        view = View(shape, axes, tuple(int(a >= 0) for a in axes), (0, 0, 0))
        x = source.standard_normal(shape)
        shown = x[tuple(slice(None) if a >= 0 else slice(0, 1) for a in axes)] * np.ones(shape)
        for axis in range(3):
            graph = graph_of([(view, 0), (table.sin, 1), (Sum(axis), 2)], [shape])
            found = run(simplify(graph), x)
            assert found.tobytes() == run(graph, x).tobytes()
            assert found == pytest.approx(np.sin(shown).sum(axis=axis).ravel(), rel=1e-14, abs=1e-15)


BODY_KINDS = [NUMBER, NUMBER, NUMBER, (2,), NUMBER, (2,), PREDICATE]  # position, state, two slices, what is shared
POSITION, STATE, A, B, SHARED, ROW, TRUTH, CONSTANT, KNOWN_ROW, SPREAD, NEGATED, TURNED, SQUARE = range(13)
STACKED = [A, B, SHARED, ROW, CONSTANT, KNOWN_ROW, SPREAD, NEGATED, NEGATED, TURNED, SQUARE, POSITION]
NEEDED = 5  # the state, its negative, the turned row, the square, the position


def looped(counted=False, condition=False):
    body = graph_of(
        [(repeating((), (2, 2)), STATE), (table.negative, STATE), (View((2,), (0,), (-1,), (1,)), B),
         (View((2, 2), (-1, 0), (0, 1), (0,)), B), (table.add, STATE, A), (table.negative, A)],
        BODY_KINDS, [2.5, known([0.5, -0.5])],
    )  # fmt: skip
    body = replace(body, outputs=(SQUARE + 1, *STACKED, SQUARE + 2, B))
    test = graph_of([(table.less, 0, 1)], [NUMBER, NUMBER, NUMBER, (2,), PREDICATE], [2.0]) if condition else None
    if test is not None:
        test = replace(test, operands=((0, 5),))
    loop = Loop(body, 3, carried=1, sliced=2, stacked=len(STACKED), condition=test, counted=counted)
    kinds = [*([NUMBER] if counted else []), NUMBER, (3,), (3, 2), NUMBER, (2,), NUMBER]
    truth = len(kinds)
    operands = (*range(truth - 1), truth)
    results = loop.results(())
    all_kinds = (*kinds, PREDICATE, *results)
    outputs = tuple(range(truth + 1, len(all_kinds)))
    return Graph(all_kinds, truth, (), (TABLE["logical_not"], loop), ((truth - 1,), operands), outputs)


@pytest.mark.parametrize("way", ["all trips", "counted", "while"])
def test_a_loop_stacks_what_differs_from_trip_to_trip_and_is_not_there_already(way):
    graph = looped(way == "counted", way == "while")
    simplified = simplify(graph)
    inputs = [0.75, interpreter.Array(array("d", [1.0, 2.0, 4.0]), (3,)),
              interpreter.Array(array("d", [1.0, -1.0, 3.0, 5.0, 8.0, -0.0]), (3, 2)), 7.0,
              interpreter.Array(array("d", [9.0, 10.0]), (2,)), 0.0]  # fmt: skip
    inputs = [2.0, *inputs] if way == "counted" else inputs

    def numbers(graph):
        found = interpreter.run(graph, list(inputs))
        return [(item.shape, item.flat()) if isinstance(item, interpreter.Array) else item for item in found]

    assert numbers(simplified) == numbers(graph)
    assert_well_formed(simplified)
    (loop,) = [operation for operation in simplified.operations if isinstance(operation, Loop)]
    assert loop.stacked == (NEEDED if way == "all trips" else len(STACKED))


def test_the_numbers_of_a_step_are_asked_for_one_by_one():
    builder = Builder(graph_of([(table.negative, 0)], [NUMBER]))
    asked = []

    def element(i, index):
        asked.append((i, index))
        return builder.constant(float(10 * i + sum(index)))

    positions = by_numbers(builder, Positions((2, 2), 0), [], (2, 2), element)
    assert [number.item for number in positions] == [0.0, 0.0, 1.0, 1.0]
    assert asked == []
    spread = by_numbers(builder, View((2,), (-1,), (0,), ()), [()], (2,), element)
    assert [number.item for number in spread] == [0.0, 0.0]
    assert asked == [(0, ()), (0, ())]
    asked.clear()
    added = by_numbers(builder, table.add, [(), (2,)], (2,), element)
    assert [number.item for number in added] == [10.0, 11.0]
    assert asked == [(0, ()), (1, (0,)), (0, ()), (1, (1,))]
