"""Graph -> view: what a picture or an explanation shows of a recorded graph, and in which order.

The *named* view keeps the nodes that a person thinks in: the named ones, the outputs and the leaves. Everything between
them is folded into single edges, each with its total local derivative. The *operations* view keeps every node, and has
one edge for each use of an operand. Both use the floats that the nodes recorded, and neither touches a gradient.

Of a large graph a view shows a part: `shown` says for each node what stands for it, itself or a `Box` of many. A node
that `shown` leaves out is not drawn, and neither are its edges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.engine.sweep import reverse_sweep, topological_order
from autograd.engine.value import Value


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An operand that is no Value: `number` is what the operation recorded; `scope`, that of the operation."""

    number: Any
    scope: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Box:
    """Many nodes drawn as one: a scope that is closed, or what is too far away.

    `title` is the scope's name; `is_scope` tells a scope from a remainder; `scope`, the scope around the box; `count`,
    how many nodes of the view are in it; `lowest` and `highest`, the range of their gradients, None where none is set;
    `unset` and `nan`, how many of them have no gradient, and one that is nan.
    """

    title: str
    scope: tuple[str, ...] = ()
    is_scope: bool = True
    count: int = 0
    lowest: float | None = None
    highest: float | None = None
    unset: int = 0
    nan: int = 0

    def add(self, node: Value, weight: int) -> None:
        """Count a node in, as `weight` nodes: itself and its constants."""
        self.count += weight
        gradient = gradient_of(node)
        if gradient is None:
            self.unset += 1
        elif gradient != gradient:
            self.nan += 1
        else:
            self.lowest = gradient if self.lowest is None else min(self.lowest, gradient)
            self.highest = gradient if self.highest is None else max(self.highest, gradient)


Node = Value | Constant | Box


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """`derivative` is ∂target/∂source along this edge; None where the source is on a branch that was not taken.

    At a box there is no derivative, and `count` says how many edges of the graph are merged into this one. It is None
    where counting them, or working out the derivative, would take too long.
    """

    source: Node
    target: Value | Box
    derivative: float | None
    count: int | None = 1


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Nodes in the order in which the forward computation reads, and the edges between them, target by target.

    `total` is the number of nodes that there are, shown or not; `backward`, the edges against the reading order, which
    only boxes can have: two scopes may use each other's results.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    total: int
    backward: frozenset[Edge] = frozenset()


def recorded(node: Value) -> float:
    """The number of a Value when it was computed, which a later change of its `data` leaves as it was."""
    return node._out


def operands(node: Value) -> list[Value | float]:
    """The operands of a Value in their order: a Value, or the number where it was a constant.

    >>> x = Value(3.0)
    >>> operands(x * 2.0) == [x, 2.0], operands(x)
    (True, [])
    """
    return [number if operand is None else operand for operand, number in zip(node._inputs, node._record[1:])]


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
    order = topological_order(roots)
    kept = named_nodes(order, roots)
    nodes = tuple(node for node in order if node in kept)
    return View(nodes, tuple(named_edges(order, kept, {node: node for node in nodes})), len(nodes))


def operations_view(outputs: Value | Sequence[Value]) -> View:
    """Show every operation: one edge for each use of an operand, so that x * x has two.

    A constant is a node of its own at each use; its edge has no derivative that anyone would ask for, and says 0.

    Parameters: `outputs`, a Value or a sequence of them.

    >>> x = Value(3.0, name="x")
    >>> [edge.derivative for edge in operations_view(x * x).edges]
    [3.0, 3.0]
    """
    order = topological_order(as_values(outputs))
    edges = operation_edges(order, {node: node for node in order})
    nodes: list[Node] = []
    constants: dict[Value | Box, list[Constant]] = {}
    for edge in edges:
        if isinstance(edge.source, Constant):
            constants.setdefault(edge.target, []).append(edge.source)
    for node in order:
        nodes += [*constants.get(node, ()), node]
    return View(tuple(nodes), tuple(edges), len(nodes))


def named_nodes(order: Sequence[Value], roots: Sequence[Value]) -> set[Value]:
    """The nodes that the named view keeps."""
    return {node for node in order if node.name or not node._inputs} | set(roots)


