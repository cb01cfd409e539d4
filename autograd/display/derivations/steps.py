"""Graph -> derivation: the steps by which a person would work out one derivative.

The steps go along the named view, in which anonymous nodes are folded into the edges between named ones. Where few
paths lead from the variable to the output the derivative is a product along them and a sum over them; where there are
many it is written with node deltas, the derivatives of the output with respect to the nodes next to the variable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd.display.derivations.expression import Expression, lift, symbol
from autograd.display.derivations.links import Link, LinkedGraph, NamedGraph
from autograd.display.derivations.writing import Derivative
from autograd.engine.sweep import reverse_sweep
from autograd.engine.value import Value
from autograd.primitives import table
from autograd.transforms.judging import DIFFERS, KINK, judge_derivative

FEW_PATHS = 27  # in all, and
FEW_BESIDE = 3  # between two nodes through which every path goes
LONGEST_PATH = 16
MOST_TERMS = 8

_NOTES = {
    KINK: "The central difference is another number: there is a kink or a jump here, or next to here.",
    DIFFERS: "The central difference is another number: a derivative is stopped on the way, or a rule is wrong.",
}
_CHOSEN = (
    "The central difference keeps to the side that each `where` has taken: at the edge between two sides, where there "
    "may be a kink or a jump, it is the slope of that side."
)


@dataclass(frozen=True, slots=True)
class Equation:
    """One line: left = right = right with its numbers = value. `left` is None where it goes on from the line before."""

    left: Expression | None
    right: Expression
    value: float
    level: int = 0
    shown: str = "both"  # the right side in "symbols", in "numbers", or in both


@dataclass(frozen=True, slots=True)
class Derivation:
    """The steps to ∂output/∂variable, its value by a backward pass and by central differences, and notes."""

    output: str
    variable: str
    equations: tuple[Equation, ...]
    value: float
    difference: float
    notes: tuple[str, ...] = ()
    update: Equation | None = None


def _named(name: Derivative | str, value: float) -> Expression:
    return symbol(name, value)


def _product(factors: Sequence[Expression]) -> Expression:
    """The factors as they stand, without simplification."""
    total = factors[0]
    for factor in factors[1:]:
        total = Expression(table.multiply, (total, factor), total.number * factor.number)
    return total


def _sum(terms: Sequence[Expression]) -> Expression:
    """The terms as they stand."""
    total = terms[0]
    for term in terms[1:]:
        total = Expression(table.add, (total, term), total.number + term.number)
    return total


@dataclass(frozen=True, slots=True)
class _Factor:
    """One factor of a chain: a link of the named view, a block of several paths, or factors taken together."""

    name: Derivative
    value: float
    link: Link | None = None
    paths: tuple[tuple[Link, ...], ...] = ()
    parts: tuple[_Factor, ...] = ()

    @property
    def symbol(self) -> Expression:
        return _named(self.name, self.value)


class _Writer:
    """Writes the equations of a derivative that few paths make up."""

    def __init__(self, graph: LinkedGraph) -> None:
        self.graph, self.equations = graph, list[Equation]()
        self._explained: set[Derivative] = set()

    def whole(self, segments: Sequence[tuple[tuple[Link, ...], ...]]) -> None:
        """The equations of ∂output/∂variable: a product over the nodes through which every path goes."""
        labels = self.graph.labels
        output, variable = self.graph.output, self.graph.variable
        factors: list[_Factor] = []
        of = labels[output]
        for paths in segments:
            source = paths[0][-1].source
            if len(paths) == 1 and len(paths[0]) == 1:
                link = paths[0][0]
                if link.is_one:
                    continue
                factors.append(_Factor(Derivative(of, labels[source]), link.value, link=link))
            else:
                value = sum(_value(path) for path in paths)
                factors.append(_Factor(Derivative(of, labels[source]), value, paths=paths))
            of = labels[source]
        self._chain(Derivative(labels[output], labels[variable]), factors, 0, together=False)

    def _chain(self, name: Derivative, factors: Sequence[_Factor], level: int, together: bool) -> None:
        """The equations of a product. With `together` all factors but the last are first made into one."""
        if not factors:
            self._add(Equation(_named(name, 1.0), lift(1.0), 1.0, level))
            return
        if len(factors) == 1:
            self._factor(_renamed(factors[0], name), level)
            return
        if together and len(factors) > 2:
            value = _product([factor.symbol for factor in factors[:-1]]).number
            first = _Factor(Derivative(name.of, factors[-2].name.by), value, parts=tuple(factors[:-1]))
            factors = [first, factors[-1]]
        right = _product([factor.symbol for factor in factors])
        self._add(Equation(_named(name, right.number), right, right.number, level, "symbols"))
        for factor in factors:
            self._factor(factor, level + 1)
        self._add(Equation(None, right, right.number, level, "numbers"))

    def _factor(self, factor: _Factor, level: int) -> None:
        if factor.name in self._explained:
            return
        self._explained.add(factor.name)
        if factor.link is not None:
            self._add(Equation(factor.symbol, factor.link.formula, factor.value, level))
        elif factor.parts:
            self._chain(factor.name, factor.parts, level, together=True)
        else:
            self._paths(factor, level)

    def _paths(self, factor: _Factor, level: int) -> None:
        """The equations of a sum over paths. Each term is the derivative of its own summand, where that tells it."""
        chains = [self._factors(path) for path in factor.paths]
        names = [Derivative(chain[0].name.of, factor.name.by) if chain else factor.name for chain in chains]
        alone = [names.count(name) == 1 and name != factor.name for name in names]
        products = [_product([part.symbol for part in chain]) if chain else lift(1.0) for chain in chains]
        terms = [
            _named(name, product.number) if by_itself else product
            for name, by_itself, product in zip(names, alone, products)
        ]
        right = _sum(terms)
        self._add(Equation(factor.symbol, right, factor.value, level, "symbols"))
        for name, by_itself, chain in zip(names, alone, chains):
            if by_itself:
                self._chain(name, chain, level + 1, together=True)
            else:
                for part in chain:
                    self._factor(part, level + 1)
        self._add(Equation(None, right, factor.value, level, "numbers"))

    def _factors(self, path: Sequence[Link]) -> list[_Factor]:
        """The factors along one path; links that are 1 are not written."""
        labels = self.graph.labels
        factors: list[_Factor] = []
        of = ""
        for link in path:
            if not link.is_one:
                name = Derivative(of or labels[link.target], labels[link.source])
                factors.append(_Factor(name, link.value, link=link))
                of = labels[link.source]
        return factors

    def _add(self, equation: Equation) -> None:
        self.equations.append(equation)


def _renamed(factor: _Factor, name: Derivative) -> _Factor:
    return _Factor(name, factor.value, factor.link, factor.paths, factor.parts)


def _value(path: Sequence[Link]) -> float:
    value = 1.0
    for link in path:
        value *= link.value
    return value


def _few_paths(graph: LinkedGraph, count: int) -> list[tuple[tuple[Link, ...], ...]] | None:
    """All paths in segments, where a person would list them; None where there are too many, or they are too long."""
    if count > FEW_PATHS or len(graph.between) > LONGEST_PATH:
        return None
    segments = _segments(graph, graph.output, graph.variable)
    return segments if all(len(paths) <= FEW_BESIDE for paths in segments) else None


def _segments(graph: LinkedGraph, output: Value, variable: Value) -> list[tuple[tuple[Link, ...], ...]]:
    """All paths, cut at the nodes through which each of them goes; from the output to the variable."""
    paths = _all_paths(graph, output, variable)
    common = set.intersection(*({link.target for link in path} for path in paths))
    cuts = [link.target for link in paths[0] if link.target in common]
    segments = []
    for target, following in zip(cuts, [*cuts[1:], variable]):
        segments.append(tuple(dict.fromkeys(_between(path, target, following) for path in paths)))
    return segments


def _between(path: Sequence[Link], target: Value, source: Value) -> tuple[Link, ...]:
    start = next(i for i, link in enumerate(path) if link.target is target)
    end = next(i for i, link in enumerate(path) if link.source is source)
    return tuple(path[start : end + 1])


def _all_paths(graph: LinkedGraph, output: Value, variable: Value) -> list[list[Link]]:
    """Every path from the output down to the variable, in reading order; there are few."""
    complete: list[list[Link]] = []
    open_paths: list[list[Link]] = [[link] for link in reversed(graph.links(output).values())]
    while open_paths:
        path = open_paths.pop()
        end = path[-1].source
        if end is variable:
            complete.append(path)
        elif end in graph.between:
            open_paths += [[*path, link] for link in reversed(graph.links(end).values())]
    return complete


def derive(output: Value, variable: Value, step: float | None = None) -> Derivation:
    """The derivation of ∂output/∂variable; with `step`, also the update variable - step × derivative."""
    graph = NamedGraph(output, variable)
    of, by = graph.labels[output], graph.labels.get(variable, variable.name or "the variable")
    cotangents = reverse_sweep(graph.order, [(output, 1.0)])
    value = cotangents.get(variable, 0.0)
    whole = _named(Derivative(of, by), value)
    equations, notes = equations_of(graph, whole, cotangents)
    update = None
    if step is not None:
        new = lift(symbol(by, variable._out) - lift(step) * whole)
        update = Equation(symbol(f"{by}⁺", new.number), new, new.number)
    verdict = judge_derivative(graph.order, variable, output, value)
    difference = verdict.slope.value if verdict.slope else math.nan
    if verdict.outcome in _NOTES:
        notes.append(_NOTES[verdict.outcome])
    # Where the two sides meet, one may stand at the edge between them.
    if any(node._primitive is table.where and node._record[2] == node._record[3] for node in graph.between):
        notes.append(_CHOSEN)
    return Derivation(of, by, tuple(equations), value, difference, tuple(notes), update)


def equations_of(
    graph: LinkedGraph, whole: Expression, cotangents: Mapping[Value, float]
) -> tuple[list[Equation], list[str]]:
    """The lines by which `whole`, the derivative of the graph's output, is worked out, and what to note."""
    labels, output, variable = graph.labels, graph.output, graph.variable
    of, by = labels[output], labels.get(variable, variable.name or "the variable")
    count = graph.paths.get(output, 0)
    if variable is output:
        return [Equation(whole, lift(1.0), 1.0)], []
    if count == 0:
        return [Equation(whole, lift(0.0), 0.0)], [f"{of} does not depend on {by}."]
    segments = _few_paths(graph, count)
    if segments is not None:
        writer = _Writer(graph)
        writer.whole(segments)
        return writer.equations, []
    many = f"{count:,} paths lead" if count < 10**15 else f"about 10^{len(str(count)) - 1} paths lead"
    note = (
        f"{'one path leads' if count == 1 else many} from {by} to {of}, over {len(graph.between):,} nodes: "
        f"δ_x stands for ∂{of}/∂x, which the backward pass hands from node to node."
    )
    return _by_deltas(graph, cotangents, whole), [note]


