"""`fused`: batches over the same positions joined into one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograd.program.graph import Graph, Guard, Kind, Loop
from autograd.program.simplify.builder import Builder, Step
from autograd.program.simplify.rewriting import copied


def fused(graph: Graph) -> Graph:
    """Batches of one length joined where neither needs the other, or only its part at the same position."""
    if sum(isinstance(operation, Loop) and operation.batch for operation in graph.operations) < 2:
        return graph
    steps = [Step(op, operands, list(results)) for op, operands, results in graph.steps()]
    position = 0
    while position < len(steps):
        if not _join(steps, position):
            position += 1
    builder = Builder(graph)
    values: dict[int, Any] = {value: value for value in range(graph.inputs)}
    values |= {graph.inputs + i: builder.constant(item) for i, item in enumerate(graph.constants)}
    for step in steps:
        taken = tuple(values[operand] for operand in step.operands)
        values.update(zip(step.results, builder.add(step.operation, taken)))
    return builder.graph([values[output] for output in graph.outputs])


def _join(steps: list[Step], first: int) -> bool:
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


def _depending(steps: list[Step], values: set[int]) -> set[int]:
    """Which of the steps, by their id, are computed from the values."""
    found = set()
    for step in steps:
        if not values.isdisjoint(step.operands):
            values.update(step.results)
            found.add(id(step))
    return found


def _joined(one: Step, two: Step) -> Step:
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
    builder = Builder(replace(a.body, kinds=kinds, inputs=len(kinds)))
    of_a = copied(builder, a.body, [
        0, *(place["slice", v] for v in one.operands[: a.sliced]),
        *(place["shared", v] for v in one.operands[a.sliced :]),
    ])
    of_b = copied(builder, b.body, [
        0, *(of_a[handed[v]] if v in handed else place["slice", v] for v in two.operands[: b.sliced]),
        *(place["shared", v] for v in two.operands[b.sliced :]),
    ])
    out_a, out_b = [of_a[v] for v in a.body.outputs], [of_b[v] for v in b.body.outputs]
    body = builder.graph([*out_a[: a.stacked], *out_b[: b.stacked], *out_a[a.stacked :], *out_b[b.stacked :]])
    joined = Loop(body, a.length, sliced=len(slices), stacked=a.stacked + b.stacked)
    results = [
        *one.results[: a.stacked], *two.results[: b.stacked], *one.results[a.stacked :], *two.results[b.stacked :]
    ]
    return Step(joined, (*slices, *shared), results)
