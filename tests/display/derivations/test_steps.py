"""The steps of a derivation: the article's, sums over paths, node deltas, and graphs of any size."""

from __future__ import annotations

import math

import pytest

from autograd import Value, checkpoint, elu, explain, explain_all, leaky_relu, relu, where
from autograd.display.derivations.expression import symbol
from autograd.display.derivations.steps import derive
from autograd.primitives.table import TABLE, divide, exp, power
from nn.article.network import ArticleNetwork

W5 = """\
∂E_total/∂w5 = ∂E_total/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5
  ∂E_total/∂out_o1 = −(target_o1 − out_o1) = −(0.01 − 0.751365070)      = 0.741365070
  ∂out_o1/∂net_o1 = out_o1 (1 − out_o1) = 0.751365070 (1 − 0.751365070) = 0.186815602
  ∂net_o1/∂w5 = out_h1                                                  = 0.593269992
    = 0.741365070 × 0.186815602 × 0.593269992                           = 0.082167041
check: backward 0.082167041 · central difference 0.082167041
update: w5⁺ = w5 − 0.5 · ∂E_total/∂w5 = 0.4 − 0.5 × 0.082167041 = 0.358916480"""


@pytest.fixture
def values():
    return ArticleNetwork().forward()


def test_w5_has_the_articles_steps(values):
    assert str(explain(values["E_total"], values["w5"], step=0.5)) == W5


def test_w1_sums_over_both_outputs_in_the_articles_order(values):
    derivation = derive(values["E_total"], values["w1"])
    names = [str(e.left) for e in derivation.equations if e.left is not None]
    assert names == [
        "∂E_total/∂w1", "∂E_total/∂out_h1",
        "∂E_o1/∂out_h1", "∂E_o1/∂net_o1", "∂E_o1/∂out_o1", "∂out_o1/∂net_o1", "∂net_o1/∂out_h1",
        "∂E_o2/∂out_h1", "∂E_o2/∂net_o2", "∂E_o2/∂out_o2", "∂out_o2/∂net_o2", "∂net_o2/∂out_h1",
        "∂out_h1/∂net_h1", "∂net_h1/∂w1",
    ]
    numbers = {str(e.left): e.value for e in derivation.equations if e.left is not None}
    assert numbers["∂E_total/∂out_h1"] == pytest.approx(0.0363503064, abs=1e-10)
    assert numbers["∂E_o2/∂out_h1"] == pytest.approx(-0.0190491183, abs=1e-10)
    assert derivation.value == pytest.approx(0.000438568, abs=5e-10)
    assert derivation.difference == pytest.approx(derivation.value, rel=1e-10)


def test_every_equations_formula_has_its_value(values):
    for leaf in explain_all(values["E_total"]).derivations:
        for equation in leaf.equations:
            assert equation.right.number == pytest.approx(equation.value, rel=1e-13)
        assert leaf.equations[-1].value == pytest.approx(leaf.value, rel=1e-13)


def test_links_that_are_one_are_not_written():
    a, b = Value(2.0, name="a"), Value(1.0, name="b")
    c = (a + b).named("c")
    d = (b + 1).named("d")
    e = (c * d).named("e")
    assert str(explain(e, b)) == """\
∂e/∂b = ∂e/∂c + ∂e/∂d
  ∂e/∂c = d = 2
  ∂e/∂d = c = 3
    = 2 + 3 = 5
check: backward 5 · central difference 5"""
    assert str(explain(c, a)).splitlines()[0] == "∂c/∂a = 1"


def test_parallel_paths_through_anonymous_nodes_are_one_link():
    x = Value(3.0, name="x")
    assert str(explain((x * x * x + 2 * x).named("y"), x)).splitlines()[0] == "∂y/∂x = 2 + 3 · x^2 = 2 + 3 × 3^2 = 29"


