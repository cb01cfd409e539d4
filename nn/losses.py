"""Losses: one number that says how far predictions are from their targets.

All but `half_squared_error` return the mean over the entries, as PyTorch's do; `reduction` is "mean", "sum", or "none"
for the losses themselves. They take numbers or Values, alone or in nests: a list, a tuple and an array of the same
length go together. None of them decides by a number, so that each can be compiled and batched.

Predictions may be infinite: a loss is then its limit, and its derivatives are those of the limit. Where the limit
depends on the way there, as of two infinite logits, and where a number is nan, the loss is nan.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from math import inf, nan
from typing import Any

from autograd import (
    ShapeError,
    Value,
    absolute,
    equal,
    greater,
    less,
    less_equal,
    log,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    power,
    relu,
    softplus,
    sqrt,
    sum,
    where,
)
from nn.nests import flatten, is_sequence, listed, pairwise

_NAMES = ("predictions", "targets")


def half_squared_error(predictions: Any, targets: Any) -> Value:
    """The sum of ½ (target - prediction)² over all predictions.

    Parameters: a prediction and a target, or sequences of the same length of them; Values or numbers.

    Raises: `ShapeError` where the lengths differ.

    Source: the article's E_o1 and E_total; the ½ makes its derivative prediction - target.

    >>> half_squared_error([Value(1.0), Value(2.0)], [0.0, 4.0]).data
    2.5
    """
    if not hasattr(predictions, "__len__"):
        predictions, targets = [predictions], [targets]
    if not hasattr(targets, "__len__") or len(predictions) != len(targets):
        given = len(targets) if hasattr(targets, "__len__") else "one"
        raise ShapeError(f"the number of predictions is {len(predictions)}, that of targets {given}")
    if not len(predictions):
        raise ShapeError("a loss needs one prediction at least")
    errors = [0.5 * power(target - prediction, 2.0) for prediction, target in zip(predictions, targets)]
    total: Value = errors[0]
    for error in errors[1:]:
        total = total + error
    return total


def mean_squared_error(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean of (prediction - target)².

    Parameters: `predictions` and `targets`, numbers or nests of the same structure; `reduction`, as said above.

    Raises: `ShapeError` where the structures differ, or are empty; `ValueError` for another reduction.

    >>> mean_squared_error([1.0, 2.0], [0.0, 5.0])
    5.0
    """

    def loss(prediction: Any, target: Any) -> Any:
        difference = prediction - target
        return difference * difference

    return _reduced(loss, predictions, targets, reduction)


