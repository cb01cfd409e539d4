"""Recorded frames: what the engine itself has after some rounds of training, for the page to be compared with."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from autograd import Value, fori_loop, jit, no_grad
from nn.files.export import evaluating
from nn.modules.module import Module
from nn.optimizers.optimizers import SGD
from nn.page.sets import TrainingSet
from nn.training.epochs import Epochs, Loss, as_arrays

MOST_ROUNDS = 10_000  # recorded by default; the article trains as long
COMPILED_WORK, EAGER_WORK = 20_000_000, 250_000  # parameters × samples × rounds that take a few seconds at most


def record_frames(
    model: Module,
    error: Loss,
    training_set: TrainingSet,
    lr: float,
    biases: bool = True,
    rounds: int = MOST_ROUNDS,
    progress: bool = True,
) -> dict[str, list[Any]]:
    """Train by plain gradient descent, and note error and parameters after some rounds; the model itself stays.

    A round takes all samples at once, and changes every parameter by the learning rate times the derivative of their
    mean error. It runs as native code where the extra `jit` and NumPy are there; the numbers are the same to 1e-10.

    Parameters
    - `model`, whose parameters are where it starts, and keep their numbers;
    - `error(prediction, target)`, of one sample: the prediction as the model returns it, the target a list of numbers
      where the prediction is one, else a number;
    - `training_set`, the samples; `lr`, the learning rate;
    - `biases`, False to leave them as they are: the parameters called b or bias (see `is_bias`);
    - `rounds`, how many to train; `progress`, False for no progress bar.

    Returns a dict: "rounds", those that are noted, 0, 1, 2, 5, 10, 20, 50 and so on with the last; "errors", the mean
    error after each; "parameters", the numbers of `model.parameters()` after each. Where error or parameters turn nan
    or infinite, the frames before stay, and no more come.

    Raises: `ShapeError` where model, error and samples do not fit together; `ValueError` for a learning rate that is
    not positive.

    >>> from nn.modules.layers import MLP
    >>> from nn.losses import half_squared_error
    >>> line = MLP(1, [1])
    >>> line.load_state_dict({"layers.0.neurons.0.w.0": 0.0, "layers.0.neurons.0.b": 0.0})
    Unmatched(missing=[], extra=[])
    >>> record_frames(line, half_squared_error, TrainingSet("one", "", ((1.0,),), ((1.0,),)), lr=0.25, rounds=2)
    {'rounds': [0, 1, 2], 'errors': [0.5, 0.125, 0.03125], 'parameters': [[0.0, 0.0], [0.25, 0.25], [0.375, 0.375]]}
    """
    paths, parameters = [path for path, _ in model.named_parameters()], model.parameters()
    samples = (list(map(list, training_set.inputs)), list(map(list, training_set.targets)))
    epochs = Epochs(model, fitting(error), SGD(parameters, lr=lr))
    train = (_native if _can_compile() else _eager)(epochs, samples, [biases or not is_bias(path) for path in paths])
    numbers = [parameter.data for parameter in parameters]
    frames: dict[str, list[Any]] = {"rounds": [], "errors": [], "parameters": []}
    # No part of the model may draw random numbers: the page must find the same ones.
    with evaluating(model), _progress_bar(rounds, progress) as bar:
        for before, mark in pairwise([0, *frame_rounds(rounds)]):
            numbers, found = train(numbers, mark - before)
            if not all(map(math.isfinite, (*numbers, found))):
                break
            frames["rounds"].append(mark)
            frames["errors"].append(found)
            frames["parameters"].append(numbers)
            if bar is not None:
                bar.update(mark - before)
    return frames


def frame_rounds(rounds: int) -> list[int]:
    """The rounds that are noted: 0, then 1, 2 and 5 times each power of ten below `rounds`, and `rounds` itself.

    Raises: `ValueError` for a number that is not a whole one from 0 up.

    >>> frame_rounds(70)
    [0, 1, 2, 5, 10, 20, 50, 70]
    """
    if not isinstance(rounds, int) or rounds < 0:
        raise ValueError(f"the rounds to record are a whole number from 0 up, not {rounds!r:.60}")
    steps = (digit * 10**power for power in range(len(str(rounds))) for digit in (1, 2, 5))
    return [0, *(step for step in steps if step < rounds), *([rounds] if rounds else [])]


def default_rounds(parameters: int, samples: int) -> int:
    """How many rounds are recorded where nobody says: as many as take a few seconds, and 10,000 at most.

    Parameters: `parameters`, how many the model has; `samples`, how many the training set has.

    >>> default_rounds(9, 4) <= 10_000
    True
    """
    work = COMPILED_WORK if _can_compile() else EAGER_WORK
    possible = min(max(work // (max(parameters, 1) * max(samples, 1)), 1), MOST_ROUNDS)
    return max(mark for mark in frame_rounds(MOST_ROUNDS) if mark <= possible)


def is_bias(path: str) -> bool:
    """Whether the parameter at this path of `named_parameters` is a bias: b of a `Neuron`, bias of a `Linear`.

    >>> is_bias("layers.0.neurons.1.b"), is_bias("0.bias.2"), is_bias("layers.0.neurons.1.w.0")
    (True, True, False)
    """
    names = [part for part in path.split(".") if not part.isdecimal()]
    return bool(names) and names[-1] in ("b", "bias")


def fitting(error: Loss) -> Loss:
    """An error that hands the targets of a training set on as its predictions are: one number, or a list of them.

    Parameters: `error(prediction, target)`. The function that is returned takes the target as a list always, and hands
    a list on where there are as many predictions in a sequence; a single target it hands on as a number.

    >>> from nn.losses import half_squared_error
    >>> fitting(half_squared_error)(1.0, [0.0])
    0.5
    """

    def of_sample(prediction: Any, target: Sequence[Any]) -> Any:
        several = hasattr(prediction, "__len__") and len(prediction) == len(target)
        return error(prediction, list(target) if several or len(target) > 1 else target[0])

    return of_sample


def _can_compile() -> bool:
    return find_spec("llvmlite") is not None and find_spec("numpy") is not None


Samples = tuple[Any, Any]
Train = Callable[[list[float], int], tuple[list[float], float]]


def _native(epochs: Epochs, samples: Samples, trained: list[bool]) -> Train:
    """So many rounds as one native loop, whose length is not compiled in: one program serves all frames."""

    def all_rounds(numbers: list[Any], rounds: Any, inputs: Any, targets: Any) -> tuple[list[Any], Any]:
        def one_round(_: Any, numbers: list[Any]) -> list[Any]:
            return _round(epochs, numbers, (inputs, targets), trained)

        numbers = fori_loop(0, rounds, one_round, numbers)
        return numbers, epochs.objective(numbers, inputs, targets)

    program, arrays = jit(all_rounds), as_arrays(samples)

    def train(numbers: list[float], rounds: int) -> tuple[list[float], float]:
        numbers, found = program(numbers, float(rounds), *arrays)
        return list(map(float, numbers)), float(found)

    return train


def _eager(epochs: Epochs, samples: Samples, trained: list[bool]) -> Train:
    """The same round by round in Python."""

    def train(numbers: list[float], rounds: int) -> tuple[list[float], float]:
        for _ in range(rounds):
            numbers = _round(epochs, numbers, samples, trained)
            if not all(map(math.isfinite, numbers)):
                return numbers, math.nan
        with no_grad():
            return numbers, epochs.objective(list(map(Value, numbers)), *samples).data

    return train


def _round(epochs: Epochs, numbers: list[Any], samples: Samples, trained: list[bool]) -> list[Any]:
    """The parameters after one more round; those not trained are as they were."""
    rate, state = float(epochs.optimizer.lr), epochs.optimizer.state
    new, _, _ = epochs.step(numbers, state, rate, *samples)
    return [after if moves else before for before, after, moves in zip(numbers, new, trained)]


def _progress_bar(rounds: int, wanted: bool) -> AbstractContextManager[Any]:
    """A progress bar, where tqdm is installed (the extra `progress`) and a person is watching; else None."""
    if not wanted or find_spec("tqdm") is None:
        return nullcontext()
    from tqdm import tqdm

    bar: AbstractContextManager[Any] = tqdm(
        total=rounds, desc="recording", unit=" rounds", disable=None, leave=False, file=sys.stderr
    )
    return bar
