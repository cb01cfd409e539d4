"""`fit`: eager and native epochs, checkpoints, early stopping, and everything that can go wrong."""

from __future__ import annotations

import csv
import math
import random
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import ShapeError, TraceError, Value, stop_gradient
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Checkpoint,
    DivergenceError,
    Dropout,
    EarlyStopping,
    Linear,
    Module,
    ReLU,
    RMSprop,
    Sequential,
    StateError,
    StorageError,
    cross_entropy,
    fit,
    half_squared_error,
    l2_penalty,
    mean_squared_error,
)
from nn.optimizers.schedules import cosine

ROOT = Path(__file__).parents[3]


def squares(count, seed=5):
    generator = random.Random(seed)
    inputs = [[generator.uniform(-1, 1), generator.uniform(-1, 1)] for _ in range(count)]
    return inputs, [a * b for a, b in inputs]


def network(seed=1):
    return MLP(2, [4, 1], activation="tanh", generator=random.Random(seed))


class Normalised(SGD):
    """An update of one's own, of all parameters together, which returns lists."""

    def update(self, numbers, gradients, state, lr):
        length = autograd.sqrt(autograd.sum([g * g for g in gradients]))
        return [number - lr * g / length for number, g in zip(numbers, gradients)], {}


OPTIMIZERS = {
    "sgd": lambda p: SGD(p, lr=0.1),
    "nesterov": lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "rmsprop": lambda p: RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "adam": lambda p: Adam(p, lr=0.02),
    "adamw": lambda p: AdamW(p, lr=0.02, amsgrad=True),
    "of one's own": lambda p: Normalised(p, lr=0.01),
}


def trained(compiled, optimizer="adam", epochs=5, **options):
    model = network()
    history = fit(
        model, squares(27), mean_squared_error, OPTIMIZERS[optimizer](model.parameters()), epochs=epochs, batch_size=8,
        generator=random.Random(2), compiled=compiled, progress=False, **options,
    )
    return model.state_dict(), history


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_native_epochs_give_the_numbers_of_the_eager_ones(optimizer):
    (eager, first), (native, second) = (trained(compiled, optimizer) for compiled in (False, True))
    assert list(native.values()) == pytest.approx(list(eager.values()), rel=1e-10, abs=1e-14)
    assert second.column("loss") == pytest.approx(first.column("loss"), rel=1e-10)


def test_native_and_eager_agree_with_a_schedule_clipping_and_a_penalty():
    options = {
        "schedule": cosine(0.1, 5), "clip_norm": 0.05, "penalty": lambda p: l2_penalty(p, 0.01),
        "validation": squares(9, seed=6), "metrics": {"near": lambda p, y: abs(p - y) < 0.2},
    }
    (eager, first), (native, second) = (trained(compiled, "sgd", **options) for compiled in (False, True))
    assert list(native.values()) == pytest.approx(list(eager.values()), rel=1e-10, abs=1e-14)
    for name in ("loss", "near", "val_loss", "val_near"):
        assert second.column(name) == pytest.approx(first.column(name), rel=1e-10)


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        ({"loss": abs}, ValueError, "the metric 'loss' would stand in the column of the loss in the history"),
        ({"near": abs, "epoch": abs}, ValueError, "the metric 'epoch' would stand in the column of the epoch"),
        ({"lr": abs}, ValueError, "the metric 'lr' would stand in the column of the lr in the history"),
        ({"val_loss": abs}, ValueError, "the metric 'val_loss' would stand in a column of the validation data"),
        ({"near": abs, "val_near": abs}, ValueError, "'val_near' would stand in a column of the validation data"),
        ({1: abs}, TypeError, r"a name and a function .*, not 1"),
        ({"near": 0.5}, TypeError, r"a name and a function .*, not 'near': 0.5"),
        ([abs], TypeError, "a dict of functions by name, not list"),
    ],
)
def test_a_metric_that_would_write_over_another_column_is_refused_before_any_training(metrics, error, message):
    for validation in (None, squares(9, seed=6)):
        model = network()
        before = model.state_dict()
        with pytest.raises(error, match=message):
            fit(model, squares(27), mean_squared_error, SGD(model.parameters()), metrics=metrics, validation=validation)
        assert model.state_dict() == before


