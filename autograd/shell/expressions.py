"""Text -> Value: an expression such as "a*b + exp(c)", read by a walk over its syntax tree that knows a short list.

Whatever is not on the list (operators, functions, numbers, names that were given) is refused by name and position.
Neither the walk nor the evaluation recurses.
"""

from __future__ import annotations

import ast
import keyword
import math
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, NoReturn, cast

from autograd.errors import ExpressionError
from autograd.functions import activations
from autograd.functions import composed as functions
from autograd.primitives import table
from autograd.primitives.row import TABLE, Primitive
from autograd.shell.syntax import ALLOWED, one_line, parse, refuse, suggestion

OPERATORS: dict[type[ast.AST], Primitive] = {
    ast.Add: table.add,
    ast.Sub: table.subtract,
    ast.Mult: table.multiply,
    ast.Div: table.divide,
    ast.Pow: table.power,
    ast.Mod: table.remainder,
    ast.FloorDiv: table.floor_divide,
    ast.USub: table.negative,
}
COMPARISONS: dict[type[ast.AST], Primitive] = {
    ast.Eq: table.equal,
    ast.NotEq: table.not_equal,
    ast.Lt: table.less,
    ast.LtE: table.less_equal,
    ast.Gt: table.greater,
    ast.GtE: table.greater_equal,
}
_OTHERWISE_SPELLED = {*OPERATORS.values(), *COMPARISONS.values(), table.absolute, table.identity}


class Function(NamedTuple):
    """What an expression may call, and with how many arguments."""

    apply: Callable[..., Any]
    least: int
    most: float


def _of_many(function: Callable[[Any], Any]) -> Function:
    """A function of one sequence, called with its numbers one by one."""
    return Function(lambda *numbers: function(numbers), 1, math.inf)


def _polygamma(order: Any, x: Any) -> Any:
    """The row, up to the order in its domain: at one of 150 a single call takes milliseconds."""
    largest = table.polygamma.domain[0][1]
    if getattr(order, "data", order) > largest:
        raise ExpressionError(f"in an expression polygamma(n, x) takes an order n of up to {largest:g}")
    return table.polygamma(order, x)


FUNCTIONS = {
    **{name: Function(row, *[len(row.partials)] * 2) for name, row in TABLE.items() if row not in _OTHERWISE_SPELLED},
    "polygamma": Function(_polygamma, 2, 2),
    "abs": Function(table.absolute, 1, 1),
    "clip": Function(activations.clip, 3, 3),
    "silu": Function(activations.silu, 1, 1),
    "gelu": Function(activations.gelu, 1, 1),
    "leaky_relu": Function(activations.leaky_relu, 1, 2),
    "elu": Function(activations.elu, 1, 2),
    "sum": _of_many(functions.sum),
    "mean": _of_many(functions.mean),
    "prod": _of_many(functions.prod),
    "norm": _of_many(functions.norm),
    "logsumexp": _of_many(functions.logsumexp),
}
CONSTANTS = {"pi": math.pi, "inf": math.inf, "nan": math.nan}
LONGEST_NAME = 100

_KINDS = {
    ast.Attribute: "an attribute",
    ast.GeneratorExp: "a comprehension",
    ast.Starred: "a star in front",
    ast.Tuple: "a tuple",
    ast.YieldFrom: "yield from",
    ast.IsNot: "is not",
    ast.NotIn: "not in",
    ast.LShift: "<<",
    ast.RShift: ">>",
}


class _Step(NamedTuple):
    """One step of an evaluation on a stack: push `pushed`, or apply `function` to the top entries."""

    function: Callable[..., Any] | None
    operands: int = 0
    pushed: float | str = 0.0


