"""The page in a browser: run, stepped, rewound, asked and changed, once by mouse and once by keyboard alone."""

from __future__ import annotations

import re

import pytest
from browser.engine import ROUNDS, article_after, gate_after
from browser.hands import Keyboard
from browser.reading import (
    SCHEDULE_LABELS,
    button,
    downloaded,
    numbers,
    present_error,
    present_round,
    rewind,
    rows,
    wait_for_round,
)
from playwright.sync_api import expect

import nn
from autograd.display.derivations.writing import rounded
from nn.article import network as article

PAGES = ["article", "xor"]


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


def test_it_plays_and_pauses(name, hand, page_file, open_page):
    page = open_page(page_file(name))
    worked = hand(page)
    assert present_round(page) == 0
    start = present_error(page)
    worked.press(button(page, "Play"))
    expect(button(page, "Pause")).to_be_visible()
    page.wait_for_function("() => Number(document.querySelector('.reading-round').textContent) >= 4")
    worked.press(button(page, "Pause"))
    expect(button(page, "Play")).to_be_visible()
    stopped = present_round(page)
    assert stopped >= 4
    assert present_error(page) != start
    page.wait_for_timeout(300)
    assert present_round(page) == stopped


def test_steps_back_and_forth_and_the_rewind_meet_identical_numbers(name, hand, page_file, open_page):
    page = open_page(page_file(name))
    worked = hand(page)
    seen = [numbers(page)]
    for number in range(1, 5):
        worked.press(button(page, "Step"))
        assert present_round(page) == number
        seen.append(numbers(page))
    assert all(before != after for before, after in zip(seen, seen[1:]))
    for number in (3, 2):
        worked.press(button(page, "Step back"))
        assert numbers(page) == seen[number]
    worked.press(button(page, "Step"))
    assert numbers(page) == seen[3]
    worked.press(button(page, "Rewind"))
    assert numbers(page) == seen[0]
    worked.write(page.get_by_label("Go to round"), "4")
    assert numbers(page) == seen[4]


def test_after_ten_thousand_rounds_the_rewind_still_meets_identical_numbers(name, page_file, open_page):
    page = open_page(page_file(name))
    worked = Keyboard(page)
    start = numbers(page)
    worked.press(button(page, "Run 10,000 rounds"))
    wait_for_round(page, ROUNDS)
    end = numbers(page)
    worked.write(page.get_by_label("Go to round"), "137")
    assert present_round(page) == 137
    worked.press(button(page, "Rewind"))
    assert numbers(page) == start
    worked.write(page.get_by_label("Go to round"), str(ROUNDS))
    assert numbers(page) == end != start


def marker(page):
    return page.get_by_role("slider", name="round", exact=True)


def test_the_marker_on_the_curve_is_dragged_by_mouse(name, page_file, open_page):
    page = open_page(page_file(name))
    page.get_by_label("Go to round").fill("100")
    page.get_by_label("Go to round").press("Enter")
    wait_for_round(page, 100)
    marker(page).scroll_into_view_if_needed()
    picture = page.get_by_role("group", name="The error over the rounds").bounding_box()
    grip = marker(page).bounding_box()
    middle = grip["y"] + grip["height"] / 2
    page.mouse.move(grip["x"] + grip["width"] / 2, middle)
    page.mouse.down()
    passed = set()
    for share in (0.9, 0.7, 0.5):
        page.mouse.move(picture["x"] + share * picture["width"], middle, steps=4)
        passed.add(present_round(page))
    page.mouse.up()
    assert len(passed) == 3
    stopped = present_round(page)
    assert 30 < stopped < 70
    page.mouse.move(picture["x"] + 5, middle)
    assert present_round(page) == stopped  # it was let go
    dragged = numbers(page)
    page.get_by_label("Go to round").fill(str(stopped))
    page.get_by_label("Go to round").press("Enter")
    button(page, "Step").click()
    button(page, "Step back").click()
    assert numbers(page) == dragged


