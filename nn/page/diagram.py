"""What the page knows of each named Value besides its number: its kind, its layer, and its place in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nn.diagram.network_data import Network, Place


def kinds_of(
    nodes: Sequence[Mapping[str, Any]], groups: Mapping[str, Sequence[int]], biases: Sequence[str]
) -> Iterator[str]:
    """What each node is in the network."""
    given = dict.fromkeys(groups["inputs"], "input") | dict.fromkeys(groups["targets"], "target")
    given |= dict.fromkeys(groups["parameters"], "weight")
    by_prefix = {"net": "net", "out": "out", "E": "error"}
    for i, node in enumerate(nodes):
        name = node["name"]
        if i in given:
            yield "bias" if name in biases else given[i]
        else:
            yield "total" if name == "E_total" else by_prefix.get(name.partition("_")[0], "value")


def diagram(
    network: Network, place: Mapping[str, int], inputs: Sequence[str], targets: Sequence[int]
) -> dict[str, Any]:
    """The network diagram, with the places of its nodes in the place of their names and numbers."""
    first, *layers = network.columns
    total = place["E_total"]
    errors: list[tuple[Place, int | None, int | None]] = [
        (error.source, place[error.error.name], None if error.target is None else place[error.target.name])
        for error in network.errors
    ]
    if not errors:  # one error for all outputs
        outputs = [(len(network.columns) - 1, row) for row in range(len(network.columns[-1]))]
        known = targets if len(targets) == len(outputs) else [None] * len(outputs)
        errors = [(at, total if len(outputs) == 1 else None, target) for at, target in zip(outputs, known)]
    return {
        "columns": [
            # What stands in the first column may also be an activation of an input.
            [{"name": name, "net": None, "out": place[name]} for name, _ in zip(inputs, first)],
            *(
                [
                    {"name": neuron.name, "net": place[f"net_{neuron.name}"], "out": _out(neuron.name, place)}
                    for neuron in column
                ]
                for column in layers
            ),
        ],
        "weights": [{"from": w.source, "to": w.target, "node": place[w.parameter.name]} for w in network.weights],
        "biases": [{"to": b.targets, "node": place[b.parameter.name]} for b in network.biases],
        "errors": [{"from": at, "node": node, "target": target} for at, node, target in errors],
        "total": total,
    }


def _out(neuron: str, place: Mapping[str, int]) -> int:
    """What a neuron passes on: its activation, else its sum."""
    return next(place[name] for name in (f"out_{neuron}", f"net_{neuron}") if name in place)


def stages_of(
    nodes: Sequence[Mapping[str, Any]],
    edges: Sequence[Sequence[int]],
    parameters: Sequence[int],
    targets: Sequence[int],
) -> list[int]:
    """The layer of each node: 0 for the inputs, then one more at each sum of a neuron, and the errors after the last.

    A parameter is of the layer that it enters; a target, of the errors.
    """
    stages = [0] * len(nodes)
    apart = {*parameters, *targets}
    for source, target in edges:  # target by target, in the order of the computation
        if source not in apart:
            stages[target] = max(stages[target], stages[source] + nodes[target]["name"].startswith("net_"))
    last = 1 + max(stages)
    errors = [i for i, node in enumerate(nodes) if node["name"].startswith("E_")]
    for i in (*errors, *targets):
        stages[i] = last
    for parameter in parameters:
        stages[parameter] = min((stages[end] for start, end in edges if start == parameter), default=0)
    return stages
