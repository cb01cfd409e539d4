"""`rewritten`: constants folded, identities that are exact in IEEE-754 applied, equal steps shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.primitives.row import Primitive
from autograd.program.graph import NUMBER, Branch, Graph, Loop, Operation, Pack, View, repeating
from autograd.program.simplify.arrays import known, without_repeats
from autograd.program.simplify.builder import Builder, Constant, Preserves
from autograd.program.simplify.rewriting import is_number, row_of


def rewritten(graph: Graph, preserves: Preserves = Preserves.DERIVATIVES) -> Graph:
    """Constants folded, identities applied, equal steps shared."""
    builder = Builder(graph, preserves)
    values = copied(builder, graph, list(range(graph.inputs)))
    return builder.graph([values[output] for output in graph.outputs])


def copied(builder: Builder, graph: Graph, inputs: list[Any]) -> list[Any]:
    """Add a graph's steps to the builder, on these inputs; returns what each of its values has become."""
    values: list[Any] = [*inputs, *map(builder.constant, graph.constants)]
    for operation, operands in zip(graph.operations, graph.operands):
        taken = tuple(values[operand] for operand in operands)
        if type(operation) is Loop:
            values.extend(_loop(builder, operation, taken))
        elif type(operation) is Branch:
            values.extend(_branch(builder, operation, taken))
        elif (found := _on_arrays(builder, operation, taken)) is not None:
            values.append(found)
        elif type(operation) is Primitive:
            values.append(row_of(builder, operation, taken))
        else:
            values.extend(builder.add(operation, taken))
    return values


def _on_arrays(builder: Builder, operation: Operation, operands: tuple[Any, ...]) -> Any:
    if not isinstance(operation, Pack) and not any(map(builder.kind, operands)):
        return None
    found = known(builder, operation, operands)
    return without_repeats(builder, operation, operands) if found is None else found


def _loop(builder: Builder, loop: Loop, operands: tuple[Any, ...]) -> list[Any]:
    """A loop: constants that all trips share go into the body, and what is shared twice goes in once."""
    first = int(loop.counted) + loop.carried + loop.sliced
    own, shared = operands[:first], operands[first:]
    start = 1 + loop.carried + loop.sliced
    rest = list(dict.fromkeys(item for item in shared if not is_number(item)))
    if len(rest) < len(shared):
        body = _with_shared(loop.body, start, shared, rest)
        condition = loop.condition
        if condition is not None:
            condition = _with_shared(condition, 1 + loop.carried, shared, rest)
        loop = replace(loop, body=body, condition=condition)
    if loop.counted or loop.condition is not None:
        return builder.add(loop, (*own, *rest))
    return _stacked_where_needed(builder, loop, (*own, *rest))


def _stacked_where_needed(builder: Builder, loop: Loop, operands: tuple[Any, ...]) -> list[Any]:
    """A loop that makes all of its trips: what it would stack that it takes, or a number spread over an array, is shown
    by a view of what it takes, or of the stacked numbers.
    """
    body, first, end = loop.body, loop.carried, loop.carried + loop.stacked
    kinds: Any = body.kinds
    stacked = body.outputs[first:end]
    spread = {
        results[0]: taken[0]
        for operation, taken, results in body.steps()
        if isinstance(operation, View) and kinds[taken[0]] == NUMBER
    }
    sources = [spread.get(output, output) for output in stacked]
    known: dict[int, Any] = dict(enumerate(operands[first:], 1 + first))
    known |= {body.inputs + i: builder.constant(item) for i, item in enumerate(body.constants)}
    stacks = list(dict.fromkeys(source for source in sources if source not in known))
    outputs = (*body.outputs[:first], *stacks, *body.outputs[end:])
    made = builder.add(replace(loop, body=replace(body, outputs=outputs), stacked=len(stacks)), operands)
    known |= dict(zip(stacks, made[first:]))
    shown = []
    for source, output in zip(sources, stacked):
        shape = (loop.length, *kinds[output])
        item, repeats = known[source], [0] * len(kinds[output])
        if source not in stacks and source > first + loop.sliced:  # the same in each trip
            item = builder.add(repeating(kinds[source], shape), (item,))[0]
        elif source != output:  # a number in each trip, spread over an array
            item = builder.add(View(shape, (0, *[-1 for _ in repeats]), (1, *repeats), (0,)), (item,))[0]
        shown.append(item)
    return [*made[:first], *shown, *made[first + len(stacks) :]]


def _with_shared(graph: Graph, start: int, shared: Sequence[Any], rest: list[Any]) -> Graph:
    """The body with the inputs from `start` on replaced: constants where they are numbers, else those in `rest`."""
    kind_by_value = {item: graph.kinds[start + i] for i, item in enumerate(shared)}
    kinds = (*graph.kinds[:start], *(kind_by_value[item] for item in rest))
    builder = Builder(replace(graph, kinds=kinds, inputs=len(kinds)))
    place = {item: start + i for i, item in enumerate(rest)}
    inputs = [*range(start), *(builder.constant(item.item) if is_number(item) else place[item] for item in shared)]
    values = copied(builder, graph, inputs)
    return builder.graph([values[output] for output in graph.outputs])


def _branch(builder: Builder, branch: Branch, operands: tuple[Any, ...]) -> list[Any]:
    predicate, *shared = operands
    if isinstance(predicate, Constant):
        graph = branch.then if predicate.item else branch.otherwise
        values = copied(builder, graph, shared)
        return [values[output] for output in graph.outputs]
    rest = list(dict.fromkeys(item for item in shared if not is_number(item)))
    if len(rest) < len(shared):
        branch = Branch(*(_with_shared(graph, 0, shared, rest) for graph in branch.graphs))
    return builder.add(branch, (predicate, *rest))
