"""What leaves the page: the address that brings a view back, and the files that it offers."""

from __future__ import annotations

import csv
import json
import re
from xml.etree import ElementTree

import pytest
from browser.reading import (
    SCHEDULE_LABELS,
    button,
    derivation,
    downloaded,
    edge,
    numbers,
    present_round,
    rows,
    wait_for_round,
)
from playwright.sync_api import expect

from nn.article import network as article


def test_the_address_holds_the_view_and_brings_it_back(page_file, open_page):
    path = page_file("article")
    page = open_page(path)
    page.get_by_role("radio", name=SCHEDULE_LABELS["sequential"]).check()
    page.get_by_label("Go to round").fill("40")
    page.get_by_label("Go to round").press("Enter")
    wait_for_round(page, 40)
    page.get_by_label("Learning rate η").fill("0.25")
    page.get_by_label("Learning rate η").press("Enter")
    page.get_by_label("Value of w2", exact=True).fill("0.75")
    page.get_by_label("Value of w2", exact=True).press("Enter")
    for _ in range(3):
        button(page, "Step").click()
    page.get_by_role("radio", name="logarithmic").check()
    edge(page, "w5").focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="Graph of named values").check()
    page.wait_for_timeout(600)  # the address follows a little later
    fragment = page.url.partition("#")[2]
    assert len(fragment) > 20
    assert len(fragment) < 4000
    there = open_page(path, fragment=f"#{fragment}")
    assert numbers(there) == numbers(page)
    assert present_round(there) == 43
    assert derivation(there, "w5").inner_text() == derivation(page, "w5").inner_text()
    for chosen in ("logarithmic", "Graph of named values", SCHEDULE_LABELS["sequential"]):
        expect(there.get_by_role("radio", name=chosen)).to_be_checked()
    button(there, "Step").click()
    button(page, "Step").click()
    assert numbers(there) == numbers(page)
    button(there, "Rewind").click()
    assert numbers(there) == numbers(open_page(path))


def test_a_view_that_takes_long_to_come_back_is_run_to(page_file, open_page):
    """Some hundred rounds of a larger network, with a change in them that lies beyond what is done while opening."""
    path = page_file("moons")
    page = open_page(path)
    for number, rate in ((220, "0.25"), (240, None)):
        page.get_by_label("Go to round").fill(str(number))
        page.get_by_label("Go to round").press("Enter")
        wait_for_round(page, number)
        if rate:
            page.get_by_label("Learning rate η").fill(rate)
            page.get_by_label("Learning rate η").press("Enter")
    expect(button(page, "Run 10,000 rounds")).to_be_visible()
    page.wait_for_timeout(600)
    there = open_page(path, fragment=f"#{page.url.partition('#')[2]}")
    wait_for_round(there, 240)
    expect(button(there, "Run 10,000 rounds")).to_be_visible()
    assert numbers(there) == numbers(page)
    assert there.get_by_label("Learning rate η").input_value() == "0.25"


@pytest.mark.parametrize(
    "fragment",
    [
        "#state=", "#state=!!!", "#state=bnVsbA", "#state=W10", "#state=eyJwbGF5ZXIiOnt9fQ",
        "#state=eyJwbGF5ZXIiOnsicm91bmQiOjFlOTl9fQ", "#state=<script>alert(1)</script>", "#elsewhere",
    ],
)  # fmt: skip
def test_an_address_that_does_not_fit_leaves_the_page_as_it_is(page_file, open_page, fragment):
    start = numbers(open_page(page_file("article")))
    page = open_page(page_file("article"), fragment=fragment)
    assert numbers(page) == start
    assert page.get_by_text("does not fit this page").count() == (0 if fragment == "#elsewhere" else 1)


@pytest.mark.parametrize("name", ["article", "xor"])
def test_the_diagram_is_downloaded_as_a_whole_svg(name, page_file, open_page, tmp_path):
    page = open_page(page_file(name))
    for view in ("Network", "Graph of named values"):
        page.get_by_role("radio", name=view, exact=True).check()
        path = downloaded(page, "Diagram (SVG)", tmp_path)
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert {"path", "text"} <= tags
        assert not tags & {"script", "foreignObject", "image", "use", "style", "a"}
        text = "".join(root.itertext())
        for row in rows(page, "Parameters")[:3]:
            assert re.sub(r"[_{}]", "", row[0]) in text
        drawn = open_page(path)  # a picture by itself: without a message or a request
        assert drawn.locator("svg").bounding_box()["width"] > 200


def test_the_run_is_downloaded_as_a_table_of_the_engines_errors(page_file, open_page, tmp_path):
    page = open_page(page_file("article"))
    for _ in range(5):
        button(page, "Step").click()
    with downloaded(page, "Run (CSV)", tmp_path).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert [int(line[0]) for line in lines] == [0, 1, 2, 3, 4, 5]
    network = article.ArticleNetwork()
    for line in lines:
        values = network.forward()
        shown = dict(zip(header, map(float, line)))
        assert shown[header[1]] == pytest.approx(values["E_total"].data, rel=1e-14)
        assert shown["w5"] == pytest.approx(values["w5"].data, rel=1e-14)
        network.train_round("simultaneous")


def test_the_run_is_downloaded_as_json(page_file, open_page, tmp_path):
    page = open_page(page_file("article"))
    button(page, "Step").click()
    run = json.loads(downloaded(page, "Run (JSON)", tmp_path).read_text(encoding="utf-8"))
    assert run["round"] == 1
    assert run["error"] == pytest.approx(article.CLOSING_REFERENCE["simultaneous"][0], rel=1e-14)
