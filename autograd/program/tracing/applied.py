"""What made a node that is the result of a loop, a branch or an operation on arrays, not of a row of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from autograd.program.graph import Branch, Loop, OnArrays

# How these are differentiated: "pull" and "push" of rules.py, which stands above; jit.py puts them here.
rules: dict[str, Callable[..., Any]] = {}


class Applied:
    """What made the node of an operation with several results; its rules are in rules.py."""

    partials: tuple[Any, ...] = ()

    def __init__(self, operation: OnArrays | Loop | Branch) -> None:
        self.operation = operation
        self.symbol = self.name = operation.name

    def __hash__(self) -> int:
        return hash(self.operation)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Applied) and self.operation == other.operation

    def pull(self, node: Any, cotangent: Any, active: Any) -> Iterable[tuple[Any, Any]]:
        return cast(Iterable[tuple[Any, Any]], rules["pull"](node, cotangent, active))

    def push(self, node: Any, tangents: Any, differentiable: bool) -> Any:
        return rules["push"](node, tangents)


class Result:
    """One of the results of an operation that has several."""

    partials: tuple[Any, ...] = ()
    symbol = name = "result"

    def __init__(self, index: int) -> None:
        self.index = index

    def pull(self, node: Any, cotangent: Any, active: Any) -> Iterable[tuple[Any, Any]]:
        return [(node.operands[0], Bundle({self.index: cotangent}))]

    def push(self, node: Any, tangents: Any, differentiable: bool) -> Any:
        return tangents[node.operands[0]].parts.get(self.index)


class Bundle:
    """The derivatives that belong to the results of one operation, by their places."""

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Bundle) -> Bundle:
        parts = dict(self.parts)
        for index, part in other.parts.items():
            parts[index] = parts[index] + part if index in parts else part
        return Bundle(parts)
