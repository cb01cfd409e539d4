"""Value -> formula: what was computed, in ordinary notation, in LaTeX, and as an expression of SymPy."""

from dataclasses import dataclass
from typing import Any

from autograd.display.derivations.expression import Expression, lift, symbol
from autograd.display.derivations.latex import LATEX
from autograd.display.derivations.markdown import block
from autograd.display.derivations.writing import TEXT, write
from autograd.engine.sweep import topological_order
from autograd.engine.value import Value
from autograd.errors import MissingDependencyError

LARGEST = 24  # operations and operands in one formula; beyond it an anonymous part gets a name
LARGEST_EXPANDED = 200
MOST_DEFINITIONS = 8  # that `str` and LaTeX show


@dataclass(frozen=True, eq=False)
class Formula:
    """The formula of a Value; `str` writes it with the fewest parentheses.

    Attributes: `expression`; `definitions`, the parts that were too large to stand in it, each a symbol such as v7 and
    its formula, the nearest first. `str` and `to_latex` show the first eight of them.
    """

    expression: Expression
    definitions: tuple[tuple[Expression, Expression], ...] = ()

    def __str__(self) -> str:
        lines = [write(self.expression, TEXT)]
        for i, (name, part) in enumerate(self.definitions[:MOST_DEFINITIONS]):
            lines.append(f"{'      ' if i else 'where '}{write(name, TEXT)} = {write(part, TEXT)}")
        return "\n".join(lines + ([f"      and {self._hidden:,} more"] if self._hidden else []))

    @property
    def _hidden(self) -> int:
        return max(0, len(self.definitions) - MOST_DEFINITIONS)

    def to_latex(self) -> str:
        """The formula in LaTeX, without the signs that begin one; with definitions, an `aligned` environment."""
        first = write(self.expression, LATEX)
        if not self.definitions:
            return first
        lines = [f"& {first}"]
        for i, (name, part) in enumerate(self.definitions[:MOST_DEFINITIONS]):
            before = r"\quad " if i else r"\text{where }"
            lines.append(f"& {before}{write(name, LATEX)} = {write(part, LATEX)}")
        if self._hidden:
            lines.append(rf"& \quad \text{{and {self._hidden:,} more}}")
        return block(lines).strip("$\n")

    def to_sympy(self) -> Any:
        """The formula as an expression of SymPy, in which the definitions' symbols stand as symbols."""
        return expression_to_sympy(self.expression)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.to_latex()}\n$$"


def formula(value: Value, expand: bool = False) -> Formula:
    """The formula by which a Value was computed, from the named Values and the leaves.

    It says what was computed, and simplifies nothing. Anonymous leaves are called v1, v2, …, and so is an anonymous
    part that is too large (more than 24 operations and operands): it becomes a definition of its own.

    Parameters: `value`; with `expand`, other named Values are written out as well, down to the leaves, and parts may
    have up to 200 operations and operands.

    Raises: `TypeError` where `value` is no Value.

    >>> x, y = Value(2.0, name="x"), Value(5.0, name="y")
    >>> s = (x + y).named("s")
    >>> print(formula(s * (x - 1)), formula(s * (x - 1), expand=True), formula(s), sep="; ")
    s (x − 1); (x + y) (x − 1); x + y
    """
    return _formula(value, expand, LARGEST_EXPANDED if expand else LARGEST)


def _formula(value: Value, expand: bool, largest: int) -> Formula:
    if not isinstance(value, Value):
        raise TypeError(f"a formula is that of a Value, not of {type(value).__name__}: {value!r:.60}")
    order = topological_order([value])
    names = _names(order, value, expand, largest)
    built: dict[Value, Expression] = {}
    definitions: list[tuple[Expression, Expression]] = []
    for node in order:
        if node._primitive is None:
            built[node] = symbol(names[node], node._out)
            continue
        operands = tuple(
            lift(number) if operand is None else built[operand]
            for operand, number in zip(node._inputs, node._record[1:])
        )
        whole = operands[0] if node._primitive.name == "identity" else Expression(node._primitive, operands, node._out)
        built[node] = whole
        if node in names and node is not value:
            built[node] = symbol(names[node], node._out)
            if expand or not node.name:
                definitions.append((built[node], whole))
    return Formula(built[value], tuple(reversed(definitions)))


