"""A recording -> what someone who replays it has to know: its named Values, and how each depends on the ones before.

It is the named view of a graph without numbers, as a compiled function records it: each edge has its derivative as a
node of the recording, to be computed again for other numbers, and as a formula, to be read. Where a rule chooses by a
comparison, a formula is a `where` between the formulas of both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autograd.display.derivations.expression import Expression, deciding, is_constant, lift, same, symbol
from autograd.display.derivations.links import FormulaTooLong, Link, between, formulas_of, region
from autograd.display.derivations.steps import Equation, equations_of
from autograd.display.derivations.writing import TEXT, Derivative, write
from autograd.engine.sweep import differentiable_reverse_sweep, topological_order
from autograd.engine.value import Value
from autograd.primitives import table
from autograd.primitives.row import Primitive

MOST_WAYS = 32  # through the comparisons of one formula
LARGEST_FORMULA = 300  # operations, symbols and numbers; a larger one is not for reading
_HOLDS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "=", "not_equal": "<>",
}  # fmt: skip
_TURNED = {"<": ">", "=": "=", ">": "<"}


@dataclass(eq=False)
class DerivationPlan:
    """The named Values in the order of the computation, and how each comes about.

    Attributes: `labels`, what each is called, no two alike; `formulas`, each by those before, None for a leaf and where
    it is too long to be read; `links`, the edges into each; `derivatives`, theirs as nodes of the recording or numbers.
    """

    output: Value
    nodes: list[Value]
    labels: dict[Value, str]
    formulas: dict[Value, Expression | None]
    links: dict[Value, list[Link]]
    derivatives: dict[Link, Any]


def plan_derivations(output: Value, leaves: Sequence[Value], numbers: Mapping[str, float]) -> DerivationPlan:
    """Read off the recording of a function, while it is being recorded.

    Parameters: `output`, what it returns; `leaves`, its inputs, which come first, reached or not; `numbers`, a number
    for each named Value, at which simplifications are decided (one that is missing counts as ½).
    """
    order = topological_order([output])
    made = [node for node in order if node._primitive is not None and (node.name or node is output)]
    labels: dict[Value, str] = {}
    used: dict[str, int] = {}
    for i, node in enumerate(dict.fromkeys([*leaves, *made]), start=1):
        name = node.name or f"v{i}"
        used[name] = used.get(name, 0) + 1
        labels[node] = name if used[name] == 1 else f"{name}#{used[name]}"
    symbols = {node: symbol(label, numbers.get(node.name, 0.5)) for node, label in labels.items()}
    plan = DerivationPlan(output, list(labels), labels, {}, {}, {})
    for target in labels:
        plan.formulas[target], plan.links[target] = None, []
        if target._primitive is not None:
            _fold(plan, target, symbols)
    return plan


def _fold(plan: DerivationPlan, target: Value, symbols: Mapping[Value, Expression]) -> None:
    """Add the formula of one Value and the links into it."""
    folded, border = region(target, symbols)
    folded = [node for node in folded if node._primitive is not None]

    def argument(node: Any, i: int) -> Any:
        operand = node.operands[i]
        return symbols[operand] if operand in symbols else getattr(operand, "item", operand)

    def formulas() -> list[Expression]:
        own, found = formulas_of(target, folded, symbols[target], argument, _factor)
        return [lift(own), *(found.get(source, lift(0.0)) for source in border)]

    cotangents = differentiable_reverse_sweep(folded, [(target, 1.0)])
    own, *along = _by_cases(formulas) or [None] * (1 + len(border))
    plan.formulas[target] = own
    for source, formula in zip(border, along):
        derivative: Any = cotangents.get(source, 0.0)
        if hasattr(derivative, "or_zero"):  # it is absent on one side of a comparison
            derivative = derivative.or_zero()
        name = Derivative(plan.labels[target], plan.labels[source])
        shown = symbol(name, 0.5) if formula is None else formula
        link = Link(source, target, shown.number, shown)
        plan.links[target].append(link)
        plan.derivatives[link] = derivative


def _factor(node: Value, i: int, out: Any, arguments: Sequence[Any]) -> Any:
    """The local derivative, as a person writes it."""
    row: Any = node._primitive
    rule = (row.textbook or row.partials)[i]
    return rule(out, *arguments) if callable(rule) else rule


class _PlanGraph:
    """A plan between a variable and its output, as a derivation is written from it."""

    def __init__(self, plan: DerivationPlan, variable: Value) -> None:
        self.output, self.variable = plan.output, variable
        self.order, self.labels = plan.nodes, plan.labels
        self.sources: dict[Value, list[Value]] = {variable: []}
        self.paths = {variable: 1}
        self._links = plan.links
        for node in plan.nodes:
            sources = [link.source for link in plan.links[node] if link.source in self.paths]
            if sources and node is not variable:
                self.sources[node] = sources
                self.paths[node] = sum(self.paths[source] for source in sources)
        self.between = between(self.output, self.sources)

    def links(self, target: Value) -> dict[Value, Link]:
        """The links into a node, from its sources on the way."""
        return {link.source: link for link in self._links[target] if link.source in self.paths}


def outline(plan: DerivationPlan, variable: Value) -> tuple[list[Equation], list[str]]:
    """The lines and notes by which `explain` works out the derivative of the plan's output, for any numbers.

    A factor that is 1 or 0 by a comparison stands there as a formula of its own.
    """
    graph = _PlanGraph(plan, variable)
    whole = symbol(Derivative(plan.labels[plan.output], plan.labels[variable]), 0.5)
    return equations_of(graph, whole, {})


# Comparisons.


class _Way:
    """One way through the comparisons of a formula: those in `ahead`, then the first of what is possible."""

    def __init__(self, ahead: tuple[bool, ...]) -> None:
        self.ahead, self.path = ahead, list[tuple[Expression, bool]]()
        self._possible: dict[tuple[str, str], frozenset[str]] = {}

    def decide(self, row: Primitive, operands: tuple[Expression, ...], number: bool) -> bool:
        """The outcome of a comparison. None is asked twice, and none that tells only the ends of the floats' range."""
        holds = _HOLDS.get(row.name)
        if holds is None:
            return number
        for i, operand in enumerate(operands):
            if is_constant(operand) and operand.number and not 1e-250 < abs(operand.number) < 1e250:
                others = [1.0 if j != i else operand.number for j in range(len(operands))]
                return bool(row.evaluate(*others))
        texts = [write(operand, TEXT) for operand in operands]
        left, right = sorted(texts)
        wanted = frozenset(holds if texts == [left, right] else [_TURNED[sign] for sign in holds])
        possible = self._possible.get((left, right), frozenset("=" if left == right else "<=>"))
        outcome = wanted >= possible
        if not outcome and wanted & possible:
            outcome = self.ahead[len(self.path)] if len(self.path) < len(self.ahead) else True
            self.path.append((Expression(row, operands, number), outcome))
            self._possible[left, right] = possible & wanted if outcome else possible - wanted
        return outcome


