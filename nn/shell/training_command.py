"""`python -m nn train NAME`: train a network on a small data set, measure it on rows held out, and draw it."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from autograd import AutogradError, MissingDependencyError, Value, draw, no_grad
from autograd.display import FORMATS
from nn.data.datasets import GATES, Dataset, named_dataset
from nn.diagram.network_view import draw_network
from nn.files.documents import write_whole
from nn.files.storage import load, save
from nn.losses import binary_cross_entropy_with_logits, cross_entropy
from nn.modules.initializers import Initializer, kaiming_uniform, uniform, xavier_uniform
from nn.modules.layers import MLP
from nn.modules.module import Module
from nn.optimizers.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.shell.training_peers import compare
from nn.training.fit import fit
from nn.training.history import History
from nn.training.plots import decision_boundary, loss_curve, new_figure

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}
MOST_BITMAP_WEIGHTS = 1000  # a PNG of more would have hundreds of millions of pixels: SVG then


EXAMPLES = """\
examples:
  python -m nn train xor                          trained, measured and drawn in the folder train_xor
  python -m nn train iris --optimizer sgd         with another rule
  python -m nn train digits --compare             beside PyTorch and micrograd, where they are installed
  python -m nn train moons --load moons.json --epochs 0   a saved model, measured and drawn
"""


@dataclass(frozen=True)
class Recipe:
    """How a data set is learnt where the options say nothing else: `lr` is Adam's; SGD takes ten times as much."""

    hidden: tuple[int, ...]
    epochs: int
    lr: float
    activation: str = "tanh"
    batch_size: int | None = None
    initializer: Initializer | None = None


GATE = Recipe((), 200, 0.1, initializer=uniform())
RECIPES = {
    **dict.fromkeys(GATES, GATE),
    "xor": Recipe((4,), 200, 0.1, initializer=uniform()),
    "moons": Recipe((8, 8), 150, 0.02, batch_size=25, initializer=xavier_uniform()),
    "iris": Recipe((8,), 100, 0.01, batch_size=19, initializer=xavier_uniform()),
    "digits": Recipe((32,), 40, 0.005, "relu", batch_size=32, initializer=kaiming_uniform()),
}


def add_options(command: argparse.ArgumentParser, whole_number: Callable[[int], Callable[[str], int]]) -> None:
    """Declare the options of the command; `whole_number(n)` is the type of a whole number from n up."""
    command.add_argument("name", choices=RECIPES, metavar="NAME", help=", ".join(RECIPES))
    command.add_argument("--epochs", type=whole_number(0), metavar="N", help="how often to go through the rows")
    command.add_argument(
        "--seed", type=int, default=0, help="of the rows held out, the first weights and the order (default: 0)"
    )
    command.add_argument("--lr", type=float, metavar="RATE", help="learning rate")
    command.add_argument("--optimizer", choices=OPTIMIZERS, default="adam", help="default: adam")
    command.add_argument("--batch-size", type=whole_number(1), metavar="N", help="rows in a step")
    command.add_argument("--eager", action="store_true", help="train in Python also where the extra jit is installed")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder for what is written (default: train_NAME)")
    command.add_argument("--format", choices=FORMATS, default="svg", help="format of the pictures (default: svg)")
    command.add_argument("--load", type=Path, metavar="MODEL", help="go on with a saved model; --epochs 0 measures it")
    command.add_argument(
        "--save", type=Path, metavar="MODEL", help="where to save it (default: model.json in the folder)"
    )
    command.add_argument("--compare", action="store_true", help="time PyTorch and micrograd on the same training")
    command.add_argument("--quiet", action="store_true", help="print the accuracy, and what was written, and no more")


