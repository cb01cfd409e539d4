"""How loops, batches, branches and arrays are differentiated.

The derivative of a loop is a loop. In reverse it runs backwards over the states that the forward loop saved; where they
would take too much memory the loop is first split (`checkpoints`). The body's own derivative is recorded by replaying
its graph.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from autograd.engine.recording import current
from autograd.engine.sweep import dependent, differentiable_reverse_sweep, forward_sweep, topological_order
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.primitives import table
from autograd.program.graph import Branch, Graph, Kind, Loop
from autograd.program.tracing.absence import where_absent
from autograd.program.tracing.applied import Bundle
from autograd.program.tracing.arrays.derivatives import (
    ABSENT,
    decode,
    encode,
    form_of,
    join,
    plus,
    put_together,
    taken_apart,
    whole_of,
)
from autograd.program.tracing.arrays.rules import PULLS, PUSHES
from autograd.program.tracing.checkpoints import chunk_of, in_chunks
from autograd.program.tracing.structured import apply, branch, loop, part_kind, replay
from autograd.program.tracing.trace import rules_within_reach
from autograd.program.tracing.traced import Traced, kind_of


class _Replay:
    """A graph recorded again on fresh nodes, to be swept in either direction."""

    def __init__(self, graph: Graph, inputs: Sequence[Any]) -> None:
        trace = current().trace
        self.leaves = [trace.fresh(item) for item in inputs]
        self.results = replay(graph, self.leaves)
        self.order = topological_order([item for item in self.results if isinstance(item, Value)], stop=self.leaves)

    def pull(self, seeds: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """The derivatives with respect to the wanted inputs; None where one is absent."""
        active = dependent(self.order, [leaf for leaf, yes in zip(self.leaves, wanted) if yes])
        pairs = [(node, seed) for node, seed in zip(self.results, seeds) if seed is not None and node in active]
        with rules_within_reach():
            cotangents: dict[Any, Any] = differentiable_reverse_sweep(self.order, pairs, None, active)
        return [cotangents.get(leaf) for leaf in self.leaves]

    def push(self, seeds: Sequence[Any]) -> list[Any]:
        moving = {leaf: seed for leaf, seed in zip(self.leaves, seeds) if seed is not None}
        with rules_within_reach():
            tangents: dict[Any, Any] = forward_sweep(self.order, moving, True)
        return [tangents.get(item) if isinstance(item, Value) else None for item in self.results]


# The rules.


def pull(node: Traced, cotangent: Any, active: Collection[Any]) -> list[tuple[Any, Any]]:
    """The shares of a node's operands in its cotangent: one step of the reverse sweep."""
    operation = node._primitive.operation
    wanted = [isinstance(item, Traced) and item in active for item in node.operands]
    shares: Sequence[Any]
    if isinstance(operation, Branch):
        shares = [None, *_pull_branch(operation, node.operands, cotangent, wanted)]
    elif isinstance(operation, Loop):
        shares = _pull_loop(operation, node.operands, cotangent, wanted)
    else:
        shares = PULLS[type(operation)](operation, node, cotangent)
    return [
        (operand, share) for operand, share, yes in zip(node.operands, shares, wanted) if yes and share is not None
    ]


def push(node: Traced, tangents: dict[Any, Any]) -> Any:
    """The tangent of a node, from those of its operands: one step of the forward sweep."""
    operation = node._primitive.operation
    seeds: list[Any] = [tangents.get(item) if isinstance(item, Traced) else None for item in node.operands]
    if isinstance(operation, Branch):
        return Bundle(_push_branch(operation, node.operands, seeds))
    if isinstance(operation, Loop):
        return Bundle(_push_loop(operation, node.operands, seeds))
    return PUSHES[type(operation)](operation, node, seeds)


class _Parts:
    """A loop's operands by their roles, but for its count; or what there is for each of them."""

    def __init__(self, op: Loop, items: Sequence[Any]) -> None:
        self.states = list(items[: op.carried])
        self.slices = list(items[op.carried : op.carried + op.sliced])
        self.shared = list(items[op.carried + op.sliced :])
        outputs = [op.body.kinds[output] for output in op.body.outputs]
        self.stacked = outputs[op.carried : op.carried + op.stacked]
        self.sums = outputs[op.carried + op.stacked :]