def named_edges(
    order: Sequence[Value], kept: set[Value], shown: Mapping[Value, Value | Box], patience: float = float("inf")
) -> list[Edge]:
    """The edges between what is shown of the `kept` nodes, the others folded away.

    After `patience` steps, what is left is found in one pass, which tells that an edge is there and no more: many
    nodes that all share one large anonymous part would take its size times their number.
    """
    position = {node: index for index, node in enumerate(order)}
    merged = _Merged()
    reaching: dict[Value, dict[Value | Box, None]] | None = None
    start: Value | Box | None
    for target in order:
        end = shown.get(target)
        if end is None or target not in kept or not target._inputs:
            continue
        region = _region(target, kept, patience)
        if region is None:
            patience /= 2  # what the attempt has cost
            reaching = _reaching(order, kept, shown) if reaching is None else reaching
            for start in reaching[target]:
                merged.add(start, end, None)
            continue
        folded, sources = region
        patience -= len(folded)
        # Told by identity: two Values with equal data are equal.
        starts = ((source, shown.get(source)) for source in sources)
        between = {source: start for source, start in starts if start is not None and start is not end}
        derivatives: dict[Value, float] = {}
        if end is target and any(start is source for source, start in between.items()):
            folded.sort(key=position.__getitem__)
            # Only `folded` is swept, so that the cotangents come to rest on the kept nodes at its border.
            derivatives = reverse_sweep(folded, [(target, 1.0)])
        for source in sorted(between, key=position.__getitem__):
            if end is target and between[source] is source:
                merged.edges.append(Edge(source, target, derivatives.get(source)))
            else:
                merged.add(between[source], end, 1)
    return merged.all()


def operation_edges(order: Sequence[Value], shown: Mapping[Value, Value | Box]) -> list[Edge]:
    """The edges between what is shown of the operations, and those of the shown operations' constants."""
    merged = _Merged()
    for target in order:
        end = shown.get(target)
        if end is None:
            continue
        for index, operand in enumerate(target._inputs):
            if operand is None:
                if end is target:
                    merged.edges.append(Edge(Constant(target._record[1 + index], target.scope), target, 0.0))
                continue
            start = shown.get(operand)
            if end is target and start is operand:
                merged.edges.append(Edge(operand, target, _local_derivative(target, index)))
            elif start is not None and start is not end:
                merged.add(start, end, 1)
    return merged.all()


class _Merged:
    """Edges as they are, and those that are merged, counted."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self._counts: dict[tuple[Value | Box, Value | Box], int | None] = {}

    def add(self, source: Any, target: Any, count: int | None) -> None:
        before = self._counts.get((source, target), 0)
        self._counts[source, target] = None if before is None or count is None else before + count

    def all(self) -> list[Edge]:
        return self.edges + [Edge(*ends, None, count) for ends, count in self._counts.items()]


def as_values(outputs: Value | Sequence[Value]) -> list[Value]:
    """The outputs as a list; `TypeError` where one is no Value, `ValueError` where there is none."""
    values = [outputs] if isinstance(outputs, Value) else list(outputs)
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"a picture starts from Values, not {type(value).__name__}: {value!r:.60}")
    if not values:
        raise ValueError("a picture needs at least one output to start from; an empty sequence was given")
    return values


def gradient_of(node: Value) -> float | None:
    """The number of a node's gradient, which may be a Value; None where no backward pass has set it."""
    gradient = node.grad if node.has_grad else None
    return gradient.data if isinstance(gradient, Value) else gradient


def _region(target: Value, kept: set[Value], patience: float) -> tuple[list[Value], set[Value]] | None:
    """The nodes to fold into `target`, itself included, and the kept nodes at the border; None beyond `patience`."""
    folded: dict[Value, None] = {target: None}
    sources: set[Value] = set()
    stack = [target]
    while stack:
        if len(folded) > patience:
            return None
        for operand in stack.pop()._inputs:
            if operand is None or operand in folded:
                continue
            if operand in kept:
                sources.add(operand)
            else:
                folded[operand] = None
                stack.append(operand)
    return list(folded), sources


def _reaching(
    order: Sequence[Value], kept: set[Value], shown: Mapping[Value, Value | Box]
) -> dict[Value, dict[Value | Box, None]]:
    """For each node what leads into it through anonymous nodes alone; the sets are bits of whole numbers until then."""
    bits: dict[Value | Box, int] = {}
    masks: dict[Value, int] = {}
    found: dict[Value, dict[Value | Box, None]] = {}
    for node in order:
        mask = 0
        for operand in node._inputs:
            if operand is not None and operand not in kept:
                mask |= masks[operand]
            elif operand is not None and operand in shown:
                mask |= 1 << bits.setdefault(shown[operand], len(bits))
        masks[node] = mask
    items = list(bits)
    for node in order:
        if node in kept and node in shown:
            own = shown[node]
            mask, reached = masks[node], found.setdefault(node, {})
            while mask:
                lowest = mask & -mask
                item = items[lowest.bit_length() - 1]
                if item is not own:
                    reached[item] = None
                mask ^= lowest
    return found


def _local_derivative(node: Value, index: int) -> float | None:
    """The derivative of `node` with respect to its operand `index`, at the floats that it recorded."""
    partial = node._primitive.partials[index] if node._primitive is not None else None
    return partial if partial is None or isinstance(partial, float) else partial(*node._record)
