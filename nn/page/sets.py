"""Training sets for the page: those that come with it, a user's own, and tables in CSV files."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any

from autograd import ShapeError
from nn.article import network as article
from nn.data.datasets import GATES, Dataset, logic_gate, two_moons
from nn.errors import StorageError

MOST_BYTES = 2**20
MOST_SAMPLES = 10_000

Row = tuple[float, ...]
Rows = tuple[Row, ...]

# What each pair of outputs is called, and the four rows of its truth table, for the inputs 00, 01, 10 and 11.
PAIRS = {
    "half adder": ("the sum (xor) and the carry (and) of two bits", ((0, 0), (1, 0), (1, 0), (0, 1))),
    "swap": ("the two inputs, in the other order", ((0, 0), (1, 0), (0, 1), (1, 1))),
    "comparison": ("a > b, and a < b", ((0, 0), (0, 1), (1, 0), (0, 0))),
}
GATE_ABOUTS = {
    "and": "1 where both inputs are 1",
    "or": "1 where one input is 1, or both",
    "nand": "0 where both inputs are 1",
    "xor": "1 where the inputs differ",
}


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Samples to train on: the numbers that go in, and those that should come out.

    Parameters: `name`, which the page lists; `about`, a line about it; `inputs` and `targets`, as many rows of both,
    each of the same number of finite floats.

    Raises: `ShapeError` where there is no row, or the lengths differ; `ValueError` for what is no finite number. Both
    name the row, from 1 up.

    >>> TrainingSet("double", "y = 2x", ((1.0,), (2.0,)), ((2.0,), (4.0,))).shape
    (1, 1)
    """

    name: str
    about: str
    inputs: Rows
    targets: Rows

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets) or not self.inputs:
            raise ShapeError(
                f"the training set {self.name!r:.60} has {len(self.inputs)} rows of inputs and {len(self.targets)} of "
                "targets: give as many of both, one at least"
            )
        for what, rows in (("inputs", self.inputs), ("targets", self.targets)):
            for number, row in enumerate(rows, start=1):
                if len(row) != len(rows[0]) or not row:
                    expected = f"{len(rows[0])} as in row 1" if rows[0] else "one at least"
                    raise ShapeError(
                        f"the {what} of the training set {self.name!r:.60} have {len(row)} numbers in row {number}: "
                        f"give {expected}"
                    )
                for entry in row:
                    if not isinstance(entry, float) or not math.isfinite(entry):
                        raise ValueError(
                            f"the {what} of the training set {self.name!r:.60} hold {entry!r:.60} in row {number}: "
                            "give finite floats"
                        )

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def shape(self) -> tuple[int, int]:
        """How many inputs and how many targets a sample has."""
        return len(self.inputs[0]), len(self.targets[0])


def article_set() -> TrainingSet:
    """The article's one sample.

    >>> article_set().inputs, article_set().targets
    (((0.05, 0.1),), ((0.01, 0.99),))
    """
    inputs, targets = (tuple(numbers.values()) for numbers in (article.INPUTS, article.TARGETS))
    return TrainingSet("article", "the one sample of the article", (inputs,), (targets,))


def gate_set(name: str) -> TrainingSet:
    """The truth table of "and", "or", "nand" or "xor". Raises: `ValueError` for another name.

    >>> gate_set("xor").targets
    ((0.0,), (1.0,), (1.0,), (0.0,))
    """
    return _of_classes(logic_gate(name), GATE_ABOUTS.get(name, ""))


def pair_set(name: str) -> TrainingSet:
    """A truth table with two outputs: "half adder", "swap" or "comparison". Raises: `ValueError` for another name.

    >>> pair_set("half adder").targets
    ((0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    """
    if name not in PAIRS:
        raise ValueError(f"a truth table with two outputs is one of {', '.join(PAIRS)}, not {name!r:.60}")
    about, targets = PAIRS[name]
    rows = tuple((float(first), float(second)) for first, second in targets)
    return TrainingSet(name, about, gate_set("and").inputs, rows)


def half_adder() -> TrainingSet:
    """Two bits, and their sum and carry.

    >>> half_adder().about
    'the sum (xor) and the carry (and) of two bits'
    """
    return pair_set("half adder")


def moons_set(samples: int = 100) -> TrainingSet:
    """Points on two half circles that reach into each other, the same ones each time; the target is 0 for the upper.

    >>> len(moons_set()), moons_set().shape
    (100, (2, 1))
    """
    return _of_classes(two_moons(samples), f"{samples} points on two half circles: 0 the upper, 1 the lower")


def fitting_sets(inputs: int, outputs: int) -> list[TrainingSet]:
    """The sets that come with the page and have so many inputs and targets; for other numbers than theirs, none.

    >>> [training_set.name for training_set in fitting_sets(2, 1)]
    ['and', 'or', 'nand', 'xor']
    >>> [training_set.name for training_set in fitting_sets(2, 2)]
    ['article', 'half adder', 'swap', 'comparison']
    """
    everyone = [article_set(), *map(gate_set, GATES), *map(pair_set, PAIRS)]
    return [training_set for training_set in everyone if training_set.shape == (inputs, outputs)]


