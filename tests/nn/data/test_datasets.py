"""The small data sets: their rows, how they are split, and how they are standardised."""

from __future__ import annotations

import math
import statistics
import sys

import pytest

from autograd import MissingDependencyError, ShapeError
from nn.data.datasets import Dataset, digits, iris, logic_gate, named_dataset, two_moons


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("nand", lambda a, b: not (a and b)),
        ("xor", lambda a, b: a != b),
    ],
)
def test_a_gate_has_its_truth_table(name, rule):
    inputs, targets = logic_gate(name).pair
    assert inputs == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    assert targets == [int(rule(bool(a), bool(b))) for a, b in inputs]


def test_moons_without_noise_lie_on_their_half_circles():
    inputs, targets = two_moons(101, noise=0.0).pair
    assert (targets.count(0), targets.count(1)) == (51, 50)
    for (x, y), moon in zip(inputs, targets):
        if moon == 0:
            assert math.isclose(math.hypot(x, y), 1.0, rel_tol=1e-12)
            assert y >= 0.0
        else:
            assert math.isclose(math.hypot(x - 1.0, y - 0.5), 1.0, rel_tol=1e-12)
            assert y <= 0.5
    ends = {tuple(round(number, 9) for number in row) for row in inputs}
    assert {(1.0, 0.0), (-1.0, 0.0), (0.0, 0.5), (2.0, 0.5)} <= ends


def test_moons_have_the_noise_that_was_asked_for_and_repeat_by_seed():
    clean, noisy = two_moons(4000, noise=0.0), two_moons(4000, noise=0.2)
    shifts = [a - b for row, other in zip(noisy.inputs, clean.inputs) for a, b in zip(row, other)]
    assert abs(statistics.fmean(shifts)) < 4 * 0.2 / math.sqrt(8000)
    assert abs(statistics.pstdev(shifts) - 0.2) < 4 * 0.2 / math.sqrt(16000)
    assert two_moons(seed=7) == two_moons(seed=7)
    assert two_moons(seed=7) != two_moons(seed=8)


def test_iris_is_the_copy_without_the_two_errors_of_ucis():
    data = iris()
    assert [data.targets.count(species) for species in range(3)] == [50, 50, 50]
    assert data.inputs[34] == [4.9, 3.1, 1.5, 0.2]  # at UCI 4.9, 3.1, 1.5, 0.1
    assert data.inputs[37] == [4.9, 3.6, 1.4, 0.1]  # at UCI 4.9, 3.1, 1.5, 0.1


def test_iris_has_the_means_that_fisher_printed():
    data = iris()
    means = [
        [round(statistics.fmean(column), 3) for column in zip(*data.inputs[start : start + 50])]
        for start in (0, 50, 100)
    ]
    assert means == [[5.006, 3.428, 1.462, 0.246], [5.936, 2.77, 4.26, 1.326], [6.588, 2.974, 5.552, 2.026]]


def test_iris_and_digits_are_scikit_learns_rows():
    from sklearn.datasets import load_digits, load_iris

    for data, source, factor in ((iris(), load_iris(), 1.0), (digits(), load_digits(), 16.0)):
        assert [[number * factor for number in row] for row in data.inputs] == source.data.tolist()
        assert data.targets == source.target.tolist()
        assert list(data.classes) == [str(name) for name in source.target_names]


def test_digits_without_scikit_learn_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingDependencyError, match=r"scalar-autograd\[test\]"):
        digits()


def test_a_split_holds_out_the_same_part_of_each_class_and_no_row_twice():
    data = iris()
    train, held_out = data.split(0.2, seed=3)
    assert [held_out.targets.count(species) for species in range(3)] == [10, 10, 10]
    numbered = Dataset("numbered", [[float(i)] for i in range(150)], data.targets, data.classes)
    train, held_out = numbered.split(0.2, seed=3)
    assert sorted(train.inputs + held_out.inputs) == numbered.inputs
    assert train.inputs == sorted(train.inputs)
    assert all(numbered.targets[int(row[0])] == target for row, target in zip(*held_out.pair))
    assert numbered.split(0.2, seed=3)[1] == held_out
    assert numbered.split(0.2, seed=4)[1] != held_out


def test_standardised_columns_have_mean_0_and_deviation_1_and_held_out_rows_use_the_training_rows():
    train, held_out = iris().split()
    for column in zip(*train.standardised().inputs):
        assert abs(statistics.fmean(column)) < 1e-14
        assert abs(statistics.pstdev(column) - 1.0) < 1e-14
    mean, deviation = (f([row[0] for row in train.inputs]) for f in (statistics.fmean, statistics.pstdev))
    expected = (held_out.inputs[5][0] - mean) / deviation
    assert math.isclose(held_out.standardised(train).inputs[5][0], expected, rel_tol=1e-12)


def test_a_column_that_never_changes_is_only_shifted():
    data = Dataset("flat", [[3.0, 1.0], [3.0, 5.0]], [0, 1], ("a", "b"))
    assert data.standardised().inputs == [[0.0, -1.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dataset("d", [[1.0]], [0, 1], ("a", "b")), ShapeError, "1 rows and 2 targets"),
        (lambda: Dataset("d", [], [], ("a",)), ShapeError, "no rows"),
        (lambda: Dataset("d", [[1.0], [1.0, 2.0]], [0, 0], ("a",)), ShapeError, "from 1 to 2 numbers"),
        (lambda: Dataset("d", [[1.0]], [1], ("a",)), ValueError, "from 0 to 0, not 1"),
        (lambda: iris().split(1.0), ValueError, "above 0 and below 1, not 1.0"),
        (lambda: logic_gate("and").split(0.1), ValueError, "one side empty"),
        (lambda: iris().standardised(logic_gate("or")), ShapeError, "4 columns, and the rows to standardise by have 2"),
        (lambda: logic_gate("not"), ValueError, "and, or, nand, xor, not 'not'"),
        (lambda: two_moons(1), ValueError, "from 2 up, not 1"),
        (lambda: two_moons(noise=-1.0), ValueError, "from 0 up, not -1.0"),
        (lambda: named_dataset("mnist"), ValueError, "digits, not 'mnist'"),
    ],
)
def test_bad_input_is_a_clear_error(make, error, message):
    with pytest.raises(error, match=message):
        make()
