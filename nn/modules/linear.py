"""`Linear`: a matrix of weights and a vector of biases, as PyTorch has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import ShapeError, Value, array
from nn.modules.initializers import Initializer, uniform
from nn.modules.module import Module
from nn.modules.replacements import as_array


class Linear(Module):
    """Weighted sums of the inputs, each plus a bias: y = W·x + b.

    Parameters
    - `in_features` and `out_features`, how many inputs and outputs;
    - `bias`, False for none;
    - `generator`, from which the parameters are drawn, Python's `random` where not given;
    - `initializer`, how the weights are drawn (see `nn.initializers`); the biases then start at 0. Where it is not
      given, weights and biases are uniform over ±1/√in_features, as PyTorch's are.

    Attributes: `weight`, a list of `out_features` rows of `in_features` Values; `bias`, a list of Values or None.

    Calling it takes a sequence of `in_features` numbers or Values, and returns a list of `out_features` Values. Raises:
    `ShapeError` for another number of inputs, and for a batch of samples.

    >>> layer = Linear(2, 3)
    >>> layer
    Linear(in_features=2, out_features=3, bias=True)
    >>> len(layer([0.5, -1.0]))
    3
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        generator: Any = None,
        initializer: Initializer | None = None,
    ) -> None:
        self.in_features = count(in_features, "inputs")
        self.out_features = count(out_features, "outputs")
        draw = initializer or uniform(-(in_features**-0.5), in_features**-0.5)
        self.weight = [
            [Value(draw(in_features, out_features, generator), f"w{row}_{column}") for column in _upto(in_features)]
            for row in _upto(out_features)
        ]
        self.bias: list[Value] | None = None
        if bias:
            self.bias = [
                Value(0.0 if initializer else draw(in_features, out_features, generator), f"b{row}")
                for row in _upto(out_features)
            ]

    def forward(self, x: Sequence[Any]) -> list[Any]:
        x = vector(x, self.in_features, "Linear layer")
        if as_array.get() is not None:
            return sums_by_arrays(self.weight, x, self.bias)
        if self.bias is None:
            return [weighted_sum(weights, x) for weights in self.weight]
        return [weighted_sum(weights, x) + bias for weights, bias in zip(self.weight, self.bias)]

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def weighted_sum(weights: Sequence[Any], x: Sequence[Any]) -> Any:
    """w1·x1 + w2·x2 + …, number by number, from left to right."""
    pairs = zip(weights, x)
    weight, number = next(pairs)
    total = weight * number
    for weight, number in pairs:
        total = total + weight * number
    return total


def sums_by_arrays(rows: Sequence[Sequence[Any]], x: Any, biases: Sequence[Any] | None) -> list[Any]:
    """W·x + b from the rows of W, with whole arrays, where layers are to compute with them."""
    part: Any = as_array.get()
    products = part(rows) @ array(x)
    return [*(products if biases is None else products + part(biases))]


def count(number: Any, what: str) -> int:
    """The number, which must be a whole one from 1 up; `ValueError` where it is not."""
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"the number of {what} is a whole number from 1 up, not {number!r}")
    return number


def vector(x: Any, length: int, what: str) -> Any:
    """The inputs of a part as a sequence: a single number is one input. `ShapeError` for another number of them."""
    if not hasattr(x, "__len__"):
        x = [x]
    if len(x) != length:
        raise ShapeError(f"this {what} takes {length} inputs, {len(x)} were given")
    if hasattr(next(iter(x)), "__len__"):
        raise ShapeError(
            f"this {what} takes one sample of {length} numbers, and was given sequences in a sequence: call it for "
            "each sample, or through vmap"
        )
    return x


def _upto(number: int) -> range:
    return range(1, number + 1)
