"""Text -> Value: what an expression may have, what it computes, and what it refuses in one clear line."""

from __future__ import annotations

import math

import pytest

from autograd import ExpressionError, Value
from autograd.primitives.row import TABLE
from autograd.shell.expressions import FUNCTIONS, Expression, check_name
from autograd.shell.syntax import LONGEST_EXPRESSION


def evaluate(text, **numbers):
    return Expression(text, numbers)(numbers)


def refusal(text, *names):
    with pytest.raises(ExpressionError) as refused:
        Expression(text, names)
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 1000
    return message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3", 7.0),
        ("(1 + 2)*3", 9.0),
        ("7 - 2 - 1", 4.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("--2", 2.0),
        ("+-+2", -2.0),
        ("7 // 2", 3.0),
        ("-7 // 2", -4.0),
        ("7 % -4", -1.0),
        ("1/3*3", 1.0),
        ("1e3 + .5 + 1_000 + 2.", 2002.5),
        ("10**400", math.inf),
        ("9**9**9**9", math.inf),
        ("1/0", math.inf),
        ("-1/0", -math.inf),
        ("2*pi", 6.283185307179586),
        ("-inf", -math.inf),
        ("exp(0) + abs(-3) + atan2(0, 1)", 4.0),
        ("where(1 <= 1, 2, 3)", 2.0),
        ("where(1 != 1, 2, where(0 < 1, 4, 5))", 4.0),
        ("maximum(hypot(3, 4), 2)", 5.0),
    ],
)
def test_an_expression_without_variables_is_a_float(text, expected):
    result = evaluate(text)
    assert type(result) is float
    assert result == expected


@pytest.mark.parametrize("text", ["0/0", "nan", "log(-1)", "(-8)**(1/3)", "1 % 0", "inf - inf"])
def test_what_has_no_value_is_nan_and_raises_nothing(text):
    assert math.isnan(evaluate(text))


def test_white_space_may_stand_anywhere_between_the_parts():
    assert evaluate("  1\n+\t2 \r\n *  3  ") == 7.0
    assert Expression(" a\n + b ", ["a", "b"]).text == "a + b"


def test_variables_may_be_numbers_or_values_and_win_over_constants():
    expression = Expression("a*pi", ["a", "pi"])
    assert expression({"a": 2.0, "pi": 3.0}) == 6.0
    result = expression({"a": Value(2.0), "pi": 3.0})
    assert isinstance(result, Value)
    assert result.data == 6.0


def test_a_variable_in_the_graph_is_the_value_that_was_given():
    a, b = Value(2.0, name="a"), Value(5.0, name="b")
    result = Expression("a*b", ["a", "b"])({"a": a, "b": b})
    assert result.parents == (a, b)
    assert Expression("+a", ["a"])({"a": a}) is a


def test_the_names_used_are_listed_in_the_order_of_their_first_use():
    assert Expression("c + a*c - sin(b)", ["a", "b", "c", "d"]).used == ("c", "a", "b")


def test_gradients_agree_with_mpmath():
    # mpmath.diff at 40 digits of atan2(y, x) + hypot(x, y)*erf(x) - polygamma(1, y) at (1/2, 3/2).
    x, y = Value(0.5), Value(1.5)
    result = Expression("atan2(y, x) + hypot(x, y)*erf(x) - polygamma(1, y)", ["x", "y"])({"x": x, "y": y})
    result.backward()
    assert result.data == pytest.approx(1.1372261397178591886, rel=1e-14)
    assert x.grad == pytest.approx(0.95407377232921305351, rel=1e-14)
    assert y.grad == pytest.approx(1.5225861849528904389, rel=1e-14)


def test_the_branch_of_where_that_is_not_taken_has_no_derivative():
    x = Value(0.0)
    Expression("where(x > 0, sqrt(x), 0*x)", ["x"])({"x": x}).backward()
    assert x.grad == 0.0


def test_a_sum_of_a_thousand_terms_is_read_and_differentiated():
    a = Value(0.5)
    result = Expression(" + ".join(["a*a"] * 1000), ["a"])({"a": a})
    result.backward()
    assert (result.data, a.grad) == (250.0, 1000.0)


def test_a_hundred_nested_calls_are_read():
    assert evaluate("abs(" * 100 + "-3" + ")" * 100) == 3.0


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() & TABLE.keys()))
def test_each_row_of_the_table_is_called_by_its_name_with_its_number_of_arguments(name):
    row = TABLE[name]
    count = len(row.partials)
    numbers = [1.0 if name in ("polygamma", "power_log") else 1.25, 0.5, 0.25][:count]
    names = ["u", "v", "w"][:count]
    expected = row(*numbers)
    result = Expression(f"{name}({', '.join(names)})", names)(dict(zip(names, numbers)))
    assert result == expected or (math.isnan(result) and math.isnan(expected))
    assert f"{name} takes {count} argument" in refusal(f"{name}({', '.join('1' * (count + 1))})")
    assert "0 were given" in refusal(f"{name}()")