def test_many_paths_are_counted_and_written_with_deltas():
    x = Value(1.0, name="x")
    y = x
    for i in range(100):
        y = (y + y).named(f"y{i}")
    pair = Value(1.0, name="z")
    a = pair
    for i in range(100):
        a = ((a * 1.5).named(f"a{i}") + (a * 0.5).named(f"b{i}")).named(f"c{i}")
    derivation = derive(a, pair)
    assert derivation.value == 2.0**100
    assert "about 10^30 paths lead from z to c99" in derivation.notes[0]
    assert [str(e.left) for e in derivation.equations if e.left is not None] == [
        "∂c99/∂z", "δ_a0", "∂a0/∂z", "δ_b0", "∂b0/∂z",
    ]
    assert derive(y, x).value == 2.0**100


def test_more_terms_than_fit_are_counted():
    x = Value(2.0, name="x")
    total = sum(((x * float(k)).named(f"t{k}") for k in range(1, 21)), Value(0.0, name="zero")).named("total")
    derivation = derive(total, x)
    assert "(12 more terms)" in str(derivation.equations[0].right)
    assert derivation.equations[-1].right.number == pytest.approx(210.0, rel=1e-15)


def test_unnamed_values_get_names_and_equal_names_numbers():
    x = Value(2.0)
    y = x * x
    assert str(explain(y, x)).splitlines()[0] == "∂v2/∂v1 = 2 · v1 = 2 × 2 = 4"
    a, b = Value(2.0, name="a"), Value(3.0, name="a")
    assert str(explain((a * b).named("y"), b)).splitlines()[0] == "∂y/∂a#2 = a = 2"


def test_what_the_output_does_not_depend_on():
    x, y = Value(2.0, name="x"), Value(3.0, name="y")
    z = (x * x).named("z")
    assert str(explain(z, y)).splitlines()[0] == "∂z/∂y = 0"
    assert "z does not depend on y." in str(explain(z, y))
    assert str(explain(z, z)).splitlines()[0] == "∂z/∂z = 1"


def test_the_side_that_was_taken_is_the_one_that_is_explained():
    x = Value(-2.0, name="x")
    assert str(explain(where(x > 0, x.sqrt(), x * x).named("y"), x)).splitlines()[0] == "∂y/∂x = 2 · x = 2 (−2) = −4"
    assert str(explain(relu(x).named("y"), x)).splitlines()[0] == "∂y/∂x = 0"


def test_explaining_leaves_gradients_and_uses_the_recorded_floats():
    x = Value(3.0, name="x")
    y = (x * x).named("y")
    y.backward()
    x.data = 100.0
    assert str(explain(y, x)).splitlines()[0] == "∂y/∂x = 2 · x = 2 × 3 = 6"
    assert (x.grad, y.grad) == (6.0, 1.0)


def test_control_characters_in_names_are_shown_and_do_not_reach_the_terminal():
    x = Value(2.0, name="a\x1b[2J\nb")
    text = str(explain((x * x).named("y\x00"), x))
    assert text.splitlines()[0] == "∂y␀/∂a␛[2J↵b = 2 · a␛[2J↵b = 2 × 2 = 4"


def test_only_values_can_be_explained():
    with pytest.raises(TypeError, match="not float"):
        explain(Value(1.0), 1.0)