def signed(training_set: TrainingSet) -> TrainingSet:
    """The same set with targets of -1 in the place of 0, as `nn.hinge` takes them.

    >>> signed(gate_set("and")).targets
    ((-1.0,), (-1.0,), (-1.0,), (1.0,))
    """
    targets = tuple(tuple(target or -1.0 for target in row) for row in training_set.targets)
    return replace(training_set, targets=targets)


def training_set(data: Any, name: str = "data", about: str = "") -> TrainingSet:
    """A training set from a user's own data.

    Parameters: `data`, a `TrainingSet`, which is returned as it is, or a pair (inputs, targets) of lists or arrays, a
    row each for a sample; a row of one number may be the number itself. `name` and `about` as for a `TrainingSet`.

    Raises: `TypeError` for anything else; otherwise as a `TrainingSet`.

    >>> training_set(([[0, 1], [1, 1]], [1, 0]), "pair").targets
    ((1.0,), (0.0,))
    """
    if isinstance(data, TrainingSet):
        return data
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"the data are a pair (inputs, targets), not {type(data).__name__}")
    inputs, targets = (_rows(part, what) for part, what in zip(data, ("inputs", "targets")))
    return TrainingSet(name, about, inputs, targets)


def csv_set(path: str | os.PathLike[str], inputs: int, outputs: int) -> TrainingSet:
    """A training set from a CSV file: in each line the inputs, then the targets; the first line may name the columns.

    Parameters: `path`; `inputs` and `outputs`, how many numbers of each a line has.

    Raises: `StorageError`, which names the line, for a line of another length or with what is no finite number, for a
    file that is not UTF-8 text, without a sample, larger than 1 MiB or of more than 10,000 samples; `OSError` where
    there is no file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "table.csv")
    ...     _ = table.write_text("x,y,sum\\n1,2,3\\n0.5,1,1.5\\n")
    ...     csv_set(table, inputs=2, outputs=1).targets
    ((3.0,), (1.5,))
    """
    name = Path(path).name
    rows: list[Row] = []
    for line, cells in _lines(path):
        if line == 1 and not any(map(_is_number, cells)):
            continue  # the names of the columns
        wrong = next((cell for cell in cells if not _is_number(cell)), None)
        if wrong is not None:
            raise StorageError(f"line {line} of {name!r:.100} holds {wrong!r:.60}, which is not a number")
        numbers = tuple(map(float, cells))
        if len(numbers) != inputs + outputs:
            raise StorageError(
                f"line {line} of {name!r:.100} has {len(numbers)} numbers: the network needs {inputs + outputs}, "
                f"{_counted(inputs, 'input')} and then {_counted(outputs, 'target')}"
            )
        if not all(map(math.isfinite, numbers)):
            raise StorageError(f"line {line} of {name!r:.100} holds nan or an infinity: give finite numbers")
        rows.append(numbers)
        if len(rows) > MOST_SAMPLES:
            raise StorageError(f"{name!r:.100} has more than {MOST_SAMPLES:,} samples: give fewer")
    if not rows:
        raise StorageError(f"{name!r:.100} has no sample: give a line of {inputs + outputs} numbers for each")
    first, last = tuple(row[:inputs] for row in rows), tuple(row[inputs:] for row in rows)
    return TrainingSet(name[:100], f"{_counted(len(rows), 'sample')} from a file", first, last)


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not empty, and its number, from 1 up."""
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    name = Path(path).name
    if len(content) > MOST_BYTES:
        raise StorageError(f"{name!r:.100} is larger than {MOST_BYTES // 2**20} MiB: give fewer samples")
    try:
        text = content.decode("utf-8-sig")  # spreadsheets put a mark at the beginning
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StorageError(f"line {line} of {name!r:.100} is not text in UTF-8: save the table as CSV") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise StorageError(f"line {reader.line_num} of {name!r:.100} is not CSV: {error}") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python reads 1_000, and no other program does


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _of_classes(data: Dataset, about: str) -> TrainingSet:
    targets = tuple((float(target),) for target in data.targets)
    return TrainingSet(data.name, about, tuple(map(tuple, data.inputs)), targets)


def _rows(part: Any, what: str) -> Rows:
    """A list or an array as rows of floats."""
    plain = part.tolist() if hasattr(part, "tolist") else part
    if not isinstance(plain, Sequence) or isinstance(plain, str | bytes):
        raise TypeError(f"the {what} are a list or an array, with a row for each sample, not {type(part).__name__}")
    return tuple(_row(row, what, number) for number, row in enumerate(plain, start=1))


def _row(row: Any, what: str, number: int) -> Row:
    plain = row.tolist() if hasattr(row, "tolist") else row
    entries = list(plain) if isinstance(plain, list | tuple) else [plain]
    for entry in entries:
        if not isinstance(entry, Real):
            raise ValueError(f"the {what} hold {entry!r:.60} in row {number}: give finite numbers")
    try:
        return tuple(map(float, entries))
    except OverflowError:
        raise ValueError(f"the {what} hold a number in row {number} that is larger than the largest float") from None