class Expression:
    """An expression in names and numbers, read from text and ready to be evaluated at any point.

    It may have numbers (1, 2.5, 1e-3), the names given, `pi`, `inf` and `nan`, the operators `+ - * / // % **`,
    parentheses, the functions in `FUNCTIONS`, and in where(...) a comparison, as in `where(x > 0, x, 0)`. All numbers
    are floats, and arithmetic never raises: 1/0 is inf, log(-1) is nan.

    Parameters: `text`, the expression; `names`, what it may contain as variables (they win over `pi`, `inf`, `nan`).

    Attributes: `text`, with its white space made plain; `used`, the names of the variables in it, in order.

    Raises: `ExpressionError` that says what is wrong, and at which character.

    >>> expression = Expression("a*b + exp(c)", ["a", "b", "c"])
    >>> expression({"a": 2.0, "b": -3.0, "c": 0.0})
    -5.0
    """

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = one_line(text)
        self._names = {check_name(name) for name in names}
        self._program = self._read(parse(self.text))
        self.used = tuple(dict.fromkeys(step.pushed for step in self._program if isinstance(step.pushed, str)))

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """Evaluate at `variables`, a number or Value for each name; returns a float, or a Value where one came in.

        Raises: `ExpressionError` where a name in the expression has no number, and for polygamma beyond the order 20.

        >>> from autograd.engine.value import Value
        >>> x = Value(3.0, name="x")
        >>> y = Expression("x**2", ["x"])({"x": x})
        >>> y.backward()
        >>> y.data, x.grad
        (9.0, 6.0)
        """
        missing = [name for name in self.used if name not in variables]
        if missing:
            raise ExpressionError(f"no number was given for {', '.join(missing):.200}")
        stack: list[Any] = []
        for step in self._program:
            if step.function is None:
                stack.append(variables[step.pushed] if isinstance(step.pushed, str) else step.pushed)
            else:
                operands = stack[-step.operands :]
                del stack[-step.operands :]
                stack.append(step.function(*operands))
        return stack.pop()

    def __repr__(self) -> str:
        return f"Expression({self.text!r:.80})"

    def _read(self, root: ast.expr) -> list[_Step]:
        """The steps that evaluate a tree: operands first, from left to right."""
        program: list[_Step] = []
        waiting: list[tuple[ast.expr | _Step, bool]] = [(root, False)]
        while waiting:
            item, is_condition = waiting.pop()
            if isinstance(item, _Step):
                program.append(item)
                continue
            step, operands = self._expand(item, is_condition)
            if step is not None:
                waiting.append((step, False))
            for place in reversed(range(len(operands))):
                chooses = step is not None and step.function is table.where and place == 0
                waiting.append((operands[place], chooses))
        return program

    def _expand(self, node: ast.expr, is_condition: bool) -> tuple[_Step | None, list[ast.expr]]:
        """What a node of the tree does, and the nodes that it does it to; a plus sign does nothing."""
        match node:
            case ast.Constant(value=number) if type(number) in (int, float):
                return _Step(None, pushed=self._number(node)), []
            case ast.Name(id=name):
                return _Step(None, pushed=name if name in self._names else self._constant(node)), []
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return None, [operand]
            case ast.UnaryOp(op=operator, operand=operand) if type(operator) in OPERATORS:
                return _Step(OPERATORS[type(operator)], 1), [operand]
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                return _Step(OPERATORS[type(operator)], 2), [left, right]
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
                if not is_condition:
                    self._refuse(node, "a comparison is not a number; it stands in where(condition, x, y)")
                return _Step(COMPARISONS[type(operator)], 2), [left, right]
            case ast.Call(func=ast.Name() as called):
                return self._call(node, called), node.args
            case ast.Call():
                self._refuse(node, "only a function is called, by its name; a product is written with *")
            case ast.Compare(ops=[_, _, *_]):
                self._refuse(node, "compare two numbers at a time: where(0 < x, where(x < 1, y, z), z)")
            case ast.IfExp():
                self._refuse(node, "if ... else is not part of an expression: write where(condition, x, y)")
            case ast.Constant(value=constant):
                self._refuse(node, f"{constant!r:.60} is not a real number; {ALLOWED}")
        kind = node.op if hasattr(node, "op") else node.ops[0] if isinstance(node, ast.Compare) else node
        what = _KINDS.get(type(kind), type(kind).__name__.lower())
        return self._refuse(node, f"{what} is not part of an expression; {ALLOWED}")

    def _call(self, node: ast.Call, called: ast.Name) -> _Step:
        operands = node.args
        name = called.id
        if name in self._names or name in CONSTANTS:
            self._refuse(node, f"{name} is a number, not a function; a product is written with *")
        if name not in FUNCTIONS:
            meant = suggestion(name, FUNCTIONS, "the functions are")
            self._refuse(node, f"there is no function {name!r:.60}; {meant}")
        if node.keywords or any(isinstance(operand, ast.Starred) for operand in operands):
            self._refuse(node, f"{name} takes its arguments one by one, without * or ** in front")
        function = FUNCTIONS[name]
        if not function.least <= len(operands) <= function.most:
            self._refuse(node, f"{name} takes {_count(function)}, {len(operands)} were given")
        return _Step(function.apply, len(operands))

    def _number(self, node: ast.Constant) -> float:
        try:
            number = float(cast(float, node.value))  # an int or a float; nothing else comes here
        except OverflowError:
            number = math.inf
        if number == math.inf:
            self._refuse(node, "the number is beyond the largest float, 1.8e308; infinity is written inf")
        return number

    def _constant(self, node: ast.Name) -> float:
        name = node.id
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            self._refuse(node, f"{name} is a function: write {name}(...)")
        given = "the names given are" if self._names else "no names are given:"
        meant = suggestion(name, sorted(self._names), given)
        return self._refuse(node, f"unknown name {name!r:.60}; {meant}")

    def _refuse(self, node: ast.expr, message: str) -> NoReturn:
        refuse(self.text, len(self.text.encode()[: node.col_offset].decode()), message)


def check_name(name: str) -> str:
    """A variable's name as Python spells it (NFKC), if it can be one.

    Raises: `ExpressionError` for what is not an identifier, for a word of Python's, and for the name of a function.

    >>> check_name("w1")
    'w1'
    """
    if len(name) > LONGEST_NAME:
        raise ExpressionError(f"the name {name!r:.60}... has {len(name):,} characters; up to {LONGEST_NAME} are taken")
    plain = unicodedata.normalize("NFKC", name)
    if not plain.isidentifier():
        raise ExpressionError(f"{name!r:.60} is not a name: a name has letters, digits and _, and no digit in front")
    if keyword.iskeyword(plain):
        raise ExpressionError(f"{name!r} is a word of Python's and cannot be a name")
    if plain in FUNCTIONS:
        raise ExpressionError(f"{name!r} is a function and cannot be a name: call the variable something else")
    return plain


def _count(function: Function) -> str:
    if function.most > function.least:
        return f"{function.least} to {function.most} arguments" if function.most < math.inf else "1 argument or more"
    return f"{function.least} argument{'s' if function.least > 1 else ''}"
