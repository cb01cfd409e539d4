"""Gradient clipping, with PyTorch's meaning: forms that change `.grad`, and pure ones for compiled functions."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from autograd import Value, absolute, divide, maximum, minimum, power, sqrt, stop_gradient, sum, where
from nn.nests import flatten

_TINY = 1e-6  # PyTorch's: added to the norm before it divides


def clip_gradient_norm(parameters: Value | Iterable[Value], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale all gradients down together, in place, where their norm is above `max_norm`.

    Parameters: `parameters`, Values, such as `model.parameters()`; those without a gradient do not count; `max_norm`,
    from 0 up; `norm_type`, the p of the p-norm, positive; inf for the largest gradient.

    Returns the norm before. No power overflows or vanishes on the way. Where a gradient is infinite, so is the norm,
    and that gradient turns nan, the finite ones 0; where one is nan, all are: as in PyTorch.

    Raises: `ValueError` for a limit or a p outside its range, `TypeError` for what is no Value.

    Source: PyTorch's `clip_grad_norm_`: the factor is max_norm / (norm + 1e-6), and never above 1. Where the norm is
    below 1e-3, its square stands for the 1e-6, which would shrink gradients that are small and within the limit.

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
    largest: Any = 0.0
    for number in numbers:
        largest = maximum(largest, absolute(number))
    unit = stop_gradient(where((largest > 0.0) & (largest < inf), largest, 1.0))
    shares = [divide(number, unit) for number in numbers]
    length = _norm(shares, float(norm_type))
    norm = unit * length
    tiny = minimum(_TINY, norm * norm)
    length = length + divide(tiny, unit)  # the norm may be beyond the largest float, where these are not
    # A quotient may vanish before it is multiplied: max_norm over the norm does not where max_norm is above 1; where it
    # is not, the product vanishes wherever a number over the norm does.
    factor = divide(divide(max_norm, unit), length)
    clipped = [
        where(norm + tiny <= max_norm, number, where(max_norm > 1.0, factor * number, divide(share, length) * max_norm))
        for number, share in zip(numbers, shares)
    ]
    return rebuild(clipped), norm


def clipped_by_value(gradients: Any, limit: float) -> Any:
    """Each gradient brought into the range from -limit to limit; a pure function of a number or a nest of numbers.

    >>> clipped_by_value({"w": [3.0, -0.5], "b": -9.0}, 1.0)
    {'w': [1.0, -0.5], 'b': -1.0}
    """
    _check("limit", limit)
    numbers, rebuild = flatten(gradients)
    return rebuild([minimum(maximum(number, -limit), limit) for number in numbers])


def _norm(shares: list[Any], p: float) -> Any:
    """The p-norm of numbers of which the largest is 1 in size, or of zeros."""
    if p == 2.0:
        return sqrt(sum([share * share for share in shares]))
    sizes = [absolute(share) for share in shares]
    if p == inf:
        largest: Any = 0.0
        for size in sizes:
            largest = maximum(largest, size)
        return largest
    return sum(sizes) if p == 1.0 else power(sum([power(size, p) for size in sizes]), 1.0 / p)


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
