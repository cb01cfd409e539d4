"""A network of layers and its training in plain floats, apart from the engine: what its numbers are compared with."""

import math


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def normal(x):
    """The distribution function of the standard normal, and its density."""
    return 0.5 * math.erfc(-x / math.sqrt(2)), math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


# Each with its derivative.
ACTIVATIONS = {
    "linear": (lambda x: x, lambda x: 1.0),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "tanh": (math.tanh, lambda x: 1 / math.cosh(x) ** 2),
    "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "leaky_relu": (lambda x: x if x > 0 else 0.01 * x, lambda x: 1.0 if x > 0 else 0.01),
    "elu": (lambda x: x if x > 0 else math.expm1(x), lambda x: 1.0 if x > 0 else math.exp(x)),
    "softplus": (lambda x: math.log1p(math.exp(x)), sigmoid),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x)),
    "gelu": (lambda x: x * normal(x)[0], lambda x: normal(x)[0] + x * normal(x)[1]),
}


def softmax(logits):
    exponentials = [math.exp(x) for x in logits]
    return [x / sum(exponentials) for x in exponentials]


# Of all outputs p of a sample and its targets t: the error, and its derivative with respect to each output.
LOSSES = {
    "half_squared_error": (
        lambda p, t: sum(0.5 * (a - b) ** 2 for a, b in zip(p, t)),
        lambda p, t: [a - b for a, b in zip(p, t)],
    ),
    "mean_squared_error": (
        lambda p, t: sum((a - b) ** 2 for a, b in zip(p, t)) / len(p),
        lambda p, t: [2 * (a - b) / len(p) for a, b in zip(p, t)],
    ),
    "binary_cross_entropy": (
        lambda p, t: -sum(b * math.log(a) + (1 - b) * math.log(1 - a) for a, b in zip(p, t)) / len(p),
        lambda p, t: [(a - b) / (a * (1 - a)) / len(p) for a, b in zip(p, t)],
    ),
    "binary_cross_entropy_with_logits": (
        lambda p, t: -sum(b * math.log(sigmoid(a)) + (1 - b) * math.log(sigmoid(-a)) for a, b in zip(p, t)) / len(p),
        lambda p, t: [(sigmoid(a) - b) / len(p) for a, b in zip(p, t)],
    ),
    "hinge": (
        lambda p, t: sum(max(0.0, 1 - a * b) for a, b in zip(p, t)) / len(p),
        lambda p, t: [(-b if a * b < 1 else 0.0) / len(p) for a, b in zip(p, t)],
    ),
    "huber": (
        lambda p, t: sum(0.5 * (a - b) ** 2 if abs(a - b) <= 1 else abs(a - b) - 0.5 for a, b in zip(p, t)) / len(p),
        lambda p, t: [max(-1.0, min(1.0, a - b)) / len(p) for a, b in zip(p, t)],
    ),
    "cross_entropy": (
        lambda p, t: -sum(b * math.log(a) for a, b in zip(softmax(p), t)),
        lambda p, t: [a * sum(t) - b for a, b in zip(softmax(p), t)],
    ),
}


class PlainNetwork:
    """Layers one after the other, each (rows of paths of weights, paths of biases, activation); `numbers` by path."""

    def __init__(self, layers, numbers):
        self.layers, self.numbers = layers, dict(numbers)

    def forward(self, inputs):
        """What each layer reads, its sums, and what it passes on."""
        seen = []
        for rows, biases, activation in self.layers:
            nets = [
                sum(self.numbers[path] * x for path, x in zip(row, inputs)) + (self.numbers[bias] if bias else 0.0)
                for row, bias in zip(rows, biases)
            ]
            seen.append((inputs, nets, [ACTIVATIONS[activation][0](net) for net in nets]))
            inputs = seen[-1][2]
        return seen

    def train_round(self, samples, loss, rate, schedule, biases_too):
        """One round; returns the mean error before it, the mean gradient by path, and the deltas by layer and sample.

        In the sequential schedule a layer is updated before its deltas go down, through its new weights.
        """
        seen = [self.forward(inputs) for inputs, _ in samples]
        targets = [target for _, target in samples]
        error = sum(LOSSES[loss][0](layers[-1][2], t) for layers, t in zip(seen, targets)) / len(samples)
        handed = [LOSSES[loss][1](layers[-1][2], t) for layers, t in zip(seen, targets)]
        before, gradient, deltas = dict(self.numbers), {}, {}
        for layer, (rows, biases, activation) in reversed(list(enumerate(self.layers))):
            slope = ACTIVATIONS[activation][1]
            deltas[layer] = [
                [h * slope(net) for h, net in zip(hs, layers[layer][1])] for hs, layers in zip(handed, seen)
            ]
            own = {path: 0.0 for row in rows for path in row} | {bias: 0.0 for bias in biases if bias}
            for delta, layers in zip(deltas[layer], seen):
                for d, row, bias in zip(delta, rows, biases):
                    for path, x in zip(row, layers[layer][0]):
                        own[path] += d * x / len(samples)
                    if bias:
                        own[bias] += d / len(samples)
            gradient |= own
            for path, number in own.items():
                if biases_too or path not in biases:
                    self.numbers[path] -= rate * number
            weights = self.numbers if schedule == "sequential" else before
            handed = [
                [sum(d * weights[row[k]] for d, row in zip(delta, rows)) for k in range(len(rows[0]))]
                for delta in deltas[layer]
            ]
        return error, gradient, deltas
