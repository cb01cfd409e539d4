"""What a network diagram shows, and how it is read off a recorded graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd import Value
from autograd.display import named_view, operands, recorded

Place = tuple[int, int]  # (column, row), both from 0


@dataclass(frozen=True, slots=True)
class Quantity:
    """A named number with its gradient; None where no backward pass has set it."""

    name: str
    value: float
    gradient: float | None = None


@dataclass(frozen=True, slots=True)
class Neuron:
    """`out` is what it passes on; `net`, its weighted sum, is None for an input; `delta` is the gradient on `net`."""

    name: str
    out: float
    net: float | None = None
    delta: float | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight on the edge between two neurons."""

    source: Place
    target: Place
    parameter: Quantity


@dataclass(frozen=True, slots=True)
class Bias:
    """A bias and the neurons that add it: one, or several that share it."""

    targets: tuple[Place, ...]
    parameter: Quantity


@dataclass(frozen=True, slots=True)
class Error:
    """The error of one output neuron, and the target that it is compared with."""

    source: Place
    error: Quantity
    target: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """All that a network diagram shows: columns of neurons, inputs first, and what connects them."""

    columns: tuple[tuple[Neuron, ...], ...]
    weights: tuple[Weight, ...]
    biases: tuple[Bias, ...] = ()
    errors: tuple[Error, ...] = ()
    total: Quantity | None = None


def network_of(outputs: Value | Sequence[Value]) -> Network:
    """Read the network off a recorded graph, by the names that nn's neurons give.

    A Value named net_X is the weighted sum of neuron X, and one named out_X, where there is one, what it passes on. The
    products in the sum are its weights with what they multiply, the other terms its biases. E_X and target_X are the
    error of an output neuron, E_total the whole.

    Parameters: `outputs`, the Values from which the graph is reached, such as the error of one sample.

    Raises: `ValueError` where nothing is named net_X, or two Values are (as when two samples share a graph).

    >>> from nn import MLP
    >>> network = network_of(MLP(2, [3, 1])([0.5, -1.0]))
    >>> [len(column) for column in network.columns], len(network.weights)
    ([2, 3, 1], 9)
    """
    nodes = [node for node in named_view(outputs).nodes if isinstance(node, Value)]
    named = {node.name: node for node in nodes if node.name}
    nets = [node for node in nodes if node.op and node.name.startswith("net_")]
    if not nets:
        raise ValueError(
            "no Value of this graph is named net_X, as the weighted sum of a neuron X: name them so, or draw the graph "
            "itself with autograd.display.draw"
        )
    if len({net.name for net in nets}) < len(nets):
        raise ValueError("this graph holds the same neuron more than once: draw the network from one sample's output")
    reader = _Reader()
    for net in nets:
        reader.read(net, named)
    places = {name: (column, row) for column, names in enumerate(reader.columns) for row, name in enumerate(names)}
    errors = []
    for net in nets:
        name = net.name.removeprefix("net_")
        if f"E_{name}" in named:
            target = named.get(f"target_{name}")
            errors.append(
                Error(places[name], _quantity(named[f"E_{name}"]), None if target is None else _quantity(target))
            )
    return Network(
        columns=tuple(tuple(names.values()) for names in reader.columns),
        weights=tuple(Weight(places[source], places[target], weight) for source, target, weight in reader.weights),
        biases=tuple(Bias(tuple(places[name] for name in names), _quantity(b)) for b, names in reader.biases.items()),
        errors=tuple(errors),
        total=_quantity(named["E_total"]) if "E_total" in named else None,
    )


class _Reader:
    """The neurons met so far, by a key that is unique: a neuron's name, or an input's Value or position."""

    def __init__(self) -> None:
        self.columns: list[dict[object, Neuron]] = [{}]
        self.weights: list[tuple[object, object, Quantity]] = []
        self.biases: dict[Value, list[object]] = {}
        self._passed_on: dict[Value, tuple[str, int]] = {}  # what each neuron passes on: its name and its column

    def read(self, net: Value, named: dict[str, Value]) -> None:
        name = net.name.removeprefix("net_")
        out = named.get(f"out_{name}", net)
        column = 1
        products, biases = _terms(net)
        for index, (weight, source) in enumerate(self._split(net, product) for product in products):
            if isinstance(source, Value) and source in self._passed_on:
                key: object = self._passed_on[source][0]
                column = max(column, 1 + self._passed_on[source][1])
            else:
                key = source if isinstance(source, Value) else index
                number = recorded(source) if isinstance(source, Value) else source
                title = source.name if isinstance(source, Value) and source.name else f"x{index + 1}"
                self.columns[0].setdefault(key, Neuron(title, number))
            quantity = _quantity(weight) if isinstance(weight, Value) else Quantity("", weight)
            self.weights.append((key, name, quantity))
        for bias in biases:
            self.biases.setdefault(bias, []).append(name)
        while len(self.columns) <= column:
            self.columns.append({})
        self.columns[column][name] = Neuron(name, recorded(out), recorded(net), net.grad if net.has_grad else None)
        self._passed_on[out] = (name, column)

    def _split(self, net: Value, product: Value) -> tuple[Value | float, Value | float]:
        """The weight of a product, and what it multiplies."""
        first, second = operands(product)
        if not isinstance(first, Value):
            return second, first
        second_is_weight = isinstance(second, Value) and (
            first in self._passed_on or first.op or (first.scope != net.scope and second.scope == net.scope)
        )
        return (second, first) if second_is_weight and second not in self._passed_on else (first, second)


def _terms(net: Value) -> tuple[list[Value], list[Value]]:
    """The products and the other terms of a sum, from left to right."""
    products: list[Value] = []
    others: list[Value] = []
    stack = [net]
    while stack:
        node = stack.pop()
        inner = node is net or not node.name
        if inner and node.op == "+":
            stack += reversed(node.parents)
        elif inner and node.op == "*":
            products.append(node)
        else:
            others.append(node)
    return products, others


def _quantity(value: Value) -> Quantity:
    return Quantity(value.name, recorded(value), value.grad if value.has_grad else None)
