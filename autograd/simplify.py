"""Passes from graph to graph: the same numbers, bit for bit, with fewer steps.

- `rewritten`: what depends on constants alone is computed; x·1, x/1, x − 0, x + (−0.0), −(−x) and selects of one thing
  are replaced by x (never x·0 or x + 0.0, which are not x where it is nan, infinite or −0.0); equal steps become one;
- `fused`: batches over the same positions become one, which shares what both compute and keeps in registers what one
  hands to the other;
- `pruned`: steps that no output needs are dropped, and so are the states, sums and arrays of a loop that nobody uses.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import copysign
from typing import Any

from autograd import primitives
from autograd.graph import PREDICATE, Branch, ConstantArray, Graph, Guard, Kind, Loop, Operation, results_of
from autograd.rows import Primitive


def simplify(graph: Graph, log: Callable[[str, Graph], None] | None = None) -> Graph:
    """All passes, until nothing changes. `log` is told the name of each pass and what it gave."""
    nested = any(isinstance(operation, Loop | Branch) for operation in graph.operations)
    for _ in range(4):
        before = graph.size
        for pass_ in (rewritten, fused, pruned):
            graph = pass_(graph)
            if log is not None:
                log(pass_.__name__, graph)
        if not nested or graph.size == before:  # of rows alone, nothing new comes of a second time
            break
    return graph


@dataclass(slots=True)
class _Step:
    """A step under construction; its operands and results are values of a builder."""

    operation: Operation
    operands: tuple[Any, ...]
    results: list[int]


class _Constant:
    """A constant under construction: one object for each."""

    __slots__ = ("item", "order")

    item: Any

    def __init__(self, item: Any, order: int) -> None:
        self.item, self.order = item, order


class _Builder:
    """A graph under construction. A value is a whole number, or a constant; operands are made before they are used."""

    def __init__(self, graph: Graph) -> None:
        self.kinds: list[Kind] = list(graph.kinds[: graph.inputs])
        self.inputs = graph.inputs
        self.steps: list[_Step] = []
        self.constants: dict[Any, _Constant] = {}
        self.made: dict[int, _Step] = {}
        self.known: dict[Any, list[Any]] = {}

    def constant(self, item: Any) -> _Constant:
        key = struct.pack("d", item) if type(item) is float else item if not isinstance(item, bool) else repr(item)
        found = self.constants.get(key)
        if found is None:
            found = self.constants[key] = _Constant(item, ~len(self.constants))
        return found

    def kind(self, value: Any) -> Kind:
        if isinstance(value, _Constant):
            item = value.item
            return item.shape if isinstance(item, ConstantArray) else PREDICATE if type(item) is bool else ()
        kind: Kind = self.kinds[value]
        return kind

    def add(self, operation: Operation, operands: tuple[Any, ...]) -> list[Any]:
        """The results of a step, which is made where there is none like it."""
        key: Any = (operation, *operands)
        if type(operation) is Primitive:
            if operation in _COMMUTATIVE and _order(operands[0]) > _order(operands[1]):
                key = (operation, operands[1], operands[0])
        elif type(operation) is Loop:
            key = (replace(operation, save=False), *operands)
        elif type(operation) is Guard:
            key = object()
        known = self.known.get(key)
        if known is not None:
            if type(operation) is Loop:
                return self._of_known_loop(operation, self.made[known[0]])
            return known
        results: list[Any] = self.place(operation, operands)
        if results:
            self.known[key] = results
        return results

    def place(self, operation: Operation, operands: tuple[Any, ...]) -> list[int]:
        """The results of a new step."""
        if type(operation) is Primitive:
            results = [len(self.kinds)]
            self.kinds.append(PREDICATE if operation.predicate else ())
        else:
            results = self._values(results_of(operation, tuple(self.kind(operand) for operand in operands)))
        step = _Step(operation, operands, results)
        self.steps.append(step)
        for value in results:
            self.made[value] = step
        return results

    def _values(self, kinds: Iterable[Kind]) -> list[int]:
        first = len(self.kinds)
        self.kinds.extend(kinds)
        return list(range(first, len(self.kinds)))

    def _of_known_loop(self, operation: Loop, step: _Step) -> list[Any]:
        """The results of a loop that was made before, perhaps without saving its states."""
        known = step.operation
        assert isinstance(known, Loop)
        trips = int(operation.condition is not None)
        end = len(step.results) - trips
        if operation.save and not known.save:
            step.operation = operation
            kinds = results_of(operation, tuple(self.kind(operand) for operand in step.operands))
            saved = self._values(kinds[end : end + operation.carried])
            for value in saved:
                self.made[value] = step
            step.results[end:end] = saved
        elif known.save and not operation.save:
            last = len(step.results)
            return step.results[: last - trips - operation.carried] + step.results[last - trips :]
        return step.results

    def graph(self, outputs: Sequence[Any]) -> Graph:
        """The finished graph."""
        number: dict[Any, int] = {value: value for value in range(self.inputs)}
        constants: list[Any] = []
        for operand in (*(operand for step in self.steps for operand in step.operands), *outputs):
            if isinstance(operand, _Constant) and operand not in number:
                number[operand] = self.inputs + len(constants)
                constants.append(operand)
        kinds = [*self.kinds[: self.inputs], *map(self.kind, constants)]
        for step in self.steps:
            for value in step.results:
                number[value] = len(kinds)
                kinds.append(self.kinds[value])
        return Graph(
            tuple(kinds), self.inputs, tuple(constant.item for constant in constants),
            tuple(step.operation for step in self.steps),
            tuple(tuple(number[operand] for operand in step.operands) for step in self.steps),
            tuple(number[output] for output in outputs),
        )


def _order(value: Any) -> int:
    order: int = value.order if isinstance(value, _Constant) else value
    return order


_COMMUTATIVE = {
    primitives.add, primitives.multiply, primitives.equal, primitives.not_equal, primitives.logical_and,
    primitives.logical_or,
}


def rewritten(graph: Graph) -> Graph:
    """Constants folded, identities applied, equal steps shared."""
    builder = _Builder(graph)
    values = _copied(builder, graph, list(range(graph.inputs)))
    return builder.graph([values[output] for output in graph.outputs])


def _copied(builder: _Builder, graph: Graph, inputs: list[Any]) -> list[Any]:
    """Add a graph's steps to the builder, on these inputs; returns what each of its values has become."""
    values: list[Any] = [*inputs, *map(builder.constant, graph.constants)]
    for operation, operands in zip(graph.operations, graph.operands):
        taken = tuple(values[operand] for operand in operands)
        if type(operation) is Primitive:
            values.append(_row(builder, operation, taken))
        elif type(operation) is Loop:
            values.extend(_loop(builder, operation, taken))
        elif type(operation) is Branch:
            values.extend(_branch(builder, operation, taken))
        else:
            values.extend(builder.add(operation, taken))
    return values