@contextmanager
def _on(way: _Way) -> Iterator[None]:
    token = deciding.set(way.decide)
    try:
        yield
    finally:
        deciding.reset(token)


def _by_cases(make: Callable[[], list[Expression]]) -> list[Expression | None] | None:
    """What `make` returns over all ways through its comparisons; None where there are too many, or too long ones."""
    pending: list[tuple[bool, ...]] = [()]
    found: list[tuple[list[tuple[Expression, bool]], list[Expression]]] = []
    while pending:
        way = _Way(pending.pop())
        try:
            with _on(way):
                formulas = make()
        except FormulaTooLong:
            return None
        found.append((way.path, formulas))
        outcomes = tuple(outcome for _, outcome in way.path)
        pending += [(*outcomes[:i], not outcomes[i]) for i in range(len(way.ahead), len(outcomes))]
        if len(found) + len(pending) > MOST_WAYS:
            return None
    return [formula if formula.size <= LARGEST_FORMULA else None for formula in _merged(found, 0)]


def _merged(found: list[tuple[list[tuple[Expression, bool]], list[Expression]]], depth: int) -> list[Expression]:
    """The formulas of several ways, chosen between by the comparisons at which they part."""
    if len(found) == 1:
        return found[0][1]
    condition = found[0][0][depth][0]
    sides = [_merged([item for item in found if item[0][depth][1] is outcome], depth + 1) for outcome in (True, False)]
    return [_chosen(condition, holds, fails) for holds, fails in zip(*sides)]


def _chosen(condition: Expression, holds: Expression, fails: Expression) -> Expression:
    if same(holds, fails) or _is_nan(fails):
        return holds
    if _is_nan(holds):
        return fails
    number = holds.number if condition.number else fails.number
    return Expression(table.where, (condition, holds, fails), number)


def _is_nan(formula: Expression) -> bool:
    """Whether nan is part of it, as on the side of a comparison where a function is not defined."""
    return (is_constant(formula) and formula.number != formula.number) or any(map(_is_nan, formula.operands))
