"""One call of a function, recorded, to be swept in either direction: what every transform stands on.

The function is called on fresh Values. A fresh Value stands for its argument: where the argument is itself a Value, of
an outer transform or of yours, the fresh one is recorded as a copy of it, and the result is computed in Values, so that
derivatives nest. There is nothing to confuse one level's derivative with another's: every level has nodes of its own.
"""

from __future__ import annotations

import functools
import operator
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
from autograd.primitives.row import is_array, real
from autograd.primitives.specialise import values_met
from autograd.program.nests import Structure, flatten, require_same
from autograd.program.tracing.arrays import as_number as kept
from autograd.program.tracing.arrays import node_of, shown
from autograd.program.tracing.arrays.derivatives import seed_of, settled
from autograd.program.tracing.sorts import of_sort, sort_of
from autograd.program.tracing.trace import rules_within_reach

_MANY = 32  # results, of which each is made of few of the nodes


class Recorded:
    """One recording of `function` at `arguments`, a tuple of nests, ready to be swept in either direction."""

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        has_aux: bool = False,
        closures: Sequence[Value] | None = (),
    ) -> None:
        """`closures`: the Values, in a list, that the function uses without having made them, which count as arguments
        after the others, and at which a sweep ends; None to look for them.
        """
        numbers, self.inputs = flatten(arguments)
        self.token = object()
        with transforming(self.token, not isinstance(closures, tuple)):
            self.leaves = [_fresh(number) for number in numbers]
            result = function(*self.inputs.unflatten([shown(leaf) for leaf in self.leaves]))
        self.aux: Any = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError("with has_aux=True the function returns a pair (output, auxiliary data)")
            result, self.aux = result
        found, self.outputs = flatten(result)
        for item in found:
            as_number(item)  # raises for what is no number
        self.results = [as_number(item) if is_array(item) or hasattr(item, "itself") else item for item in found]
        nodes = [item for item in self.results if isinstance(item, Value)]
        self.closures = self._closed_over(nodes) if closures is None else list(closures)
        self.order = topological_order(nodes, stop=[*self.leaves, *self.closures])
        self.swept = self.order[len(self.leaves) + len(self.closures) :]
        self.differentiable = current().trace is not None or current().enabled and (
            any(isinstance(number, Value) for number in numbers)
            or any(map(self._is_outside, self.order))
        )

    def tangents(self, nest: Any, what: str) -> list[Any]:
        """The numbers of tangents. Raises: `ShapeError` where they have not the arguments' structure."""
        return _seeds(nest, self.inputs, what)

    def cotangents(self, nest: Any, what: str) -> list[Any]:
        """The numbers of cotangents. Raises: `ShapeError` where they have not the results' structure."""
        return _seeds(nest, self.outputs, what)

    def plain(self, nest: Any) -> Any:
        """The nest with floats for Values, unless the result depends on a Value from outside."""
        if self.differentiable:
            return nest
        numbers, structure = flatten(nest)
        return structure.map(lambda item: item.data if isinstance(item, Value) else item, numbers)

    def value(self) -> Any:
        """What the function returned."""
        # In a recording under no_grad the results are copied, for the copies say that no derivative passes through.
        stopped = current().trace is not None and not current().enabled
        numbers = map(kept, self.results)
        return self.plain(self.outputs.map(
            lambda item: shown(_copy(item) if stopped and isinstance(item, Value) else item), [*numbers]
        ))  # fmt: skip

    def _closed_over(self, nodes: Sequence[Value]) -> list[Value]:
        """The Values from which the function computed these without having made them."""
        found: list[Value] = []
        seen = set(self.leaves)
        stack = list(reversed(nodes))
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                if self.token in node._recording.transforms:
                    stack += [operand for operand in reversed(node._inputs) if operand is not None]
                else:
                    found.append(node)
        return found

    def pull(self, seeds: Sequence[Any], absent: Any = 0.0) -> list[Any]:
        """The derivatives of the sum of seed × result with respect to each argument: one reverse sweep.

        A seed of exactly 0.0 says that its result does not count: one that is singular does not spoil the others.
        `absent` stands for a derivative that is not there, the argument being on no branch that was taken.
        """
        return self.pull_from([(node, seed) for node, seed in zip(self.results, seeds) if _counts(seed)], absent)

    def pull_from(self, seeds: Sequence[tuple[Any, Any]], absent: Any = 0.0, settle: bool = True) -> list[Any]:
        """The same, from pairs of a result and its seed, whatever it is; without `settle` as the sweep has them."""
        pairs = [(node, seed) for node, seed in seeds if isinstance(node, Value)]
        differentiable = self.differentiable or any(isinstance(seed, Value) for _, seed in pairs)
        return self.derivatives(functools.partial(self._pulled, pairs, absent, settle), differentiable)

    def _pulled(self, pairs: list[tuple[Any, Any]], absent: Any, settle: bool, differentiable: bool) -> list[Any]:
        leaves = [*self.leaves, *self.closures]
        watch = watch_for(current())
        cotangents: dict[Value, Any]
        if differentiable:
            pairs = [pair for pair in pairs if pair[0] in self._active]
            swept = self.swept
            if len(self.results) > _MANY and current().trace is not None:  # most of it is none of these pairs'
                swept = topological_order([node for node, _ in pairs], stop=leaves)[len(leaves) :]
            with rules_within_reach():
                cotangents = differentiable_reverse_sweep(swept, pairs, watch, self._active)
        else:
            cotangents = reverse_sweep(self.swept, pairs, watch)
        if watch is not None:
            for leaf in self.leaves:
                if leaf in cotangents:
                    watch(leaf, cotangents)
        found = [cotangents.get(leaf, absent) for leaf in leaves]
        if not differentiable or not settle:
            return found
        return [_apart(item, self._known, leaf) for item, leaf in zip(found, leaves)]

    @functools.cached_property
    def _active(self) -> set[Value]:
        """The nodes on which a derivative passes."""
        return dependent(self.order, [*self.leaves, *self.closures])

    @functools.cached_property
    def _known(self) -> set[Value]:
        return set(self.order)

    def push(self, seeds: Sequence[Any], absent: Any = 0.0, settle: bool = True) -> list[Any]:
        """The derivatives of each result along the seeds, one for each argument: one forward sweep.

        A seed of exactly 0.0 says that its argument stands still: no derivative with respect to it is taken.
        """
        return self.push_from([seed if _counts(seed) else None for seed in seeds], absent, settle)

    def push_from(self, seeds: Sequence[Any], absent: Any = 0.0, settle: bool = True) -> list[Any]:
        """The same, from seeds of which those that do not count are None."""
        moving = {leaf: seed for leaf, seed in zip((*self.leaves, *self.closures), seeds) if seed is not None}
        differentiable = self.differentiable or any(isinstance(seed, Value) for seed in seeds)
        return self.derivatives(functools.partial(self._pushed, moving, absent, settle), differentiable)

    def _pushed(self, moving: dict[Value, Any], absent: Any, settle: bool, differentiable: bool) -> list[Any]:
        with rules_within_reach():
            tangents = forward_sweep(self.swept, moving, differentiable, watch_tangents_for(current()))
        known = self._known if differentiable else set()
        found = [tangents.get(item, absent) if isinstance(item, Value) else absent for item in self.results]
        return [_apart(item, known, of) for item, of in zip(found, self.results)] if settle else found

    def derivatives(self, sweep: Callable[[bool], list[Any]], differentiable: bool) -> list[Any]:
        """What `sweep(differentiable)` finds.

        One on floats is done again differentiably where rules computed with Values, and the derivatives depend on one
        from outside: on one that both sweeps met, for what a rule makes itself is another each time.
        """
        if differentiable:
            return sweep(True)
        met: list[Any] = []
        token = values_met.set(met)
        try:
            found = sweep(False)
        finally:
            values_met.reset(token)
        if not met or not current().enabled:
            return found
        again = sweep(True)
        outside = set(filter(self._is_outside, topological_order(met)))
        order = topological_order([item for item in again if isinstance(item, Value)])
        return found if outside.isdisjoint(order) else again

    def _is_outside(self, node: Value) -> bool:
        """Whether a node is a leaf that the function did not make."""
        return not node._inputs and self.token not in node._recording.transforms


