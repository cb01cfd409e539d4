"""Plots of a training, by matplotlib, which the extra `plot` brings.

Each takes the axes to draw on as `ax=`, makes new ones by pyplot where none are given, and returns them; saving and
showing are the caller's: `loss_curve(history).figure.savefig("loss.svg")`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import MissingDependencyError, ShapeError, Value, jit, vmap
from nn.training.epochs import as_arrays

MISSING = "a plot needs matplotlib, which is not installed: pip install 'scalar-autograd[plot]'"
COLUMNS = 120  # of the grid on which a decision is drawn, and as many rows
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")


def loss_curve(history: Any, ax: Any = None, log: bool = True) -> Any:
    """Draw the loss after each epoch, of the validation data too where the history has it.

    Parameters: `history`, of `nn.fit`, or its rows, dicts with "epoch" and "loss"; `ax`, matplotlib's axes; `log`,
    False for a linear axis. A loss of 0, nan or inf has no place on a logarithmic axis, and leaves a gap.

    Returns the axes. Raises: `ValueError` for a history without rows; `MissingDependencyError` without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> ax = loss_curve([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.05}], Figure().subplots())
    >>> ax.get_yscale(), ax.get_xlabel()
    ('log', 'epoch')
    """
    rows: list[dict[str, Any]] = list(getattr(history, "rows", history))
    if not rows:
        raise ValueError("this history has no epochs: there is nothing to plot")
    ax = _axes(ax)
    epochs = [row["epoch"] for row in rows]
    for key, label, colour in (("loss", "training", COLOURS[0]), ("val_loss", "held out", COLOURS[1])):
        if key in rows[0]:
            losses = [_drawn(float(row[key]), log) for row in rows]
            ax.plot(epochs, losses, color=colour, label=label, marker="o" if len(rows) == 1 else None)
    if log:
        ax.set_yscale("log")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.grid(visible=True, which="both", alpha=0.25)
    if "val_loss" in rows[0]:
        ax.legend()
    return ax


def decision_boundary(
    model: Any, data: Any, ax: Any = None, threshold: float = 0.0, classes: Sequence[str] = ()
) -> Any:
    """Draw what a model of two inputs decides all over the plane, and the rows of the data in their classes' colours.

    Parameters
    - `model`: takes two numbers, and returns one number, which is above `threshold` for the class 1, or a number for
      each class, of which the largest decides;
    - `data`: a `Dataset`, or a pair of rows and of classes from 0 up, or -1 and 1;
    - `ax`: matplotlib's axes; `classes`: names for the legend, those of the data set where not given.

    Returns the axes. The model's mode, training or not, is as before; it decides as after `eval()`. Raises:
    `ShapeError` for rows that have not two numbers; `MissingDependencyError` without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> from nn import MLP
    >>> ax = decision_boundary(MLP(2, [1]), ([[0.0, 0.0], [1.0, 1.0]], [0, 1]), Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['0', '1']
    """
    inputs, targets = data.pair if hasattr(data, "pair") else data
    rows = [[float(number) for number in row] for row in inputs]
    if not rows or any(len(row) != 2 for row in rows):
        width = len(rows[0]) if rows else 0
        raise ShapeError(f"a decision is drawn in the plane of 2 inputs; these {len(rows)} rows have {width}")
    found = [max(0, int(target)) for target in targets]  # -1 is the class 0
    names = list(classes or getattr(data, "classes", ())) or [str(number) for number in range(max(*found, 1) + 1)]
    ax = _axes(ax)
    across, down = (_spread(column) for column in zip(*rows))
    outputs = _outputs(model, [[x, y] for y in down for x in across])
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(names))]
    if isinstance(outputs[0], list):
        decided = [[max(range(len(output)), key=output.__getitem__) for output in line] for line in _lines(outputs)]
        levels = [number - 0.5 for number in range(len(names) + 1)]
        ax.contourf(across, down, decided, levels=levels, colors=colours, alpha=0.25)
    else:
        scores = _lines([output - threshold for output in outputs])
        ax.contourf(across, down, scores, levels=[-math.inf, 0.0, math.inf], colors=colours[:2], alpha=0.25)
        if min(map(min, scores)) < 0.0 < max(map(max, scores)):
            ax.contour(across, down, scores, levels=[0.0], colors="#333333", linewidths=1.0)
    for number, (name, colour) in enumerate(zip(names, colours)):
        points = [row for row, target in zip(rows, found) if target == number]
        xs, ys = zip(*points) if points else ((), ())
        ax.scatter(xs, ys, s=18, color=colour, edgecolors="white", linewidths=0.4, label=name)
    labels = getattr(data, "features", ()) or ("x1", "x2")
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=(across[0], across[-1]), ylim=(down[0], down[-1]))
    ax.legend()
    return ax


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise MissingDependencyError(MISSING) from None
    return pyplot.subplots(layout="constrained")[1]


def new_figure() -> Any:
    """A figure that knows no window and no pyplot, to be saved as a file.

    Raises: `MissingDependencyError` without matplotlib.

    >>> new_figure().get_axes()
    []
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependencyError(MISSING) from None
    return Figure(layout="constrained")


def _drawn(loss: float, log: bool) -> float:
    return loss if math.isfinite(loss) and (loss > 0.0 or not log) else math.nan


def _spread(column: Iterable[float]) -> list[float]:
    """Numbers equally far apart, from a little below the smallest of a column to a little above the largest."""
    numbers = list(column)
    low, high = min(numbers), max(numbers)
    margin = 0.15 * (high - low) or 1.0
    return [low - margin + (high - low + 2 * margin) * i / (COLUMNS - 1) for i in range(COLUMNS)]


def _lines(outputs: list[Any]) -> list[list[Any]]:
    return [outputs[start : start + COLUMNS] for start in range(0, len(outputs), COLUMNS)]


def _outputs(model: Any, rows: list[list[float]]) -> list[Any]:
    """What the model returns for each row: a float, or a list of floats."""
    training = getattr(model, "training", False)
    if hasattr(model, "eval"):
        model.eval()
    try:
        outputs = jit(vmap(model))(as_arrays((rows, []))[0])
    finally:
        if training:
            model.train()
    if hasattr(outputs[0], "__len__"):  # by output, and then by row
        columns = [[_number(item) for item in column] for column in outputs]
        return [list(row) for row in zip(*columns)] if len(columns) > 1 else columns[0]
    return [_number(item) for item in outputs]


def _number(item: Any) -> float:
    return item.data if isinstance(item, Value) else float(item)
