"""The passes over a recorded graph, for any node type.

A node has `_inputs`, its operands in order (None where the operand was a constant), which also stand in `_first`,
`_second` and `_more`; `_record`, what it computed and what from: `(out, *operands)`, as floats; `_arguments()`, the
same as nodes; and `_primitive`, the row of the table that made it, or None at a leaf. Nothing here recurses: a chain of
a million nodes is swept at the default recursion limit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast


class Node(Protocol):
    """What a sweep needs of a node."""

    _first: Any
    _second: Any
    _more: tuple[Any, ...]

    @property
    def _inputs(self) -> tuple[Any, ...]: ...

    @property
    def _record(self) -> tuple[Any, ...]: ...

    @property
    def _primitive(self) -> Any: ...  # a Primitive; of a node in a recording perhaps another operation; None at a leaf

    def _arguments(self) -> tuple[Any, ...]: ...


N = TypeVar("N", bound=Node)


def topological_order(outputs: Iterable[N], stop: Collection[N] = ()) -> list[N]:
    """All nodes from which `outputs` were computed, themselves included: every node after its operands.

    It is also the order in which a person reads: a first operand's part stands before a second's. Depth first, each
    node once: down along the first operands, while the stack keeps what is still to do. There, a node to visit stands
    by itself; a None says that the node below it has had all its operands placed and comes next. The nodes in `stop`
    are placed first, and not followed.
    """
    order: list[N] = list(stop)
    seen: set[N] = set(stop)
    stack: list[N | None] = []
    node: N | None
    for node in outputs:
        while True:
            while node is not None and node not in seen:
                seen.add(node)
                if node._primitive is None:
                    order.append(node)
                    break
                stack.append(node)
                stack.append(None)
                if node._more:
                    stack.extend(operand for operand in reversed(node._more) if operand is not None)
                if node._second is not None:
                    stack.append(node._second)
                node = node._first
            if not stack:
                break
            node = stack.pop()
            if node is None:
                order.append(cast(N, stack.pop()))
    return order


def reverse_sweep(
    order: Sequence[N], seeds: Iterable[tuple[N, float]], watch: Callable[[N, dict[N, float]], None] | None = None
) -> dict[N, float]:
    """The cotangents of the nodes in `order`, from the `seeds` of some of them: reverse mode on the recorded floats.

    A node's cotangent is the derivative of the seeded sum with respect to it. A node that no seed reaches, and one on
    a branch that was not taken, is absent. Shares are summed in reverse topological order, operands from left to
    right, so that the same program gives the same bits every time. `watch` sees each node just before its cotangent is
    passed on, and may change it.
    """
    cotangents: dict[N, float] = {}
    for node, seed in seeds:
        cotangents[node] = cotangents.get(node, 0.0) + seed
    for node in reversed(order):
        if node in cotangents:
            if watch is not None:
                watch(node, cotangents)
            primitive = node._primitive
            if primitive is not None:
                primitive.reverse_step(cotangents[node], node, cotangents)
    return cotangents


def differentiable_reverse_sweep(
    order: Sequence[N],
    seeds: Iterable[tuple[N, Any]],
    watch: Callable[[N, dict[N, Any]], None] | None = None,
    active: Collection[N] | None = None,
) -> dict[N, Any]:
    """The same, by the rules applied to nodes: the cotangents are nodes in turn, or floats where they are constant.

    Where `active` is given, only the nodes in it get one.
    """
    cotangents: dict[N, Any] = {}
    for node, seed in seeds:
        cotangents[node] = cotangents[node] + seed if node in cotangents else seed
    for node in reversed(order):
        if node not in cotangents:
            continue
        if watch is not None:
            watch(node, cotangents)
        if node._primitive is None:
            continue
        cotangent = cotangents[node]
        if node._primitive.pull is not None:
            for operand, share in node._primitive.pull(node, cotangent, active):
                cotangents[operand] = cotangents[operand] + share if operand in cotangents else share
            continue
        arguments = node._arguments()
        for operand, partial in zip(node._inputs, node._primitive.partials):
            wanted = operand is not None and (active is None or operand in active)
            factor = _factor(partial, arguments) if wanted else None
            if factor is not None:
                share = _product(cotangent, factor)
                cotangents[operand] = cotangents[operand] + share if operand in cotangents else share
    return cotangents


def forward_sweep(
    order: Sequence[N],
    seeds: Mapping[N, Any],
    differentiable: bool,
    watch: Callable[[N, dict[N, Any]], None] | None = None,
) -> dict[N, Any]:
    """The tangents of the nodes in `order`, from the `seeds` of some of them: forward mode.

    A node's tangent is its derivative along the seeds. One that depends on no seed, or only by a branch that was not
    taken, is absent. With `differentiable` the tangents are nodes, or floats where they are constant. `watch` sees each
    node once it has its tangent.
    """
    tangents = dict(seeds)
    for node in order:
        if node._primitive is None or node in tangents:
            continue
        moving = [i for i, operand in enumerate(node._inputs) if operand is not None and operand in tangents]
        if not moving:
            continue
        if node._primitive.push is not None:
            total = node._primitive.push(node, tangents, differentiable)
            if total is not None:
                tangents[node] = total
            continue
        arguments = node._arguments() if differentiable else node._record
        partials = node._primitive.partials if differentiable else node._primitive.float_partials
        total = None
        for i in moving:
            factor = _factor(partials[i], arguments)
            if factor is not None:
                share = _product(tangents[node._inputs[i]], factor)
                total = share if total is None else total + share
        if total is not None:
            tangents[node] = total
            if watch is not None:
                watch(node, tangents)
    return tangents


def dependent(order: Sequence[N], leaves: Collection[N]) -> set[N]:
    """The nodes in `order` that were computed from the leaves, themselves included."""
    found = set(leaves)
    for node in order:
        if node not in found and any(operand is not None and operand in found for operand in node._inputs):
            found.add(node)
    return found


def _factor(partial: Any, arguments: tuple[Any, ...]) -> Any:
    return partial(*arguments) if callable(partial) else partial


def _product(derivative: Any, factor: Any) -> Any:
    """Their product, which is one of them where the other is the constant 1: a graph is not filled with × 1."""
    if type(factor) is float and factor == 1.0:
        return derivative
    if type(derivative) is float and derivative == 1.0:
        return factor
    return derivative * factor
