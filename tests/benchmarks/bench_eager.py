"""Eager speed beside micrograd, in one run: `pip install -r tests/benchmarks/requirements.txt`, then run this file.

The same program runs on both engines, a few milliseconds at a time in turn, so that a change in the machine's speed
meets both; each figure is the median over the turns, and the ratio is the median of the turns' own ratios.
"""

from __future__ import annotations

import math
import platform
import random
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import micrograd.engine
import micrograd.nn

import autograd
import nn

TURNS = 51
AIM, LIMIT = 0.5, 0.6
WIDTHS = [2, 16, 16, 1]
SAMPLES = [((0.8, 0.6), 1.0), ((-0.9, 0.3), 1.0), ((0.1, 0.4), -1.0), ((1.9, 0.2), -1.0)]


def micrograd_sigmoid(self: Any) -> Any:
    """The logistic function as a micrograd operation, written as its own are."""
    data = 1.0 / (1.0 + math.exp(-self.data))
    out = micrograd.engine.Value(data, (self,), "sigmoid")

    def _backward() -> None:
        self.grad += data * (1.0 - data) * out.grad

    out._backward = _backward
    return out


def article_round(value: type, sigmoid: Callable[[Any], Any]) -> Callable[[], float]:
    """One round of the article's training: forward, backward, and the update of the eight weights."""
    w1, w2, w3, w4, w5, w6, w7, w8 = weights = [value(x) for x in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)]
    b1, b2, i1, i2, target_o1, target_o2 = map(value, (0.35, 0.60, 0.05, 0.10, 0.01, 0.99))

    def run() -> float:
        out_h1 = sigmoid(w1 * i1 + w2 * i2 + b1)
        out_h2 = sigmoid(w3 * i1 + w4 * i2 + b1)
        out_o1 = sigmoid(w5 * out_h1 + w6 * out_h2 + b2)
        out_o2 = sigmoid(w7 * out_h1 + w8 * out_h2 + b2)
        total = 0.5 * (target_o1 - out_o1) ** 2 + 0.5 * (target_o2 - out_o2) ** 2
        for weight in weights:
            weight.grad = 0.0
        total.backward()
        for weight in weights:
            weight.data -= 0.5 * weight.grad
        return float(total.data)

    return run


def written_out_mlp(value: type) -> Callable[[], float]:
    """A 2-16-16-1 network with each neuron's sum written out: forward, max-margin loss over the samples, backward."""
    source = random.Random(1337)
    layers = [
        [([value(source.uniform(-1.0, 1.0)) for _ in range(before)], value(0.0)) for _ in range(width)]
        for before, width in zip(WIDTHS, WIDTHS[1:])
    ]
    parameters = [parameter for layer in layers for weights, bias in layer for parameter in (*weights, bias)]

    def score(activations: Any) -> Any:
        for layer in layers:
            sums = []
            for weights, bias in layer:
                total = bias
                for weight, activation in zip(weights, activations):
                    total = total + weight * activation
                sums.append(total)
            activations = sums if layer is layers[-1] else [total.relu() for total in sums]
        return activations[0]

    return max_margin_round(score, parameters)


def mlp_of(package: Any) -> Callable[[], float]:
    """The same with the package's own MLP, as its users call it."""
    random.seed(1337)
    model = package.MLP(WIDTHS[0], WIDTHS[1:])
    return max_margin_round(model, model.parameters())


def max_margin_round(score: Callable[[Any], Any], parameters: list[Any]) -> Callable[[], float]:
    def run() -> float:
        total = sum((1.0 + -label * score(inputs)).relu() for inputs, label in SAMPLES)
        for parameter in parameters:
            parameter.grad = 0.0
        total.backward()
        return float(total.data)

    return run


def timed(run: Callable[[], float], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats


def compare(title: str, ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> float:
    """Check that both compute the same; print the median time of each and the median ratio of the turns."""
    assert math.isclose([ours() for _ in range(3)][-1], [theirs() for _ in range(3)][-1], rel_tol=1e-12)
    pairs = [(timed(ours, repeats), timed(theirs, repeats)) for _ in range(TURNS)]
    mine, other = (statistics.median(column) * 1e6 for column in zip(*pairs))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{title:<48}{mine:>12.1f} µs{other:>12.1f} µs{ratio:>9.3f}")
    return ratio


def ratios() -> dict[str, float]:
    """Print the table, and return the ratio of each line."""
    print(f"Python {platform.python_version()}, scalar-autograd {version('scalar-autograd')}, "
          f"micrograd {version('micrograd')}")
    print(f"{'':<48}{'ours':>15}{'micrograd':>15}{'ratio':>9}")
    micrograd_value = micrograd.engine.Value
    lines = {
        "the article's network, a training round": (
            article_round(autograd.Value, autograd.Value.sigmoid),
            article_round(micrograd_value, micrograd_sigmoid),
            40,
        ),
        "2-16-16-1 written out, 4 samples": (written_out_mlp(autograd.Value), written_out_mlp(micrograd_value), 1),
        "2-16-16-1 by nn.MLP, 4 samples": (mlp_of(nn), mlp_of(micrograd.nn), 1),
    }  # fmt: skip
    return {title: compare(title, *contenders) for title, contenders in lines.items()}


def main() -> None:
    print(f"worst ratio {max(ratios().values()):.3f}: the aim is {AIM}, the limit {LIMIT}")


if __name__ == "__main__":
    main()
