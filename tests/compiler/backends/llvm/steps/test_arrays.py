"""Operations on whole arrays in machine code: right where memory is shared, written where it stands, or in lanes."""

from __future__ import annotations

import math
import random
import time
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from array_programs import random_program
from graph_program import Program, arguments, flat
from sampling import same

from autograd.compiler.backends import interpreter
from autograd.compiler.backends.llvm import compile as llvm
from autograd.compiler.backends.llvm import entry, machine
from autograd.primitives import table
from autograd.program.graph import (
    NUMBER,
    Branch,
    ConstantArray,
    Element,
    Gather,
    Graph,
    Loop,
    Pack,
    Place,
    Reshape,
    Scatter,
    View,
)

ADD, MULTIPLY, LESS = table.add, table.multiply, table.less
SIZES = [0, 1, 7, 8, 9, 15, 16, 17, 1023, 1024, 1025, 2049, 3000, 4097, 9 * 1024 + 5]


def numbers(count: int, seed: int = 0) -> list[float]:
    source = random.Random(seed)
    return [source.uniform(-2.0, 2.0) for _ in range(count)]


@pytest.fixture(params=["whole", "whole at 8 lanes", "parts", "parts at 8 lanes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way in which a program is written: one function or many small ones, and the lanes of a batch."""
    if "parts" in request.param:
        monkeypatch.setattr(entry, "WHOLE", 0)
        monkeypatch.setattr(entry, "PART", 3)
    monkeypatch.setattr(machine, "width", lambda: 8 if "8" in request.param else 16)
    return str(request.param)


def run(graph: Graph, *inputs: Any, threads: int = 1) -> list[Any]:
    """The outputs, arrays as lists; that nothing writes to the inputs is seen to."""
    given = arguments(graph, inputs)
    found = flat(llvm.compile(graph, threads=threads).run(given))
    assert flat(given) == [list(item) if isinstance(item, list) else item for item in inputs]
    return found


def one(shape: tuple[int, ...], *index: int) -> View:
    """The view of a single element."""
    return View((), (), (), index)


def along(length: int, start: int = 0, step: int = 1) -> View:
    """A view of an array with one axis."""
    return View((length,), (0,), (step,), (start,))


# Sums.


def blocked(terms: Sequence[float]) -> float:
    """The sum of the documented order, written out once more; of none -0.0."""
    blocks = []
    for start in range(0, len(terms), 1024):
        lanes = [-0.0] * 8
        for i, term in enumerate(terms[start : start + 1024]):
            lanes[i % 8] += term
        a, b, c, d, e, f, g, h = lanes
        blocks.append(((a + e) + (c + g)) + ((b + f) + (d + h)))
    while len(blocks) > 1:
        pairs = [blocks[i] + blocks[i + 1] for i in range(0, len(blocks) - 1, 2)]
        blocks = pairs + blocks[2 * len(pairs) :]
    return blocks[0] if blocks else -0.0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_is_summed_by_a_tree_of_blocks(way: str, size: int, threads: int) -> None:
    body = Program(NUMBER, NUMBER)
    small, large = body(Pack((2,)), 1, body(MULTIPLY, 1, 0)), body(View((5, 5), (-1, -1), (0, 0), ()), 1)
    program = Program((size,))
    graph = program.graph(*program(Loop(body.graph(1, small, large), size, sliced=1), 0))
    given = numbers(size)
    found = run(graph, given, threads=threads)
    total, scaled = blocked(given), blocked([i * x for i, x in enumerate(given)])
    assert_bits(found, [total, [total, scaled], [total] * 25])


def assert_bits(found: Sequence[Any], expected: Sequence[Any]) -> None:
    for a, b in zip(found, expected, strict=True):
        if isinstance(a, list):
            assert_bits(a, b)
        else:
            assert same(a, b), (a, b)


@pytest.mark.parametrize("size", [0, 1, 9, 1023, 1024, 2049, 4097])
@pytest.mark.parametrize("kind", ["state", "counted", "counted without a bound", "condition"])
def test_a_loop_is_summed_by_a_tree_of_blocks(size: int, kind: str) -> None:
    condition = Program(NUMBER, NUMBER, NUMBER)
    body = Program(NUMBER, NUMBER, NUMBER, constants=(-0.99983,))
    small, large = body(Pack((2,)), 1, body(MULTIPLY, 1, 0)), body(View((5, 5), (-1, -1), (0, 0), ()), 1)
    loop = Loop(
        body.graph(body(MULTIPLY, 1, 3), 1, small, large), size + 5 * (kind != "state"), carried=1,
        counted="counted" in kind,
        condition=condition.graph(condition(LESS, 0, 2)) if kind == "condition" else None,
    )  # fmt: skip
    loop = replace(loop, length=None) if "without" in kind else loop
    program = Program(NUMBER, NUMBER)
    results = program(loop, *([1] if loop.counted else []), 0, 1)
    found = run(program.graph(*results[1:4]), 1.7, float(size))
    terms = [1.7]
    for _ in range(size):
        terms.append(terms[-1] * -0.99983)
    terms = terms[:size]
    total, scaled = blocked(terms), blocked([i * x for i, x in enumerate(terms)])
    assert_bits(found, [total, [total, scaled], [total] * 25])


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 17, 100, 1025, 2049, 3073])
@pytest.mark.parametrize("samples", [1, 5, 17])
def test_sums_inside_of_a_batch_have_the_same_order(way: str, size: int, samples: int) -> None:
    inner = Program(NUMBER, NUMBER, NUMBER)
    product = inner(MULTIPLY, 1, 2)
    loop = Loop(inner.graph(product, 1, inner(Pack((2,)), 1, product)), size, sliced=1, stacked=1)
    body = Program(NUMBER, (size,), NUMBER)
    stack, total, pair = body(loop, 1, 2)
    outer = Loop(body.graph(stack, total, pair, total), samples, sliced=2, stacked=3)
    program = Program((samples, size), (samples,))
    rows, factors = numbers(samples * size), numbers(samples, 3)
    found = run(program.graph(*program(outer, 0, 1)), rows, factors)
    parts = [rows[i * size : (i + 1) * size] for i in range(samples)]
    stacks = [x * factor for part, factor in zip(parts, factors) for x in part]
    totals = [blocked(part) for part in parts]
    scaled = [blocked([x * factor for x in part]) for part, factor in zip(parts, factors)]
    pairs = [x for pair in zip(totals, scaled) for x in pair]
    assert_bits(found, [stacks, totals, pairs, blocked(totals)])


