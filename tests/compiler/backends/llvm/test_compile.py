"""Machine code from LLVM against the interpreter: the same bits, whole or in parts, at every number of lanes."""

from __future__ import annotations

import itertools
import math
import random
import struct
import sys
import threading
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from graph_program import Program, arguments, flat
from sampling import points, same

from autograd import primitive
from autograd.compiler.backends import interpreter
from autograd.compiler.backends.llvm import compile as llvm
from autograd.compiler.backends.llvm import entry, machine
from autograd.errors import MissingDependencyError
from autograd.primitives import table
from autograd.primitives.row import TABLE, Primitive
from autograd.program.graph import NUMBER, PREDICATE, Branch, ConstantArray, Element, Graph, Guard, Loop, Pack, View

ADD, SUBTRACT, MULTIPLY, DIVIDE = table.add, table.subtract, table.multiply, table.divide
SQRT, MAXIMUM, LESS, ABSOLUTE = table.sqrt, table.maximum, table.less, table.absolute

BIG = 1.7976931348623157e308
SPECIALS = [sign * size for size in (0.0, 5e-324, 1.0, BIG, math.inf) for sign in (1.0, -1.0)] + [math.nan]
EXACT = {
    "where", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
    "logical_not", "identity", "stop_gradient", "add", "subtract", "multiply", "divide", "remainder", "floor_divide",
    "negative", "absolute", "sign", "floor", "ceil", "maximum", "minimum", "sqrt", "relu", "signbit",
}  # fmt: skip
AROUND_THE_LANES = [1, 7, 8, 9, 15, 16, 17, 31, 33, 1023, 1024, 1025]


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


def assert_same(graph: Graph, *given: Sequence[Any], **options: Any) -> None:
    """The compiled graph gives the interpreter's bits at these inputs."""
    program = llvm.compile(graph, **options)
    for inputs in given:
        found, expected = (flat(run(arguments(graph, inputs))) for run in (program.run, _interpreted(graph)))
        for output, right in zip(found, expected):
            if isinstance(right, list):
                wrong = [(i, a, b) for i, (a, b) in enumerate(zip(output, right)) if not same(a, b)]
                assert len(output) == len(right)
                assert not wrong, (inputs, wrong[:5])
            else:
                assert type(output) is type(right)
                assert same(output, right), (inputs, output, right)


def _interpreted(graph: Graph) -> Any:
    return lambda inputs: interpreter.run(graph, inputs)


# Rows of the table.


def close(row: Primitive, found: float, expected: float) -> bool:
    """Whether two answers of a row agree: in their bits, or within both error bounds and one unit more."""
    if row.name in EXACT or not math.isfinite(expected) or not math.isfinite(found):
        return same(found, expected)
    return abs(found - expected) <= 7.0 * math.ulp(expected)


def row_points(row: Primitive, random_points: int) -> list[tuple[Any, ...]]:
    special: list[list[Any]] = [SPECIALS] * len(row.partials)
    if row.name == "where":
        special[0] = [False, True]
        drawn = [(bool(condition), x, y) for condition, x, y in points(row, random_points)]
    else:
        drawn = list(points(row, random_points))
    return [*itertools.product(*special), *drawn]


@pytest.mark.parametrize("row", TABLE.values(), ids=list(TABLE))
def test_a_row_agrees_with_the_table_alone_and_in_batches(row: Primitive) -> None:
    given = row_points(row, 40)
    kinds = [PREDICATE if row.name == "where" and i == 0 else NUMBER for i in range(len(row.partials))]
    alone = Program(*kinds)
    program = llvm.compile(alone.graph(alone(row, *range(len(kinds)))))
    expected = [float(row.evaluate(*point)) for point in given]
    single = [float(program.run(list(point))[0]) for point in given]
    wrong = [item for item in zip(given, single, expected) if not close(row, item[1], item[2])]
    assert wrong == []
    for size in (len(given), 5):
        batched = batch_of(row, kinds, size)
        columns = [[float(item) for item in column] for column in zip(*given[:size])]
        (found,) = flat(llvm.compile(batched).run(arguments(batched, columns)))
        assert [item for item in zip(given, found, single) if not same(item[1], item[2])] == []


