"""Layers in compiled epochs, which compute with whole arrays, beside those in Python, which go number by number."""

from __future__ import annotations

import random

import pytest

import nn
from autograd import Value, checkpoint, grad, sin
from nn import GELU, MLP, Adam, Linear, Module, Neuron, Sequential, Tanh, fit, l2_penalty, mean_squared_error
from nn.training.epochs import CompiledEpochs, as_arrays


def seeded(seed=0):
    return {"generator": random.Random(seed)}


def points(count, width, seed=5):
    generator = random.Random(seed)
    inputs = [[generator.uniform(-1, 1) for _ in range(width)] for _ in range(count)]
    return inputs, [x[0] * x[-1] + x[width // 2] for x in inputs]


def of_one(prediction, target):
    number = prediction[0] if isinstance(prediction, list) else prediction
    return mean_squared_error(number, target)


class Checkpointed(Module):
    def __init__(self):
        self.first, self.last = MLP(3, [9, 4], "tanh", **seeded(1)), Linear(4, 1, **seeded(2))

    def forward(self, x):
        return self.last(checkpoint(self.first)(x))


class Joined(Module):
    """Lists of outputs, one after the other."""

    def __init__(self):
        self.one, self.other = Linear(3, 5, **seeded(1)), Linear(3, 5, bias=False, **seeded(2))
        self.last, self.scale = Linear(10, 1, **seeded(3)), Value(2.0)

    def forward(self, x):
        return self.last(self.one(x) + [self.scale * number for number in self.other(x)])


class Read(Module):
    """A weight that is in a layer, and read by itself."""

    def __init__(self):
        self.network = MLP(3, [9, 1], "tanh", **seeded())

    def forward(self, x):
        return self.network(x) + 0.1 * self.network.layers[0].neurons[0].w[1] * x[0]


class Doubled(Neuron):
    def __call__(self, x):
        return 2.0 * super().__call__(x)


def with_neurons_of_ones_own():
    model = MLP(3, [4, 3, 1], "silu", **seeded())
    model.layers[0].neurons[1] = Doubled(3, **seeded(1))
    model.layers[1].neurons[2].activation = sin
    return model


def parts():
    return Sequential(Linear(3, 17, **seeded()), GELU(), Linear(17, 6, bias=False, **seeded(1)), Tanh(), Linear(6, 1))


MODELS = {
    "three layers": lambda: MLP(3, [9, 8, 1], "relu", **seeded()),
    "one neuron": lambda: MLP(3, [1], **seeded()),
    "a shared bias": lambda: MLP(3, [9, 2, 1], "sigmoid", shared_bias=True, **seeded()),
    "neurons of one's own": with_neurons_of_ones_own,
    "parts": parts,
    "a checkpoint": Checkpointed,
    "lists that are joined": Joined,
    "a weight that is read": Read,
}


def trained(model, parameters, loss, compiled, width=3, **options):
    history = fit(
        model, points(27, width), loss, Adam(parameters, lr=0.01), epochs=2, batch_size=8, compiled=compiled,
        validation=points(9, width, 6), progress=False, **seeded(2), **options,
    )  # fmt: skip
    return [*model.state_dict().values(), *history.column("loss"), *history.column("val_loss")]


def both(make, loss_of, part=slice(None), **options):
    results = []
    for compiled in (False, True):
        random.seed(4)
        model = make()
        results.append(trained(model, model.parameters()[part], loss_of(model), compiled, **options))
    return results


@pytest.mark.parametrize("kind", MODELS)
def test_a_compiled_epoch_gives_the_numbers_of_one_in_python(kind):
    options = {"clip_norm": 0.05, "penalty": lambda p: l2_penalty(p, 0.01)} if kind == "a weight that is read" else {}
    eager, native = both(MODELS[kind], lambda _: of_one, **options)
    assert native == pytest.approx(eager, rel=1e-10, abs=1e-13)


def test_layers_of_which_some_weights_are_not_trained():
    eager, native = both(MODELS["three layers"], lambda _: of_one, part=slice(None, None, 2))
    assert native == pytest.approx(eager, rel=1e-10, abs=1e-13)


def test_a_loss_with_derivatives_of_the_model():
    def loss_of(model):
        def loss(prediction, target):
            second = grad(grad(lambda t: model([t])))(target)
            return (second + target) ** 2 + prediction**2

        return loss

    eager, native = both(lambda: MLP(1, [11, 1], "tanh", **seeded()), loss_of, width=1)
    assert native == pytest.approx(eager, rel=1e-10, abs=1e-13)


def test_a_program_has_no_more_steps_where_layers_have_more_inputs():
    sizes = []
    for width in (20, 40):
        model = MLP(width, [3, 1], "tanh", **seeded())
        epochs = CompiledEpochs(model, nn.mean_squared_error, Adam(model.parameters()))
        epochs.run([as_arrays(points(8, width))])
        sizes.append(epochs.epoch.graph.size)
    assert sizes[0] == sizes[1] < 200
