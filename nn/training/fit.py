"""`fit`: training a model on data, with progress, validation, early stopping and checkpoints."""

from __future__ import annotations

import math
import os
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from numbers import Real
from typing import Any

from autograd import ShapeError
from nn.errors import DivergenceError, StorageError
from nn.modules.dropout import Dropout
from nn.modules.module import Module
from nn.optimizers.optimizers import Optimizer
from nn.training.checkpoints import read_checkpoint
from nn.training.epochs import CompiledEpochs, Epochs, Loss, as_arrays
from nn.training.history import History, checked_metrics

Callback = Callable[["Training"], object]


def fit(
    model: Module,
    data: tuple[Any, Any],
    loss: Loss,
    optimizer: Optimizer,
    *,
    epochs: int = 1,
    batch_size: int | None = None,
    shuffle: bool = True,
    generator: Any = None,
    validation: tuple[Any, Any] | None = None,
    metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    callbacks: Iterable[Callback] = (),
    schedule: Callable[[int], float] | None = None,
    clip_norm: float | None = None,
    penalty: Callable[[list[Any]], Any] | None = None,
    resume: str | os.PathLike[str] | None = None,
    compiled: bool | None = None,
    progress: bool = True,
) -> History:
    """Train a model, and return what happened epoch by epoch.

    Parameters
    - `model`: takes one sample's inputs;
    - `data` and `validation`: pairs (inputs, targets) of arrays or lists of one length, a sample each;
    - `loss(prediction, target)`: of one sample; a batch's loss is the mean. It may use the model and its parameters,
      read from it at each call, and so may the penalty;
    - `optimizer`: made with the parameters to train;
    - `epochs`: how often to go through the data; `batch_size`: samples in a step, all where not given; `shuffle`: True
      for a new order in each epoch, from `generator`, a `random.Random`, or Python's `random`;
    - `metrics`: names and functions (prediction, target) of numbers, averaged over the samples after each epoch; the
      names "epoch", "loss" and "lr", and those that begin with "val_", are taken by other columns of the history;
    - `callbacks`: called with the `Training` after each epoch: `EarlyStopping`, `Checkpoint`, or your own;
    - `schedule(epoch)`: the learning rate of each epoch, counted from 0; see `nn.schedules`;
    - `clip_norm`: the largest norm of a gradient; `penalty(parameters)`: what to add to the loss, such as
      `l2_penalty`, of those to train;
    - `resume`: a checkpoint to continue from, with the same data and options as before;
    - `compiled`: True to run whole epochs as native code, which needs the extra `jit` and NumPy, False for Python;
      where not given, as it can be had. Both give the same numbers to 1e-10, for compiled layers sum in the order of
      arrays, unless the loss has what is a constant in `jit`, such as a random number or one that a callback changes:
      make it a Value;
    - `progress`: False for no progress bar.

    The parameters that the optimizer does not have stay as they are; hooks are not called. At the end the model is as
    after `eval()`. Ctrl-C ends the training with the best parameters so far.

    Raises: `ShapeError` or `TypeError` before the first step where the data do not fit together or to the model;
    `ValueError` for a metric with the name of another column; `StateError` where the loss or the penalty has a
    parameter from elsewhere than from the model; `DivergenceError` where a loss or a parameter turns nan or infinite,
    with the step and what to do; the model then has its best parameters.

    >>> from nn import MLP, SGD, mean_squared_error
    >>> model = MLP(1, [1])
    >>> history = fit(model, ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]), mean_squared_error,
    ...               SGD(model.parameters(), lr=0.2), epochs=200)
    >>> [round(parameter.data, 6) for parameter in model.parameters()], history.rows[-1]["loss"] < 1e-12
    ([2.0, 1.0], True)
    """
    training = Training(model, loss, optimizer, epochs, schedule, generator or random)
    training.prepare(data, validation, metrics or {}, batch_size, shuffle)
    training.runner = _runner(compiled, training, clip_norm, penalty)
    if resume is not None:
        training.load_state_dict(read_checkpoint(resume))
    return training.run(list(callbacks), progress)


