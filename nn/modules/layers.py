"""`Neuron`, `Layer` and `MLP`, with micrograd's signatures and the article's names.

A network numbers its weights, biases and neurons as the article does: w1, w2, … through all layers, b1, b2, …, hidden
neurons h1, h2, … and output neurons o1, o2, …; a neuron X names its weighted sum net_X and its activation out_X.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Value, scope
from nn.modules.activations import ACTIVATIONS, COMPOSED, Activation, check_activation
from nn.modules.initializers import Initializer, uniform
from nn.modules.linear import count, sums_by_arrays, vector, weighted_sum
from nn.modules.module import Module
from nn.modules.replacements import as_array


class Neuron(Module):
    """A weighted sum of the inputs plus a bias, put through an activation.

    Parameters
    - `inputs`, how many;
    - `nonlin`, False to leave the activation out;
    - `activation`, "relu", "tanh", "sigmoid", "linear", "softplus", "silu", "gelu", "elu", "leaky_relu", or a function;
    - `bias`, a Value to share with other neurons, one of its own where not given, which starts at 0;
    - `name`, by which net_NAME and out_NAME are called;
    - `generator`, from which the weights are drawn, Python's `random` where not given;
    - `initializer`, how they are drawn (see `nn.initializers`), uniform in [-1, 1] where not given;
    - `fan_out`, how many neurons read the same inputs, which some initialisers ask for.

    Calling it takes a sequence of `inputs` numbers or Values and returns a Value. Raises: `ShapeError` for another
    number of inputs.

    >>> neuron = Neuron(2, activation="sigmoid")
    >>> neuron([0.05, 0.10]).op
    'sigmoid'
    """

    def __init__(
        self,
        inputs: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        bias: Value | None = None,
        name: str = "",
        generator: Any = None,
        initializer: Initializer | None = None,
        fan_out: int = 1,
    ) -> None:
        draw = initializer or uniform()
        self.w = [Value(draw(inputs, fan_out, generator), f"w{i + 1}") for i in range(count(inputs, "inputs"))]
        self.b = Value(0.0, "b") if bias is None else bias
        self.activation = check_activation(activation if nonlin else "linear")
        self.name = name

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        self._net, self._out = (f"net_{name}", f"out_{name}") if name else ("net", "out")

    def net(self, x: Sequence[Any]) -> Value:
        """The weighted sum before the activation: w1·x1 + w2·x2 + … + b."""
        total: Value = weighted_sum(self.w, vector(x, len(self.w), "neuron")) + self.b
        total.name = self._net
        return total

    def __call__(self, x: Sequence[Any]) -> Value:
        return self._activated(self.net(x))

    def _activated(self, net: Value) -> Value:
        """The activation of a weighted sum."""
        if self.activation == "linear":
            return net
        if isinstance(self.activation, str) and self.activation not in COMPOSED:
            out: Value = getattr(net, self.activation)()
        else:
            function: Any = COMPOSED[self.activation] if isinstance(self.activation, str) else self.activation
            out = function(net)
        out.name = self._out
        return out

    def __repr__(self) -> str:
        function = self.activation
        if callable(function):
            title = type(function).__name__ if isinstance(function, Module) else getattr(function, "__name__", "Custom")
        else:
            title = ACTIVATIONS[function]
        return f"{title}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons that read the same inputs.

    Parameters: `inputs` and `outputs`, how many; `nonlin` and `activation` as for a Neuron; `shared_bias`, True for one
    bias that all neurons of the layer share; `name`, the scope in which its Values are recorded; `generator` and
    `initializer` as for a Neuron.

    Calling it returns a list of `outputs` Values, or the Value itself where there is one.

    >>> len(Layer(3, 4)([1.0, 2.0, 3.0]))
    4
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        shared_bias: bool = False,
        name: str = "layer",
        generator: Any = None,
        initializer: Initializer | None = None,
    ) -> None:
        self.name = name
        with scope(name):
            bias = Value(0.0, "b") if shared_bias else None
            self.neurons = [
                Neuron(
                    inputs, nonlin, activation=activation, bias=bias, name=f"n{i + 1}",
                    generator=generator, initializer=initializer, fan_out=outputs,
                )
                for i in range(count(outputs, "outputs"))
            ]  # fmt: skip

    def __call__(self, x: Sequence[Any]) -> Any:
        with scope(self.name):
            if as_array.get() and all(type(neuron) is Neuron for neuron in self.neurons):
                x = vector(x, len(self.neurons[0].w), "neuron")
                nets = sums_by_arrays([neuron.w for neuron in self.neurons], x, [neuron.b for neuron in self.neurons])
                out = [neuron._activated(net) for neuron, net in zip(self.neurons, nets)]
            else:
                out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: layers, each fully connected to the one before.

    Parameters: `inputs`, how many; `outputs`, the width of each layer in turn; `activation`, of all layers but the
    last; `output_activation`, of the last; `shared_bias`, True for one bias a layer, as in the article; `generator` and
    `initializer` as for a Neuron.

    Calling it returns what its last layer returns: a list, or a Value where that has one neuron.

    >>> model = MLP(2, [16, 16, 1])
    >>> len(model.parameters())
    337
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        activation: Activation = "relu",
        output_activation: Activation = "linear",
        *,
        shared_bias: bool = False,
        generator: Any = None,
        initializer: Initializer | None = None,
    ) -> None:
        if len(outputs) == 0:
            raise ValueError("a network needs one layer at least: MLP(2, [16, 16, 1])")
        hidden = len(outputs) - 1
        names = ["hidden layer" if hidden == 1 else f"hidden layer {i + 1}" for i in range(hidden)]
        names.append("output layer")
        activations = [activation] * hidden + [output_activation]
        self.layers = [
            Layer(
                before, width, activation=function, shared_bias=shared_bias, name=name,
                generator=generator, initializer=initializer,
            )
            for before, width, function, name in zip([inputs, *outputs], outputs, activations, names)
        ]  # fmt: skip
        self._number()

    def _number(self) -> None:
        """Number weights, biases and neurons through the whole network, as the article does."""
        hidden = [neuron for layer in self.layers[:-1] for neuron in layer.neurons]
        output = self.layers[-1].neurons
        for letter, neurons in (("h", hidden), ("o", output)):
            for i, neuron in enumerate(neurons, start=1):
                neuron.name = f"{letter}{i}"
        everyone = hidden + output
        for i, weight in enumerate((w for neuron in everyone for w in neuron.w), start=1):
            weight.name = f"w{i}"
        for i, bias in enumerate(dict.fromkeys(neuron.b for neuron in everyone), start=1):
            bias.name = f"b{i}"

    def __call__(self, x: Sequence[Any]) -> Any:
        for layer in self.layers[:-1]:
            x = layer(x)
            x = [x] if isinstance(x, Value) else x
        return self.layers[-1](x)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
