"""`python -m nn page NAME`: one HTML file in which a network learns, and each number says where it comes from."""

from __future__ import annotations

import argparse
import math
import os
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from autograd import AutogradError, no_grad
from nn.article.network import INPUTS, LEARNING_RATE, ArticleNetwork
from nn.files.documents import write_whole
from nn.files.export import count_inputs
from nn.files.storage import load
from nn.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    mean_squared_error,
)
from nn.modules.initializers import uniform, xavier_uniform
from nn.modules.layers import MLP
from nn.modules.module import Module
from nn.page import MOST_PARAMETERS, document, page_text
from nn.page.sets import TrainingSet, article_set, csv_set, fitting_sets, gate_set, moons_set, signed

EXAMPLES = """\
examples:
  python -m nn page                          the article's network, in the file article.html
  python -m nn page xor --open               a network that learns xor, in the default browser
  python -m nn page moons --lr 1 --seed 3    from other first weights, at another learning rate
  python -m nn page model.json --data my.csv --loss cross_entropy   a saved model, and a table to train it on
"""

LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "half_squared_error": half_squared_error,
    "mean_squared_error": mean_squared_error,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "hinge": hinge,
    "cross_entropy": cross_entropy,
}


@dataclass(frozen=True)
class Subject:
    """A network with a name: how it is made from a seed, what it learns, and the settings that the page starts with."""

    title: str
    about: str
    network: Callable[[Random], Module]
    samples: Callable[[], TrainingSet]
    lr: float
    loss: str = "half_squared_error"
    biases: bool = True
    seeded: bool = True
    inputs: tuple[str, ...] = ()


def _gate(generator: Random) -> MLP:
    return MLP(2, [1], output_activation="sigmoid", generator=generator, initializer=uniform())


def _xor(generator: Random) -> MLP:
    return MLP(2, [2, 1], "sigmoid", "sigmoid", generator=generator, initializer=uniform())


def _moons(generator: Random) -> MLP:
    return MLP(2, [16, 16, 1], "tanh", generator=generator, initializer=xavier_uniform())


# The rates are large, since a round changes the weights once, by the mean over all samples; each network learns with
# its own from the default seed: the gates within some hundred rounds, xor within a thousand, the moons within 200.
SUBJECTS = {
    "article": Subject(
        "The article's network",
        'The network of "A Step by Step Backpropagation Example": two inputs, two hidden neurons and two outputs. The '
        "article trains the eight weights and leaves the biases as they are.",
        lambda generator: ArticleNetwork().mlp, article_set, LEARNING_RATE, biases=False, seeded=False,
        inputs=tuple(INPUTS),
    ),
    "xor": Subject(
        "A network that learns xor",
        "Two hidden neurons and one output learn to say 1 where exactly one of two inputs is 1, which one neuron "
        "cannot: no line has both such points on one side and the other two on the other.",
        _xor, partial(gate_set, "xor"), 5.0,
    ),
    **{
        name: Subject(
            f"A neuron that learns {name}", f"One neuron with two inputs learns the logic gate {name}.",
            _gate, partial(gate_set, name), 2.0,
        )
        for name in ("and", "or", "nand")
    },
    "moons": Subject(
        "A network that tells two moons apart",
        "Two hidden layers of 16 neurons learn to which of two half circles a point belongs. The output is a logit: "
        "above 0 the lower half circle is the more probable.",
        _moons, moons_set, 0.5, "binary_cross_entropy_with_logits",
    ),
}  # fmt: skip
MODEL_RATE = 0.1


def add_options(command: argparse.ArgumentParser, whole_number: Callable[..., Callable[[str], int]]) -> None:
    """Declare the options of the command; `whole_number(n, what)` is the type of a whole number from n up."""
    command.add_argument(
        "name", nargs="?", default="article", metavar="NAME",
        help=f"{', '.join(SUBJECTS)}, or a file that nn.save wrote (default: article)",
    )  # fmt: skip
    command.add_argument("--out", type=Path, metavar="FILE", help="where to write the page (default: NAME.html)")
    command.add_argument("--open", action="store_true", help="open the page in the default browser")
    command.add_argument(
        "--data", type=Path, metavar="CSV", help="a table to train on: in each line the inputs, then the targets"
    )
    command.add_argument(
        "--loss", choices=LOSSES, metavar="LOSS",
        help=f"{', '.join(LOSSES)} (default: half_squared_error; for moons binary_cross_entropy_with_logits)",
    )  # fmt: skip
    command.add_argument("--lr", type=_rate, metavar="RATE", help="learning rate; the page can change it")
    command.add_argument("--seed", type=int, metavar="N", help="of the first weights (default: 0)")
    command.add_argument(
        "--rounds", type=whole_number(0, "the number of rounds"), metavar="N",
        help="rounds that Python trains, for the page to be compared with (default: 10,000, or what takes seconds)",
    )  # fmt: skip
    command.add_argument(
        "--biases", action=argparse.BooleanOptionalAction, help="train the biases too (default: but for the article)"
    )


