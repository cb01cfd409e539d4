"""The two passes over a recorded graph, for any node type.

A node has `inputs`, its operands in order (None where the operand was a constant); `record`, what it computed and what
from: `(out, *operands)`; and `primitive`, the row of the table that made it, or None at a leaf. Nothing here recurses:
a chain of a million nodes is swept at the default recursion limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar, cast

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
    stack: list[N | None] = [*outputs]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(cast(N, stack.pop()))
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            for operand in node.inputs:
                if operand is not None and operand not in seen:
                    if operand.inputs:
                        stack.append(operand)
                    else:  # a leaf can be placed at once
                        seen.add(operand)
                        order.append(operand)
    return order


def reverse_sweep(order: Sequence[N], seeds: Iterable[tuple[N, float]]) -> dict[N, float]:
    """The cotangents of the nodes in `order`, from the `seeds` of some of them: reverse mode on the recorded floats.

    A node's cotangent is the derivative of the seeded sum with respect to it. A node that no seed reaches, and one on
    a branch that was not taken, is absent. Shares are summed in reverse topological order, operands from left to
    right, so that the same program gives the same bits every time.
    """
    cotangents: dict[N, float] = {}
    for node, seed in seeds:
        cotangents[node] = cotangents.get(node, 0.0) + seed
    for node in reversed(order):
        primitive = node.primitive
        if primitive is not None and node in cotangents:
            primitive.reverse_step(cotangents[node], node, cotangents)
    return cotangents
