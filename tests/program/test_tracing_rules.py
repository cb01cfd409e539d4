"""How loops, batches, branches and arrays are differentiated: small programs, each for some of the rules.

The reference is the same program run eagerly, where a loop is Python's and nothing is recorded, and a derivative is
the sweep over its rows, which is held against mpmath elsewhere; and closed forms. `mutants.py` makes each rule wrong in
turn, and these tests have to fail.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    array,
    cond,
    floor,
    fori_loop,
    grad,
    jit,
    jvp,
    maximum,
    scan,
    sin,
    sqrt,
    value_and_grad,
    vmap,
    where,
    while_loop,
)
from autograd.compiler.jit import Compiled
from autograd.engine.recording import current, tracing
from autograd.primitives.row import is_array
from autograd.program import lowering
from autograd.program.graph import NUMBER, ConstantArray, Element, Graph, Loop
from autograd.program.nests import flatten
from autograd.program.tracing import arrays, memory, rules, trace
from autograd.program.tracing.absence import where_absent
from autograd.program.tracing.arrays import derivatives as array_derivatives
from autograd.program.tracing.checkpoints import chunk_of

Function = Callable[..., Any]
POINT = (0.7, -0.4, np.array([0.2, 1.3, -0.9]))
ALONG = (0.3, -1.1, np.array([0.5, 0.4, -0.7]))


def compiled(f: Function, *point: Any) -> Any:
    """What the function gives when it is compiled, for the reference backend; it is never called as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiled, "_as_it_is", None)
        return jit(f, backend="interpreter")(*point)


def along(f: Function) -> Function:
    return lambda *point: jvp(f, point, ALONG)[1]


def gradient(f: Function) -> Function:
    return grad(f, (0, 1, 2))


def total(nest: Any) -> Any:
    """A sum in which every number has a weight of its own."""
    numbers = []
    for item in flatten(nest)[0]:
        numbers += arrays.numbers_in(arrays.node_of(item)) if is_array(item) else [item]
    return sum(number * (1.0 + 0.37 * place) for place, number in enumerate(numbers))


WAYS: dict[str, Callable[[Function], Function]] = {
    "value and gradient": lambda f: value_and_grad(f, (0, 1, 2)),
    "forward": along,
    "forward over reverse": lambda f: along(lambda *point: total(gradient(f)(*point))),
    "reverse over reverse": lambda f: gradient(lambda *point: total(gradient(f)(*point))),
    "reverse over forward": lambda f: gradient(along(f)),
    "forward over forward": lambda f: along(along(f)),
}


def bits(number: float) -> Any:
    return "nan" if number != number else struct.pack("d", number)


def assert_agrees(found: Any, expected: Any) -> None:
    """All numbers of a nest to 1e-12 of the largest, the size of the terms that these programs add up."""
    a, b = ([float(number) for number in flatten(nest)[0]] for nest in (found, expected))
    assert len(a) == len(b)
    scale = max([1.0, *map(abs, b)])
    assert all(math.isfinite(y) and abs(x - y) <= 1e-12 * scale for x, y in zip(a, b)), (found, expected)


def objects(rows: Any) -> Any:
    """An array of numbers of any kind."""
    array = np.empty(np.shape(rows), dtype=object)
    array[...] = rows
    return array


def scanned(x: Any, y: Any, a: Any, reverse: bool = False) -> Any:
    return total(scan(lambda s, p: (sin(s * x) + p * y, (s * p, p * x)), x * y, a, reverse=reverse))


def scanned_rows(x: Any, y: Any, a: Any) -> Any:
    rows = objects([[a[0], a[1] * x], [y, a[2]], [x, y]])
    return total(scan(lambda s, row: (s * row[0] + row * y, (s * x, s[0] + row[1])), objects([x, a[0]]), rows))


def counted_states(x: Any, y: Any, a: Any) -> Any:
    def step(i: Any, state: Any) -> Any:
        number, array, still = state
        return sin(number) * y + i * array[1], array * number + a, still

    return total(fori_loop(1, 4, step, (x, a * y, y)))


def until(x: Any, y: Any, a: Any) -> Any:
    return total(while_loop(
        lambda s: s[0] < 3.0 + y * y, lambda s: (s[0] + x * x + 1.0, sin(s[1]) * s[0] + a[0]), (x, y), max_trips=7,
    ))  # fmt: skip


