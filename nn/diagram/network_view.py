"""The network diagram: neurons in columns, weights on the edges between them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from autograd import Value
from autograd.display import FONT, INK, MUTED, colour_bar, hint, largest_gradient, look, markup, number_text, save
from nn.diagram.network_data import Bias, Network, Neuron, Place, Quantity, network_of

# Lengths in points, a 72nd of an inch.
_RADIUS = 50.0
_INPUT_RADIUS = 34.0
_GAP = 330.0  # from column to column
_LABEL_WIDTH, _LABEL_HEIGHT = 104.0, 38.0
_LONGEST_NAME = 12
_MOST_LABELLED = 4  # targets to which one neuron's labels still fit


def draw_network(
    network: Network | Value | Sequence[Value],
    path: str | os.PathLike[str] | None = None,
    format: str | None = None,
    time_limit: float = 60.0,
) -> Path | str:
    """Draw a neural network: neurons with net, out and δ, weights with value and gradient, in fixed columns.

    Where more than four neurons follow one, the weights between two columns are drawn without their numbers: colour
    and width remain.

    Parameters: `network`, a recorded graph of nn's neurons (see `network_of`) or a `Network`; the others, what is
    returned and what is raised as for `autograd.display.draw`.

    >>> from nn.article.network import ArticleNetwork
    >>> source = draw_network(ArticleNetwork().forward()["E_total"], format="dot")
    >>> source.count("shape=circle")
    6
    """
    return save(network_dot(network), path, format, time_limit, engine="neato")


def network_dot(network: Network | Value | Sequence[Value]) -> str:
    """The DOT source of the diagram, with every position given: for Graphviz's engine neato."""
    return _Diagram(network if isinstance(network, Network) else network_of(network)).source()


