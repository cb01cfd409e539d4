"""`python -m nn page`, run as a person runs it."""

from __future__ import annotations

import json
import os
import re
import webbrowser
from html import unescape
from pathlib import Path
from random import Random

import pytest

import nn
from nn.__main__ import main
from nn.article.network import CLOSING_REFERENCE
from nn.modules.containers import Sequential
from nn.modules.layers import MLP
from nn.modules.linear import Linear
from nn.page.frames import default_rounds, record_frames
from nn.page.sets import fitting_sets
from nn.shell import page_command
from nn.shell.page_command import LOSSES, SUBJECTS


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def status_of(*arguments):
    try:
        return main(["page", *arguments])
    except SystemExit as stop:
        return stop.code


def failed(capsys, *arguments):
    """The one line with which a mistaken call ends; nothing is written then."""
    before = sorted(Path().iterdir())
    assert status_of(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert sorted(Path().iterdir()) == before
    return err


def document_of(path):
    """What Python says of the network, from the page's text."""
    text = Path(path).read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    return json.loads(found.group(1))


@pytest.fixture
def asked(monkeypatch):
    """What `document` is called with, in place of a page."""
    calls = {}

    def document(network, data, **options):
        calls.update(options, network=network, data=data)
        return {"frames": {"rounds": [0, 1, 2]}}

    monkeypatch.setattr(page_command, "document", document)
    monkeypatch.setattr(page_command, "page_text", lambda page: "page")
    return calls


# The networks with names.


def trained(name):
    """The network of a name from its default seed, and what it has when Python has trained it."""
    subject = SUBJECTS[name]
    network, samples = subject.network(Random(0)), subject.samples()
    rounds = default_rounds(len(network.parameters()), len(samples))
    recorded = record_frames(network, LOSSES[subject.loss], samples, subject.lr, subject.biases, rounds)
    for parameter, number in zip(network.parameters(), recorded["parameters"][-1]):
        parameter.data = number
    return network, samples, dict(zip(recorded["rounds"], recorded["errors"]))


def test_xor_is_learnt_within_a_thousand_rounds():
    network, samples, errors = trained("xor")
    assert errors[1000] < 0.01
    assert [round(network(row).data) for row in samples.inputs] == [0, 1, 1, 0]


@pytest.mark.parametrize(("name", "truth"), [("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("nand", [1, 1, 1, 0])])
def test_a_neuron_learns_a_gate_within_a_thousand_rounds(name, truth):
    network, samples, errors = trained(name)
    assert errors[1000] < 0.01
    assert [round(network(row).data) for row in samples.inputs] == truth
    assert len(network.parameters()) == 3


def test_the_moons_are_told_apart_within_some_hundred_rounds():
    network, samples, errors = trained("moons")
    assert max(errors) <= 500
    assert len(network.parameters()) == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1
    right = sum((network(row).data > 0.0) == (target == 1.0) for row, (target,) in zip(samples.inputs, samples.targets))
    assert right >= 97


def test_the_article_is_the_default_and_ends_at_its_closing_figure(capsys):
    assert main(["page"]) == 0
    size = Path("article.html").stat().st_size
    assert capsys.readouterr().out == (
        f"wrote article.html: {-(-size // 1000)} KB, 14 recorded frames, the last after 10,000 rounds\n"
    )
    document = document_of("article.html")
    assert document["frames"]["rounds"][-1] == 10_000
    assert document["frames"]["errors"][-1] == pytest.approx(CLOSING_REFERENCE["simultaneous"][1], abs=1e-12)


@pytest.mark.parametrize("name", list(SUBJECTS))
def test_each_name_makes_a_page_of_its_own(name, asked, capsys):
    assert main(["page", name]) == 0
    assert capsys.readouterr().out == f"wrote {name}.html: 1 KB, 3 recorded frames, the last after 2 rounds\n"
    assert name in asked["data"].name
    assert asked["biases"] is (name != "article")
    assert asked["loss"].__name__ == ("binary_cross_entropy_with_logits" if name == "moons" else "half_squared_error")
    assert asked["rounds"] is None
    assert asked["title"]
    assert asked["about"].endswith(".")


def test_the_options_reach_the_page(asked):
    arguments = "xor --out my.html --loss mean_squared_error --lr 0.25 --seed 7 --rounds 12 --no-biases"
    assert main(["page", *arguments.split()]) == 0
    assert Path("my.html").read_text(encoding="utf-8") == "page"
    assert asked["loss"] is nn.mean_squared_error
    assert (asked["lr"], asked["rounds"], asked["biases"]) == (0.25, 12, False)
    expected = MLP(2, [2, 1], "sigmoid", "sigmoid", generator=Random(7)).state_dict()
    assert asked["network"].state_dict() == expected


def test_the_seed_decides_the_first_weights(asked):
    main(["page", "moons"])
    first = asked["network"].state_dict()
    main(["page", "moons", "--seed", "0"])
    assert asked["network"].state_dict() == first
    main(["page", "moons", "--seed", "1"])
    assert asked["network"].state_dict() != first


def test_the_article_with_biases(asked):
    main(["page", "article", "--biases"])
    assert asked["biases"] is True
    assert asked["lr"] == 0.5
    assert asked["inputs"] == ("i1", "i2")
    assert len(asked["network"].parameters()) == 10


def test_hinge_gets_the_signs_that_it_takes(asked):
    main(["page", "and", "--loss", "hinge"])
    assert asked["data"].targets == ((-1.0,), (-1.0,), (-1.0,), (1.0,))


def test_a_training_that_diverges_keeps_the_frames_before(capsys):
    Path("far.csv").write_text("1000,1000,1\n-900,900,0\n", encoding="utf-8")
    network = Sequential(Linear(2, 1, generator=Random(0)))
    nn.save(network, "line.json")
    assert main(["page", "line.json", "--data", "far.csv", "--rounds", "1000"]) == 0
    recorded = document_of("line.html")["frames"]["rounds"]
    assert 1 < len(recorded) < 12
    last = f"{recorded[-1]:,} round" + ("s" if recorded[-1] != 1 else "")
    assert capsys.readouterr().out.endswith(f"{len(recorded)} recorded frames, the last after {last}\n")


# Model files and tables.


def test_a_model_file_trains_on_a_set_that_fits_it(asked):
    Path("models").mkdir()
    model = MLP(2, [3, 1], "tanh", generator=Random(0))
    nn.save(model, "models/mine.json")
    assert main(["page", "models/mine.json"]) == 0
    assert Path("mine.html").is_file()
    assert asked["network"].state_dict() == model.state_dict()
    assert asked["data"] == fitting_sets(2, 1)[0]
    assert asked["title"] == "mine"


@pytest.mark.parametrize(("loss", "target"), [("half_squared_error", 0.0), ("cross_entropy", 1.0), ("hinge", -1.0)])
def test_a_model_that_no_set_fits_gets_a_sample_of_ones_and_is_told(asked, loss, target):
    nn.save(Sequential(Linear(3, 4, generator=Random(0)), nn.Tanh(), Linear(4, 2)), "mine.json")
    assert main(["page", "mine.json", "--loss", loss]) == 0
    assert asked["data"].inputs == ((1.0, 1.0, 1.0),)
    assert asked["data"].targets == ((target, -1.0 if loss == "hinge" else 0.0),)
    assert "no training set fits" in asked["data"].about
    assert "--data" in asked["data"].about


def test_a_table_takes_the_place_of_the_samples(asked):
    Path("my.csv").write_text("a,b,c,d\n1,2,3,4\n5,6,7,8\n", encoding="utf-8")
    assert main(["page", "article", "--data", "my.csv"]) == 0
    assert asked["data"].inputs == ((1.0, 2.0), (5.0, 6.0))
    assert asked["data"].targets == ((3.0, 4.0), (7.0, 8.0))
    assert asked["data"].name == "my.csv"


def test_a_hostile_model_file_and_table_come_out_as_text():
    evil = "<img src=x onerror=alert(1)>"
    nn.save(MLP(2, [1], generator=Random(0)), f"{evil}.json")
    Path(f"{evil}.csv").write_text("1,2,3\n", encoding="utf-8")
    assert main(["page", f"{evil}.json", "--data", f"{evil}.csv", "--out", "page.html", "--rounds", "1"]) == 0
    text = Path("page.html").read_text(encoding="utf-8")
    assert evil not in text
    assert evil in unescape(document_of("page.html")["title"])


# Mistakes.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mons", "no network and no file 'mons'; did you mean moons?"),
        ("articel", "did you mean article?"),
        ("mine.json", "the networks are article, xor, and, or, nand, moons"),
        ("x" * 500, "no network and no file"),
    ],
)
def test_an_unknown_name_is_answered_by_those_there_are(name, words, capsys):
    said = failed(capsys, name)
    assert words in said
    assert len(said) < 250


def test_a_folder_that_is_not_there_is_named_before_the_work(capsys, monkeypatch):
    monkeypatch.setattr(page_command, "document", None)
    assert "there is no folder nowhere" in failed(capsys, "xor", "--out", "nowhere/xor.html")
    Path("folder").mkdir()
    assert "folder is a folder" in failed(capsys, "xor", "--out", "folder")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["xor", "--lr", "0"], "--lr: the learning rate is a positive number, not '0'"),
        (["xor", "--lr", "nan"], "--lr: the learning rate is a positive number"),
        (["xor", "--rounds", "-1"], "--rounds: the number of rounds is a whole number from 0 up, not '-1'"),
        (["xor", "--loss", "huber"], "--loss: invalid choice: 'huber'"),
        (["xor", "--data", "none.csv"], "none.csv"),
        (["article", "--seed", "3"], "article has its own first weights: leave --seed out"),
        (["xor", "--loss", "cross_entropy"], "cross_entropy takes a logit for each class"),
        (["folder"], "it is a folder"),
    ],
)
def test_other_mistakes_are_told_in_one_line(arguments, words, capsys):
    Path("folder").mkdir()
    assert words in failed(capsys, *arguments)