def until_once(x: Any, y: Any, a: Any) -> Any:
    """One trip."""
    return total(while_loop(lambda s: s[0] < 1.0, lambda s: (s[0] + 1.0 + x * x, s[1] * y + a), (0.5 * x, a), 4))


def until_of_array(x: Any, y: Any, a: Any) -> Any:
    return total(while_loop(lambda s: s[0] < 3.0, lambda s: s * s[1] + a * x + 0.5, a + y, max_trips=9))


def batch(x: Any, y: Any, a: Any, reduce: str | None = None) -> Any:
    f = vmap(lambda p, q, r, b: (sin(p * q) * r, b * p, b[0] * b[1]), in_axes=(0, 0, None, None), reduce=reduce)
    return total(f(a, a * y, x, objects([x, y])))


def batch_of_rows(x: Any, y: Any, a: Any) -> Any:
    matrix = objects([[a[0], a[1], x, y], [y, a[2], x * y, a[0]], [x, a[0], a[1], 1.0]])
    f = vmap(lambda column, row: (column * row[0], sin(column[2]) * row), in_axes=(1, 0), out_axes=1)
    return total(f(matrix[:, :3], matrix)) + total(vmap(lambda s: s * s[0], in_axes=-1)(matrix))


def branches(x: Any, y: Any, a: Any) -> Any:
    one = cond(x > y, lambda: (sin(x) * a[0], a * y, 2.0), lambda: (y * y, a + y, a[1]))
    two = cond(x < y, lambda: (sin(x) * a[0], a * y, 2.0), lambda: (y * y, objects([y, 1.0, x]), a[1]))
    return total([one, two])


def branches_in_a_loop(x: Any, y: Any, a: Any) -> Any:
    def step(s: Any, p: Any) -> Any:
        one, two = cond(p > x * y, lambda: (s * x, p), lambda: (sin(p), 1.5))
        return one * two, cond(s > 0.5, lambda: p * y, lambda: 0.5)

    return total(scan(step, y, a))


def views(x: Any, y: Any, a: Any) -> Any:
    matrix = objects([[a[0], x, a[1], y], [y, a[2], x, 0.5], [x * y, y, a[1], a[0]]])
    _, stack = scan(lambda s, row: (s, row * row), 0.0, matrix)
    parts = stack[1:], stack[::2, 1], stack[::-1], stack[2, 1:], stack.T, stack[:, 1::2], stack[1:, ::-1].T, stack
    shown = [vmap(lambda row, i=i: row * (x + i))(part) for i, part in enumerate(parts)]
    few = stack[::2]
    return total(shown) + stack[1, 2] * y + stack[-1, 0] * stack[0, -1] + few[1, 2] * few[0, 1] + stack[2, 2]


def views_of_one_axis(x: Any, y: Any, a: Any) -> Any:
    _, stack = scan(lambda s, p: (s, p * p + x), 0.0, objects([a[0], y, a[1], a[2]]))
    _, row = scan(lambda s, p: (s, p * y), 0.0, objects([[a[0], x, a[1], y]]))
    parts = stack[::-1], stack[::2], row[0], row[::-1], row[:, ::-1]
    return total([vmap(lambda p, i=i: p * (x + i))(part) for i, part in enumerate(parts)])


def absent_parts(x: Any, y: Any, a: Any) -> Any:
    """Arrays of which some elements depend on a number, and some do only at times."""
    mixed = objects([where(x > 0.0, x * y, 2.0), y, 1.0, where(x < 0.0, y * y, x)])
    s, ys = scan(lambda s, p: (where(p > 1.0, 0.5, s * p), where(s > 0.0, p, x)), y, mixed)
    sums = vmap(lambda p: where(p > 0.5, p * x, 1.0), reduce="sum")(mixed)
    stack = vmap(lambda p: where(p > 0.5, 1.0, p * y))(mixed)
    return total([s, ys, sums, scan(lambda s, p: (s * p + x, s), x, stack)])


