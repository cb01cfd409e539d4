"""The network of Matt Mazur's "A Step by Step Backpropagation Example", its figures, and its two update schedules.

Every figure is computed by autograd from the network below; the numbers that the article prints stand in `FIGURES`,
once, and are only ever compared with.

The article's text and its closing figures disagree. The text changes all eight weights at once, by the gradient at the
original weights: the schedule "simultaneous". The closing figures come from an early version of the article's script,
which changed w5 to w8 first and let the hidden layer's gradients see the changed weights: "sequential". Both are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from autograd import Value, backward, fori_loop, grad, jit, scope, sigmoid, sum, vjp
from nn.losses import half_squared_error
from nn.modules.layers import MLP
from nn.modules.module import functional_call
from nn.optimizers.optimizers import SGD

INPUTS = {"i1": 0.05, "i2": 0.10}
TARGETS = {"target_o1": 0.01, "target_o2": 0.99}
WEIGHTS = {"w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55}
BIASES = {"b1": 0.35, "b2": 0.60}
LEARNING_RATE = 0.5
ROUNDS = 10_000
SCHEDULES = ("simultaneous", "sequential")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to be reproduced.

    `section`: the part of the article; `symbol`: the article's own; `text`: the number as printed; `published`: False
    where the article leaves it out and the text is a double-precision computation of ours; `tolerance`: how far a
    computed number may be off, half a unit of the last printed digit where not given; `note`: what to know of it.
    """

    section: str
    symbol: str
    text: str
    published: bool = True
    tolerance: float = 0.0
    note: str = ""

    @property
    def value(self) -> float:
        return float(self.text)

    def agrees(self, computed: float) -> bool:
        """Whether a computed number is the one printed."""
        digits = len(self.text.partition(".")[2])
        # A hair over one half, for the rounding of the two decimal texts to floats.
        return abs(computed - self.value) <= (self.tolerance or 0.5000001 * 10.0**-digits)


FORWARD, ERROR = "The forward pass", "The total error"
OUTPUT, OUTPUT_UPDATE = "The backward pass: output layer", "The update of the output layer"
HIDDEN, HIDDEN_UPDATE = "The backward pass: hidden layer", "The update of the hidden layer"
CLOSING = "After training"

FIGURES = (
    Figure(FORWARD, "net_h1", "0.3775"),
    Figure(FORWARD, "out_h1", "0.593269992"),
    Figure(FORWARD, "net_h2", "0.3925", published=False),
    Figure(FORWARD, "out_h2", "0.596884378"),
    Figure(FORWARD, "net_o1", "1.105905967"),
    Figure(FORWARD, "out_o1", "0.75136507"),
    Figure(FORWARD, "net_o2", "1.2249214041", published=False),
    Figure(FORWARD, "out_o2", "0.772928465"),
    Figure(ERROR, "E_o1", "0.274811083"),
    Figure(ERROR, "E_o2", "0.023560026"),
    Figure(ERROR, "E_total", "0.298371109"),
    Figure(OUTPUT, "∂E_total/∂out_o1", "0.74136507"),
    Figure(OUTPUT, "∂out_o1/∂net_o1", "0.186815602"),
    Figure(OUTPUT, "∂net_o1/∂w5", "0.593269992"),
    Figure(OUTPUT, "∂E_total/∂w5", "0.082167041"),
    Figure(OUTPUT, "δ_o1", "0.138498562"),
    Figure(OUTPUT, "∂E_total/∂out_o2", "-0.2170715347", published=False),
    Figure(OUTPUT, "∂out_o2/∂net_o2", "0.1755100528", published=False),
    Figure(OUTPUT, "δ_o2", "-0.0380982365", published=False),
    Figure(OUTPUT, "∂E_total/∂w6", "0.0826676278", published=False),
    Figure(OUTPUT, "∂E_total/∂w7", "-0.0226025405", published=False),
    Figure(OUTPUT, "∂E_total/∂w8", "-0.0227402422", published=False),
    Figure(OUTPUT, "∂E_total/∂b2", "0.1004003251", published=False),
    Figure(OUTPUT_UPDATE, "w5⁺", "0.35891648"),
    Figure(OUTPUT_UPDATE, "w6⁺", "0.408666186"),
    Figure(OUTPUT_UPDATE, "w7⁺", "0.511301270"),
    Figure(OUTPUT_UPDATE, "w8⁺", "0.561370121"),
    Figure(HIDDEN, "∂E_o1/∂net_o1", "0.138498562"),
    Figure(HIDDEN, "∂net_o1/∂out_h1", "0.40"),
    Figure(HIDDEN, "∂E_o1/∂out_h1", "0.055399425"),
    Figure(
        HIDDEN, "∂E_o2/∂out_h1", "-0.019049119", tolerance=1e-9, note="the ninth decimal printed is off by one"
    ),
    Figure(HIDDEN, "∂E_total/∂out_h1", "0.036350306"),
    Figure(HIDDEN, "∂out_h1/∂net_h1", "0.241300709"),
    Figure(HIDDEN, "∂net_h1/∂w1", "0.05"),
    Figure(HIDDEN, "∂E_total/∂w1", "0.000438568"),
    Figure(HIDDEN, "δ_h1", "0.0087713547", published=False),
    Figure(HIDDEN, "δ_h2", "0.0099542547", published=False),
    Figure(HIDDEN, "∂E_total/∂w2", "0.0008771355", published=False),
    Figure(HIDDEN, "∂E_total/∂w3", "0.0004977127", published=False),
    Figure(HIDDEN, "∂E_total/∂w4", "0.0009954255", published=False),
    Figure(HIDDEN, "∂E_total/∂b1", "0.0187256094", published=False),
    Figure(HIDDEN_UPDATE, "w1⁺", "0.149780716"),
    Figure(HIDDEN_UPDATE, "w2⁺", "0.19956143"),
    Figure(HIDDEN_UPDATE, "w3⁺", "0.24975114"),
    Figure(HIDDEN_UPDATE, "w4⁺", "0.29950229"),
    Figure(CLOSING, "E_total after round 1", "0.291027924"),
    Figure(CLOSING, "E_total after 10,000 rounds", "0.000035085"),
    Figure(CLOSING, "out_o1 after 10,000 rounds", "0.015912196"),
    Figure(CLOSING, "out_o2 after 10,000 rounds", "0.984065734"),
)

