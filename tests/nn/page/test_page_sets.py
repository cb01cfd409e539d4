"""The page's training sets, and the frames that Python records of a training."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from autograd import ShapeError
from nn.article import network as article
from nn.data.datasets import two_moons
from nn.errors import StorageError
from nn.losses import cross_entropy, half_squared_error
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.initializers import uniform
from nn.modules.layers import MLP, Neuron
from nn.modules.linear import Linear
from nn.page import frames
from nn.page.frames import default_rounds, frame_rounds, is_bias, record_frames
from nn.page.sets import (
    TrainingSet,
    article_set,
    csv_set,
    fitting_sets,
    gate_set,
    half_adder,
    moons_set,
    pair_set,
    signed,
    training_set,
)

ROWS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))


@pytest.fixture(params=["native", "eager"])
def engine(request, monkeypatch):
    """Record both ways: as native code, and in Python as where the extra jit is missing."""
    if request.param == "eager":
        monkeypatch.setattr(frames, "_can_compile", lambda: False)
    return request.param


def table(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# Training sets.


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("nand", lambda a, b: not (a and b)),
        ("xor", lambda a, b: a != b),
    ],
)
def test_a_gates_targets_are_its_truth_table(name, function):
    gate = gate_set(name)
    assert gate.inputs == ROWS
    assert gate.targets == tuple((float(function(bool(a), bool(b))),) for a, b in ROWS)


def test_the_half_adder_adds_two_bits():
    for (a, b), (total, carry) in zip(half_adder().inputs, half_adder().targets):
        assert 2.0 * carry + total == a + b


def test_the_other_pairs_say_what_they_are_called():
    assert pair_set("swap").targets == tuple((b, a) for a, b in ROWS)
    assert pair_set("comparison").targets == tuple((float(a > b), float(a < b)) for a, b in ROWS)
    with pytest.raises(ValueError, match="half adder, swap, comparison, not 'adder'"):
        pair_set("adder")


def test_the_articles_sample_is_its_own():
    assert article_set().inputs == ((0.05, 0.10),)
    assert article_set().targets == ((0.01, 0.99),)


def test_the_moons_are_the_same_hundred_points_each_time():
    moons = moons_set()
    points = two_moons(100)
    assert [list(row) for row in moons.inputs] == points.inputs
    assert [target for (target,) in moons.targets] == points.targets == [0, 1] * 50
    assert moons == moons_set()


def test_sets_are_offered_by_the_shape_that_they_have():
    assert [each.name for each in fitting_sets(2, 1)] == ["and", "or", "nand", "xor"]
    assert [each.name for each in fitting_sets(2, 2)] == ["article", "half adder", "swap", "comparison"]
    assert fitting_sets(3, 1) == fitting_sets(2, 3) == []


def test_signed_targets_are_minus_one_and_one():
    assert signed(gate_set("xor")).targets == ((-1.0,), (1.0,), (1.0,), (-1.0,))
    assert signed(gate_set("xor")).inputs == ROWS


@pytest.mark.parametrize(
    ("inputs", "targets", "words"),
    [
        ((), (), "0 rows of inputs and 0 of targets"),
        (((1.0,),), ((1.0,), (2.0,)), "1 rows of inputs and 2 of targets"),
        (((1.0,), (1.0, 2.0)), ((1.0,), (2.0,)), "inputs .* have 2 numbers in row 2: give 1 as in row 1"),
        (((1.0,), (2.0,)), ((1.0,), ()), "targets .* have 0 numbers in row 2"),
        (((),), ((1.0,),), "inputs .* have 0 numbers in row 1: give one at least"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_their_number(inputs, targets, words):
    with pytest.raises(ShapeError, match=words):
        TrainingSet("mine", "", inputs, targets)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, "1", None, True, 1])
def test_only_finite_floats_are_targets(wrong):
    with pytest.raises(ValueError, match="targets of the training set 'mine' hold .* in row 2: give finite floats"):
        TrainingSet("mine", "", ((1.0,), (2.0,)), ((1.0,), (wrong,)))


def test_a_users_lists_and_arrays_become_the_same_set():
    expected = TrainingSet("mine", "of two", ((1.0, 2.0), (3.0, 4.0)), ((0.0,), (1.0,)))
    inputs, targets = [[1, 2], [3, 4]], [0, 1]
    assert training_set((inputs, targets), "mine", "of two") == expected
    assert training_set((np.array(inputs), np.array(targets)), "mine", "of two") == expected
    assert training_set([[(1, 2), np.array([3, 4])], [[False], [True]]], "mine", "of two") == expected
    assert training_set(expected, "another") is expected
    assert {type(number) for row in expected.inputs for number in row} == {float}


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (None, TypeError, r"a pair \(inputs, targets\), not NoneType"),
        (([[1.0]],), TypeError, "a pair"),
        (("12", [1, 2]), TypeError, "inputs are a list or an array, .* not str"),
        (([[1.0]], 3.0), TypeError, "targets are a list or an array, .* not float"),
        (([[1.0], ["2"]], [1, 2]), ValueError, "inputs hold '2' in row 2"),
        (([[1.0], [[2.0]]], [1, 2]), ValueError, r"inputs hold \[2.0\] in row 2"),
        (([[1.0]], [10**400]), ValueError, "larger than the largest float"),
        (([[1.0], [math.inf]], [1, 2]), ValueError, "hold inf in row 2"),
        (([[1.0]], [1, 2]), ShapeError, "1 rows of inputs and 2 of targets"),
    ],
)
def test_a_users_mistakes_are_told(data, kind, words):
    with pytest.raises(kind, match=words):
        training_set(data)


# Tables.


@pytest.mark.parametrize(
    "content",
    [
        "1,2,3\n4,5,6\n",
        "a,b,c\n1,2,3\n4,5,6",
        "\ufeffa,b,c\r\n1, 2, 3\r\n\r\n4,5,6\r\n",
        '"the first, ""a""",b,c\n1,2,"3"\n4.0,5e0,0.6e1\n',
    ],
)
def test_a_table_is_read_with_or_without_names(tmp_path, content):
    read = csv_set(table(tmp_path, content), inputs=2, outputs=1)
    assert read == TrainingSet("table.csv", "2 samples from a file", ((1.0, 2.0), (4.0, 5.0)), ((3.0,), (6.0,)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("1,2,3\n1,2\n", "line 2 .* has 2 numbers: the network needs 3, 2 inputs and then 1 target"),
        ("1,2,3,4\n", "line 1 .* has 4 numbers"),
        ("a,b,c\n1,2,3\n\n1,x,3\n", "line 4 .* holds 'x', which is not a number"),
        ("a,2,c\n1,2,3\n", "line 1 .* holds 'a'"),
        ("1,2,\n", "line 1 .* holds '', which is not a number"),
        ("1,2,1_000\n", "line 1 .* holds '1_000'"),
        ("1,2,nan\n", "line 1 .* holds nan or an infinity"),
        ("1,2,1e999\n", "line 1 .* holds nan or an infinity"),
        ("a,b,c\n", "no sample: give a line of 3 numbers"),
        ("", "no sample"),
        (b"1,2,3\n1,2,\xff\n", "line 2 .* is not text in UTF-8"),
        ('1,2,3\n1,2,"' + "x" * 140_000 + '"\n', "is not CSV: field larger"),
        ("0,0,0\n" * 10_001, "more than 10,000 samples"),
        (b"0,0,0\n" * 200_000, "larger than 1 MiB"),
    ],
)
def test_a_bad_table_is_refused_by_the_line(tmp_path, content, words):
    with pytest.raises(StorageError, match=words):
        csv_set(table(tmp_path, content), inputs=2, outputs=1)


