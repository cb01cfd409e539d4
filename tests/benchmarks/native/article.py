"""The article's network: ten thousand rounds of its training, warm and from cold, and its loss over 2^20 samples."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from native import libraries
from native.baselines import FAST, PLAIN, compiled, pointer
from native.cold import ColdRun, child_clock
from native.libraries import Library
from native.measuring import Contender, Effort, Line, Run, Task, compare

ROUNDS, SAMPLES, EAGER_ROUNDS = 10_000, 2**20, 100
RATE = 0.5
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
B1, B2 = 0.35, 0.60
SAMPLE = (0.05, 0.10, 0.01, 0.99)  # i1, i2, target_o1, target_o2


def loss(sigmoid: Callable[[Any], Any], weights: Any, i1: Any, i2: Any, target_o1: Any, target_o2: Any) -> Any:
    """E_total of one sample, on any kind of number."""
    w1, w2, w3, w4, w5, w6, w7, w8 = weights
    h1 = sigmoid(w1 * i1 + w2 * i2 + B1)
    h2 = sigmoid(w3 * i1 + w4 * i2 + B1)
    o1 = sigmoid(w5 * h1 + w6 * h2 + B2)
    o2 = sigmoid(w7 * h1 + w8 * h2 + B2)
    return 0.5 * (target_o1 - o1) ** 2 + 0.5 * (target_o2 - o2) ** 2


def trained_in_floats(rounds: int) -> list[float]:
    """The weights after so many rounds, in plain Python: the numbers that every contender must reach."""
    i1, i2, target_o1, target_o2 = SAMPLE
    weights = list(WEIGHTS)
    for _ in range(rounds):
        w1, w2, w3, w4, w5, w6, w7, w8 = weights
        h1, h2 = (1.0 / (1.0 + math.exp(-(a * i1 + b * i2 + B1))) for a, b in ((w1, w2), (w3, w4)))
        o1, o2 = (1.0 / (1.0 + math.exp(-(a * h1 + b * h2 + B2))) for a, b in ((w5, w6), (w7, w8)))
        d1, d2 = (o1 - target_o1) * o1 * (1.0 - o1), (o2 - target_o2) * o2 * (1.0 - o2)
        e1, e2 = (d1 * w5 + d2 * w7) * h1 * (1.0 - h1), (d1 * w6 + d2 * w8) * h2 * (1.0 - h2)
        gradient = (e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2)
        weights = [weight - RATE * slope for weight, slope in zip(weights, gradient)]
    return weights


def training(library: Library) -> Any:
    """The ten thousand rounds as one compiled function of the weights."""
    gradient = library.grad(lambda weights: loss(library.sigmoid, weights, *SAMPLE))

    def train_round(_: Any, weights: Any) -> Any:
        return tuple(weight - RATE * slope for weight, slope in zip(weights, gradient(weights)))

    return library.jit(lambda weights: library.fori_loop(0, ROUNDS, train_round, weights))


def loop_of(library: Callable[[], Library]) -> Callable[[], Run]:
    def make() -> Run:
        found = library()
        train = training(found)
        weights = WEIGHTS if library is libraries.ours else tuple(map(found.array, WEIGHTS))
        return lambda: found.settle(train(weights))

    return make


def loop_in_c() -> Run:
    train = compiled("article", "train")
    start, weights = np.array(WEIGHTS), np.array(WEIGHTS)
    rounds, where = ctypes.c_long(ROUNDS), pointer(weights)

    def run() -> Any:
        weights[:] = start
        train(rounds, where)
        return weights

    return run


def loop_in_micrograd() -> Run:
    from micrograd.engine import Value

    def sigmoid(x: Value) -> Value:
        data = 1.0 / (1.0 + math.exp(-x.data))
        out = Value(data, (x,), "sigmoid")

        def _backward() -> None:
            x.grad += data * (1.0 - data) * out.grad

        out._backward = _backward
        return out

    def run() -> list[float]:
        weights = [Value(weight) for weight in WEIGHTS]
        for _ in range(EAGER_ROUNDS):
            for weight in weights:
                weight.grad = 0.0
            loss(sigmoid, weights, *SAMPLE).backward()
            for weight in weights:
                weight.data -= RATE * weight.grad
        return [weight.data for weight in weights]

    return run


def loop_in_xad() -> Run:
    import xad.adj_1st as xad
    from xad.math import exp

    def run() -> list[float]:
        weights = list(WEIGHTS)
        with xad.Tape() as tape:
            for _ in range(EAGER_ROUNDS):
                inputs = [xad.Real(weight) for weight in weights]
                tape.registerInputs(inputs)
                tape.newRecording()
                error = loss(lambda x: 1.0 / (1.0 + exp(-x)), inputs, *SAMPLE)
                tape.registerOutput(error)
                error.setDerivative(1.0)
                tape.computeAdjoints()
                weights = [weight - RATE * x.getDerivative() for weight, x in zip(weights, inputs)]
                tape.clearAll()
        return weights

    return run


def loop_in_torch() -> Run:
    import torch

    torch.set_num_threads(1)
    i1, i2, target_o1, target_o2 = SAMPLE
    inputs = torch.tensor([i1, i2], dtype=torch.float64)
    targets = torch.tensor([target_o1, target_o2], dtype=torch.float64)

    def run() -> Any:
        hidden = torch.tensor(WEIGHTS[:4], dtype=torch.float64).reshape(2, 2).requires_grad_()
        output = torch.tensor(WEIGHTS[4:], dtype=torch.float64).reshape(2, 2).requires_grad_()
        for _ in range(EAGER_ROUNDS):
            out = torch.sigmoid(output @ torch.sigmoid(hidden @ inputs + B1) + B2)
            slopes = torch.autograd.grad(0.5 * ((targets - out) ** 2).sum(), (hidden, output))
            with torch.no_grad():
                for weights, slope in zip((hidden, output), slopes):
                    weights -= RATE * slope
        return hidden.detach().tolist(), output.detach().tolist()

    return run


def article_loop(effort: Effort) -> list[Line]:
    """The 10,000 rounds in one native loop; the eager peers, for the scale of it, do a hundred."""
    task = Task("article-loop", f"{ROUNDS:,} rounds of training", "ns/round", 1e9, effort)
    warm: dict[str, Any] = {"work": ROUNDS, "expected": trained_in_floats(ROUNDS)}
    eager: dict[str, Any] = {"work": EAGER_ROUNDS, "expected": trained_in_floats(EAGER_ROUNDS)}
    return compare(task, Contender("ours", loop_of(libraries.ours), **warm), [
        Contender("C, gcc -O3", loop_in_c, 1.05, **warm),
        Contender("JAX fori_loop", loop_of(libraries.jax), 0.7, **warm),
        Contender("XAD, eager", loop_in_xad, **eager),
        Contender("micrograd, eager", loop_in_micrograd, **eager),
        Contender("PyTorch, eager", loop_in_torch, **eager),
    ])


def article_cold(effort: Effort) -> list[Line]:
    """Record, compile and run the 10,000 rounds, each time in a process that has only done its imports."""
    task = Task("article-cold", "record, compile, run from cold", "ms", 1e3, effort)
    cold: dict[str, Any] = {"expected": trained_in_floats(ROUNDS), "clock": child_clock}
    return compare(task, Contender("ours", lambda: ColdRun("ours"), **cold), [
        Contender("JAX", lambda: ColdRun("jax"), 0.5, **cold),
    ])


def samples() -> list[Any]:
    """i1, i2, target_o1 and target_o2 of 2^20 samples: four arrays."""
    source = np.random.default_rng(2015)
    return [source.uniform(low, high, SAMPLES) for low, high in ((-1.0, 1.0), (-1.0, 1.0), (0.0, 1.0), (0.0, 1.0))]


def batch_of(library: Callable[[], Library], **options: Any) -> Callable[[], Run]:
    def make() -> Run:
        found = library()
        summed = found.batched_sum(lambda weights, *sample: loss(found.sigmoid, weights, *sample))
        function = found.jit(found.value_and_grad(summed), **options)
        weights, arrays = [float(weight) for weight in WEIGHTS], [found.array(array) for array in samples()]
        return lambda: found.settle(function(weights, *arrays))

    return make


def batch_in_c(flags: tuple[str, ...]) -> Callable[[], Run]:
    def make() -> Run:
        batch = compiled("article", "batch", flags)
        weights, gradient, arrays = np.array(WEIGHTS), np.zeros(len(WEIGHTS)), samples()
        arguments = [ctypes.c_long(SAMPLES), *map(pointer, (weights, *arrays, gradient))]

        # The arrays are named here so that they live as long as the pointers to them.
        def run(kept: Any = (weights, arrays)) -> tuple[float, Any]:
            return batch(*arguments), gradient

        return run

    return make


def article_batch(effort: Effort) -> list[Line]:
    """Value and gradient, with respect to the eight weights, of the loss summed over 2^20 samples, on one core."""
    task = Task("article-batch", "value, 8 derivatives, 2^20 samples", "ns/sample", 1e9, effort)
    return compare(task, Contender("ours", batch_of(libraries.ours), work=SAMPLES), [
        Contender("JAX, one thread", batch_of(libraries.jax), 0.2, SAMPLES),
        Contender("C, gcc -O3 -ffast-math", batch_in_c(FAST), 0.8, SAMPLES),
        Contender("C, gcc -O3", batch_in_c(PLAIN), None, SAMPLES),
    ])


def article_threads(effort: Effort) -> list[Line]:
    """The same with two threads beside one."""
    task = Task("article-threads", "the same, two threads", "ns/sample", 1e9, effort)
    return compare(task, Contender("ours, 2 threads", batch_of(libraries.ours, threads=2), work=SAMPLES), [
        Contender("ours, 1 thread", batch_of(libraries.ours, threads=1), 0.55, SAMPLES),
    ])
