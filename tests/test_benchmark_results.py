"""No issue loses what an earlier one gained in speed without its being seen: the rows of benchmarks/results.json."""

import json
from pathlib import Path

import pytest

ROWS = json.loads((Path(__file__).parent / "benchmarks" / "results.json").read_text(encoding="utf-8"))
GROWN = 1.1  # as in benchmarks/record.py


def unexplained(rows):
    """The benchmarks of the last row that are slower than the best before, and have no reason; with both ratios."""
    *before, last = rows
    best = {}
    for row in before:
        for what, ratio in row["ratios"].items():
            best[what] = min(ratio, best.get(what, ratio))
    return {
        what: (best[what], ratio)
        for what, ratio in last["ratios"].items()
        if ratio > GROWN * best.get(what, ratio) and not last["reasons"].get(what)
    }


@pytest.mark.parametrize("count", range(1, len(ROWS) + 1), ids=[row["name"] for row in ROWS])
def test_what_a_row_lost_it_gives_a_reason_for(count):
    assert unexplained(ROWS[:count]) == {}


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_row_has_every_benchmark_of_those_before_it(row):
    before = ROWS[: ROWS.index(row)]
    assert set().union(*(each["ratios"] for each in before)) <= row["ratios"].keys()
    assert row["reasons"].keys() <= row["ratios"].keys()
    assert all(0.0 < ratio < 1e6 for ratio in row["ratios"].values())


def test_a_loss_is_seen():
    rows = [{"ratios": {"a": 1.0}, "reasons": {}}, {"ratios": {"a": 0.5}, "reasons": {}}]
    assert unexplained([*rows, {"ratios": {"a": 0.54}, "reasons": {}}]) == {}
    assert unexplained([*rows, {"ratios": {"a": 0.56}, "reasons": {}}]) == {"a": (0.5, 0.56)}
    assert unexplained([*rows, {"ratios": {"a": 0.56}, "reasons": {"a": "exact now, where it was wrong"}}]) == {}