def batch_of(row: Primitive, kinds: Sequence[Any], size: int) -> Graph:
    """A row at each number of arrays; a predicate is given as a number."""
    body = Program(NUMBER, *[NUMBER] * len(kinds), constants=(0.0, 1.0))
    zero, one = 1 + len(kinds), 2 + len(kinds)
    taken = [body(table.not_equal, 1 + i, zero) if kind is None else 1 + i for i, kind in enumerate(kinds)]
    result = body(row, *taken)
    if row.predicate:
        result = body(table.where, result, one, zero)
    program = Program(*[(size,)] * len(kinds))
    loop = Loop(body.graph(result), size, sliced=len(kinds), stacked=1)
    return program.graph(program(loop, *range(len(kinds))))


def test_predicates_and_numbers_stand_for_each_other_as_in_python() -> None:
    rows = (table.logical_and, table.logical_or)
    program = Program(NUMBER, NUMBER, PREDICATE, constants=(True, 2.0))
    outputs = [program(row, *pair) for row in rows for pair in ((0, 1), (0, 2), (3, 1))]
    outputs += [program(table.logical_not, 0), program(table.where, 0, 1, 4)]
    graph = program.graph(*outputs, 2, 3, 4, 0)
    compiled = llvm.compile(graph)
    for x, y, p in itertools.product([0.0, -0.0, 3.0, math.nan, 5e-324], [0.0, math.nan, -1.0], [False, True]):
        found = compiled.run([x, y, p])
        assert all(map(same, map(float, found), map(float, interpreter.run(graph, [x, y, p])))), (x, y, p)
        assert [type(item) for item in found] == [bool] * 7 + [float, bool, bool, float, float]


def test_a_row_of_ones_own_is_called_back_or_found_in_the_library() -> None:
    halved = primitive("halved", lambda x: x / 2.0, [0.5])
    cosine = primitive("cosine", lambda x: -5.0, [0.0], native="cos")
    unknown = primitive("unknown", lambda x, y: x - y, [1.0, -1.0], native="there_is_no_such_function")
    program = Program(NUMBER, (19,))
    body = Program(NUMBER, NUMBER, NUMBER)
    loop = Loop(body.graph(body(halved, body(unknown, 1, 2)), body(table.digamma, body(ABSOLUTE, 1))), 19,
                sliced=1, stacked=2)  # fmt: skip
    first = program(cosine, 0)
    graph = program.graph(program(halved, 0), program(unknown, 0, 0), *program(loop, 1, 0), first)
    inputs = arguments(graph, [0.5, numbers(19)])
    found, expected = flat(llvm.compile(graph).run(inputs)), flat(interpreter.run(graph, inputs))
    assert found[:-1] == expected[:-1]
    assert found[-1] == math.cos(0.5)


def test_what_a_called_row_raises_is_raised_by_run() -> None:
    def refuse(x: float) -> float:
        raise RuntimeError("no such number")

    program = Program(NUMBER)
    compiled = llvm.compile(program.graph(program(primitive("refusing", refuse, [1.0]), 0)))
    with pytest.raises(RuntimeError, match="no such number"):
        compiled.run([1.0])


# Loops.


def step_body() -> Graph:
    """(position, a, b, part, shared) -> states b·shared + part and a; stacked a·b; the term position·part."""
    body = Program(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER)
    first = body(ADD, body(MULTIPLY, 2, 4), 3)
    return body.graph(first, 1, body(MULTIPLY, 1, 2), body(MULTIPLY, 0, 3))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [0, 1, 9, 1030])
