"""What the page shows and tells: derivations, phases, the graph, the error curve, predictions and the boundary."""

from __future__ import annotations

import re

import pytest
from browser.engine import ROUNDS
from browser.hands import Keyboard
from browser.reading import (
    button,
    derivation,
    downloaded,
    edge,
    numbers,
    numbers_in,
    rows,
    wait_for_round,
)
from playwright.sync_api import expect

import nn
from autograd import explain
from autograd.display.derivations.writing import rounded
from nn.article import network as article


@pytest.mark.parametrize("rounds", [0, 3])
def test_w1_is_asked_where_its_gradient_comes_from(hand, page_file, open_page, rounds):
    values = article.train("simultaneous", range(rounds))[0].forward()
    page = open_page(page_file("article"))
    worked = hand(page)
    for _ in range(rounds):
        worked.press(button(page, "Step"))
    worked.press(edge(page, "w1"))
    told = derivation(page, "w1")
    expect(told).to_be_visible()
    expected = explain(values["E_total"], values["w1"], step=article.LEARNING_RATE).to_text()
    missing = set(numbers_in(expected)) - set(numbers_in(told.inner_text()))
    assert missing == set()
    assert len(numbers_in(expected)) > 20
    assert told.locator("math").count() > 5
    if isinstance(worked, Keyboard):
        expect(page.get_by_role("heading", name="w1", exact=True)).to_be_focused()
        page.keyboard.press("Escape")
        expect(edge(page, "w1")).to_be_focused()
    else:
        worked.press(button(page, "Close"))
    expect(told).to_be_hidden()


@pytest.mark.parametrize("asked", ["w5", "h1", "E_total"])
def test_every_row_of_the_tables_opens_its_derivation(hand, page_file, open_page, asked):
    page = open_page(page_file("article"))
    table = page.get_by_role("table", name=re.compile("^Parameters|^Neurons"))
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=asked, exact=True))
    hand(page).press(row.get_by_role("button"))
    told = page.get_by_role("region", name=re.compile("^Derivation of ")).inner_text()
    expected = {"w5": "0.082167041", "h1": "0.593269992", "E_total": "0.298371109"}[asked]
    assert expected in numbers_in(told)


def test_the_error_curve_is_linear_or_logarithmic(hand, page_file, open_page):
    page = open_page(page_file("article"))
    worked = hand(page)
    worked.press(button(page, "Run 10,000 rounds"))
    wait_for_round(page, ROUNDS)
    curve = page.get_by_role("group", name="The error over the rounds")
    linear = curve.locator(".curve-line").get_attribute("d")
    worked.pick(page.get_by_role("radio", name="logarithmic"))
    assert curve.locator(".curve-line").get_attribute("d") != linear
    worked.pick(page.get_by_role("radio", name="linear"))
    assert curve.locator(".curve-line").get_attribute("d") == linear


def test_the_graph_of_named_values_is_a_second_view(hand, page_file, open_page):
    page = open_page(page_file("article"))
    worked = hand(page)
    worked.pick(page.get_by_role("radio", name="Graph of named values"))
    for name in ("w5", "net_o1", "out_h1", "E_total"):
        expect(edge(page, name).first).to_be_visible()
    worked.press(edge(page, "out_h1").first)
    assert "0.593269992" in numbers_in(page.get_by_role("region", name=re.compile("^Derivation of ")).inner_text())


def test_a_round_goes_by_phase_by_phase(hand, page_file, open_page):
    page = open_page(page_file("article"))
    worked = hand(page)
    worked.press(button(page, "Step"))
    whole = numbers(page)
    worked.press(button(page, "Rewind"))
    phases = page.get_by_role("region", name="Phases of a round").get_by_role("listitem")
    titles = phases.all_inner_texts()
    assert len(titles) >= 6  # forward and backward through two layers, error, update
    present = []
    for _ in titles:
        worked.press(button(page, "Next phase"))
        current = page.locator("li[aria-current=step]")
        present.append(current.inner_text())
    assert present == titles
    worked.press(button(page, "Step back"))
    worked.press(button(page, "Step"))
    assert numbers(page) == whole


def test_in_the_forward_phase_what_is_not_computed_yet_is_not_shown(page_file, open_page):
    page = open_page(page_file("article"))
    button(page, "Step").click()
    button(page, "Next phase").click()
    shown = numbers(page)
    assert shown["h1"][1] != "–"
    assert (shown["o1"][1], shown["E_total"][1], shown["h1"][2]) == ("–", "–", "–")


def test_predictions_stand_beside_targets(page_file, open_page, tmp_path):
    page = open_page(page_file("xor"))
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS)
    network = nn.load(downloaded(page, "Network (JSON)", tmp_path))
    shown = rows(page, "Targets and predictions")
    assert len(shown) == 4
    for row, inputs, target in zip(shown, [(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]):
        out = network(list(map(float, inputs)))
        assert row[3:] == [str(inputs[0]), str(inputs[1]), str(target), rounded(out.data),
                           rounded(0.5 * (target - out.data) ** 2)]  # fmt: skip


def test_the_decision_boundary_parts_the_samples_once_they_are_learned(page_file, open_page):
    page = open_page(page_file("xor"))
    picture = page.get_by_role("img", name=re.compile("^Outputs over x1 and x2"))
    untrained = picture.get_attribute("aria-label")
    assert "4 of 4 samples are on the right side" not in untrained
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS)
    expect(picture).to_have_accessible_name(re.compile("4 of 4 samples are on the right side"))
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.level-line').getAttribute('d').length > 100")
    # Where a sample is drawn, the colour is that of its class: the first and the last sample against the two between.
    colours = picture.evaluate("""frame => {
      const canvas = frame.querySelector("canvas");
      const whole = canvas.getBoundingClientRect();
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
      copy.drawImage(canvas, 0, 0);
      return [...frame.querySelectorAll("svg g path")].slice(0, 4).map(shape => {
        const box = shape.getBoundingClientRect();
        const at = [box.x + box.width / 2 - whole.x, box.y + box.height / 2 - whole.y];
        const pixel = at.map((offset, axis) => Math.floor(offset / [whole.width, whole.height][axis] * canvas.width));
        const [red, , blue] = copy.getImageData(...pixel, 1, 1).data;
        return Math.sign(blue - red);
      });
    }""")
    assert sorted(colours) == [-1, -1, 1, 1]


def test_the_speed_is_the_one_that_was_chosen(page_file, open_page):
    page = open_page(page_file("article"))
    page.get_by_label("Speed").select_option(label="100 rounds a second")
    button(page, "Play").click()
    begun = page.evaluate("() => [performance.now(), Number(document.querySelector('.reading-round').textContent)]")
    page.wait_for_timeout(1500)
    ended = page.evaluate("() => [performance.now(), Number(document.querySelector('.reading-round').textContent)]")
    seconds, done = (ended[0] - begun[0]) / 1000, ended[1] - begun[1]
    assert 20 * seconds < done < 110 * seconds + 5