@pytest.mark.parametrize("compiled", [False, True])
def test_one_epoch_of_gradient_descent_by_hand(compiled):
    # y = w·x + b from w = b = 0 on the points (1, 2) and (3, 4): dL/dw = mean of (p - y)·x = -7, dL/db = -3.
    model = MLP(1, [1])
    for parameter in model.parameters():
        parameter.data = 0.0
    history = fit(
        model, ([[1.0], [3.0]], [2.0, 4.0]), half_squared_error, SGD(model.parameters(), lr=0.1), compiled=compiled,
        progress=False,
    )
    assert [parameter.data for parameter in model.parameters()] == pytest.approx([0.7, 0.3], rel=1e-15)
    assert history.rows == [{"epoch": 1, "loss": pytest.approx((2.0 + 8.0) / 2)}]


def test_the_loss_of_an_epoch_weighs_a_smaller_last_batch_by_its_size():
    model = MLP(1, [1])
    for parameter in model.parameters():
        parameter.data = 0.0
    history = fit(
        model, ([[0.0]] * 3, [1.0, 1.0, 4.0]), lambda p, y: y + 0.0 * p, SGD(model.parameters(), lr=0.1), batch_size=2,
        shuffle=False, progress=False,
    )
    assert history.rows[0]["loss"] == pytest.approx((1.0 + 1.0 + 4.0) / 3)


def test_a_network_for_classes_learns_natively():
    generator = random.Random(0)
    model = Sequential(Linear(2, 8, generator=generator), ReLU(), Linear(8, 3, generator=generator))
    inputs = np.array([[generator.gauss(c, 0.3), generator.gauss(-c, 0.3)] for c in (0, 1, 2) for _ in range(20)])
    classes = np.repeat([0.0, 1.0, 2.0], 20)
    right = {"accuracy": lambda logits, c: logits.index(max(logits)) == c}
    history = fit(
        model, (inputs, classes), cross_entropy, Adam(model.parameters(), lr=0.05), epochs=40, batch_size=20,
        generator=generator, metrics=right, compiled=True, progress=False,
    )
    assert history.rows[-1]["accuracy"] > 0.95
    assert history.best["loss"] == min(history.column("loss"))


def test_early_stopping_goes_back_to_the_best_parameters():
    model = network()
    states = []
    history = fit(
        model, squares(8), mean_squared_error, SGD(model.parameters(), lr=0.1), epochs=50, compiled=False,
        callbacks=[lambda training: states.append(training.model.state_dict()), EarlyStopping(patience=3)],
        schedule=lambda epoch: 0.1 if epoch < 3 else 30.0,  # then it gets worse
        validation=squares(8), progress=False,
    )
    assert history.stopped == "no progress for 3 epochs"
    assert model.state_dict() == states[history.best["epoch"] - 1]


def test_early_stopping_counts_from_the_last_progress_that_was_large_enough():
    model = network()
    history = fit(
        model, squares(8), mean_squared_error, SGD(model.parameters(), lr=1e-12), epochs=50, compiled=False,
        callbacks=[EarlyStopping(patience=4, min_delta=1e-6)], progress=False,
    )
    assert len(history) == 5


def test_ctrl_c_keeps_the_best_model():
    model = network()
    states = []

    def interrupt(training):
        states.append(training.model.state_dict())
        if training.epoch == 3:
            raise KeyboardInterrupt

    history = fit(
        model, squares(8), mean_squared_error, SGD(model.parameters(), lr=0.1), epochs=50, callbacks=[interrupt],
        progress=False, compiled=False,
    )
    assert "interrupted" in history.stopped
    assert model.state_dict() == states[history.best["epoch"] - 1]


@pytest.mark.parametrize("compiled", [False, True])
def test_divergence_stops_with_the_step_the_parameter_and_advice(compiled):
    model = network()
    good = []
    with pytest.raises(DivergenceError, match=r"step \d+ \(epoch \d+\): the loss was .*layers.*smaller learning rate"):
        fit(
            model, squares(27), lambda p, y: (p - y) ** 4, SGD(model.parameters(), lr=1e5), epochs=50, batch_size=8,
            callbacks=[lambda training: good.append(training.model.state_dict())], compiled=compiled, progress=False,
        )
    assert all(math.isfinite(number) for number in model.state_dict().values())


@pytest.mark.parametrize("compiled", [False, True])
def test_a_resumed_training_continues_bit_for_bit(tmp_path, compiled):
    whole, history = trained(compiled, epochs=6)
    path = tmp_path / "training.json"
    trained(compiled, epochs=2, callbacks=[Checkpoint(path)])
    resumed, rows = trained(compiled, epochs=6, resume=path)
    assert resumed == whole
    assert rows.rows == history.rows