def test_loops_carry_slice_stack_sum_and_save(way: str, length: int, reverse: bool) -> None:
    program = Program(NUMBER, NUMBER, (length,), NUMBER)
    loop = Loop(step_body(), length, carried=2, sliced=1, stacked=1, reverse=reverse, save=True)
    assert_same(program.graph(*program(loop, 0, 1, 2, 3)), [0.5, -1.5, numbers(length), 0.9])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_counted_loop_stops_at_its_count_and_at_its_bound(way: str, reverse: bool) -> None:
    program = Program(NUMBER, NUMBER, NUMBER, (12,), NUMBER)
    loop = Loop(step_body(), 12, carried=2, sliced=1, stacked=1, counted=True, reverse=reverse, save=True)
    graph = program.graph(*program.all_of(loop, 0, 1, 2, 3, 4))
    counts = [-3.0, -0.0, 0.0, 1.0, 7.0, 12.0, 13.0] + ([] if reverse else [math.nan, math.inf, 2.5, 1e300])
    assert_same(graph, *([count, 0.5, -1.5, numbers(12), 0.9] for count in counts))


def test_a_history_is_that_of_the_trips_of_this_run(way: str) -> None:
    body = Program(NUMBER, NUMBER, constants=(1.5,))
    inner = Loop(body.graph(body(MULTIPLY, 1, 2), body(ADD, 1, 2)), 5, carried=1, stacked=1, counted=True, save=True)
    outer = Program(NUMBER, NUMBER, constants=(0.75,))
    _, stacked, saved = outer.all_of(inner, 1, 2)
    program = Program((4,))
    graph = program.graph(*program(Loop(outer.graph(stacked, saved), 4, sliced=1, stacked=2), 0))
    assert_same(graph, [[5.0, 2.0, 0.0, 3.0]])


@pytest.mark.parametrize("length", [None, 6, 40])
def test_a_loop_ends_where_its_condition_fails_and_tells_its_trips(length: int | None) -> None:
    condition, body = Program(NUMBER, NUMBER, NUMBER), Program(NUMBER, NUMBER, NUMBER)
    following = body(MULTIPLY, 1, body(ADD, 1, 2))
    loop = Loop(
        body.graph(following, body(SQRT, 1), body(SUBTRACT, 1, 0)), length, carried=1, stacked=1,
        condition=condition.graph(condition(LESS, 1, 2)), save=True,
    )  # fmt: skip
    program = Program(NUMBER, NUMBER)
    graph = program.graph(*program.all_of(loop, 0, 1))
    assert_same(graph, [1.5, 1e9], [1.5, 1.0], [1.5, 2.0], [math.nan, 3.0])


@pytest.mark.parametrize("size", [2, 5])  # small arrays are carried in registers, large ones in memory
def test_array_states_may_change_places_and_be_views_of_each_other(way: str, size: int) -> None:
    shape, other = (2, size), (size, 2)
    body = Program(NUMBER, shape, other, (size,), (size,), NUMBER)
    turned = body(View(shape, (1, 0), (1, 1), (0, 0)), 2)
    back = body(View(other, (1, 0), (1, -1), (1, 0)), 1)
    backwards = body(View((size,), (0,), (-1,), (size - 1,)), 4)
    new = [body(Element((1, size - 1)), 1), body(Element((0,)), 3), *[body(ADD, 0, 5)] * (size - 2)]
    mixed = body(Pack((size,)), *new)
    loop = Loop(body.graph(turned, back, backwards, mixed, turned), 5, carried=4, stacked=1, save=True)
    program = Program(shape, other, (size,), (size,), NUMBER)
    graph = program.graph(*program(loop, 0, 1, 2, 3, 4))
    assert_same(graph, [numbers(2 * size, 1), numbers(2 * size, 2), numbers(size, 3), numbers(size, 4), 0.25])


def test_states_may_change_places_and_be_predicates(way: str) -> None:
    body = Program(NUMBER, NUMBER, NUMBER, PREDICATE)
    new = body(LESS, 1, body(ADD, 2, 0))
    program = Program(NUMBER, NUMBER, PREDICATE)
    graph = program.graph(*program(Loop(body.graph(2, body(table.where, 3, 1, 2), new), 4, carried=3), 0, 1, 2))
    assert_same(graph, [1.0, 2.0, True], [2.0, -1.0, False])


