"""The network diagram: what it reads off a graph, and what it shows."""

import math
import random
import re
import xml.etree.ElementTree as ET

import pytest

from autograd import Value, scope
from nn import MLP
from nn.article.network import ArticleNetwork
from nn.diagram.network_data import Network, Neuron, Quantity, Weight, network_of
from nn.diagram.network_view import draw_network, network_dot

SVG = "{http://www.w3.org/2000/svg}"
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-", "dot": b"digraph"}


def texts(svg):
    lines = ((element.text or "") for element in ET.fromstring(svg).iter(f"{SVG}text"))
    return [" ".join(line.replace("\xa0", " ").split()) for line in lines]


def article_error():
    total = ArticleNetwork().forward()["E_total"]
    total.backward()
    return total


@pytest.fixture(scope="module")
def article():
    return network_of(article_error())


def test_the_article_is_read_as_two_two_two(article):
    assert [[neuron.name for neuron in column] for column in article.columns] == [
        ["i1", "i2"], ["h1", "h2"], ["o1", "o2"],
    ]  # fmt: skip
    hidden = article.columns[1][0]
    assert abs(hidden.net - 0.3775) < 1e-12
    assert abs(hidden.out - 0.593269992) < 0.5e-9
    assert abs(hidden.delta - 0.0087713547) < 1e-10
    assert abs(article.columns[2][0].delta - 0.138498562) < 0.5000001e-9


def test_the_article_weights_join_the_neurons_that_its_figure_joins(article):
    joined = {weight.parameter.name: (weight.source, weight.target) for weight in article.weights}
    assert joined == {
        "w1": ((0, 0), (1, 0)), "w2": ((0, 1), (1, 0)), "w3": ((0, 0), (1, 1)), "w4": ((0, 1), (1, 1)),
        "w5": ((1, 0), (2, 0)), "w6": ((1, 1), (2, 0)), "w7": ((1, 0), (2, 1)), "w8": ((1, 1), (2, 1)),
    }  # fmt: skip
    gradients = {weight.parameter.name: weight.parameter.gradient for weight in article.weights}
    assert abs(gradients["w5"] - 0.082167041) < 0.5000001e-9
    assert abs(gradients["w7"] - -0.0226025405) < 1e-10


def test_the_article_biases_errors_and_targets_are_read(article):
    assert {bias.parameter.name: bias.targets for bias in article.biases} == {
        "b1": ((1, 0), (1, 1)), "b2": ((2, 0), (2, 1)),
    }  # fmt: skip
    assert [(error.target.name, error.target.value, error.error.name) for error in article.errors] == [
        ("target_o1", 0.01, "E_o1"), ("target_o2", 0.99, "E_o2"),
    ]  # fmt: skip
    assert abs(article.total.value - 0.298371109) < 0.5e-9


@pytest.mark.parametrize("weight_first", [True, False])
def test_a_weight_is_told_from_what_it_multiplies(weight_first):
    with scope("inputs"):
        x = Value(2.0, "x")
    with scope("layer"):
        w, v = Value(3.0, "w"), Value(5.0, "v")
        out_h = ((w * x if weight_first else x * w) + 0.0).named("net_h").tanh().named("out_h")
        net = (v * out_h if weight_first else out_h * v).named("net_o")
    network = network_of(net)
    assert [weight.parameter.name for weight in network.weights] == ["w", "v"]
    assert [[neuron.name for neuron in column] for column in network.columns] == [["x"], ["h"], ["o"]]
    assert network.columns[2][0].out == 5.0 * math.tanh(6.0)


def test_plain_numbers_are_inputs_too_and_each_neuron_may_have_its_own_bias():
    network = network_of(MLP(2, [16, 16, 1])([0.5, -1.0]))
    assert [len(column) for column in network.columns] == [2, 16, 16, 1]
    assert [(neuron.name, neuron.out) for neuron in network.columns[0]] == [("x1", 0.5), ("x2", -1.0)]
    assert len(network.weights) == 2 * 16 + 16 * 16 + 16
    assert [len(bias.targets) for bias in network.biases] == [1] * 33


def test_a_graph_without_neurons_and_one_with_a_neuron_twice_are_refused():
    with pytest.raises(ValueError, match="named net_X"):
        network_of(Value(1.0, "x") * 2.0)
    model = MLP(2, [2, 1])
    with pytest.raises(ValueError, match="one sample"):
        network_of(model([1.0, 2.0]) + model([3.0, 4.0]))


