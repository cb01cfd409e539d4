"""Initialisers: how the weights of a layer are drawn.

An initialiser is a function `draw(fan_in, fan_out, generator)` that returns one weight: `fan_in` is the number of
inputs of its neuron, `fan_out` the number of neurons that read the same inputs. A layer calls it once for each of its
weights, neuron by neuron. The functions below make initialisers; a function of one's own will do as well.

A generator is a `random.Random`, or anything with its methods `random()` and `gauss(mean, deviation)`; a NumPy
generator will do too. None stands for the module `random`, which `random.seed` seeds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

Initializer = Callable[[int, int, Any], float]

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0)}


def calculate_gain(activation: str, negative_slope: float = 0.01) -> float:
    """The factor by which weights are drawn wider, so that an activation keeps the variance of what goes through.

    Parameters: `activation`, "linear", "sigmoid", "tanh", "relu" or "leaky_relu"; `negative_slope`, of the last.

    Returns: 1, 1, 5/3, √2 and √(2 / (1 + negative_slope²)), PyTorch's values. Source for the last two: He, Zhang, Ren
    and Sun (2015), arXiv:1502.01852.

    Raises: `ValueError` for another activation.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if activation == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + negative_slope**2))
    if activation not in GAINS:
        raise ValueError(f"no gain is known for {activation!r}: give one of {', '.join(GAINS)}, leaky_relu")
    return GAINS[activation]


def uniform(low: float = -1.0, high: float = 1.0) -> Initializer:
    """Weights spread evenly over [low, high]; as it stands, micrograd's.

    Parameters: `low` and `high`, finite, in this order. Raises: `ValueError` where they are not.

    >>> draw = uniform(-0.5, 0.5)
    >>> draw(4, 8, random.Random(0)) == random.Random(0).uniform(-0.5, 0.5)
    True
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"a uniform distribution needs finite bounds, the lower one first, not {low!r} and {high!r}")
    return lambda fan_in, fan_out, generator: _uniform(low, high, generator)


def normal(mean: float = 0.0, deviation: float = 1.0) -> Initializer:
    """Normally distributed weights.

    Parameters: `mean`, finite; `deviation`, the standard deviation, finite and not negative. Raises: `ValueError` where
    they are not.

    >>> draw = normal(0.0, 0.01)
    >>> draw(4, 8, random.Random(0)) == random.Random(0).gauss(0.0, 0.01)
    True
    """
    if not (math.isfinite(mean) and 0.0 <= deviation < math.inf):
        raise ValueError(
            f"a normal distribution needs a finite mean and a deviation from 0 up, not {mean!r} and {deviation!r}"
        )
    return lambda fan_in, fan_out, generator: _normal(mean, deviation, generator)


def xavier_uniform(gain: float = 1.0) -> Initializer:
    """Uniform weights over ±gain · √(6 / (fan_in + fan_out)), also called Glorot's.

    Parameters: `gain`, from `calculate_gain`; positive. Source: Glorot and Bengio (2010), "Understanding the difficulty
    of training deep feedforward neural networks", equation 16.

    >>> abs(xavier_uniform()(4, 2, random.Random(0))) <= 1.0
    True
    """
    _positive(gain)
    return lambda fan_in, fan_out, generator: _wide(gain * math.sqrt(6.0 / (fan_in + fan_out)), generator)


def xavier_normal(gain: float = 1.0) -> Initializer:
    """Normal weights of deviation gain · √(2 / (fan_in + fan_out)), also called Glorot's.

    Parameters: `gain`, from `calculate_gain`; positive. Source: Glorot and Bengio (2010), "Understanding the difficulty
    of training deep feedforward neural networks", equation 12.

    >>> xavier_normal()(5, 3, random.Random(0)) == random.Random(0).gauss(0.0, 0.5)
    True
    """
    _positive(gain)
    return lambda fan_in, fan_out, generator: _normal(0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def kaiming_uniform(gain: float = GAINS["relu"], mode: str = "fan_in") -> Initializer:
    """Uniform weights over ±gain · √(3 / fan), also called He's.

    Parameters: `gain`, from `calculate_gain`, positive; `mode`, "fan_in" to keep the variance of what goes forward,
    "fan_out" for that of the gradients. Source: He, Zhang, Ren and Sun (2015), arXiv:1502.01852, section 2.2.

    >>> abs(kaiming_uniform()(6, 8, random.Random(0))) <= 1.0
    True
    """
    _positive(gain)
    fan = _fan(mode)
    return lambda fan_in, fan_out, generator: _wide(gain * math.sqrt(3.0 / fan(fan_in, fan_out)), generator)


def kaiming_normal(gain: float = GAINS["relu"], mode: str = "fan_in") -> Initializer:
    """Normal weights of deviation gain / √fan, also called He's.

    Parameters and source: as for `kaiming_uniform`.

    >>> kaiming_normal()(8, 3, random.Random(0)) == random.Random(0).gauss(0.0, 0.5)
    True
    """
    _positive(gain)
    fan = _fan(mode)
    return lambda fan_in, fan_out, generator: _normal(0.0, gain / math.sqrt(fan(fan_in, fan_out)), generator)


def _wide(bound: float, generator: Any) -> float:
    return _uniform(-bound, bound, generator)


def _uniform(low: float, high: float, generator: Any) -> float:
    draw = _method(generator, "random")
    return low + (high - low) * float(draw())  # what random.uniform computes, so that a seed gives micrograd's weights


def _normal(mean: float, deviation: float, generator: Any) -> float:
    return float(_method(generator, "gauss", "normal")(mean, deviation))


def _method(generator: Any, *names: str) -> Any:
    """The first of these methods that the generator has."""
    if generator is None:
        generator = random
    for name in names:
        method = getattr(generator, name, None)
        if callable(method):
            return method
    raise TypeError(
        f"a generator is a random.Random, or has its method {names[0]}(); {type(generator).__name__} has not"
    )


def _positive(gain: float) -> None:
    if not 0.0 < gain < math.inf:
        raise ValueError(f"a gain is a positive number, not {gain!r}")


def _fan(mode: str) -> Callable[[int, int], int]:
    if mode == "fan_in":
        return lambda fan_in, fan_out: fan_in
    if mode == "fan_out":
        return lambda fan_in, fan_out: fan_out
    raise ValueError(f"the mode is 'fan_in' or 'fan_out', not {mode!r}")
