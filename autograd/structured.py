"""Loops, batches and branches inside a recording: how one is recorded, and how it is differentiated.

The derivative of a loop is a loop. In reverse it runs backwards over the states that the forward loop saved; where they
would take more than `STATES_LIMIT` bytes the loop is first split into chunks, so that only the first state of each is
saved, and the others are computed again. The body's own derivative is recorded by replaying its graph.

A derivative that goes round a loop may be absent at run time (see tracing.Maybe). It is then carried as two numbers,
the derivative and whether it is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from autograd import primitives, tracing
from autograd.errors import TraceError
from autograd.graph import NUMBER, Branch, ConstantArray, Element, Graph, Guard, Kind, Loop, Pack, View
from autograd.recording import current
from autograd.rows import Primitive, real
from autograd.simplify import simplify
from autograd.sweep import dependent, differentiable_reverse_sweep, forward_sweep, topological_order
from autograd.tracing import Applied, Bundle, Maybe, Predicate, Trace, Traced, apply
from autograd.value import Value

STATES_LIMIT = 2**28  # bytes of saved states, beyond which a reversed loop computes them again
_PACKED = 4096  # numbers of an array that are written one by one

Step = Callable[[Any, list[Any], list[Any]], tuple[list[Any], list[Any], list[Any]]]


def kind_of(item: Any) -> Kind:
    return item.kind if isinstance(item, Traced) else item.shape if isinstance(item, ConstantArray) else NUMBER


def element(array: Any, index: tuple[int, ...]) -> Traced:
    return apply(Element(index), (array,), here=False)[0]


def pack(numbers: Sequence[Any], shape: tuple[int, ...]) -> Traced:
    return apply(Pack(shape), numbers, here=False)[0]


def as_number(item: Any) -> Any:
    """What a body returns, as a number or an array: a predicate is 1.0 or 0.0."""
    if hasattr(item, "node"):  # an arrays.TracedArray
        return item.node
    if isinstance(item, Predicate):
        return primitives.where(item, 1.0, 0.0)
    return item if isinstance(item, Value | ConstantArray) else real(item)


class _Body:
    """A function recorded in a trace of its own, on inputs of the given kinds."""

    def __init__(self, kinds: Sequence[Kind], branch: bool = False) -> None:
        self.trace = Trace(current().trace, branch)
        self.inputs = [self.trace.input(kind) for kind in kinds]

    def record(self, function: Callable[..., list[Any]]) -> list[Any]:
        return self.trace.explore(lambda: self.local(function(*self.inputs)))

    def local(self, items: list[Any]) -> list[Any]:
        return [item if isinstance(item, Predicate) else self._captured(as_number(item)) for item in items]

    def _captured(self, item: Any) -> Any:
        if isinstance(item, Value):
            return self.trace.capture(item if isinstance(item, Traced) else self.trace.lift(item))
        return item

    def graph(self, outputs: list[Any], outside: list[Traced]) -> Graph:
        """The graph whose inputs are the declared ones, then one for each node outside."""
        own = dict(zip(map(id, self.trace.outside), self.trace.inputs[len(self.inputs) :]))
        return simplify(self.trace.graph(outputs, [*self.inputs, *(own.get(id(node), node.kind) for node in outside)]))


def _outside(bodies: Sequence[_Body]) -> list[Traced]:
    """What the bodies take from around them, each once."""
    return list({id(node): node for body in bodies for node in body.trace.outside}.values())


def loop(
    step: Step,
    length: int | None,
    states: Sequence[Any] = (),
    slices: Sequence[Any] = (),
    condition: Callable[[Any, list[Any]], Any] | None = None,
    count: Any = None,
    reverse: bool = False,
) -> tuple[list[Any], list[Any], list[Any], Any]:
    """Record a loop: `step(position, states, parts)` returns the new states, parts to stack, and terms to sum.

    Returns the final states, the stacked arrays, the sums, and with a condition the number of trips.
    """
    kinds = [kind_of(state) for state in states]
    parts = [kind_of(item)[1:] for item in slices]  # type: ignore[index]
    body = _Body([NUMBER, *kinds, *parts])
    sizes = (0, 0)

    def run(position: Any, *inputs: Any) -> list[Any]:
        nonlocal sizes
        new, stacked, sums = step(position, list(inputs[: len(states)]), list(inputs[len(states) :]))
        sizes = len(new), len(stacked)
        return [*map(as_number, [*new, *stacked, *sums])]

    outputs = body.record(run)
    bodies = [body]
    if condition is not None:
        test = _Body([NUMBER, *kinds])
        (holds,) = test.record(lambda position, *inputs: [condition(position, list(inputs))])
        bodies.append(test)
    outside = _outside(bodies)
    condition_graph = None
    if condition is not None:
        with tracing.tracing(test.trace):
            if type(holds) is not bool and not isinstance(holds, Predicate):
                holds = primitives.not_equal(holds, 0.0)
        condition_graph = test.graph([holds], outside)
    operation = Loop(
        body.graph(outputs, outside), length, len(states), len(slices), sizes[1], condition_graph, count is not None,
        reverse,
    )
    for one in bodies:
        one.trace.close()
    results = apply(operation, [*([] if count is None else [count]), *states, *slices, *outside])
    first, second = len(states), len(states) + sizes[1]
    end = len(results) - (condition is not None)
    return results[:first], results[first:second], results[second:end], results[-1] if condition is not None else None


def elementwise(function: Callable[..., list[Any]], arrays: Sequence[Any]) -> list[Any]:
    """The arrays of what `function` returns at each element of arrays of one shape."""
    shape = kind_of(arrays[0])
    assert shape
    if len(shape) == 1:
        return loop(lambda _, __, parts: ([], function(*parts), []), shape[0], slices=arrays)[1]
    return loop(lambda _, __, parts: ([], elementwise(function, parts), []), shape[0], slices=arrays)[1]


def branch(
    predicate: Any, functions: Sequence[Callable[[], list[Any]]], encode: Callable[..., list[Any]] | None = None
) -> list[Any]:
    """Record a branch: what the first function returns where the predicate holds, else what the second returns.

    `encode(own, other)` turns what a function returned, beside what the other did, into the numbers to return.
    """
    bodies = [_Body([], branch=True) for _ in functions]
    results = []
    for body, function in zip(bodies, functions):
        found: list[list[Any]] = []

        def run(function: Callable[[], list[Any]] = function, found: list[list[Any]] = found) -> list[Any]:
            found.append(function())
            return found[-1] if encode is None else []

        recorded = body.record(run)
        results.append(recorded if encode is None else found[0])
    if encode is not None:
        for i, body in enumerate(bodies):
            with tracing.tracing(body.trace):
                results[i] = body.local(encode(results[i], results[1 - i]))
    outside = _outside(bodies)
    graphs = []
    for body, items in zip(bodies, results):
        with tracing.tracing(body.trace):
            items = [as_number(item) for item in items]
        graphs.append(body.graph(items, outside))
        body.trace.close()
    kinds = [[graph.kinds[output] for output in graph.outputs] for graph in graphs]
    if kinds[0] != kinds[1]:
        raise TraceError("the two sides of a branch return different structures")
    return list(apply(Branch(*graphs), [predicate, *outside]))


# Replaying a body's graph, and differentiating it.


def replay(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """Record a graph's steps again, on other inputs."""
    values: list[Any] = [*inputs, *graph.constants]
    for operation, operands in zip(graph.operations, graph.operands):
        arguments = [values[operand] for operand in operands]
        if isinstance(operation, Primitive):
            values.append(operation(*arguments))
        elif not isinstance(operation, Guard):
            values.extend(apply(operation, arguments, here=isinstance(operation, Loop | Branch)))
    return [values[output] for output in graph.outputs]


