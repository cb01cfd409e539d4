"""Loops, branches, batches, sums and transforms in plain Python, under the engine's names, on `dual_numbers`.

The text of a program runs on them unchanged, and `derivatives` gives its value, gradient and second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import dual_numbers
import numpy
from dual_numbers import (
    Array,
    Dual,
    absolute,
    atan,
    cos,
    divide,
    exp,
    function,
    log,
    maximum,
    minimum,
    part,
    power,
    primal,
    sin,
    sqrt,
    tanh,
    where,
)


class BoundError(Exception):
    """A loop that did not end within `max_trips`."""


class Value(float):
    """A number from outside of the program, which none of the directions moves."""

    def detach(self) -> float:
        return float(self)


# Many numbers.


def sum(numbers: Any) -> Any:
    return (numbers if isinstance(numbers, Array) else Array(numbers)).sum()


def mean(numbers: Array) -> Any:
    return numbers.mean()


def prod(numbers: Any) -> Any:
    product: Any = 1.0
    for number in numbers.items:
        product = product * number
    return power(product, float(numbers.times)) if numbers.times > 1 else product


def dot(x: Any, y: Any) -> Any:
    return sum(x * y)


def norm(numbers: Any) -> Any:
    return sqrt(sum(numbers * numbers))


def logsumexp(numbers: Any) -> Any:
    return log(sum(exp(numbers)))


def softmax(numbers: Any) -> Any:
    return exp(numbers) / sum(exp(numbers))


def log_softmax(numbers: Any) -> Any:
    return numbers - logsumexp(numbers)


def cumsum(numbers: Any) -> Any:
    total: Any = 0.0
    return Array([total := total + number for number in numbers])


def roll(numbers: Array, count: int) -> Array:
    assert count == 1
    return Array([numbers.items[-1], *numbers.items[:-1]], numbers.times)


np = SimpleNamespace(
    sin=sin, cos=cos, tanh=tanh, exp=exp, sqrt=sqrt, log=log, arctan=atan, abs=absolute, where=where, maximum=maximum,
    minimum=minimum, sum=sum, mean=mean, dot=dot, cumsum=cumsum, roll=roll, prod=prod, array=Array, tile=Array,
    stack=Array, max=lambda numbers: _fold(maximum, numbers.items),
)  # fmt: skip


def _fold(function: Callable[[Any, Any], Any], items: Sequence[Any]) -> Any:
    first, *rest = items
    for item in rest:
        first = function(first, item)
    return first


# Loops, branches and batches.


def fori_loop(lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any) -> Any:
    for i in range(int(primal(lower)), int(primal(upper))):
        init = body(float(i), init)
    return init


def while_loop(cond: Callable[[Any], bool], body: Callable[[Any], Any], init: Any, max_trips: int | None = None) -> Any:
    trips = 0
    while cond(init):
        if trips == max_trips:
            raise BoundError
        init = body(init)
        trips += 1
    return init


def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any, length: int | None = None, reverse: bool = False) -> Any:
    pieces = [None] * (length or 0) if xs is None else [*zip(*xs)] if isinstance(xs, tuple) else [*xs]
    outputs = []
    for piece in reversed(pieces) if reverse else pieces:
        init, y = f(init, piece)
        outputs.append(y)
    return init, _gathered(outputs[::-1] if reverse else outputs, 1, xs is None)


def _gathered(outputs: list[Any], times: int, as_list: bool = False) -> Any:
    first = outputs[0]
    if first is None:
        return None
    if isinstance(first, tuple):
        return tuple(_gathered([*column], times, as_list) for column in zip(*outputs))
    return outputs if as_list else Array(outputs, times)


def cond(predicate: bool, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    return true_fun(*operands) if predicate else false_fun(*operands)


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0, reduce: str | None = None) -> Callable[..., Any]:
    def batched(*arguments: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(arguments)
        moved = [a if axis is None else _transposed(a) if axis else a for a, axis in zip(arguments, axes)]
        batches = [m for m, axis in zip(moved, axes) if axis is not None]
        times = batches[0].times
        if any((batch.times, len(batch.items)) != (times, len(batches[0].items)) for batch in batches):
            moved = [m if axis is None else Array([*m]) for m, axis in zip(moved, axes)]
            batches, times = [m for m, axis in zip(moved, axes) if axis is not None], 1
        found = _gathered(
            [
                f(*(m if axis is None else m.items[i] for m, axis in zip(moved, axes)))
                for i in range(len(batches[0].items))
            ],
            times,
        )
        if reduce is not None:
            total = {"sum": sum, "mean": mean}[reduce]
            return tuple(map(total, found)) if isinstance(found, tuple) else total(found)
        return _transposed(found) if out_axes else found

    return batched


def _transposed(matrix: Array) -> Array:
    first = matrix.items[0]
    assert matrix.times == 1 or first.times == 1
    columns = [Array([row.items[i] for row in matrix.items], matrix.times) for i in range(len(first.items))]
    return Array(columns, first.times)


# Transforms and rules of the user's own.

_levels = [2]


def _along(f: Callable[..., Any], arguments: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    _levels.append(level := _levels[-1] + 1)
    try:
        result = f(*(Dual(level, a, t) for a, t in zip(arguments, tangents)))
    finally:
        _levels.pop()
    value, derivative = part(result, level)
    return value, 0.0 if derivative is None else derivative


def grad(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: _along(f, [x], [1.0])[1]


def jvp(f: Callable[..., Any], arguments: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    return _along(f, arguments, tangents)


def _unchanged(f: Callable[..., Any], **_: Any) -> Callable[..., Any]:
    return f


jit = checkpoint = _unchanged


def primitive(name: str, evaluate: Callable[..., Any], partials: Sequence[Any]) -> Callable[..., Any]:
    def with_result(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: rule(evaluate(*arguments), *arguments)

    return function(evaluate, *map(with_result, partials))


def custom_root(f: Callable[[Any], Any], initial_guess: Any, solve: Any) -> Any:
    """Newton's method on dual numbers: each round doubles the right digits, of the derivatives too."""
    root = initial_guess
    for _ in range(30):
        root = root - divide(f(root), grad(f)(root))
    return root


def derivatives(f: Callable[..., Any], numbers: Sequence[float], array: Sequence[float], times: int) -> tuple[Any, ...]:
    """f(*numbers, array × times) with its gradient and its matrix of second derivatives.

    A direction moves a number, or all copies of one number of the array.
    """
    count = len(numbers) + len(array)
    units = numpy.eye(count)
    with numpy.errstate(all="ignore"):
        inputs = [
            Dual(2, Dual(1, x, units[i]), units[i][:, None]) for i, x in enumerate([*numbers, *array])
        ]
        value, outer = part(f(*inputs[: len(numbers)], Array(inputs[len(numbers) :], times)), 2)
        number, gradient = part(value, 1)
        _, matrix = part(outer, 1)
    shaped = [
        numpy.zeros(shape) if part is None else numpy.broadcast_to(part, shape)
        for part, shape in ((gradient, (count,)), (matrix, (count, count)))
    ]
    return float(number), *shaped


NAMESPACE = {
    name: item
    for name, item in {**vars(dual_numbers), **globals()}.items()
    if not name.startswith("_") and name not in ("function", "part", "rough", "noise", "dual", "derivatives")
}