def train(options: argparse.Namespace) -> int:
    """The command; returns the exit status 0.

    Raises: `OSError` and `AutogradError`, which the shell prints as one line.
    """
    name, recipe = options.name, RECIPES[options.name]
    say: Callable[[str], object] = (lambda text: None) if options.quiet else print
    if options.compare and options.load:
        raise AutogradError("--compare trains networks from their first weights: leave --load out")
    if options.epochs == 0 and not options.load:
        raise AutogradError("--epochs 0 trains nothing: give --load too, to measure a saved model")
    folder = options.out or Path(f"train_{name}")
    make_folder(folder)
    target = options.save or folder / "model.json"
    if target.is_dir() or not target.parent.is_dir():
        raise OSError(f"the model cannot be saved as {target}: give a file in a folder that there is")
    data, held_out = _rows(name, options.seed)
    generator = Random(options.seed)
    model = load(options.load) if options.load else _network(data, recipe, generator)
    _check(model, data, options.load)
    loss = binary_cross_entropy_with_logits if len(data.classes) == 2 else cross_entropy
    rate = recipe.lr * (10.0 if options.optimizer == "sgd" else 1.0) if options.lr is None else options.lr
    try:
        optimizer = OPTIMIZERS[options.optimizer](model.parameters(), lr=rate)
    except ValueError as error:
        raise AutogradError(f"--lr: {error}") from None
    epochs = recipe.epochs if options.epochs is None else options.epochs
    size = min(options.batch_size or recipe.batch_size or len(data), len(data))
    held = f"{len(held_out)} held out" if held_out is not data else "none held out: there are no others"
    say(f"{name}: {len(data)} rows to train on, {held}; {data.width} numbers to {len(data.classes)} classes")
    say(f"{_title(model)}; {options.optimizer}, lr {rate:g}, batches of {size}, {epochs} epochs, seed {options.seed}")
    history, first, order = History(), model.state_dict(), generator.getstate()
    if epochs:
        times = [perf_counter()]
        history = fit(
            model, data.pair, loss, optimizer, epochs=epochs, batch_size=size, generator=generator,
            validation=None if held_out is data else held_out.pair, metrics={"accuracy": _right},
            callbacks=[lambda training: times.append(perf_counter())], compiled=False if options.eager else None,
            progress=not options.quiet,
        )  # fmt: skip
        say("\n".join(["", str(history), "", *_timing(times)]))
    for line in _measured(model, held_out, quiet=options.quiet):
        print(line)
    if options.compare:
        generator.setstate(order)
        for line in compare(data, held_out, first, recipe, options.optimizer, rate, size, epochs, generator, times):
            print(line)
    save(model, target)
    print(f"wrote {target}")
    if epochs:
        history.to_csv(folder / "history.csv")
        print(f"wrote {folder / 'history.csv'}")
    _pictures(model, loss, data, held_out, history, folder, options.format)
    return 0


