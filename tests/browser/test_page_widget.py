"""The page as a widget: the module that a notebook loads, mounted twice in one document beside other text."""

from __future__ import annotations

import base64
import json

import pytest
from browser.chromium import axe, overflow
from browser.engine import ROUNDS, article_after, document
from playwright.sync_api import expect

from autograd.display.derivations.writing import rounded
from nn.page import style
from nn.page.widget import module_text

# A stand-in for a notebook: it imports the module and renders it as anywidget does, with a model of which only `get`
# is used.
NOTEBOOK = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>A notebook</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>%(style)s</style></head>
<body><main><h1>A notebook</h1><p id="outside">Text of the notebook</p>
<section aria-label="first" id="first"></section><section aria-label="second" id="second"></section></main>
<script type="module">
  const { default: widget } = await import("data:text/javascript;base64,%(module)s");
  const page_document = %(document)s;
  const model = { get: (name) => ({ page_document })[name] };
  globalThis.leave = {};
  for (const name of ["first", "second"]) {
    globalThis.leave[name] = await widget.render({ model, el: document.getElementById(name) });
  }
  globalThis.mounted = true;
</script></body></html>"""


@pytest.fixture
def notebook(page_file, open_page, tmp_path):
    """The notebook with the article's page twice, opened at a width."""

    def opened(**options):
        path = tmp_path / "notebook.html"
        module = base64.b64encode(module_text().encode()).decode()
        text = json.dumps(document(page_file("article"))).replace("<", r"\u003c")
        path.write_text(NOTEBOOK % {"style": style(), "module": module, "document": text}, encoding="utf-8")
        page = open_page(path, **options)
        page.wait_for_function("() => globalThis.mounted")
        return page

    return opened


def parts(page):
    return [page.get_by_role("region", name=name, exact=True) for name in ("first", "second")]


def rounds(page):
    return [part.locator(".reading-round").inner_text() for part in parts(page)]


def test_two_widgets_in_one_document_are_apart(notebook):
    page = notebook()
    first, second = parts(page)
    second.get_by_role("button", name="Step", exact=True).click()
    assert rounds(page) == ["0", "1"]
    first.get_by_role("radio", name="output layer first (sequential)").check()
    expect(second.get_by_role("radio", name="all at once (simultaneous)")).to_be_checked()
    for part in (first, second):
        part.get_by_role("button", name="Run 10,000 rounds").click()
    expect(first.locator(".reading-round")).to_have_text("10,000", timeout=30_000)
    expect(second.locator(".reading-round")).to_have_text("10,001", timeout=30_000)
    for part, schedule, rounds_done in ((first, "sequential", ROUNDS), (second, "simultaneous", ROUNDS + 1)):
        error = article_after(schedule, rounds_done).forward()["E_total"].data
        assert part.locator(".reading-error").inner_text() == rounded(error)
    second.get_by_role("button", name="Rewind").click()
    assert rounds(page) == ["10,000", "0"]


def test_no_id_stands_twice_and_no_name_of_a_group_is_shared(notebook):
    page = notebook()
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids)) > 10
    groups = [
        set(part.evaluate("part => [...part.querySelectorAll('input[name]')].map(input => input.name)"))
        for part in parts(page)
    ]
    assert groups[0]
    assert not groups[0] & groups[1]


def test_the_address_and_the_notebooks_own_text_are_left_alone(notebook):
    page = notebook()
    plain = page.evaluate("() => { const s = getComputedStyle(document.querySelector('#outside')); "
                          "return [s.fontFamily, s.color, s.backgroundColor, s.margin]; }")  # fmt: skip
    parts(page)[0].get_by_role("button", name="Step", exact=True).click()
    page.wait_for_timeout(600)
    assert "#" not in page.url
    page.evaluate("() => document.querySelectorAll('style').forEach(style => style.remove())")
    assert page.evaluate("() => { const s = getComputedStyle(document.querySelector('#outside')); "
                         "return [s.fontFamily, s.color, s.backgroundColor, s.margin]; }") == plain  # fmt: skip
    assert page.title() == "A notebook"


def test_a_widget_that_plays_stops_when_its_cell_goes(notebook):
    page = notebook()
    first, second = parts(page)
    first.get_by_role("button", name="Play").click()
    page.evaluate("() => globalThis.leave.first()")
    assert first.locator("*").count() == 0
    second.get_by_role("button", name="Step", exact=True).click()
    assert second.locator(".reading-round").inner_text() == "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_two_widgets(notebook, scheme):
    assert axe(notebook(color_scheme=scheme)) == []


@pytest.mark.parametrize("width", [360, 768])
def test_a_widget_is_not_wider_than_its_cell(notebook, width):
    assert overflow(notebook(width=width)) == []