# Frames.


def test_the_articles_frames_have_its_figures(engine):
    rounds = 10_000 if engine == "native" else 200
    network = article.ArticleNetwork().mlp
    recorded = record_frames(network, half_squared_error, article_set(), 0.5, biases=False, rounds=rounds)
    assert recorded["rounds"][:6] == [0, 1, 2, 5, 10, 20]
    assert recorded["rounds"][-1] == rounds
    after_one, at_the_end, _, _ = article.CLOSING_REFERENCE["simultaneous"]
    assert recorded["errors"][0] == pytest.approx(0.298371109, abs=5e-10)
    assert recorded["errors"][1] == pytest.approx(after_one, abs=1e-12)
    if engine == "native":
        assert recorded["errors"][-1] == pytest.approx(at_the_end, abs=1e-12)
    updated = dict(zip((parameter.name for parameter in network.parameters()), recorded["parameters"][1]))
    printed = {figure.symbol: figure for figure in article.FIGURES if figure.symbol.endswith("⁺")}
    assert len(printed) == 8
    assert all(figure.agrees(updated[symbol.removesuffix("⁺")]) for symbol, figure in printed.items())
    assert (updated["b1"], updated["b2"]) == (0.35, 0.60)


def test_with_a_bias_to_each_neuron_the_articles_network_ends_where_the_facts_say():
    network = MLP(2, [2, 2], "sigmoid", "sigmoid")
    for layer, bias in zip(network.layers, article.BIASES.values()):
        for neuron in layer.neurons:
            neuron.b.data = bias
    weights = [weight for layer in network.layers for neuron in layer.neurons for weight in neuron.w]
    for weight, number in zip(weights, article.WEIGHTS.values()):
        weight.data = number
    recorded = record_frames(network, half_squared_error, article_set(), 0.5, rounds=10_000)
    assert recorded["errors"][1] == pytest.approx(0.28047144679143016, abs=1e-12)
    assert recorded["errors"][-1] == pytest.approx(2.4475622359322466e-06, abs=1e-12)


