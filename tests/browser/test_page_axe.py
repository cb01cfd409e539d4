"""axe-core finds no barrier in the page, in light and in dark, in each state that it can be in."""

from __future__ import annotations

import pytest
from browser.chromium import axe
from browser.engine import ROUNDS
from browser.reading import button, edge, rows, wait_for_round
from playwright.sync_api import expect


def start(page):
    pass


def playing(page):
    button(page, "Play").click()
    expect(button(page, "Pause")).to_be_visible()


def trained(page):
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS)
    page.get_by_role("radio", name="logarithmic").check()


def derivation_open(page):
    edge(page, rows(page, "Parameters")[0][0]).focus()
    page.keyboard.press("Enter")
    page.get_by_text("What is the difference?").click()


def within_a_round(page):
    button(page, "Step").click()
    button(page, "Next phase").click()


def graph_view(page):
    page.get_by_role("radio", name="Graph of named values").check()


def mistyped(page):
    field = page.get_by_label("Learning rate η")
    field.fill("-1")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")


def link_shown(page):
    button(page, "Copy link to this view").click()


STATES = [start, playing, trained, derivation_open, within_a_round, graph_view, mistyped, link_shown]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "state"), [*(("article", state) for state in STATES), ("xor", trained), ("xor", graph_view)]
)
def test_axe_finds_nothing(state, name, scheme, page_file, open_page):
    page = open_page(page_file(name), color_scheme=scheme)
    state(page)
    assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_telephone(scheme, page_file, open_page):
    page = open_page(page_file("article"), color_scheme=scheme, width=360, height=740)
    derivation_open(page)
    assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_larger_network(scheme, page_file, open_page):
    page = open_page(page_file("moons"), color_scheme=scheme)
    assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_when_training_has_diverged(scheme, steep, open_page):
    page = open_page(steep, color_scheme=scheme)
    button(page, "Run 10,000 rounds").click()
    expect(page.get_by_role("alert").filter(has_text="diverged")).to_be_visible()
    assert axe(page) == []
