"""Learning-rate schedules: functions of the step that return the learning rate, `optimizer.lr = schedule(epoch)`.

A step is a whole number from 0 up, an epoch or a batch, as one likes. Each schedule is a pure function that also runs
inside compiled loops. The formulas are the closed forms of PyTorch's `torch.optim.lr_scheduler`, whose class is named
with each. A schedule that starts from 1.0 is a factor: `product` multiplies with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, pi
from numbers import Real
from typing import Any

from autograd import cos, floor_divide, less, minimum, power, where

Schedule = Callable[[Any], Any]


def constant(lr: float) -> Schedule:
    """The same learning rate at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    _check("lr", lr)
    return lambda step: lr


def step_decay(lr: float, size: int, gamma: float = 0.1) -> Schedule:
    """lr·gamma^⌊step / size⌋: a drop every `size` steps (PyTorch's StepLR).

    >>> decay = step_decay(0.5, size=10, gamma=0.5)
    >>> decay(0), decay(9), decay(10), decay(20)
    (0.5, 0.5, 0.25, 0.125)
    """
    _check("lr", lr)
    _check("gamma", gamma)
    _check_count("size", size)
    return lambda step: lr * power(gamma, floor_divide(step, float(size)))


def exponential(lr: float, gamma: float) -> Schedule:
    """lr·gamma^step (PyTorch's ExponentialLR).

    >>> exponential(0.5, 0.5)(2)
    0.125
    """
    _check("lr", lr)
    _check("gamma", gamma)
    return lambda step: lr * power(gamma, step)


def cosine(lr: float, steps: int, lowest: float = 0.0) -> Schedule:
    """Half a wave down from lr to `lowest`: lowest + ½(lr - lowest)·(1 + cos(π·step / steps)).

    After `steps` it stays at `lowest`, where PyTorch's CosineAnnealingLR goes up again.

    Source: Loshchilov and Hutter (2017), arXiv:1608.03983, equation 5, without restarts.

    >>> [round(cosine(0.1, 4)(step), 6) for step in (0, 1, 2, 4, 9)]
    [0.1, 0.085355, 0.05, 0.0, 0.0]
    """
    _check("lr", lr)
    _check("lowest", lowest)
    _check_count("steps", steps)
    return lambda step: lowest + (lr - lowest) * (1.0 + cos(pi * minimum(step, float(steps)) / steps)) / 2.0


def linear(lr: float, steps: int, first: float = 1 / 3, last: float = 1.0) -> Schedule:
    """A line from lr·first to lr·last in so many steps, and lr·last from there on (PyTorch's LinearLR).

    With the defaults it is a warm-up.

    >>> warm_up = linear(0.4, steps=2, first=0.25)
    >>> warm_up(0), warm_up(1), warm_up(2), warm_up(9)
    (0.1, 0.25, 0.4, 0.4)
    """
    _check("lr", lr)
    _check("first", first)
    _check("last", last)
    _check_count("steps", steps)
    return lambda step: lr * (first + (last - first) * minimum(step, float(steps)) / steps)


def sequence(schedules: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after another, each counting from its own start (PyTorch's SequentialLR).

    Parameters: `schedules`; `milestones`, the steps at which the second and the later ones begin, one fewer.

    Raises: `ValueError` where the numbers do not fit, or the milestones do not go up.

    >>> warm_then_cosine = sequence([linear(0.1, 5), cosine(0.1, 95)], [5])
    >>> round(warm_then_cosine(0), 6), warm_then_cosine(5)
    (0.033333, 0.1)
    """
    if not schedules or len(milestones) != len(schedules) - 1:
        raise ValueError(
            f"a sequence of {len(schedules)} schedules has {max(len(schedules) - 1, 0)} milestones between them, "
            f"{len(milestones)} were given"
        )
    if any(milestone <= 0 for milestone in milestones) or list(milestones) != sorted(set(milestones)):
        raise ValueError(f"milestones are steps from 1 up, each after the one before, not {list(milestones)}")

    def schedule(step: Any) -> Any:
        rate = schedules[-1](step - milestones[-1] if milestones else step)
        starts = [0, *milestones[:-1]]
        for member, start, end in reversed(list(zip(schedules, starts, milestones))):
            rate = where(less(step, float(end)), member(step - start), rate)
        return rate

    return schedule


def product(*schedules: Schedule) -> Schedule:
    """The product of schedules, of which all but one are factors (PyTorch's ChainedScheduler).

    >>> product(exponential(0.5, 0.5), linear(1.0, steps=2, first=0.5))(1)
    0.1875
    """
    if not schedules:
        raise ValueError("a product needs one schedule at least: product(cosine(0.1, 100), linear(1.0, 5))")

    def schedule(step: Any) -> Any:
        rate = schedules[0](step)
        for factor in schedules[1:]:
            rate = rate * factor(step)
        return rate

    return schedule


def _check(name: str, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, Real) or not 0.0 <= float(number) < inf:
        raise ValueError(f"{name} is a number from 0 up, not {number!r:.60}")


def _check_count(name: str, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"{name} is a whole number of steps from 1 up, not {number!r:.60}")