def test_the_marker_on_the_curve_is_moved_by_keys(name, page_file, open_page):
    page = open_page(page_file(name))
    worked = Keyboard(page)
    worked.write(page.get_by_label("Go to round"), "100")
    wait_for_round(page, 100)
    worked.reach(marker(page))
    for key, number in [("ArrowLeft", 99), ("ArrowRight", 100), ("PageDown", 90), ("Home", 0), ("End", 100)]:
        page.keyboard.press(key)
        assert present_round(page) == number
        assert marker(page).get_attribute("aria-valuenow") == str(number)
        assert f"round {number}, error " in marker(page).get_attribute("aria-valuetext")


def test_a_weight_is_edited_and_training_goes_on_from_there(hand, page_file, open_page):
    network = article.ArticleNetwork()
    network.train_round("simultaneous")
    network.parameters["w5"].data = -1.25
    edited = network.forward()["E_total"].data
    network.train_round("simultaneous")
    trained = network.forward()
    page = open_page(page_file("article"))
    worked = hand(page)
    start = numbers(page)
    worked.press(button(page, "Step"))
    worked.write(page.get_by_label("Value of w5", exact=True), "-1.25")
    assert present_error(page) == rounded(edited)
    worked.press(button(page, "Step"))
    after = numbers(page)
    assert present_error(page) == rounded(trained['E_total'].data)
    for weight in ("w1", "w5", "w8"):
        assert float(after[weight][0]) == pytest.approx(trained[weight].data, abs=1e-8)
    worked.press(button(page, "Rewind"))
    assert numbers(page) == start


def test_what_is_no_number_is_refused_and_said(page_file, open_page):
    page = open_page(page_file("article"))
    start = numbers(page)
    field = page.get_by_label("Value of w5", exact=True)
    field.fill("")
    field.press("Enter")
    assert field.get_attribute("aria-invalid") == "true"
    expect(page.get_by_text("Not a number")).not_to_have_count(0)
    field.press("Escape")
    assert field.get_attribute("aria-invalid") is None
    assert numbers(page) == start


def test_each_schedule_ends_at_its_own_closing_figures(hand, page_file, open_page):
    page = open_page(page_file("article"))
    worked = hand(page)
    for schedule in (*article.SCHEDULES, "simultaneous"):
        rewind(page, worked)
        worked.pick(page.get_by_role("radio", name=SCHEDULE_LABELS[schedule]))
        worked.press(button(page, "Step"))
        first = present_error(page)
        rewind(page, worked)
        worked.press(button(page, "Run 10,000 rounds"))
        wait_for_round(page, ROUNDS)
        shown = numbers(page)
        closing = [first, present_error(page), shown["o1"][1], shown["o2"][1]]
        assert closing == [rounded(figure) for figure in article.CLOSING_REFERENCE[schedule]]
        assert shown["E_total"][1] == closing[1]
        # What the article prints at its end is what the sequential schedule comes to, and not the other.
        printed = [figure for figure in article.FIGURES if figure.section == article.CLOSING]
        agreeing = [figure.agrees(float(text)) for figure, text in zip(printed, closing, strict=True)]
        assert agreeing == ([True] * 4 if schedule == "sequential" else [False] * 4)


def test_xor_ends_where_the_engine_ends(hand, page_file, open_page):
    page = open_page(page_file("xor"))
    worked = hand(page)
    biases = page.get_by_role("checkbox", name="Train the biases too")
    assert biases.is_checked()
    rate = float(page.get_by_label("Learning rate η").input_value())
    worked.press(button(page, "Run 10,000 rounds"))
    wait_for_round(page, ROUNDS)
    parameters, error = gate_after(page_file("xor"), "xor", ROUNDS, rate)
    assert present_error(page) == rounded(error)
    assert [float(row[1]) for row in rows(page, "Parameters")] == pytest.approx(parameters, rel=1e-8)