# Views, places, shapes.


@pytest.mark.parametrize("size", [1, 3, 16, 17, 1000])
def test_a_number_is_seen_as_an_array(way: str, size: int) -> None:
    everywhere = View((2, size), (-1, -1), (0, 0), ())
    program = Program(NUMBER, (3,), constants=(2.5,))
    filled, fixed = program(everywhere, 0), program(everywhere, 2)
    rows = program(View((size, 2), (-1, 0), (0, -2), (2,)), 1)
    corner = program(Element((1, size - 1)), filled)
    turned = program(View((size,), (1,), (1,), (0, 0)), filled)
    single = program(View((), (), (), (1,)), 1)
    graph = program.graph(filled, fixed, rows, corner, turned, single)
    assert run(graph, 0.5, [1.0, 2.0, 3.0]) == [
        [0.5] * 2 * size, [2.5] * 2 * size, [3.0, 1.0] * size, 0.5, [0.5] * size, 2.0,
    ]  # fmt: skip


@pytest.mark.parametrize("size", [4, 40])
def test_a_place_keeps_the_old_array_where_it_is_still_read(way: str, size: int) -> None:
    """Inputs, constants, what is seen by a view that is read later, and what is an output are copied."""
    content = numbers(size, 7)
    constant = ConstantArray(array("d", content).tobytes(), (size,))
    program = Program((size,), NUMBER, constants=(constant,))
    first = program(Place(along(2, 1)), 0, program(Pack((2,)), 1, 1))
    second = program(Place(one((size,), 0)), 2, 1)
    twice = program(Scatter(True), program(Scatter(True), 2, 1, 1), 1, 1)
    made = program(Place(along(size, size - 1, -1)), first, 0)  # is all new, but `first` is an output
    seen = program(along(2, size - 1, -1), made)
    changed = program(Place(one((size,), size - 1)), made, 1)
    number = program(Element((0,)), seen)  # of `made`, before it was changed
    graph = program.graph(first, second, twice, changed, number, 2)
    given = numbers(size)
    x = 1.0
    found = run(graph, given, x)
    assert found == [
        [given[0], x, x, *given[3:]], [x, *content[1:]], [content[0], content[1] + x + x, *content[2:]],
        [*given[::-1][:-1], x], given[0], content,
    ]  # fmt: skip


