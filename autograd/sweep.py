"""The two passes over a recorded graph, for any node type.

A node has `inputs`, its operands in order (None where the operand was a constant); `record`, what it computed and what
from: `(out, *operands)`; and `primitive`, the row of the table that made it, or None at a leaf. Nothing here recurses:
a chain of a million nodes is swept at the default recursion limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from autograd.primitives import Primitive


class Node(Protocol):
    """What a sweep needs of a node."""

    @property
    def inputs(self) -> tuple[Any, ...]: ...

    @property
    def record(self) -> tuple[Any, ...]: ...

    @property
    def primitive(self) -> Primitive | None: ...


N = TypeVar("N", bound=Node)


def topological_order(outputs: Iterable[N]) -> list[N]:
    """All nodes from which `outputs` were computed, themselves included: every node after its operands.

    Depth first, each node once. The stack holds nodes to visit; a None on it says that the node below it has had all
    its operands placed and is next in the order.
    """
    order: list[N] = []
    seen: set[N] = set()
    stack: list[N | None] = list(outputs)[::-1]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]  # below a None there always is a node
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            for operand in node.inputs:
                if operand is not None and operand not in seen:
                    stack.append(operand)
    return order


def reverse_sweep(order: Sequence[N], seeds: Iterable[tuple[N, Any]]) -> dict[N, Any]:
    """The cotangents of the nodes in `order`, from the `seeds` of some of them: reverse mode.

    A node's cotangent is the derivative of the seeded sum with respect to it. A node that no seed reaches, and one on
    a branch that was not taken, is absent. Contributions are summed in reverse topological order, operands from left
    to right, so that the same program gives the same bits every time.
    """
    cotangents: dict[N, Any] = {}
    get = cotangents.get
    for node, seed in seeds:
        total = get(node)
        cotangents[node] = seed if total is None else total + seed
    for node in reversed(order):
        cotangent = get(node)
        primitive = node.primitive
        if cotangent is None or primitive is None:
            continue
        record = node.record
        for operand, partial in zip(node.inputs, primitive.partials):
            if operand is None or partial is None:
                continue
            if partial.__class__ is float:
                contribution = cotangent if partial == 1.0 else cotangent * partial
            else:
                factor = partial(*record)  # type: ignore[operator]  # a float was dealt with above
                if factor is None:
                    continue
                contribution = cotangent * factor
            total = get(operand)
            cotangents[operand] = contribution if total is None else total + contribution
    return cotangents
