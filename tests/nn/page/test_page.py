"""The page's document and file: what Python says of a network, before any script has run."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from html.parser import HTMLParser

import pytest

import nn
from autograd import ShapeError, Value, lgamma, primitive
from autograd.primitives.table import TABLE
from nn import MLP, ExportError, Linear, Sequential, Tanh
from nn.article.network import INPUTS, ArticleNetwork
from nn.page import document, page, page_text, script, style
from nn.page.sets import article_set, gate_set


@pytest.fixture(scope="module")
def article_document():
    return document(ArticleNetwork().mlp, article_set(), biases=False, inputs=list(INPUTS), rounds=10)


def replayed(tape, numbers):
    """The numbers along a tape, by the rows of the table."""
    values = [*numbers, *map(float, tape["constants"])]
    assert len(numbers) == tape["inputs"]
    for name, *operands in tape["operations"]:
        values.append(float(TABLE[tape["names"][name]].evaluate(*(values[operand] for operand in operands))))
    return values


def places(page_document, name):
    return [node["name"] for node in page_document["nodes"]].index(name)


def test_the_tape_computes_the_articles_figures(article_document):
    names = [article_document["nodes"][i]["name"] for i in article_document["parameters"]]
    start = {"b1": 0.35, "b2": 0.6} | {f"w{i}": number for i, number in enumerate(
        [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55], start=1)}  # fmt: skip
    tape = article_document["tape"]
    values = replayed(tape, [*(start[name] for name in names), 0.05, 0.10, 0.01, 0.99])
    for name, printed in {
        "net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378, "net_o1": 1.105905967, "out_o1": 0.75136507,
        "out_o2": 0.772928465, "E_o1": 0.274811083, "E_o2": 0.023560026, "E_total": 0.298371109,
    }.items():  # fmt: skip
        assert values[tape["values"][places(article_document, name)]] == pytest.approx(printed, abs=5.1e-10), name
    for (source, target), printed in {
        ("out_o1", "E_o1"): 0.74136507, ("net_o1", "out_o1"): 0.186815602, ("w5", "net_o1"): 0.593269992,
        ("out_h1", "net_o1"): 0.40, ("net_h1", "out_h1"): 0.241300709, ("w1", "net_h1"): 0.05,
    }.items():  # fmt: skip
        ends = [places(article_document, source), places(article_document, target)]
        [slot] = [edge[2] for edge in article_document["edges"] if edge[:2] == ends]
        assert values[slot] == pytest.approx(printed, abs=5.1e-10), (source, target)


def test_each_node_has_its_kind_and_its_layer(article_document):
    found = {node["name"]: (node["kind"], node["stage"]) for node in article_document["nodes"]}
    assert found == {
        "i1": ("input", 0), "i2": ("input", 0),
        "w1": ("weight", 1), "w2": ("weight", 1), "w3": ("weight", 1), "w4": ("weight", 1), "b1": ("bias", 1),
        "net_h1": ("net", 1), "net_h2": ("net", 1), "out_h1": ("out", 1), "out_h2": ("out", 1),
        "w5": ("weight", 2), "w6": ("weight", 2), "w7": ("weight", 2), "w8": ("weight", 2), "b2": ("bias", 2),
        "net_o1": ("net", 2), "net_o2": ("net", 2), "out_o1": ("out", 2), "out_o2": ("out", 2),
        "target_o1": ("target", 3), "target_o2": ("target", 3),
        "E_o1": ("error", 3), "E_o2": ("error", 3), "E_total": ("total", 3),
    }  # fmt: skip


def test_a_sequential_of_linear_layers_is_the_network_that_an_mlp_is():
    mlp = MLP(2, [3, 1], "tanh", generator=random.Random(1))
    parts = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    for part, layer in zip((parts[0], parts[2]), mlp.layers):
        for row, bias, neuron in zip(part.weight, part.bias, layer.neurons):
            bias.data = neuron.b.data
            for weight, other in zip(row, neuron.w):
                weight.data = other.data
    one, other = (document(model, gate_set("xor"), rounds=20) for model in (mlp, parts))
    assert [neuron["name"] for neuron in sum(other["network"]["columns"], [])] == [
        "x1", "x2", "h1", "h2", "h3", "o1",
    ]  # fmt: skip
    assert len(other["network"]["weights"]) == 9
    assert other["frames"]["errors"] == pytest.approx(one["frames"]["errors"], rel=1e-13)
    names = [{document_["nodes"][i]["name"] for i in document_["parameters"]} for document_ in (one, other)]
    assert names[0] == names[1]


OUTSIDE = Value(2.0)
OWN_EXP = primitive("exp", lambda x: 1.0 + x, [1.0])  # whose name is that of a row of the table


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (type("Own", (nn.Module,), {"forward": lambda self, x: self.w * x[0], "w": None}), "no Value of this graph"),
        (lambda: Sequential(Linear(2, 1), type("Gamma", (nn.Module,), {"forward": lambda self, x: [lgamma(x[0])]})()),
         "does not know the operation 'lgamma'"),
        (lambda: Sequential(Linear(2, 1), type("Exp", (nn.Module,), {"forward": lambda self, x: [OWN_EXP(x[0])]})()),
         "does not know the operation 'exp'"),
        (lambda: Sequential(Linear(2, 1), type("If", (nn.Module,), {
            "forward": lambda self, x: [x[0] if x[0] > 0.0 else -x[0]]})()), "goes different ways"),
        (lambda: Sequential(Linear(2, 1), type("Outside", (nn.Module,), {
            "forward": lambda self, x: [OUTSIDE * x[0]]})()), "a Value that is no parameter of the model"),
        (lambda: MLP(64, [64, 10]), "3,000 parameters at most, not 4,810"),
    ],
)  # fmt: skip
def test_a_network_that_the_page_cannot_show_is_refused_with_the_reason(model, message):
    made = model()
    if not made.parameters():
        made.w = Value(1.0, "w")
    with pytest.raises(ExportError, match=re.escape(message)):
        document(made, gate_set("xor"), rounds=0)


def test_making_a_page_changes_neither_the_network_nor_its_gradients(tmp_path):
    model = MLP(2, [2, 1], "sigmoid", generator=random.Random(0))
    model([0.5, 1.0]).backward()
    before = [(p.name, p.data, p.grad) for p in model.parameters()]
    page(model, gate_set("or"), tmp_path / "or.html", rounds=50)
    model.page(([[1.0, 0.0]], [1.0]), tmp_path / "one.html", rounds=0)
    assert [(p.name, p.data, p.grad) for p in model.parameters()] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "or.html"]


def test_data_that_does_not_fit_the_network_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ShapeError, match="takes 3 inputs, 2 were given"):
        page(MLP(3, [1]), gate_set("xor"), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


HOSTILE = "</script><script>alert(1)</script><!-- ]]> \u2028 \" ' & {{SCRIPT}} \\"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text inside each."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text, self.inside = [], {}, False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self.inside = True

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.text[len(self.found) - 1] = self.text.get(len(self.found) - 1, "") + data


def test_hostile_names_stay_text_and_the_policy_names_the_script_and_the_style():
    model = MLP(2, [1], "sigmoid")
    made = document(model, gate_set("and"), title=HOSTILE, about=HOSTILE, inputs=[HOSTILE, "x"], rounds=0)
    elements = Elements(page_text(made))
    tags = [tag for tag, _ in elements.found]
    assert tags.count("script") == 2
    assert not {"img", "link", "iframe", "object", "base", "form", "a"} & set(tags)
    assert elements.text[tags.index("title")] == HOSTILE
    data, code = [i for i, tag in enumerate(tags) if tag == "script"]
    assert json.loads(elements.text[data]) == json.loads(json.dumps(made))
    [policy] = [a["content"] for _, a in elements.found if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for name, text in (("script-src", elements.text[code]), ("style-src", elements.text[tags.index("style")])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def test_the_page_of_the_article_is_small_and_asks_for_nothing_outside(article_document):
    text = page_text(article_document)
    assert len(text.encode()) < 300_000
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")  # the name of SVG, which nobody fetches
    assert not re.search(r"\b(eval|Function|import|fetch|XMLHttpRequest|WebSocket|localStorage)\s*\(", script())
    assert "@import" not in style()
    assert "url(" not in style()