def descend(neuron, rows, lr, rounds):
    """Gradient descent on the mean of ½ (t - σ(w·x + b))², written out."""
    w1, w2, b = neuron
    for _ in range(rounds):
        slopes = [0.0, 0.0, 0.0]
        for (x1, x2), (t,) in rows:
            out = 1.0 / (1.0 + math.exp(-(w1 * x1 + w2 * x2 + b)))
            delta = (out - t) * out * (1.0 - out) / len(rows)
            slopes = [slopes[0] + delta * x1, slopes[1] + delta * x2, slopes[2] + delta]
        w1, w2, b = w1 - lr * slopes[0], w2 - lr * slopes[1], b - lr * slopes[2]
    error = sum(0.5 * (t - 1.0 / (1.0 + math.exp(-(w1 * x1 + w2 * x2 + b)))) ** 2 for (x1, x2), (t,) in rows)
    return [w1, w2, b], error / len(rows)


def test_a_round_takes_the_mean_over_all_samples(engine):
    neuron = Neuron(2, activation="sigmoid", generator=Random(3), initializer=uniform())
    start = [parameter.data for parameter in neuron.parameters()]
    gate = gate_set("or")
    recorded = record_frames(neuron, half_squared_error, gate, 2.0, rounds=70)
    assert recorded["rounds"] == [0, 1, 2, 5, 10, 20, 50, 70]
    for rounds, found, numbers in zip(recorded["rounds"], recorded["errors"], recorded["parameters"]):
        expected, error = descend(start, list(zip(gate.inputs, gate.targets)), 2.0, rounds)
        assert numbers == pytest.approx(expected, abs=1e-13)
        assert found == pytest.approx(error, abs=1e-13)


def test_the_model_keeps_its_numbers_and_its_gradients(engine):
    network = MLP(2, [2, 1], "sigmoid", "sigmoid", generator=Random(0))
    half_squared_error(network([1.0, 0.0]), 1.0).backward()
    before = [(parameter.data, parameter.grad) for parameter in network.parameters()]
    record_frames(network, half_squared_error, gate_set("xor"), 5.0, rounds=10)
    assert [(parameter.data, parameter.grad) for parameter in network.parameters()] == before