def test_deep_graphs_are_explained():
    x = Value(0.5, name="x")
    y = x
    for _ in range(20_000):
        y = y * 1.0001 + 0.1
    derivation = derive(y, x)
    assert derivation.value == pytest.approx(1.0001**20_000, rel=1e-10)
    assert derivation.difference == pytest.approx(derivation.value, rel=1e-8)
    assert "one path leads" in derivation.notes[0]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_textbook_formulas_agree_with_the_rules(name):
    row = TABLE[name]
    point = [2.0 if name in ("polygamma", "power_log") and i == 0 else 0.3 + 0.25 * i for i in range(len(row.partials))]
    if name == "acosh":
        point = [1.7]
    operands = [symbol(letter, number) for letter, number in zip("xyz", point)]
    out = symbol("out", row.evaluate(*point))
    for rule, shown in zip(row.partials, row.textbook or row.partials):
        assert (rule is None) == (shown is None)
        if callable(rule):
            exact, formula = rule(out, *operands), shown(out, *operands)
            if exact is None:
                assert formula is None
                continue
            assert getattr(formula, "number", formula) == pytest.approx(getattr(exact, "number", exact), rel=1e-13)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda x, y: 2.0 * (x - y) * 0.5 * -1.0, "−(x − y)"),
        (lambda x, y: -(2.0 * power(x - y, 1.0)) * 0.5, "−(x − y)"),
        (lambda x, y: 1.0 - (1.0 - x), "x"),
        (lambda x, y: x * x * x, "x^3"),
        (lambda x, y: x - (-y), "x + y"),
        (lambda x, y: x + (-y), "x − y"),
        (lambda x, y: (-x) * (-y), "x · y"),
        (lambda x, y: 3.0 * x - x, "2 · x"),
        (lambda x, y: x * (y + 1.0), "x (y + 1)"),
        (lambda x, y: (x + y) - (x - y), "x + y − (x − y)"),
        (lambda x, y: divide(-x, y), "−x / y"),
        (lambda x, y: divide(1.0, y) * x, "x / y"),
        (lambda x, y: divide(-1.0, y), "−1 / y"),
        (lambda x, y: -0.5 * exp(x) * y, "−0.5 · exp(x) · y"),
        (lambda x, y: divide(-1.0, y) + divide(1.0, y), "0"),
        (lambda x, y: power(x + 1.0, y), "(x + 1)^y"),
        (lambda x, y: 0.0 * x + y, "y"),
        (lambda x, y: divide(x, divide(x, y)), "x / (x / y)"),
    ],
)
def test_formulas_are_written_as_a_person_would(make, expected):
    x, y = symbol("x", 3.0), symbol("y", 5.0)
    formula = make(x, y)
    assert str(formula) == expected
    assert formula.number == pytest.approx(make(3.0, 5.0), rel=1e-14)


@pytest.mark.parametrize(("f", "at"), [
    (lambda x: x * x.sin(), 1e4), (lambda x: (1000.0 * x).sin(), 2.5), (lambda x: (x - 1990.0).sigmoid(), 2000.0),
    (lambda x: x.sqrt() + 1.0, 1e-12), (lambda x: abs(x - 0.3), 0.3 - 1e-9), (lambda x: x.sin() + 1.0, 1e17),
    (lambda x: x * x.detach(), 2.0), (lambda x: 1.0 / x, 1e-200), (lambda x: x**2.5, 1e-200),
    (lambda x: x.erfc(), 27.0),
])  # fmt: skip
def test_no_kink_is_seen_where_there_is_none(f, at):
    x = Value(at, name="x")
    assert derive(f(x).named("y"), x).notes == ()


@pytest.mark.parametrize(("f", "at", "says"), [
    (lambda x: x.relu(), 0.0, "a kink or a jump"), (lambda x: x.floor() + x, 2.0, "a kink or a jump"),
    (lambda x: 1.0 + abs(x - 1.0) + x.relu(), 1.0, ""), (lambda x: leaky_relu(x), 0.0, "keeps to the side"),
    (lambda x: elu(x, 2.0), 0.0, "keeps to the side"), (lambda x: where(x > 1.0, x * x, x), 1.0, "may be a kink"),
    (lambda x: x * x.stop_gradient(), 2.0, "is stopped on the way"),
])  # fmt: skip
def test_where_the_central_difference_is_another_number_a_note_says_why(f, at, says):
    x = Value(at, name="x")
    notes = derive(f(x).named("y"), x).notes
    assert [says in note for note in notes] == [True] * bool(says)


def test_a_result_of_a_function_that_is_run_again_has_its_number_for_a_derivative():
    x, w = Value(2.0, name="x"), Value(3.0, name="w")
    cube = checkpoint(lambda a: a * a * a)(x)
    assert str(explain(cube, x)) == "∂v2/∂x = 12\ncheck: backward 12 · central difference 12"
    product = checkpoint(lambda a: a * w)(x)  # w cannot be moved
    assert str(explain(product, w)) == "∂v3/∂w = 2\ncheck: backward 2 · central difference nan"


@pytest.mark.parametrize("at", [math.inf, -math.inf, math.nan])
def test_a_point_without_neighbours_has_no_central_difference(at):
    x = Value(at, name="x")
    assert str(explain(x.tanh() * 1.0, x)).endswith("central difference nan")
