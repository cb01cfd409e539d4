"""Formulas of Values, printed, read back by a parser of its own, and evaluated against the engine's numbers."""

from __future__ import annotations

import builtins
import math

import pytest
import sympy
from hypothesis import given
from notation import read
from sampling import ordinary_points
from strategies import examples, programs

from autograd import Primitive, Value, explain, explain_all, primitive, stop_gradient, where
from autograd.display.derivations.expression import Expression, lift
from autograd.display.derivations.formula import expression_to_sympy, formula, to_latex, to_sympy
from autograd.display.derivations.writing import TEXT, write
from autograd.errors import MissingDependencyError
from autograd.primitives.table import TABLE, greater
from nn.article.network import ArticleNetwork


def leaves_of(expression: Expression) -> dict[sympy.Symbol, sympy.Float]:
    """The symbols of an expression and their unrounded numbers."""
    found, stack = {}, [expression]
    while stack:
        e = stack.pop()
        stack += e.operands
        if e.name:
            found[sympy.Symbol(str(e.name))] = sympy.Float(e.number, 60)
    return found


def evaluated(formula, leaves):
    """The number of a SymPy expression, to 40 digits."""
    exact = formula.xreplace({f: sympy.Float(float(f), 60) for f in formula.atoms(sympy.Float)})
    return complex(exact.xreplace(leaves).evalf(40, maxn=400)).real


def size_of_terms(expression: Expression) -> float:
    """The largest number on the way to the result, to which rounding errors are relative."""
    largest, stack = 1.0, [expression]
    while stack:
        e = stack.pop()
        stack += e.operands
        if isinstance(e.number, float):
            largest = max(largest, abs(e.number))
    return largest


def assert_written_right(expression: Expression, number: float, within: float = 1e-12) -> None:
    """Both the printed text and the SymPy form give the number."""
    leaves = leaves_of(expression)
    for form in (read(write(expression, TEXT)), expression_to_sympy(expression)):
        assert abs(evaluated(form, leaves) - number) <= within * size_of_terms(expression), write(expression, TEXT)


def arguments_of(row: Primitive, point: tuple[float, ...]) -> list[object]:
    """Named Values at the point; the condition of where is a bool."""
    arguments: list[object] = [Value(number, name=f"x_{i}") for i, number in enumerate(point)]
    return [bool(point[0]), *arguments[1:]] if row.name == "where" else arguments


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_reads_back_as_its_number(row: Primitive):
    for point in ordinary_points(row, 5):
        arguments = arguments_of(row, point)
        result = row(*arguments)
        if isinstance(result, bool):
            operands = tuple(Expression(None, (), value.data, value.name) for value in arguments)
            if row.name.startswith("logical"):  # its operands are conditions
                half = lift(0.5)
                operands = tuple(Expression(greater, (x, half), x.number > 0.5) for x in operands)
            written = Expression(row, operands, result)
            exact = leaves_of(written)
            assert bool(read(write(written, TEXT)).xreplace(exact)) is result
            assert bool(expression_to_sympy(written).xreplace(exact)) is result
        else:
            assert_written_right(formula(result).expression, result.data)


@pytest.mark.parametrize("outer", ["add", "subtract", "multiply", "divide", "power", "negative", "remainder", "sqrt",
                                   "cbrt", "log1p", "absolute", "exp2", "floor_divide", "maximum"])
@pytest.mark.parametrize("inner", ["add", "subtract", "multiply", "divide", "power", "negative", "remainder", "sqrt",
                                   "cbrt", "exp", "exp2", "absolute", "maximum"])
def test_parentheses_stand_where_they_must(outer: str, inner: str):
    def apply(name, *operands):
        return TABLE[name](*operands[: len(TABLE[name].partials)])

    x, y, z = Value(0.7, name="x"), Value(1.3, name="y"), Value(2.9, name="z")
    inside = apply(inner, y, z)
    for result in (apply(outer, x + 5.0, inside), apply(outer, inside, x), apply(outer, -2.0 * inside, x)):
        if math.isfinite(result.data):
            assert_written_right(formula(result).expression, result.data)


@examples(300)
@given(programs(most_lines=8))
def test_random_formulas_read_back_as_their_numbers(program):
    leaves = [Value(number, name=f"x_{i}") for i, number in enumerate(program.leaves)]
    result = program.run(leaves)
    made = formula(result, expand=True)
    assert_written_right(made.expression, result.data)


