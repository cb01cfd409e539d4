"""What `fit` calls after every epoch: early stopping and checkpoints, or a function of one's own.

A callback takes the `Training`, which has the model, the optimizer, the history and the number of the epoch, and may
call its `stop(reason)`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol

from nn.training.checkpoints import write_checkpoint
from nn.training.history import History


class RunningTraining(Protocol):
    """What the callbacks here use of a `Training`."""

    history: History
    epoch: int
    epochs: int

    def stop(self, reason: str) -> None: ...

    def restore_best(self) -> None: ...

    def state_dict(self) -> Mapping[str, Any]: ...


class EarlyStopping:
    """Stop where the monitored column has not become smaller for some epochs, and go back to the best parameters.

    Parameters: `patience`, how many epochs may pass without progress; `min_delta`, how much smaller counts as progress.
    The column is `fit`'s: "val_loss" where there is validation data, else "loss".

    >>> from nn import MLP, SGD, fit, mean_squared_error
    >>> model = MLP(1, [1])
    >>> history = fit(model, ([[0.0]], [0.0]), mean_squared_error, SGD(model.parameters(), lr=0.1), epochs=50,
    ...               callbacks=[EarlyStopping(patience=3)])
    >>> history.stopped
    'no progress for 3 epochs'
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise ValueError(f"patience is a number of epochs from 1 up, not {patience!r}")
        self.patience, self.min_delta = patience, min_delta

    def __call__(self, training: RunningTraining) -> None:
        column = training.history.column(training.history.monitor)
        best, since = float("inf"), 0
        for number in column:
            best, since = (number, 0) if number < best - self.min_delta else (best, since + 1)
        if since >= self.patience:
            training.restore_best()
            training.stop(f"no progress for {self.patience} epochs")


class Checkpoint:
    """Write all that a training needs to go on, every so many epochs: `fit(..., resume=path)` continues bit for bit.

    Parameters: `path`, one file, replaced each time; `every`, how many epochs lie between two.
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        if every < 1:
            raise ValueError(f"every is a number of epochs from 1 up, not {every!r}")
        self.path, self.every = path, every

    def __call__(self, training: RunningTraining) -> None:
        if training.epoch % self.every == 0 or training.epoch == training.epochs:
            write_checkpoint(self.path, training.state_dict())