def test_a_bad_table_is_told_with_its_line(capsys):
    Path("bad.csv").write_text("1,2,3\n1,2\n", encoding="utf-8")
    assert "line 2 of 'bad.csv' has 2 numbers: the network needs 3" in failed(capsys, "xor", "--data", "bad.csv")


def test_a_bad_model_file_is_told(capsys):
    Path("bad.json").write_text("{}", encoding="utf-8")
    assert "cannot read 'bad.json'" in failed(capsys, "bad.json")


def test_a_model_without_weights_has_nothing_to_show(capsys):
    nn.save(Sequential(nn.Tanh()), "empty.json")
    assert "the model of empty.json has no parameters" in failed(capsys, "empty.json")


def test_a_model_too_large_for_a_page_is_refused_at_once(capsys):
    nn.save(MLP(100, [30, 1], generator=Random(0)), "large.json")
    assert "has 3,061 parameters: a page shows 3,000 at most" in failed(capsys, "large.json")


def test_a_page_that_cannot_be_written_leaves_the_old_one(capsys, monkeypatch):
    assert main(["page", "and", "--rounds", "1"]) == 0
    capsys.readouterr()
    old = Path("and.html").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "No space left on device" in failed(capsys, "and", "--rounds", "2")
    assert Path("and.html").read_bytes() == old


# The browser.


def test_open_hands_the_page_to_the_browser(asked, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert main(["page", "xor", "--open", "--out", "a page.html"]) == 0
    assert opened == [(Path.cwd() / "a page.html").as_uri()]
    assert opened[0].startswith("file:///")
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["page", "xor"]) == 0
    assert len(opened) == 1


def test_without_a_browser_the_page_is_named(asked, capsys, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert main(["page", "xor", "--open"]) == 0
    assert capsys.readouterr().out.endswith("no browser could be opened: open xor.html in one\n")


def test_the_help_has_examples(capsys):
    assert status_of("--help") == 0
    out = capsys.readouterr().out
    for words in ("python -m nn page xor --open", "--data", "article, xor, and, or, nand, moons", "--no-biases"):
        assert words in " ".join(out.split())
