"""Random programs for Hypothesis: straight lines of rows of the table, each on results of earlier ones, shared freely.

A program is valid by construction: an instruction whose operands lie outside its domain, or so close to a kink that
rounding decides the side, looks for other operands among the results so far, and is left out where there are none.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from oracle import COMPARISONS, Expression, Oracle, constant, leaf

import autograd
from autograd import Value

LARGEST = 100.0  # a result beyond it is not used
WORST_CONDITION = 1e4  # a result whose terms sum up to more than this many times the larger of itself and 1 is not used
NEXT_TO_A_KINK = 1e-6  # in units of the scale of what is compared

# EXAMPLES=50 tries fifty times as many programs, other ones at each run; without it every run is the same.
_FACTOR = int(os.environ.get("EXAMPLES", "0"))


def examples(count: int, **others: Any) -> settings:
    """The settings of a test that tries `count` programs."""
    return settings(
        max_examples=count * max(_FACTOR, 1), derandomize=not _FACTOR, deadline=None, database=None, **others
    )


@dataclass(frozen=True)
class Program:
    """`lines[k]` is a row's name and its operands: an int is a leaf or, counted on, an earlier line; a float is itself.

    For `where` the first operand is the name of a condition, and the next two are what it compares. The result of the
    program is that of its last line. A program with `spelled` uses operators and methods instead of functions.
    """

    leaves: tuple[float, ...]
    lines: tuple[tuple[Any, ...], ...]
    spelled: bool = False

    def expression(self) -> Expression:
        """The result as the oracle takes it."""
        results = [leaf(i) for i in range(len(self.leaves))]
        for line in self.lines:
            results.append(expression_of(line, results))
        return results[-1]

    def run(self, leaves: Sequence[Any]) -> Any:
        """The result, computed by the engine from these leaves."""
        results = list(leaves)
        for name, *operands in self.lines:
            arguments = [results[operand] if type(operand) is int else operand for operand in operands]
            if name == "where":
                condition, a, b, x, y = arguments
                results.append(autograd.where(self._condition(CONDITIONS[condition], a, b), x, y))
            else:
                results.append(_function(name, self.spelled, arguments)(*arguments))
        return results[-1]

    def _condition(self, name: Any, a: Any, b: Any) -> Any:
        """A condition on two numbers: by its name, or by a row's name and its conditions."""
        if name == "signbit":
            return autograd.signbit(a)
        if isinstance(name, str):
            return (getattr(operator, COMPARE[name]) if self.spelled else getattr(autograd, name))(a, b)
        row, *inner = name
        function = operator.and_ if self.spelled and row == "logical_and" else getattr(autograd, row)
        return function(*(self._condition(part, a, b) for part in inner))


COMPARE = {"equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
# What `where` may ask of two numbers: a comparison, or one made of comparisons, with what it comes to.
CONDITIONS: dict[str, Any] = {
    **{name: name for name in COMPARISONS},
    "logical_and": ("logical_and", "less_equal", "not_equal"),
    "logical_or": ("logical_or", "greater", "equal"),
    "logical_not": ("logical_not", "greater_equal"),
    "signbit": "signbit",  # of the first
}
OPERATORS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow, "remainder": operator.mod, "floor_divide": operator.floordiv, "negative": operator.neg,
    "absolute": abs,
}


def _function(name: str, spelled: bool, arguments: Sequence[Any]) -> Callable[..., Any]:
    if spelled and name in OPERATORS:
        return OPERATORS[name]
    if spelled and isinstance(arguments[0], Value) and hasattr(Value, name):
        return lambda first, *others: getattr(first, name)(*others)
    return getattr(autograd, name)


def expression_of(line: tuple[Any, ...], results: Sequence[Expression]) -> Expression:
    name, *operands = line
    written = [results[o] if type(o) is int else o if isinstance(o, str) else constant(o) for o in operands]
    if name == "where":
        condition, a, b, x, y = written
        return "where", _condition_of(CONDITIONS[condition], a, b), x, y
    return name, *written


def _condition_of(name: Any, a: Expression, b: Expression) -> Expression:
    if isinstance(name, str):
        return (name, a) if name == "signbit" else (name, a, b)
    row, *inner = name
    return row, *(_condition_of(part, a, b) for part in inner)