# The closing figures in double precision under each schedule, in the order in which FIGURES lists them. They hold to
# about 1e-12: the last digits depend on the order of floating-point sums.
CLOSING_REFERENCE = {
    "simultaneous": (0.2910277736935993, 3.510187782978859e-05, 0.01591362044355068, 0.9840642735146238),
    "sequential": (0.29102792390544197, 3.5084786296312774e-05, 0.0159121963260343, 0.9840657344856291),
}
CLOSING_TOLERANCE = 1e-10


class ArticleNetwork:
    """The article's 2-2-2 network at its starting weights, with the article's names on every Value.

    >>> values = ArticleNetwork().backpropagate()
    >>> round(values["w5"].grad, 9)
    0.082167041
    """

    def __init__(self) -> None:
        self.mlp = MLP(2, [2, 2], activation="sigmoid", output_activation="sigmoid", shared_bias=True)
        self.parameters = {parameter.name: parameter for parameter in self.mlp.parameters()}
        for name, number in (WEIGHTS | BIASES).items():
            self.parameters[name].data = number
        with scope("inputs"):
            self.inputs = [Value(number, name) for name, number in INPUTS.items()]
        with scope("error"):
            self.targets = [Value(number, name) for name, number in TARGETS.items()]
        self.hidden, self.output = self.mlp.layers
        self.output_update = self._descent("w5", "w6", "w7", "w8")
        self.hidden_update = self._descent("w1", "w2", "w3", "w4")

    def _descent(self, *names: str) -> SGD:
        return SGD([self.parameters[name] for name in names], lr=LEARNING_RATE)

    def forward(self) -> dict[str, Value]:
        """Compute the network's output and error; returns every named Value by its name."""
        out_h = self.hidden(self.inputs)
        out_o = self.output(out_h)
        with scope("error"):
            errors = [
                half_squared_error(out, target).named(f"E_{neuron.name}")
                for neuron, out, target in zip(self.output.neurons, out_o, self.targets)
            ]
            total = (errors[0] + errors[1]).named("E_total")
        nets = [out.parents[0] for out in (*out_h, *out_o)]
        made = (*self.inputs, *self.targets, *nets, *out_h, *out_o, *errors, total)
        return self.parameters | {value.name: value for value in made}

    def backpropagate(self) -> dict[str, Value]:
        """`forward`, then one backward pass from E_total; what gradients there were are forgotten."""
        values = self.forward()
        values["E_total"].zero_grad()
        values["E_total"].backward()
        return values

    def derivative(self, of: str, with_respect_to: str) -> float:
        """∂of/∂with_respect_to at the present weights, both by name: one backward pass from `of`."""
        values = self.forward()
        values[of].zero_grad()
        values[of].backward()
        gradient: float = values[with_respect_to].grad
        values[of].zero_grad()
        return gradient

    def train_round(self, schedule: str) -> None:
        """One round of gradient descent on the eight weights; the biases stay, as in the article.

        Raises: `ValueError` for a schedule that is not one of `SCHEDULES`.
        """
        if schedule not in SCHEDULES:
            raise ValueError(f"unknown schedule {schedule!r}: give one of {', '.join(SCHEDULES)}")
        values = self.backpropagate()
        if schedule == "simultaneous":
            self.output_update.step()
            self.hidden_update.step()
            return
        # Keep the output layer's deltas, change its weights, and send the same deltas back through the changed ones.
        deltas = [values[f"net_{neuron.name}"].grad for neuron in self.output.neurons]
        self.output_update.step()
        values["E_total"].zero_grad()
        out_h = [values[f"out_{neuron.name}"] for neuron in self.hidden.neurons]
        backward([neuron.net(out_h) for neuron in self.output.neurons], deltas)
        self.hidden_update.step()


