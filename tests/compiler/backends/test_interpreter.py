"""The interpreter on graphs by hand: what each operation on arrays means, against plain Python."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import random
from array import array
from typing import Any

import pytest
from graph_program import Program, arguments, flat
from sampling import same

from autograd.compiler.backends import interpreter
from autograd.primitives import table
from autograd.primitives.summation import blocked_sum
from autograd.program.graph import (
    NUMBER,
    PREDICATE,
    Branch,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Loop,
    Pack,
    Place,
    Positions,
    Reshape,
    Scatter,
    Sum,
    View,
)

SIZES = [0, 1, 7, 8, 9, 1023, 1024, 1025, 2049, 4097]
NAN, INF = math.nan, math.inf


def numbers_of(count: int, seed: int = 0) -> list[float]:
    source = random.Random(seed)
    return [source.uniform(-2.0, 2.0) for _ in range(count)]


def run(graph: Graph, *inputs: Any) -> list[Any]:
    return flat(interpreter.run(graph, arguments(graph, inputs)))


def assert_same(found: list[float], expected: list[float]) -> None:
    assert len(found) == len(expected)
    assert all(map(same, found, expected)), (found, expected)


def in_blocks(numbers: list[float]) -> float:
    """A sum of at most five blocks, written out."""
    sums = []
    for start in range(0, len(numbers), 1024):
        block = numbers[start : start + 1024]
        lanes = [-0.0] * 8
        for i, number in enumerate(block):
            lanes[i % 8] += number
        a, b, c, d, e, f, g, h = lanes
        sums.append(((a + e) + (c + g)) + ((b + f) + (d + h)))
    match sums:
        case []:
            return 0.0
        case [a]:
            return a
        case [a, b]:
            return a + b
        case [a, b, c]:
            return (a + b) + c
        case [a, b, c, d]:
            return (a + b) + (c + d)
    a, b, c, d, e = sums
    return ((a + b) + (c + d)) + e


@pytest.mark.parametrize("size", SIZES)
def test_rows_work_on_the_elements_of_arrays_and_on_constants(size: int) -> None:
    program = Program((size,), (size,), constants=(2.5,))
    total = program(table.add, program(table.multiply, 0, 2), 1)
    less = program(table.less, 0, 1)
    both = program(table.logical_and, less, program(table.greater, 0, 2))
    graph = program.graph(
        total, less, both, program(table.logical_not, less), program(table.where, less, 0, 2),
        program(table.where, 0, 1, 2), program(table.sin, 1),
    )
    x, y = numbers_of(size, 1), numbers_of(size, 2)
    x[:3] = [0.0, -0.0, NAN][:size]
    found = run(graph, x, y)
    assert_same(found[0], [a * 2.5 + b for a, b in zip(x, y)])
    assert_same(found[1], [1.0 if a < b else 0.0 for a, b in zip(x, y)])
    assert_same(found[2], [1.0 if a < b and a > 2.5 else 0.0 for a, b in zip(x, y)])
    assert_same(found[3], [0.0 if a < b else 1.0 for a, b in zip(x, y)])
    assert_same(found[4], [a if a < b else 2.5 for a, b in zip(x, y)])
    assert_same(found[5], [b if a != 0.0 else 2.5 for a, b in zip(x, y)])  # nan is not 0
    assert_same(found[6], [math.sin(b) for b in y])


def test_rows_work_on_views_in_the_order_of_their_elements() -> None:
    program = Program((2, 3), (3, 2))
    turned = program(View((3, 2), (1, 0), (-1, 1), (0, 2)), 0)
    spread = program(View((3, 2), (-1, 0), (0, 1), (0, 1)), 0)
    graph = program.graph(program(table.subtract, turned, 1), program(table.add, turned, spread), turned)
    x, y = numbers_of(6, 1), numbers_of(6, 2)
    columns = [x[2], x[5], x[1], x[4], x[0], x[3]]
    found = run(graph, x, y)
    assert_same(found[0], [a - b for a, b in zip(columns, y)])
    assert_same(found[1], [a + b for a, b in zip(columns, [x[1], x[4]] * 3)])
    assert_same(found[2], columns)


def test_views_repeat_along_axes_that_are_not_named_and_of_numbers() -> None:
    program = Program((3,), NUMBER, PREDICATE)
    rows = program(View((2, 3), (-1, 0), (0, 1), (0,)), 0)
    columns = program(View((3, 2), (0, -1), (-1, 0), (2,)), 0)
    filled = program(View((2, 2), (-1, -1), (0, 0), ()), 1)
    holds = program(View((2,), (-1,), (0,), ()), 2)
    nothing = program(View((0, 3), (-1, 0), (0, 1), (0,)), 0)
    one = program(View((), (), (), (1,)), 0)
    corner = program(Element((1, 2)), rows)
    again = program(View((2, 2, 3), (0, -1, 1), (1, 0, 1), (0, 0)), rows)
    x = [1.0, 2.0, 3.0]
    found = run(program.graph(rows, columns, filled, holds, nothing, one, corner, again), x, -0.0, True)
    assert found[0] == x + x
    assert found[1] == [3.0, 3.0, 2.0, 2.0, 1.0, 1.0]
    assert_same(found[2], [-0.0] * 4)
    assert found[3:] == [[1.0, 1.0], [], 2.0, 3.0, x * 4]


def test_place_replaces_what_a_view_shows_and_leaves_its_operands_as_they_are() -> None:
    program = Program((3, 3), (2,), NUMBER)
    diagonal = View((2, 2), (1, 0), (-2, 1), (1, 2))
    part = program(View((2, 2), (-1, 0), (0, 1), (0,)), 1)
    placed = program(Place(diagonal), 0, part)
    one = program(Place(View((), (), (), (0, 1))), placed, 2)
    found = run(program.graph(placed, one, 0), list(map(float, range(9))), [10.0, 20.0], -1.0)
    assert found[0] == [0.0, 1.0, 2.0, 10.0, 4.0, 10.0, 20.0, 7.0, 20.0]
    assert found[1] == [0.0, -1.0, 2.0, 10.0, 4.0, 10.0, 20.0, 7.0, 20.0]
    assert found[2] == list(map(float, range(9)))


def test_reshape_takes_the_numbers_row_by_row() -> None:
    program = Program((2, 3), (1,))
    turned = program(View((3, 2), (1, 0), (1, 1), (0, 0)), 0)
    graph = program.graph(program(Reshape((6,)), 0), program(Reshape((2, 1, 3)), turned), program(Reshape(()), 1))
    assert run(graph, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0]) == [
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], 7.0,
    ]


@pytest.mark.parametrize(("shape", "axis"), [((4,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 2), 1), ((0, 3), 1)])
def test_positions_count_along_an_axis(shape: tuple[int, ...], axis: int) -> None:
    program = Program()
    found = run(program.graph(program(Positions(shape, axis))))
    assert found == [[float(index[axis]) for index in itertools.product(*map(range, shape))]]


@pytest.mark.parametrize("size", SIZES)
def test_sums_run_in_blocks_that_a_tree_adds(size: int) -> None:
    x = [number * 10.0 ** (i % 17) for i, number in enumerate(numbers_of(size))]
    program = Program((size,), (2, size, 3), (size, 0))
    graph = program.graph(program(Sum(0), 0), program(Sum(1), 1), program(Sum(0), 2), program(Sum(1), 2))
    three = numbers_of(6 * size, 1)
    found = run(graph, x, three, [])
    assert same(found[0], in_blocks(x))
    rows = [three[i * 3 * size + j : (i + 1) * 3 * size : 3] for i in range(2) for j in range(3)]
    assert_same(found[1], [in_blocks(row) for row in rows])
    assert found[2] == []
    assert_same(found[3], [0.0] * size)
    assert size == 0 or same(blocked_sum(x), in_blocks(x))
    body = Program(NUMBER, NUMBER)
    loop = Program((size,))
    loop = loop.graph(loop(Loop(body.graph(1), size, sliced=1), 0))
    assert same(run(loop, x)[0], in_blocks(x) if size else -0.0)


def test_sums_of_many_blocks_go_up_pass_after_pass() -> None:
    blocks = [1.0 / (i + 7.0) for i in range(11)]
    numbers = [block if i == 0 else -0.0 for block in blocks for i in range(1024)]
    a, b, c, d, e, f, g, h, i, j, k = blocks
    expected = (((a + b) + (c + d)) + ((e + f) + (g + h))) + ((i + j) + k)
    assert blocked_sum(numbers) == expected
    assert expected != functools.reduce(operator.add, blocks)


def test_gather_takes_elements_at_numbers_and_at_arrays_of_them() -> None:
    program = Program((2, 3), NUMBER, NUMBER, (4,), (4,))
    turned = program(View((3, 2), (1, 0), (1, 1), (0, 0)), 0)
    graph = program.graph(
        program(Gather(), 0, 1, 2), program(Gather(), 0, 3, 4), program(Gather(), turned, 4, 3),
    )
    x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    found = run(graph, x, 1.0, 2.0, [0.0, 1.0, 1.0, -0.0], [2.0, 0.0, 0.0, 1.0])
    assert found == [6.0, [3.0, 4.0, 4.0, 2.0], [3.0, 4.0, 4.0, 2.0]]


def test_gather_beyond_an_array_reads_some_element_and_of_nothing_nan() -> None:
    program = Program((3,), (0,), NUMBER, (6,))
    graph = program.graph(*(program(Gather(), source, index) for source in (0, 1) for index in (2, 3)))
    beyond = [-1.0, 3.0, INF, -INF, NAN, 1.5]
    for index in beyond:
        number, numbers, *nothing = run(graph, [1.0, 2.0, 3.0], [], index, beyond)
        assert number in (1.0, 2.0, 3.0)
        assert numbers == [1.0, 3.0, 3.0, 1.0, 1.0, 2.0]
        assert math.isnan(nothing[0])
        assert all(map(math.isnan, nothing[1]))


@pytest.mark.parametrize("adds", [False, True])
def test_scatter_writes_one_after_the_other_and_nothing_beyond_the_array(adds: bool) -> None:
    program = Program((3,), (7,), (7,), NUMBER, NUMBER, (2, 2), (0,))
    graph = program.graph(
        program(Scatter(adds), 0, 1, 2), program(Scatter(adds), 0, 4, 3), program(Scatter(adds), 5, 4, 3, 3),
        program(Scatter(adds), 6, 1, 2), 0,
    )
    parts = [1e16, 1.0, -1e16, 5.0, 7.0, 9.0, 11.0]
    found = run(graph, [1.0, 2.0, 3.0], parts, [0.0, 0.0, 0.0, 2.0, 3.0, NAN, 0.5], 1.0, 9.0, [1.0, 2.0, 3.0, 4.0], [])
    assert found[0] == ([((1.0 + 1e16) + 1.0) + -1e16, 2.0, 8.0] if adds else [-1e16, 2.0, 5.0])
    assert found[1] == ([1.0, 11.0, 3.0] if adds else [1.0, 9.0, 3.0])
    assert found[2] == ([1.0, 2.0, 3.0, 13.0] if adds else [1.0, 2.0, 3.0, 9.0])
    assert found[3:] == [[], [1.0, 2.0, 3.0]]
    for beyond in (-1.0, 3.0, INF, NAN, 0.5):
        assert run(graph, [1.0, 2.0, 3.0], parts, [beyond] * 7, beyond, 9.0, [1.0] * 4, [])[:2] == [[1.0, 2.0, 3.0]] * 2


def test_scatter_takes_the_elements_of_arrays_of_indices_row_by_row() -> None:
    indices = ConstantArray(array("d", [0, 1, 1, 1, 0, 0]).tobytes(), (3, 2))
    program = Program((2, 2), (2, 3), constants=(indices,))
    rows = program(View((2, 3), (1, 0), (1, 1), (0, 0)), 2)  # 0 1 0, 1 1 0
    columns = program(View((2, 3), (-1, 0), (0, 1), (0, 0)), 2)  # 0 1 0, 0 1 0
    graph = program.graph(program(Scatter(False), 0, 1, rows, columns))
    assert run(graph, [0.0] * 4, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == [[6.0, 0.0, 4.0, 5.0]]


def test_bodies_have_whole_arrays_too() -> None:
    body = Program(NUMBER, (3,), (3,))
    following = body(Scatter(False), body(table.multiply, 1, 2), 0, 0)
    then, otherwise = Program((3,)), Program((3,))
    branch = Branch(then.graph(then(table.exp, 0)), otherwise.graph(0))
    program = Program((3,), (3, 3), PREDICATE)
    total, = (program(Loop(body.graph(following), 3, carried=1, sliced=1), 0, 1),)
    found = run(program.graph(program(branch, 2, total)), [1.0, 1.0, 1.0], [2.0] * 3 + [3.0] * 3 + [5.0] * 3, False)
    assert found == [[0.0, 5.0, 2.0]]


def test_arrays_of_one_number_are_packed_and_taken_apart() -> None:
    program = Program(NUMBER)
    pack = program(Pack((1, 1)), 0)
    assert run(program.graph(program(Sum(0), program(Sum(1), pack))), 3.0) == [3.0]
