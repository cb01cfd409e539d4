"""The recording of a network as the page needs it: its formulas hold on both sides of each comparison."""

from __future__ import annotations

import pytest

import nn
from autograd import Value, digamma, jit
from autograd.display.page import described, plan_derivations
from autograd.primitives.row import Primitive
from autograd.primitives.table import TABLE  # what the formulas' rows compute
from nn.modules.activations import COMPOSED

ACTIVATIONS = ["relu", "tanh", "sigmoid", "linear", "softplus", "silu", "gelu", "elu", "leaky_relu"]
LOSSES = [
    nn.half_squared_error, nn.mean_squared_error, nn.binary_cross_entropy_with_logits, nn.hinge, nn.huber,
]  # fmt: skip


def recorded(function, names, numbers):
    """What `described` says of a function of named numbers, and what a run of the recording computes."""
    box = []

    def run(values):
        for value, name in zip(values, names):
            value.name = name
        output = function(*values)
        output.name = "E"
        box[:] = [plan_derivations(output, values, dict(zip(names, numbers)))]
        return box[0].nodes, list(box[0].derivatives.values())

    values, derivatives = jit(run, backend="interpreter")(list(numbers))
    return described(box[0]), values, derivatives


class Replay:
    """Evaluates formulas by the rows of the table, at the numbers of the named Values."""

    def __init__(self, description, values):
        self.description, self.values = description, values

    def number(self, formula):
        if isinstance(formula, str):
            return float(formula)
        if not isinstance(formula, list):
            return formula
        head, *rest = formula
        if head == "v":
            return self.values[rest[0]]
        row = TABLE[self.description["notations"][head]["name"]]
        return row.evaluate(*map(self.number, rest))


def one_neuron(activation, loss):
    def error(w, x, b, target):
        net = (w * x + b).named("net")
        function = COMPOSED.get(activation)
        out = function(net) if function else net if activation == "linear" else getattr(net, activation)()
        return loss(out.named("out"), target)

    return error


# Weights, inputs, biases and targets that lead to both sides of each comparison.
POINTS = [(0.7, 1.3, 0.2, 1.0), (-0.9, 1.1, 0.1, -1.0), (2.5, 2.0, 0.5, -1.0), (0.3, 0.4, -2.9, 1.0)]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_the_formulas_are_the_values_and_their_derivatives_at_every_point(activation, loss):
    error = one_neuron(activation, loss)
    description, *_ = recorded(error, ["w", "x", "b", "target"], POINTS[0])  # written down once, for all points
    names = [node["name"] for node in description["nodes"]]
    for point in POINTS:
        _, values, derivatives = recorded(error, ["w", "x", "b", "target"], point)
        replay = Replay(description, values)
        for node, value in zip(description["nodes"], values):
            if node["formula"] is not None:
                assert replay.number(node["formula"]) == pytest.approx(value, rel=1e-13, abs=1e-15), node["name"]
        # The chain rule along the edges gives what the engine's own backward pass gives.
        eager = [Value(number) for number in point]
        error(*eager).backward()
        found = dict.fromkeys(range(len(names)), 0.0)
        found[len(names) - 1] = 1.0
        for (source, target), derivative in reversed(list(zip(description["edges"], derivatives))):
            found[source] += found[target] * derivative
        assert [found[i] for i in range(4)] == pytest.approx([v.grad for v in eager], rel=1e-13, abs=1e-15)


def lines_of(description, name):
    nodes = description["nodes"]
    return nodes[[node["name"] for node in nodes].index(name)]["lines"]


def test_a_kink_becomes_a_choice_between_the_formulas_of_both_sides():
    description, *_ = recorded(lambda x: x.relu().named("out") * 2.0, ["x"], [1.0])
    out = next(node for node in description["nodes"] if node["name"] == "out")
    names = [notation["name"] for notation in description["notations"]]
    link = lines_of(description, "x")[-2][1]  # E = 2·out, out = relu(x): the last factor is ∂out/∂x
    assert names[link[0]] == "where"
    assert names[link[1][0]] == "less_equal"
    assert link[2:] == [0.0, 1.0]
    assert names[out["formula"][0]] == "relu"


def test_a_maximum_parts_in_three():
    description, *_ = recorded(lambda x, y: nn.losses.maximum(x, y), ["x", "y"], [1.0, 2.0])
    replay = Replay(description, [])
    formula = lines_of(description, "x")[0][1]
    for (x, y), share in {(2.0, 1.0): 1.0, (1.0, 1.0): 0.5, (1.0, 2.0): 0.0}.items():
        replay.values = [x, y]
        assert replay.number(formula) == share


def test_the_ends_of_the_floats_range_are_left_out_of_a_formula():
    description, *_ = recorded(lambda x, y: x**y, ["x", "y"], [2.0, 3.0])
    names = [notation["name"] for notation in description["notations"]]
    assert "where" not in names
    assert Replay(description, [2.0, 3.0]).number(lines_of(description, "x")[0][1]) == pytest.approx(12.0, rel=1e-15)


def test_a_formula_too_long_to_read_is_left_out_and_its_number_is_not():
    def tangled(*numbers):
        total = numbers[0]
        for i in range(200):
            total = (total * numbers[i % 3]).sin() + numbers[(i + 1) % 3]
        return total

    numbers = [0.3, 0.5, 0.7]
    description, values, derivatives = recorded(tangled, ["x", "y", "z"], numbers)
    assert description["nodes"][-1]["formula"] is None
    eager = list(map(Value, numbers))
    tangled(*eager).backward()
    by_source = {source: d for (source, _), d in zip(description["edges"], derivatives)}
    assert [by_source[i] for i in range(3)] == pytest.approx([v.grad for v in eager], rel=1e-11)
    assert values[-1] == pytest.approx(tangled(*map(Value, numbers)).data, rel=1e-13)


def test_two_values_of_one_name_get_two_labels():
    description, *_ = recorded(lambda x, y: (x * y).named("part") * (x + y).named("part"), ["x", "y"], [2.0, 3.0])
    assert [node["name"] for node in description["nodes"]] == ["x", "y", "part", "part#2", "E"]


def test_hostile_names_are_text_in_mathml():
    name = "</math><script>alert(1)</script>&\"'"
    description, *_ = recorded(lambda x: x * x, [name], [2.0])
    for key in ("mathml", "delta", "updated"):
        assert "<script" not in description["nodes"][0][key]
        assert "&lt;script" in description["nodes"][0][key]


def test_every_row_can_be_written():
    """The notation of each row has places for its operands in text and in MathML, and no others."""
    for row in TABLE.values():
        if row.predicate or row.name in ("identity", "stop_gradient", "where"):
            continue
        assert isinstance(row, Primitive)
        names = [f"x{i}" for i in range(len(row.partials))]
        inside = [(1.5 if low <= 1.5 <= high else 0.5) for low, high in row.domain]
        if row is digamma or row.name in ("polygamma", "power_log"):
            inside = [1.0, 2.5, 1.5][len(inside) == 1 :][: len(inside)]
        description, *_ = recorded(lambda *values, row=row: row(*values) * 2.0, names, inside)
        for notation in description["notations"]:
            count = len(TABLE[notation["name"]].partials)
            for template in (notation["text"], notation["mathml"]):
                places = [i for i in range(count + 2) if f"{{{i}}}" in template]
                assert places == list(range(count)), notation