def _always(*numbers: Any) -> bool:
    return True


def _within(low: float, high: float) -> Callable[..., bool]:
    return lambda x: low <= x <= high


# Where each row of the table is smooth, and not so close to a pole that the scale runs away.
DOMAINS: dict[str, Callable[..., bool]] = {
    "divide": lambda x, y: abs(y) >= 1 / 16,
    "power": lambda x, y: abs(y) <= 4 and x >= 1 / 16,
    "remainder": lambda x, y: abs(y) >= 1 / 4,
    "floor_divide": lambda x, y: abs(y) >= 1 / 4,
    **dict.fromkeys(["exp", "exp2", "expm1", "sinh", "cosh"], _within(-6.0, 6.0)),
    **dict.fromkeys(["log", "log2", "log10", "sqrt", "lgamma", "digamma"], _within(1 / 16, LARGEST)),
    **dict.fromkeys(["asin", "acos", "atanh"], _within(-15 / 16, 15 / 16)),
    **dict.fromkeys(["atan2", "hypot", "direction_cosine"], lambda x, y: x * x + y * y >= 1 / 64),
    "log1p": _within(-15 / 16, LARGEST),
    "cbrt": lambda x: abs(x) >= 1 / 16,
    "tan": _within(-1.4, 1.4),
    "acosh": _within(17 / 16, LARGEST),
    **dict.fromkeys(["erf", "erfc"], _within(-5.0, 5.0)),  # beyond, their derivatives underflow
    "polygamma": lambda n, x: 1 / 4 <= x,
    "power_log": lambda n, x, y: abs(y) <= 4 and x >= 1 / 16 and abs(x - 1) >= 1 / 64,
}
ARITY = {
    **dict.fromkeys(
        ["add", "subtract", "multiply", "divide", "power", "remainder", "floor_divide", "maximum", "minimum", "atan2",
         "hypot", "direction_cosine", "polygamma"], 2,
    ),
    "power_log": 3,
    "where": 4,
}
UNARY = [
    "negative", "absolute", "sign", "floor", "ceil", "relu", "exp", "exp2",
    "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin",
    "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "sigmoid", "logistic_density", "softplus", "erf", "erfc",
    "lgamma", "digamma", "stop_gradient",
]
NAMES = [*UNARY, *ARITY, "add", "subtract", "multiply", "multiply", "divide"]
SMOOTH = [name for name in UNARY if name not in ("absolute", "sign", "floor", "ceil", "relu", "stop_gradient")]
CONSTANTS = (-2.0, -1.0, 0.5, 1.0, 2.0, 3.0, 0.1, -0.7)


def _kink_distances(name: str, oracle: Oracle, operands: Sequence[Expression]) -> list[tuple[Expression, Any]]:
    """What rounding must not decide: pairs of an expression, and its distance from where a row changes its formula."""
    if name in ("absolute", "sign", "relu"):
        return [(operands[0], abs(oracle.value(operands[0])))]
    if name in ("maximum", "minimum", "where"):
        difference = ("subtract", operands[0], operands[1])
        return [(difference, abs(oracle.value(difference)))]
    if name in ("floor", "ceil", "remainder", "floor_divide"):
        steps = operands[0] if name in ("floor", "ceil") else ("divide", *operands)
        number = oracle.value(steps)
        return [(steps, abs(number - round(number)))]
    return []


def _is_exact(expression: Expression) -> bool:
    """Whether floats have it without rounding: a number given, or the difference of an expression and itself."""
    kind, *operands = expression
    return kind in ("leaf", "constant") or (
        kind == "subtract" and (operands[0] == operands[1] or all(map(_is_exact, operands)))
    )


def _compared(condition: Expression) -> Sequence[Expression]:
    """The two numbers that a condition is about."""
    while condition[0] not in COMPARISONS:
        if condition[0] == "signbit":
            return condition[1], constant(0.0)
        condition = condition[1]
    return condition[1:]