class Training:
    """A training on its way.

    Attributes: `model`, `optimizer`, `history`; `epoch`, how many are done; `epochs`, how many there shall be.
    """

    def __init__(
        self, model: Module, loss: Loss, optimizer: Optimizer, epochs: int, schedule: Any, generator: Any
    ) -> None:
        if not isinstance(epochs, int) or epochs < 0:
            raise ValueError(f"epochs is a whole number from 0 up, not {epochs!r}")
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.epochs, self.schedule, self.generator = epochs, schedule, generator
        self.epoch = 0
        self.rate = optimizer.lr
        self.history = History()
        self.best: dict[str, float] = model.state_dict()
        self.runner: Epochs
        self.stopping = ""

    def prepare(self, data: Any, validation: Any, metrics: Mapping[str, Any], size: int | None, shuffle: bool) -> None:
        """Check the data, and one sample of it with the model and the loss."""
        self.data = _checked_pair(data, "data")
        self.validation = None if validation is None else _checked_pair(validation, "validation")
        self.metrics, self.shuffle = checked_metrics(metrics), shuffle
        count = len(self.data[0])
        if size is not None and (not isinstance(size, int) or size < 1):
            raise ValueError(f"batch_size is a whole number from 1 up, or None for all samples, not {size!r}")
        self.size = min(size or count, count)
        self.history.monitor = "loss" if validation is None else "val_loss"
        Epochs(self.model, self.loss, self.optimizer).evaluate(self.data[0][:1], self.data[1][:1])

    def run(self, callbacks: Sequence[Callback], progress: bool) -> History:
        bar = _progress_bar(self.epochs, self.epoch) if progress else None
        try:
            while self.epoch < self.epochs and not self.stopping:
                self._one_epoch()
                if bar is not None:
                    row = self.history.rows[-1]
                    bar.set_postfix({name: f"{item:.4g}" for name, item in row.items() if name != "epoch"})
                    bar.update()
                for callback in callbacks:
                    callback(self)
        except KeyboardInterrupt:
            self.restore_best()
            self.stop("interrupted; the model has its best parameters")
        finally:
            self.optimizer.lr = self.rate
            self.model.eval()
            if bar is not None:
                bar.close()
        self.history.stopped = self.stopping
        return self.history

    def stop(self, reason: str) -> None:
        """End the training after this epoch."""
        self.stopping = reason

    def restore_best(self) -> None:
        """Give the model the parameters of its best epoch."""
        self.model.load_state_dict(self.best)

    def _one_epoch(self) -> None:
        self.model.train()
        if self.schedule is not None:
            self.optimizer.lr = float(self.schedule(self.epoch))
        order = list(range(len(self.data[0])))
        if self.shuffle:
            self.generator.shuffle(order)
        starts = range(0, len(order), self.size)
        batches = [tuple(_taken(part, order[start : start + self.size]) for part in self.data) for start in starts]
        losses = self.runner.run(batches)
        self._check(losses, len(starts))
        self.model.eval()
        weights = [len(batch[0]) for batch in batches]
        row: dict[str, Any] = {
            "epoch": self.epoch + 1,
            "loss": sum(loss * weight for loss, weight in zip(losses, weights)) / len(order),
        }
        if self.metrics:
            row |= self._evaluated(self.data, "")
        if self.validation is not None:
            row |= self._evaluated(self.validation, "val_")
        self.epoch += 1
        self.history.rows.append(row)
        if self.history.best is row:
            self.best = self.model.state_dict()

    def _evaluated(self, data: tuple[Any, Any], prefix: str) -> dict[str, float]:
        predictions, losses = self.runner.evaluate(*data)
        targets = [target.tolist() if hasattr(target, "tolist") else target for target in data[1]]
        found = {"val_loss": math.fsum(losses) / len(losses)} if prefix else {}
        for name, metric in self.metrics.items():
            numbers = [float(metric(prediction, target)) for prediction, target in zip(predictions, targets)]
            found[prefix + name] = math.fsum(numbers) / len(numbers)
        return found

    def _check(self, losses: list[float], steps: int) -> None:
        """Raise where the training diverged."""
        path = next((path for path, p in self.model.named_parameters() if not math.isfinite(p.data)), None)
        bad = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), None)
        if path is None and bad is None:
            return
        step = self.epoch * steps + (len(losses) if bad is None else bad + 1)
        what = "the parameters were still finite"
        if path is not None:
            what = f"the parameter {path} is {dict(self.model.named_parameters())[path].data}"
        loss = f"the loss was {losses[bad]}" if bad is not None else "the loss was finite"
        self.restore_best()
        bad_data = next((i for i, sample in enumerate(zip(*self.data)) if not _finite(sample)), None)
        if bad_data is not None:
            raise DivergenceError(
                f"training diverged at step {step}: sample {bad_data} of the data holds nan or an infinity. The model "
                "has its best parameters again"
            )
        raise DivergenceError(
            f"training diverged at step {step} (epoch {self.epoch + 1}): {loss}, and {what}. The model has its best "
            f"parameters again. Try a smaller learning rate than {self.optimizer.lr:g}, clip_norm=1.0, or scaled inputs"
        )

    # Checkpoints.

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed training needs, for JSON."""
        version, internal, gauss = self.generator.getstate()
        return {
            "epoch": self.epoch, "samples": len(self.data[0]), "batch_size": self.size, "rate": self.rate,
            "parameters": self.model.state_dict(), "best": self.best, "optimizer": self.optimizer.state_dict(),
            "generator": [version, list(internal), gauss], "history": self.history.rows,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint. Raises `StorageError` where it is of other data or another model."""
        before = self.model.state_dict(), self.optimizer.state_dict()
        try:
            if (state["samples"], state["batch_size"]) != (len(self.data[0]), self.size):
                raise ValueError(
                    f"it is of {state['samples']} samples in batches of {state['batch_size']}, not of "
                    f"{len(self.data[0])} in batches of {self.size}"
                )
            self.model.load_state_dict(state["parameters"])
            self.optimizer.load_state_dict(state["optimizer"])
            version, internal, gauss = state["generator"]
            self.generator.setstate((version, tuple(internal), gauss))
            self.epoch, self.best, self.rate = int(state["epoch"]), dict(state["best"]), float(state["rate"])
            self.history.rows = [dict(row) for row in state["history"]]
        except (KeyError, TypeError, ValueError) as error:
            self.model.load_state_dict(before[0])
            self.optimizer.load_state_dict(before[1])
            raise StorageError(f"the checkpoint does not fit this training: {error}") from error


