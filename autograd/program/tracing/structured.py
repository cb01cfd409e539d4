"""Loops, batches, branches and arrays as steps of a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.recording import current, tracing
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.primitives import table
from autograd.primitives.row import Primitive, real
from autograd.program.graph import (
    NUMBER,
    Branch,
    ConstantArray,
    Graph,
    Guard,
    Kind,
    Loop,
    OnArrays,
    Pack,
    Place,
    Positions,
    Scatter,
    Sum,
    is_history,
    results_of,
)
from autograd.program.simplify import simplify
from autograd.program.tracing.applied import Applied, Result
from autograd.program.tracing.sorts import joined, of_sort, sort_of, sorted_as
from autograd.program.tracing.trace import Trace, Untraceable, kind_of_constant
from autograd.program.tracing.traced import Predicate, Traced, kind_of, make, place_operands

Step = Callable[[Any, list[Any], list[Any]], tuple[list[Any], list[Any], list[Any]]]


def apply(
    operation: OnArrays | Loop | Branch, operands: Sequence[Any], here: bool = True, sorts: Sequence[type] = ()
) -> list[Traced]:
    """Record an operation that is no row, and return the nodes of its results.

    It is recorded in the current trace; without `here`, in the innermost trace of its operands, as a row is. `sorts`
    are those of the first results of a loop or a branch, which differ from float.
    """
    trace, items = place_operands([float(op) if type(op) in (int, bool) else op for op in operands], here)
    kinds = tuple(item.kind if isinstance(item, Traced) else kind_of_constant(item) for item in items)
    results = results_of(operation, kinds)
    if not isinstance(operation, Loop | Branch):
        return [trace.append(Applied(operation), items, results[0], _sort_of_result(operation, operands))]
    node = trace.append(Applied(operation), items, results)
    found: list[Traced] | None = trace.shared.get((id(node), *sorts))
    if found is None:
        own = [*sorts, *[float] * (len(results) - len(sorts))]
        found = [make(trace, Result(i), (node,), kind, None, own[i]) for i, kind in enumerate(results)]
        trace.nodes += found
        trace.shared[(id(node), *sorts)] = found
    return found


def _sort_of_result(operation: OnArrays, operands: Sequence[Any]) -> type:
    if isinstance(operation, Positions):
        return int
    if isinstance(operation, Pack):
        return joined(map(sort_of, operands))
    if isinstance(operation, Place | Scatter):
        return joined(map(sort_of, operands[:2]))
    sort = sort_of(operands[0])
    return int if isinstance(operation, Sum) and sort is bool else sort


def part_kind(array: Any) -> tuple[int, ...]:
    """The kind of what stands at one position of an array's first axis."""
    shape = kind_of(array)
    assert shape
    return shape[1:]


def as_number(item: Any) -> Any:
    """What a body returns, as a number or an array: a predicate is 1.0 or 0.0."""
    if isinstance(item, Predicate):
        return sorted_as(table.where(item, 1.0, 0.0), bool)
    if isinstance(item, Traced):
        return item.itself
    return item if isinstance(item, Value) else real(item)


def _choose(predicate: Any, x: Any, y: Any) -> Any:
    """x where the predicate holds, y elsewhere; of predicates and of arrays, too."""
    if kind_of(x) or kind_of(y):
        if kind_of(x) != kind_of(y):
            raise TraceError("the branches of an `if` in a loop or batch return arrays of different shapes")
        return table.where(predicate, x, y)
    if isinstance(x, bool | Predicate) and isinstance(y, bool | Predicate):
        return (predicate & x) | (~predicate & y)
    return table.where(predicate, x, y)