def _row(builder: _Builder, row: Primitive, operands: tuple[Any, ...]) -> Any:
    """The value of a row: a constant, an operand, or a step."""
    if all(isinstance(operand, _Constant) for operand in operands):
        return builder.constant(row.evaluate(*(operand.item for operand in operands)))
    rule = _IDENTITIES.get(row)
    if rule is not None:
        value = rule(builder, *operands)
        if value is not None:
            return value
    return builder.add(row, operands)[0]


def _is(operand: Any, number: float) -> bool:
    """Whether it is this constant, with its sign."""
    if not isinstance(operand, _Constant) or type(operand.item) is not float or operand.item != number:
        return False
    return copysign(1.0, operand.item) == copysign(1.0, number)


def _of(builder: _Builder, value: Any, row: Primitive) -> tuple[Any, ...] | None:
    """The operands of the step of this row that made the value."""
    step = None if isinstance(value, _Constant) else builder.made.get(value)
    return step.operands if step is not None and step.operation is row else None


def _add(_: _Builder, x: Any, y: Any) -> Any:
    return x if _is(y, -0.0) else y if _is(x, -0.0) else None


def _subtract(_: _Builder, x: Any, y: Any) -> Any:
    return x if _is(y, 0.0) else None


def _multiply(builder: _Builder, x: Any, y: Any) -> Any:
    for one, other in ((x, y), (y, x)):
        if _is(one, 1.0):
            return other
        if _is(one, -1.0):
            return _row(builder, primitives.negative, (other,))
    return None