def _pull_loop(op: Loop, operands: Sequence[Any], cotangent: Bundle, wanted: Sequence[bool]) -> list[Any]:
    chunk = chunk_of(op)
    if chunk and all(i < op.carried for i in cotangent.parts):
        return _Replay(in_chunks(op, chunk), operands).pull([cotangent.parts.get(i) for i in range(op.carried)], wanted)
    first = int(op.counted)
    parts, asked = _Parts(op, operands[first:]), _Parts(op, wanted[first:])
    given = cotangent.parts
    state_seeds = [given.get(i) for i in range(op.carried)]
    stack_seeds = [given.get(op.carried + i) for i in range(op.stacked)]
    place = op.carried + op.stacked
    sum_seeds = [given.get(place + i) for i in range(len(parts.sums))]
    place += len(parts.sums)
    saved_seeds = [given.get(place + i) for i in range(op.carried)]  # none where they were not saved
    saved: list[Any] = []
    count = operands[0] if op.counted else None
    if op.carried:  # as every loop with a condition has, for nothing else of it is differentiated
        results = apply(replace(op, save=True), operands, here=op.free)  # for a history stays where it is made
        trips = int(op.condition is not None)
        saved = results[len(results) - op.carried - trips : len(results) - trips]
        count = results[-1] if trips else count
    state_kinds = [kind_of(state) for state in parts.states]
    slice_kinds = [part_kind(item) for item in parts.slices]
    shared_kinds: list[Any] = [kind_of(item) for item in parts.shared]
    # What a position's derivatives are multiplied with comes in as parts of arrays.
    arrays, array_codes = [], []
    array_kinds = [*parts.stacked, *state_kinds]
    for seed, kind in zip((*stack_seeds, *saved_seeds), array_kinds):
        array_codes.append(form_of(seed))
        arrays += encode(seed, array_codes[-1], op.stack(kind))
    codes = [form_of(seed) for seed in state_seeds]
    shared_codes: list[int] = [ABSENT] * len(parts.shared)
    slice_codes: list[int] = []
    layouts: list[Any] = [None] * len(parts.shared)
    summed = op.batch  # a batch sums what its samples share; a loop adds it up as it goes

    def step(position: Any, states: list[Any], pieces: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        nonlocal codes, shared_codes, slice_codes, layouts
        before, own = pieces[: op.carried], pieces[op.carried : op.carried + op.sliced]
        carried, rest = iter(states), iter(pieces[op.carried + op.sliced :])
        seeds = [decode(carried, code, kind) for code, kind in zip(codes, state_kinds)]
        extra = iter([decode(rest, code, kind) for code, kind in zip(array_codes, array_kinds)])
        again = _Replay(op.body, [position, *before, *own, *parts.shared])
        found = _Parts(op, again.pull(
            [*seeds, *islice(extra, op.stacked), *sum_seeds],
            [False, *[True] * op.carried, *asked.slices, *asked.shared],
        )[1:])  # fmt: skip
        new = [plus(a, b) for a, b in zip(found.states, extra)]
        next_codes = [join(code, form_of(item)) for code, item in zip(codes, new)]
        next_shared = [form_of(item) for item in found.shared]
        slice_codes = [form_of(item) for item in found.slices]
        stacked = _encoded(found.slices, slice_codes, slice_kinds)
        if summed:  # what the samples read at computed places is added there, once, after all of them
            apart = [taken_apart(item) for item in found.shared]
            layouts = [None if item is None else item[1] for item in apart]
            others = [item if of is None else None for item, of in zip(found.shared, apart)]
            shared_codes = [*map(form_of, others)]
            stacked += [number for item in apart if item is not None for number in item[0]]
            return [], stacked, _encoded(others, shared_codes, shared_kinds, -0.0)
        if (next_codes, next_shared) != (codes, shared_codes):
            codes, shared_codes = next_codes, next_shared
            raise _Again
        totals = [decode(carried, code, kind) for code, kind in zip(shared_codes, shared_kinds)]
        new_states = _encoded(new, codes, state_kinds)
        new_states += _encoded([*map(plus, totals, found.shared)], shared_codes, shared_kinds)
        return new_states, stacked, []

    while True:
        start = _encoded(state_seeds, codes, state_kinds)
        start += _encoded([None] * len(parts.shared), shared_codes, shared_kinds, -0.0)
        try:
            final, stacks, sums, _ = loop(
                step, op.length, start, [*saved, *parts.slices, *arrays], count=count,
                reverse=not op.reverse and not op.batch,
            )
            break
        except _Again:
            pass
    ends, stacked_items = iter(final), iter(stacks)
    of_states = [decode(ends, code, kind) for code, kind in zip(codes, state_kinds)]
    of_slices = [decode(stacked_items, code, kind_of(item)) for code, item in zip(slice_codes, parts.slices)]
    totals = iter(sums) if summed else ends
    of_shared = [
        put_together(stacked_items, layout, kind) if layout is not None else decode(totals, code, kind)
        for layout, code, kind in zip(layouts, shared_codes, shared_kinds)
    ]
    if count is not None:  # what a body takes from around it contributes nothing where no trip is made
        ran = table.greater(count, 0.0)
        of_shared = [where_absent(ran, whole_of(item), None) for item in of_shared]
    return [*[None] * first, *of_states, *of_slices, *of_shared]


def _encoded(items: Sequence[Any], codes: Sequence[int], kinds: Sequence[Kind], zero: float = 0.0) -> list[Any]:
    """The numbers that carry several derivatives."""
    return [number for item, code, kind in zip(items, codes, kinds) for number in encode(item, code, kind, zero)]


class _Again(TraceError):
    """A derivative that goes round the loop needs another form than was assumed: record the body once more."""


def _push_loop(op: Loop, operands: Sequence[Any], seeds: Sequence[Any]) -> dict[int, Any]:
    first = int(op.counted)
    parts, moving = _Parts(op, operands[first:]), _Parts(op, seeds[first:])
    state_kinds = [kind_of(state) for state in parts.states]
    slice_kinds = [part_kind(item) for item in parts.slices]
    array_codes = [*map(form_of, moving.slices)]
    arrays = _encoded(moving.slices, array_codes, [*map(kind_of, parts.slices)])
    codes = [form_of(seed) for seed in moving.states]
    stack_codes: list[int] = []
    sum_codes: list[int] = []

    def step(position: Any, states: list[Any], pieces: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        nonlocal codes, stack_codes, sum_codes
        carried, rest = iter(states[op.carried :]), iter(pieces[op.sliced :])
        along = [decode(carried, code, kind) for code, kind in zip(codes, state_kinds)]
        sliding = [decode(rest, code, kind) for code, kind in zip(array_codes, slice_kinds)]
        again = _Replay(op.body, [position, *states[: op.carried], *pieces[: op.sliced], *parts.shared])
        found = again.push([None, *along, *sliding, *moving.shared])
        next_codes = [join(code, form_of(item)) for code, item in zip(codes, found)]
        if next_codes != codes:
            codes = next_codes
            raise _Again
        of_stacks, of_sums = found[op.carried : op.carried + op.stacked], found[op.carried + op.stacked :]
        stack_codes, sum_codes = [*map(form_of, of_stacks)], [*map(form_of, of_sums)]
        stacked = _encoded(of_stacks, stack_codes, parts.stacked)
        if op.save:
            stacked += _encoded(along, codes, state_kinds)
        return (
            [*again.results[: op.carried],
             *_encoded(found, codes, state_kinds)],
            stacked,
            _encoded(of_sums, sum_codes, parts.sums, -0.0),
        )

    condition = op.condition

    def holds(position: Any, states: list[Any]) -> Any:
        assert condition is not None
        return replay(condition, [position, *states[: op.carried], *parts.shared])[0]

    while True:
        start = _encoded(moving.states, codes, state_kinds)
        try:
            final, stacks, sums, _ = loop(
                step, op.length, [*parts.states, *start], [*parts.slices, *arrays],
                None if condition is None else holds, operands[0] if op.counted else None, op.reverse,
            )
            break
        except _Again:
            pass
    ends, pieces, totals = iter(final[op.carried :]), iter(stacks), iter(sums)
    forms = [(ends, code) for code in codes] + [(pieces, code) for code in stack_codes]
    forms += [(totals, code) for code in sum_codes] + [(pieces, code) for code in codes if op.save]
    return {i: decode(items, code, kind) for i, ((items, code), kind) in enumerate(zip(forms, op.results(())))}


def _pull_branch(op: Branch, operands: Sequence[Any], cotangent: Bundle, wanted: Sequence[bool]) -> list[Any]:
    seeds = [cotangent.parts.get(i) for i in range(len(op.then.outputs))]

    def side(graph: Graph) -> Callable[[], list[Any]]:
        return lambda: [*map(whole_of, _Replay(graph, operands[1:]).pull(seeds, wanted[1:]))]

    return _derived_branch(op, operands[0], side, [kind_of(item) for item in operands[1:]])


def _push_branch(op: Branch, operands: Sequence[Any], seeds: Sequence[Any]) -> dict[int, Any]:
    def side(graph: Graph) -> Callable[[], list[Any]]:
        return lambda: [*map(whole_of, _Replay(graph, operands[1:]).push(seeds[1:]))]

    kinds = [op.then.kinds[output] for output in op.then.outputs]
    return dict(enumerate(_derived_branch(op, operands[0], side, kinds)))


def _derived_branch(
    op: Branch, predicate: Any, side: Callable[[Graph], Callable[[], list[Any]]], kinds: Sequence[Kind]
) -> list[Any]:
    """The derivatives that each side of a branch finds, from whichever side is taken."""
    codes: list[int] = []

    def both(own: list[Any], other: list[Any]) -> list[Any]:
        nonlocal codes
        if not codes:
            codes = [join(form_of(a), form_of(b)) for a, b in zip(own, other)]
        return _encoded(own, codes, kinds)

    results = iter(branch(predicate, [side(op.then), side(op.otherwise)], both))
    return [decode(results, code, kind) for code, kind in zip(codes, kinds)]
