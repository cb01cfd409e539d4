"""The plots of a training, as what matplotlib was given to draw."""

from __future__ import annotations

import math
import sys

import pytest

from autograd import MissingDependencyError, ShapeError
from nn import MLP, History
from nn.data.datasets import iris, logic_gate
from nn.modules.containers import Sequential
from nn.modules.dropout import Dropout
from nn.modules.linear import Linear
from nn.training.plots import decision_boundary, loss_curve, new_figure

ROWS = [{"epoch": 1, "loss": 0.5, "val_loss": 0.7}, {"epoch": 2, "loss": 0.25, "val_loss": 0.6}]


@pytest.fixture
def ax():
    return new_figure().subplots()


def score(x):
    """A model: positive above the line y = 2x - 1."""
    return x[1] - 2.0 * x[0] + 1.0


def test_a_loss_curve_has_both_losses_on_a_log_axis(ax):
    assert loss_curve(History(ROWS), ax) is ax
    assert [list(map(tuple, line.get_xydata())) for line in ax.get_lines()] == [
        [(1.0, 0.5), (2.0, 0.25)],
        [(1.0, 0.7), (2.0, 0.6)],
    ]
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "held out"]


def test_a_loss_without_a_logarithm_leaves_a_gap(ax):
    rows = [{"epoch": i + 1, "loss": loss} for i, loss in enumerate([1.0, 0.0, math.inf, 0.5])]
    loss_curve(rows, ax)
    ys = [float(y) for y in ax.get_lines()[0].get_ydata()]
    assert [math.isnan(y) for y in ys] == [False, True, True, False]
    linear = loss_curve(rows, new_figure().subplots(), log=False)
    assert linear.get_yscale() == "linear"
    assert float(linear.get_lines()[0].get_ydata()[1]) == 0.0


def test_a_history_plots_itself(ax):
    assert History(ROWS).plot(ax=ax) is ax
    assert len(ax.get_lines()) == 2


def test_without_axes_pyplot_makes_them_also_without_a_screen():
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    made = loss_curve(ROWS)
    assert made.figure.number in pyplot.get_fignums()
    pyplot.close(made.figure)


def test_the_line_between_the_classes_is_where_the_score_is_the_threshold(ax):
    decision_boundary(score, ([[0.0, 0.0], [1.0, 1.0], [1.0, -1.0]], [1, 0, 0]), ax, threshold=0.25)
    line = next(c for c in ax.collections if len(c.get_paths()) == 1 and c.get_linewidth()[0] == 1.0)
    vertices = line.get_paths()[0].vertices
    assert len(vertices) > 50
    assert max(abs(score(point) - 0.25) for point in vertices.tolist()) < 1e-9


def test_points_are_drawn_by_class_and_named_as_in_the_data_set(ax):
    decision_boundary(score, logic_gate("nand"), ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1"]
    drawn = [c.get_offsets().tolist() for c in ax.collections if c.get_label() in ("0", "1")]
    assert drawn == [[[1.0, 1.0]], [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")


def test_targets_of_minus_1_are_the_class_0(ax):
    decision_boundary(score, ([[0.0, 0.0], [1.0, -2.0]], [1, -1]), ax)
    drawn = {c.get_label(): c.get_offsets().tolist() for c in ax.collections if c.get_label() in ("0", "1")}
    assert drawn == {"0": [[1.0, -2.0]], "1": [[0.0, 0.0]]}


def test_of_several_outputs_the_largest_decides(ax):
    decision_boundary(
        lambda x: [x[0], x[1], 0.0 * x[0]], ([[0.0, 0.0], [1.0, 1.0]], [0, 2]), ax, classes=("a", "b", "c")
    )
    # The class 2, where both inputs are negative, is the corner at the lower left.
    corner = next(c for c in ax.collections if c.get_label() not in ("a", "b", "c"))
    regions = corner.get_paths()
    low = (-0.1, -0.1)
    assert [region.contains_point(low) for region in regions] == [False, False, True]
    assert [region.contains_point((0.9, 0.1)) for region in regions] == [True, False, False]
    assert [region.contains_point((0.1, 0.9)) for region in regions] == [False, True, False]


def test_a_model_decides_as_after_eval_and_keeps_its_mode(ax):
    model = Sequential(Linear(2, 4), Dropout(0.5), Linear(4, 1))
    decision_boundary(model, logic_gate("and"), ax)
    assert all(module.training for module in model.modules())
    model.eval()
    decision_boundary(model, logic_gate("and"), new_figure().subplots())
    assert not any(module.training for module in model.modules())


def test_bad_input_is_a_clear_error(ax):
    with pytest.raises(ShapeError, match="2 inputs; these 150 rows have 4"):
        decision_boundary(MLP(4, [3]), iris(), ax)
    with pytest.raises(ValueError, match="no epochs"):
        loss_curve(History(), ax)


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for call in (lambda: loss_curve(ROWS), new_figure):
        with pytest.raises(MissingDependencyError, match=r"scalar-autograd\[plot\]"):
            call()