def test_the_diagram_shows_every_number_of_the_article():
    shown = texts(draw_network(article_error()))
    expected = [
        "h1", "net 0.3775", "out 0.59327", "δ ▲ 0.00877135", "δ ▼ -0.0380982", "E_total", "0.298371",
        "▲ 0.000438568", "▲ 0.082167", "▼ -0.0226025", "▲ 0.0187256", "inputs", "hidden layer", "output layer",
    ]  # fmt: skip
    assert [text for text in expected if text not in shown] == []
    assert {f"w{i}" for i in range(1, 9)} <= set(shown)


def test_columns_stand_at_fixed_places_whatever_the_numbers():
    def positions(total):
        return re.findall(r'pos="([^"]*)!"', network_dot(total))

    network = ArticleNetwork()
    before = positions(network.forward()["E_total"])
    network.train_round("simultaneous")
    assert positions(network.forward()["E_total"]) == before


def label_places(source):
    """The position of each weight's label in a diagram's source."""
    found = re.findall(r'^\s*w\d+ \[.*pos="(-?[\d.]+),(-?[\d.]+)!"', source, re.MULTILINE)
    return [(float(x), float(y)) for x, y in found]


@pytest.mark.parametrize("widths", [[2, 2], [3, 3], [4, 3, 2], [1, 4, 1], [4, 4]])
def test_labels_of_weights_never_overlap(widths):
    places = label_places(network_dot(MLP(3, widths)([1.0, 2.0, 3.0])))
    assert len(places) == sum(a * b for a, b in zip([3, *widths], widths))
    apart = [
        abs(x - other_x) >= 104 or abs(y - other_y) >= 26
        for i, (x, y) in enumerate(places)
        for other_x, other_y in places[:i]
    ]
    assert all(apart)


def test_crowded_columns_are_drawn_without_numbers_on_the_lines():
    source = network_dot(MLP(2, [16, 16, 1])([0.5, -1.0]))
    assert len(label_places(source)) == 16  # those that end in the one output
    assert source.count("->") == 2 * 16 + 16 * 16 + 16


def test_width_follows_the_weight_and_colour_the_gradient():
    neurons = ((Neuron("a", 1.0),), (Neuron("b", 1.0, 1.0), Neuron("c", 1.0, 1.0)))
    weights = (
        Weight((0, 0), (1, 0), Quantity("thick", -8.0, 0.5)),
        Weight((0, 0), (1, 1), Quantity("thin", 0.0, -0.5)),
    )
    source = network_dot(Network(neurons, weights))
    thick, thin = (line for line in source.splitlines() if "->" in line)
    assert 'color="#e54839", penwidth=4.00' in thick
    assert 'color="#2970d6", penwidth=0.50' in thin


def test_a_gradient_that_is_not_set_is_said_to_be_so():
    assert "δ not set" in texts(draw_network(ArticleNetwork().forward()["E_total"]))


@pytest.mark.parametrize("name", ["</svg><script>", '"];x[', "a\\", "\\N", "a\nb", "\x00\x1b", "&amp;", "\ud800", ""])
def test_any_string_can_be_a_name_in_the_diagram(name):
    a = Neuron(name, 1.0)
    b = Neuron(name, 1.0, 1.0, 0.5)
    parameter = Quantity(name, 1.0, 1.0)
    svg = draw_network(Network(((a,), (b,)), (Weight((0, 0), (1, 0), parameter),)))
    shown = {"a\nb": "a↵b", "\x00\x1b": "␀␛", "\ud800": "\ufffd", "</svg><script>": "</svg><scri…"}.get(name, name)
    assert texts(svg).count(shown) >= 3
    assert not list(ET.fromstring(svg).iter(f"{SVG}script"))


@pytest.mark.parametrize("picture_format", MAGIC)
def test_the_diagram_is_written_in_each_format(picture_format, tmp_path):
    path = draw_network(article_error(), tmp_path / f"network.{picture_format}")
    assert path.read_bytes().startswith(MAGIC[picture_format])


def test_drawing_the_network_leaves_gradients_untouched():
    random.seed(0)
    model = MLP(2, [3, 1])
    out = model([1.0, 2.0])
    out.backward()
    before = [parameter.grad for parameter in model.parameters()]
    network_dot(out)
    assert [parameter.grad for parameter in model.parameters()] == before
    unset = model([1.0, 2.0])
    network_dot(unset)
    assert not unset.has_grad
