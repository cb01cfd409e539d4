"""Initialisers: bounds, moments, gains, and the order in which random numbers are drawn."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from nn.modules.initializers import (
    calculate_gain,
    kaiming_normal,
    kaiming_uniform,
    normal,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from nn.modules.layers import MLP, Layer
from nn.modules.linear import Linear

COUNT = 20_000
FAN_IN, FAN_OUT = 24, 8

# The half width of a uniform distribution, or the deviation of a normal one, by the papers' formulas at these fans.
UNIFORM = {
    "uniform": (uniform(-0.5, 0.5), 0.5),
    "xavier": (xavier_uniform(), math.sqrt(6 / 32)),
    "xavier, tanh": (xavier_uniform(5 / 3), 5 / 3 * math.sqrt(6 / 32)),
    "kaiming": (kaiming_uniform(), math.sqrt(6 / 24)),
    "kaiming, fan_out": (kaiming_uniform(mode="fan_out"), math.sqrt(6 / 8)),
    "kaiming, linear": (kaiming_uniform(1.0), math.sqrt(3 / 24)),
}
NORMAL = {
    "normal": (normal(0.0, 0.02), 0.02),
    "xavier": (xavier_normal(), 0.25),
    "xavier, tanh": (xavier_normal(5 / 3), 5 / 12),
    "kaiming": (kaiming_normal(), math.sqrt(2 / 24)),
    "kaiming, fan_out": (kaiming_normal(mode="fan_out"), 0.5),
}


def drawn(draw, generator):
    return [draw(FAN_IN, FAN_OUT, generator) for _ in range(COUNT)]


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_weights_are_the_generators_numbers_stretched_to_the_bound(name):
    draw, bound = UNIFORM[name]
    reference = random.Random(1)
    numbers = drawn(draw, random.Random(1))
    assert numbers == pytest.approx([bound * (2.0 * reference.random() - 1.0) for _ in range(COUNT)], rel=0, abs=1e-15)
    assert max(map(abs, numbers)) <= bound
    # Five standard errors of the mean and of the mean square, which is bound²/3 with variance 4·bound⁴/45.
    assert abs(sum(numbers) / COUNT) < 5 * bound / math.sqrt(3 * COUNT)
    assert abs(sum(x * x for x in numbers) / COUNT - bound**2 / 3) < 5 * bound**2 * math.sqrt(4 / 45 / COUNT)


@pytest.mark.parametrize("name", NORMAL)
def test_normal_weights_have_the_deviation_of_the_formula(name):
    draw, deviation = NORMAL[name]
    reference = random.Random(1)
    numbers = drawn(draw, random.Random(1))
    assert numbers == pytest.approx([deviation * reference.gauss(0.0, 1.0) for _ in range(COUNT)], rel=1e-14)
    assert abs(sum(numbers) / COUNT) < 5 * deviation / math.sqrt(COUNT)
    assert abs(sum(x * x for x in numbers) / COUNT - deviation**2) < 5 * deviation**2 * math.sqrt(2 / COUNT)


def test_gains_are_those_of_the_paper():
    assert calculate_gain("linear") == calculate_gain("sigmoid") == 1.0
    assert calculate_gain("tanh") == 5 / 3
    assert calculate_gain("relu") == math.sqrt(2.0)
    assert calculate_gain("leaky_relu", 3.0) == math.sqrt(0.2)
    with pytest.raises(ValueError, match="'swish'.*leaky_relu"):
        calculate_gain("swish")


def test_none_is_pythons_random_and_numpys_generators_will_do():
    random.seed(4)
    numbers = drawn(uniform(), None)[:5]
    random.seed(4)
    assert numbers == [random.uniform(-1, 1) for _ in range(5)]
    rng, reference = np.random.default_rng(2), np.random.default_rng(2)
    assert uniform(0.0, 1.0)(1, 1, rng) == reference.random()
    assert normal(1.0, 2.0)(1, 1, rng) == reference.normal(1.0, 2.0)
    assert type(normal()(1, 1, rng)) is float


@pytest.mark.parametrize("make", [uniform, normal])
def test_what_is_no_generator_is_refused(make):
    with pytest.raises(TypeError, match=r"a generator is a random\.Random.*int has not"):
        make()(1, 1, 7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: uniform(1.0, -1.0), "the lower one first"),
        (lambda: uniform(0.0, math.inf), "finite bounds"),
        (lambda: normal(0.0, -1.0), "from 0 up"),
        (lambda: normal(math.nan, 1.0), "finite mean"),
        (lambda: xavier_uniform(0.0), "a gain is a positive number"),
        (lambda: kaiming_normal(math.nan), "a gain is a positive number"),
        (lambda: kaiming_uniform(mode="fan"), "'fan_in' or 'fan_out', not 'fan'"),
        (lambda: kaiming_normal(mode="fan"), "'fan_in' or 'fan_out', not 'fan'"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_network_draws_neuron_by_neuron_from_its_generator_and_no_other():
    random.seed(0)
    state = random.getstate()
    model = MLP(2, [3, 1], generator=random.Random(1337))
    assert random.getstate() == state
    random.seed(1337)
    assert MLP(2, [3, 1]).state_dict() == model.state_dict()


def test_the_fans_of_a_layer_are_its_inputs_and_its_neurons():
    fans = []

    def draw(fan_in, fan_out, generator):
        fans.append((fan_in, fan_out, generator))
        return 0.5

    rng = random.Random(0)
    Layer(3, 2, initializer=draw, generator=rng)
    layer = Linear(3, 2, initializer=draw, generator=rng)
    assert fans == [(3, 2, rng)] * 12
    assert [weight.data for row in layer.weight for weight in row] == [0.5] * 6
    assert [bias.data for bias in layer.bias] == [0.0, 0.0]
