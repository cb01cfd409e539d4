"""Operations on whole arrays in C: repeating, placing, reshaping, gathering, scattering, and what is done in place."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from graph_in_c import STRICT, assert_same, compiled
from graph_program import Program
from sampling import same

from autograd.compiler.backends.c.source import source
from autograd.primitives import table
from autograd.program.graph import (
    NUMBER,
    Branch,
    Element,
    Gather,
    Graph,
    Kind,
    Loop,
    Pack,
    Place,
    Reshape,
    Scatter,
    View,
)

SIZES = [0, 1, 7, 8, 9, 1023, 1024, 1025, 2049, 4097]
SET, ADD_AT = Scatter(False), Scatter(True)
NAN, INF = math.nan, math.inf


def numbers_of(count: int, seed: int = 0) -> list[float]:
    source = random.Random(seed)
    return [source.uniform(-2.0, 2.0) for _ in range(count)]


def results(graph: Graph, folder: Path, *inputs: Any, **options: Any) -> list[Any]:
    status, outputs = compiled(graph, folder, **options)(*inputs)
    assert status == 0
    return [output[: math.prod(graph.kinds[of] or (1,))] if isinstance(output, list) else output
            for output, of in zip(outputs, graph.outputs)]


@pytest.mark.parametrize("size", SIZES)
def test_views_repeat_numbers_and_axes(tmp_path: Path, size: int) -> None:
    program = Program((size,), NUMBER, constants=(2.5,))
    rows = program(View((3, size), (-1, 0), (0, 1), (0,)), 0)
    columns = program(View((size, 2), (0, -1), (1, 0), (0,)), 0)
    number = program(View((size,), (-1,), (0,), ()), 1)
    constant = program(View((2, size), (-1, -1), (0, 0), ()), 2)
    pair = program(Pack((2,)), 1, 2)
    packed = program(View((size, 2), (-1, 0), (0, -1), (1,)), pair)
    x = numbers_of(size)
    found = results(program.graph(rows, columns, number, constant, packed), tmp_path, x, -0.0)
    assert found[0] == x * 3
    assert found[1] == [number for number in x for _ in range(2)]
    assert all(same(number, -0.0) for number in found[2])
    assert len(found[2]) == size
    assert found[3] == [2.5] * (2 * size)
    assert found[4] == [2.5, 0.0] * size


@pytest.mark.parametrize("size", SIZES)
def test_place_and_reshape(tmp_path: Path, size: int) -> None:
    program = Program((2, size), (size,), NUMBER)
    placed = program(Place(View((size,), (1,), (1,), (1, 0))), 0, 1)
    turned = program(View((size, 2), (1, 0), (-1, 1), (0, max(size - 1, 0))), 0)
    flat = program(Reshape((2 * size,)), turned)
    back = program(Reshape((size, 2)), flat)
    outputs = [placed, flat, back, program(Reshape((size, 1, 2)), placed)]
    if size:
        outputs.append(program(Place(View((), (), (), (1, size - 1))), placed, 2))
        outputs.append(program(View((), (), (), (1, 0)), placed))
    x, y = numbers_of(2 * size, 1), numbers_of(size, 2)
    found = results(program.graph(*outputs), tmp_path, x, y, 7.0)
    both = x[:size] + y
    backwards = [number for i in reversed(range(size)) for number in (x[i], x[size + i])]
    assert found[:4] == [both, backwards, backwards, both]
    assert found[4:] == ([[*both[:-1], 7.0], y[0]] if size else [])


def test_numbers_that_were_packed_are_placed_and_reshaped(tmp_path: Path) -> None:
    program = Program(NUMBER, NUMBER, (2,))
    pack = program(Pack((2, 2)), 0, 1, 0, 1)
    placed = program(Place(View((2,), (1,), (1,), (1, 0))), pack, 2)
    inner = program(Place(View((2,), (1,), (1,), (0, 0))), placed, program(Pack((2,)), 1, 1))
    one = program(Reshape((1, 1)), program(Pack((1,)), 0))
    graph = program.graph(placed, inner, one, program(Reshape(()), one), program(Reshape((4,)), pack), pack)
    found = results(graph, tmp_path, 1.0, 2.0, [3.0, 4.0])
    assert found == [[1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 3.0, 4.0], [1.0], 1.0, [1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]


BEYOND = [-1.0, 4.0, INF, -INF, NAN, 1.5, -0.0, 1e300]


def test_gather_reads_some_element_beyond_an_array_and_of_nothing_nan(tmp_path: Path) -> None:
    program = Program((4,), (0,), (3, 4), NUMBER, constants=(1.0, 2.0))
    turned = program(View((4, 3), (1, 0), (-1, 1), (0, 3)), 2)
    same_rows = program(View((5, 4), (-1, 0), (0, 1), (0,)), 0)
    packed = program(Pack((3,)), 4, 5, 3)
    graph = program.graph(
        program(Gather(), 0, 3), program(Gather(), 1, 3), program(Gather(), turned, 3, 5),
        program(Gather(), same_rows, 3, 4), program(Gather(), packed, 3), program(Gather(), turned, 4, 3),
    )
    function = compiled(graph, tmp_path)
    x, y = [10.0, 11.0, 12.0, 13.0], [20.0 + i for i in range(12)]
    for index, near in zip(BEYOND, [0, 3, 3, 0, 0, 1, 0, 3]):
        found = function(x, [], y, index)[1]
        assert found[0] == x[near]
        assert math.isnan(found[1])
        assert found[2] == y[8 + 3 - near]
        assert found[3] == 11.0
        assert same(found[4], [1.0, 2.0, index][min(near, 2)])
        assert found[5] == y[4 * min(near, 2) + 2]


@pytest.mark.parametrize("adds", [False, True])
def test_scatter_writes_nothing_beyond_an_array(tmp_path: Path, adds: bool) -> None:
    program = Program((4,), (0,), (2, 4), NUMBER, NUMBER)
    graph = program.graph(
        program(Scatter(adds), 0, 4, 3), program(Scatter(adds), 1, 4, 3),
        program(Scatter(adds), program(View((4, 2), (1, 0), (1, 1), (0, 0)), 2), 4, 3, 3), 0,
        program(Scatter(adds), program(Pack((2,)), 4, 4), 4, 3),
    )
    function = compiled(graph, tmp_path)
    x, y = [10.0, 11.0, 12.0, 13.0], [float(i) for i in range(8)]
    turned = [y[4 * j + i] for i in range(4) for j in range(2)]
    for index in BEYOND:
        x0, t0, p0 = ((12.0, 2.0, 4.0) if adds else (2.0, 2.0, 2.0)) if index == 0.0 else (10.0, 0.0, 2.0)
        found = function(x, [], y, index, 2.0)[1]
        assert found[0] == [x0, *x[1:]]
        assert found[2] == [t0, *turned[1:]]
        assert found[3] == x
        assert found[4] == [p0, 2.0]
    assert function(x, [], y, 1.0, 2.0)[1][2] == [*turned[:3], turned[3] + 2.0 if adds else 2.0, *turned[4:]]


@pytest.mark.parametrize("size", SIZES)
def test_sums_run_in_blocks_that_a_tree_adds(tmp_path: Path, size: int) -> None:
    body = Program(NUMBER, NUMBER)
    loop = Loop(body.graph(1, body(Pack((2,)), 1, 0)), size, sliced=1)
    program = Program((size,))
    x = [number * 10.0 ** (i % 17) for i, number in enumerate(numbers_of(size))]
    found = results(program.graph(*program(loop, 0)), tmp_path, x)
    sums = [-0.0, -0.0]
    for which, numbers in enumerate((x, list(map(float, range(size))))):
        level = []
        for start in range(0, size, 1024):
            lanes = [-0.0] * 8
            for i, number in enumerate(numbers[start : start + 1024]):
                lanes[i % 8] += number
            a, b, c, d, e, f, g, h = lanes
            level.append(((a + e) + (c + g)) + ((b + f) + (d + h)))
        while len(level) > 1:
            odd = level[-1:] if len(level) % 2 else []
            level = [a + b for a, b in zip(level[::2], level[1::2])] + odd
        sums[which] = level[0] if level else -0.0
    assert same(found[0], sums[0])
    assert all(map(same, found[1], sums))


@pytest.mark.parametrize("blocks", [11, 12, 13, 16])
@pytest.mark.parametrize("bound", [None, 20_000])
def test_a_counted_sum_of_many_blocks(tmp_path: Path, blocks: int, bound: int | None) -> None:
    body = Program(NUMBER, NUMBER)
    term = body(table.where, body(table.equal, 0, body(table.multiply, 1, body(table.floor, body(table.divide, 0, 1)))),
                body(table.sqrt, 0), body(table.multiply, 0, 1))
    loop = Loop(body.graph(term), bound, counted=True)
    program = Program(NUMBER, NUMBER)
    graph = program.graph(program(loop, 0, 1))
    assert_same(graph, tmp_path, *([1024.0 * blocks + more, 1024.0] for more in (-3.0, 0.0, 5.0)))


# In place.


INTO_THE_STATE_AND_OUT_OF_IT = 2  # copies of an array that a loop changes in place


def _counting(length: int) -> Graph:
    """x[i] = x[i - 1] + i, for all i."""
    body = Program(NUMBER, (length,), constants=(1.0,))
    before = body(Gather(), 1, body(table.subtract, 0, 2))
    body = body.graph(body(SET, 1, body(table.add, before, 0), 0))
    program = Program((length,))
    return program.graph(program(Loop(body, length, carried=1), 0))


def test_a_loop_that_sets_one_element_a_trip_copies_nothing(tmp_path: Path) -> None:
    size = 2_000_000  # where each trip copied, this would take hours
    found = results(_counting(size), tmp_path, [1.0] * size)[0]
    assert found[:4] == [1.0, 2.0, 4.0, 7.0]
    assert found[-1] == 1.0 + (size - 1) * size / 2


def test_nested_loops_share_the_memory_of_their_state(tmp_path: Path) -> None:
    size = 1500  # where each trip of the outer loop copied, this would take minutes
    inner = Program(NUMBER, (size, size), NUMBER)
    here = inner(Gather(), 1, 2, 0)
    inner = inner.graph(inner(ADD_AT, 1, inner(table.multiply, 0, here), 2, 0))
    outer = Program(NUMBER, (size, size))
    outer = outer.graph(outer(Loop(inner, size, carried=1), 1, 0))
    program = Program((size, size))
    graph = program.graph(program(Loop(outer, size, carried=1), 0))
    assert source(graph).count(f"< {size * size};") == INTO_THE_STATE_AND_OUT_OF_IT
    found = results(graph, tmp_path, [2.0] * (size * size))[0]
    assert found == [2.0 + 2.0 * column for column in range(size)] * size


def test_reshaped_and_placed_states_are_in_place_too() -> None:
    body = Program(NUMBER, (100, 100), (100,))
    corner = body(Element((5, 5)), 1)
    flat = body(Reshape((10_000,)), 1)
    flat = body(Place(View((100,), (0,), (100,), (3,))), flat, 2)
    flat = body(SET, flat, corner, 0)
    body = body.graph(body(Reshape((100, 100)), flat))
    program = Program((100, 100), (50, 100))
    graph = program.graph(program(Loop(body, 50, carried=1, sliced=1), 0, 1))
    assert source(graph).count("< 10000;") == INTO_THE_STATE_AND_OUT_OF_IT



def test_what_is_read_later_is_not_overwritten(tmp_path: Path) -> None:
    """Each body reads the array as it was, after an element of it was set."""
    def step(read: Any) -> Graph:
        body = Program(NUMBER, (9,), (9,))
        seen = body(View((9,), (0,), (-1,), (8,)), 1)
        first = body(Element((0,)), 1)
        return body.graph(*read(body, body(SET, 1, body(table.add, 0, first), 0), seen, first))

    bodies = [
        step(lambda body, new, seen, first: (new, 1)),  # the second state is the first of the trip before
        step(lambda body, new, seen, first: (new, seen)),
        step(lambda body, new, seen, first: (seen, new)),
        step(lambda body, new, seen, first: (2, new)),
        step(lambda body, new, seen, first: (body(ADD_AT, new, first, 0), 1)),
        step(lambda body, new, seen, first: (body(ADD_AT, new, body(Element((3,)), seen), 0), 2)),
        step(lambda body, new, seen, first: (body(Place(View((4,), (0,), (1,), (1,))), new,
                                                  body(View((4,), (0,), (1,), (0,)), new)), new)),
        step(lambda body, new, seen, first: (new, new)),
        step(lambda body, new, seen, first: (body(SET, 2, first, 0), body(SET, 1, first, 0))),
    ]
    for number, body in enumerate(bodies):
        program = Program((9,))
        made = program(SET, 0, *[program(Element((0,)), 0)] * 2)
        a, b = program(Loop(body, 9, carried=2, save=True), made, made)[:2]
        graph = program.graph(a, b, made, program(Loop(body, 4, carried=2), a, b)[0])
        assert_same(graph, tmp_path, [numbers_of(9)], name=f"f{number}")


def test_arguments_and_outputs_are_not_overwritten(tmp_path: Path) -> None:
    program = Program((5,), NUMBER, NUMBER)
    first = program(SET, 0, 1, 2)
    second = program(SET, first, 2, 1)
    third = program(Place(View((2,), (0,), (1,), (1,))), program(Reshape((5, 1)), second) and second,
                    program(View((2,), (0,), (1,), (3,)), first))
    function = compiled(program.graph(0, first, third), tmp_path)
    x = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert function(x, 9.0, 1.0) == (0, [x, [1.0, 9.0, 3.0, 4.0, 5.0], [1.0, 4.0, 5.0, 4.0, 5.0]])


def test_an_element_that_is_read_before_it_is_replaced_keeps_its_number(tmp_path: Path) -> None:
    body = Program(NUMBER, (9,), constants=(0.0, 8.0))
    first, last = body(Element((0,)), 1), body(Element((8,)), 1)
    swapped = body(SET, body(SET, 1, last, 2), first, 3)
    pack = body(Pack((2,)), last, first)
    body = body.graph(swapped, pack, body(table.identity, first))
    program = Program((9,))
    graph = program.graph(*program(Loop(body, 3, carried=1, stacked=2), 0))
    assert source(graph).count("< 9;") == INTO_THE_STATE_AND_OUT_OF_IT
    assert results(graph, tmp_path, [1.0, *[2.0] * 7, 3.0]) == [
        [3.0, *[2.0] * 7, 1.0], [3.0, 1.0, 1.0, 3.0, 3.0, 1.0], [1.0, 3.0, 1.0],
    ]


# Random programs.

SHAPES: list[tuple[int, ...]] = [(6,), (2, 3), (3, 2), (1, 6), (3,)]


def random_graph(source: random.Random, kinds: Sequence[Kind], steps: int, depth: int) -> Graph:
    """A graph of these inputs; the outputs are two numbers, then an array of each of the shapes."""
    program = Program(*kinds, constants=(0.0, 1.0, 2.0, 5.0, -1.0, 0.5, NAN))

    def number() -> int:
        return source.choice([value for value, kind in enumerate(program.kinds) if kind == NUMBER][-25:])

    def index() -> int:
        constants = range(len(kinds), len(kinds) + 7)
        return source.choice([*constants[:4], *constants, number(), 0 if kinds[0] == NUMBER else number()])

    def of(shape: tuple[int, ...]) -> int:
        """A new array of a shape, or one that is there; more often than not one of the last."""
        there = [value for value, kind in enumerate(program.kinds) if kind == shape]
        if not there or source.random() < 0.05:
            return program(Pack(shape), *(number() for _ in range(math.prod(shape))))
        return source.choice(there[-3:] if source.random() < 0.7 else there)

    def view_of(shape: tuple[int, ...], repeats: bool) -> View:
        """A view of some shape that this shape has."""
        axes = source.sample(range(len(shape)), source.randint(0 if len(shape) > 1 else 1, len(shape)))
        lengths = [source.randint(1, shape[axis]) for axis in axes]
        starts = [source.randrange(length) for length in shape]
        steps = []
        for axis, length in zip(axes, lengths):
            step = source.choice([1, -1, 2])
            if (length - 1) * abs(step) >= shape[axis]:
                step = 1
            starts[axis] = 0 if step > 0 else shape[axis] - 1
            steps.append(step)
        if repeats:
            axes.append(-1)
            lengths.append(source.randint(1, 7))
            steps.append(0)
        return View(tuple(lengths), tuple(axes), tuple(steps), tuple(starts))

    def array() -> int:
        shapes = [kind for kind in program.kinds if kind and 0 < math.prod(kind) <= 60] or SHAPES
        return of(source.choice(shapes[-8:]))

    for _ in range(steps):
        choice = source.randrange(14)
        item = array()
        shape = program.kinds[item]
        assert shape
        if choice == 0:
            program(view_of(shape, source.random() < 0.4), item)
        elif choice == 1:
            program(Element(tuple(source.randrange(length) for length in shape)), item)
        elif choice in (2, 3):
            view = view_of(shape, False)
            part = number() if view.shape == () else of(view.shape)
            program(Place(view), item, part)
        elif choice == 4:
            count = math.prod(shape)
            program(Reshape(source.choice([(count,), (1, count), shape[::-1], *([()] if count == 1 else [])])), item)
        elif choice == 5:
            program(Gather(), item, *(index() for _ in shape))
        elif choice in (6, 7, 8):
            program(source.choice([SET, ADD_AT]), item, number(), *(index() for _ in shape))
        elif choice == 9 and depth:
            inner = random_graph(source, [NUMBER, NUMBER, *SHAPES, (6,), NUMBER], source.randint(4, 12), depth - 1)
            states = [1, *source.sample(range(2, 7), source.randint(1, 5))]
            outputs = [inner.outputs[0], *(inner.outputs[state] for state in states[1:])]
            stacked = [inner.outputs[source.randrange(2, 7)] for _ in range(source.randint(0, 2))]
            terms = [inner.outputs[source.randrange(1, 7)]]
            order = [0, *states, *(value for value in range(1, inner.inputs) if value not in states)]
            body = renumbered(inner, order, (*outputs, *stacked, *terms))
            kinds_of = [body.kinds[value] for value in range(1, body.inputs)]
            program(
                Loop(body, source.choice([0, 1, 3]), carried=len(states), stacked=len(stacked),
                     save=source.random() < 0.3, reverse=source.random() < 0.3),
                *(number() if kind == NUMBER else of(kind or ()) for kind in kinds_of),
            )
        elif choice == 10 and depth:
            sides = [random_graph(source, [NUMBER, *SHAPES], source.randint(2, 6), depth - 1) for _ in range(2)]
            program(Branch(*sides), program(table.less, number(), number()), number(), *map(of, SHAPES))
        elif choice == 11:
            program(View((source.randint(1, 6),), (-1,), (0,), ()), number())
        else:
            program(source.choice([table.add, table.multiply, table.subtract, table.maximum]), number(), number())
    return program.graph(number(), number(), *map(of, SHAPES))


def renumbered(graph: Graph, order: list[int], outputs: tuple[int, ...]) -> Graph:
    """The graph with its inputs in another order, and other outputs."""
    places = {value: place for place, value in enumerate(order)}
    new = [places.get(value, value) for value in range(len(graph.kinds))]
    kinds = [graph.kinds[value] for value in order] + list(graph.kinds[graph.inputs :])
    operands = tuple(tuple(new[value] for value in values) for values in graph.operands)
    outputs = tuple(new[value] for value in outputs)
    return Graph(tuple(kinds), graph.inputs, graph.constants, graph.operations, operands, outputs)


def random_inputs(source: random.Random, kinds: Sequence[Kind]) -> list[Any]:
    return [[float(source.randint(-3, 9)) for _ in range(math.prod(kind))] if kind else source.uniform(-2, 2)
            for kind in kinds]


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_on_arrays_give_the_interpreters_bits(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    kinds: list[Kind] = [NUMBER, NUMBER, *SHAPES]
    graph = random_graph(source, kinds, 60, 2)
    assert_same(graph, tmp_path, random_inputs(source, kinds), random_inputs(source, kinds))


def test_long_programs_on_arrays_are_split_and_nothing_changes(tmp_path: Path) -> None:
    source = random.Random(21)
    kinds: list[Kind] = [NUMBER, NUMBER, *SHAPES]
    for number, depth in enumerate((0, 1)):
        graph = random_graph(source, kinds, 2500, depth)
        assert_same(graph, tmp_path, random_inputs(source, kinds), name=f"f{number}", flags=[*STRICT, "-O1"])


def test_a_long_body_sets_elements_in_place(tmp_path: Path) -> None:
    size = 200_000
    body = Program(NUMBER, (size,), constants=(0.5,))
    number = 0
    state = 1
    for i in range(1200):
        number = body(table.multiply, body(table.add, number, 2), 2)
        if i % 400 == 399:
            state = body(ADD_AT, state, number, 0)
    program = Program((size,))
    graph = program.graph(program(Loop(body.graph(state), 20_000, carried=1), 0))
    found = results(graph, tmp_path, [1.0] * size)[0]
    assert found[20_000:] == [1.0] * (size - 20_000)
    for trip in (0, 7, 19_999):
        expected, number_there = 1.0, float(trip)
        for i in range(1200):
            number_there = (number_there + 0.5) * 0.5
            if i % 400 == 399:
                expected += number_there
        assert found[trip] == expected


def test_a_loop_backward_over_an_array_that_repeats_one_number(tmp_path: Path) -> None:
    body = Program(NUMBER, NUMBER, NUMBER)
    body = body.graph(body(table.add, 1, 2))
    program = Program(NUMBER)
    repeated = program(View((5,), (-1,), (0,), ()), 0)
    total = program(Loop(body, 5, carried=1, sliced=1, reverse=True), 0, repeated)
    assert results(program.graph(total), tmp_path, 1.5) == [9.0]


def test_the_sign_of_a_zero_alone_includes_its_header(tmp_path: Path) -> None:
    program = Program(NUMBER)
    graph = program.graph(program(table.signbit, 0))
    found = [results(graph, tmp_path, x)[0] for x in (-0.0, 0.0, -2.0, NAN, -NAN)]
    assert found == [True, False, True, False, False]