# Batches.


@pytest.mark.parametrize("size", AROUND_THE_LANES)
def test_batches_sum_numbers_and_arrays_in_the_blocked_order(way: str, size: int) -> None:
    body = Program(NUMBER, NUMBER, (3,), (2,))
    x, y = body(Element((1,)), 2), body(Element((0,)), 3)
    term = body(SQRT, body(ABSOLUTE, body(MULTIPLY, x, y)))
    array_term = body(Pack((2, 2)), term, body(MULTIPLY, 1, x), 0, body(DIVIDE, x, 1))
    view = body(View((2,), (0,), (2,), (0,)), 2)
    loop = Loop(body.graph(view, term, 3, term, array_term, view, 1), size, sliced=2, stacked=3)
    program = Program((size,), (size, 3), (2,))
    assert_same(program.graph(*program(loop, 0, 1, 2)), [numbers(size, 1), numbers(3 * size, 2), [0.3, 0.7]])


def test_a_large_array_is_summed_over_a_batch(way: str) -> None:
    body = Program(NUMBER, NUMBER, (5, 6))
    loop = Loop(body.graph(2, body(View((6, 5), (1, 0), (1, -1), (4, 0)), 2)), 21, sliced=2, stacked=1)
    program = Program((21,), (5, 21, 6))
    turned = program(View((21, 5, 6), (1, 0, 2), (1, 1, 1), (0, 0, 0)), 1)
    assert_same(program.graph(*program(loop, 0, turned)), [numbers(21), numbers(21 * 30)])


@pytest.mark.parametrize("size", [1, 3, 8, 17, 1030])
def test_a_sample_gets_the_same_bits_wherever_it_stands(size: int) -> None:
    body = Program(NUMBER, NUMBER)
    rows = (table.exp, table.tanh, table.sin, table.sigmoid, table.log, table.asinh)
    loop = Loop(body.graph(*(body(row, 1) for row in rows)), size, sliced=1, stacked=len(rows))
    program, alone = Program((size,)), Program(NUMBER)
    compiled = llvm.compile(program.graph(*program(loop, 0)))
    single = llvm.compile(alone.graph(*(alone(row, 0) for row in rows)))
    given = numbers(size)
    found = flat(compiled.run(arguments(compiled.graph, [given])))
    for i, x in enumerate(given):
        assert all(same(column[i], right) for column, right in zip(found, single.run([x])))


def test_the_empty_sum_and_a_sum_of_negative_zeros_are_negative_zero() -> None:
    program = Program((0,), (3,))
    body = Program(NUMBER, NUMBER)
    results = [program(Loop(body.graph(1), size, sliced=1), i) for i, size in enumerate((0, 3))]
    assert_same(program.graph(*results), [[], [-0.0] * 3])


def nested(outer_length: int, inner: Loop, batch: bool) -> Graph:
    """A loop in a batch of arrays, or a batch in a loop, all of its results handed on."""
    body = Program(NUMBER, (inner.length,), NUMBER) if batch else Program(NUMBER, NUMBER, (inner.length,), NUMBER)
    if batch:
        results = body(inner, 2, 1, 2)
        loop = Loop(body.graph(*results, *results), outer_length, sliced=1, stacked=len(results))
        program = Program((outer_length, inner.length), NUMBER)
        return program.graph(*program(loop, 0, 1))
    stacked, total = body(inner, 2, 1)
    new = body(DIVIDE, total, body(ADD, total, 3))
    loop = Loop(body.graph(new, stacked, total), outer_length, carried=1, sliced=1, stacked=1)
    program = Program(NUMBER, (outer_length, inner.length), NUMBER)
    return program.graph(*program(loop, 0, 1, 2))