def _runner(compiled: bool | None, training: Training, clip_norm: float | None, penalty: Any) -> Epochs:
    """What runs the epochs: native where it is wanted and can be had."""
    model = training.model
    drops = any(isinstance(module, Dropout) for module in model.modules())
    possible = find_spec("llvmlite") is not None and find_spec("numpy") is not None and not drops
    if compiled and not possible:
        why = "Dropout draws new numbers at every call" if drops else "it needs the extra jit and NumPy"
        raise ValueError(f"this training cannot be compiled: {why}; leave compiled=True out")
    native = possible if compiled is None else compiled
    if native:
        training.data = as_arrays(training.data)
        training.validation = None if training.validation is None else as_arrays(training.validation)
    parts = model, training.loss, training.optimizer, clip_norm, penalty
    return CompiledEpochs(*parts, required=bool(compiled)) if native else Epochs(*parts)


def _checked_pair(pair: Any, what: str) -> tuple[Any, Any]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{what} is a pair (inputs, targets), not {type(pair).__name__}")
    inputs, targets = pair
    for name, part in (("inputs", inputs), ("targets", targets)):
        if not hasattr(part, "__len__") or not hasattr(part, "__getitem__") or isinstance(part, str | dict):
            raise TypeError(f"the {name} of {what} are an array or a list, a sample each, not {type(part).__name__}")
        if hasattr(part, "mask"):
            raise TypeError(f"the {name} of {what} are masked, and the mask would be lost: leave those samples out")
        first = _shape(part[0]) if len(part) else None
        for i in range(len(part)):
            if _shape(part[i]) != first:
                raise ShapeError(f"the {name} of {what} differ in shape: {first} first, and {_shape(part[i])} at {i}")
    if len(inputs) != len(targets) or not len(inputs):
        raise ShapeError(f"{what} has {len(inputs)} inputs and {len(targets)} targets: as many of both, one at least")
    return inputs, targets


def _shape(sample: Any) -> Any:
    if hasattr(sample, "shape"):
        return tuple(sample.shape)
    if isinstance(sample, list | tuple):
        return (len(sample), *(_shape(sample[0]) if len(sample) else ()))
    if not isinstance(sample, Real):
        raise TypeError(f"the data hold what is no number, a {type(sample).__name__}: {sample!r:.60}")
    return ()


def _finite(nest: Any) -> bool:
    """Whether all numbers of a nest are finite."""
    if isinstance(nest, list | tuple) or hasattr(nest, "__len__"):
        return all(map(_finite, nest))
    return math.isfinite(nest)


def _taken(part: Any, places: list[int]) -> Any:
    return part[places] if hasattr(part, "shape") else [part[i] for i in places]


def _progress_bar(epochs: int, done: int) -> Any:
    """A progress bar, where tqdm is installed (the extra `progress`) and a person is watching."""
    if find_spec("tqdm") is None:
        return None
    from tqdm import tqdm

    return tqdm(total=epochs, initial=done, unit=" epochs", disable=None, leave=False, file=sys.stderr)
