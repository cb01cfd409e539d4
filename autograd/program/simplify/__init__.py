"""Passes from graph to graph: the same numbers, bit for bit, with fewer steps.

- `rewritten`: what depends on constants alone is computed; x·1, x/1, x − 0, x + (−0.0), −(−x) and selects of one thing
  are replaced by x (never x·0 or x + 0.0, which are not x where it is nan, infinite or −0.0); equal steps become one;
  what views repeat is computed once, and what a loop takes or spreads is not stacked;
- `pruned`: steps that no output needs are dropped, and so are the states, sums and arrays of a loop that nobody uses.

All of them keep the derivatives of every order, so that they may run before one is taken: on the body of a loop, whose
derivative is recorded from its graph. Rewritings that keep the values alone, of `stop_gradient`, are for after the last
derivative; `Preserves` says which are meant, and the table of rewritings which each is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from autograd.program.graph import Branch, Graph, Loop, Operation
from autograd.program.simplify.builder import Preserves
from autograd.program.simplify.copying import rewritten
from autograd.program.simplify.pruning import pruned
from autograd.program.simplify.rewriting import REWRITINGS

__all__ = ["REWRITINGS", "Preserves", "pruned", "rewritten", "simplify"]


def simplify(
    graph: Graph, log: Callable[[str, Graph], None] | None = None, preserves: Preserves = Preserves.DERIVATIVES
) -> Graph:
    """All passes, until nothing changes. `log` is told the name of each pass and what it gave.

    With `Preserves.VALUES` no derivative of the result may be taken.
    """
    if preserves is Preserves.VALUES and _has_more(graph):
        graph = replace(graph, operations=tuple(map(_finished, graph.operations)))
    nested = any(isinstance(operation, Loop | Branch) for operation in graph.operations)
    for _ in range(4):
        before = graph.size
        for name, pass_ in (("rewritten", lambda g: rewritten(g, preserves)), ("pruned", pruned)):
            graph = pass_(graph)
            if log is not None:
                log(name, graph)
        if not nested or graph.size == before:  # of rows alone, nothing new comes of a second time
            break
    return graph


def _finished(operation: Operation) -> Operation:
    """The operation, whose bodies were simplified when a derivative might still be taken, with the rest done."""
    if not isinstance(operation, Loop | Branch):
        return operation
    return operation.with_graphs(lambda body: simplify(body, preserves=Preserves.VALUES) if _has_more(body) else body)


def _has_more(graph: Graph) -> bool:
    """Whether there is something to rewrite that was kept as long as a derivative might be taken."""
    return any(
        any(map(_has_more, operation.graphs))
        if isinstance(operation, Loop | Branch)
        else operation in REWRITINGS and REWRITINGS[operation].preserves is Preserves.VALUES
        for operation in graph.operations
    )
