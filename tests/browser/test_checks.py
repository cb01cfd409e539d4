"""The checks that the other tests of this folder lean on find what they are there to find."""

from __future__ import annotations

import pytest
from browser.chromium import axe, overflow

GOOD = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head>
<body><main><h1>A page</h1><p>Some text.</p><p><button>Press</button> <input aria-label="rate"></p></main>
{}</body></html>"""


@pytest.fixture
def written(tmp_path):
    def write(extra="", policy=True):
        path = tmp_path / "page.html"
        page = GOOD if policy else GOOD.replace("default-src 'none'", "")
        path.write_text(page.format(extra), encoding="utf-8")
        return path

    return write


def test_a_good_page_passes_every_check(written, open_page):
    page = open_page(written(), width=360)
    assert page.evaluate("innerWidth") == 360
    assert overflow(page) == []
    assert axe(page) == []


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("<script>console.warn('look')</script>", "console warning: look"),
        ("<script>console.error('bad')</script>", "console error: bad"),
        ("<script>throw new Error('broken')</script>", "error: broken"),
        ("<script>new Image().src = 'other.png'</script>", "request: file:"),
        ("<script>fetch('http://127.0.0.1:9/data').catch(() => 0)</script>", "request: http://127.0.0.1:9/data"),
        ("<link rel='stylesheet' href='other.css'>", "request: file:"),
    ],
)
def test_what_a_page_must_not_do_is_noticed(written, open_page, extra, complaint):
    page = open_page(written(extra, policy=False), complains=True)
    page.wait_for_timeout(50)
    assert any(each.startswith(complaint) for each in page.watch.complaints)


def test_a_script_that_the_policy_forbids_does_not_run_and_is_noticed(written, open_page):
    page = open_page(written("<script>globalThis.ran = true</script>"), complains=True)
    assert page.evaluate("globalThis.ran") is None
    assert any("Content Security Policy" in each for each in page.watch.complaints)


def test_what_is_too_wide_is_named(written, open_page):
    page = open_page(written('<pre class="long">' + "x" * 500 + "</pre>"), width=360)
    found = overflow(page)
    assert "too wide" in found[0]
    assert found[1].startswith('<pre class="long"> xxx')


def test_what_is_cut_off_is_named_and_what_scrolls_is_not(written, open_page):
    wide = "<b style='display: inline-block; width: 900px'>wide</b>"
    cut = f"<style>body {{ overflow-x: hidden }}</style><div class='cut'>{wide}</div>"
    assert '<b class=""> wide' in overflow(open_page(written(cut, policy=False), width=360))
    scrolled = f"<div style='overflow-x: auto' tabindex='0'>{wide}</div>"
    assert overflow(open_page(written(scrolled, policy=False), width=360)) == []


def test_axe_names_a_button_without_a_name_and_a_pale_text(written, open_page):
    page = open_page(written('<p style="color: #bbb">pale</p><button></button>', policy=False))
    found = " ".join(axe(page))
    assert "button-name" in found
    assert "color-contrast" in found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colour_scheme_and_the_wish_for_less_motion_arrive(written, open_page, scheme):
    page = open_page(written(), color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
