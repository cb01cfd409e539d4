"""Graph -> links: the named view along the paths from one variable to an output, each edge with its formula.

A formula is the rule of the table run on symbols, through the anonymous nodes that are folded into the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograd.display.derivations.expression import Expression, is_constant, lift, symbol
from autograd.display.style import visible
from autograd.engine.sweep import reverse_sweep, topological_order
from autograd.engine.value import Value

LARGEST_FORMULA = 24  # operations that are folded into one edge; beyond it an anonymous node gets a name

ENDLESS_FORMULA = 10_000  # operations, symbols and numbers


class FormulaTooLong(Exception):
    """A formula has grown beyond what anyone could read, or a computer write."""


@dataclass(eq=False)
class Link:
    """An edge of the named view: the derivative of `target` with respect to `source`, as a number and a formula."""

    source: Value
    target: Value
    value: float
    formula: Expression

    @property
    def is_one(self) -> bool:
        return is_constant(self.formula) and self.formula.number == 1.0


class LinkedGraph(Protocol):
    """What a derivation is written from."""

    output: Value
    variable: Value
    order: list[Value]
    labels: dict[Value, str]
    between: set[Value]  # the kept nodes that lie on a path from the variable to the output
    paths: dict[Value, int]  # how many paths lead to each of them from the variable
    sources: dict[Value, list[Value]]  # the kept nodes next to each of them, on such a path

    def links(self, target: Value) -> dict[Value, Link]: ...


@dataclass(eq=False)
class NamedGraph:
    """The named view between a variable and an output: its nodes, what each is called, and its links on demand."""

    output: Value
    variable: Value
    order: list[Value] = field(init=False)
    labels: dict[Value, str] = field(init=False)
    between: set[Value] = field(init=False)
    paths: dict[Value, int] = field(init=False)
    sources: dict[Value, list[Value]] = field(init=False)

    def __post_init__(self) -> None:
        self.order = topological_order([self.output])
        self.labels = _labels(self.order, self.output, self.variable)
        self._links: dict[Value, dict[Value, Link]] = {}
        reached: set[Value] = {self.variable}
        for node in self.order:
            if node._first in reached or node._second in reached or any(operand in reached for operand in node._more):
                reached.add(node)
        self.sources, self.paths = {self.variable: []}, {self.variable: 1}
        for node in self.order:
            if node in self.labels and node in reached and node is not self.variable:
                _, border = region(node, self.labels)
                self.sources[node] = [source for source in border if source in reached]
                self.paths[node] = sum(self.paths[source] for source in self.sources[node])
        self.between = between(self.output, self.sources)

    def symbol(self, node: Value) -> Expression:
        return symbol(self.labels[node], node._out)

    def links(self, target: Value) -> dict[Value, Link]:
        """The links into a node, from its sources on the way, in reading order."""
        if target not in self._links:
            self._links[target] = self._derive(target)
        return self._links[target]

    def _derive(self, target: Value) -> dict[Value, Link]:
        folded, _ = region(target, self.labels)
        values = reverse_sweep(folded, [(target, 1.0)])

        def argument(node: Value, i: int) -> Expression:  # a symbol's number as it was when it was used
            operand, number = node._inputs[i], node._record[1 + i]
            return lift(number) if operand is None else symbol(self.labels[operand], number)

        _, formulas = formulas_of(target, folded, self.symbol(target), argument, _factor)
        return {
            source: Link(source, target, values.get(source, 0.0), formulas.get(source, lift(0.0)))
            for source in self.sources[target]
        }


def between(output: Value, sources: Mapping[Value, Sequence[Value]]) -> set[Value]:
    """The nodes on the ways back from the output along the sources."""
    found: set[Value] = set()
    stack = [output] if output in sources else []
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += sources[node]
    return found


def formulas_of(
    target: Value,
    folded: Sequence[Value],
    symbol_of_target: Expression,
    argument: Callable[[Any, int], Any],
    factor: Callable[[Any, int, Any, Sequence[Any]], Any],
) -> tuple[Any, dict[Value, Expression]]:
    """The formula of `target`, and those of its derivatives with respect to what the folded nodes are made from.

    Parameters: `folded`, the nodes of its region that are no leaves, operands first; `argument(node, i)`, an operand
    from outside the region; `factor(node, i, out, operands)`, a local derivative or None.
    """
    made: dict[Value, Any] = {}
    arguments: dict[Value, list[Any]] = {}
    for node in folded:
        arguments[node] = [
            made[operand] if operand is not None and operand in made else argument(node, i)
            for i, operand in enumerate(node._inputs)
        ]
        if node._primitive is not None:
            made[node] = _bounded(node._primitive(*arguments[node]))
    own = made.get(target)
    made[target] = symbol_of_target
    formulas: dict[Value, Expression] = {target: lift(1.0)}
    for node in reversed(folded):
        if node not in formulas or node._primitive is None:
            continue
        for i, operand in enumerate(node._inputs):
            if operand is not None:
                local = factor(node, i, made[node], arguments[node])
                if local is not None:
                    share = lift(formulas[node] * local)
                    formulas[operand] = _bounded(formulas[operand] + share if operand in formulas else share)
    return own, formulas


def _bounded(formula: Any) -> Any:
    """The formula; what nodes share is written at each place, so that a small region may have an endless one."""
    if isinstance(formula, Expression) and formula.size > ENDLESS_FORMULA:
        raise FormulaTooLong
    return formula


def _factor(node: Value, i: int, out: Any, operands: Sequence[Any]) -> Expression | None:
    """The local derivative as a formula: the textbook's, unless the rule says otherwise at this point."""
    row = node._primitive
    assert row is not None
    rule = row.partials[i]
    if callable(rule) and not row.has_formula:  # the number alone
        out, operands = lift(out).number, [lift(operand).number for operand in operands]
    factor = rule(out, *operands) if callable(rule) else rule
    if factor is None:
        return None
    formula = lift(factor)
    if row.textbook:
        shown = row.textbook[i]
        candidate = lift(shown(out, *operands) if callable(shown) else shown)
        if abs(candidate.number - formula.number) <= 1e-12 * abs(formula.number):
            return candidate
    return formula


def _labels(order: list[Value], output: Value, variable: Value) -> dict[Value, str]:
    """What each kept node is called. Of several with one name the later ones get a number; anonymous ones are v1, …"""
    sizes: dict[Value, int] = {}
    kept: dict[Value, str] = {}
    used: dict[str, int] = {}
    for i, node in enumerate(order, start=1):
        sizes[node] = 1 + sum([sizes[operand] for operand in node._inputs if operand is not None])
        keep = node.name or node._primitive is None or node is output or node is variable
        if keep or sizes[node] > LARGEST_FORMULA:
            sizes[node] = 1
            name = visible(node.name) or f"v{i}"
            used[name] = used.get(name, 0) + 1
            kept[node] = name if used[name] == 1 else f"{name}#{used[name]}"
    return kept


def region(target: Value, kept: Container[Value]) -> tuple[list[Value], list[Value]]:
    """The anonymous nodes folded into `target`, itself last, operands first; and the kept nodes at the border."""
    folded: list[Value] = []
    border: list[Value] = []
    seen: set[Value] = set()
    stack: list[tuple[Value, bool]] = [(target, False)]
    while stack:
        node, placed = stack.pop()
        if placed:
            folded.append(node)
        elif node not in seen:
            seen.add(node)
            if node in kept and node is not target:
                border.append(node)
                continue
            stack.append((node, True))
            stack += [(operand, False) for operand in reversed(node._inputs) if operand is not None]
    return folded, border
