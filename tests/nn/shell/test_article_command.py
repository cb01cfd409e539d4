"""`python -m nn article`, run as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nn.__main__ import main
from nn.article import network as article
from nn.article.network import FIGURES

ROOT = Path(__file__).parents[3]
PICTURES = {"network_before", "network_after", "graph_named", "graph_operations"}


@pytest.fixture(scope="module")
def full_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("article")
    command = [sys.executable, "-m", "nn", "article", "--out", str(folder), "--format", "dot"]
    environment = {"PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", env=environment, check=False)
    return done, folder


def test_every_figure_is_printed_beside_the_computed_one(full_run):
    done, _ = full_run
    assert done.returncode == 0, done.stderr
    for figure in FIGURES:
        line = next(line for line in done.stdout.splitlines() if line.split("  ")[1:2] == [figure.symbol])
        assert figure.text in line
        assert "agrees" in line
    assert "Every figure that should agree does." in done.stdout


def test_the_closing_table_says_which_schedule_was_printed(full_run):
    done, _ = full_run
    row = next(line.split() for line in done.stdout.splitlines() if line.startswith("  E_total after 10,000"))
    assert row[4:] == ["0.000035085", "0.000035102", "0.000035085", "sequential", "agrees"]
    assert "The article printed the sequential figures" in done.stdout


def test_the_four_pictures_are_written(full_run):
    _, folder = full_run
    assert {path.name for path in folder.iterdir()} == {f"{name}.dot" for name in PICTURES}
    assert all(path.read_text(encoding="utf-8").startswith("digraph") for path in folder.iterdir())


def test_svg_is_the_default_and_one_schedule_can_be_chosen(tmp_path, capsys):
    folder = tmp_path / "new" / "folder"
    assert main(["article", "--rounds", "3", "--schedule", "simultaneous", "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "E_total after 3 rounds" in out
    assert "only the figure after round 1 can be compared" in out
    assert {path.name for path in folder.iterdir()} == {f"{name}.svg" for name in PICTURES}


def test_a_figure_that_does_not_agree_is_said_and_sets_the_exit_status(tmp_path, capsys, monkeypatch):
    wrong = article.Figure(article.FORWARD, "net_h1", "0.3776")
    monkeypatch.setattr(article, "FIGURES", (wrong, *article.FIGURES[1:]))
    assert main(["article", "--rounds", "1", "--out", str(tmp_path), "--format", "dot"]) == 1
    out = capsys.readouterr().out
    assert "DOES NOT AGREE" in out
    assert "Figures that do not agree: 1." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "whole number from 1 up, not '0'"),
        (["--rounds", "many"], "not 'many'"),
        (["--format", "gif"], "invalid choice: 'gif'"),
        (["--schedule", "none"], "invalid choice: 'none'"),
        (["--out", __file__], "cannot be written to the folder"),
        (["--report", "missing/article.html"], "there is no folder missing"),
        (["--report", str(ROOT)], "is a folder"),
        (["--report", "a.html", "--explain", "w1"], "not allowed with argument"),
    ],
)
def test_a_mistaken_call_is_one_clear_line(arguments, message, capsys):
    try:
        status = main(["article", *arguments])
    except SystemExit as stop:
        status = stop.code
    error = capsys.readouterr().err
    assert status == 2
    assert message in error
    assert error.count("\n") == 1


def explained(capsys, *names):
    assert main(["article", *(f"--explain={name}" for name in names)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_derivation_of_a_weight_has_the_figures_of_the_article_in_order_and_ends_with_the_update(capsys):
    lines = explained(capsys, "w5").splitlines()
    assert lines[0] == "∂E_total/∂w5 = ∂E_total/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5"
    results = [line.rpartition("= ")[2] for line in lines[1:5]]
    assert results == ["0.741365070", "0.186815602", "0.593269992", "0.082167041"]
    assert lines[-1].startswith("update: w5⁺ = ")
    assert lines[-1].endswith(" = 0.358916480")


def test_only_the_derivation_is_printed_and_no_file_written(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = explained(capsys, "w1")
    assert out.startswith("∂E_total/∂w1 = ")
    assert out.count("check: ") == 1
    assert "the article" not in out
    assert list(tmp_path.iterdir()) == []


def test_all_explains_the_eight_weights_and_what_is_repeated_comes_once(capsys):
    out = explained(capsys, "w3", "all")
    firsts = [part.split(" = ")[0] for part in out.split("\n\n")]
    assert firsts == [f"∂E_total/∂w{number}" for number in (3, 1, 2, 4, 5, 6, 7, 8)]


@pytest.mark.parametrize("name", ["b1", "i1", "target_o1", "net_h1", "out_o2", "E_o1", "E_total"])
def test_any_other_value_is_explained_without_an_update(capsys, name):
    out = explained(capsys, name)
    assert out.startswith(f"∂E_total/∂{name} = ")
    assert "update" not in out


@pytest.mark.parametrize(
    ("name", "message"),
    [("w11", "did you mean w1"), ("net_o3", "did you mean net_o"), ("?", "the names are ")],
)
def test_an_unknown_name_is_one_clear_line_with_near_names(capsys, name, message):
    assert main(["article", "--explain", "w1", "--explain", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert repr(name) in err
    assert err.count("\n") == 1


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit):
        main(["article", "--help"])
    out = capsys.readouterr().out
    for option in ("--rounds", "--schedule", "--out", "--format", "--explain", "--report", "10000", "both", "svg"):
        assert option in out


def test_eager_training_prints_what_the_native_loop_prints(tmp_path, capsys, monkeypatch):
    called = []
    eager = article.train
    monkeypatch.setattr(article, "train", lambda *arguments: (called.append("eager"), eager(*arguments))[1])
    printed = []
    for options in ([], ["--eager"]):
        assert main(["article", "--rounds", "200", "--out", str(tmp_path), "--format", "dot", *options]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert called == ["eager", "eager"]  # with --eager alone, once for each schedule