def _seeds(nest: Any, expected: Structure, what: str) -> list[Any]:
    seeds, structure = flatten(nest)
    require_same(expected, structure, what)
    return [seed_of(seed) if is_array(seed) else as_number(seed) for seed in seeds]


def _counts(seed: Any) -> bool:
    return seed is not None and (type(seed) is not float or seed != 0.0)


def _apart(derivative: Any, known: set[Value], leaf: Any = None) -> Any:
    """The derivative as a node of its own, where it is a recorded node itself, w of w·x, or one that a rule holds."""
    if current().trace is not None:
        derivative = settled(derivative, leaf)
        if sort_of(derivative) is not float:  # as n of n·x, which a loop counts
            derivative = of_sort(derivative, float)
    own = isinstance(derivative, Value) and (derivative in known or derivative._primitive is None)
    return shown(_copy(derivative) if own else derivative)


def _copy(value: Value) -> Value:
    copy: Value = table.identity(value)
    return copy


def _fresh(number: Any) -> Value:
    """A Value that stands for an argument."""
    trace = current().trace
    if trace is not None:
        node: Value = trace.fresh(node_of(number))
        return node
    return _copy(number).named(number.name) if isinstance(number, Value) else Value(number)


def as_number(item: Any) -> Any:
    if is_array(item) or hasattr(item, "itself"):
        return node_of(item)
    return item if isinstance(item, Value) else real(item)


def unit(count: int, i: int) -> list[float]:
    return [1.0 if i == j else 0.0 for j in range(count)]


def positions(name: str, given: Any) -> tuple[int, ...]:
    """The positions of arguments that an option names, one or several; `TypeError` for what is no whole number."""
    several = given if isinstance(given, list | tuple | range) else [given]
    try:
        if not any(isinstance(place, bool) for place in several):
            return tuple(map(operator.index, several))
    except TypeError:
        pass
    raise TypeError(f"{name} is a position or several, whole numbers, not {given!r}")