@pytest.mark.parametrize("size", [3, 16, 19])
@pytest.mark.parametrize("reverse", [False, True])
def test_loops_run_inside_batches(way: str, size: int, reverse: bool) -> None:
    body = Program(NUMBER, NUMBER, NUMBER, NUMBER)  # position, state, part, shared
    state = body(ADD, body(MULTIPLY, 1, 3), 2)
    inner = Loop(body.graph(state, body(MULTIPLY, 1, 0), body(DIVIDE, 1, 2)), 11, carried=1, sliced=1, stacked=1,
                 reverse=reverse, save=True)  # fmt: skip
    assert_same(nested(size, inner, batch=True), [numbers(size * 11), 0.6])


def test_batches_run_inside_loops_and_inside_batches(way: str) -> None:
    body = Program(NUMBER, NUMBER, NUMBER)
    inner = Loop(body.graph(body(MULTIPLY, 1, 2), body(ABSOLUTE, 1)), 19, sliced=1, stacked=1)
    assert_same(nested(5, inner, batch=False), [0.25, numbers(5 * 19), 0.6])
    outer = Program(NUMBER, (19,), NUMBER)
    stacked, total = outer(inner, 1, 2)
    loop = Loop(outer.graph(stacked, total, stacked), 10, sliced=1, stacked=1)
    program = Program((10, 19), NUMBER)
    assert_same(program.graph(*program(loop, 0, 1)), [numbers(190), 0.6])


def test_a_batch_of_loops_with_a_condition_runs_each_sample_to_its_own_end(way: str) -> None:
    body = Program(NUMBER, NUMBER, constants=(1.7,))
    less = Program(NUMBER, NUMBER, constants=(100.0,))
    inner = Loop(body.graph(body(MULTIPLY, 1, 2)), None, carried=1, condition=less.graph(less(LESS, 1, 2)))
    outer = Program(NUMBER, NUMBER)
    end, trips = outer(inner, outer(ABSOLUTE, 1))
    program = Program((21,))
    graph = program.graph(*program(Loop(outer.graph(end, trips, end), 21, sliced=1, stacked=1), 0))
    assert_same(graph, [[0.5 * x for x in numbers(21)]])


# Branches, guards, arrays.


def branching(size: int) -> Branch:
    then = Program(NUMBER, (size,))
    otherwise = Program(
        NUMBER, (size,), constants=(3.0, ConstantArray(array("d", numbers(size, 5)).tobytes(), (size,)))
    )
    scaled = then(Pack((size,)), *(then(MULTIPLY, 0, then(Element((i,)), 1)) for i in range(size)))
    return Branch(
        then.graph(then(SQRT, 0), scaled, then(LESS, 0, 0)),
        otherwise.graph(otherwise(MULTIPLY, 0, 2), 3, otherwise(LESS, 0, 2)),
    )


@pytest.mark.parametrize("size", [2, 20])
def test_branches_compute_the_side_that_holds(way: str, size: int) -> None:
    program = Program(NUMBER, NUMBER, (size,))
    graph = program.graph(*program(branching(size), program(LESS, 0, 1), 0, 2))
    assert_same(graph, *([x, y, numbers(size)] for x, y in [(1.0, 2.0), (2.0, 1.0), (math.nan, 1.0)]))


@pytest.mark.parametrize("size", [2, 20])
def test_the_samples_of_a_batch_may_take_different_branches(way: str, size: int) -> None:
    body = Program(NUMBER, NUMBER, (size,), NUMBER)
    number, vector, _ = body(branching(size), body(LESS, 1, 3), 1, 2)
    same_for_all, _, _ = body(branching(size), body(LESS, 3, 3), 1, 2)
    loop = Loop(body.graph(number, vector, number, vector, same_for_all), 21, sliced=1, stacked=2)
    program = Program((21,), (size,), NUMBER)
    assert_same(program.graph(*program(loop, 0, 1, 2)), [numbers(21), numbers(size), 0.25])


