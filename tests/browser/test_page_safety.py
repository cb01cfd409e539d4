"""The page keeps to itself: hostile names are text, and nothing runs or loads but its own script and style."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from browser.chromium import overflow
from browser.engine import document
from browser.reading import button, downloaded, edge, numbers, present_round, rows
from playwright.sync_api import expect

import nn
from nn.__main__ import main
from nn.page.sets import TrainingSet

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "comment": "<!--<script>",
    "image": "<img src=x onerror=alert(1)>",
    "quotes": "\"'`><b>",
    "lines": "one\ntwo\r\tthree",
    "right to left": "abc\u202edef\u2066ghi",
    "separators": "a\u2028b\u2029c",
    "template": "{{SCRIPT}}${1}\\u003c",
    "prototype": "__proto__",
    "mathml": "</mi></math><mtext>x",
}
# What may stand in a page that has http in it: the names of two languages, which are never looked up.
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
ATTRIBUTES = {"href", "src", "srcset", "action", "formaction", "xlink:href", "data", "poster", "background", "style"}


class Tags(HTMLParser):
    """A page's elements and attributes, and the texts of its scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loading, self.policy = [], [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.loading += [f"{tag} {name}={value}" for name, value in given.items() if name in ATTRIBUTES]
        self.loading += [f"{tag} {name}={value}" for name, value in given.items() if name.startswith("on")]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]


@pytest.fixture
def hostile_page(tmp_path):
    """A function from a hostile text to the page of a network that has it wherever a name can stand."""

    def written(text):
        network = nn.MLP(2, [2, 1], activation="sigmoid", output_activation="sigmoid")
        for number, parameter in enumerate(network.parameters()):
            parameter.name = f"{text}{number}"
        data = TrainingSet(text, text, ((0.0, 1.0), (1.0, 0.0)), ((0.25,), (0.75,)))
        path = tmp_path / "hostile.html"
        network.page(data, path, title=text, about=text, inputs=[f"{text}a", f"{text}b"], rounds=10)
        return path

    return written


def spaced(text):
    """As the browser gives the text of an element back: white space is white space."""
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_come_out_as_text(kind, hostile_page, open_page, tmp_path):
    text = HOSTILE[kind]
    page = open_page(hostile_page(text))
    elements = page.evaluate("() => [...document.querySelectorAll('script, img, b, iframe, object, style')].length")
    assert elements == 3  # the page's own style and two scripts
    assert spaced(page.get_by_role("heading", level=1).text_content()) == spaced(text)
    assert spaced(page.title()) == spaced(text)
    first = rows(page, "Parameters")[0][0]
    assert spaced(first) == spaced(f"{text}0")
    page.get_by_role("table", name="Parameters").get_by_role("button").first.click()
    told = page.get_by_role("region", name=re.compile("^Derivation of ")).text_content()
    assert re.search(r"\d\.\d{6}", told)
    button(page, "Step").click()
    page.get_by_role("radio", name="Graph of named values").check()
    button(page, "Copy link to this view").click()
    assert "<script" not in page.get_by_label("Link to this view").input_value()
    downloaded(page, "Diagram (SVG)", tmp_path)
    shown = open_page(tmp_path / next(tmp_path.glob("*.svg")).name)
    assert shown.locator("script").count() == 0
    assert shown.locator("parsererror").count() == 0
    saved = nn.load(downloaded(page, "Network (JSON)", tmp_path))
    assert [parameter.data for parameter in saved.parameters()] != []
    assert overflow(page) == []


def test_long_names_do_not_break_the_page(hostile_page, open_page):
    page = open_page(hostile_page("w" * 200), width=360)
    assert overflow(page) == []