class _Replay:
    """A graph recorded again on fresh nodes, to be swept in either direction."""

    def __init__(self, graph: Graph, inputs: Sequence[Any]) -> None:
        trace = current().trace
        self.leaves = [trace.fresh_array(item) if kind_of(item) else trace.fresh(item) for item in inputs]
        self.results = replay(graph, self.leaves)
        self.order = topological_order([item for item in self.results if isinstance(item, Value)], stop=self.leaves)

    def pull(self, seeds: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """The derivatives with respect to the wanted inputs; None where one is absent."""
        active = dependent(self.order, [leaf for leaf, yes in zip(self.leaves, wanted) if yes])
        pairs = [(node, seed) for node, seed in zip(self.results, seeds) if seed is not None and node in active]
        cotangents: dict[Any, Any] = differentiable_reverse_sweep(self.order, pairs, None, active)
        return [cotangents.get(leaf) if yes else None for leaf, yes in zip(self.leaves, wanted)]

    def push(self, seeds: Sequence[Any]) -> list[Any]:
        moving = {leaf: seed for leaf, seed in zip(self.leaves, seeds) if seed is not None}
        tangents: dict[Any, Any] = forward_sweep(self.order, moving, True)
        return [tangents.get(item) if isinstance(item, Value) else None for item in self.results]


class ArrayDerivative:
    """The derivative of an array, or with respect to one: of some of its elements, and of all of them at once.

    `wholes` holds pairs of an array and, where its elements may be absent, the array that says which are there.
    """

    def __init__(self, shape: tuple[int, ...], elements: dict[tuple[int, ...], Any] | None = None,
                 wholes: Sequence[tuple[Any, Any]] = ()) -> None:
        self.shape, self.elements, self.wholes = shape, elements or {}, list(wholes)

    def __add__(self, other: ArrayDerivative) -> ArrayDerivative:
        elements = dict(self.elements)
        for index, part in other.elements.items():
            elements[index] = elements[index] + part if index in elements else part
        return ArrayDerivative(self.shape, elements, self.wholes + other.wholes)

    def element(self, index: tuple[int, ...]) -> Any:
        """The derivative at one element; None where it is absent."""
        total = self.elements.get(index)
        for values, live in self.wholes:
            part: Any = element(values, index)
            if live is not None:
                part = Maybe(part, primitives.not_equal(element(live, index), 0.0))
            total = part if total is None else total + part
        return total

    def whole(self) -> tuple[Any, Any]:
        """The derivative as one array, and the one that says which elements are there, or None where all are."""
        wholes = list(self.wholes)
        if self.elements:
            wholes.append(self._gathered())
        values, live = wholes[0]
        for more, more_live in wholes[1:]:
            values, live = _sum_of_arrays(values, live, more, more_live)
        return values, live

    def settled(self) -> Any:
        """The derivative as an array of numbers: 0.0 where it is absent."""
        return current().trace.shown(self.whole()[0])

    def _gathered(self) -> tuple[Any, Any]:
        """The single elements as an array."""
        size = math.prod(self.shape)
        if size <= _PACKED:
            found = [self.elements.get(index) for index in product(*map(range, self.shape))]
            values, flags = zip(*map(_with_flag, found))
            live = None if all(type(flag) is float and flag == 1.0 for flag in flags) else pack(flags, self.shape)
            return pack(values, self.shape), live
        by_position: dict[int, dict[tuple[int, ...], Any]] = {}
        for index, part in self.elements.items():
            by_position.setdefault(index[0], {})[index[1:]] = part
        rest = self.shape[1:]

        def step(position: Any, _: list[Any], __: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
            columns = []
            for index in product(*map(range, rest)):
                value, flag = 0.0, 0.0
                for place, parts in by_position.items():
                    if index in parts:
                        here = primitives.equal(position, float(place))
                        one, live = _with_flag(parts[index])
                        value, flag = primitives.where(here, one, value), primitives.where(here, live, flag)
                columns.append((value, flag))
            values, flags = zip(*columns)
            return [], [values[0], flags[0]] if not rest else [pack(values, rest), pack(flags, rest)], []

        values, live = loop(step, self.shape[0])[1]
        return values, live


def _with_flag(derivative: Any) -> tuple[Any, Any]:
    if derivative is None:
        return 0.0, 0.0
    if isinstance(derivative, Maybe):
        return derivative.or_zero(), primitives.where(derivative.live, 1.0, 0.0)
    return derivative, 1.0


def _sum_of_arrays(a: Any, a_live: Any, b: Any, b_live: Any) -> tuple[Any, Any]:
    if a_live is None and b_live is None:
        return elementwise(lambda x, y: [x + y], [a, b])[0], None
    if a_live is None or b_live is None:
        (plain, other, live) = (a, b, b_live) if a_live is None else (b, a, a_live)
        return elementwise(
            lambda x, y, flag: [x + primitives.where(primitives.not_equal(flag, 0.0), y, -0.0)], [plain, other, live]
        )[0], None

    def add(x: Any, x_flag: Any, y: Any, y_flag: Any) -> list[Any]:
        total = Maybe(x, primitives.not_equal(x_flag, 0.0)) + Maybe(y, primitives.not_equal(y_flag, 0.0))
        return list(_with_flag(total))

    values, live = elementwise(add, [a, a_live, b, b_live])
    return values, live


# A derivative as the numbers that carry it: none where it is absent, itself, or itself and a flag.

ABSENT, PLAIN, FLAGGED = range(3)


def _code(derivative: Any) -> int:
    if derivative is None:
        return ABSENT
    if isinstance(derivative, ArrayDerivative):
        return FLAGGED if derivative.whole()[1] is not None else PLAIN
    return FLAGGED if isinstance(derivative, Maybe) else PLAIN


def _join(a: int, b: int) -> int:
    return a if a == b else FLAGGED


def _encode(derivative: Any, code: int, kind: Kind, zero: float = 0.0) -> list[Any]:
    """The numbers, or arrays, that carry a derivative; `zero` is the value of one that is absent."""
    if code == ABSENT:
        return []
    if kind:
        if derivative is None:
            values, live = _filled(kind, zero), _filled(kind, 0.0)
        else:
            values, live = derivative.whole()
        return [values] if code == PLAIN else [values, _filled(kind, 1.0) if live is None else live]
    if derivative is None:
        return [zero] if code == PLAIN else [zero, 0.0]
    if isinstance(derivative, Maybe):
        value = derivative.or_zero(zero)
        return [value] if code == PLAIN else [value, primitives.where(derivative.live, 1.0, 0.0)]
    return [derivative] if code == PLAIN else [derivative, 1.0]


def _filled(shape: tuple[int, ...], number: float) -> Any:
    import array

    return ConstantArray(array.array("d", [number] * math.prod(shape)).tobytes(), shape)


def _decode(items: Iterator[Any], code: int, kind: Kind) -> Any:
    if code == ABSENT:
        return None
    value = next(items)
    live = next(items) if code == FLAGGED else None
    if kind:
        return ArrayDerivative(kind, wholes=[(value, live)])
    return value if live is None else Maybe(value, primitives.not_equal(live, 0.0))


# The rules.


def _pull(node: Traced, cotangent: Any, active: Collection[Any] | None) -> list[tuple[Any, Any]]:
    operation = node.primitive.operation  # type: ignore[union-attr]
    wanted = [isinstance(item, Traced) and (active is None or item in active) for item in node.operands]
    if isinstance(operation, Element | Pack | View):
        derivative = cotangent
        if isinstance(operation, Element):
            shape = kind_of(node.operands[0])
            assert shape
            shares = [ArrayDerivative(shape, {operation.index: derivative})]
        elif isinstance(operation, Pack):
            shares = [derivative.element(index) for index in product(*map(range, operation.shape))]
        else:
            shares = [_through_view(operation, kind_of(node.operands[0]), derivative)]
    elif isinstance(operation, Branch):
        shares = [None, *_pull_branch(operation, node.operands, cotangent, wanted)]
    else:
        shares = _pull_loop(operation, node.operands, cotangent, wanted)
    return [
        (operand, share) for operand, share, yes in zip(node.operands, shares, wanted) if yes and share is not None
    ]


def _push(node: Traced, tangents: dict[Any, Any]) -> Any:
    operation = node.primitive.operation  # type: ignore[union-attr]
    seeds = [tangents.get(item) if isinstance(item, Traced) else None for item in node.operands]
    if all(seed is None for seed in seeds):
        return None
    if isinstance(operation, Element):
        return seeds[0].element(operation.index)
    if isinstance(operation, Pack):
        found = dict(zip(product(*map(range, operation.shape)), seeds))
        return ArrayDerivative(operation.shape, {i: seed for i, seed in found.items() if seed is not None})
    if isinstance(operation, View):
        values, live = seeds[0].whole()
        view = [None if item is None else apply(operation, (item,), here=False)[0] for item in (values, live)]
        return ArrayDerivative(operation.shape, wholes=[(view[0], view[1])])
    if isinstance(operation, Branch):
        parts = _push_branch(operation, node.operands, seeds)
    else:
        parts = _push_loop(operation, node.operands, seeds)
    return Bundle({i: part for i, part in parts.items() if part is not None})


def _through_view(view: View, shape: Any, derivative: ArrayDerivative) -> ArrayDerivative:
    """The derivative with respect to the array that a view shows."""

    def base(index: tuple[int, ...]) -> tuple[int, ...]:
        place = list(view.starts)
        for i, axis, step in zip(index, view.axes, view.steps):
            place[axis] += i * step
        return tuple(place)

    permuted = sorted(view.axes) == list(range(len(shape))) and math.prod(view.shape) == math.prod(shape)
    if permuted and not derivative.elements and all(step == 1 for step in view.steps):
        inverse = tuple(view.axes.index(axis) for axis in range(len(shape)))
        back = View(shape, inverse, (1,) * len(shape), (0,) * len(shape))
        wholes = [
            tuple(None if item is None else apply(back, (item,), here=False)[0] for item in whole)
            for whole in derivative.wholes
        ]
        return ArrayDerivative(shape, wholes=wholes)  # type: ignore[arg-type]
    elements = {base(index): derivative.element(index) for index in product(*map(range, view.shape))}
    return ArrayDerivative(shape, {index: part for index, part in elements.items() if part is not None})


class _Parts:
    """A loop's operands by their roles."""

    def __init__(self, op: Loop, operands: Sequence[Any]) -> None:
        first = int(op.counted)
        self.count = operands[0] if op.counted else None
        self.states = list(operands[first : first + op.carried])
        self.slices = list(operands[first + op.carried : first + op.carried + op.sliced])
        self.shared = list(operands[first + op.carried + op.sliced :])
        outputs = [op.body.kinds[output] for output in op.body.outputs]
        self.stacked = outputs[op.carried : op.carried + op.stacked]
        self.sums = outputs[op.carried + op.stacked :]


def _pull_loop(op: Loop, operands: Sequence[Any], cotangent: Bundle, wanted: Sequence[bool]) -> list[Any]:
    parts = _Parts(op, operands)
    if op.length is None:
        raise TraceError(
            "reverse mode through a loop needs a bound on its trips, for it keeps their states: give while_loop "
            "max_trips=..., and fori_loop numbers as bounds; or use forward mode (jvp, jacfwd)"
        )
    if _chunks(op):
        return _Replay(_chunked(op), operands).pull([cotangent.parts.get(i) for i in range(op.carried)], wanted)
    first = int(op.counted)
    given = cotangent.parts
    state_seeds = [given.get(i) for i in range(op.carried)]
    stack_seeds = [given.get(op.carried + i) for i in range(op.stacked)]
    place = op.carried + op.stacked
    sum_seeds = [given.get(place + i) for i in range(len(parts.sums))]
    place += len(parts.sums)
    saved_seeds = [given.get(place + i) for i in range(op.carried)] if op.save else [None] * op.carried
    if not any(seed is not None for seed in (*state_seeds, *stack_seeds, *sum_seeds, *saved_seeds)):
        return [None] * len(operands)
    saved: list[Any] = []
    count = parts.count
    if op.carried or op.condition is not None:
        results = apply(replace(op, save=op.carried > 0), operands)
        trips = int(op.condition is not None)
        saved = results[len(results) - op.carried - trips : len(results) - trips]
        count = results[-1] if trips else count
    state_kinds = [kind_of(state) for state in parts.states]
    slice_kinds = [kind_of(item)[1:] for item in parts.slices]  # type: ignore[index]
    shared_kinds = [kind_of(item) for item in parts.shared]
    wanted_slices = wanted[first + op.carried : first + op.carried + op.sliced]
    wanted_shared = wanted[first + op.carried + op.sliced :]
    # What a position's derivatives are multiplied with comes in as parts of arrays.
    arrays, array_codes = [], []
    for seed in (*stack_seeds, *saved_seeds):
        values, live = (None, None) if seed is None else seed.whole()
        array_codes.append(ABSENT if values is None else PLAIN if live is None else FLAGGED)
        arrays += [item for item in (values, live) if item is not None]
    array_kinds = [*parts.stacked, *state_kinds]
    codes = [_code(seed) for seed in state_seeds]
    shared_codes: list[int] = [ABSENT] * len(parts.shared)
    slice_codes: list[int] = [ABSENT] * len(parts.slices)
    summed = op.batch  # a batch sums what its samples share; a loop adds it up as it goes

    def step(position: Any, states: list[Any], pieces: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        nonlocal codes, shared_codes, slice_codes
        before, own, rest = pieces[: op.carried], pieces[op.carried : op.carried + op.sliced], iter(pieces[op.carried + op.sliced :])
        carried = iter(states)
        seeds = [_decode(carried, code, kind) for code, kind in zip(codes, state_kinds)]
        totals = [] if summed else [_decode(carried, code, kind) for code, kind in zip(shared_codes, shared_kinds)]
        extra = [_decode(rest, code, kind) for code, kind in zip(array_codes, array_kinds)]
        again = _Replay(op.body, [position, *before, *own, *parts.shared])
        found = again.pull(
            [*seeds, *extra[: op.stacked], *sum_seeds],
            [False, *[True] * op.carried, *wanted_slices, *wanted_shared],
        )[1:]
        new = [_plus(a, b) for a, b in zip(found, extra[op.stacked :])]
        of_slices, of_shared = found[op.carried : op.carried + op.sliced], found[op.carried + op.sliced :]
        next_codes = [_join(code, _code(item)) for code, item in zip(codes, new)]
        next_shared = [max(code, _code(item)) for code, item in zip(shared_codes, of_shared)]
        slice_codes = [_code(item) for item in of_slices]
        stacked = [n for item, code, kind in zip(of_slices, slice_codes, slice_kinds) for n in _encode(item, code, kind)]
        if summed:
            shared_codes = next_shared
            terms = [
                n for item, code, kind in zip(of_shared, shared_codes, shared_kinds) for n in _encode(item, code, kind, -0.0)
            ]
            return [], stacked, terms
        if (next_codes, next_shared) != (codes, shared_codes):
            codes, shared_codes = next_codes, next_shared
            raise _Again
        new_states = [n for item, code, kind in zip(new, codes, state_kinds) for n in _encode(item, code, kind)]
        for total, item, code, kind in zip(totals, of_shared, shared_codes, shared_kinds):
            new_states += _encode(_plus(total, item), code, kind, -0.0)
        return new_states, stacked, []

    while True:
        start = [n for item, code, kind in zip(state_seeds, codes, state_kinds) for n in _encode(item, code, kind)]
        if not summed:
            start += [n for code, kind in zip(shared_codes, shared_kinds) for n in _encode(None, code, kind, -0.0)]
        try:
            final, stacks, sums, _ = loop(
                step, op.length, start, [*saved, *parts.slices, *arrays], count=count,
                reverse=not op.reverse and not op.batch,
            )
            break
        except _Again:
            continue
    ends, stacked_items = iter(final), iter(stacks)
    of_states = [_decode(ends, code, kind) for code, kind in zip(codes, state_kinds)]
    of_slices = [
        _decode(stacked_items, code, (op.length, *kind)) for code, kind in zip(slice_codes, slice_kinds)  # type: ignore[misc]
    ]
    totals = iter(sums) if summed else ends
    of_shared = [_decode(totals, code, kind) for code, kind in zip(shared_codes, shared_kinds)]
    return [*[None] * first, *of_states, *of_slices, *of_shared]


class _Again(TraceError):
    """A derivative that goes round the loop needs another form than was assumed: record the body once more."""


def _plus(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b


def _push_loop(op: Loop, operands: Sequence[Any], seeds: Sequence[Any]) -> dict[int, Any]:
    parts = _Parts(op, operands)
    first = int(op.counted)
    state_kinds = [kind_of(state) for state in parts.states]
    slice_kinds = [kind_of(item)[1:] for item in parts.slices]  # type: ignore[index]
    state_seeds = seeds[first : first + op.carried]
    slice_seeds = seeds[first + op.carried : first + op.carried + op.sliced]
    shared_seeds = seeds[first + op.carried + op.sliced :]
    arrays, array_codes = [], []
    for seed in slice_seeds:
        values, live = (None, None) if seed is None else seed.whole()
        array_codes.append(ABSENT if values is None else PLAIN if live is None else FLAGGED)
        arrays += [item for item in (values, live) if item is not None]
    codes = [_code(seed) for seed in state_seeds]
    stack_codes: list[int] = []
    sum_codes: list[int] = []

    def step(position: Any, states: list[Any], pieces: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        nonlocal codes, stack_codes, sum_codes
        carried, rest = iter(states[op.carried :]), iter(pieces[op.sliced :])
        moving = [_decode(carried, code, kind) for code, kind in zip(codes, state_kinds)]
        sliding = [_decode(rest, code, kind) for code, kind in zip(array_codes, slice_kinds)]
        again = _Replay(op.body, [position, *states[: op.carried], *pieces[: op.sliced], *parts.shared])
        found = again.push([None, *moving, *sliding, *shared_seeds])
        new = found[: op.carried]
        next_codes = [_join(code, _code(item)) for code, item in zip(codes, new)]
        if next_codes != codes:
            codes = next_codes
            raise _Again
        of_stacks, of_sums = found[op.carried : op.carried + op.stacked], found[op.carried + op.stacked :]
        stack_codes, sum_codes = [*map(_code, of_stacks)], [*map(_code, of_sums)]
        stacked = [n for item, code, kind in zip(of_stacks, stack_codes, parts.stacked) for n in _encode(item, code, kind)]
        if op.save:
            stacked += [n for item, code, kind in zip(moving, codes, state_kinds) for n in _encode(item, code, kind)]
        return (
            [*again.results[: op.carried],
             *[n for item, code, kind in zip(new, codes, state_kinds) for n in _encode(item, code, kind)]],
            stacked,
            [n for item, code, kind in zip(of_sums, sum_codes, parts.sums) for n in _encode(item, code, kind, -0.0)],
        )

    condition = op.condition

    def holds(position: Any, states: list[Any]) -> Any:
        assert condition is not None
        return replay(condition, [position, *states[: op.carried], *parts.shared])[0]

    while True:
        start = [n for item, code, kind in zip(state_seeds, codes, state_kinds) for n in _encode(item, code, kind)]
        try:
            final, stacks, sums, _ = loop(
                step, op.length, [*parts.states, *start], [*parts.slices, *arrays],
                None if condition is None else holds, parts.count, op.reverse,
            )
            break
        except _Again:
            continue
    ends, pieces, totals = iter(final[op.carried :]), iter(stacks), iter(sums)
    tangents = [_decode(ends, code, kind) for code, kind in zip(codes, state_kinds)]
    length = op.length or 0
    tangents += [_decode(pieces, code, (length, *kind)) for code, kind in zip(stack_codes, parts.stacked)]  # type: ignore[misc]
    tangents += [_decode(totals, code, kind) for code, kind in zip(sum_codes, parts.sums)]
    if op.save:
        tangents += [_decode(pieces, code, (length, *kind)) for code, kind in zip(codes, state_kinds)]  # type: ignore[misc]
    return dict(enumerate(tangents))


def _pull_branch(op: Branch, operands: Sequence[Any], cotangent: Bundle, wanted: Sequence[bool]) -> list[Any]:
    seeds = [cotangent.parts.get(i) for i in range(len(op.then.outputs))]

    def side(graph: Graph) -> Callable[[], list[Any]]:
        return lambda: _Replay(graph, operands[1:]).pull(seeds, wanted[1:])

    return _derived_branch(op, operands[0], side, [kind_of(item) for item in operands[1:]])


def _push_branch(op: Branch, operands: Sequence[Any], seeds: Sequence[Any]) -> dict[int, Any]:
    def side(graph: Graph) -> Callable[[], list[Any]]:
        return lambda: _Replay(graph, operands[1:]).push(seeds[1:])

    kinds = [op.then.kinds[output] for output in op.then.outputs]
    return dict(enumerate(_derived_branch(op, operands[0], side, kinds)))


def _derived_branch(
    op: Branch, predicate: Any, side: Callable[[Graph], Callable[[], list[Any]]], kinds: Sequence[Kind]
) -> list[Any]:
    """The derivatives that each side of a branch finds, from whichever side is taken."""
    codes: list[int] = []

    def encode(own: list[Any], other: list[Any]) -> list[Any]:
        nonlocal codes
        if not codes:
            codes = [_join(_code(a), _code(b)) for a, b in zip(own, other)]
        return [n for item, code, kind in zip(own, codes, kinds) for n in _encode(item, code, kind)]

    results = iter(branch(predicate, [side(op.then), side(op.otherwise)], encode))
    return [_decode(results, code, kind) for code, kind in zip(codes, kinds)]


def _chunks(op: Loop) -> bool:
    """Whether a loop's states would take too much memory, and it can be split."""
    assert op.length is not None
    plain = not (op.sliced or op.stacked or op.save or op.counted or op.reverse or op.condition)
    plain = plain and len(op.body.outputs) == op.carried
    return plain and 8 * op.length * op.carried > STATES_LIMIT and op.length > 100


def _chunked(op: Loop) -> Graph:
    """The same loop as a loop over chunks of about the square root of its length, and one over what is left."""
    assert op.length is not None
    chunk = math.isqrt(op.length)
    kinds = op.body.kinds[1 : op.body.inputs]
    body = _Body(kinds)

    def run(*inputs: Any) -> list[Any]:
        shared = inputs[op.carried :]

        def trips(states: Sequence[Any], start: Any, length: int) -> list[Any]:
            def step(position: Any, states: list[Any], _: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
                return replay(op.body, [start + position, *states, *shared]), [], []

            return loop(step, length, states)[0]

        states = loop(
            lambda i, states, _: (trips(states, i * float(chunk), chunk), [], []),
            op.length // chunk,  # type: ignore[operator]
            inputs[: op.carried],
        )[0]
        left = op.length % chunk  # type: ignore[operator]
        return trips(states, float(op.length - left), left) if left else states  # type: ignore[operator]

    return body.graph(body.record(run), [])


tracing._rules.update(pull=_pull, push=_push)
