"""`check_grads`: derivatives against central differences, with an error model, and the primitive at fault by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.value import Value
from autograd.errors import GradientCheckError
from autograd.primitives.row import Primitive, real
from autograd.program.nests import flatten
from autograd.transforms.differences import differences
from autograd.transforms.recorded import Recorded

Function = Callable[[Sequence[float]], list[float]]


def check_grads(f: Callable[..., Any], args: Sequence[Any], order: int = 2) -> None:
    """Check f's derivatives at `args`, of every order up to `order`.

    At each order the derivatives by forward mode and by reverse mode are compared with each other, and both with
    central differences of the order below. The differences are extrapolated to a step of zero and carry an estimate of
    their own error, so that what counts as a disagreement follows from the function and not from a fixed tolerance: a
    wrong sign in a derivative of size 1e-8 is found.

    Parameters: `f`, a function of numbers or nests of numbers that returns the same; `args`, its arguments, at a point
    where it is smooth; `order`, 1 or more. The work grows like the number of arguments to the power of `order`.

    Raises: `GradientCheckError` that names the derivative, the numbers that disagree, and the primitive whose rule is
    wrong where there is one.

    Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).

    >>> from autograd import primitive, sin
    >>> check_grads(lambda x, y: sin(x) * y, (0.5, 2.0))
    >>> cube = primitive("cube", lambda x: x * x * x, [lambda out, x: -3.0 * x * x])
    >>> check_grads(lambda x: 1.0 + cube(x), (2.0,))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    autograd.GradientCheckError: the primitive cube is at fault: its derivative with respect to argument 1 at ...
    """
    if not isinstance(args, list | tuple):
        raise TypeError(f"check_grads takes the arguments as a tuple: check_grads(f, (x,)), not {args!r:.60}")
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order is a whole number from 1 up, not {order!r}")
    numbers, structure = flatten(tuple(args))
    point = [real(number) for number in numbers]

    def recorded(function: Callable[..., Any], numbers: Sequence[Any]) -> Recorded:
        return Recorded(lambda *items: function(items), tuple(numbers))

    def flat(items: Sequence[Any]) -> list[Any]:
        values = [item if isinstance(item, Value) else Value(item) for item in items]  # f may call their methods
        return flatten(f(*structure.unflatten(values)))[0]

    function: Callable[[Sequence[Any]], list[Any]] = flat
    for level in range(1, order + 1):
        trace = recorded(function, point)
        if not all(math.isfinite(_plain(item)) for item in trace.results):
            what = "the function" if level == 1 else f"a derivative of order {level - 1}"
            raise GradientCheckError(f"there is nothing to check: at {_tuple(point)} {what} is not finite")
        rows, columns = len(trace.results), len(point)
        reverse = [list(map(_plain, trace.pull([float(i == k) for k in range(rows)]))) for i in range(rows)]
        for j in range(columns):
            forward = list(map(_plain, trace.push([float(j == k) for k in range(columns)])))
            estimates = _differences(_on_floats(function), point, j)
            for i, (estimate, error) in enumerate(estimates):
                which = _which(level, i, j, rows, columns)
                for mode, derivative in (("forward", forward[i]), ("reverse", reverse[i][j])):
                    if not _agrees(derivative, estimate, error):
                        raise GradientCheckError(
                            f"{_culprit(f, structure.unflatten(point), level)} ({which}: {derivative:.12g} by {mode} "
                            f"mode, {estimate:.12g} ± {error:.1g} by central difference)"
                        )
                if not math.isclose(forward[i], reverse[i][j], rel_tol=1e-9, abs_tol=error):
                    raise GradientCheckError(
                        f"forward mode gives {forward[i]!r}, reverse mode {reverse[i][j]!r} ({which})"
                    )

        def derivative_of(items: Sequence[Any], g: Callable[..., Any] = function, rows: int = rows) -> list[Any]:
            inner = recorded(g, items)
            return [number for i in range(rows) for number in inner.pull([float(i == k) for k in range(rows)])]

        function = derivative_of


def _plain(item: Any) -> float:
    return item.data if isinstance(item, Value) else real(item)


def _on_floats(function: Callable[..., list[Any]]) -> Function:
    return lambda numbers: [_plain(item) for item in function(numbers)]


def _agrees(derivative: float, estimate: float, error: float) -> bool:
    return abs(derivative - estimate) <= 8.0 * error + 1e-12 * abs(estimate)


def _differences(function: Function, point: Sequence[float], j: int) -> list[tuple[float, float]]:
    """For each result its derivative with respect to the j-th number, and an estimate of that derivative's error."""
    return differences(lambda number: function([*point[:j], number, *point[j + 1 :]]), point[j])


