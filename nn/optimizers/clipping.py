"""Gradient clipping, with PyTorch's meaning: forms that change `.grad`, and pure ones for compiled functions."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from autograd import Value, absolute, divide, maximum, minimum, power, sqrt, sum
from nn.nests import flatten

_TINY = 1e-6  # PyTorch's: added to the norm before it divides


def clip_gradient_norm(parameters: Value | Iterable[Value], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale all gradients down together, in place, where their norm is above `max_norm`.

    Parameters: `parameters`, Values, such as `model.parameters()`; those without a gradient do not count; `max_norm`,
    from 0 up; `norm_type`, the p of the p-norm, positive; inf for the largest gradient.

    Returns the norm before. Raises: `ValueError` for a limit or a p outside its range, `TypeError` for what is no
    Value.

    Source: PyTorch's `clip_grad_norm_`: the factor is max_norm / (norm + 1e-6), and never above 1.

    >>> x, y = Value(3.0), Value(4.0)
    >>> (0.5 * (x * x + y * y)).backward()
    >>> clip_gradient_norm([x, y], 1.0)
    5.0
    >>> round(x.grad, 6), round(y.grad, 6)
    (0.6, 0.8)
    """
    present = _with_gradient(parameters)
    gradients, norm = clipped_by_norm([_number(parameter) for parameter in present], max_norm, norm_type)
    for parameter, gradient in zip(present, gradients):
        parameter.grad = gradient
    return float(norm)


def clip_gradient_value(parameters: Value | Iterable[Value], limit: float) -> None:
    """Bring each gradient, in place, into the range from -limit to limit.

    Parameters: `parameters`, as for `clip_gradient_norm`; `limit`, from 0 up. Source: PyTorch's `clip_grad_value_`.

    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> clip_gradient_value([x], 1.0)
    >>> x.grad
    1.0
    """
    present = _with_gradient(parameters)
    for parameter, gradient in zip(present, clipped_by_value([_number(each) for each in present], limit)):
        parameter.grad = gradient


def clipped_by_norm(gradients: Any, max_norm: float, norm_type: float = 2.0) -> tuple[Any, Any]:
    """The gradients scaled down together where their norm is above `max_norm`, and the norm before.

    A pure function, for use in compiled ones: `gradients` is a number or a nest of numbers, and so is the first result.
    Otherwise as `clip_gradient_norm`.

    >>> clipped_by_norm([3.0, 4.0], 10.0)
    ([3.0, 4.0], 5.0)
    """
    _check("max_norm", max_norm)
    if isinstance(norm_type, bool) or not isinstance(norm_type, int | float) or not norm_type > 0.0:
        raise ValueError(f"norm_type is the p of a p-norm, a positive number or inf, not {norm_type!r}")
    numbers, rebuild = flatten(gradients)
    norm = _norm(numbers, float(norm_type))
    factor = minimum(divide(max_norm, norm + _TINY), 1.0)
    return rebuild([factor * number for number in numbers]), norm


def clipped_by_value(gradients: Any, limit: float) -> Any:
    """Each gradient brought into the range from -limit to limit; a pure function of a number or a nest of numbers.

    >>> clipped_by_value({"w": [3.0, -0.5], "b": -9.0}, 1.0)
    {'w': [1.0, -0.5], 'b': -1.0}
    """
    _check("limit", limit)
    numbers, rebuild = flatten(gradients)
    return rebuild([minimum(maximum(number, -limit), limit) for number in numbers])


def _norm(numbers: list[Any], p: float) -> Any:
    if p == inf:
        largest: Any = 0.0
        for number in numbers:
            largest = maximum(largest, absolute(number))
        return largest
    if p == 2.0:
        return sqrt(sum([number * number for number in numbers]))
    if p == 1.0:
        return sum([absolute(number) for number in numbers])
    return power(sum([power(absolute(number), p) for number in numbers]), 1.0 / p)


def _with_gradient(parameters: Value | Iterable[Value]) -> list[Value]:
    items = [parameters] if isinstance(parameters, Value) else list(dict.fromkeys(parameters))
    for item in items:
        if not isinstance(item, Value):
            raise TypeError(f"a parameter is a Value, not {type(item).__name__}: {item!r:.60}; pass model.parameters()")
    return [item for item in items if item.has_grad]


def _number(parameter: Value) -> float:
    gradient = parameter.grad
    number: float = gradient.data if isinstance(gradient, Value) else gradient
    return number


def _check(name: str, limit: Any) -> None:
    if isinstance(limit, Value):  # a number that a compiled function computes
        return
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0.0:
        raise ValueError(f"{name} is a number from 0 up, not {limit!r:.60}")
