"""One epoch of training: batch by batch in Python, or as one native program. Both give the same numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autograd import TraceError, Value, array, jit, rerun_context, scan, value_and_grad, vmap, where
from nn.modules.module import Module
from nn.modules.objective import Objective, only_in_python, warn_of_python
from nn.modules.replacements import layers_in_arrays
from nn.optimizers.clipping import clipped_by_norm
from nn.optimizers.optimizers import Optimizer

Loss = Callable[[Any, Any], Any]


class Epochs:
    """What an epoch needs, and how one runs in Python.

    Parameters: `clip_norm`, the largest norm of a batch's gradient, or None; `penalty`, a function of the list of
    parameters whose value is added to the loss, or None.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        clip_norm: float | None = None,
        penalty: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.clip_norm, self.penalty = clip_norm, penalty
        by_value = {value: path for path, value in model.named_parameters()}
        missing = [value for value in optimizer.parameters if value not in by_value]
        if missing:
            raise ValueError(
                f"the optimizer has a parameter that is not the model's: {missing[0]!r}; make it with "
                f"{type(optimizer).__name__}(model.parameters(), ...)"
            )
        self.paths = [by_value[value] for value in optimizer.parameters]
        self.mean = Objective(model, self._mean, loss, penalty)
        self.fixed: dict[str, float] = {}  # the numbers of the parameters that are not trained, for a step in Python

    def objective(self, numbers: Sequence[Any], inputs: Any, targets: Any, present: Any = None) -> Any:
        """The mean loss of a batch, with these numbers in the place of the trained parameters.

        Where `present` is given, with 1.0 or 0.0 for each sample, only those count that have a 1.0.
        """
        numbers = list(numbers)
        return self.mean.at(self.fixed | dict(zip(self.paths, numbers)), numbers, inputs, targets, present)

    def _mean(self, numbers: list[Any], inputs: Any, targets: Any, present: Any) -> Any:
        def sample(x: Any, y: Any) -> Any:
            return self.loss(self.model(x), y)

        def counted(x: Any, y: Any, here: Any) -> Any:
            return where(here > 0.5, sample(x, y), 0.0), here

        if present is None:
            mean = vmap(sample, reduce="mean")(inputs, targets)
        else:
            total, count = vmap(counted, reduce="sum")(inputs, targets, present)
            mean = total / count
        return mean if self.penalty is None else mean + self.penalty(numbers)

    def step(
        self, numbers: Any, state: Any, lr: Any, inputs: Any, targets: Any, present: Any = None
    ) -> tuple[Any, Any, Any]:
        """One batch: the new numbers, the optimizer's new state, and the loss before the step."""
        value, gradient = value_and_grad(self.objective)(numbers, inputs, targets, present)
        if self.clip_norm is not None:
            gradient, _ = clipped_by_norm(gradient, self.clip_norm)
        numbers, state = self.optimizer.update(numbers, gradient, state, lr)
        return numbers, state, value

    def run(self, batches: Sequence[tuple[Any, Any]]) -> list[float]:
        """Train on the batches in turn; returns the loss of each. The model and the optimizer then have the result."""
        losses = []
        self.fixed = {path: value.data for path, value in self.model.named_parameters() if path not in self.paths}
        for inputs, targets in batches:
            numbers = [parameter.data for parameter in self.optimizer.parameters]
            rate = float(self.optimizer.lr)
            numbers, state, value = self.step(numbers, self.optimizer.state, rate, inputs, targets)
            self.mean.require_through_model(dict(zip(self.paths, self.optimizer.parameters)), [value])
            self.keep(_numbers(numbers), _numbers(state))
            losses.append(_number(value))
            if not math.isfinite(losses[-1]):
                break
        self.fixed = {}  # a compiled epoch reads them where they are
        return losses

    def keep(self, numbers: Sequence[float], state: Any) -> None:
        self.optimizer.state = state
        for parameter, number in zip(self.optimizer.parameters, numbers):
            parameter.data = number

    def evaluate(self, inputs: Any, targets: Any) -> tuple[list[Any], list[float]]:
        """The prediction for each sample, and its loss."""
        predictions, losses = [], []
        for x, y in zip(inputs, targets):
            prediction = self.model(_plain(x))
            losses.append(_number(self.loss(prediction, _plain(y))))
            predictions.append(_numbers(prediction))
        return predictions, losses


