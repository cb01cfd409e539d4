"""A network -> what the page replays: its graph as a tape, its named Values with their formulas, and its picture.

The tape is the recording of one sample's error, and of the derivative along each edge of the named-value graph. The
page runs it, and then needs nothing but the chain rule: every derivative comes from the table of primitives.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from math import isfinite
from typing import Any

import autograd
from autograd import ShapeError, Value, jit, mean, scope, sum
from autograd.display import named_view
from autograd.display.page import DerivationPlan, described, plan_derivations
from nn.diagram.network_data import Network, network_of
from nn.errors import ExportError
from nn.files.export import evaluating
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    half_squared_error,
    hinge,
    huber,
    mean_squared_error,
)
from nn.modules.containers import Sequential
from nn.modules.layers import Layer
from nn.modules.linear import Linear
from nn.modules.module import Module
from nn.modules.objective import Objective
from nn.modules.replacements import leaves_of
from nn.page.diagram import diagram, kinds_of, stages_of
from nn.page.frames import fitting, is_bias

Loss = Callable[[Any, Any], Any]

# Losses that are made of one error for each output, which then has a name of its own: E_o1, E_o2, …
ADDED: dict[Any, Callable[[Any], Any]] = {
    half_squared_error: sum,
    mean_squared_error: mean,
    binary_cross_entropy: mean,
    binary_cross_entropy_with_logits: mean,
    hinge: mean,
    huber: mean,
}


def network_program(
    model: Module, loss: Loss, sample: tuple[Sequence[float], Sequence[float]], names: Sequence[str] = ()
) -> dict[str, Any]:
    """The part of the page's document that is made of the network: docs/page.md says what is in it.

    Parameters: `model`, made of nn's layers; `loss(prediction, target)`, of one sample; `sample`, its inputs and
    targets, which say how many there are; `names`, of the inputs, x1, x2, … where not given.

    Raises: `ExportError` for a network without named sums, for one that computes with a Value from elsewhere, and for
    one that goes different ways for different numbers; `ShapeError` for another number of names; what model and loss
    raise where they do not fit to the sample.
    """
    inputs, targets = map(list, sample)
    if names and len(names) != len(inputs):
        raise ShapeError(f"there are {len(inputs)} inputs, and {len(names)} names: give a name for each")
    reading = _Reading(model, loss, list(names) or [f"x{i + 1}" for i in range(len(inputs))], len(targets))
    with evaluating(model):
        numbers = [value.data for value in model.parameters()]
        if not all(map(isfinite, numbers)):
            path = next(path for path, value in model.named_parameters() if not isfinite(value.data))
            raise ExportError(f"a page begins at finite parameters, and {path} is not one")
        total, again = (
            reading.error(*(list(map(Value, part)) for part in (numbers, inputs, targets))) for _ in range(2)
        )
        if {*leaves_of([total])} & {*leaves_of([again])}:
            raise ExportError(
                "the network or its loss computes with a Value that is no parameter of the model, or does not read it "
                "from there at each call"
            )
        try:
            network = network_of(total)
        except ValueError as error:
            raise ExportError(f"the page cannot draw this {type(model).__name__}: {error}") from None
        if len(network.columns[0]) != len(inputs):
            raise ExportError("the page cannot draw a network whose layers are joined by anything but activations")
        description, tape = reading.record(numbers, inputs, targets, _numbers(total))
    return _document(description, tape, network, reading, numbers)


class _Reading:
    """One sample's error, with a name on everything that a person thinks in."""

    def __init__(self, model: Module, loss: Loss, inputs: list[str], targets: int) -> None:
        self.model, self.loss = model, loss
        self.paths = [path for path, _ in model.named_parameters()]
        self.parameters = _parameter_names(model)
        self.inputs = _input_names(inputs, self.parameters)
        self.outputs: list[str] = []
        self.targets = [f"target_{i + 1}" for i in range(targets)] if targets > 1 else ["target"]  # of a class

    def error(self, parameters: Sequence[Value], inputs: Sequence[Value], targets: Sequence[Value]) -> Value:
        for value, name in zip(parameters, self.parameters, strict=True):
            value.name = name
        for value, name in zip(inputs, self.inputs, strict=True):
            value.name = name
        total: Value = Objective(self.model, self._error, self.loss).at(
            dict(zip(self.paths, parameters)), list(inputs), targets
        )
        return total.named("E_total")

    def _error(self, inputs: list[Value], targets: Sequence[Value]) -> Value:
        prediction = _Named(self.model)(inputs)
        outputs = list(prediction) if hasattr(prediction, "__len__") else [prediction]
        for i, output in enumerate(outputs):
            output.name = output.name or f"y{i + 1}"
        self.outputs = [output.name for output in outputs]
        neurons = [_neuron(name) for name in self.outputs]
        if len(neurons) == len(targets):
            self.targets = [f"target_{neuron}" for neuron in neurons]
        for value, name in zip(targets, self.targets):
            value.name = name
        with scope("error"):
            total: Value = self._total(prediction, outputs, neurons, targets)
        return total

    def _total(self, prediction: Any, outputs: Sequence[Any], neurons: Sequence[str], targets: Sequence[Any]) -> Any:
        added = ADDED.get(self.loss)
        if added is None or len(outputs) == 1 or len(outputs) != len(targets):
            return fitting(self.loss)(prediction, targets)
        errors = [self.loss(output, target) for output, target in zip(outputs, targets)]
        for error, neuron in zip(errors, neurons):
            error.name = f"E_{neuron}"
        return added(errors)

    def record(
        self, numbers: list[float], inputs: list[float], targets: list[float], known: Mapping[str, float]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What there is to say of the program, and the program itself."""
        made: list[DerivationPlan] = []

        def run(parameters: list[Any], inputs: list[Any], targets: list[Any]) -> Any:
            total = self.error(parameters, inputs, targets)
            made[:] = [plan_derivations(total, [*parameters, *inputs, *targets], known)]
            return made[0].nodes, list(made[0].derivatives.values())

        compiled = jit(run, backend="interpreter")
        compiled(numbers, inputs, targets)
        return described(made[0]), _tape(compiled.graph, len(made[0].nodes))


def _tape(graph: Any, nodes: int) -> dict[str, Any]:
    """The recorded graph: values are numbered, first the inputs, then the constants, then what each operation makes."""
    names: dict[str, int] = {}
    operations = []
    for operation, operands in zip(graph.operations, graph.operands):
        if operation.name == "guard":
            raise ExportError("the network goes different ways for different numbers: write where instead of its if")
        is_own = operation is not getattr(autograd, operation.name, operation)  # a user's, by the name of one of ours
        if is_own or operation.name not in replayed_operations():
            raise ExportError(f"the page does not know the operation {operation.name!r:.60} of this network")
        operations.append([names.setdefault(operation.name, len(names)), *operands])
    return {
        "inputs": graph.inputs,
        "constants": [c if isfinite(c) else repr(c) for c in map(float, graph.constants)],
        "names": list(names),
        "operations": operations,
        "values": list(graph.outputs[:nodes]),
        "derivatives": list(graph.outputs[nodes:]),
    }


@functools.cache
def replayed_operations() -> frozenset[str]:
    """The operations that the page's script computes, as its own list of them says."""
    text = files("nn.page").joinpath("assets/operations.js").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^  ([a-z0-9_]+): \(", text, re.MULTILINE))


class _Named(Module):
    """A network whose sums and activations have the names that the article gives them, also those of a Sequential."""

    def __init__(self, model: Module) -> None:
        self.model = model

    def forward(self, x: Any) -> Any:
        if not isinstance(self.model, Sequential):
            return self.model(x)
        parts = list(_flat(self.model))
        last = max((i for i, part in enumerate(parts) if isinstance(part, Linear)), default=-1)
        names: list[str] = []
        neurons = layer = 0
        for i, part in enumerate(parts):
            if isinstance(part, Linear):
                layer += 1
                names = [f"o{k + 1}" if i == last else f"h{neurons + k + 1}" for k in range(part.out_features)]
                neurons += part.out_features
            with scope("output layer" if i >= last else f"hidden layer {layer}"):
                x = part(x)
            # Of several activations after one another the last one makes what the neuron passes on.
            passed_on = i + 1 == len(parts) or isinstance(parts[i + 1], Linear | Layer)
            if isinstance(part, Linear) or (passed_on and not isinstance(part, Layer)):
                for value, name in zip(x, names) if len(x) == len(names) else ():
                    if not value.name:
                        value.name = f"net_{name}" if isinstance(part, Linear) else f"out_{name}"
        return x


def _flat(model: Module) -> Iterator[Module]:
    """The parts of a Sequential, those of one inside it in its place."""
    for part in model if isinstance(model, Sequential) else [model]:
        if isinstance(part, Sequential):
            yield from _flat(part)
        else:
            yield part


def _parameter_names(model: Module) -> list[str]:
    """A name for each parameter: its own where no two are alike, else w1, w2, … and b1, b2, … through the network."""
    own = [value.name for value in model.parameters()]
    if len(set(own)) == len(own) and not any(map(_is_taken, own)):
        return own
    counts = {"w": 0, "b": 0}
    names = []
    for path, _ in model.named_parameters():
        kind = "b" if is_bias(path) else "w"
        counts[kind] += 1
        names.append(f"{kind}{counts[kind]}")
    return names


def _input_names(names: Sequence[str], parameters: Sequence[str]) -> list[str]:
    """The names of the inputs, no two alike, and none that another Value of the network has.

    >>> _input_names(["age", "w1", "age", "net_h1"], ["w1", "b1"])
    ['age', 'input 2: w1', 'input 3: age', 'input 4: net_h1']
    """
    found: list[str] = []
    for i, name in enumerate(names, start=1):
        while _is_taken(name) or name in parameters or name in found:
            name = f"input {i}: {name}" if name else f"x{i}"
        found.append(name)
    return found


def _is_taken(name: str) -> bool:
    """Whether it is no name, or one that the page gives to something else than inputs and parameters."""
    return not name or name.startswith(("net_", "out_", "target_", "E_", "δ_"))


def _neuron(output: str) -> str:
    """The neuron to which an output belongs: o1 for out_o1 and for net_o1."""
    return re.sub(r"^(out|net)_", "", output)


def _numbers(total: Value) -> dict[str, float]:
    """The number of each named Value from which the error was computed."""
    return {node.name: node.data for node in named_view(total).nodes if isinstance(node, Value) and node.name}


def _document(
    about: dict[str, Any], tape: dict[str, Any], network: Network, reading: _Reading, numbers: Sequence[float]
) -> dict[str, Any]:
    """The parts together, every name replaced by the place of its node."""
    nodes: list[dict[str, Any]] = about["nodes"]
    place = {node["name"]: i for i, node in enumerate(nodes)}
    groups = {
        "parameters": [place[name] for name in reading.parameters],
        "inputs": [place[name] for name in reading.inputs],
        "targets": [place[name] for name in reading.targets],
        "outputs": [place[name] for name in reading.outputs],
    }
    stages = stages_of(nodes, about["edges"], groups["parameters"], groups["targets"])
    for node, kind, stage in zip(nodes, kinds_of(nodes, groups, [b.parameter.name for b in network.biases]), stages):
        node |= {"kind": kind, "stage": stage}
    for i, number, path in zip(groups["parameters"], numbers, reading.paths):
        nodes[i] |= {"start": number, "path": path}
    return {
        "nodes": nodes,
        "edges": [[*ends, derivative] for ends, derivative in zip(about["edges"], tape.pop("derivatives"))],
        "notations": about["notations"],
        "tape": tape,
        **groups,
        "output": place["E_total"],
        "network": diagram(network, place, reading.inputs, groups["targets"]),
    }