def make_folder(folder: Path) -> None:
    """Make a folder, or find that it is there and can be written to; `OSError` where not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"the pictures cannot be written to the folder {folder}: {error.strerror}") from error


def classify(model: Module, inputs: Sequence[Sequence[float]]) -> list[int]:
    """The class that a model decides for each row: of one logit whether it is positive, of several the largest.

    >>> from nn.modules.layers import Neuron
    >>> neuron = Neuron(1, nonlin=False)
    >>> neuron.w[0].data = 1.0
    >>> classify(neuron, [[-2.0], [3.0]])
    [0, 1]
    """
    with no_grad():
        return [_decided(_floats(model(row))) for row in inputs]


def _decided(output: Any) -> int:
    return max(range(len(output)), key=output.__getitem__) if isinstance(output, list) else int(output > 0.0)


def _right(prediction: Any, target: float) -> float:
    return float(_decided(prediction) == target)


def _floats(output: Any) -> Any:
    """One logit as a float, several as a list; a list of one is one."""
    if not isinstance(output, list | tuple):
        return output.data if isinstance(output, Value) else float(output)
    numbers = [_floats(number) for number in output]
    return numbers[0] if len(numbers) == 1 else numbers


def _rows(name: str, seed: int) -> tuple[Dataset, Dataset]:
    """The rows to train on, and those held out; a gate has four in all, which are both."""
    data = named_dataset(name)
    if name in GATES:
        return data, data
    data, held_out = data.split(seed=seed)
    return (data.standardised(), held_out.standardised(data)) if name == "iris" else (data, held_out)


def _network(data: Dataset, recipe: Recipe, generator: Random) -> MLP:
    outputs = 1 if len(data.classes) == 2 else len(data.classes)
    widths = [*recipe.hidden, outputs]
    return MLP(data.width, widths, recipe.activation, generator=generator, initializer=recipe.initializer)


def _check(model: Any, data: Dataset, path: Path | None) -> None:
    """Refuse a loaded model that takes other inputs or returns other outputs than the data set needs."""
    outputs = 1 if len(data.classes) == 2 else len(data.classes)
    try:
        found = model(data.inputs[0])
    except (AutogradError, TypeError, ValueError) as error:
        raise AutogradError(f"the model of {path} does not fit {data.name}: {error}") from None
    given = len(found) if isinstance(found, list | tuple) else 1
    if given != outputs or (outputs == 1 and isinstance(found, list | tuple)):
        raise AutogradError(f"the model of {path} does not fit {data.name}: it returns {given} numbers, not {outputs}")


def _title(model: Module) -> str:
    count = len(model.parameters())
    if not isinstance(model, MLP):
        return f"{type(model).__name__}, {count:,} parameters"
    first = model.layers[0].neurons[0]
    widths = [len(first.w), *(len(layer.neurons) for layer in model.layers)]
    hidden = f", {first.activation}" if len(model.layers) > 1 else ""
    return f"MLP {'-'.join(map(str, widths))}{hidden}, {count:,} parameters"


def _timing(times: list[float]) -> list[str]:
    if len(times) < 3:
        return []
    rest = (times[-1] - times[1]) / (len(times) - 2)
    return [
        f"trained in {times[-1] - times[0]:.2f} s: the first epoch, with all preparation, {times[1] - times[0]:.2f} s, "
        f"the others {1000 * rest:.3g} ms each"
    ]


def _measured(model: Module, data: Dataset, quiet: bool) -> list[str]:
    """The accuracy, and which class was taken for which."""
    found = classify(model, data.inputs)
    right = sum(is_ == target for is_, target in zip(found, data.targets))
    what = "rows" if data.name in GATES else "rows held out"
    lines = [f"accuracy: {right} of {len(data)} {what}, {right / len(data):.2%}"]
    if quiet or data.name in GATES:
        return lines
    width = max(map(len, data.classes)) + 2
    lines.append("  down the class, across what the network says:")
    lines.append("  " + " " * width + "".join(name.rjust(width) for name in data.classes))
    for number, name in enumerate(data.classes):
        row = [guess for guess, target in zip(found, data.targets) if target == number]
        lines.append(
            "  " + name.rjust(width) + "".join(str(row.count(i)).rjust(width) for i in range(len(data.classes)))
        )
    return lines


def _pictures(
    model: Any, loss: Any, data: Dataset, held_out: Dataset, history: History, folder: Path, picture_format: str
) -> None:
    """Write the network and the plots; what cannot be drawn for want of an extra is said."""
    network_format = picture_format
    if picture_format == "png" and len(model.parameters()) > MOST_BITMAP_WEIGHTS:
        network_format = "svg"
    plot_format = "svg" if picture_format == "dot" else picture_format
    pictures: dict[Path, Callable[[Path], object]] = {
        folder / f"network.{network_format}": lambda path: _draw(model, loss, held_out, path)
    }
    if len(history):
        pictures[folder / f"loss.{plot_format}"] = lambda path: _plot(path, lambda ax: loss_curve(history, ax))
    if data.width == 2:
        pictures[folder / f"decision.{plot_format}"] = lambda path: _plot(
            path, lambda ax: decision_boundary(model, held_out, ax)
        )
    for path, picture in pictures.items():
        try:
            picture(path)
        except MissingDependencyError as missing:
            print(f"not drawn: {missing}")
        else:
            print(f"wrote {path}")


def _draw(model: Module, loss: Callable[[Any, Any], Any], data: Dataset, path: Path) -> None:
    """The network as the first row goes through it, with the gradients of that row's loss."""
    model.zero_grad()
    error = loss(model(data.inputs[0]), data.targets[0])
    error.backward()
    try:
        draw_network(error, path)
    except ValueError:  # not of nn's neurons
        draw(error, path, detail="scopes")


def _plot(path: Path, plot: Callable[[Any], object]) -> None:
    figure, picture = new_figure(), BytesIO()
    plot(figure.subplots())
    figure.savefig(picture, format=path.suffix[1:])
    write_whole(path, picture.getvalue())
