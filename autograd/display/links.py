"""Graph -> links: the named view along the paths from one variable to an output, each edge with its formula.

A formula is the rule of the table run on symbols, through the anonymous nodes that are folded into the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd.display.expression import Expression, is_constant, lift, symbol
from autograd.display.style import visible
from autograd.sweep import reverse_sweep, topological_order
from autograd.value import Value

LARGEST_FORMULA = 24  # operations that are folded into one edge; beyond it an anonymous node gets a name


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


@dataclass(eq=False)
class NamedGraph:
    """The named view between a variable and an output: its nodes, what each is called, and its links on demand."""

    output: Value
    variable: Value
    order: list[Value] = field(init=False)
    labels: dict[Value, str] = field(init=False)
    between: set[Value] = field(init=False)  # the kept nodes that lie on a path from the variable to the output
    paths: dict[Value, int] = field(init=False)  # how many paths lead to each of them from the variable
    sources: dict[Value, list[Value]] = field(init=False)  # the kept nodes next to each of them, on such a path

    def __post_init__(self) -> None:
        self.order = topological_order([self.output])
        self.labels = _labels(self.order, self.output, self.variable)
        self._links: dict[Value, dict[Value, Link]] = {}
        reached: set[Value] = {self.variable}
        for node in self.order:
            if node.first in reached or node.second in reached or any(operand in reached for operand in node.more):
                reached.add(node)
        self.sources, self.paths = {self.variable: []}, {self.variable: 1}
        for node in self.order:
            if node in self.labels and node in reached and node is not self.variable:
                _, border = _region(node, self.labels)
                self.sources[node] = [source for source in border if source in reached]
                self.paths[node] = sum(self.paths[source] for source in self.sources[node])
        self.between = set()
        stack = [self.output] if self.output in self.paths else []
        while stack:
            node = stack.pop()
            if node not in self.between:
                self.between.add(node)
                stack += self.sources[node]

    def symbol(self, node: Value) -> Expression:
        return symbol(self.labels[node], node.out)

    def links(self, target: Value) -> dict[Value, Link]:
        """The links into a node, from its sources on the way, in reading order."""
        if target not in self._links:
            self._links[target] = self._derive(target)
        return self._links[target]

    def _derive(self, target: Value) -> dict[Value, Link]:
        region, _ = _region(target, self.labels)
        values = reverse_sweep(region, [(target, 1.0)])
        expressions: dict[Value, Expression] = {}
        arguments: dict[Value, list[Expression]] = {}
        for node in region:
            arguments[node] = [
                lift(number)
                if operand is None
                else expressions.get(operand) or symbol(self.labels[operand], number)  # as it was when it was used
                for operand, number in zip(node.inputs, node.record[1:])
            ]
            if node is not target and node.primitive is not None:
                expressions[node] = lift(node.primitive(*arguments[node]))
        expressions[target] = self.symbol(target)
        formulas: dict[Value, Expression] = {target: lift(1.0)}
        for node in reversed(region):
            if node not in formulas or node.primitive is None:
                continue
            for i, operand in enumerate(node.inputs):
                if operand is not None:
                    factor = _factor(node, i, expressions[node], arguments[node])
                    if factor is not None:
                        share = lift(formulas[node] * factor)
                        formulas[operand] = lift(formulas[operand] + share) if operand in formulas else share
        return {
            source: Link(source, target, values.get(source, 0.0), formulas.get(source, lift(0.0)))
            for source in self.sources[target]
        }


def _factor(node: Value, i: int, out: Expression, operands: Sequence[Expression]) -> Expression | None:
    """The local derivative as a formula: the textbook's, unless the rule says otherwise at this point."""
    row = node.primitive
    assert row is not None
    rule = row.partials[i]
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
        sizes[node] = 1 + sum([sizes[operand] for operand in node.inputs if operand is not None])
        keep = node.name or node.primitive is None or node is output or node is variable
        if keep or sizes[node] > LARGEST_FORMULA:
            sizes[node] = 1
            name = visible(node.name) or f"v{i}"
            used[name] = used.get(name, 0) + 1
            kept[node] = name if used[name] == 1 else f"{name}#{used[name]}"
    return kept


def _region(target: Value, kept: dict[Value, str]) -> tuple[list[Value], list[Value]]:
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
            stack += [(operand, False) for operand in reversed(node.inputs) if operand is not None]
    return folded, border
