"""Graph -> what is shown of it: scopes that close, the part nearest to the outputs, or one node's neighbourhood.

A picture of more than a few hundred nodes is neither read nor laid out. Scopes close first: each becomes a box. Where
that is not enough, or there are none, what lies farthest from the outputs does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from autograd.display.pictures.contract import (
    Box,
    Edge,
    Node,
    View,
    as_values,
    named_edges,
    named_nodes,
    operation_edges,
)
from autograd.display.pictures.scopes import Path, ScopeTree, named_paths
from autograd.engine.sweep import topological_order
from autograd.engine.value import Value

DETAILS = ("named", "operations", "scopes")
# A graph that is not shown in full is to be readable at least: 400 boxes in a row, or in a tangle, are not.
_READABLE = 100  # nodes
_FARTHEST = 12  # edges between an output and the farthest result shown
_FEW_EDGES = 400  # never too many; a layout takes its time for the edges, beyond three for each node
_PATIENCE = 300_000  # steps of the contraction: below a second


@dataclass(slots=True)
class _Graph:
    """A recorded graph under one detail: `weight` says how many nodes a node stands for, with its constants."""

    roots: list[Value]
    order: list[Value]
    kept: set[Value]
    weight: dict[Value, int]


def select(
    outputs: Value | Sequence[Value],
    detail: str = "named",
    max_nodes: int = 400,
    around: Value | None = None,
    radius: int = 2,
    expand: Iterable[str | Sequence[str]] = (),
) -> View:
    """The view of a graph of any size; see `draw` for the parameters.

    >>> x = Value(1.0, name="x")
    >>> y = x
    >>> for _ in range(1000):
    ...     y = (y * 0.5).named("y")
    >>> view = select(y, max_nodes=10)
    >>> [node.title if isinstance(node, Box) else node.name for node in view.nodes], view.total
    (['x', 'more', 'y', 'y', 'y', 'y', 'y', 'y', 'y'], 1001)
    """
    if detail not in DETAILS:
        raise ValueError(f"unknown detail {detail!r}: give one of {', '.join(DETAILS)}")
    for count, what in ((max_nodes, "max_nodes"), (radius, "radius")):
        if not isinstance(count, int) or count < 1:
            raise ValueError(f"{what} is a whole number from 1 up, not {count!r:.60}")
    graph = _graph(as_values(outputs), detail, around)
    chosen = [expand] if isinstance(expand, str) else list(expand)
    while True:
        shown = _shown(graph, detail, max_nodes, around, radius, chosen)
        view = _view(graph, shown, detail)
        if len(view.edges) <= max(_FEW_EDGES, 3 * len(view.nodes)) or max_nodes < 10:
            return view
        max_nodes = min(max_nodes, len(view.nodes)) // 3


def _shown(
    graph: _Graph, detail: str, max_nodes: int, around: Value | None, radius: int, expand: Sequence[str | Sequence[str]]
) -> dict[Value, Value | Box]:
    """What stands for each node that is drawn: itself or a box."""
    readable = max_nodes if sum(graph.weight.values()) <= max_nodes else min(max_nodes, _READABLE)
    tree = ScopeTree((node.scope, graph.weight[node]) for node in graph.order if node in graph.kept)
    tree.open(named_paths(tree, expand))
    if around is not None:
        tree.open([around.scope])
        if detail != "scopes":
            tree.open(tree.paths)
    elif detail != "scopes":
        tree.open_while_fitting(readable)
    shown = _boxed(graph, tree)
    if around is not None:
        near = _neighbourhood(graph, shown, around, radius, max_nodes)
        shown = {node: item for node, item in shown.items() if item in near}
    elif _size(graph, shown) > (max_nodes if expand else readable):
        shown = _nearest(graph, shown, readable)
    for node, item in shown.items():
        if isinstance(item, Box):
            item.add(node, graph.weight[node])
    return shown


def _graph(roots: list[Value], detail: str, around: Value | None) -> _Graph:
    order = topological_order(roots)
    if around is not None and around not in set(order):
        raise ValueError(f"around is a Value that the outputs were computed from; this is none: {around!r:.100}")
    if detail == "operations":
        weight = {node: 1 + sum(operand is None for operand in node._inputs) for node in order}
        return _Graph(roots, order, set(order), weight)
    kept = named_nodes(order, roots) | ({around} if around is not None else set())
    return _Graph(roots, order, kept, {node: 1 for node in order if node in kept})


def _boxed(graph: _Graph, tree: ScopeTree) -> dict[Value, Value | Box]:
    """What stands for each node: itself where all its scopes are open, else the box of the outermost closed one."""
    boxes: dict[Path, Box] = {}
    shown: dict[Value, Value | Box] = {}
    for node in graph.order:
        if node in graph.kept:
            closed = tree.closed(node.scope)
            if closed is not None and closed not in boxes:
                boxes[closed] = Box(closed[-1], closed[:-1])
            shown[node] = node if closed is None else boxes[closed]
    return shown


def _size(graph: _Graph, shown: dict[Value, Value | Box]) -> int:
    own = sum(graph.weight[node] for node, item in shown.items() if item is node)
    return own + len({item for item in shown.values() if isinstance(item, Box)})


def _nearest(graph: _Graph, shown: dict[Value, Value | Box], max_nodes: int) -> dict[Value, Value | Box]:
    """Keep what is nearest to the outputs, and put the rest into two boxes: other leaves, and other results.

    The distance of a result is that of its longest way to an output. All that uses it is then nearer still, so that
    the results left out form one block that only feeds what is shown.
    """
    longest, shortest = _distances(graph)
    is_leaf = {item: item is node and not node._inputs for node, item in shown.items()}
    distance: dict[Value | Box, int] = {}
    weight: dict[Value | Box, int] = {}
    for node, item in shown.items():
        own = shortest[node] if is_leaf[item] else longest[node]
        distance[item] = max(distance.get(item, 0), own)
        weight[item] = graph.weight[node] if item is node else 1
    room = max(1, max_nodes * 3 // 4)
    # Closed scopes stay where they are few: a network's layers say more than the sum behind them.
    boxes = {item for item in distance if isinstance(item, Box)}
    chosen: set[Value | Box] = set(boxes) if len(boxes) <= room // 2 else set()
    room -= len(chosen)
    levels: dict[tuple[bool, int], list[Value | Box]] = {}
    for item in distance:
        if item not in chosen:
            levels.setdefault((is_leaf[item], distance[item]), []).append(item)
    for leaves in (False, True):
        room += leaves * (max_nodes - max_nodes * 3 // 4)
        for level in sorted(number for is_leaf_level, number in levels if is_leaf_level == leaves):
            items = levels[leaves, level]
            if level == 0 and sum(weight[item] for item in items) > room:
                items = items[
                    : max(1, room // max(map(weight.__getitem__, items)))
                ]  # more outputs than there is room for
            needed = sum(weight[item] for item in items)
            if needed > room or (level > _FARTHEST and not leaves):
                break
            chosen.update(items)
            room -= needed
    others = Box("more leaves", is_scope=False), Box("more", is_scope=False)
    return {node: item if item in chosen else others[0] if is_leaf[item] else others[1] for node, item in shown.items()}


def _distances(graph: _Graph) -> tuple[dict[Value, int], dict[Value, int]]:
    """How many edges lie between each node and an output: on the longest way, and on the shortest."""
    longest: dict[Value, int] = dict.fromkeys(graph.roots, 0)
    shortest: dict[Value, int] = dict.fromkeys(graph.roots, 0)
    for node in reversed(graph.order):
        for operand in node._inputs:
            if operand is not None:
                step = int(operand in graph.kept)
                longest[operand] = max(longest.get(operand, 0), longest[node] + step)
                shortest[operand] = min(shortest.get(operand, len(graph.order)), shortest[node] + step)
    return longest, shortest


def _neighbourhood(
    graph: _Graph, shown: dict[Value, Value | Box], centre: Value, radius: int, max_nodes: int
) -> set[Value | Box]:
    """What can be reached from `centre` along at most `radius` edges in either direction; the nearest `max_nodes`."""
    users: dict[Value, list[Value]] = {}
    for node in graph.order:
        for operand in node._inputs:
            if operand is not None:
                users.setdefault(operand, []).append(node)
    members: dict[Value | Box, list[Value]] = {}
    for node, item in shown.items():
        members.setdefault(item, []).append(node)
    near: dict[Value | Box, None] = {shown[centre]: None}
    room = max_nodes - graph.weight[centre]
    passed: tuple[set[Value], set[Value]] = set(), set()  # anonymous nodes, by the direction in which they were passed
    frontier: list[Value | Box] = [shown[centre]]
    for _ in range(radius):
        reached: dict[Value | Box, None] = {}
        for item in frontier:
            for forward in (False, True):
                stack = list(members[item])
                while stack:
                    node = stack.pop()
                    for other in users.get(node, ()) if forward else node._inputs:
                        if other is None or other in passed[forward]:
                            continue
                        if other in graph.kept:
                            reached[shown[other]] = None
                        else:
                            passed[forward].add(other)
                            stack.append(other)
        frontier = []
        for item in reached:
            size = graph.weight[item] if isinstance(item, Value) else 1
            if item not in near and size <= room:
                near[item] = None
                frontier.append(item)
                room -= size
    return set(near)


def _view(graph: _Graph, shown: dict[Value, Value | Box], detail: str) -> View:
    if detail == "operations":
        edges = operation_edges(graph.order, shown)
    else:
        edges = named_edges(graph.order, graph.kept, shown, _PATIENCE)
    items = list(dict.fromkeys(shown.values()))
    items, backward = _forward(items, edges)
    place: dict[Node, int] = {item: index for index, item in enumerate(items)}
    constants: dict[Node, list[Node]] = {}
    for edge in edges:
        if edge.source not in place:
            constants.setdefault(edge.target, []).append(edge.source)
    nodes = [node for item in items for node in (*constants.get(item, ()), item)]
    edges.sort(key=lambda edge: place[edge.target])
    return View(tuple(nodes), tuple(edges), sum(graph.weight.values()), frozenset(backward))


def _forward(items: list[Value | Box], edges: list[Edge]) -> tuple[list[Value | Box], list[Edge]]:
    """The items in an order in which every one follows what feeds it, and otherwise as given; and what cannot be so.

    Boxes may feed each other in a circle. Then the first of those left comes next, and its edges from later ones run
    backward.
    """
    place: dict[Node, int] = {item: index for index, item in enumerate(items)}
    users: list[list[int]] = [[] for _ in items]
    waiting = [0] * len(items)
    for edge in edges:
        if edge.source in place:
            users[place[edge.source]].append(place[edge.target])
            waiting[place[edge.target]] += 1
    ready = [index for index, count in enumerate(waiting) if not count]
    heapify(ready)
    placed: dict[int, int] = {}
    first_left = 0
    while len(placed) < len(items):
        while first_left in placed:
            first_left += 1
        index = heappop(ready) if ready else first_left
        if index in placed:
            continue
        placed[index] = len(placed)
        for user in users[index]:
            waiting[user] -= 1
            if not waiting[user] and user not in placed:
                heappush(ready, user)
    backward = [
        edge for edge in edges if edge.source in place and placed[place[edge.source]] > placed[place[edge.target]]
    ]
    return [items[index] for index in placed], backward