def _which(level: int, i: int, j: int, rows: int, columns: int) -> str:
    result = "the result" if rows == 1 else f"number {i + 1} of the result"
    argument = "the argument" if columns == 1 else f"number {j + 1} of the arguments"
    what = f"the derivative of {result}" if level == 1 else f"the derivative of derivative {i + 1} of order {level - 1}"
    return f"{what} with respect to {argument}"


def _culprit(f: Callable[..., Any], args: tuple[Any, ...], level: int) -> str:
    """The first node of f's graph whose own rule is off, in words."""
    checked = set()
    for node in Recorded(f, args).order:
        if node._primitive is None or (node._primitive, node._record) in checked:
            continue
        checked.add((node._primitive, node._record))
        fault = _fault(node._primitive, list(node._record[1:]), level)
        if fault:
            return f"the primitive {node._primitive.name} is at fault: {fault}"
    return (
        "each primitive's rule is right by itself; is a part of the function outside the graph, by detach, no_grad or "
        ".data?"
    )


def _fault(row: Primitive, operands: list[Any], level: int) -> str:
    """What is wrong with a row's rules at these operands; empty where nothing is."""
    floats = [i for i, operand in enumerate(operands) if type(operand) is float]

    def complete(numbers: Sequence[Any]) -> list[Any]:
        values = list(operands)
        for i, number in zip(floats, numbers):
            values[i] = number
        return values

    def evaluate(numbers: Sequence[Any]) -> list[Any]:
        return [row(*complete(numbers))]

    def rules(numbers: Sequence[Any]) -> list[Any]:
        values = complete(numbers)
        out = row(*values)
        partials = [row.partials[i] for i in floats]
        return [_or_zero(partial(out, *values) if callable(partial) else partial) for partial in partials]

    point = [operands[i] for i in floats]
    text = ", ".join(f"{operand!r}" for operand in operands)
    by_rule = rules(point)
    for j, i in enumerate(floats):
        ((estimate, error),) = _differences(_on_floats(evaluate), point, j)
        if not _agrees(_plain(by_rule[j]), estimate, error):
            return (
                f"its derivative with respect to argument {i + 1} at ({text}) is {_plain(by_rule[j]):.12g} by its "
                f"rule, {estimate:.12g} by central difference"
            )
    if level > 1:
        trace = Recorded(lambda *numbers: rules(numbers), tuple(point))
        for j, i in enumerate(floats):
            second = list(map(_plain, trace.push([float(j == k) for k in range(len(point))])))
            estimates = _differences(_on_floats(rules), point, j)
            for k, (estimate, error) in enumerate(estimates):
                if not _agrees(second[k], estimate, error):
                    return (
                        f"the rule for argument {floats[k] + 1} at ({text}) has the derivative {second[k]:.12g} "
                        f"with respect to argument {i + 1}, {estimate:.12g} by central difference"
                    )
    return ""


def _or_zero(partial: Any) -> Any:
    return 0.0 if partial is None else partial


def _tuple(numbers: Sequence[float]) -> str:
    return f"({', '.join(map(repr, numbers))})"
