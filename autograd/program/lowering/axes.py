"""Along which axis of an array a batch goes."""

from __future__ import annotations

from collections.abc import Callable

from autograd.primitives.row import Primitive
from autograd.program.graph import Gather, Graph, Kind, Loop, Positions, Sum, View

LANES = 8  # a shorter axis leaves some of the processor's lanes empty
_LONGER = 16  # times as long as the others an axis is worth sums of arrays


def batch_axes(graph: Graph, lanes: int) -> dict[int, int]:
    """For each array that is made element by element the axis of its batch: the one that those that take it ask for."""
    wanted: dict[int, int] = {}

    def own(value: int) -> int:
        return wanted.setdefault(value, _longest(graph.kinds[value], lanes))

    for operation, operands, results in reversed(list(graph.steps())):
        if isinstance(operation, Primitive | Gather | Positions) and graph.kinds[results[0]]:
            for operand in operands:
                if graph.kinds[operand] == graph.kinds[results[0]] and not (
                    isinstance(operation, Gather) and operand == operands[0]
                ):
                    wanted.setdefault(operand, own(results[0]))
            own(results[0])
        elif isinstance(operation, Sum):
            wanted.setdefault(operands[0], _of_sum(operation.axis, graph.kinds[operands[0]], own, results[0], lanes))
        elif isinstance(operation, View) and graph.kinds[operands[0]] and operation.shape:
            axis = operation.axes[own(results[0])]
            if axis >= 0:
                wanted.setdefault(operands[0], axis)
        elif isinstance(operation, Loop) and operation.batch:
            for operand in operands[: operation.sliced]:
                wanted.setdefault(operand, 0)
    return wanted


def _of_sum(axis: int, kind: Kind, own: Callable[[int], int], result: int, lanes: int) -> int:
    """A sum goes along an axis that is kept, in lanes, where there is a long one; else along its own."""
    assert kind
    kept = [n for a, n in enumerate(kind) if a != axis]
    if not kept or max(kept) < lanes:
        return axis
    place = own(result)
    place += place >= axis
    return place if kind[place] >= lanes and _LONGER * kind[place] >= kind[axis] else axis


def _longest(kind: Kind, lanes: int) -> int:
    """The first axis, unless it is short and there is a longer one."""
    assert kind
    return 0 if kind[0] >= lanes else max(range(len(kind)), key=kind.__getitem__)
