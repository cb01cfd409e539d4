"""Large graphs: what of them is shown, with counts and ranges, and in how long."""

import random
import time
import xml.etree.ElementTree as ET

import pytest

from autograd import Value, scope, tanh
from autograd.display import draw, named_view, operations_view, to_dot
from autograd.display.jupyter import repr_latex, repr_svg
from autograd.display.pictures import dot
from autograd.display.pictures.contract import Box
from autograd.display.pictures.selection import select
from nn.article.network import ArticleNetwork

HOSTILE = ["</svg><script>alert(1)</script>", '"];x[', "trailing\\", "two\nlines", "", "\x00\x1b", "&amp;", "\\N"]


def names(view):
    return [node.title if isinstance(node, Box) else node.name for node in view.nodes]


def counts(view):
    def name(node):
        return node.title if isinstance(node, Box) else node.name

    return {(name(edge.source), name(edge.target)): edge.count for edge in view.edges}


def box(view, title):
    (found,) = [node for node in view.nodes if isinstance(node, Box) and node.title == title]
    return found


@pytest.fixture(scope="module")
def article():
    values = ArticleNetwork().forward()
    values["E_total"].backward()
    return values


def test_scopes_of_the_article_have_their_counts_and_ranges(article):
    view = select(article["E_total"], "scopes")
    assert names(view) == ["inputs", "hidden layer", "output layer", "error"]
    assert [node.count for node in view.nodes] == [2, 9, 9, 5]
    # Two inputs by two hidden neurons, two by two again, and one output into each half of the error.
    assert list(counts(view).values()) == [4, 4, 2]
    hidden, output = box(view, "hidden layer"), box(view, "output layer")
    assert abs(hidden.lowest - 0.000438568) < 1e-9  # w1
    assert abs(hidden.highest - 0.0413703) < 1e-6  # out_h2: 0.4 and 0.45 times the deltas of the outputs
    assert abs(output.lowest + 0.2170715347) < 1e-10  # out_o2
    assert abs(output.highest - 0.74136507) < 1e-8  # out_o1
    assert view.total == 25


def test_an_expanded_scope_shows_its_nodes_and_the_derivatives_between_them(article):
    view = select(article["E_total"], "scopes", expand=["output layer"])
    assert {node.title for node in view.nodes if isinstance(node, Box)} == {"inputs", "hidden layer", "error"}
    assert len(view.nodes) == 3 + 9
    by_name = {(edge.source.name, edge.target.name): edge for edge in view.edges if isinstance(edge.source, Value)
               and isinstance(edge.target, Value)}  # fmt: skip
    assert abs(by_name["w5", "net_o1"].derivative - 0.593269992) < 1e-9
    assert counts(view)["hidden layer", "net_o1"] == 2
    assert counts(view)["out_o1", "error"] == 1


def test_a_path_expands_one_scope_and_a_name_all_that_bear_it():
    total = Value(0.0)
    for layer in ("first", "second"):
        with scope(layer), scope("inner"):
            total = (total * Value(2.0, f"w_{layer}")).named(f"y_{layer}")
    assert names(select(total, "scopes", expand=[("first", "inner")])) == ["", "w_first", "y_first", "second"]
    assert "w_second" in names(select(total, "scopes", expand="inner"))
    with pytest.raises(ValueError, match=r"no scope 'third'.*'first'.*\('first', 'inner'\)"):
        select(total, expand=["third"])


def test_scopes_close_only_where_there_are_too_many_nodes(article):
    assert select(article["E_total"], max_nodes=25).total == len(select(article["E_total"], max_nodes=25).nodes) == 25
    view = select(article["E_total"], max_nodes=24)
    # The two layers are equally large: opened together they would be too many.
    assert [node.title for node in view.nodes if isinstance(node, Box)] == ["hidden layer", "output layer"]
    assert len(view.nodes) == 2 + 2 + 5


