"""Graph -> view: what a picture or an explanation shows of a recorded graph, and in which order.

The *named* view keeps the nodes that a person thinks in: the named ones, the outputs and the leaves. Everything between
them is folded into single edges, each with its total local derivative. The *operations* view keeps every node, and has
one edge for each use of an operand. Both use the floats that the nodes recorded, and neither touches a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.sweep import reverse_sweep
from autograd.value import Value


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An operand that is no Value: `number` is what the operation recorded; `scope`, that of the operation."""

    number: Any
    scope: tuple[str, ...]


Node = Value | Constant


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """`derivative` is ∂target/∂source along this edge; None where the source is on a branch that was not taken."""

    source: Node
    target: Value
    derivative: float | None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Nodes in the order in which the forward computation reads, and the edges between them, target by target."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def named_view(outputs: Value | Sequence[Value]) -> View:
    """Fold the anonymous nodes between named ones into single edges.

    Named Values, the outputs, and leaves stay. Parallel paths between two of them become one edge, whose derivative is
    the sum over the paths.

    Parameters: `outputs`, a Value or a sequence of them.

    >>> x = Value(3.0, name="x")
    >>> view = named_view((x * x + x).named("y"))
    >>> [(edge.source.name, edge.target.name, edge.derivative) for edge in view.edges]
    [('x', 'y', 7.0)]
    """
    roots = as_values(outputs)
    order = reading_order(roots)
    position = {node: index for index, node in enumerate(order)}
    kept = {node for node in order if node.name or not node.inputs} | set(roots)
    edges = []
    for target in order:
        if target in kept and target.inputs:
            folded, sources = _region(target, kept)
            folded.sort(key=position.__getitem__)
            # Only `folded` is swept, so that the cotangents come to rest on the kept nodes at its border.
            derivatives = reverse_sweep(folded, [(target, 1.0)])
            for source in sorted(sources, key=position.__getitem__):
                edges.append(Edge(source, target, derivatives.get(source)))
    return View(tuple(node for node in order if node in kept), tuple(edges))


def operations_view(outputs: Value | Sequence[Value]) -> View:
    """Show every operation: one edge for each use of an operand, so that x * x has two.

    A constant is a node of its own at each use; its edge has no derivative that anyone would ask for, and says 0.

    Parameters: `outputs`, a Value or a sequence of them.

    >>> x = Value(3.0, name="x")
    >>> [edge.derivative for edge in operations_view(x * x).edges]
    [3.0, 3.0]
    """
    nodes: list[Node] = []
    edges = []
    for target in reading_order(as_values(outputs)):
        for index, operand in enumerate(target.inputs):
            if operand is None:
                constant = Constant(target.record[1 + index], target.scope)
                nodes.append(constant)
                edges.append(Edge(constant, target, 0.0))
            else:
                edges.append(Edge(operand, target, _local_derivative(target, index)))
        nodes.append(target)
    return View(tuple(nodes), tuple(edges))


def as_values(outputs: Value | Sequence[Value]) -> list[Value]:
    """The outputs as a list; `TypeError` where one is no Value, `ValueError` where there is none."""
    values = [outputs] if isinstance(outputs, Value) else list(outputs)
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"a picture starts from Values, not {type(value).__name__}: {value!r:.60}")
    if not values:
        raise ValueError("a picture needs at least one output to start from; an empty sequence was given")
    return values


def reading_order(outputs: Sequence[Value]) -> list[Value]:
    """Every node after its operands, and the left operand's part before the right one's, as a person reads.

    `sweep.topological_order` promises only the first.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack = [(output, False) for output in reversed(outputs)]
    while stack:
        node, placed = stack.pop()
        if placed:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(operand, False) for operand in reversed(node.inputs) if operand is not None]
    return order


def _region(target: Value, kept: set[Value]) -> tuple[list[Value], set[Value]]:
    """The nodes to fold into `target`, itself included, and the kept nodes at the border of the region."""
    folded: dict[Value, None] = {target: None}
    sources: set[Value] = set()
    stack = [target]
    while stack:
        for operand in stack.pop().inputs:
            if operand is None or operand in folded:
                continue
            if operand in kept:
                sources.add(operand)
            else:
                folded[operand] = None
                stack.append(operand)
    return list(folded), sources


def _local_derivative(node: Value, index: int) -> float | None:
    """The derivative of `node` with respect to its operand `index`, at the floats that it recorded."""
    partial = node.primitive.partials[index] if node.primitive is not None else None
    return partial if partial is None or isinstance(partial, float) else partial(*node.record)