def _divide(_: _Builder, x: Any, y: Any) -> Any:
    return x if _is(y, 1.0) else None


def _negative(builder: _Builder, x: Any) -> Any:
    inner = _of(builder, x, primitives.negative)
    return inner[0] if inner else None


def _absolute(builder: _Builder, x: Any) -> Any:
    inner = _of(builder, x, primitives.negative)
    return _row(builder, primitives.absolute, inner) if inner else None


def _power(builder: _Builder, x: Any, y: Any) -> Any:
    return x if _is(y, 1.0) else _row(builder, primitives.multiply, (x, x)) if _is(y, 2.0) else None


def _where(builder: _Builder, condition: Any, x: Any, y: Any) -> Any:
    if isinstance(condition, _Constant):
        return x if condition.item else y
    if x is y or x == y:
        return x
    inner = _of(builder, condition, primitives.logical_not)
    if inner:
        return _row(builder, primitives.where, (inner[0], y, x))
    then, otherwise = _of(builder, x, primitives.where), _of(builder, y, primitives.where)
    if then and then[0] == condition:
        return _row(builder, primitives.where, (condition, then[1], y))
    if otherwise and otherwise[0] == condition:
        return _row(builder, primitives.where, (condition, x, otherwise[2]))
    left, right = _of(builder, x, primitives.multiply), _of(builder, y, primitives.multiply)
    if left and right and left[1] == right[1]:  # choose before the product, which then waits for one thing less
        factor = _row(builder, primitives.where, (condition, left[0], right[0]))
        return _row(builder, primitives.multiply, (factor, left[1]))
    return None


def _not_equal(builder: _Builder, x: Any, y: Any) -> Any:
    """A predicate that was written as 1.0 or 0.0 is itself again."""
    choice = _of(builder, x, primitives.where)
    if choice and _is(y, 0.0) and _is(choice[1], 1.0) and _is(choice[2], 0.0) and builder.kind(choice[0]) is PREDICATE:
        return choice[0]
    return None


def _and(builder: _Builder, x: Any, y: Any) -> Any:
    return _connective(builder, x, y, True)


def _or(builder: _Builder, x: Any, y: Any) -> Any:
    return _connective(builder, x, y, False)


def _connective(builder: _Builder, x: Any, y: Any, neutral: bool) -> Any:
    if builder.kind(x) is not PREDICATE or builder.kind(y) is not PREDICATE:
        return None
    if x == y:
        return x
    for one, other in ((x, y), (y, x)):
        if isinstance(one, _Constant):
            return other if one.item is neutral else one
        if _of(builder, one, primitives.logical_not) == (other,):
            return builder.constant(not neutral)
    return None


def _not(builder: _Builder, x: Any) -> Any:
    inner = _of(builder, x, primitives.logical_not)
    return inner[0] if inner and builder.kind(inner[0]) is PREDICATE else None


_IDENTITIES: dict[Primitive, Callable[..., Any]] = {
    primitives.add: _add,
    primitives.subtract: _subtract,
    primitives.multiply: _multiply,
    primitives.divide: _divide,
    primitives.negative: _negative,
    primitives.absolute: _absolute,
    primitives.power: _power,
    primitives.where: _where,
    primitives.not_equal: _not_equal,
    primitives.logical_and: _and,
    primitives.logical_or: _or,
    primitives.logical_not: _not,
    primitives.identity: lambda builder, x: x,
    primitives.stop_gradient: lambda builder, x: x,
}