class CompiledEpochs(Epochs):
    """The same, all batches of an epoch in one native program: forward, backward and the optimizer's step."""

    def __init__(self, *args: Any, required: bool = False) -> None:
        super().__init__(*args)
        self.required = required  # or else what cannot be compiled runs in Python
        self.epoch = jit(self._epoch)
        self.samples = Objective(self.model, vmap(self._sample), self.loss)
        self.predict = jit(self._predict)
        self.in_python = False

    def objective(self, numbers: Any, *batch: Any) -> Any:
        if not hasattr(numbers, "shape"):  # a step in Python
            return super().objective(numbers, *batch)
        elements = list(numbers)
        with rerun_context(partial(layers_in_arrays, numbers, elements)):
            return super().objective(elements, *batch)

    def _predict(self, numbers: Any, inputs: Any, targets: Any) -> Any:
        elements = list(numbers)
        with layers_in_arrays(numbers, elements):
            return self.samples.at(dict(zip(self.paths, elements)), inputs, targets)

    def _epoch(self, numbers: Any, state: Any, lr: Any, inputs: Any, targets: Any, present: Any) -> Any:
        def batch(carry: Any, xy: Any) -> Any:
            numbers, state, value = self.step(carry[0], carry[1], lr, *xy)
            return (array(numbers), _columns(state, array)), value  # an optimizer of one's own may return lists

        batches = (inputs, targets) if present is None else (inputs, targets, present)
        (numbers, state), losses = scan(batch, (numbers, state), batches)
        return numbers, state, losses

    def _sample(self, x: Any, y: Any) -> Any:
        prediction = self.model(x)
        return prediction, self.loss(prediction, y)

    def run(self, batches: Sequence[tuple[Any, Any]]) -> list[float]:
        if self.in_python:
            return super().run(batches)
        import numpy

        state = _columns(self.optimizer.state, partial(numpy.array, dtype=float))
        inputs, targets, present = _stacked(batches)
        rate = float(self.optimizer.lr)
        try:
            numbers, state, column = self.epoch(self._start(), state, rate, inputs, targets, present)
        except TraceError as error:
            self._give_up(error)
            return super().run(batches)
        if only_in_python(self.epoch, self.optimizer.parameters):
            losses, self.in_python = super().run(batches), True
            warn_of_python(self.epoch)
            return losses
        numbers, losses = _numbers(numbers), [*_numbers(column)]
        if not all(map(math.isfinite, (*losses, *numbers))):
            return super().run(batches)  # one by one, so that the first bad step and its parameter can be named
        self.keep(numbers, _numbers(state))
        return losses

    def _start(self) -> Any:
        """The numbers of the trained parameters as they are now."""
        import numpy

        return numpy.array([parameter.data for parameter in self.optimizer.parameters], dtype=float)

    def evaluate(self, inputs: Any, targets: Any) -> tuple[list[Any], list[float]]:
        if self.in_python:
            return super().evaluate(inputs, targets)
        try:
            predictions, losses = self.predict(self._start(), inputs, targets)
        except TraceError as error:
            self._give_up(error)
            return super().evaluate(inputs, targets)
        return _samples(predictions, len(inputs)), _samples(losses, len(inputs))

    def _give_up(self, error: TraceError) -> None:
        """Run in Python from now on. Raises the error where that is not wanted."""
        if self.required:
            raise error
        self.in_python = True
        message = f"the training is not compiled, and runs in Python, slowly: {error}"
        warnings.warn(message, RuntimeWarning, stacklevel=3)


def _stacked(batches: Sequence[tuple[Any, Any]]) -> tuple[Any, Any, Any]:
    """The batches as one array of inputs and one of targets, and which samples are there.

    A smaller last batch is filled up with its last sample, which then does not count; else the third is None.
    """
    import numpy

    size, last = len(batches[0][0]), len(batches[-1][0])
    if last == size:
        inputs, targets = (numpy.stack([batch[i] for batch in batches]) for i in range(2))
        return inputs, targets, None
    filled = [part.take([*range(last), *[last - 1] * (size - last)], axis=0) for part in batches[-1]]
    inputs, targets = (numpy.stack([*(batch[i] for batch in batches[:-1]), filled[i]]) for i in range(2))
    present = numpy.ones((len(batches), size))
    present[-1, last:] = 0.0
    return inputs, targets, present


def _columns(state: Any, array: Callable[[Any], Any]) -> Any:
    """An optimizer's state with arrays in the place of lists."""
    return {name: array(column) if isinstance(column, list) else column for name, column in state.items()}


def as_arrays(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    """Inputs and targets as NumPy arrays of floats."""
    import numpy

    return numpy.asarray(pair[0], dtype=float), numpy.asarray(pair[1], dtype=float)


def _samples(nest: Any, count: int) -> list[Any]:
    """The nest of each sample, in Python's floats, from a nest of arrays along the samples."""
    if isinstance(nest, dict):
        return [dict(zip(nest, items)) for items in _samples([*nest.values()], count)]
    if isinstance(nest, list | tuple):
        parts = [_samples(item, count) for item in nest]
        return [[part[i] for part in parts] for i in range(count)]
    samples: list[Any] = _numbers(nest)
    return samples


def _plain(item: Any) -> Any:
    """An array as lists of Python's numbers; anything else as it is."""
    return item.tolist() if hasattr(item, "tolist") else item


def _numbers(nest: Any) -> Any:
    """A nest with floats in the place of Values, and lists in that of arrays."""
    if hasattr(nest, "tolist"):
        return nest.tolist() if nest.dtype == float else _numbers(nest.tolist())
    if isinstance(nest, list | tuple):
        return [_numbers(item) for item in nest]
    if isinstance(nest, dict):
        return {key: _numbers(item) for key, item in nest.items()}
    return _number(nest)


def _number(item: Any) -> float:
    return item.data if isinstance(item, Value) else float(item)
