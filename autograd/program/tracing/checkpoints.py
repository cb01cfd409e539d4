"""Loops whose states take too much memory, as loops over chunks: of each chunk the first state is saved alone.

On the way back those of one chunk at a time are computed again, once. Where the number of trips is known, a chunk is
about the square root of it. Where it is not, checkpoints have to be set as the loop runs: a run that comes to its limit
ends there, and the program is recorded again with chunks of a fixed share of the limit, then with chunks of chunks. So
n trips are possible in the memory of 2 √n, or 3 ∛n, states, for one computation more of each, or two. Of the schemes
for loops of unknown length (Wang, Moin and Iaccarino 2009, doi:10.1137/080727890; Stumm and Walther 2010,
doi:10.1137/080742439) it is the one with checkpoints at equal distances, which needs none to be moved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.engine.recording import current
from autograd.primitives import table
from autograd.program.graph import NUMBER, Graph, Loop
from autograd.program.tracing.structured import Body, loop, replay

MOST_SPLITS = 3  # of a loop of unknown length into chunks, and of those
_FEWEST = 100  # trips of a loop that is split
_SHARE = 8  # of the limit, that the states of a chunk take


def chunk_of(op: Loop) -> int:
    """The trips of a chunk, where a loop's states would take too much memory and it can be split; else 0.

    Sums are no hindrance: what a loop with states counts, such as indices out of bounds, it has counted going forward.
    """
    plain = not (op.sliced or op.stacked or op.save or op.reverse)
    size = 8 * sum(math.prod(op.body.kinds[1 + i] or ()) for i in range(op.carried))
    memory = current().trace.memory
    if not plain or not size:
        return 0
    if not op.free:
        assert op.length is not None
        return math.isqrt(op.length) if size * op.length > memory.limit and op.length > _FEWEST else 0
    chunk = 2 ** max(1, (memory.limit // (_SHARE * size)).bit_length() - 1)
    return chunk if memory.splits_of(op) and (op.length is None or op.length > chunk) else 0


def in_chunks(op: Loop, chunk: int) -> Graph:
    """The same loop as a loop over chunks of so many trips."""
    first = int(op.counted)
    body = Body([*[NUMBER] * first, *op.body.kinds[1 : op.body.inputs]])
    run = _of_unknown_length if op.free else _of_known_length
    graph = body.graph(body.record(lambda *inputs: run(op, chunk, inputs)), [])
    body.trace.close()
    memory = current().trace.memory
    memory.split |= {id(made): (made, memory.splits_of(op) - 1) for made in graph.operations if isinstance(made, Loop)}
    return graph


def _trips(op: Loop, states: Sequence[Any], shared: Sequence[Any], start: Any, most: int, **bounds: Any) -> list[Any]:
    """The states after so many trips of a loop from one on, or fewer within bounds."""
    def step(position: Any, states: list[Any], _: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        return replay(op.body, [start + position, *states, *shared])[: op.carried], [], []

    return loop(step, most, states, **bounds)[0]


def _of_known_length(op: Loop, chunk: int, inputs: Sequence[Any]) -> list[Any]:
    """And one over what is left."""
    assert op.length is not None
    shared = inputs[op.carried :]
    states = loop(
        lambda i, states, _: (_trips(op, states, shared, i * float(chunk), chunk), [], []),
        op.length // chunk, inputs[: op.carried],
    )[0]  # fmt: skip
    left = op.length % chunk
    return _trips(op, states, shared, float(op.length - left), left) if left else states


def _of_unknown_length(op: Loop, chunk: int, inputs: Sequence[Any]) -> list[Any]:
    """A chunk, a power of two, has fewer trips only where it is the last one."""
    first = int(op.counted)
    shared = inputs[first + op.carried :]
    count: Any = inputs[0] if op.counted else None
    if count is not None and op.length is not None:
        count = table.minimum(count, float(op.length))
    condition = op.condition

    def holds(position: Any, states: Sequence[Any]) -> Any:
        assert condition is not None
        return replay(condition, [position, *states, *shared])[0]

    def trips(number: Any, states: Sequence[Any], _: Any) -> tuple[list[Any], list[Any], list[Any]]:
        start = number * float(chunk)
        if condition is None:
            return _trips(op, states, shared, start, chunk, count=count - start), [], []
        return _trips(op, states, shared, start, chunk, condition=lambda i, states: holds(start + i, states)), [], []

    states = inputs[first : first + op.carried]
    if condition is None:
        return loop(trips, None, states, count=table.ceil(count / float(chunk)))[0]
    most = None if op.length is None else -(-op.length // chunk)
    return loop(trips, most, states, condition=lambda i, states: holds(i * float(chunk), states))[0]