@pytest.mark.parametrize("size", [6, 60])
def test_a_part_of_the_array_itself_is_placed_as_it_was(way: str, size: int) -> None:
    program = Program((size,), NUMBER)
    own = program(Place(one((size,), 2)), 0, 1)
    shifted = program(Place(along(size - 1, 1)), own, program(along(size - 1), own))
    given = numbers(size)
    old = [*given[:2], 0.5, *given[3:]]
    assert run(program.graph(shifted), given, 0.5) == [[old[0], *old[:-1]]]


@pytest.mark.parametrize(
    ("shape", "other"), [((2, 3), (3, 2)), ((4, 6), (24,)), ((5, 8), (2, 2, 10)), ((1, 30, 1), (30,))]
)
def test_shapes_change_without_and_with_a_copy(way: str, shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    size = math.prod(shape)
    program = Program(shape, NUMBER)
    straight = program(Reshape(other), 0)
    axes = tuple(range(len(shape)))[::-1]
    turned = program(View(shape[::-1], axes, (1,) * len(shape), (0,) * len(shape)), 0)
    copied = program(Reshape(other), turned)
    own = program(Place(one(other, *[0] * len(other))), copied, 1)
    every = program(Reshape((size,)), program(View(other, (-1,) * len(other), (0,) * len(other), ()), 1))
    scalar = program(Reshape(()), program(Pack((1, 1)), 1))
    given = [float(i) for i in range(size)]
    found = run(program.graph(straight, copied, own, every, scalar), given, 0.5)
    flipped = _transposed(given, shape)
    assert found == [given, flipped, [0.5, *flipped[1:]], [0.5] * size, 0.5]


def _transposed(given: list[float], shape: tuple[int, ...]) -> list[float]:
    if len(shape) == 1:
        return given
    if len(shape) == 2:
        return [given[i * shape[1] + j] for j in range(shape[1]) for i in range(shape[0])]
    return given  # two of its axes have length 1


# Computed places.


INDICES = [0.0, -0.0, 1.0, 3.0, 4.0, 5.0, -1.0, 1.5, math.nan, math.inf, -math.inf, 1e300]


@pytest.mark.parametrize("size", [1, 5, 12, 20])
def test_elements_at_computed_places(way: str, size: int) -> None:
    """Alone, and in the lanes of a batch: of an array that all share, of one's own, and of one at hand."""
    last = size - 1.0
    given, shared = numbers(size * len(INDICES)), numbers(size, 2)
    body = Program(NUMBER, NUMBER, (size,), (size,))
    own = body(Gather(), 2, 1)
    common = body(Gather(), 3, 1)
    at_hand = body(Pack((size,)), *[body(ADD, 0, body(Element((i,)), 3)) for i in range(size)])
    positioned = body(Gather(), 3, 0)
    loop = Loop(body.graph(own, common, body(Gather(), at_hand, 1), positioned), len(INDICES), sliced=2, stacked=4)
    program = Program((len(INDICES),), (len(INDICES), size), (size,), NUMBER)
    graph = program.graph(*program(loop, 0, 1, 2), program(Gather(), 2, 3))
    places = [0 if math.isnan(i) else int(min(max(i, 0.0), last)) for i in INDICES]
    found = flat(llvm.compile(graph).run(arguments(graph, [INDICES, given, shared, 2.0])))
    assert found == [
        [given[k * size + place] for k, place in enumerate(places)], [shared[place] for place in places],
        [k + shared[place] for k, place in enumerate(places)],
        [shared[min(k, size - 1)] for k in range(len(INDICES))], shared[min(2, size - 1)],
    ]  # fmt: skip


@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize("size", [1, 5, 12, 20])
def test_elements_are_set_and_added_to_at_computed_places(way: str, size: int, adds: bool) -> None:
    body = Program(NUMBER, NUMBER, (size,), (size,), constants=(0.5,))
    at_hand = body(Pack((size,)), *[body(ADD, 0, body(Element((i,)), 3)) for i in range(size)])
    results = [body(Scatter(adds), item, 4, 1) for item in (2, 3, at_hand)]
    loop = Loop(body.graph(*results), len(INDICES), sliced=2, stacked=3)
    program = Program((len(INDICES),), (len(INDICES), size), (size,), NUMBER, constants=(0.5,))
    graph = program.graph(*program(loop, 0, 1, 2), program(Scatter(adds), 2, 4, 3))
    given, shared = numbers(size * len(INDICES)), numbers(size, 2)

    def changed(row: list[float], index: float) -> list[float]:
        if index in range(size):
            row = [*row]
            row[int(index)] = row[int(index)] * adds + 0.5
        return row

    found = flat(llvm.compile(graph).run(arguments(graph, [INDICES, given, shared, 0.0])))
    rows = [given[k * size : (k + 1) * size] for k in range(len(INDICES))]
    assert found == [
        [x for row, i in zip(rows, INDICES) for x in changed(row, i)],
        [x for i in INDICES for x in changed(shared, i)],
        [x for k, i in enumerate(INDICES) for x in changed([k + y for y in shared], i)],
        changed(shared, 0.0),
    ]  # fmt: skip


def test_nothing_is_read_or_written_in_an_array_without_elements(way: str) -> None:
    program = Program((0,), (3, 0), NUMBER)
    graph = program.graph(
        program(Gather(), 0, 2), program(Gather(), 1, 2, 2), program(Scatter(True), 1, 2, 2, 2),
        program(Reshape((0, 3)), 1), program(Place(along(0)), 0, 0),
    )  # fmt: skip
    found = run(graph, [], [], 0.0)
    assert math.isnan(found[0])
    assert math.isnan(found[1])
    assert found[2:] == [[], [], []]


@pytest.mark.parametrize("samples", [1, 3, 8, 16, 17, 33])
@pytest.mark.parametrize("size", [7, 8, 9, 15, 16, 17, 100])
def test_rows_come_into_lanes_and_go_out_whole(way: str, samples: int, size: int) -> None:
    """Rows of one and of two axes, from and to memory of others; nothing is written next to what is one's own."""
    body = Program(NUMBER, (size,), (2, size), constants=(0.0,))
    changed = body(Scatter(False), 1, 0, 3)
    turned = body(View((size, 2), (1, 0), (1, 1), (0, 0)), 2)
    loop = Loop(body.graph(changed, body(Place(one((2, size), 1, 2)), 2, 0), turned), samples, sliced=2, stacked=3)
    program = Program((samples, size), (samples, 2, size))
    compiled = llvm.compile(program.graph(*program(loop, 0, 1)))
    rows, pairs = numbers(samples * size), numbers(samples * size * 2, 1)
    frame, items = compiled.frame(), [array("d", rows), array("d", pairs)]
    items += [array("d", [7.0] * (32 + count * samples * size)) for count in (1, 2, 2)]
    addresses = frame.buffer.cast("Q")
    for place, item in enumerate(items):
        addresses[place] = item.buffer_info()[0] + (0 if place < 2 else 8 * 16)
    assert compiled.function(frame.address) == -1
    first: list[float] = []
    second: list[float] = []
    third: list[float] = []
    for i in range(samples):
        row, pair = rows[i * size : (i + 1) * size], pairs[2 * i * size : 2 * (i + 1) * size]
        first += [float(i), *row[1:]]
        second += [*pair[: size + 2], float(i), *pair[size + 3 :]]
        third += [pair[j + k * size] for j in range(size) for k in range(2)]
    for item, expected in zip(items[2:], (first, second, third)):
        assert list(item) == [7.0] * 16 + expected + [7.0] * 16


# States that are changed where they stand.


@pytest.mark.parametrize("size", [3, 30])
@pytest.mark.parametrize("save", [False, True])
def test_a_state_is_changed_where_it_stands(way: str, size: int, save: bool) -> None:
    """Each element becomes the sum of all before; what was there, what is there and the whole array are stacked."""
    body = Program(NUMBER, (size,), NUMBER)
    before = body(Gather(), 1, 0)
    new = body(Scatter(False), 1, 2, 0)
    after = body(Gather(), new, 0)
    loop = Loop(body.graph(new, body(ADD, 2, before), before, new, after), size, carried=2, stacked=2, save=save)
    program = Program((size,), NUMBER)
    given, total = numbers(size), 0.25
    state, stacks, sums, saved = [*given], [[], []], [], [[], []]
    for i in range(size):
        saved[0] += state
        saved[1].append(total)
        stacks[0].append(state[i])
        sums.append(total)
        total, state[i] = total + state[i], total
        stacks[1] += state
    found = run(program.graph(*program(loop, 0, 1)), given, 0.25)
    assert found == [state, total, *stacks, blocked(sums), *(saved if save else [])]


@pytest.mark.parametrize("size", [3, 30])
def test_states_that_are_changed_change_places(way: str, size: int) -> None:
    body = Program(NUMBER, (size,), (size,), constants=(0.5, 1.0))
    first, second = body(Scatter(True), 1, 3, 4), body(Scatter(False), 2, 0, 0)
    loop = Loop(body.graph(second, first, first), size, carried=2, stacked=1)
    program = Program((size,), (size,))
    x, y = numbers(size, 1), numbers(size, 2)
    a, b, stacked = [*x], [*y], []
    for i in range(size):
        a[1] += 0.5
        b[i] = float(i)
        stacked += a
        a, b = b, a
    assert run(program.graph(*program(loop, 0, 1)), x, y) == [a, b, stacked]


def test_a_small_state_may_be_part_of_a_large_one_as_it_was(way: str) -> None:
    body = Program(NUMBER, (3,), (30,), constants=(0.5,))
    placed = body(Place(along(3)), 2, 1)
    loop = Loop(body.graph(body(along(3, 29, -1), 2), body(Scatter(True), placed, 3, 0)), 4, carried=2)
    program = Program((3,), (30,))
    given, small = numbers(30), numbers(3, 1)
    large, expected = [*given], [*small]
    for i in range(4):
        expected, large = large[:-4:-1], [*expected, *large[3:]]
        large[i] += 0.5
    assert run(program.graph(*program(loop, 0, 1)), small, given) == [expected, large]


@pytest.mark.parametrize("size", [3, 30])
def test_the_condition_and_the_branches_of_a_loop_leave_its_state_alone(way: str, size: int) -> None:
    condition = Program(NUMBER, (size,), NUMBER)
    put = condition(Scatter(False), 1, 2, 0)
    test = condition(LESS, condition(Gather(), put, 0), condition(ADD, 2, 2))
    side, other = (Program((size,), NUMBER, NUMBER) for _ in range(2))
    branch = Branch(side.graph(side(Scatter(False), 0, 1, 2)), other.graph(0))
    body = Program(NUMBER, (size,), NUMBER, constants=(0.5,))
    old = body(Gather(), 1, 0)
    taken = body(branch, body(LESS, old, 3), 1, 2, 0)
    loop = Loop(body.graph(taken, old), size, carried=1, stacked=1, condition=condition.graph(test))
    program = Program((size,), NUMBER)
    given = numbers(size)
    assert run(program.graph(*program.all_of(loop, 0, 1)), given, 3.0) == [
        [3.0 if x < 0.5 else x for x in given], given, float(size)
    ]


def test_a_shared_array_at_hand_is_the_same_for_each_trip(way: str) -> None:
    body = Program(NUMBER, NUMBER, (10,))
    changed = body(Scatter(True), 2, 1, 0)
    loop = Loop(body.graph(body(ADD, 1, body(Gather(), changed, 0)), changed), 10, carried=1, stacked=1)
    program = Program(NUMBER)
    pack = program(Pack((10,)), *[0] * 10)
    total, expected = 1.0, []
    for i in range(10):
        expected += [1.0] * i + [1.0 + total] + [1.0] * (9 - i)
        total += 1.0 + total
    assert run(program.graph(*program(loop, 0, pack)), 1.0) == [total, expected]


@pytest.mark.parametrize("samples", [3, 21])
def test_each_sample_changes_a_state_of_its_own(way: str, samples: int) -> None:
    """The places at which the samples' arrays are written differ, and the initial one is shared."""
    size = 20
    inner = Program(NUMBER, (size,), NUMBER, NUMBER)
    at = inner(ADD, 0, 2)
    loop = Loop(inner.graph(inner(Scatter(True), 1, 3, at)), 9, carried=1)
    body = Program(NUMBER, NUMBER, (size,))
    changed = body(loop, 2, 1, 0)
    outer = Loop(body.graph(changed, body(Gather(), changed, 1), changed), samples, sliced=1, stacked=2)
    program = Program((samples,), (size,))
    starts, given = [float(3 * i % 17) for i in range(samples)], numbers(size)
    rows = [[x + (i if starts[i] <= k < starts[i] + 9 else 0) for k, x in enumerate(given)] for i in range(samples)]
    found = run(program.graph(*program(outer, 0, 1)), starts, given)
    assert found[0] == [x for row in rows for x in row]
    assert found[1] == [row[int(start)] for row, start in zip(rows, starts)]
    assert found[2] == [blocked(column) for column in zip(*rows)]


@pytest.mark.parametrize("nested", [False, True])
def test_a_loop_that_sets_one_element_a_trip_copies_nothing(nested: bool) -> None:
    """With a copy in each trip it would move 80 gigabytes."""
    size = 100_000
    body = Program(NUMBER, (size,), NUMBER)
    loop = Loop(body.graph(body(Scatter(False), 1, body(MULTIPLY, 0, 2), 0)), size, carried=1)
    if nested:
        inner, body = loop, Program(NUMBER, (size,), NUMBER)
        short = Program(NUMBER, (size,), NUMBER, NUMBER)
        inner = Loop(short.graph(short(Scatter(False), 1, short(MULTIPLY, 3, 2), 3)), 1, carried=1)
        loop = Loop(body.graph(body(inner, 1, 2, 0)), size, carried=1)
    program = Program((size,), NUMBER)
    graph = program.graph(program(loop, 0, 1))
    compiled, given = llvm.compile(graph), arguments(graph, [[0.0] * size, 0.5])
    start = time.perf_counter()
    (found,) = flat(compiled.run(given))
    assert time.perf_counter() - start < 1.0
    assert found == [0.5 * i for i in range(size)]


# All together.


@pytest.mark.parametrize("seed", range(25))
def test_random_programs_on_arrays_give_the_interpreters_bits(way: str, seed: int) -> None:
    graph, inputs = random_program(seed)
    given = arguments(graph, inputs)
    expected = flat(interpreter.run(graph, given))
    program = llvm.compile(graph, threads=1 + 2 * (seed % 2))
    for _ in range(2):  # on the same inputs, to which nobody writes
        for output, right in zip(flat(program.run(given)), expected):
            pairs = zip(output, right) if isinstance(right, list) else [(output, right)]
            assert all(same(a, b) for a, b in pairs)
