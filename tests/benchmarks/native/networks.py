"""Networks: two layers, an LSTM as ADBench has it (github.com/microsoft/ADBench), and `fit` beside PyTorch."""

from __future__ import annotations

from random import Random
from time import perf_counter
from typing import Any

import numpy as np

from native.libraries import Library
from native.measuring import Contender, Effort, Line, Run, Task, compare
from native.problem import LOOPS, WHOLE, Arrays, Function, Problem

ROWS, WIDTHS = 1_000, (16, 32, 8)
LAYERS, STEPS, FEATURES = 2, 1_024, 14
EPOCHS = 5  # of digits, after a first one

# Two layers of tanh(X @ W)


def layers_whole(library: Library) -> Function:
    np = library.np

    def loss(first: Any, second: Any, X: Any, Y: Any) -> Any:
        r = np.tanh(np.tanh(X @ first) @ second) - Y
        return np.mean(r * r)

    return library.grad(loss, (0, 1))


def layers_loops(library: Library) -> Function:
    from autograd import vmap

    def loss(first: Any, second: Any, X: Any, Y: Any) -> Any:
        def sample(x: Any, y: Any) -> Any:
            r = np.tanh(np.tanh(x @ first) @ second) - y
            return np.mean(r * r)

        return vmap(sample, reduce="mean")(X, Y)

    return library.grad(loss, (0, 1))


def layers_data() -> Arrays:
    source = np.random.default_rng(12)
    a, b, c = WIDTHS
    first, second = 0.3 * source.standard_normal((a, b)), 0.3 * source.standard_normal((b, c))
    return [first, second, source.standard_normal((ROWS, a)), source.uniform(-1.0, 1.0, (ROWS, c))]


# The LSTM: its weights multiply number by number.


def lstm_whole(library: Library) -> Function:
    np, b = library.np, FEATURES

    def cell(weight: Any, bias: Any, hidden: Any, state: Any, x: Any) -> Any:
        gates = np.concatenate([x, hidden, x, hidden]) * weight + bias
        forget, take, give = (library.sigmoid(gates[i * b : (i + 1) * b]) for i in range(3))
        state = state * forget + take * np.tanh(gates[3 * b :])
        return give * np.tanh(state), state

    def loss(main: Any, extra: Any, start: Any, sequence: Any) -> Any:
        def step(states: Any, pair: Any) -> Any:
            given, wanted = pair
            x, after = given * extra[0], []
            for layer in range(LAYERS):
                x, state = cell(main[2 * layer], main[2 * layer + 1], states[2 * layer], states[2 * layer + 1], x)
                after += [x, state]
            found = x * extra[1] + extra[2]
            return np.stack(after), np.sum(wanted * (found - np.log(2.0 + np.sum(np.exp(found)))))

        _, terms = library.scan(step, start, (sequence[:-1], sequence[1:]))
        return -np.sum(terms) / (b * (STEPS - 1))

    return library.grad(loss, (0, 1))


def lstm_loops(library: Library) -> Function:
    from autograd import exp, log, scan, sigmoid, sum, tanh, vmap

    def cell(hidden: Any, state: Any, x: Any, weights: Any, biases: Any) -> Any:
        forget, take = sigmoid(x * weights[0] + biases[0]), sigmoid(hidden * weights[1] + biases[1])
        give, change = sigmoid(x * weights[2] + biases[2]), tanh(hidden * weights[3] + biases[3])
        state = state * forget + take * change
        return give * tanh(state), state

    def loss(main: Any, extra: Any, start: Any, sequence: Any) -> Any:
        parts = main.reshape(2 * LAYERS, 4, FEATURES)

        def step(states: Any, pair: Any) -> Any:
            given, wanted = pair
            x, after = vmap(lambda a, e: a * e)(given, extra[0]), []
            for layer in range(LAYERS):
                x, state = vmap(cell, in_axes=(0, 0, 0, 1, 1))(
                    states[2 * layer], states[2 * layer + 1], x, parts[2 * layer], parts[2 * layer + 1]
                )
                after += [x, state]
            found = vmap(lambda a, e, f: a * e + f)(x, extra[1], extra[2])
            scale = log(2.0 + vmap(exp, reduce="sum")(found))
            return tuple(after), vmap(lambda w, f: w * (f - scale), reduce="sum")(wanted, found)

        _, terms = scan(step, tuple(start[i] for i in range(2 * LAYERS)), (sequence[:-1], sequence[1:]))
        return -sum(terms) / (FEATURES * (STEPS - 1))

    return library.grad(loss, (0, 1))