SCRIPT = """
    import random, sys
    from nn import MLP, Adam, Checkpoint, fit, mean_squared_error
    generator = random.Random(4)
    inputs = [[generator.uniform(-1, 1), generator.uniform(-1, 1)] for _ in range(16)]
    model = MLP(2, [3, 1], activation="tanh", generator=generator)
    path, resume = sys.argv[1], sys.argv[2] == "resume"
    fit(model, (inputs, [a * b for a, b in inputs]), mean_squared_error, Adam(model.parameters(), lr=0.01), epochs=60,
        batch_size=4, generator=generator, callbacks=[Checkpoint(path)], resume=path if resume else None,
        compiled=False, progress=False)
    print(model.state_dict())
"""


def test_a_training_that_was_killed_resumes_to_the_same_parameters(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))

    def start(path, how):
        return subprocess.Popen(
            [sys.executable, script, path, how], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={"PYTHONPATH": str(ROOT)},
        )

    whole = start(tmp_path / "whole.json", "fresh").communicate()[0]
    path = tmp_path / "killed.json"
    process = start(path, "fresh")
    while not path.exists():
        time.sleep(0.001)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert start(path, "resume").communicate()[0] == whole != ""


def test_a_checkpoint_of_another_training_is_refused_and_nothing_changes(tmp_path):
    path = tmp_path / "training.json"
    trained(False, epochs=1, callbacks=[Checkpoint(path)])
    model = network(seed=9)
    before = model.state_dict()
    optimizer = SGD(model.parameters(), lr=0.1)
    for data, size in ((squares(26), 8), (squares(27), 9), (squares(27), 8)):
        with pytest.raises(StorageError, match="does not fit this training"):
            fit(model, data, mean_squared_error, optimizer, epochs=2, batch_size=size, resume=path, compiled=False)
    assert model.state_dict() == before
    path.write_text("{")
    with pytest.raises(StorageError):
        fit(model, squares(27), mean_squared_error, optimizer, resume=path, compiled=False)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([[1.0, 2.0]], [1.0, 2.0]), "1 inputs and 2 targets"),
        (([], []), "0 inputs and 0 targets"),
        (([[1.0, 2.0], [1.0]], [1.0, 2.0]), r"inputs of data differ in shape: \(2,\) first, and \(1,\) at 1"),
        (([[1.0, 2.0, 3.0]], [1.0]), "takes 2 inputs, 3 were given"),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_data_that_do_not_fit_are_refused_before_the_first_step(data, message, compiled):
    model = network()
    before = model.state_dict()
    with pytest.raises(ShapeError, match=message):
        fit(model, data, mean_squared_error, SGD(model.parameters(), lr=0.1), compiled=compiled)
    assert model.state_dict() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is a whole number"),
        ({"epochs": -1}, "epochs is a whole number"),
        ({"data": 3.0}, r"pair \(inputs, targets\)"),
        ({"data": ("ab", [1.0, 2.0])}, "an array or a list"),
        ({"data": ([["a", "b"]], [1.0])}, "str"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    model = network()
    arguments = {"data": squares(4), "epochs": 1} | options
    with pytest.raises((TypeError, ValueError), match=message):
        fit(
            model, arguments.pop("data"), mean_squared_error, SGD(model.parameters(), lr=0.1), compiled=False,
            **arguments,
        )


def test_an_optimizer_of_another_model_is_refused():
    with pytest.raises(ValueError, match="not the model's"):
        fit(network(), squares(4), mean_squared_error, SGD(network().parameters(), lr=0.1))


def test_dropout_trains_in_python_and_cannot_be_compiled():
    model = Sequential(Linear(2, 4), Dropout(0.5), Linear(4, 1))
    optimizer = SGD(model.parameters(), lr=0.1)
    loss = lambda p, y: mean_squared_error(p[0], y)
    with pytest.raises(ValueError, match="Dropout"):
        fit(model, squares(4), loss, optimizer, compiled=True)
    assert len(fit(model, squares(4), loss, optimizer, epochs=2, progress=False)) == 2


def test_a_history_as_csv_keeps_all_digits(tmp_path):
    _, history = trained(False, epochs=3, validation=squares(5))
    history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    assert rows == history.rows
    assert history.monitor == "val_loss"
    assert str(history).splitlines()[0].split() == ["epoch", "loss", "val_loss"]


def test_data_that_hold_nan_are_named_where_the_training_diverges():
    inputs, targets = squares(6)
    targets[4] = math.nan
    model = network()
    with pytest.raises(DivergenceError, match="sample 4 of the data holds nan"):
        fit(model, (inputs, targets), mean_squared_error, SGD(model.parameters(), lr=0.1), progress=False)


@pytest.mark.parametrize("compiled", [False, True])
def test_parameters_that_the_optimizer_does_not_have_stay(compiled):
    model = MLP(1, [1])
    weight, bias = model.parameters()
    weight.data, bias.data = 0.0, 1.0
    # ∂½(3 − (w·1 + 1))²/∂w = −2 at w = 0: one step of 0.1 leads to 0.2.
    fit(model, ([[1.0]], [3.0]), half_squared_error, SGD([weight], lr=0.1), compiled=compiled, progress=False)
    assert (weight.data, bias.data) == (pytest.approx(0.2, abs=1e-15), 1.0)


@pytest.mark.parametrize("compiled", [True, False])
def test_masked_arrays_are_refused(compiled):
    inputs = np.array([[1.0], [2.0]])
    targets = np.ma.array([[1.0], [-999.0]], mask=[[False], [True]])
    for data in ((inputs, targets), (np.ma.array(inputs, mask=False), inputs)):
        model = MLP(1, [1])
        with pytest.raises(TypeError, match="[mM]asked"):
            fit(model, data, mean_squared_error, SGD(model.parameters()), epochs=1, compiled=compiled)


class Line(Module):
    def __init__(self):
        self.w, self.b = Value(1.0), Value(0.5)

    def forward(self, x):
        return self.w * x[0] + self.b


POINTS = [[1.0], [2.0], [-1.0]], [1.0, 0.0, 2.0]


def descended(strength, rate=0.1, epochs=3):
    """Gradient descent on the mean of (w·x + b - t)², plus half of strength · (w² + b²), written out."""
    w, b = 1.0, 0.5
    for _ in range(epochs):
        errors = [w * x + b - t for (x,), t in zip(*POINTS)]
        slope = sum(2.0 * error * x for error, (x,) in zip(errors, POINTS[0])) / 3.0 + strength * w
        rise = sum(2.0 * error for error in errors) / 3.0 + strength * b
        w, b = w - rate * slope, b - rate * rise
    return pytest.approx([w, b], rel=1e-13)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_loss_or_a_penalty_may_ask_the_model_for_its_parameters(compiled):
    strength = Value(0.5)  # of no model

    class Penalised(Module):
        def __init__(self, model):
            self.held = list(model.parameters())

        def forward(self, p, t):
            return (p - t) ** 2 + 0.25 * autograd.sum([q * q for q in self.held])

    def of(model):
        return autograd.sum([q * q for q in model.parameters()])

    for make in (
        lambda model: {"loss": lambda p, t: (p - t) ** 2 + 0.25 * (model.w * model.w + model.b**2)},
        lambda model: {"loss": lambda p, t: (p - t) ** 2 + 0.5 * strength * of(model)},
        lambda model: {"loss": Penalised(model)},
        lambda model: {"loss": lambda p, t: (p - t) ** 2, "penalty": lambda _: 0.25 * of(model)},
        lambda model: {"loss": lambda p, t: (p - t) ** 2, "penalty": lambda given: 0.25 * autograd.dot(given, given)},
    ):
        model = Line()
        options = make(model)
        fit(
            model, POINTS, optimizer=SGD(model.parameters(), lr=0.1), epochs=3, compiled=compiled, progress=False,
            **options,
        )  # fmt: skip
        assert list(model.state_dict().values()) == descended(0.5)
    assert strength.data == 0.5


class Slope(Module):
    def __init__(self):
        self.slope = Value(2.0)

    def forward(self, x):
        return self.slope * x


READERS = {
    "if": lambda s, p, t: (p - t) ** 2 * (1.0 if s < 3.0 else 2.0),
    "where": lambda s, p, t: (p - t) ** 2 * autograd.where(s < 3.0, 1.0, 2.0),
    "cond": lambda s, p, t: autograd.cond(s < 3.0, lambda: (p - t) ** 2, lambda: 2.0 * (p - t) ** 2),
    "detach": lambda s, p, t: (p - t) ** 2 * s.detach(),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_parameter_whose_number_alone_is_read_from_a_variable_has_that_of_the_step(reader):
    slope = 2.0
    for x, y in ((1.0, 30.0), (2.0, 50.0), (1.0, 20.0)):  # what the fit below does, by hand
        weight = slope if reader == "detach" else 1.0 if slope < 3.0 else 2.0
        slope -= 0.01 * 2.0 * (slope * x - y) * x * weight
    for compiled in (True, False):
        model = Slope()
        held = model.slope
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(
                model, ([1.0, 2.0, 1.0], [30.0, 50.0, 20.0]), partial(READERS[reader], held),
                SGD(model.parameters(), lr=0.01), batch_size=1, shuffle=False, compiled=compiled, progress=False,
            )  # fmt: skip
        assert model.slope.data == pytest.approx(slope, rel=1e-13)
        assert ["read from a variable" in str(warning.message) for warning in caught] == [True] * compiled


@pytest.mark.parametrize("compiled", [True, False])
def test_a_computed_value_that_is_held_is_a_number_unless_it_comes_from_a_parameter(compiled):
    factor = Value(3.0) * 2.0
    model = Slope()
    fit(
        model, ([1.0], [30.0]), lambda p, t: (p - t) ** 2 + factor * p, SGD(model.parameters(), lr=0.01),
        compiled=compiled, progress=False,
    )  # fmt: skip
    assert model.slope.data == pytest.approx(2.0 - 0.01 * (2.0 * (2.0 - 30.0) + 6.0), rel=1e-13)
    held = model.slope * 2.0
    with pytest.raises(StateError, match="the parameter 'slope' is read from a variable, and not from the model"):
        fit(
            model, ([1.0], [30.0]), lambda p, t: (p - t) ** 2 + held, SGD(model.parameters(), lr=0.01),
            compiled=compiled, progress=False,
        )  # fmt: skip


def test_what_cannot_be_recorded_runs_in_python_unless_it_is_to_be_compiled():
    class Halved(Slope):
        def forward(self, x):
            product = self.slope * x
            return product * 0.5 ** math.ceil(math.log2(product.data))

    def trained(compiled):
        model = Halved()
        fit(model, ([6.0, 3.0], [1.0, 1.0]), lambda p, t: (p - t) ** 2, SGD(model.parameters(), lr=0.1),
            compiled=compiled, progress=False, validation=([6.0], [1.0]), epochs=2)  # fmt: skip
        return model.slope.data

    slope = 2.0
    for _ in range(2):  # of 6·slope a sixteenth is left, and of 3·slope an eighth
        slope -= 0.1 * 2.0 * (0.375 * slope - 1.0) * 0.375
    assert trained(False) == pytest.approx(slope, rel=1e-13)
    with pytest.warns(RuntimeWarning, match="the training is not compiled, and runs in Python, slowly: "):
        assert trained(None) == pytest.approx(slope, rel=1e-13)
    with pytest.raises(TraceError, match="has no number"):
        trained(True)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_loss_that_has_a_parameter_from_a_variable_is_refused(compiled):
    for make in (
        lambda w: {"loss": lambda p, t: (p - t) ** 2 + 0.25 * w * w},
        lambda w: {"loss": lambda p, t: w * w},
        lambda w: {"loss": lambda p, t: (p - t) ** 2 * autograd.where(t > 1.5, w, 1.0)},
        lambda w: {"loss": lambda p, t: (p - t) ** 2 + stop_gradient(w)},
        lambda w: {"loss": lambda p, t: (p - t) ** 2, "penalty": lambda numbers: w * w},
    ):
        model = Line()
        options = make(model.w)
        with pytest.raises(StateError, match="the parameter 'w' is read from a variable, and not from the model"):
            fit(model, POINTS, optimizer=SGD(model.parameters(), lr=0.1), compiled=compiled, progress=False, **options)
        assert model.state_dict() == {"w": 1.0, "b": 0.5}
    # One that is not trained keeps its number.
    model = Line()
    w = model.w
    loss = lambda p, t: (p - t) ** 2 + w * w * p
    fit(model, POINTS, loss, SGD([model.b], lr=0.25), compiled=compiled, progress=False)
    slope = 2.0 * (0.5 + 2.5 - 2.5) / 3.0 + 1.0  # of the mean by b
    assert model.state_dict() == {"w": 1.0, "b": pytest.approx(0.5 - 0.25 * slope, rel=1e-13)}
