"""Pictures of a recorded graph: what they say, in every format, at every run."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd import MissingDependencyError, RenderError, Value, relu, scope
from autograd.display import FORMATS, draw, render, to_dot
from autograd.display.pictures import dot
from autograd.display.style import look, number_text
from nn.article.network import ArticleNetwork

SVG = "{http://www.w3.org/2000/svg}"
TOOLTIP = "{http://www.w3.org/1999/xlink}title"
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-", "dot": b"digraph"}
ROOT = Path(__file__).resolve().parents[3]

# Each name, and how a picture shows it.
HOSTILE = {
    "</svg><script>alert(1)</script>": "</svg><script>alert(1)</script>",
    '"];x[': '"];x[',
    "trailing\\": "trailing\\",
    "two\nlines": "two↵lines",
    "\x00\x1b\x7f\x85": "␀␛␡\ufffd",
    "&amp;": "&amp;",
    "\\N \\G \\E \\T \\l \\\\": "\\N \\G \\E \\T \\l \\\\",
    "\ud800\uffff": "\ufffd\ufffd",
    "<b>": "<b>",
    "]]>-->": "]]>-->",
    "w5⁺ é 漢": "w5⁺ é 漢",
    "x" * 500: "x" * 47 + "…",
}


def texts(svg):
    """Every text of a picture, with the runs of one line joined and spaces made plain."""
    lines = (element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text"))
    return [line.replace("\xa0", " ").strip() for line in lines]


def node_texts(svg, name):
    """The texts of the node that shows `name`."""
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "node":
            found = [(element.text or "").replace("\xa0", " ").strip() for element in group.iter(f"{SVG}text")]
            if name in found:
                return found
    raise AssertionError(f"no node shows {name!r}")


@pytest.fixture(scope="module")
def article_svg():
    total = ArticleNetwork().forward()["E_total"]
    total.backward()
    return {detail: draw(total, detail=detail) for detail in ("named", "operations")}


@pytest.mark.parametrize("detail", ["named", "operations"])
def test_nodes_of_the_article_show_name_value_and_gradient(article_svg, detail):
    svg = article_svg[detail]
    assert {"0.4", "▲ 0.082167"} <= set(node_texts(svg, "w5"))
    assert {"1.22492", "▼ -0.0380982"} <= set(node_texts(svg, "net_o2"))
    assert {"0.298371", "▲ 1"} <= set(node_texts(svg, "E_total"))


def test_edges_of_the_article_show_the_local_derivative(article_svg):
    shown = texts(article_svg["named"])
    assert {"0.741365", "0.186816", "0.241301", "-0.217072"} <= set(shown)
    tooltips = {element.get(TOOLTIP) for element in ET.fromstring(article_svg["named"]).iter(f"{SVG}a")}
    assert "∂out_o1/∂net_o1 = 0.186816" in tooltips


def test_layers_are_clusters_and_a_legend_explains(article_svg):
    root = ET.fromstring(article_svg["named"])
    clusters = [group for group in root.iter(f"{SVG}g") if group.get("class") == "cluster"]
    assert {group.find(f".//{SVG}text").text for group in clusters} == {
        "inputs", "hidden layer", "output layer", "error",
    }  # fmt: skip
    assert any("local derivative" in line for line in texts(article_svg["named"]))


def test_clusters_of_the_article_stand_side_by_side(article_svg):
    spans = []
    for group in ET.fromstring(article_svg["operations"]).iter(f"{SVG}g"):
        if group.get("class") == "cluster":
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", group.find(f".//{SVG}path").get("d"))]
            spans.append((min(numbers[::2]), max(numbers[::2])))
    spans.sort()
    assert len(spans) == 4
    assert all(left_end < right_start for (_, left_end), (right_start, _) in zip(spans, spans[1:]))


def test_operations_show_their_sign_and_constants(article_svg):
    shown = texts(article_svg["operations"])
    assert shown.count("×") == 8  # the weights; the two halves of the error are named
    assert shown.count("**") == 2
    assert shown.count("2") == 2  # the exponents


def test_a_gradient_that_is_not_set_differs_from_zero():
    x = Value(2.0, "x")
    y = (x * 0.0).named("y")
    assert "not set" in node_texts(draw(y), "x")
    y.backward()
    assert node_texts(draw(y), "x")[-1] == "0"


def test_gradients_that_are_infinite_or_nan_are_marked():
    x, z = Value(0.0, "x"), Value(0.0, "z")
    y = ((1.0 / x) + z / 0.0).named("y")
    y.backward()
    svg = draw(y)
    assert "▼ -inf !" in node_texts(svg, "x")
    assert "▲ inf !" in node_texts(svg, "z")
    z.grad = float("nan")
    assert "nan !" in node_texts(draw(y), "z")


def test_a_branch_not_taken_is_a_dashed_edge_that_says_zero():
    source = to_dot(relu(Value(-1.0, "x")))
    (edge,) = [line for line in source.splitlines() if "->" in line]
    assert "dashed" in edge
    assert "<0>" in edge


def test_two_values_of_one_name_are_told_apart():
    svg = draw(Value(1.0, "x") * Value(2.0, "x"))
    assert "1" in node_texts(svg, "x")
    assert "2" in node_texts(svg, "x (2)")


def test_colour_grows_with_the_logarithm_of_the_gradient():
    def channels(fill):
        return [int(fill[i : i + 2], 16) for i in (1, 3, 5)]

    reds = [channels(look(10.0**-power, 1.0).fill) for power in range(5)]
    blues = [channels(look(-(10.0**-power), 1.0).fill) for power in range(5)]
    assert all(red > blue for red, _, blue in reds)
    assert all(red < blue for red, _, blue in blues)
    assert [red[1] for red in reds] == sorted(red[1] for red in reds)
    assert len({tuple(red) for red in reds}) == 5
    assert look(1e-9, 1.0).fill == look(1e-5, 1.0).fill


@pytest.mark.parametrize(
    ("number", "text"), [(0.1 + 0.2, "0.3"), (1e-7 / 3, "3.33333e-08"), (-0.0, "-0"), (float("nan"), "nan")]
)
def test_numbers_have_six_digits(number, text):
    assert number_text(number) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_any_string_is_shown_as_a_name_and_as_a_scope(name):
    with scope("outer"), scope(name):
        x = Value(3.0, name)
    svg = draw((x * x).named("y"))
    found = texts(svg)
    assert found.count(HOSTILE[name]) == 2
    assert not list(ET.fromstring(svg).iter(f"{SVG}script"))


def test_an_empty_name_and_an_empty_scope_still_draw():
    with scope(""):
        x = Value(3.0, "")
    assert '""' in texts(draw(x * x))


@pytest.mark.parametrize("picture_format", ["png", "pdf", "svg", "dot"])
def test_all_hostile_names_in_one_picture_of_each_format(picture_format, tmp_path):
    total = Value(0.0)
    for name in HOSTILE:
        with scope(name):
            total = (total + Value(1.0, name)).named(name)
    path = draw(total, tmp_path / f"picture.{picture_format}")
    assert path.read_bytes().startswith(MAGIC[picture_format])
    assert os.listdir(tmp_path) == [path.name]


PROGRAM = """
import sys
from autograd.display import draw
from nn.article.network import ArticleNetwork
from nn.diagram.network_view import draw_network
total = ArticleNetwork().forward()["E_total"]
total.backward()
for text in draw(total), draw(total, detail="operations", format="dot"), draw_network(total):
    sys.stdout.buffer.write(text.encode())