def _names(order: list[Value], value: Value, expand: bool, largest: int) -> dict[Value, str]:
    """The names of the leaves, of the named Values unless they are expanded, and of the parts that are too large."""
    sizes: dict[Value, int] = {}
    names: dict[Value, str] = {}
    used: dict[str, int] = {}
    for i, node in enumerate(order, start=1):
        sizes[node] = 1 + sum(sizes[operand] for operand in node._inputs if operand is not None)
        leaf = node._primitive is None
        if leaf or (node is not value and (sizes[node] > largest or (node.name and not expand))):
            sizes[node] = 1
            name = node.name or f"v{i}"
            used[name] = used.get(name, 0) + 1
            names[node] = name if used[name] == 1 else f"{name}#{used[name]}"
    return names


def to_latex(value: Value, expand: bool = False) -> str:
    r"""The `formula` of a Value in LaTeX.

    >>> to_latex(Value(0.5, name="net_o1").exp() / 2)
    '\\frac{\\exp\\left(\\mathrm{net}_{\\mathrm{o1}}\\right)}{2}'
    """
    return formula(value, expand).to_latex()


def to_sympy(value: Value, expand: bool = False) -> Any:
    """The `formula` of a Value as an expression of SymPy, which is a package of its own.

    A leaf or named Value is the `Symbol` of its name; a primitive of your own, a `Function` of its name. A part beyond
    200 operations and operands stands as a symbol such as v7: `formula(v, expand=True).definitions` has it.

    Raises: `MissingDependencyError` where SymPy is not installed, `TypeError` where `value` is no Value.

    >>> to_sympy(Value(2.0, name="x") ** 2 + 1)
    x**2 + 1
    """
    return _formula(value, expand, LARGEST_EXPANDED).to_sympy()


def expression_to_sympy(expression: Expression) -> Any:
    """An expression as one of SymPy. Iterative; SymPy itself is not, so keep below a few hundred operations."""
    try:
        import sympy
    except ImportError:
        raise MissingDependencyError(
            "SymPy is not installed, and to_sympy needs it: pip install 'scalar-autograd[symbols]'"
        ) from None
    made: list[Any] = []
    stack: list[tuple[Expression, bool]] = [(expression, False)]
    while stack:
        e, ready = stack.pop()
        if e.primitive is None:
            made.append(sympy.Symbol(str(e.name)) if e.name else _number(sympy, e.number))
        elif not ready:
            stack.append((e, True))
            stack += [(operand, False) for operand in reversed(e.operands)]
        else:
            count = len(e.operands)
            operands = made[len(made) - count :]
            del made[len(made) - count :]
            form = e.primitive.notation.sympy if e.primitive.notation is not None else ""
            if callable(form):
                made.append(form(sympy, *operands))
            else:
                function = getattr(sympy, form) if form else sympy.Function(e.primitive.name)
                # SymPy would take seconds to evaluate tanh of tanh of tanh.
                made.append(function(*operands, evaluate=False))
    return made[0]


def _number(sympy: Any, number: Any) -> Any:
    if number is None:  # the side of a `where` that is structurally absent
        return sympy.Integer(0)
    if isinstance(number, bool):
        return sympy.true if number else sympy.false
    if number != number:
        return sympy.nan
    if abs(number) == float("inf"):
        return sympy.oo if number > 0.0 else -sympy.oo
    return sympy.Integer(int(number)) if number.is_integer() and abs(number) < 1e15 else sympy.Float(number)
