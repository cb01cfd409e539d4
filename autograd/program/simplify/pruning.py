"""`pruned`: only the steps, and of loops only the states, sums and arrays, that an output or a guard needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from autograd.program.graph import Branch, Graph, Guard, Loop, Operation
from autograd.program.simplify.builder import Builder
from autograd.program.simplify.copying import copied


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
    builder = Builder(graph)
    values: dict[int, Any] = {value: value for value in range(graph.inputs)}
    values |= {graph.inputs + i: builder.constant(item) for i, item in enumerate(graph.constants)}
    for operation, taken, made in reversed(kept):
        values.update(zip(made, builder.place(operation, tuple([values[operand] for operand in taken]))))
    return builder.graph([values[output] for output in graph.outputs])


def _inputs_needed(graph: Graph, outputs: Iterable[int]) -> set[int]:
    """The inputs of a body from which these values are computed."""
    needed = set(outputs)
    for _, operands, results in reversed(list(graph.steps())):
        if needed.intersection(results):
            needed.update(operands)
    return {value for value in needed if value < graph.inputs}


def _restricted(graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    """The graph with some of its inputs and outputs."""
    kinds = tuple(graph.kinds[value] for value in inputs)
    builder = Builder(replace(graph, kinds=kinds, inputs=len(kinds)))
    place = {value: i for i, value in enumerate(inputs)}
    kept = pruned(replace(graph, outputs=tuple(outputs)))
    # An input that is not there feeds only steps that have been dropped.
    values = copied(builder, kept, [place.get(value, 0) for value in range(graph.inputs)])
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
    taken = (*operands[:first], *(operands[first + i] for i in states),
             *(operands[first + carried + i] for i in slices),
             *(operands[first + carried + sliced + i] for i in shared))
    if len(wanted) == len(outputs) and len(taken) == len(operands) and save == loop.save:
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
