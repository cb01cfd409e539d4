"""`python -m nn train`, run as a person runs it."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import nn
from nn.__main__ import main
from nn.data.datasets import digits, logic_gate, named_dataset
from nn.modules.containers import Sequential
from nn.modules.linear import Linear
from nn.shell import training_command, training_peers
from nn.shell.training_command import classify

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def trained(capsys, *arguments):
    assert main(["train", *arguments]) == 0
    out, err = capsys.readouterr()
    assert "error" not in err
    return out


def status_of(*arguments):
    try:
        return main(["train", *arguments])
    except SystemExit as stop:
        return stop.code


@pytest.mark.parametrize("name", ["and", "or", "nand", "xor"])
def test_a_gate_is_learnt_whole_from_the_default_seed(name, capsys):
    out = trained(capsys, name, "--quiet")
    assert out.splitlines()[0] == "accuracy: 4 of 4 rows, 100.00%"
    model = nn.load(f"train_{name}/model.json")
    gate = logic_gate(name)
    assert [int(model(row).data > 0.0) for row in gate.inputs] == gate.targets


@pytest.mark.parametrize(("name", "rows", "least"), [("moons", 50, 0.98), ("iris", 36, 0.95)])
def test_moons_and_iris_are_told_apart_on_rows_held_out(name, rows, least, capsys):
    out = trained(capsys, name)
    line = next(line for line in out.splitlines() if line.startswith("accuracy"))
    right, total = int(line.split()[1]), int(line.split()[3])
    assert total == rows
    assert right / total >= least
    with open(f"train_{name}/history.csv", encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["val_accuracy"]) == right / total


def test_the_table_of_classes_adds_up_to_the_rows_held_out(capsys):
    lines = trained(capsys, "iris", "--epochs", "2", "--eager").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  down the class"))
    table = [[int(number) for number in line.split()[1:]] for line in lines[start + 2 : start + 5]]
    assert [sum(row) for row in table] == [12, 12, 12]
    right = sum(table[i][i] for i in range(3))
    assert lines[start - 1].startswith(f"accuracy: {right} of 36 rows held out")


def test_model_history_network_and_plots_are_written(capsys):
    out = trained(capsys, "xor", "--epochs", "3", "--out", "new/folder", "--save", "mine.json")
    folder = Path("new/folder")
    names = {"history.csv", "network.svg", "loss.svg", "decision.svg"}
    assert {path.name for path in folder.iterdir()} == names
    wrote = {line.removeprefix("wrote ") for line in out.splitlines() if line.startswith("wrote ")}
    assert wrote == {"mine.json", *(str(folder / name) for name in names)}
    assert (folder / "history.csv").read_text(encoding="utf-8").startswith("epoch,loss,accuracy\n1,")
    assert (folder / "network.svg").read_text(encoding="utf-8").count("<ellipse") == 2 + 4 + 1


def test_other_data_have_no_plane_to_draw_a_decision_in_and_dot_leaves_plots_in_svg(capsys):
    trained(capsys, "iris", "--epochs", "1", "--eager", "--format", "dot")
    assert {path.name for path in Path("train_iris").iterdir()} == {
        "model.json", "history.csv", "network.dot", "loss.svg",
    }  # fmt: skip


def test_the_same_seed_repeats_and_eager_training_gives_the_same_numbers(capsys):
    for out, options in (("a", []), ("b", []), ("c", ["--eager"]), ("d", ["--seed", "5"])):
        trained(capsys, "iris", "--epochs", "2", "--format", "dot", "--out", out, *options)
    a, b, c, d = (nn.load(f"{out}/model.json").state_dict() for out in "abcd")
    assert a == b
    assert c == pytest.approx(a, rel=1e-10, abs=1e-12)
    assert d != pytest.approx(a, rel=1e-3)


def test_a_loaded_model_is_measured_or_trained_further(capsys):
    trained(capsys, "or", "--epochs", "5", "--save", "or.json")
    before = nn.load("or.json").state_dict()
    out = trained(capsys, "or", "--epochs", "0", "--load", "or.json", "--out", "measured")
    assert not Path("measured/history.csv").exists()
    assert "trained in" not in out
    assert nn.load("measured/model.json").state_dict() == before
    trained(capsys, "or", "--epochs", "1", "--load", "or.json")
    moved = nn.load("train_or/model.json").state_dict()
    assert moved != before
    assert all(abs(moved[path] - before[path]) < 0.11 for path in before)  # Adam's first step is lr, 0.1


def test_a_loaded_network_that_is_no_mlp_is_drawn_too(capsys):
    nn.save(Sequential(Linear(2, 3), nn.Tanh(), nn.MLP(3, [1])), "mixed.json")
    nn.save(Sequential(Linear(4, 3)), "linear.json")
    for name, model in (("moons", "mixed.json"), ("iris", "linear.json")):
        out = trained(capsys, name, "--load", model, "--epochs", "1", "--eager")
        assert "Sequential, 1" in out
        assert Path(f"train_{name}/network.svg").exists()


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
def test_every_optimizer_can_be_chosen(optimizer, capsys):
    out = trained(capsys, "and", "--optimizer", optimizer, "--epochs", "60", "--format", "dot")
    losses = [float(line.split(",")[1]) for line in Path("train_and/history.csv").read_text("utf-8").splitlines()[1:]]
    assert losses[-1] < 0.5 * losses[0]
    assert f"; {optimizer}, lr {'1' if optimizer == 'sgd' else '0.1'}, batches of 4, 60 epochs, seed 0" in out


@pytest.fixture
def few_digits(monkeypatch):
    def few(name):
        return digits().take(range(60)) if name == "digits" else named_dataset(name)

    monkeypatch.setattr(training_command, "named_dataset", few)


def test_digits_are_trained_measured_and_drawn(few_digits, capsys):
    out = trained(capsys, "digits", "--eager", "--epochs", "3", "--format", "png")
    assert "MLP 64-32-10, relu, 2,410 parameters" in out
    with open("train_digits/history.csv", encoding="utf-8", newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[2] < losses[0]
    assert Path("train_digits/network.svg").exists()  # too large for a bitmap
    assert Path("train_digits/loss.png").read_bytes().startswith(b"\x89PNG")


def test_peers_that_are_not_installed_are_said(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "micrograd.nn", None)
    lines = trained(capsys, "and", "--epochs", "3", "--compare", "--quiet").splitlines()
    assert "  PyTorch is not installed: pip install torch" in lines
    assert "  micrograd is not installed: pip install micrograd" in lines
    ours = next(line.split() for line in lines if line.startswith("  this engine"))
    assert len(ours) == 5


def test_micrograds_epoch_is_extrapolated_by_the_samples_and_says_so(monkeypatch):
    clock = iter([0.0, 3.2, 10.0, 10.5])  # 32 samples in 3.2 s; one step in 0.5 s
    monkeypatch.setattr(training_peers, "perf_counter", lambda: next(clock))

    class Score:
        grad = 0.0
        data = 0.0

        def __sub__(self, other):
            return self

        __add__ = __sub__

        def relu(self):
            return self

        def backward(self):
            pass

    class Network:
        def __init__(self, inputs, widths):
            assert (inputs, widths) == (64, [32, 10])

        def __call__(self, row):
            return [Score() for _ in range(10)]

        def parameters(self):
            return [Score()]

        def zero_grad(self):
            pass

    stand_in = type(sys)("micrograd.nn")
    stand_in.MLP = Network
    monkeypatch.setitem(sys.modules, "micrograd.nn", stand_in)
    line = training_peers._micrograd_line(digits().take(range(100)), [64, 32, 10], 0.1, 32)
    assert line.split()[:3] == ["micrograd", "12.00", "12.00"]  # 100 samples of 0.1 s, 4 steps of 0.5 s
    assert "extrapolated from 32 samples" in line


def test_without_matplotlib_the_model_is_saved_and_the_plots_are_said_to_be_missing(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    out = trained(capsys, "and", "--epochs", "2")
    assert out.count("not drawn: ") == 2
    assert "scalar-autograd[plot]" in out
    assert {path.name for path in Path("train_and").iterdir()} == {"model.json", "history.csv", "network.svg"}


def test_without_scikit_learn_digits_are_one_clear_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert status_of("digits") == 2
    error = capsys.readouterr().err
    assert "scalar-autograd[test]" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist"], "invalid choice: 'mnist'"),
        (["xor", "--epochs", "some"], "whole number from 0 up, not 'some'"),
        (["xor", "--epochs", "0"], "trains nothing"),
        (["xor", "--batch-size", "0"], "whole number from 1 up, not '0'"),
        (["xor", "--lr", "-1"], "--lr: the learning rate is a positive number, not -1.0"),
        (["xor", "--lr", "1e308", "--optimizer", "sgd"], "training diverged at step"),
        (["xor", "--optimizer", "newton"], "invalid choice: 'newton'"),
        (["xor", "--out", __file__], "cannot be written to the folder"),
        (["xor", "--save", "missing/model.json"], "a file in a folder that there is"),
        (["xor", "--save", "."], "a file in a folder that there is"),
        (["xor", "--load", "missing.json"], "missing.json"),
        (["xor", "--load", __file__], "cannot read"),
        (["iris", "--load", "two.json"], "takes 2 inputs, 4 were given"),
        (["moons", "--load", "pair.json"], "it returns 2 numbers, not 1"),
        (["xor", "--load", "two.json", "--compare"], "leave --load out"),
    ],
)
def test_a_mistaken_call_is_one_clear_line(arguments, message, capsys):
    nn.save(nn.MLP(2, [1]), "two.json")
    nn.save(nn.MLP(2, [2]), "pair.json")
    assert status_of(*arguments, *([] if "--epochs" in arguments else ["--epochs", "9"]), "--quiet") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_logit_decides_by_its_sign_and_several_by_the_largest():
    assert classify(Sequential(nn.Identity()), [[0.5, 0.1, 0.4], [0.0, 0.1, 0.2]]) == [0, 2]
    assert classify(Sequential(nn.Identity()), [[0.5], [-0.5], [0.0]]) == [1, 0, 0]


def test_the_command_runs_from_the_shell(tmp_path):
    command = [sys.executable, "-m", "nn", "train", "nand", "--format", "dot", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "accuracy: 4 of 4 rows, 100.00%" in done.stdout
    assert "nand: 4 rows to train on, none held out" in done.stdout
