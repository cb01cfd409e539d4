"""Whole arrays as loops: the last step before a graph is machine code or C.

Rows on arrays, sums, positions and gathers become batches, whose bodies work on numbers. What goes through the same
positions becomes one batch, as far as nothing in it waits for all of another's results: so a chain of rows with the
sums at its end is one pass, without arrays in between. Of arrays of more than one axis the batch goes along one, and
the others are batches in its body. What is small is done number by number.

No derivative may be taken of the result. Which way is taken is a matter of speed: the numbers are the same.
"""

from __future__ import annotations

from autograd.program.graph import Branch, Graph, Loop
from autograd.program.lowering.axes import LANES
from autograd.program.lowering.batch import Batch
from autograd.program.lowering.plan import Plan, Step
from autograd.program.lowering.singles import Lowering
from autograd.program.simplify import Preserves, simplify

SMALL = 16  # numbers of an array up to which each is a step of its own


def lowered(graph: Graph, small: int | None = None, lanes: int = LANES) -> Graph:
    """The same program without rows, sums, positions and gathers of arrays. `lanes` is how many a batch is to fill: one
    in the body of another batch, whose samples are in lanes already.
    """
    if not any(graph.kinds) and not any(isinstance(operation, Loop | Branch) for operation in graph.operations):
        return graph
    small = SMALL if small is None else small
    plan = Plan(graph, small, lanes)
    lowering = Lowering(plan, lambda body, lanes=lanes: lowered(body, small, lanes))
    stages: dict[int, tuple[list[Step], dict[int, list[Step]]]] = {}
    for step in plan.steps:
        single, batches = stages.setdefault(step.stage, ([], {}))
        (batches.setdefault(step.length, []) if step.length else single).append(step)
    for _, (single, batches) in sorted(stages.items()):
        for step in single:
            lowering.single(step)
        for length, members in batches.items():
            Batch(lowering, length, members).write()
    made = lowering.builder.graph([lowering.array(output) for output in graph.outputs])
    return simplify(made, preserves=Preserves.VALUES)