def test_the_first_guard_that_fails_stops_the_run(way: str) -> None:
    program = Program(NUMBER, NUMBER)
    program(Guard(True), program(LESS, 0, 1))
    program(Guard(False), program(LESS, 1, program(MULTIPLY, 0, 0)))
    compiled = llvm.compile(program.graph(program(ADD, 0, 1)))
    assert compiled.run([1.0, 2.0]) == [3.0]
    for inputs, guard in (([2.0, 1.0], 0), ([math.nan, 1.0], 0), ([-3.0, 1.0], 1)):
        with pytest.raises(interpreter.GuardFailed) as failed:
            compiled.run(inputs)
        assert failed.value.guard == guard


def test_arrays_come_in_and_go_out_in_row_major_order(way: str) -> None:
    content = [0.1, 1e22, -math.inf, 5e-324, -0.0, math.nan]
    constant = ConstantArray(array("d", content).tobytes(), (2, 3))
    program = Program((2, 3, 4), constants=(constant, 1.5, -math.inf, True))
    views = [View((4, 2), (2, 0), (1, 1), (0, 2, 0)), View((3, 5), (1, 2), (-1, 0), (1, 2, 3))]
    pack = program(Pack((2, 2)), program(Element((1, 2, 3)), 0), 2, 3, program(Element((1, 1)), 1))
    turned = program(View((2, 2), (1, 0), (1, 1), (0, 0)), pack)
    corner = program(Element((1, 0)), turned)
    graph = program.graph(*(program(view, 0) for view in views), pack, pack, turned, 1, 0, corner, 2, 4)
    assert_same(graph, [numbers(24)])


# Large programs.


def straight(steps: int, outputs: int = 3, position: int = 0) -> Graph:
    """Sums, differences and products of what came shortly before, which stay between -4 and 4."""
    source = random.Random(steps)
    program = Program(*[NUMBER] * (2 + position))
    recent = list(range(position, 2 + position))
    for _ in range(steps // 2):
        recent.append(program(source.choice([ADD, SUBTRACT, MULTIPLY]), *source.choices(recent[-30:], k=2)))
        recent.append(program(table.maximum, recent[-1], source.choice(recent[-200:])))
        recent[-1] = program(DIVIDE, recent[-1], program(ADD, program(ABSOLUTE, recent[-1]), position))
    return program.graph(*recent[-outputs:])


def test_a_large_program_is_split_and_keeps_its_bits() -> None:
    assert_same(straight(20_000), [0.3, -0.8])
    program = Program(NUMBER, NUMBER)
    loop = Loop(straight(6_000, outputs=2, position=1), 7, carried=2, save=True)
    assert_same(program.graph(*program(loop, 0, 1)), [0.3, -0.8])
    program = Program((37,), NUMBER)
    loop = Loop(straight(6_000, outputs=2, position=1), 37, sliced=1, stacked=1)
    assert_same(program.graph(*program(loop, 0, 1)), [numbers(37), -0.8])


def test_the_time_to_compile_grows_in_line_with_the_program() -> None:
    small, large = llvm.compile(straight(5_000)), llvm.compile(straight(20_000))
    assert large.seconds < 16 * small.seconds
    assert large.object_bytes < 8 * small.object_bytes


# Threads, the cache, frames.


def large_batch(size: int, terms: int = 1) -> Graph:
    body = Program(NUMBER, NUMBER, (3,), NUMBER, (2,))
    product = body(MULTIPLY, body(SQRT, body(ABSOLUTE, 1)), body(Element((1,)), 4))
    vector = body(Pack((20,)), *[product, 3] * 10)
    loop = Loop(body.graph(product, 2, product, vector, 2), size, sliced=2, stacked=2)
    program = Program((size,), (size, 3), NUMBER, NUMBER)
    pair = program(Pack((2,)), 2, program(MULTIPLY, 2, 3))
    return program.graph(*program(loop, 0, 1, 3, pair))


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch, threads: int, parts: bool) -> None:
    if parts:
        monkeypatch.setattr(entry, "WHOLE", 0)
        monkeypatch.setattr(entry, "PART", 2)
    size = 9 * 1024 + 5
    assert_same(large_batch(size), [numbers(size, 1), numbers(3 * size, 2), 0.7, 1.3], threads=threads)