def compiled_training(schedule: str) -> Callable[[list[Any], Any], list[Any]]:
    """The training as one native loop: a function of the eight weights and the number of rounds.

    It needs the extra `jit` to be fast.

    >>> train_natively = compiled_training("simultaneous")
    >>> weights = train_natively(list(WEIGHTS.values()), 1)
    >>> round(weights[4], 9)
    0.35891648
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}: give one of {', '.join(SCHEDULES)}")
    network = ArticleNetwork()
    path = {parameter.name: path for path, parameter in network.mlp.named_parameters()}

    def nets(hidden: list[Any], output: list[Any]) -> list[Any]:
        parameters = {path[name]: number for name, number in zip(WEIGHTS, hidden + output)}
        outputs: list[Value] = functional_call(network.mlp, parameters, list(INPUTS.values()))
        return [out.parents[0] for out in outputs]

    def error(nets: list[Any]) -> Any:
        return sum(half_squared_error(sigmoid(net), target) for net, target in zip(nets, TARGETS.values()))

    def descend(weights: list[Any], gradient: list[Any]) -> list[Any]:
        return [weight - LEARNING_RATE * slope for weight, slope in zip(weights, gradient)]

    def one_round(_: Any, weights: list[Any]) -> list[Any]:
        hidden, output = weights[:4], weights[4:]
        values, pull = vjp(nets, hidden, output)
        deltas = grad(error)(values)
        of_hidden, of_output = pull(deltas)
        new_output = descend(output, of_output)
        if schedule == "sequential":
            of_hidden = vjp(nets, hidden, new_output)[1](deltas)[0]
        return descend(hidden, of_hidden) + new_output

    train_rounds: Callable[[list[Any], Any], list[Any]] = jit(
        lambda weights, rounds: fori_loop(0, rounds, one_round, weights)
    )
    return train_rounds


def train_compiled(schedule: str, rounds: int = ROUNDS) -> tuple[ArticleNetwork, list[float]]:
    """`train`, as one native loop: the same numbers to 1e-10, in milliseconds.

    >>> network, closing = train_compiled("sequential", 1)
    >>> round(closing[0], 9)
    0.291027924
    """
    network = ArticleNetwork()
    train_rounds = compiled_training(schedule)
    weights = list(WEIGHTS.values())
    closing: list[float] = []
    for trips in (1, rounds - 1):
        weights = train_rounds(weights, float(trips))
        for name, number in zip(WEIGHTS, weights):
            network.parameters[name].data = number
        if not closing:
            closing.append(network.forward()["E_total"].data)
    values = network.forward()
    return network, closing + [values[name].data for name in ("E_total", "out_o1", "out_o2")]


def reproduce() -> dict[str, float]:
    """Every figure but the closing ones, computed by autograd: the number by its symbol."""
    network = ArticleNetwork()
    forward = network.forward()
    updated = ArticleNetwork()
    updated.train_round("simultaneous")
    computed = {}
    for symbol in (figure.symbol for figure in FIGURES if figure.section != CLOSING):
        if symbol.startswith("∂"):
            of, with_respect_to = symbol.replace("∂", "").split("/")
            computed[symbol] = network.derivative(of, with_respect_to)
        elif symbol.startswith("δ_"):
            computed[symbol] = network.derivative("E_total", symbol.replace("δ", "net"))
        elif symbol.endswith("⁺"):
            computed[symbol] = updated.parameters[symbol.removesuffix("⁺")].data
        else:
            computed[symbol] = forward[symbol].data
    return computed


def train(schedule: str, rounds: Iterable[int] = range(ROUNDS)) -> tuple[ArticleNetwork, list[float]]:
    """Train the article's network, one round for each item of `rounds` (which may be a progress bar).

    Returns the trained network and its closing figures: E_total after round 1, then E_total, out_o1 and out_o2 after
    the last.

    >>> network, closing = train("sequential", range(1))
    >>> round(closing[0], 9)
    0.291027924
    """
    network = ArticleNetwork()
    closing: list[float] = []
    for _ in rounds:
        network.train_round(schedule)
        if not closing:
            closing.append(network.forward()["E_total"].data)
    values = network.forward()
    return network, closing + [values[name].data for name in ("E_total", "out_o1", "out_o2")]
