"""Random programs of loops, branches and batches for Hypothesis: nests of them, sharing what stands around them.

A program is lines that are run one after the other on a scope: a list of numbers and a list of arrays of three numbers.
A line adds its results to the scope. A line with a body runs the body on a scope of its own, which holds what it
carries, then what the scope around it holds: a captured number. Every result is squeezed between −2 and 2, so that
nothing overflows, and the same function serves floats, Values and what `jit` passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd import (
    atan,
    cond,
    cos,
    fori_loop,
    maximum,
    minimum,
    relu,
    scan,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    vmap,
    where,
    while_loop,
)

SIZE = 3  # numbers in each array
Body = tuple["Line", ...]

PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: 0.5 * (a + b),
    "subtract": lambda a, b: 0.5 * (a - b),
    "multiply": lambda a, b: 0.5 * a * b,
    "divide": lambda a, b: a / (2.0 + b * b),
    "power": lambda a, b: (1.5 + 0.2 * a) ** (0.3 * b),
    "sin": lambda a, b: sin(a + b),
    "cos": lambda a, b: cos(a * b),
    "tanh": lambda a, b: tanh(a - b),
    "sigmoid": lambda a, b: 2.0 * sigmoid(a) - b * 0.1,
    "softplus": lambda a, b: softplus(a * b) - 0.5,
    "atan": lambda a, b: atan(a + 0.3 * b),
    "maximum": maximum,
    "minimum": minimum,
    "relu": lambda a, b: relu(a - 0.3 * b),
    "where": lambda a, b: where(a > 0.25 * b, a * b * 0.5, sin(a)),
    "dead": lambda a, b: where(a > b + 0.25, sqrt(a - b), 0.3 * a * b),  # singular where a is b
    "absolute": lambda a, b: abs(a) - 0.2 * b,
    "constant": lambda a, b: 0.7,
}


@dataclass(frozen=True)
class Line:
    """One step: its kind, the places of its operands (counted on, modulo what there is), its options and bodies."""

    kind: str
    places: tuple[int, ...]
    option: Any = None
    bodies: tuple[Body, ...] = ()


class Scope:
    """The numbers and arrays that a body sees."""

    def __init__(self, numbers: Sequence[Any], arrays: Sequence[Any]) -> None:
        self.numbers, self.arrays = list(numbers), list(arrays)

    def number(self, place: int) -> Any:
        return self.numbers[place % len(self.numbers)]

    def array(self, place: int) -> Any:
        return self.arrays[place % len(self.arrays)]

    def inside(self, numbers: Sequence[Any], arrays: Sequence[Any] = ()) -> Scope:
        return Scope([*numbers, *self.numbers], [*arrays, *self.arrays])


def run(body: Body, scope: Scope) -> list[Any]:
    """Run the lines; the numbers that they added, the latest first."""
    before = len(scope.numbers)
    for line in body:
        RUN[line.kind](line, scope)
    return scope.numbers[before:][::-1]


def squeezed(number: Any) -> Any:
    return 2.0 * tanh(0.5 * number)


def results(body: Body, scope: Scope, count: int) -> list[Any]:
    """So many results of a body: its latest, filled up with what it was given."""
    found = run(body, scope)
    return [squeezed(number) for number in [*found, *scope.numbers][:count]]


def _plain(line: Line, scope: Scope) -> None:
    a, b = map(scope.number, line.places[:2])
    scope.numbers.append(PLAIN[line.option](a, b))


def _element(line: Line, scope: Scope) -> None:
    scope.numbers.append(scope.array(line.places[0])[line.places[1] % SIZE])


def _array(line: Line, scope: Scope) -> None:
    """An array of numbers, or made of another as a whole."""
    numbers = [scope.number(place) for place in line.places[:SIZE]]
    if line.option == "whole":
        scope.arrays.append(scope.array(line.places[0]) * numbers[0] + 0.1)
    else:
        array = np.empty(SIZE, dtype=object)
        array[:] = numbers
        scope.arrays.append(array)


def _fori(line: Line, scope: Scope) -> None:
    lower, trips, form = line.option
    start = {"a": scope.number(line.places[0]), "b": (scope.number(line.places[1]), scope.array(line.places[2]))}
    if form == "numbers":
        start = {"a": start["a"], "b": (start["b"][0],)}

    def step(i: Any, state: Any) -> Any:
        own = [0.3 * i, state["a"], state["b"][0]]
        arrays = state["b"][1:]
        a, b = results(line.bodies[0], scope.inside(own, arrays), 2)
        return {"a": a, "b": (b, *(array * 0.5 + a * 0.3 for array in arrays))}

    end = fori_loop(lower, lower + trips, step, start)
    scope.numbers += [end["a"], end["b"][0]]
    scope.arrays += end["b"][1:]


def _while(line: Line, scope: Scope) -> None:
    bound, trips = line.option

    def step(state: Any) -> Any:
        total, other, count = state
        (new,) = results(line.bodies[0], scope.inside([total, other]), 1)
        return total + 0.3 + 0.1 * abs(new), new, count + 1.0

    total, other, _ = while_loop(
        lambda state: (state[0] < bound) & (state[2] < trips), step,
        (scope.number(line.places[0]), scope.number(line.places[1]), 0.0), trips,
    )
    scope.numbers += [squeezed(total), other]


def _scan(line: Line, scope: Scope) -> None:
    reverse, form = line.option

    def step(state: Any, piece: Any) -> Any:
        x, more = (piece[0], [piece[1]]) if form == "pair" else (piece, [])
        new, y = results(line.bodies[0], scope.inside([x, state, *more]), 2)
        return new, (None if form == "nothing" else (y, state) if form == "nest" else y)

    first, second = scope.array(line.places[1]), scope.array(line.places[2])
    state, ys = scan(step, scope.number(line.places[0]), (first, second) if form == "pair" else first, reverse=reverse)
    scope.numbers.append(state)
    scope.arrays += [] if ys is None else list(ys) if form == "nest" else [ys]


def _cond(line: Line, scope: Scope) -> None:
    a, b = map(scope.number, line.places[:2])

    def side(body: Body) -> Callable[[Any], Any]:
        return lambda given: results(body, scope.inside([given]), 2)

    scope.numbers += cond(a < b + line.option, side(line.bodies[0]), side(line.bodies[1]), scope.number(line.places[2]))


def _vmap(line: Line, scope: Scope) -> None:
    reduce, form = line.option
    first, second, shared = scope.array(line.places[0]), scope.array(line.places[1]), scope.number(line.places[2])

    def sample(x: Any, other: Any) -> Any:
        found = results(line.bodies[0], scope.inside([x, other]), 2)
        return tuple(found)

    other, axis = (second, 0) if form == "two" else (shared, None)
    found = vmap(sample, in_axes=(0, axis), reduce=reduce)(first, other)
    if reduce is None:
        scope.arrays += found
    else:
        scope.numbers += [squeezed(number) for number in found]


def _matrix(line: Line, scope: Scope) -> None:
    """A batch over the columns of a matrix, each sample a vector, stacked along the second axis."""
    rows = [scope.array(place) for place in line.places[:2]]
    matrix = np.array([[row[i] for i in range(SIZE)] for row in rows])

    def sample(column: Any) -> Any:
        (found,) = results(line.bodies[0], scope.inside([column[0], column[1]]), 1)
        return column * found

    stacked = vmap(sample, in_axes=1, out_axes=1)(matrix)
    scope.arrays.append(stacked[line.places[2] % 2])


RUN: dict[str, Callable[[Line, Scope], None]] = {
    "plain": _plain, "element": _element, "array": _array, "fori": _fori, "while": _while, "scan": _scan,
    "cond": _cond, "vmap": _vmap, "matrix": _matrix,
}
OPTIONS: dict[str, Any] = {
    "plain": st.sampled_from([*PLAIN]),
    "element": st.none(),
    "array": st.sampled_from(["whole", "new"]),
    "fori": st.tuples(st.integers(-1, 2), st.sampled_from([3, 0, 1, 2]), st.sampled_from(["numbers", "array"])),
    "while": st.tuples(st.sampled_from([1.0, -3.0, 0.25]), st.sampled_from([4, 0, 7])),
    "scan": st.tuples(st.booleans(), st.sampled_from(["one", "pair", "nest", "nothing"])),
    "cond": st.sampled_from([0.0, 0.3, -5.0]),
    "vmap": st.tuples(st.sampled_from([None, "sum", "mean"]), st.sampled_from(["two", "shared"])),
    "matrix": st.none(),
}
BODIES = {"fori": 1, "while": 1, "scan": 1, "cond": 2, "vmap": 1, "matrix": 1}
_places = st.tuples(*[st.integers(0, 11)] * 3)


@st.composite
def lines(draw: st.DrawFn, depth: int, kinds: Sequence[str] = tuple(RUN)) -> Line:
    kind = draw(st.sampled_from([k for k in kinds if depth or k not in BODIES] or ["plain"]))
    inner = [
        tuple(draw(st.lists(lines(depth - 1), min_size=1, max_size=3))) for _ in range(BODIES.get(kind, 0))
    ]
    return Line(kind, draw(_places), draw(OPTIONS[kind]), tuple(inner))


@st.composite
def structured_programs(draw: st.DrawFn, depth: int = 2) -> Body:
    """Lines of which one at least has a body."""
    first = draw(lines(depth, tuple(BODIES)))
    return (*draw(st.lists(lines(0), max_size=2)), first, *draw(st.lists(lines(depth), max_size=2)))


def function_of(body: Body) -> Callable[[Any, Any, Any], Any]:
    """The program as a function of two numbers and an array."""

    def function(x: Any, y: Any, array: Any) -> Any:
        scope = Scope([x, y], [array])
        run(body, scope)
        total = 0.0
        for place, number in enumerate(scope.numbers):
            total = total + number * (1.0 + 0.1 * place)
        for place, item in enumerate(scope.arrays):
            for i in range(SIZE):
                total = total + item[i] * (0.3 + 0.01 * place * i)
        return total

    return function