def test_each_row_but_the_operators_is_a_function_of_expressions():
    operators = {"add", "subtract", "multiply", "divide", "power", "remainder", "floor_divide", "negative", "identity"}
    comparisons = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
    assert TABLE.keys() - FUNCTIONS.keys() == operators | comparisons | {"absolute"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clip(3, -1, 1)", 1.0),
        ("silu(0) + gelu(0)", 0.0),
        ("leaky_relu(-2)", -0.02),
        ("leaky_relu(-2, 0.5)", -1.0),
        ("elu(-inf, 3)", -3.0),
        ("sum(1, 2, 3)", 6.0),
        ("mean(1, 2, 6)", 3.0),
        ("prod(2, 3, 4)", 24.0),
        ("norm(3, 4, 12)", 13.0),
        ("logsumexp(1000, 1000)", 1000.6931471805599),
    ],
)
def test_functions_composed_of_rows_are_called_with_numbers_one_by_one(text, expected):
    assert evaluate(text) == pytest.approx(expected, rel=1e-15)


def test_the_derivative_of_a_function_of_many_numbers_reaches_each():
    a, b = Value(3.0), Value(4.0)
    Expression("norm(a, b)", ["a", "b"])({"a": a, "b": b}).backward()
    assert (a.grad, b.grad) == pytest.approx((0.6, 0.8), rel=1e-15)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("clip(1)", "clip takes 3 arguments, 1 were given"),
        ("elu(1, 2, 3)", "elu takes 1 to 2 arguments, 3 were given"),
        ("sum()", "sum takes 1 argument or more, 0 were given"),
        ("sum([1, 2])", "'['"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused_with_both_numbers(text, part):
    assert part in refusal(text)


def test_an_order_of_polygamma_that_takes_long_is_refused():
    # mpmath.polygamma(20, 1.5) at 30 digits.
    assert evaluate("polygamma(20, 1.5)") == pytest.approx(-487772949462609.87364, rel=1e-14)
    with pytest.raises(ExpressionError, match="order n of up to 20"):
        evaluate("polygamma(21, 1.5)")
    with pytest.raises(ExpressionError, match="order n of up to 20"):
        Expression("polygamma(n, 1.5)", ["n"])({"n": Value(150.0)})
    assert math.isnan(evaluate("polygamma(nan, 1.5)"))


def test_a_name_without_a_number_is_refused():
    with pytest.raises(ExpressionError, match="no number was given for b"):
        Expression("a*b", ["a", "b"])({"a": 1.0})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a.b", ["character 1", "an attribute"]),
        ("a.__class__.__mro__", ["an attribute"]),
        ("(1).real", ["an attribute"]),
        ("1 + a[0]", ["character 6", "'['", "subscript"]),
        ("'a'", ["character 1", '"\'"', "text"]),
        ('a + "b"', ["character 5", "text"]),
        ("f'{a}'", ["character 2"]),
        ("{a}", ["'{'"]),
        ("lambda: a", ["':'", "lambda"]),
        ("(a := 2)", ["':'", ":="]),
        ("a = 2", ["character 3", "'='", "=="]),
        ("sin(x=a)", ["character 6", "by their place"]),
        ("sin(*a)", ["without * or **"]),
        ("sin(**a)", ["without * or **"]),
        ("sin(a for a in a)", ["a comprehension"]),
        ("a if a else a", ["where(condition, x, y)"]),
        ("(yield)", ["yield"]),
        ("(yield from a)", ["yield from"]),
        ("await a", ["await"]),
        ("not a", ["not is not part"]),
        ("a and a", ["and is not part"]),
        ("a or a", ["or is not part"]),
        ("a in a", ["in is not part"]),
        ("a is not a", ["is not is not part"]),
        ("a << 2", ["<<"]),
        ("a @ a", ["'@'"]),
        ("a | a", ["'|'"]),
        ("~a", ["'~'"]),
        ("a, a", ["a tuple"]),
        ("()", ["a tuple"]),
        ("...", ["Ellipsis", "not a real number"]),
        ("2j", ["2j", "not a real number"]),
        ("True", ["True", "not a real number"]),
        ("None", ["None", "not a real number"]),
        ("a^2", ["character 2", "**"]),
        ("a × 2", ["'×'", "written *"]),
        ("a − 2", ["'−'", "written -"]),
        ("a²", ["'²'", "**2"]),
        ("a; a", ["';'"]),
        ("a # b", ["'#'"]),
        ("a \\ b", ["part of an expression"]),
        ("a\0b", ["character 2", "\\x00"]),
        ("\udc80", ["character 1", "\\udc80"]),
        ("a < 1", ["where(condition, x, y)"]),
        ("(a < 1)*2", ["character 2", "where(condition, x, y)"]),
        ("where(a, a < 1, 2)", ["character 10", "where(condition, x, y)"]),
        ("where(0 < a < 1, 1, 2)", ["two numbers at a time"]),
        ("a(3)", ["a is a number, not a function"]),
        ("pi(3)", ["pi is a number, not a function"]),
        ("(a + 1)(3)", ["only a function is called"]),
        ("sin(a)(a)", ["only a function is called"]),
        ("sin", ["sin is a function"]),
        ("sin + 1", ["sin is a function"]),
        ("__import__(a)", ["no function '__import__'"]),
        ("eval(a)", ["no function 'eval'"]),
        ("sine(a)", ["no function 'sine'", "did you mean sin"]),
        ("ln(a)", ["the natural logarithm is log"]),
        ("max(a, a)", ["maximum(x, y)"]),
        ("2a", ["character 1", "as in 2*x"]),
        ("a b", ["character 3"]),
        ("a +", ["ends too early", "'a +'"]),
        ("a + * a", ["character 5"]),
        ("(a", ["character 1", "never closed"]),
        ("a)", ["character 2", "closes nothing"]),
        ("", ["empty"]),
        ("  \n ", ["empty"]),
        ("1e999", ["beyond the largest float"]),
        ("1" + "0" * 309, ["beyond the largest float"]),
        ("a + " + "1" * 5000, ["character 5", "400 digits"]),
        ("import os", ["character 1"]),
    ],
)
def test_what_is_not_on_the_list_is_refused_by_name_and_position(text, parts):
    message = refusal(text, "a")
    assert [part for part in parts if part not in message] == [], message