class _Diagram:
    """The statements of one diagram. `x` runs to the right and `y` downwards, both in points."""

    def __init__(self, network: Network) -> None:
        self.network = network
        gradients = [neuron.delta for column in network.columns for neuron in column]
        gradients += [weight.parameter.gradient for weight in network.weights]
        gradients += [bias.parameter.gradient for bias in network.biases]
        self.largest = largest_gradient(gradients)
        self.widest = max((abs(weight.parameter.value) for weight in network.weights), default=0.0) or 1.0
        self.lines: list[str] = []
        heights = [len(column) for column in network.columns]
        self.labelled = [0 < height <= _MOST_LABELLED for height in heights]  # the edges that end in each column
        own_bias = any(len(bias.targets) == 1 for bias in network.biases)
        label_rows = [height + 1 for height, labelled in zip(heights[1:], self.labelled[1:]) if labelled]
        self.pitch = max([2 * _RADIUS + (32.0 if own_bias else 18.0), *(_LABEL_HEIGHT * rows for rows in label_rows)])
        wide = max(_GAP, 0.22 * max(heights) * self.pitch)  # tall columns further apart: lines stay flat
        self.x = [0.0]
        for height, labelled in zip(heights[1:], self.labelled[1:]):
            # Where a label stands on its edge leaves room for it beside the circle.
            gap = max(_GAP, (_RADIUS + _LABEL_WIDTH / 2 + 6.0) * (height + 1)) if labelled else wide
            self.x.append(self.x[-1] + gap)
        self.bottom = max(heights) / 2 * self.pitch

    def source(self) -> str:
        network = self.network
        for column, neurons in enumerate(network.columns):
            self._caption(column)
            for row, neuron in enumerate(neurons):
                self._neuron((column, row), neuron)
        for index, weight in enumerate(network.weights):
            self._edge(weight.source, weight.target, weight.parameter, f"w{index}")
        for index, bias in enumerate(network.biases):
            self._bias(bias, f"b{index}")
        self._errors()
        head = (
            f'graph [layout=neato, inputscale=72, splines=line, outputorder=edgesfirst, bgcolor=white, pad="0.2", '
            f'fontname="{FONT}", fontsize=10, fontcolor="{MUTED}", labelloc=b, labeljust=l, tooltip=" ", '
            f"label={self._legend()}]\n"
            f'  node [fontname="{FONT}", fontsize=10, fontcolor="{INK}", color="{MUTED}", style=filled, '
            f'fillcolor=white, margin="0.05,0.03", width=0, height=0]\n'
            f'  edge [arrowsize=0.6, color="{MUTED}"]'
        )
        return "\n  ".join(["digraph {", head, *self.lines]) + "\n}\n"

    def _at(self, place: Place) -> tuple[float, float]:
        column, row = place
        return self.x[column], (row - (len(self.network.columns[column]) - 1) / 2) * self.pitch

    def _node(self, identifier: str, x: float, y: float, label: str, text: str, *attributes: str) -> None:
        parts = [f"label=<{label}>", f'tooltip="{hint(text)}"', f'pos="{x:.1f},{-y:.1f}!"', *attributes]
        self.lines.append(f"{identifier} [{', '.join(parts)}]")

    def _caption(self, column: int) -> None:
        last = len(self.network.columns) - 1
        number = f" {column}" if last > 2 else ""
        text = "inputs" if column == 0 else "output layer" if column == last else f"hidden layer{number}"
        y = -self.bottom - 22.0
        self._node(f"caption{column}", self.x[column], y, f"<B>{text}</B>", text, f'shape=none, fontcolor="{MUTED}"')

    def _neuron(self, place: Place, neuron: Neuron) -> None:
        identifier = _identifier(place)
        rows = [f"<B>{_short(neuron.name) or '&#160;'}</B>"]
        radius, fill = _INPUT_RADIUS, "#ffffff"
        if neuron.net is None:
            rows.append(number_text(neuron.out))
        else:
            delta = look(neuron.delta, self.largest)
            rows += [f"net {number_text(neuron.net)}", f"out {number_text(neuron.out)}", f"δ {delta.text}"]
            radius, fill = _RADIUS, delta.fill
        size = f"shape=circle, fixedsize=true, width={radius / 36:.3f}"
        self._node(identifier, *self._at(place), "<BR/>".join(rows), neuron.name, size, f'fillcolor="{fill}"')

    def _edge(self, source: Place, target: Place, weight: Quantity, identifier: str) -> None:
        shown = look(weight.gradient, self.largest)
        width = 0.5 + 3.5 * min(1.0, abs(weight.value) / self.widest)
        tooltip = hint(f"{weight.name} = {number_text(weight.value)}, gradient {shown.text}")
        neighbours = target[0] == source[0] + 1
        labelled = self.labelled[target[0]] and neighbours
        self.lines.append(
            f'{_identifier(source)} -> {_identifier(target)} [color="{shown.line}", penwidth={width:.2f}, '
            f'tooltip="{tooltip}"{"" if labelled else ", arrowhead=none"}]'
        )
        if labelled:
            # At 1/(n+1) of the way to n targets no two labels of a gap share a height: the crossings lie elsewhere.
            fraction = 1 / (len(self.network.columns[target[0]]) + 1)
            (x, y), (end_x, end_y) = self._at(source), self._at(target)
            label = _quantity_label(weight, shown.text)
            x, y = x + fraction * (end_x - x), y + fraction * (end_y - y)
            self._node(identifier, x, y, label, weight.name, "shape=none, style=filled, fillcolor=white, margin=0.01")

    def _bias(self, bias: Bias, identifier: str) -> None:
        shown = look(bias.parameter.gradient, self.largest)
        box = f'shape=box, fillcolor="{shown.fill}"'
        x, y = self._at(bias.targets[0])
        if len(bias.targets) == 1:
            text = f"<B>{_short(bias.parameter.name)}</B>&#160; {number_text(bias.parameter.value)}  {shown.text}"
            label = f'<FONT POINT-SIZE="8">{text}</FONT>'
            self._node(identifier, x, y + _RADIUS + 12.0, label, bias.parameter.name, box)
            return
        label = _quantity_label(bias.parameter, shown.text)
        self._node(identifier, x - 0.45 * _GAP, self.bottom + 24.0, label, bias.parameter.name, box)
        for target in bias.targets:
            self.lines.append(f'{identifier} -> {_identifier(target)} [style=dashed, color="{shown.line}"]')

    def _errors(self) -> None:
        network = self.network
        for index, error in enumerate(network.errors):
            x, y = self._at(error.source)
            quantities = [error.target, error.error] if error.target is not None else [error.error]
            label = "<BR/>".join(f"<B>{_short(q.name)}</B>&#160; {number_text(q.value)}" for q in quantities)
            self._node(f"e{index}", x + 170.0, y, label, error.error.name, "shape=box")
            self.lines.append(f"{_identifier(error.source)} -> e{index}")
            if network.total is not None:
                self.lines.append(f"e{index} -> total")
        if network.total is not None and network.errors:
            label = f"<B>{_short(network.total.name)}</B><BR/>{number_text(network.total.value)}"
            self._node("total", self.x[-1] + 310.0, 0.0, label, network.total.name, "shape=box, penwidth=2.2")

    def _legend(self) -> str:
        notes = [
            f"gradient {colour_bar(self.largest)}   ▲ red: the output grows with this value; ▼ blue: it shrinks",
            "circle: net, the weighted sum; out, what the neuron passes on; δ, the gradient on net, which colours it",
            "line: a weight; its width shows the value, its colour the gradient; on it: name, value, gradient",
        ]
        return '< <BR ALIGN="LEFT"/>' + "".join(f'{note}<BR ALIGN="LEFT"/>' for note in notes) + ">"


def _short(name: str) -> str:
    """A name that fits into a circle or on a line; the tooltip has all of it."""
    return markup(name, _LONGEST_NAME)


def _identifier(place: Place) -> str:
    return f"n{place[0]}_{place[1]}"


def _quantity_label(quantity: Quantity, gradient: str) -> str:
    return f"<B>{_short(quantity.name) or '&#160;'}</B>&#160; {number_text(quantity.value)}<BR/>{gradient}"
