"""The explanation in every format: the article's figures in its order, sums that come out, and names that stay text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from notation import read

from autograd import Value, explain, primitive
from autograd.display.derivations.latex import latex_name, name_parts
from nn.article.network import ArticleNetwork

W5 = ["0.741365070", "0.186815602", "0.593269992", "0.082167041", "0.358916480"]
W1 = [
    "0.741365070", "0.186815602", "0.138498562", "0.4", "0.055399425", "−0.019049118", "0.036350306", "0.241300709",
    "0.05", "0.000438568", "0.149780716",
]
HOSTILE = [
    "</svg><script>alert(1)</script>", '"];x[', "ends with \\", "two\nlines", "$x$", "100%", "{", "}", "#1", "a^b", "~",
    "\x00\x1b[31m", "&amp;", "_", "__", "x_", "\\end{align*}", "*a*", "`a`", "]]>", "<!--", "\u202egnp", "\ud800",
]
FORMATS = ["to_text", "to_latex", "to_markdown", "to_html"]


@pytest.fixture
def values():
    return ArticleNetwork().forward()


@pytest.mark.parametrize(("weight", "figures"), [("w5", W5), ("w1", W1)])
@pytest.mark.parametrize("method", FORMATS)
def test_the_articles_figures_stand_in_its_order(values, method, weight, figures):
    text = getattr(explain(values["E_total"], values[weight], step=0.5), method)()
    text = re.sub(r"<mo[^>]*>−</mo><mn>|-(?=[0-9])", "−", text)
    text = re.sub(r"</?[a-z][^>]*>", " ", text)
    results = [match.strip() for match in re.findall(r"=\s*(−?[0-9.]+)(?=\s|$)", text)]
    remaining = iter(results)
    assert all(figure in remaining for figure in figures), results


@pytest.mark.parametrize("weight", ["w5", "w1", "w8", "b2"])
def test_each_lines_printed_numbers_come_to_its_printed_result(values, weight):
    checked = 0
    for line in explain(values["E_total"], values[weight], step=0.5).to_text().splitlines():
        sides = [side.strip() for side in line.split(" = ")]
        if line.startswith("check") or len(sides) < 2:
            continue
        numbers = [read(side) for side in sides[1:] if not re.search(r"[A-Za-zδ∂]", side)]
        if len(numbers) == 2:
            checked += 1
            assert abs(numbers[0] - numbers[1]) <= 2e-9  # the operands are rounded to nine decimals
    assert checked >= 4


class TagChecker(HTMLParser):
    """Collects the elements, and sees that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(values):
    page = explain(values["E_total"], [values["w1"], values["b1"]], step=0.5).to_html(page=True)
    checker = TagChecker()
    checker.feed(page)
    assert not checker.open
    assert {"html", "head", "title", "body", "math", "mfrac", "msub"} <= checker.seen
    assert not {"script", "link", "img", "iframe"} & checker.seen
    assert not re.search(r"https?:|src=|href=|url\(", page)


def document(name: str):
    x, y = Value(0.5, name=name), Value(0.25, name="y")
    return explain((x * y + x.sigmoid()).named("out" + name), x, step=0.1)


def elements_and_text(html: str) -> tuple[list[str], str]:
    root = ElementTree.fromstring(f"<div>{html}</div>")
    return [element.tag for element in root.iter()], "".join(root.itertext())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_in_html(name):
    tags, text = elements_and_text(document(name).to_html())
    assert set(tags) <= {"div", "table", "tr", "td", "p", "math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msub",
                         "msup", "msubsup", "msqrt", "mroot"}
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", text)
    if name.isprintable() and "_" not in name:
        assert name in text.replace("\xa0", " ")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_leaves_latex_in_balance(name):
    latex = document(name).to_latex()
    bare = re.sub(r"\\[^A-Za-z]", "", latex.replace("\\\\\n", "\n"))  # without escaped signs and line ends
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert not set(bare) & set("$%#~\x00\x1b\u202e\ud800")
    assert latex.count(r"\begin") == latex.count(r"\end") == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_inside_its_block_of_markdown(name):
    markdown = document(name).to_markdown()
    assert "\n\n" not in markdown
    assert markdown.count("\n$$") == 1
    assert markdown.startswith("$$\n")
    assert not re.search(r"<[a-z/!]|(?<!\\)\$(?!\$|\n|$)(?<!\$\$)", markdown)


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("w5", "w_{5}"), ("E_total", r"E_{\mathrm{total}}"), ("net_o1", r"\mathrm{net}_{\mathrm{o1}}"),
        ("δ_o1", r"\delta_{\mathrm{o1}}"), ("w5⁺", "w_{5}^{+}"), ("η", r"\eta"), ("Δ", r"\Delta"), ("λ", r"\lambda"),
        ("_", r"\mathrm{\_}"), ("}", r"\mathrm{\}}"), ("a b", r"\mathrm{a\ b}"), ("v401", "v_{401}"),
    ],
)
def test_names_are_set_as_a_person_would(name, latex):
    assert latex_name(name) == latex


def test_only_the_first_underscore_parts_a_name():
    assert name_parts("out_h_1") == ("out", "h_1", "")


def test_a_notebook_gets_each_format(values):
    explanation = explain(values["E_total"], values["w5"])
    assert explanation._repr_html_() == explanation.to_html()
    assert explanation._repr_markdown_() == explanation.to_markdown()
    assert explanation._repr_latex_().startswith("$$\n\\begin{aligned}")


def test_a_user_s_primitive_by_the_name_of_a_row_is_not_simplified_as_the_row():
    negative = primitive("negative", lambda x: 5.0 * x, [5.0])
    curve = primitive("curve", lambda x: 12.5 * x * x, [lambda out, x: negative(negative(x))])
    x = Value(2.0, name="x")
    text = explain(curve(x).named("y"), x).to_text()
    assert "negative(negative(2)) = 50" in text
