"""Passes from graph to graph: the same numbers, bit for bit, with fewer steps.

- `rewritten`: what depends on constants alone is computed; x·1, x/1, x − 0, x + (−0.0), −(−x) and selects of one thing
  are replaced by x (never x·0 or x + 0.0, which are not x where it is nan, infinite or −0.0); equal steps become one;
- `fused`: batches over the same positions become one, which shares what both compute and keeps in registers what one
  hands to the other;
- `pruned`: steps that no output needs are dropped, and so are the states, sums and arrays of a loop that nobody uses.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.program.graph import Branch, Graph, Loop
from autograd.program.simplify.fusing import fused
from autograd.program.simplify.pruning import pruned
from autograd.program.simplify.rewriting import rewritten

__all__ = ["fused", "pruned", "rewritten", "simplify"]


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
