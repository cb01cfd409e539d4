"""The C that `backends.c` writes, compiled and run, against the interpreter."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mpmath
import pytest
from graph_in_c import COMPILER, STRICT, assert_same, compiled, interpreted
from graph_program import Program
from sampling import points, same

from autograd import jit, primitive, while_loop
from autograd.compiler.backends import interpreter
from autograd.compiler.backends.c.source import source
from autograd.primitives import table
from autograd.primitives.row import TABLE, Native, Primitive
from autograd.program.graph import (
    NUMBER,
    PREDICATE,
    Branch,
    ConstantArray,
    Element,
    Graph,
    Guard,
    Kind,
    Loop,
    Pack,
    View,
)

BIG = 1.7976931348623157e308
SPECIALS = [sign * size for size in (0.0, 5e-324, 1.0, BIG, math.inf) for sign in (1.0, -1.0)] + [math.nan]
EXACT = {
    "where", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
    "logical_not", "identity", "stop_gradient", "add", "subtract", "multiply", "divide", "remainder", "floor_divide",
    "negative", "absolute", "sign", "floor", "ceil", "maximum", "minimum", "sqrt", "relu", "signbit",
}  # fmt: skip


# Rows of the table.


def _close(row: Primitive, point: Sequence[float], found: float, expected: float) -> bool:
    """Whether two answers of a row agree: in their bits, or within both error bounds and one unit more."""
    if row.name in EXACT or not math.isfinite(expected) or not math.isfinite(found):
        return same(found, expected)
    bound = 7.0 * math.ulp(expected)
    if row.name in ("lgamma", "digamma", "polygamma") and _next_to_a_zero(row, point, expected):
        bound = max(bound, 2 * 4e-16)
    return abs(found - expected) <= bound


def _next_to_a_zero(row: Primitive, point: Sequence[float], expected: float) -> bool:
    x = point[-1]
    sides = [row.evaluate(*point[:-1], x + step) for step in (-0.1, 0.1)]
    return any(side * expected <= 0.0 for side in sides) or (x > 0.0 and min(abs(x - 1), abs(x - 2)) < 0.1)


def _arguments(row: Primitive) -> list[tuple[Any, ...]]:
    special = [SPECIALS] * len(row.partials)
    if row.name == "where":
        special[0] = [False, True]  # type: ignore[list-item]  # a predicate
    if row.name in ("logical_and", "logical_or", "logical_not"):
        return list(itertools.product([False, True], repeat=len(row.partials)))
    drawn = list(points(row, 60))
    if row.name in ("lgamma", "digamma"):
        source = random.Random(row.name)
        drawn += [(-source.uniform(0.0, 120.0),) for _ in range(300)]
        drawn += [(-source.uniform(0.0, 6.0),) for _ in range(300)]
        drawn += [(-float(k) + offset,) for k in range(8) for offset in (1e-13, -1e-9, 1e-300)]
        drawn += [(-1e5 / 3,), (-1e15 - 0.5,), (-123456.78,), (-2.4570247382208006,), (-0.5040830082644554,)]
    if row.name == "polygamma":
        source = random.Random(row.name)
        drawn += [(float(source.randint(1, 6)), -source.uniform(0.0, 40.0)) for _ in range(300)]
        drawn += [(169.0, 200.0), (170.0, 0.3), (170.0, -5.2), (170.0, -300.25), (40.0, 0.5), (3.0, -40.25),
                  (2.0, -15.499979968739781), (4.0, -9.499999963924493), (1.0, 1e-154), (1.0, -1e-100), (0.5, 1.0),
                  (1.0, 1e200), (20.0, 1e300), (171.0, 2.0), (-1.0, 2.0), (1.0, -1e15 - 0.25)]
    if row.name == "where":
        return [(bool(condition), x, y) for condition, x, y in [*itertools.product(*special), *drawn]]
    return [*itertools.product(*special), *drawn]


def test_every_row_agrees_with_the_table_at_special_values_and_at_random_points(tmp_path: Path) -> None:
    rows = list(TABLE.values())
    boolean = {"logical_and", "logical_or", "logical_not"}
    program = Program(PREDICATE, PREDICATE, NUMBER, NUMBER, NUMBER)
    outputs = []
    for row in rows:
        taken = (0, 1) if row.name in boolean else (2, 3, 4)
        outputs.append(program(row, *((0, 2, 3) if row.name == "where" else taken[: len(row.partials)])))
    function = compiled(program.graph(*outputs), tmp_path)
    wrong = []
    for i, row in enumerate(rows):
        for point in _arguments(row):
            p, q = (*point, False)[:2] if row.name in boolean else (point[0] is True, False)
            numbers = [float(item) for item in (point[1:] if row.name == "where" else point)]
            found = function(p, q, *(*numbers, 0.0, 0.0)[:3])[1][i]
            expected = row.evaluate(*point)
            if not _close(row, point, float(found), float(expected)):
                wrong.append((row.name, point, found, expected))
    assert wrong == []


def test_the_gamma_family_is_accurate_on_the_negative_axis(tmp_path: Path) -> None:
    program = Program(NUMBER, NUMBER)
    rows = (table.lgamma, table.digamma)
    outputs = [*(program(row, 1) for row in rows), program(table.polygamma, 0, 1)]
    function = compiled(program.graph(*outputs), tmp_path)
    exact = [lambda n, x: mpmath.log(abs(mpmath.gamma(x))), lambda n, x: mpmath.psi(0, x),
             lambda n, x: mpmath.psi(int(n), x)]
    source = random.Random(5)
    with mpmath.workdps(60):
        for _ in range(60):
            n, x = float(source.randint(1, 6)), -source.uniform(0.0, 130.0)
            for found, value in zip(function(n, x)[1], exact):
                true = value(n, mpmath.mpf(x))
                assert abs(found - true) <= max(4 * math.ulp(float(true)), 4e-16), (n, x, found, true)


# Structure.

ADD, SUBTRACT, MULTIPLY, DIVIDE = table.add, table.subtract, table.multiply, table.divide
SIN, LESS = table.sin, table.less


def _numbers(count: int, seed: int = 0) -> list[float]:
    source = random.Random(seed)
    return [source.uniform(-2.0, 2.0) for _ in range(count)]


def _step_body() -> Graph:
    """(position, a, b, part, shared) -> states b·shared + part and a; stacked a·b; the term position·part."""
    body = Program(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER)
    first = body(ADD, body(MULTIPLY, 2, 4), 3)
    return body.graph(first, 1, body(MULTIPLY, 1, 2), body(MULTIPLY, 0, 3))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("save", [False, True])
@pytest.mark.parametrize("length", [0, 1, 9, 1030])
def test_loops_carry_slice_stack_sum_and_save(tmp_path: Path, length: int, save: bool, reverse: bool) -> None:
    program = Program(NUMBER, NUMBER, (length,), NUMBER)
    loop = Loop(_step_body(), length, carried=2, sliced=1, stacked=1, reverse=reverse, save=save)
    results = program(loop, 0, 1, 2, 3)
    assert_same(program.graph(*results), tmp_path, [0.5, -1.5, _numbers(length), 0.9])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_counted_loop_stops_at_its_count_and_at_its_bound(tmp_path: Path, reverse: bool) -> None:
    program = Program(NUMBER, NUMBER, NUMBER, (12,), NUMBER)
    loop = Loop(_step_body(), 12, carried=2, sliced=1, stacked=1, counted=True, reverse=reverse, save=True)
    graph = program.graph(*program.all_of(loop, 0, 1, 2, 3, 4))
    counts = [-3.0, -0.0, 0.0, 1.0, 7.0, 12.0, 13.0] + ([] if reverse else [math.nan, math.inf, 2.5, 1e300])
    assert_same(graph, tmp_path, *([count, 0.5, -1.5, _numbers(12), 0.9] for count in counts))


@pytest.mark.parametrize("reverse", [False, True])
def test_positions_and_trips_are_subtracted_from_zero_without_a_sign(tmp_path: Path, reverse: bool) -> None:
    body = Program(NUMBER, NUMBER, constants=(0.0,))
    body = body.graph(1, body(SUBTRACT, 2, 0))
    condition = Program(NUMBER, NUMBER)
    condition = condition.graph(condition(LESS, 1, 1))
    program = Program(NUMBER, constants=(0.0,))
    (_, stacked), trips = program(Loop(body, 2, carried=1, stacked=1, reverse=reverse), 0), program(
        Loop(body, 2, carried=1, condition=condition), 0)[-1]
    function = compiled(program.graph(stacked, program(SUBTRACT, 1, trips)), tmp_path)
    _, (numbers, number) = function(1.0)
    assert all(map(same, [*numbers, number], [0.0, -1.0, 0.0]))


def test_a_counted_loop_without_a_bound_runs_as_long_as_told(tmp_path: Path) -> None:
    body = Program(NUMBER, NUMBER, NUMBER)
    program = Program(NUMBER, NUMBER, NUMBER)
    loop = Loop(body.graph(body(ADD, body(MULTIPLY, 1, 2), 0)), None, carried=1, counted=True)
    assert_same(program.graph(program(loop, 0, 1, 2)), tmp_path, [0.0, 2.0, 0.5], [3000.0, 2.0, 0.5], [-1.0, 2.0, 0.5])


@pytest.mark.parametrize("length", [None, 6, 40])
def test_a_loop_ends_where_its_condition_fails_and_tells_its_trips(tmp_path: Path, length: int | None) -> None:
    condition = Program(NUMBER, NUMBER, NUMBER)
    body = Program(NUMBER, NUMBER, NUMBER)
    following = body(MULTIPLY, 1, body(ADD, 1, 2))
    loop = Loop(
        body.graph(following, body(SIN, 1), body(SUBTRACT, 1, 0)), length, carried=1, stacked=1,
        condition=condition.graph(condition(LESS, 1, 2)), save=True,
    )
    program = Program(NUMBER, NUMBER)
    graph = program.graph(*program.all_of(loop, 0, 1))
    assert_same(graph, tmp_path, [1.5, 1e9], [1.5, 1.0], [1.5, 2.0], [math.nan, 3.0])


def test_array_states_may_change_places_and_be_views_of_each_other(tmp_path: Path) -> None:
    body = Program(NUMBER, (2, 3), (3, 2), (3,), (3,), NUMBER)
    turned = body(View((2, 3), (1, 0), (1, 1), (0, 0)), 2)
    other = body(View((3, 2), (1, 0), (1, -1), (1, 0)), 1)
    backwards = body(View((3,), (0,), (-1,), (2,)), 4)
    mixed = body(Pack((3,)), body(Element((1, 2)), 1), body(Element((0,)), 3), body(ADD, 0, 5))
    loop = Loop(body.graph(turned, other, backwards, mixed), 5, carried=4)
    program = Program((2, 3), (3, 2), (3,), (3,), NUMBER)
    graph = program.graph(*program(loop, 0, 1, 2, 3, 4))
    assert_same(graph, tmp_path, [_numbers(6, 1), _numbers(6, 2), _numbers(3, 3), _numbers(3, 4), 0.25])


def test_number_states_may_change_places(tmp_path: Path) -> None:
    body = Program(NUMBER, NUMBER, NUMBER, NUMBER)
    program = Program(NUMBER, NUMBER, NUMBER)
    graph = program.graph(*program(Loop(body.graph(2, 3, 1), 4, carried=3), 0, 1, 2))
    assert_same(graph, tmp_path, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1023, 1024, 1025, 2050])
def test_batches_sum_numbers_and_arrays_in_the_blocked_order(tmp_path: Path, size: int) -> None:
    body = Program(NUMBER, NUMBER, (3,), (2,))
    x, y = body(Element((1,)), 2), body(Element((0,)), 3)
    term = body(SIN, body(MULTIPLY, x, y))
    array_term = body(Pack((2, 2)), term, body(MULTIPLY, 1, x), 0, body(DIVIDE, x, 1))
    view = body(View((2,), (0,), (2,), (0,)), 2)
    loop = Loop(body.graph(view, term, term, array_term, view), size, sliced=2, stacked=2)
    program = Program((size,), (size, 3), (2,))
    graph = program.graph(*program(loop, 0, 1, 2))
    assert_same(graph, tmp_path, [_numbers(size, 1), _numbers(3 * size, 2), [0.3, 0.7]])


def test_the_empty_sum_and_a_sum_of_negative_zeros_are_negative_zero(tmp_path: Path) -> None:
    program = Program((0,), (3,))
    body = Program(NUMBER, NUMBER)
    results = [program(Loop(body.graph(1), size, sliced=1), i) for i, size in enumerate((0, 3))]
    assert_same(program.graph(*results), tmp_path, [[], [-0.0] * 3])


def test_loops_nest_under_strided_slices(tmp_path: Path) -> None:
    inner = Program(NUMBER, NUMBER, NUMBER, NUMBER)
    inner_loop = Loop(inner.graph(inner(ADD, inner(MULTIPLY, 1, 3), 2), inner(MULTIPLY, 1, 2)), 4, carried=1, sliced=1,
                      save=True)
    outer = Program(NUMBER, NUMBER, (4,), NUMBER)
    state, total, kept = outer(inner_loop, 1, 2, 3)
    outer_loop = Loop(outer.graph(state, kept, total), 5, carried=1, sliced=1, stacked=1, reverse=True)
    program = Program(NUMBER, (4, 5), NUMBER)
    turned = program(View((5, 4), (1, 0), (-1, 1), (0, 4)), 1)
    graph = program.graph(*program(outer_loop, 0, turned, 2))
    assert_same(graph, tmp_path, [0.3, _numbers(20), 0.7])


def test_what_nothing_needs_is_left_out_without_a_warning(tmp_path: Path) -> None:
    program = Program(NUMBER, NUMBER, (9,), NUMBER, (4,), constants=(2.0,))
    program(SIN, 0)
    results = program(Loop(_step_body(), 9, carried=2, sliced=1, stacked=1, save=True), 0, 1, 2, 3)
    graph = program.graph(results[1])
    assert "sin" not in source(graph)
    assert_same(graph, tmp_path, [0.5, -1.5, _numbers(9), 0.9, _numbers(4)])
    assert_same(program.graph(results[3]), tmp_path, [0.5, -1.5, _numbers(9), 0.9, _numbers(4)], name="only_the_sum")


def test_branches_compute_the_side_that_holds(tmp_path: Path) -> None:
    then = Program(NUMBER, (2,))
    otherwise = Program(NUMBER, (2,), constants=(3.0, ConstantArray(array("d", [5.0, -0.0]).tobytes(), (2,))))
    branch = Branch(
        then.graph(then(SIN, 0), 1, then(LESS, 0, 0)),
        otherwise.graph(otherwise(MULTIPLY, 0, 2), 3, otherwise(LESS, 0, 2)),
    )
    program = Program(NUMBER, NUMBER, (2,))
    results = program(branch, program(LESS, 0, 1), 0, 2)
    graph = program.graph(*results)
    assert_same(graph, tmp_path, [1.0, 2.0, [3.0, 4.0]], [2.0, 1.0, [3.0, 4.0]], [math.nan, 1.0, [3.0, 4.0]])


def test_a_guard_that_fails_is_told_by_its_number_counted_from_1(tmp_path: Path) -> None:
    program = Program(NUMBER, NUMBER)
    less = program(LESS, 0, 1)
    program(Guard(True), less)
    program(Guard(False), program(LESS, 1, program(MULTIPLY, 0, 0)))
    function = compiled(program.graph(program(ADD, 0, 1)), tmp_path)
    assert function(1.0, 2.0) == (0, [3.0])
    assert function(2.0, 1.0)[0] == 1
    assert function(math.nan, 1.0)[0] == 1
    assert function(-3.0, 1.0)[0] == 2


def test_arrays_come_in_and_go_out_in_row_major_order(tmp_path: Path) -> None:
    numbers = [0.1, 1e22, -math.inf, 5e-324, -0.0, math.nan]
    constant = ConstantArray(array("d", numbers).tobytes(), (2, 3))
    program = Program((2, 3, 4), constants=(constant, 1.5, -math.inf, True))
    views = [View((4, 2), (2, 0), (1, 1), (0, 2, 0)), View((3, 5), (1, 2), (-1, 0), (1, 2, 3))]
    pack = program(Pack((2, 2)), program(Element((1, 2, 3)), 0), 2, 3, program(Element((1, 1)), 1))
    turned = program(View((2, 2), (1, 0), (1, 1), (0, 0)), pack)
    corner = program(Element((1, 0)), turned)
    graph = program.graph(*(program(view, 0) for view in views), pack, turned, 1, corner, 2, 4)
    assert_same(graph, tmp_path, [_numbers(24)])


def test_many_numbers_share_an_array(tmp_path: Path) -> None:
    program = Program(*[NUMBER] * 3, (2,), *[NUMBER] * 17)
    outputs = [program(MULTIPLY, i, 20 - i) for i in (0, 1, 2, 4, 5, 6, 7, 8, 9) for _ in range(2)]
    graph = program.graph(*outputs, 3)
    assert "void f(const double x[20], const double *x3, double y[18], double *out18)" in source(graph)
    assert_same(graph, tmp_path, [1.0, 2.0, 3.0, [4.0, 5.0], *_numbers(17)])


def test_a_breached_bound_is_a_status_that_the_comment_explains(tmp_path: Path) -> None:
    f = jit(
        lambda x: while_loop(lambda s: s < 100.0, lambda s: s * 2.0, x, max_trips=5) + (1.0 if x > 0.0 else 0.0),
        backend="interpreter",
    )
    assert f(10.0) == 161.0
    assert "status 1: while_loop made max_trips=5 trips, and its condition still holds" in source(f.graph)
    function = compiled(f.graph, tmp_path)
    assert function(10.0) == (0, [161.0])
    assert function(1.0)[0] == 1
    assert function(-1.0)[0] == 1
    assert function(200.0) == (0, [201.0])


def test_large_results_stand_in_memory_that_is_freed(tmp_path: Path) -> None:
    body = Program(NUMBER, NUMBER)
    loop = Loop(body.graph(body(SIN, 1), 1, body(MULTIPLY, 0, 1)), 5000, carried=1, stacked=1, save=True)
    program = Program(NUMBER)
    results = program(loop, 0)
    program(Guard(True), program(LESS, 0, program(ADD, results[0], results[0])))
    graph = program.graph(*results)
    text = source(graph)
    assert text.count("malloc(") == 1
    assert text.count("free(w)") == 2
    assert text.count("return -1;") == 1
    function = compiled(graph, tmp_path)
    status, outputs = function(1.0)
    assert status == 1
    assert function(-1.0) == (0, interpreted(graph, -1.0))


# Random graphs.


def _random_graph(source: random.Random, kinds: Sequence[Kind], steps: int, depth: int) -> Graph:
    """A graph of these inputs with a number as its first output, and an array after it."""
    inside = min(steps // 3, 15)
    program = Program(*kinds, constants=(0.5, -1.25, 1.0))
    binary = (ADD, SUBTRACT, MULTIPLY, table.maximum, table.minimum, DIVIDE)

    def any_number() -> int:
        return source.choice([value for value, kind in enumerate(program.kinds) if kind == NUMBER])

    def any_vector() -> int | None:
        vectors = [value for value, kind in enumerate(program.kinds) if kind == (3,)]
        return source.choice(vectors) if vectors else None

    for _ in range(steps):
        choice = source.randrange(12)
        vector = any_vector()
        if choice == 0:
            program(Pack((3,)), any_number(), any_number(), any_number())
        elif choice == 1 and vector is not None:
            program(Element((source.randrange(3),)), vector)
        elif choice == 2 and vector is not None:
            program(View((3,), (0,), (-1,), (2,)), vector)
        elif choice == 3 and depth and vector is not None:
            inner = _random_graph(source, [NUMBER, NUMBER, (3,), NUMBER, NUMBER], inside, depth - 1)
            outputs = (*inner.outputs, inner.outputs[0], inner.outputs[1])
            body = Graph(inner.kinds, inner.inputs, inner.constants, inner.operations, inner.operands, outputs)
            program(Loop(body, 3, carried=2, sliced=1, stacked=1, save=source.random() < 0.5,
                         reverse=source.random() < 0.5), any_number(), vector, vector, any_number())
        elif choice == 4 and depth and vector is not None:
            sides = [_random_graph(source, [NUMBER, (3,)], inside, depth - 1) for _ in range(2)]
            program(Branch(*sides), program(LESS, any_number(), any_number()), any_number(), vector)
        elif choice == 5:
            program(table.where, program(LESS, any_number(), any_number()), any_number(), any_number())
        else:
            program(source.choice(binary), any_number(), any_number())
    last = program(Pack((3,)), any_number(), any_number(), any_number())
    return program.graph(any_number(), source.choice([last, any_vector() or last]))


def test_random_graphs_give_the_interpreters_bits(tmp_path: Path) -> None:
    source = random.Random(11)
    for i in range(12):
        graph = _random_graph(source, [NUMBER, NUMBER, (3,)], 40, 3)
        inputs = [[source.uniform(-2, 2), source.uniform(-2, 2), _numbers(3, source.randrange(99))] for _ in range(3)]
        assert_same(graph, tmp_path, *inputs, name=f"f{i}")


def test_long_graphs_are_split_and_nothing_changes(tmp_path: Path) -> None:
    source = random.Random(12)
    for i in range(2):
        graph = _random_graph(source, [NUMBER, NUMBER, (3,)], 7000, 1 - i)
        assert_same(graph, tmp_path, [0.3, -0.7, _numbers(3)], name=f"f{i}", flags=[*STRICT, "-O1"])


def test_a_long_body_and_guards_in_a_long_graph_are_split_too(tmp_path: Path) -> None:
    body = Program(*[NUMBER] * 12, (3,))
    value = 1
    for i in range(3000):
        value = body(SUBTRACT if i % 3 else SIN, *([value, 1 + i % 11] if i % 3 else [value]))
    states = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, value]
    program = Program(*[NUMBER] * 11, (2, 3))
    results = program(Loop(body.graph(*states), 2, carried=11, sliced=1), *range(12))
    x = results[-1]
    for i in range(3000):
        x = program(SUBTRACT, x, i % 11)
        if i % 1000 == 999:
            program(Guard(True), program(LESS, x, 0))
    graph = program.graph(x, *results)
    function = compiled(graph, tmp_path, flags=[*STRICT, "-O1"])
    inputs = [*_numbers(11), _numbers(6)]
    for first in (inputs[0], 1e9, -1e9):
        try:
            expected = (0, interpreted(graph, first, *inputs[1:]))
        except interpreter.GuardFailed as failure:
            expected = (failure.guard + 1, [])
        status, outputs = function(first, *inputs[1:])
        assert (status, outputs if status == 0 else []) == expected


def test_a_hundred_thousand_steps_compile_in_reasonable_time(tmp_path: Path) -> None:
    program = Program(NUMBER, NUMBER)
    x, y = 0, 1
    for i in range(50_000):
        x, y = program(MULTIPLY if i % 2 else ADD, x, y), program(SUBTRACT, y, x)
    graph = program.graph(x, y)
    begin = time.perf_counter()
    function = compiled(graph, tmp_path, flags=["-std=c99", "-O1", "-ffp-contract=off"])
    assert time.perf_counter() - begin < 60.0
    status, outputs = function(1e-3, 2e-3)
    assert status == 0
    assert all(map(same, outputs, interpreted(graph, 1e-3, 2e-3)))


# The text.


def test_names_that_c_does_not_allow_are_changed_and_comments_stay_comments(tmp_path: Path) -> None:
    names = ["double", "exp", "a b", "a_b", "", "1st", "é", "*/ int x; /*", "__FILE__", "y1", "v1", "w", "f",
             "sigmoid", "M_PI"]
    program = Program(*[NUMBER] * len(names))
    total = program(table.sigmoid, program(table.exp, 0))
    for i in range(len(names)):
        total = program(ADD, total, i)
    graph = program.graph(total, total)
    about = "a*/b /* c ??/ \\ \\\nint main(void) { }\r\n\u2028*\u0000/ trailing \\"
    text = source(graph, "for", names, ["out", "out"], about)
    assert text.isascii()
    assert text.count("/*") == text.count("*/")
    assert "int main(void) { }\n" not in text.split("*/", 1)[1]
    file, library = tmp_path / "named.c", tmp_path / "named.so"
    file.write_text(text)
    done = subprocess.run([COMPILER, *STRICT, "-shared", "-fPIC", str(file), "-o", str(library), "-lm"],
                          capture_output=True, text=True, check=False)
    assert done.stderr == ""
    hostile = compiled(graph, tmp_path, name="f", inputs=names, comment=about)
    inputs = _numbers(len(names))
    assert all(map(same, hostile(*inputs)[1], interpreted(graph, *inputs)))


def test_names_of_the_helpers_of_a_file_are_changed(tmp_path: Path) -> None:
    program = Program(NUMBER)
    graph = program.graph(program(table.digamma, 0))
    text = source(graph, "digamma", ["pair"])
    assert "void digamma_(double pair_, double *out)" in text
    assert compiled(graph, tmp_path, inputs=["polynomial"])(1.0)[1] == [pytest.approx(-0.5772156649015329, abs=4e-16)]


def test_the_same_graph_gives_the_same_text() -> None:
    graphs = [_random_graph(random.Random(13), [NUMBER, NUMBER, (3,)], 60, 2) for _ in range(2)]
    assert source(graphs[0]) == source(graphs[1])


def test_a_file_holds_only_the_helpers_that_it_needs() -> None:
    program = Program(NUMBER)
    text = source(program.graph(program(table.sigmoid, 0)))
    assert "static double sigmoid(double x)" in text
    assert text.count("static") == 1
    assert text.count("#include") == 1
    assert "#include" not in source(program.graph(program(ADD, 0, 0)))


def test_a_primitive_of_the_callers_needs_a_function_of_the_c_library(tmp_path: Path) -> None:
    mine = primitive("mine", lambda x: x + 1.0, [1.0])
    program = Program(NUMBER)
    with pytest.raises(ValueError, match=r'primitive mine .* primitive\("mine", ..., native="..."\)'):
        source(program.graph(program(mine, 0)))
    bessel = primitive("bessel", lambda x: 0.0, [None], native="j0")
    rounded = primitive("rounded", lambda x: 0.0, [None], native="rint")
    program = Program(NUMBER)
    function = compiled(program.graph(program(bessel, 0), program(rounded, 0)), tmp_path)
    assert function(0.0) == (0, [1.0, 0.0])
    assert function(2.5)[1] == pytest.approx([-0.048383776468198, 2.0], abs=1e-15)
    program = Program(NUMBER)
    with pytest.raises(ValueError, match="the name of a C function"):
        source(program.graph(program(primitive("bad", lambda x: x, [1.0], native="j0(x);}"), 0)))


def test_two_rows_of_one_name_each_have_a_function(tmp_path: Path) -> None:
    rows = [
        Primitive("sigmoid", "s", lambda x, k=k: x * k + k, (1.0,), ((-1.0, 1.0),),
                  native=Native(expansion=lambda double, k=k: double * k + k))
        for k in (2.0, 3.0)
    ]
    program = Program(NUMBER)
    graph = program.graph(*(program(row, 0) for row in (*rows, table.sigmoid)))
    assert_same(graph, tmp_path, [0.0])


def test_names_are_one_for_each_input_and_output() -> None:
    with pytest.raises(ValueError, match="inputs is one name for each of the graph's 1 inputs, not 2 names"):
        source(Program(NUMBER).graph(0), inputs=["a", "b"])
