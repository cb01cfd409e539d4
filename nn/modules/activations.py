"""Activations: by name for the neurons of an MLP, and as modules for a Sequential.

A module here takes a number or a Value, or a list, tuple or array of them, nested or not, and applies its function to
each; Softmax takes a vector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
from nn.modules.module import Module

Activation = str | Callable[[Any], Any]

# What a repr calls each activation. Those up to "softplus" are methods of Value.
ACTIVATIONS = {
    "relu": "ReLU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "linear": "Linear",
    "softplus": "Softplus",
    "silu": "SiLU",
    "gelu": "GELU",
    "elu": "ELU",
    "leaky_relu": "LeakyReLU",
}
COMPOSED: dict[str, Callable[[Any], Any]] = {
    "silu": autograd.silu,
    "gelu": autograd.gelu,
    "elu": autograd.elu,
    "leaky_relu": autograd.leaky_relu,
}


def check_activation(activation: Activation) -> Activation:
    """The activation, which is a function or one of the names above; `ValueError` where it is neither."""
    if not callable(activation) and activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}: give one of {', '.join(ACTIVATIONS)}, or a function")
    return activation


def of_each(function: Callable[[Any], Any], x: Any) -> Any:
    """A function of a number, applied to each in nested lists, tuples and arrays; the result has lists for tuples."""
    if isinstance(x, list | tuple):
        return [of_each(function, entry) for entry in x]
    return function(x)


class Identity(Module):
    """Everything as it is.

    >>> Identity()([1.0, 2.0])
    [1.0, 2.0]
    """

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """x where it is positive, 0 elsewhere; the derivative at 0 is 0.

    >>> ReLU()([2.0, -2.0])
    [2.0, 0.0]
    """

    def forward(self, x: Any) -> Any:
        return of_each(autograd.relu, x)


class Tanh(Module):
    """The hyperbolic tangent.

    >>> Tanh()(0.0)
    0.0
    """

    def forward(self, x: Any) -> Any:
        return of_each(autograd.tanh, x)


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    >>> Sigmoid()([0.0])
    [0.5]
    """

    def forward(self, x: Any) -> Any:
        return of_each(autograd.sigmoid, x)


class LeakyReLU(Module):
    """x where it is positive, `negative_slope` · x elsewhere.

    >>> LeakyReLU(0.5)([2.0, -2.0])
    [2.0, -1.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = _number(negative_slope, "negative_slope")

    def forward(self, x: Any) -> Any:
        return of_each(lambda entry: autograd.leaky_relu(entry, self.negative_slope), x)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x where it is positive, `alpha` · (exp(x) - 1) elsewhere.

    >>> ELU()([2.0, 0.0])
    [2.0, 0.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = _number(alpha, "alpha")

    def forward(self, x: Any) -> Any:
        return of_each(lambda entry: autograd.elu(entry, self.alpha), x)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class SiLU(Module):
    """x · sigmoid(x), also called swish.

    >>> SiLU()(0.0)
    0.0
    """

    def forward(self, x: Any) -> Any:
        return of_each(autograd.silu, x)


class GELU(Module):
    """x · Φ(x), with Φ the distribution function of the standard normal; the exact function, not the one by tanh.

    >>> GELU()(0.0)
    0.0
    """

    def forward(self, x: Any) -> Any:
        return of_each(autograd.gelu, x)


class Softplus(Module):
    """log(1 + exp(beta · x)) / beta, a smooth ReLU.

    Parameters: `beta`, a number other than 0. Raises: `ValueError` for 0.

    >>> round(Softplus()(0.0), 9)
    0.693147181
    """

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = _number(beta, "beta")
        if not self.beta:
            raise ValueError("Softplus divides by beta, which must not be 0")

    def forward(self, x: Any) -> Any:
        if self.beta == 1.0:
            return of_each(autograd.softplus, x)
        return of_each(lambda entry: autograd.softplus(self.beta * entry) / self.beta, x)

    def extra_repr(self) -> str:
        return f"beta={self.beta}"


class Softmax(Module):
    """Each exponential over the sum of all; takes a vector, or normalises each innermost one of a nest.

    >>> Softmax()([0.0, 0.0])
    [0.5, 0.5]
    """

    def forward(self, x: Any) -> Any:
        return autograd.softmax(x)


def _number(number: Any, name: str) -> float:
    number = autograd.Value(number).data
    if number - number != 0.0:
        raise ValueError(f"{name} is a finite number, not {number!r}")
    return float(number)
