"""One call of a function, recorded, to be swept in either direction: what every transform stands on.

The function is called on fresh Values. A fresh Value stands for its argument: where the argument is itself a Value, of
an outer transform or of yours, the fresh one is recorded as a copy of it, and the result is computed in Values, so that
derivatives nest. There is nothing to confuse one level's derivative with another's: every level has nodes of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.recording import current, transforming
from autograd.engine.sweep import (
    dependent,
    differentiable_reverse_sweep,
    forward_sweep,
    reverse_sweep,
    topological_order,
)
from autograd.engine.value import Value
from autograd.engine.watching import watch_for, watch_tangents_for
from autograd.primitives import table
from autograd.primitives.row import real
from autograd.program.nests import flatten
from autograd.program.tracing.arrays import settled, shown


class Recorded:
    """One recording of `function` at `arguments`, a tuple of nests, ready to be swept in either direction."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], has_aux: bool = False) -> None:
        numbers, self.inputs = flatten(arguments)
        self.token = token = object()
        with transforming(token):
            self.leaves = [_fresh(number) for number in numbers]
            result = function(*self.inputs.unflatten([shown(leaf) for leaf in self.leaves]))
        self.aux: Any = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError("with has_aux=True the function returns a pair (output, auxiliary data)")
            result, self.aux = result
        self.results, self.outputs = flatten(result)
        for item in self.results:
            as_number(item)  # raises for what is no number
        nodes = [item for item in self.results if isinstance(item, Value)]
        self.order = topological_order(nodes, stop=self.leaves)
        self.differentiable = current().trace is not None or current().enabled and (
            any(isinstance(number, Value) for number in numbers)
            or any(not node._inputs and token not in node._recording.transforms for node in self.order)
        )

    def plain(self, nest: Any) -> Any:
        """The nest with floats for Values, unless the result depends on a Value from outside."""
        if self.differentiable:
            return nest
        numbers, structure = flatten(nest)
        return structure.map(lambda item: item.data if isinstance(item, Value) else item, numbers)

    def value(self) -> Any:
        """What the function returned."""
        return self.plain(self.outputs.map(as_number, self.results))

    def pull(self, seeds: Sequence[Any], absent: Any = 0.0) -> list[Any]:
        """The derivatives of the sum of seed × result with respect to each argument: one reverse sweep.

        A seed of exactly 0.0 says that its result does not count: one that is singular does not spoil the others.
        `absent` stands for a derivative that is not there, the argument being on no branch that was taken.
        """
        pairs = [(node, seed) for node, seed in zip(self.results, seeds) if isinstance(node, Value) and _counts(seed)]
        if self.differentiable or any(isinstance(seed, Value) for seed in seeds):
            active = dependent(self.order, self.leaves)
            cotangents: dict[Value, Any] = differentiable_reverse_sweep(
                self.order, [pair for pair in pairs if pair[0] in active], watch_for(current()), active
            )
            known = set(self.order)
            return [_apart(cotangents.get(leaf, absent), known, leaf) for leaf in self.leaves]
        cotangents = reverse_sweep(self.order, pairs, watch_for(current()))
        return [cotangents.get(leaf, absent) for leaf in self.leaves]

    def push(self, seeds: Sequence[Any]) -> list[Any]:
        """The derivatives of each result along the seeds, one for each argument: one forward sweep.

        A seed of exactly 0.0 says that its argument stands still: no derivative with respect to it is taken.
        """
        moving = {leaf: seed for leaf, seed in zip(self.leaves, seeds) if _counts(seed)}
        differentiable = self.differentiable or any(isinstance(seed, Value) for seed in seeds)
        tangents = forward_sweep(self.order, moving, differentiable, watch_tangents_for(current()))
        known = set(self.order) if differentiable else set()
        return [_apart(tangents.get(item, 0.0), known) if isinstance(item, Value) else 0.0 for item in self.results]


def _counts(seed: Any) -> bool:
    return isinstance(seed, Value) or seed != 0.0


def _apart(derivative: Any, known: set[Value], leaf: Value | None = None) -> Any:
    """The derivative as a node of its own, where it is one of the recorded nodes itself: w, of w·x."""
    if current().trace is not None:
        derivative = settled(derivative, leaf)
    return _copy(derivative) if isinstance(derivative, Value) and derivative in known else derivative


def _copy(value: Value) -> Value:
    copy: Value = table.identity(value)
    return copy


def _fresh(number: Any) -> Value:
    """A Value that stands for an argument."""
    trace = current().trace
    if trace is not None:
        node: Value = trace.fresh(number)
        return node
    return _copy(number).named(number.name) if isinstance(number, Value) else Value(number)


def as_number(item: Any) -> Any:
    return item if isinstance(item, Value) or hasattr(item, "node") else real(item)


def unit(count: int, i: int) -> list[float]:
    return [1.0 if i == j else 0.0 for j in range(count)]
