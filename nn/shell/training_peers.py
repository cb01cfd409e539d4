"""The same training by PyTorch, and an epoch by micrograd, to time them beside this engine.

Neither is a dependency of any extra: whoever wants to compare has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from random import Random
from time import perf_counter
from typing import Any

from nn.data.datasets import Dataset

SAMPLES = 32  # of micrograd's, from which its epoch is extrapolated
ROW = "  {:<34}{:>12}{:>16}{:>16}"


def compare(
    data: Dataset,
    held_out: Dataset,
    first: Mapping[str, float],
    recipe: Any,
    optimizer: str,
    rate: float,
    size: int,
    epochs: int,
    generator: Random,
    times: list[float],
) -> list[str]:
    """The lines of a table: seconds in all, for the first epoch, and for each of the others.

    Parameters: `first`, the first weights, by path; `generator`, in the state from which batches were drawn; `times`,
    of `perf_counter`, at the start of our training and after each epoch. The others are as in the command.
    """
    lines = ["", ROW.format("", "seconds", "first epoch", "later epochs"), _row("this engine", times)]
    widths = [data.width, *recipe.hidden, 1 if len(data.classes) == 2 else len(data.classes)]
    state = generator.getstate()
    try:
        torch: Any = import_module("torch")
    except ImportError:
        lines.append("  PyTorch is not installed: pip install torch")
    else:
        threads = torch.get_num_threads()
        for count in dict.fromkeys((1, threads)):
            torch.set_num_threads(count)
            generator.setstate(state)
            network = _torch_network(torch, widths, recipe.activation, first)
            found, right = _torch_times(torch, network, data, held_out, optimizer, rate, size, epochs, generator)
            title = f"PyTorch {torch.__version__.split('+')[0]}, {count} thread{'s' if count > 1 else ''}"
            lines.append(f"{_row(title, found)}   accuracy {right:.2%}")
        torch.set_num_threads(threads)
    lines.append(_micrograd_line(data, widths, rate, size))
    return lines


def _row(title: str, times: list[float]) -> str:
    later = f"{(times[-1] - times[1]) / (len(times) - 2):.4f}" if len(times) > 2 else ""
    return ROW.format(title, f"{times[-1] - times[0]:.2f}", f"{times[1] - times[0]:.4f}", later).rstrip()


def _torch_network(torch: Any, widths: list[int], activation: str, first: Mapping[str, float]) -> Any:
    """The same network in double precision, with the same first weights."""
    parts: list[Any] = []
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        linear = torch.nn.Linear(inputs, outputs, dtype=torch.float64)
        neurons = [f"layers.{layer}.neurons.{i}" for i in range(outputs)]
        with torch.no_grad():
            linear.weight.copy_(
                torch.tensor([[first[f"{n}.w.{j}"] for j in range(inputs)] for n in neurons], dtype=torch.float64)
            )
            linear.bias.copy_(torch.tensor([first[f"{n}.b"] for n in neurons], dtype=torch.float64))
        parts += [linear, torch.nn.ReLU() if activation == "relu" else torch.nn.Tanh()]
    return torch.nn.Sequential(*parts[:-1])


def _torch_times(
    torch: Any,
    network: Any,
    data: Dataset,
    held_out: Dataset,
    optimizer: str,
    rate: float,
    size: int,
    epochs: int,
    generator: Random,
) -> tuple[list[float], float]:
    """The times after each epoch, as our own training takes them and with the same measurements, and the accuracy."""
    several = len(data.classes) > 2
    kind = torch.int64 if several else torch.float64
    parts = [
        (torch.tensor(d.inputs, dtype=torch.float64), torch.tensor(d.targets, dtype=kind)) for d in (data, held_out)
    ]
    loss = torch.nn.CrossEntropyLoss() if several else torch.nn.BCEWithLogitsLoss()
    rule = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}[optimizer]
    stepper = getattr(torch.optim, rule)(network.parameters(), lr=rate)

    def predict(rows: Any) -> Any:
        return network(rows) if several else network(rows)[:, 0]

    inputs, targets = parts[0]
    right = 0.0
    times = [perf_counter()]
    for _ in range(epochs):
        order = list(range(len(data)))
        generator.shuffle(order)
        for start in range(0, len(order), size):
            batch = torch.tensor(order[start : start + size])
            stepper.zero_grad()
            loss(predict(inputs[batch]), targets[batch]).backward()
            stepper.step()
        with torch.no_grad():
            for rows, classes in parts:
                outputs = predict(rows)
                float(loss(outputs, classes))
                decided = outputs.argmax(1) if several else (outputs > 0).double()
                right = float((decided == classes).double().mean())
        times.append(perf_counter())
    return times, right


def _micrograd_line(data: Dataset, widths: list[int], rate: float, size: int) -> str:
    """Time of micrograd for one epoch, from `SAMPLES` samples: forward, backward, and its demo's step by batch."""
    try:
        peer: Any = import_module("micrograd.nn")
    except ImportError:
        return "  micrograd is not installed: pip install micrograd"
    model = peer.MLP(widths[0], widths[1:])
    count = min(SAMPLES, len(data))
    start = perf_counter()
    for row, target in list(zip(*data.pair))[:count]:
        scores = model(row)
        scores = scores if isinstance(scores, list) else [-scores, scores]
        hinges = [(score - scores[target] + 1.0).relu() for i, score in enumerate(scores) if i != target]
        total = sum(hinges[1:], hinges[0])
        total.backward()
    sample = (perf_counter() - start) / count
    start = perf_counter()
    for parameter in model.parameters():
        parameter.data -= rate * parameter.grad
    model.zero_grad()
    step = perf_counter() - start
    epoch = sample * len(data) + step * -(-len(data) // size)
    note = f"   extrapolated from {count} samples; relu, max-margin loss, SGD: it has neither exp nor Adam"
    return ROW.format("micrograd", "", f"{epoch:.2f}", f"{epoch:.2f}") + note
