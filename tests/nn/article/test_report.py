"""The article as one page: complete, self-contained, and what the shell prints."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from autograd import MissingDependencyError
from nn.__main__ import main
from nn.article import network as article
from nn.article import report
from nn.article.comparison import EXPLANATION, Row, closing_table, figure_rows
from nn.article.report import build_report, inline, write_report

VOID = {"meta", "br", "hr", "img", "link", "col", "input", "wbr"}


class Page(HTMLParser):
    """What a browser would find: elements in balance, ids, references, rows, and the text of each part."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.ids, self.references, self.rows, self.text = [], [], [], [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        for name, value in attributes:
            if name in ("href", "xlink:href", "src") or "url(" in (value or ""):
                self.references.append(value)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)
        if self.rows and ("td" in self.open or "th" in self.open):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "article.html"
    assert main(["article", "--report", str(path)]) == 0
    assert [each.name for each in path.parent.iterdir()] == ["article.html"]
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def short_report(rows=None):
    trained, numbers = article.train("simultaneous", range(1))
    closing = closing_table({"simultaneous": numbers}, rounds=1)
    return build_report(figure_rows() if rows is None else rows, closing, trained, 1)


def test_every_figure_stands_beside_the_computed_one_in_the_order_of_the_article(page):
    shown = [row for row in page.rows if row[0] in {figure.symbol for figure in article.FIGURES}]
    assert [row[0] for row in shown] == [figure.symbol for figure in article.FIGURES]
    for row, figure in zip(shown, article.FIGURES):
        assert row[1].replace("−", "-") == (figure.text if figure.published else "–")
        numbers = [float(cell.replace("−", "-")) for cell in row[2:-1]]
        assert any(figure.agrees(number) or abs(number - figure.value) < 6e-10 for number in numbers)
        assert "agrees" in row[-1]
    assert "DOES NOT AGREE" not in "".join(page.text)


def test_the_closing_table_has_both_schedules_and_the_sentence_about_them(page):
    row = next(row for row in page.rows if row[0] == "E_total after 10,000 rounds")
    assert row[1:] == ["0.000035085", "0.000035102", "0.000035085", "sequential agrees"]
    assert EXPLANATION in "".join(page.text)


def test_the_page_loads_nothing_and_runs_nothing(source, page):
    assert not {"script", "link", "img", "iframe", "object", "image"}.intersection(page.tags)
    outside = [reference for reference in page.references if not reference.startswith("#")]
    assert [each for each in outside if not each.startswith("url(#")] == [report.SOURCE]
    assert "@import" not in source
    assert not re.search(r"\son\w+=", source)


def test_ids_are_unique_and_every_reference_leads_to_one(page):
    assert len(page.ids) == len(set(page.ids))
    inside = [reference.strip("url()") for reference in page.references if "#" in reference]
    assert {reference.removeprefix("#") for reference in inside if reference.startswith("#")} <= set(page.ids)


def test_the_pictures_are_inside_the_page(source, page):
    assert page.tags.count("figure") == 4
    assert len(re.findall(r'<svg role="img"', source)) == 4
    assert source.count("<!DOCTYPE") == 1
    assert "<?xml" not in source
    for prefix in ("before", "after", "named", "operations"):
        assert f"{prefix}-graph0" in page.ids


def test_every_derivation_is_there_as_mathml(source, page):
    for name in (*article.WEIGHTS, *article.BIASES):
        start = source.index(f'id="derivation-{name}"')
        assert "<math" in source[start : source.find("<h3", start)]
    assert page.tags.count("math") >= 10


def test_without_a_layout_engine_the_page_says_which_picture_is_missing_and_why(monkeypatch):
    def unable(*_, **__):
        raise MissingDependencyError("neither <dot> nor pygraphviz was found")

    monkeypatch.setattr(report, "draw", unable)
    monkeypatch.setattr(report, "draw_network", unable)
    source = short_report()
    assert source.count("A picture belongs here: neither &lt;dot&gt; nor pygraphviz was found") == 4
    assert "<svg" not in source
    Page(source)


def test_a_figure_that_does_not_agree_is_counted_and_marked():
    wrong = Row(article.FORWARD, "</td><script>", "0.5", 0.25, False, "DOES NOT AGREE")
    source = short_report([wrong, *figure_rows()[1:]])
    assert '<strong class="differs">Figures that do not agree: 1.</strong>' in source
    assert '<span class="differs">DOES NOT AGREE</span>' in source
    assert "<script" not in source
    Page(source)


def test_inlined_pictures_keep_their_text_and_do_not_share_ids():
    svg = '<?xml?>\n<!DOCTYPE svg>\n<!-- made --><svg width="100pt"><g id="a"><text>id="a" href="#a"</text></g></svg>'
    first, second = inline(svg, "x-", "one"), inline(svg, "y-", "two")
    assert first.startswith('<svg role="img" aria-label="one" style="min-width: 95px" width="100pt"><g id="x-a">')
    assert 'id="y-a"' in second
    assert '<text>id="a" href="#a"</text>' in second


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "page.html"
    write_report("one", path)
    write_report("two", path)
    assert path.read_text(encoding="utf-8") == "two"
    with pytest.raises(OSError, match="cannot write the report"):
        write_report("three", tmp_path / "missing" / "page.html")
    with pytest.raises(OSError, match="cannot write the report"):
        write_report("three", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
