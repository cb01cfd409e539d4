"""Plain Python under the engine's names: dual numbers and arrays of them, with their functions.

No code is shared with `autograd`. A dual number is a number and its derivatives along some directions; its parts may be
dual numbers of a lower level, so that two levels give all first and second derivatives, and an inner `grad` adds one. A
derivative that is None is absent: the number does not depend on the directions, or stands behind `stop_gradient`.

An array of one axis is a list of numbers that is repeated so many times: a large one costs no more than the small one.
Those of more axes, and what is done along them, are in `dual_grids`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class _Noise:
    """Relative errors that every operation makes on purpose: how far they move a result shows its condition."""

    size = 0.0
    source = random.Random(0)


def rough(number: Any) -> Any:
    return number * (1.0 + _Noise.size * _Noise.source.uniform(-1.0, 1.0)) if _Noise.size else number


@contextmanager
def noise(size: float, seed: int) -> Iterator[None]:
    _Noise.size, _Noise.source = size, random.Random(seed)
    try:
        yield
    finally:
        _Noise.size = 0.0


class Numeric:
    """The operators of dual numbers and arrays."""

    __slots__ = ()
    __array_priority__ = 1000.0  # before NumPy's scalars

    def __add__(self, other: Any) -> Any: return add(self, other)
    def __radd__(self, other: Any) -> Any: return add(other, self)
    def __sub__(self, other: Any) -> Any: return subtract(self, other)
    def __rsub__(self, other: Any) -> Any: return subtract(other, self)
    def __mul__(self, other: Any) -> Any: return multiply(self, other)
    def __rmul__(self, other: Any) -> Any: return multiply(other, self)
    def __truediv__(self, other: Any) -> Any: return divide(self, other)
    def __rtruediv__(self, other: Any) -> Any: return divide(other, self)
    def __pow__(self, other: Any) -> Any: return power(self, other)
    def __rpow__(self, other: Any) -> Any: return power(other, self)
    def __mod__(self, other: Any) -> Any: return remainder(self, other)
    def __neg__(self) -> Any: return multiply(-1.0, self)
    def __abs__(self) -> Any: return absolute(self)
    def __lt__(self, other: Any) -> Any: return _compare(lambda a, b: a < b, self, other)
    def __le__(self, other: Any) -> Any: return _compare(lambda a, b: a <= b, self, other)
    def __gt__(self, other: Any) -> Any: return _compare(lambda a, b: a > b, self, other)
    def __ge__(self, other: Any) -> Any: return _compare(lambda a, b: a >= b, self, other)


class Dual(Numeric):
    """A number and its derivative, which is another number, a NumPy array of one entry a direction, or None."""

    __slots__ = ("derivative", "level", "value")

    def __init__(self, level: int, value: Any, derivative: Any) -> None:
        self.level, self.value, self.derivative = level, value, derivative


class Array(Numeric):
    """A list of numbers, so many times over."""

    __slots__ = ("items", "times")

    def __init__(self, items: Sequence[Any], times: int = 1) -> None:
        self.items, self.times = list(items), times

    def __len__(self) -> int:
        return len(self.items) * self.times

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self.times):
            yield from self.items

    def __getattr__(self, name: str) -> Any:
        return getattr(self.grid(), name)

    def grid(self) -> Any:
        from dual_grids import Grid, cells_of

        return Grid(cells_of(self))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int):
            return self.items[key % len(self) % len(self.items)]
        if key == slice(None, None, -1):
            return Array(self.items[::-1], self.times)
        return self.grid()[key]

    def __setitem__(self, key: Any, item: Any) -> None:
        grid = self.grid()
        grid[key] = item
        self.items, self.times = [*grid.cells], 1

    def __matmul__(self, other: Any) -> Any:
        return (self * other).sum() if isinstance(other, Array) else self.grid() @ other

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        if keepdims:
            return self.grid().sum(axis, keepdims)
        total: Any = 0.0
        for item in self.items:
            total = total + item
        return total * float(self.times)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.sum(axis, keepdims) * (1.0 / len(self))


def primal(number: Any) -> float:
    while isinstance(number, Dual):
        number = number.value
    return float(number)


stopped = 0  # how many `no_grad` blocks stand around


@contextmanager
def no_grad() -> Iterator[None]:
    global stopped
    stopped += 1
    try:
        yield
    finally:
        stopped -= 1


def dual(level: int, value: Any, derivative: Any) -> Any:
    return value if derivative is None or stopped else Dual(level, value, derivative)


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called once for numbers that stand in many places: what was equal stays so, whatever the noise."""
    known: dict[tuple[int, ...], Any] = {}

    def once(*numbers: Any) -> Any:
        key = tuple(map(id, numbers))
        if key not in known:
            known[key] = numbers, function(*numbers)  # kept, so that an id stays what it is
        return known[key][1]

    return once


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of numbers, applied to each element where an argument is an array."""

    def applied(*arguments: Any) -> Any:
        arrays = [argument for argument in arguments if isinstance(argument, Numeric) and type(argument) is not Dual]
        if not arrays:
            return function(*arguments)
        first = arrays[0]
        if any(type(a) is not Array or (a.times, len(a.items)) != (first.times, len(first.items)) for a in arrays):
            from dual_grids import spread

            return spread(function, arguments)
        columns = [a.items if isinstance(a, Array) else [a] * len(first.items) for a in arguments]
        return Array([*map(shared(function), *columns)], first.times)

    return applied


@each
def stop_gradient(number: Any) -> Any:
    return number.value if isinstance(number, Dual) and not isinstance(number.value, Dual) else (
        stop_gradient(number.value) if isinstance(number, Dual) else number
    )


detach = stop_gradient


def _level(*numbers: Any) -> int:
    return max((number.level for number in numbers if isinstance(number, Dual)), default=0)


def part(number: Any, level: int) -> tuple[Any, Any]:
    if isinstance(number, Dual) and number.level == level:
        return number.value, number.derivative
    return number, None


def _plus(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else add(a, b)


def _times(a: Any, b: Any) -> Any:
    return None if a is None or b is None else multiply(a, b)


@each
def add(x: Any, y: Any) -> Any:
    level = _level(x, y)
    if not level:
        return rough(x + y)
    (a, da), (b, db) = part(x, level), part(y, level)
    return dual(level, add(a, b), _plus(da, db))


@each
def multiply(x: Any, y: Any) -> Any:
    level = _level(x, y)
    if not level:
        return rough(x * y)
    (a, da), (b, db) = part(x, level), part(y, level)
    return dual(level, multiply(a, b), _plus(_times(da, b), _times(a, db)))


def subtract(x: Any, y: Any) -> Any:
    return add(x, multiply(-1.0, y))


def _quotient(x: float, y: float) -> float:
    if y == 0.0:
        return math.nan if x == 0.0 or x != x else math.copysign(math.inf, x) * math.copysign(1.0, y)
    return x / y


def _quiet(function: Callable[..., float]) -> Callable[..., float]:
    def evaluate(*numbers: float) -> float:
        try:
            return function(*map(float, numbers))
        except (ValueError, ZeroDivisionError):
            return math.nan
        except OverflowError:
            return math.inf

    return evaluate


def below(number: Any, level: int) -> Any:
    """The number without its derivatives of this level and those above."""
    while isinstance(number, Dual) and number.level >= level:
        number = number.value
    return number


def function(evaluate: Callable[..., float], *partials: Callable[..., Any]) -> Callable[..., Any]:
    """A function by its value on floats and its derivatives, written with functions of this module."""
    evaluate = _quiet(evaluate)

    @each
    def apply(*arguments: Any) -> Any:
        level = _level(*arguments)
        if not level:
            return rough(evaluate(*arguments))
        parts = [part(argument, level) for argument in arguments]
        values = [value for value, _ in parts]
        value, derivative = apply(*values), None
        for partial, (_, along) in zip(partials, parts):
            if along is not None:
                inside = primal(value) == primal(value)  # of the domain; outside of it the derivative is nan too
                slope = below(partial(*values), level) if inside else math.nan
                derivative = _plus(derivative, _times(slope, along))
        return dual(level, value, derivative)

    return apply


def _log(x: float) -> float:
    return -math.inf if x == 0.0 else math.log(x)


def _sign(x: float) -> float:
    return x if x != x else float((x > 0.0) - (x < 0.0))


def _step(x: Any) -> Any:
    """1 above zero; absent elsewhere."""
    return 1.0 if primal(x) > 0.0 else None


def _share(x: Any, y: Any) -> Any:
    """What x's derivative counts in the larger of both."""
    a, b = primal(x), primal(y)
    return 1.0 if a > b else 0.5 if a == b else None


