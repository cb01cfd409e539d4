"""The table of primitives: every operation that the engine can differentiate is one row, and stands nowhere else.

A row's `partials` are written with Python's operators and with sibling rows, so that one text serves floats (a
backward pass), Values (a differentiable backward pass) and symbols (a formula). For that they never branch with an `if`
on a value: they use `where`. And since plain Python raises on 0.5 / 0.0 or 1e200 ** 2, they divide with `divide`, take
powers with `power`, and call functions by their rows, which answer as IEEE-754 does: 1/0 is inf, log(-1) is nan.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, nan
from numbers import Real
from typing import Any

from autograd.specialise import on_floats, reverse_step

Partial = Callable[..., Any] | float | None


@dataclass(slots=True, eq=False)
class Primitive:
    """One row of the table; call it on floats or on nodes.

    Parameters
    - `name`: the full name, by which the row is found;
    - `symbol`: the short sign that a picture shows, such as `+`;
    - `evaluate`: the value, from as many floats as the row has arguments; it never raises on a float;
    - `partials`: the derivative with respect to each argument in turn. A float says that the derivative is that
      constant; None, that the argument is not differentiable; a function takes `(out, *arguments)` and returns the
      derivative, or None where the argument is on the side that was not taken;
    - `domain`: for each argument, the interval in which tests draw their points;
    - `summary`: one sentence for `help()`.

    >>> from autograd import exp
    >>> exp(0.0), exp.name, exp.partials[0](1.0, 0.0)
    (1.0, 'exp', 1.0)
    """

    name: str
    symbol: str
    evaluate: Callable[..., Any]
    partials: tuple[Partial, ...]
    domain: tuple[tuple[float, float], ...]
    summary: str
    reverse_step: Callable[..., None] = field(init=False)  # see specialise.py

    def __post_init__(self) -> None:
        self.reverse_step = reverse_step(self.partials)

    def __call__(self, *arguments: Any) -> Any:
        for argument in arguments:
            if type(argument) is not float:
                return self._dispatch(arguments)
        return self.evaluate(*arguments)

    def _dispatch(self, arguments: tuple[Any, ...]) -> Any:
        """Hand nodes to their own type; turn other numbers into floats."""
        if len(arguments) != len(self.partials):
            raise TypeError(f"{self.name} takes {len(self.partials)} arguments, {len(arguments)} were given")
        for argument in arguments:
            apply = getattr(type(argument), "apply_primitive", None)
            if apply is not None:
                return apply(self, arguments)
        return self.evaluate(*map(constant, arguments))

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def real(number: Any) -> float:
    """The float of a real number: int, bool, Fraction and NumPy scalars are taken, anything else is refused.

    Raises: `TypeError` that names the type; `OverflowError` where the number is beyond the largest float.
    """
    if type(number) is float:
        return number
    if isinstance(number, Real):
        return float(number)
    if getattr(number, "shape", None) == () and hasattr(number, "dtype") and number.dtype.kind in "biuf":
        return float(number)  # NumPy's bool, which is not registered as a Real, and arrays without dimensions
    raise TypeError(f"a Value holds one real number, not {type(number).__name__}: {number!r:.60}")


def constant(operand: Any) -> Any:
    """An operand that is no node, as `evaluate` takes it: a float, or what `where` passes through (a bool, None)."""
    return operand if type(operand) is float or operand is None or type(operand) is bool else real(operand)


TABLE: dict[str, Primitive] = {}

_ANY = (-10.0, 10.0)
_POSITIVE = (1e-3, 1e3)


def _row(
    name: str,
    symbol: str,
    evaluate: Callable[..., Any],
    partials: tuple[Partial, ...],
    domain: tuple[tuple[float, float], ...],
    summary: str,
) -> Primitive:
    TABLE[name] = row = Primitive(name, symbol, evaluate, partials, domain, summary)
    return row


# Values where Python's own function raises: IEEE-754's answer instead.


def _is_odd(y: float) -> bool:
    return math.fmod(y, 2.0) in (1.0, -1.0)


def _divide(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0.0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (OverflowError, ValueError):
        if x < 0.0 and math.floor(y) != y:
            return nan
        return math.copysign(inf, x) if _is_odd(y) else inf  # beyond the largest float, or 0 to a negative power


def _log(x: float) -> float:
    try:
        return math.log(x)
    except ValueError:
        return -inf if x == 0.0 else nan


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def _nan_outside(function: Callable[[float], float]) -> Callable[[float], float]:
    """`function`, with nan where Python's raises for an argument outside the domain."""

    def evaluate(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return nan

    return evaluate


def _sigmoid(x: float) -> float:
    # Two-sided: exp only ever sees a negative argument, so that nothing overflows and neither tail is lost to 1 - s.
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    tail = math.exp(x)
    return tail / (1.0 + tail)


def _relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x  # nan is not <= 0, and stays nan


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x != 0.0 and x == x else x + 0.0


# Choice. A side that is not taken is structurally absent (None), so that it contributes nothing at any order.

where: Primitive = _row(
    "where", "where", lambda condition, x, y: x if condition else y,
    (None, lambda out, condition, x, y: where(condition, 1.0, None),
     lambda out, condition, x, y: where(condition, None, 1.0)),
    ((0.0, 1.0), _ANY, _ANY), "x where the condition holds, y elsewhere.",
)

# Arithmetic.

add: Primitive = _row("add", "+", operator.add, (1.0, 1.0), (_ANY, _ANY), "x + y.")

subtract: Primitive = _row("subtract", "-", operator.sub, (1.0, -1.0), (_ANY, _ANY), "x - y.")

multiply: Primitive = _row(
    "multiply", "*", operator.mul,
    (lambda out, x, y: y, lambda out, x, y: x),
    (_ANY, _ANY), "x * y.",
)

divide: Primitive = _row(
    "divide", "/", _divide,
    # The second as -(x/y)/y, not -x/y**2, which overflows at y = 1e200.
    (lambda out, x, y: divide(1.0, y), lambda out, x, y: -divide(out, y)),
    (_ANY, _POSITIVE), "x / y; x / 0 is infinite, 0 / 0 is nan.",
)

power: Primitive = _row(
    "power", "**", _power,
    # y·(x**y / x) reuses the value and is accurate to a few ulp, where y·x**(y-1) alone is off by hundreds; the latter
    # serves where the value is 0 or inf. Only where both are 0 is the derivative put to 0 by hand.
    (lambda out, x, y: where((x == 0.0) & (y == 0.0), 0.0,
                             y * where((out == 0.0) | (abs(out) == inf), power(x, y - 1.0), divide(out, x))),
     lambda out, x, y: where((x == 0.0) & (y >= 0.0), 0.0, out * log(x))),
    (_POSITIVE, (-5.0, 5.0)), "x ** y; nan, never complex, for a negative x and a fractional y.",
)

negative: Primitive = _row("negative", "neg", operator.neg, (-1.0,), (_ANY,), "-x.")

absolute: Primitive = _row(
    "absolute", "abs", abs,
    (lambda out, x: sign(x),),
    (_ANY,), "|x|; the derivative at 0 is 0.",
)

sign: Primitive = _row(
    "sign", "sign", _sign,
    (lambda out, x: where(x == x, 0.0, nan),),
    (_ANY,), "-1, 0 or 1, as x is negative, zero or positive.",
)

# Exponential and logarithm.

exp: Primitive = _row("exp", "exp", _exp, (lambda out, x: out,), ((-700.0, 700.0),), "e ** x.")

log: Primitive = _row(
    "log", "log", _log,
    (lambda out, x: where(x < 0.0, nan, divide(1.0, x)),),
    (_POSITIVE,), "The natural logarithm; -inf at 0, nan below.",
)

sqrt: Primitive = _row(
    "sqrt", "sqrt", _nan_outside(math.sqrt),
    (lambda out, x: divide(0.5, out),),
    (_POSITIVE,), "The square root; nan below 0.",
)

# Trigonometry.

sin: Primitive = _row("sin", "sin", _nan_outside(math.sin), (lambda out, x: cos(x),), (_ANY,), "The sine of x rad.")

cos: Primitive = _row("cos", "cos", _nan_outside(math.cos), (lambda out, x: -sin(x),), (_ANY,), "The cosine of x rad.")

# Activations.

tanh: Primitive = _row(
    "tanh", "tanh", math.tanh,
    # Smooth at every order and exact in the tails, where 1 - out**2 cancels.
    (lambda out, x: 4.0 * (sigmoid(2.0 * x) * sigmoid(-2.0 * x)),),
    ((-20.0, 20.0),), "The hyperbolic tangent.",
)

sigmoid: Primitive = _row(
    "sigmoid", "sigmoid", _sigmoid,
    (lambda out, x: out * sigmoid(-x),),
    ((-40.0, 40.0),), "The logistic function 1 / (1 + exp(-x)).",
)

relu: Primitive = _row(
    "relu", "relu", _relu,
    (lambda out, x: where(x <= 0.0, None, where(x > 0.0, 1.0, nan)),),
    (_ANY,), "x where x is positive, 0 elsewhere; the derivative at 0 is 0.",
)


_evaluators = {name: row.evaluate for name, row in TABLE.items()}
for _primitive in TABLE.values():
    _primitive.reverse_step = reverse_step([on_floats(rule, _evaluators) for rule in _primitive.partials])