def write_page(options: argparse.Namespace) -> int:
    """The command; returns the exit status 0.

    Raises: `OSError` and `AutogradError`, which the shell prints as one line.
    """
    subject = SUBJECTS.get(options.name) or _saved(options)
    path = options.out or Path(f"{options.name if options.name in SUBJECTS else Path(options.name).stem}.html")
    _check_out(path)
    if options.seed is not None and not subject.seeded:
        raise AutogradError(f"{options.name} has its own first weights: leave --seed out")
    network = subject.network(Random(options.seed or 0))
    loss = LOSSES[options.loss or subject.loss]
    if options.data:
        samples = csv_set(options.data, *_shape(network))
    else:
        samples = subject.samples()
        samples = signed(samples) if loss is hinge else samples
    page = document(
        network, samples, loss=loss,
        lr=subject.lr if options.lr is None else options.lr,
        biases=subject.biases if options.biases is None else options.biases,
        title=subject.title, about=subject.about, inputs=subject.inputs, rounds=options.rounds,
    )  # fmt: skip
    text = page_text(page).encode("utf-8")
    write_whole(path, text)
    recorded = page["frames"]["rounds"]
    if not recorded:
        what = "no recorded frame: error or parameters are not finite at the start"
    else:
        what = f"{len(recorded)} recorded frames, the last after {_counted(recorded[-1], 'round')}"
    print(f"wrote {path}: {math.ceil(len(text) / 1000)} KB, {what}")
    if options.open and not webbrowser.open(path.resolve().as_uri()):
        print(f"no browser could be opened: open {path} in one")
    return 0


def _saved(options: argparse.Namespace) -> Subject:
    """What a model file holds, with the samples that fit it."""
    path = Path(options.name)
    if not os.path.exists(path):  # Path.exists fails for a name that is too long
        near = get_close_matches(options.name, SUBJECTS, n=1, cutoff=0.5)
        known = f"did you mean {near[0]}?" if near else f"the networks are {', '.join(SUBJECTS)}"
        raise AutogradError(f"there is no network and no file {options.name!r:.100}; {known}")
    network = load(path)
    count = len(network.parameters())
    if not count:
        raise AutogradError(f"the model of {path} has no parameters: there is nothing to learn, or to show")
    if count > MOST_PARAMETERS:
        raise AutogradError(f"the model of {path} has {count:,} parameters: a page shows {MOST_PARAMETERS:,} at most")
    about = f"The model of the file {path.name}."

    def samples() -> TrainingSet:
        inputs, outputs = _shape(network)
        probabilities = options.loss == "cross_entropy"  # no set that comes with the page has them as its targets
        known = [] if probabilities else fitting_sets(inputs, outputs)
        if known:
            return known[0]
        target = (1.0 if probabilities else 0.0, *[0.0] * (outputs - 1))
        about = "made up, since no training set fits this model: --data gives one of your own"
        return TrainingSet("ones", f"one sample of ones with the target 0, {about}", ((1.0,) * inputs,), (target,))

    return Subject(path.stem, about, lambda generator: network, samples, MODEL_RATE, seeded=False)


def _shape(network: Any) -> tuple[int, int]:
    """How many inputs a network takes, and how many numbers it returns."""
    inputs = count_inputs(network, None)
    with no_grad():
        output = network([1.0] * inputs)
    return inputs, len(output) if hasattr(output, "__len__") else 1


def _check_out(path: Path) -> None:
    if path.is_dir():
        raise OSError(f"the page is a file such as xor.html, and {path} is a folder")
    if not path.parent.is_dir():
        raise OSError(f"the page cannot be written to {path}: there is no folder {path.parent}")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _rate(text: str) -> float:
    """The type of a learning rate."""
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0.0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"the learning rate is a positive number, not {text!r:.60}")
    return rate