def test_the_position_counts_characters_not_bytes():
    assert "character 5, near 'γ'" in refusal("α + γ", "α", "β")


def test_an_unknown_name_gets_the_near_ones_or_all_that_were_given():
    assert "unknown name 'widht'; did you mean width?" in refusal("widht*2", "height", "width")
    assert "unknown name 'q'; the names given are height, width" in refusal("q*2", "width", "height")
    assert "no names are given" in refusal("q*2")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a" + ")" * 10_000,
        "(" * 101 + "a" + ")" * 101,
        "(" * 10_000,
        "sin(" * 7_000,
        "-" * 100_000 + "a",
        "-" * 20_000 + "a",
        "- " * 10_000 + "a",
        "+-" * 10_000 + "a",
        "not " * 7_000 + "a",
        "a" * 10_000_000,
        "+".join(["a"] * 100_000),
        "+".join(["a"] * 15_000),
        "**".join(["a"] * 10_000),
        "**-".join(["9"] * 7_000),
        "a" + ".a" * 14_000,
        "a if a else " * 2_000 + "a",
        "a for a in " * 2_000,
        "a<" * 14_000 + "a",
        "a," * 14_000,
        "maximum(" + "a," * 14_000 + "a)",
        "0x" + "f" * 29_000,
        "9" * 29_000,
        "0." + "0" * 29_000 + "1",
        "é" * 29_000,
        "." * 29_000,
        "=" * 29_000,
        "*" * 29_000,
        "a\0" * 10_000,
        "lambda " * 4_000,
    ],
    ids=lambda text: f"{text[:8]!r}x{len(text)}",
)
def test_hostile_or_huge_text_is_one_clear_line(text):
    refusal(text, "a")


def test_the_longest_expression_is_the_longest_that_is_read():
    names = ["a"]
    text = "+".join("(" + "+".join(names * 100) + ")" for _ in range(140))
    padded = text[:-1] + " " * (LONGEST_EXPRESSION - len(text)) + ")"
    assert len(padded) == LONGEST_EXPRESSION
    assert Expression(padded, names)({"a": 1.0}) == 14_000.0
    assert f"{LONGEST_EXPRESSION + 1:,} characters" in refusal(padded + " ", *names)


@pytest.mark.parametrize(
    ("name", "part"),
    [("2x", "not a name"), ("", "not a name"), ("a b", "not a name"), ("a.b", "not a name"), ("a\0", "not a name"),
     ("lambda", "word of Python's"), ("None", "word of Python's"), ("sin", "is a function"), ("abs", "is a function")],
)  # fmt: skip
def test_what_cannot_be_a_name_is_refused(name, part):
    with pytest.raises(ExpressionError, match=part):
        check_name(name)
    with pytest.raises(ExpressionError, match=part):
        Expression("1", [name])


def test_a_name_is_harmless_however_it_looks():
    names = ["__class__", "__import__", "self", "_", "match", "eval"]
    assert Expression("+".join(names), names)(dict.fromkeys(names, 1.0)) == 6.0


def test_a_name_is_compared_as_python_spells_it():
    # Python reads the micro sign U+00B5 as the letter μ U+03BC, and the ligature ﬁ as fi.
    assert check_name("\u00b5") == "\u03bc"
    assert Expression("\u00b5*2 + ﬁ", ["\u03bc", "fi"])({"\u03bc": 3.0, "fi": 1.0}) == 7.0


def test_an_expression_shows_its_text():
    assert repr(Expression("a + 1", ["a"])) == "Expression('a + 1')"