def binary_cross_entropy(probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean of -(t·log p + (1 - t)·log(1 - p)), from probabilities p.

    Each logarithm is -100 at the least, as in PyTorch; beyond it the derivative is 0. (PyTorch's own derivative is not
    that of its loss there: it divides by 1e-12 where p·(1 - p) is less.) From logits take
    `binary_cross_entropy_with_logits`, which needs no such limit.

    Parameters: `probabilities` and `targets`, from 0 to 1; otherwise as for `mean_squared_error`. The loss is nan for
    a probability outside.

    >>> round(binary_cross_entropy(0.5, 1.0), 6)
    0.693147
    """

    def loss(p: Any, t: Any) -> Any:
        return -(t * maximum(log(p), -100.0) + (1.0 - t) * maximum(log1p(-p), -100.0))

    return _reduced(loss, probabilities, targets, reduction)


def binary_cross_entropy_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean of -(t·log p + (1 - t)·log(1 - p)) for p = sigmoid(logit).

    It is computed as t·softplus(-x) + (1 - t)·softplus(x), which neither overflows nor loses a tail: a confident right
    answer still has a loss above 0, and a derivative. Of an infinite logit it is 0 where the target is sure of the same
    class, else inf.

    Parameters: `logits`, any numbers; `targets`, from 0 to 1; otherwise as for `mean_squared_error`.

    >>> binary_cross_entropy_with_logits([-1000.0, 1000.0], [1.0, 1.0], reduction="none")
    [1000.0, 0.0]
    """

    def loss(x: Any, t: Any) -> Any:
        return _weighted(t, softplus(-x)) + _weighted(1.0 - t, softplus(x))

    return _reduced(loss, logits, targets, reduction)


def cross_entropy(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """The mean of -log softmax(logits)[class].

    With the class k it is computed as softplus(logsumexp(the other logits) - logit k), which is exact in both tails. A
    class of the logit -inf, as behind a mask, has the probability 0: it costs nothing where its target is 0, else inf.
    One logit inf has the probability 1. The loss is nan where several are inf, or all are -inf.

    Parameters: `logits`, a sequence with one number for each class, or a sequence of such sequences; `targets`, for
    each of them a class from 0 up, or a sequence with the probability of each class. A class may be a Value, as in a
    compiled function; then the loss is nan where there is no such class.

    Raises: `ShapeError` where lengths differ; `ValueError` for a class that there is not; `TypeError` for one that is
    no whole number.

    Source: PyTorch's `cross_entropy`, without its class weights and its label smoothing.

    >>> round(cross_entropy([2.0, 1.0, 0.1], 0), 6)
    0.41703
    >>> round(cross_entropy([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], [0, 2]), 6)
    0.757821
    """
    _check_reduction(reduction)
    if not is_sequence(logits) or not len(logits):
        raise ShapeError(f"cross_entropy takes a logit for each class, as [2.0, 1.0, 0.1], not {logits!r:.60}")
    rows = listed(logits)
    if not is_sequence(rows[0]):
        return _cross_entropy_of_one(rows, targets)
    if not is_sequence(targets) or len(targets) != len(rows):
        given = len(targets) if is_sequence(targets) else "one"
        raise ShapeError(f"the number of predictions is {len(rows)}, that of targets {given}")
    losses = [_cross_entropy_of_one(listed(row), target) for row, target in zip(rows, listed(targets))]
    return losses if reduction == "none" else sum(losses) if reduction == "sum" else mean(losses)


def _cross_entropy_of_one(logits: Any, target: Any) -> Any:
    if is_sequence(target):
        if len(target) != len(logits):
            raise ShapeError(f"there are {len(logits)} logits, and {len(target)} probabilities: give one for each")
        sure = where(_several_infinite(logits), nan, inf)  # a lone logit inf, of which log_softmax is inf - inf
        costs = [where(equal(x, sure), 0.0, -logarithm) for x, logarithm in zip(logits, log_softmax(logits))]
        return sum([_weighted(t, cost) for t, cost in zip(listed(target), costs)])
    if isinstance(target, Value):
        chosen: Any = nan
        for i, logit in enumerate(logits):
            chosen = where(equal(target, float(i)), logit, chosen)
        return _against(chosen, [where(equal(target, float(i)), -inf, logit) for i, logit in enumerate(logits)])
    index = _class(target)
    if not 0 <= index < len(logits):
        raise ValueError(f"a class is a whole number from 0 to {len(logits) - 1}, as there are logits, not {target!r}")
    return _against(logits[index], [*logits[:index], *logits[index + 1 :]])


def _against(chosen: Any, others: list[Any]) -> Any:
    """The cross-entropy of one class, from its logit and the others'; 0 where no other has a probability."""
    shift = where(less(absolute(chosen), inf), chosen, 0.0)  # before the logarithm, whose digits a common offset takes
    rest = logsumexp([other - shift for other in others])
    rest = where(_several_infinite(others), rest - rest, rest)  # nan, also in its derivatives
    return where(equal(rest, -inf) & greater(chosen, -inf), 0.0, softplus(rest - (chosen - shift)))


def _several_infinite(logits: Iterable[Any]) -> Any:
    one: Any = False
    several: Any = False
    for logit in logits:
        here = logit == inf
        one, several = one | here, (one & here) | several
    return several


def _weighted(weight: Any, cost: Any) -> Any:
    """Their product, but 0 for the weight 0 of an infinite cost; there the derivative by the weight is infinite."""
    return where(equal(weight, 0.0) & equal(cost, inf), sqrt(weight), weight * cost)


def _class(target: Any) -> int:
    if isinstance(target, float) and target.is_integer():  # as in an array of numbers
        return int(target)
    try:
        return operator.index(target)
    except TypeError:
        raise TypeError(
            f"a class is a whole number, not {target!r:.60}; for probabilities give a sequence, one for each class"
        ) from None


def hinge(scores: Any, targets: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """The mean of max(0, margin - target·score): micrograd's max-margin loss.

    The derivative is 0 where the target's side is reached by exactly the margin, as relu's is at 0.

    Parameters: `scores`, numbers or nests of them; `targets`, -1 or 1, in the same structure; `margin`, a number;
    `reduction`, as said above.

    Sources: Cortes and Vapnik (1995), doi:10.1007/BF00994018; micrograd's demonstration.

    >>> hinge([0.5, -3.0], [1.0, -1.0])
    0.25
    """
    return _reduced(lambda score, target: relu(margin + -target * score), scores, targets, reduction)


def huber(predictions: Any, targets: Any, delta: Any = 1.0, reduction: str = "mean") -> Any:
    """The mean of ½ d² where |d| ≤ delta, elsewhere delta·(|d| - ½ delta), with d = prediction - target.

    Parameters: as for `mean_squared_error`; `delta`, a positive number.

    Raises: as `mean_squared_error`; `ValueError` for a delta that is not positive.

    Source: Huber (1964), doi:10.1214/aoms/1177703732.

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none")
    [0.125, 2.5]
    """
    if not isinstance(delta, Value) and not delta > 0.0:
        raise ValueError(f"delta is a positive number, where the loss turns from a parabola to a line, not {delta!r}")

    def loss(prediction: Any, target: Any) -> Any:
        difference = prediction - target  # the parabola is of it, for its distance has a kink at 0
        distance = absolute(difference)
        return where(less_equal(distance, delta), 0.5 * difference * difference, delta * (distance - 0.5 * delta))

    return _reduced(loss, predictions, targets, reduction)


def l1_penalty(parameters: Any, strength: Any = 1.0) -> Any:
    """strength·Σ|parameter|, to be added to a loss; the derivative at 0 is 0.

    Parameters: `parameters`, a nest or an iterable of numbers, such as `model.parameters()`; `strength`, a number.

    >>> l1_penalty([1.0, -2.0], 0.5)
    1.5
    """
    return strength * sum([absolute(number) for number in _numbers(parameters)])


def l2_penalty(parameters: Any, strength: Any = 1.0) -> Any:
    """strength·Σ parameter², to be added to a loss: micrograd's. An SGD `weight_decay` of w is a strength of w/2.

    Parameters: as for `l1_penalty`.

    >>> l2_penalty([1.0, -2.0], 0.5)
    2.5
    """
    return strength * sum([number * number for number in _numbers(parameters)])


def _numbers(parameters: Any) -> list[Any]:
    nest = parameters
    if isinstance(nest, Iterable) and not isinstance(nest, dict) and not is_sequence(nest):
        nest = list(nest)
    return flatten(nest)[0]


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")


def _reduced(loss: Callable[[Any, Any], Any], predictions: Any, targets: Any, reduction: str) -> Any:
    _check_reduction(reduction)
    losses = pairwise(loss, predictions, targets, _NAMES)
    if reduction == "none":
        return losses
    numbers = flatten(losses)[0]
    if not numbers:
        raise ShapeError("a loss needs one prediction at least")
    if len(numbers) == 1:
        return numbers[0]
    return sum(numbers) if reduction == "sum" else mean(numbers)
