"""Small data sets to learn with: logic gates, two moons, Iris, and handwritten digits of 8 × 8 pixels.

Each is a `Dataset`: rows of floats and a target for each, in lists. Whatever is drawn at random is drawn from a seed,
by Python's `random`, so that it is the same everywhere.

Sources. Iris: R. A. Fisher (1936), "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2),
179-188, doi:10.1111/j.1469-1809.1936.tb02137.x; the UCI Machine Learning Repository, doi:10.24432/C56C76, which gives
it under CC BY 4.0. The file data/iris.csv holds the rows as scikit-learn and R have them, and as Fisher printed them:
UCI's file differs in row 35, where the petal width is 0.1 in place of 0.2, and in row 38, where sepal width and petal
length are 3.1 and 1.5 in place of 3.6 and 1.4. Digits: E. Alpaydin and C. Kaynak (1998), UCI, doi:10.24432/C50P49, of
which scikit-learn has the 1,797 rows of the test part.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import resources
from itertools import chain
from random import Random

from autograd import MissingDependencyError, ShapeError

GATES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "nand": (1, 1, 1, 0), "xor": (0, 1, 1, 0)}


@dataclass(frozen=True)
class Dataset:
    """Rows of numbers, and the class of each.

    Parameters: `name`; `inputs`, rows of the same number of floats; `targets`, for each row the number of its class,
    from 0 up; `classes`, the names of the classes; `features`, the names of the columns, where they have any.

    Raises: `ShapeError` where the lengths differ or there is no row; `ValueError` for a target that is no class.

    >>> gate = logic_gate("and")
    >>> gate
    Dataset('and', 4 rows of 2 numbers, classes: 0, 1)
    >>> gate.pair
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])
    """

    name: str
    inputs: list[list[float]]
    targets: list[int]
    classes: tuple[str, ...]
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ShapeError(f"{self.name} has {len(self.inputs)} rows and {len(self.targets)} targets: give each one")
        if not self.inputs:
            raise ShapeError(f"{self.name} has no rows")
        widths = sorted({len(row) for row in self.inputs})
        if len(widths) > 1:
            raise ShapeError(f"the rows of {self.name} have from {widths[0]} to {widths[-1]} numbers: give all as many")
        for target in self.targets:
            if not 0 <= target < len(self.classes):
                raise ValueError(f"a target of {self.name} is a class from 0 to {len(self.classes) - 1}, not {target}")

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        size = f"{len(self)} rows of {self.width} numbers"
        return f"Dataset({self.name!r}, {size}, classes: {', '.join(self.classes)})"

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return len(self.inputs[0])

    @property
    def pair(self) -> tuple[list[list[float]], list[int]]:
        """The inputs and the targets, as `nn.fit` takes them."""
        return self.inputs, self.targets

    def take(self, rows: Iterable[int]) -> Dataset:
        """The data set of the rows with these numbers, from 0 up, in this order."""
        chosen = list(rows)
        return replace(self, inputs=[self.inputs[i] for i in chosen], targets=[self.targets[i] for i in chosen])

    def split(self, held_out: float = 0.25, seed: int = 0) -> tuple[Dataset, Dataset]:
        """The rows to train on, and rows held out to measure by; of each class the same part, as near as may be.

        Parameters: `held_out`, the part of each class to hold out, above 0 and below 1; `seed`, by which rows are
        drawn. Both parts keep the order of the rows.

        Raises: `ValueError` for another part, or where it leaves one side without rows.

        >>> train, held_out = iris().split()
        >>> len(train), len(held_out)
        (114, 36)
        """
        if not 0.0 < held_out < 1.0:
            raise ValueError(f"the part to hold out is above 0 and below 1, not {held_out!r}")
        generator = Random(seed)
        members: list[list[int]] = [[] for _ in self.classes]
        for row, target in enumerate(self.targets):
            members[target].append(row)
        held: set[int] = set()
        for rows in members:
            held.update(generator.sample(rows, round(held_out * len(rows))))
        if not 0 < len(held) < len(self):
            raise ValueError(f"{held_out!r} of {len(self)} rows leaves one side empty: choose another part to hold out")
        kept = [row for row in range(len(self)) if row not in held]
        return self.take(kept), self.take(sorted(held))

    def standardised(self, by: Dataset | None = None) -> Dataset:
        """The same rows with each column shifted to mean 0 and divided by its standard deviation.

        Parameters: `by`, the rows from which mean and deviation are taken, this data set's own where not given. Give
        the training rows for the rows held out, of which training may know nothing. A column that is the same in all
        of them is only shifted.

        Raises: `ShapeError` where the rows of `by` have another number of columns.

        >>> logic_gate("or").standardised().inputs[0]
        [-1.0, -1.0]
        """
        by = self if by is None else by
        if by.width != self.width:
            raise ShapeError(f"{self.name} has {self.width} columns, and the rows to standardise by have {by.width}")
        columns = list(zip(*by.inputs))
        means = [math.fsum(column) / len(column) for column in columns]
        squares = [math.fsum((x - mean) ** 2 for x in column) for column, mean in zip(columns, means)]
        deviations = [math.sqrt(square / len(by)) or 1.0 for square in squares]
        rows = [[(x - mean) / scale for x, mean, scale in zip(row, means, deviations)] for row in self.inputs]
        return replace(self, inputs=rows)


def logic_gate(name: str) -> Dataset:
    """The four rows of "and", "or", "nand" or "xor": two inputs of 0 or 1, and what the gate says.

    Raises: `ValueError` for another name.

    >>> logic_gate("xor").targets
    [0, 1, 1, 0]
    """
    if name not in GATES:
        raise ValueError(f"a logic gate is one of {', '.join(GATES)}, not {name!r:.60}")
    rows = [[float(a), float(b)] for a in (0, 1) for b in (0, 1)]
    return Dataset(name, rows, list(GATES[name]), ("0", "1"), ("a", "b"))


def two_moons(samples: int = 200, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half circles of radius 1 that reach into each other: the upper one around (0, 0), the lower around (1, ½).

    Parameters: `samples`, how many points, from 2 up, half of them on each moon; `noise`, the standard deviation of
    what is added to each coordinate, from 0 up; `seed`, by which noise is drawn.

    Raises: `ValueError` for other numbers.

    >>> moons = two_moons(4, noise=0.0)
    >>> [[round(x, 9) for x in row] for row in moons.inputs], moons.targets
    ([[1.0, 0.0], [0.0, 0.5], [-1.0, 0.0], [2.0, 0.5]], [0, 1, 0, 1])
    """
    if not isinstance(samples, int) or samples < 2:
        raise ValueError(f"two moons have a whole number of points, from 2 up, not {samples!r}")
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"noise is a standard deviation, from 0 up, not {noise!r}")
    generator = Random(seed)
    upper, lower = _angles(samples - samples // 2), _angles(samples // 2)
    above = [(math.cos(angle), math.sin(angle), 0) for angle in upper]
    below = [(1.0 - math.cos(angle), 0.5 - math.sin(angle), 1) for angle in lower]
    points = list(chain.from_iterable(zip(above, below))) + above[len(below) :]
    inputs = [[x + generator.gauss(0.0, noise), y + generator.gauss(0.0, noise)] for x, y, _ in points]
    return Dataset("moons", inputs, [moon for _, _, moon in points], ("upper", "lower"), ("x", "y"))


def _angles(count: int) -> list[float]:
    """Angles from 0 to π, equally far apart."""
    return [math.pi * i / max(count - 1, 1) for i in range(count)]


def iris() -> Dataset:
    """Fisher's 150 irises: length and width of sepal and petal in centimetres, and which of three species it is.

    Source: see the module.

    >>> iris()
    Dataset('iris', 150 rows of 4 numbers, classes: setosa, versicolor, virginica)
    >>> iris().inputs[0], iris().features
    ([5.1, 3.5, 1.4, 0.2], ('sepal_length', 'sepal_width', 'petal_length', 'petal_width'))
    """
    text = resources.files("nn").joinpath("data", "iris.csv").read_text(encoding="utf-8")
    header, *lines = csv.reader(text.splitlines())
    classes = tuple(dict.fromkeys(line[-1] for line in lines))
    inputs = [[float(number) for number in line[:-1]] for line in lines]
    return Dataset("iris", inputs, [classes.index(line[-1]) for line in lines], classes, tuple(header[:-1]))


def digits() -> Dataset:
    """1,797 handwritten digits of 8 × 8 pixels, row by row from the top, as numbers from 0 (white) to 1.

    They are scikit-learn's copy, which has whole numbers from 0 to 16. Source: see the module.

    Raises: `MissingDependencyError` without scikit-learn, which the extra `test` brings.

    >>> digits()
    Dataset('digits', 1797 rows of 64 numbers, classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingDependencyError(
            "the digits are scikit-learn's copy, which is not installed: pip install 'scalar-autograd[test]'"
        ) from None
    pixels, targets = load_digits(return_X_y=True)
    return Dataset("digits", (pixels / 16.0).tolist(), targets.tolist(), tuple("0123456789"))


def named_dataset(name: str) -> Dataset:
    """The data set of this name: a gate's, "moons", "iris" or "digits". Raises: `ValueError` for another name.

    >>> len(named_dataset("moons"))
    200
    """
    makers = {"moons": two_moons, "iris": iris, "digits": digits}
    if name in GATES:
        return logic_gate(name)
    if name not in makers:
        raise ValueError(f"a data set is one of {', '.join([*GATES, *makers])}, not {name!r:.60}")
    return makers[name]()
