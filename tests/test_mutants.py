"""The script that tests the tests, on some of its mutants: all are killed, and a harmless one is not."""

import subprocess
import sys
from pathlib import Path

import mutants
import pytest

from autograd.primitives.table import TABLE

COUNTS = {"multiply": 12, "tanh": 6, "maximum": 12, "floor_divide": 6, "where": 15, "stop_gradient": 3, "less": 0}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_mutant_of_a_row_is_killed(name, count):
    made = list(mutants.mutants(TABLE[name]))
    assert len(made) == count
    assert [str(mutant) for mutant in made if mutant.killer() is None] == []


@pytest.mark.parametrize("place", ["everywhere", "on floats", "on nodes"])
def test_a_change_that_changes_nothing_survives(monkeypatch, place):
    monkeypatch.setitem(mutants.CHANGES, "nothing", lambda derivative: derivative * 1.0)
    assert mutants.Mutant(TABLE["tanh"], 0, "nothing", place).killer() is None


def test_the_right_rules_are_back_after_a_mutant():
    row = TABLE["tanh"]
    rules, step = row.partials, row.float_partials
    restore = mutants.Mutant(row, 0, "the sign flipped", "everywhere").install()
    assert row.partials[0](0.0, 0.0) == row.float_partials[0](0.0, 0.0) == -1.0
    restore()
    assert (row.partials, row.float_partials) == (rules, step)


def test_the_script_counts_its_mutants_and_names_the_survivors(monkeypatch, capsys):
    assert mutants.main(["rows", "negative"]) == 0
    assert "6 mutants made, 6 killed" in capsys.readouterr().out
    monkeypatch.setitem(mutants.CHANGES, "the sign flipped", lambda derivative: derivative)
    assert mutants.main(["rows", "negative"]) == 1
    assert "survived: negative, argument 1: the sign flipped, everywhere" in capsys.readouterr().out


def test_a_share_of_the_mutants_of_the_passes_is_killed():
    # In a process of its own, which forks one for each mutant.
    command = [sys.executable, str(Path(mutants.__file__)), "passes", "rewriting", "12"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "killed" in found.stdout
