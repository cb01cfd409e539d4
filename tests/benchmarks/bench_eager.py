"""Eager speed beside micrograd, in one run: `pip install -r tests/benchmarks/requirements.txt`, then run this file.

The same program runs on both engines, a few milliseconds at a time in turn, so that a change in the machine's speed
meets both; each figure is the median over the turns, and the ratio is the median of the turns' own ratios.
"""

from __future__ import annotations

import math
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import micrograd.engine

import autograd

TURNS = 101


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


def timed(run: Callable[[], float], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def compare(title: str, ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> None:
    """Print the median time of each and the median ratio of the turns."""
    pairs = [(timed(ours, repeats), timed(theirs, repeats)) for _ in range(TURNS)]
    mine, other = (statistics.median(column) * 1e6 for column in zip(*pairs))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{title:<44}{mine:>12.1f} µs{other:>12.1f} µs{ratio:>9.3f}")


def main() -> None:
    print(f"Python {platform.python_version()}, scalar-autograd {version('scalar-autograd')}, "
          f"micrograd {version('micrograd')}")
    ours = article_round(autograd.Value, autograd.Value.sigmoid)
    theirs = article_round(micrograd.engine.Value, micrograd_sigmoid)
    assert [ours() for _ in range(100)][-1] - [theirs() for _ in range(100)][-1] < 1e-12
    print(f"{'':<44}{'ours':>15}{'micrograd':>15}{'ratio':>9}")
    compare("the article's network, a training round", ours, theirs, 60)


if __name__ == "__main__":
    main()
