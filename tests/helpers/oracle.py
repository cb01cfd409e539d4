"""A naive engine to hold the real one against: textbook formulas on nested tuples, evaluated at 40 digits.

It shares no code with `autograd`. An expression is a tuple: `("leaf", i)`, `("constant", number)`, or a function's name
followed by its operands, `("multiply", a, b)`. A derivative is found by writing it out as another such expression, a
higher one by doing that again; nothing is optimised, apart from writing equal expressions only once.

With each value comes its `scale`: the sum of the absolute values of the terms that make it up, together with what an
operand's own scale contributes through the operand's derivative. An evaluation in floats is off by some multiple of the
rounding unit times that scale, however much cancels; so the scale is what an error has to be measured by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath

Expression = tuple[Any, ...]
Number = mpmath.mpf

CONTEXT = mpmath.MPContext()  # its own precision, so that no test's setting changes it
CONTEXT.dps = 40
_mpf = CONTEXT.mpf


def leaf(i: int) -> Expression:
    return ("leaf", i)


def constant(number: float) -> Expression:
    return ("constant", float(number))


ZERO, ONE, TWO = constant(0.0), constant(1.0), constant(2.0)


def _call(name: str) -> Callable[..., Expression]:
    return lambda *operands: (name, *operands)


add, subtract, multiply, divide, power, negative = map(
    _call, ["add", "subtract", "multiply", "divide", "power", "negative"]
)
exp, log, sqrt, sin, cos, cosh, sinh, sigmoid, digamma, sign, floor, polygamma, power_log = map(
    _call,
    [
        "exp", "log", "sqrt", "sin", "cos", "cosh", "sinh", "sigmoid", "digamma", "sign", "floor", "polygamma",
        "power_log",
    ],
)


def _square(a: Expression) -> Expression:
    return multiply(a, a)


def _reciprocal(a: Expression) -> Expression:
    return divide(ONE, a)


_LN_2, _LN_10 = ("constant", CONTEXT.log(2)), ("constant", CONTEXT.log(10))
_TWO_OVER_ROOT_PI = ("constant", 2 / CONTEXT.sqrt(CONTEXT.pi))

# The value of each function.
EVALUATE: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "stop_gradient": lambda x: x,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: CONTEXT.power(x, int(y)) if y == int(y) else CONTEXT.power(x, y),
    "power_log": lambda n, x, y: CONTEXT.power(x, y) * CONTEXT.log(x) ** int(n),
    "remainder": lambda x, y: x - y * CONTEXT.floor(x / y),
    "floor_divide": lambda x, y: CONTEXT.floor(x / y),
    "negative": lambda x: -x,
    "absolute": abs,
    "sign": lambda x: CONTEXT.sign(x),
    "floor": CONTEXT.floor,
    "ceil": CONTEXT.ceil,
    "maximum": max,
    "minimum": min,
    "relu": lambda x: max(x, _mpf(0)),
    "exp": CONTEXT.exp,
    "exp2": lambda x: CONTEXT.power(2, x),
    "expm1": lambda x: CONTEXT.exp(x) - 1,
    "log": CONTEXT.log,
    "log2": lambda x: CONTEXT.log(x) / CONTEXT.log(2),
    "log10": lambda x: CONTEXT.log(x) / CONTEXT.log(10),
    "log1p": lambda x: CONTEXT.log(1 + x),
    "sqrt": CONTEXT.sqrt,
    "cbrt": lambda x: CONTEXT.sign(x) * CONTEXT.cbrt(abs(x)),
    "sin": CONTEXT.sin,
    "cos": CONTEXT.cos,
    "tan": CONTEXT.tan,
    "asin": CONTEXT.asin,
    "acos": CONTEXT.acos,
    "atan": CONTEXT.atan,
    "atan2": lambda y, x: CONTEXT.atan2(y, x),
    "sinh": CONTEXT.sinh,
    "cosh": CONTEXT.cosh,
    "tanh": CONTEXT.tanh,
    "asinh": CONTEXT.asinh,
    "acosh": CONTEXT.acosh,
    "atanh": CONTEXT.atanh,
    "hypot": lambda x, y: CONTEXT.sqrt(x * x + y * y),
    "direction_cosine": lambda x, y: x / CONTEXT.sqrt(x * x + y * y),
    "sigmoid": lambda x: 1 / (1 + CONTEXT.exp(-x)),
    "logistic_density": lambda x: CONTEXT.sech(x / 2) ** 2 / 4,
    "softplus": lambda x: CONTEXT.log(1 + CONTEXT.exp(x)),
    "erf": CONTEXT.erf,
    "erfc": CONTEXT.erfc,
    "lgamma": lambda x: CONTEXT.log(abs(CONTEXT.gamma(x))),
    "digamma": lambda x: CONTEXT.psi(0, x),
    "polygamma": lambda n, x: CONTEXT.psi(int(n), x),
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "logical_and": lambda x, y: x != 0 and y != 0,
    "logical_or": lambda x, y: x != 0 or y != 0,
    "logical_not": lambda x: x == 0,
    "signbit": lambda x: x < 0,
    "where": lambda condition, x, y: x if condition else y,
}

# The derivative of each function with respect to each of its operands, from a table of derivatives. A choice
# (absolute, maximum, where) has its derivative decided by the numbers at hand: see `Oracle.partial`.
PARTIALS: dict[str, Callable[..., tuple[Expression, ...]]] = {
    "identity": lambda x: (ONE,),
    "stop_gradient": lambda x: (ZERO,),
    "add": lambda x, y: (ONE, ONE),
    "subtract": lambda x, y: (ONE, constant(-1.0)),
    "multiply": lambda x, y: (y, x),
    "divide": lambda x, y: (_reciprocal(y), negative(divide(x, _square(y)))),
    "power": lambda x, y: (multiply(y, power(x, subtract(y, ONE))), multiply(power(x, y), log(x))),
    "power_log": lambda n, x, y: (
        ZERO,
        add(divide(multiply(y, power_log(n, x, y)), x), divide(multiply(n, divide(power_log(n, x, y), log(x))), x)),
        power_log(add(n, ONE), x, y),
    ),
    "remainder": lambda x, y: (ONE, negative(floor(divide(x, y)))),
    "floor_divide": lambda x, y: (ZERO, ZERO),
    "negative": lambda x: (constant(-1.0),),
    "absolute": lambda x: (sign(x),),
    "sign": lambda x: (ZERO,),
    "floor": lambda x: (ZERO,),
    "ceil": lambda x: (ZERO,),
    "exp": lambda x: (exp(x),),
    "exp2": lambda x: (multiply(_LN_2, ("exp2", x)),),
    "expm1": lambda x: (exp(x),),
    "log": lambda x: (_reciprocal(x),),
    "log2": lambda x: (_reciprocal(multiply(_LN_2, x)),),
    "log10": lambda x: (_reciprocal(multiply(_LN_10, x)),),
    "log1p": lambda x: (_reciprocal(add(ONE, x)),),
    "sqrt": lambda x: (_reciprocal(multiply(TWO, sqrt(x))),),
    "cbrt": lambda x: (_reciprocal(multiply(constant(3.0), _square(("cbrt", x)))),),
    "sin": lambda x: (cos(x),),
    "cos": lambda x: (negative(sin(x)),),
    "tan": lambda x: (_reciprocal(_square(cos(x))),),
    "asin": lambda x: (_reciprocal(sqrt(subtract(ONE, _square(x)))),),
    "acos": lambda x: (negative(_reciprocal(sqrt(subtract(ONE, _square(x))))),),
    "atan": lambda x: (_reciprocal(add(ONE, _square(x))),),
    "atan2": lambda y, x: (
        divide(x, add(_square(x), _square(y))), negative(divide(y, add(_square(x), _square(y)))),
    ),
    "sinh": lambda x: (cosh(x),),
    "cosh": lambda x: (sinh(x),),
    "tanh": lambda x: (_reciprocal(_square(cosh(x))),),
    "asinh": lambda x: (_reciprocal(sqrt(add(_square(x), ONE))),),
    "acosh": lambda x: (_reciprocal(sqrt(subtract(_square(x), ONE))),),
    "atanh": lambda x: (_reciprocal(subtract(ONE, _square(x))),),
    "hypot": lambda x, y: (divide(x, ("hypot", x, y)), divide(y, ("hypot", x, y))),
    "direction_cosine": lambda x, y: (
        divide(_square(y), power(("hypot", x, y), constant(3.0))),
        negative(divide(multiply(x, y), power(("hypot", x, y), constant(3.0)))),
    ),
    "logistic_density": lambda x: (negative(multiply(("logistic_density", x), ("tanh", multiply(constant(0.5), x)))),),
    "sigmoid": lambda x: (subtract(sigmoid(x), _square(sigmoid(x))),),
    "softplus": lambda x: (sigmoid(x),),
    "erf": lambda x: (multiply(_TWO_OVER_ROOT_PI, exp(negative(_square(x)))),),
    "erfc": lambda x: (negative(multiply(_TWO_OVER_ROOT_PI, exp(negative(_square(x))))),),
    "lgamma": lambda x: (digamma(x),),
    "digamma": lambda x: (polygamma(ONE, x),),
    "polygamma": lambda n, x: (ZERO, polygamma(add(n, ONE), x)),
}
CHOICES = ("maximum", "minimum", "relu", "where")
COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
PREDICATES = (*COMPARISONS, "logical_and", "logical_or", "logical_not", "signbit")


class Oracle:
    """Values, scales and derivatives of expressions at one point: the numbers of the leaves."""

    def __init__(self, leaves: Sequence[float]) -> None:
        self.leaves = [_mpf(number) for number in leaves]
        self._written: dict[Any, Expression] = {}
        self._values: dict[int, Any] = {}
        self._scales: dict[int, Number] = {}
        self._derivatives: dict[tuple[int, int], Expression] = {}

    def write(self, expression: Expression) -> Expression:
        """The expression, with equal parts being one tuple; zeros and ones drop out of sums and products."""
        kind, *operands = expression
        if kind in ("leaf", "constant"):
            return self._written.setdefault(expression, expression)
        if self._written.get(("known", id(expression))) is expression:
            return expression
        operands = [self.write(operand) for operand in operands]
        is_zero = [operand[0] == "constant" and operand[1] == 0 for operand in operands]
        is_one = [operand[0] == "constant" and operand[1] == 1 for operand in operands]
        if kind == "multiply" and any(is_zero) or kind == "negative" and is_zero[0]:
            return self.write(ZERO)
        if kind == "multiply" and any(is_one):
            return operands[0 if is_one[1] else 1]
        if kind == "add" and any(is_zero):
            return operands[0 if is_zero[1] else 1]
        key = (kind, *map(id, operands))
        written = self._written.setdefault(key, (kind, *operands))
        self._written["known", id(written)] = written
        return written

    def value(self, expression: Expression) -> Any:
        """Its number, to 40 digits; a bool for a predicate."""
        expression = self.write(expression)
        if id(expression) not in self._values:
            kind, *operands = expression
            if kind == "leaf":
                value = self.leaves[operands[0]]
            elif kind == "constant":
                value = _mpf(operands[0])
            else:
                value = EVALUATE[kind](*map(self.value, operands))
            self._values[id(expression)] = value
        return self._values[id(expression)]

    def scale(self, expression: Expression) -> Number:
        """The sum of the absolute values of its terms, those included by which its operands' errors come in."""
        expression = self.write(expression)
        if id(expression) not in self._scales:
            self._scales[id(expression)] = self._scale(expression)
        return self._scales[id(expression)]

    def _scale(self, expression: Expression) -> Number:
        kind, *operands = expression
        if kind in ("leaf", "constant") or kind in PREDICATES:
            return _mpf(0)
        terms = operands if kind in ("add", "subtract") else [expression]
        scale = sum(abs(self.value(term)) for term in terms)
        for i, operand in enumerate(operands):
            if self.scale(operand):
                scale += abs(self.value(self.partial(expression, i))) * self.scale(operand)
        return scale

    def partial(self, expression: Expression, i: int) -> Expression:
        """The derivative of a function with respect to its operand number i, as an expression."""
        kind, *operands = expression
        if kind in CHOICES:
            return constant(self._share(kind, i, *map(self.value, operands)))
        if kind in PREDICATES:
            return ZERO
        return PARTIALS[kind](*operands)[i]

    @staticmethod
    def _share(kind: str, i: int, *numbers: Any) -> float:
        """1 for the operand that was chosen, 0 for the other, one half each at a tie; relu at 0 has 0."""
        if kind == "where":
            return float(i == (1 if numbers[0] else 2))
        if kind == "relu":
            return float(numbers[0] > 0)
        x, y = numbers if kind == "maximum" else (-numbers[0], -numbers[1])
        if x == y:
            return 0.5
        return float(i == (0 if x > y else 1))

    def derivative(self, expression: Expression, by: int) -> Expression:
        """The derivative with respect to leaf number `by`, as an expression: the chain rule, operand by operand."""
        expression = self.write(expression)
        key = (id(expression), by)
        if key not in self._derivatives:
            kind, *operands = expression
            total = ONE if expression == ("leaf", by) else ZERO
            if kind not in ("leaf", "constant"):
                for i, operand in enumerate(operands):
                    if kind == "where" and i == 0:
                        continue
                    inner = self.derivative(operand, by)
                    if inner != ZERO:
                        total = add(total, multiply(self.partial(expression, i), inner))
            self._derivatives[key] = self.write(total)
        return self._derivatives[key]