def _loop(builder: _Builder, loop: Loop, operands: tuple[Any, ...]) -> list[Any]:
    """A loop: constants that all trips share go into the body, and what is shared twice goes in once."""
    first = int(loop.counted) + loop.carried + loop.sliced
    own, shared = operands[:first], operands[first:]
    start = 1 + loop.carried + loop.sliced
    rest = list(dict.fromkeys(item for item in shared if not _is_number(item)))
    if len(rest) < len(shared):
        body = _with_shared(loop.body, start, shared, rest)
        condition = loop.condition
        if condition is not None:
            condition = _with_shared(condition, 1 + loop.carried, shared, rest)
        loop = replace(loop, body=body, condition=condition)
    return builder.add(loop, (*own, *rest))


def _is_number(value: Any) -> bool:
    return isinstance(value, _Constant) and not isinstance(value.item, ConstantArray)


def _with_shared(graph: Graph, start: int, shared: Sequence[Any], rest: list[Any]) -> Graph:
    """The body with the inputs from `start` on replaced: constants where they are numbers, else those in `rest`."""
    kind_by_value = {item: graph.kinds[start + i] for i, item in enumerate(shared)}
    kinds = (*graph.kinds[:start], *(kind_by_value[item] for item in rest))
    builder = _Builder(replace(graph, kinds=kinds, inputs=len(kinds)))
    place = {item: start + i for i, item in enumerate(rest)}
    inputs = [*range(start), *(builder.constant(item.item) if _is_number(item) else place[item] for item in shared)]
    values = _copied(builder, graph, inputs)
    return builder.graph([values[output] for output in graph.outputs])


def _branch(builder: _Builder, branch: Branch, operands: tuple[Any, ...]) -> list[Any]:
    predicate, *shared = operands
    if isinstance(predicate, _Constant):
        graph = branch.then if predicate.item else branch.otherwise
        values = _copied(builder, graph, shared)
        return [values[output] for output in graph.outputs]
    rest = list(dict.fromkeys(item for item in shared if not _is_number(item)))
    if len(rest) < len(shared):
        branch = Branch(*(_with_shared(graph, 0, shared, rest) for graph in branch.graphs))
    return builder.add(branch, (predicate, *rest))


# Fusing batches.


def fused(graph: Graph) -> Graph:
    """Batches of one length joined where neither needs the other, or only its part at the same position."""
    if sum(isinstance(operation, Loop) and operation.batch for operation in graph.operations) < 2:
        return graph
    steps = [_Step(op, operands, list(results)) for op, operands, results in graph.steps()]
    position = 0
    while position < len(steps):
        if not _join(steps, position):
            position += 1
    builder = _Builder(graph)
    values: dict[int, Any] = {value: value for value in range(graph.inputs)}
    values |= {graph.inputs + i: builder.constant(item) for i, item in enumerate(graph.constants)}
    for step in steps:
        taken = tuple(values[operand] for operand in step.operands)
        values.update(zip(step.results, builder.add(step.operation, taken)))
    return builder.graph([values[output] for output in graph.outputs])


def _join(steps: list[_Step], first: int) -> bool:
    """Join the batch at `first` with a later one, if there is any that it can be joined with."""
    one = steps[first]
    if not isinstance(one.operation, Loop) or not one.operation.batch:
        return False
    stacked = set(one.results[: one.operation.stacked])
    after = set(one.results)
    for place in range(first + 1, len(steps)):
        step = steps[place]
        loop = step.operation
        if isinstance(loop, Guard):  # what comes after is not computed where it fails
            return False
        if isinstance(loop, Loop) and loop.batch and loop.length == one.operation.length:
            slices, shared = step.operands[: loop.sliced], step.operands[loop.sliced :]
            if not any(item in after and item not in stacked for item in slices) and not after.intersection(shared):
                between = steps[first + 1 : place]
                depending = _depending(between, set(one.results))
                steps[first : place + 1] = [
                    *(item for item in between if id(item) not in depending),
                    _joined(one, step),
                    *(item for item in between if id(item) in depending),
                ]
                return True
        if after.intersection(step.operands):
            after.update(step.results)
    return False