def lstm_data() -> Arrays:
    source = np.random.default_rng(13)
    main, extra = source.standard_normal((2 * LAYERS, 4 * FEATURES)), source.standard_normal((3, FEATURES))
    sequence = (source.uniform(0.0, 1.0, (STEPS, FEATURES)) < 0.4).astype(float)
    return [0.7 * main, 0.7 * extra, 0.3 * source.standard_normal((2 * LAYERS, FEATURES)), sequence]


PROBLEMS = {
    "layers": Problem(
        "tanh(tanh(X W) V), 1,000 rows, 16-32-8, gradient", layers_data, {WHOLE: layers_whole, LOOPS: layers_loops},
        beside_jax=1.0, seconds=0.5,
    ),
    "lstm": Problem(
        "LSTM, 2 layers, 1,024 steps, gradient", lstm_data, {WHOLE: lstm_whole, LOOPS: lstm_loops}, beside_jax=1.0,
    ),
}  # fmt: skip


# Digits, an epoch of `fit`


class Training:
    """A run that trains, and keeps the seconds of an epoch after the first."""

    def __init__(self, train: Any) -> None:
        self.train, self.seconds = train, 0.0

    def __call__(self) -> Any:
        times, result = self.train()
        self.seconds = (times[-1] - times[1]) / (len(times) - 2)
        return result


def epoch_clock(run: Run, repeats: int) -> float:
    """The seconds of one epoch, however often the training should be repeated: it has several."""
    assert isinstance(run, Training)
    run()
    return run.seconds


def digits() -> Any:
    """The rows to learn and to measure, and the network."""
    import nn
    from nn.data.datasets import named_dataset
    from nn.modules.initializers import kaiming_uniform

    data, held_out = named_dataset("digits").split(seed=0)
    model = nn.MLP(data.width, [32, 10], "relu", generator=Random(0), initializer=kaiming_uniform())
    return data, held_out, model


def right(prediction: Any, target: float) -> float:
    return float(max(range(len(prediction)), key=prediction.__getitem__) == target)


def digits_by_fit() -> Run:
    import nn

    data, held_out, model = digits()
    first = model.state_dict()

    def train() -> Any:
        model.load_state_dict(first)
        times = [perf_counter()]
        history = nn.fit(
            model, data.pair, nn.cross_entropy, nn.Adam(model.parameters(), lr=0.005), epochs=1 + EPOCHS, batch_size=32,
            generator=Random(1), validation=held_out.pair, metrics={"accuracy": right}, compiled=True, progress=False,
            callbacks=[lambda training: times.append(perf_counter())],
        )
        return times, history.rows[-1]["val_accuracy"]

    return Training(train)


def digits_by_torch() -> Run:
    import torch

    from nn.shell.training_peers import _torch_network, _torch_times

    torch.set_num_threads(1)
    data, held_out, model = digits()
    first = model.state_dict()

    def train() -> Any:
        network = _torch_network(torch, [data.width, 32, 10], "relu", first)
        return _torch_times(torch, network, data, held_out, "adam", 0.005, 32, 1 + EPOCHS, Random(1))

    return Training(train)


def digits_row(effort: Effort) -> list[Line]:
    """An epoch of digits: steps of 32 rows, then the loss and the accuracy of all rows and of those held out."""
    task = Task("digits", "an epoch of digits by fit, 64-32-10", "ms", 1e3, effort)
    return compare(task, Contender("ours", digits_by_fit, clock=epoch_clock), [
        Contender("PyTorch, one thread", digits_by_torch, 1.0, clock=epoch_clock),
    ])
