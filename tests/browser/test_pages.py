"""The pages without a script, opened in headless Chromium: MathML set as mathematics, no message, no request.

`make browser` runs this; it needs Debian's package `chromium`, which .ci/run installs.
"""

from __future__ import annotations

import pytest
from browser.chromium import overflow

from autograd import Value, explain
from nn.__main__ import main
from nn.article.network import ArticleNetwork

# What the browser made of the formulas: how many there are, and how many of them it set as mathematics.
MEASURE = """() => {
  const heights = [...document.querySelectorAll("math")].map(e => e.getBoundingClientRect().height);
  const fractions = [...document.querySelectorAll("mfrac")].map(
    e => e.children[0].getBoundingClientRect().bottom <= e.children[1].getBoundingClientRect().top + 2);
  const scripts = [...document.querySelectorAll("msub")].map(e => {
    const [base, script] = [...e.children].map(part => part.getBoundingClientRect());
    return script.top > base.top && script.bottom >= base.bottom;  // not beyond it under a g
  });
  return {
    math: heights.length, flat: heights.filter(h => h < 8).length,
    fractions: fractions.length, upright: fractions.filter(x => x).length,
    subscripts: scripts.length, lowered: scripts.filter(x => x).length,
  };
}"""


@pytest.fixture
def measured(open_page, tmp_path):
    """A function from a page's text to what the browser made of it."""

    def measure(text):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        return open_page(path).evaluate(MEASURE)

    return measure


@pytest.mark.parametrize("name", ["w5", "w1", "b1"])
def test_a_derivation_is_set_as_mathematics(name, measured):
    values = ArticleNetwork().forward()
    found = measured(explain(values["E_total"], values[name], step=0.5).to_html(page=True))
    assert found["math"] > 2
    assert found["flat"] == 0
    assert found["fractions"] == found["upright"] > 2
    assert found["subscripts"] == found["lowered"] > 2


HOSTILE = ["</svg><script>alert(1)</script>", '"];x[', "back\\", "two\nlines", "<img src=x>", ""]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_out_as_text(name, measured):
    x = Value(2.0, name=name)
    assert measured(explain((x * x).named(name), x).to_html(page=True))["math"] > 0


def test_the_report_opens_without_a_message_or_a_request(tmp_path, open_page):
    path = tmp_path / "report.html"
    assert main(["article", "--rounds", "5", "--report", str(path)]) == 0
    assert "<script" not in path.read_text(encoding="utf-8")
    page = open_page(path)
    found = page.evaluate(MEASURE)
    assert found["fractions"] == found["upright"] > 50
    assert overflow(page) == []