def is_valid(line: tuple[Any, ...], results: Sequence[Expression], oracle: Oracle) -> bool:
    """Whether the line's operands are within its domain, away from its kinks, and its result is of moderate size."""
    name, *operands = line
    if all(type(operand) is not int for operand in operands[-2:]):
        return False  # a function of constants is no Value
    expression = expression_of(line, results)
    compared = _compared(expression[1]) if name == "where" else expression[1:]
    whole_exponent = name == "power" and type(operands[1]) is float and operands[1] % 1.0 == 0.0
    numbers = [oracle.value(operand) for operand in compared]
    if whole_exponent:
        if abs(numbers[0]) < 1 / 16:
            return False
    elif name != "where" and not DOMAINS.get(name, _always)(*numbers):
        return False
    for measured, distance in _kink_distances(name, oracle, compared):
        if distance < NEXT_TO_A_KINK * max(oracle.scale(measured), 1) and not _is_exact(measured):
            return False
    value = abs(oracle.value(expression))
    return bool(value <= LARGEST and oracle.scale(expression) <= WORST_CONDITION * max(value, 1))


numbers = st.one_of(
    st.integers(-256, 256).map(lambda i: i / 64), st.floats(1 / 64, 4.0), st.floats(-4.0, -1 / 64)
)
_position = st.integers(0, 15)  # counted back from the latest result
_operand = st.one_of(_position, _position, st.sampled_from(CONSTANTS))


@st.composite
def wild_programs(draw: st.DrawFn, leaves: int, most_lines: int = 8) -> tuple[tuple[Any, ...], ...]:
    """The lines of a program whose operands are anything at all: outside domains, on kinks and at poles."""
    lines: list[tuple[Any, ...]] = []
    for count in range(leaves, leaves + draw(st.integers(1, most_lines))):
        name = draw(st.sampled_from(NAMES))
        drawn = [draw(_operand) for _ in range(ARITY.get(name, 1))]
        operands = [operand if type(operand) is float else operand % count for operand in drawn]
        operands[-1] = draw(_position) % count  # so that it is a Value
        prefix = (draw(st.sampled_from([*CONDITIONS])),) if name == "where" else ()
        lines.append((name, *prefix, *operands))
    return tuple(lines)


@st.composite
def programs(
    draw: st.DrawFn, names: Sequence[str] = NAMES, most_leaves: int = 4, most_lines: int = 12, last: str = ""
) -> Program:
    """A program with one to `most_leaves` leaves and one to `most_lines` lines of these names, then one of `last`."""
    leaves = tuple(draw(st.lists(numbers, min_size=1, max_size=most_leaves)))
    oracle = Oracle(leaves)
    results: list[Expression] = [leaf(i) for i in range(len(leaves))]
    lines: list[tuple[Any, ...]] = []
    drawn_names = [draw(st.sampled_from(names)) for _ in range(draw(st.integers(1, most_lines)))]
    for name in [*drawn_names, last] if last else drawn_names:
        drawn = [draw(_operand) for _ in range(ARITY.get(name, 1))]
        if name in ("polygamma", "power_log"):
            drawn[0] = draw(st.sampled_from([0.0, 1.0, 2.0]))
        prefix = (draw(st.sampled_from([*CONDITIONS])),) if name == "where" else ()
        line = _first_valid(name, prefix, drawn, results, oracle)
        if line is not None:
            lines.append(line)
            results.append(expression_of(line, results))
    if not lines:
        lines.append(("sin", 0))
    return Program(leaves, tuple(lines), draw(st.booleans()))


def _first_valid(
    name: str, prefix: tuple[str, ...], drawn: Sequence[Any], results: Sequence[Expression], oracle: Oracle
) -> tuple[Any, ...] | None:
    """The line with the operands drawn, or with the first operand moved on through the results until it is valid."""
    count = len(results)
    for shift in range(count):
        operands = [
            operand if type(operand) is float else (count - 1 - operand - (shift if i == 0 else 0)) % count
            for i, operand in enumerate(drawn)
        ]
        line = (name, *prefix, *operands)
        if is_valid(line, results, oracle):
            return line
    return None


any_float = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 1e-320, 1e-160, 1e160, 1.7e308, float("inf"), float("nan")]),
)