class Body:
    """A function recorded in a trace of its own, on inputs of the given kinds."""

    def __init__(self, kinds: Sequence[Kind], branch: bool = False, sorts: Sequence[type] | None = None) -> None:
        self.trace = Trace(current().trace, branch)
        self.inputs = [self.trace.input(kind, sort) for kind, sort in zip(kinds, sorts or [float] * len(kinds))]

    def record(self, function: Callable[..., list[Any]]) -> list[Any]:
        return self.trace.explore(lambda: self.local(function(*self.inputs)), _choose)

    def bounds(self) -> list[Any]:
        """The bounds that are breached in the body, as numbers: 1.0 where one is, else 0.0."""
        with tracing(self.trace):
            return [table.where(breached, 1.0, 0.0) for breached, _ in self.trace.bounds.values()]

    @property
    def guards(self) -> list[Guard]:
        """What those are an error of."""
        return [guard for _, guard in self.trace.bounds.values()]

    def local(self, items: list[Any]) -> list[Any]:
        return [self._captured(item if isinstance(item, Predicate) else as_number(item)) for item in items]

    def _captured(self, item: Any) -> Any:
        if isinstance(item, Value):
            return self.trace.capture(item if isinstance(item, Traced) else self.trace.lift(item))
        return item

    def graph(self, outputs: list[Any], outside: list[Traced]) -> Graph:
        """The graph whose inputs are the declared ones, then one for each node outside."""
        own = dict(zip(map(id, self.trace.outside), self.trace.inputs[len(self.inputs) :]))
        return simplify(self.trace.graph(outputs, [*self.inputs, *(own.get(id(node), node.kind) for node in outside)]))


def _outside(bodies: Sequence[Body]) -> list[Traced]:
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
    sorts = [*map(sort_of, states)]
    states = [*map(as_number, states)]
    kinds = [kind_of(state) for state in states]
    parts = [part_kind(item) for item in slices]
    sizes = (0, 0)
    found: list[list[type]] = []

    def run(position: Any, *inputs: Any) -> list[Any]:
        nonlocal sizes
        new, stacked, sums = step(position, list(inputs[: len(states)]), list(inputs[len(states) :]))
        sizes = len(new), len(stacked)
        counts = [float if sort_of(item) is float else int for item in sums]
        found.append([*map(sort_of, [*new, *stacked]), *counts])
        return [*map(as_number, [*new, *stacked, *sums])]

    while True:
        body = Body([NUMBER, *kinds, *parts], sorts=[int, *sorts, *map(sort_of, slices)])
        outputs = body.record(run)
        sorts_of_results = [*map(joined, zip(*found))]
        new_sorts = [*map(joined, zip(sorts, sorts_of_results))]
        if new_sorts == sorts:
            break
        sorts = new_sorts  # what goes round is of another sort than at first: record the body once more
        found.clear()
        body.trace.close()
    outputs += body.bounds()
    guards = body.guards
    bodies = [body]
    if condition is not None:
        test = Body([NUMBER, *kinds], sorts=[int, *sorts])
        (holds,) = test.record(lambda position, *inputs: [condition(position, list(inputs))])
        bodies.append(test)
        if test.guards:
            raise Untraceable(
                "the condition of a while_loop reads a computed place of an array, or has max_trips in it: let its "
                "body do that, and carry the result as a state"
            )
    taken = current().trace.taken()  # on a way that is not, nothing says that the loop ends
    if count is not None and taken is not True:
        count = table.where(taken, count, 0.0)
    condition_graph = None
    if condition is not None:
        with tracing(test.trace):
            if type(holds) is not bool and not isinstance(holds, Predicate):
                holds = table.not_equal(holds, 0.0)
            if taken is not True:
                holds = table.logical_and(holds, test.trace.capture(taken))
    outside = _outside(bodies)
    if condition is not None:
        condition_graph = test.graph([holds], outside)
    operation = Loop(
        body.graph(outputs, outside), length, len(states), len(slices), sizes[1], condition_graph, count is not None,
        reverse,
    )
    for one in bodies:
        one.trace.close()
    operands = [*([] if count is None else [count]), *states, *slices, *outside]
    results = apply(operation, operands, sorts=[*sorts, *sorts_of_results[len(states) :]])
    first, second = len(states), len(states) + sizes[1]
    end = len(results) - (condition is not None) - len(guards)
    for flag, guard in zip(results[end:], guards):
        bound(table.greater(flag, 0.0), guard)
    trips = of_sort(results[-1], int) if condition is not None else None
    return results[:first], results[first:second], results[second:end], trips