divide = function(_quotient, lambda x, y: divide(1.0, y), lambda x, y: -divide(divide(x, y), y))
_LN_2, _LN_10 = math.log(2.0), math.log(10.0)
sin = function(math.sin, lambda x: cos(x))
cos = function(math.cos, lambda x: -sin(x))
tan = function(math.tan, lambda x: 1.0 + tan(x) * tan(x))
exp = function(math.exp, lambda x: exp(x))
exp2 = function(lambda x: 2.0**x, lambda x: _LN_2 * exp2(x))
expm1 = function(math.expm1, lambda x: exp(x))
log = function(_log, lambda x: divide(1.0, x))
log2 = function(lambda x: _log(x) / _LN_2, lambda x: divide(1.0 / _LN_2, x))
log10 = function(lambda x: _log(x) / _LN_10, lambda x: divide(1.0 / _LN_10, x))
log1p = function(math.log1p, lambda x: divide(1.0, 1.0 + x))
sqrt = function(math.sqrt, lambda x: divide(0.5, sqrt(x)))
cbrt = function(math.cbrt, lambda x: divide(1.0, 3.0 * cbrt(x) * cbrt(x)))
asin = function(math.asin, lambda x: divide(1.0, sqrt(1.0 - x * x)))
acos = function(math.acos, lambda x: divide(-1.0, sqrt(1.0 - x * x)))
atan = function(math.atan, lambda x: divide(1.0, 1.0 + x * x))
atan2 = function(math.atan2, lambda y, x: divide(x, x * x + y * y), lambda y, x: divide(-y, x * x + y * y))
hypot = function(math.hypot, lambda x, y: divide(x, hypot(x, y)), lambda x, y: divide(y, hypot(x, y)))
sinh = function(math.sinh, lambda x: cosh(x))
cosh = function(math.cosh, lambda x: sinh(x))
tanh = function(math.tanh, lambda x: 1.0 - tanh(x) * tanh(x))
asinh = function(math.asinh, lambda x: divide(1.0, sqrt(1.0 + x * x)))
acosh = function(math.acosh, lambda x: divide(1.0, sqrt(x * x - 1.0)))
atanh = function(math.atanh, lambda x: divide(1.0, 1.0 - x * x))
sigmoid = function(lambda x: 1.0 / (1.0 + math.exp(-x)), lambda x: sigmoid(x) * sigmoid(-1.0 * x))
softplus = function(lambda x: math.log1p(math.exp(x)), lambda x: sigmoid(x))
erf = function(math.erf, lambda x: 2.0 / math.sqrt(math.pi) * exp(-1.0 * x * x))
erfc = function(math.erfc, lambda x: -2.0 / math.sqrt(math.pi) * exp(-1.0 * x * x))
absolute = function(abs, lambda x: _sign(primal(x)))
sign = function(_sign, lambda x: None)
floor = function(math.floor, lambda x: None)
ceil = function(math.ceil, lambda x: None)
relu = function(lambda x: x if x != x else max(x, 0.0), _step)
maximum = function(max, _share, lambda x, y: _share(y, x))
minimum = function(min, lambda x, y: _share(y, x), _share)
power = function(
    lambda x, y: x**y if x > 0.0 or y == int(y) else math.nan,
    lambda x, y: y * power(x, y - 1.0), lambda x, y: log(x) * power(x, y),
)
remainder = function(
    lambda x, y: x - y * math.floor(x / y), lambda x, y: 1.0, lambda x, y: -1.0 * floor(divide(x, y))
)
silu = each(lambda x: x * sigmoid(x))
gelu = each(lambda x: 0.5 * x * erfc(x * (-1.0 / math.sqrt(2.0))))


@each
def _compare(compare: Callable[[float, float], bool], x: Any, y: Any) -> bool:
    return compare(primal(x), primal(y))


@each
def where(condition: Any, x: Any, y: Any) -> Any:
    chosen = x if condition else y
    return stop_gradient(chosen) if stopped else chosen
