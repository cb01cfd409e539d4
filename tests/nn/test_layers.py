"""Module, Neuron, Layer and MLP: micrograd's signatures, the options, and the errors."""

from __future__ import annotations

import math
import random

import pytest

from autograd import ShapeError, Value
from nn import MLP, Layer, Module, Neuron


def test_micrograds_mlp_has_its_parameters_in_its_order():
    random.seed(1337)
    expected = [random.uniform(-1, 1) for _ in range(2)]
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    assert [w.data for w in model.parameters()[:2]] == expected
    assert model.parameters()[2].data == 0.0
    assert repr(Neuron(2, nonlin=False)) == "LinearNeuron(2)"
    assert repr(MLP(2, [2, 1])) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2
    assert isinstance(MLP(2, [1, 1])([Value(1.0), 2]), Value)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", 0.0),
        ("tanh", math.tanh(-0.2)),
        ("sigmoid", 1 / (1 + math.exp(0.2))),
        ("linear", -0.2),
        (lambda x: x * x, 0.04),
    ],
)
def test_neuron_is_its_weighted_sum_through_its_activation(activation, expected):
    neuron = Neuron(2, activation=activation)
    for parameter, number in zip(neuron.parameters(), (0.5, -0.25, 0.1)):
        parameter.data = number
    out = neuron([1.0, 3.2])  # 0.5·1 - 0.25·3.2 + 0.1 = -0.2
    assert out.data == pytest.approx(expected, abs=1e-15)


def test_a_wrong_number_of_inputs_says_both_numbers():
    for part in (Neuron(2), Layer(2, 3), MLP(2, [3, 1])):
        with pytest.raises(ShapeError, match="takes 2 inputs, 3 were given"):
            part([1.0, 2.0, 3.0])


def test_a_shared_bias_is_one_parameter_of_the_layer():
    layer = Layer(2, 3, shared_bias=True)
    assert len(layer.parameters()) == 7
    for neuron in layer.neurons:
        assert neuron.b is layer.neurons[0].b
    sum(layer([0.5, 0.25]), Value(0.0)).backward()
    live = sum(neuron([0.5, 0.25]).data > 0 for neuron in layer.neurons)
    assert layer.neurons[0].b.grad == live


def test_names_number_through_the_network_as_in_the_article():
    model = MLP(2, [2, 2], shared_bias=True)
    assert [p.name for p in model.parameters()] == ["w1", "w2", "b1", "w3", "w4", "w5", "w6", "b2", "w7", "w8"]
    out = model([0.1, 0.2])
    assert [v.name for v in out] == ["net_o1", "net_o2"]  # linear: net and out are one Value
    assert MLP(1, [1, 1, 1]).layers[1].neurons[0].name == "h2"


@pytest.mark.parametrize("wrong", [0, -1, 2.0, "2", None])
def test_sizes_are_whole_numbers_from_1_up(wrong):
    with pytest.raises(ValueError, match="whole number from 1 up"):
        MLP(2, [wrong])
    with pytest.raises(ValueError, match="whole number from 1 up"):
        Neuron(wrong)


def test_a_network_without_layers_and_an_unknown_activation_are_refused():
    with pytest.raises(ValueError, match="one layer at least"):
        MLP(2, [])
    with pytest.raises(ValueError, match=r"'swish'.*relu, tanh, sigmoid, linear"):
        MLP(2, [1], activation="swish", output_activation="swish")


def test_a_module_finds_parameters_in_lists_modules_and_dicts_each_once():
    class Mixed(Module):
        def __init__(self):
            self.first = Value(1.0)
            self.again = self.first
            self.parts = [Value(2.0), (Neuron(1),)]
            self.table = {"k": Value(3.0)}
            self.last_output = self.first * 2  # computed, so no parameter
            self.note = "text"

    paths = [path for path, _ in Mixed().named_parameters()]
    assert paths == ["first", "parts.0", "parts.1.0.w.0", "parts.1.0.b", "table.k"]


def test_zero_grad_forgets_every_gradient():
    model = MLP(2, [2, 1])
    model([1.0, 2.0]).backward()
    assert all(p.has_grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.has_grad for p in model.parameters())