def _by_deltas(graph: LinkedGraph, cotangents: Mapping[Value, float], whole: Expression) -> list[Equation]:
    """The sum over the nodes next to the variable: the delta of each times its derivative by the variable."""
    variable = graph.variable
    targets = [
        node for node in graph.order
        if node in graph.between and any(source is variable for source in graph.sources[node])
    ]
    terms, equations = [], []
    for target in targets[:MOST_TERMS]:
        link = graph.links(target)[variable]
        delta = _named(f"δ_{graph.labels[target]}", cotangents.get(target, 0.0))
        local = _named(Derivative(graph.labels[target], graph.labels[variable]), link.value)
        terms.append(delta if link.is_one else _product([delta, local]))
        meaning = _named(Derivative(graph.labels[graph.output], graph.labels[target]), delta.number)
        equations.append(Equation(delta, meaning, delta.number, 1))
        if not link.is_one:
            equations.append(Equation(local, link.formula, link.value, 1))
    rest = targets[MOST_TERMS:]
    if rest:
        links = [graph.links(target)[variable] for target in rest]
        value = sum(cotangents.get(target, 0.0) * link.value for target, link in zip(rest, links))
        terms.append(_named(f"({len(rest):,} more terms)", value))
    right = _sum(terms)
    return [
        Equation(whole, right, whole.number, 0, "symbols"), *equations,
        Equation(None, right, whole.number, 0, "numbers"),
    ]