def test_nothing_is_left_out_of_a_graph_that_fits(article):
    for detail, whole in (("named", named_view), ("operations", operations_view)):
        view, expected = select(article["E_total"], detail), whole(article["E_total"])
        assert len(view.nodes) == len(expected.nodes) == view.total
        assert [edge.derivative for edge in view.edges] == [edge.derivative for edge in expected.edges]


def test_the_legend_says_how_much_is_shown(article):
    assert "showing 0 of 25 nodes" in to_dot(article["E_total"], "scopes")
    near = to_dot(article["E_total"], around=article["net_o1"], radius=1)
    assert "showing 7 of 25 nodes, those within 1 arrow of net_o1" in near
    assert "showing" not in to_dot(article["E_total"])


def test_around_shows_what_lies_before_and_after_a_node(article):
    view = select(article["E_total"], around=article["net_o1"], radius=1)
    assert set(names(view)) == {"w5", "out_h1", "w6", "out_h2", "b2", "net_o1", "out_o1"}
    further = select(article["E_total"], around=article["net_o1"], radius=2)
    assert set(names(further)) - set(names(view)) == {"net_h1", "net_h2", "net_o2", "E_o1"}
    with pytest.raises(ValueError, match="around is a Value that the outputs were computed from"):
        select(article["E_total"], around=Value(1.0))


def test_nan_and_gradients_that_are_not_set_are_counted():
    with scope("s"):
        a, b, c, d = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c"), Value(4.0, "d")
        y = (a * b * c * d).named("y")
    a.grad, b.grad, c.grad = float("nan"), -2.0, 3.0
    found = box(select(y, "scopes"), "s")
    assert (found.count, found.nan, found.unset, found.lowest, found.highest) == (5, 1, 2, -2.0, 3.0)
    source = to_dot(y, "scopes")
    for text in ("5 nodes", "nan ! in 1", "not set in 2", "▼ -2 … ▲ 3", "yellow and !"):
        assert text in source


def test_a_gradient_that_is_a_value_counts_by_its_number():
    with scope("s"):
        x = Value(3.0, "x")
    (x * x).named("y").backward(create_graph=True)
    assert box(select(x * 1.0, "scopes"), "s").highest == 6.0
    assert "▲ 6" in draw((x * x).named("z"))


def test_scopes_that_use_each_other_are_drawn_with_a_backward_arrow():
    with scope("a"):
        y = Value(1.0, "x") * 2.0
    for name in "baba":
        with scope(name):
            y = (y * 2.0).named(f"{name}_y")
    view = select(y, "scopes")
    assert names(view) == ["a", "b"]
    assert len(view.edges) == 2
    assert [(edge.source.title, edge.target.title) for edge in view.backward] == [("b", "a")]
    assert "</svg>" in draw(y, detail="scopes")


@pytest.mark.parametrize("detail", ["named", "operations", "scopes"])
@pytest.mark.parametrize("picture_format", ["svg", "png", "pdf", "dot"])
def test_hostile_names_of_boxes_and_nodes_in_every_format(detail, picture_format, tmp_path):
    total = Value(1.0)
    for name in HOSTILE:
        with scope(name):
            total = (total * Value(2.0, name)).named(name)
    for around in (None, total):
        path = draw(total, tmp_path / f"x.{picture_format}", detail, max_nodes=12, around=around, radius=3)
        assert path.stat().st_size > 500
        if picture_format == "svg" and around is None:
            root = ET.fromstring(path.read_bytes())
            assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
            assert "trailing\\" in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def chain(count, named):
    x = y = Value(1.0, "x")
    for index in range(count):
        y = y * 1.0001
        if named:
            y.named(f"y{index}")
    return x, y


def test_without_scopes_the_nearest_and_the_leaves_are_shown():
    x, y = chain(50_000, named=True)
    view = select(y)
    assert view.nodes[0] is x
    assert names(view) == ["x", "more", *(f"y{index}" for index in range(50_000 - 13, 50_000))]
    assert box(view, "more").count == 50_001 - 14


