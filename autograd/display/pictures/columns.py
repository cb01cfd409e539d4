"""View -> columns: where each node stands from left to right, so that scopes stand side by side.

Graphviz by itself puts a layer's weights into the column before their use, beside the previous layer. The clusters of
two layers then share a column, and each one is drawn below the last, like a staircase. Here a scope's own leaves come
after everything that feeds the scope from outside.
"""

from __future__ import annotations

from autograd.display.pictures.contract import Node, View

Scope = tuple[str, ...]


def columns(view: View) -> dict[Node, int]:
    """The column of each node: 0 for the leftmost, and every edge, but the view's backward ones, runs to the right.

    >>> from autograd import Value, scope
    >>> from autograd.display import named_view
    >>> with scope("inputs"):
    ...     x = Value(1.0, name="x")
    >>> with scope("layer"):
    ...     y = (Value(2.0, name="w") * x).named("y")
    >>> [(node.name, column) for node, column in columns(named_view(y)).items()]
    [('x', 0), ('w', 1), ('y', 2)]
    """
    operands: dict[Node, list[Node]] = {}
    users: dict[Node, list[Node]] = {}
    feeders: dict[Scope, dict[Node, None]] = {}
    depth: dict[Node, int] = dict.fromkeys(view.nodes, 0)
    edges = [edge for edge in view.edges if edge not in view.backward]
    for edge in edges:  # target by target in forward order, so that a source's depth is final when it is read
        operands.setdefault(edge.target, []).append(edge.source)
        users.setdefault(edge.source, []).append(edge.target)
        depth[edge.target] = max(depth[edge.target], depth[edge.source] + 1)
        if not _within(edge.source, edge.target.scope):
            feeders.setdefault(edge.target.scope, {})[edge.source] = None

    # A computed node's turn is its depth; a leaf's, just before its first use, with those that nothing delays first.
    first_use = {node: min((depth[user] for user in users.get(node, ())), default=0) for node in view.nodes}
    order = sorted(
        view.nodes,
        key=lambda node: (depth[node], 2) if node in operands else (first_use[node], int(node.scope in feeders)),
    )
    column: dict[Node, int] = {}
    entry: dict[tuple[Scope, int], int] = {}
    for node in order:
        if node in operands:
            column[node] = 1 + max(column[operand] for operand in operands[node])
        else:
            key = (node.scope, first_use[node])
            if key not in entry:
                # A feeder at or beyond the leaf's first use may follow from the leaf: it has no column yet.
                placed = (column[feeder] for feeder in feeders.get(node.scope, ()) if feeder in column)
                entry[key] = 1 + max(placed, default=-1)
            column[node] = entry[key]
    for leaf in order:
        # A leaf that only its own scope uses stands next to its first use.
        if leaf not in operands and all(_within(user, leaf.scope) for user in users.get(leaf, ())):
            column[leaf] = min((column[user] for user in users.get(leaf, ())), default=1) - 1
    return {node: column[node] for node in sorted(view.nodes, key=column.__getitem__)}


def _within(node: Node, scope: Scope) -> bool:
    return node.scope[: max(1, len(scope))] == scope
