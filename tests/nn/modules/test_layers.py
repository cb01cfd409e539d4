"""Neuron, Layer and MLP with micrograd's signatures; Linear, Sequential, Dropout and activations with PyTorch's."""

from __future__ import annotations

import math
import random

import pytest

import autograd
from autograd import ShapeError, TraceError, Value, jit
from nn import MLP, Layer, Module, Neuron
from nn.modules.activations import ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.linear import Linear


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


NUMBERS = (-30.0, -2.5, -1.0, -1e-3, 0.0, 1e-3, 0.5, 3.0, 30.0)
# Each activation as mpmath computes it, to 50 digits.
ACTIVATIONS = {
    "ReLU": (ReLU(), lambda m, x: max(x, 0)),
    "Tanh": (Tanh(), lambda m, x: m.tanh(x)),
    "Sigmoid": (Sigmoid(), lambda m, x: 1 / (1 + m.exp(-x))),
    "LeakyReLU": (LeakyReLU(0.25), lambda m, x: x if x > 0 else x / 4),
    "ELU": (ELU(1.5), lambda m, x: x if x > 0 else m.mpf(1.5) * m.expm1(x)),
    "SiLU": (SiLU(), lambda m, x: x / (1 + m.exp(-x))),
    "GELU": (GELU(), lambda m, x: x * m.ncdf(x)),
    "Softplus": (Softplus(), lambda m, x: m.log1p(m.exp(x))),
    "Softplus(2)": (Softplus(2.0), lambda m, x: m.log1p(m.exp(2 * x)) / 2),
    "Identity": (Identity(), lambda m, x: x),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_function_of_each_number_in_a_nest(name):
    import mpmath

    module, reference = ACTIVATIONS[name]
    with mpmath.workdps(50):
        expected = [float(reference(mpmath, mpmath.mpf(x))) for x in NUMBERS]
    assert module(list(NUMBERS)) == pytest.approx(expected, rel=2e-15)
    assert module([[Value(NUMBERS[1])], (NUMBERS[2],)])[0][0].data == pytest.approx(expected[1], rel=2e-15)
    assert module(NUMBERS[7]) == pytest.approx(expected[7], rel=2e-15)


def test_softmax_is_of_a_vector_and_sums_to_one():
    thirds = Softmax()([0.0, math.log(2.0)])
    assert thirds == pytest.approx([1 / 3, 2 / 3], rel=1e-15)


@pytest.mark.parametrize("make", [lambda: Softplus(0), lambda: ELU(math.nan), lambda: LeakyReLU(math.inf)])
def test_an_option_of_an_activation_is_a_sensible_number(make):
    with pytest.raises(ValueError, match="not"):
        make()


@pytest.mark.parametrize("name", ["softplus", "silu", "gelu", "elu", "leaky_relu"])
def test_a_neuron_takes_each_activation_by_its_name(name):
    neuron = Neuron(1, activation=name)
    neuron.w[0].data = -0.75
    out = neuron([1.0])
    assert out.data == getattr(autograd, name)(-0.75)
    assert out.name == "out"


def test_linear_is_the_product_with_its_rows_plus_its_biases_by_pytorchs_paths():
    layer = Linear(3, 2)
    numbers = [0.5, -0.25, 2.0, 1.0, 0.75, -1.5, 0.125, -3.0]
    paths = [f"weight.{row}.{column}" for row in range(2) for column in range(3)] + ["bias.0", "bias.1"]
    layer.load_state_dict(dict(zip(paths, numbers)))
    # 0.5·0.5 + 0.25·1.25 + 2·2 + 0.125 and 0.5 - 0.75·1.25 - 1.5·2 - 3, both exact
    assert [y.data for y in layer([0.5, -1.25, 2.0])] == [4.6875, -6.4375]
    bare = Linear(3, 2, bias=False)
    assert bare.bias is None
    bare.load_state_dict(dict(zip(paths[:6], numbers)))
    assert [y.data for y in bare([0.5, -1.25, 2.0])] == [4.5625, -3.4375]


def test_linear_draws_its_parameters_within_one_over_the_root_of_its_inputs():
    layer = Linear(16, 50, generator=random.Random(2))
    numbers = list(layer.state_dict().values())
    rng = random.Random(2)
    assert numbers == [rng.uniform(-0.25, 0.25) for _ in range(16 * 50 + 50)]
    assert [w.name for w in layer.weight[1][:2]] + [layer.bias[2].name] == ["w2_1", "w2_2", "b3"]


def test_a_single_number_is_one_input_and_a_batch_is_refused():
    assert len(Linear(1, 2)(Value(3.0))) == 2
    assert isinstance(Sequential(Layer(2, 1), Layer(1, 1))([1.0, 2.0]), Value)
    for part in (Linear(2, 1), Neuron(2), MLP(2, [1])):
        with pytest.raises(ShapeError, match="call it for each sample, or through vmap"):
            part([[1.0, 2.0], [3.0, 4.0]])
        with pytest.raises(ShapeError, match="takes 2 inputs, 1 were given"):
            part(1.0)


def test_linear_refuses_sizes_that_are_not_whole_numbers_from_1_up():
    for sizes in ((0, 1), (1, 0), (1.0, 1), (1, None)):
        with pytest.raises(ValueError, match="whole number from 1 up"):
            Linear(*sizes)


def test_sequential_is_indexed_sliced_counted_and_grows():
    parts = [Linear(2, 3), Tanh(), Linear(3, 1)]
    model = Sequential(*parts)
    assert list(model) == parts
    assert model[-1] is parts[2]
    assert [*model[:2]] == parts[:2]
    assert model.append(Identity()) is model
    assert len(model) == 4
    assert [path for path, _ in model.named_children()] == ["0", "1", "2", "3"]
    assert Sequential()([1.0]) == [1.0]
    with pytest.raises(TypeError, match=r"a module such as nn\.Tanh\(\), not Primitive"):
        Sequential(autograd.tanh)


def test_dropout_drops_and_scales_in_training_and_passes_through_else():
    dropout = Dropout(0.25, generator=random.Random(9))
    reference = random.Random(9)
    expected = [0.0 if reference.random() < 0.25 else 4 / 3 for _ in range(2000)]
    assert dropout([1.0] * 2000) == pytest.approx(expected, rel=1e-15)
    assert abs(expected.count(0.0) - 500) < 5 * math.sqrt(2000 * 0.25 * 0.75)
    x = [Value(1.0), 2.0]
    assert dropout.eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert Dropout(1.0)([3.0, [4.0]]) == [0.0, [0.0]]


def test_the_gradient_passes_where_a_number_was_kept():
    dropout = Dropout(0.5)
    x, y = Value(3.0), Value(4.0)
    with dropout.using([0.0, 2.0]):
        out = dropout([x, y])
    (out[0] + out[1]).backward()
    assert (x.grad, y.grad) == (0.0, 2.0)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, "0.5", None])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="from 0 to 1"):
        Dropout(p)


def test_dropout_in_a_compiled_function_needs_a_mask_as_an_argument():
    dropout = Dropout(0.5)
    with pytest.raises(TraceError, match=r"dropout\.using\(mask\), or call model\.eval\(\)"):
        jit(lambda x: dropout(x), backend="interpreter")([1.0, 2.0])

    def masked(x, mask):
        with dropout.using(mask):
            return dropout(x)

    compiled = jit(masked, backend="interpreter")
    assert compiled([1.0, 2.0], [2.0, 0.0]) == [2.0, 0.0]
    assert compiled([1.0, 2.0], [0.0, 2.0]) == [0.0, 4.0]
    dropout.eval()
    assert jit(lambda x: dropout(x), backend="interpreter")([1.0]) == [1.0]
    with pytest.raises(ShapeError, match="the mask is 1 numbers, the input 2 numbers"), dropout.train().using([1.0]):
        dropout([1.0, 2.0])


def test_dropout_sees_no_parameters_in_its_mask():
    dropout = Dropout(0.5)
    with dropout.using([Value(1.0)]):
        assert dropout.parameters() == []