def random_graph(names, scopes):
    source = random.Random(5)
    pool = [Value(source.random(), f"x{index}") for index in range(20)]
    for index in range(50_000):
        a, b = source.choice(pool[-60:]), source.choice(pool[-60:])
        with scope(f"block {index // 5000}" if scopes else "all"):
            node = source.choice((a + b, a * b, tanh(a)))
        pool.append(node.named(f"v{index}") if source.random() < names else node)
    return pool[-1]


@pytest.mark.parametrize(("names", "scopes"), [(1.0, True), (0.1, False), (0.0, True)])
def test_fifty_thousand_random_nodes_are_chosen_from_in_a_moment(names, scopes):
    output = random_graph(names, scopes)
    for detail in ("named", "operations"):
        start = time.perf_counter()
        view = select(output, detail)
        assert time.perf_counter() - start < 5.0
        assert sum(node.count if isinstance(node, Box) else 1 for node in view.nodes) == view.total
        assert len(view.edges) <= max(400, 3 * len(view.nodes))


def test_a_large_anonymous_part_that_many_names_share_is_not_gone_through_for_each():
    source = random.Random(5)
    body = [Value(source.random(), f"x{index}") for index in range(300)]
    for _ in range(45_000):
        body.append(source.choice(body[-300:]) * source.choice(body[-300:]))
    outputs = [(body[-1] + float(index)).named(f"y{index}") for index in range(4000)]
    start = time.perf_counter()
    view = select(outputs)
    assert time.perf_counter() - start < 5.0
    assert any(edge.count is None for edge in view.edges)
    assert "too much lies behind it" in to_dot(outputs)


def test_what_is_shown_does_not_depend_on_the_run_and_leaves_gradients_alone():
    _, y = chain(2000, named=True)
    assert to_dot(y) == to_dot(y)
    assert not y.has_grad


@pytest.mark.parametrize("options", [{"max_nodes": 0}, {"radius": 1.5}, {"detail": "all"}])
def test_a_choice_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError, match="whole number from 1 up|unknown detail"):
        select(Value(1.0), **options)


NOTEBOOK_NAMES = ["a</svg><script>", "two\nlines"]


@pytest.mark.parametrize("name", NOTEBOOK_NAMES)
def test_a_notebook_shows_a_picture_of_a_result_and_none_of_a_leaf(name):
    x = Value(2.0, name)
    picture = repr_svg((x * x).named("y"))
    assert picture is not None
    assert not list(ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}script"))
    assert repr_svg(x) is repr_latex(x) is None
    assert repr_latex(x * x).startswith("$")


def test_a_notebook_without_a_layout_engine_falls_back_to_the_formula(monkeypatch):
    monkeypatch.setattr(dot.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(dot.shutil, "which", lambda name: None)
    y = Value(2.0, "x") * 3.0
    assert repr_svg(y) is None
    assert repr_latex(y) == r"$\displaystyle x \cdot 3$"


def test_a_notebook_is_not_held_up_by_a_large_graph():
    _, y = chain(50_000, named=True)
    start = time.perf_counter()
    assert "more" in repr_svg(y)
    assert repr_latex(y) is None
    assert time.perf_counter() - start < 10.0


@pytest.mark.parametrize("detail", ["named", "operations", "scopes"])
def test_fifty_thousand_nodes_are_drawn_in_under_ten_seconds(detail):
    output = random_graph(1.0, True)
    start = time.perf_counter()
    assert "showing" in draw(output, detail=detail)
    assert time.perf_counter() - start < 10.0


def test_a_large_scope_that_is_expanded_is_shown_in_full():
    y = Value(1.0, "x")
    for name in ("first", "second", "third"):
        with scope(name):
            for index in range(200):
                y = (y * 0.5).named(f"{name}{index}")
    assert len(select(y).nodes) == 4
    view = select(y, expand=["second"])
    assert len(view.nodes) == 1 + 1 + 200 + 1
    assert [edge.derivative for edge in view.edges if getattr(edge.target, "name", "") == "second7"] == [0.5]
