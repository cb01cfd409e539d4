"""Learning-rate schedules beside PyTorch's, inside compiled loops, and their errors."""

from __future__ import annotations

import math

import pytest
from pytorch_numbers import cases

from autograd import jit, scan
from nn.optimizers import schedules

OURS = {
    "step_decay": schedules.step_decay(0.4, 3, gamma=0.5),
    "exponential": schedules.exponential(0.4, 0.9),
    "cosine": schedules.cosine(0.4, 11, lowest=0.02),
    "linear": schedules.linear(0.4, 5, first=0.25),
    "sequence": schedules.sequence([schedules.linear(0.4, 4, first=0.25), schedules.exponential(0.4, 0.9)], [4]),
    "product": schedules.product(schedules.linear(0.4, 4, first=0.25), schedules.exponential(1.0, 0.9)),
}


def test_every_schedule_of_pytorch_that_is_stored_is_compared():
    assert [case["name"] for case in cases("schedules")] == list(OURS)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in cases("schedules")])
def test_the_rates_are_those_of_pytorch(case):
    schedule = OURS[case["name"]]
    assert [schedule(step) for step in range(12)] == pytest.approx(case["rates"], rel=1e-14)
    assert all(type(schedule(step)) is float for step in (0, 3.0, 11))


@pytest.mark.parametrize("name", OURS)
def test_a_schedule_in_a_compiled_loop_gives_the_same_rates(name):
    schedule = OURS[name]
    steps = [float(step) for step in range(20)]
    _, rates = jit(lambda steps: scan(lambda state, step: (state, schedule(step)), 0.0, steps))(steps)
    assert rates == pytest.approx([schedule(step) for step in range(20)], rel=1e-14)


def test_the_ends_of_the_schedules():
    assert schedules.constant(0.25)(10**6) == 0.25
    assert [schedules.cosine(1.0, 10, lowest=0.125)(step) for step in (0, 10, 11, 10**6)] == [1.0, 0.125, 0.125, 0.125]
    assert schedules.cosine(1.0, 8)(2) == pytest.approx((1.0 + math.sqrt(0.5)) / 2.0, rel=1e-15)
    assert schedules.linear(1.0, 4, first=1.0, last=0.5)(99) == 0.5
    assert schedules.exponential(1.0, 0.5)(5000) == 0.0
    three = schedules.sequence([schedules.constant(rate) for rate in (1.0, 2.0, 3.0)], [2, 5])
    assert [three(step) for step in range(7)] == [1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0]
    assert schedules.sequence([schedules.constant(0.5)], [])(7) == 0.5
    halves = schedules.sequence([schedules.exponential(1.0, 0.5)] * 3, [2, 5])
    assert [halves(step) for step in range(7)] == [1.0, 0.5, 1.0, 0.5, 0.25, 1.0, 0.5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.constant(-0.1), "lr is a number from 0 up"),
        (lambda: schedules.constant(math.nan), "lr is a number from 0 up"),
        (lambda: schedules.step_decay(0.1, 0), "size is a whole number of steps from 1 up, not 0"),
        (lambda: schedules.step_decay(0.1, 2.5), "size is a whole number of steps"),
        (lambda: schedules.step_decay(0.1, 2, gamma=-1.0), "gamma"),
        (lambda: schedules.exponential(0.1, "half"), "gamma"),
        (lambda: schedules.cosine(0.1, 0), "steps"),
        (lambda: schedules.cosine(0.1, 10, lowest=-1.0), "lowest"),
        (lambda: schedules.linear(0.1, 10, first=-1.0), "first"),
        (lambda: schedules.linear(0.1, 10, last=math.inf), "last"),
        (lambda: schedules.sequence([], []), "0 schedules"),
        (lambda: schedules.sequence([schedules.constant(0.1)] * 2, []), "2 schedules has 1 milestones between them, 0"),
        (lambda: schedules.sequence([schedules.constant(0.1)] * 3, [5, 5]), "each after the one before"),
        (lambda: schedules.sequence([schedules.constant(0.1)] * 2, [0]), "from 1 up"),
        (lambda: schedules.product(), "one schedule at least"),
    ],
)
def test_what_makes_no_schedule_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