@pytest.mark.parametrize("schedule", article.SCHEDULES)
def test_the_articles_parameters_after_ten_thousand_rounds_are_the_engines(page_file, open_page, tmp_path, schedule):
    page = open_page(page_file("article"))
    page.get_by_role("radio", name=SCHEDULE_LABELS[schedule]).check()
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS)
    trained = nn.load(downloaded(page, "Network (JSON)", tmp_path))
    expected = article_after(schedule, ROUNDS).mlp.state_dict()
    assert trained.state_dict() == pytest.approx(expected, rel=0, abs=1e-12)
    assert len(expected) == 10


@pytest.mark.parametrize("gate", ["xor", "and"])
def test_a_gates_parameters_after_ten_thousand_rounds_are_the_engines(page_file, open_page, tmp_path, gate):
    page = open_page(page_file(gate))
    rate = float(page.get_by_label("Learning rate η").input_value())
    button(page, "Run 10,000 rounds").click()
    wait_for_round(page, ROUNDS)
    trained = [parameter.data for parameter in nn.load(downloaded(page, "Network (JSON)", tmp_path)).parameters()]
    assert trained == pytest.approx(gate_after(page_file(gate), gate, ROUNDS, rate)[0], rel=0, abs=1e-12)


def test_rate_and_training_set_change_without_a_reset(hand, page_file, open_page):
    page = open_page(page_file("xor"))
    worked = hand(page)
    for _ in range(3):
        worked.press(button(page, "Step"))
    before = numbers(page)
    worked.write(page.get_by_label("Learning rate η"), "0.25")
    assert present_round(page) == 3
    worked.choose(page.get_by_label("Training set", exact=True), "and")
    assert present_round(page) == 3
    changed = numbers(page)
    weights = [row[0] for row in rows(page, "Parameters")]
    assert [changed[weight][0] for weight in weights] == [before[weight][0] for weight in weights]
    assert changed["round"] != before["round"]  # the error is that of the new set
    worked.press(button(page, "Step"))
    stepped = numbers(page)
    for weight in weights:
        value, gradient, _ = changed[weight]
        expected = float(value) - 0.25 * float(gradient.replace("−", "-"))
        assert float(stepped[weight][0]) == pytest.approx(expected, abs=2e-8)


def test_inputs_and_targets_are_edited(hand, page_file, open_page):
    network = article.ArticleNetwork()
    network.inputs[0].data, network.targets[1].data = 0.75, 0.5
    page = open_page(page_file("article"))
    worked = hand(page)
    worked.write(page.get_by_label("i1 of sample 1"), "0.75")
    worked.write(page.get_by_label("target_o2 of sample 1"), "0.5")
    assert present_error(page) == rounded(network.forward()['E_total'].data)


def test_divergence_is_said_and_there_is_a_way_back(hand, steep, open_page):
    # The error is 49^n / 2 after n rounds. In the sixth it has passed 100,000,000 times what it was.
    page = open_page(steep)
    worked = hand(page)
    worked.press(button(page, "Run 10,000 rounds"))
    notice = page.get_by_role("alert").filter(has_text="diverged")
    expect(notice).to_be_visible()
    told = int(re.search(r"at round ([\d,]+)", notice.inner_text())[1].replace(",", ""))
    assert told == 6
    back = notice.get_by_role("button", name=re.compile("^Back to round"))
    number = int(re.search(r"round ([\d,]+)", back.inner_text())[1].replace(",", ""))
    assert number == 0
    worked.press(back)
    expect(notice).to_have_count(0)
    assert present_round(page) == number
    assert float(page.get_by_label("Learning rate η").input_value()) == 2.0
    assert present_error(page) == "0.5"
    worked.press(button(page, "Step"))
    assert present_error(page) == "4.5"  # (1 - 2 · 2)² / 2: it overshoots still, but only thrice as far


def test_after_divergence_the_rewind_is_offered_too(steep, open_page):
    page = open_page(steep)
    button(page, "Run 10,000 rounds").click()
    notice = page.get_by_role("alert").filter(has_text="diverged")
    notice.get_by_role("button", name="Rewind").click()
    expect(notice).to_have_count(0)
    assert present_round(page) == 0