@pytest.mark.parametrize("kind", ["script", "image", "quotes", "separators", "template"])
def test_a_hostile_model_file_comes_out_as_text(kind, open_page, tmp_path):
    text = HOSTILE[kind]
    network = nn.Layer(2, 1, activation="sigmoid", name=text)
    file = tmp_path / "model.json"
    nn.save(network, file)
    assert json.dumps(text)[1:-1] in file.read_text(encoding="utf-8")
    path = tmp_path / "model.html"
    assert main(["page", str(file), "--out", str(path)]) == 0
    page = open_page(path)
    button(page, "Step").click()
    assert present_round(page) == 1
    assert page.locator("script, img, b").count() == 2


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"format": "scalar-autograd model"}', '{"a": ' * 5000, "<script>alert(1)</script>", "NaN"],
)
def test_what_is_no_model_file_is_refused_and_nothing_is_written(content, tmp_path, capsys):
    file, path = tmp_path / "model.json", tmp_path / "page.html"
    file.write_text(content, encoding="utf-8")
    assert main(["page", str(file), "--out", str(path)]) == 2
    assert not path.exists()
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("name", ["article", "xor", "moons"])
def test_no_element_loads_or_links_anything(name, page_file):
    text = page_file(name).read_text(encoding="utf-8")
    tags = Tags(text)
    assert tags.loading == []
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "a"} & set(tags.tags)
    assert tags.tags.count("script") == 2
    assert set(re.findall(r"https?://[^\s\"'`<>)]*", text)) <= NAMESPACES
    assert not re.search(r"@import|url\(|//cdn|\beval\(|new Function|document\.write|insertAdjacentHTML", text)
    # Markup is read in one place: that of the formulas, which Python wrote and escaped.
    assert [line.strip() for line in text.splitlines() if "innerHTML" in line] == [
        'template.innerHTML = `<math displaystyle="true"><mrow>${inside}</mrow></math>`;'
    ]
    assert document(page_file(name))["parameters"]


def test_the_articles_page_is_under_300_kilobytes(page_file):
    assert 20_000 < page_file("article").stat().st_size < 300_000


def test_the_policy_names_every_source_and_allows_no_more(page_file):
    policy = Tags(page_file("article").read_text(encoding="utf-8")).policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if rule.strip())
    assert rules["default-src"] == "'none'"
    for source in ("script-src", "style-src"):
        assert re.fullmatch(r"'sha(256|384|512)-[A-Za-z0-9+/]+=*'", rules[source])
    allowed = {"default-src", "script-src", "style-src", "base-uri", "form-action", "img-src"}
    assert set(rules) <= allowed
    assert "unsafe" not in policy
    assert "*" not in policy


INTRUDERS = """<script>globalThis.intruded = "script"</script>
<style>h1 { outline: 7px solid red !important }</style>
<p id="styled" style="outline: 7px solid red">styled</p>
<img id="picture" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
  onerror="globalThis.intruded = 'handler'">
<img src="http://127.0.0.1:9/picture.png">
<iframe src="data:text/html,<script>parent.intruded = 1</script>"></iframe>
</body>"""
ASK = """async () => {
  const failed = [];
  await fetch("http://127.0.0.1:9/data").catch(() => failed.push("fetch"));
  try { new Function("return 1")(); } catch { failed.push("function"); }
  const script = document.createElement("script");
  script.textContent = "globalThis.intruded = 'added'";
  document.body.append(script);
  return failed;
}"""


def test_an_injected_script_or_style_has_no_effect_and_the_page_works_on(page_file, open_page, tmp_path):
    text = page_file("article").read_text(encoding="utf-8")
    assert text.count("</body>") == 1
    path = tmp_path / "intruded.html"
    path.write_text(text.replace("</body>", INTRUDERS), encoding="utf-8")
    page = open_page(path, complains=True)
    outline = "selector => getComputedStyle(document.querySelector(selector)).outlineWidth"
    assert page.evaluate(outline, "h1") != "7px"
    assert page.evaluate(outline, "#styled") != "7px"
    assert page.evaluate("document.querySelector('#picture').naturalWidth") == 0
    assert page.evaluate(ASK) == ["fetch"] or page.evaluate(ASK) == ["fetch", "function"]
    assert page.evaluate("globalThis.intruded") is None
    refused = [complaint for complaint in page.watch.complaints if "Content Security Policy" in complaint]
    assert len(refused) >= 6
    edge(page, "w1").focus()
    page.keyboard.press("Enter")
    button(page, "Step").click()
    assert present_round(page) == 1
    expect(page.get_by_role("region", name="Derivation of w1", exact=True)).to_be_visible()


def test_a_changed_script_does_not_run(page_file, open_page, tmp_path):
    text = page_file("article").read_text(encoding="utf-8")
    path = tmp_path / "changed.html"
    path.write_text(text.replace('"use strict";', '"use strict"; globalThis.changed = true;', 1), encoding="utf-8")
    page = open_page(path, complains=True)
    assert page.evaluate("globalThis.changed") is None
    assert page.evaluate("typeof globalThis.autogradPage") == "undefined"


def test_the_same_page_twice_is_the_same_file(tmp_path):
    texts = []
    for name in ("one.html", "two.html"):
        assert main(["page", "xor", "--out", str(tmp_path / name)]) == 0
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]


def test_the_numbers_at_the_start_stand_in_the_file(page_file, open_page):
    assert numbers(open_page(page_file("article")))["w5"][0] == "0.4"