def _depending(steps: list[_Step], values: set[int]) -> set[int]:
    """Which of the steps, by their id, are computed from the values."""
    found = set()
    for step in steps:
        if not values.isdisjoint(step.operands):
            values.update(step.results)
            found.add(id(step))
    return found


def _joined(one: _Step, two: _Step) -> _Step:
    """One batch that does what two did."""
    a, b = one.operation, two.operation
    assert isinstance(a, Loop)
    assert isinstance(b, Loop)
    handed = dict(zip(one.results[: a.stacked], a.body.outputs))  # what the first stacks, as values of its body
    slices = list(dict.fromkeys([*one.operands[: a.sliced], *(v for v in two.operands[: b.sliced] if v not in handed)]))
    shared = list(dict.fromkeys([*one.operands[a.sliced :], *two.operands[b.sliced :]]))
    kind_of: dict[int, Kind] = {}
    for loop, step in ((a, one), (b, two)):
        for i, operand in enumerate(step.operands):
            kind_of[operand] = loop.body.kinds[1 + i]
    place: dict[Any, int] = {("slice", item): 1 + i for i, item in enumerate(slices)}
    place |= {("shared", item): 1 + len(slices) + i for i, item in enumerate(shared)}
    kinds = ((), *(kind_of[item] for item in slices), *(kind_of[item] for item in shared))
    builder = _Builder(replace(a.body, kinds=kinds, inputs=len(kinds)))
    of_a = _copied(builder, a.body, [
        0, *(place["slice", v] for v in one.operands[: a.sliced]),
        *(place["shared", v] for v in one.operands[a.sliced :]),
    ])
    of_b = _copied(builder, b.body, [
        0, *(of_a[handed[v]] if v in handed else place["slice", v] for v in two.operands[: b.sliced]),
        *(place["shared", v] for v in two.operands[b.sliced :]),
    ])
    out_a, out_b = [of_a[v] for v in a.body.outputs], [of_b[v] for v in b.body.outputs]
    body = builder.graph([*out_a[: a.stacked], *out_b[: b.stacked], *out_a[a.stacked :], *out_b[b.stacked :]])
    joined = Loop(body, a.length, sliced=len(slices), stacked=a.stacked + b.stacked)
    results = [
        *one.results[: a.stacked], *two.results[: b.stacked], *one.results[a.stacked :], *two.results[b.stacked :]
    ]
    return _Step(joined, (*slices, *shared), results)


# Dead code.


def pruned(graph: Graph) -> Graph:
    """Only what the outputs and the guards need."""
    steps = list(graph.steps())
    needed = set(graph.outputs)
    kept: list[tuple[Operation, tuple[int, ...], list[int]]] = []
    for operation, operands, results in reversed(steps):
        if type(operation) is not Guard and needed.isdisjoint(results):
            continue
        taken, made = operands, list(results)
        if type(operation) is Loop:
            operation, taken, made = _pruned_loop(operation, operands, made, needed)
        elif type(operation) is Branch:
            operation, taken, made = _pruned_branch(operation, operands, made, needed)
        needed.update(taken)
        kept.append((operation, taken, made))
    if len(kept) == len(steps) and all(a[0] is b[0] for a, b in zip(reversed(kept), steps)):
        return graph
    builder = _Builder(graph)
    values: dict[int, Any] = {value: value for value in range(graph.inputs)}
    values |= {graph.inputs + i: builder.constant(item) for i, item in enumerate(graph.constants)}
    for operation, taken, made in reversed(kept):
        values.update(zip(made, builder.place(operation, tuple([values[operand] for operand in taken]))))
    return builder.graph([values[output] for output in graph.outputs])


def _inputs_needed(graph: Graph, outputs: Iterable[int]) -> set[int]:
    """The inputs from which these values are computed."""
    needed = set(outputs)
    for operation, operands, results in reversed(list(graph.steps())):
        if type(operation) is Guard or needed.intersection(results):
            needed.update(operands)
    return {value for value in needed if value < graph.inputs}