def test_a_program_runs_in_several_threads_at_once_each_on_a_frame_of_its_own() -> None:
    program = Program(NUMBER)
    body = Program(NUMBER, NUMBER)
    compiled = llvm.compile(program.graph(program(Loop(body.graph(body(SQRT, 1)), 40, carried=1, save=True), 0)[1]))
    found: dict[int, list[float]] = {}

    def run(start: int) -> None:
        for _ in range(20):
            found[start] = flat(compiled.run([float(start)]))[0]

    running = [threading.Thread(target=run, args=(start,)) for start in range(2, 6)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    for start, states in found.items():
        expected = [float(start)]
        while len(expected) < 40:
            expected.append(math.sqrt(expected[-1]))
        assert states == expected


def test_a_frame_is_filled_in_place() -> None:
    program = Program(NUMBER, (3,), PREDICATE)
    total = program(ADD, 0, program(Element((2,)), 1))
    turned = program(View((3,), (0,), (-1,), (2,)), 1)
    compiled = llvm.compile(program.graph(total, turned, program(table.logical_not, 2)))
    frame = compiled.frame()
    given, target = array("d", [1.0, 2.0, 3.0]), array("d", bytes(24))
    assert frame.address % 64 == 0
    struct.pack_into("dQd", frame.buffer, 0, 0.5, given.buffer_info()[0], 1.0)
    struct.pack_into("Q", frame.buffer, 32, target.buffer_info()[0])
    assert compiled.function(frame.address) == -1
    assert struct.unpack_from("d", frame.buffer, 24) == (3.5,)
    assert struct.unpack_from("d", frame.buffer, 40) == (0.0,)
    assert list(target) == [3.0, 2.0, 1.0]


def test_machine_code_is_kept_on_disk_and_remade_where_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = straight(40)
    made = []
    compiled = machine._compiled
    monkeypatch.setattr(machine, "_compiled", lambda *given: made.append(given) or compiled(*given))
    folder = tmp_path / "kept" / "here"
    expected = llvm.compile(graph, cache=folder).run([0.3, 0.7])
    (file,) = folder.iterdir()
    content = file.read_bytes()
    for damaged in (content, content[:40], content[:-1] + bytes([content[-1] ^ 1]), b""):
        file.write_bytes(damaged)
        assert llvm.compile(graph, cache=str(folder)).run([0.3, 0.7]) == expected
        assert file.read_bytes() == content
    assert len(made) == 4  # once for each file that was not whole, and the first
    monkeypatch.setattr(machine, "CACHE_FORMAT", 0)  # as an older version had it
    llvm.compile(graph, fastmath=True, cache=folder)
    assert len(list(folder.iterdir())) == 2


def test_fastmath_keeps_nan_and_infinities() -> None:
    program = Program(NUMBER, NUMBER)
    graph = program.graph(program(ADD, program(MULTIPLY, 0, 1), 1), program(SUBTRACT, 0, 0), program(LESS, 0, 1))
    compiled = llvm.compile(graph, fastmath=True)
    assert compiled.run([3.0, 2.0]) == [8.0, 0.0, False]
    found = compiled.run([math.inf, 2.0])
    assert found[0] == math.inf
    assert math.isnan(found[1])
    assert math.isnan(compiled.run([math.nan, 2.0])[0])


def test_a_program_tells_what_it_is() -> None:
    compiled = llvm.compile(straight(10))
    assert "define i64 @run(i64 %address)" in compiled.llvm_ir
    assert "fdiv double" in compiled.llvm_ir
    assert compiled.object_bytes > 100
    assert 0.0 < compiled.seconds < 60.0


@pytest.fixture
def without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    machine._llvm.cache_clear()
    yield
    machine._llvm.cache_clear()


def test_without_llvmlite_the_extra_is_named(without_llvmlite: None) -> None:
    assert not llvm.available()
    with pytest.raises(MissingDependencyError, match=r"pip install 'scalar-autograd\[jit\]'"):
        llvm.compile(straight(4))
