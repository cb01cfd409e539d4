"""Losses: one number that says how far predictions are from their targets."""

from __future__ import annotations

from typing import Any

from autograd import ShapeError, Value


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
    errors = [0.5 * (target - prediction) ** 2 for prediction, target in zip(predictions, targets)]
    total: Value = errors[0]
    for error in errors[1:]:
        total = total + error
    return total
