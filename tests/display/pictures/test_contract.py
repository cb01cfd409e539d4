"""The views of a recorded graph: which nodes stay, and the derivative on each edge."""

import math
import random
from fractions import Fraction

import pytest

from autograd import Value, relu, scope, sigmoid
from autograd.display import Constant, named_view, operations_view
from autograd.display.pictures.columns import columns
from autograd.primitives.table import where
from nn.article.network import ArticleNetwork


def edges_by_name(view):
    return {(edge.source.name, edge.target.name): edge.derivative for edge in view.edges}


def test_parallel_paths_merge_into_one_edge_with_their_sum():
    x = Value(3.0, "x")
    view = named_view((x * x + x).named("y"))
    assert [node.name for node in view.nodes] == ["x", "y"]
    assert [edge.derivative for edge in view.edges] == [7.0]  # 2x + 1


def test_the_article_contracts_to_its_own_local_derivatives():
    edges = edges_by_name(named_view(ArticleNetwork().forward()["E_total"]))
    printed = {
        ("out_o1", "E_o1"): 0.7413650696,
        ("net_o1", "out_o1"): 0.186815602,
        ("w5", "net_o1"): 0.593269992,
        ("out_h1", "net_o1"): 0.40,
        ("net_h1", "out_h1"): 0.241300709,
        ("w1", "net_h1"): 0.05,
    }
    for ends, derivative in printed.items():
        assert abs(edges[ends] - derivative) <= 0.5000001e-9
    assert abs(edges["net_o2", "out_o2"] - 0.1755100528) < 1e-10
    assert edges["E_o1", "E_total"] == edges["b1", "net_h2"] == 1.0


def test_w1_reaches_the_error_by_two_named_paths():
    view = named_view(ArticleNetwork().forward()["E_total"])
    paths = {"E_total": 1}
    for edge in reversed(view.edges):
        paths[edge.source.name] = paths.get(edge.source.name, 0) + paths[edge.target.name]
    assert paths["w1"] == 2


def test_the_article_reads_forward_and_left_operand_first():
    names = [node.name for node in named_view(ArticleNetwork().forward()["E_total"]).nodes]
    assert [name for name in names if name.startswith(("net", "out"))] == [
        "net_h1", "out_h1", "net_h2", "out_h2", "net_o1", "out_o1", "net_o2", "out_o2",
    ]  # fmt: skip
    assert names[-1] == "E_total"


def test_unnamed_leaves_and_unnamed_outputs_stay():
    leaf = Value(2.0)
    out = leaf * leaf * 3.0
    view = named_view(out)
    assert view.nodes == (leaf, out)
    assert [edge.derivative for edge in view.edges] == [12.0]


def test_a_product_chain_of_exact_fractions_contracts_exactly():
    numbers = [Fraction(k, 8) for k in (3, 5, 7, 11)]
    leaves = [Value(float(number), f"x{i}") for i, number in enumerate(numbers)]
    product = leaves[0] * leaves[1] * leaves[2] * leaves[3]
    for i, edge in enumerate(named_view(product).edges):
        assert edge.derivative == float(math.prod(number for j, number in enumerate(numbers) if j != i))


def test_an_anonymous_part_that_two_named_values_share_counts_for_both():
    x = Value(2.0, "x")
    shared = x * x
    y, z = (shared + 1.0).named("y"), (shared * x).named("z")
    assert edges_by_name(named_view([y, z])) == {("x", "y"): 4.0, ("x", "z"): 12.0}


def test_a_named_value_stops_the_folding():
    x = Value(2.0, "x")
    middle = (x * x).named("middle")
    edges = edges_by_name(named_view((middle * x).named("y")))
    assert edges == {("x", "middle"): 4.0, ("x", "y"): 4.0, ("middle", "y"): 2.0}


def test_a_branch_not_taken_has_an_edge_without_a_derivative():
    x, y = Value(-1.0, "x"), Value(5.0, "y")
    assert named_view(relu(x)).edges[0].derivative is None
    assert edges_by_name(named_view(where(True, x, y).named("z"))) == {("x", "z"): 1.0, ("y", "z"): None}
    assert [edge.derivative for edge in operations_view(where(True, x, y)).edges] == [0.0, 1.0, None]


def test_operations_have_one_edge_for_each_use_and_a_box_for_each_constant():
    x = Value(3.0, "x")
    view = operations_view(x * x + 2.0)
    assert [edge.derivative for edge in view.edges] == [3.0, 3.0, 1.0, 0.0]
    assert [node.number for node in view.nodes if isinstance(node, Constant)] == [2.0]
    power = operations_view(x**2)
    assert [edge.derivative for edge in power.edges] == [6.0, 0.0]


def test_views_use_the_recorded_floats_after_data_has_changed():
    x = Value(3.0, "x")
    y = (x * x).named("y")
    x.data = 100.0
    assert named_view(y).edges[0].derivative == 6.0
    assert operations_view(y).edges[0].derivative == 3.0


def test_views_leave_gradients_untouched():
    x = Value(0.5, "x")
    y = sigmoid(x * x)
    y.backward()
    before = (x.grad, y.grad)
    other = Value(1.0) * x
    named_view([y, other])
    operations_view([y, other])
    assert (x.grad, y.grad) == before
    assert not other.has_grad


def test_a_million_nodes_contract_at_the_default_recursion_limit():
    y = x = Value(1.0, "x")
    for _ in range(500_000):
        y = -(y + 1.0)
    view = named_view(y)
    assert len(view.nodes) == 2
    assert view.edges[0].derivative == 1.0
    assert view.edges[0].source is x


@pytest.mark.parametrize(("outputs", "error"), [([], ValueError), ([1.0], TypeError), ("y", TypeError)])
def test_outputs_that_are_no_values_are_refused(outputs, error):
    with pytest.raises(error, match="picture"):
        named_view(outputs)


def test_columns_of_the_article_keep_the_scopes_apart():
    view = named_view(ArticleNetwork().forward()["E_total"])
    column = {node.name: number for node, number in columns(view).items()}
    expected = [
        ("i1", "i2"), ("w1", "w2", "w3", "w4", "b1"), ("net_h1", "net_h2"), ("out_h1", "out_h2"),
        ("w5", "w6", "w7", "w8", "b2"), ("net_o1", "net_o2"), ("out_o1", "out_o2"),
        ("target_o1", "target_o2"), ("E_o1", "E_o2"), ("E_total",),
    ]  # fmt: skip
    assert column == {name: number for number, names in enumerate(expected) for name in names}


@pytest.mark.parametrize("seed", range(20))
def test_every_edge_of_any_graph_runs_to_the_right(seed):
    source = random.Random(seed)
    pool = [Value(1.0, "x"), Value(2.0)]
    for _ in range(60):
        with scope(source.choice("abc")), scope(source.choice("de")):
            pool.append(Value(1.0, "w") if source.random() < 0.3 else source.choice(pool) * source.choice(pool))
    for view in (named_view(pool[-4:]), operations_view(pool[-4:])):
        column = columns(view)
        assert all(column[edge.source] < column[edge.target] for edge in view.edges)
        assert set(column) == set(view.nodes)