def assert_derivation_written_right(result: Value, leaf: Value) -> None:
    """Each equation, read back from its printed text and through SymPy, gives its unrounded number."""
    (derivation,) = explain(result, leaf).derivations
    if math.isfinite(derivation.value):
        for equation in derivation.equations:
            assert_written_right(equation.right, equation.value)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_the_derivation_of_every_row_reads_back_as_its_numbers(row: Primitive):
    for point in ordinary_points(row, 4):
        arguments = arguments_of(row, point)
        result = row(*arguments)
        if not isinstance(result, bool):
            for argument in arguments:
                if isinstance(argument, Value):
                    assert_derivation_written_right((result * 3.0 + result).named("y"), argument)


@examples(200)
@given(programs(most_lines=6))
def test_random_derivations_read_back_as_their_numbers(program):
    leaves = [Value(number, name=f"x_{i}") for i, number in enumerate(program.leaves)]
    result = program.run(leaves).named("y")
    for leaf in leaves:
        assert_derivation_written_right(result, leaf)


def test_the_articles_formulas():
    values = ArticleNetwork().forward()
    assert str(formula(values["net_o1"])) == "w5 · out_h1 + w6 · out_h2 + b2"
    assert str(formula(values["out_o1"])) == "σ(net_o1)"
    assert to_latex(values["out_h1"]) == r"\sigma\left(\mathrm{net}_{\mathrm{h1}}\right)"
    total = to_sympy(values["E_total"], expand=True)
    numbers = {symbol: values[symbol.name].data for symbol in total.free_symbols}
    assert float(total.evalf(30, numbers)) == pytest.approx(0.298371109, abs=5e-10)
    slope = sympy.diff(total, sympy.Symbol("w1")).evalf(30, numbers)
    assert float(slope) == pytest.approx(0.000438568, abs=5e-10)


def test_the_articles_derivations_read_back_as_their_numbers():
    for derivation in explain_all(ArticleNetwork().forward()["E_total"]).derivations:
        for equation in derivation.equations:
            leaves = leaves_of(equation.right)
            exact = evaluated(expression_to_sympy(equation.right), leaves)
            assert exact == pytest.approx(equation.value, rel=1e-12)


def test_where_is_written_with_the_condition_that_was_recorded():
    x = Value(2.0, name="x")
    result = where(greater(x, 1.0), x * x, -x)
    assert to_sympy(result) == sympy.Symbol("x") ** 2


def test_stop_gradient_has_its_value_and_no_derivative():
    x = Value(2.0, name="x")
    made = to_sympy(stop_gradient(x) * x)
    assert sympy.diff(made, sympy.Symbol("x")).evalf(subs={"x": 2.0}) == 2.0  # 4 if it let the derivative pass


def test_a_primitive_of_ones_own_is_an_undefined_function():
    bell = primitive("bell", lambda x: math.exp(-x * x), [lambda out, x: -2.0 * x * out])
    made = to_sympy(bell(Value(1.0, name="x")) + 1)
    assert made == sympy.Function("bell")(sympy.Symbol("x")) + 1
    assert to_latex(bell(Value(1.0, name="x"))) == r"\operatorname{bell}\left(x\right)"


def test_a_chain_of_100_000_nodes_is_given_in_parts():
    y = Value(0.5, name="x")
    for _ in range(50_000):
        y = y * 1.0001 + 0.1
    made = formula(y)
    assert str(made).count("\n") == 9
    assert str(made).endswith(f"and {len(made.definitions) - 8:,} more")
    for name, part in made.definitions[:3]:
        assert_written_right(part, name.number)
    assert len(to_sympy(y).free_symbols) == 1
    assert to_latex(y).startswith(r"\begin{aligned}")


def test_two_paths_doubled_a_hundred_times_are_given_in_parts():
    y = Value(1.0, name="x")
    for _ in range(100):
        y = y * 0.5 + y * 0.5
    assert len(str(formula(y, expand=True))) < 20_000  # nine lines of at most 200 operations and operands


def test_two_values_of_one_name_stay_apart():
    assert str(formula(Value(1.0, name="a") - Value(2.0, name="a"))) == "a − a#2"


def test_a_formula_of_no_value_is_refused():
    with pytest.raises(TypeError, match="a formula is that of a Value, not of float"):
        formula(3.0)


def test_without_sympy_the_error_names_the_extra(monkeypatch):
    plain = builtins.__import__

    def no_sympy(name, *others, **more):
        if name == "sympy":
            raise ImportError(name)
        return plain(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", no_sympy)
    with pytest.raises(MissingDependencyError, match=r"scalar-autograd\[symbols\]"):
        to_sympy(Value(1.0, name="x") + 1)