def test_untrained_biases_stay_to_the_bit(engine):
    network = MLP(2, [2, 1], "sigmoid", "sigmoid", generator=Random(0))
    for layer in network.layers:
        for neuron in layer.neurons:
            neuron.b.data = 0.1
    recorded = record_frames(network, half_squared_error, gate_set("and"), 5.0, biases=False, rounds=20)
    paths = [path for path, _ in network.named_parameters()]
    for path, first, last in zip(paths, recorded["parameters"][0], recorded["parameters"][-1]):
        assert (first == last) == path.endswith(".b")


def test_dropout_lets_everything_through(engine):
    network = Sequential(Linear(2, 1, generator=Random(0)), Dropout(0.5))
    without = record_frames(network[0], half_squared_error, gate_set("or"), 0.1, rounds=5)
    assert record_frames(network, half_squared_error, gate_set("or"), 0.1, rounds=5) == without
    assert network[1].training


def test_recording_ends_before_the_training_diverges(engine):
    line = Linear(1, 1, generator=Random(0))
    far = training_set(([[1000.0], [-900.0]], [1.0, -1.0]))
    recorded = record_frames(line, half_squared_error, far, 10.0, rounds=1000)
    assert 1 < len(recorded["rounds"]) < len(frame_rounds(1000))
    assert len(recorded["rounds"]) == len(recorded["errors"]) == len(recorded["parameters"])
    assert all(map(math.isfinite, recorded["errors"]))
    assert all(math.isfinite(number) for numbers in recorded["parameters"] for number in numbers)
    assert recorded["errors"] == sorted(recorded["errors"])


def test_targets_go_to_the_error_as_the_predictions_come(engine):
    classes = training_set(([[1.0, 0.0], [0.0, 1.0]], [0, 1]))
    alike = training_set(([[1.0, 0.0], [0.0, 1.0]], [[1, 0], [0, 1]]))
    network = MLP(2, [2], generator=Random(0))
    first, second = (record_frames(network, cross_entropy, each, 1.0, rounds=5) for each in (classes, alike))
    assert first["errors"] == pytest.approx(second["errors"], abs=1e-14)
    one_in_a_list = record_frames(Linear(2, 1, generator=Random(0)), half_squared_error, gate_set("or"), 0.1, rounds=1)
    assert one_in_a_list["errors"][1] < one_in_a_list["errors"][0]


def test_data_that_do_not_fit_the_model_are_refused(engine):
    with pytest.raises(ShapeError, match="3 inputs"):
        record_frames(MLP(3, [1]), half_squared_error, gate_set("or"), 0.1, rounds=1)
    with pytest.raises(ValueError, match="learning rate"):
        record_frames(MLP(2, [1]), half_squared_error, gate_set("or"), 0.0, rounds=1)


def test_the_rounds_noted_grow_by_decades():
    assert frame_rounds(0) == [0]
    assert frame_rounds(1) == [0, 1]
    assert frame_rounds(20) == [0, 1, 2, 5, 10, 20]
    assert frame_rounds(1234) == [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1234]
    for wrong in (-1, 2.0, "3"):
        with pytest.raises(ValueError, match="from 0 up"):
            frame_rounds(wrong)


def test_the_default_number_of_rounds_goes_down_with_the_work(monkeypatch):
    assert default_rounds(10, 1) == default_rounds(9, 4) == 10_000
    assert default_rounds(337, 100) == 500
    assert default_rounds(10**6, 10**4) == 1
    monkeypatch.setattr(frames, "_can_compile", lambda: False)
    assert default_rounds(337, 100) < 100


def test_biases_are_told_by_their_paths():
    paths = [path for path, _ in MLP(1, [1, 1]).named_parameters()]
    assert [path for path in paths if is_bias(path)] == ["layers.0.neurons.0.b", "layers.1.neurons.0.b"]
    assert [is_bias(path) for path, _ in Linear(2, 1).named_parameters()] == [False, False, True]
