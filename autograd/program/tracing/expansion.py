"""Rows of the table replaced by the rows that they are made of, so that what two of them share is computed once."""

from __future__ import annotations

from typing import Any

from autograd.engine.recording import tracing
from autograd.primitives.row import Primitive
from autograd.program.graph import Branch, Graph, Guard, Loop
from autograd.program.simplify import Preserves, simplify
from autograd.program.tracing.structured import apply, as_node
from autograd.program.tracing.trace import Trace


def expanded(graph: Graph) -> Graph:
    """The same program without the rows that have an `expansion`; exp, for one, is then shared by σ(x) and σ(−x)."""
    if not _has_expansions(graph):
        return graph
    trace = Trace(evaluate=lambda predicate: True)
    inputs = [trace.input(kind) for kind in graph.kinds[: graph.inputs]]
    with tracing(trace):
        values: list[Any] = [*inputs, *map(as_node, graph.constants)]
        for operation, operands in zip(graph.operations, graph.operands):
            arguments = [values[operand] for operand in operands]
            if isinstance(operation, Primitive):
                values.append((operation.native.expansion or operation)(*arguments))
            elif isinstance(operation, Guard):
                trace.guard(arguments[0], operation.outcome)
            else:
                if isinstance(operation, Loop | Branch):
                    operation = operation.with_graphs(expanded)
                values.extend(apply(operation, arguments))
    result = simplify(trace.graph([values[output] for output in graph.outputs]), preserves=Preserves.VALUES)
    trace.close()
    return result


def _has_expansions(graph: Graph) -> bool:
    return any(
        operation.native.expansion is not None
        if isinstance(operation, Primitive)
        else isinstance(operation, Loop | Branch) and any(map(_has_expansions, operation.graphs))
        for operation in graph.operations
    )