def _restricted(graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    """The graph with some of its inputs and outputs."""
    kinds = tuple(graph.kinds[value] for value in inputs)
    builder = _Builder(replace(graph, kinds=kinds, inputs=len(kinds)))
    place = {value: i for i, value in enumerate(inputs)}
    kept = pruned(replace(graph, outputs=tuple(outputs)))
    # An input that is not there feeds only steps that have been dropped.
    values = _copied(builder, kept, [place.get(value, 0) for value in range(graph.inputs)])
    return builder.graph([values[output] for output in kept.outputs])


def _pruned_loop(
    loop: Loop, operands: tuple[int, ...], results: list[int], needed: set[int]
) -> tuple[Loop, tuple[int, ...], list[int]]:
    first = int(loop.counted)
    carried, sliced, stacked = loop.carried, loop.sliced, loop.stacked
    outputs = loop.body.outputs
    sums = len(outputs) - carried - stacked
    used = [result in needed for result in results]
    end = carried + stacked + sums
    saved_used = [loop.save and used[end + i] for i in range(carried)]
    live = {i for i in range(carried) if used[i] or saved_used[i]}
    parts = [i for i in range(stacked) if used[carried + i]]
    terms = [i for i in range(sums) if used[carried + stacked + i]]
    condition_inputs = set() if loop.condition is None else _inputs_needed(loop.condition, loop.condition.outputs)
    live |= {value - 1 for value in condition_inputs if 1 <= value <= carried}
    while True:
        wanted = [*(outputs[i] for i in sorted(live)), *(outputs[carried + i] for i in parts),
                  *(outputs[carried + stacked + i] for i in terms)]
        body_inputs = _inputs_needed(loop.body, wanted)
        more = {value - 1 for value in body_inputs if 1 <= value <= carried} - live
        if not more:
            break
        live |= more
    states = sorted(live)
    save = any(saved_used)
    slices = [i for i in range(sliced) if 1 + carried + i in body_inputs]
    offset = 1 + carried + sliced
    shared = [
        i for i in range(len(operands) - first - carried - sliced)
        if offset + i in body_inputs or 1 + carried + i in condition_inputs
    ]
    unchanged = (
        len(states) == carried and len(slices) == sliced and len(parts) == stacked and len(terms) == sums
        and len(shared) == len(operands) - first - carried - sliced and save == loop.save
    )
    if unchanged:
        return loop, operands, results
    body = _restricted(
        loop.body,
        [0, *(1 + i for i in states), *(1 + carried + i for i in slices), *(offset + i for i in shared)], wanted,
    )
    condition = loop.condition
    if condition is not None:
        condition = _restricted(
            condition, [0, *(1 + i for i in states), *(1 + carried + i for i in shared)], condition.outputs
        )
    new = replace(
        loop, body=body, condition=condition, carried=len(states), sliced=len(slices), stacked=len(parts), save=save
    )
    taken = (*operands[:first], *(operands[first + i] for i in states),
             *(operands[first + carried + i] for i in slices),
             *(operands[first + carried + sliced + i] for i in shared))
    made = [*(results[i] for i in states), *(results[carried + i] for i in parts),
            *(results[carried + stacked + i] for i in terms)]
    if save:
        made += [results[end + i] for i in states]
    if condition is not None:
        made.append(results[-1])
    return new, taken, made


def _pruned_branch(
    branch: Branch, operands: tuple[int, ...], results: list[int], needed: set[int]
) -> tuple[Branch, tuple[int, ...], list[int]]:
    used = [i for i, result in enumerate(results) if result in needed]
    wanted = [[graph.outputs[i] for i in used] for graph in branch.graphs]
    inputs = sorted(set().union(*(_inputs_needed(graph, out) for graph, out in zip(branch.graphs, wanted))))
    if len(used) == len(results) and len(inputs) == len(operands) - 1:
        return branch, operands, results
    graphs = [_restricted(graph, inputs, out) for graph, out in zip(branch.graphs, wanted)]
    return Branch(*graphs), (operands[0], *(operands[1 + i] for i in inputs)), [results[i] for i in used]
