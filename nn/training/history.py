"""`History`: what a training did, epoch by epoch."""

import csv
import io
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nn.files.documents import write_whole
from nn.pickles import Versioned
from nn.training.plots import loss_curve


@dataclass
class History(Versioned):
    """The rows of a training: one dict for each epoch, with "epoch", "loss", the metrics, and the same of the
    validation data under names that begin with "val_".

    Attributes: `rows`; `stopped`, why the training ended before its last epoch, empty where it did not; `monitor`, the
    column by which the best epoch is chosen.

    >>> history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    >>> history.best["epoch"], len(history)
    (2, 2)
    >>> print(history)
    epoch  loss
        1   0.5
        2  0.25
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""
    monitor: str = "loss"

    @property
    def best(self) -> dict[str, Any]:
        """The row with the smallest `monitor`; the first of several. Raises `ValueError` where there is none."""
        rows = [row for row in self.rows if not math.isnan(row.get(self.monitor, math.nan))]
        if not rows:
            raise ValueError("the history holds no epoch yet")
        return min(rows, key=lambda row: row[self.monitor])

    def column(self, name: str) -> list[float]:
        """One column, such as "val_loss", from the first epoch to the last."""
        if self.rows and name not in self.rows[0]:
            raise KeyError(f"the history has no column {name!r}; it has {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as CSV: a line of names, then a line for each epoch, with all digits."""
        text = io.StringIO(newline="")
        names = list(self.rows[0]) if self.rows else ["epoch", "loss"]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_whole(path, text.getvalue().encode())

    def plot(self, ax: Any = None, log: bool = True) -> Any:
        """Draw the loss of each epoch, on a logarithmic axis unless `log` is False; returns matplotlib's axes."""
        return loss_curve(self, ax=ax, log=log)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch yet"
        names = list(self.rows[0])
        shown = _thinned(self.rows, 20)
        cells = [["…" if row is None else _cell(row[name]) for name in names] for row in shown]
        widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
        lines = [names, *cells]
        text = "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in lines)
        return f"{text}\nstopped: {self.stopped}" if self.stopped else text


def checked_metrics(metrics: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """The metrics, whose names must be those of no other column of the history."""
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics is a dict of functions by name, not {type(metrics).__name__}")
    for name, metric in metrics.items():
        if not isinstance(name, str) or not callable(metric):
            raise TypeError(f"a metric is a name and a function (prediction, target), not {name!r:.60}: {metric!r:.60}")
        if name in ("epoch", "loss", "lr") or name.startswith("val_"):
            whose = "a column of the validation data" if name.startswith("val_") else f"the column of the {name}"
            raise ValueError(f"the metric {name!r:.60} would stand in {whose} in the history: give it another name")
    return dict(metrics)


def _thinned(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any] | None]:
    """All rows, or of many the first and the last, with None between."""
    return list(rows) if len(rows) <= most else [*rows[: most // 2], None, *rows[-most // 2 :]]


def _cell(number: Any) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"