"""


def test_pictures_are_the_same_bytes_in_every_process():
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0].count(b"</svg>") == 2


def test_drawing_leaves_gradients_and_data_untouched():
    values = ArticleNetwork().forward()
    values["E_total"].backward()
    before = {name: (value.data, value.grad) for name, value in values.items()}
    other = values["w1"] * 2.0
    for detail in ("named", "operations"):
        to_dot([values["E_total"], other], detail)
    assert {name: (value.data, value.grad) for name, value in values.items()} == before
    assert not other.has_grad


def test_the_value_drawn_is_the_one_recorded():
    x = Value(3.0, "x")
    y = (x * x).named("y")
    y.data = 100.0
    assert "9" in node_texts(draw(y), "y")


def test_a_deep_graph_with_many_operations_becomes_a_source_without_recursion():
    x = Value(1.0, "x")
    for _ in range(20_000):
        x = -x
    assert to_dot(x, "operations", max_nodes=30_000).count("->") == 20_000


def test_deeply_nested_scopes_become_nested_clusters():
    with scope("a"), scope("b"), scope("c"):
        x = Value(1.0, "x")
    source = to_dot(x * 2.0)
    assert [source.count(f"cluster_{i}") for i in (1, 2, 3)] == [1, 1, 1]
    assert re.search(r"cluster_1 \{.*cluster_2 \{.*cluster_3 \{.*>x<", source, re.DOTALL)


def test_the_layout_stops_at_its_time_limit():
    with pytest.raises(RenderError, match=r"longer than 0\.01 s.*time_limit"):
        draw(Value(1.0, "x") * 2.0, time_limit=0.01)


def test_a_failing_engine_reports_its_own_message():
    with pytest.raises(RenderError, match="Graphviz failed with status 1: .*syntax error in line 1"):
        render("digraph { this is no DOT", "svg")


def test_without_an_engine_the_error_names_both_and_the_fix(monkeypatch, tmp_path):
    monkeypatch.setattr(dot.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(dot.shutil, "which", lambda name: None)
    y = Value(1.0, "x") * 2.0
    with pytest.raises(MissingDependencyError) as caught:
        draw(y, tmp_path / "y.svg")
    for part in ("pygraphviz", "dot", "pip install 'scalar-autograd[draw]'", "install Graphviz", "format='dot'"):
        assert part in str(caught.value)
    assert draw(y, tmp_path / "y.dot").read_text() == to_dot(y)
    assert os.listdir(tmp_path) == ["y.dot"]


def test_without_pygraphviz_the_program_dot_is_called(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "$@"; cat\n')
    program.chmod(0o755)
    monkeypatch.setattr(dot.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(dot.shutil, "which", lambda name: str(program))
    assert render("digraph {}", "png", engine="neato") == b"-Kneato -Tpng -Gdpi=144\ndigraph {}"


def test_an_unknown_format_lists_the_four(tmp_path):
    y = Value(1.0, "x") * 2.0
    for arguments in ({"path": tmp_path / "y.gif"}, {"path": tmp_path / "y"}, {"format": "gif"}):
        with pytest.raises(ValueError, match="give one of " + ", ".join(FORMATS)):
            draw(y, **arguments)
    with pytest.raises(ValueError, match="give a path"):
        draw(y, format="png")
    with pytest.raises(ValueError, match="named, operations"):
        draw(y, detail="everything")


def test_the_format_given_wins_over_the_suffix(tmp_path):
    path = draw(Value(1.0, "x") * 2.0, tmp_path / "y.svg", format="dot")
    assert path.read_text().startswith("digraph")


def test_a_file_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot write the picture.*missing.y\.dot"):
        draw(Value(1.0, "x") * 2.0, tmp_path / "missing" / "y.dot")
    (tmp_path / "y.dot").mkdir()
    with pytest.raises(OSError, match="cannot write the picture"):
        draw(Value(1.0, "x") * 2.0, tmp_path / "y.dot")
    assert os.listdir(tmp_path) == ["y.dot"]


def test_a_failure_leaves_the_former_picture_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "y.dot"
    path.write_text("former")
    monkeypatch.setattr(dot.os, "replace", lambda *paths: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left on device"):
        draw(Value(1.0, "x") * 2.0, path)
    assert path.read_text() == "former"
    assert os.listdir(tmp_path) == ["y.dot"]
