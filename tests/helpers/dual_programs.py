"""Loops, branches, batches, sums and transforms in plain Python, under the engine's names, on `dual_numbers`.

The text of a program runs on them unchanged, and `derivatives` gives its value, gradient and second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import dual_numbers
import numpy
from dual_grids import NUMPY, Grid, cells_of, reduced, wrap
from dual_numbers import (
    Array,
    Dual,
    absolute,
    atan,
    atan2,
    cos,
    divide,
    each,
    exp,
    floor,
    function,
    hypot,
    log,
    log1p,
    maximum,
    minimum,
    part,
    power,
    primal,
    sign,
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


def sum(numbers: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return (numbers if isinstance(numbers, Array | Grid) else Array(numbers)).sum(axis, keepdims)


def mean(numbers: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return numbers.mean(axis, keepdims)


def prod(numbers: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if isinstance(numbers, Array) and numbers.times > 1:
        return power(reduced["prod"](Array(numbers.items)), float(numbers.times))
    return reduced["prod"](numbers, axis, keepdims)


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


def roll(numbers: Any, count: int, axis: int | None = None) -> Any:
    if isinstance(numbers, Array):
        count %= len(numbers.items)
        return Array([*numbers.items[-count:], *numbers.items[:-count]], numbers.times)
    return NUMPY["roll"](numbers, count, axis)


def clip(x: Any, low: float, high: float) -> Any:
    return minimum(maximum(x, low), high)


def logaddexp(x: Any, y: Any) -> Any:
    return log(exp(x) + exp(y))


np = SimpleNamespace(**NUMPY | {
    "sin": sin, "cos": cos, "tanh": tanh, "exp": exp, "sqrt": sqrt, "log": log, "log1p": log1p, "arctan": atan,
    "arctan2": atan2, "hypot": hypot, "abs": absolute, "sign": sign, "floor": floor, "where": where, "clip": clip,
    "maximum": maximum, "minimum": minimum, "logaddexp": logaddexp, "square": lambda x: x * x, "sum": sum, "mean": mean,
    "prod": prod, "roll": roll, "array": Array, "tile": Array,
})  # fmt: skip
cumsum = np.cumsum


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


def _gathered(outputs: list[Any], times: int, as_list: bool = False, axis: int = 0) -> Any:
    first = outputs[0]
    if first is None:
        return None
    if isinstance(first, tuple):
        return tuple(_gathered([*column], times, as_list, axis) for column in zip(*outputs))
    if isinstance(first, Array | Grid):
        return wrap(numpy.stack([*map(cells_of, outputs)] * times, axis))
    return outputs if as_list else Array(outputs, times)


def cond(predicate: bool, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    return true_fun(*operands) if predicate else false_fun(*operands)


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0, reduce: str | None = None) -> Callable[..., Any]:
    def batched(*arguments: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(arguments)
        mapped = [argument for argument, axis in zip(arguments, axes) if axis is not None]
        first = mapped[0]
        times = first.times if isinstance(first, Array) else 1
        if any(type(a) is not Array or (a.times, len(a)) != (times, len(first)) for a in mapped):
            times = 1  # else one sample of those that are equal is enough
        batches = [
            None if axis is None else argument.items if times > 1 else [*argument] if axis == 0
            else [*NUMPY["moveaxis"](argument, axis, 0)] for argument, axis in zip(arguments, axes)
        ]  # fmt: skip
        samples = zip(*(batch for batch in batches if batch is not None))
        results = []
        for sample in samples:
            parts = iter(sample)
            results.append(f(*(a if batch is None else next(parts) for a, batch in zip(arguments, batches))))
        found = _gathered(results, times, axis=out_axes)
        if reduce is not None:
            total = {"sum": sum, "mean": mean}[reduce]
            along = lambda stack: total(stack, 0) if isinstance(stack, Grid) else total(stack)
            return tuple(map(along, found)) if isinstance(found, tuple) else along(found)
        return found

    return batched


# Transforms and rules of the user's own.

_levels = [2]


def _along(f: Callable[..., Any], arguments: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    _levels.append(level := _levels[-1] + 1)
    try:
        seed = each(lambda a, t: Dual(level, a, t))
        result = f(*(seed(a, t) for a, t in zip(arguments, tangents)))
    finally:
        _levels.pop()
    value, derivative = part(result, level)
    return value, 0.0 if derivative is None else derivative


def grad(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def slope(x: Any) -> Any:
        if not isinstance(x, Array | Grid):
            return _along(f, [x], [1.0])[1]
        unit = numpy.eye(x.size)
        return Array([_along(f, [x], [wrap(row.reshape(x.shape))])[1] for row in unit]).reshape(x.shape)

    return slope


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


def derivatives(
    f: Callable[..., Any], numbers: Sequence[float], array: Sequence[float], times: int, shape: tuple[int, ...] = ()
) -> tuple[Any, ...]:
    """f(*numbers, array × times) with its gradient and its matrix of second derivatives; the array in a shape.

    A direction moves a number, or all copies of one number of the array.
    """
    count = len(numbers) + len(array)
    units = numpy.eye(count)
    with numpy.errstate(all="ignore"):
        inputs = [
            Dual(2, Dual(1, x, units[i]), units[i][:, None]) for i, x in enumerate([*numbers, *array])
        ]
        many = Array(inputs[len(numbers) :], times)
        value, outer = part(f(*inputs[: len(numbers)], many.reshape(shape) if shape else many), 2)
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