def until_in_a_loop(x: Any, y: Any, a: Any) -> Any:
    """A state that is an array, beside a bound that may be breached, with and without a stack between the two."""
    def step(s: Any, p: Any) -> Any:
        grown = while_loop(lambda t: t < 1.5, lambda t: t + x * x + 0.5, p, max_trips=6)
        return vmap(lambda q: sin(q) * grown + p)(s), s[0] * grown

    ends = fori_loop(0, 2, lambda i, s: step(s, y * i + 0.3)[0], vmap(lambda q: q * x)(a))
    return total(scan(step, vmap(lambda q: q * y)(objects([*a, x])), a)) + total(ends)


def inside_each_other(x: Any, y: Any, a: Any) -> Any:
    def step(i: Any, s: Any) -> Any:
        inner = vmap(lambda p: fori_loop(0, 2, lambda j, t: sin(t * p) + j * s, x), reduce="sum")(a)
        return cond(inner > 0.1, lambda: inner * y, lambda: s * inner)

    return fori_loop(0, 3, step, x)


def some_states_only(x: Any, y: Any, a: Any) -> Any:
    """States and results that a derivative does not meet: one that is constant, one that ends it, one not used."""
    def step(s: Any, p: Any) -> Any:
        moving, fixed, late, unused = s
        return (moving * p + fixed, fixed + 1.0, moving * y, sin(unused)), (p, moving, fixed, late)

    (moving, fixed, late, _), (one, two, three, four) = scan(step, (x, 0.5, 1.0, y), a)
    return moving * fixed + late * x + total(two) + total(three) + total(four)


def read_at_places(x: Any, y: Any, a: Any) -> Any:
    """Samples that read elements of arrays that they share, some of them twice and some only at times."""
    row, table = array([a[0] * x, y, a[1], x, a[2]]), array([[x, a[0]], [y * y, a[1]], [a[2], 2.0]])

    def sample(i: Any, j: Any, weight: Any) -> Any:
        p, q, entry = row[i], row[j], table[i - 1, j - 3]
        return sin(p * q) * weight + where(weight > 0.5, entry * p, 1.0) + x * row[1], where(p > q, row[i - 1], y)

    samples = vmap(sample)(np.array([1, 2, 2, 1]), np.array([3, 4, 3, 4]), np.array([0.9, 0.2, 0.7, 0.4]))
    return total(samples) + total(vmap(lambda i: row[i] * row, reduce="sum")(np.array([0, 4, 4])))