def on_histories(function: Callable[..., Any], items: Sequence[Any]) -> Any:
    """What a function gives of the parts of histories, of as many trips each, and of numbers: the history of that."""
    places = [place for place, item in enumerate(items) if is_history(kind_of(item))]

    def step(_: Any, __: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        own = dict(zip(places, parts))
        return [], [function(*[own.get(place, item) for place, item in enumerate(items)])], []

    histories = [items[place] for place in places]
    return loop(step, None, slices=histories, count=_trips(histories[0]))[1][0]


Traced._on_histories = staticmethod(on_histories)


def _trips(history: Traced) -> Any:
    """How long a history is."""
    node, trace = history.itself, history.trace
    while node._primitive is table.identity:
        node = node.operands[0]
    if node._primitive is None:  # in a batch, one of the program around it
        return _trips(next(outer for outer in trace.outside if trace.captured[id(outer)] is node))
    (maker,) = node.operands
    made = maker._primitive.operation
    return maker.operands[0] if made.counted else trace.append(Result(len(maker.kind) - 1), (maker,), NUMBER, int)


def bound(breached: Any, guard: Guard) -> None:
    """Record that the program fails where the predicate holds, if it comes so far."""
    current().trace.bound(breached, guard)


def branch(
    predicate: Any, functions: Sequence[Callable[[], list[Any]]], encode: Callable[..., list[Any]] | None = None
) -> list[Any]:
    """Record a branch: what the first function returns where the predicate holds, else what the second returns.

    `encode(own, other)` turns what a function returned, beside what the other did, into the numbers to return.
    """
    bodies = [Body([], branch=True) for _ in functions]
    results = []
    sorts: list[list[type]] = []
    for body, function in zip(bodies, functions):
        found: list[list[Any]] = []

        def run(function: Callable[[], list[Any]] = function, found: list[list[Any]] = found) -> list[Any]:
            found.append(function())
            if encode is None:
                sorts.append([*map(sort_of, found[-1])])
            return found[-1] if encode is None else []

        recorded = body.record(run)
        results.append(recorded if encode is None else found[0])
    if encode is not None:
        for i, body in enumerate(bodies):
            with tracing(body.trace):
                results[i] = body.local(encode(results[i], results[1 - i]))
    outside = _outside(bodies)
    guards = [guard for body in bodies for guard in body.guards]
    flags = [body.bounds() for body in bodies]
    flags = [[*flags[0], *[0.0] * len(flags[1])], [*[0.0] * len(flags[0]), *flags[1]]]
    graphs = []
    for body, items, breached in zip(bodies, results, flags):
        with tracing(body.trace):
            items = [as_number(item) for item in (*items, *breached)]
        graphs.append(body.graph(items, outside))
        body.trace.close()
    kinds = [[graph.kinds[output] for output in graph.outputs] for graph in graphs]
    if kinds[0] != kinds[1]:
        raise TraceError("the two sides of a branch return different structures")
    made: list[Any] = [*apply(Branch(*graphs), [predicate, *outside], sorts=[*map(joined, zip(*sorts))])]
    end = len(made) - len(guards)
    for flag, guard in zip(made[end:], guards):
        bound(table.greater(flag, 0.0), guard)
    return made[:end]


def as_node(constant: Any) -> Any:
    """A constant of a graph as it is in a recording."""
    return current().trace.constant_array(constant) if isinstance(constant, ConstantArray) else constant


def replay(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """Record a graph's steps again, on other inputs."""
    values: list[Any] = [*inputs, *map(as_node, graph.constants)]
    for operation, operands in zip(graph.operations, graph.operands):
        arguments = [values[operand] for operand in operands]
        if isinstance(operation, Primitive):
            values.append(operation(*arguments))
        elif not isinstance(operation, Guard):
            values.extend(apply(operation, arguments, here=isinstance(operation, Loop | Branch)))
    return [values[output] for output in graph.outputs]