PROGRAMS: dict[str, Function] = {
    "read at places": read_at_places,
    "scan": scanned,
    "scan in reverse": functools.partial(scanned, reverse=True),
    "scan of rows": scanned_rows,
    "fori_loop": counted_states,
    "while_loop": until,
    "while_loop of one trip": until_once,
    "while_loop of an array": until_of_array,
    "batch": batch,
    "batch, summed": functools.partial(batch, reduce="sum"),
    "batch of rows": batch_of_rows,
    "branches": branches,
    "branches in a loop": branches_in_a_loop,
    "views": views,
    "views of one axis": views_of_one_axis,
    "while_loop in a loop": until_in_a_loop,
    "parts that may be absent": absent_parts,
    "inside each other": inside_each_other,
    "some states only": some_states_only,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_derivatives_of_a_program_are_those_of_its_eager_run(name: str, way: str) -> None:
    function = WAYS[way](PROGRAMS[name])
    assert_agrees(compiled(function, *POINT), function(*POINT))


@pytest.mark.parametrize("way", ["value and gradient", "forward", "forward over reverse", "reverse over reverse"])
@pytest.mark.parametrize("name", [
    "scan of rows", "batch of rows", "branches", "views", "views of one axis", "parts that may be absent",
    "while_loop in a loop", "read at places",
])  # fmt: skip
def test_an_array_of_any_size_has_the_same_derivatives(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function = WAYS[way](PROGRAMS[name])
    expected = function(*POINT)
    with monkeypatch.context() as patch:
        patch.setattr(lowering, "SMALL", 3)
        patch.setattr(array_derivatives, "_PACKED", 1)
        assert_agrees(compiled(function, *POINT), expected)


@pytest.mark.parametrize("trips", [100, 101, 113, 121])
def test_a_loop_whose_states_are_computed_again_has_the_same_derivatives(
    trips: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def f(x: Any, y: Any, a: Any) -> Any:
        def step(i: Any, s: Any) -> Any:
            return 0.9 * s[0] + 0.01 * sin(s[1] * y) * i, sin(s[0] + s[1] * a[0] + s[2][1]), s[2] * 0.5 + s[0]

        return total(fori_loop(0, trips, step, (x, 0.5, np.array([0.25, -1.5]))))

    for way in ("value and gradient", "forward over reverse", "reverse over reverse"):
        function = WAYS[way](f)
        expected = function(*POINT)
        with monkeypatch.context() as patch:
            patch.setattr(memory, "HISTORY_LIMIT", 64)
            split = jit(function, backend="interpreter")
            assert_agrees(split(*POINT), expected)
        saved = [loop.length for loop in loops_of(split.graph) if loop.save]
        assert max(saved) == (trips if trips == 100 else max(math.isqrt(trips), trips // math.isqrt(trips)))


def loops_of(graph: Graph) -> list[Loop]:
    """The loops in a graph, and in the bodies of those."""
    loops = [operation for operation in graph.operations if isinstance(operation, Loop)]
    return loops + [inner for loop in loops for inner in loops_of(loop.body)]


def test_a_loop_without_a_bound_has_derivatives_in_each_mode() -> None:
    def f(x: Any) -> Any:  # x⁵ at 3
        return while_loop(lambda s: s < 100.0, lambda s: s * x, x)

    def g(x: Any) -> Any:  # x² for x from 3 up to below 4
        return fori_loop(0, floor(x) - 1.0, lambda i, s: s * x, 1.0)

    for function, slope, curvature in ((f, 405.0, 540.0), (g, 6.0, 2.0)):
        tangent = lambda x, function=function: jvp(function, (x,), (1.0,))[1]
        assert compiled(tangent, 3.0) == slope
        assert compiled(lambda x, tangent=tangent: jvp(tangent, (x,), (1.0,))[1], 3.0) == curvature
        assert compiled(grad(function), 3.0) == slope
        assert compiled(grad(grad(function)), 3.0) == curvature


def test_what_no_derivative_is_asked_of_is_not_differentiated() -> None:
    def f(x: Any, n: Any) -> Any:  # x⁴ + 6x² + 6x + 8 + 5 for n = 3
        grown = lambda t: while_loop(lambda t: t < 5.0, lambda t: 2.0 * t, t)
        a, b = fori_loop(0, 3, lambda i, s: (s[0] * x + s[1], grown(n + i)), (x, grown(n)))
        return a + b

    assert compiled(grad(f), 1.5, 3.0) == 37.5
    assert compiled(grad(grad(f)), 1.5, 3.0) == 39.0


@pytest.mark.parametrize("backend", ["interpreter", "llvm"])
def test_a_batch_is_summed_in_the_order_of_its_samples_in_its_derivative_too(backend: str) -> None:
    samples = [1.0, 2.0, *[0.0] * 6, 1e16, *[0.0] * 7, -1e16]  # every eighth number is added to the same sum

    def f(x: Any) -> Any:
        batch_sum = vmap(lambda p: p * x, reduce="sum")(samples)
        return batch_sum * batch_sum

    assert jit(grad(f), backend=backend)(1.0) == 8.0  # 2 · 2 for the square, times 2: the 1 is lost to 1e16


def test_a_loop_is_split_where_its_states_take_more_than_the_limit_and_nothing_else_comes_of_it() -> None:
    graph = Graph((NUMBER, NUMBER, NUMBER), 3, (), (), (), (1, 2))

    def split(length: int, carried: int = 2, outputs: int = 2, **roles: Any) -> bool:
        body = dataclasses.replace(graph, outputs=(1, 2, 2)[:outputs])
        with tracing(trace.Trace()):
            return bool(chunk_of(Loop(body, length, carried, **{"sliced": 0, "stacked": 0} | roles)))

    assert 2**24 * 2 * 8 == memory.HISTORY_LIMIT
    assert not split(2**24)
    assert split(2**24 + 1)
    assert split(2**24 + 1, outputs=3)  # with a sum
    assert not split(2**24 + 1, carried=1, outputs=1)
    for role in ("sliced", "stacked", "save", "counted", "reverse"):
        assert not split(2**26, **{role: 1})
    assert not split(2**26, condition=graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "HISTORY_LIMIT", 64)
        assert not split(100)
        assert split(101)


def test_a_graph_is_recorded_again_on_a_constant_array() -> None:
    graph = Graph(((2,), NUMBER), 1, (), (Element((1,)),), ((0,),), (1,))
    array = ConstantArray(np.array([5.0, 7.0]).tobytes(), (2,))
    again = lambda x: rules._Replay(graph, [current().trace.constant_array(array)]).results[0]
    assert compiled(lambda x: x * again(x), 3.0) == 21.0


def test_the_derivative_of_a_transposed_array_has_as_many_steps_at_any_size() -> None:
    def f(x: Any, rows: int) -> Any:
        _, stack = scan(lambda s, p: (s, vmap(lambda q: q * p * x)(np.arange(3.0))), 0.0, np.arange(float(rows)))
        columns = vmap(lambda row: vmap(lambda q: q * q, reduce="sum")(row))(stack.T)
        return vmap(lambda q: q, reduce="sum")(columns)

    steps = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowering, "SMALL", 1)
        for rows in (4, 9):
            compiled_gradient = jit(grad(lambda x, rows=rows: f(x, rows)), backend="interpreter")
            squares = sum(p * p * q * q for p in range(rows) for q in range(3))
            assert compiled_gradient(0.5) == squares  # of x² times those, at ½
            steps.add(len(compiled_gradient.graph.operations))
    assert len(steps) == 1


# Elements of arrays that are not there, where what they are multiplied with is infinite: sqrt has the slope inf at 0.


def of_slices(x: Any) -> Any:
    return total(scan(lambda s, p: (where(p > 5.0, p * x, s), 0.0), x, objects([sqrt(x), x + 6.0, x * x])))


def of_a_shared_array(x: Any) -> Any:
    array = objects([sqrt(x), x + 6.0, 7.0])
    inner = lambda t, q: (where(q > 5.0, q * x + t, t), where(q > 6.5, q, x))
    return total(scan(lambda s, p: (total(scan(inner, s, array)), where(p > 1.5, s, x)), x, np.array([1.0, 2.0])))


def of_a_batch_s_shared_array(x: Any) -> Any:
    array = objects([sqrt(x), x + 6.0, 7.0])
    inner = lambda t, q: (where(q > 5.0, q * x + t, t), None)
    return vmap(lambda p: scan(inner, p, array)[0], reduce="sum")(np.array([1.0, 2.0]))


def of_a_state(x: Any) -> Any:
    def step(i: Any, s: Any) -> Any:
        return objects([where(s[1] > 5.0, s[0], 1.0), s[1] * x + s[2], where(i > 0.5, s[2], x)])

    return total(fori_loop(0, 2, step, objects([sqrt(x), x + 2.0, x * x])))


def of_a_stack(x: Any) -> Any:
    ys = vmap(lambda p: sqrt(p) * x)(objects([x, x + 1.0, x + 4.0]))
    zs = vmap(lambda p: objects([sqrt(p), p]))(objects([x, x + 1.0, x + 4.0]))
    return total([where(y > 1.0, y * x, 1.0) for y in [*ys, *zs.flat]])


def of_a_branch(x: Any) -> Any:
    array = objects([sqrt(x), x + 6.0, 7.0])
    one = cond(x > 5.0, lambda: array * 2.0, lambda: objects([1.0, x, x * x]))
    two = cond(x < 5.0, lambda: objects([1.0, array[1], x]), lambda: array * x)
    return total([where(one[0] > 5.0, one[0], one[1]), one[2], two])


def of_single_elements_in_a_branch(x: Any) -> Any:
    array = vmap(lambda p: where(p > 1.0, p * x, 2.0))(objects([x + 2.0, x + 6.0, x + 0.5]))
    return cond(x > -1.0, lambda: array[0] * (x + 2.0), lambda: array[1] * array[2]) + array[1]


def of_a_branch_s_array(x: Any) -> Any:
    array = vmap(lambda p: where(p > 1.0, p * x, 2.0))(objects([x, x + 6.0, x + 0.5]))
    f = lambda q: where(q > 3.0, q, sqrt(2.0 - q))
    return total([cond(x > -1.0, lambda: vmap(f)(array), lambda: array), scan(lambda s, q: (f(q), f(s)), x, array)])


def of_parts_that_are_constant(x: Any) -> Any:
    array = objects([where(x > 0.0, sqrt(x), 2.0), x + 2.0, where(x > 0.0, x, 3.0)])
    s, ys = scan(lambda s, q: (sqrt(q - 2.0) + q, sqrt(q - 2.0) * q), 1.0, array)
    return total([where(y > 0.0, y, x) for y in ys]) + where(s > 9.0, s, x)


def added_up(x: Any) -> Any:
    """Derivatives of one array from several sides: some there, some not, some perhaps."""
    array = objects([sqrt(x), x + 6.0, x * x + 7.0])
    sums = [vmap(lambda p, b=b: where(p > b, p, 1.0), reduce="sum")(array) for b in (5.0, 6.5, 5.5)]
    return total(sums) + vmap(lambda p: where(p > 5.0, p * x, x))(array)[1] + array[2] * array[1]


def of_a_shared_array_of_no_trip(x: Any) -> Any:
    return until_of_shared(x, 1.0)


def of_a_shared_array_of_trips(x: Any) -> Any:
    return until_of_shared(x, -1.0)


def until_of_shared(x: Any, start: float) -> Any:
    """Trips as long as the state is below 0, each with all of two arrays."""
    array = vmap(lambda q: sqrt(q) * 2.0)(objects([x + 1.0 if start < 0.0 else x, x + 4.0, x + 9.0]))
    other = objects([sqrt(x), x + 6.0, x + 7.0])

    def step(s: Any) -> Any:
        sums = vmap(lambda q: q * q * s[1] + q, reduce="sum")(array)
        some = vmap(lambda q: where(q > 6.5, q * s[1], 1.0), reduce="sum")(other)
        return s[0] + 0.6, s[1] * 0.5 + sums * some

    return total(while_loop(lambda s: s[0] < 0.0, step, (start + x, x + 1.0), max_trips=4)) + other[1] * x


ELEMENTS: dict[str, Function] = {
    f.__name__: f
    for f in (of_slices, of_a_shared_array, of_a_batch_s_shared_array, of_a_state, of_a_stack, of_a_branch,
              of_single_elements_in_a_branch,
              of_a_branch_s_array, of_parts_that_are_constant, added_up,
              of_a_shared_array_of_no_trip, of_a_shared_array_of_trips)
}  # fmt: skip


@pytest.mark.parametrize("small", [4096, 2])
@pytest.mark.parametrize("name", ELEMENTS)
def test_elements_that_are_not_there_contribute_nothing(
    name: str, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = ELEMENTS[name]
    tangent = lambda x: jvp(f, (x,), (1.0,))[1]
    for derivative in (grad(f), tangent, grad(grad(f)), grad(tangent), lambda x: jvp(grad(f), (x,), (1.0,))[1]):
        expected = derivative(0.0)
        with monkeypatch.context() as patch:
            patch.setattr(lowering, "SMALL", small)
            patch.setattr(array_derivatives, "_PACKED", small)
            assert_agrees(compiled(derivative, 0.0), expected)


def test_a_choice_of_absent_derivatives() -> None:
    found = []

    def f(x: Any) -> Any:
        found.append([where_absent(x > 0.0, None, None), where_absent(True, x, None), where_absent(False, x, None)])
        found[-1].append(x)
        return x

    compiled(f, 1.0)
    assert found[0][0] is None
    assert found[0][1] is found[0][3]
    assert found[0][2] is None


# The sign of a zero, and points at which there is a kink: by hand.

ZEROS: list[tuple[Function, float]] = [
    (lambda x: where(x > 0.0, x, 5.0), 0.0),
    (lambda x: where(x > 0.0, x, 5.0) + x * -0.0, -0.0),
    (lambda x: x * -0.0 + where(x > 0.0, x, 5.0), -0.0),
    (lambda x: where(x < 0.0, x * -0.0, 5.0) + where(x > 0.0, x, 5.0), -0.0),
    (lambda x: where(x > 0.0, x, 5.0) + where(x < 0.0, x * -0.0, 5.0), -0.0),
    (lambda x: where(x > 0.0, x, 5.0) + where(x > 0.0, x, 6.0), 0.0),
    (lambda x: fori_loop(0, 3, lambda i, s: s + x * -0.0, 1.0), -0.0),
    (lambda x: fori_loop(0, 3, lambda i, s: s + where(i > 0.5, x * -0.0, 1.0), 1.0), -0.0),
    (lambda x: fori_loop(0, 3, lambda i, s: s + x * (i * -0.0), 1.0), -0.0),
    (lambda x: fori_loop(0, 3, lambda i, s: s + where(x > i, x, 1.0), 1.0), 0.0),
    (lambda x: fori_loop(0, 3, lambda i, s: s + where(i > 0.5, x * 0.0, 1.0), x * -0.0), 0.0),
    (lambda x: vmap(lambda p: x * p, reduce="sum")([-0.0, -0.0]), -0.0),
    (lambda x: vmap(lambda p: where(p < 0.0, x, x * p), reduce="sum")([-0.0, -0.0, -0.0]), -0.0),
    (lambda x: vmap(lambda p: where(p > 0.5, x * (p * -0.0), 5.0), reduce="sum")([1.0, 0.0]), -0.0),
    (lambda x: sum(vmap(lambda p: where(p < 0.0, x, x * p))(np.array([-0.0, -0.0]))), -0.0),
    (lambda x: sum(scan(lambda s, p: (s, s * p), x, np.array([-0.0, -0.0]))[1]), -0.0),
    (lambda x: scan(lambda s, p: (s * p, p), x, np.array([-0.0, 1.0]))[0], -0.0),
    (lambda x: cond(x < 0.0, lambda: x * -0.0, lambda: x), -0.0),
    (lambda x: cond(x > 0.0, lambda: x * -0.0, lambda: 1.0) + x * -0.0, -0.0),
    (lambda x: while_loop(lambda s: s < 0.0, lambda s: s + sqrt(x), 1.0, max_trips=3) + x * -0.0, -0.0),
]


@pytest.mark.parametrize("case", range(len(ZEROS)))
def test_the_sign_of_a_derivative_that_is_zero(case: int) -> None:
    f, expected = ZEROS[case]
    assert bits(grad(f)(-1.0)) == bits(expected)
    for derivative in (grad(f), lambda x: jvp(f, (x,), (1.0,))[1]):
        assert bits(compiled(derivative, -1.0)) == bits(derivative(-1.0))


def test_kinks_in_bodies() -> None:
    def half(x: Any) -> Any:  # a tie: one half of each side's derivative
        return where(x > 0.0, maximum(x * x, x), x) * 3.0

    def looped(x: Any) -> Any:
        return fori_loop(0, 2, lambda i, s: maximum(s, x) * x, x)

    for f, at, expected in [
        (half, 1.0, 4.5), (half, 2.0, 12.0), (half, -1.0, 3.0),
        (lambda x: where(x < 5.0, maximum(2.0 * x, 3.0 * x - 1.0), 0.0) * where(x < 6.0, x, 0.0), 1.0, 4.5),
        (looped, 1.0, 2.5),  # x·x with the slope 2, then half of 2 and half of 1, and the maximum itself
    ]:
        assert grad(f)(at) == expected
        for derivative in (grad(f), lambda x, f=f: jvp(f, (x,), (1.0,))[1]):
            assert compiled(derivative, at) == expected


@pytest.mark.parametrize("element_first", [False, True])
def test_what_an_element_adds_to_a_derivative_that_is_absent_leaves_the_others_absent(element_first: bool) -> None:
    def f(t: Any, c: Any) -> Any:
        x = np.sqrt(t)  # with an infinite derivative at 0
        at_times, element = where(c > 0.0, np.sum(x * x), 1.0), x[1] * 3.0
        return element + at_times if element_first else at_times + element

    assert compiled(grad(f), np.array([0.0, 4.0]), -1.0).tolist() == [0.0, 0.75]
    assert compiled(grad(f), np.array([1.0, 4.0]), 1.0).tolist() == [1.0, 1.75]


def test_what_is_unrolled_of_arrays_grows_by_as_many_steps_with_each_trip() -> None:
    def unrolled(trips: int) -> int:
        def f(x: Any) -> Any:
            for _ in range(trips):
                x = x + 0.1 * (np.roll(x, 1) - x[::-1] * np.roll(x, -2))
            return np.sum(x * x)

        gradient = jit(grad(f), backend="interpreter")
        gradient(np.linspace(0.0, 1.0, 40))
        return len(gradient.graph.operations)

    few, more, most = map(unrolled, (4, 8, 16))
    assert most - more == 2 * (more - few)
